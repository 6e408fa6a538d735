//! What peers announced and sent.

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use shoal::store::{Announcement, CountedWatches, Reception};

use crate::support::{follow, received, store};

#[tokio::test]
async fn of_each_peer_only_the_newest_announcements_are_kept() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    follow(&store, "a.example").await?;
    follow(&store, "b.example").await?;
    let announcement = |number: u8| Announcement {
        announced: json!({}),
        payload_url: format!("https://a.example/payloads/{number}"),
        payload_sha256: [number; 32],
        payload_size: 10,
        counted: None,
    };
    store
        .receive_announcement(received("b.example", "create-0", "Create"), announcement(0))
        .await?;
    for number in 0..40 {
        let received = received("a.example", &format!("create-{number}"), "Create");
        assert_eq!(
            store.receive_announcement(received, announcement(number)).await?,
            Reception::Processed
        );
    }
    let kept = store.evidence_states("https://a.example/actor").await?;
    assert_eq!(kept.len(), 24);
    assert_eq!(kept[0].0, "https://a.example/create-39");
    assert_eq!(store.evidence_states("https://b.example/actor").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn evidence_is_usable_only_while_its_peer_is_followed() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    follow(&store, "a.example").await?;
    let announcement = Announcement {
        announced: json!({ "type": "Evidence" }),
        payload_url: "https://a.example/payloads/1".to_owned(),
        payload_sha256: [1; 32],
        payload_size: 3,
        counted: None,
    };
    store
        .receive_announcement(received("a.example", "create", "Create"), announcement.clone())
        .await?;
    let leased = store.lease_evidence(5, TimeDelta::seconds(60)).await?;
    assert_eq!(leased.len(), 1);
    assert!(store.lease_evidence(5, TimeDelta::seconds(60)).await?.is_empty());
    assert!(store.usable_evidence().await?.is_empty());
    assert!(store.keep_evidence(&leased[0], b"abc").await?);
    let usable = store.usable_evidence().await?;
    assert_eq!((usable.len(), usable[0].payload.as_slice()), (1, &b"abc"[..]));

    let follow_url = "https://self.example/activities/follow-a.example";
    store
        .receive_reject(received("a.example", "reject", "Reject"), follow_url)
        .await?;
    assert!(store.usable_evidence().await?.is_empty());
    assert!(
        store.evidence_states("https://a.example/actor").await?.is_empty(),
        "it is deleted"
    );
    let late = store
        .receive_announcement(received("a.example", "create-2", "Create"), announcement)
        .await?;
    assert!(
        matches!(late, Reception::Later(_)),
        "it may have been accepted again: {late:?}"
    );
    assert!(
        !store.keep_evidence(&leased[0], b"abc").await?,
        "a fetch in progress does not bring it back"
    );
    Ok(())
}

#[tokio::test]
async fn evidence_is_used_for_two_years_and_then_deleted() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    follow(&store, "a.example").await?;
    let day = |day: i64| DateTime::UNIX_EPOCH + TimeDelta::days(day);
    for number in 0..3u8 {
        let announcement = Announcement {
            announced: json!({}),
            payload_url: format!("https://a.example/payloads/{number}"),
            payload_sha256: [number; 32],
            payload_size: 1,
            counted: (number > 0).then(|| CountedWatches {
                after: (number > 1).then(|| day(1)),
                until: day(i64::from(number)),
            }),
        };
        let activity = received("a.example", &format!("create-{number}"), "Create");
        store.receive_announcement(activity, announcement).await?;
        let leased = store.lease_evidence(5, TimeDelta::seconds(60)).await?;
        assert!(store.keep_evidence(&leased[0], &[number]).await?);
        clock.advance(TimeDelta::days(365));
    }
    // Three years have passed since the first, two since the second.
    let usable = store.usable_releases().await?;
    assert_eq!(usable.len(), 1, "{usable:?}");
    let counted = CountedWatches {
        after: Some(day(1)),
        until: day(2),
    };
    assert_eq!(
        (usable[0].actor_url.as_str(), usable[0].counted),
        ("https://a.example/actor", Some(counted))
    );
    assert_eq!(store.evidence_payload(usable[0].id).await?.as_deref(), Some(&[2][..]));
    assert_eq!(store.evidence_payload(i64::MAX).await?, None);
    assert_eq!(store.evidence_states("https://a.example/actor").await?.len(), 3);
    store.prune().await?;
    assert_eq!(store.evidence_states("https://a.example/actor").await?.len(), 1);
    Ok(())
}
