//! The components of a score. Each gives one number per item for one user; their blend is the score.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::basis::contribution_fold_in;
use super::catalogue::Catalogue;
use super::factor_model::{FactorModel, Moments};
use super::fold_in::{FoldedUser, Share};
use super::linear_algebra::dot;

/// Number of components.
pub const COMPONENTS: usize = 6;

/// What a score is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Component {
    /// Factors from the federation's evidence and the own exact one.
    Federated,
    /// Factors from the own users alone.
    Own,
    /// Similarity of public content.
    Content,
    /// What the user watched of the item's channel.
    Channel,
    /// Public view counter.
    Popularity,
    /// Watchers on this instance.
    LocalPopularity,
}

impl Component {
    /// All components, in the order in which weights are stored.
    pub const ALL: [Self; COMPONENTS] = [
        Self::Federated,
        Self::Own,
        Self::Content,
        Self::Channel,
        Self::Popularity,
        Self::LocalPopularity,
    ];
}

/// Everything that component scores need.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Components {
    /// Factors of the federation, when there is evidence.
    pub federated: Option<FactorModel>,
    /// Factors of the own users, when there are interactions.
    pub own: Option<FactorModel>,
    /// Content vectors.
    pub content: FactorModel,
    /// Channel number of each item.
    pub channel_of: Vec<u32>,
    /// Logarithm of the public view counter.
    pub popularity: Vec<f32>,
    /// Logarithm of the number of own users who watched.
    pub local_popularity: Vec<f32>,
    /// Number of items of each channel, counted once.
    #[serde(skip)]
    channel_sizes: OnceLock<Vec<u32>>,
}

/// A user as the components see one.
#[derive(Clone, Default)]
pub struct FoldedHistory {
    /// The factor in the federation's space.
    pub federated: FoldedUser,
    /// The factor in the own space.
    pub own: FoldedUser,
    /// The factor in the content space.
    pub content: FoldedUser,
    /// Sum of positive values per channel.
    pub channels: HashMap<u32, f32>,
}

impl Components {
    /// The components that follow from public data alone.
    pub fn public(catalogue: &Catalogue) -> Self {
        let content = catalogue.content().clone();
        let fold_in = contribution_fold_in(&content);
        let items = catalogue.items();
        Self {
            federated: None,
            own: None,
            content: FactorModel::new(content, fold_in),
            channel_of: (0..items.len()).map(|item| catalogue.channel_of(item) as u32).collect(),
            popularity: items.iter().map(|item| (item.views as f32).ln_1p()).collect(),
            local_popularity: vec![0.0; items.len()],
            channel_sizes: OnceLock::new(),
        }
    }

    /// From parts that are ready: the factors of the federation and the own ones, content, channel numbers, and both kinds of
    /// popularity, all with the same items.
    pub fn joined(
        [federated, own]: [Option<FactorModel>; 2],
        content: FactorModel,
        channel_of: Vec<u32>,
        popularity: Vec<f32>,
        local_popularity: Vec<f32>,
    ) -> Self {
        Self {
            federated,
            own,
            content,
            channel_of,
            popularity,
            local_popularity,
            channel_sizes: OnceLock::new(),
        }
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.channel_of.len()
    }

    /// Folds a history in. Items must be in range.
    pub fn fold(&self, items: &[u32], values: &[f32]) -> FoldedHistory {
        let fold = |model: &FactorModel| model.fold_in.explained(&model.items, items, values);
        let mut channels = HashMap::new();
        for (&item, &value) in items.iter().zip(values) {
            *channels.entry(self.channel_of[item as usize]).or_insert(0.0) += value;
        }
        FoldedHistory {
            federated: self.federated.as_ref().map(fold).unwrap_or_default(),
            own: self.own.as_ref().map(fold).unwrap_or_default(),
            content: fold(&self.content),
            channels,
        }
    }

    /// The space of a component that compares factors, and the user in it.
    fn space<'a>(&'a self, component: Component, user: &'a FoldedHistory) -> Option<(&'a FactorModel, &'a FoldedUser)> {
        match component {
            Component::Federated => self.federated.as_ref().map(|model| (model, &user.federated)),
            Component::Own => self.own.as_ref().map(|model| (model, &user.own)),
            Component::Content => Some((&self.content, &user.content)),
            Component::Channel | Component::Popularity | Component::LocalPopularity => None,
        }
    }

    /// Mean and deviation of a component's raw scores for this user; `None` where it says nothing. Only popularity, which is
    /// the same for everybody, is looked at item by item.
    pub fn moments(&self, component: Component, user: &FoldedHistory) -> Option<Moments> {
        match component {
            Component::Channel => self.channel_moments(user),
            Component::Popularity => moments(&self.popularity),
            Component::LocalPopularity => moments(&self.local_popularity),
            Component::Federated | Component::Own | Component::Content => {
                let (model, user) = self.space(component, user)?;
                model.moments(&user.factor)
            }
        }
    }

    fn channel_moments(&self, user: &FoldedHistory) -> Option<Moments> {
        let sizes = self.channel_sizes();
        // In a fixed order, so that the sums do not depend on the map's.
        let mut channels: Vec<u32> = user.channels.keys().copied().collect();
        channels.sort_unstable();
        let (mut sum, mut squares) = (0f64, 0f64);
        for channel in channels {
            let size = f64::from(sizes.get(channel as usize).copied().unwrap_or(0));
            let affinity = f64::from(channel_affinity(user, channel));
            sum += size * affinity;
            squares += size * affinity * affinity;
        }
        let count = self.items().max(1) as f64;
        let mean = sum / count;
        Moments::new(mean, squares / count - mean * mean)
    }

    /// Number of channels: one more than the largest of [`Self::channel_of`].
    pub fn channels(&self) -> usize {
        self.channel_sizes().len()
    }

    fn channel_sizes(&self) -> &[u32] {
        self.channel_sizes.get_or_init(|| {
            let mut sizes = vec![0; self.channel_of.iter().max().map_or(0, |last| *last as usize + 1)];
            for channel in &self.channel_of {
                sizes[*channel as usize] += 1;
            }
            sizes
        })
    }

    /// Adds `weight` times the standardized scores of `component`, whose moments are given, to `sums`, one per item.
    pub fn add_scores(
        &self,
        component: Component,
        user: &FoldedHistory,
        moments: Moments,
        weight: f32,
        sums: &mut [f32],
    ) {
        let scale = weight / moments.deviation;
        let add = |sums: &mut [f32], scores: &[f32]| {
            let term = |(sum, score): (&mut f32, &f32)| *sum += scale * (score - moments.mean);
            sums.iter_mut().zip(scores).for_each(term);
        };
        match component {
            Component::Popularity => add(sums, &self.popularity),
            Component::LocalPopularity => add(sums, &self.local_popularity),
            Component::Channel => {
                let mut terms = vec![-scale * moments.mean; self.channel_sizes().len()];
                for channel in user.channels.keys() {
                    if let Some(term) = terms.get_mut(*channel as usize) {
                        *term += scale * channel_affinity(user, *channel);
                    }
                }
                for (sum, channel) in sums.iter_mut().zip(&self.channel_of) {
                    *sum += terms[*channel as usize];
                }
            }
            Component::Federated | Component::Own | Component::Content => {
                let Some((model, user)) = self.space(component, user) else {
                    return;
                };
                sums.iter_mut().for_each(|sum| *sum -= scale * moments.mean);
                model.add_scores(&user.factor, scale, sums);
            }
        }
    }

    /// The raw score of one item.
    pub fn raw(&self, component: Component, user: &FoldedHistory, item: u32) -> f32 {
        let of = |values: &[f32]| values.get(item as usize).copied().unwrap_or(0.0);
        match component {
            Component::Popularity => of(&self.popularity),
            Component::LocalPopularity => of(&self.local_popularity),
            Component::Channel => {
                let channel = self.channel_of.get(item as usize);
                channel.map_or(0.0, |channel| channel_affinity(user, *channel))
            }
            Component::Federated | Component::Own | Component::Content => match self.space(component, user) {
                Some((model, user)) if user.factor.len() == model.items.dimensions() => {
                    dot(model.items.row(item as usize), &user.factor)
                }
                _ => 0.0,
            },
        }
    }

    /// The raw scores of some items, in their order; 0 for one out of range.
    pub fn raw_among(&self, component: Component, user: &FoldedHistory, items: &[u32]) -> Vec<f32> {
        match self.space(component, user) {
            Some((model, user)) => model.scores_among(&user.factor, items),
            None => items.iter().map(|item| self.raw(component, user, *item)).collect(),
        }
    }

    /// The standardized scores of `component`, mean 0 and standard deviation 1 over all items; empty where it says nothing.
    pub fn score(&self, component: Component, user: &FoldedHistory) -> Vec<f32> {
        let Some(moments) = self.moments(component, user) else {
            return Vec::new();
        };
        let mut scores = vec![0f32; self.items()];
        self.add_scores(component, user, moments, 1.0, &mut scores);
        scores
    }

    /// Computes now what would else be computed when it is first asked for.
    pub fn prepare(&self) {
        self.channel_sizes();
        let spaces = [self.federated.as_ref(), self.own.as_ref(), Some(&self.content)];
        spaces.into_iter().flatten().for_each(FactorModel::prepare);
    }

    /// How much each item of the history adds to the raw score of `item` above the mean item, and what a random item of the
    /// catalogue in its place would add.
    pub fn parts(&self, component: Component, user: &FoldedHistory, item: u32) -> Vec<Share> {
        let Some((model, user)) = self.space(component, user) else {
            return Vec::new();
        };
        let direction: Vec<f32> = model
            .items
            .row(item as usize)
            .iter()
            .zip(model.mean())
            .map(|(v, mean)| v - mean)
            .collect();
        user.shares(&model.items, direction, |solved| model.moments(solved))
    }
}

/// Logarithmic in what was watched of the channel, negative when it was disliked.
pub(super) fn channel_affinity(user: &FoldedHistory, channel: u32) -> f32 {
    let sum = user.channels.get(&channel).copied().unwrap_or(0.0);
    sum.signum() * sum.abs().ln_1p()
}

fn moments(scores: &[f32]) -> Option<Moments> {
    let count = scores.len().max(1) as f64;
    let mean = sum_of(scores, |score| score) / count;
    let variance = sum_of(scores, |score| (score - mean) * (score - mean)) / count;
    Moments::new(mean, variance)
}

/// Sum of a term per score, in lanes that do not depend on the processor.
fn sum_of(scores: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let (chunks, rest) = scores.as_chunks::<LANES>();
    let mut lanes = [0f64; LANES];
    for chunk in chunks {
        for (lane, score) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(*score));
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|score| term(f64::from(*score))).sum::<f64>()
}
