//! The report for admins.

use serde_json::json;
use shoal::peertube::PeerTube;
use shoal::peertube::check::Access;

use crate::instance::{Instance, OWNER, VIEWER};

#[tokio::test]
async fn a_good_connection_is_described() {
    let mut instance = Instance::start().await;
    instance.add_user(90, json!({ "blocked": true })).await;
    instance.add_user(91, json!({ "videosHistoryEnabled": false })).await;
    for video in 1..=4 {
        instance.add_video(video, json!({})).await;
        instance.watch(VIEWER, video, 10, "2026-02-01T00:00:00Z").await;
    }
    instance.execute("ANALYZE").await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert!(report.is_usable(), "{:?}", report.problems);
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.migration, Some(1070));
    assert_eq!(report.role, instance.role);
    assert_eq!(report.database, instance.database);
    let counts = report.counts.unwrap();
    assert_eq!((counts.users, counts.eligible_users, counts.videos), (4, 2, 4));
    assert_eq!(counts.history_rows_estimate, Some(4));

    let document = serde_json::to_value(&report).unwrap();
    assert_eq!(document["layout"]["views"], "videoStat");
    assert_eq!(document["counts"]["eligibleUsers"], 2);
    let first = document["columns"].as_array().unwrap().first().unwrap();
    assert_eq!(
        *first,
        json!({ "table": "application", "column": "migrationVersion", "access": "readable" })
    );
}

#[tokio::test]
async fn a_database_that_was_never_analyzed_has_no_estimate() {
    let instance = Instance::start().await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert_eq!(report.counts.unwrap().history_rows_estimate, None);
}

#[tokio::test]
async fn problems_are_listed_without_failing() {
    let mut instance = Instance::start().await;
    let role = instance.role.clone();
    instance
        .execute(&format!("REVOKE SELECT (views) ON video FROM {role}"))
        .await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert!(!report.is_usable());
    assert!(
        report.problems.iter().any(|problem| problem.contains("video.views")),
        "{:?}",
        report.problems
    );
    let column = report
        .columns
        .iter()
        .find(|column| column.table == "video" && column.column == "views")
        .unwrap();
    assert_eq!(column.access, Access::Forbidden);
    assert_eq!(report.counts, None);

    instance.grant().await;
    instance
        .execute(r#"UPDATE application SET "migrationVersion" = 900; ALTER TABLE video DROP COLUMN "nsfwFlags""#)
        .await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert!(
        report.problems.iter().any(|problem| problem.contains("migration 900")),
        "{:?}",
        report.problems
    );
    let column = report
        .columns
        .iter()
        .find(|column| column.column == "nsfwFlags")
        .unwrap();
    assert_eq!(column.access, Access::Missing);
}

#[tokio::test]
async fn too_many_rights_are_a_warning() {
    let mut instance = Instance::start().await;
    let role = instance.role.clone();
    instance
        .execute(&format!(r#"GRANT SELECT (email, "otpSecret") ON "user" TO {role}"#))
        .await;
    instance
        .execute(&format!(
            "GRANT SELECT ON actor TO {role}; GRANT UPDATE (name) ON video TO {role}"
        ))
        .await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert!(report.is_usable());
    assert_eq!(
        report.warnings,
        [
            format!("the role {role} can read user: email, otpSecret; it should not"),
            format!("the role {role} can read actor: privateKey; it should not"),
            "the role can write video; it should not".to_owned(),
        ]
    );
    let report = PeerTube::check(&instance.superuser_url().await).await.unwrap();
    assert!(
        report.warnings.first().unwrap().contains("superuser"),
        "{:?}",
        report.warnings
    );
    assert_eq!(report.counts.unwrap().users, i64::from(VIEWER - OWNER + 1));
}

/// A role that was made for an earlier version of Shoal.
#[tokio::test]
async fn without_playlists_it_works_and_says_what_is_missing() {
    let mut instance = Instance::start().await;
    let role = instance.role.clone();
    instance
        .execute(&format!(
            r#"REVOKE ALL ON "videoPlaylist", "videoPlaylistElement" FROM {role}"#
        ))
        .await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert!(report.is_usable(), "{:?}", report.problems);
    assert!(
        report.warnings.iter().any(|warning| warning.contains("playlists")),
        "{:?}",
        report.warnings
    );
    let peertube = instance.peertube().await;
    assert!(!peertube.layout().playlists);
    let following = peertube.following_in_playlists(shoal::peertube::VideoId(1), 5).await;
    assert_eq!(following.unwrap(), []);
}
