//! How much memory a sidecar needs to receive whatever others send: at most four times the largest payload that it
//! allows, and 64 MB. It is tried in a process of its own, from which the system takes the rest.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shoal::privacy::ReleaseSummary;
use shoal::store::{EvidenceState, FollowingState, NewRelease};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Sidecar, Signer, clock, evidence};

/// Payload that is allowed.
const ALLOWED: usize = 4 * 1024 * 1024;
/// Largest JSON document that is read.
const DOCUMENT: usize = 64 * 1024;
/// More than all releases of the test cost.
const BUDGET: f64 = 1e6;
/// Between two looks at what has arrived.
const PAUSE: Duration = Duration::from_millis(20);

/// The contents of a payload, as they lie on the wire.
#[derive(Serialize)]
struct Wire {
    version: u16,
    basis: [u8; 32],
    dimensions: u16,
    shares: [f64; 4],
    step: f64,
    noise_multiplier: f64,
    clipping_norm: f64,
    epsilon: f64,
    delta: f64,
    videos: Vec<String>,
    channels: Vec<String>,
    contributors: i64,
    gram: Vec<i64>,
    video_sums: Vec<i64>,
    channel_sums: Vec<i64>,
}

impl Wire {
    /// A release of `videos` in `dimensions` that is nothing but noise.
    fn noise(videos: usize, dimensions: usize) -> Self {
        let mut state = 1u64;
        let mut numbers = |count: usize| -> Vec<i64> {
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as i64 % 25 - 12
            };
            (0..count).map(|_| next()).collect()
        };
        Self {
            version: 1,
            basis: [7; 32],
            dimensions: dimensions as u16,
            shares: [0.8, 0.4, 0.3, 0.2],
            step: 0.5,
            noise_multiplier: 4.0,
            clipping_norm: 1.0,
            epsilon: 10.0,
            delta: 1e-6,
            videos: (0..videos)
                .map(|video| format!("https://video.example/w/{video:08}"))
                .collect(),
            channels: Vec::new(),
            contributors: 100,
            gram: numbers(dimensions * (dimensions + 1) / 2),
            video_sums: numbers(videos * dimensions),
            channel_sums: Vec::new(),
        }
    }

    fn plain(&self) -> Vec<u8> {
        postcard::to_allocvec(self).unwrap()
    }
}

fn pack(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

/// The bytes before the lists of a payload, and then `count` as the length of the first list, and very many zeros.
fn bomb(count: u64) -> Vec<u8> {
    let whole = Wire::noise(0, 2).plain();
    // Three empty lists, the accounts in two bytes, and three numbers behind their length.
    let mut plain = whole[..whole.len() - 10].to_vec();
    assert!(whole[plain.len()..].starts_with(&[0, 0]), "the lists begin elsewhere");
    plain.extend(postcard::to_allocvec(&count).unwrap());
    plain.resize(66_000_000, 0);
    zstd::encode_all(plain.as_slice(), 19).unwrap()
}

fn wide_window() -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    std::io::Write::write_all(&mut encoder, &vec![1; 40_000_000]).unwrap();
    encoder.finish().unwrap()
}

/// Announces `payload` as evidence of `sidecar`.
async fn announce(sidecar: &Sidecar, number: u64, summary: Option<&ReleaseSummary>, payload: Vec<u8>) {
    let release = sidecar.federation.announce(&evidence(number), None, None).unwrap();
    let mut activity: Value = serde_json::from_slice(&release.activity).unwrap();
    let object = &mut activity["object"];
    if let Some(summary) = summary {
        object["basis"] = json!(hex::encode(summary.basis.0));
        object["dimensions"] = json!(summary.dimensions);
        object["videos"] = json!(summary.videos);
        object["channels"] = json!(summary.channels);
        object["supportDigest"] = json!(hex::encode(summary.support_digest));
        object["noise"]["noiseMultiplier"] = json!(summary.noise.noise_multiplier.to_string());
        object["noise"]["epsilon"] = json!(summary.noise.epsilon.to_string());
    }
    let digest = Sha256::digest(&payload);
    let multihash = [&[0x12, 0x20][..], &digest].concat();
    let attachment = &mut object["attachment"][0];
    attachment["href"] = json!(sidecar.url(&format!("/payloads/{}", hex::encode(digest))));
    attachment["digestMultibase"] = json!(format!("z{}", bs58::encode(multihash).into_string()));
    attachment["size"] = json!(payload.len());
    let release = NewRelease {
        activity: serde_json::to_vec(&activity).unwrap().into(),
        payload: payload.into(),
        ..release
    };
    sidecar.store.commit_release(release, BUDGET).await.unwrap();
}

/// Documents that are as long as any may be and become large when they are parsed.
fn documents() -> Vec<Vec<u8>> {
    let filled = |unit: &str| format!("[{}0]", unit.repeat((DOCUMENT - 3) / unit.len())).into_bytes();
    let mut documents: Vec<Vec<u8>> = ["{\"\":0},", "[],", "0,", "\"\","].map(filled).into();
    documents.push("[".repeat(DOCUMENT).into_bytes());
    documents.push(vec![b'x'; 10 * DOCUMENT]);
    documents.push(br#"{"links":"#.iter().copied().chain(filled("{\"rel\":\"\"},")).take(DOCUMENT).collect());
    documents
}

/// Answers every request with one of `documents`.
async fn serve(documents: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = format!("localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            let body = documents[number % documents.len()].clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
            });
        }
    });
    authority
}

/// Bytes of `field` in the status of this process.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

/// From now on this process gets no more than `bytes` beyond what it has; what it has started is not concerned.
fn limit_further_memory(bytes: u64) {
    let maximum = getrlimit(Resource::Data).maximum;
    let current = Some(memory("VmData:") + bytes);
    setrlimit(Resource::Data, Rlimit { current, maximum }).unwrap();
}

/// Where the other process is, and the two servers that it talks to.
const PLACES: &str = "SHOAL_TEST_MEMORY";

/// The hostile side: it announces, serves and posts, while a process of its own receives under the limit.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_arrives_takes_at_most_four_payloads_and_64_mb() -> anyhow::Result<()> {
    let hostile = Sidecar::start(&clock()).await?;
    let server = serve(documents()).await;
    let control = TcpListener::bind("127.0.0.1:0").await?;
    let places = format!("{} {} {server}", control.local_addr()?, hostile.authority());
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", "memory::in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(PLACES, places)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let working = async {
        loop {
            hostile.federation.work_once().await.unwrap();
            tokio::time::sleep(PAUSE).await;
        }
    };
    let talking = async {
        attack(&hostile, &control).await.unwrap();
        std::future::pending::<()>().await;
    };
    let output = tokio::select! {
        output = ended => output??,
        () = working => unreachable!("it works until the other process ends"),
        () = talking => unreachable!("it waits until the other process ends"),
    };
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}: {said}",
        output.status
    );
    println!("{said}");
    Ok(())
}

/// Does everything to the process behind `control` that it asks for.
async fn attack(hostile: &Sidecar, control: &TcpListener) -> anyhow::Result<()> {
    let (stream, _) = control.accept().await?;
    let mut control = BufReader::new(stream);
    let mut asked = String::new();
    control.read_line(&mut asked).await?;
    // As large as it may be, and honest.
    let honest = pack(&Wire::noise(13_500, 512).plain());
    assert!((ALLOWED * 9 / 10..=ALLOWED).contains(&honest.len()), "{}", honest.len());
    let summary = shoal::privacy::inspect_payload(&honest)?;
    announce(hostile, 1, Some(&summary), honest).await;
    // As large, and no evidence.
    let mut noise = pack(&Wire::noise(13_000, 512).plain());
    noise.resize(ALLOWED, 7);
    for (number, payload) in (2..).zip([
        noise,
        bomb(66_000_000),
        bomb(150_000),
        wide_window(),
        pack(b"").repeat(ALLOWED / pack(b"").len()),
    ]) {
        announce(hostile, number, None, payload).await;
    }

    let mut inbox = String::new();
    control.read_line(&mut inbox).await?;
    let (client, bombs) = (reqwest::Client::new(), documents());
    let calls = (0..64).map(|number| {
        let body = bombs[number % bombs.len()].clone();
        let request = client.post(inbox.trim());
        request
            .header("content-type", "application/activity+json")
            .body(body)
            .send()
    });
    for answer in futures_util::future::join_all(calls).await {
        // Whoever sends too much may be cut off before the answer.
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status().is_client_error()));
    }
    let nested = json!({ "type": "Create", "object": { "type": "Evidence", "a": vec![0; 20_000] } });
    let signer = Signer::of(hostile).await?;
    assert_eq!(signer.post(inbox.trim(), &nested).await?, 400);
    announce(hostile, 9, None, evidence(9).encode()?).await;
    control.get_mut().write_all(b"done\n").await?;
    Ok(())
}

/// Lets `sidecar` work until what `hostile` announced has been settled `settled` times.
async fn received(sidecar: &Sidecar, hostile: &str, settled: usize) -> anyhow::Result<Vec<EvidenceState>> {
    for _ in 0..6_000 {
        sidecar.federation.work_once().await?;
        let states = sidecar.store.evidence_states(hostile).await?;
        let states: Vec<EvidenceState> = states.into_iter().rev().map(|(_, state, _)| state).collect();
        if states.len() == settled && !states.contains(&EvidenceState::Announced) {
            return Ok(states);
        }
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("not all announcements arrived")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "limits the memory of the whole process; another test starts it"]
async fn in_a_process_of_its_own() -> anyhow::Result<()> {
    let places = std::env::var(PLACES)?;
    let [control, hostile, server] = places.split(' ').collect::<Vec<_>>()[..] else {
        anyhow::bail!("{PLACES} names three places");
    };
    let allow = |config: &mut shoal::config::FederationConfig| config.maximum_payload_bytes = ALLOWED as u64;
    let receiver = Sidecar::start_with(&clock(), allow).await?;
    let actor = format!("http://{hostile}/actor");
    receiver.federation.follow(hostile).await?;
    let mut followed = false;
    for _ in 0..6_000 {
        receiver.federation.work_once().await?;
        let peer = receiver.store.peer(&actor).await?;
        followed = peer.is_some_and(|peer| peer.following == FollowingState::Accepted);
        if followed {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    assert!(followed, "the other side accepts");
    let mut control = BufReader::new(TcpStream::connect(control).await?);

    // Forgets how much memory it had at most so far.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS:");
    limit_further_memory(4 * ALLOWED as u64 + 64_000_000);
    control.get_mut().write_all(b"go on\n").await?;
    let states = received(&receiver, &actor, 6).await?;
    let used: Vec<bool> = states.iter().map(|state| *state == EvidenceState::Fetched).collect();
    assert_eq!(used, [true, false, false, false, false, false], "{states:?}");
    println!(
        "payloads: {} MB more",
        memory("VmHWM:").saturating_sub(before) / 1_000_000
    );

    for target in ["http://{}", "http://{}/actor", "acct:shoal@{}"] {
        for _ in 0..documents().len() {
            assert!(receiver.federation.follow(&target.replace("{}", server)).await.is_err());
        }
    }
    let inbox = receiver.url("/inbox\n");
    control.get_mut().write_all(inbox.as_bytes()).await?;
    control.read_line(&mut String::new()).await?;
    let states = received(&receiver, &actor, 7).await?;
    assert_eq!(states[6], EvidenceState::Fetched, "it goes on working");
    println!(
        "everything: {} MB more",
        memory("VmHWM:").saturating_sub(before) / 1_000_000
    );
    Ok(())
}
