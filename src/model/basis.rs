//! The public vectors in which evidence is expressed: of content at first, later of what a common sum has taught.
//!
//! What stays out: how contributions are made ([`super::contribution`]) and how sums are read ([`super::posterior`]).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::contribution::EvidenceBasis;
use super::evidence::BasisId;
use super::factors::Factors;
use super::fold_in::FoldIn;
use super::item::Item;
use super::least_squares::Workspace;
use super::linear_algebra::dot;

/// Length of the history of the public mean user, whose direction is taken out of the factors in refined bases.
const MEAN_HISTORY: f32 = 50.0;

/// One vector per item, known to everybody who expresses sums in it, and its digest.
#[derive(Clone)]
pub struct Basis {
    id: BasisId,
    vectors: Arc<Factors>,
    popular: Vec<f32>,
    refined: bool,
}

impl Basis {
    /// The basis of the first sweep: content vectors.
    pub fn first(definition: EvidenceBasis, items: &[Item]) -> Self {
        let vectors = definition.content().vectors(items);
        Self {
            id: definition.id(),
            popular: vec![0.0; vectors.dimensions()],
            vectors: Arc::new(vectors),
            refined: false,
        }
    }

    /// The basis of the next sweep: `factors` are the posterior that follows from one common sum (`items x D`), `sum` is
    /// the digest of that sum. Keeps the D - 1 directions that matter most, so that messages keep their size.
    ///
    /// In such a basis the direction of a user who watches what everybody watches is known from public counters, so
    /// it is taken out of every user's factor ([`Self::popular_direction`]) and costs no budget.
    #[must_use]
    pub fn refined(&self, items: &[Item], factors: &Factors, sum: [u8; 32]) -> Self {
        let kept = strongest(items, factors, self.vectors.dimensions());
        let mut vectors = Factors::zeros(factors.rows(), kept.len());
        for row in 0..factors.rows() {
            for (value, direction) in vectors.row_mut(row).iter_mut().zip(&kept) {
                *value = factors.row(row)[*direction];
            }
        }
        let length = (vectors.values().iter().map(|v| v * v).sum::<f32>() / vectors.rows().max(1) as f32).sqrt();
        if length > 0.0 {
            vectors.values_mut().iter_mut().for_each(|value| *value /= length);
        }
        let id = Sha256::new()
            .chain_update(b"shoal refined basis 1")
            .chain_update(self.id.0)
            .chain_update(sum)
            .finalize();
        Self {
            id: BasisId(id.into()),
            popular: popular_direction(items, &vectors),
            vectors: Arc::new(vectors),
            refined: true,
        }
    }

    /// Its digest.
    pub fn id(&self) -> BasisId {
        self.id
    }

    /// One row per item, without the constant dimension.
    pub fn vectors(&self) -> &Factors {
        &self.vectors
    }

    /// Numbers per row of a sum: the vectors' dimensions and the constant one.
    pub fn dimensions(&self) -> usize {
        self.vectors.dimensions() + 1
    }

    /// Unit vector that is taken out of every user's factor; zeros in the first basis.
    pub fn popular_direction(&self) -> &[f32] {
        &self.popular
    }

    /// Whether it follows from a common sum.
    pub fn is_refined(&self) -> bool {
        self.refined
    }
}

/// Fold-in of contributions: its ridge knows the scale of the vectors.
pub fn contribution_fold_in(vectors: &Factors) -> FoldIn {
    FoldIn::with_relative_ridge(vectors, EvidenceBasis::UNOBSERVED_WEIGHT, EvidenceBasis::RIDGE)
}

/// The `count` directions in which viewed items have the largest second moment, ascending.
fn strongest(items: &[Item], factors: &Factors, count: usize) -> Vec<usize> {
    let mut energy = vec![0f64; factors.dimensions()];
    for (item, row) in items
        .iter()
        .zip(factors.values().chunks_exact(factors.dimensions().max(1)))
    {
        for (sum, value) in energy.iter_mut().zip(row) {
            *sum += (1.0 + item.views as f64) * f64::from(value * value);
        }
    }
    let mut order: Vec<usize> = (0..energy.len()).collect();
    order.sort_by(|&a, &b| energy[b].total_cmp(&energy[a]).then(a.cmp(&b)));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Direction of the user who watches in proportion to public counters.
fn popular_direction(items: &[Item], vectors: &Factors) -> Vec<f32> {
    let total = items.iter().map(|item| item.views as f32).sum::<f32>().max(1.0);
    let (viewed, values): (Vec<u32>, Vec<f32>) = (0u32..)
        .zip(items)
        .filter(|(_, item)| item.views > 0)
        .map(|(index, item)| (index, (item.views as f32 / total * MEAN_HISTORY).min(1.0)))
        .unzip();
    let mut workspace = Workspace::new(vectors.dimensions());
    let mut direction = contribution_fold_in(vectors).factor(&mut workspace, vectors, &viewed, &values);
    let length = dot(&direction, &direction).sqrt();
    if length > 0.0 && length.is_finite() {
        direction.iter_mut().for_each(|value| *value /= length);
    } else {
        direction.fill(0.0);
    }
    direction
}
