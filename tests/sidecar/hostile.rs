//! Stored payloads that no honest peer would have sent: the model is the one without them, to the last bit.

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use shoal::clock::SystemClock;
use shoal::model::contribution::{Contribution, EvidenceBasis};
use shoal::model::support::Support;
use shoal::privacy::release::EvidenceSum;
use shoal::privacy::{BudgetShares, Delta};
use shoal::store::EvidenceUse;

use crate::support::{Tube, world};

/// The contents of a payload, as they lie on the wire.
#[derive(Clone, Serialize, Deserialize)]
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
    fn decode(payload: &[u8]) -> Self {
        postcard::from_bytes(&zstd::decode_all(payload).unwrap()).unwrap()
    }

    fn encode(&self) -> Vec<u8> {
        zstd::encode_all(postcard::to_allocvec(self).unwrap().as_slice(), 1).unwrap()
    }
}

/// Evidence in a basis of `dimensions` about these videos, of so many users that their noised number is surely positive.
fn honest(dimensions: usize, addresses: Vec<String>) -> Vec<u8> {
    let basis = EvidenceBasis::new(dimensions);
    let count = addresses.len() as u32;
    let support = Support::new(addresses, Vec::new());
    let shares = BudgetShares::from_weights(0.55, 0.30, 0.12, 0.03).unwrap();
    let mut sum = EvidenceSum::new(basis.id(), dimensions as u16, support, shares);
    for user in 0..300u32 {
        let mut factor = vec![0.5; dimensions];
        factor[1 + user as usize % (dimensions - 1)] = -0.5;
        sum.add(&Contribution {
            factor,
            videos: (0..count).map(|place| (place, 0.3)).collect(),
            channels: Vec::new(),
        });
    }
    sum.release(1.0, Delta::new(1e-6).unwrap(), 5, &mut ChaCha20Rng::seed_from_u64(3))
        .unwrap()
        .encode()
        .unwrap()
}

/// Puts a payload where a checked one of a followed peer would lie.
async fn store(tube: &Tube, peer: usize, payload: &[u8]) {
    let actor = format!("http://localhost:9/{peer}");
    tube.own(&format!(
        r"WITH peer AS (
              INSERT INTO shoal.peers (actor_url, inbox_url, public_key_pem, host, name, fetched_at, following)
              VALUES ('{actor}', '{actor}/inbox', 'key', 'localhost:9', 'peer', now(), 'accepted') RETURNING id)
          INSERT INTO shoal.received_evidence (peer_id, activity_url, announced, payload_url, payload_sha256,
              payload_size, state, payload, received_at, fetched_at, next_attempt_at)
          SELECT id, '{actor}/create', '{{}}', '{actor}/payload', sha256('\x{bytes}'::bytea), {size}, 'fetched',
              '\x{bytes}'::bytea, now(), now(), now() FROM peer",
        bytes = hex::encode(payload),
        size = payload.len().max(1),
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_payloads_change_nothing() {
    let tube = Tube::create(0, world(&[20]).swap_remove(0), Arc::new(SystemClock), |_| ()).await;
    let half_life_off = |config: &mut shoal::config::Config| config.preferences.half_life_days = 0.0;
    let clean = tube.train_with(half_life_off).await;
    assert_eq!(clean.peers, 0);
    let (scores, factors) = (tube.scores(), tube.federated_factors());

    let snapshot = tube.sidecar.snapshot.load_full().unwrap();
    let addresses: Vec<String> = snapshot
        .videos()
        .iter()
        .take(30)
        .map(|video| video.url.clone())
        .collect();
    let good = honest(12, addresses.clone());
    let wire = Wire::decode(&good);
    let changed = |change: &dyn Fn(&mut Wire)| {
        let mut wire = wire.clone();
        change(&mut wire);
        wire.encode()
    };
    let payloads = [
        Vec::new(),
        b"no payload at all".to_vec(),
        good[..good.len() / 2].to_vec(),
        [good.as_slice(), b"more"].concat(),
        honest(13, addresses),
        changed(&|wire| wire.basis[0] ^= 1),
        changed(&|wire| wire.step = f64::NAN),
        changed(&|wire| wire.step = f64::INFINITY),
        changed(&|wire| wire.noise_multiplier = f64::NAN),
        changed(&|wire| wire.noise_multiplier = 0.0),
        changed(&|wire| wire.clipping_norm = f64::INFINITY),
        changed(&|wire| wire.epsilon = f64::NAN),
        changed(&|wire| wire.shares[0] = f64::NAN),
        changed(&|wire| wire.shares = [1.0; 4]),
        changed(&|wire| wire.video_sums[0] = i64::MAX),
        changed(&|wire| wire.gram[0] = i64::MIN),
        changed(&|wire| wire.contributors = i64::MIN),
        changed(&|wire| wire.video_sums.truncate(7)),
        changed(&|wire| wire.gram.push(0)),
        changed(&|wire| wire.videos.swap(0, 1)),
        changed(&|wire| wire.dimensions = 0),
        changed(&|wire| wire.version = 9),
    ];
    for (peer, payload) in payloads.iter().enumerate() {
        store(&tube, peer, payload).await;
    }
    assert_eq!(
        tube.sidecar.store.usable_evidence().await.unwrap().len(),
        payloads.len()
    );
    let report = tube.train_with(half_life_off).await;
    assert_eq!(report.peers, 0, "{report:?}");
    assert!(tube.scores() == scores, "a bad payload changed the model");
    assert!(tube.federated_factors() == factors, "a bad payload changed the model");

    // The same road is open to a good one.
    store(&tube, payloads.len(), &good).await;
    let report = tube.train_with(half_life_off).await;
    assert_eq!(report.peers, 1, "{report:?}");
    assert!(tube.federated_factors() != factors);
    assert!(tube.scores().iter().all(|score| score.is_finite()));
}

#[tokio::test(flavor = "multi_thread")]
async fn extreme_but_decodable_sums_never_make_a_score_that_is_no_number() {
    let tube = Tube::create(0, world(&[20]).swap_remove(0), Arc::new(SystemClock), |_| ()).await;
    tube.train().await;
    let snapshot = tube.sidecar.snapshot.load_full().unwrap();
    let addresses: Vec<String> = snapshot
        .videos()
        .iter()
        .take(30)
        .map(|video| video.url.clone())
        .collect();
    let wire = Wire::decode(&honest(12, addresses));
    let largest = 1i64 << 39;
    let extremes = [
        (0, largest),
        (-largest, -largest),
        (largest, 0),
        (1, largest),
        (largest, largest),
    ];
    for (peer, (contributors, value)) in extremes.into_iter().enumerate() {
        let mut hostile = wire.clone();
        hostile.contributors = contributors;
        hostile.gram.iter_mut().for_each(|entry| *entry = value);
        for (place, entry) in hostile.video_sums.iter_mut().enumerate() {
            *entry = if place % 2 == 0 { value } else { -value };
        }
        store(&tube, peer, &hostile.encode()).await;
        let report = tube.train().await;
        assert!(report.validation_ndcg_20.is_finite());
        assert!(
            tube.scores().iter().all(|score| score.is_finite()),
            "{contributors} {value}"
        );
    }
}

/// What is wrong with a payload: a part of the reason, and the change.
type Change = (&'static str, fn(&mut Wire));

/// Each states something that made all evidence infinite or no number, or that nobody could have released.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_states_nonsense_silences_nobody() {
    let tube = Tube::create(0, world(&[20]).swap_remove(0), Arc::new(SystemClock), |_| ()).await;
    let half_life_off = |config: &mut shoal::config::Config| config.preferences.half_life_days = 0.0;
    tube.train_with(half_life_off).await;
    assert_eq!(
        tube.sidecar.store.evidence_use().await.unwrap(),
        Some(EvidenceUse::default())
    );
    let without = tube.federated_factors();
    let snapshot = tube.sidecar.snapshot.load_full().unwrap();
    let videos = snapshot.videos().iter().take(30);
    let good = honest(12, videos.map(|video| video.url.clone()).collect());
    store(&tube, 0, &good).await;
    assert_eq!(tube.train_with(half_life_off).await.peers, 1);
    let with_the_good_one = tube.federated_factors();
    assert!(with_the_good_one != without);

    let changes: [Change; 9] = [
        ("share", |wire| wire.shares[3] = 1e-300),
        ("share", |wire| wire.shares = [1e-33; 4]),
        ("step", |wire| wire.step = 5e-324),
        ("noise multiplier", |wire| wire.noise_multiplier = 1e-300),
        ("number of accounts", |wire| wire.contributors = 1 << 39),
        ("number of accounts", |wire| wire.contributors *= 1_000),
        ("negative", |wire| wire.gram[0] = -(1 << 30)),
        ("too large", |wire| wire.gram[2] = 1 << 30),
        ("row", |wire| wire.video_sums[5] = 1 << 30),
    ];
    for (place, (_, change)) in changes.iter().enumerate() {
        let mut wire = Wire::decode(&good);
        change(&mut wire);
        store(&tube, 1 + place, &wire.encode()).await;
    }
    let report = tube.train_with(half_life_off).await;
    assert_eq!((report.peers, report.evidence.used), (1, 1), "{report:?}");
    assert!(
        tube.federated_factors() == with_the_good_one,
        "the good one counts as before"
    );
    let refused = &report.evidence.refused;
    assert_eq!(refused.len(), changes.len(), "{refused:#?}");
    for (place, (expected, _)) in changes.iter().enumerate() {
        let actor = format!("http://localhost:9/{}", 1 + place);
        let found = refused.iter().find(|refused| refused.peer == actor).unwrap();
        assert_eq!(found.releases, 1);
        assert!(found.reason.contains(expected), "{expected}: {}", found.reason);
    }
    // Whatever process asks.
    assert_eq!(tube.sidecar.store.evidence_use().await.unwrap(), Some(report.evidence));
}
