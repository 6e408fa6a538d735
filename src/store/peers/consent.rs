//! The states of consent between two sidecars, as pure functions: no database, no clock, no network.
//!
//! Each direction has two owners. Whether a sidecar wants to follow is known to the sidecar itself: [`Following`]. Whether it
//! may is known to the followed one: [`Follower`]. Each side also holds a copy of what the other one owns. The four activities
//! `Follow`, `Undo`, `Accept` and `Reject` bring a copy up to date quickly; they may be lost, late, repeated or reordered.
//! What makes the copies converge is that each side also asks the other one for its state ([`Following::learn`],
//! [`Follower::learn`]): after an answer, and once a day. A follow is named by the id of its `Follow` activity, which never
//! repeats, so an answer to an older follow is recognized.

use super::{FollowDecision, FollowerState, FollowingState};

/// Whether this sidecar follows a peer: it owns the wish, `state` also says what the peer decided as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// What is known.
    pub state: FollowingState,
    /// Id of the Follow that this sidecar sent.
    pub follow: Option<String>,
}

/// Whether a peer follows this sidecar: it owns the decision, that the peer still wishes to follow is a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// What was decided.
    pub state: FollowerState,
    /// Id of the Follow that the peer sent.
    pub follow: Option<String>,
    /// Id of another Follow that arrived meanwhile: newer or older, until the peer is asked.
    pub held: Option<String>,
}

/// What a peer states about both directions when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatement {
    /// Whether the peer lets this sidecar follow it, and which Follow it means.
    pub follower: Follower,
    /// Whether the peer wishes to follow this sidecar, and with which Follow.
    pub following: Following,
}

/// What became of the Follow that this sidecar sent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowSent {
    /// It is still in the queue.
    Pending,
    /// The peer took it.
    Delivered,
    /// It was given up, or nothing is known about it any more.
    Lost,
}

/// What has to happen besides the change of state when this sidecar hears about its own follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowingEffect {
    /// Nothing.
    Nothing,
    /// The peer's evidence is deleted: its consent ended.
    DeleteEvidence,
    /// The same Follow is sent again.
    SendFollow,
}

/// What has to happen besides the change of state when this sidecar hears about a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowerEffect {
    /// Nothing.
    Nothing,
    /// The follower takes what is sent to it.
    Confirm,
    /// An Accept is sent. Until the follower takes it, it is not confirmed.
    SendAccept,
    /// A Reject is sent.
    SendReject,
    /// Announcements that wait for it are given up.
    CancelAnnouncements,
}

impl Following {
    /// No wish.
    pub const NONE: Self = Self {
        state: FollowingState::None,
        follow: None,
    };

    /// The administrator asks to follow with a new Follow.
    pub fn request(follow: String) -> Self {
        Self {
            state: FollowingState::Requested,
            follow: Some(follow),
        }
    }

    /// The peer answers the Follow `follow`. `None` if that is not the open one: then the peer means a follow that was
    /// given up, and should be told so.
    pub fn hear(&self, decision: FollowDecision, follow: &str) -> Option<(Self, FollowingEffect)> {
        if self.state == FollowingState::None || self.follow.as_deref() != Some(follow) {
            return None;
        }
        Some(match decision {
            FollowDecision::Accept => (self.with(FollowingState::Accepted), FollowingEffect::Nothing),
            FollowDecision::Reject => self.refused(),
        })
    }

    /// The peer states its decision, asked at a time since which nothing changed here.
    pub fn learn(&self, theirs: &Follower, sent: FollowSent) -> (Self, FollowingEffect) {
        let same = (self.clone(), FollowingEffect::Nothing);
        if self.state == FollowingState::None {
            return same;
        }
        let known = theirs.state != FollowerState::None;
        if known && theirs.follow == self.follow {
            return match theirs.state {
                FollowerState::Accepted => (self.with(FollowingState::Accepted), FollowingEffect::Nothing),
                FollowerState::Rejected => self.refused(),
                // Also a peer that restored an older database: its administrator has to decide again.
                FollowerState::Pending | FollowerState::None => {
                    (self.with(FollowingState::Requested), FollowingEffect::Nothing)
                }
            };
        }
        match (self.state, sent) {
            (_, FollowSent::Pending) | (FollowingState::Rejected | FollowingState::None, _) => same,
            // It never arrived: the wish stands, so it is sent again.
            (FollowingState::Requested, FollowSent::Lost) => (self.clone(), FollowingEffect::SendFollow),
            // The peer took the Follow and knows nothing of it any more: its administrator removed this sidecar.
            _ if !known => self.refused(),
            // The peer means another Follow of this sidecar; it asks as well, and then knows which one is open.
            _ => same,
        }
    }

    fn with(&self, state: FollowingState) -> Self {
        Self {
            state,
            follow: self.follow.clone(),
        }
    }

    fn refused(&self) -> (Self, FollowingEffect) {
        (self.with(FollowingState::Rejected), FollowingEffect::DeleteEvidence)
    }
}

impl Follower {
    /// No follower.
    pub const NONE: Self = Self {
        state: FollowerState::None,
        follow: None,
        held: None,
    };

    /// In this state, with this Follow.
    pub fn new(state: FollowerState, follow: Option<String>) -> Self {
        Self {
            state,
            follow,
            held: None,
        }
    }

    /// The peer asks to follow. With `automatic` a new request is accepted at once; an earlier decision stands. When another
    /// Follow is known already, nothing tells which one is older: the new one is held until the peer is asked.
    pub fn ask(&self, follow: &str, automatic: bool) -> (Self, FollowerEffect) {
        if self.state != FollowerState::None && self.follow.as_deref() != Some(follow) {
            let held = Self {
                held: Some(follow.to_owned()),
                ..self.clone()
            };
            return (held, FollowerEffect::Nothing);
        }
        Self::answered(
            match self.state {
                FollowerState::None if automatic => FollowerState::Accepted,
                FollowerState::None => FollowerState::Pending,
                decided => decided,
            },
            follow,
        )
    }

    /// The peer takes the Follow `follow` back. One that is not known is an old message: nothing changes. A refusal outlives
    /// the follow, so that nobody gets around it by asking anew.
    pub fn leave(&self, follow: &str, automatic: bool) -> (Self, FollowerEffect) {
        if self.held.as_deref() == Some(follow) {
            let without = Self::new(self.state, self.follow.clone());
            return (without, FollowerEffect::Nothing);
        }
        if self.follow.as_deref() != Some(follow) {
            return (self.clone(), FollowerEffect::Nothing);
        }
        match (self.state, &self.held) {
            (FollowerState::Rejected, Some(held)) => Self::answered(FollowerState::Rejected, held),
            (FollowerState::Rejected, None) => (self.clone(), FollowerEffect::Nothing),
            (_, Some(held)) => Self::NONE.ask(held, automatic),
            (_, None) => (Self::NONE, FollowerEffect::CancelAnnouncements),
        }
    }

    /// The administrator decides. `None` if the peer has not asked.
    pub fn decide(&self, decision: FollowDecision) -> Option<(Self, FollowerEffect)> {
        if self.state == FollowerState::None || self.follow.is_none() {
            return None;
        }
        let decided = Self {
            state: match decision {
                FollowDecision::Accept => FollowerState::Accepted,
                FollowDecision::Reject => FollowerState::Rejected,
            },
            ..self.clone()
        };
        let effect = decided.answer();
        Some((decided, effect))
    }

    /// The peer states its wish, asked at a time since which nothing changed here.
    pub fn learn(&self, theirs: &Following) -> (Self, FollowerEffect) {
        let same = Self::new(self.state, self.follow.clone());
        match (self.state, theirs.state, &theirs.follow) {
            (FollowerState::None, ..) | (FollowerState::Rejected, FollowingState::None, _) => {
                (same, FollowerEffect::Nothing)
            }
            (_, FollowingState::None, _) => (Self::NONE, FollowerEffect::CancelAnnouncements),
            (.., None) => (self.clone(), FollowerEffect::Nothing),
            (state, _, Some(follow)) if theirs.follow != self.follow => Self::answered(state, follow),
            (FollowerState::Accepted, FollowingState::Accepted, _) => (same, FollowerEffect::Confirm),
            (FollowerState::Rejected, FollowingState::Rejected, _) => (same, FollowerEffect::Nothing),
            _ => {
                let effect = same.answer();
                (same, effect)
            }
        }
    }

    fn answered(state: FollowerState, follow: &str) -> (Self, FollowerEffect) {
        let answered = Self::new(state, Some(follow.to_owned()));
        let effect = answered.answer();
        (answered, effect)
    }

    fn answer(&self) -> FollowerEffect {
        match self.state {
            FollowerState::Accepted => FollowerEffect::SendAccept,
            FollowerState::Rejected => FollowerEffect::SendReject,
            FollowerState::None | FollowerState::Pending => FollowerEffect::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
