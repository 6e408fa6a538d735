//! Two sidecars, one direction between them, and a network that loses, delays, repeats and reorders.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Follow,
    Undo,
    Accept,
    Reject,
}

/// An activity about the follow with the id `follow`; `id` is the activity's own.
#[derive(Debug, Clone)]
struct Message {
    id: u32,
    kind: Kind,
    follow: String,
}

/// What one side was told when it asked, and the revision of its own state at that time.
#[derive(Debug, Clone)]
enum Answer {
    /// The asking side follows.
    ToFollowing(u32, Follower),
    /// The asking side is followed.
    ToFollower(u32, Following),
}

/// A command of an administrator, or what the network does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Follow,
    /// Both `unfollow` and `remove` of the following side.
    Unfollow,
    Accept,
    Reject,
    /// `remove` of the followed side.
    Remove,
    Deliver(usize),
    Repeat(usize),
    Lose(usize),
    FollowingAsks,
    FollowerAsks,
    AnswerArrives(usize),
    AnswerIsLost(usize),
    /// The followed side asks, is answered, and releases if its follower counts.
    Release,
}

#[derive(Debug)]
struct World {
    automatic: bool,
    following: Following,
    following_revision: u32,
    sent: FollowSent,
    follower: Follower,
    follower_revision: u32,
    confirmed: bool,
    received: BTreeSet<u32>,
    network: Vec<Message>,
    answers: Vec<Answer>,
    next: u32,
    ever_refused: bool,
    follows: u32,
}

impl World {
    fn new(automatic: bool) -> Self {
        Self {
            automatic,
            following: Following::NONE,
            following_revision: 0,
            sent: FollowSent::Lost,
            follower: Follower::NONE,
            follower_revision: 0,
            confirmed: false,
            received: BTreeSet::new(),
            network: Vec::new(),
            answers: Vec::new(),
            next: 0,
            ever_refused: false,
            follows: 0,
        }
    }

    fn send(&mut self, kind: Kind, follow: &str) {
        self.next += 1;
        let (id, follow) = (self.next, follow.to_owned());
        self.network.push(Message { id, kind, follow });
    }

    fn send_follow(&mut self, follow: &str) {
        // The id of a Follow is that of the activity, however often it is sent.
        let id = follow.trim_start_matches('f').parse().unwrap();
        let (kind, follow) = (Kind::Follow, follow.to_owned());
        self.network.push(Message { id, kind, follow });
        self.sent = FollowSent::Pending;
    }

    fn set_following(&mut self, (next, effect): (Following, FollowingEffect)) {
        if next != self.following {
            self.following_revision += 1;
        }
        self.following = next;
        if effect == FollowingEffect::SendFollow {
            let follow = self.following.follow.clone().unwrap();
            self.send_follow(&follow);
        }
    }

    fn set_follower(&mut self, (next, effect): (Follower, FollowerEffect)) {
        if next != self.follower {
            self.follower_revision += 1;
        }
        if (next.state, &next.follow) != (self.follower.state, &self.follower.follow) {
            self.confirmed = false;
        }
        self.follower = next;
        let follow = self.follower.follow.clone().unwrap_or_default();
        match effect {
            FollowerEffect::SendAccept => {
                self.confirmed = false;
                self.send(Kind::Accept, &follow);
            }
            FollowerEffect::SendReject => self.send(Kind::Reject, &follow),
            FollowerEffect::Confirm => self.confirmed = true,
            FollowerEffect::Nothing | FollowerEffect::CancelAnnouncements => {}
        }
    }

    fn arrive(&mut self, message: &Message, answered: bool) {
        match message.kind {
            Kind::Follow => {
                if self.received.insert(message.id) {
                    let step = self.follower.ask(&message.follow, self.automatic);
                    self.set_follower(step);
                }
                if answered && self.following.follow.as_deref() == Some(&message.follow) {
                    self.sent = FollowSent::Delivered;
                }
            }
            Kind::Undo => {
                if self.received.insert(message.id) {
                    let step = self.follower.leave(&message.follow, self.automatic);
                    self.set_follower(step);
                }
            }
            Kind::Accept | Kind::Reject => {
                let accept = message.kind == Kind::Accept;
                let decision = if accept {
                    FollowDecision::Accept
                } else {
                    FollowDecision::Reject
                };
                let heard = self.following.hear(decision, &message.follow);
                let open = heard.is_some();
                if let Some(step) = heard
                    && self.received.insert(message.id)
                {
                    self.set_following(step);
                }
                let same = self.follower.follow.as_deref() == Some(&message.follow);
                if answered && accept && same && self.follower.state == FollowerState::Accepted {
                    // A peer that says that no such follow is open is asked which one is.
                    self.confirmed = open;
                }
            }
        }
    }

    fn take(&mut self, index: usize) -> Option<Message> {
        (!self.network.is_empty()).then(|| self.network.remove(index % self.network.len()))
    }

    fn ask_follower(&mut self) {
        let learned = self.follower.learn(&self.following.clone());
        self.set_follower(learned);
    }

    fn ask_followed(&mut self) {
        let learned = self.following.learn(&self.follower.clone(), self.sent);
        self.set_following(learned);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Follow => {
                if self.following.state != FollowingState::Accepted {
                    self.next += 1;
                    self.follows += 1;
                    let follow = format!("f{}", self.next);
                    self.set_following((Following::request(follow.clone()), FollowingEffect::Nothing));
                    self.send_follow(&follow);
                }
            }
            Step::Unfollow => {
                let before = self.following.clone();
                self.set_following((Following::NONE, FollowingEffect::Nothing));
                if let (FollowingState::Requested | FollowingState::Accepted, Some(follow)) =
                    (before.state, before.follow)
                {
                    self.send(Kind::Undo, &follow);
                }
            }
            Step::Accept => {
                if let Some(step) = self.follower.decide(FollowDecision::Accept) {
                    self.set_follower(step);
                }
            }
            Step::Reject => {
                if let Some(step) = self.follower.decide(FollowDecision::Reject) {
                    self.ever_refused = true;
                    self.set_follower(step);
                }
            }
            Step::Remove => {
                let before = self.follower.clone();
                self.set_follower((Follower::NONE, FollowerEffect::Nothing));
                if let (FollowerState::Pending | FollowerState::Accepted, Some(follow)) = (before.state, before.follow)
                {
                    self.ever_refused = true;
                    self.send(Kind::Reject, &follow);
                }
            }
            Step::Deliver(index) => {
                if let Some(message) = self.take(index) {
                    self.arrive(&message, true);
                }
            }
            // The message arrives, its answer is lost: it is sent again.
            Step::Repeat(index) => {
                if let Some(message) = self.take(index) {
                    self.arrive(&message, false);
                    self.network.push(message);
                }
            }
            Step::Lose(index) => {
                if let Some(message) = self.take(index)
                    && message.kind == Kind::Follow
                    && self.following.follow.as_deref() == Some(&message.follow)
                    && self.sent == FollowSent::Pending
                {
                    self.sent = FollowSent::Lost;
                }
            }
            Step::FollowingAsks => {
                let asked = Answer::ToFollowing(self.following_revision, self.follower.clone());
                self.answers.push(asked);
            }
            Step::FollowerAsks => {
                let asked = Answer::ToFollower(self.follower_revision, self.following.clone());
                self.answers.push(asked);
            }
            Step::AnswerArrives(index) => {
                if self.answers.is_empty() {
                    return;
                }
                match self.answers.remove(index % self.answers.len()) {
                    Answer::ToFollowing(revision, theirs) if revision == self.following_revision => {
                        let learned = self.following.learn(&theirs, self.sent);
                        self.set_following(learned);
                    }
                    Answer::ToFollower(revision, theirs) if revision == self.follower_revision => {
                        let learned = self.follower.learn(&theirs);
                        self.set_follower(learned);
                    }
                    Answer::ToFollowing(..) | Answer::ToFollower(..) => {}
                }
            }
            Step::AnswerIsLost(index) => {
                if !self.answers.is_empty() {
                    self.answers.remove(index % self.answers.len());
                }
            }
            Step::Release => {
                self.ask_follower();
                if self.confirmed && self.follower.state == FollowerState::Accepted {
                    assert_eq!(
                        self.following.state,
                        FollowingState::Accepted,
                        "a release was debited for somebody who answers 403: {self:?}"
                    );
                }
            }
        }
    }

    /// The network works again: what is under way arrives or is given up, then both sides ask once a day.
    fn come_to_rest(&mut self, lost: &[bool]) {
        for (number, lose) in lost.iter().enumerate() {
            self.step(if *lose {
                Step::Lose(number * 7)
            } else {
                Step::Deliver(number * 5)
            });
            self.step(Step::AnswerArrives(number * 3));
        }
        self.answers.clear();
        for _day in 0..4 {
            while !self.network.is_empty() {
                self.step(Step::Deliver(0));
            }
            self.ask_followed();
            self.ask_follower();
        }
        while !self.network.is_empty() {
            self.step(Step::Deliver(0));
        }
    }

    fn agrees(&self) -> bool {
        let same = self.following.follow == self.follower.follow;
        match (self.following.state, self.follower.state) {
            (FollowingState::None | FollowingState::Rejected, FollowerState::None)
            | (FollowingState::None, FollowerState::Rejected) => true,
            (FollowingState::Requested, FollowerState::Pending)
            | (FollowingState::Accepted, FollowerState::Accepted)
            | (FollowingState::Rejected, FollowerState::Rejected) => same,
            _ => false,
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = 0..16_usize;
    prop_oneof![
        2 => Just(Step::Follow),
        1 => Just(Step::Unfollow),
        2 => Just(Step::Accept),
        2 => Just(Step::Reject),
        1 => Just(Step::Remove),
        6 => index.clone().prop_map(Step::Deliver),
        3 => index.clone().prop_map(Step::Repeat),
        2 => index.clone().prop_map(Step::Lose),
        1 => Just(Step::FollowingAsks),
        1 => Just(Step::FollowerAsks),
        2 => index.clone().prop_map(Step::AnswerArrives),
        1 => index.prop_map(Step::AnswerIsLost),
        2 => Just(Step::Release),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn consent_converges_from_any_order_of_messages(
        automatic: bool,
        steps in prop::collection::vec(any_step(), 0..40),
        lost in prop::collection::vec(any::<bool>(), 0..12),
    ) {
        let mut world = World::new(automatic);
        let mut wanted = false;
        for step in steps {
            match step {
                Step::Follow => wanted = true,
                Step::Unfollow => wanted = false,
                _ => {}
            }
            world.step(step);
        }
        world.come_to_rest(&lost);
        prop_assert!(world.agrees(), "{world:?}");
        prop_assert_eq!(world.following.state != FollowingState::None, wanted, "a wish is its owner's alone");
        // One Follow beside the open one is remembered until the peer is asked.
        if wanted && automatic && !world.ever_refused && world.follows <= 2 {
            prop_assert_eq!(world.following.state, FollowingState::Accepted, "{:?}", world);
        }
        let counts = world.follower.state == FollowerState::Accepted && world.confirmed;
        prop_assert_eq!(counts, world.following.state == FollowingState::Accepted, "{:?}", world);
    }
}

#[test]
fn a_rejected_follow_is_accepted_later() {
    let mut world = World::new(false);
    for step in [
        Step::Follow,
        Step::Deliver(0),
        Step::Reject,
        Step::Deliver(0),
        Step::Accept,
        Step::Deliver(0),
    ] {
        world.step(step);
    }
    assert_eq!(world.following.state, FollowingState::Accepted);
    assert!(world.agrees() && world.confirmed);
}

#[test]
fn an_old_undo_does_not_end_a_newer_follow() {
    let follower = Follower::NONE.ask("f2", true).0;
    assert_eq!(follower.leave("f1", true), (follower.clone(), FollowerEffect::Nothing));
}

#[test]
fn a_refusal_is_not_evaded_by_leaving_and_asking_anew() {
    let asked = Follower::NONE.ask("f1", true).0;
    let rejected = asked.decide(FollowDecision::Reject).unwrap().0;
    let anew = Following::request("f2".to_owned());
    let (asked, effect) = rejected.leave("f1", true).0.ask("f2", true).0.learn(&anew);
    assert_eq!(
        (asked.state, effect),
        (FollowerState::Rejected, FollowerEffect::SendReject)
    );
}
