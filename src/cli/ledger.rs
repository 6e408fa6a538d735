//! `shoal ledger`: the privacy ledger, and what to do after a back-up was restored.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::privacy::accountant;
use crate::store::{ClockVerdict, LedgerTime, Observation, Store};
use crate::training::release_counter::Confirmed;
use crate::training::{LedgerProblem, releasing, schedule};

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
    /// After the machine's clock jumped: believe it as it is now, and release again.
    ConfirmClock,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    releases: i64,
    /// Share of the year's budget that is used up, as the accountant counts it.
    share_spent: f64,
    /// Epsilon of the releases of the last 365 days together.
    epsilon_spent: f64,
    epsilon_per_year: f64,
    delta: f64,
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
    let store = Store::connect(&config.database, Arc::new(SystemClock)).await?;
    store.migrate().await?;
    let counter = releasing::counter(&config);
    let budget = releasing::annual_budget(&config.privacy)?;
    let json = arguments.json;
    let code = match arguments.action {
        Action::Show => {
            let problem = releasing::ledger_problem(&counter, &store).await?;
            let (totals, now) = (store.ledger_totals().await?, store.ledger_time().await?);
            let shown = Shown {
                releases: totals.releases,
                epsilon_spent: accountant::release::epsilon_of(totals.spent_mu_squared.sqrt(), budget.delta()),
                epsilon_per_year: budget.epsilon().get(),
                delta: budget.delta().get(),
                share_spent: budget.share_of(totals.spent_mu_squared),
                affordable_from: schedule::affordable_from(&store, &config.privacy, now).await?,
                problem,
            };
            if json {
                output::json(&shown)?;
            } else {
                print(&shown, &now);
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
        Action::ConfirmClock => {
            let observation = store.confirm_clock().await?;
            if json {
                output::json(&ClockOutcome::new(&observation))?;
            } else {
                print_confirmed(&observation);
            }
            ExitCode::SUCCESS
        }
    };
    store.close().await;
    Ok(code)
}

/// What `confirm-clock` did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockOutcome {
    /// What the clock shows, believed from now on.
    clock: DateTime<Utc>,
    /// What was expected; `null`: about the same.
    expected: Option<DateTime<Utc>>,
    /// Users of whom dates in the future were set to the present.
    repaired_users: usize,
    /// The same for rows of the ledger.
    repaired_ledger_rows: u64,
    /// The same for all other rows.
    repaired_other_rows: u64,
}

impl ClockOutcome {
    fn new(observation: &Observation) -> Self {
        let repaired = &observation.repaired;
        Self {
            clock: observation.time.wall,
            expected: match observation.time.verdict {
                ClockVerdict::Plausible => None,
                ClockVerdict::Ahead { expected } | ClockVerdict::Behind { expected } => Some(expected),
            },
            repaired_users: repaired.users.len(),
            repaired_ledger_rows: repaired.ledger,
            repaired_other_rows: repaired.others,
        }
    }
}

fn print_confirmed(observation: &Observation) {
    let outcome = ClockOutcome::new(observation);
    let clock = outcome.clock.format("%Y-%m-%d %H:%M UTC");
    output::line(&match outcome.expected {
        Some(expected) => format!(
            "believed: it is {clock}, not {}; the sidecar releases again when it is time",
            expected.format("%Y-%m-%d %H:%M UTC")
        ),
        None => format!("nothing to confirm: it is {clock}, as expected"),
    });
    let rows = outcome.repaired_ledger_rows + outcome.repaired_other_rows;
    if outcome.repaired_users > 0 || rows > 0 {
        output::line(&format!(
            "dates in the future were set to the present: of {}, and in {} of other kinds",
            output::counted(outcome.repaired_users as u64, "user"),
            output::counted(rows, "row")
        ));
    }
}

fn print(shown: &Shown, now: &LedgerTime) {
    output::line(&format!("releases   {}", shown.releases));
    output::line(&format!(
        "budget     {} of what 365 days may spend is spent (epsilon {} at delta {:e})",
        output::percent(shown.share_spent),
        shown.epsilon_per_year,
        shown.delta,
    ));
    output::line(&format!(
        "proved     epsilon {:.3} for all releases of the last 365 days together",
        shown.epsilon_spent
    ));
    if shown.affordable_from.is_none_or(|from| from > now.wall) {
        output::line(&format!(
            "spent      {}",
            schedule::spent_in_words(shown.affordable_from)
        ));
    }
    match &shown.problem {
        Some(problem) => output::line(&format!("problem    {problem}")),
        None => output::line("ledger     as counted"),
    }
}
