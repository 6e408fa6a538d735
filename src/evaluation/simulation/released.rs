//! What the instances of a simulation release, sweep after sweep, and what each of them gets to see.

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use super::{Aggregation, SimulationParameters};
use crate::evaluation::EvaluationError;
use crate::model::catalogue::Catalogue;
use crate::model::contribution::Contribution;
use crate::model::evidence::EvidenceSource;
use crate::model::interactions::Interactions;
use crate::model::support::Support;
use crate::model::{learning, posterior};
use crate::privacy::release::EvidenceSum;
use crate::privacy::{BudgetShares, EvidenceGrid, Noised, accountant};

/// Everything that left the instances.
pub struct Released {
    /// The items in the basis of the last sweep.
    pub catalogue: Catalogue,
    /// Bytes of all payloads.
    pub bytes: usize,
    aggregation: Aggregation,
    noised: Vec<Option<Noised<EvidenceGrid>>>,
    exact: Vec<Vec<Contribution>>,
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
        let common: Vec<EvidenceSource> = if self.aggregation == Aggregation::Secure {
            for value in self.noised.iter().flatten() {
                digest.update(value.encode().unwrap_or_default());
            }
            self.noised
                .iter()
                .flatten()
                .filter_map(|value| value.source(&self.catalogue))
                .collect()
        } else {
            let all: Vec<Contribution> = self.exact.iter().flatten().cloned().collect();
            vec![EvidenceSource::exact(&self.catalogue, support, &all)]
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
        self.exact = histories
            .iter()
            .map(|history| learning::contributions(catalogue, history, support))
            .collect();
        // Squares of mu add up over sweeps.
        let mu = accountant::mu_of(parameters.epsilon, parameters.delta) * share.sqrt();
        let sum_of = |contributions: &mut dyn Iterator<Item = &Contribution>| {
            let basis = catalogue.basis();
            let dimensions = basis.dimensions() as u16;
            let mut sum = EvidenceSum::new(basis.id(), dimensions, support.clone(), parameters.shares);
            contributions.for_each(|contribution| sum.add(contribution));
            sum
        };
        self.noised = match self.aggregation {
            Aggregation::None => Vec::new(),
            Aggregation::Local => {
                let mut noised = Vec::new();
                for contributions in &self.exact {
                    let sum = sum_of(&mut contributions.iter());
                    let released = (sum.contributors() > 0)
                        .then(|| sum.release(mu, parameters.delta, 1, randomness))
                        .transpose()?;
                    noised.push(released);
                }
                noised
            }
            Aggregation::Secure => {
                let sum = sum_of(&mut self.exact.iter().flatten());
                vec![Some(sum.release(mu, parameters.delta, 1, randomness)?)]
            }
        };
        for value in self.noised.iter().flatten() {
            self.bytes += value.encode()?.len();
        }
        Ok(())
    }

    /// What `instance` learns from, besides its own users; `None` is somebody who has no users.
    pub fn sources_for(&self, instance: Option<usize>, support: &Support) -> Vec<EvidenceSource> {
        let catalogue = &self.catalogue;
        let others = |other: usize| Some(other) != instance;
        match self.aggregation {
            Aggregation::None => {
                let all: Vec<Contribution> = (0..self.exact.len())
                    .filter(|other| others(*other))
                    .flat_map(|other| self.exact[other].iter().cloned())
                    .collect();
                vec![EvidenceSource::exact(catalogue, support, &all)]
            }
            Aggregation::Local => (0..self.noised.len())
                .filter(|other| others(*other))
                .filter_map(|other| self.noised[other].as_ref()?.source(catalogue))
                .collect(),
            Aggregation::Secure => {
                let total = self.noised.iter().flatten().filter_map(|value| value.source(catalogue));
                let own = instance.map(|own| EvidenceSource::exact(catalogue, support, &self.exact[own]));
                total
                    .map(|sum| match &own {
                        Some(own) => sum.without(own),
                        None => sum,
                    })
                    .collect()
            }
        }
    }
}

/// Division of a release's budget among its parts. Data sets without channels spend nothing on them.
///
/// # Errors
/// When the privacy room refuses, which these constants do not give rise to.
pub fn shares_for(shares: BudgetShares, support: &Support) -> Result<BudgetShares, EvaluationError> {
    if support.channels().is_empty() {
        let square = |share: f64| share * share;
        Ok(BudgetShares::from_weights(
            square(shares.videos) + square(shares.channels),
            f64::MIN_POSITIVE,
            square(shares.gram),
            square(shares.contributors),
        )?)
    } else {
        Ok(shares)
    }
}
