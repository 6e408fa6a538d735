//! Three attacks that anybody who receives releases could try.
//!
//! Each takes an [`Attack`], so that the same code shows that it fails against a real release and succeeds when the
//! protection is off.

use rand::CryptoRng;

use super::Fault;
use crate::evaluation::EvaluationError;
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::support::Support;
use crate::privacy::mechanism::Mechanism;
use crate::privacy::{BudgetShares, Delta, EvidenceGrid, Noised};

const DIMENSIONS: u16 = 8;

/// The releases that are attacked.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Gaussian-DP parameter of each release.
    pub mu: f64,
    /// Delta of each release.
    pub delta: Delta,
    /// Videos in the public list.
    pub videos: usize,
    /// Videos that each account watched.
    pub watched: usize,
    /// What is wrong with the mechanism.
    pub fault: Fault,
}

impl Attack {
    /// Rows of a release of `accounts`, for videos, channels and second moments, in which every number is exactly zero: they
    /// would show that nobody watched.
    ///
    /// # Errors
    /// [`EvaluationError::Privacy`] when the mechanism refuses.
    pub fn silent_rows(&self, accounts: usize, randomness: &mut impl CryptoRng) -> Result<usize, EvaluationError> {
        let accounts: Vec<Contribution> = (0..accounts).map(|_| self.account(randomness)).collect();
        let released = self.release(&accounts, randomness)?;
        let value = released.value();
        Ok([value.video_sums(), value.channel_sums(), value.gram()]
            .iter()
            .flat_map(|rows| rows.chunks_exact(DIMENSIONS.into()))
            .filter(|row| row.iter().all(|value| *value == 0.0))
            .count())
    }

    /// One of two known accounts leaves between two releases; the attacker subtracts them. Share of right guesses who it
    /// was, over `trials`. Under mu-GDP no attack exceeds `Phi(mu / sqrt 2)` in expectation, because the two possibilities
    /// are two steps of one account each apart, which `sqrt 2` covers when the accounts share no video.
    ///
    /// # Errors
    /// [`EvaluationError::Privacy`] when the mechanism refuses.
    pub fn differencing(&self, trials: usize, randomness: &mut impl CryptoRng) -> Result<f64, EvaluationError> {
        let mut right = 0;
        for _ in 0..trials {
            let mut accounts: Vec<Contribution> = (0..6).map(|_| self.account(randomness)).collect();
            let before = self.release(&accounts, randomness)?.value().video_sums();
            let suspects = [accounts[0].clone(), accounts[1].clone()];
            let leaver = (randomness.next_u32() & 1) as usize;
            accounts.remove(leaver);
            let after = self.release(&accounts, randomness)?.value().video_sums();
            let difference: Vec<f32> = before.iter().zip(&after).map(|(a, b)| a - b).collect();
            let likeness = suspects.each_ref().map(|suspect| likeness(suspect, &difference));
            right += usize::from((likeness[1] > likeness[0]) == (leaver == 1));
        }
        Ok(right as f64 / trials.max(1) as f64)
    }

    /// An instance with one account releases; the attacker names the videos with the largest rows. Share of the account's
    /// videos that are among as many named ones, over `trials`. Blind guessing finds `watched / videos`.
    ///
    /// # Errors
    /// [`EvaluationError::Privacy`] when the mechanism refuses.
    pub fn reconstruction(&self, trials: usize, randomness: &mut impl CryptoRng) -> Result<f64, EvaluationError> {
        let mut found = 0;
        for _ in 0..trials {
            let account = self.account(randomness);
            let released = self.release(std::slice::from_ref(&account), randomness)?;
            let rows = released.value().video_sums();
            let mut sizes: Vec<(f32, u32)> = rows
                .chunks_exact(DIMENSIONS.into())
                .zip(0u32..)
                .map(|(row, video)| (row.iter().map(|value| value * value).sum(), video))
                .collect();
            sizes.sort_by(|a, b| b.0.total_cmp(&a.0));
            let named = &sizes[..self.watched.min(sizes.len())];
            let watched = |video: u32| account.videos.iter().any(|(place, _)| *place == video);
            found += named.iter().filter(|(_, video)| watched(*video)).count();
        }
        Ok(found as f64 / (self.watched * trials).max(1) as f64)
    }

    fn account(&self, randomness: &mut impl CryptoRng) -> Contribution {
        let mut uniform = || f64::from(randomness.next_u32()) / f64::from(u32::MAX);
        let factor = (0..DIMENSIONS).map(|_| (uniform() - 0.3) as f32).collect();
        let mut videos: Vec<(u32, f32)> = Vec::new();
        while videos.len() < self.watched.min(self.videos) {
            let video = ((uniform() * self.videos as f64) as u32).min(self.videos as u32 - 1);
            if videos.iter().all(|(place, _)| *place != video) {
                videos.push((video, 1.0));
            }
        }
        Contribution {
            factor,
            videos,
            channels: vec![],
        }
    }

    fn release(
        &self,
        accounts: &[Contribution],
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, EvaluationError> {
        let names = (0..self.videos)
            .map(|video| format!("https://attacked.example/{video:06}"))
            .collect();
        let support = Support::new(names, vec!["https://attacked.example/channel".to_owned()]);
        let shares = BudgetShares::from_weights(0.97, 0.01, 0.01, 0.01)?;
        let mechanism = self.fault.plant(Mechanism::new(shares, self.mu, self.delta, 1));
        Ok(mechanism.release_contributions(BasisId([0; 32]), DIMENSIONS, &support, accounts, randomness)?)
    }
}

/// Inner product of what the account would have added with what is there.
fn likeness(suspect: &Contribution, difference: &[f32]) -> f32 {
    let d = usize::from(DIMENSIONS);
    let norm = suspect
        .factor
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(1.0);
    suspect
        .videos
        .iter()
        .map(|&(video, _)| {
            let row = &difference[video as usize * d..][..d];
            row.iter().zip(&suspect.factor).map(|(a, b)| a * b / norm).sum::<f32>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::privacy::{AnnualBudget, Epsilon};

    /// One release of twelve at the shipped budget.
    fn attack(fault: Fault) -> Attack {
        let delta = Delta::new(1e-6).unwrap();
        let budget = AnnualBudget::new(Epsilon::new(4.0).unwrap(), delta, 12).unwrap();
        Attack {
            mu: budget.release_mu(),
            delta,
            videos: 300,
            watched: 10,
            fault,
        }
    }

    fn randomness() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(77)
    }

    #[test]
    fn every_row_of_a_release_is_noised() {
        for accounts in [1, 5, 50] {
            assert_eq!(
                attack(Fault::default())
                    .silent_rows(accounts, &mut randomness())
                    .unwrap(),
                0
            );
        }
    }

    #[test]
    fn differencing_two_releases_is_hardly_better_than_a_coin() {
        const TRIALS: usize = 1_000;
        let attack = attack(Fault::default());
        let rate = attack.differencing(TRIALS, &mut randomness()).unwrap();
        let bound = 0.5 * libm::erfc(-attack.mu / 2.0);
        let error = 0.5 / (TRIALS as f64).sqrt();
        assert!(rate < bound + 4.0 * error, "{rate} above {bound}");
        assert!(rate > 0.5 - 4.0 * error, "{rate}: the attacker is confused");
    }

    #[test]
    fn the_history_of_a_lonely_account_cannot_be_reconstructed() {
        let rate = attack(Fault::default()).reconstruction(100, &mut randomness()).unwrap();
        // Blind guessing finds one in thirty.
        assert!(rate < 0.08, "{rate}");
    }

    #[cfg(feature = "planted-bugs")]
    #[test]
    fn without_noise_all_three_attacks_succeed() {
        let attack = attack(Fault(Some(crate::privacy::planted::PlantedBug::NoiseOff)));
        assert!(attack.silent_rows(5, &mut randomness()).unwrap() > 200);
        assert!(attack.differencing(50, &mut randomness()).unwrap() > 0.99);
        assert!(attack.reconstruction(20, &mut randomness()).unwrap() > 0.99);
    }
}
