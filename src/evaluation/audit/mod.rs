//! Attacks on releases: what a peer could really learn, against what is promised.
//!
//! Canary accounts go through the path of real accounts: histories become a release in
//! [`Mechanism::release`], the function that a sidecar calls; the release is encoded, and decoded as a peer decodes it. An
//! attacker who knows everything except which canaries took part guesses that from the release. Too many correct guesses
//! refute the promise with a stated confidence. An audit can refute a promise, never prove one: proofs are in
//! [`crate::privacy`].
//!
//! Learning makes the contribution of every history as long as it may be, so histories cannot show whether contributions
//! are clipped. For that there is a second attack, with canaries that enter as contributions that are too long.

pub mod attacks;
mod canaries;
mod chart;
mod fault;
mod independent;
mod membership;
mod one_run;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

pub use canaries::Canaries;
pub use chart::svg;
pub use fault::Fault;
pub use independent::mu_lower_bound;
pub use membership::{Membership, MembershipRow};
pub use one_run::{epsilon_lower_bound, p_value};

use self::canaries::Entrance;
use super::EvaluationError;
use crate::privacy::mechanism::{self, Mechanism};
use crate::privacy::{AnnualBudget, Delta, Epsilon, accountant};

/// What is audited, and how hard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditParameters {
    /// The promise.
    pub epsilon: Epsilon,
    /// Delta of the promise.
    pub delta: Delta,
    /// Accounts of each attack whose taking part is decided by a coin each.
    pub canaries: usize,
    /// Confidence of the lower bound, in (0, 1).
    pub confidence: f64,
    /// Seed of coins and noise.
    pub seed: u64,
}

/// What the audit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// Epsilon that the mechanism promises for the release.
    pub promised_epsilon: f64,
    /// The largest of the lower bounds of both attacks. Each is wrong with probability at most a quarter of
    /// `1 - confidence`.
    pub epsilon_lower_bound: f64,
    /// Confidence of the lower bound.
    pub confidence: f64,
    /// Delta of the promise.
    pub delta: f64,
    /// Noise multiplier of the release.
    pub noise_multiplier: f64,
    /// Canaries of each attack, each in the release with probability one half.
    pub canaries: usize,
    /// Canaries about which the attacker guessed: half of them those that look most present, half most absent.
    pub guesses: usize,
    /// Whether the promise survived.
    pub promise_holds: bool,
    /// With canaries that enter as watch histories.
    pub histories: CanaryAttack,
    /// With canaries that enter as contributions that are three times as long, in factor and weights, as they may be.
    pub contributions: CanaryAttack,
}

/// What one attack with canaries found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CanaryAttack {
    /// Lower bound on epsilon by one-run auditing, which assumes nothing about the mechanism.
    pub one_run_lower_bound: f64,
    /// Lower bound on epsilon by counting canaries as independent trials of Gaussian noise: tighter, but true for noise of
    /// that kind only.
    pub gaussian_lower_bound: f64,
    /// Guesses that were right.
    pub correct: usize,
    /// The same attack as a test of membership.
    pub membership: Membership,
}

impl CanaryAttack {
    /// The larger of the two bounds.
    pub fn lower_bound(&self) -> f64 {
        self.one_run_lower_bound.max(self.gaussian_lower_bound)
    }
}

impl AuditParameters {
    /// Number of guesses, chosen before anything is seen: few enough that the attacker is sure, and for a large epsilon
    /// so many that one-run auditing could exceed it.
    pub fn guesses(&self) -> usize {
        let convincing = 30.0 * self.epsilon.get().min(30.0).exp();
        let guesses = (self.canaries as f64 / 50.0).max(convincing).min(self.canaries as f64);
        guesses as usize / 2 * 2
    }
}

/// Audits one release.
///
/// # Errors
/// [`EvaluationError::Audit`] without enough canaries or with a senseless confidence, [`EvaluationError::Privacy`] when the mechanism refuses.
pub fn audit(parameters: &AuditParameters) -> Result<AuditReport, EvaluationError> {
    audit_with(parameters, Fault::default())
}

/// Audits a release with a fault; without the feature of planted bugs, the only fault is none.
///
/// # Errors
/// See [`audit`].
pub fn audit_with(parameters: &AuditParameters, fault: Fault) -> Result<AuditReport, EvaluationError> {
    let guesses = parameters.guesses();
    if guesses < 2 || !(parameters.confidence > 0.0 && parameters.confidence < 1.0) {
        return Err(EvaluationError::Audit(
            "an audit needs at least 100 canaries and a confidence between 0 and 1",
        ));
    }
    let mu = AnnualBudget::new(parameters.epsilon, parameters.delta, 1)?.release_mu();
    let mechanism = Mechanism::new(mechanism::shares()?, mu, parameters.delta, 1);
    let mut randomness = ChaCha20Rng::seed_from_u64(parameters.seed);
    let risk = (1.0 - parameters.confidence) / 4.0;
    let mut attack = |entrance| -> Result<CanaryAttack, EvaluationError> {
        let canaries = Canaries::attack(parameters.canaries, entrance, mechanism, fault, &mut randomness)?;
        let correct = canaries.correct_guesses(guesses);
        let one_run = epsilon_lower_bound(parameters.canaries, guesses, correct, parameters.delta, risk);
        Ok(CanaryAttack {
            one_run_lower_bound: one_run,
            gaussian_lower_bound: accountant::epsilon_of(mu_lower_bound(&canaries, risk), parameters.delta),
            correct,
            membership: Membership::new(&canaries, mu),
        })
    };
    let (histories, contributions) = (attack(Entrance::Histories)?, attack(Entrance::Contributions)?);
    let lower = histories.lower_bound().max(contributions.lower_bound());
    Ok(AuditReport {
        promised_epsilon: parameters.epsilon.get(),
        epsilon_lower_bound: lower,
        confidence: parameters.confidence,
        delta: parameters.delta.get(),
        noise_multiplier: 1.0 / mu,
        canaries: parameters.canaries,
        guesses,
        promise_holds: lower <= parameters.epsilon.get(),
        histories,
        contributions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(epsilon: f64, canaries: usize, seed: u64) -> AuditParameters {
        AuditParameters {
            epsilon: Epsilon::new(epsilon).unwrap(),
            delta: Delta::new(1e-6).unwrap(),
            canaries,
            confidence: 0.95,
            seed,
        }
    }

    #[test]
    fn promises_hold_and_the_attack_is_not_blind() {
        for epsilon in [1.0, 3.0, 8.0] {
            let report = audit(&parameters(epsilon, 200_000, 1)).unwrap();
            assert!(report.promise_holds, "{report:?}");
            for attack in [&report.histories, &report.contributions] {
                assert!(attack.lower_bound() > 0.8 * epsilon, "{report:?}");
                assert!(attack.one_run_lower_bound > 0.1 * epsilon, "{report:?}");
                for row in &attack.membership.rows {
                    assert!(
                        row.true_positive_rate <= row.bound + 5.0 * row.standard_error,
                        "{report:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn too_few_canaries_are_an_error() {
        assert!(audit(&parameters(0.1, 1, 1)).is_err());
    }

    #[cfg(feature = "planted-bugs")]
    mod planted {
        use super::*;
        use crate::privacy::planted::PlantedBug;

        /// Bugs behind clipping are caught by both attacks.
        fn caught(epsilon: f64, bug: PlantedBug) -> AuditReport {
            let report = audit_with(&parameters(epsilon, 200_000, 2), Fault(Some(bug))).unwrap();
            assert!(!report.promise_holds, "{bug:?} at {epsilon}: {report:?}");
            let clipping = bug == PlantedBug::ClippingOff;
            for (attack, catches) in [(&report.histories, !clipping), (&report.contributions, true)] {
                assert!(
                    !catches || attack.lower_bound() > 1.1 * epsilon,
                    "{bug:?} at {epsilon}: {report:?}"
                );
            }
            report
        }

        #[test]
        fn missing_noise_is_caught() {
            for epsilon in [1.0, 3.0, 8.0] {
                let report = caught(epsilon, PlantedBug::NoiseOff);
                assert!(report.histories.one_run_lower_bound > epsilon, "{report:?}");
            }
        }

        #[test]
        fn half_the_noise_is_caught() {
            for epsilon in [1.0, 3.0] {
                assert!(caught(epsilon, PlantedBug::NoiseHalved).histories.one_run_lower_bound > epsilon);
            }
            caught(8.0, PlantedBug::NoiseHalved);
        }

        #[test]
        fn missing_clipping_is_caught() {
            for epsilon in [1.0, 3.0, 8.0] {
                let report = caught(epsilon, PlantedBug::ClippingOff);
                assert!(report.contributions.one_run_lower_bound > epsilon, "{report:?}");
                // Why the second attack is there.
                assert!(report.histories.lower_bound() <= epsilon, "{report:?}");
            }
        }

        #[test]
        fn noise_drawn_anew_on_retry_is_caught() {
            for epsilon in [1.0, 3.0, 8.0] {
                caught(epsilon, PlantedBug::NoiseRedrawn);
            }
        }
    }
}
