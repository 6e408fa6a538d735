//! One source's candidates, best first: what the model says, pushed where the caller wants it.
//!
//! | source | order |
//! |---|---|
//! | for-you | the caller's own score, the best ones ranked again by [`super::second_stage`] where that is better |
//! | similar | similarity to the current video, where there is any |
//! | next | the same, blended with the caller's own score of the first stage |
//! | popular | popularity |
//! | explore | see [`super::explore`] |
//!
//! What stays out: what may be shown ([`super::listing`]), and the newest, which needs no model.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::blending::blend;
use super::controls::Controls;
use super::draw::Draw;
use super::explore::{Scores, explore};
use super::fair_chance::ByChance;
use super::ranking::{LEFT_OUT, Ranking, Scored};
use super::request::Strategy;
use super::resemblance::{Resemblance, leave_out_strangers};
use super::second_stage::{SecondStage, channel_ties};
use super::signals::History;
use super::snapshot::Snapshot;
use super::steering::steer;
use crate::clock::Hour;
use crate::model::recommender::Profile;
use crate::peertube::{CatalogueVideo, ChannelId, Tie, UserId};

/// The caller as the model sees them.
pub struct Person {
    /// Their history.
    pub history: History,
    ties: Option<Vec<Tie>>,
    snapshot: Arc<Snapshot>,
    hour: Hour,
    profile: OnceLock<Profile>,
    scores: OnceLock<Arc<Vec<f32>>>,
}

impl Person {
    /// The second stage ranks for those whose `ties` are given.
    pub fn new(history: History, ties: Option<Vec<Tie>>, snapshot: Arc<Snapshot>, now: DateTime<Utc>) -> Self {
        Self {
            history,
            ties,
            snapshot,
            hour: Hour::of(now),
            profile: OnceLock::new(),
            scores: OnceLock::new(),
        }
    }

    /// The history as the model's factors; folded in when it is first asked for.
    pub fn profile(&self) -> &Profile {
        let fold = || self.snapshot.recommender().profile(&self.history.preferences);
        self.profile.get_or_init(fold)
    }

    /// Whether the caller follows a channel, and that moved its videos up.
    pub fn follows(&self, channel: ChannelId) -> bool {
        let favoured = |second: &SecondStage| second.favours_subscriptions();
        let follows = |ties: &Vec<Tie>| ties.iter().any(|tie| tie.subscribed && tie.channel == channel);
        self.snapshot.second_stage().is_some_and(favoured) && self.ties.as_ref().is_some_and(follows)
    }

    /// The score of every item, before anything is pushed. Where the second stage ranks, it has put the best ones in order.
    /// Computed when it is first asked for: with many videos it takes milliseconds.
    pub fn scores(&self) -> &Arc<Vec<f32>> {
        self.scores.get_or_init(|| Arc::new(self.score()))
    }

    fn score(&self) -> Vec<f32> {
        let recommender = self.snapshot.recommender();
        let mut scores = recommender.scores(self.profile());
        if let (Some(second), Some(ties)) = (self.snapshot.second_stage(), &self.ties) {
            second.rerank(
                recommender,
                self.profile(),
                &self.history.preferences,
                &channel_ties(ties, self.snapshot.channels()),
                self.hour,
                &mut scores,
            );
        }
        scores
    }
}

/// What one list is made for.
#[derive(Clone)]
pub struct Wish {
    /// The strategy that was asked for.
    pub strategy: Strategy,
    /// The caller, where the model knows something about them and the strategy asks for it.
    pub person: Option<Arc<Person>>,
    /// What the caller decided.
    pub controls: Arc<Controls>,
    /// The item of the current video.
    pub current: Option<u32>,
    /// The caller, where what they watch is remembered.
    pub remembered: Option<UserId>,
    /// Whether it is known what was played before: remembered, or said by the caller.
    pub knows_played: bool,
    /// The channels of everything that the caller watched or rated, where that may be known.
    pub watched_channels: Arc<HashSet<ChannelId>>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Candidates in their order. Most lists end long before all are put in order, so that is done one by one.
pub type Candidates = Box<dyn Iterator<Item = Scored> + Send>;

impl Wish {
    /// The candidates of `source`, best first. Sources that need no model have none.
    pub fn rank(&self, source: Strategy, snapshot: &Arc<Snapshot>) -> Candidates {
        let ranking = match (source, &self.person, self.current) {
            (Strategy::ForYou, Some(person), _) => Ranking::new(self.personal(person, snapshot)),
            (Strategy::Similar, _, Some(current)) => self.similar(current, snapshot),
            (Strategy::Next, _, Some(current)) => self.next(current, snapshot),
            (Strategy::Popular, _, _) => Ranking::new(Arc::new(self.popular(snapshot))),
            (Strategy::Explore, person, _) => {
                let scores = match person {
                    Some(person) if !self.controls.steers() => Scores::Of(Arc::clone(person)),
                    Some(person) => Scores::All(self.personal(person, snapshot)),
                    None => Scores::All(Arc::new(self.popular(snapshot))),
                };
                let draw = Draw::new(self.remembered, self.now, snapshot.model());
                return Box::new(explore(scores, &self.watched_channels, draw, snapshot));
            }
            _ => Ranking::default(),
        };
        Box::new(ranking)
    }

    /// What chance adds to the candidates of `source`, where that is a personal list.
    pub fn by_chance(&self, source: Strategy, snapshot: &Arc<Snapshot>) -> Option<ByChance> {
        let person = self.person.as_ref().filter(|_| source == Strategy::ForYou)?;
        let draw = Draw::new(self.remembered, self.now, snapshot.model());
        (self.strategy == Strategy::ForYou).then(|| ByChance::new(snapshot, person, &self.controls, draw))
    }

    fn steer(&self, scores: &mut [f32], history: &History, snapshot: &Snapshot) {
        steer(scores, &self.controls, history, snapshot, self.now);
    }

    fn personal(&self, person: &Person, snapshot: &Snapshot) -> Arc<Vec<f32>> {
        let mut scores = Arc::clone(person.scores());
        if self.controls.steers() {
            let steered: &mut Vec<f32> = Arc::make_mut(&mut scores);
            self.steer(steered, &person.history, snapshot);
        }
        scores
    }

    fn popular(&self, snapshot: &Snapshot) -> Vec<f32> {
        let mut scores = snapshot.popularity().to_vec();
        // Asked for what is popular, nothing is pushed.
        if self.strategy != Strategy::Popular {
            self.steer(&mut scores, &History::default(), snapshot);
        }
        scores
    }

    /// How similar every other item is.
    fn resemblance(&self, current: u32, snapshot: &Arc<Snapshot>) -> Resemblance {
        let mut resemblance = if self.controls.content_only() {
            Resemblance::exact(similar_content(snapshot, current))
        } else {
            Resemblance::to(current, snapshot)
        };
        resemblance.leave_out(current);
        resemblance
    }

    fn similar(&self, current: u32, snapshot: &Arc<Snapshot>) -> Ranking {
        self.by_resemblance(self.resemblance(current, snapshot), snapshot)
    }

    /// Where it is not known what was played, only videos older than the current one: so what follows goes back in time and
    /// never in a circle; but the next part of a series may follow, see [`super::series`].
    fn next(&self, current: u32, snapshot: &Arc<Snapshot>) -> Ranking {
        let mut resemblance = self.resemblance(current, snapshot);
        if !self.knows_played {
            leave_out_younger(&mut resemblance, current, snapshot);
        }
        let Some(person) = &self.person else {
            return self.by_resemblance(resemblance, snapshot);
        };
        let own = |items: &[u32]| snapshot.recommender().scores_among(person.profile(), items);
        let blended = blend(&resemblance, own);
        if !self.controls.steers() {
            return Ranking::beginning_with(blended, Vec::new);
        }
        let mut scores = vec![LEFT_OUT; snapshot.videos().len()];
        for scored in blended {
            if let Some(score) = scores.get_mut(scored.item as usize) {
                *score = scored.score;
            }
        }
        self.steer(&mut scores, &person.history, snapshot);
        Ranking::new(Arc::new(scores))
    }

    fn by_resemblance(&self, resemblance: Resemblance, snapshot: &Snapshot) -> Ranking {
        if !self.controls.steers() {
            return resemblance.ranking();
        }
        let mut scores = resemblance.of_all();
        leave_out_strangers(&mut scores);
        self.steer(&mut scores, &History::default(), snapshot);
        Ranking::new(Arc::new(scores))
    }
}

fn leave_out_younger(resemblance: &mut Resemblance, current: u32, snapshot: &Snapshot) {
    // All parts of a series are as old as its first one: the series leads forward by itself, and then back to before its beginning.
    let age = |(item, video): (u32, &CatalogueVideo)| match snapshot.series().of(item) {
        Some((series, beginning)) => (beginning, 0, i64::from(series)),
        None => (video.published_at.timestamp(), 1, i64::from(video.id.0)),
    };
    if let Some(before) = snapshot.video(current).map(|video| age((current, video))) {
        resemblance.keep((0u32..).zip(snapshot.videos()).map(|video| age(video) < before));
    }
}

/// How similar every item is to `item` by public metadata alone: cosine in the content basis.
fn similar_content(snapshot: &Snapshot, item: u32) -> Vec<f32> {
    let mut similarity = vec![0f32; snapshot.videos().len()];
    let content = &snapshot.recommender().components().content;
    content.add_cosines(item, 1.0, &mut similarity);
    similarity
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{rules, snapshot, watched};
    use super::*;

    fn wish(strategy: Strategy, current: Option<u32>) -> Wish {
        Wish {
            strategy,
            person: None,
            controls: Arc::default(),
            current,
            remembered: None,
            knows_played: false,
            watched_channels: Arc::default(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn items(wish: &Wish, source: Strategy) -> Vec<u32> {
        wish.rank(source, &Arc::new(snapshot()))
            .map(|scored| scored.item)
            .collect()
    }

    #[test]
    fn without_a_memory_what_is_next_is_older() {
        for current in 0..4 {
            let next = items(&wish(Strategy::Next, Some(current)), Strategy::Next);
            assert!(next.iter().all(|item| *item < current), "{current}: {next:?}");
        }
        // The third shares a tag with the first.
        assert_eq!(items(&wish(Strategy::Next, Some(2)), Strategy::Next)[0], 0);
        let knowing = Wish {
            knows_played: true,
            ..wish(Strategy::Next, Some(0))
        };
        assert!(items(&knowing, Strategy::Next).contains(&2));
    }

    #[test]
    fn sources_that_need_something_missing_have_nothing() {
        let nothing = wish(Strategy::ForYou, None);
        for source in [
            Strategy::ForYou,
            Strategy::Similar,
            Strategy::Next,
            Strategy::Recent,
            Strategy::Subscriptions,
        ] {
            assert!(items(&nothing, source).is_empty(), "{source}");
        }
        assert_eq!(items(&nothing, Strategy::Popular).len(), 4);
    }

    #[test]
    fn a_person_has_the_models_scores() {
        let snapshot = Arc::new(snapshot());
        let history = History::new(&[watched(1)], &snapshot, &rules(), DateTime::UNIX_EPOCH, 10);
        let person = Person::new(history, None, snapshot, DateTime::UNIX_EPOCH);
        assert_eq!(person.scores().len(), 4);
        let personal = Wish {
            person: Some(Arc::new(person)),
            ..wish(Strategy::ForYou, None)
        };
        assert_eq!(items(&personal, Strategy::ForYou).len(), 4);
    }
}
