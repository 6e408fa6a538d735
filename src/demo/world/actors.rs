//! The servers, accounts, channels and actors of one instance, and who follows whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::assemble::Generated;
use super::instance::{Account, Actor, ActorFollow, Channel, InstanceWorld};
use super::reach::Follow;
use super::watching::Fate;

/// The ids of the rows, by what they stand for. Ordered, so that whoever goes through them draws the same numbers.
#[derive(Debug, Default)]
pub(super) struct Actors {
    /// The account of the instance itself.
    pub(super) own_account: i32,
    /// Rows of `server` by host.
    pub(super) servers: BTreeMap<usize, i32>,
    /// Accounts by origin and number of the person.
    pub(super) accounts: BTreeMap<(usize, usize), i32>,
    /// Channels by index.
    pub(super) channels: HashMap<usize, i32>,
    /// Actors of channels by index.
    pub(super) channels_acting: HashMap<usize, i32>,
    /// Actors of instances by host.
    pub(super) instances_acting: HashMap<usize, i32>,
    /// Actors of local users by number.
    people: HashMap<usize, i32>,
}

/// Writes servers, accounts, channels, actors and follows.
pub(super) fn actors(
    rng: &mut ChaCha8Rng,
    generated: &Generated<'_>,
    user_ids: &[i32],
    world: &mut InstanceWorld,
) -> Actors {
    let mut actors = Actors::default();
    for host in 0..generated.catalogue.hosts.len() {
        if host != generated.instance {
            let id = world.servers.len() as i32 + 1;
            world.servers.push((id, generated.catalogue.hosts[host].clone()));
            actors.servers.insert(host, id);
        }
        instance(generated, host, &mut actors, world);
    }
    for (number, user_id) in user_ids.iter().enumerate() {
        let username = generated.people()[number].username.clone();
        let account = Owner {
            host: generated.instance,
            number,
            username,
            user_id: Some(*user_id),
        };
        let actor = person(generated, account, &mut actors, world);
        actors.people.insert(number, actor);
    }
    channels(generated, &mut actors, world);
    follows(rng, generated, &actors, world);
    count_follows(world);
    actors
}

/// Adds an actor's row, and returns its id.
fn actor(generated: &Generated<'_>, actors: &Actors, world: &mut InstanceWorld, host: usize, new: Actor) -> i32 {
    let id = world.actors.len() as i32 + 1;
    let host_name = generated.catalogue.hosts[host].clone();
    world.actors.push(Actor {
        id,
        host: host_name,
        server_id: actors.servers.get(&host).copied(),
        ..new
    });
    id
}

/// An actor without the columns that [`actor`] fills in.
fn blank(kind: &'static str, preferred_username: String, url: String) -> Actor {
    Actor {
        id: 0,
        kind,
        preferred_username,
        url,
        host: String::new(),
        server_id: None,
        account_id: None,
        channel_id: None,
        followers: 0,
        following: 0,
    }
}

/// Writes the account and the actor of an instance.
fn instance(generated: &Generated<'_>, host: usize, actors: &mut Actors, world: &mut InstanceWorld) {
    let account_id = world.accounts.len() as i32 + 1;
    let application = host == generated.instance;
    world.accounts.push(Account {
        id: account_id,
        name: "peertube".to_owned(),
        user_id: None,
        application,
    });
    if application {
        actors.own_account = account_id;
    }
    let url = format!("https://{}/accounts/peertube", generated.catalogue.hosts[host]);
    let new = Actor {
        account_id: Some(account_id),
        ..blank("Application", "peertube".to_owned(), url)
    };
    let id = actor(generated, actors, world, host, new);
    actors.instances_acting.insert(host, id);
}

/// A person's account to be written.
struct Owner {
    host: usize,
    number: usize,
    username: String,
    user_id: Option<i32>,
}

/// Writes the account and the actor of a person; returns the actor's id.
fn person(generated: &Generated<'_>, owner: Owner, actors: &mut Actors, world: &mut InstanceWorld) -> i32 {
    let account_id = world.accounts.len() as i32 + 1;
    let name = owner.username.clone();
    world.accounts.push(Account {
        id: account_id,
        name,
        user_id: owner.user_id,
        application: false,
    });
    actors.accounts.insert((owner.host, owner.number), account_id);
    let url = format!(
        "https://{}/accounts/{}",
        generated.catalogue.hosts[owner.host], owner.username
    );
    let new = Actor {
        account_id: Some(account_id),
        ..blank("Person", owner.username, url)
    };
    actor(generated, actors, world, owner.host, new)
}

/// Writes the channels that have a video here, with their owners.
fn channels(generated: &Generated<'_>, actors: &mut Actors, world: &mut InstanceWorld) {
    let catalogue = generated.catalogue;
    let mut needed = vec![false; catalogue.channels.len()];
    for (video, known) in catalogue.videos.iter().zip(&generated.reach.known) {
        needed[video.channel] |= *known;
    }
    for (index, channel) in catalogue.channels.iter().enumerate() {
        // An instance has its own channels even when they are empty, and those that it follows.
        if !(needed[index] || channel.origin == generated.instance || generated.reach.channels[index]) {
            continue;
        }
        if !actors.accounts.contains_key(&(channel.origin, channel.owner)) {
            let known = generated
                .everyone
                .get(channel.origin)
                .and_then(|people| people.get(channel.owner));
            let username = known.map_or_else(
                || format!("owner{}", channel.owner + 1),
                |person| person.username.clone(),
            );
            let owner = Owner {
                host: channel.origin,
                number: channel.owner,
                username,
                user_id: None,
            };
            person(generated, owner, actors, world);
        }
        let id = world.channels.len() as i32 + 1;
        let account_id = actors.accounts[&(channel.origin, channel.owner)];
        world.channels.push(Channel {
            id,
            name: channel.title.clone(),
            account_id,
        });
        actors.channels.insert(index, id);
        let url = format!(
            "https://{}/video-channels/{}",
            catalogue.hosts[channel.origin], channel.handle
        );
        let new = Actor {
            channel_id: Some(id),
            ..blank("Group", channel.handle.clone(), url)
        };
        let actor_id = actor(generated, actors, world, channel.origin, new);
        actors.channels_acting.insert(index, actor_id);
    }
}

/// Writes the follows between instances, and what people subscribed to.
fn follows(rng: &mut ChaCha8Rng, generated: &Generated<'_>, actors: &Actors, world: &mut InstanceWorld) {
    let own = actors.instances_acting[&generated.instance];
    let mut pairs: Vec<(i32, i32, &'static str, DateTime<Utc>)> = Vec::new();
    let now = world.now;
    for (host, follow) in generated.reach.hosts.iter().enumerate() {
        let other = actors.instances_acting[&host];
        match follow {
            // Most follow back.
            Follow::Accepted => pairs.extend([(own, other, "accepted", now), (other, own, "accepted", now)]),
            Follow::Pending => pairs.push((own, other, "pending", now)),
            Follow::Itself | Follow::No => {}
        }
    }
    let followed = generated
        .reach
        .channels
        .iter()
        .enumerate()
        .filter(|(_, followed)| **followed);
    pairs.extend(followed.map(|(channel, _)| (own, actors.channels_acting[&channel], "accepted", now)));
    for (number, watches) in generated.watches.iter().enumerate() {
        // Whoever watches far may subscribe then and there: rather the second time than the first, and rather to a
        // channel that pleases more than others.
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        let mut subscribed: BTreeSet<usize> = BTreeSet::new();
        for watch in watches.iter().filter(|watch| watch.fate == Fate::Written && watch.far) {
            let channel = generated.catalogue.videos[watch.video].channel;
            let times = seen.entry(channel).or_default();
            *times += 1;
            let chance = watch.loyalty * if *times == 1 { 0.05 } else { 0.12 };
            if rng.random_bool(chance.min(0.6)) && subscribed.insert(channel) {
                let pair = (actors.people[&number], actors.channels_acting[&channel]);
                pairs.push((pair.0, pair.1, "accepted", watch.last));
            }
        }
    }
    for (actor_id, target_actor_id, state, created_at) in pairs {
        let url = format!("{}/follows/{target_actor_id}", world.actors[actor_id as usize - 1].url);
        world.follows.push(ActorFollow {
            actor_id,
            target_actor_id,
            state,
            url,
            created_at,
        });
    }
}

/// Fills in the public counters from the follows that are there.
fn count_follows(world: &mut InstanceWorld) {
    for follow in world.follows.iter().filter(|follow| follow.state == "accepted") {
        world.actors[follow.actor_id as usize - 1].following += 1;
        world.actors[follow.target_actor_id as usize - 1].followers += 1;
    }
}
