//! The watch shares of one generated instance as a data set for `shoal evaluate`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use chrono::DateTime;

use crate::demo::world::{InstanceWorld, World, WorldParameters};
use crate::evaluation::dataset::Dataset;
use crate::model::item::Item;
use crate::model::preference::Watched;

/// Value of a watch whose share is not known.
const UNKNOWN_SHARE: f32 = 0.5;
/// The present of generated data: 2026-01-01, so that the same seed always gives the same data.
const NOW: i64 = 1_767_225_600;

/// The number of users in `generated:USERS`; `None` for anything that does not begin so.
///
/// # Errors
/// When what follows is not a number of at least 1.
pub fn users(dataset: &Path) -> anyhow::Result<Option<usize>> {
    let Some(number) = dataset.to_str().and_then(|text| text.strip_prefix("generated:")) else {
        return Ok(None);
    };
    let users: usize = number
        .parse()
        .ok()
        .filter(|users| (1..=100_000).contains(users))
        .with_context(|| format!("`generated:{number}` must name a number of users from 1 to 100000"))?;
    Ok(Some(users))
}

/// What eligible users watched: the share from 0 to 1, a like as 1, a dislike as -1. Keeps values of at least `threshold`.
pub fn dataset(users: usize, seed: u64, threshold: f32) -> Dataset {
    let mut parameters = WorldParameters::new(seed, vec![users], DateTime::from_timestamp(NOW, 0).unwrap_or_default());
    parameters.held_out_share = 0.0;
    let world = World::generate(&parameters)
        .instances
        .into_iter()
        .next()
        .unwrap_or_default();
    let (items, videos) = items(&world);
    let numbers: HashMap<i32, u32> = world.eligible_users.iter().copied().zip(0..).collect();
    let ratings = ratings(&world);
    let rows = world
        .history
        .iter()
        .filter_map(|row| {
            let (item, duration, live) = *videos.get(&row.video_id)?;
            let value = match (
                ratings.get(&(row.user_id, row.video_id)),
                Watched::from_position(row.current_time, duration, live),
            ) {
                (Some(true), _) => 1.0,
                (Some(false), _) => -1.0,
                (None, Watched::Share(share)) => share,
                (None, Watched::UnknownShare) => UNKNOWN_SHARE,
            };
            Some((*numbers.get(&row.user_id)?, item, value, row.updated_at.timestamp()))
        })
        .filter(|row| row.2 >= threshold)
        .collect();
    Dataset {
        users: world.eligible_users.iter().map(i32::to_string).collect(),
        items,
        rows,
    }
}

/// Number of an item, duration, and whether it is live, by the video's id.
type Places = HashMap<i32, (u32, i32, bool)>;

/// Items, and where each video is among them.
fn items(world: &InstanceWorld) -> (Vec<Item>, Places) {
    let tags: HashMap<i32, &str> = world.tags.iter().copied().collect();
    let channels: HashMap<i32, &str> = (world.actors.iter())
        .filter_map(|actor| Some((actor.channel_id?, actor.url.as_str())))
        .collect();
    let named = |tag: &i32| tags.get(tag).map(|tag| (*tag).to_owned());
    let items = world
        .videos
        .iter()
        .map(|video| Item {
            address: video.url.clone(),
            channel: channels.get(&video.channel_id).copied().unwrap_or_default().to_owned(),
            category: video.category.and_then(|category| u32::try_from(category).ok()),
            language: video.language.map(str::to_owned),
            tags: video.tag_ids.iter().filter_map(named).collect(),
            title: video.name.clone(),
            views: u64::try_from(video.views).unwrap_or(0),
            listed: true,
        })
        .collect();
    let videos = (world.videos.iter().zip(0..))
        .map(|(video, item)| (video.id, (item, video.duration, video.live)))
        .collect();
    (items, videos)
}

/// Whether a user liked a video, by user and video.
fn ratings(world: &InstanceWorld) -> HashMap<(i32, i32), bool> {
    let users: HashMap<&str, i32> = (world.users.iter())
        .map(|user| (user.username.as_str(), user.id))
        .collect();
    (world.rates.iter())
        .filter_map(|rate| {
            // https://HOST/accounts/NAME/likes/VIDEO
            let name = rate.url.split("/accounts/").nth(1)?.split('/').next()?;
            Some(((*users.get(name)?, rate.video_id), rate.like))
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values are set, not computed")]
mod tests {
    use super::*;

    #[test]
    fn generated_data_are_shares_likes_and_dislikes() {
        let all = dataset(60, 1, f32::MIN);
        assert!(all.rows.iter().all(|row| (-1.0..=1.0).contains(&row.2)));
        let count = |test: fn(f32) -> bool| all.rows.iter().filter(|row| test(row.2)).count();
        assert!(count(|value| value < 0.0) > 10 && count(|value| value == 1.0) > 100);
        assert!(count(|value| value > 0.0 && value < 1.0) > 100);
        assert_eq!(all.rows, dataset(60, 1, f32::MIN).rows);
        assert!(
            all.items
                .iter()
                .all(|item| !item.channel.is_empty() && !item.title.is_empty())
        );
        assert!(all.items.iter().filter(|item| !item.tags.is_empty()).count() > 100);
        let liked = dataset(60, 1, 0.6);
        assert!(liked.rows.len() < all.rows.len() && liked.rows.iter().all(|row| row.2 >= 0.6));
    }

    #[test]
    fn only_numbers_of_users_are_understood() {
        assert_eq!(users(Path::new("generated:50")).unwrap(), Some(50));
        assert_eq!(users(Path::new("/data/ml-1m")).unwrap(), None);
        assert!(users(Path::new("generated:many")).is_err() && users(Path::new("generated:0")).is_err());
    }
}
