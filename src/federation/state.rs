//! What every handler and worker of this room shares.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest_middleware::ClientWithMiddleware;
use tokio::sync::{Notify, Semaphore};

use super::addresses::Addresses;
use super::limits::Limits;
use super::remote_actor::Strangers;
use super::rules::Rules;
use super::traffic::TrafficCounter;
use crate::clock::SharedClock;
use crate::config::FederationConfig;
use crate::store::{ActorKeys, Store};

/// Requests that are worked on at the same time; further ones are told to come back.
const CONCURRENT_REQUESTS: usize = 64;

/// Shared by all, changed by nobody but through its own locks.
pub struct State {
    /// The configuration.
    pub config: FederationConfig,
    /// Shoal's own tables.
    pub store: Store,
    /// The present.
    pub clock: SharedClock,
    /// Our addresses.
    pub addresses: Addresses,
    /// Whom we talk to.
    pub rules: Rules,
    /// Our keys.
    pub keys: ActorKeys,
    /// The one HTTP client.
    pub client: ClientWithMiddleware,
    /// Bytes sent and received.
    pub traffic: TrafficCounter,
    /// How often something may happen.
    pub limits: Limits,
    /// Actors that were fetched but are no peers.
    pub strangers: Strangers,
    /// Slots for requests in progress.
    pub slots: Semaphore,
    /// Something was queued for delivery.
    pub delivery_queued: Notify,
    /// Evidence was announced.
    pub evidence_announced: Notify,
    /// A peer may have to be asked for its state.
    pub sync_due: Notify,
}

/// As the ActivityPub library hands it around.
pub type SharedState = Arc<State>;

impl State {
    /// Puts the parts together.
    pub fn new(
        config: FederationConfig,
        store: Store,
        clock: SharedClock,
        keys: ActorKeys,
        client: ClientWithMiddleware,
    ) -> Self {
        Self {
            addresses: Addresses::new(&config.public_url),
            rules: Rules::new(&config),
            config,
            store,
            clock,
            keys,
            client,
            traffic: TrafficCounter::default(),
            limits: Limits::default(),
            strangers: Strangers::default(),
            slots: Semaphore::new(CONCURRENT_REQUESTS),
            delivery_queued: Notify::new(),
            evidence_announced: Notify::new(),
            sync_due: Notify::new(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
