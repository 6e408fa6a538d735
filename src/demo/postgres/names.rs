//! Names of databases and roles, and connection strings.

use url::Url;

use crate::demo::DemoError;

/// `name` in double quotes, if it is a plain name.
pub(super) fn checked_name(name: &str) -> Result<String, DemoError> {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 40
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if plain {
        Ok(format!("\"{name}\""))
    } else {
        Err(DemoError::Name { name: name.to_owned() })
    }
}

/// Connection string for a server on this machine, without encryption. Roles and passwords have plain characters.
pub(super) fn address(port: u16, role: &str, password: &str, database: &str) -> String {
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// `url` for another database.
pub(super) fn with_database(url: &Url, database: &str) -> Url {
    let mut url = url.clone();
    url.set_path(database);
    url
}

/// `url` for another role.
pub(super) fn with_role(url: &Url, role: &str, password: &str) -> Url {
    let mut url = url.clone();
    // A string such as `postgres:///name?host=/run/postgresql` has no place for a role before the host.
    if url
        .set_username(role)
        .and_then(|()| url.set_password(Some(password)))
        .is_err()
    {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(key, _)| key != "user" && key != "password")
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("user", role)
            .append_pair("password", password);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        assert_eq!(checked_name("instance_1").unwrap(), "\"instance_1\"");
        for name in ["", "1a", "A", "a-b", "a\"b", "a;b", "é", &"a".repeat(41)] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn connection_strings_keep_what_is_not_replaced() {
        let url = Url::parse("postgres://admin:secret@db.example:5433/postgres?sslmode=require").unwrap();
        let other = with_role(&with_database(&url, "one"), "reader", "word");
        assert_eq!(
            other.as_str(),
            "postgres://reader:word@db.example:5433/one?sslmode=require"
        );
    }

    #[test]
    fn a_socket_string_takes_its_role_as_a_parameter() {
        let url = Url::parse("postgres:///postgres?host=/run/postgresql&user=admin").unwrap();
        let other = with_role(&with_database(&url, "one"), "reader", "word");
        let options: sqlx::postgres::PgConnectOptions = other.as_str().parse().unwrap();
        assert_eq!(options.get_username(), "reader");
        assert_eq!(options.get_database(), Some("one"));
        assert!(options.get_socket().is_some());
    }
}
