//! What the instances of a simulation release, sweep after sweep, and what each of them gets to see.

use rand::{RngExt, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use sha2::{Digest, Sha256};

use super::{Aggregation, SimulationParameters};
use crate::evaluation::EvaluationError;
use crate::model::accumulation::Accumulation;
use crate::model::catalogue::Catalogue;
use crate::model::contribution::Contribution;
use crate::model::evidence::EvidenceSource;
use crate::model::interactions::Interactions;
use crate::model::support::Support;
use crate::model::{learning, posterior};
use crate::privacy::mechanism::Mechanism;
use crate::privacy::{BudgetShares, EvidenceGrid, Noised, accountant};

/// Everything that left the instances.
pub struct Released {
    /// The items in the basis of the last sweep.
    pub catalogue: Catalogue,
    /// Bytes of all payloads.
    pub bytes: usize,
    aggregation: Aggregation,
    /// All releases of one instance, or of the shared sum.
    noised: Vec<Vec<Noised<EvidenceGrid>>>,
    /// What is released, by release and by instance.
    exact: Vec<Vec<Vec<Contribution>>>,
}

impl Released {
    /// Runs all sweeps. Only a shared sum can give a common basis, so there is one sweep unless the aggregation is secure
    /// (or absent, where sums are exact).
    ///
    /// # Errors
    /// When the privacy mechanism refuses.
    pub fn new(
        catalogue: &Catalogue,
        support: &Support,
        histories: &[&Interactions],
        parameters: &SimulationParameters,
    ) -> Result<Self, EvaluationError> {
        let mut randomness = ChaCha20Rng::seed_from_u64(parameters.seed ^ 0x5EED);
        let sweeps: &[f64] = match parameters.aggregation {
            Aggregation::Local => &[1.0],
            Aggregation::None | Aggregation::Secure => &parameters.sweeps,
        };
        let total: f64 = sweeps.iter().sum();
        let mut released = Self {
            catalogue: catalogue.clone(),
            bytes: 0,
            aggregation: parameters.aggregation,
            noised: Vec::new(),
            exact: Vec::new(),
        };
        for (sweep, share) in sweeps.iter().enumerate() {
            if sweep > 0 {
                released.refine(support);
            }
            released.sweep(support, histories, parameters, share / total, &mut randomness)?;
        }
        Ok(released)
    }

    /// The next basis follows from the last common sum.
    fn refine(&mut self, support: &Support) {
        let mut digest = Sha256::new();
        for value in self.noised.iter().flatten() {
            digest.update(value.encode().unwrap_or_default());
        }
        let common: Vec<EvidenceSource> = if self.aggregation == Aggregation::Secure {
            self.released_sources().collect()
        } else {
            self.exact_sum(support, |_| true).into_iter().collect()
        };
        if let Some(factors) = posterior::item_factors(&self.catalogue, &common) {
            let items = self.catalogue.items();
            let basis = self
                .catalogue
                .basis()
                .refined(items, &factors, digest.finalize().into());
            self.catalogue = self.catalogue.with_basis(basis);
        }
    }

    fn sweep(
        &mut self,
        support: &Support,
        histories: &[&Interactions],
        parameters: &SimulationParameters,
        share: f64,
        randomness: &mut ChaCha20Rng,
    ) -> Result<(), EvaluationError> {
        let catalogue = &self.catalogue;
        let releases = parameters.releases.get();
        self.exact = (0..releases)
            .map(|release| {
                let contributions = |history: &&Interactions| {
                    let counted = counted_in(history, release, releases);
                    learning::contributions_of(catalogue, history, &counted, support)
                };
                histories.iter().map(contributions).collect()
            })
            .collect();
        // Squares of mu add up over sweeps and releases.
        let mu = accountant::mu_of(parameters.epsilon, parameters.delta) * (share / releases as f64).sqrt();
        let mechanism = Mechanism::new(parameters.shares, mu, parameters.delta, 1);
        let mut release = |contributions: &[&Contribution]| {
            let basis = catalogue.basis();
            let (id, dimensions) = (basis.id(), basis.dimensions() as u16);
            let all = contributions.iter().copied();
            // Nobody has anything to say: nothing is released.
            (!contributions.is_empty())
                .then(|| mechanism.release_contributions(id, dimensions, support, all, randomness))
                .transpose()
        };
        self.noised = match self.aggregation {
            Aggregation::None => Vec::new(),
            Aggregation::Local => {
                let mut noised = Vec::new();
                for instance in 0..histories.len() {
                    let mut of_instance = Vec::new();
                    for exact in &self.exact {
                        of_instance.extend(release(&exact[instance].iter().collect::<Vec<_>>())?);
                    }
                    noised.push(of_instance);
                }
                noised
            }
            Aggregation::Secure => {
                let mut shared = Vec::new();
                for exact in &self.exact {
                    shared.extend(release(&exact.iter().flatten().collect::<Vec<_>>())?);
                }
                vec![shared]
            }
        };
        for value in self.noised.iter().flatten() {
            self.bytes += value.encode()?.len();
        }
        Ok(())
    }

    /// The releases of each instance, or of the shared sum, as one source.
    fn released_sources(&self) -> impl Iterator<Item = EvidenceSource> {
        self.noised.iter().filter_map(|releases| self.placed(releases))
    }

    fn placed(&self, releases: &[Noised<EvidenceGrid>]) -> Option<EvidenceSource> {
        accumulated(releases.iter().filter_map(|value| value.source(&self.catalogue)))
    }

    /// The exact sum of all instances that are `chosen`.
    fn exact_sum(&self, support: &Support, chosen: impl Fn(usize) -> bool) -> Option<EvidenceSource> {
        accumulated(self.exact.iter().map(|release| {
            let of_all = release.iter().enumerate().filter(|(instance, _)| chosen(*instance));
            let contributions: Vec<Contribution> = of_all.flat_map(|(_, exact)| exact.iter().cloned()).collect();
            EvidenceSource::exact(&self.catalogue, support, &contributions)
        }))
    }

    /// What `instance` learns from, besides its own users; `None` is somebody who has no users.
    pub fn sources_for(&self, instance: Option<usize>, support: &Support) -> Vec<EvidenceSource> {
        let others = |other: usize| Some(other) != instance;
        match self.aggregation {
            Aggregation::None => self.exact_sum(support, others).into_iter().collect(),
            Aggregation::Local => (0..self.noised.len())
                .filter(|other| others(*other))
                .filter_map(|other| self.placed(&self.noised[other]))
                .collect(),
            Aggregation::Secure => {
                let own = instance.and_then(|own| self.exact_sum(support, |other| other == own));
                self.released_sources()
                    .map(|sum| match &own {
                        Some(own) => sum.without(own),
                        None => sum,
                    })
                    .collect()
            }
        }
    }
}

/// Releases of the same people, each of which counts other items, as one source.
fn accumulated(releases: impl Iterator<Item = EvidenceSource>) -> Option<EvidenceSource> {
    let mut accumulation = Accumulation::default();
    releases.for_each(|source| _ = accumulation.add(&source));
    accumulation.finish()
}

/// The part of a history that release number `release` of `releases` counts: each item in one release, which chance decides.
fn counted_in(history: &Interactions, release: usize, releases: usize) -> Interactions {
    if releases == 1 {
        return history.clone();
    }
    let mut counted = Interactions::new(history.items());
    for user in 0..history.users() {
        let mut chance = ChaCha8Rng::seed_from_u64(user as u64);
        counted.push_user(
            history
                .entries(user)
                .filter(|_| chance.random_range(0..releases) == release),
        );
    }
    counted
}

/// What is spent on channels where there are none: next to nothing, but so that the noise stays a finite number.
const NO_CHANNELS: f64 = 1e-12;

/// Division of a release's budget among its parts. Data sets without channels spend nothing on them.
///
/// # Errors
/// When the privacy room refuses, which these constants do not give rise to.
pub fn shares_for(shares: BudgetShares, support: &Support) -> Result<BudgetShares, EvaluationError> {
    if support.channels().is_empty() {
        let square = |share: f64| share * share;
        Ok(BudgetShares::from_weights(
            square(shares.videos) + square(shares.channels),
            NO_CHANNELS,
            square(shares.gram),
            square(shares.contributors),
        )?)
    } else {
        Ok(shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_counted_in_one_release() {
        let mut history = Interactions::new(50);
        history.push_user((0..50).map(|item| (item, 1.0)));
        history.push_user([]);
        history.push_user([(7, 0.5)]);
        let parts: Vec<Interactions> = (0..3).map(|release| counted_in(&history, release, 3)).collect();
        for user in 0..history.users() {
            let mut counted: Vec<(u32, f32)> = parts.iter().flat_map(|part| part.entries(user)).collect();
            counted.sort_by_key(|entry| entry.0);
            assert_eq!(counted, history.entries(user).collect::<Vec<_>>());
        }
        assert!(parts.iter().all(|part| !part.row(0).0.is_empty()));
        assert_eq!(counted_in(&history, 0, 1), history);
    }

    #[test]
    fn without_channels_much_noise_is_still_a_number() {
        let support = Support::new(vec!["video".to_owned()], Vec::new());
        let shares = shares_for(BudgetShares::from_weights(0.65, 0.22, 0.09, 0.04).unwrap(), &support).unwrap();
        let largest_noise = 1e6;
        assert!((largest_noise / shares.channels).powi(2).is_finite());
        assert!(shares.channels < 1e-5 * shares.videos);
    }
}
