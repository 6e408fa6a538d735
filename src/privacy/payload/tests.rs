//! Payloads that no honest peer sends, made byte by byte.

use std::io::Write;

use super::*;

/// A small payload that is accepted.
fn wire() -> Wire {
    Wire {
        version: VERSION,
        basis: [7; 32],
        dimensions: 2,
        shares: [0.8, 0.4, 0.3, 0.2],
        step: 0.5,
        noise_multiplier: 4.0,
        clipping_norm: 1.0,
        epsilon: 10.0,
        delta: 1e-6,
        videos: vec!["https://v.example/1".to_owned(), "https://v.example/2".to_owned()],
        channels: vec!["https://c.example/1".to_owned()],
        contributors: 4,
        gram: vec![1, -2, 1],
        video_sums: vec![1, 2, -3, 4],
        channel_sums: vec![0, 5],
    }
}

fn plain(wire: &Wire) -> Vec<u8> {
    postcard::to_allocvec(wire).unwrap()
}

fn pack(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, COMPRESSION_LEVEL).unwrap()
}

fn refusal(payload: &[u8]) -> String {
    match inspect_payload(payload) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

/// What stands before the lists of [`wire`].
fn header() -> Vec<u8> {
    let whole = plain(&wire());
    let lists = 2 * 20 + 1 + 20 + 1 + 1 + (1 + 3) + (1 + 4) + (1 + 2);
    whole[..whole.len() - lists].to_vec()
}

/// `beginning`, and then very many zeros, in a few kilobytes.
fn bomb(beginning: &[u8], zeros: usize) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19).unwrap();
    encoder.write_all(beginning).unwrap();
    let chunk = vec![0; 1 << 20];
    for _ in 0..zeros.div_ceil(chunk.len()) {
        encoder.write_all(&chunk).unwrap();
    }
    encoder.finish().unwrap()
}

/// As postcard writes lengths.
fn length(length: u64) -> Vec<u8> {
    postcard::to_allocvec(&length).unwrap()
}

#[test]
fn what_is_looked_at_is_what_is_decoded() {
    let payload = pack(&plain(&wire()));
    let decoded = Noised::<EvidenceGrid>::decode(&payload, DecodeLimits::default()).unwrap();
    assert_eq!(inspect_payload(&payload).unwrap(), decoded.summary());
    assert_eq!(decoded.value.videos, wire().video_sums);
    assert_eq!(decoded.value.gram, wire().gram);
    assert_eq!(plain(&wire())[..header().len()], header());
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    type Change = (&'static str, fn(&mut Wire));
    let changes: [Change; 34] = [
        ("version", |wire| wire.version = 2),
        ("dimensions", |wire| wire.dimensions = 0),
        ("dimensions", |wire| wire.dimensions = 513),
        ("shares", |wire| wire.shares[3] = f64::NAN),
        ("shares", |wire| wire.shares[3] = 0.0),
        ("shares", |wire| wire.shares[3] = -0.0),
        ("shares", |wire| wire.shares = [0.8; 4]),
        ("shares", |wire| wire.shares[0] = f64::INFINITY),
        ("too small", |wire| wire.shares[3] = 1e-300),
        ("too small", |wire| wire.shares[3] = 5e-324),
        ("too small", |wire| wire.shares = [1e-33; 4]),
        ("too small", |wire| wire.shares[1] = 0.03),
        ("step", |wire| wire.step = 0.0),
        ("step", |wire| wire.step = 5e-324),
        ("step", |wire| wire.step = 1e-12),
        ("step", |wire| wire.step = f64::NAN),
        ("step", |wire| wire.step = 2.0),
        ("too coarse", |wire| wire.step = 1.0),
        ("noise multiplier", |wire| wire.noise_multiplier = 1e-6),
        ("noise multiplier", |wire| wire.noise_multiplier = 1e300),
        ("noise multiplier", |wire| wire.noise_multiplier = f64::NAN),
        ("too small for the epsilon", |wire| wire.noise_multiplier = 0.1),
        ("clipping norm", |wire| wire.clipping_norm = 1e-300),
        ("clipping norm", |wire| wire.clipping_norm = f64::INFINITY),
        ("psilon", |wire| wire.epsilon = -0.0),
        ("elta", |wire| wire.delta = 1.0),
        ("ascending", |wire| wire.videos.swap(0, 1)),
        ("ascending", |wire| wire.videos[1] = wire.videos[0].clone()),
        ("empty or too long", |wire| wire.videos[0].clear()),
        ("empty or too long", |wire| wire.channels[0] = "x".repeat(2_001)),
        ("out of range", |wire| wire.gram[0] = i64::MIN),
        ("out of range", |wire| wire.contributors = i64::MAX),
        ("lengths", |wire| wire.gram.push(0)),
        ("lengths", |wire| wire.video_sums.truncate(3)),
    ];
    for (place, (expected, change)) in changes.into_iter().enumerate() {
        let mut wire = wire();
        change(&mut wire);
        let refusal = refusal(&pack(&plain(&wire)));
        assert!(refusal.contains(expected), "{place}: {refusal} instead of {expected}");
    }
}

#[test]
fn nothing_may_follow_the_end_or_be_missing() {
    let (whole, packed) = (plain(&wire()), pack(&plain(&wire())));
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    for payload in [
        pack(&[&whole[..], b"x"].concat()),
        [&packed[..], b"x"].concat(),
        [&packed[..], &skippable].concat(),
        [&packed[..], &pack(b"")].concat(),
        [&pack(&whole[..9])[..], &pack(&whole[9..])].concat(),
        [&skippable[..], &packed].concat(),
        pack(b"").repeat(10_000),
    ] {
        let refusal = refusal(&payload);
        assert!(
            refusal.contains("follow its end") || refusal.contains("too early"),
            "{refusal}"
        );
    }
    for cut in 0..whole.len() {
        assert!(inspect_payload(&pack(&whole[..cut])).is_err(), "{cut}");
    }
    for cut in 0..packed.len() {
        assert!(inspect_payload(&packed[..cut]).is_err(), "{cut}");
    }
    let too_long = [&[0xff; 9][..], &[0x7f]].concat();
    assert!(refusal(&pack(&too_long)).contains("too long"));
}

/// Each is some kilobytes long and states very much.
#[test]
fn short_payloads_cannot_state_much() {
    const MANY: usize = 66_000_000;
    let head = header();
    let state = |parts: &[&[u8]]| bomb(&parts.concat(), MANY);
    // One channel and no video, up to the lists of numbers.
    let one_channel = [&head[..], &[0, 1, 1, b'c', 0]].concat();
    for (expected, payload) in [
        ("more videos", state(&[&head, &length(MANY as u64)])),
        ("empty or too long", state(&[&head, &length(100)])),
        ("more numbers", state(&[&head, &length(150_000)])),
        ("more videos", state(&[&head, &[0], &length(u64::MAX)])),
        ("lengths", state(&[&one_channel, &length(MANY as u64)])),
        (
            "lengths",
            state(&[&one_channel, &[3, 0, 0, 0, 0], &length(MANY as u64)]),
        ),
        ("follow its end", state(&[&plain(&wire())])),
        ("lengths", state(&[&one_channel, &[3, 0, 0, 0], &length(1 << 62)])),
    ] {
        assert!(payload.len() < 20_000, "{}", payload.len());
        let refusal = refusal(&payload);
        assert!(refusal.contains(expected), "{refusal} instead of {expected}");
        let limits = DecodeLimits::of_payload(payload.len());
        assert!(Noised::<EvidenceGrid>::decode(&payload, limits).is_err());
    }
}

#[test]
fn a_window_beyond_8_mib_is_refused() {
    let with_window = |logarithm: u32| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(logarithm).unwrap();
        encoder.write_all(&plain(&wire())).unwrap();
        encoder.finish().unwrap()
    };
    assert!(inspect_payload(&with_window(23)).is_ok());
    for logarithm in [24, 27] {
        assert!(refusal(&with_window(logarithm)).contains("compression"), "{logarithm}");
    }
}
