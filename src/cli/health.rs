//! `shoal health`: asks the running sidecar whether it can do its work. For containers and monitoring, where there is no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::{ConfigArguments, output};
use crate::api::health::READY_PATH;

/// A sidecar that needs longer counts as unhealthy. Its own limit for a database is shorter.
const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `shoal health`.
#[derive(Debug, clap::Args)]
pub struct HealthArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Print the sidecar's JSON answer.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit code 0: ready; 1: not ready, or not there.
///
/// # Errors
/// When the configuration is not usable, or the sidecar does not answer.
pub async fn run(arguments: HealthArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let address = reachable(config.api.listen);
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .context("cannot make HTTP requests")?;
    let answer = client
        .get(format!("http://{address}{READY_PATH}"))
        .send()
        .await
        .with_context(|| {
            format!("no sidecar answers at {address}: is `shoal serve` running with this configuration")
        })?;
    let ready = answer.status().is_success();
    let document: Value = answer
        .json()
        .await
        .with_context(|| format!("what answers at {address} is no Shoal sidecar"))?;
    if arguments.json {
        output::json(&document)?;
    } else {
        output::line(&in_words(ready, &document));
    }
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where to reach a listener: one that listens on all addresses is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn in_words(ready: bool, document: &Value) -> String {
    if !ready {
        let detail = document["detail"].as_str().unwrap_or("no reason was given");
        return format!("not ready: {detail}");
    }
    let model = match (&document["model"]["model"], &document["model"]["ageSeconds"]) {
        (Value::String(model), Value::Number(age)) => format!("ready; model {model}, {age} s old"),
        _ => "ready; no model yet".to_owned(),
    };
    let mut lines = vec![model];
    if let Some(reason) = document["releases"]["detail"].as_str() {
        lines.push(format!("nothing is released: {reason}"));
    }
    let evidence = &document["evidence"];
    let before = lines.len();
    for refused in evidence["refused"].as_array().into_iter().flatten() {
        let (Some(peer), Some(reason)) = (refused["peer"].as_str(), refused["reason"].as_str()) else {
            continue;
        };
        let releases = output::counted(refused["releases"].as_u64().unwrap_or(0), "release");
        lines.push(format!("{releases} of {peer} left out: {reason}"));
    }
    if let Some(used) = evidence["sourcesUsed"].as_u64().filter(|_| lines.len() > before) {
        lines.push(format!("evidence of {} is used", output::counted(used, "peer")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn listeners_on_all_addresses_are_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:9180", "127.0.0.1:9180"),
            ("[::]:9180", "[::1]:9180"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }

    #[test]
    fn answers_are_told_in_words() {
        let ready = json!({ "status": "ready", "model": { "model": "m1", "ageSeconds": 60 } });
        assert_eq!(in_words(true, &ready), "ready; model m1, 60 s old");
        assert_eq!(in_words(true, &json!({ "model": null })), "ready; no model yet");
        assert_eq!(in_words(false, &json!({ "detail": "down" })), "not ready: down");
        let withheld = json!({ "model": null, "releases": { "status": "withheld", "detail": "the counter is gone" } });
        assert_eq!(
            in_words(true, &withheld),
            "ready; no model yet\nnothing is released: the counter is gone"
        );
        let refused = json!([{ "peer": "https://a.example/actor", "releases": 2, "reason": "too much" }]);
        let refusing = json!({ "model": null, "evidence": { "sourcesUsed": 1, "refused": refused } });
        assert_eq!(
            in_words(true, &refusing),
            "ready; no model yet\n2 releases of https://a.example/actor left out: too much\nevidence of 1 peer is used"
        );
    }
}
