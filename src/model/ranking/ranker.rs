//! The learned second stage, ready to rank.

use std::collections::HashSet;
use std::hash::BuildHasher;

use super::super::recommender::Recommender;
use super::candidates::{candidates, permute};
use super::conditional_logit::{Weights, score};
use super::facts::{Background, Facts};
use super::features::{Feature, Reader, Scene};
use super::scale::Scale;

/// A learned second stage. Immutable: it is replaced together with the recommender that it was learned with.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Ranker {
    weights: Weights,
    scale: Scale,
    background: Background,
}

impl Ranker {
    /// From weights of scaled features, and what the accounts did together.
    pub fn new(weights: Weights, scale: Scale, background: Background) -> Self {
        Self {
            weights,
            scale,
            background,
        }
    }

    /// The same for items that came later too; `channel_of` has the channel of every item, the new ones last.
    #[must_use]
    pub fn with_new_items(self, channel_of: &[u32]) -> Self {
        Self {
            background: self.background.with_new_items(channel_of),
            ..self
        }
    }

    /// What one standard deviation of a feature adds.
    pub fn weight(&self, feature: Feature) -> f64 {
        self.weights[feature as usize]
    }

    /// Ranks the best candidates of `scores`, one per item, again: they hand their scores out among themselves. Items in
    /// `excluded`, and those that not everybody may see, keep theirs.
    pub fn rerank<S: BuildHasher>(
        &self,
        recommender: &Recommender,
        facts: &Facts,
        reader: &Reader<'_>,
        excluded: &HashSet<u32, S>,
        scores: &mut [f32],
    ) {
        let scene = Scene {
            recommender,
            facts,
            background: &self.background,
        };
        let chosen = candidates(facts, scores, &reader.subscriptions(), excluded, reader.time);
        let ranked: Vec<f32> = scene
            .features(reader, scores, &chosen)
            .iter()
            .map(|row| score(&self.weights, &self.scale.scaled(row)) as f32)
            .collect();
        permute(scores, &chosen, &ranked);
    }
}
