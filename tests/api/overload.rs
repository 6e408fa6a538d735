//! Too much, too slow, and the end.

use std::time::Duration;

use secrecy::ExposeSecret;
use shoal::api::Limits;
use sqlx::{Connection, PgConnection};

use crate::instance::VIEWER;
use crate::world::{PATH, World};

/// Holds a table that every request for a user reads, until it is dropped or closed.
async fn hold_users(world: &World) -> PgConnection {
    let mut connection = PgConnection::connect(world.instance.superuser_url().await.expose_secret())
        .await
        .unwrap();
    sqlx::raw_sql(r#"BEGIN; LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE"#)
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// Waits until a statement of this database waits for a lock.
async fn until_somebody_waits(world: &mut World) {
    loop {
        let waiting: Vec<(i64,)> = world
            .instance
            .read(
                "SELECT count(*) FROM pg_locks
                 WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .await;
        if waiting[0].0 > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn more_than_the_limit_is_refused_at_once() {
    let limits = Limits {
        concurrent_requests: 1,
        deadline: Duration::from_mins(1),
        ..Limits::default()
    };
    let mut world = World::with_limits(limits).await;
    let held = hold_users(&world).await;
    let first = world
        .request(reqwest::Method::GET, &format!("{PATH}?userId={VIEWER}"))
        .bearer_auth(crate::world::TOKEN);
    let first = tokio::spawn(first.send());
    until_somebody_waits(&mut world).await;

    let second = tokio::time::timeout(Duration::from_secs(10), world.get(PATH))
        .await
        .unwrap();
    second.assert_problem(503, "overloaded");
    assert_eq!(second.headers["retry-after"], "5");
    let alive = world.get("/healthz").await;
    assert_eq!(alive.status, 200, "health does not count");

    held.close().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    assert_eq!(world.get(PATH).await.status, 200, "the place is free again");
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let limits = Limits {
        deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    let held = hold_users(&world).await;
    let answer = world.get(&format!("{PATH}?userId={VIEWER}")).await;
    answer.assert_problem(503, "timeout");
    assert!(answer.headers.contains_key("retry-after"));
    held.close().await.unwrap();
}

#[tokio::test]
async fn requests_under_way_are_answered_before_the_end() {
    let limits = Limits {
        deadline: Duration::from_mins(1),
        ..Limits::default()
    };
    let mut world = World::with_limits(limits).await;
    let held = hold_users(&world).await;
    let request = world
        .request(reqwest::Method::GET, &format!("{PATH}?userId={VIEWER}"))
        .bearer_auth(crate::world::TOKEN);
    let under_way = tokio::spawn(request.send());
    until_somebody_waits(&mut world).await;
    world.stop();
    held.close().await.unwrap();
    assert_eq!(under_way.await.unwrap().unwrap().status(), 200);
    world.stopped().await;
}
