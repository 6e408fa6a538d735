//! The content basis: a vector for every public video that every instance can compute alone.
//!
//! Each token (channel, tag, category, language, title word) has a pseudo-random direction of plus and minus ones that
//! follows from its SHA-256, so that nobody has to agree on a vocabulary (random indexing; the inner products of such
//! sums approximate the overlap of tokens, Johnson and Lindenstrauss 1984).

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::evidence::BasisId;
use super::factors::Factors;
use super::item::Item;

/// Changes whenever the vectors change.
const DEFINITION: &str = "shoal content basis 1";

/// Weight of each kind of token before the vector is scaled to length 1.
const CHANNEL: f32 = 1.0;
const TAGS: f32 = 1.0;
const CATEGORY: f32 = 0.5;
const LANGUAGE: f32 = 0.4;
const TITLE: f32 = 0.5;
const SHORTEST_TITLE_WORD: usize = 3;

/// The content basis of some number of dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentBasis {
    dimensions: usize,
}

impl ContentBasis {
    /// A basis of `dimensions`.
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions }
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Digest of everything the vectors depend on except the videos themselves.
    pub fn id(&self) -> BasisId {
        let definition = format!(
            "{DEFINITION}: {} dimensions, weights {CHANNEL} {TAGS} {CATEGORY} {LANGUAGE} {TITLE}, words from {SHORTEST_TITLE_WORD}",
            self.dimensions
        );
        BasisId(Sha256::digest(definition.as_bytes()).into())
    }

    /// One vector of length 1 per item; zeros where an item has no token at all.
    pub fn vectors(&self, items: &[Item]) -> Factors {
        let mut directions = Directions {
            dimensions: self.dimensions,
            known: HashMap::new(),
        };
        let mut vectors = Factors::zeros(items.len(), self.dimensions);
        for (index, item) in items.iter().enumerate() {
            directions.sum(&tokens(item), vectors.row_mut(index));
        }
        vectors
    }
}

/// (Token, weight) of an item; the weights of a kind are divided by the square root of the number of its tokens.
fn tokens(item: &Item) -> Vec<(String, f32)> {
    let mut all = vec![(format!("channel {}", item.channel), CHANNEL)];
    let mut add = |kind: &str, mut words: Vec<String>, weight: f32| {
        words.sort_unstable();
        words.dedup();
        let each = weight / (words.len().max(1) as f32).sqrt();
        all.extend(words.into_iter().map(|word| (format!("{kind} {word}"), each)));
    };
    add(
        "tag",
        item.tags.iter().map(|tag| tag.trim().to_lowercase()).collect(),
        TAGS,
    );
    add(
        "category",
        item.category.iter().map(ToString::to_string).collect(),
        CATEGORY,
    );
    add("language", item.language.iter().cloned().collect(), LANGUAGE);
    add("word", words(&item.title), TITLE);
    all
}

/// Lower-case words of at least [`SHORTEST_TITLE_WORD`] letters.
fn words(title: &str) -> Vec<String> {
    title
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST_TITLE_WORD)
        .map(str::to_lowercase)
        .collect()
}

/// Directions of tokens, each computed once.
struct Directions {
    dimensions: usize,
    known: HashMap<String, Vec<u64>>,
}

impl Directions {
    fn sum(&mut self, tokens: &[(String, f32)], target: &mut [f32]) {
        for (token, weight) in tokens {
            let blocks = self
                .known
                .entry(token.clone())
                .or_insert_with(|| sign_bits(token, self.dimensions));
            for (k, value) in target.iter_mut().enumerate() {
                let negative = blocks[k / 64] >> (k % 64) & 1 == 1;
                *value += if negative { -weight } else { *weight };
            }
        }
        let norm = target.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm > 0.0 {
            target.iter_mut().for_each(|value| *value /= norm);
        }
    }
}

/// One bit per dimension, from SHA-256 in counter mode.
fn sign_bits(token: &str, dimensions: usize) -> Vec<u64> {
    let mut blocks = Vec::with_capacity(dimensions.div_ceil(64));
    for counter in 0..dimensions.div_ceil(256) as u64 {
        let digest = Sha256::new()
            .chain_update(counter.to_le_bytes())
            .chain_update(token.as_bytes())
            .finalize();
        for bytes in digest.as_chunks::<8>().0 {
            blocks.push(u64::from_le_bytes(*bytes));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::linear_algebra::dot;

    fn item(channel: &str, tags: &[&str], title: &str) -> Item {
        Item {
            channel: channel.to_owned(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            title: title.to_owned(),
            ..Item::default()
        }
    }

    #[test]
    fn shared_tokens_make_similar_vectors() {
        let items = [
            item("a", &["linux", "kernel"], "Scheduling in the kernel"),
            item("a", &["Linux ", "rust"], "Drivers"),
            item("b", &["cooking", "bread"], "Sourdough at home"),
        ];
        let vectors = ContentBasis::new(256).vectors(&items);
        for index in 0..3 {
            assert!((dot(vectors.row(index), vectors.row(index)) - 1.0).abs() < 1e-4);
        }
        let same = dot(vectors.row(0), vectors.row(1));
        let other = dot(vectors.row(0), vectors.row(2));
        assert!(same > 0.4 && other.abs() < 0.3, "{same} {other}");
    }

    #[test]
    fn vectors_are_the_same_everywhere() {
        // From Python's hashlib, by the definition in the module's text. A change of these signs is a change of protocol:
        // `DEFINITION` must change with it.
        let vectors = ContentBasis::new(8).vectors(&[item("https://a.example/video-channels/x", &["linux"], "")]);
        let signs: Vec<bool> = vectors.row(0).iter().map(|value| *value > 1e-6).collect();
        assert_eq!(signs, SIGNS);
    }

    const SIGNS: [bool; 8] = [false, false, false, false, false, true, true, false];

    #[test]
    fn different_dimensions_are_different_bases() {
        assert_ne!(ContentBasis::new(32).id(), ContentBasis::new(64).id());
    }
}
