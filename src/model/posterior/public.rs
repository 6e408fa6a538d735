//! Public dimensions beside the posterior: what costs no privacy and every user may weigh alone when folding in.

use rayon::prelude::*;

use crate::model::catalogue::Catalogue;
use crate::model::factors::Factors;

/// Length of the basis vectors beside the posterior, in units of the posterior's mean length.
const BASIS: f32 = 0.3;

/// `factors` with a constant, the logarithm of the public counter, and the vectors of the basis as further dimensions, all
/// in units of the mean length of `factors`.
pub fn with_public_dimensions(catalogue: &Catalogue, factors: &Factors) -> Factors {
    let (d, rows) = (factors.dimensions(), factors.rows());
    let unit = (factors.values().iter().map(|v| f64::from(v * v)).sum::<f64>() / rows.max(1) as f64).sqrt() as f32;
    let most = catalogue.items().iter().map(|item| item.views).max().unwrap_or(0);
    let logarithm = |views: u64| (views as f32).ln_1p();
    let basis = catalogue.basis().vectors();
    let width = d + 2 + basis.dimensions();
    let mut extended = Factors::zeros(rows, width);
    extended
        .values_mut()
        .par_chunks_mut(width)
        .enumerate()
        .for_each(|(item, row)| {
            row[..d].copy_from_slice(factors.row(item));
            row[d] = unit;
            row[d + 1] = unit * logarithm(catalogue.items()[item].views) / logarithm(most).max(1.0);
            for (value, vector) in row[d + 2..].iter_mut().zip(basis.row(item)) {
                *value = unit * BASIS * vector;
            }
        });
    extended
}
