//! The address of a listener: an IP address with a port. `localhost` is taken too; other names are refused with advice, because
//! a name may have several addresses, and a listener has one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads an address and a port.
pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(text.trim()).map_err(D::Error::custom)
}

/// # Errors
/// What is missing, without the text itself.
fn parse(text: &str) -> Result<SocketAddr, &'static str> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost") {
        return Err("needs a port too, such as 127.0.0.1:9180");
    }
    let advice = "must be an IP address with a port, such as 127.0.0.1:9180, or 0.0.0.0:9180 for all addresses";
    match text.rsplit_once(':') {
        Some((host, port)) if host.eq_ignore_ascii_case("localhost") => {
            let port = port
                .parse()
                .map_err(|_| "needs a port from 1 to 65535, such as localhost:9180")?;
            Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
        Some((host, port)) if format!("[{host}]:{port}").parse::<SocketAddr>().is_ok() => {
            Err("must have an IPv6 address in brackets, such as [::1]:9180")
        }
        _ => Err(advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_taken() {
        for (text, address) in [
            ("127.0.0.1:9180", "127.0.0.1:9180"),
            ("[::]:80", "[::]:80"),
            ("localhost:9180", "127.0.0.1:9180"),
            ("LocalHost:1", "127.0.0.1:1"),
        ] {
            assert_eq!(parse(text), Ok(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn all_else_gets_advice_that_fits() {
        for (text, part) in [
            ("127.0.0.1", "needs a port too"),
            ("localhost", "needs a port too"),
            ("::1", "needs a port too"),
            ("localhost:http", "port from 1 to 65535"),
            ("localhost:70000", "port from 1 to 65535"),
            ("2001:db8:0:0:0:0:0:1:9180", "in brackets"),
            ("tube.example:9180", "IP address with a port"),
            ("*:9180", "0.0.0.0:9180"),
            (":9180", "0.0.0.0:9180"),
            ("9180", "IP address with a port"),
            ("http://127.0.0.1:9180", "IP address with a port"),
            ("", "IP address with a port"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
