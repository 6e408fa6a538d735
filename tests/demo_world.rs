//! A generated world in real databases, in every layout.

#![allow(clippy::unwrap_used)]

use chrono::DateTime;
use shoal::demo::fill::fill;
use shoal::demo::postgres::{DemoServer, Options};
use shoal::demo::schema::Layout;
use shoal::demo::world::{World, WorldParameters};
use sqlx::{Connection, PgConnection};

async fn count(connection: &mut PgConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_world_fills_every_layout() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let world = World::generate(&WorldParameters::new(5, vec![12, 60, 200], now));
    let server = DemoServer::start(None, &Options::default()).await.unwrap();
    let folder = match &server {
        DemoServer::ThrowAway(cluster) => cluster.folder().to_path_buf(),
        DemoServer::Existing(_) => unreachable!("no server was given"),
    };
    for (instance, layout) in world.instances.iter().zip(Layout::ALL) {
        let name = server
            .create_database(&format!("tube_{}", layout.migration_version()))
            .await
            .unwrap();
        let mut connection = PgConnection::connect(&server.url(&name)).await.unwrap();
        let filled = fill(&mut connection, layout, instance).await.unwrap();
        assert!(filled.rows > 5_000, "{filled:?}");

        let version = count(&mut connection, r#"SELECT "migrationVersion"::bigint FROM application"#).await;
        assert_eq!(version, i64::from(layout.migration_version()));
        for (query, expected) in [
            (r#"SELECT count(*) FROM "user""#, instance.users.len()),
            ("SELECT count(*) FROM video", instance.videos.len()),
            (r#"SELECT count(*) FROM "userVideoHistory""#, instance.history.len()),
            (r#"SELECT count(*) FROM "accountVideoRate""#, instance.rates.len()),
            (r#"SELECT count(*) FROM "actorFollow""#, instance.follows.len()),
            ("SELECT count(*) FROM thumbnail", 2 * instance.videos.len()),
            (
                r#"SELECT count(*) FROM "user" WHERE "videosHistoryEnabled" AND NOT blocked"#,
                instance.eligible_users.len(),
            ),
            (
                // The instance's own account and actor, as PeerTube finds them.
                r#"SELECT count(*) FROM actor JOIN account ON account.id = actor."accountId"
                   WHERE account."applicationId" = 1 AND actor."preferredUsername" = 'peertube'
                     AND actor.type = 'Application' AND actor."serverId" IS NULL"#,
                1,
            ),
        ] {
            assert_eq!(count(&mut connection, query).await, expected as i64, "{query}");
        }

        // Everything that is held out would be listed by PeerTube, and is not in the history.
        let listed: Vec<i32> = sqlx::query_scalar(LISTED).fetch_all(&mut connection).await.unwrap();
        for (user, videos) in &instance.held_out {
            for video in videos {
                assert!(listed.contains(video), "video {video} of user {user}");
                let written: bool = sqlx::query_scalar(WATCHED)
                    .bind(user)
                    .bind(video)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                assert!(!written, "video {video} of user {user}");
            }
        }
        // Some remote videos are known and not listed.
        let public = count(
            &mut connection,
            "SELECT count(*) FROM video WHERE remote AND privacy = 1",
        )
        .await;
        let remote: Vec<i32> = instance
            .videos
            .iter()
            .filter(|video| video.remote)
            .map(|video| video.id)
            .collect();
        let listed_remote = listed.iter().filter(|video| remote.contains(video)).count() as i64;
        assert!(0 < listed_remote && listed_remote < public);

        // PeerTube could go on inserting.
        sqlx::query("INSERT INTO tag (name) VALUES ('one more')")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query(
            r#"INSERT INTO "userVideoHistory" ("currentTime", "videoId", "userId", "createdAt", "updatedAt")
               SELECT 1, v.id, u.id, now(), now() FROM "user" u CROSS JOIN video v
               WHERE NOT EXISTS (SELECT 1 FROM "userVideoHistory" h WHERE h."userId" = u.id AND h."videoId" = v.id)
               LIMIT 1"#,
        )
        .execute(&mut connection)
        .await
        .unwrap();
    }
    server.finish().await.unwrap();
    assert!(!folder.exists(), "nothing remains");
}

/// Whether a user has watched a video, according to the database.
const WATCHED: &str = r#"SELECT EXISTS (SELECT 1 FROM "userVideoHistory" WHERE "userId" = $1 AND "videoId" = $2)"#;

/// What PeerTube lists to a user who muted nobody, told apart from the generator's own rule.
const LISTED: &str = r#"
WITH followed AS (
    SELECT f."targetActorId" AS id FROM "actorFollow" f
    JOIN actor own ON own.id = f."actorId" JOIN account ON account.id = own."accountId"
    WHERE account."applicationId" IS NOT NULL AND f.state = 'accepted'
)
SELECT video.id FROM video
JOIN "videoChannel" channel ON channel.id = video."channelId"
JOIN account owner ON owner.id = channel."accountId"
JOIN actor "ownerActor" ON "ownerActor"."accountId" = owner.id
JOIN actor "channelActor" ON "channelActor"."videoChannelId" = channel.id
WHERE video.privacy = 1
  AND (video.state = 1 OR (video.state = 2 AND NOT video."waitTranscoding"))
  AND video.id NOT IN (SELECT "videoId" FROM "videoBlacklist")
  AND owner.id NOT IN (
      SELECT b."targetAccountId" FROM "accountBlocklist" b JOIN account a ON a.id = b."accountId"
      WHERE a."applicationId" IS NOT NULL)
  AND (NOT video.remote
       OR "ownerActor".id IN (SELECT id FROM followed) OR "channelActor".id IN (SELECT id FROM followed)
       OR EXISTS (SELECT 1 FROM "videoShare" s WHERE s."videoId" = video.id AND s."actorId" IN (SELECT id FROM followed)))
"#;
