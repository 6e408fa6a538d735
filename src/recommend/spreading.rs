//! How one list is spread over channels and instances, by the rules of [`super::diversity`].

use super::diversity::{diversify, is_diverse};
use super::listing::{Entry, Listed};
use super::scoring::Wish;
use super::snapshot::Snapshot;

/// Lists that are somebody's choice are spread over channels and instances, source by source: what a later source adds
/// stays behind what an earlier one ranked. What is popular or newest is what it is.
pub(super) fn spread(listed: Listed, wish: &Wish, snapshot: Option<&Snapshot>) -> Vec<Entry> {
    if !wish.strategy.is_spread() {
        return listed.entries;
    }
    let mut first_part = listed.first_part;
    let mut spread = Vec::with_capacity(listed.entries.len());
    for part in listed.entries.chunk_by(|one, next| one.source == next.source) {
        let (first, rest) = part.split_at(std::mem::take(&mut first_part).min(part.len()));
        let instance = |entry: &Entry| instance(entry, wish, snapshot);
        let first = diversify(Vec::new(), first.to_vec(), |entry| entry.channel, instance);
        spread.extend(diversify(first, rest.to_vec(), |entry| entry.channel, instance));
    }
    spread
}

/// Whether these entries are enough to spread a list.
pub(super) fn is_spread(entries: &[Entry], wish: &Wish, snapshot: &Snapshot) -> bool {
    let instance = |entry: &Entry| instance(entry, wish, Some(snapshot));
    !wish.strategy.is_spread() || is_diverse(entries, |entry| entry.channel, instance)
}

/// Who asked for more of this instance gets it: for them, instances do not count.
fn instance<'a>(entry: &Entry, wish: &Wish, snapshot: Option<&'a Snapshot>) -> Option<&'a str> {
    let snapshot = snapshot.filter(|_| !(wish.controls.steers() && wish.controls.sliders.wide < 0.0))?;
    Some(snapshot.video(entry.item?)?.channel.host.as_str())
}
