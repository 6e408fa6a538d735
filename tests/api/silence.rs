//! Off means off: nothing is read of those who do not want it, and nothing is logged of anybody.

use std::cell::RefCell;
use std::io;

use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::instance::VIEWER;
use crate::world::{PATH, World};

#[tokio::test]
async fn the_history_of_those_who_switched_it_off_is_not_even_read() {
    for off in ["\"videosHistoryEnabled\" = false", "blocked = true"] {
        let mut world = World::start().await;
        world
            .instance
            .execute(&format!("UPDATE \"user\" SET {off} WHERE id = {VIEWER}"))
            .await;
        let anonymous = world.list("count=100").await;
        // Whoever reads these tables now would wait until the deadline.
        let mut connection = PgConnection::connect(world.instance.superuser_url().await.expose_secret())
            .await
            .unwrap();
        sqlx::raw_sql(r#"BEGIN; LOCK TABLE "userVideoHistory", "accountVideoRate" IN ACCESS EXCLUSIVE MODE"#)
            .execute(&mut connection)
            .await
            .unwrap();
        let listed = world.list(&format!("userId={VIEWER}&count=100")).await;
        assert_eq!(listed.sources(), ["popular"], "{off}");
        assert_eq!(listed.ids(), anonymous.ids());
        connection.close().await.unwrap();
    }
}

thread_local! {
    /// What was logged on this thread, where somebody listens.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Collects what is logged on threads that listen. One for all tests: a subscriber of a single test would come and go while
/// other threads ask whether anybody wants to know, and now and then miss its lines.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_tell_the_request_but_not_who_asked() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(|| Lines)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let world = World::start().await;
    // The server runs on this thread.
    LINES.set(Some(Vec::new()));
    let request = world.request(reqwest::Method::GET, &format!("{PATH}?userId=7654321&strategy=popular"));
    let request = request
        .bearer_auth(crate::world::TOKEN)
        .header("x-request-id", "joined-42");
    let answer = world.send(request).await;
    assert_eq!(answer.headers["x-request-id"], "joined-42");
    let failed = world
        .get(&format!("{PATH}?userId=7654321&videoId=8765432&strategy=similar"))
        .await;
    failed.assert_problem(404, "unknown_video");
    let invalid = world.get(&format!("{PATH}?userId=7654321&count=9876543")).await;
    invalid.assert_problem(400, "invalid_parameter");
    let lost = world.get("/users/7654321").await;
    lost.assert_problem(404, "no_such_route");

    let text = String::from_utf8(LINES.take().unwrap()).unwrap();
    assert!(
        text.contains("joined-42") && text.contains(PATH) && text.contains("popular"),
        "{text}"
    );
    assert_eq!(text.matches("answered").count(), 4, "{text}");
    for secret in ["7654321", "8765432", "9876543", crate::world::TOKEN] {
        assert!(!text.contains(secret), "{text}");
    }
    let metrics = world.get("/metrics").await.text;
    assert!(!metrics.contains("7654321"));
}
