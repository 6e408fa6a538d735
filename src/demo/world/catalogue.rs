//! Channels and videos as their origin instances know them: what they show, and the block to which they truly belong.
//!
//! A block is a theme and a style. Words, tags and category tell about the theme, not always truly; the style shows in
//! nothing but who watches, and a little in the channel.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, RngExt};
use uuid::{Builder, Uuid};

use super::chance::{Part, factor, numbers, one_of, weighted};
use super::parameters::WorldParameters;
use super::themes::{LANGUAGE_COUNT, LANGUAGES, PLAIN_TAGS, THEME_COUNT, THEMES};

/// Styles within each theme.
pub(super) const STYLE_COUNT: usize = 6;
/// Blocks of videos.
pub(super) const BLOCK_COUNT: usize = THEME_COUNT * STYLE_COUNT;
/// Videos of each host that belongs to no generated instance.
const STRANGER_VIDEOS: usize = 16;
/// Popularity falls with this power of the rank.
const POPULARITY_POWER: f64 = 1.0;
/// How much of the videos and channels are in each language, the last entry being an unknown one.
const LANGUAGE_WEIGHTS: [f64; LANGUAGE_COUNT + 1] = [0.55, 0.20, 0.12, 0.05, 0.08];

/// PeerTube's number of a privacy.
pub(super) mod privacy {
    pub(crate) const PUBLIC: i32 = 1;
    pub(crate) const UNLISTED: i32 = 2;
    pub(crate) const PRIVATE: i32 = 3;
    pub(crate) const INTERNAL: i32 = 4;
    pub(crate) const PASSWORD_PROTECTED: i32 = 5;
}

/// PeerTube's number of a state.
pub(super) mod state {
    pub(crate) const PUBLISHED: i32 = 1;
    pub(crate) const TO_TRANSCODE: i32 = 2;
    pub(crate) const WAITING_FOR_LIVE: i32 = 4;
}

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// Index of the host where it was made: an instance, or a stranger after them.
    pub(super) origin: usize,
    /// Number of its owner: of the person on the instance, or of the account on a stranger.
    pub(super) owner: usize,
    theme: usize,
    style: usize,
    language: usize,
    /// The name in its address.
    pub(super) handle: String,
    /// The name to show.
    pub(super) title: String,
}

/// A video.
#[derive(Debug)]
pub(super) struct Video {
    /// Index of its channel.
    pub(super) channel: usize,
    /// Index of its origin, as its channel's.
    pub(super) origin: usize,
    /// The block whose people like it.
    pub(super) block: usize,
    /// The same on every instance.
    pub(super) uuid: Uuid,
    pub(super) title: String,
    pub(super) tags: Vec<&'static str>,
    pub(super) category: Option<i32>,
    /// Index into the languages.
    pub(super) language: Option<usize>,
    /// Seconds; 0 for a live.
    pub(super) duration: i32,
    pub(super) published: DateTime<Utc>,
    pub(super) privacy: i32,
    pub(super) state: i32,
    pub(super) wait_transcoding: bool,
    pub(super) nsfw: bool,
    pub(super) live: bool,
    /// How much it is watched, relative to the most popular video of the world.
    pub(super) popularity: f64,
}

impl Video {
    /// Whether its origin tells other instances about it.
    pub(super) fn federated(&self) -> bool {
        self.privacy == privacy::PUBLIC && self.ready()
    }

    /// Whether PeerTube lists it, as far as the state decides.
    pub(super) fn ready(&self) -> bool {
        self.state == state::PUBLISHED || (self.state == state::TO_TRANSCODE && !self.wait_transcoding)
    }
}

/// All channels and videos of a world.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// Hosts: first the instances, then two strangers, one followed by nobody, one whose follow waits for approval.
    pub(super) hosts: Vec<String>,
    pub(super) channels: Vec<Channel>,
    pub(super) videos: Vec<Video>,
}

impl Catalogue {
    /// Generates all channels and videos.
    pub(super) fn generate(parameters: &WorldParameters) -> Self {
        let instances = parameters.users.len();
        let mut hosts: Vec<String> = (0..instances).map(|instance| parameters.host(instance)).collect();
        hosts.extend(["elsewhere.test".to_owned(), "waiting.test".to_owned()]);
        let channels = channels(parameters, hosts.len());
        let videos = videos(parameters, &channels, instances);
        Self {
            hosts,
            channels,
            videos,
        }
    }

    /// The ActivityPub address of a video, the same on every instance.
    pub(super) fn video_url(&self, video: usize) -> String {
        let video = &self.videos[video];
        format!("https://{}/videos/watch/{}", self.hosts[video.origin], video.uuid)
    }
}

/// Generates the channels; large instances have more of them, though not in proportion.
fn channels(parameters: &WorldParameters, hosts: usize) -> Vec<Channel> {
    let mut rng = numbers(parameters.seed, Part::Channels);
    let instances = parameters.users.len();
    let weights: Vec<f64> = parameters
        .users
        .iter()
        .map(|users| (1.0 + *users as f64).powf(0.4))
        .collect();
    let own = parameters.channels.max(instances);
    let mut made = vec![0; hosts];
    (0..own + 3 * (hosts - instances))
        .map(|number| {
            let origin = match number {
                first if first < instances => first,
                usual if usual < own => weighted(&mut rng, &weights),
                strange => instances + (strange - own) / 3,
            };
            let theme = number % THEME_COUNT;
            let word = one_of(&mut rng, &THEMES[theme].words);
            // People own one channel each, until there are more channels than people.
            let owner = made[origin] % parameters.users.get(origin).copied().unwrap_or(usize::MAX).max(1);
            made[origin] += 1;
            Channel {
                origin,
                owner,
                theme,
                style: rng.random_range(0..STYLE_COUNT),
                language: weighted(&mut rng, &LANGUAGE_WEIGHTS),
                handle: format!(
                    "{}_{number}",
                    word.to_lowercase()
                        .replace(|letter: char| !letter.is_alphanumeric(), "_")
                ),
                title: format!(
                    "{} {}",
                    word,
                    one_of(&mut rng, &["channel", "tube", "corner", "lab", "diary", "TV"])
                ),
            }
        })
        .collect()
}

/// Generates the videos: first those of the instances, then those of the strangers.
fn videos(parameters: &WorldParameters, channels: &[Channel], instances: usize) -> Vec<Video> {
    let mut rng = numbers(parameters.seed, Part::Videos);
    let appeal: Vec<f64> = channels.iter().map(|_| factor(&mut rng, 0.8)).collect();
    let mut scored = Vec::new();
    let weight = |origin: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let pairs = channels.iter().zip(&appeal);
        pairs
            .map(|(channel, appeal)| if origin(channel.origin) { appeal.sqrt() } else { 0.0 })
            .collect()
    };
    let strangers = channels
        .iter()
        .map(|channel| channel.origin)
        .max()
        .map_or(0, |last| (last + 1).saturating_sub(instances));
    let usual = weight(&|origin| origin < instances);
    for _ in 0..parameters.videos {
        let channel = weighted(&mut rng, &usual);
        scored.push((
            appeal[channel].sqrt() * factor(&mut rng, 1.0),
            video(&mut rng, parameters, channels, channel),
        ));
    }
    for stranger in 0..strangers {
        let strange = weight(&|origin| origin == instances + stranger);
        for _ in 0..STRANGER_VIDEOS {
            let channel = weighted(&mut rng, &strange);
            scored.push((factor(&mut rng, 1.0), video(&mut rng, parameters, channels, channel)));
        }
    }
    let mut ranked: Vec<usize> = (0..scored.len()).collect();
    ranked.sort_by(|left, right| scored[*right].0.total_cmp(&scored[*left].0));
    for (rank, index) in ranked.into_iter().enumerate() {
        scored[index].1.popularity = ((rank + 1) as f64).powf(-POPULARITY_POWER);
    }
    scored.into_iter().map(|(_, video)| video).collect()
}

/// Generates one video of `channel`.
fn video(rng: &mut impl Rng, parameters: &WorldParameters, channels: &[Channel], channel: usize) -> Video {
    let home = &channels[channel];
    let theme = if rng.random_bool(0.92) {
        home.theme
    } else {
        rng.random_range(0..THEME_COUNT)
    };
    let style = if rng.random_bool(0.5) {
        home.style
    } else {
        rng.random_range(0..STYLE_COUNT)
    };
    let language = if rng.random_bool(0.88) {
        home.language
    } else {
        weighted(rng, &LANGUAGE_WEIGHTS)
    };
    // What the words and tags say: mostly the truth, sometimes another theme.
    let said = if rng.random_bool(0.88) {
        theme
    } else {
        rng.random_range(0..THEME_COUNT)
    };
    let live = rng.random_bool(0.02);
    let seconds = 420.0 * factor(rng, 0.9);
    let age_days = 3.0 + 1_000.0 * rng.random::<f64>().powi(2);
    let published = parameters.now - TimeDelta::seconds((age_days * 86_400.0) as i64);
    let (privacy, state, wait_transcoding) = accessibility(rng, live);
    Video {
        channel,
        origin: home.origin,
        block: theme * STYLE_COUNT + style,
        uuid: Builder::from_random_bytes(rng.random()).into_uuid(),
        title: title(rng, said, language.min(LANGUAGE_COUNT - 1)),
        tags: tags(rng, said),
        category: match rng.random_range(0..10) {
            0 => None,
            1 => Some(rng.random_range(1..=18)),
            _ => Some(THEMES[theme].category),
        },
        language: Some(language).filter(|language| *language < LANGUAGE_COUNT),
        duration: if live { 0 } else { (seconds as i32).clamp(20, 10_800) },
        published,
        privacy,
        state,
        wait_transcoding,
        nsfw: rng.random_bool(0.025),
        live,
        popularity: 0.0,
    }
}

/// Privacy, state, and whether it waits for transcoding.
fn accessibility(rng: &mut impl Rng, live: bool) -> (i32, i32, bool) {
    let privacy = match rng.random_range(0..100) {
        0..=2 => privacy::UNLISTED,
        3..=5 => privacy::PRIVATE,
        6..=7 => privacy::INTERNAL,
        8 => privacy::PASSWORD_PROTECTED,
        _ => privacy::PUBLIC,
    };
    let state = match rng.random_range(0..100) {
        0 | 1 => state::TO_TRANSCODE,
        2..=40 if live => state::WAITING_FOR_LIVE,
        _ => state::PUBLISHED,
    };
    (privacy, state, rng.random_bool(0.5))
}

/// A title with one to three words of the theme, or a mere number.
fn title(rng: &mut impl Rng, theme: usize, language: usize) -> String {
    let language = &LANGUAGES[language];
    if rng.random_bool(0.15) {
        return format!("{} {}", language.episode, rng.random_range(1..200));
    }
    let mut words = vec![one_of(rng, &THEMES[theme].words)];
    for _ in 0..rng.random_range(0..=2) {
        let word = one_of(rng, &THEMES[theme].words);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let mut title = words.join(&format!(" {} ", language.and));
    if rng.random_bool(0.7) {
        title = format!("{} {title}", one_of(rng, &language.openings));
    }
    if rng.random_bool(0.4) {
        title = format!("{title}, {}", one_of(rng, &language.endings));
    }
    let mut letters = title.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// No tags at all, or up to five different ones, the usual ones of the theme most of all.
fn tags(rng: &mut impl Rng, theme: usize) -> Vec<&'static str> {
    let mut tags = Vec::new();
    if rng.random_bool(0.18) {
        return tags;
    }
    for _ in 0..rng.random_range(1..=5) {
        let tag = if rng.random_bool(0.15) {
            one_of(rng, &PLAIN_TAGS)
        } else {
            THEMES[theme].tags[weighted(rng, &[7.0, 5.0, 4.0, 3.0, 2.0, 1.0, 1.0])]
        };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
