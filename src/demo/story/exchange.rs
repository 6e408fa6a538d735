//! Follows and evidence, over real HTTP, until everyone has everything.

use std::time::Duration;

use super::super::DemoError;
use super::instance::DemoInstance;
use crate::store::FollowingState;
use crate::training::{CycleReport, ReleaseOutcome};

/// Longest wait for the workers of all sidecars.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether they are done.
const GLANCE: Duration = Duration::from_millis(50);

/// Every sidecar follows every other one.
pub(super) async fn follow_all(instances: &[DemoInstance]) -> Result<(), DemoError> {
    for instance in instances {
        for other in instances.iter().filter(|other| other.host() != instance.host()) {
            let target = other.sidecar().federation.actor_url();
            instance.sidecar().federation.follow(target.as_str()).await?;
        }
    }
    until("follow requests were not all accepted", || async {
        for instance in instances {
            let peers = instance.sidecar().federation.peers().await?;
            let accepted = peers
                .iter()
                .filter(|peer| peer.following == FollowingState::Accepted)
                .count();
            if accepted + 1 < instances.len() {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
}

/// With peers, every instance that may release must have done so.
pub(super) fn check_releases(reports: &[CycleReport]) -> Result<(), DemoError> {
    let unexpected = reports.iter().map(|report| &report.release).find(|outcome| {
        !matches!(
            outcome,
            ReleaseOutcome::Released { .. } | ReleaseOutcome::NobodyFollows | ReleaseOutcome::TooFewContributors { .. }
        )
    });
    match unexpected {
        Some(outcome) => Err(DemoError::Story(format!("no evidence was released: {outcome:?}"))),
        None => Ok(()),
    }
}

/// Waits until every sidecar has fetched and verified the evidence of every other one that released some.
pub(super) async fn wait_for_evidence(instances: &[DemoInstance], reports: &[CycleReport]) -> Result<(), DemoError> {
    let released: Vec<bool> = reports
        .iter()
        .map(|report| matches!(report.release, ReleaseOutcome::Released { .. }))
        .collect();
    let total = released.iter().filter(|released| **released).count();
    until("evidence did not arrive everywhere", || async {
        for (instance, released) in instances.iter().zip(&released) {
            let expected = total - usize::from(*released);
            if instance.sidecar().store.usable_evidence().await?.len() < expected {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
}

async fn until<F: Future<Output = Result<bool, DemoError>>>(
    complaint: &'static str,
    mut done: impl FnMut() -> F,
) -> Result<(), DemoError> {
    let waiting = async {
        while !done().await? {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| Err(DemoError::Story(format!("{complaint} within {} s", PATIENCE.as_secs()))))
}
