//! The components of a score. Each gives one number per item for one user; their blend is the score.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::basis::contribution_fold_in;
use super::catalogue::Catalogue;
use super::factors::Factors;
use super::fold_in::{FoldIn, FoldedUser, scores};
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

/// Item factors with what folds users into them.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct FactorModel {
    /// One row per item.
    pub items: Factors,
    /// The prepared fold-in.
    pub fold_in: FoldIn,
    mean: Vec<f32>,
    #[serde(skip)]
    lengths: OnceLock<Vec<f32>>,
}

impl FactorModel {
    /// Item factors and their fold-in.
    pub fn new(items: Factors, fold_in: FoldIn) -> Self {
        let mean = items.mean();
        Self {
            items,
            fold_in,
            mean,
            lengths: OnceLock::new(),
        }
    }

    /// The cosine between `item` and every item, 0 to those without a factor; `None` where `item` is out of range or has none.
    pub fn cosines(&self, item: u32) -> Option<Vec<f32>> {
        let length = self.length(item)?;
        let products = scores(&self.items, self.items.row(item as usize));
        let cosine = |(product, other): (f32, &f32)| if *other > 0.0 { product / (length * other) } else { 0.0 };
        Some(products.into_iter().zip(self.lengths()).map(cosine).collect())
    }

    /// The same to `others` only, in their order; 0 for one out of range.
    pub fn cosines_to(&self, item: u32, others: &[u32]) -> Option<Vec<f32>> {
        let length = self.length(item)?;
        let target = self.items.row(item as usize);
        let cosine = |other: &u32| {
            self.length(*other).map_or(0.0, |other_length| {
                dot(self.items.row(*other as usize), target) / (length * other_length)
            })
        };
        Some(others.iter().map(cosine).collect())
    }

    /// The length of an item's factor; `None` where it is out of range or zero.
    fn length(&self, item: u32) -> Option<f32> {
        self.lengths()
            .get(item as usize)
            .copied()
            .filter(|length| *length > 0.0)
    }

    /// Lengths of the item factors, computed once.
    fn lengths(&self) -> &[f32] {
        let rows = || self.items.values().chunks_exact(self.items.dimensions().max(1));
        self.lengths
            .get_or_init(|| rows().map(|row| dot(row, row).sqrt()).collect())
    }
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
}

/// Scores of one component, mean 0 and standard deviation 1 over all items; empty when it says nothing.
#[derive(Clone, Default)]
pub struct Standardized {
    /// One number per item, or none at all.
    pub scores: Vec<f32>,
    /// What a raw score was divided by.
    pub deviation: f32,
}

/// A user as the components see one.
#[derive(Clone, Default)]
pub struct FoldedHistory {
    /// Parts of the factor in the federation's space.
    pub federated: FoldedUser,
    /// Parts of the factor in the own space.
    pub own: FoldedUser,
    /// Parts of the factor in the content space.
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

    /// The standardized scores of `component` for a folded history.
    pub fn score(&self, component: Component, user: &FoldedHistory) -> Standardized {
        let factor_scores = |model: Option<&FactorModel>, user: &FoldedUser| match model {
            Some(model) if user.factor.iter().any(|value| *value != 0.0) => scores(&model.items, &user.factor),
            _ => Vec::new(),
        };
        standardize(match component {
            Component::Federated => factor_scores(self.federated.as_ref(), &user.federated),
            Component::Own => factor_scores(self.own.as_ref(), &user.own),
            Component::Content => factor_scores(Some(&self.content), &user.content),
            Component::Channel if user.channels.is_empty() => Vec::new(),
            Component::Channel => {
                let channels = self.channel_of.iter().max().map_or(0, |last| *last + 1);
                let affinity: Vec<f32> = (0..channels).map(|channel| channel_affinity(user, channel)).collect();
                self.channel_of
                    .iter()
                    .map(|channel| affinity[*channel as usize])
                    .collect()
            }
            Component::Popularity => self.popularity.clone(),
            Component::LocalPopularity => self.local_popularity.clone(),
        })
    }

    /// How much each item of the history adds to the raw score of `item` above the mean item.
    pub fn parts(&self, component: Component, user: &FoldedHistory, item: u32) -> Vec<(u32, f32)> {
        let (model, user) = match component {
            Component::Federated => (self.federated.as_ref(), &user.federated),
            Component::Own => (self.own.as_ref(), &user.own),
            Component::Content => (Some(&self.content), &user.content),
            _ => (None, &user.content),
        };
        let Some(model) = model else { return Vec::new() };
        let direction: Vec<f32> = model
            .items
            .row(item as usize)
            .iter()
            .zip(&model.mean)
            .map(|(v, mean)| v - mean)
            .collect();
        user.parts
            .iter()
            .map(|(watched, part)| (*watched, dot(part, &direction)))
            .collect()
    }
}

/// Logarithmic in what was watched of the channel, negative when it was disliked.
pub(super) fn channel_affinity(user: &FoldedHistory, channel: u32) -> f32 {
    let sum = user.channels.get(&channel).copied().unwrap_or(0.0);
    sum.signum() * sum.abs().ln_1p()
}

fn standardize(mut scores: Vec<f32>) -> Standardized {
    if scores.is_empty() {
        return Standardized::default();
    }
    let (mean, variance) = moments(&scores);
    let deviation = variance.sqrt() as f32;
    if deviation.is_nan() || deviation < 1e-9 {
        return Standardized::default();
    }
    scores
        .iter_mut()
        .for_each(|score| *score = (*score - mean as f32) / deviation);
    Standardized { scores, deviation }
}

/// Mean and variance.
fn moments(scores: &[f32]) -> (f64, f64) {
    let count = scores.len() as f64;
    let mean = sum_of(scores, |score| score) / count;
    let variance = sum_of(scores, |score| (score - mean) * (score - mean)) / count;
    (mean, variance)
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
