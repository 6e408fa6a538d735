//! Connection strings, from the text in the configuration to the driver's options.
//!
//! A password in which `@` or `/` is not escaped makes a wrong but readable URL, whose host, port or database is a part of the
//! password. So no part of the text ever gets into an error or into the log, not even the host.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// Parameters after `?` that the driver understands. It would log the value of any other.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// Why a connection string cannot be used. Completes a sentence that begins with the name of the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL of a PostgreSQL database.
    #[error(
        "is not a PostgreSQL connection string; write it as postgres://role:password@host:5432/database, with special \
         characters of the password percent-encoded (`@` as %40, `/` as %2F, `?` as %3F, `#` as %23, `%` as %25)"
    )]
    Unreadable,
    /// A character that separates the parts of a URL is in the middle of one of them.
    #[error(
        "has an `@` after its host, or a `#`; when one of `@`, `/`, `?`, `#` and `%` is in the password, it must be \
         percent-encoded (`@` as %40, `/` as %2F, `?` as %3F, `#` as %23, `%` as %25)"
    )]
    Unescaped,
    /// There is a parameter after `?` that nobody understands.
    #[error("has a parameter after `?` that is not known; known are {} and `options`", PARAMETERS.join(", "))]
    UnknownParameter,
    /// A parameter after `?` has a value that it cannot have.
    #[error("has a parameter after `?` whose value cannot be used, such as an unknown `sslmode`")]
    Parameter,
}

/// The driver's options for a connection string.
///
/// # Errors
/// [`AddressError`]; it never quotes the text.
pub fn connect_options(address: &SecretString) -> Result<PgConnectOptions, AddressError> {
    let text = address.expose_secret();
    // The driver takes any scheme.
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .ok_or(AddressError::Unreadable)?;
    let parsed = Url::parse(text).map_err(|_| AddressError::Unreadable)?;
    let after_host = rest.find(['/', '?', '#']).map_or("", |end| &rest[end..]);
    if after_host.contains(['@', '#']) {
        return Err(AddressError::Unescaped);
    }
    let is_known = |key: &str| {
        PARAMETERS.contains(&key) || key == "options" || (key.starts_with("options[") && key.ends_with(']'))
    };
    if !parsed.query_pairs().all(|(key, _)| is_known(&key)) {
        return Err(AddressError::UnknownParameter);
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| AddressError::Parameter)?;
    // A literal of IPv6 has brackets in a URL, and none for the resolver.
    let literal = options
        .get_host()
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let options = match literal.map(str::to_owned) {
        Some(literal) => options.host(&literal),
        None => options,
    };
    // Poolers refuse parameters at the start that they do not know, and all floats are read in their binary form.
    Ok(options.application_name("shoal").extra_float_digits(None))
}

/// What a server said while it was connected to, without what is in double quotes: names of roles, databases and hosts, which
/// come from the connection string.
pub fn without_names(said: &str) -> String {
    let parts = said.split('"').enumerate();
    parts.fold(String::new(), |text, (place, part)| match place {
        0 => part.to_owned(),
        place if place % 2 == 1 => text + "\u{2026}",
        _ => text + part,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<PgConnectOptions, AddressError> {
        connect_options(&SecretString::from(text))
    }

    #[test]
    fn literals_of_ipv6_names_and_sockets_are_hosts() {
        for (text, host, port) in [
            ("postgres://role:word@[::1]:5433/peertube", "::1", 5433),
            ("postgres://role:word@[2001:db8::7]/peertube", "2001:db8::7", 5432),
            ("postgres://role:word@localhost/peertube?hostaddr=::1", "::1", 5432),
            ("postgresql://role@db.example:1/peertube", "db.example", 1),
        ] {
            let options = options(text).unwrap();
            assert_eq!((options.get_host(), options.get_port()), (host, port), "{text}");
        }
        let socket = options("postgres:///peertube?host=/run/postgresql&user=role").unwrap();
        assert_eq!(
            socket
                .get_socket()
                .map(|socket| socket.display().to_string())
                .as_deref(),
            Some("/run/postgresql")
        );
    }

    #[test]
    fn a_password_that_is_not_escaped_is_refused_and_never_quoted() {
        for text in [
            "postgres://role:12/S3CRET@host:5432/peertube",
            "postgres://role:12?S3CRET@host:5432/peertube",
            "postgres://role:12#S3CRET@host:5432/peertube",
            "postgres://role:S3CRET@x/S3CRET@host:5432/peertube",
            "postgres://role:S3/CRET@host/peertube",
            "postgres://role:word@host/peertube?S3CRET=S3CRET",
            "postgres://role:word@host/peertube?sslmode=S3CRET",
            "postgres://role:word@host/peertube#S3CRET",
            "postgres://role:S3CRET",
            "mysql://role:S3CRET@host/peertube",
            "S3CRET",
            "",
        ] {
            let said = options(text).unwrap_err().to_string();
            assert!(!said.contains("S3") && !said.contains("12"), "{text}: {said}");
        }
        let said = "password authentication failed for user \"S3CRET\", database \"S3CRET\"";
        let shown = without_names(said);
        assert_eq!(
            shown,
            "password authentication failed for user \u{2026}, database \u{2026}"
        );
        // The last `@` before the path ends the password.
        assert_eq!(options("postgres://role:a@b@host/peertube").unwrap().get_host(), "host");
    }
}
