//! The plugin vouches for a user: it signs each request with a secret that only it and Shoal know.
//!
//! Three headers: `Shoal-User` (PeerTube's number of the user), `Shoal-Timestamp` (Unix seconds) and `Shoal-Signature`, the
//! HMAC-SHA256 of six lines in lower-case hexadecimal:
//!
//! ```text
//! shoal-v1
//! PUT
//! /api/v1/users/me/settings
//! 17
//! 1795478400
//! e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
//! ```
//!
//! They are: the version, the method, path and query as on the request line, user, time, and the SHA-256 of the body. So a
//! signature is good for one request of one user, for [`WINDOW_SECONDS`] seconds before and after its time. Within these, the
//! same request could be sent again by somebody who saw it; all that are signed have the same effect twice as once.

use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::authentication::digest;
use super::problem::Problem;
use crate::peertube::UserId;

/// Names the user.
pub const USER_HEADER: &str = "shoal-user";
/// Says when the request was signed.
pub const TIMESTAMP_HEADER: &str = "shoal-timestamp";
/// The signature.
pub const SIGNATURE_HEADER: &str = "shoal-signature";
/// How far the time of a signature may be from the present, in seconds.
pub const WINDOW_SECONDS: i64 = 300;

const VERSION: &str = "shoal-v1";

/// The secret that the plugin signs with.
#[derive(Clone)]
pub struct PluginSecret(Hmac<Sha256>);

/// Remembers whether the log has been told that signatures are refused: the administrator must learn of a wrong secret, and a
/// plugin that asks a hundred times a second must not fill the log. A signature that holds ends it, so that the next fault is
/// told again.
#[derive(Debug, Default)]
pub struct RefusalLog(Mutex<Option<&'static str>>);

impl RefusalLog {
    /// Logs the first refusal of each kind in a row.
    pub(super) fn refused(&self, problem: &Problem) {
        if self.remember(Some(problem.code())) {
            tracing::warn!(
                code = problem.code(),
                reason = problem.detail(),
                "a request of PeerTube's plugin is refused: its setting \"Shared secret\" and `api.plugin_secret` must be the same"
            );
        }
    }

    /// A signature holds.
    pub(super) fn accepted(&self) {
        self.remember(None);
    }

    /// Whether this differs from what was remembered.
    fn remember(&self, code: Option<&'static str>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, code) != code
    }
}

/// Whether a request claims to be signed.
pub(super) fn is_present(headers: &HeaderMap) -> bool {
    [USER_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER]
        .iter()
        .any(|name| headers.contains_key(*name))
}

impl PluginSecret {
    /// `None` when the secret is empty: then nobody can vouch for anybody.
    pub fn new(secret: &SecretString) -> Option<Self> {
        let secret = secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// The signature of a request, in lower-case hexadecimal.
    pub fn sign(&self, method: &str, path_and_query: &str, user: UserId, timestamp: i64, body: &[u8]) -> String {
        let mac = self.over(method, path_and_query, &user.to_string(), &timestamp.to_string(), body);
        hex::encode(mac.finalize().into_bytes())
    }

    /// The user for whom a request was signed.
    ///
    /// # Errors
    /// A [`Problem`] when a header is missing, repeated or not readable, the time is too far away, or the signature is not
    /// of exactly this request.
    pub(super) fn verify(&self, parts: &Parts, body: &[u8], now: DateTime<Utc>) -> Result<UserId, Problem> {
        let user = header(&parts.headers, USER_HEADER)?;
        let timestamp = header(&parts.headers, TIMESTAMP_HEADER)?;
        let signature = header(&parts.headers, SIGNATURE_HEADER)?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let signature = hex::decode(signature).map_err(|_| wrong())?;
        // The comparison takes the same time wherever the difference is.
        self.over(parts.method.as_str(), path, user, timestamp, body)
            .verify_slice(&signature)
            .map_err(|_| wrong())?;
        let seconds: i64 = decimal(timestamp)?;
        if now.timestamp().abs_diff(seconds) > WINDOW_SECONDS.unsigned_abs() {
            return Err(Problem::signature_expired());
        }
        let user: i32 = decimal(user)?;
        if user < 1 {
            return Err(wrong());
        }
        Ok(UserId(user))
    }

    fn over(&self, method: &str, path: &str, user: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let lines = [VERSION, method, path, user, timestamp, &hex::encode(digest(body))];
        let mut mac = self.0.clone();
        mac.update(lines.join("\n").as_bytes());
        mac
    }
}

/// The one value of a header; lines cannot end within it.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| wrong()),
        _ => Err(Problem::invalid_signature(
            "a signed request has the headers Shoal-User, Shoal-Timestamp and Shoal-Signature, each once",
        )),
    }
}

/// Digits only: signs, which `parse` takes, are refused.
fn decimal<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    let digits = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(wrong)
}

fn wrong() -> Problem {
    Problem::invalid_signature("the signature does not fit this request")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use proptest::prelude::*;

    use super::*;

    const TIME: i64 = 1_769_904_000;

    fn secret() -> PluginSecret {
        PluginSecret::new(&SecretString::from("a plugin secret for tests")).unwrap()
    }

    fn parts(method: &str, path: &str, user: &str, timestamp: &str, signature: &str) -> Parts {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(USER_HEADER, user)
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature);
        request.body(()).unwrap().into_parts().0
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// Computed with another program.
    #[test]
    fn the_signature_is_the_one_that_is_documented() {
        let signature = secret().sign("GET", "/api/v1/users/me/settings", UserId(3), TIME, b"");
        assert_eq!(
            signature,
            "08caa843f995587b32485bde86517c33fb19c18b69acb3619b05c417c38e88af"
        );
    }

    #[test]
    fn a_signature_opens_its_own_request_and_no_other() {
        let signature = secret().sign("PUT", "/a?b=c", UserId(3), TIME, b"body");
        let time = TIME.to_string();
        let verify = |method: &str, path: &str, user: &str, time: &str, signature: &str, body: &[u8], now| {
            secret().verify(&parts(method, path, user, time, signature), body, at(now))
        };
        assert_eq!(
            verify("PUT", "/a?b=c", "3", &time, &signature, b"body", TIME),
            Ok(UserId(3))
        );
        assert_eq!(
            verify("PUT", "/a?b=c", "3", &time, &signature, b"body", TIME + 300),
            Ok(UserId(3))
        );
        assert_eq!(
            verify("PUT", "/a?b=c", "3", &time, &signature, b"body", TIME - 300),
            Ok(UserId(3))
        );
        let later = (TIME + 1).to_string();
        for (method, path, user, time, body, now) in [
            ("DELETE", "/a?b=c", "3", &time, &b"body"[..], TIME),
            ("PUT", "/b?b=c", "3", &time, b"body", TIME),
            ("PUT", "/a?b=d", "3", &time, b"body", TIME),
            ("PUT", "/a", "3", &time, b"body", TIME),
            ("PUT", "/a?b=c", "4", &time, b"body", TIME),
            ("PUT", "/a?b=c", "03", &time, b"body", TIME),
            ("PUT", "/a?b=c", "3", &later, b"body", TIME),
            ("PUT", "/a?b=c", "3", &time, b"bodi", TIME),
            ("PUT", "/a?b=c", "3", &time, b"", TIME),
            ("PUT", "/a?b=c", "3", &time, b"body", TIME + 301),
            ("PUT", "/a?b=c", "3", &time, b"body", TIME - 301),
        ] {
            assert!(
                verify(method, path, user, time, &signature, body, now).is_err(),
                "{method} {path} {user}"
            );
        }
        for signature in ["", "00", &signature[2..], &format!("{signature}00"), "nonsense"] {
            assert!(
                verify("PUT", "/a?b=c", "3", &time, signature, b"body", TIME).is_err(),
                "{signature}"
            );
        }
    }

    #[test]
    fn what_was_signed_must_still_be_a_user_and_a_time() {
        for (user, time) in [
            ("0", "1769904000"),
            ("-3", "1769904000"),
            ("x", "1769904000"),
            ("3", "+1769904000"),
        ] {
            let mac = secret().over("GET", "/", user, time, b"");
            let signature = hex::encode(mac.finalize().into_bytes());
            let parts = parts("GET", "/", user, time, &signature);
            assert!(secret().verify(&parts, b"", at(TIME)).is_err(), "{user} {time}");
        }
    }

    #[test]
    fn refusals_are_told_once_until_a_signature_holds() {
        let log = RefusalLog::default();
        let told: Vec<bool> = [
            Some("invalid_signature"),
            Some("invalid_signature"),
            Some("signature_expired"),
            None,
            None,
            Some("signature_expired"),
        ]
        .into_iter()
        .map(|code| log.remember(code))
        .collect();
        assert_eq!(told, [true, false, true, true, false, true]);
    }

    #[test]
    fn without_a_secret_nobody_vouches() {
        assert!(PluginSecret::new(&SecretString::default()).is_none());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(user in "[ -~]{0,20}", time in "[ -~]{0,20}", signature in "[ -~]{0,70}") {
            prop_assert!(secret().verify(&parts("GET", "/", &user, &time, &signature), b"", at(TIME)).is_err());
        }
    }
}
