//! What a generated world must be like, whatever its seed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn world(seed: u64, users: &[usize]) -> World {
    World::generate(&WorldParameters::new(seed, users.to_vec(), now()))
}

/// The world that a demonstration shows.
fn usual() -> World {
    world(1, &[12, 150, 1500])
}

fn by_id(instance: &InstanceWorld) -> HashMap<i32, &Video> {
    instance.videos.iter().map(|video| (video.id, video)).collect()
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    assert_eq!(world(7, &[3, 20]), world(7, &[3, 20]));
    assert_ne!(world(7, &[3, 20]), world(8, &[3, 20]));
}

#[test]
fn the_usual_world_has_the_usual_size() {
    let usual = usual();
    let users: Vec<usize> = usual.instances.iter().map(|instance| instance.users.len()).collect();
    assert_eq!(users, [12, 150, 1500]);
    let videos: HashSet<&str> = usual
        .instances
        .iter()
        .flat_map(|instance| &instance.videos)
        .map(|video| video.url.as_str())
        .collect();
    assert!((1_200..=1_500).contains(&videos.len()), "{}", videos.len());
    for instance in &usual.instances {
        let watching: HashSet<i32> = instance.history.iter().map(|row| row.user_id).collect();
        let mean = instance.history.len() as f64 / watching.len() as f64;
        assert!((20.0..40.0).contains(&mean), "{mean}");
        assert!(!instance.held_out.is_empty());
        assert!(instance.videos.iter().any(|video| video.remote) && instance.videos.iter().any(|video| !video.remote));
    }
}

#[test]
fn some_of_everything_that_must_be_left_out_is_there() {
    let usual = usual();
    let large = &usual.instances[2];
    for privacy in 1..=5 {
        assert!(
            large.videos.iter().any(|video| video.privacy == privacy),
            "privacy {privacy}"
        );
    }
    assert!(large.videos.iter().any(|video| video.nsfw) && large.videos.iter().any(|video| video.live));
    assert!(
        large
            .videos
            .iter()
            .any(|video| video.state == 2 && video.wait_transcoding)
    );
    assert!(!large.blacklisted.is_empty() && !large.account_blocks.is_empty() && !large.server_blocks.is_empty());
    assert!(large.follows.iter().any(|follow| follow.state == "pending"));
    let watched: HashSet<i32> = large.history.iter().map(|row| row.user_id).collect();
    assert!(
        large
            .users
            .iter()
            .any(|user| user.blocked && watched.contains(&user.id))
    );
    assert!(
        large
            .users
            .iter()
            .any(|user| !user.history_enabled && watched.contains(&user.id)),
        "old rows"
    );
    assert!(
        large
            .users
            .iter()
            .any(|user| !user.history_enabled && !watched.contains(&user.id)),
        "no rows"
    );
    assert!(large.rates.iter().any(|rate| rate.like) && large.rates.iter().any(|rate| !rate.like));
    assert!(large.playlists.iter().any(|list| list.kind == 1) && !large.comments.is_empty());
    let of_remote_accounts: HashSet<i32> = large
        .accounts
        .iter()
        .filter(|account| account.user_id.is_none())
        .map(|account| account.id)
        .collect();
    assert!(
        large
            .rates
            .iter()
            .any(|rate| of_remote_accounts.contains(&rate.account_id))
    );
    let ineligible = large.users.len() - large.eligible_users.len();
    assert!(
        (0.05..0.2).contains(&(ineligible as f64 / large.users.len() as f64)),
        "{ineligible}"
    );
    assert_eq!(usual.instances[0].eligible_users.len(), 11);
}

#[test]
fn popularity_is_skewed_and_activity_heavy_tailed() {
    let usual = usual();
    let mut views: Vec<i32> = usual.instances[2].videos.iter().map(|video| video.views).collect();
    views.sort_unstable_by(|left, right| right.cmp(left));
    let (all, top): (i32, i32) = (views.iter().sum(), views[..views.len() / 10].iter().sum());
    assert!(2 * top > all, "the top tenth has {top} of {all}");
    let mut active: HashMap<i32, usize> = HashMap::new();
    for row in &usual.instances[2].history {
        *active.entry(row.user_id).or_default() += 1;
    }
    let mut active: Vec<usize> = active.into_values().collect();
    active.sort_unstable();
    assert!(active[active.len() * 95 / 100] > 3 * active[active.len() / 2]);
}

/// Discounted gain of the first 20 of `ranked`, relative to the best possible.
fn ndcg_20(ranked: &[i32], wanted: &[i32]) -> f64 {
    let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let got: f64 = ranked
        .iter()
        .take(20)
        .enumerate()
        .filter(|(_, video)| wanted.contains(video))
        .map(|(rank, _)| gain(rank))
        .sum();
    got / (0..wanted.len().min(20)).map(gain).sum::<f64>()
}

/// Mean quality over an instance's users of a score for (watched videos by url, candidate).
fn quality(instance: &InstanceWorld, score: impl Fn(&[&Video], &Video) -> f64) -> f64 {
    let videos = by_id(instance);
    let total: f64 = instance
        .held_out
        .iter()
        .map(|(user, wanted)| {
            let rows = instance.history.iter().filter(|row| row.user_id == *user);
            let watched: Vec<&Video> = rows.map(|row| videos[&row.video_id]).collect();
            let seen: HashSet<i32> = watched.iter().map(|video| video.id).collect();
            let mut ranked: Vec<(f64, i32)> = instance
                .videos
                .iter()
                .filter(|video| video.privacy == 1 && !seen.contains(&video.id))
                .map(|video| (score(&watched, video), video.id))
                .collect();
            ranked.sort_by(|left, right| right.0.total_cmp(&left.0));
            let ranked: Vec<i32> = ranked.into_iter().map(|(_, id)| id).collect();
            ndcg_20(&ranked, wanted)
        })
        .sum();
    total / instance.held_out.len() as f64
}

/// How often two videos were watched by the same people of an instance, relative to how often they were watched.
struct CoWatching {
    watchers: HashMap<String, HashSet<i32>>,
}

impl CoWatching {
    fn of(instance: &InstanceWorld) -> Self {
        let videos = by_id(instance);
        let mut watchers: HashMap<String, HashSet<i32>> = HashMap::new();
        for row in &instance.history {
            watchers
                .entry(videos[&row.video_id].url.clone())
                .or_default()
                .insert(row.user_id);
        }
        Self { watchers }
    }

    fn score(&self, watched: &[&Video], candidate: &Video) -> f64 {
        let Some(own) = self.watchers.get(&candidate.url) else {
            return 0.0;
        };
        let others = watched.iter().filter_map(|video| self.watchers.get(&video.url));
        others
            .map(|other| own.intersection(other).count() as f64 / (own.len() as f64 * other.len() as f64).sqrt())
            .sum()
    }
}

/// Shared tags, category and channel.
fn content(watched: &[&Video], candidate: &Video) -> f64 {
    let alike = watched.iter().map(|video| {
        let tags = video
            .tag_ids
            .iter()
            .filter(|tag| candidate.tag_ids.contains(tag))
            .count() as f64;
        tags + f64::from(video.category.is_some() && video.category == candidate.category)
            + 3.0 * f64::from(video.channel_id == candidate.channel_id)
    });
    alike.sum::<f64>() * f64::from(candidate.views + 1).sqrt()
}

#[test]
fn what_people_watch_in_common_tells_more_than_content_and_content_more_than_popularity() {
    let (mut popularity, mut own, mut informed, mut alike) = (0.0, 0.0, 0.0, 0.0);
    for seed in 1..=3 {
        let world = world(seed, &[60, 900]);
        let (small, large) = (&world.instances[0], &world.instances[1]);
        popularity += quality(small, |_, video| f64::from(video.views));
        alike += quality(small, content);
        let (here, there) = (CoWatching::of(small), CoWatching::of(large));
        own += quality(small, |watched, video| here.score(watched, video));
        informed += quality(small, |watched, video| there.score(watched, video));
    }
    let said = format!("popularity {popularity:.3}, content {alike:.3}, own {own:.3}, elsewhere {informed:.3}");
    assert!(alike > 1.2 * popularity, "{said}");
    assert!(informed > 1.3 * alike, "{said}");
    assert!(informed > 1.2 * own, "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn shared_videos_have_one_address_and_one_uuid(seed: u64, users in prop::collection::vec(0usize..40, 1..6)) {
        let world = world(seed, &users);
        let mut uuids: HashMap<&str, uuid::Uuid> = HashMap::new();
        for instance in &world.instances {
            let own: HashSet<&str> = instance.videos.iter().map(|video| video.url.as_str()).collect();
            prop_assert_eq!(own.len(), instance.videos.len());
            for video in &instance.videos {
                let known = *uuids.entry(&video.url).or_insert(video.uuid);
                prop_assert_eq!(known, video.uuid);
                let local = video.url.starts_with(&format!("https://{}/", instance.host));
                prop_assert_eq!(local, !video.remote);
                prop_assert!(local || video.privacy == 1, "only public videos travel");
            }
        }
        let different: HashSet<uuid::Uuid> = uuids.values().copied().collect();
        prop_assert_eq!(different.len(), uuids.len());
    }

    #[test]
    fn what_is_held_out_is_not_written(seed: u64, users in prop::collection::vec(0usize..40, 1..4)) {
        let world = world(seed, &users);
        for instance in &world.instances {
            let written: HashSet<(i32, i32)> = instance.history.iter().map(|row| (row.user_id, row.video_id)).collect();
            prop_assert_eq!(written.len(), instance.history.len(), "one row for each user and video");
            let videos = by_id(instance);
            for row in &instance.history {
                let video = videos[&row.video_id];
                prop_assert!(row.created_at <= row.updated_at && row.updated_at <= instance.now);
                prop_assert!(row.current_time >= 0 && (video.live || row.current_time <= video.duration));
            }
            let rated: HashSet<(i32, i32)> = instance.rates.iter().map(|rate| (rate.account_id, rate.video_id)).collect();
            prop_assert_eq!(rated.len(), instance.rates.len());
            for (user, wanted) in &instance.held_out {
                prop_assert!(instance.eligible_users.contains(user) && !wanted.is_empty());
                let account = instance.accounts.iter().find(|account| account.user_id == Some(*user));
                let account = account.map(|account| account.id).unwrap();
                for video in wanted {
                    prop_assert!(!written.contains(&(*user, *video)) && !rated.contains(&(account, *video)));
                    let video = videos[video];
                    prop_assert!(video.privacy == 1 && !video.live && !instance.blacklisted.contains(&video.id));
                }
            }
        }
    }

    #[test]
    fn ids_and_addresses_are_unique_and_refer_to_rows(seed: u64, users in prop::collection::vec(0usize..40, 1..6)) {
        for instance in &world(seed, &users).instances {
            let actors: HashSet<i32> = instance.actors.iter().map(|actor| actor.id).collect();
            let addresses: HashSet<&str> = instance.actors.iter().map(|actor| actor.url.as_str()).collect();
            prop_assert_eq!(actors.len(), instance.actors.len());
            prop_assert_eq!(addresses.len(), instance.actors.len());
            let names: HashSet<String> = instance.actors.iter().filter(|actor| actor.server_id.is_none())
                .map(|actor| actor.preferred_username.to_lowercase()).collect();
            prop_assert_eq!(names.len(), instance.actors.iter().filter(|actor| actor.server_id.is_none()).count());
            let pairs: HashSet<(i32, i32)> =
                instance.follows.iter().map(|follow| (follow.actor_id, follow.target_actor_id)).collect();
            prop_assert_eq!(pairs.len(), instance.follows.len());
            prop_assert!(pairs.iter().all(|(from, to)| actors.contains(from) && actors.contains(to)));
            prop_assert_eq!(instance.users.len(), instance.users.iter().map(|user| user.id).collect::<HashSet<_>>().len());
        }
    }
}
