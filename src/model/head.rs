//! Which videos and channels a message speaks about: a function of public data alone.

use std::collections::HashMap;

use super::item::Item;
use super::support::Support;

/// The publicly listed videos with the highest public view counters, and the channels with the highest sums of them.
/// Equal counters are ordered by address.
pub fn public_support(items: &[Item], videos: usize, channels: usize) -> Support {
    let mut listed: Vec<&Item> = items.iter().filter(|item| item.listed).collect();
    let mut by_channel: HashMap<&str, u64> = HashMap::new();
    for item in &listed {
        let sum = by_channel.entry(&item.channel).or_default();
        *sum = sum.saturating_add(item.views);
    }
    listed.sort_by(|a, b| b.views.cmp(&a.views).then_with(|| a.address.cmp(&b.address)));
    listed.truncate(videos);
    let mut ranked: Vec<(&str, u64)> = by_channel
        .into_iter()
        .filter(|(channel, _)| !channel.is_empty())
        .collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    ranked.truncate(channels);
    Support::new(
        listed.into_iter().map(|item| item.address.clone()).collect(),
        ranked.into_iter().map(|(channel, _)| channel.to_owned()).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(address: &str, channel: &str, views: u64, listed: bool) -> Item {
        Item {
            address: address.to_owned(),
            channel: channel.to_owned(),
            views,
            listed,
            ..Item::default()
        }
    }

    #[test]
    fn only_listed_videos_and_the_most_viewed_ones() {
        let items = [
            item("d", "x", 1, true),
            item("c", "x", 5, true),
            item("b", "y", 9, false),
            item("a", "z", 5, true),
            item("e", "z", 0, true),
        ];
        let support = public_support(&items, 2, 1);
        assert_eq!(support.videos(), ["a", "c"]);
        assert_eq!(support.channels(), ["x"]);
        assert_eq!(public_support(&items, 100, 100).channels(), ["x", "z"]);
    }
}
