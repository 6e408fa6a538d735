//! HTTP signatures (draft-cavage, RSA with SHA-256) of requests that arrive: what they cover, how old they are, and
//! whether a key made them.
//!
//! This is all there is: the ActivityPub library would accept signatures that leave out the path or the host, and would
//! read one occurrence of a repeated header for the body and another one for the signature. Here a header that counts
//! occurs once, and what was covered is what is checked.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::{Digest, Sha256};
use rsa::{Pkcs1v15Sign, RsaPublicKey, traits::PublicKeyParts};
use url::Url;

use super::FederationError;
use crate::untrusted::Untrusted;

/// How far the clocks of two servers may be apart, in minutes.
const SKEW_MINUTES: i64 = 30;
/// Latest second after the epoch that is taken for a time: in the year 5138.
const LATEST_SECOND: u64 = 99_999_999_999;
/// Smallest RSA key that is accepted, in bits; the largest is the library's 4096.
const SMALLEST_KEY: usize = 2048;

/// A signature whose coverage and age are right; who made it is not known yet.
#[derive(Debug)]
pub struct Inspected {
    key_id: Url,
    signature: Vec<u8>,
    signing_string: String,
    /// The covered `Digest` header.
    digest: Option<String>,
}

/// Headers that a request may have only once: which occurrence is read is not the same everywhere.
const SINGLE: [&str; 6] = ["signature", "digest", "host", "date", "content-type", "content-length"];

/// Checks that none of the headers that are signed or decide how the body is read occurs twice.
///
/// # Errors
/// [`FederationError::Malformed`] names the first that does.
pub fn refuse_repeated(headers: &HeaderMap) -> Result<(), FederationError> {
    match SINGLE
        .iter()
        .find(|name| headers.get_all(**name).iter().nth(1).is_some())
    {
        Some(name) => Err(FederationError::Malformed(format!(
            "the header {name} must not be repeated"
        ))),
        None => Ok(()),
    }
}

/// Checks that the request carries a signature that covers method, path, host, time and, with `digest`, the body.
///
/// # Errors
/// [`FederationError::Unauthenticated`] says what is missing or wrong, [`FederationError::Malformed`] that a header is
/// there twice.
pub fn inspect(
    method: &Method,
    path_and_query: &str,
    headers: &HeaderMap,
    authority: &str,
    digest: bool,
    now: DateTime<Utc>,
) -> Result<Inspected, FederationError> {
    refuse_repeated(headers)?;
    let Some(header) = headers.get("signature") else {
        return Err(unauthenticated("the request is not signed"));
    };
    refuse_absurd_times(header)?;
    let mut values: BTreeMap<String, String> = headers
        .iter()
        // The verifier would prefer this header to `Signature`.
        .filter(|(name, _)| *name != "authorization")
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    values.entry("host".to_owned()).or_insert_with(|| authority.to_owned());
    let unverified = http_signature_normalization::Config::new()
        .set_expiration(std::time::Duration::from_mins(SKEW_MINUTES.unsigned_abs()))
        .begin_verify(method.as_str(), path_and_query, values)
        .map_err(|error| unauthenticated(&format!("the signature cannot be used: {}", Untrusted(error))))?;

    // One line per covered header; a header value cannot contain a line break.
    let covered: BTreeMap<&str, &str> = unverified
        .signing_string()
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let repeated = |name: &str| headers.get_all(name).iter().nth(1).is_some();
    if covered.keys().any(|name| !name.starts_with('(') && repeated(name)) {
        return Err(FederationError::Malformed(
            "a signed header must not be repeated".to_owned(),
        ));
    }
    if !covered.contains_key("(request-target)") {
        return Err(unauthenticated("the signature must cover (request-target)"));
    }
    match covered.get("host") {
        Some(host) if host.eq_ignore_ascii_case(authority) => {}
        Some(_) => return Err(unauthenticated("the request was signed for another host")),
        None => return Err(unauthenticated("the signature must cover the host")),
    }
    if digest && !covered.contains_key("digest") {
        return Err(unauthenticated("the signature must cover the digest"));
    }
    check_age(covered.get("date").copied(), covered.get("(created)").copied(), now)?;

    let key_id = Url::parse(unverified.key_id()).map_err(|_| unauthenticated("the keyId is not an address"))?;
    let signature = STANDARD
        .decode(unverified.signature())
        .map_err(|_| unauthenticated("the signature is not base64"))?;
    Ok(Inspected {
        key_id,
        signature,
        signing_string: unverified.signing_string().to_owned(),
        digest: covered.get("digest").map(|digest| (*digest).to_owned()),
    })
}

impl Inspected {
    /// The actor that claims to have signed: the key id without its fragment.
    pub fn actor(&self) -> Url {
        let mut actor = self.key_id.clone();
        actor.set_fragment(None);
        actor
    }

    /// Whether the covered digest is that of `body`: `SHA-256=` and base64; other algorithms beside it are not looked at.
    pub fn covers(&self, body: &[u8]) -> bool {
        let hash = Sha256::digest(body);
        let parts = self.digest.iter().flat_map(|digest| digest.split(','));
        let mut stated = parts
            .filter_map(|part| part.trim().split_once('='))
            .filter(|(algorithm, _)| algorithm.eq_ignore_ascii_case("sha-256"))
            .map(|(_, value)| STANDARD.decode(value).is_ok_and(|value| value == hash.as_slice()))
            .peekable();
        stated.peek().is_some() && stated.all(|fits| fits)
    }

    /// Whether this key made the signature.
    pub fn is_made_by(&self, public_key_pem: &str) -> bool {
        let Ok(key) = usable_key(public_key_pem) else {
            return false;
        };
        let hash = Sha256::digest(self.signing_string.as_bytes());
        key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, &self.signature)
            .is_ok()
    }
}

/// Reads a public key and checks that it is neither too small to be safe nor too large to be verified quickly.
///
/// # Errors
/// What is wrong with it.
pub fn usable_key(public_key_pem: &str) -> Result<RsaPublicKey, &'static str> {
    if public_key_pem.len() > 4_096 {
        return Err("the public key is too long");
    }
    let key =
        RsaPublicKey::from_public_key_pem(public_key_pem.trim()).map_err(|_| "the public key is not RSA in PEM")?;
    if key.size() * 8 < SMALLEST_KEY {
        Err("the public key is shorter than 2048 bits")
    } else {
        Ok(key)
    }
}

/// The verifier adds `created` and `expires` to the epoch without checking: a number beyond its range would panic.
fn refuse_absurd_times(header: &HeaderValue) -> Result<(), FederationError> {
    let text = header
        .to_str()
        .map_err(|_| unauthenticated("the signature is not text"))?;
    let absurd = text
        .split(',')
        .filter_map(|parameter| parameter.split_once('='))
        .filter_map(|(_, value)| value.trim_matches('"').parse::<u64>().ok())
        .any(|number| number > LATEST_SECOND);
    if absurd {
        Err(unauthenticated("the signature's date cannot be read"))
    } else {
        Ok(())
    }
}

fn check_age(date: Option<&str>, created: Option<&str>, now: DateTime<Utc>) -> Result<(), FederationError> {
    let moments = [
        date.map(|text| DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())),
        created.map(|text| {
            text.parse()
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        }),
    ];
    let mut dated = false;
    for moment in moments.into_iter().flatten() {
        let moment = moment.ok_or_else(|| unauthenticated("the signature's date cannot be read"))?;
        if (now - moment).abs() > TimeDelta::minutes(SKEW_MINUTES) {
            return Err(unauthenticated(
                "the signature is too old, or the clocks differ by more than 30 minutes",
            ));
        }
        dated = true;
    }
    if dated {
        Ok(())
    } else {
        Err(unauthenticated("the signature must cover date or (created)"))
    }
}

fn unauthenticated(reason: &str) -> FederationError {
    FederationError::Unauthenticated(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AUTHORITY: &str = "rec.video.example";

    fn request(headers: &str, date: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("host", HeaderValue::from_static(AUTHORITY));
        map.insert("date", HeaderValue::from_str(date).unwrap());
        map.insert("digest", HeaderValue::from_static("SHA-256=AAAA"));
        let signature =
            format!("keyId=\"https://other.example/actor#main-key\",headers=\"{headers}\",signature=\"c2lnbmF0dXJl\"");
        map.insert("signature", HeaderValue::from_str(&signature).unwrap());
        map
    }

    fn problem(headers: &HeaderMap, digest: bool) -> String {
        let inspected = inspect(&Method::GET, "/payloads/00", headers, AUTHORITY, digest, Utc::now());
        inspected.map_or_else(
            |error| error.to_string(),
            |inspected| format!("by {}", inspected.actor()),
        )
    }

    #[test]
    fn path_host_time_and_digest_must_be_covered() {
        let today = Utc::now().to_rfc2822().replace("+0000", "GMT");
        let check = |headers: &str, digest| problem(&request(headers, &today), digest);
        assert_eq!(
            check("(request-target) host date", false),
            "by https://other.example/actor"
        );
        assert_eq!(
            check("(request-target) host date digest", true),
            "by https://other.example/actor"
        );
        assert!(check("host date", false).contains("(request-target)"));
        assert!(check("(request-target) date", false).contains("host"));
        assert!(check("(request-target) host", false).contains("date"));
        assert!(check("(request-target) host date", true).contains("digest"));
        assert!(check("(request-target) host date x-absent", false).contains("x-absent"));
    }

    #[test]
    fn old_and_future_dates_are_refused() {
        for days in [-1, 1] {
            let date = (Utc::now() + TimeDelta::days(days))
                .to_rfc2822()
                .replace("+0000", "GMT");
            let reason = problem(&request("(request-target) host date", &date), false);
            assert!(!reason.starts_with("by"), "{reason}");
        }
    }

    #[test]
    fn a_request_signed_for_another_host_is_refused() {
        let mut headers = request("(request-target) host date", &Utc::now().to_rfc2822());
        headers.insert("host", HeaderValue::from_static("elsewhere.example"));
        assert!(problem(&headers, false).contains("another host"));
    }

    #[test]
    fn a_repeated_header_is_refused_whichever_occurrence_is_signed() {
        let today = Utc::now().to_rfc2822().replace("+0000", "GMT");
        let signed = "(request-target) host date digest x-more";
        for name in [
            "signature",
            "digest",
            "host",
            "date",
            "content-type",
            "content-length",
            "x-more",
        ] {
            let mut headers = request(signed, &today);
            headers.insert("x-more", HeaderValue::from_static("1"));
            headers.append(name, HeaderValue::from_static("SHA-256=BBBB"));
            if ["content-type", "content-length"].contains(&name) {
                headers.append(name, HeaderValue::from_static("2"));
            }
            let inspected = inspect(&Method::POST, "/inbox", &headers, AUTHORITY, true, Utc::now());
            assert!(
                matches!(inspected, Err(FederationError::Malformed(_))),
                "{name}: {inspected:?}"
            );
        }
    }

    #[test]
    fn the_digest_is_that_of_the_body() {
        let covers = |digest: &str| {
            Inspected {
                key_id: Url::parse("https://other.example/actor#main-key").unwrap(),
                signature: Vec::new(),
                signing_string: String::new(),
                digest: Some(digest.to_owned()),
            }
            .covers(b"body")
        };
        let right = format!("SHA-256={}", STANDARD.encode(Sha256::digest(b"body")));
        let wrong = format!("SHA-256={}", STANDARD.encode(Sha256::digest(b"other")));
        assert!(covers(&right));
        assert!(covers(
            &right.to_lowercase().replace(&right[8..].to_lowercase(), &right[8..])
        ));
        assert!(covers(&format!("SHA-512=AAAA,{right}")));
        for digest in [
            wrong.as_str(),
            &format!("{wrong},{right}"),
            &format!("{right},{wrong}"),
            "SHA-512=AAAA",
            "",
        ] {
            assert!(!covers(digest), "{digest}");
        }
    }

    #[test]
    fn an_unsigned_request_is_refused_even_with_other_authorization() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer token"));
        assert!(problem(&headers, false).contains("not signed"));
    }

    #[test]
    fn short_keys_are_refused() {
        // 512 bits.
        let short = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n";
        assert_eq!(
            usable_key(short).unwrap_err(),
            "the public key is shorter than 2048 bits"
        );
        assert!(usable_key("nothing").is_err());
    }

    proptest! {
        #[test]
        fn hostile_signatures_never_panic(signature in "[ -~]{0,200}", path in "[ -~]{0,50}") {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&signature) {
                headers.insert("signature", value);
            }
            let _ = inspect(&Method::POST, &path, &headers, AUTHORITY, true, Utc::now());
        }

        #[test]
        fn hostile_times_never_panic(created in any::<u64>(), expires in any::<u64>()) {
            let mut headers = request("(created) (request-target) host", "x");
            let signature = format!(
                "keyId=\"https://o.example/a\",created={created},expires={expires},headers=\"(created) (request-target) host\",signature=\"AA==\""
            );
            headers.insert("signature", HeaderValue::from_str(&signature).unwrap());
            let _ = inspect(&Method::GET, "/", &headers, AUTHORITY, false, Utc::now());
        }
    }
}
