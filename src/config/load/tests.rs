//! Files, variables laid over them, and what is refused.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::config::{AcceptFollows, LogFormat};

/// The settings without a default.
const REQUIRED: &str = "
[peertube]
url = 'https://tube.test'
database_url = 'postgres://reader:hush@localhost/peertube'
[database]
url = 'postgresql://shoal:hush@localhost/shoal'
[api]
service_token = 'hush hush hush hush'
[federation]
public_url = 'https://shoal.test'
";

fn write(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shoal.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// The required settings with `more`, and these variables.
fn load(more: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let (_folder, path) = write(&format!("{REQUIRED}{more}"));
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), variables)
}

/// Why the required settings with `more` and these variables are refused.
fn refusal(more: &str, variables: &[(&str, &str)]) -> String {
    match load(more, variables) {
        Ok(_) => panic!("accepted: {more} {variables:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn few_settings_are_enough() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:9180");
    assert_eq!(config.federation.listen.to_string(), "127.0.0.1:9181");
    assert_eq!(config.federation.accept_follows, AcceptFollows::Manual);
    assert!(!config.federation.insecure_development);
    assert!(config.privacy.contribute);
    assert!((config.privacy.epsilon_per_year - 4.0).abs() < 1e-12);
    assert_eq!(config.logging.format, LogFormat::Human);
    assert_eq!(config.database.max_connections, 8);
}

#[test]
fn each_required_setting_is_missed_by_name() {
    for key in [
        "url = 'https://tube",
        "database_url",
        "url = 'postgresql",
        "service_token",
        "public_url",
    ] {
        let kept: Vec<&str> = REQUIRED.lines().filter(|line| !line.starts_with(key)).collect();
        let (_folder, path) = write(&kept.join("\n"));
        let error = Config::load(Some(&path), []).unwrap_err().to_string();
        let name = key.split(' ').next().unwrap();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn variables_are_laid_over_the_file() {
    let config = load(
        "[training]\nsweeps = 3\nfactors = 10",
        &[
            ("SHOAL_TRAINING__SWEEPS", "7"),
            ("SHOAL_TRAINING__INTERVAL_HOURS", "0.5"),
            ("SHOAL_PRIVACY__CONTRIBUTE", "false"),
            ("SHOAL_PRIVACY__DELTA", "1e-7"),
            ("SHOAL_FEDERATION__ACCEPT_FOLLOWS", "automatic"),
            ("SHOAL_FEDERATION__ALLOWED_HOSTS", "one.test, two.test"),
            ("SHOAL_FEDERATION__BLOCKED_HOSTS", "three.test"),
            ("SHOAL_API__LISTEN", "0.0.0.0:80"),
            ("SHOAL_LOGGING__FORMAT", "json"),
            ("SHOAL_LOGGING__FILTER", "shoal=debug,warn"),
            // No settings of a table: not looked at.
            ("SHOAL_CONFIG", "/nowhere"),
            ("SHOAL_PG_BIN", "/nowhere"),
            ("OTHER_TRAINING__SWEEPS", "x"),
        ],
    )
    .unwrap();
    assert_eq!((config.training.sweeps, config.training.factors), (7, 10));
    assert!((config.training.interval_hours - 0.5).abs() < 1e-12);
    assert!(!config.privacy.contribute);
    assert!((config.privacy.delta - 1e-7).abs() < 1e-15);
    assert_eq!(config.federation.accept_follows, AcceptFollows::Automatic);
    assert_eq!(config.federation.allowed_hosts, ["one.test", "two.test"]);
    assert_eq!(config.federation.blocked_hosts, ["three.test"]);
    assert_eq!(config.api.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.logging.format, LogFormat::Json);
    assert_eq!(config.logging.filter, "shoal=debug,warn");
}

#[test]
fn an_empty_list_of_hosts_is_empty() {
    let config = load("", &[("SHOAL_FEDERATION__ALLOWED_HOSTS", "")]).unwrap();
    assert_eq!(config.federation.allowed_hosts, Vec::<String>::new());
    let config = load("", &[("SHOAL_FEDERATION__ALLOWED_HOSTS", "one.test,,")]).unwrap();
    assert_eq!(config.federation.allowed_hosts, ["one.test"]);
}

#[test]
fn hosts_are_normalized_or_refused() {
    let config = load(
        "blocked_hosts = ['@shoal@One.test', 'https://two.test/', 'three.test:443', 'tübe.test']",
        &[("SHOAL_FEDERATION__ALLOWED_HOSTS", "four.test/,FIVE.test.")],
    )
    .unwrap();
    assert_eq!(
        config.federation.blocked_hosts,
        ["one.test", "two.test", "three.test", "xn--tbe-hoa.test"]
    );
    assert_eq!(config.federation.allowed_hosts, ["four.test", "five.test"]);
    for key in ["blocked_hosts", "allowed_hosts"] {
        for host in [
            "*.one.test",
            "https://one.test/shoal",
            "one.test:8443",
            "192.0.2.1",
            "one test",
        ] {
            let error = refusal(&format!("{key} = ['two.test', '{host}']"), &[]);
            assert!(error.contains(&format!("`federation.{key}` must")), "{error}");
            assert!(error.contains("entry 2"), "{error}");
        }
    }
    let config = load("insecure_development = true\nblocked_hosts = ['localhost:9181']", &[]).unwrap();
    assert_eq!(config.federation.blocked_hosts, ["localhost:9181"]);
}

#[test]
fn secrets_are_texts_whatever_they_look_like() {
    for token in [
        "00012345678901234567",
        "12345678901234567e99",
        "true             ",
        "1,2,3,4,5,6,7,8,9",
    ] {
        let config = load("", &[("SHOAL_API__SERVICE_TOKEN", token)]).unwrap();
        assert_eq!(config.api.service_token.expose_secret(), token);
    }
    let url = "postgres://other:word@localhost/other";
    let config = load(
        "",
        &[("SHOAL_DATABASE__URL", url), ("SHOAL_PEERTUBE__DATABASE_URL", url)],
    )
    .unwrap();
    assert_eq!(config.database.url.expose_secret(), url);
    assert_eq!(config.peertube.database_url.expose_secret(), url);
}

#[test]
fn without_a_file_variables_are_enough() {
    let variables = [
        ("SHOAL_PEERTUBE__URL", "https://tube.test"),
        ("SHOAL_PEERTUBE__DATABASE_URL", "postgres://a/b"),
        ("SHOAL_DATABASE__URL", "postgres://a/c"),
        ("SHOAL_API__SERVICE_TOKEN", "hush hush hush hush"),
        ("SHOAL_FEDERATION__PUBLIC_URL", "https://shoal.test"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(Config::load(None, variables.clone()).is_ok());
    for missing in 0..variables.len() {
        let some = variables.iter().enumerate().filter(|(place, _)| *place != missing);
        assert!(Config::load(None, some.map(|(_, variable)| variable.clone())).is_err());
    }
}

#[test]
fn unknown_names_are_refused() {
    for (more, name) in [
        ("[trainning]\nsweeps = 1", "trainning"),
        ("[training]\nsweep = 1", "sweep"),
        ("[privacy]\nepsilon = 1", "epsilon"),
        ("[preferences]\nhalf_life = 1", "half_life"),
        ("[recommend]\nlimit = 1", "limit"),
        ("[logging]\nlevel = 'info'", "level"),
    ] {
        let error = refusal(more, &[]);
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    for (variable, name) in [
        ("SHOAL_TRAINING__SWEEP", "sweep"),
        ("SHOAL_TRAINNING__SWEEPS", "trainning"),
        ("SHOAL_API__SERVICE_TOKENS", "service_tokens"),
    ] {
        let error = refusal("", &[(variable, "1")]);
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn values_out_of_range_are_named_with_what_would_be_right() {
    for (more, key) in [
        ("[privacy]\nepsilon_per_year = 0", "privacy.epsilon_per_year"),
        ("[privacy]\nepsilon_per_year = inf", "privacy.epsilon_per_year"),
        ("[privacy]\nepsilon_per_year = nan", "privacy.epsilon_per_year"),
        ("[privacy]\ndelta = 0", "privacy.delta"),
        ("[privacy]\ndelta = 1", "privacy.delta"),
        ("[privacy]\ndelta = nan", "privacy.delta"),
        ("[privacy]\nreleases_per_year = 0", "privacy.releases_per_year"),
        ("[privacy]\ndimensions = 1", "privacy.dimensions"),
        ("[privacy]\ndimensions = 513", "privacy.dimensions"),
        ("[privacy]\nhead_videos = 0", "privacy.head_videos"),
        ("[privacy]\nhead_channels = 100001", "privacy.head_channels"),
        ("[training]\nfactors = 1", "training.factors"),
        ("[training]\nsweeps = 0", "training.sweeps"),
        ("[training]\nsweeps = 101", "training.sweeps"),
        ("[training]\ninterval_hours = -1", "training.interval_hours"),
        ("[training]\ninterval_hours = inf", "training.interval_hours"),
        ("[preferences]\nhalf_life_days = -1", "preferences.half_life_days"),
        ("[preferences]\nhalf_life_days = 1e-9", "preferences.half_life_days"),
        ("[preferences]\nhalf_life_days = 1e300", "preferences.half_life_days"),
        ("[training]\ninterval_hours = 1e300", "training.interval_hours"),
        (
            "[training]\ninterval_hours = 5124095577148911",
            "training.interval_hours",
        ),
        ("[privacy]\nreleases_per_year = 4294967295", "privacy.releases_per_year"),
        (
            "[privacy]\nminimum_contributors = 9223372036854775807",
            "privacy.minimum_contributors",
        ),
        ("[preferences]\nminimum_share = 1.1", "preferences.minimum_share"),
        ("[preferences]\nminimum_share = nan", "preferences.minimum_share"),
        (
            "[preferences]\nunknown_share_value = -0.1",
            "preferences.unknown_share_value",
        ),
        ("[preferences]\nlike_value = 2", "preferences.like_value"),
        ("[preferences]\ndislike_value = 0.1", "preferences.dislike_value"),
        ("[preferences]\ndislike_value = -1.1", "preferences.dislike_value"),
        ("[recommend]\nfair_chance = 0.6", "recommend.fair_chance"),
        ("[recommend]\nfair_chance = -0.1", "recommend.fair_chance"),
        ("[recommend]\nfair_chance = nan", "recommend.fair_chance"),
    ] {
        let error = refusal(more, &[]);
        assert!(error.contains(&format!("`{key}` must")), "{more}: {error}");
    }
}

#[test]
fn numbers_that_something_could_not_hold_later_are_refused() {
    for (variable, value, key) in [
        (
            "SHOAL_PEERTUBE__MAX_CONNECTIONS",
            "4294967295",
            "peertube.max_connections",
        ),
        ("SHOAL_DATABASE__MAX_CONNECTIONS", "0", "database.max_connections"),
        (
            "SHOAL_FEDERATION__MAXIMUM_PAYLOAD_BYTES",
            "9223372036854775807",
            "federation.maximum_payload_bytes",
        ),
        (
            "SHOAL_FEDERATION__MAXIMUM_PAYLOAD_BYTES",
            "0",
            "federation.maximum_payload_bytes",
        ),
    ] {
        let error = refusal("", &[(variable, value)]);
        assert!(error.contains(&format!("`{key}` must")), "{variable}: {error}");
    }
}

#[test]
fn values_of_another_type_are_named_and_not_quoted() {
    for (more, key) in [
        ("[training]\nsweeps = 'hush'", "training.sweeps"),
        ("[training]\nsweeps = -1", "training.sweeps"),
        ("[training]\nsweeps = [1]", "training.sweeps"),
        ("[privacy]\ncontribute = 'hush'", "privacy.contribute"),
        ("[privacy]\nepsilon_per_year = 'hush'", "privacy.epsilon_per_year"),
        ("[logging]\nformat = 'loud'", "logging.format"),
        ("[logging]\nfilter = []", "logging.filter"),
    ] {
        let error = refusal(more, &[]);
        assert!(error.contains(key), "{more}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
    for (variable, value, key) in [
        ("SHOAL_API__LISTEN", "hush", "api.listen"),
        ("SHOAL_PEERTUBE__URL", "hush", "peertube.url"),
        ("SHOAL_FEDERATION__PUBLIC_URL", "hush", "federation.public_url"),
        ("SHOAL_PEERTUBE__DATABASE_URL", "mysql://hush", "peertube.database_url"),
        ("SHOAL_DATABASE__URL", "hush", "database.url"),
        ("SHOAL_API__SERVICE_TOKEN", "hush", "api.service_token"),
    ] {
        let error = refusal("", &[(variable, value)]);
        assert!(error.contains(key), "{variable}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let (_folder, path) = write("[api]\nservice_token = 'hush");
    let error = Config::load(Some(&path), []).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn the_public_address_is_what_peers_accept() {
    let with = |url: &str| load("", &[("SHOAL_FEDERATION__PUBLIC_URL", url)]);
    for url in [
        "http://shoal.test",
        "https://shoal.test:8443",
        "https://192.0.2.1",
        "https://[2001:db8::1]",
        "https://shoal.test/?a=b",
        "https://shoal.test/#a",
        "https://user@shoal.test/",
        "https://shoal.test./",
        "ftp://shoal.test",
    ] {
        let error = with(url).unwrap_err().to_string();
        let named = error.contains("`federation.public_url`") && error.contains(" must ");
        assert!(named, "{url}: {error}");
    }
    for url in [
        "https://shoal.test",
        "https://shoal.test/",
        "https://tube.test/shoal",
        "https://shoal.test:443",
    ] {
        assert!(with(url).is_ok(), "{url}");
    }
    // What is insecure is refused unless the development switch says otherwise.
    let development = |url: &str| {
        let variables = [
            ("SHOAL_FEDERATION__PUBLIC_URL", url),
            ("SHOAL_FEDERATION__INSECURE_DEVELOPMENT", "true"),
        ];
        load("", &variables)
    };
    assert!(development("http://localhost:9181").is_ok());
    assert!(development("http://127.0.0.1:9181").is_err());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/shoal.toml")), []).unwrap_err();
    assert!(matches!(error, ConfigError::File { .. }));
    assert!(error.to_string().contains("/nowhere/shoal.toml"));
}

#[test]
fn printing_a_configuration_shows_no_secret() {
    let printed = format!("{:?}", load("", &[]).unwrap());
    assert!(!printed.contains("hush"), "{printed}");
}

#[test]
fn tables_of_earlier_versions_are_accepted_and_said_to_be_in_vain() {
    assert!(load("", &[]).unwrap().retired.is_empty());
    for (more, variables) in [
        (
            "[visitors]\nenabled = true\nepsilon = 1.0\nreports_per_minute = 600\n",
            &[][..],
        ),
        ("[visitors]\nanything = 'hush'\n", &[]),
        ("", &[("SHOAL_VISITORS__ENABLED", "true")]),
    ] {
        let retired = load(more, variables).unwrap().retired;
        assert_eq!(retired.len(), 1, "{retired:?}");
        assert!(
            retired[0].contains("`visitors`") && !retired[0].contains("hush"),
            "{retired:?}"
        );
    }
}
