//! Canary accounts on the path of real accounts, and what an attacker sees of them.

use rand::CryptoRng;

use crate::evaluation::EvaluationError;
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::support::Support;
#[cfg(feature = "planted-bugs")]
use crate::privacy::planted::PlantedBug;
use crate::privacy::release::EvidenceSum;
use crate::privacy::{BudgetShares, Delta};

/// Fewest that a basis may have; more would only add rows that say nothing about canaries.
const DIMENSIONS: u16 = 2;
/// Canaries ask for more than the clipping norm in factor and weights, so that missing clipping shows.
const EXCESS: f32 = 3.0;

/// What is wrong with the audited mechanism: nothing, unless the feature of planted bugs is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fault(
    /// The bug, if any.
    #[cfg(feature = "planted-bugs")]
    pub Option<PlantedBug>,
);

#[cfg_attr(
    not(feature = "planted-bugs"),
    allow(clippy::unused_self, reason = "without the feature there is no bug")
)]
impl Fault {
    #[cfg_attr(not(feature = "planted-bugs"), allow(clippy::unused_self))]
    pub(super) fn plant(self, sum: EvidenceSum) -> EvidenceSum {
        #[cfg(feature = "planted-bugs")]
        return sum.with_bug(self.0);
        #[cfg(not(feature = "planted-bugs"))]
        sum
    }

    /// Releases of the same evidence that a receiver gets to see.
    #[cfg_attr(not(feature = "planted-bugs"), allow(clippy::unused_self))]
    fn deliveries(self) -> usize {
        #[cfg(feature = "planted-bugs")]
        if self.0 == Some(PlantedBug::NoiseRedrawn) {
            return 2;
        }
        1
    }
}

/// Who took part, and how present each looks in the release: 1 for present and 0 for absent if there were no noise.
pub struct Canaries {
    present: Vec<bool>,
    scores: Vec<f32>,
}

impl Canaries {
    /// Flips a coin for each of `canaries`, releases those that take part, and scores all of them.
    ///
    /// Each canary watches one video of its own, so that scores are independent; nearly the whole budget is spent on sums
    /// per video, which is the division that is worst for the canaries.
    pub(super) fn attack(
        canaries: usize,
        mu: f64,
        delta: Delta,
        fault: Fault,
        randomness: &mut impl CryptoRng,
    ) -> Result<Self, EvaluationError> {
        let present: Vec<bool> = (0..canaries).map(|_| randomness.next_u32() & 1 == 1).collect();
        let videos = (0..canaries)
            .map(|canary| format!("https://canary.example/{canary:08}"))
            .collect();
        let support = Support::new(videos, vec!["https://canary.example/channel".to_owned()]);
        let mut scores = vec![0f32; canaries];
        for _ in 0..fault.deliveries() {
            let shares = BudgetShares::from_weights(0.97, 0.01, 0.01, 0.01)?;
            let mut sum = fault.plant(EvidenceSum::new(BasisId([0; 32]), DIMENSIONS, support.clone(), shares));
            for (canary, _) in present.iter().enumerate().filter(|(_, present)| **present) {
                sum.add(&Contribution {
                    factor: vec![EXCESS, 0.0],
                    videos: vec![(canary as u32, EXCESS)],
                    channels: vec![],
                });
            }
            let released = sum.release(mu, delta, 1, randomness)?;
            let rows = released.value().video_sums();
            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(usize::from(DIMENSIONS))) {
                *score += row[0] / fault.deliveries() as f32;
            }
        }
        Ok(Self { present, scores })
    }

    /// Who took part.
    pub fn present(&self) -> &[bool] {
        &self.present
    }

    /// How present each canary looks.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// Guesses "present" about the `guesses / 2` highest scores and "absent" about as many lowest; counts what is right.
    pub fn correct_guesses(&self, guesses: usize) -> usize {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        // Equal scores stay in the order of the canaries, which says nothing about their coins.
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        let half = guesses / 2;
        let highest = order.iter().take(half).filter(|&&canary| self.present[canary]).count();
        let lowest = order
            .iter()
            .rev()
            .take(half)
            .filter(|&&canary| !self.present[canary])
            .count();
        highest + lowest
    }
}
