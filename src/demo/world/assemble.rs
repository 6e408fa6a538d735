//! Turns the generated people, videos and watches into the rows of one instance's tables.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use uuid::Builder;

use super::actors::{Actors, actors};
use super::catalogue::{Catalogue, privacy};
use super::chance::{Part, numbers, one_of};
use super::counters::Counter;
use super::instance::{Comment, HistoryRow, InstanceWorld, Playlist, Rate, Share, User, Video, ViewCount};
use super::parameters::WorldParameters;
use super::people::{History, Person};
use super::reach::{Follow, Reach};
use super::themes::{COMMENTS, LANGUAGES};
use super::watching::{Fate, Watch};
use crate::clock::Hour;

/// Everything that was generated about one instance.
pub(super) struct Generated<'a> {
    pub(super) parameters: &'a WorldParameters,
    pub(super) catalogue: &'a Catalogue,
    pub(super) instance: usize,
    pub(super) reach: &'a Reach,
    /// The people of every instance.
    pub(super) everyone: &'a [Vec<Person>],
    pub(super) watches: &'a [Vec<Watch>],
    pub(super) counters: &'a [Counter],
}

impl Generated<'_> {
    /// The people of this instance.
    pub(super) fn people(&self) -> &[Person] {
        &self.everyone[self.instance]
    }
}

/// The rows of one instance.
pub(super) fn assemble(generated: &Generated<'_>) -> InstanceWorld {
    let mut rng = numbers(generated.parameters.seed, Part::Rows);
    // Each instance has a stretch of its own of these random numbers.
    rng.set_word_pos((generated.instance as u128) << 48);
    let mut world = InstanceWorld {
        host: generated.catalogue.hosts[generated.instance].clone(),
        now: generated.parameters.now,
        ..InstanceWorld::default()
    };
    let user_ids = users(&mut rng, generated, &mut world);
    let actors = actors(&mut rng, generated, &user_ids, &mut world);
    let video_ids = videos(&mut rng, generated, &actors, &mut world);
    shares(generated, &actors, &video_ids, &mut world);
    mutes(generated, &actors, &mut world);
    for (number, person) in generated.people().iter().enumerate() {
        let someone = Someone {
            person,
            user: user_ids[number],
            account: actors.accounts[&(generated.instance, number)],
        };
        let watches = &generated.watches[number];
        history(&mut rng, &someone, watches, &video_ids, &mut world);
        rates(generated, &someone, watches, &video_ids, &mut world);
        playlists(&mut rng, generated, &someone, watches, &video_ids, &mut world);
        comments(&mut rng, generated, &someone, watches, &video_ids, &mut world);
        hold_out(&someone, watches, &video_ids, &mut world);
    }
    remote_rates(&mut rng, generated, &actors, &video_ids, &mut world);
    count_comments(&mut world);
    world
}

/// A person and the rows that stand for the person.
struct Someone<'a> {
    person: &'a Person,
    user: i32,
    account: i32,
}

/// Writes the users; returns their ids.
fn users(rng: &mut ChaCha8Rng, generated: &Generated<'_>, world: &mut InstanceWorld) -> Vec<i32> {
    let mut id = 0;
    for (number, person) in generated.people().iter().enumerate() {
        // Deleted users left gaps.
        id += if rng.random_bool(0.9) {
            1
        } else {
            rng.random_range(2..6)
        };
        world.users.push(User {
            id,
            username: person.username.clone(),
            nsfw_policy: person.nsfw_policy,
            history_enabled: person.history == History::On,
            video_languages: person.video_languages.clone(),
            blocked: person.blocked,
            role: if number == 0 { 0 } else { 2 },
            created_at: person.registered,
        });
        if person.eligible() {
            world.eligible_users.push(id);
        }
    }
    world.users.iter().map(|user| user.id).collect()
}

/// Writes videos, tags and recent view counts; returns the videos' ids by their index.
fn videos(
    rng: &mut ChaCha8Rng,
    generated: &Generated<'_>,
    actors: &Actors,
    world: &mut InstanceWorld,
) -> HashMap<usize, i32> {
    let catalogue = generated.catalogue;
    let mut order: Vec<usize> = (0..catalogue.videos.len())
        .filter(|index| generated.reach.known[*index])
        .collect();
    order.shuffle(rng);
    let mut tags: BTreeMap<&'static str, i32> = BTreeMap::new();
    let mut ids = HashMap::new();
    let mut id = rng.random_range(0..500);
    let this_hour = Hour::of(world.now).start();
    for index in order {
        id += rng.random_range(1..4);
        ids.insert(index, id);
        let video = &catalogue.videos[index];
        let tag_ids = video.tags.iter().map(|tag| {
            let next = tags.len() as i32 + 1;
            *tags.entry(tag).or_insert(next)
        });
        let counter = &generated.counters[index];
        let channel = &catalogue.channels[video.channel];
        world.videos.push(Video {
            id,
            uuid: video.uuid,
            url: catalogue.video_url(index),
            name: video.title.clone(),
            description: rng
                .random_bool(0.7)
                .then(|| format!("{} — {}", channel.title, video.title)),
            category: video.category,
            language: video.language.map(|language| LANGUAGES[language].code),
            privacy: video.privacy,
            state: video.state,
            wait_transcoding: video.wait_transcoding,
            nsfw: video.nsfw,
            live: video.live,
            duration: video.duration,
            views: counter.views,
            likes: counter.likes,
            dislikes: counter.dislikes,
            comments: 0,
            remote: video.origin != generated.instance,
            channel_id: actors.channels[&video.channel],
            tag_ids: tag_ids.collect(),
            published_at: video.published,
        });
        for _ in 0..(f64::from(counter.views).sqrt() / 8.0) as usize {
            let start = this_hour - TimeDelta::hours(rng.random_range(1..24 * 14));
            world.view_counts.push(ViewCount {
                video_id: id,
                start,
                views: rng.random_range(1..9),
            });
        }
        if generated.reach.blacklisted[index] {
            world.blacklisted.push(id);
        }
    }
    world.tags = tags.into_iter().map(|(name, id)| (id, name)).collect();
    ids
}

/// Writes the announces: the channel and the instance announce each public video, and whoever follows gets to know.
fn shares(generated: &Generated<'_>, actors: &Actors, video_ids: &HashMap<usize, i32>, world: &mut InstanceWorld) {
    let catalogue = generated.catalogue;
    for index in 0..catalogue.videos.len() {
        let Some(video_id) = video_ids.get(&index).copied() else {
            continue;
        };
        let video = &catalogue.videos[index];
        if !video.federated() {
            continue;
        }
        let sharers = [
            actors.channels_acting.get(&video.channel),
            actors.instances_acting.get(&video.origin),
        ];
        for actor_id in sharers.into_iter().flatten().copied() {
            let url = format!("{}/announces/{actor_id}", catalogue.video_url(index));
            world.shares.push(Share {
                actor_id,
                video_id,
                url,
            });
        }
    }
}

/// Writes whom the instance and its users muted.
fn mutes(generated: &Generated<'_>, actors: &Actors, world: &mut InstanceWorld) {
    if let Some(target) = generated
        .reach
        .muted_owner
        .and_then(|owner| actors.accounts.get(&owner))
    {
        world.account_blocks.push((actors.own_account, *target));
    }
    for (number, person) in generated.people().iter().enumerate() {
        let account = actors.accounts[&(generated.instance, number)];
        if let Some(target) = person.muted_owner.and_then(|owner| actors.accounts.get(&owner)) {
            world.account_blocks.push((account, *target));
        }
        if let Some(server) = person.muted_host.and_then(|host| actors.servers.get(&host)) {
            world.server_blocks.push((account, *server));
        }
    }
}

/// Writes what a person watched.
fn history(
    rng: &mut ChaCha8Rng,
    someone: &Someone<'_>,
    watches: &[Watch],
    video_ids: &HashMap<usize, i32>,
    world: &mut InstanceWorld,
) {
    if someone.person.history == History::NeverOn {
        return;
    }
    let mut id = world.history.last().map_or(0, |row| row.id);
    for watch in written(watches) {
        // Every heartbeat of the player uses up an id.
        id += rng.random_range(1..40);
        world.history.push(HistoryRow {
            id,
            user_id: someone.user,
            video_id: video_ids[&watch.video],
            current_time: watch.position,
            created_at: watch.first,
            updated_at: watch.last,
        });
    }
}

/// The watches that the database may know.
fn written(watches: &[Watch]) -> impl Iterator<Item = &Watch> {
    watches.iter().filter(|watch| watch.fate == Fate::Written)
}

/// Writes what a person likes and dislikes.
fn rates(
    generated: &Generated<'_>,
    someone: &Someone<'_>,
    watches: &[Watch],
    video_ids: &HashMap<usize, i32>,
    world: &mut InstanceWorld,
) {
    let host = &generated.catalogue.hosts[generated.instance];
    for watch in written(watches) {
        let (Some(like), video_id) = (watch.rating, video_ids[&watch.video]) else {
            continue;
        };
        let word = if like { "likes" } else { "dislikes" };
        let url = format!("https://{host}/accounts/{}/{word}/{video_id}", someone.person.username);
        let account_id = someone.account;
        world.rates.push(Rate {
            account_id,
            video_id,
            like,
            url,
            created_at: watch.last,
        });
    }
}

/// Writes "watch later" for everyone and a public playlist for some, of what they have watched.
fn playlists(
    rng: &mut ChaCha8Rng,
    generated: &Generated<'_>,
    someone: &Someone<'_>,
    watches: &[Watch],
    video_ids: &HashMap<usize, i32>,
    world: &mut InstanceWorld,
) {
    let mut chosen: Vec<i32> = written(watches)
        .filter(|watch| watch.far && generated.catalogue.videos[watch.video].privacy == privacy::PUBLIC)
        .map(|watch| video_ids[&watch.video])
        .collect();
    chosen.shuffle(rng);
    let later = chosen.split_off(chosen.len().saturating_sub(rng.random_range(0..3)));
    chosen.truncate(rng.random_range(4..=9));
    let public = rng.random_bool(0.1) && chosen.len() >= 4;
    let kinds = [
        (true, 2, privacy::PRIVATE, "Watch later", later),
        (public, 1, privacy::PUBLIC, "Favourites", chosen),
    ];
    for (_, kind, privacy, name, video_ids) in kinds.into_iter().filter(|kind| kind.0) {
        let id = world.playlists.last().map_or(0, |playlist| playlist.id) + 1;
        let uuid = Builder::from_random_bytes(rng.random()).into_uuid();
        let (name, account_id) = (name.to_owned(), someone.account);
        world.playlists.push(Playlist {
            id,
            name,
            privacy,
            kind,
            uuid,
            account_id,
            video_ids,
        });
    }
}

/// Writes a comment now and then.
fn comments(
    rng: &mut ChaCha8Rng,
    generated: &Generated<'_>,
    someone: &Someone<'_>,
    watches: &[Watch],
    video_ids: &HashMap<usize, i32>,
    world: &mut InstanceWorld,
) {
    for watch in written(watches) {
        if !rng.random_bool(0.02) {
            continue;
        }
        let id = world.comments.last().map_or(0, |comment| comment.id) + 1;
        world.comments.push(Comment {
            id,
            account_id: someone.account,
            video_id: video_ids[&watch.video],
            url: format!(
                "{}/comments/{}-{id}",
                generated.catalogue.video_url(watch.video),
                world.host
            ),
            text: one_of(rng, &COMMENTS),
            created_at: watch.last,
        });
    }
}

/// Keeps back what a person will watch.
fn hold_out(someone: &Someone<'_>, watches: &[Watch], video_ids: &HashMap<usize, i32>, world: &mut InstanceWorld) {
    let kept: Vec<i32> = watches
        .iter()
        .filter(|watch| watch.fate == Fate::HeldOut)
        .map(|watch| video_ids[&watch.video])
        .collect();
    if !kept.is_empty() {
        world.held_out.push((someone.user, kept));
    }
}

/// Writes some ratings by remote accounts, which an instance has of its own videos.
fn remote_rates(
    rng: &mut ChaCha8Rng,
    generated: &Generated<'_>,
    actors: &Actors,
    video_ids: &HashMap<usize, i32>,
    world: &mut InstanceWorld,
) {
    let catalogue = generated.catalogue;
    for ((origin, owner), account_id) in &actors.accounts {
        if *origin == generated.instance || generated.reach.hosts[*origin] != Follow::Accepted {
            continue;
        }
        let own = |video: &usize| catalogue.videos[*video].origin == generated.instance;
        let public = |video: &usize| catalogue.videos[*video].federated() && own(video);
        let choices: Vec<usize> = (0..catalogue.videos.len()).filter(public).collect();
        if choices.is_empty() || !rng.random_bool(0.5) {
            continue;
        }
        let video = one_of(rng, &choices);
        world.rates.push(Rate {
            account_id: *account_id,
            video_id: video_ids[&video],
            like: rng.random_bool(0.9),
            url: format!(
                "https://{}/likes/{owner}/{}",
                catalogue.hosts[*origin], catalogue.videos[video].uuid
            ),
            created_at: world.now - TimeDelta::hours(rng.random_range(1..2_000)),
        });
    }
}

/// Fills in the public comment counters from the comments that are there.
fn count_comments(world: &mut InstanceWorld) {
    let mut counts: HashMap<i32, i32> = HashMap::new();
    for comment in &world.comments {
        *counts.entry(comment.video_id).or_default() += 1;
    }
    for video in &mut world.videos {
        video.comments = counts.get(&video.id).copied().unwrap_or(0);
    }
}
