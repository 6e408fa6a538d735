//! `shoal audit`: attacks a release with canary accounts and tells what that proves.

use std::path::PathBuf;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::output;
use super::picture::Picture;
use super::work::{self, Progress};
use crate::evaluation::audit::{AuditParameters, AuditReport, audit, svg};
use crate::privacy::{Delta, Epsilon};

/// Arguments of `shoal audit`.
#[derive(Debug, clap::Args)]
pub struct AuditArguments {
    /// Epsilon that one release promises.
    #[arg(long, default_value_t = 4.0, allow_negative_numbers = true)]
    epsilon: f64,
    /// Delta that goes with it.
    #[arg(long, default_value_t = 1e-6, allow_negative_numbers = true)]
    delta: f64,
    /// Canary accounts of each of the two attacks; more make the lower bound tighter.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=4_000_000))]
    canaries: u32,
    /// Confidence of the lower bound.
    #[arg(long, default_value_t = 0.95, allow_negative_numbers = true)]
    confidence: f64,
    /// Seed of coins and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the attack's curve as a picture.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 1 when the promise is refuted.
///
/// # Errors
/// When a parameter is out of range or the picture cannot be written.
pub async fn run(arguments: AuditArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let parameters = AuditParameters {
        epsilon: Epsilon::new(arguments.epsilon)?,
        delta: Delta::new(arguments.delta)?,
        canaries: arguments.canaries as usize,
        confidence: arguments.confidence,
        seed: arguments.seed,
    };
    let picture = arguments.svg.as_deref().map(Picture::new).transpose()?;
    let progress = Progress::new("attacking releases")?;
    let Some(report) = work::run(progress, stop, move |_| Ok(audit(&parameters)?)).await? else {
        return Ok(ExitCode::from(work::INTERRUPTED));
    };
    if let Some(picture) = picture {
        picture.write(&svg(&report))?;
    }
    if arguments.json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.promise_holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(report: &AuditReport) {
    output::line(&format!(
        "promised              epsilon {} at delta {:e} (noise of {:.3} clipping norms)",
        report.promised_epsilon, report.delta, report.noise_multiplier
    ));
    output::line(&format!(
        "shown by attack       epsilon of at least {:.3}, confidence {}",
        report.epsilon_lower_bound, report.confidence
    ));
    for (name, attack) in [
        ("watch histories", &report.histories),
        ("too long parts", &report.contributions),
    ] {
        output::line(&format!(
            "  {name:<20}by one-run auditing {:.3}, by independent trials of Gaussian noise {:.3}; {} of {} guesses right",
            attack.one_run_lower_bound, attack.gaussian_lower_bound, attack.correct, report.guesses
        ));
    }
    output::line(&format!("canaries              {} of each kind", report.canaries));
    output::line("");
    output::line("absent accused   present accused   limit of the proof");
    for row in &report.histories.membership.rows {
        output::line(&format!(
            "{:>14.4}   {:>15.4}   {:>18.4}",
            row.false_positive_rate, row.true_positive_rate, row.bound
        ));
    }
    output::line(&format!(
        "area under the curve {:.4}, limit of the proof {:.4}",
        report.histories.membership.area, report.histories.membership.area_bound
    ));
    output::line(if report.promise_holds {
        "the promise holds against this attack"
    } else {
        "THE PROMISE IS BROKEN"
    });
}
