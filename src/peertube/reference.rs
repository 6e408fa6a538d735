//! The three ways in which PeerTube's API names a video: id, UUID, and the short form of the UUID in watch addresses.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::ids::VideoId;

/// The base 58 alphabet of Flickr: no `0`, `I`, `O` and `l`, lower case before upper case.
const ALPHABET: &[u8; 58] = b"123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";

/// 58^22 is the first power of 58 above 2^128.
const SHORT_LENGTH: usize = 22;

/// A UUID as 22 characters, the form of `/w/<short>` addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortUuid(Uuid);

impl ShortUuid {
    /// The UUID it stands for.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for ShortUuid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for ShortUuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_u128();
        let mut characters = ['1'; SHORT_LENGTH];
        for character in characters.iter_mut().rev() {
            *character = char::from(ALPHABET[(rest % 58) as usize]);
            rest /= 58;
        }
        formatter.write_str(&String::from_iter(characters))
    }
}

impl FromStr for ShortUuid {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        if text.len() != SHORT_LENGTH {
            return Err(InvalidReference);
        }
        let mut value: u128 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|candidate| *candidate == byte)
                .ok_or(InvalidReference)?;
            value = value
                .checked_mul(58)
                .and_then(|v| v.checked_add(digit as u128))
                .ok_or(InvalidReference)?;
        }
        Ok(Self(Uuid::from_u128(value)))
    }
}

/// How a caller named a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoReference {
    /// By its number in this database.
    Id(VideoId),
    /// By its UUID, long or short; the same on every instance.
    Uuid(Uuid),
}

impl VideoReference {
    /// Reads an id, a UUID or a short UUID.
    ///
    /// # Errors
    /// [`InvalidReference`] when the text is none of them.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        match text.len() {
            SHORT_LENGTH => Ok(Self::Uuid(text.parse::<ShortUuid>()?.uuid())),
            36 => text.parse().map(Self::Uuid).map_err(|_| InvalidReference),
            // `i32::from_str` also takes a sign.
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => match text.parse() {
                Ok(id) if id > 0 => Ok(Self::Id(VideoId(id))),
                _ => Err(InvalidReference),
            },
            _ => Err(InvalidReference),
        }
    }
}

impl FromStr for VideoReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        Self::parse(text)
    }
}

/// A text that names no video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a video is named by its id, its UUID or its short UUID of 22 characters")]
pub struct InvalidReference;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Pairs made with the npm package `short-uuid`, which PeerTube uses.
    const PAIRS: [(&str, &str); 4] = [
        ("00000000-0000-0000-0000-000000000000", "1111111111111111111111"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "xBuEXKpA6iqZQK5Kf2TnkV"),
        ("00000000-1234-4abc-8def-0123456789ab", "111111kVCRKEnBCvjjydbp"),
        ("9c9de5e8-0a1e-484a-b099-e80766180a6d", "kkGMgK9ZtnKfYAgnEtQxbv"),
    ];

    #[test]
    fn short_uuids_agree_with_peertube() {
        for (long, short) in PAIRS {
            let uuid: Uuid = long.parse().unwrap();
            assert_eq!(ShortUuid::from(uuid).to_string(), short);
            assert_eq!(short.parse::<ShortUuid>().unwrap().uuid(), uuid);
        }
    }

    #[test]
    fn each_form_is_recognized() {
        let uuid: Uuid = PAIRS[3].0.parse().unwrap();
        assert_eq!(VideoReference::parse("42"), Ok(VideoReference::Id(VideoId(42))));
        assert_eq!(VideoReference::parse(PAIRS[3].0), Ok(VideoReference::Uuid(uuid)));
        assert_eq!(VideoReference::parse(PAIRS[3].1), Ok(VideoReference::Uuid(uuid)));
    }

    #[test]
    fn everything_else_is_refused() {
        let too_large = "Z".repeat(22);
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "2147483648",
            "4x",
            " 42",
            "é",
            "kkGMgK9ZtnKfYAgnEtQxb0",
            &too_large,
        ] {
            assert_eq!(VideoReference::parse(text), Err(InvalidReference), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn short_uuids_round_trip(value: u128) {
            let short = ShortUuid::from(Uuid::from_u128(value));
            let text = short.to_string();
            prop_assert_eq!(text.len(), SHORT_LENGTH);
            prop_assert_eq!(text.parse::<ShortUuid>(), Ok(short));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = VideoReference::parse(&text);
        }
    }
}
