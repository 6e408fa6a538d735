//! Who watches what, how far, when, and what of it is held out.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

use super::catalogue::{BLOCK_COUNT, Catalogue, Video, privacy};
use super::chance::{Part, factor, numbers};
use super::parameters::WorldParameters;
use super::people::{History, Person};
use super::reach::Reach;
use super::themes::{LANGUAGE_COUNT, LANGUAGES};

/// Share of the watching that has nothing to do with taste.
const CURIOSITY: f64 = 0.04;
/// How much less a video in a foreign language is watched.
const FOREIGN_LANGUAGE: f64 = 0.12;
/// The taste from which a block is one of a person's own.
const OWN_BLOCK: f64 = 0.05;
/// How far back the watching goes, in days.
const PERIOD_DAYS: f64 = 240.0;
/// How long ago the history of those who switched it off ended, in days.
const SWITCHED_OFF_DAYS: i64 = 260;

/// What becomes of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written to the database.
    Written,
    /// It is kept back, to measure recommendations with.
    HeldOut,
    /// It is late, and no good to measure with: it never happened.
    Dropped,
}

/// One person's latest watch of one video.
#[derive(Debug)]
pub(super) struct Watch {
    /// Index into the catalogue.
    pub(super) video: usize,
    /// Last position in seconds.
    pub(super) position: i32,
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
    /// `Some(true)` for a like, `Some(false)` for a dislike.
    pub(super) rating: Option<bool>,
    /// Whether most of it was watched.
    pub(super) far: bool,
    /// How much more than others of the same block the channel pleases the person; 1 on average.
    pub(super) loyalty: f64,
    pub(super) fate: Fate,
}

/// The watches of every person of an instance, oldest first, for every instance.
pub(super) fn watches(
    parameters: &WorldParameters,
    catalogue: &Catalogue,
    reaches: &[Reach],
    people: &[Vec<Person>],
) -> Vec<Vec<Vec<Watch>>> {
    let mut rng = numbers(parameters.seed, Part::Watching);
    people
        .iter()
        .zip(reaches)
        .enumerate()
        .map(|(instance, (people, reach))| {
            let scale = BlockScale::new(catalogue, reach);
            people
                .iter()
                .enumerate()
                .map(|(number, person)| {
                    let viewer = Viewer {
                        instance,
                        number,
                        person,
                    };
                    let chosen = choose(&mut rng, catalogue, reach, &scale, viewer);
                    let mut watches: Vec<Watch> = chosen
                        .into_iter()
                        .map(|(video, loyalty)| Watch {
                            loyalty,
                            ..watch(&mut rng, parameters, catalogue, person, video)
                        })
                        .collect();
                    watches.sort_by_key(|watch| (watch.last, watch.video));
                    hold_out(parameters, catalogue, reach, person, &mut watches);
                    watches
                })
                .collect()
        })
        .collect()
}

/// A person, and who that is.
#[derive(Clone, Copy)]
struct Viewer<'a> {
    instance: usize,
    number: usize,
    person: &'a Person,
}

/// Popularity summed over each block and over everything, of what an instance knows.
struct BlockScale {
    blocks: Vec<f64>,
    all: f64,
}

impl BlockScale {
    fn new(catalogue: &Catalogue, reach: &Reach) -> Self {
        let mut blocks = vec![0.0; BLOCK_COUNT];
        for (video, known) in catalogue.videos.iter().zip(&reach.known) {
            blocks[video.block] += if *known { video.popularity } else { 0.0 };
        }
        let all = blocks.iter().sum();
        Self { blocks, all }
    }
}

/// The videos that a person watches, with how much their channels please the person: drawn without replacement, in proportion to taste and popularity.
fn choose(
    rng: &mut impl Rng,
    catalogue: &Catalogue,
    reach: &Reach,
    scale: &BlockScale,
    viewer: Viewer<'_>,
) -> Vec<(usize, f64)> {
    let person = viewer.person;
    // Some channels please a person more than others of the same block.
    let loyalty: Vec<f64> = catalogue.channels.iter().map(|_| factor(rng, 0.4)).collect();
    let mut race: Vec<(f64, usize)> = Vec::new();
    for (index, video) in catalogue.videos.iter().enumerate() {
        if !reach.known[index] || mutes(person, catalogue, video) {
            continue;
        }
        let taste = (1.0 - CURIOSITY) * person.tastes[video.block] / scale.blocks[video.block] + CURIOSITY / scale.all;
        let understood = video.language.is_none_or(|language| person.understands[language]);
        let hidden = video.nsfw && person.nsfw_policy == "do_not_list";
        let weight = taste
            * video.popularity
            * loyalty[video.channel]
            * if understood { 1.0 } else { FOREIGN_LANGUAGE }
            * if hidden { 0.02 } else { 1.0 }
            * access(video, catalogue, viewer);
        if weight > 0.0 {
            race.push((rng.sample::<f64, _>(Exp1) / weight, index));
        }
    }
    race.sort_by(|left, right| left.0.total_cmp(&right.0));
    let limit = person.activity.min(race.len() * 2 / 5);
    race.into_iter()
        .take(limit)
        .map(|(_, index)| (index, loyalty[catalogue.videos[index].channel]))
        .collect()
}

/// How easily a person comes to see a video that is not public.
fn access(video: &Video, catalogue: &Catalogue, viewer: Viewer<'_>) -> f64 {
    let local = video.origin == viewer.instance;
    match video.privacy {
        privacy::PUBLIC if video.ready() => 1.0,
        // Before it broke, or while a live was on.
        privacy::PUBLIC => 0.2,
        privacy::INTERNAL if local => 0.6,
        privacy::UNLISTED | privacy::PASSWORD_PROTECTED if local => 0.2,
        privacy::PRIVATE if local && catalogue.channels[video.channel].owner == viewer.number => 1.0,
        _ => 0.0,
    }
}

/// Whether a person muted the video's owner or its host.
fn mutes(person: &Person, catalogue: &Catalogue, video: &Video) -> bool {
    person.muted_owner == Some((video.origin, catalogue.channels[video.channel].owner))
        || person.muted_host == Some(video.origin)
}

/// How far a person watches a video, when, and what the person says about it.
fn watch(
    rng: &mut impl Rng,
    parameters: &WorldParameters,
    catalogue: &Catalogue,
    person: &Person,
    index: usize,
) -> Watch {
    let video = &catalogue.videos[index];
    let own = person.tastes[video.block] >= OWN_BLOCK;
    let (middle, finishes) = if own { (0.75, 0.35) } else { (0.4, 0.08) };
    let normal: f64 = rng.sample(StandardNormal);
    let share = if rng.random_bool(finishes) {
        1.0
    } else {
        (middle + 0.25 * normal).clamp(0.01, 1.0)
    };
    // Whoever looks at the beginning again seems to have seen little.
    let again = rng.random_bool(0.03);
    let position = if video.live {
        rng.random_range(10..3_000)
    } else {
        ((if again { 0.02 } else { share }) * f64::from(video.duration)).round() as i32
    };
    let rating = match rng.random_range(0..100) {
        0..=21 if share > 0.6 => Some(true),
        22..=33 if share < 0.35 => Some(false),
        _ => None,
    };
    let latest = match person.history {
        History::SwitchedOff => parameters.now - TimeDelta::days(SWITCHED_OFF_DAYS),
        _ => parameters.now - TimeDelta::minutes(5),
    };
    let earliest = latest - TimeDelta::seconds((PERIOD_DAYS * 86_400.0) as i64);
    // Old history may be older than a young video; then the date of the video gives way, not the order of things.
    let start = video.published.clamp(earliest, latest - TimeDelta::hours(1));
    let span = (latest - start).num_seconds().max(1) as f64;
    let last = start + TimeDelta::seconds((span * rng.random::<f64>().sqrt()) as i64);
    let watched_in = TimeDelta::seconds(i64::from(position).min((last - start).num_seconds()));
    Watch {
        video: index,
        position,
        first: last - watched_in,
        last,
        rating,
        far: share >= 0.5,
        loyalty: 1.0,
        fate: Fate::Written,
    }
}

/// Decides the fate of the latest watches.
fn hold_out(
    parameters: &WorldParameters,
    catalogue: &Catalogue,
    reach: &Reach,
    person: &Person,
    watches: &mut [Watch],
) {
    if !person.eligible() {
        return;
    }
    let count = (watches.len() as f64 * parameters.held_out_share).round() as usize;
    let written = watches.len().saturating_sub(count);
    for watch in &mut watches[written..] {
        let video = &catalogue.videos[watch.video];
        let liked = watch.rating != Some(false) && (watch.far || watch.rating == Some(true));
        let shown =
            reach.listed[watch.video] && !video.live && wanted(person, video) && !mutes(person, catalogue, video);
        watch.fate = if liked && shown { Fate::HeldOut } else { Fate::Dropped };
    }
}

/// Whether a person's settings let a video be shown.
fn wanted(person: &Person, video: &Video) -> bool {
    let language = video
        .language
        .map_or("_unknown", |language| LANGUAGES[language.min(LANGUAGE_COUNT - 1)].code);
    let spoken = person
        .video_languages
        .as_ref()
        .is_none_or(|languages| languages.contains(&language));
    spoken && !(video.nsfw && person.nsfw_policy == "do_not_list")
}
