//! Public dimensions beside the posterior: what costs no privacy and every user may weigh alone when folding in.

use rayon::prelude::*;

use crate::model::catalogue::Catalogue;
use crate::model::factors::Factors;

/// Length of the basis vectors beside the posterior, whose root mean square length is 1.
const BASIS: f32 = 0.3;

/// `factors` with a constant, the logarithm of the public counter, and the vectors of the basis as further dimensions, all
/// in units of the root mean square length of `factors`. Where noise leaves next to nothing of the sums, that length is next
/// to nothing; in this unit a fold-in still has a solution.
pub fn with_public_dimensions(catalogue: &Catalogue, factors: &Factors) -> Factors {
    let (d, rows) = (factors.dimensions(), factors.rows());
    let squares = factors.values().iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let length = (squares / rows.max(1) as f64).sqrt();
    let scale = if length > 0.0 { (1.0 / length) as f32 } else { 0.0 };
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
            for (value, factor) in row.iter_mut().zip(factors.row(item)) {
                *value = scale * factor;
            }
            row[d] = 1.0;
            row[d + 1] = logarithm(catalogue.items()[item].views) / logarithm(most).max(1.0);
            for (value, vector) in row[d + 2..].iter_mut().zip(basis.row(item)) {
                *value = BASIS * vector;
            }
        });
    extended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contribution::EvidenceBasis;
    use crate::model::fold_in::{FoldIn, scores};
    use crate::model::item::Item;

    #[test]
    fn users_are_told_apart_however_short_the_factors_are() {
        let items = (0..40).map(|item| Item {
            address: format!("item {item:02}"),
            tags: vec![format!("tag {}", item % 2)],
            ..Item::default()
        });
        let catalogue = Catalogue::new(items.collect(), EvidenceBasis::new(8));
        for length in [0.0f32, 1e-12, 1e-6, 1.0, 1e6] {
            let mut factors = Factors::zeros(40, 3);
            for (item, row) in factors.values_mut().chunks_exact_mut(3).enumerate() {
                row[item % 2] = length;
            }
            let extended = with_public_dimensions(&catalogue, &factors);
            let fold_in = FoldIn::with_relative_ridge(&extended, 0.2, 0.1);
            let user = fold_in.explained(&extended, &[0, 2, 4], &[1.0; 3]);
            let scores = scores(&extended, &user.factor);
            assert!(scores[6] > scores[7] + 0.01, "{length}: {} {}", scores[6], scores[7]);
        }
    }
}
