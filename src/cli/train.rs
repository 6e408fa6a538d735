//! `shoal train`: one learning cycle now. A running sidecar takes the new model over within a minute.

use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::model::ranking::{RankingReport, Verdict};
use crate::sidecar::{Sidecar, system_noise};
use crate::training::{CycleReport, Phase, ReleaseOutcome, schedule};

/// Arguments of `shoal train`.
#[derive(Debug, clap::Args)]
pub struct TrainArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When the databases or the computation fail; the published model stays as it was.
pub async fn run(arguments: TrainArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
    let progress = bar.clone();
    let work = async {
        let sidecar = Sidecar::connect(config, Arc::new(SystemClock), system_noise()).await?;
        let report = sidecar
            .trainer()
            .cycle(move |phase: Phase| {
                progress.set_message(phase.label());
                progress.tick();
            })
            .await?;
        sidecar.close().await;
        anyhow::Ok(report)
    };
    let report = tokio::select! {
        report = work => report?,
        () = stop.cancelled() => anyhow::bail!("interrupted; the published model stays as it was"),
    };
    bar.finish_and_clear();
    if arguments.json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &CycleReport) {
    output::line(&format!("model            {}", report.model));
    output::line(&format!("videos           {}", report.videos));
    output::line(&format!(
        "users            {} with {} preferences",
        report.users, report.interactions
    ));
    output::line(&format!("contributing     {} of them", report.contributors));
    output::line(&format!(
        "evidence         from {}",
        output::counted(report.peers as u64, "peer")
    ));
    for refused in &report.evidence.refused {
        output::line(&format!(
            "  left out       {} of {}: {}",
            output::counted(refused.releases as u64, "release"),
            refused.peer,
            refused.reason
        ));
    }
    if report.validation_users > 0 {
        output::line(&format!(
            "quality          NDCG@20 {:.3} on held-out history of {} users (popularity {:.3})",
            report.validation_ndcg_20, report.validation_users, report.popularity_ndcg_20
        ));
    } else {
        output::line("quality          not measured: too little history to hold some of it out");
    }
    ranking(&report.ranking);
    output::line(&format!("release          {}", release(&report.release)));
    output::line(&format!("time             {:.1} s", report.seconds));
}

/// What was found about the second stage, feature by feature.
fn ranking(report: &RankingReport) {
    let gain = &report.gain;
    let measured = format!(
        "NDCG@20 {:.3} against {:.3} of the factor score, {:+.4} +- {:.4}, on later watches of {} users",
        report.ranked_ndcg_20, report.factor_score_ndcg_20, gain.ndcg_20, gain.standard_error, report.validation_users
    );
    output::line(&match report.verdict {
        Verdict::Used => format!("second stage     used: {measured}"),
        Verdict::NotBetter => format!("second stage     not used: {measured}"),
        Verdict::TooLittleHistory => {
            "second stage     not used: too little history to learn and to measure it".to_owned()
        }
    });
    if !report.features.is_empty() {
        output::line("  feature                          weight    alone (+-)           left out (+-)");
    }
    for found in &report.features {
        output::line(&format!(
            "  {:<30} {:>+8.3}  {:>+8.4} ({:.4})  {:>+8.4} ({:.4})",
            found.feature.name(),
            found.weight,
            found.alone.ndcg_20,
            found.alone.standard_error,
            found.left_out.ndcg_20,
            found.left_out.standard_error
        ));
    }
}

/// The outcome of a release in words.
pub fn release(outcome: &ReleaseOutcome) -> String {
    match outcome {
        ReleaseOutcome::Released {
            epsilon, delta, bytes, ..
        } => {
            format!("{bytes} bytes of noised evidence at epsilon {epsilon:.3}, delta {delta:e}")
        }
        ReleaseOutcome::SwitchedOff => "none: privacy.contribute is false".to_owned(),
        ReleaseOutcome::NobodyFollows => "none: no accepted follower, so no budget is spent".to_owned(),
        ReleaseOutcome::NobodyReachable { followers } => format!(
            "none: none of the {followers} followers confirmed in the last week that it follows, so no budget is spent"
        ),
        ReleaseOutcome::Postponed { failures, until } => format!(
            "none: {} failed, the next one may begin {}",
            output::counted(*failures, "attempt"),
            until.format("%Y-%m-%d %H:%M UTC")
        ),
        ReleaseOutcome::NotDue { next } => format!("none: the next one is due {}", next.format("%Y-%m-%d")),
        ReleaseOutcome::TooFewContributors { contributors, minimum } => {
            format!(
                "none: too few contributing accounts watched something new, {contributors} of at least {minimum}; \
                 watches of the last hour wait for the next cycle"
            )
        }
        ReleaseOutcome::Withheld(problem) => format!("none: {problem}"),
        ReleaseOutcome::Overtaken => "none: another process released in the meantime".to_owned(),
        ReleaseOutcome::Failed { reason } => format!("none: {reason}"),
        ReleaseOutcome::BudgetSpent { next } => format!("none: {}", schedule::spent_in_words(*next)),
        ReleaseOutcome::ConsentWithdrawn => {
            "none: somebody who was in it withdrew; the next cycle releases without that account".to_owned()
        }
    }
}
