//! `shoal ledger`: the privacy ledger, and what to do after a back-up was restored.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::{Clock, SystemClock};
use crate::privacy::accountant;
use crate::store::Store;
use crate::training::release_counter::{Confirmed, LedgerProblem};
use crate::training::releasing;

/// Arguments of `shoal ledger`.
#[derive(Debug, clap::Args)]
pub struct LedgerArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is spent, and whether the ledger can be trusted.
    Show,
    /// After an older database was restored: debit the releases that it lacks, at full cost, and release again.
    ConfirmRestore {
        /// Releases that the ledger may lack; needed when the release counter is gone too.
        #[arg(long, value_name = "N")]
        missing: Option<u32>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    releases: i64,
    epsilon_spent: f64,
    epsilon_per_year: f64,
    delta: f64,
    spent_share: f64,
    /// From when on the budget allows a release; `null`: never.
    affordable_from: Option<DateTime<Utc>>,
    problem: Option<LedgerProblem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    debited: Option<Confirmed>,
}

/// Runs the command. The exit code of `show` is 1 when the ledger cannot be trusted.
///
/// # Errors
/// When the database cannot be reached, or a confirmation lacks what it needs.
pub async fn run(arguments: LedgerArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let clock = Arc::new(SystemClock);
    let store = Store::connect(&config.database, clock.clone()).await?;
    store.migrate().await?;
    let (counter, now) = (releasing::counter(&config), clock.now());
    let budget = releasing::annual_budget(&config.privacy)?;
    let json = arguments.json;
    let code = match arguments.action {
        Action::Show => {
            let problem = releasing::ledger_problem(&counter, &store).await?;
            let totals = store.ledger_totals().await?;
            let shown = Shown {
                releases: totals.releases,
                epsilon_spent: accountant::release::epsilon_of(totals.spent_mu_squared.sqrt(), budget.delta()),
                epsilon_per_year: budget.epsilon().get(),
                delta: budget.delta().get(),
                spent_share: totals.spent_mu_squared / budget.annual_mu().powi(2),
                affordable_from: releasing::affordable_from(&store, &config.privacy, now).await?,
                problem,
            };
            if json {
                output::json(&shown)?;
            } else {
                print(&shown, now);
            }
            ExitCode::from(u8::from(shown.problem.is_some()))
        }
        Action::ConfirmRestore { missing } => {
            let locked = counter.lock().await?;
            let debited = locked.confirm_restore(&store, missing, budget.release_mu()).await?;
            if json {
                output::json(&Outcome { debited })?;
            } else {
                output::line(&match debited {
                    Some(Confirmed { releases, .. }) => {
                        let releases = output::counted(releases.unsigned_abs(), "release");
                        format!("debited: {releases} at full cost; the sidecar releases again when budget is left")
                    }
                    None => "nothing to confirm: the ledger has every release that was counted".to_owned(),
                });
            }
            ExitCode::SUCCESS
        }
    };
    store.close().await;
    Ok(code)
}

fn print(shown: &Shown, now: DateTime<Utc>) {
    output::line(&format!("releases   {}", shown.releases));
    output::line(&format!(
        "budget     epsilon {:.3} of {} spent in the last 365 days, at delta {:e} ({:.0} %)",
        shown.epsilon_spent,
        shown.epsilon_per_year,
        shown.delta,
        100.0 * shown.spent_share
    ));
    if shown.affordable_from.is_none_or(|from| from > now) {
        output::line(&format!(
            "spent      {}",
            releasing::spent_in_words(shown.affordable_from)
        ));
    }
    match &shown.problem {
        Some(problem) => output::line(&format!("problem    {problem}")),
        None => output::line("ledger     as counted"),
    }
}
