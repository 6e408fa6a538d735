//! Hosts of peers as people write them, brought into the one form in which they are compared.
//!
//! `Other.Example.`, `https://other.example/`, `other.example:443` and `@shoal@other.example` all mean `other.example`, and
//! `tübe.example` means `xn--tbe-hoa.example`. What can never be the host of a peer is refused, so that nobody relies on a rule
//! that matches nothing.

use url::Host;

/// Port of https, which addresses leave out.
const HTTPS_PORT: u16 = 443;

/// The host that `text` means, in lower case and in ASCII. With `with_ports` another port than 443 is kept, for tests on one
/// machine; otherwise peers have none.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn canonical_host(text: &str, with_ports: bool) -> Result<String, &'static str> {
    let text = text.trim();
    let after_scheme = text.split_once("://").map_or(Ok(text), |(scheme, rest)| {
        let known = ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        known.then_some(rest).ok_or("is an address of another kind than https")
    })?;
    // A peer is a whole server: what stands before the host in an account has no meaning here.
    let after_name = after_scheme.rsplit_once('@').map_or(after_scheme, |(_, host)| host);
    let plain = after_name.trim_end_matches('/');
    if plain.contains(['/', '?', '#']) {
        return Err("is an address with a path; name the host alone");
    }
    if plain.contains('*') {
        return Err("is a pattern; hosts are compared exactly, so name each one");
    }
    if plain.starts_with('[') {
        return Err("is an IP address; peers are known by the names of their hosts");
    }
    let (name, port) = match plain.rsplit_once(':') {
        Some((name, port)) => (
            name,
            Some(port.parse::<u16>().map_err(|_| "has a port that is no number")?),
        ),
        None => (plain, None),
    };
    let name = match Host::parse(name) {
        Ok(Host::Domain(name)) => name,
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => {
            return Err("is an IP address; peers are known by the names of their hosts");
        }
        Err(_) => return Err("is not the name of a host"),
    };
    let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
    let label = |label: &str| {
        let usual = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        !label.is_empty() && label.len() <= 63 && label.chars().all(usual)
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err("is not the name of a host");
    }
    match port {
        None | Some(HTTPS_PORT) => Ok(name),
        Some(port) if with_ports => Ok(format!("{name}:{port}")),
        Some(_) => Err("has a port; peers are reached at port 443, so name the host alone"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_host_has_one_form() {
        for text in [
            "x.example",
            " X.Example ",
            "x.example.",
            "x.example/",
            "x.example:443",
            "https://x.example",
            "HTTPS://x.example/",
            "https://x.example:443/",
            "@shoal@x.example",
            "shoal@x.example",
            "acct:shoal@x.example",
        ] {
            assert_eq!(canonical_host(text, false).as_deref(), Ok("x.example"), "{text}");
        }
        for text in [
            "tübe.example",
            "TÜBE.example",
            "xn--tbe-hoa.example",
            "https://tübe。example/",
        ] {
            assert_eq!(
                canonical_host(text, false).as_deref(),
                Ok("xn--tbe-hoa.example"),
                "{text}"
            );
        }
        assert_eq!(canonical_host("localhost:9181", true).as_deref(), Ok("localhost:9181"));
    }

    #[test]
    fn what_matches_no_peer_is_refused_with_a_reason() {
        for (text, reason) in [
            ("*.x.example", "pattern"),
            ("https://x.example/shoal", "path"),
            ("x.example/shoal", "path"),
            ("x.example:8443", "port"),
            ("x.example:https", "port"),
            ("192.0.2.1", "IP address"),
            ("[2001:db8::1]", "IP address"),
            ("ftp://x.example", "another kind"),
            ("x example", "not the name"),
            ("a.example,b.example", "not the name"),
            ("a..example", "not the name"),
            ("@", "not the name"),
            ("", "not the name"),
            ("https://", "not the name"),
        ] {
            let refusal = canonical_host(text, false).unwrap_err();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_an_address_has(text in "[a-zA-Zü.*:/@0-9 -]{0,30}") {
            if let Ok(host) = canonical_host(&text, false) {
                let url = url::Url::parse(&format!("https://{host}/actor")).unwrap();
                prop_assert_eq!(url.host_str(), Some(host.as_str()));
                prop_assert_eq!(canonical_host(&host, false), Ok(host));
            }
        }
    }
}
