//! Settings whose value is one of a few words: case does not matter, and an unknown word is answered with the known ones. The
//! word itself is not echoed: it may be a secret in the wrong place.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{AcceptFollows, ContributionDefault, LogFormat};

/// A setting with a few values.
pub(super) trait Keyword: Copy + 'static {
    /// The words, in lower case, and what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl Keyword for AcceptFollows {
    const WORDS: &'static [(&'static str, Self)] = &[("manual", Self::Manual), ("automatic", Self::Automatic)];
}

impl Keyword for ContributionDefault {
    const WORDS: &'static [(&'static str, Self)] = &[("opt-in", Self::OptIn), ("opt-out", Self::OptOut)];
}

impl Keyword for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("human", Self::Human), ("json", Self::Json)];
}

/// Reads a word.
pub(super) fn keyword<'de, D: Deserializer<'de>, T: Keyword>(deserializer: D) -> Result<T, D::Error> {
    let given = String::deserialize(deserializer)?
        .trim()
        .to_lowercase()
        .replace('_', "-");
    let known = T::WORDS.iter().find(|(word, _)| *word == given);
    known.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        D::Error::custom(format!("must be one of the words {}", words.join(", ")))
    })
}
