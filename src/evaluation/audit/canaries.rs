//! Canary accounts on the path of real accounts, and what an attacker sees of them.

use rand::CryptoRng;

use super::Fault;
use crate::evaluation::EvaluationError;
use crate::model::catalogue::Catalogue;
use crate::model::contribution::{Contribution, EvidenceBasis};
use crate::model::evidence::EvidenceSource;
use crate::model::head::public_support;
use crate::model::interactions::Interactions;
use crate::model::item::Item;
use crate::model::learning::contributions;
use crate::model::linear_algebra::dot;
use crate::model::support::Support;
use crate::privacy::mechanism::Mechanism;
use crate::privacy::{DecodeLimits, EvidenceGrid, Noised, PrivacyError};

/// Fewest that a basis may have; more would only add numbers that say nothing about canaries.
const DIMENSIONS: usize = 2;
/// Most canaries of one instance. Larger audits attack several instances, each with a release of its own, so that payloads
/// stay within what receivers accept.
const INSTANCE: usize = 10_000;
/// How often the attacker fetches a release. All answers should be the same.
const FETCHES: usize = 4;
/// What [`Entrance::Contributions`] multiplies factors and weights with.
const EXCESS: f32 = 3.0;

/// Where canaries enter the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// As watch histories, at the function that a sidecar calls. Learning already makes their contributions as long as they
    /// may be.
    Histories,
    /// As contributions that are several times longer than they may be, so that missing clipping shows.
    Contributions,
}

/// Who took part, and how present each looks in the release: 1 for present and 0 for absent if there were no noise.
pub struct Canaries {
    present: Vec<bool>,
    scores: Vec<f32>,
}

impl Canaries {
    /// Flips a coin for each of `canaries`, releases those that take part, and scores all of them.
    ///
    /// Each canary has watched one video of its own, on a channel of its own, so that scores are independent.
    pub(super) fn attack(
        canaries: usize,
        entrance: Entrance,
        mechanism: Mechanism,
        fault: Fault,
        randomness: &mut impl CryptoRng,
    ) -> Result<Self, EvaluationError> {
        let mechanism = fault.plant(mechanism);
        let instances = canaries.div_ceil(INSTANCE).max(1);
        let instance = Instance::new(canaries.div_ceil(instances));
        let mut found = Self {
            present: Vec::with_capacity(canaries),
            scores: Vec::with_capacity(canaries),
        };
        while found.present.len() < canaries {
            let here = instance.suspects.len().min(canaries - found.present.len());
            let present: Vec<bool> = (0..here).map(|_| randomness.next_u32() & 1 == 1).collect();
            let payload = instance.release(&present, entrance, mechanism, randomness)?.encode()?;
            let mut scores = vec![0.0; here];
            for _ in 0..FETCHES {
                let source = instance.receive(&fault.fetch(&payload, randomness)?)?;
                for ((score, suspect), place) in scores.iter_mut().zip(&instance.suspects).zip(0..) {
                    *score += likeness(suspect, &source, place) / FETCHES as f32;
                }
            }
            found.present.extend(present);
            found.scores.extend(scores);
        }
        Ok(found)
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

/// What everybody knows of an instance, and what each canary would add: the attacker knows all but who takes part.
struct Instance {
    catalogue: Catalogue,
    support: Support,
    suspects: Vec<Contribution>,
}

impl Instance {
    fn new(canaries: usize) -> Self {
        let item = |canary: usize| Item {
            address: format!("https://canary.example/videos/watch/{canary:08}"),
            channel: format!("https://canary.example/video-channels/{canary:08}"),
            title: format!("Canary {canary}"),
            listed: true,
            ..Item::default()
        };
        let items = (0..canaries).map(item).collect();
        let catalogue = Catalogue::new(items, EvidenceBasis::new(DIMENSIONS));
        let support = public_support(catalogue.items(), canaries, canaries);
        let suspects = contributions(&catalogue, &histories(&vec![true; canaries], canaries), &support);
        Self {
            catalogue,
            support,
            suspects,
        }
    }

    fn release(
        &self,
        present: &[bool],
        entrance: Entrance,
        mechanism: Mechanism,
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, PrivacyError> {
        let (catalogue, support) = (&self.catalogue, &self.support);
        match entrance {
            Entrance::Histories => {
                let histories = histories(present, self.suspects.len());
                mechanism.release(catalogue, support, &histories, &histories, randomness)
            }
            Entrance::Contributions => {
                let suspects = self.suspects.iter().zip(present).filter(|(_, present)| **present);
                let contributions: Vec<Contribution> = suspects.map(|(suspect, _)| excessive(suspect)).collect();
                let (id, dimensions) = (catalogue.basis().id(), DIMENSIONS as u16);
                mechanism.release_contributions(id, dimensions, support, &contributions, randomness)
            }
        }
    }

    /// As a peer reads a payload.
    fn receive(&self, payload: &[u8]) -> Result<EvidenceSource, EvaluationError> {
        Noised::<EvidenceGrid>::decode(payload, DecodeLimits::default())?
            .source(&self.catalogue)
            .ok_or(EvaluationError::Audit("a release is not in the basis of its catalogue"))
    }
}

/// One user for each canary that is present, who watched the canary's video.
fn histories(present: &[bool], videos: usize) -> Interactions {
    let mut histories = Interactions::new(videos);
    for (video, _) in (0..).zip(present).filter(|(_, present)| **present) {
        histories.push_user([(video, 1.0)]);
    }
    histories
}

fn excessive(suspect: &Contribution) -> Contribution {
    let longer = |weights: &[(u32, f32)]| {
        weights
            .iter()
            .map(|(place, weight)| (*place, EXCESS * weight))
            .collect()
    };
    Contribution {
        factor: suspect.factor.iter().map(|value| EXCESS * value).collect(),
        videos: longer(&suspect.videos),
        channels: longer(&suspect.channels),
    }
}

/// How much of what the suspect would add is there, from the rows of the video and channel at `place`, each as
/// trustworthy as its noise is small.
fn likeness(suspect: &Contribution, source: &EvidenceSource, place: usize) -> f32 {
    let rows = [(&source.videos, &suspect.videos), (&source.channels, &suspect.channels)];
    let (mut found, mut whole) = (0.0, 0.0);
    for (sums, weights) in rows {
        let (Some(row), [(_, weight)]) = (sums.row(place), weights.as_slice()) else {
            continue;
        };
        let trust = (1.0 / sums.noise_at(place)) as f32;
        found += trust * weight * dot(row, &suspect.factor);
        whole += trust * weight * weight * dot(&suspect.factor, &suspect.factor);
    }
    found / whole
}
