//! The demonstration from beginning to end: instances, sidecars, follows, training, exchange, training again, a table.
//!
//! | file | holds |
//! |---|---|
//! | [`options`] | what can be chosen |
//! | [`instance`] | one instance with its databases and its sidecar |
//! | [`exchange`] | follows and evidence, until everyone has everything |
//! | [`quality`] | NDCG@20 on the watches that were held out of the databases |
//! | [`samples`] | recommendations for a few users, through REST |
//! | [`report`] | the document and the table |
//!
//! Nothing here looks at how the world was generated: the sidecars see databases, and quality is measured on watches that
//! no database holds.

mod exchange;
mod instance;
pub mod options;
mod quality;
pub mod report;
mod samples;

use std::time::Instant;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use instance::DemoInstance;
pub use options::DemoOptions;
pub use report::DemoReport;

use super::DemoError;
use super::postgres::{DemoServer, Options as ServerOptions};
use super::world::{World, WorldParameters};
use crate::clock::{Clock, Hour, SystemClock};
use crate::training::{CycleReport, Phase};

/// Instances that are created at the same time: most of that time is waiting for PostgreSQL.
const CREATED_TOGETHER: usize = 4;
/// Instances that learn at the same time; each uses all cores for most of its work.
const LEARNING_TOGETHER: usize = 2;

/// A demonstration that has run and whose sidecars still do.
pub struct Demo {
    /// What it showed.
    pub report: DemoReport,
    server: DemoServer,
    instances: Vec<DemoInstance>,
}

impl Demo {
    /// Runs the demonstration. Sidecars keep running until [`Demo::finish`].
    ///
    /// # Errors
    /// [`DemoError`] says which step failed; what was started stops by itself.
    pub async fn run(
        options: &DemoOptions,
        metrics: PrometheusHandle,
        bars: &MultiProgress,
        stop: CancellationToken,
    ) -> Result<Self, DemoError> {
        let started = Instant::now();
        let steps = Steps::new(bars, 7);
        steps.begin("starting PostgreSQL");
        let server = DemoServer::start(options.database_url.as_deref(), &ServerOptions::default()).await?;

        steps.begin("generating instances");
        // As scores count time: within an hour, the same seed gives the same table.
        let now = Hour::of(SystemClock.now()).start();
        let parameters = WorldParameters::with_cycled_sizes(options.seed, options.instances, &options.sizes, now);
        let world = tokio::task::spawn_blocking(move || World::generate(&parameters))
            .await
            .map_err(|error| DemoError::Story(error.to_string()))?;
        let instances: Vec<DemoInstance> = stream::iter(world.instances.into_iter().enumerate())
            .map(|(number, world)| DemoInstance::create(&server, number, world, options, metrics.clone(), &stop))
            .buffered(CREATED_TOGETHER)
            .try_collect()
            .await?;

        steps.begin("following each other");
        exchange::follow_all(&instances).await?;

        steps.begin("training alone and releasing evidence");
        let first = train_all(&instances, &steps).await?;
        exchange::check_releases(&first)?;

        steps.begin("fetching and verifying evidence");
        exchange::wait_for_evidence(&instances, &first).await?;

        steps.begin("training with the federation");
        let second = train_all(&instances, &steps).await?;

        steps.begin("measuring and asking for recommendations");
        let mut rows = Vec::with_capacity(instances.len());
        for (instance, trained) in instances.iter().zip(second) {
            steps.detail(instance.host());
            rows.push(report::row(instance, quality::measure(instance).await?, trained.ranking).await?);
        }
        let samples = samples::fetch(&instances, &stop).await?;
        steps.finish();
        let report = DemoReport::new(rows, samples, options, started.elapsed());
        Ok(Self {
            report,
            server,
            instances,
        })
    }

    /// Lines to paste into a shell while the sidecars run.
    pub fn curl_lines(&self) -> Vec<String> {
        self.instances.iter().flat_map(DemoInstance::curl_lines).collect()
    }

    /// Stops the sidecars and leaves nothing behind.
    ///
    /// # Errors
    /// When the user's own database server refuses to drop what was created.
    pub async fn finish(self, stop: CancellationToken) -> Result<(), DemoError> {
        stop.cancel();
        for instance in self.instances {
            instance.finish().await;
        }
        self.server.finish().await
    }
}

async fn train_all(instances: &[DemoInstance], steps: &Steps) -> Result<Vec<CycleReport>, DemoError> {
    stream::iter(instances)
        .map(|instance| async move {
            let bar = steps.spinner(instance.host());
            let progress = bar.clone();
            let report = instance
                .trainer()
                .cycle(move |phase: Phase| progress.set_message(phase.label()))
                .await;
            bar.finish_and_clear();
            Ok(report?)
        })
        .buffered(LEARNING_TOGETHER)
        .try_collect()
        .await
}

/// Progress on the terminal; silent when there is none.
struct Steps {
    bars: MultiProgress,
    bar: ProgressBar,
}

impl Steps {
    fn new(bars: &MultiProgress, count: u64) -> Self {
        let bar = bars.add(ProgressBar::new(count));
        if let Ok(style) = ProgressStyle::with_template("[{pos}/{len}] {bar:20} {prefix} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self {
            bars: bars.clone(),
            bar,
        }
    }

    fn begin(&self, what: &'static str) {
        self.bar.inc(1);
        self.bar.set_prefix(what);
        self.bar.set_message("");
        tracing::info!(step = what, "demo");
    }

    fn detail(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    fn spinner(&self, name: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("        {spinner} {prefix}: {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        bar
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
