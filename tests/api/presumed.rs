//! With many videos, which ones are visible is presumed for a minute; nothing hidden is shown for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use shoal::clock::SharedClock;
use shoal::peertube::{Signal, UserId, VideoId, Viewer, VisitorSettings, Watch};
use shoal::recommend::controls::Controls;
use shoal::recommend::listing::{Audience, Entry, Listing};
use shoal::recommend::newest_first::NewestFirst;
use shoal::recommend::presumed::Presumed;
use shoal::recommend::service::Settings;
use shoal::recommend::signals::Seen;
use shoal::recommend::{Recommendations, Request, Strategy};

use crate::instance::{REMOTE, VIEWER};
use crate::long_lists;
use crate::world::{World, config};

/// Waits until what is read in the background is known.
async fn known(presumed: &Presumed, viewer: Option<&Viewer>) -> Arc<NewestFirst> {
    let read = async {
        loop {
            match presumed.listed_for(viewer, true) {
                Some(listed) => return listed,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.unwrap()
}

async fn videos(world: &mut World, sql: &str) -> Vec<VideoId> {
    let rows: Vec<(i32,)> = world.instance.read(sql).await;
    rows.into_iter().map(|(id,)| VideoId(id)).collect()
}

async fn viewer(world: &World) -> Viewer {
    world.peertube.viewer(UserId(VIEWER)).await.unwrap().unwrap()
}

/// The service as for an instance with very many videos.
fn service(world: &World) -> Recommendations {
    let settings = Settings {
        many_videos: 1,
        ..Settings::from_config(&config(&[]))
    };
    let clock: SharedClock = world.clock.clone();
    let (peertube, store) = (world.peertube.clone(), world.store.clone());
    Recommendations::new(peertube, store, world.snapshot.clone(), settings, clock)
}

fn request(strategy: Strategy) -> Request {
    Request {
        user: Some(UserId(VIEWER)),
        strategy,
        count: 100,
        ..Request::default()
    }
}

async fn ids(service: &Recommendations, strategy: Strategy) -> Vec<VideoId> {
    let page = service.for_request(&request(strategy)).await.unwrap();
    page.data.iter().map(|listed| listed.video.id).collect()
}

fn signal(video: i32) -> Signal {
    let at = DateTime::UNIX_EPOCH;
    Signal {
        video: VideoId(video),
        watched: Some(Watch {
            seconds: 1,
            at,
            first_at: at,
        }),
        rated: None,
    }
}

fn entry(video: VideoId) -> Entry {
    Entry {
        video,
        item: None,
        channel: None,
        owner: None,
        score: None,
        source: Strategy::ForYou,
        by_chance: false,
        follows: false,
    }
}

#[tokio::test]
async fn what_is_presumed_is_what_is_listed_and_ends_after_a_minute() {
    let mut world = long_lists::world().await;
    let all = videos(&mut world, "SELECT id FROM video ORDER BY id").await;
    let clock: SharedClock = world.clock.clone();
    let presumed = Presumed::new(world.peertube.clone(), clock);
    assert!(presumed.listed_for(None, true).is_none(), "nothing has been read yet");
    let mut other = viewer(&world).await;
    other.languages = Some(vec!["eo".to_owned()]);
    for viewer in [None, Some(viewer(&world).await), Some(other)] {
        let exact = world.peertube.visible_among(viewer.as_ref(), true, &all).await.unwrap();
        let listed = known(&presumed, viewer.as_ref()).await;
        assert!(all.iter().all(|video| listed.contains(*video) == exact.contains(video)));
        let newest = world.peertube.recent(viewer.as_ref(), true, 0, 2_000).await.unwrap();
        assert_eq!(listed.videos(), newest);
    }

    world
        .instance
        .execute("UPDATE video SET privacy = 3 WHERE id = 1100")
        .await;
    assert!(known(&presumed, None).await.contains(VideoId(1100)), "remembered");
    world.clock.advance(TimeDelta::seconds(61));
    let still = presumed.listed_for(None, true).unwrap();
    assert!(still.contains(VideoId(1100)), "nobody waits for the new guess");
    let replaced = async {
        while known(&presumed, None).await.contains(VideoId(1100)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), replaced).await.unwrap();

    world
        .instance
        .execute("UPDATE video SET privacy = 1 WHERE id = 1100")
        .await;
    world.clock.advance(TimeDelta::hours(1));
    assert!(presumed.listed_for(None, true).is_none(), "too old");
    assert!(known(&presumed, None).await.contains(VideoId(1100)), "read again");
}

#[tokio::test]
async fn what_most_callers_need_is_read_beforehand() {
    let mut world = long_lists::world().await;
    let clock: SharedClock = world.clock.clone();
    let presumed = Presumed::new(world.peertube.clone(), clock);
    let all = videos(&mut world, "SELECT id FROM video").await.len();
    presumed.prepare(true, all + 1, &world.snapshot).await;
    let viewer = Some(viewer(&world).await);
    assert!(presumed.listed_for(viewer.as_ref(), true).is_none(), "few videos");

    let presumed = Presumed::new(world.peertube.clone(), world.clock.clone());
    presumed.prepare(true, 1, &world.snapshot).await;
    for viewer in [None, viewer] {
        assert!(presumed.listed_for(viewer.as_ref(), true).is_some());
    }
}

/// Where it is known beforehand that there are enough candidates, they are not counted; it makes no difference.
#[tokio::test]
async fn candidates_are_enough_whether_they_are_counted_or_not() {
    let world = World::untrained().await;
    let all: Vec<VideoId> = (1..=700).map(VideoId).collect();
    let presumed = NewestFirst::new(all.clone());
    let controls = Controls::default();
    let mut totals = HashSet::new();
    for watched in [0, 100, 199, 200, 201, 300, 650] {
        let signals: Vec<Signal> = (1..=watched).map(|video| signal(3 * video % 701)).collect();
        let seen = Seen::new(&signals);
        let mut listed = [0, all.len()].map(|at_least| (at_least, None));
        let visitor = VisitorSettings::from(true);
        let (played, no_copies) = (foldhash::HashSet::default(), foldhash::HashSet::default());
        for (at_least, listed) in &mut listed {
            let audience = Audience {
                viewer: None,
                visitor: &visitor,
                seen: &seen,
                controls: &controls,
                seen_is_cut: false,
                include_watched: false,
                author: None,
                current: None,
                played: &played,
                permitted: None,
                copies: None,
                excluded_copies: &no_copies,
                presumed: Some(&presumed),
            };
            let mut listing = Listing::new(&world.peertube, audience, 15);
            listing
                .fill(all.iter().copied().map(entry), *at_least, |_| true)
                .await
                .unwrap();
            *listed = Some(listing.finish());
        }
        assert_eq!(listed[0].1, listed[1].1, "{watched} watched");
        totals.extend(listed.map(|(_, listed)| listed.unwrap().total));
    }
    assert_eq!(totals, HashSet::from([500, 499, 400, 50]));
}

#[tokio::test]
async fn subscriptions_are_the_same_and_hide_the_same() {
    let mut world = long_lists::world().await;
    for followed in [24, 35, REMOTE] {
        world.instance.follow(VIEWER, followed, "accepted").await;
    }
    let service = service(&world);
    let page = format!("userId={VIEWER}&strategy=subscriptions&count=100");
    let exact: Vec<VideoId> = world.list(&page).await.ids().into_iter().map(VideoId).collect();
    assert_eq!(exact.len(), 100);
    known(service.presumed(), Some(&viewer(&world).await)).await;
    let hidden = {
        let listed = ids(&service, Strategy::Subscriptions).await;
        assert_eq!(listed, exact);
        let followed = world.peertube.recent_of_followed(&viewer(&world).await, 0, 500).await;
        assert_eq!(followed.unwrap()[..100], exact, "or the rest of this test says little");
        listed[3]
    };
    let statement = format!("UPDATE video SET privacy = 3 WHERE id = {}", hidden.0);
    world.instance.execute(&statement).await;
    let listed = ids(&service, Strategy::Subscriptions).await;
    assert!(!listed.contains(&hidden) && listed.len() == 100);
}

#[tokio::test]
async fn lists_are_the_same_and_never_show_what_was_hidden_since() {
    let mut world = long_lists::world().await;
    let service = service(&world);
    let strategies = [Strategy::ForYou, Strategy::Popular, Strategy::Explore, Strategy::Recent];
    let mut exact = Vec::new();
    for strategy in strategies {
        let page = format!("userId={VIEWER}&strategy={strategy}&count=100");
        let listed = world.list(&page).await.ids();
        exact.push(listed.into_iter().map(VideoId).collect::<Vec<_>>());
    }
    known(service.presumed(), Some(&viewer(&world).await)).await;
    for (strategy, exact) in strategies.into_iter().zip(&exact) {
        assert_eq!(&ids(&service, strategy).await, exact, "{strategy}");
    }

    // Hidden by its owner, or by the viewer: the page is full all the same.
    let hidden = exact[0][3];
    let statement = format!("UPDATE video SET privacy = 3 WHERE id = {}", hidden.0);
    world.instance.execute(&statement).await;
    for strategy in strategies {
        let listed = ids(&service, strategy).await;
        assert!(!listed.contains(&hidden) && listed.len() == 100, "{strategy}");
    }
    let mute = format!(
        r#"INSERT INTO "accountBlocklist" ("accountId", "targetAccountId", "createdAt", "updatedAt")
           SELECT a.id, {REMOTE}, now(), now() FROM account a WHERE a."userId" = {VIEWER}"#
    );
    world.instance.execute(&mute).await;
    let of_muted = format!(
        r#"SELECT v.id FROM video v JOIN "videoChannel" c ON c.id = v."channelId" WHERE c."accountId" = {REMOTE}"#
    );
    let muted: HashSet<VideoId> = videos(&mut world, &of_muted).await.into_iter().collect();
    assert!(
        exact[0].iter().any(|video| muted.contains(video)),
        "or the next lines say nothing"
    );
    for strategy in strategies {
        let listed = ids(&service, strategy).await;
        assert!(
            listed.iter().all(|video| !muted.contains(video)) && listed.len() == 100,
            "{strategy}"
        );
    }
}
