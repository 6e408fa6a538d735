//! How similar videos are: cosines of their factors in every space, blended as for users.
//!
//! The blend is itself an inner product, of vectors that join an item's directions in all spaces. Where there are very many items,
//! short sketches of these vectors say which are probably the most similar ones, and only those are compared in full.

use super::components::Component;
use super::factor_model::{FactorModel, Moments};
use super::linear_algebra::dot;
use super::recommender::Recommender;
use super::selection::evenly_spread;
use super::sketch::Sketch;

/// With fewer items all are compared in full.
pub const SKETCHED: usize = 20_000;
/// Items, about, that say how similar a random one is.
const SAMPLE: usize = 512;
/// Entries of a sketch.
const SHORT: usize = 64;

impl Recommender {
    /// How similar every item is to `item`: cosine of the factors, blended as for users; the item itself is 1.
    /// All zeros for an item out of range.
    pub fn similar(&self, item: u32) -> Vec<f32> {
        let mut total = vec![0f32; self.items()];
        for (weight, space) in self.comparing(item) {
            space.add_cosines(item, weight, &mut total);
        }
        total
    }

    /// The same as [`Self::similar`], of `others` only, in their order; 0 for one out of range.
    pub fn similar_among(&self, item: u32, others: &[u32]) -> Vec<f32> {
        let mut total = vec![0f32; others.len()];
        for (weight, space) in self.comparing(item) {
            for (sum, cosine) in total.iter_mut().zip(space.cosines_to(item, others)) {
                *sum += weight * cosine;
            }
        }
        total
    }

    /// How far each of `others` is above the similarity of a random item to `item`, in standard deviations of that, in their order. Of
    /// many items a sample says what is random.
    pub fn similarity_above_chance(&self, item: u32, others: &[u32]) -> Vec<f32> {
        self.above_chance(item, others, |items| self.similar_among(item, items))
    }

    /// The same by public content alone.
    pub fn content_above_chance(&self, item: u32, others: &[u32]) -> Vec<f32> {
        let content = &self.components().content;
        self.above_chance(item, others, |items| content.cosines_to(item, items))
    }

    fn above_chance(&self, item: u32, others: &[u32], similar: impl Fn(&[u32]) -> Vec<f32>) -> Vec<f32> {
        let random: Vec<u32> = evenly_spread(self.items(), SAMPLE)
            .filter(|other| *other != item)
            .collect();
        let (mut sum, mut squares) = (0f64, 0f64);
        for similarity in similar(&random).into_iter().map(f64::from) {
            sum += similarity;
            squares += similarity * similarity;
        }
        let count = random.len().max(1) as f64;
        let mean = sum / count;
        let above = |moments: Moments| {
            similar(others)
                .into_iter()
                .map(|value| moments.standardized(value))
                .collect()
        };
        Moments::new(mean, squares / count - mean * mean).map_or_else(|| vec![0.0; others.len()], above)
    }

    /// A guess at [`Self::similar`], good enough to find the most similar items; `None` where there are so few that none is needed,
    /// and before [`Self::prepare`].
    pub fn probably_similar(&self, item: u32) -> Option<Vec<f32>> {
        let sketch = self.sketch()?;
        let spaces = self.spaces();
        let mut joined = vec![0f32; joined_length(&spaces)];
        join(&spaces, item, &mut joined);
        // What the weights of the spaces add up to in which the item can be compared.
        let known = dot(&joined, &joined);
        let scale = if known > 0.0 { 1.0 / known } else { 0.0 };
        joined.iter_mut().for_each(|entry| *entry *= scale);
        let mut guesses = vec![0f32; self.items()];
        sketch.add_guesses(&joined, &mut guesses);
        Some(guesses)
    }

    /// The sketch of all items, where there are enough of them.
    pub(super) fn make_sketch(&self) -> Option<Sketch> {
        if self.items() < SKETCHED {
            return None;
        }
        let spaces = self.spaces();
        Sketch::new(self.items(), joined_length(&spaces), SHORT, |item, row| {
            join(&spaces, item, row);
        })
    }

    /// All spaces in which items are compared, with their positive weights.
    fn spaces(&self) -> Vec<(f32, &FactorModel)> {
        let components = self.components();
        let of = |component| self.weights().of(component).min(1.0);
        let spaces = [
            (of(Component::Federated), components.federated.as_ref()),
            (of(Component::Own), components.own.as_ref()),
            // Content counts at least a little: it is what a stranger to the model sees in "similar".
            (0.5, Some(&components.content)),
        ];
        let known = spaces.into_iter().filter_map(|(weight, space)| Some((weight, space?)));
        known.filter(|(weight, _)| *weight > 0.0).collect()
    }

    /// The spaces in which `item` can be compared, with weights that add up to one.
    fn comparing(&self, item: u32) -> Vec<(f32, &FactorModel)> {
        let mut comparing = self.spaces();
        comparing.retain(|(_, space)| space.has_direction(item));
        let sum: f32 = comparing.iter().map(|(weight, _)| weight).sum();
        comparing.iter_mut().for_each(|(weight, _)| *weight /= sum);
        comparing
    }
}

fn joined_length(spaces: &[(f32, &FactorModel)]) -> usize {
    spaces.iter().map(|(_, space)| space.items.dimensions()).sum()
}

/// The directions of `item` in all spaces, each as long as the root of the space's weight; zeros where it has none.
fn join(spaces: &[(f32, &FactorModel)], item: u32, joined: &mut [f32]) {
    let mut rest = joined;
    for (weight, space) in spaces {
        let (part, behind) = rest.split_at_mut(space.items.dimensions());
        space.write_direction(item, weight.sqrt(), part);
        rest = behind;
    }
}
