//! Which addresses this sidecar talks to at all. Checked before any request is made.

use url::Url;

use super::addresses::authority_of;
use crate::config::FederationConfig;
use crate::config::hosts::canonical_host;

/// The configured rules for hosts, and what a URL must look like.
#[derive(Debug, Clone)]
pub struct Rules {
    allowed: Vec<String>,
    blocked: Vec<String>,
    insecure: bool,
}

impl Rules {
    /// From the configuration.
    pub fn new(config: &FederationConfig) -> Self {
        let canonical = |host: &String| canonical_host(host, true).unwrap_or_else(|_| normalized(host));
        let normalize = |hosts: &[String]| hosts.iter().map(canonical).collect();
        Self {
            allowed: normalize(&config.allowed_hosts),
            blocked: normalize(&config.blocked_hosts),
            insecure: config.insecure_development,
        }
    }

    /// Checks that `url` is an https address of a permitted host by name, without port or password. In insecure
    /// development http and ports are permitted too.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, url: &Url) -> Result<(), &'static str> {
        match url.scheme() {
            "https" => {}
            "http" if self.insecure => {}
            _ => return Err("the address must begin with https://"),
        }
        if url.port().is_some() && !self.insecure {
            return Err("the address must not have a port");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address must not have a user name or password");
        }
        let Some(domain) = url.domain() else {
            return Err("the address must name a host, not an IP address");
        };
        let host = normalized(domain);
        let authority = normalized(&authority_of(url));
        let listed = |list: &[String]| list.iter().any(|entry| *entry == host || *entry == authority);
        if listed(&self.blocked) {
            return Err("the host is blocked here");
        }
        if !self.allowed.is_empty() && !listed(&self.allowed) {
            return Err("the host is not among those allowed here");
        }
        Ok(())
    }
}

/// Whether two addresses belong to the same origin: scheme, host and port.
pub fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host_str().is_some()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
}

fn normalized(host: &str) -> String {
    host.trim().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allowed: &[&str], blocked: &[&str], insecure: bool) -> Rules {
        let list = |hosts: &[&str]| hosts.iter().map(|host| normalized(host)).collect();
        Rules {
            allowed: list(allowed),
            blocked: list(blocked),
            insecure,
        }
    }

    fn check(rules: &Rules, url: &str) -> Result<(), &'static str> {
        rules.check(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_https_names_without_port_or_password_pass() {
        let rules = rules(&[], &[], false);
        assert!(check(&rules, "https://a.example/actor").is_ok());
        for url in [
            "http://a.example/",
            "https://a.example:8443/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://user:secret@a.example/",
            "ftp://a.example/",
        ] {
            assert!(check(&rules, url).is_err(), "{url}");
        }
    }

    #[test]
    fn insecure_development_permits_http_and_ports_but_no_ip_addresses() {
        let rules = rules(&[], &[], true);
        assert!(check(&rules, "http://localhost:9181/actor").is_ok());
        assert!(check(&rules, "http://127.0.0.1:9181/actor").is_err());
    }

    #[test]
    fn blocking_wins_over_allowing_and_ignores_case_and_final_dots() {
        let rules = rules(&["a.example", "b.example"], &["B.example"], false);
        assert!(check(&rules, "https://A.example/").is_ok());
        assert!(check(&rules, "https://b.example./").is_err());
        assert!(check(&rules, "https://c.example/").is_err());
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(same_origin(
            &url("https://a.example/x"),
            &url("https://a.example:443/y")
        ));
        assert!(!same_origin(&url("http://localhost:1"), &url("http://localhost:2")));
        assert!(!same_origin(&url("http://a.example"), &url("https://a.example")));
        assert!(!same_origin(&url("https://a.example"), &url("https://b.example")));
    }
}
