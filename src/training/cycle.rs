//! One cycle from beginning to end.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use super::attempts::Attempts;
use super::publishing::{self, Publication};
use super::reading::Consent;
use super::release_counter::ReleaseCounter;
use super::release_outcome::ReleaseOutcome;
use super::releasing::{self, NoiseRandomness};
use super::{TrainingError, combining, ownership, ranking, reading, schedule, sweeping};
use crate::clock::{Hour, SharedClock};
use crate::config::Config;
use crate::failpoints;
use crate::federation::Federation;
use crate::model::alternating::AlternatingParameters;
use crate::model::catalogue::Catalogue;
use crate::model::components::Component;
use crate::model::contribution::EvidenceBasis;
use crate::model::head::public_support;
use crate::model::learning::{self, LearningParameters, Stage};
use crate::model::ranking::RankingReport;
use crate::peertube::{PeerTube, UserId};
use crate::recommend::snapshot::SharedSnapshot;
use crate::store::{CountedWatches, EvidenceUse, Participants, Store};

/// Where a cycle is, for progress reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading catalogue and history.
    Reading,
    /// Summing and noising evidence.
    Releasing,
    /// Learning.
    Learning(Stage),
    /// Learning to rank the best candidates again.
    Ranking,
    /// Storing the model.
    Publishing,
}

impl Phase {
    /// A few words for a progress line.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reading => "reading the watch history",
            Self::Releasing => "preparing evidence",
            Self::Learning(Stage::Validation) => "learning from part of the history",
            Self::Learning(Stage::Weights) => "choosing weights on the rest",
            Self::Learning(Stage::Training) => "learning from all of it",
            Self::Ranking => "learning to rank",
            Self::Publishing => "publishing the model",
        }
    }
}

/// What a cycle did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleReport {
    /// Number of the published model.
    pub model: i64,
    /// Videos in the catalogue.
    pub videos: usize,
    /// Users who did something and from whom this instance may learn.
    pub users: usize,
    /// Those of them who agreed that evidence leaves the instance.
    pub contributors: usize,
    /// Preference values.
    pub interactions: usize,
    /// Peers whose evidence the model uses.
    pub peers: usize,
    /// The same, with what was left out and why.
    pub evidence: EvidenceUse,
    /// What became of the release.
    pub release: ReleaseOutcome,
    /// Users on whose held-out history the weights were chosen.
    pub validation_users: usize,
    /// NDCG@20 of the blend on that history.
    pub validation_ndcg_20: f64,
    /// NDCG@20 of public popularity on the same history.
    pub popularity_ndcg_20: f64,
    /// The chosen weights, by component.
    pub weights: std::collections::BTreeMap<String, f32>,
    /// What was found about the second stage of ranking.
    pub ranking: RankingReport,
    /// Wall time.
    pub seconds: f64,
}

/// Trains the model of one instance.
#[derive(Clone)]
pub struct Trainer {
    /// Settings.
    pub config: Arc<Config>,
    /// The instance.
    pub peertube: PeerTube,
    /// Shoal's tables.
    pub store: Store,
    /// Announces evidence.
    pub federation: Federation,
    /// The model in use.
    pub snapshot: SharedSnapshot,
    /// Time.
    pub clock: SharedClock,
    /// Randomness of noise.
    pub noise_randomness: NoiseRandomness,
    /// Releases that failed.
    pub attempts: Arc<Attempts>,
}

impl Trainer {
    /// Runs one cycle. The release, when one is due, comes before learning, so that a failure there wastes no work; a
    /// failed release does not prevent learning.
    ///
    /// # Errors
    /// [`TrainingError`]; the model in use stays in use.
    pub async fn cycle(&self, progress: impl Fn(Phase) + Send + Sync + 'static) -> Result<CycleReport, TrainingError> {
        let started = Instant::now();
        let progress = Arc::new(progress);
        progress(Phase::Reading);
        let now = self.clock.now();
        let hour = Hour::of(now);
        let rules = self.config.preferences.rules();
        ownership::check(&self.peertube, &self.store).await?;
        sweeping::sweep(&self.peertube, &self.store).await?;
        let default = self.config.privacy.contribution.into();
        let asked_at = self.clock.now();
        let consent = Consent::new(self.store.user_choices().await?, default);
        let privacy = self.config.privacy.clone();
        let basis = EvidenceBasis::new(privacy.dimensions).id();
        let counts = schedule::next_watches(&self.store, basis, now).await?;
        let maximum_videos = self.config.training.maximum_videos;
        let reading = reading::read(&self.peertube, &rules, &consent, counts, maximum_videos, hour).await?;
        let (videos, interactions) = (reading.videos, Arc::new(reading.interactions));
        let (videos, catalogue, support, ground) = {
            let (config, habits) = (Arc::clone(&self.config), reading.habits);
            compute(move || {
                let privacy = &config.privacy;
                let items = videos.iter().map(reading::item).collect();
                let catalogue = Catalogue::new(items, EvidenceBasis::new(privacy.dimensions));
                let support = public_support(catalogue.items(), privacy.head_videos, privacy.head_channels);
                let ground = ranking::Ground::new(&catalogue, &videos, habits, &config, hour);
                (videos, Arc::new(catalogue), Arc::new(support), ground)
            })
            .await?
        };

        progress(Phase::Releasing);
        let participants = Participants {
            users: reading.participants.iter().map(|user| user.0).collect(),
            default_level: Some(default),
            asked_at,
        };
        let counted = (reading.counted, counts);
        let released = self.release(&catalogue, &support, &interactions, counted, participants);
        let release = released.await.unwrap_or_else(|error| ReleaseOutcome::Failed {
            reason: error.to_string(),
        });
        releasing::tell(&self.store, &privacy, &release).await?;

        let combining::PeerEvidence { mut sources, used } = combining::peer_evidence(&self.store, &catalogue).await?;
        let parameters = self.learning_parameters();
        let (learned, ranked, known_by_peers) = {
            let (interactions, progress) = (Arc::clone(&interactions), Arc::clone(&progress));
            compute(move || {
                let known_by_peers = combining::known_items(&sources);
                let stage = |stage| progress(Phase::Learning(stage));
                let learned = learning::learn(&catalogue, &interactions, &support, &mut sources, &parameters, stage);
                progress(Phase::Ranking);
                let first_stage = &learned.recommender;
                let ranked = ground.learn(&catalogue, &support, &mut sources, &parameters, first_stage);
                (learned, ranked, known_by_peers)
            })
            .await?
        };

        progress(Phase::Publishing);
        let weights = Component::ALL.map(|c| (format!("{c:?}").to_lowercase(), learned.recommender.weights().of(c)));
        let mut report = CycleReport {
            model: 0,
            videos: videos.len(),
            users: interactions.users(),
            contributors: reading.contributors,
            interactions: interactions.len(),
            peers: used.used,
            evidence: used,
            release,
            validation_users: learned.choice.users,
            validation_ndcg_20: learned.choice.ndcg,
            popularity_ndcg_20: learned.popularity_ndcg,
            weights: weights.into_iter().collect(),
            ranking: ranked.report,
            seconds: 0.0,
        };
        let publication = Publication {
            metadata: json!(report),
            recommender: learned.recommender,
            videos,
            known_by_peers,
            ranker: ranked.ranker,
        };
        report.model = publishing::publish(&self.store, &self.snapshot, publication, self.clock.now()).await?;
        ranking::tell(&report.ranking);
        report.seconds = started.elapsed().as_secs_f64();
        tracing::info!(
            model = report.model,
            users = report.users,
            interactions = report.interactions,
            peers = report.peers,
            refused = report.evidence.refused.len(),
            release = ?report.release,
            seconds = report.seconds,
            "a new model is in use"
        );
        Ok(report)
    }

    async fn release(
        &self,
        catalogue: &Arc<Catalogue>,
        support: &Arc<crate::model::support::Support>,
        interactions: &Arc<crate::model::interactions::Interactions>,
        (counted, counts): (crate::model::interactions::Interactions, CountedWatches),
        participants: Participants,
    ) -> Result<ReleaseOutcome, TrainingError> {
        let (store, privacy) = (&self.store, &self.config.privacy);
        let counter = releasing::counter(&self.config);
        let contributors = participants.users.len();
        if let Some(outcome) = releasing::obstacle(store, privacy, &counter, contributors).await? {
            return Ok(outcome);
        }
        if let Some((failures, left)) = self.attempts.wait(self.clock.uptime()) {
            let until = self.clock.now() + left;
            return Ok(ReleaseOutcome::Postponed { failures, until });
        }
        if let Some(outcome) = releasing::nobody_reachable(&self.federation, store).await? {
            return Ok(outcome);
        }
        let released = self
            .attempt(
                catalogue,
                support,
                interactions,
                (counted, counts),
                participants,
                &counter,
            )
            .await;
        if matches!(&released, Err(_) | Ok(ReleaseOutcome::Failed { .. })) {
            self.attempts.fail(self.clock.uptime());
        } else {
            self.attempts.succeed();
        }
        released
    }

    /// Draws noise and debits.
    async fn attempt(
        &self,
        catalogue: &Arc<Catalogue>,
        support: &Arc<crate::model::support::Support>,
        interactions: &Arc<crate::model::interactions::Interactions>,
        (counted, counts): (crate::model::interactions::Interactions, CountedWatches),
        participants: Participants,
        counter: &ReleaseCounter,
    ) -> Result<ReleaseOutcome, TrainingError> {
        let (store, privacy) = (&self.store, &self.config.privacy);
        let (catalogue, support, interactions) = (Arc::clone(catalogue), Arc::clone(support), Arc::clone(interactions));
        let (config, randomness) = (privacy.clone(), Arc::clone(&self.noise_randomness));
        let noised = compute(move || {
            let mechanism = releasing::mechanism(&config)?;
            mechanism.release(&catalogue, &support, &interactions, &counted, &mut randomness())
        })
        .await??;
        failpoints::reach("noise-drawn");
        // What PeerTube says of them may have changed as well; what they said here is asked in the transaction.
        let users: Vec<UserId> = participants.users.iter().copied().map(UserId).collect();
        if self.peertube.eligible_among(&users).await?.len() < users.len() {
            return Ok(ReleaseOutcome::ConsentWithdrawn);
        }
        let federation = &self.federation;
        releasing::commit(federation, store, counter, privacy, &noised, participants, counts).await
    }

    fn learning_parameters(&self) -> LearningParameters {
        let training = &self.config.training;
        LearningParameters {
            alternating: AlternatingParameters {
                dimensions: training.factors,
                sweeps: training.sweeps,
                seed: training.seed,
                ..AlternatingParameters::default()
            },
            seed: training.seed,
        }
    }
}

/// Runs heavy work beside the tasks that serve.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, TrainingError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| TrainingError::Computation(error.to_string()))
}
