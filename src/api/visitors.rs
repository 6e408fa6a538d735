//! `/api/v1/visitors`: what visitors without an account are interested in, by randomized reports.
//!
//! The visitor's browser draws the report as `parameters` say; the true topic never leaves it. Of a report only counts are
//! kept: no address, no time but the day. Epsilon is per report, so a front end sends at most one per visitor and day;
//! Shoal cannot see to that, because it knows nobody. Somebody who lies can shift the estimates by one report per request:
//! the limit per minute bounds how fast.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Array, ArrayBuilder, ObjectBuilder};

use super::body;
use super::bucket::Bucket;
use super::problem::Problem;
use super::query::InvalidParameter;
use super::state::ApiState;
use crate::config::VisitorsConfig;
use crate::privacy::local::{Estimate, RandomizedResponse, UnaryEncoding, unary_encoding_is_better};
use crate::privacy::{Epsilon, PrivacyError};
use crate::store::VisitorCounts;

/// Where the parameters are.
pub const PARAMETERS_PATH: &str = "/api/v1/visitors/parameters";
/// Where reports are sent.
pub const REPORTS_PATH: &str = "/api/v1/visitors/reports";
/// Where the estimates are.
pub const TOPICS_PATH: &str = "/api/v1/visitors/topics";

/// Days that estimates are made of.
const DAYS: u32 = 30;
/// How often an interval holds the true number.
const CONFIDENCE: f64 = 0.95;

/// PeerTube's categories, 1 to 18. Those that plugins add are left out: the list must be the same for everybody.
const TOPICS: [&str; 18] = [
    "Music",
    "Films",
    "Vehicles",
    "Art",
    "Sports",
    "Travels",
    "Gaming",
    "People",
    "Comedy",
    "Entertainment",
    "News & Politics",
    "How To",
    "Education",
    "Activism",
    "Science & Technology",
    "Animals",
    "Kids",
    "Food",
];

#[derive(Debug, Clone, Copy)]
enum Mechanism {
    Unary(UnaryEncoding),
    Response(RandomizedResponse),
}

/// What is needed to take reports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Visitors {
    mechanism: Mechanism,
    bucket: Arc<Bucket>,
}

/// How a report is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitorParameters {
    /// `unary-encoding`: the own topic is reported with `probabilityTrue`, each other one with `probabilityFalse`, all
    /// independently; none or several may be in a report. `randomized-response`: exactly one topic is reported, the own one
    /// with `probabilityTrue`, each other one with `probabilityFalse`.
    mechanism: &'static str,
    /// Changes with anything that matters; a report repeats it.
    version: String,
    /// Epsilon of one report.
    epsilon: f64,
    /// Probability of the own topic, a multiple of 2^-40.
    probability_true: f64,
    /// Probability of each other topic; with `unary-encoding` a multiple of 2^-40.
    probability_false: f64,
    /// The topics.
    topics: Vec<Topic>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Topic {
    /// Its number: that of PeerTube's category.
    id: i32,
    /// Its name in English.
    label: &'static str,
}

/// One randomized report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorReport {
    /// The version of the parameters under which it was drawn.
    version: String,
    /// The topics that the draw named, each once.
    #[serde(deserialize_with = "body::whole_numbers")]
    #[schema(schema_with = named_topics)]
    topics: Vec<i32>,
}

fn named_topics() -> Array {
    let topic = ObjectBuilder::new().schema_type(Type::Integer);
    let topic = topic.minimum(Some(1)).maximum(Some(TOPICS.len()));
    ArrayBuilder::new()
        .items(topic)
        .max_items(Some(TOPICS.len()))
        .unique_items(true)
        .build()
}

/// What visitors are interested in, as far as randomized reports tell.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VisitorTopics {
    /// The version of the parameters.
    version: String,
    /// Days of reports.
    days: u32,
    /// Reports in these days.
    reports: u64,
    /// How often an interval holds the true number, at least.
    confidence: f64,
    /// One estimate per topic.
    data: Vec<TopicEstimate>,
}

/// How many of the reporting visitors are interested in a topic.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TopicEstimate {
    /// The topic's number.
    id: i32,
    /// Its name in English.
    label: &'static str,
    /// Unbiased; may be negative, or more than all reports, by chance.
    estimate: f64,
    /// Lower end of the confidence interval.
    lower: f64,
    /// Upper end of the confidence interval.
    upper: f64,
}

fn topics() -> impl Iterator<Item = Topic> {
    (1..).zip(TOPICS).map(|(id, label)| Topic { id, label })
}

impl Visitors {
    /// `None` when reports are switched off.
    ///
    /// # Errors
    /// [`PrivacyError`] when epsilon is out of range.
    pub fn new(config: &VisitorsConfig) -> Result<Option<Self>, PrivacyError> {
        if !config.enabled {
            return Ok(None);
        }
        let epsilon = Epsilon::new(config.epsilon)?;
        let count = TOPICS.len() as u32;
        let mechanism = if unary_encoding_is_better(config.epsilon, count) {
            Mechanism::Unary(UnaryEncoding::new(epsilon, count)?)
        } else {
            Mechanism::Response(RandomizedResponse::new(epsilon, count)?)
        };
        let bucket = Arc::new(Bucket::new(config.reports_per_minute));
        Ok(Some(Self { mechanism, bucket }))
    }

    fn parameters(&self) -> VisitorParameters {
        let (mechanism, epsilon, (probability_true, probability_false)) = match &self.mechanism {
            Mechanism::Unary(unary) => ("unary-encoding", unary.epsilon(), unary.probabilities()),
            Mechanism::Response(response) => {
                let probabilities = (response.probability(0, 0), response.probability(1, 0));
                ("randomized-response", response.epsilon(), probabilities)
            }
        };
        VisitorParameters {
            mechanism,
            version: format!("{mechanism}-{}-{epsilon:.9}", TOPICS.len()),
            epsilon,
            probability_true,
            probability_false,
            topics: topics().collect(),
        }
    }

    /// The topics of a report, ascending.
    fn checked(&self, report: VisitorReport) -> Result<Vec<i32>, Problem> {
        if report.version != self.parameters().version {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "outdated_parameters",
                "the report was drawn under other parameters; ask for them again, and draw anew another day",
            ));
        }
        let mut named = report.topics;
        named.sort_unstable();
        let known = named.iter().all(|topic| (1..=TOPICS.len() as i32).contains(topic));
        let distinct = named.windows(2).all(|pair| pair[0] != pair[1]);
        let count = matches!(self.mechanism, Mechanism::Unary(_)) || named.len() == 1;
        if known && distinct && count {
            Ok(named)
        } else {
            let problem = "must be numbers of topics, each once; exactly one with `randomized-response`";
            Err(Problem::invalid_fields(vec![InvalidParameter::in_body(
                "topics", problem,
            )]))
        }
    }

    fn estimates(&self, counts: &VisitorCounts) -> Result<Vec<Estimate>, PrivacyError> {
        let mut seen = vec![0; TOPICS.len()];
        for (topic, reports) in &counts.topics {
            let place = usize::try_from(*topic).ok().and_then(|topic| topic.checked_sub(1));
            if let Some(count) = place.and_then(|place| seen.get_mut(place)) {
                *count = *reports;
            }
        }
        match &self.mechanism {
            Mechanism::Unary(unary) => unary.estimate(&seen, counts.reports, CONFIDENCE),
            Mechanism::Response(response) => response.estimate(&seen, CONFIDENCE),
        }
    }
}

fn switched_on(state: &ApiState) -> Result<&Visitors, Problem> {
    state.visitors.as_ref().ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "visitors_switched_off",
            "this instance takes no reports of visitors; the setting is `visitors.enabled`",
        )
    })
}

/// How a report is drawn, in the visitor's browser.
#[utoipa::path(
    get, path = PARAMETERS_PATH, tag = "visitors", operation_id = "getVisitorParameters",
    responses(
        (status = 200, description = "The parameters.", body = VisitorParameters),
        (status = 404, description = "No reports are taken here.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn parameters(State(state): State<ApiState>) -> Result<Json<VisitorParameters>, Problem> {
    Ok(Json(switched_on(&state)?.parameters()))
}

/// Counts one randomized report.
#[utoipa::path(
    post, path = REPORTS_PATH, tag = "visitors", operation_id = "addVisitorReport",
    request_body = VisitorReport,
    responses(
        (status = 204, description = "It is counted."),
        (status = 400, description = "It is no report.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No reports are taken here.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was drawn under other parameters.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many reports, of all visitors together.", body = Problem,
            content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds."))),
    )
)]
pub async fn report(State(state): State<ApiState>, bytes: Bytes) -> Result<StatusCode, Problem> {
    let visitors = switched_on(&state)?;
    let report: VisitorReport = body::json(&bytes)?;
    let version = visitors.parameters().version;
    let topics = visitors.checked(report)?;
    if !visitors.bucket.take(state.clock.now()) {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_reports",
            "too many visitors report at this moment; this report is not needed",
        ));
    }
    state.store.count_visitor_report(&version, &topics).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What visitors are interested in: estimates from the randomized reports of the last 30 days, with the uncertainty that
/// the randomization brings.
#[utoipa::path(
    get, path = TOPICS_PATH, tag = "visitors", operation_id = "listVisitorTopics",
    responses(
        (status = 200, description = "One estimate per topic.", body = VisitorTopics),
        (status = 404, description = "No reports are taken here.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(state): State<ApiState>) -> Result<Json<VisitorTopics>, Problem> {
    let visitors = switched_on(&state)?;
    let version = visitors.parameters().version;
    let counts = state.store.visitor_counts(&version, DAYS).await?;
    let estimates = visitors.estimates(&counts).map_err(|error| {
        tracing::error!(%error, "the counts of visitors' reports do not fit together");
        Problem::internal()
    })?;
    let data = topics()
        .zip(estimates)
        .map(|(topic, estimate)| TopicEstimate {
            id: topic.id,
            label: topic.label,
            estimate: estimate.count,
            lower: estimate.lower,
            upper: estimate.upper,
        })
        .collect();
    Ok(Json(VisitorTopics {
        version,
        days: DAYS,
        reports: counts.reports,
        confidence: CONFIDENCE,
        data,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitors(epsilon: f64) -> Visitors {
        let config = VisitorsConfig {
            enabled: true,
            epsilon,
            ..VisitorsConfig::default()
        };
        Visitors::new(&config).unwrap().unwrap()
    }

    fn checked(visitors: &Visitors, topics: &[i32]) -> Result<Vec<i32>, Problem> {
        visitors.checked(VisitorReport {
            version: visitors.parameters().version,
            topics: topics.to_vec(),
        })
    }

    #[test]
    fn the_better_mechanism_is_chosen_and_keeps_epsilon() {
        for (epsilon, mechanism) in [
            (0.5, "unary-encoding"),
            (1.0, "unary-encoding"),
            (4.0, "randomized-response"),
        ] {
            let parameters = visitors(epsilon).parameters();
            assert_eq!(parameters.mechanism, mechanism);
            assert!(parameters.epsilon <= epsilon && parameters.epsilon > epsilon - 1e-6);
            assert!(parameters.probability_true > parameters.probability_false);
        }
        assert_ne!(visitors(1.0).parameters().version, visitors(1.1).parameters().version);
    }

    #[test]
    fn reports_of_another_shape_are_refused() {
        let (unary, response) = (visitors(1.0), visitors(4.0));
        assert_eq!(checked(&unary, &[3, 1]), Ok(vec![1, 3]));
        assert_eq!(checked(&unary, &[]), Ok(vec![]));
        assert_eq!(checked(&response, &[18]), Ok(vec![18]));
        for wrong in [&[0][..], &[19], &[-1], &[1, 1], &[i32::MIN]] {
            assert!(checked(&unary, wrong).is_err(), "{wrong:?}");
            assert!(checked(&response, wrong).is_err(), "{wrong:?}");
        }
        assert!(checked(&response, &[]).is_err() && checked(&response, &[1, 2]).is_err());
        let outdated = VisitorReport {
            version: response.parameters().version,
            topics: vec![1],
        };
        assert!(unary.checked(outdated).is_err());
    }

    #[test]
    fn nothing_is_taken_unless_the_administrator_says_so() {
        assert!(Visitors::new(&VisitorsConfig::default()).unwrap().is_none());
    }
}
