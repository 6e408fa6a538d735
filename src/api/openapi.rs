//! The description of the interface. A copy is `docs/openapi.json`; a test keeps both equal.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::me::{contributions, data, not_interested, profile, settings};
use super::{health, metrics, problem, recommendations, visitors};

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
        visitors::parameters, visitors::report, visitors::list, health::alive, health::ready, metrics::render, document
    ),
    components(schemas(problem::Problem)),
    modifiers(&Callers),
    tags(
        (name = "recommendations", description = "Lists of videos."),
        (name = "controls", description = "What a user can see and change."),
        (name = "visitors", description = "Randomized reports of visitors without an account."),
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
        use crate::recommend::request::{DEFAULT_COUNT, MAXIMUM_COUNT, MAXIMUM_START};

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
        assert_eq!(parameters.len(), 6);
    }
}
