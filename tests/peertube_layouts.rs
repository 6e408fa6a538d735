//! PeerTube's tables as three releases lay them out, created in a real server.

#![allow(clippy::unwrap_used)]

use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::{Layout, create_schema};
use sqlx::{Connection, PgConnection};

/// The columns of `table`, in order.
async fn columns(connection: &mut PgConnection, table: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn every_layout_has_what_its_release_has() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    for layout in Layout::ALL {
        let name = format!("layout_{}", layout.migration_version());
        cluster.create_database(&name).await.unwrap();
        let mut connection = PgConnection::connect(&cluster.url(&name)).await.unwrap();
        create_schema(&mut connection, layout).await.unwrap();

        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(tables, 25, "{layout:?}");

        let newest = layout == Layout::V8_2;
        assert_eq!(columns(&mut connection, "videoStat").await.is_empty(), !newest);
        assert_eq!(columns(&mut connection, "videoView").await.is_empty(), newest);
        let video = columns(&mut connection, "video").await;
        assert_eq!(video.contains(&"downloads".to_owned()), newest);
        assert_eq!(video.contains(&"firstPublishedAt".to_owned()), newest);
        assert_eq!(video.contains(&"embedPrivacyPolicy".to_owned()), layout != Layout::V8_0);
        let thumbnail = columns(&mut connection, "thumbnail").await;
        for (column, old) in [
            ("type", true),
            ("onDisk", true),
            ("aspectRatio", false),
            ("cached", false),
        ] {
            assert_eq!(
                thumbnail.contains(&column.to_owned()),
                old == (layout == Layout::V8_0),
                "{column}"
            );
        }
        assert!(
            columns(&mut connection, "actor")
                .await
                .contains(&"accountId".to_owned()),
            "inverted since 8.0"
        );
    }
}

#[tokio::test]
async fn deleting_a_user_takes_the_history_along() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    cluster.create_database("cascade").await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url("cascade")).await.unwrap();
    create_schema(&mut connection, Layout::V8_2).await.unwrap();
    sqlx::raw_sql(
        r#"INSERT INTO "user" (id, username, email, "nsfwPolicy", "nsfwFlagsDisplayed", "nsfwFlagsHidden",
               "nsfwFlagsBlurred", "nsfwFlagsWarned", "p2pEnabled", "autoPlayVideo", "autoPlayNextVideoPlaylist",
               "adminFlags", blocked, role, "videoQuota", "videoQuotaDaily", theme, "noInstanceConfigWarningModal",
               "noWelcomeModal", "noAccountSetupWarningModal", "newFeaturesInfoRead", "feedToken", "createdAt", "updatedAt")
           VALUES (1, 'ann', 'ann@one.test', 'display', 0, 0, 0, 0, true, true, true, 0, false, 2, -1, -1, 'default',
               true, true, true, 0, gen_random_uuid(), now(), now());
           INSERT INTO account (id, name, "userId", "createdAt", "updatedAt") VALUES (1, 'ann', 1, now(), now());
           INSERT INTO "videoChannel" (id, name, "accountId", "createdAt", "updatedAt") VALUES (1, 'c', 1, now(), now());
           INSERT INTO video (id, uuid, name, privacy, nsfw, "nsfwFlags", duration, views, downloads, likes, dislikes,
               comments, remote, "isLive", url, "commentsPolicy", "downloadEnabled", "embedPrivacyPolicy",
               "waitTranscoding", state, "publishedAt", "channelId", "createdAt", "updatedAt")
           VALUES (1, gen_random_uuid(), 'v', 1, false, 0, 60, 0, 0, 0, 0, 0, false, false, 'https://one.test/v', 1, true,
               1, true, 1, now(), 1, now(), now());
           INSERT INTO "userVideoHistory" ("currentTime", "videoId", "userId", "createdAt", "updatedAt")
           VALUES (30, 1, 1, now(), now());"#,
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("DELETE FROM \"user\"")
        .execute(&mut connection)
        .await
        .unwrap();
    for table in ["userVideoHistory", "video", "videoChannel", "account"] {
        let statement = format!("SELECT count(*) FROM \"{table}\"");
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}
