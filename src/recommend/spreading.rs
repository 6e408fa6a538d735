//! How one list is spread over channels, topics and instances, by the rules of [`super::diversity`].
//!
//! What was played a short while ago stands before the list: the rules hold across the border, so whoever follows one
//! first recommendation after the other is held by no channel. What stays out: which videos were played
//! ([`super::sitting`]).

use super::diversity::{Origin, Places, diversify, is_diverse};
use super::listing::{Entry, Listed};
use super::request::Strategy;
use super::scoring::Wish;
use super::snapshot::Snapshot;

/// Lists that are somebody's choice are spread over channels and instances, source by source: what a later source adds
/// stays behind what an earlier one ranked. What is popular or newest is what it is.
///
/// Autoplay is spread as a whole: where everything that is like the current video is of one channel, another source has to
/// lead out of it. `played`, oldest first, stands before the list. Only the first `wanted` entries are put in order and returned;
/// every `period`th of them is given by chance.
pub(super) fn spread(
    played: Vec<Entry>,
    listed: Listed,
    wanted: usize,
    period: Option<usize>,
    wish: &Wish,
    snapshot: Option<&Snapshot>,
) -> Vec<Entry> {
    if !wish.strategy.is_spread() {
        return listed.entries;
    }
    let before = played.len();
    let origin = |entry: &Entry| origin(entry, wish, snapshot);
    let together = |one: &Entry, next: &Entry| wish.strategy == Strategy::Next || one.source == next.source;
    // The next part of a series stands first, whatever was played of its channel: somebody follows a course.
    let parts = listed.entries.iter().take_while(|entry| entry.follows).count();
    let (parts, entries) = listed.entries.split_at(parts);
    let places = Places {
        before: before + parts.len(),
        kept: period,
        wanted: wanted.saturating_sub(parts.len()),
    };
    let mut first_part = listed.first_part.saturating_sub(parts.len());
    let mut spread = played;
    spread.extend(parts);
    for part in entries.chunk_by(together) {
        let (first, rest) = part.split_at(std::mem::take(&mut first_part).min(part.len()));
        for part in [first, rest] {
            let (by_chance, best) = part.iter().copied().partition(|entry| entry.by_chance);
            spread = diversify(spread, [best, by_chance], places, origin);
        }
    }
    spread.split_off(before)
}

/// Whether these entries are enough to spread a list.
pub(super) fn is_spread(entries: &[Entry], wish: &Wish, snapshot: &Snapshot) -> bool {
    if !wish.strategy.is_spread() {
        return true;
    }
    let origins: Vec<Origin> = entries
        .iter()
        .map(|entry| origin(entry, wish, Some(snapshot)))
        .collect();
    is_diverse(&origins)
}

/// Who asked for more of this instance gets it: for them, instances do not count. Topics count for autoplay alone: nobody
/// chose its videos one by one, and it goes on. Videos without a category are one topic.
fn origin(entry: &Entry, wish: &Wish, snapshot: Option<&Snapshot>) -> Origin {
    let local = wish.controls.steers() && wish.controls.sliders.wide < 0.0;
    let known = snapshot.zip(entry.item);
    let category =
        |(snapshot, item): (&Snapshot, u32)| Some(snapshot.video(item)?.category.unwrap_or(0).unsigned_abs());
    Origin {
        channel: entry.channel.map(|channel| channel.0.unsigned_abs()),
        topic: known.filter(|_| wish.strategy == Strategy::Next).and_then(category),
        instance: known
            .filter(|_| !local)
            .and_then(|(snapshot, item)| snapshot.instance(item)),
    }
}
