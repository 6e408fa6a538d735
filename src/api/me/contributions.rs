//! `GET /api/v1/users/me/contributions`: what left the instance, and whether this account's history may have been in it.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::me;
use super::query::Query;
use crate::api::authentication::Caller;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::peertube::Viewer;
use crate::privacy::{AnnualBudget, Delta, Epsilon};
use crate::store::{LedgerEntry, LedgerTotals, Level};

/// Where it is.
pub const PATH: &str = "/api/v1/users/me/contributions";

/// What left the instance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contributions {
    /// What the history may be used for.
    pub level: Level,
    /// Whether the next release would be made from this account's history, too.
    pub contributing: bool,
    /// The same in plain words.
    pub explanation: String,
    /// What the releases of the last 365 days may tell about one account, at most.
    pub year: YearSpending,
    /// Releases in all.
    pub total: usize,
    /// The releases of this page, newest first.
    pub data: Vec<ReleaseEntry>,
}

/// The privacy budget of the rolling year. It is the same for every account.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct YearSpending {
    /// Largest epsilon of any 365 days.
    pub epsilon_allowed: f64,
    /// Delta of any 365 days.
    pub delta: f64,
    /// Share of the year's budget that is used up, as the privacy accountant counts it: one of twelve equal releases is a
    /// twelfth. Above 1 when the budget was made smaller since.
    pub share_spent: f64,
    /// Epsilon of all releases of the last 365 days together, and of what was debited for releases whose records are lost. It
    /// does not add up: the first releases of a year add more to it than the later ones.
    pub epsilon_spent: f64,
    /// Releases in the last 365 days.
    pub releases: usize,
}

impl YearSpending {
    /// What was spent in the last 365 days of the ledger's own time.
    pub fn new(budget: &AnnualBudget, totals: &LedgerTotals) -> Self {
        let spent = totals.spent_mu_squared.max(0.0);
        Self {
            epsilon_allowed: budget.epsilon().get(),
            delta: budget.delta().get(),
            share_spent: budget.share_of(spent),
            epsilon_spent: budget.epsilon_of(&[spent.sqrt()]),
            releases: usize::try_from(totals.releases_of_the_year).unwrap_or(0),
        }
    }
}

/// One release.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseEntry {
    /// When it was paid for; it left after that.
    pub date: DateTime<Utc>,
    /// Share of the year's budget that it used up. Shares add up.
    pub share: f64,
    /// Epsilon of this release alone.
    pub epsilon: f64,
    /// Delta of this release alone.
    pub delta: f64,
    /// Deviation of the noise, divided by the most that one account can change.
    pub noise_multiplier: f64,
    /// Size of what was sent.
    pub bytes: i32,
    /// Level of this account at that time; `null` when it is not known any more.
    pub level_then: Option<Level>,
    /// Whether that level allowed this account's history to be in it; `null` when it is not known any more.
    pub allowed_contributing: Option<bool>,
    /// The same in plain words.
    pub explanation: String,
}

/// Every release of this instance, with its price in privacy, and whether this account's level allowed it to be in it.
#[utoipa::path(
    get, path = PATH, tag = "controls", operation_id = "listContributions",
    params(
        ("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token."),
        ("start" = Option<u32>, Query, maximum = 1000, description = "Releases to skip."),
        ("count" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Releases wanted, 1 to 100, by default 15."),
    ),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "A page of releases.", body = Contributions),
    )
)]
pub async fn list(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<Contributions>, Problem> {
    let query = Query::parse(query.as_deref(), &["start", "count"])?;
    let viewer = me(&state, caller, &query).await?;
    let history = state.store.level_history(viewer.id.0).await?;
    let chosen = state.store.user_settings(viewer.id.0).await?.level;
    let level = chosen.unwrap_or_else(|| state.default_level());
    let ledger = state.store.ledger_since(DateTime::UNIX_EPOCH).await?;
    let budget = annual_budget(&state)?;
    let totals = state.store.ledger_totals().await?;
    let page = ledger.iter().rev().skip(query.start).take(query.count);
    let data = page
        .map(|entry| ReleaseEntry::new(entry, &budget, history.at(entry.created_at)))
        .collect();
    Ok(Json(Contributions {
        level,
        contributing: state.is_contributing(&viewer, level),
        explanation: explanation(&state, &viewer, level).to_owned(),
        year: YearSpending::new(&budget, &totals),
        total: ledger.len(),
        data,
    }))
}

fn annual_budget(state: &ApiState) -> Result<AnnualBudget, Problem> {
    let privacy = &state.privacy;
    let budget = Epsilon::new(privacy.epsilon_per_year)
        .and_then(|epsilon| AnnualBudget::new(epsilon, Delta::new(privacy.delta)?, privacy.releases_per_year));
    budget.map_err(|error| {
        tracing::error!(%error, "the privacy budget of the configuration makes no sense");
        Problem::internal()
    })
}

fn explanation(state: &ApiState, viewer: &Viewer, level: Level) -> &'static str {
    if !state.privacy.contribute {
        "This instance sends nothing about anybody: its administrator switched that off."
    } else if viewer.blocked || !viewer.history_enabled {
        "Your watch history is switched off, so nothing about you leaves this instance."
    } else if level.contributes() {
        "Your history is part of sums over many accounts that are sent to other instances with noise added. Nobody can tell \
         from them with confidence whether you took part."
    } else {
        "Nothing about you leaves this instance: your level does not allow it."
    }
}

impl ReleaseEntry {
    fn new(entry: &LedgerEntry, budget: &AnnualBudget, level_then: Option<Level>) -> Self {
        let allowed = level_then.map(Level::contributes);
        let date = entry.created_at.date_naive();
        let explanation = match allowed {
            Some(true) => format!(
                "On {date}, noised sums over many accounts were sent. If your watch history was switched on then, yours was \
                 part of them. Whatever somebody concludes about you from this release alone becomes at most {} times \
                 likelier by it, but for a chance of {}.",
                times(entry.epsilon),
                entry.delta,
            ),
            Some(false) => {
                format!("On {date}, noised sums were sent. Your level did not allow your history to be part of them.")
            }
            None => format!(
                "On {date}, noised sums were sent. Which level you had then is not known any more: you deleted your data, or \
                 it was before levels were written down."
            ),
        };
        Self {
            date: entry.created_at,
            share: budget.share_of(entry.gdp_mu * entry.gdp_mu),
            epsilon: entry.epsilon,
            delta: entry.delta,
            noise_multiplier: entry.noise_multiplier,
            bytes: entry.payload_size,
            level_then,
            allowed_contributing: allowed,
            explanation,
        }
    }
}

/// The factor of an epsilon, rounded up so that it is not understated.
fn times(epsilon: f64) -> String {
    let factor = epsilon.exp();
    if factor < 1e6 {
        format!("{:.1}", (factor * 10.0).ceil() / 10.0)
    } else {
        "a million or more".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_never_understated() {
        assert_eq!(times(0.0), "1.0");
        assert_eq!(times(1.02), "2.8");
        assert_eq!(times(700.0), "a million or more");
    }
}
