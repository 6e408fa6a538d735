//! `GET` and `PUT /api/v1/users/me/settings`: level, sliders, topics.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Array, ArrayBuilder, ObjectBuilder};

use super::me;
use super::query::Query;
use crate::api::authentication::Caller;
use crate::api::body;
use crate::api::problem::Problem;
use crate::api::query::InvalidParameter;
use crate::api::state::ApiState;
use crate::peertube::Viewer;
use crate::store::{Level, SettingsChange, Topics, UserSettings};

/// Where the settings are.
pub const PATH: &str = "/api/v1/users/me/settings";
/// Tags, and categories, in each direction at most.
const MOST_TOPICS: usize = 50;
/// Longest tag: PeerTube's own limit.
const LONGEST_TAG: usize = 30;
/// A tag is not blank and has no control characters.
const TAG_PATTERN: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
/// Largest number of a category: plugins may add some.
const LARGEST_CATEGORY: i32 = 1_000_000_000;

/// Everything that a user can decide.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsDocument {
    /// What the history may be used for.
    pub level: Level,
    /// What the user chose; `null`: the instance's default.
    pub chosen_level: Option<Level>,
    /// The level of users who choose nothing.
    pub default_level: Level,
    /// PeerTube's own switch: when it is off, nothing is read whatever the level.
    pub history_enabled: bool,
    /// Whether the next release would be made from this account's history, too.
    pub contributing: bool,
    /// From -1, familiar, to 1, discover.
    pub discover: f32,
    /// From -1, timeless, to 1, fresh.
    pub fresh: f32,
    /// From -1, local videos, to 1, videos of other instances.
    pub wide: f32,
    /// Topics to see more and less of.
    pub topics: TopicsDocument,
    /// Last reset: what was done before is not learned from.
    pub history_from: Option<DateTime<Utc>>,
    /// Last change of anything; `null`: never.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Topics to see more and less of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicsDocument {
    /// More of these.
    pub up: TopicList,
    /// Less of these.
    pub down: TopicList,
}

/// Tags and categories.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicList {
    /// Tags, 1 to 30 characters each; upper and lower case are the same. At most 50.
    #[schema(schema_with = tags_schema)]
    pub tags: Vec<String>,
    /// Numbers of PeerTube's categories, at most 50.
    #[serde(deserialize_with = "body::whole_numbers")]
    #[schema(schema_with = categories_schema)]
    pub categories: Vec<i32>,
}

fn tags_schema() -> Array {
    let tag = ObjectBuilder::new().schema_type(Type::String);
    let tag = tag
        .min_length(Some(1))
        .max_length(Some(LONGEST_TAG))
        .pattern(Some(TAG_PATTERN));
    topics_schema(tag)
}

fn categories_schema() -> Array {
    let category = ObjectBuilder::new().schema_type(Type::Integer);
    topics_schema(category.minimum(Some(1)).maximum(Some(LARGEST_CATEGORY)))
}

fn topics_schema(topic: ObjectBuilder) -> Array {
    ArrayBuilder::new().items(topic).max_items(Some(MOST_TOPICS)).build()
}

/// A change. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct SettingsRequest {
    /// The level; `null`: back to the instance's default.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Level>)]
    pub level: Option<Option<Level>>,
    /// From -1, familiar, to 1, discover.
    #[schema(minimum = -1, maximum = 1)]
    pub discover: Option<f32>,
    /// From -1, timeless, to 1, fresh.
    #[schema(minimum = -1, maximum = 1)]
    pub fresh: Option<f32>,
    /// From -1, local videos, to 1, videos of other instances.
    #[schema(minimum = -1, maximum = 1)]
    pub wide: Option<f32>,
    /// All topics; they replace the present ones.
    pub topics: Option<TopicsDocument>,
}

/// Tells `null` from nothing.
#[expect(
    clippy::option_option,
    reason = "left out, null and a level are three different things"
)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Level>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl SettingsRequest {
    /// Checks the bounds.
    ///
    /// # Errors
    /// Every field that cannot be used.
    fn checked(self) -> Result<SettingsChange, Problem> {
        let mut invalid = Vec::new();
        for (name, value) in [("discover", self.discover), ("fresh", self.fresh), ("wide", self.wide)] {
            if value.is_some_and(|value| !(-1.0..=1.0).contains(&value)) {
                invalid.push(InvalidParameter::in_body(name, "must be a number from -1 to 1"));
            }
        }
        let topics = self.topics.map(|topics| Topics {
            tags_up: normal_tags(&topics.up.tags, "topics.up.tags", &mut invalid),
            tags_down: normal_tags(&topics.down.tags, "topics.down.tags", &mut invalid),
            categories_up: normal_categories(topics.up.categories, "topics.up.categories", &mut invalid),
            categories_down: normal_categories(topics.down.categories, "topics.down.categories", &mut invalid),
        });
        if !invalid.is_empty() {
            return Err(Problem::invalid_fields(invalid));
        }
        Ok(SettingsChange {
            level: self.level,
            discover: self.discover,
            fresh: self.fresh,
            wide: self.wide,
            topics,
        })
    }
}

fn normal_tags(tags: &[String], name: &str, invalid: &mut Vec<InvalidParameter>) -> Vec<String> {
    let mut normal: Vec<String> = tags.iter().map(|tag| tag.trim().to_lowercase()).collect();
    let fits = |tag: &String| (1..=LONGEST_TAG).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
    if normal.len() > MOST_TOPICS || !normal.iter().all(fits) {
        let problem = format!("must be at most {MOST_TOPICS} tags of 1 to {LONGEST_TAG} characters");
        invalid.push(InvalidParameter::in_body(name, problem));
    }
    normal.sort();
    normal.dedup();
    normal
}

fn normal_categories(mut categories: Vec<i32>, name: &str, invalid: &mut Vec<InvalidParameter>) -> Vec<i32> {
    let fit = categories
        .iter()
        .all(|category| (1..=LARGEST_CATEGORY).contains(category));
    if categories.len() > MOST_TOPICS || !fit {
        let problem = format!("must be at most {MOST_TOPICS} numbers of categories");
        invalid.push(InvalidParameter::in_body(name, problem));
    }
    categories.sort_unstable();
    categories.dedup();
    categories
}

impl SettingsDocument {
    /// What is in force for `viewer`.
    pub fn new(viewer: &Viewer, settings: UserSettings, state: &ApiState) -> Self {
        let default_level = state.default_level();
        let level = settings.level.unwrap_or(default_level);
        let Topics {
            tags_up,
            tags_down,
            categories_up,
            categories_down,
        } = settings.topics;
        Self {
            level,
            chosen_level: settings.level,
            default_level,
            history_enabled: viewer.history_enabled,
            contributing: state.is_contributing(viewer, level),
            discover: settings.sliders.discover,
            fresh: settings.sliders.fresh,
            wide: settings.sliders.wide,
            topics: TopicsDocument {
                up: TopicList {
                    tags: tags_up,
                    categories: categories_up,
                },
                down: TopicList {
                    tags: tags_down,
                    categories: categories_down,
                },
            },
            history_from: settings.history_from,
            updated_at: settings.updated_at,
        }
    }
}

/// What a user decided, and what is in force where nothing was decided.
#[utoipa::path(
    get, path = PATH, tag = "controls", operation_id = "getSettings",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "The settings.", body = SettingsDocument),
    )
)]
pub async fn read(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<SettingsDocument>, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    let settings = state.store.user_settings(viewer.id.0).await?;
    Ok(Json(SettingsDocument::new(&viewer, settings, &state)))
}

/// Changes settings; what is left out stays as it is. Lists change with the next request, models with the next learning
/// cycle, and the next release is made under the new level.
#[utoipa::path(
    put, path = PATH, tag = "controls", operation_id = "changeSettings",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    request_body = SettingsRequest,
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "All settings, after the change.", body = SettingsDocument),
        (status = 400, description = "A field cannot be used.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Result<Json<SettingsDocument>, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    let change = body::json::<SettingsRequest>(&bytes)?.checked()?;
    let settings = state.store.change_user_settings(viewer.id.0, change).await?;
    Ok(Json(SettingsDocument::new(&viewer, settings, &state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> Result<SettingsChange, Problem> {
        body::json::<SettingsRequest>(&Bytes::from(text.to_owned()))?.checked()
    }

    #[test]
    fn nothing_null_and_a_level_are_three_different_things() {
        assert_eq!(change("{}").unwrap(), SettingsChange::default());
        assert_eq!(change(r#"{"level":null}"#).unwrap().level, Some(None));
        assert_eq!(change(r#"{"level":"off"}"#).unwrap().level, Some(Some(Level::Off)));
    }

    #[test]
    fn tags_are_in_lower_case_and_each_once() {
        let topics = change(r#"{"topics":{"up":{"tags":[" Bees","bees","Ärger"],"categories":[2,1,2]}}}"#);
        let topics = topics.unwrap().topics.unwrap();
        assert_eq!(topics.tags_up, ["bees", "ärger"]);
        assert_eq!(topics.categories_up, [1, 2]);
        assert!(topics.tags_down.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            r#"{"level":"some"}"#,
            r#"{"levels":"off"}"#,
            r#"{"discover":1.5}"#,
            r#"{"discover":1e300}"#,
            r#"{"discover":"1"}"#,
            r#"{"topics":{"up":{"tags":[""]}}}"#,
            r#"{"topics":{"up":{"tags":["a\u0000b"]}}}"#,
            r#"{"topics":{"up":{"categories":[0]}}}"#,
            r#"{"topics":{"left":{}}}"#,
        ] {
            assert!(change(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
        let many = serde_json::json!({ "topics": { "down": { "tags": many } } }).to_string();
        assert!(change(&many).is_err());
    }
}
