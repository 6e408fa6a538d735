//! Where a caller or an actor belongs: its registrable domain and its network. Limits are counted by these, because
//! names below a domain and addresses within a network cost nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use url::Url;

use super::addresses::authority_of;

/// Set by the reverse proxies in front of this sidecar: each appends the address of its caller.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The registrable domain of a host by the Public Suffix List: `a.b.example.co.uk` belongs to `example.co.uk`. A host
/// without one, such as `localhost`, stands for itself, with its port.
pub fn registrable_domain(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    psl::domain_str(host).map_or_else(|| authority_of(url), str::to_owned)
}

/// The network of a public address: /24 of IPv4, /48 of IPv6. `None` for addresses that are not public, which say
/// nothing about who is behind them.
pub fn network(address: IpAddr) -> Option<String> {
    match address.to_canonical() {
        IpAddr::V4(address) if is_public_v4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{}/24", Ipv4Addr::new(a, b, c, 0)))
        }
        IpAddr::V6(address) if is_public_v6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
        _ => None,
    }
}

/// The network of whoever sent a request over a connection from `caller`. Only proxies on this machine or in a private
/// network are believed about whom they pass on; of theirs, the nearest public address counts, which the outermost
/// proxy wrote. `None` where no public address is known.
pub fn sender_network(caller: Option<IpAddr>, headers: &HeaderMap) -> Option<String> {
    let caller = caller?;
    if let Some(network) = network(caller) {
        return Some(network);
    }
    let values = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let mut hops = values
        .map(|value| value.to_str().unwrap_or_default())
        .flat_map(|value| value.rsplit(','));
    // What is left of an entry that is no address was not written by a proxy.
    hops.by_ref()
        .map_while(|hop| hop.trim().parse::<IpAddr>().ok())
        .find_map(network)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Global unicast is 2000::/3; 2001:db8::/32 is for documentation.
    let [a, b, ..] = address.segments();
    a & 0xE000 == 0x2000 && !(a == 0x2001 && b == 0x0DB8)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn domain(url: &str) -> String {
        registrable_domain(&Url::parse(url).unwrap())
    }

    #[test]
    fn names_below_one_domain_belong_together() {
        assert_eq!(domain("https://a.b.example.org/actor"), "example.org");
        assert_eq!(domain("https://A.Example.ORG./"), "example.org");
        assert_eq!(domain("https://tube.example.co.uk/"), "example.co.uk");
        assert_eq!(domain("https://one.github.io/"), "one.github.io");
        assert_eq!(domain("https://a.b.made-up-suffix/"), "b.made-up-suffix");
        assert_eq!(domain("http://localhost:9181/"), "localhost:9181");
    }

    #[test]
    fn networks_are_wide_and_only_public() {
        let of = |address: &str| network(address.parse().unwrap());
        assert_eq!(of("93.184.216.34").as_deref(), Some("93.184.216.0/24"));
        assert_eq!(of("::ffff:93.184.216.34").as_deref(), Some("93.184.216.0/24"));
        assert_eq!(of("2a00:1450:4001:82b::1").as_deref(), Some("2a00:1450:4001::/48"));
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    #[test]
    fn only_near_proxies_are_believed_about_the_sender() {
        let of = |caller: &str, forwarded: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            sender_network(Some(caller.parse().unwrap()), &headers)
        };
        let real = Some("93.184.216.0/24".to_owned());
        assert_eq!(of("93.184.216.34", &["8.8.8.8"]), real, "a direct caller");
        assert_eq!(of("127.0.0.1", &["8.8.8.8, 93.184.216.34"]), real, "behind a proxy");
        assert_eq!(
            of("172.18.0.2", &["8.8.8.8", "93.184.216.34, 10.0.0.3"]),
            real,
            "behind two"
        );
        assert_eq!(of("127.0.0.1", &["8.8.8.8, made up"]), None);
        assert_eq!(of("127.0.0.1", &[]), None);
        assert_eq!(sender_network(None, &HeaderMap::new()), None);
    }
}
