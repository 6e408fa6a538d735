//! The whole model of one instance, ready to score: components and their weights.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::blend::Weights;
use super::components::{Component, Components, FoldedHistory};
use super::factor_model::Moments;
use super::fold_in::Share;
use super::newcomers::Newcomers;
use super::sketch::Sketch;

/// A trained model. Immutable: a new one replaces it whole.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Recommender {
    components: Components,
    weights: Weights,
    newcomers: Newcomers,
    /// The scores for somebody without a history.
    popularity: Vec<f32>,
    /// The part of the score that is the same for everybody with a long history, computed once.
    #[serde(skip)]
    common: OnceLock<Vec<f32>>,
    /// The moments of [`COMMON`], computed once.
    #[serde(skip)]
    common_moments: OnceLock<[Option<Moments>; 2]>,
    /// What tells similar items quickly, computed once where there are many.
    #[serde(skip)]
    sketch: OnceLock<Option<Sketch>>,
}

/// A user folded into the model.
pub struct Profile {
    user: FoldedHistory,
    weights: Weights,
    /// The components that say something, with their weights and how their raw scores are standardized.
    parts: Vec<(Component, f32, Moments)>,
}

/// What is the same for everybody.
const COMMON: [Component; 2] = [Component::Popularity, Component::LocalPopularity];

/// One additive part of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// What a watched item added.
    Watched {
        /// The watched item.
        item: u32,
        /// Its part of the score.
        share: f32,
        /// How far above what a random item of the catalogue, watched instead, would add; in standard deviations of that.
        deviations: f32,
    },
    /// What the user watched of the item's channel added.
    Channel {
        /// Its part of the score.
        share: f32,
    },
    /// What popularity, public and local, added.
    Popularity {
        /// Its part of the score.
        share: f32,
    },
    /// What factors learned with other instances added, all watched items together. It repeats shares that are also
    /// listed under [`Part::Watched`], so it is not an additive part but tells where they come from.
    Federation {
        /// Its part of the score.
        share: f32,
        /// How far above the mean of all items; in standard deviations.
        deviations: f32,
    },
}

impl Part {
    /// The part of the score.
    pub fn share(&self) -> f32 {
        match *self {
            Self::Watched { share, .. }
            | Self::Channel { share }
            | Self::Popularity { share }
            | Self::Federation { share, .. } => share,
        }
    }
}

/// Why an item has its score.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The score.
    pub score: f32,
    /// Its parts, largest first. All but [`Part::Federation`] add up to the score.
    pub parts: Vec<Part>,
}

/// What a watched item adds in all components together.
#[derive(Default)]
struct Sum {
    share: f32,
    expected: f32,
    deviation: f32,
}

impl Sum {
    fn add(&mut self, share: &Share, scale: f32) {
        self.share += scale * share.share;
        self.expected += scale * share.expected;
        // As if all components agreed about every item: that never takes chance for less than it is.
        self.deviation += scale.abs() * share.deviation;
    }

    /// 0 where every item would add the same.
    fn deviations(&self) -> f32 {
        let above = (self.share - self.expected) / self.deviation;
        if above.is_finite() { above } else { 0.0 }
    }
}

impl Recommender {
    /// A model from its parts. `newcomers` is what people with a short history get besides.
    pub fn new(components: Components, weights: Weights, newcomers: Newcomers) -> Self {
        let mut recommender = Self {
            components,
            weights,
            newcomers,
            popularity: Vec::new(),
            common: OnceLock::new(),
            common_moments: OnceLock::new(),
            sketch: OnceLock::new(),
        };
        recommender.popularity = recommender.common_under(newcomers.weights(weights, 0));
        recommender
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.components.items()
    }

    /// The components.
    pub fn components(&self) -> &Components {
        &self.components
    }

    /// What people with a short history get besides.
    pub fn newcomers(&self) -> Newcomers {
        self.newcomers
    }

    /// The weights of the components.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// The scores of every item for a history under other weights, however short it is; for evaluation.
    pub fn scores_under(&self, weights: Weights, history: &[(u32, f32)]) -> Vec<f32> {
        self.scores(&self.profile_under(|_| weights, history))
    }

    /// Folds a history of (item, preference in \[-1, 1\]) in. Items out of range and values that are zero or not finite are
    /// ignored; of a repeated item the first such value counts.
    pub fn profile(&self, history: &[(u32, f32)]) -> Profile {
        self.profile_under(|watches| self.newcomers.weights(self.weights, watches), history)
    }

    /// `weights` says them for a number of items.
    fn profile_under(&self, weights: impl Fn(usize) -> Weights, history: &[(u32, f32)]) -> Profile {
        let mut seen = std::collections::HashSet::new();
        let (items, values): (Vec<u32>, Vec<f32>) = history
            .iter()
            .filter(|(item, value)| (*item as usize) < self.items() && value.is_finite() && *value != 0.0)
            .filter(|(item, _)| seen.insert(*item))
            .copied()
            .unzip();
        let user = self.components.fold(&items, &values);
        let weights = weights(items.len());
        let parts = Component::ALL
            .into_iter()
            .map(|component| (component, weights.of(component)))
            .filter(|(_, weight)| *weight != 0.0)
            .filter_map(|(component, weight)| Some((component, weight, self.moments(component, &user)?)))
            .collect();
        Profile { user, weights, parts }
    }

    fn moments(&self, component: Component, user: &FoldedHistory) -> Option<Moments> {
        match COMMON.iter().position(|common| *common == component) {
            Some(place) => self.common_moments()[place],
            None => self.components.moments(component, user),
        }
    }

    fn common_moments(&self) -> &[Option<Moments>; 2] {
        let of = |component| self.components.moments(component, &FoldedHistory::default());
        self.common_moments.get_or_init(|| COMMON.map(of))
    }

    fn common(&self) -> &[f32] {
        self.common.get_or_init(|| self.common_under(self.weights))
    }

    fn common_under(&self, weights: Weights) -> Vec<f32> {
        let mut total = vec![0f32; self.items()];
        let nobody = FoldedHistory::default();
        for component in COMMON {
            let moments = self.moments(component, &nobody);
            if let Some(moments) = moments.filter(|_| weights.of(component) != 0.0) {
                let weight = weights.of(component);
                self.components
                    .add_scores(component, &nobody, moments, weight, &mut total);
            }
        }
        total
    }

    /// The score of every item.
    pub fn scores(&self, profile: &Profile) -> Vec<f32> {
        let mut total = if profile.weights == self.weights {
            self.common().to_vec()
        } else {
            self.common_under(profile.weights)
        };
        for (component, weight, moments) in &profile.parts {
            if !COMMON.contains(component) {
                let components = &self.components;
                components.add_scores(*component, &profile.user, *moments, *weight, &mut total);
            }
        }
        total
    }

    /// The scores of some items, in their order, as [`Self::scores`] has them but for rounding; 0 for one out of range.
    pub fn scores_among(&self, profile: &Profile, items: &[u32]) -> Vec<f32> {
        let mut total = vec![0f32; items.len()];
        for (component, weight, moments) in &profile.parts {
            let raw = self.components.raw_among(*component, &profile.user, items);
            for (sum, raw) in total.iter_mut().zip(raw) {
                *sum += weight * moments.standardized(raw);
            }
        }
        let items_of_the_model = 0..self.items() as u32;
        for (sum, item) in total.iter_mut().zip(items) {
            if !items_of_the_model.contains(item) {
                *sum = 0.0;
            }
        }
        total
    }

    /// Computes now what would else be computed for the first request.
    pub fn prepare(&self) {
        self.components.prepare();
        self.common_moments();
        self.common();
        self.sketch.get_or_init(|| self.make_sketch());
    }

    /// What tells similar items quickly; `None` where there are few, and before [`Self::prepare`].
    pub(super) fn sketch(&self) -> Option<&Sketch> {
        self.sketch.get()?.as_ref()
    }

    /// What the user watched of the channel of `item`: logarithmic, negative when it was disliked.
    pub fn channel_affinity(&self, profile: &Profile, item: u32) -> f32 {
        self.components.raw(Component::Channel, &profile.user, item)
    }

    /// Popularity of every item: public counter and local watchers, as the weights say.
    pub fn popularity(&self) -> &[f32] {
        &self.popularity
    }

    /// The parts of the score of `item`, largest first.
    pub fn explain(&self, profile: &Profile, item: u32) -> Explanation {
        if item as usize >= self.items() {
            return Explanation::default();
        }
        let mut watched: BTreeMap<u32, Sum> = BTreeMap::new();
        let (mut score, mut channel, mut popularity, mut federation) = (0.0, 0.0, 0.0, (0.0, 0.0));
        for (component, weight, moments) in &profile.parts {
            let value = moments.standardized(self.components.raw(*component, &profile.user, item));
            score += weight * value;
            match component {
                Component::Channel => channel += weight * value,
                Component::Popularity | Component::LocalPopularity => popularity += weight * value,
                Component::Federated | Component::Own | Component::Content => {
                    if *component == Component::Federated {
                        federation = (weight * value, value);
                    }
                    for share in self.components.parts(*component, &profile.user, item) {
                        watched
                            .entry(share.item)
                            .or_default()
                            .add(&share, weight / moments.deviation);
                    }
                }
            }
        }
        let mut parts: Vec<Part> = watched
            .into_iter()
            .map(|(item, sum)| Part::Watched {
                item,
                share: sum.share,
                deviations: sum.deviations(),
            })
            .collect();
        parts.extend([
            Part::Channel { share: channel },
            Part::Popularity { share: popularity },
            Part::Federation {
                share: federation.0,
                deviations: federation.1,
            },
        ]);
        parts.sort_by(|a, b| b.share().total_cmp(&a.share()));
        Explanation { score, parts }
    }
}
