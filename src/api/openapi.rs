//! The description of the interface. A copy is `docs/openapi.json`; a test keeps both equal.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ObjectBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::me::{contributions, data, not_interested, profile, settings};
use super::{health, metrics, problem, recommendations};

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shoal",
        description = "Recommendations for one PeerTube instance. Errors are `application/problem+json` (RFC 7807).",
        license(name = "AGPL-3.0-only", identifier = "AGPL-3.0-only"),
    ),
    paths(
        recommendations::list, settings::read, settings::change, not_interested::list, not_interested::add,
        not_interested::remove, profile::read, contributions::list, data::export, data::reset, data::remove,
        health::alive, health::ready, metrics::render, document
    ),
    components(schemas(problem::Problem)),
    modifiers(&Callers, &Refusals),
    tags(
        (name = "recommendations", description = "Lists of videos."),
        (name = "controls", description = "What a user can see and change."),
        (name = "health", description = "For whoever runs Shoal."),
    )
)]
struct Api;

/// The ways to say who is asking.
struct Callers;

impl Modify for Callers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |description| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(scheme.description(Some(description)).build())
        };
        let signature = ApiKeyValue::with_description(
            "Shoal-Signature",
            "Together with `Shoal-User` and `Shoal-Timestamp`; see docs/api.md.",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("serviceToken", bearer("The value of `api.service_token`."));
        components.add_security_scheme("peertubeToken", bearer("An access token of a user of PeerTube."));
        components.add_security_scheme("pluginSignature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

/// What any route may answer when it does not do what is asked; what a route says itself stays.
struct Refusals;

impl Refusals {
    /// Routes about one user.
    const OF_USERS: [(StatusCode, &str); 5] = [
        (StatusCode::BAD_REQUEST, "A parameter or the body cannot be used."),
        (
            StatusCode::UNAUTHORIZED,
            "Nobody is asking, or what was presented does not hold.",
        ),
        (StatusCode::FORBIDDEN, "`userId` is somebody else."),
        (StatusCode::NOT_FOUND, "PeerTube has no such user."),
        (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than any valid one."),
    ];
    /// Routes that read or write something.
    const OF_ALL: [(StatusCode, &str); 2] = [
        (StatusCode::INTERNAL_SERVER_ERROR, "A fault of Shoal or of its set-up."),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Overloaded, too slow, or a database is away.",
        ),
    ];

    fn response(status: StatusCode, description: &str) -> utoipa::openapi::Response {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(description)
            .content(problem::MEDIA_TYPE, content);
        let response = if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
            response.header(
                "Retry-After",
                HeaderBuilder::new()
                    .schema(Some(seconds))
                    .description(Some("Seconds."))
                    .build(),
            )
        } else {
            response
        };
        response.build()
    }
}

impl Modify for Refusals {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let of_users = if path.starts_with(data::PATH) {
                &Self::OF_USERS[..]
            } else {
                &[]
            };
            let of_all = if path.starts_with("/api/v1/") && path != PATH {
                &Self::OF_ALL[..]
            } else {
                &[]
            };
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                for (status, description) in of_users.iter().chain(of_all) {
                    let responses = &mut operation.responses.responses;
                    responses
                        .entry(status.as_str().to_owned())
                        .or_insert_with(|| Self::response(*status, description).into());
                }
            }
        }
    }
}

/// The document as JSON.
pub fn json() -> String {
    let mut text = Api::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// This document.
#[utoipa::path(
    get, path = PATH, tag = "health", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json"))
)]
pub async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], json()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To write the copy anew: `SHOAL_WRITE_OPENAPI=1 cargo test --lib api::openapi`.
    #[test]
    fn the_copy_in_the_documentation_is_up_to_date() {
        let copy = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        if std::env::var_os("SHOAL_WRITE_OPENAPI").is_some() {
            std::fs::write(copy, json()).unwrap();
        }
        let written = std::fs::read_to_string(copy).unwrap_or_default();
        assert!(
            written == json(),
            "docs/openapi.json is out of date: SHOAL_WRITE_OPENAPI=1 cargo test --lib api::openapi"
        );
    }

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let document: serde_json::Value = serde_json::from_str(&json()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        for route in crate::api::ROUTES {
            assert!(paths.contains_key(route), "{route}");
        }
        assert_eq!(paths.len(), crate::api::ROUTES.len());
        let text = json();
        for reference in text.split("\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn bounds_and_defaults_are_those_of_the_parser() {
        use crate::recommend::request::{
            DEFAULT_COUNT, MAXIMUM_COUNT, MAXIMUM_LANGUAGES, MAXIMUM_PLAYED, MAXIMUM_START,
        };

        let document: serde_json::Value = serde_json::from_str(&json()).unwrap();
        let parameters = document["paths"][recommendations::PATH]["get"]["parameters"]
            .as_array()
            .unwrap();
        let schema = |name: &str| {
            let parameter = parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
            assert_ne!(parameter["required"], true, "{name}");
            parameter["schema"].clone()
        };
        assert_eq!(schema("count")["default"], DEFAULT_COUNT);
        assert_eq!(schema("count")["minimum"], 1);
        assert_eq!(schema("count")["maximum"], MAXIMUM_COUNT);
        assert_eq!(schema("start")["maximum"], MAXIMUM_START);
        assert_eq!(schema("played")["maxItems"], MAXIMUM_PLAYED);
        assert_eq!(schema("languageOneOf")["maxItems"], MAXIMUM_LANGUAGES);
        assert_eq!(parameters.len(), 11);
    }
}
