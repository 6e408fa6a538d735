//! The public list of videos and channels that a message speaks about.
//!
//! The list is a function of public data alone; it is kept sorted, so that equal lists have equal digests.

use sha2::{Digest, Sha256};

/// Sorted, distinct ActivityPub addresses of public videos and channels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Support {
    videos: Vec<String>,
    channels: Vec<String>,
}

impl Support {
    /// Builds the list from addresses in any order; doubles are dropped.
    pub fn new(mut videos: Vec<String>, mut channels: Vec<String>) -> Self {
        videos.sort_unstable();
        videos.dedup();
        channels.sort_unstable();
        channels.dedup();
        Self { videos, channels }
    }

    /// The same from lists that must already be strictly ascending; `None` when they are not.
    pub fn from_sorted(videos: Vec<String>, channels: Vec<String>) -> Option<Self> {
        let ascending = |list: &[String]| list.is_sorted_by(|a, b| a < b);
        (ascending(&videos) && ascending(&channels)).then_some(Self { videos, channels })
    }

    /// Addresses of the videos, ascending.
    pub fn videos(&self) -> &[String] {
        &self.videos
    }

    /// Addresses of the channels, ascending.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// SHA-256 over both lists: of each the number of addresses, and each address preceded by its length.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for list in [&self.videos, &self.channels] {
            Self::digest_count(&mut digest, list.len());
            for address in list {
                Self::digest_address(&mut digest, address);
            }
        }
        digest.finalize().into()
    }

    /// Adds the beginning of a list of `count` addresses to a [`Self::digest`] that is made address by address.
    pub fn digest_count(digest: &mut Sha256, count: usize) {
        digest.update((count as u64).to_le_bytes());
    }

    /// Adds the next address to a [`Self::digest`] that is made address by address.
    pub fn digest_address(digest: &mut Sha256, address: &str) {
        digest.update((address.len() as u64).to_le_bytes());
        digest.update(address.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(addresses: &[&str]) -> Vec<String> {
        addresses.iter().map(|&a| a.to_owned()).collect()
    }

    #[test]
    fn order_and_doubles_do_not_matter() {
        let one = Support::new(list(&["b", "a", "b"]), list(&["c"]));
        let other = Support::new(list(&["a", "b"]), list(&["c"]));
        assert_eq!(one, other);
        assert_eq!(one.digest(), other.digest());
    }

    #[test]
    fn the_digest_tells_videos_from_channels_and_borders_apart() {
        let digests = [
            Support::new(list(&["ab"]), list(&[])),
            Support::new(list(&["a", "b"]), list(&[])),
            Support::new(list(&["a"]), list(&["b"])),
            Support::new(list(&[]), list(&["ab"])),
        ]
        .map(|support| support.digest());
        for (i, digest) in digests.iter().enumerate() {
            assert!(digests[..i].iter().all(|earlier| earlier != digest));
        }
    }

    #[test]
    fn unsorted_lists_are_refused() {
        assert!(Support::from_sorted(list(&["b", "a"]), list(&[])).is_none());
        assert!(Support::from_sorted(list(&["a", "a"]), list(&[])).is_none());
        assert!(Support::from_sorted(list(&["a", "b"]), list(&[])).is_some());
    }
}
