//! Learning the second stage of ranking from what the cycle has read.

use std::sync::Arc;

use super::reading::Habits;
use crate::clock::Hour;
use crate::config::Config;
use crate::model::catalogue::Catalogue;
use crate::model::evidence::EvidenceSource;
use crate::model::learning::{self, LearningParameters};
use crate::model::ranking::learning::{Learned, Material};
use crate::model::ranking::{self, Decay, Facts};
use crate::model::recommender::Recommender;
use crate::model::support::Support;
use crate::peertube::CatalogueVideo;
use crate::recommend::second_stage::{channel_numbers, channel_ties, facts};

/// What single users did and to which channels they are tied, in the model's numbers.
pub struct Ground {
    facts: Facts,
    accounts: Vec<ranking::Account>,
    decay: Decay,
}

impl Ground {
    /// From what was read in this hour.
    pub fn new(catalogue: &Catalogue, videos: &[CatalogueVideo], habits: Habits, config: &Config, hour: Hour) -> Self {
        let channel_of: Vec<u32> = (0..videos.len())
            .map(|item| catalogue.channel_of(item) as u32)
            .collect();
        let numbers = channel_numbers(videos, &channel_of);
        let accounts = habits
            .into_iter()
            .map(|(events, ties)| ranking::Account {
                events,
                ties: channel_ties(&ties, &numbers),
            })
            .collect();
        Self {
            facts: facts(videos, &channel_of),
            accounts,
            decay: Decay {
                now: hour.start().timestamp(),
                half_life_days: config.preferences.rules().half_life_days,
            },
        }
    }

    /// Learns the second stage. The first one is learned once more, from the earlier part of the history, with the
    /// weights that `recommender` has.
    pub fn learn(
        &self,
        catalogue: &Arc<Catalogue>,
        support: &Support,
        peers: &mut Vec<EvidenceSource>,
        parameters: &LearningParameters,
        recommender: &Recommender,
    ) -> Learned {
        let material = Material {
            facts: &self.facts,
            accounts: &self.accounts,
            decay: self.decay,
            seed: parameters.seed,
        };
        ranking::learning::learn(&material, |history| {
            let components = learning::train(catalogue, history, support, peers, parameters);
            Recommender::new(components, recommender.weights(), recommender.newcomers())
        })
    }
}

/// Tells the metrics: `shoal_second_stage_used` (1 while it ranks) and `shoal_second_stage_gain` (NDCG@20 that it had more
/// than the factor score on the validation users).
pub fn tell(report: &ranking::RankingReport) {
    metrics::gauge!("shoal_second_stage_used").set(f64::from(u8::from(report.is_used())));
    metrics::gauge!("shoal_second_stage_gain").set(report.gain.ndcg_20);
}
