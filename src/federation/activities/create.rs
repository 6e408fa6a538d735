//! Evidence is announced: noted when a followed peer does it, and built when this sidecar does.

use activitypub_federation::kinds::activity::CreateType;
use activitypub_federation::kinds::public;
use activitypub_federation::protocol::context::WithContext;
use sha2::{Digest, Sha256};
use url::Url;

use super::{check_sender, received};
use crate::federation::FederationError;
use crate::federation::addresses::LONGEST_ADDRESS;
use crate::federation::protocol::{
    Create, Document, Evidence, EvidenceType, NoiseDocument, PAYLOAD_MEDIA_TYPE, context,
};
use crate::federation::rules::same_origin;
use crate::federation::state::State;
use crate::privacy::{EvidenceGrid, Noised};
use crate::store::{Announcement, CountedWatches, NewRelease, Reception};

impl Create {
    pub(super) async fn receive(self, state: &State) -> Result<Reception, FederationError> {
        self.check(state)
            .map_err(|problem| FederationError::Malformed(problem.to_owned()))?;
        let [document] = &self.object.attachment;
        let malformed = |problem: &str| FederationError::Malformed(problem.to_owned());
        let announcement = Announcement {
            // As sent, with decimal text for numbers: they come back exactly.
            announced: serde_json::to_value(&self.object)?,
            payload_url: document.href.to_string(),
            payload_sha256: document.sha256().map_err(malformed)?,
            payload_size: i64::try_from(document.size).map_err(|_| malformed("the size is out of range"))?,
            counted: self.object.counted().map_err(malformed)?,
        };
        let received = received(&self.id, &self.actor, "Create");
        let reception = state.store.receive_announcement(received, announcement).await?;
        state.evidence_announced.notify_one();
        Ok(reception)
    }

    fn check(&self, state: &State) -> Result<(), &'static str> {
        let [document] = &self.object.attachment;
        if self.object.attributed_to != self.actor {
            return Err("the evidence is attributed to another actor");
        }
        if self.to.contains(&public()) {
            return Err("evidence must not be addressed to the public");
        }
        if !same_origin(&self.object.id, &self.actor) || !same_origin(&document.href, &self.actor) {
            return Err("the evidence or its payload belongs to another server");
        }
        if [&self.object.id, &document.href]
            .iter()
            .any(|address| address.as_str().len() > LONGEST_ADDRESS)
        {
            return Err("the addresses of the evidence are too long");
        }
        if document.media_type != PAYLOAD_MEDIA_TYPE {
            return Err("the media type of the payload is not known here");
        }
        self.object.summary()?;
        if document.size == 0 || document.size > state.config.maximum_payload_bytes {
            return Err("the payload is empty or larger than this sidecar accepts");
        }
        Ok(())
    }
}

/// An announcement that a followed peer lists in its outbox: passes the checks of one that was delivered, and has the same
/// effect, once.
///
/// # Errors
/// [`FederationError::Malformed`] and [`FederationError::Forbidden`] as for a delivered one.
pub async fn receive_listed(create: Create, peer: &Url, state: &State) -> Result<Reception, FederationError> {
    if create.actor != *peer {
        return Err(FederationError::Forbidden(
            "it is an announcement of another actor".to_owned(),
        ));
    }
    check_sender(state, &create.id, &create.actor)?;
    create.receive(state).await
}

/// Builds the release of `evidence`: the payload, and the activity that announces it to followers. Equal evidence gives
/// equal bytes.
///
/// # Errors
/// [`FederationError::Privacy`] if the evidence cannot be encoded, [`FederationError::Setup`] if it is larger than the
/// configured limit, which peers are likely to share.
pub fn announce(
    state: &State,
    evidence: &Noised<EvidenceGrid>,
    contributors: Option<u32>,
    counted: Option<CountedWatches>,
) -> Result<NewRelease, FederationError> {
    let payload = evidence.encode()?;
    if payload.len() as u64 > state.config.maximum_payload_bytes {
        return Err(FederationError::Setup(format!(
            "the evidence has {} bytes, more than federation.maximum_payload_bytes; lower privacy.head_videos or privacy.dimensions",
            payload.len()
        )));
    }
    let sha256: [u8; 32] = Sha256::digest(&payload).into();
    let addresses = &state.addresses;
    let summary = evidence.summary();
    let id = addresses.announcement(&sha256);
    let create = Create {
        kind: CreateType::Create,
        id: id.clone(),
        actor: addresses.actor(),
        to: vec![addresses.followers()],
        object: Evidence {
            kind: EvidenceType::Evidence,
            id: addresses.evidence(&sha256),
            attributed_to: addresses.actor(),
            start_time: counted.and_then(|counted| counted.after),
            end_time: counted.map(|counted| counted.until),
            basis: summary.basis.to_string(),
            dimensions: summary.dimensions,
            videos: summary.videos,
            channels: summary.channels,
            support_digest: hex::encode(summary.support_digest),
            noise: NoiseDocument::new(&summary.noise),
            attachment: [Document::new(addresses.payload(&sha256), &sha256, payload.len())],
        },
    };
    let noise = evidence.noise();
    Ok(NewRelease {
        epsilon: noise.epsilon,
        delta: noise.delta,
        gdp_mu: noise.noise_multiplier.recip(),
        noise_multiplier: noise.noise_multiplier,
        contributors,
        basis_id: summary.basis.0,
        counted,
        payload: payload.into(),
        activity_url: id.to_string(),
        activity: serde_json::to_vec(&WithContext::new(create, context::evidence()))?.into(),
    })
}
