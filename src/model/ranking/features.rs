//! What the second stage looks at: one short vector for each candidate of a user.

use foldhash::HashMap;

use super::super::recommender::{Profile, Recommender};
use super::accounts::{ChannelTie, DAY};
use super::facts::{Background, Facts, distinct};

/// Days after which an item is half as fresh.
pub const FRESH_DAYS: f64 = 30.0;
/// Number of features.
pub const FEATURES: usize = 10;

/// How fresh an item of so many days is: from 1 for a new one down to 0, half of it after [`FRESH_DAYS`] days.
pub fn freshness(days: f64) -> f32 {
    (FRESH_DAYS / (FRESH_DAYS + days.max(0.0))) as f32
}

/// One number for each feature, in the order of [`Feature::ALL`].
pub type FeatureVector = [f32; FEATURES];

/// What one number of a [`FeatureVector`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// The score of the first stage.
    FactorScore,
    /// Similarity to what was watched last and liked, as in lists of similar videos: from -1 to 1.
    SimilarityToLastWatched,
    /// What was watched of the channel, logarithmic; negative when it was disliked.
    ChannelAffinity,
    /// 1 when the user follows the channel.
    Subscription,
    /// 1 when it has just been published, 1/2 after 30 days, 1/3 after 60.
    Freshness,
    /// Watchers on this instance, logarithmic.
    PopularityHere,
    /// Views that its own instance counted of all others, logarithmic.
    PopularityInTheFederation,
    /// Share of the user's watching that was in its language.
    LanguageMatch,
    /// The share of it that somebody is expected to watch.
    PredictedWatchShare,
    /// Normalized dispersion of the tie between user and channel.
    Dispersion,
}

impl Feature {
    /// All features, in the order of a [`FeatureVector`].
    pub const ALL: [Self; FEATURES] = [
        Self::FactorScore,
        Self::SimilarityToLastWatched,
        Self::ChannelAffinity,
        Self::Subscription,
        Self::Freshness,
        Self::PopularityHere,
        Self::PopularityInTheFederation,
        Self::LanguageMatch,
        Self::PredictedWatchShare,
        Self::Dispersion,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::FactorScore => "factor score",
            Self::SimilarityToLastWatched => "similarity to last watched",
            Self::ChannelAffinity => "channel affinity",
            Self::Subscription => "subscription",
            Self::Freshness => "freshness",
            Self::PopularityHere => "popularity here",
            Self::PopularityInTheFederation => "popularity in the federation",
            Self::LanguageMatch => "language match",
            Self::PredictedWatchShare => "predicted watch share",
            Self::Dispersion => "dispersion",
        }
    }
}

/// One user at one moment.
pub struct Reader<'a> {
    /// The user folded into the recommender.
    pub profile: &'a Profile,
    /// (Item, preference), newest first.
    pub history: &'a [(u32, f32)],
    /// The user's ties to channels, newest first.
    pub ties: &'a [ChannelTie],
    /// The moment, in seconds since 1970.
    pub time: i64,
}

impl Reader<'_> {
    /// Channels that the user follows.
    pub fn subscriptions(&self) -> Vec<u32> {
        distinct(self.ties.iter().filter(|tie| tie.subscribed).map(|tie| tie.channel))
    }
}

/// Everything that features are made from, besides the user.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The first stage.
    pub recommender: &'a Recommender,
    /// Public facts of the items.
    pub facts: &'a Facts,
    /// What the instance's accounts did together.
    pub background: &'a Background,
}

impl Scene<'_> {
    /// The features of `candidates`. `scores` are those of the first stage, one per item.
    pub fn features(&self, reader: &Reader<'_>, scores: &[f32], candidates: &[u32]) -> Vec<FeatureVector> {
        let components = self.recommender.components();
        let last = reader.history.iter().find(|(_, value)| *value > 0.0);
        let similar = last.map_or_else(
            || vec![0.0; candidates.len()],
            |(item, _)| self.recommender.similar_among(*item, candidates),
        );
        let languages = self.languages(reader);
        let subscriptions = reader.subscriptions();
        let own = distinct(reader.ties.iter().map(|tie| tie.channel));
        let surroundings = self.background.graph().seen_by(&own);
        let mut dispersions: HashMap<u32, f32> = HashMap::default();
        let at = |values: &[f32], item: u32| values.get(item as usize).copied().unwrap_or(0.0);
        candidates
            .iter()
            .zip(similar)
            .map(|(&item, similarity)| {
                let channel = self.facts.channel(item);
                let age = reader.time.saturating_sub(self.facts.published(item)) as f64 / DAY;
                let language = self.facts.language(item);
                let vector = [
                    at(scores, item),
                    similarity,
                    self.recommender.channel_affinity(reader.profile, item),
                    f32::from(u8::from(
                        channel.is_some_and(|channel| subscriptions.contains(&channel)),
                    )),
                    freshness(age),
                    at(&components.local_popularity, item),
                    at(&components.popularity, item),
                    language
                        .and_then(|language| languages.get(&language))
                        .copied()
                        .unwrap_or(0.0),
                    self.background.share(item),
                    channel.map_or(0.0, |channel| {
                        *dispersions
                            .entry(channel)
                            .or_insert_with(|| surroundings.tie(channel).normalized())
                    }),
                ];
                vector.map(|value| if value.is_finite() { value } else { 0.0 })
            })
            .collect()
    }

    /// The share of each language in what the user liked.
    fn languages(&self, reader: &Reader<'_>) -> HashMap<u32, f32> {
        let mut shares: HashMap<u32, f32> = HashMap::default();
        let mut all = 0.0;
        for (item, value) in reader.history.iter().filter(|(_, value)| *value > 0.0) {
            if let Some(language) = self.facts.language(*item) {
                *shares.entry(language).or_default() += value;
                all += value;
            }
        }
        shares.values_mut().for_each(|share| *share /= all);
        shares
    }
}
