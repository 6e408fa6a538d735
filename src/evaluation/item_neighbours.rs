//! Item-based nearest neighbours with shrunken cosine similarity: a classic reference model.

use rayon::prelude::*;

use crate::model::interactions::Interactions;

/// Per item, its most similar items.
pub struct ItemNeighbours {
    /// Per item `h`, the (item, similarity) pairs in whose neighbourhood `h` is.
    listed_in: Vec<Vec<(u32, f32)>>,
}

impl ItemNeighbours {
    /// Keeps the `neighbours` items of largest `n_ij / (sqrt(n_i n_j) + shrinkage)` for every item `i`; `n` counts users.
    pub fn fit(interactions: &Interactions, neighbours: usize, shrinkage: f32) -> Self {
        let users_of = interactions.transposed();
        let items = interactions.items();
        let count = |item: usize| users_of.row(item).0.len() as f32;
        let neighbourhoods: Vec<Vec<(u32, f32)>> = (0..items)
            .into_par_iter()
            .map_init(
                || vec![0f32; items],
                |together, item| {
                    together.fill(0.0);
                    for user in users_of.row(item).0 {
                        for other in interactions.row(*user as usize).0 {
                            together[*other as usize] += 1.0;
                        }
                    }
                    together[item] = 0.0;
                    let mut similar: Vec<(u32, f32)> = (0..items)
                        .filter(|other| together[*other] > 0.0)
                        .map(|other| {
                            let scale = (count(item) * count(other)).sqrt() + shrinkage;
                            (other as u32, together[other] / scale)
                        })
                        .collect();
                    similar.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    similar.truncate(neighbours);
                    similar
                },
            )
            .collect();
        let mut listed_in = vec![Vec::new(); items];
        for (item, neighbourhood) in neighbourhoods.into_iter().enumerate() {
            for (other, similarity) in neighbourhood {
                listed_in[other as usize].push((item as u32, similarity));
            }
        }
        Self { listed_in }
    }

    /// Scores of all items: the sum of similarities to those items of the history that are among their neighbours.
    pub fn scores(&self, history: &[u32]) -> Vec<f32> {
        let mut scores = vec![0.0; self.listed_in.len()];
        for item in history {
            for (candidate, similarity) in &self.listed_in[*item as usize] {
                scores[*candidate as usize] += similarity;
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarities_by_hand() {
        let mut interactions = Interactions::new(3);
        interactions.push_user([(0, 1.0), (1, 1.0)]);
        interactions.push_user([(0, 1.0), (1, 1.0), (2, 1.0)]);
        interactions.push_user([(0, 1.0), (2, 1.0)]);
        interactions.push_user([(1, 1.0)]);
        // Counts 3, 3, 2; together 0-1: 2, 0-2: 2, 1-2: 1.
        let all = ItemNeighbours::fit(&interactions, 2, 1.0);
        let scores = all.scores(&[0]);
        assert!((scores[1] - 2.0 / 4.0).abs() < 1e-6);
        assert!((scores[2] - 2.0 / (6f32.sqrt() + 1.0)).abs() < 1e-6);
        // Only the nearest neighbour: that of 0 is 2, of 1 and 2 it is 0.
        let nearest = ItemNeighbours::fit(&interactions, 1, 1.0);
        assert!(nearest.scores(&[1]).iter().all(|score| *score == 0.0));
        assert!(nearest.scores(&[2])[0] > 0.0);
    }
}
