//! What the demonstration shows, as one document and as a table.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::super::DemoError;
use super::instance::DemoInstance;
use super::options::{DemoOptions, EPSILON};
use super::quality::{Measured, Ndcg};
use super::samples::Sample;
use crate::clock::{Clock, SystemClock};
use crate::evaluation::resources::peak_resident_bytes;
use crate::model::ranking::RankingReport;
use crate::privacy::{Delta, accountant};

/// The whole demonstration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemoReport {
    /// One row per instance.
    pub instances: Vec<InstanceRow>,
    /// What a few users see.
    pub samples: Vec<Sample>,
    /// The seed.
    pub seed: u64,
    /// Wall time.
    pub seconds: f64,
    /// Largest resident memory of the process so far, in bytes; `None` where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceRow {
    /// Host name.
    pub host: String,
    /// Users with a history that may be used.
    pub users: usize,
    /// Their watched and rated videos.
    pub interactions: usize,
    /// Users with held-out watches.
    pub evaluated_users: usize,
    /// Mean NDCG@20 on held-out watches.
    pub ndcg_20: Ndcg,
    /// What was found about the second stage of ranking, with the federation.
    pub ranking: RankingReport,
    /// Bytes sent to other sidecars.
    pub bytes_sent: u64,
    /// Bytes received from other sidecars.
    pub bytes_received: u64,
    /// Epsilon spent in the rolling year, at delta 1e-6.
    pub epsilon_spent: f64,
}

pub(super) async fn row(
    instance: &DemoInstance,
    measured: Measured,
    ranking: RankingReport,
) -> Result<InstanceRow, DemoError> {
    let traffic = instance.sidecar().federation.traffic();
    let year_ago = SystemClock.now() - chrono::TimeDelta::days(365);
    let ledger = instance.sidecar().store.ledger_since(year_ago).await?;
    let mu = ledger
        .iter()
        .map(|entry| entry.gdp_mu * entry.gdp_mu)
        .sum::<f64>()
        .sqrt();
    let delta =
        Delta::new(instance.sidecar().config.privacy.delta).map_err(|error| DemoError::Story(error.to_string()))?;
    Ok(InstanceRow {
        host: instance.host().to_owned(),
        users: measured.users,
        interactions: measured.interactions,
        evaluated_users: measured.evaluated,
        ndcg_20: measured.ndcg,
        ranking,
        bytes_sent: traffic.bytes_sent,
        bytes_received: traffic.bytes_received,
        epsilon_spent: accountant::release::epsilon_of(mu, delta),
    })
}

impl DemoReport {
    pub(super) fn new(
        instances: Vec<InstanceRow>,
        samples: Vec<Sample>,
        options: &DemoOptions,
        elapsed: Duration,
    ) -> Self {
        Self {
            instances,
            samples,
            seed: options.seed,
            seconds: elapsed.as_secs_f64(),
            peak_rss_bytes: peak_resident_bytes(),
        }
    }

    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "NDCG@20 on held-out watches")?;
        writeln!(
            text,
            "{:<14}{:>6}{:>9}  {:>10}{:>9}{:>7}{:>11}{:>10}{:>8}{:>10}{:>10}{:>9}",
            "instance",
            "users",
            "watches",
            "popularity",
            "content",
            "own",
            "federated",
            "combined",
            "served",
            "sent",
            "received",
            "epsilon"
        )?;
        for row in &self.instances {
            let ndcg = &row.ndcg_20;
            writeln!(
                text,
                "{:<14}{:>6}{:>9}  {:>10.3}{:>9.3}{:>7.3}{:>11.3}{:>10.3}{:>8.3}{:>10}{:>10}{:>9.2}",
                row.host,
                row.users,
                row.interactions,
                ndcg.popularity,
                ndcg.content,
                ndcg.own,
                ndcg.federated,
                ndcg.combined,
                ndcg.served,
                kilobytes(row.bytes_sent),
                kilobytes(row.bytes_received),
                row.epsilon_spent
            )?;
        }
        writeln!(text)?;
        writeln!(
            text,
            "popularity: public view counter; content: tags, channel, title and view counter, nothing learned;"
        )?;
        writeln!(
            text,
            "own: learned from this instance's users alone; federated: the noised evidence of the others and the own exact one;"
        )?;
        writeln!(
            text,
            "combined: all of them together; served: that, its best candidates ranked again where that is better."
        )?;
        writeln!(
            text,
            "The budget of a whole year, epsilon {EPSILON}, is spent in one release."
        )?;
        writeln!(
            text,
            "Every eligible account contributes here (opt-out), and the noise follows from the seed."
        )?;
        for sample in &self.samples {
            writeln!(text)?;
            writeln!(text, "For user {} of {}:", sample.user, sample.host)?;
            for entry in &sample.page.data {
                writeln!(text, "  {} ({})", entry.video.name, entry.video.channel.display_name)?;
                writeln!(text, "      {}", entry.recommendation.in_words())?;
            }
        }
        writeln!(text)?;
        write!(text, "{:.1} s", self.seconds)?;
        if let Some(bytes) = self.peak_rss_bytes {
            write!(
                text,
                ", at most {} MB resident for {} sidecars",
                bytes / 1_000_000,
                self.instances.len()
            )?;
        }
        writeln!(text)
    }
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.0} kB", bytes as f64 / 1_000.0)
}
