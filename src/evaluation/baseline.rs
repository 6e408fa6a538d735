//! The bar that costs no privacy: content similarity, channel affinity and public popularity.

use crate::model::blend::Weights;
use crate::model::components::{COMPONENTS, Component};

/// Fixed, equal weights: nothing is learned.
pub fn content_weights() -> Weights {
    let mut weights = Weights([0.0; COMPONENTS]);
    for component in [Component::Content, Component::Channel, Component::Popularity] {
        weights.0[component as usize] = 0.5;
    }
    weights
}
