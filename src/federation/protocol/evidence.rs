//! `Evidence`: what is stated about a release; the payload itself is fetched.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::evidence::BasisId;
use crate::privacy::{NoiseStatement, ReleaseSummary};
use crate::store::CountedWatches;

/// Media type of the payload.
pub const PAYLOAD_MEDIA_TYPE: &str = "application/vnd.shoal.evidence.v1+zstd";
/// Years of the dates that a release may state: databases hold no earlier and no later ones, or other ones than this program.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9_999;
/// The only mechanism there is.
const MECHANISM: &str = "gaussian";
/// Longest number as text, in bytes; 17 digits say everything about an `f64`, and the smallest are written with zeros.
const LONGEST_NUMBER: usize = 400;
/// Multihash code and length of SHA-256.
const SHA256_MULTIHASH: [u8; 2] = [0x12, 0x20];

/// The `type` of an evidence object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvidenceType {
    /// The only value.
    #[default]
    Evidence,
}

/// Noised evidence of one instance, as announced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Always `Evidence`.
    #[serde(rename = "type")]
    pub kind: EvidenceType,
    /// Id of the object.
    pub id: Url,
    /// Who releases it.
    pub attributed_to: Url,
    /// Only watches first seen after this are in it; absent: all earlier ones too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<DateTime<Utc>>,
    /// Only watches first seen up to this are in it; absent: the whole history, as older versions send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<DateTime<Utc>>,
    /// Digest of the public basis, hexadecimal.
    pub basis: String,
    /// Dimensions of the basis.
    pub dimensions: u32,
    /// Videos in the payload.
    pub videos: u32,
    /// Channels in the payload.
    pub channels: u32,
    /// Digest of the sorted lists of videos and channels, hexadecimal.
    pub support_digest: String,
    /// The noise, as stated.
    pub noise: NoiseDocument,
    /// Where the payload is. Exactly one.
    pub attachment: [Document; 1],
}

/// The noise of a release. Numbers are decimal text: signed JSON must not depend on how a float is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoiseDocument {
    /// Always `gaussian`.
    pub mechanism: String,
    /// Standard deviation in units of the clipping norm.
    pub noise_multiplier: String,
    /// Sensitivity to one account.
    pub clipping_norm: String,
    /// Epsilon of this release alone.
    pub epsilon: String,
    /// Delta of this release alone.
    pub delta: String,
}

/// A payload that is fetched separately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Always `Document`.
    #[serde(rename = "type")]
    pub kind: activitypub_federation::kinds::object::DocumentType,
    /// Always [`PAYLOAD_MEDIA_TYPE`].
    pub media_type: String,
    /// Where it is.
    pub href: Url,
    /// SHA-256 of the bytes as a multihash in base58 with the prefix `z`.
    pub digest_multibase: String,
    /// Size in bytes.
    pub size: u64,
}

impl Evidence {
    /// Which watches it counts; `None`: the whole history.
    ///
    /// # Errors
    /// Names the property that makes no sense.
    pub fn counted(&self) -> Result<Option<CountedWatches>, &'static str> {
        let dates = self.start_time.iter().chain(&self.end_time);
        if dates.map(Datelike::year).any(|year| !YEARS.contains(&year)) {
            return Err("startTime or endTime is not within the years 1970 to 9999");
        }
        match (self.start_time, self.end_time) {
            (Some(after), Some(until)) if after >= until => Err("startTime is not before endTime"),
            (after, Some(until)) => Ok(Some(CountedWatches { after, until })),
            (None, None) => Ok(None),
            (Some(_), None) => Err("startTime is stated without endTime"),
        }
    }

    /// What is stated, as numbers.
    ///
    /// # Errors
    /// Names the property that cannot be read.
    pub fn summary(&self) -> Result<ReleaseSummary, &'static str> {
        if self.noise.mechanism != MECHANISM {
            return Err("noise.mechanism is not gaussian");
        }
        Ok(ReleaseSummary {
            basis: BasisId(digest(&self.basis).ok_or("basis is not a SHA-256 digest in hexadecimal")?),
            dimensions: self.dimensions,
            videos: self.videos,
            channels: self.channels,
            support_digest: digest(&self.support_digest)
                .ok_or("supportDigest is not a SHA-256 digest in hexadecimal")?,
            noise: NoiseStatement {
                noise_multiplier: number(&self.noise.noise_multiplier)
                    .ok_or("noise.noiseMultiplier is not a number")?,
                clipping_norm: number(&self.noise.clipping_norm).ok_or("noise.clippingNorm is not a number")?,
                epsilon: number(&self.noise.epsilon).ok_or("noise.epsilon is not a number")?,
                delta: number(&self.noise.delta).ok_or("noise.delta is not a number")?,
            },
        })
    }
}

impl NoiseDocument {
    /// The statement as text; reading it back gives the same numbers.
    pub fn new(noise: &NoiseStatement) -> Self {
        Self {
            mechanism: MECHANISM.to_owned(),
            noise_multiplier: noise.noise_multiplier.to_string(),
            clipping_norm: noise.clipping_norm.to_string(),
            epsilon: noise.epsilon.to_string(),
            delta: noise.delta.to_string(),
        }
    }
}

impl Document {
    /// Describes a payload at `href`.
    pub fn new(href: Url, sha256: &[u8; 32], size: usize) -> Self {
        let multihash = [&SHA256_MULTIHASH[..], sha256].concat();
        Self {
            kind: activitypub_federation::kinds::object::DocumentType::Document,
            media_type: PAYLOAD_MEDIA_TYPE.to_owned(),
            href,
            digest_multibase: format!("z{}", bs58::encode(multihash).into_string()),
            size: size as u64,
        }
    }

    /// The stated SHA-256.
    ///
    /// # Errors
    /// Says that the property is not one.
    pub fn sha256(&self) -> Result<[u8; 32], &'static str> {
        const PROBLEM: &str = "digestMultibase is not a SHA-256 multihash in base58";
        // 34 bytes are at most 47 digits; decoding takes quadratic time.
        let text = self
            .digest_multibase
            .strip_prefix('z')
            .filter(|text| text.len() <= 64)
            .ok_or(PROBLEM)?;
        let multihash = bs58::decode(text).into_vec().map_err(|_| PROBLEM)?;
        let digest = multihash.strip_prefix(&SHA256_MULTIHASH[..]).ok_or(PROBLEM)?;
        digest.try_into().map_err(|_| PROBLEM)
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

fn number(text: &str) -> Option<f64> {
    if text.len() > LONGEST_NUMBER {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}
