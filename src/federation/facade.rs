//! What other rooms see of the federation.

use std::sync::Arc;
use std::time::Duration;

use activitypub_federation::config::{Data, FederationConfig as Library};
use activitypub_federation::http_signatures::generate_actor_keypair;
use axum::Router;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::actor::OwnActor;
use super::http::{Http, router};
use super::state::{SharedState, State};
use super::{FederationError, SyncReport, Traffic, activities, client, delivery, discovery, payloads, sync};
use crate::clock::SharedClock;
use crate::config::FederationConfig;
use crate::config::hosts::canonical_host;
use crate::panics::{Panicked, contained};
use crate::privacy::{EvidenceGrid, Noised};
use crate::store::{
    ActorKeys, CountedWatches, FollowDecision, FollowerState, FollowingState, NewPeer, NewRelease, Peer, Store,
    StoreError,
};

/// How often the queues are looked at when nobody in this process says that something was queued. Another process, such
/// as `shoal peers follow`, writes into the same tables.
const POLL: Duration = Duration::from_secs(3);
/// How long a pass may go on after the stop. What it does not finish stays leased for a few minutes.
const GRACE: Duration = Duration::from_secs(3);
/// Pause after the database failed, or a pass panicked.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// How often an administrator's change is tried when messages come in between.
const COLLISIONS: usize = 5;
/// How often old rows are removed.
const PRUNE: Duration = Duration::from_hours(6);

/// This sidecar's part in the federation. Cheap to clone.
#[derive(Clone)]
pub struct Federation {
    state: SharedState,
    library: Library<SharedState>,
}

/// What one pass of the workers did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Deliveries attempted.
    pub deliveries: usize,
    /// Payloads attempted.
    pub payloads: usize,
    /// Peers asked for their state.
    pub syncs: usize,
}

impl Federation {
    /// Prepares everything, and generates the key pair at the first start. Nothing is listened to or sent before
    /// [`Federation::router`] is served and [`Federation::run`] runs; the other methods work without them, so that a
    /// short-lived process can change peers.
    ///
    /// # Errors
    /// [`FederationError::Store`] if the database fails, [`FederationError::Setup`] if the stored keys are not usable.
    pub async fn start(config: &FederationConfig, store: Store, clock: SharedClock) -> Result<Self, FederationError> {
        let keys = own_keys(&store).await?;
        let client = client::build(config.insecure_development, &config.public_url)?;
        let state = Arc::new(State::new(config.clone(), store, clock, keys, client));
        let library = Library::builder()
            .domain(state.addresses.authority())
            .app_data(Arc::clone(&state))
            .client(state.client.clone())
            .signed_fetch_actor(&OwnActor::new(&state))
            .request_timeout(client::REQUEST_TIMEOUT)
            .debug(config.insecure_development)
            .build()
            .await
            .map_err(|error| FederationError::Setup(error.to_string()))?;
        Ok(Self { state, library })
    }

    /// The routes of the public listener. Served at the root of the listener: the path of the public URL is part of
    /// them.
    pub fn router(&self) -> Router {
        router(Http {
            state: Arc::clone(&self.state),
            library: self.library.clone(),
        })
    }

    /// Delivers and fetches until `stop` is cancelled. What is in progress then is finished by the next process that
    /// runs with the same tables.
    pub async fn run(&self, stop: CancellationToken) {
        let data = self.data();
        let deliveries = work("delivery", &stop, &self.state.delivery_queued, || {
            delivery::deliver_due(&data)
        });
        let payloads = work("payload", &stop, &self.state.evidence_announced, || {
            payloads::fetch_due(&data)
        });
        // A panic has been logged, and the peers are asked again at the next start and once a day.
        _ = contained("sync", self.begin()).await;
        let syncs = work("sync", &stop, &self.state.sync_due, || sync::sync_due(&data));
        tokio::join!(deliveries, payloads, syncs, self.prune(&stop));
    }

    /// One pass over what is due now, as the workers do it. For tests and for tools that must not linger.
    ///
    /// # Errors
    /// [`FederationError::Store`] if the database fails.
    pub async fn work_once(&self) -> Result<Pass, FederationError> {
        let data = self.data();
        Ok(Pass {
            deliveries: delivery::deliver_due(&data).await?,
            payloads: payloads::fetch_due(&data).await?,
            syncs: sync::sync_due(&data).await?,
        })
    }

    /// A new process may have missed messages: all peers are asked.
    async fn begin(&self) {
        if let Err(error) = self.state.store.sync_all_soon().await {
            tracing::warn!(%error, "peers cannot be asked for what was missed");
        }
        for peer in self.state.store.peers().await.unwrap_or_default() {
            let url = Url::parse(&peer.actor_url).map_err(|_| "its address cannot be read");
            if let Err(problem) = url.and_then(|url| self.state.rules.check(&url)) {
                tracing::warn!(
                    actor = %peer.actor_url, %problem,
                    "a peer is not contacted any more; `shoal peers remove` ends both directions and deletes its evidence"
                );
            }
        }
    }

    /// Asks to follow the sidecar at `target`: a host, `host:port`, an address of an actor or of a sidecar, or
    /// `acct:name@host`. The request is delivered by the running sidecar. Does nothing if it is followed already.
    ///
    /// # Errors
    /// [`FederationError::Discovery`] if no sidecar is found there.
    pub async fn follow(&self, target: &str) -> Result<Peer, FederationError> {
        let actor = discovery::find(target, &self.data()).await?;
        let url = actor.peer.actor_url.clone();
        if url == self.state.addresses.actor().as_str() {
            let reason = "that is this sidecar itself".to_owned();
            return Err(FederationError::Discovery {
                target: target.to_owned(),
                reason,
            });
        }
        match self.state.store.peer(&url).await? {
            Some(peer) if peer.following == FollowingState::Accepted => Ok(peer),
            _ => {
                let follow = activities::request_follow(&self.state, &actor.peer)?;
                self.state.store.request_following(actor.peer, follow).await?;
                self.state.delivery_queued.notify_one();
                self.state
                    .store
                    .peer(&url)
                    .await?
                    .ok_or(FederationError::UnknownPeer(url))
            }
        }
    }

    /// Accepts the follow request of `peer` (its host or the address of its actor): it receives this sidecar's evidence
    /// from now on, the releases of the last two years at once.
    ///
    /// # Errors
    /// [`FederationError::UnknownPeer`], [`FederationError::AmbiguousPeer`], [`FederationError::NotAsked`].
    pub async fn accept(&self, peer: &str) -> Result<Peer, FederationError> {
        self.decide(peer, FollowDecision::Accept).await
    }

    /// Refuses the follow request of `peer`, or takes an earlier acceptance back: it receives nothing any more.
    ///
    /// # Errors
    /// [`FederationError::UnknownPeer`], [`FederationError::AmbiguousPeer`], [`FederationError::NotAsked`].
    pub async fn reject(&self, peer: &str) -> Result<Peer, FederationError> {
        self.decide(peer, FollowDecision::Reject).await
    }

    /// Parts from `peer` in both directions and deletes its evidence. Returns what was known about it.
    ///
    /// # Errors
    /// [`FederationError::UnknownPeer`], [`FederationError::AmbiguousPeer`].
    pub async fn remove(&self, peer: &str) -> Result<Peer, FederationError> {
        self.with_peer(peer, async |peer| {
            let farewell = activities::farewell(&self.state, peer)?;
            Ok(self.state.store.remove_peer(peer, farewell).await?)
        })
        .await
    }

    /// No longer follows `peer` and deletes its evidence. Whether it follows this sidecar stays as it is. Returns what was
    /// known about it.
    ///
    /// # Errors
    /// [`FederationError::UnknownPeer`], [`FederationError::AmbiguousPeer`], [`FederationError::NotFollowed`].
    pub async fn unfollow(&self, peer: &str) -> Result<Peer, FederationError> {
        self.with_peer(peer, async |peer| {
            if peer.following == FollowingState::None {
                return Err(FederationError::NotFollowed(peer.actor_url.clone()));
            }
            let undo = activities::undo_follow(&self.state, peer)?;
            Ok(self
                .state
                .store
                .stop_following(peer, undo.into_iter().collect())
                .await?)
        })
        .await
    }

    /// Asks `peer`, or all peers, for the state of both follows, and reads the outboxes of those that are followed, now.
    ///
    /// # Errors
    /// [`FederationError::UnknownPeer`], [`FederationError::AmbiguousPeer`]. A peer that does not answer is no error: its
    /// report says so.
    pub async fn sync(&self, peer: Option<&str>) -> Result<Vec<SyncReport>, FederationError> {
        let peers = match peer {
            Some(peer) => vec![self.find_peer(peer).await?],
            None => self.peers().await?,
        };
        let mut reports = Vec::with_capacity(peers.len());
        for peer in &peers {
            reports.push(sync::sync_now(peer, &self.data()).await?);
        }
        Ok(reports)
    }

    /// Asks followers that have not confirmed lately whether they follow, until one does: before budget is spent for them.
    ///
    /// # Errors
    /// [`FederationError::Store`] if the database fails.
    pub async fn ask_followers(&self) -> Result<(), FederationError> {
        sync::ask_followers(&self.data()).await
    }

    /// All known peers.
    ///
    /// # Errors
    /// [`FederationError::Store`] if the database fails.
    pub async fn peers(&self) -> Result<Vec<Peer>, FederationError> {
        Ok(self.state.store.peers().await?)
    }

    /// Builds a release: the payload, and the activity that announces it. Nothing is stored or sent;
    /// [`Federation::commit`] does that, or [`Store::commit_release_of`]. `contributors` stays in the ledger of this instance; `counted` says which watches
    /// are in the evidence, `None` that the whole history is.
    ///
    /// # Errors
    /// [`FederationError::Privacy`] if it cannot be encoded, [`FederationError::Setup`] if it is too large.
    pub fn announce(
        &self,
        evidence: &Noised<EvidenceGrid>,
        contributors: Option<u32>,
        counted: Option<CountedWatches>,
    ) -> Result<NewRelease, FederationError> {
        activities::announce(&self.state, evidence, contributors, counted)
    }

    /// Debits the budget, then lets the evidence leave: in one transaction the ledger, the payload and a delivery per
    /// accepted follower are written. `allowed_mu_squared` is what the releases of 365 days may spend together.
    /// Returns the number of the release.
    ///
    /// # Errors
    /// [`FederationError::Store`] with [`crate::store::StoreError::BudgetSpent`] if the budget does not allow it. See
    /// [`Store::commit_release`] for when nothing was debited.
    pub async fn commit(&self, release: NewRelease, allowed_mu_squared: f64) -> Result<i64, FederationError> {
        let id = self.state.store.commit_release(release, allowed_mu_squared).await?;
        self.deliver_soon();
        Ok(id)
    }

    /// Something was queued in the store: whoever delivers looks now, and not only at the next turn.
    pub fn deliver_soon(&self) {
        self.state.delivery_queued.notify_one();
    }

    /// [`Federation::announce`] of the whole history, and [`Federation::commit`].
    ///
    /// # Errors
    /// As those two.
    pub async fn release(
        &self,
        evidence: &Noised<EvidenceGrid>,
        contributors: Option<u32>,
        allowed_mu_squared: f64,
    ) -> Result<i64, FederationError> {
        self.commit(self.announce(evidence, contributors, None)?, allowed_mu_squared)
            .await
    }

    /// Bytes of activities and payloads since this value was created.
    pub fn traffic(&self) -> Traffic {
        self.state.traffic.total()
    }

    /// The address of this sidecar's actor.
    pub fn actor_url(&self) -> Url {
        self.state.addresses.actor()
    }

    async fn decide(&self, peer: &str, decision: FollowDecision) -> Result<Peer, FederationError> {
        let before = self
            .with_peer(peer, async |peer| {
                let not_asked = || FederationError::NotAsked(peer.actor_url.clone());
                let follow = peer
                    .follower_activity_url
                    .as_deref()
                    .filter(|_| peer.follower != FollowerState::None)
                    .and_then(|follow| Url::parse(follow).ok())
                    .ok_or_else(not_asked)?;
                let reply = activities::answer_follow(&self.state, decision, &follow, &NewPeer::from(peer.clone()))?;
                let decided = self.state.store.decide_follower(peer, decision, reply).await?;
                decided.then_some(()).ok_or_else(not_asked)
            })
            .await?;
        let url = before.actor_url;
        self.state
            .store
            .peer(&url)
            .await?
            .ok_or(FederationError::UnknownPeer(url))
    }

    /// Changes something between this sidecar and a peer, and does so again where a message of the peer came in between.
    /// Returns what was known about the peer before.
    async fn with_peer(
        &self,
        name: &str,
        change: impl AsyncFn(&Peer) -> Result<(), FederationError>,
    ) -> Result<Peer, FederationError> {
        let mut attempts = 0;
        loop {
            let peer = self.find_peer(name).await?;
            attempts += 1;
            match change(&peer).await {
                Err(FederationError::Store(StoreError::Contention { .. })) if attempts < COLLISIONS => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    self.state.delivery_queued.notify_one();
                    return Ok(peer);
                }
            }
        }
    }

    async fn find_peer(&self, name: &str) -> Result<Peer, FederationError> {
        let name = name.trim();
        let host = canonical_host(name, true).ok();
        let address = Url::parse(name).map_or_else(|_| name.to_owned(), String::from);
        let address = address.trim_end_matches('/');
        let matches = |peer: &Peer| {
            let root = peer.actor_url.strip_suffix("/actor").unwrap_or(&peer.actor_url);
            let same_host = || host.is_some() && canonical_host(&peer.host, true).ok() == host;
            peer.actor_url == address || root == address || same_host()
        };
        let mut found: Vec<Peer> = self.peers().await?.into_iter().filter(matches).collect();
        match (found.pop(), found.is_empty()) {
            (Some(peer), true) => Ok(peer),
            (Some(_), false) => Err(FederationError::AmbiguousPeer(name.to_owned())),
            (None, _) => Err(FederationError::UnknownPeer(name.to_owned())),
        }
    }

    async fn prune(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match contained("pruning", self.state.store.prune()).await {
                Ok(Ok(0)) | Err(Panicked { .. }) => {}
                Ok(Ok(rows)) => tracing::debug!(rows, "old rows removed"),
                Ok(Err(error)) => tracing::warn!(%error, "old rows could not be removed"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PRUNE) => {}
            }
        }
    }

    fn data(&self) -> Data<SharedState> {
        self.library.to_request_data()
    }
}

impl std::fmt::Debug for Federation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Federation")
            .field("actor", &self.actor_url().as_str())
            .finish_non_exhaustive()
    }
}

/// Passes over a queue until it is empty, then waits for news or for the next poll.
async fn work<F>(name: &'static str, stop: &CancellationToken, news: &Notify, pass: impl Fn() -> F)
where
    F: Future<Output = Result<usize, FederationError>>,
{
    while !stop.is_cancelled() {
        let overdue = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let outcome = tokio::select! {
            () = overdue => return,
            outcome = contained(name, pass()) => outcome,
        };
        let pause = match outcome {
            Ok(Ok(0)) => POLL,
            Ok(Ok(_)) => continue,
            Err(Panicked { .. }) => FAILURE_PAUSE,
            Ok(Err(error)) => {
                tracing::warn!(worker = name, %error, "the queue could not be worked on");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = news.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn own_keys(store: &Store) -> Result<ActorKeys, FederationError> {
    let keys = match store.actor_keys().await? {
        Some(keys) => keys,
        None => store.keep_actor_keys(&generate_keys().await?).await?,
    };
    // The library would panic on a damaged key.
    RsaPrivateKey::from_pkcs8_pem(keys.private_key_pem.expose_secret())
        .map_err(|_| FederationError::Setup("the private key in shoal.keys cannot be read".to_owned()))?;
    Ok(keys)
}

/// A new RSA key pair. Takes a moment.
///
/// # Errors
/// [`FederationError::Setup`] if no key can be generated.
pub async fn generate_keys() -> Result<ActorKeys, FederationError> {
    let pair = tokio::task::spawn_blocking(generate_actor_keypair)
        .await
        .map_err(|error| FederationError::Setup(format!("no key pair could be generated: {error}")))??;
    Ok(ActorKeys {
        private_key_pem: SecretString::from(pair.private_key),
        public_key_pem: pair.public_key,
    })
}
