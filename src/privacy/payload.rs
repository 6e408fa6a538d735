//! The bytes of a noised value: a versioned header and integers (postcard), compressed (zstd).
//!
//! Reading treats its input as hostile: whatever is not exactly as it must be is refused, and nothing is allocated before
//! it is counted. A payload that has just arrived is only looked at, number by number ([`inspect_payload`]), so that the
//! memory for that does not depend on what is in it. Whether the numbers can be true is judged in [`super::plausibility`].

mod reader;
mod sinks;

use serde::Serialize;
use sha2::Digest;

use super::accountant::release::{LARGEST_MU, SMALLEST_MU, STEPS_PER_UNIT};
use super::grid::{LARGEST_GRID_VALUE, packed_length};
use super::{BudgetShares, EvidenceGrid, NoiseStatement, Noised, PrivacyError, ReleaseSummary, accountant};
use super::{Delta, Epsilon};
use crate::model::evidence::BasisId;
use crate::model::support::Support;
use reader::Reader;
pub(super) use sinks::{Header, List};
use sinks::{Inspection, Lists, Sink};

const VERSION: u16 = 1;
const COMPRESSION_LEVEL: i32 = 3;
/// Longest address of PeerTube's `url` columns.
const LONGEST_ADDRESS: usize = 2_000;
/// How much a decoder accepts.
#[derive(Debug, Clone, Copy)]
pub struct DecodeLimits {
    /// Bytes after decompression.
    pub plain_bytes: usize,
    /// Numbers in the sums per video and channel.
    pub numbers: usize,
    /// Videos and channels together.
    pub items: usize,
    /// Dimensions of the basis.
    pub dimensions: u16,
}

impl Default for DecodeLimits {
    /// For payloads that this process has made itself.
    fn default() -> Self {
        Self {
            plain_bytes: 64 * 1024 * 1024,
            numbers: 64 * 1024 * 1024,
            items: 200_000,
            dimensions: 512,
        }
    }
}

impl DecodeLimits {
    /// For what a peer sent: as much as can be in an honest payload of `bytes`, so that a short one cannot fill the memory.
    ///
    /// Noise cannot be compressed. A step of the grid is at most an eighth of the deviation (see
    /// [`super::plausibility`]), so no value of a number has a probability above 0.051. `n` numbers therefore fit into
    /// `n / 2` bytes with a probability of at most `(16 * 0.051)^n`: for 1,000 numbers below 10^-88. Addresses are compressed
    /// to a quarter at best once they are many, because every address holds an identifier that was drawn by chance.
    pub fn of_payload(bytes: usize) -> Self {
        Self {
            plain_bytes: bytes.saturating_mul(4).saturating_add(16 * 1024 * 1024),
            numbers: bytes.saturating_mul(2).saturating_add(1_000),
            ..Self::default()
        }
    }
}

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

    /// Reads a payload.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] says what is wrong with it.
    pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Self, PrivacyError> {
        let mut lists = Lists::default();
        let header = read(bytes, limits, &mut lists)?;
        let support =
            Support::from_sorted(lists.videos, lists.channels).ok_or_else(|| refuse("its lists are not ascending"))?;
        let value = EvidenceGrid {
            basis: header.basis,
            dimensions: header.dimensions,
            support,
            shares: header.shares,
            step: header.step,
            videos: lists.video_sums,
            channels: lists.channel_sums,
            gram: lists.gram,
            contributors: lists.contributors,
        };
        let noise = header.noise;
        Ok(Self { value, noise })
    }
}

/// Checks everything about a payload that a peer sent, whose release can only be used if it is plausible, and says what it
/// contains. Takes about 10 MB of memory, most of them for the window of the decompressor, whatever the payload says.
///
/// # Errors
/// [`PrivacyError::Payload`] says what is wrong with it.
pub fn inspect_payload(bytes: &[u8]) -> Result<ReleaseSummary, PrivacyError> {
    let mut inspection = Inspection::default();
    let header = read(bytes, DecodeLimits::of_payload(bytes.len()), &mut inspection)?;
    if let Some(plausibility) = inspection.plausibility {
        plausibility.finish()?;
    }
    Ok(ReleaseSummary {
        basis: header.basis,
        dimensions: u32::from(header.dimensions),
        videos: inspection.counts[0],
        channels: inspection.counts[1],
        support_digest: inspection.digest.finalize().into(),
        noise: header.noise,
    })
}

fn read(bytes: &[u8], limits: DecodeLimits, sink: &mut impl Sink) -> Result<Header, PrivacyError> {
    let mut reader = Reader::new(bytes, limits.plain_bytes)?;
    if reader.unsigned()? != u64::from(VERSION) {
        return Err(refuse("its version is not known here"));
    }
    let basis = BasisId(reader.array()?);
    let problem = "its number of dimensions is out of range";
    let d = reader.length(usize::from(limits.dimensions), problem)?;
    let dimensions = u16::try_from(d).ok().filter(|dimensions| *dimensions >= 2);
    let header = Header {
        basis,
        dimensions: dimensions.ok_or_else(|| refuse(problem))?,
        shares: check_shares([reader.float()?, reader.float()?, reader.float()?, reader.float()?])?,
        step: check_step(reader.float()?)?,
        noise: check_noise(NoiseStatement {
            noise_multiplier: reader.float()?,
            clipping_norm: reader.float()?,
            epsilon: reader.float()?,
            delta: reader.float()?,
        })?,
    };
    sink.header(&header);

    let mut counts = [0; 2];
    let (mut address, mut previous) = (String::new(), String::new());
    for (list, count) in [List::Videos, List::Channels].into_iter().zip(0..) {
        let problem = "it lists more videos and channels than this sidecar accepts";
        counts[count] = reader.length(limits.items - counts[0], problem)?;
        if (counts[0] + counts[1]) * d > limits.numbers {
            return Err(refuse("it states more numbers than noise of its size can be"));
        }
        sink.count(list, counts[count]);
        previous.clear();
        for _ in 0..counts[count] {
            reader.text(&mut address, LONGEST_ADDRESS)?;
            if address <= previous {
                return Err(refuse("its lists are not ascending"));
            }
            sink.address(list, &address);
            std::mem::swap(&mut address, &mut previous);
        }
    }
    sink.contributors(reader.number(LARGEST_GRID_VALUE)?);
    exactly(&mut reader, packed_length(d))?;
    let mut gram = Vec::with_capacity(packed_length(d));
    for _ in 0..packed_length(d) {
        gram.push(reader.number(LARGEST_GRID_VALUE)?);
    }
    sink.gram(gram);
    let mut row = vec![0; d];
    for (list, count) in [List::Videos, List::Channels].into_iter().zip(counts) {
        exactly(&mut reader, count * d)?;
        sink.rows(list, count, d);
        for _ in 0..count {
            for value in &mut row {
                *value = reader.number(LARGEST_GRID_VALUE)?;
            }
            sink.row(list, &row);
        }
    }
    reader.end()?;
    Ok(header)
}

/// The length of a list of numbers, which follows from what was read before.
fn exactly(reader: &mut Reader, length: usize) -> Result<(), PrivacyError> {
    let problem = "its lists do not have the lengths that its header states";
    if reader.length(length, problem)? == length {
        Ok(())
    } else {
        Err(refuse(problem))
    }
}

/// Every part must have some of the sensitivity, and together no more than all of it.
fn check_shares([videos, channels, gram, contributors]: [f64; 4]) -> Result<BudgetShares, PrivacyError> {
    let shares = BudgetShares::new(videos, channels, gram, contributors).map_err(|error| refuse(&error.to_string()))?;
    let smallest = videos.min(channels).min(gram).min(contributors);
    if smallest < BudgetShares::SMALLEST {
        return Err(refuse("a share of its sensitivity is too small"));
    }
    Ok(shares)
}

/// The grid on which releases are summed is the finest, one clipping norm the coarsest.
fn check_step(step: f64) -> Result<f64, PrivacyError> {
    let finest = 1.0 / STEPS_PER_UNIT as f64;
    if (finest..=1.0).contains(&step) {
        Ok(step)
    } else {
        Err(refuse("its grid step is out of range"))
    }
}

/// The statement must be possible and must be consistent: its noise must give at least the privacy that it claims.
fn check_noise(noise: NoiseStatement) -> Result<NoiseStatement, PrivacyError> {
    let epsilon = Epsilon::new(noise.epsilon).map_err(|error| refuse(&error.to_string()))?;
    let delta = Delta::new(noise.delta).map_err(|error| refuse(&error.to_string()))?;
    if !(1.0 / LARGEST_MU..=1.0 / SMALLEST_MU).contains(&noise.noise_multiplier) {
        return Err(refuse("its noise multiplier is out of range"));
    }
    if (noise.clipping_norm - 1.0).abs() > f64::EPSILON {
        return Err(refuse("its clipping norm must be 1"));
    }
    if accountant::delta_at(1.0 / noise.noise_multiplier, epsilon.get()) > delta.get() * (1.0 + 1e-6) {
        return Err(refuse(
            "the noise that it states is too small for the epsilon that it states",
        ));
    }
    Ok(noise)
}

pub(super) fn refuse(why: &str) -> PrivacyError {
    PrivacyError::Payload(why.to_owned())
}

#[cfg(test)]
mod tests;
