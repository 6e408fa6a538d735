//! The bytes of a noised value: a versioned header and integers (postcard), compressed (zstd).
//!
//! Decoding treats its input as hostile: sizes are bounded before anything is allocated, and whatever is not exactly as
//! it must be is refused.

use std::io::Read;

use serde::{Deserialize, Serialize};

use super::grid::{LARGEST_GRID_VALUE, packed_length};
use super::{BudgetShares, EvidenceGrid, NoiseStatement, Noised, PrivacyError, accountant};
use super::{Delta, Epsilon};
use crate::model::evidence::BasisId;
use crate::model::support::Support;

const VERSION: u16 = 1;
const COMPRESSION_LEVEL: i32 = 3;
/// Longest address of PeerTube's `url` columns.
const LONGEST_ADDRESS: usize = 2_000;

/// How much a decoder accepts.
#[derive(Debug, Clone, Copy)]
pub struct DecodeLimits {
    /// Bytes after decompression.
    pub decompressed_bytes: u64,
    /// Videos and channels together.
    pub items: usize,
    /// Dimensions of the basis.
    pub dimensions: u16,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            decompressed_bytes: 64 * 1024 * 1024,
            items: 200_000,
            dimensions: 512,
        }
    }
}

#[derive(Serialize, Deserialize)]
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

impl Noised<EvidenceGrid> {
    /// The payload. Equal values give equal bytes.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] when the encoder fails.
    pub fn encode(&self) -> Result<Vec<u8>, PrivacyError> {
        let value = &self.value;
        let wire = Wire {
            version: VERSION,
            basis: value.basis.0,
            dimensions: value.dimensions,
            shares: [
                value.shares.videos,
                value.shares.channels,
                value.shares.gram,
                value.shares.contributors,
            ],
            step: value.step,
            noise_multiplier: self.noise.noise_multiplier,
            clipping_norm: self.noise.clipping_norm,
            epsilon: self.noise.epsilon,
            delta: self.noise.delta,
            videos: value.support.videos().to_vec(),
            channels: value.support.channels().to_vec(),
            contributors: value.contributors,
            gram: value.gram.clone(),
            video_sums: value.videos.clone(),
            channel_sums: value.channels.clone(),
        };
        let plain = postcard::to_allocvec(&wire).map_err(|error| refuse(&format!("cannot be encoded: {error}")))?;
        zstd::encode_all(plain.as_slice(), COMPRESSION_LEVEL)
            .map_err(|error| refuse(&format!("cannot be compressed: {error}")))
    }

    /// Reads a payload that a peer sent.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] says what is wrong with it.
    pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Self, PrivacyError> {
        let mut plain = Vec::new();
        let decoder = zstd::Decoder::new(bytes).map_err(|_| refuse("it is not zstd"))?;
        decoder
            .take(limits.decompressed_bytes + 1)
            .read_to_end(&mut plain)
            .map_err(|_| refuse("its compression is damaged"))?;
        if plain.len() as u64 > limits.decompressed_bytes {
            return Err(refuse("it is larger than this sidecar accepts"));
        }
        let (wire, rest): (Wire, &[u8]) =
            postcard::take_from_bytes(&plain).map_err(|_| refuse("its contents are damaged"))?;
        if !rest.is_empty() {
            return Err(refuse("bytes follow its end"));
        }
        check(wire, limits)
    }
}

fn check(wire: Wire, limits: DecodeLimits) -> Result<Noised<EvidenceGrid>, PrivacyError> {
    if wire.version != VERSION {
        return Err(refuse("its version is not known here"));
    }
    if wire.dimensions < 2 || wire.dimensions > limits.dimensions {
        return Err(refuse("its number of dimensions is out of range"));
    }
    let d = usize::from(wire.dimensions);
    if wire.videos.len() + wire.channels.len() > limits.items {
        return Err(refuse("it lists more videos and channels than this sidecar accepts"));
    }
    if wire
        .videos
        .iter()
        .chain(&wire.channels)
        .any(|address| address.is_empty() || address.len() > LONGEST_ADDRESS)
    {
        return Err(refuse("an address is empty or too long"));
    }
    let shapes_fit = wire.video_sums.len() == wire.videos.len() * d
        && wire.channel_sums.len() == wire.channels.len() * d
        && wire.gram.len() == packed_length(d);
    if !shapes_fit {
        return Err(refuse("its lists do not have the lengths that its header states"));
    }
    let values = [&wire.video_sums, &wire.channel_sums, &wire.gram];
    let in_range = |value: &i64| value.unsigned_abs() <= LARGEST_GRID_VALUE.unsigned_abs();
    if !values.into_iter().flatten().all(in_range) || !in_range(&wire.contributors) {
        return Err(refuse("a value is out of range"));
    }
    if !(wire.step > 0.0 && wire.step.is_finite() && wire.step <= 1.0) {
        return Err(refuse("its grid step is out of range"));
    }
    let [videos, channels, gram, contributors] = wire.shares;
    let shares = BudgetShares::new(videos, channels, gram, contributors).map_err(|error| refuse(&error.to_string()))?;
    let noise = NoiseStatement {
        noise_multiplier: wire.noise_multiplier,
        clipping_norm: wire.clipping_norm,
        epsilon: wire.epsilon,
        delta: wire.delta,
    };
    check_noise(&noise)?;
    let support =
        Support::from_sorted(wire.videos, wire.channels).ok_or_else(|| refuse("its lists are not ascending"))?;
    let value = EvidenceGrid {
        basis: BasisId(wire.basis),
        dimensions: wire.dimensions,
        support,
        shares,
        step: wire.step,
        videos: wire.video_sums,
        channels: wire.channel_sums,
        gram: wire.gram,
        contributors: wire.contributors,
    };
    Ok(Noised { value, noise })
}

/// The statement must be possible and must be consistent: its noise must give at least the privacy that it claims.
fn check_noise(noise: &NoiseStatement) -> Result<(), PrivacyError> {
    let epsilon = Epsilon::new(noise.epsilon).map_err(|error| refuse(&error.to_string()))?;
    let delta = Delta::new(noise.delta).map_err(|error| refuse(&error.to_string()))?;
    if !(noise.noise_multiplier > 0.0 && noise.noise_multiplier.is_finite()) {
        return Err(refuse("its noise multiplier must be a positive number"));
    }
    if (noise.clipping_norm - 1.0).abs() > f64::EPSILON {
        return Err(refuse("its clipping norm must be 1"));
    }
    if accountant::delta_at(1.0 / noise.noise_multiplier, epsilon.get()) > delta.get() * (1.0 + 1e-6) {
        return Err(refuse(
            "the noise that it states is too small for the epsilon that it states",
        ));
    }
    Ok(())
}

fn refuse(why: &str) -> PrivacyError {
    PrivacyError::Payload(why.to_owned())
}
