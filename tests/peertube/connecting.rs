//! Connecting: which databases are accepted, and what is said about the others.

use shoal::demo::schema::Layout;
use shoal::peertube::schema::{ThumbnailsTable, ViewsTable};
use shoal::peertube::{PeerTube, PeerTubeError};
use tokio::net::TcpSocket;

use crate::instance::{Instance, cluster, fresh_name};

async fn refusal(instance: &Instance) -> PeerTubeError {
    PeerTube::connect(&instance.url().await, 2).await.unwrap_err()
}

#[tokio::test]
async fn every_supported_layout_is_recognized() {
    for (layout, views, thumbnails) in [
        (Layout::V8_0, ViewsTable::VideoView, ThumbnailsTable::ByType),
        (Layout::V8_1, ViewsTable::VideoView, ThumbnailsTable::BySize),
        (Layout::V8_2, ViewsTable::VideoStat, ThumbnailsTable::BySize),
    ] {
        let peertube = Instance::with_layout(layout).await.peertube().await;
        assert_eq!(peertube.version().number(), layout.migration_version());
        assert_eq!(peertube.layout().views, views);
        assert_eq!(peertube.layout().thumbnails, thumbnails);
        assert!(!peertube.layout().recommendation_policy);
        peertube.ping().await.unwrap();
        peertube.close().await;
        assert!(peertube.ping().await.is_err());
    }
}

#[tokio::test]
async fn a_new_column_is_noticed() {
    let mut instance = Instance::start().await;
    instance
        .execute(r#"ALTER TABLE video ADD COLUMN "recommendationPolicy" integer"#)
        .await;
    let error = refusal(&instance).await;
    assert!(error.to_string().contains("video.recommendationPolicy"), "{error}");
    instance.grant().await;
    assert!(instance.peertube().await.layout().recommendation_policy);
}

#[tokio::test]
async fn an_older_peertube_is_refused() {
    let mut instance = Instance::start().await;
    instance
        .execute(r#"UPDATE application SET "migrationVersion" = 965"#)
        .await;
    let error = refusal(&instance).await;
    assert!(matches!(error, PeerTubeError::TooOld { found: 965 }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("PeerTube 8.0 or newer is needed; this database is at migration 965")
    );
    assert!(!error.is_transient());
    instance
        .execute(r#"UPDATE application SET "migrationVersion" = 970"#)
        .await;
    assert_eq!(instance.peertube().await.version().number(), 970);
}

#[tokio::test]
async fn a_database_without_peertube_is_refused() {
    let name = fresh_name();
    cluster().await.create_database(&name).await.unwrap();
    let error = PeerTube::connect(&cluster().await.url(&name).into(), 2)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PeerTubeError::NotPeerTube { database } if *database == name),
        "{error}"
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_peertube_that_never_finished_its_first_start_is_refused() {
    let mut instance = Instance::start().await;
    instance.execute("TRUNCATE application CASCADE").await;
    assert!(matches!(refusal(&instance).await, PeerTubeError::NotPeerTube { .. }));
}

#[tokio::test]
async fn missing_grants_are_named() {
    let mut instance = Instance::start().await;
    let role = instance.role.clone();
    instance
        .execute(&format!(
            r#"REVOKE SELECT ("currentTime") ON "userVideoHistory" FROM {role}"#
        ))
        .await;
    instance
        .execute(&format!("REVOKE SELECT (id, name) ON tag FROM {role}"))
        .await;
    let error = refusal(&instance).await;
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        "the role may not read tag.id, tag.name, userVideoHistory.currentTime; run docs/sql/peertube-read-role.sql again"
    );
    instance
        .execute(&format!("REVOKE ALL ON application FROM {role}"))
        .await;
    assert!(
        refusal(&instance)
            .await
            .to_string()
            .contains("application.migrationVersion")
    );
    instance.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC").await;
    instance
        .execute(&format!("REVOKE ALL ON SCHEMA public FROM {role}"))
        .await;
    assert!(refusal(&instance).await.to_string().contains("the schema public"));
    instance.grant().await;
    instance.peertube().await;
}

#[tokio::test]
async fn a_grant_that_is_lost_later_is_named_too() {
    let mut instance = Instance::start().await;
    let peertube = instance.peertube().await;
    instance
        .execute(&format!(r#"REVOKE SELECT (blocked) ON "user" FROM {}"#, instance.role))
        .await;
    let error = peertube.eligible_users().await.unwrap_err();
    assert!(matches!(error, PeerTubeError::MissingGrant { .. }), "{error}");
    assert!(error.to_string().contains("docs/sql/peertube-read-role.sql"), "{error}");
}

#[tokio::test]
async fn an_unknown_layout_is_refused() {
    let mut instance = Instance::start().await;
    instance
        .execute(r#"ALTER TABLE video RENAME COLUMN "isLive" TO "liveKind""#)
        .await;
    instance
        .execute(r#"ALTER TABLE "videoStat" RENAME TO "videoStatistics""#)
        .await;
    let error = refusal(&instance).await;
    assert!(
        matches!(&error, PeerTubeError::UnknownLayout { migration: 1070, missing } if *missing == ["video.isLive", "videoStat"]),
        "{error}"
    );
}

#[tokio::test]
async fn who_cannot_connect_is_told_why_and_whether_to_wait() {
    let mut instance = Instance::start().await;
    let cluster = cluster().await;

    let wrong = cluster.url_as(&instance.role, "wrong", &instance.database);
    let error = PeerTube::connect(&wrong.into(), 2).await.unwrap_err();
    assert!(matches!(error, PeerTubeError::Refused { .. }), "{error}");
    assert!(!error.is_transient());

    let missing = cluster.url_as(&instance.role, &instance.password, "no_such_database");
    let error = PeerTube::connect(&missing.into(), 2).await.unwrap_err();
    assert!(matches!(error, PeerTubeError::NoDatabase { .. }), "{error}");
    assert!(!error.is_transient());

    // Bound without listening: nobody else gets the port, and whoever connects is refused.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let free_port = silent.local_addr().unwrap().port();
    let nobody = format!("postgres://reader:secret-word@127.0.0.1:{free_port}/peertube");
    let error = PeerTube::connect(&nobody.into(), 2).await.unwrap_err();
    assert!(matches!(error, PeerTubeError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
    assert!(!error.to_string().contains(&free_port.to_string()), "{error}");
    assert!(!error.to_string().contains("secret-word"));
    assert!(error.is_transient());

    for url in [
        "mysql://reader:secret-word@127.0.0.1/x",
        "postgres://reader:secret-word@127.0.0.1:port/x",
        "",
    ] {
        let error = PeerTube::connect(&url.to_owned().into(), 2).await.unwrap_err();
        assert!(matches!(error, PeerTubeError::InvalidUrl(_)), "{error}");
        assert!(!error.to_string().contains("secret-word"));
        assert!(!error.is_transient());
    }

    instance
        .execute(&format!("ALTER ROLE {} CONNECTION LIMIT 0", instance.role))
        .await;
    let error = refusal(&instance).await;
    assert!(matches!(error, PeerTubeError::Unreachable { .. }), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn even_a_superuser_only_reads() {
    let mut instance = Instance::start().await;
    instance.add_video(1, serde_json::json!({})).await;
    instance
        .execute(
            "CREATE FUNCTION writes() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN UPDATE video SET views = 99; RETURN true; END $$;
             CREATE TABLE held (yes boolean);
             ALTER TABLE tag RENAME TO tag_table;
             CREATE VIEW tag AS SELECT id, name FROM tag_table WHERE writes();
             INSERT INTO tag_table (id, name) VALUES (1, 'a');
             INSERT INTO \"videoTag\" (\"videoId\", \"tagId\", \"createdAt\", \"updatedAt\") VALUES (1, 1, now(), now());",
        )
        .await;
    // The view stands in for any statement that would write; a real `tag` is a table, so connecting must come first.
    instance
        .execute("ALTER VIEW tag RENAME TO trap; ALTER TABLE tag_table RENAME TO tag")
        .await;
    let peertube = PeerTube::connect(&instance.superuser_url().await, 2).await.unwrap();
    instance
        .execute("ALTER TABLE tag RENAME TO tag_table; ALTER VIEW trap RENAME TO tag")
        .await;
    let mut catalogue = std::pin::pin!(peertube.catalogue());
    let error = futures_util::StreamExt::next(&mut catalogue)
        .await
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
}
