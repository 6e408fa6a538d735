//! `shoal privacy report`: what this instance does with what its users watch, in one place and with its figures.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{ConfigArguments, output, train};
use crate::api::me::contributions::YearSpending;
use crate::clock::SystemClock;
use crate::config::{Config, PrivacyConfig};
use crate::peertube::{PeerTube, UserId};
use crate::privacy::AnnualBudget;
use crate::store::{LedgerEntry, Level, Store, UserChoice};
use crate::training::{ownership, releasing};

/// Arguments of `shoal privacy`.
#[derive(Debug, clap::Args)]
pub struct PrivacyArguments {
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
    /// What is used, where it is kept, who can see it, what left this instance and what is left of the budget.
    Report,
    /// After PeerTube was set up anew: use this database beside it from now on, and forget what the users of the former one
    /// decided.
    AdoptPeertube,
}

/// What `shoal privacy adopt-peertube` did.
#[derive(Debug, Serialize)]
struct Adopted {
    /// Users of whom everything was forgotten.
    forgotten: usize,
}

/// What `shoal privacy report` says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    statements: Vec<Statement>,
    accounts: Accounts,
    contributing: State,
    year: YearSpending,
    releases: Vec<ReleaseLine>,
}

/// A question and its answer.
#[derive(Debug, Serialize)]
struct Statement {
    about: &'static str,
    text: &'static str,
}

/// How many accounts are at which level.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    /// All accounts, blocked ones included.
    total: u64,
    /// Accounts with the watch history switched on, not blocked.
    eligible: u64,
    /// Level of those who made no choice.
    default_level: Level,
    /// All accounts, by the level that is in force.
    per_level: BTreeMap<&'static str, u64>,
    /// Eligible accounts at the level `contribute`.
    contributing: u64,
}

/// Whether anything leaves, and why not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    /// Whether the next learning cycle would release evidence, if enough accounts have watched something new by then.
    due: bool,
    /// In words.
    explanation: String,
    /// Sidecars that receive what is released.
    followers: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseLine {
    date: DateTime<Utc>,
    /// Share of the year's budget that it used up.
    share: f64,
    epsilon: f64,
    delta: f64,
    noise_multiplier: f64,
    contributors: Option<i64>,
    bytes: i32,
    payload_sha256: String,
}

impl ReleaseLine {
    fn new(entry: &LedgerEntry, budget: &AnnualBudget) -> Self {
        Self {
            date: entry.created_at,
            share: budget.share_of(entry.gdp_mu * entry.gdp_mu),
            epsilon: entry.epsilon,
            delta: entry.delta,
            noise_multiplier: entry.noise_multiplier,
            contributors: entry.contributors,
            bytes: entry.payload_size,
            payload_sha256: hex::encode(&entry.payload_sha256),
        }
    }
}

/// Where text begins in a line.
const INDENT: usize = 13;
/// Longest line of text, unless a word is longer.
const WIDTH: usize = 100;

const STATEMENTS: [(&str, &str); 9] = [
    (
        "trust",
        "A user trusts this instance: its administrators and moderators with access to the databases. Nobody else: other \
         instances, their users, and whoever reads the network may do what they like with all that ever leaves.",
    ),
    (
        "used",
        "Watches, ratings and some settings of accounts with the watch history switched on in PeerTube, as far as their level \
         allows; titles, tags, channels and counters of videos, which are public.",
    ),
    (
        "agreed",
        "The level that an account chose counts; who chose none is at the level that the administrator set. Only accounts at \
         `contribute`, with the watch history switched on and not blocked, are part of what leaves.",
    ),
    (
        "kept",
        "Watches and ratings stay in PeerTube's database, which Shoal can only read. Shoal's own database keeps levels, sliders, \
         topics and what users do not want to be shown; three models, in which no watch is a row; and every release as it \
         was sent, with the exact number of accounts in it. When an account is deleted in PeerTube, its rows here are too.",
    ),
    (
        "access",
        "Whoever can read one of the two databases or Shoal's configuration; whoever has the service token or the plugin's \
         secret, for any user; each user, for the own data. Logs and metrics name nobody.",
    ),
    (
        "leaves",
        "Noised sums over all contributing accounts, to sidecars that were accepted as followers, and statements about their \
         noise. Nothing else.",
    ),
    (
        "promised",
        "What leaves in any 365 days tells nearly the same whether or not one account took part, within the epsilon and delta \
         below: that is proved, and `shoal audit` attacks it. That the code has no mistake is not proved, and nobody has \
         reviewed it independently.",
    ),
    (
        "not covered",
        "What public counters tell; when and how often releases come; several accounts of one person, beyond the promise for \
         each; what is true of many accounts together; more than 365 days, which add up.",
    ),
    (
        "visitors",
        "Of visitors without an account nothing is asked and nothing is kept.",
    ),
];

/// Runs the command.
///
/// # Errors
/// When the configuration cannot be used or a database does not answer.
pub async fn run(arguments: PrivacyArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let store = Store::connect(&config.database, Arc::new(SystemClock)).await?;
    store.migrate().await?;
    let peertube = PeerTube::connect(&config.peertube.database_url, config.peertube.max_connections).await?;
    match arguments.action {
        Action::Report => {
            let report = report(&config, &store, &peertube).await?;
            if arguments.json {
                output::json(&report)?;
            } else {
                print(&report, &config.privacy);
            }
        }
        Action::AdoptPeertube => {
            let forgotten = ownership::adopt(&peertube, &store).await?;
            if arguments.json {
                output::json(&Adopted { forgotten })?;
            } else {
                let users = output::counted(forgotten as u64, "user");
                output::line(&format!(
                    "this database now belongs to this PeerTube; forgotten: models, and what {users} decided"
                ));
            }
        }
    }
    peertube.close().await;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn report(config: &Config, store: &Store, peertube: &PeerTube) -> anyhow::Result<Report> {
    let privacy = &config.privacy;
    let accounts = accounts(store, peertube, privacy.contribution.into()).await?;
    let ledger = store.ledger_since(DateTime::UNIX_EPOCH).await?;
    let budget = releasing::annual_budget(privacy)?;
    let contributors = usize::try_from(accounts.contributing).unwrap_or(usize::MAX);
    let obstacle = releasing::obstacle(store, privacy, &releasing::counter(config), contributors).await?;
    let totals = store.ledger_totals().await?;
    let (_, followers) = store.accepted_peers().await?;
    Ok(Report {
        statements: STATEMENTS.map(|(about, text)| Statement { about, text }).into(),
        contributing: State {
            due: obstacle.is_none(),
            explanation: match &obstacle {
                None => format!(
                    "by the next learning cycle, if enough contributing accounts, at least {}, have watched something new \
                     by then",
                    releasing::fewest_contributors(privacy)
                ),
                Some(obstacle) => train::release(obstacle),
            },
            followers: u64::try_from(followers).unwrap_or(0),
        },
        year: YearSpending::new(&budget, &totals),
        releases: ledger
            .iter()
            .rev()
            .map(|entry| ReleaseLine::new(entry, &budget))
            .collect(),
        accounts,
    })
}

async fn accounts(store: &Store, peertube: &PeerTube, default_level: Level) -> anyhow::Result<Accounts> {
    let (total, eligible) = (peertube.users().await?, peertube.eligible_users().await?);
    let choices = store.user_choices().await?;
    let users: Vec<UserId> = choices.iter().map(|choice| UserId(choice.user)).collect();
    let existing = peertube.existing_among(&users).await?;
    let eligible_choosers = peertube.eligible_among(&users).await?;
    Ok(counted(
        total,
        eligible,
        &choices,
        &existing,
        &eligible_choosers,
        default_level,
    ))
}

/// `existing` and `eligible_choosers` are those of `choices`, ascending.
fn counted(
    total: u64,
    eligible: u64,
    choices: &[UserChoice],
    existing: &[UserId],
    eligible_choosers: &[UserId],
    default_level: Level,
) -> Accounts {
    let mut per_level: BTreeMap<&'static str, u64> = Level::ALL.map(|level| (level.as_str(), 0)).into();
    let mut contributing = 0;
    let is_in = |users: &[UserId], choice: &UserChoice| users.binary_search(&UserId(choice.user)).is_ok();
    for choice in choices.iter().filter(|choice| is_in(existing, choice)) {
        let level = choice.level.unwrap_or(default_level);
        *per_level.entry(level.as_str()).or_default() += 1;
        contributing += u64::from(level.contributes() && is_in(eligible_choosers, choice));
    }
    *per_level.entry(default_level.as_str()).or_default() += total.saturating_sub(existing.len() as u64);
    if default_level.contributes() {
        contributing += eligible.saturating_sub(eligible_choosers.len() as u64);
    }
    Accounts {
        total,
        eligible,
        default_level,
        per_level,
        contributing,
    }
}

fn print(report: &Report, privacy: &PrivacyConfig) {
    for statement in &report.statements {
        output::paragraph(statement.about, INDENT, WIDTH, statement.text);
    }
    output::line("");
    let accounts = &report.accounts;
    output::line(&format!(
        "accounts     {}; with the watch history switched on: {}; who makes no choice is at `{}`",
        accounts.total, accounts.eligible, accounts.default_level
    ));
    for level in Level::ALL {
        let count = accounts.per_level.get(level.as_str()).copied().unwrap_or(0);
        output::line(&format!("  {:<13}{count:>8}", level.as_str()));
    }
    output::line(&format!(
        "contributing {}; {}",
        output::counted(accounts.contributing, "account"),
        output::counted(report.contributing.followers, "follower")
    ));
    output::paragraph("next release", INDENT, WIDTH, &report.contributing.explanation);
    let year = &report.year;
    output::line(&format!(
        "budget       epsilon {} and delta {:e} for any 365 days, in {}",
        year.epsilon_allowed,
        year.delta,
        output::counted(privacy.releases_per_year, "release")
    ));
    output::line(&format!(
        "  spent      {} of it, in {} of the last 365 days (together epsilon {:.3})",
        output::percent(year.share_spent),
        output::counted(year.releases as u64, "release"),
        year.epsilon_spent
    ));
    output::line("");
    if report.releases.is_empty() {
        output::line("releases     none: nothing about anybody has left this instance");
        return;
    }
    output::line(&format!(
        "{:<22}{:>8}{:>9}{:>10}{:>8}{:>14}{:>10}",
        "released", "budget", "epsilon", "delta", "noise", "contributors", "bytes"
    ));
    for release in &report.releases {
        let contributors = release
            .contributors
            .map_or_else(|| "?".to_owned(), |count| count.to_string());
        output::line(&format!(
            "{:<22}{:>8}{:>9.3}{:>10e}{:>8.2}{:>14}{:>10}",
            release.date.format("%Y-%m-%d %H:%M UTC").to_string(),
            output::percent(release.share),
            release.epsilon,
            release.delta,
            release.noise_multiplier,
            contributors,
            release.bytes
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(user: i32, level: Option<Level>) -> UserChoice {
        UserChoice {
            user,
            level,
            history_from: None,
        }
    }

    #[test]
    fn every_account_is_counted_once() {
        let choices = [
            choice(1, Some(Level::Off)),
            choice(2, Some(Level::Contribute)),
            choice(3, Some(Level::Contribute)),
            choice(4, None),
            choice(5, Some(Level::Local)),
        ];
        // User 5 is gone from PeerTube, user 3 switched the history off.
        let existing = [1, 2, 3, 4].map(UserId);
        let eligible = [1, 2, 4].map(UserId);
        let counted = |default| counted(10, 8, &choices, &existing, &eligible, default);
        let opt_in = counted(Level::Local);
        assert_eq!(opt_in.per_level.values().sum::<u64>(), 10);
        assert_eq!((opt_in.per_level["off"], opt_in.per_level["contribute"]), (1, 2));
        assert_eq!((opt_in.per_level["local"], opt_in.contributing), (7, 1));
        let opt_out = counted(Level::Contribute);
        assert_eq!((opt_out.per_level["contribute"], opt_out.per_level["local"]), (9, 0));
        // Users 2 and 4, and the five eligible ones without a row.
        assert_eq!(opt_out.contributing, 7);
    }
}
