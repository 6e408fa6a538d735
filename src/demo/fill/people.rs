//! The rows of who there is: servers, users, accounts, channels, actors, follows, mutes.

use uuid::Uuid;

use super::copy::{Field, Null, Rows};
use crate::demo::world::InstanceWorld;

/// The application is one row, with this id.
const APPLICATION: i32 = 1;

/// The tables, each after those that it refers to.
pub(super) fn tables(world: &InstanceWorld) -> Vec<Rows> {
    vec![
        servers(world),
        users(world),
        accounts(world),
        channels(world),
        actors(world),
        follows(world),
        account_blocks(world),
        server_blocks(world),
    ]
}

fn servers(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("server", &["id host redundancyAllowed createdAt updatedAt"]);
    for (id, host) in &world.servers {
        rows.add(&[id, host, &false, &world.now, &world.now]);
    }
    rows
}

fn users(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "user",
        &[
            "id username email emailVerified nsfwPolicy videosHistoryEnabled videoLanguages blocked role feedToken",
            "nsfwFlagsDisplayed nsfwFlagsHidden nsfwFlagsBlurred nsfwFlagsWarned p2pEnabled autoPlayVideo",
            "autoPlayNextVideo autoPlayNextVideoPlaylist adminFlags videoQuota videoQuotaDaily theme",
            "noInstanceConfigWarningModal noWelcomeModal noAccountSetupWarningModal newFeaturesInfoRead",
            "createdAt updatedAt",
        ],
    );
    for user in &world.users {
        let email = format!("{}@{}", user.username, world.host);
        let token = Uuid::from_u64_pair(
            user.created_at.timestamp_micros().unsigned_abs(),
            u64::from(user.id.unsigned_abs()),
        );
        let own: [&dyn Field; 10] = [
            &user.id,
            &user.username,
            &email,
            &true,
            &user.nsfw_policy,
            &user.history_enabled,
            &user.video_languages,
            &user.blocked,
            &user.role,
            &token,
        ];
        let usual: [&dyn Field; 16] = [
            &0,
            &0,
            &0,
            &0,
            &true,
            &true,
            &false,
            &true,
            &0,
            &-1,
            &-1,
            &"instance-default",
            &false,
            &false,
            &false,
            &0,
        ];
        let times: [&dyn Field; 2] = [&user.created_at, &user.created_at];
        rows.add(&[own.as_slice(), &usual, &times].concat());
    }
    rows
}

fn accounts(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("account", &["id name userId applicationId createdAt updatedAt"]);
    for account in &world.accounts {
        let application = account.application.then_some(APPLICATION);
        rows.add(&[
            &account.id,
            &account.name,
            &account.user_id,
            &application,
            &world.now,
            &world.now,
        ]);
    }
    rows
}

fn channels(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("videoChannel", &["id name description accountId createdAt updatedAt"]);
    for channel in &world.channels {
        rows.add(&[
            &channel.id,
            &channel.name,
            &Null,
            &channel.account_id,
            &world.now,
            &world.now,
        ]);
    }
    rows
}

fn actors(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "actor",
        &[
            "id type preferredUsername url followersCount followingCount inboxUrl outboxUrl sharedInboxUrl",
            "followersUrl followingUrl remoteCreatedAt serverId videoChannelId accountId createdAt updatedAt",
        ],
    );
    for actor in &world.actors {
        let below = |name: &str| format!("{}/{name}", actor.url);
        let (inbox, outbox, shared) = (below("inbox"), below("outbox"), format!("https://{}/inbox", actor.host));
        let (followers, following) = (below("followers"), below("following"));
        rows.add(&[
            &actor.id,
            &actor.kind,
            &actor.preferred_username,
            &actor.url,
            &actor.followers,
            &actor.following,
            &inbox,
            &outbox,
            &shared,
            &followers,
            &following,
            &actor.server_id.map(|_| world.now),
            &actor.server_id,
            &actor.channel_id,
            &actor.account_id,
            &world.now,
            &world.now,
        ]);
    }
    rows
}

fn follows(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "actorFollow",
        &["state score url actorId targetActorId createdAt updatedAt"],
    );
    for follow in &world.follows {
        let (from, to) = (&follow.actor_id, &follow.target_actor_id);
        let since = &follow.created_at;
        rows.add(&[&follow.state, &1_000, &follow.url, from, to, since, since]);
    }
    rows
}

fn account_blocks(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("accountBlocklist", &["accountId targetAccountId createdAt updatedAt"]);
    for (account, target) in &world.account_blocks {
        rows.add(&[account, target, &world.now, &world.now]);
    }
    rows
}

fn server_blocks(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("serverBlocklist", &["accountId targetServerId createdAt updatedAt"]);
    for (account, target) in &world.server_blocks {
        rows.add(&[account, target, &world.now, &world.now]);
    }
    rows
}
