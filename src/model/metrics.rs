//! Ranking metrics for one user.
//!
//! Definitions as in Liang, Krishnan, Hoffman, Jebara 2018 (section 4.2): binary relevance, recall divided by
//! `min(k, targets)`, NDCG with gains `1 / log2(rank + 1)` divided by that of the best possible list.

/// Ranks (from 1) of `targets` in the order of falling score, among all items that are not in `excluded`.
///
/// Of equal scores, the lower item number comes first. `excluded` and `targets` must be disjoint, and sorted lists are
/// not required.
pub fn ranks(scores: &[f32], targets: &[u32], excluded: &[u32]) -> Vec<usize> {
    let architecture = pulp::Arch::new();
    targets
        .iter()
        .map(|&target| {
            let place = target as usize;
            let own = scores[place];
            // Two runs without a look at the item's number, so that the compiler may use vector registers.
            let (earlier, later) = scores.split_at(place);
            let ahead = architecture.dispatch(|| {
                let tied_or_better = earlier.iter().map(|score| u32::from(*score >= own)).sum::<u32>();
                tied_or_better + later.iter().map(|score| u32::from(*score > own)).sum::<u32>()
            });
            let before = |item: u32| {
                let score = scores[item as usize];
                score > own || (score >= own && item < target)
            };
            let hidden = excluded.iter().filter(|item| before(**item)).count();
            ahead as usize - hidden + 1
        })
        .collect()
}

/// Recall among the first `k`, divided by what is attainable; 0 without targets.
pub fn recall_at(ranks: &[usize], k: usize) -> f64 {
    let hits = ranks.iter().filter(|&&rank| rank <= k).count();
    hits as f64 / k.min(ranks.len()).max(1) as f64
}

/// Normalized discounted cumulative gain among the first `k`; 0 without targets.
pub fn ndcg_at(ranks: &[usize], k: usize) -> f64 {
    let gain = |rank: usize| 1.0 / ((rank + 1) as f64).log2();
    let found: f64 = ranks.iter().filter(|&&rank| rank <= k).map(|&rank| gain(rank)).sum();
    let best: f64 = (1..=ranks.len().min(k)).map(gain).sum();
    if best > 0.0 { found / best } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed_cases() {
        let scores = [0.9, 0.1, 0.8, 0.7, 0.3];
        // Item 0 is excluded, so the order is 2, 3, 4, 1.
        assert_eq!(ranks(&scores, &[3, 1], &[0]), vec![2, 4]);
        let ranks = [2, 4];
        assert!((recall_at(&ranks, 1) - 0.0).abs() < 1e-12);
        assert!((recall_at(&ranks, 2) - 0.5).abs() < 1e-12);
        assert!((recall_at(&ranks, 4) - 1.0).abs() < 1e-12);
        let expected = (1.0 / 3f64.log2() + 1.0 / 5f64.log2()) / (1.0 + 1.0 / 3f64.log2());
        assert!((ndcg_at(&ranks, 4) - expected).abs() < 1e-12);
        assert!((ndcg_at(&[1, 2], 10) - 1.0).abs() < 1e-12);
        assert!(ndcg_at(&[], 10).abs() < 1e-12);
    }

    #[test]
    fn equal_scores_keep_the_order_of_items() {
        assert_eq!(ranks(&[0.5, 0.5, 0.5], &[2, 0], &[1]), vec![2, 1]);
    }
}
