//! The users of every instance: what they truly like, what they understand, and their settings in PeerTube.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, RngExt};

use super::catalogue::{BLOCK_COUNT, Catalogue, STYLE_COUNT};
use super::chance::{Part, factor, numbers, one_of, shares, weighted};
use super::parameters::WorldParameters;
use super::themes::{FIRST_NAMES, LANGUAGE_COUNT, LANGUAGES, THEME_COUNT};

/// Communities of users.
const COMMUNITY_COUNT: usize = 12;
/// How much a community likes its three themes.
const THEME_SHARES: [f64; 3] = [0.45, 0.33, 0.22];
/// How much it likes its two styles of each.
const STYLE_SHARES: [f64; 2] = [0.8, 0.2];
/// What each instance speaks most, by turns, as indexes into the languages.
const MAIN_LANGUAGES: [usize; 3] = [1, 2, 0];

/// Whether a user lets PeerTube keep the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// It is kept.
    On,
    /// It was never kept.
    NeverOn,
    /// It was switched off after a while; old rows remain.
    SwitchedOff,
}

/// A user.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) username: String,
    /// How much of the watching goes to each block; sums to 1.
    pub(super) tastes: Vec<f64>,
    /// For each language, whether it is understood.
    pub(super) understands: [bool; LANGUAGE_COUNT],
    /// Videos to watch.
    pub(super) activity: usize,
    pub(super) history: History,
    /// Whether the administrators blocked the account.
    pub(super) blocked: bool,
    /// PeerTube's name of the setting.
    pub(super) nsfw_policy: &'static str,
    /// Languages of the videos that the user wants to be shown; `None` for all.
    pub(super) video_languages: Option<Vec<&'static str>>,
    /// The owner whom the user muted: origin and number.
    pub(super) muted_owner: Option<(usize, usize)>,
    /// The host that the user muted.
    pub(super) muted_host: Option<usize>,
    pub(super) registered: DateTime<Utc>,
}

impl Person {
    /// Whether the user may be in a model: history on, not blocked.
    pub(super) fn eligible(&self) -> bool {
        self.history == History::On && !self.blocked
    }
}

/// The people of every instance, in the order of the instances.
pub(super) fn people(parameters: &WorldParameters, catalogue: &Catalogue) -> Vec<Vec<Person>> {
    let mut communities_rng = numbers(parameters.seed, Part::Communities);
    let communities: Vec<Vec<f64>> = (0..COMMUNITY_COUNT).map(|_| community(&mut communities_rng)).collect();
    let mut rng = numbers(parameters.seed, Part::People);
    parameters
        .users
        .iter()
        .enumerate()
        .map(|(instance, users)| {
            // Instances differ in what their people like, but none consists of one community.
            let own = shares(&mut rng, COMMUNITY_COUNT, 1.2);
            let mixture: Vec<f64> = own
                .iter()
                .map(|share| 0.75 * share + 0.25 / COMMUNITY_COUNT as f64)
                .collect();
            let mut person = |number| {
                person(
                    &mut rng,
                    parameters,
                    catalogue,
                    instance,
                    number,
                    &communities,
                    &mixture,
                )
            };
            (0..*users).map(&mut person).collect()
        })
        .collect()
}

/// The blocks that a community likes. Which themes go together, and which styles, cannot be told from any content.
fn community(rng: &mut impl Rng) -> Vec<f64> {
    let mut blocks = vec![0.0; BLOCK_COUNT];
    let mut themes: Vec<usize> = (0..THEME_COUNT).collect();
    for theme_share in THEME_SHARES {
        let theme = themes.swap_remove(rng.random_range(0..themes.len()));
        let mut styles: Vec<usize> = (0..STYLE_COUNT).collect();
        for style_share in STYLE_SHARES {
            let style = styles.swap_remove(rng.random_range(0..styles.len()));
            blocks[theme * STYLE_COUNT + style] += theme_share * style_share;
        }
    }
    blocks
}

fn person(
    rng: &mut impl Rng,
    parameters: &WorldParameters,
    catalogue: &Catalogue,
    instance: usize,
    number: usize,
    communities: &[Vec<f64>],
    mixture: &[f64],
) -> Person {
    let main = &communities[weighted(rng, mixture)];
    let second = &communities[weighted(rng, mixture)];
    let second_share = if rng.random_bool(0.4) { 0.25 } else { 0.0 };
    let liking: Vec<f64> = main
        .iter()
        .zip(second)
        .map(|(main, second)| ((1.0 - second_share) * main + second_share * second) * factor(rng, 0.25))
        .collect();
    let sum: f64 = liking.iter().sum();
    let main_language = MAIN_LANGUAGES[instance % MAIN_LANGUAGES.len()];
    let understands = std::array::from_fn(|language| {
        let chance = if language == main_language { 0.85 } else { 0.2 };
        language == 0 && rng.random_bool(0.92) || rng.random_bool(chance)
    });
    // Every fifth or so narrows what is shown to the own languages.
    let video_languages = rng.random_bool(0.2).then(|| {
        let known = (0..LANGUAGE_COUNT).filter(|language| understands[*language]);
        known
            .map(|language| LANGUAGES[language].code)
            .chain(["_unknown"])
            .collect()
    });
    // By number and not by chance, so that the smallest instances have some of each and not too many.
    let (blocked, history) = match number {
        number if number % 40 == 39 => (true, History::On),
        number if number % 24 == 11 => (false, History::NeverOn),
        number if number % 24 == 23 => (false, History::SwitchedOff),
        _ => (false, History::On),
    };
    let newcomer = number % 30 == 29;
    let drawn = parameters.mean_watches * factor(rng, 0.8);
    let channel = &catalogue.channels[rng.random_range(0..catalogue.channels.len())];
    let mutes_host = rng.random_bool(0.01);
    Person {
        username: format!("{}{}", one_of(rng, &FIRST_NAMES), number + 1),
        tastes: liking.into_iter().map(|share| share / sum).collect(),
        understands,
        activity: if newcomer { 0 } else { (drawn.round() as usize).max(5) },
        history,
        blocked,
        nsfw_policy: ["do_not_list", "warn", "blur", "display"][weighted(rng, &[3.0, 1.0, 3.0, 3.0])],
        video_languages,
        muted_owner: Some((channel.origin, channel.owner))
            .filter(|(origin, owner)| rng.random_bool(0.04) && (*origin, *owner) != (instance, number)),
        muted_host: Some(channel.origin).filter(|origin| mutes_host && *origin != instance),
        registered: parameters.now - TimeDelta::minutes((525_600.0 * rng.random_range(1.1..3.0)) as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_community_likes_six_blocks_of_three_themes() {
        let liking = community(&mut numbers(1, Part::Communities));
        let liked: Vec<usize> = (0..BLOCK_COUNT).filter(|block| liking[*block] > 0.0).collect();
        assert_eq!(liked.len(), 6);
        let themes: std::collections::HashSet<usize> = liked.iter().map(|block| block / STYLE_COUNT).collect();
        assert_eq!(themes.len(), 3);
        assert!((liking.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
