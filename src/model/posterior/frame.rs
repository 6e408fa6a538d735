//! The eigenbasis of the users' second moments, in which all coordinates are independent.

use crate::model::evidence::EvidenceSource;
use crate::model::linear_algebra::{dot, eigen};

/// Eigenvalues below this share of their mean are raised to it: directions in which hardly any user lies, or which noise
/// has pushed below zero.
const SMALLEST_EIGENVALUE: f64 = 0.2;

/// Eigenvalues of the mean second moment of a user's factor, and the rotation into its eigenbasis.
pub(super) struct Frame {
    /// One eigenvalue per direction, all positive.
    pub values: Vec<f64>,
    vectors: Vec<f32>,
}

impl Frame {
    /// From all sources, weighted by their number of users and by what noise leaves of them.
    pub fn new(sources: &[EvidenceSource], d: usize) -> Option<Self> {
        let mut sum = vec![0f64; d * d];
        let mut users = 0.0;
        for source in sources.iter().filter(|source| source.contributors >= 1.0) {
            let weight = 1.0 / (1.0 + source.gram_noise * d as f64 / source.contributors);
            users += weight * source.contributors;
            for (s, value) in sum.iter_mut().zip(&source.gram) {
                *s += weight * f64::from(*value);
            }
        }
        if users <= 0.0 {
            return None;
        }
        let mean: Vec<f32> = sum.iter().map(|value| (value / users) as f32).collect();
        let (values, vectors) = eigen(&mean, d)?;
        let typical = values.iter().map(|value| value.max(0.0)).sum::<f64>() / d as f64;
        let smallest = (typical * SMALLEST_EIGENVALUE).max(1e-9);
        Some(Self {
            values: values.iter().map(|value| value.max(smallest)).collect(),
            vectors: vectors.iter().map(|value| *value as f32).collect(),
        })
    }

    /// `row` in the eigenbasis.
    pub fn rotate(&self, row: &[f32], rotated: &mut [f32]) {
        for (value, vector) in rotated.iter_mut().zip(self.vectors.chunks_exact(row.len().max(1))) {
            *value = dot(vector, row);
        }
    }
}
