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

use super::controls::Controls;
use super::explore::{Draw, explore};
use super::ranking::{Ranking, Scored};
use super::request::Strategy;
use super::second_stage::channel_ties;
use super::signals::History;
use super::snapshot::Snapshot;
use super::steering::steer;
use crate::model::recommender::Profile;
use crate::peertube::{ChannelId, Tie, UserId};

/// How much similarity to the current video counts in [`Strategy::Next`]; the rest is the caller's own score.
pub const NEXT_SIMILARITY: f32 = 0.7;

/// The caller as the model sees them.
pub struct Person {
    /// Their history.
    pub history: History,
    ties: Option<Vec<Tie>>,
    snapshot: Arc<Snapshot>,
    now: DateTime<Utc>,
    folded: OnceLock<Folded>,
}

/// A history folded into the model.
pub struct Folded {
    /// The history as the model's factors.
    pub profile: Profile,
    /// The score of every item, before anything is pushed. Where the second stage ranks, it has put the best ones in
    /// order.
    pub scores: Arc<Vec<f32>>,
    /// Channels that the caller follows, where that moved videos up.
    pub followed: HashSet<ChannelId>,
}

impl Person {
    /// The second stage ranks for those whose `ties` are given.
    pub fn new(history: History, ties: Option<Vec<Tie>>, snapshot: Arc<Snapshot>, now: DateTime<Utc>) -> Self {
        Self {
            history,
            ties,
            snapshot,
            now,
            folded: OnceLock::new(),
        }
    }

    /// The history folded in, which is done when it is first asked for: it takes milliseconds.
    pub fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| self.fold())
    }

    fn fold(&self) -> Folded {
        let Self {
            history,
            ties,
            snapshot,
            now,
            ..
        } = self;
        let recommender = snapshot.recommender();
        let profile = recommender.profile(&history.preferences);
        let mut scores = recommender.scores(&profile);
        let mut followed = HashSet::new();
        if let (Some(second), Some(ties)) = (snapshot.second_stage(), ties) {
            let channel_ties = channel_ties(ties, snapshot.channels());
            second.rerank(
                recommender,
                &profile,
                &history.preferences,
                &channel_ties,
                *now,
                &mut scores,
            );
            if second.favours_subscriptions() {
                let subscriptions = ties.iter().filter(|tie| tie.subscribed);
                followed.extend(subscriptions.map(|tie| tie.channel));
            }
        }
        Folded {
            profile,
            scores: Arc::new(scores),
            followed,
        }
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
    /// The channels of everything that the caller watched or rated, where that may be known.
    pub watched_channels: Arc<HashSet<ChannelId>>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Candidates in their order. Most lists end long before all are put in order, so that is done one by one.
pub type Candidates = Box<dyn Iterator<Item = Scored> + Send>;

impl Wish {
    /// The candidates of `source`, best first. Sources that need no model have none.
    pub fn rank(&self, source: Strategy, snapshot: &Snapshot) -> Candidates {
        let ranking = match (source, &self.person, self.current) {
            (Strategy::ForYou, Some(person), _) => Ranking::new(self.personal(person, snapshot)),
            (Strategy::Similar, _, Some(current)) => self.similar(current, snapshot),
            (Strategy::Next, _, Some(current)) => self.next(current, snapshot),
            (Strategy::Popular, _, _) => Ranking::new(Arc::new(self.popular(snapshot))),
            (Strategy::Explore, person, _) => {
                let scores = match person {
                    Some(person) => self.personal(person, snapshot),
                    None => Arc::new(self.popular(snapshot)),
                };
                let draw = Draw::new(self.remembered, self.now, snapshot.model());
                return Box::new(explore(&scores, &self.watched_channels, draw, snapshot));
            }
            _ => Ranking::default(),
        };
        Box::new(ranking)
    }

    fn steer(&self, scores: &mut [f32], history: &History, snapshot: &Snapshot) {
        steer(scores, &self.controls, history, snapshot, self.now);
    }

    fn personal(&self, person: &Person, snapshot: &Snapshot) -> Arc<Vec<f32>> {
        let mut scores = Arc::clone(&person.folded().scores);
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

    fn similarity(&self, current: u32, snapshot: &Snapshot) -> Vec<f32> {
        if self.controls.content_only() {
            similar_content(snapshot, current)
        } else {
            snapshot.recommender().similar(current)
        }
    }

    fn similar(&self, current: u32, snapshot: &Snapshot) -> Ranking {
        let mut scores = self.similarity(current, snapshot);
        leave_out_strangers(&mut scores);
        self.steer(&mut scores, &History::default(), snapshot);
        Ranking::new(Arc::new(scores))
    }

    /// Without a memory of what was played, only videos older than the current one: so what follows goes back in time and
    /// never in a circle.
    fn next(&self, current: u32, snapshot: &Snapshot) -> Ranking {
        let mut scores = self.similarity(current, snapshot);
        let similar = Unit::new(&scores, current);
        leave_out_strangers(&mut scores);
        let nothing = History::default();
        let history = match &self.person {
            Some(person) => {
                let personal = &person.folded().scores;
                blend(&mut scores, &similar, personal, &Unit::new(personal, current));
                &person.history
            }
            None => &nothing,
        };
        self.steer(&mut scores, history, snapshot);
        let age = |item| snapshot.video(item).map(|video| (video.published_at, video.id));
        if let Some(before) = self.remembered.is_none().then(|| age(current)).flatten() {
            for (item, score) in (0u32..).zip(&mut scores) {
                if age(item).is_none_or(|age| age >= before) {
                    *score = LEFT_OUT;
                }
            }
        }
        Ranking::new(Arc::new(scores))
    }
}

/// The score of an item that is none of the ranking.
const LEFT_OUT: f32 = f32::NAN;

/// Leaves out what has nothing in common with the current video: that is no answer to the question.
fn leave_out_strangers(similarity: &mut [f32]) {
    for similarity in similarity {
        *similarity = if *similarity > 0.0 { *similarity } else { LEFT_OUT };
    }
}

/// Turns similarities into their blend with personal scores, each in its unit.
fn blend(similarity: &mut [f32], similar: &Unit, personal: &[f32], own: &Unit) {
    for (similarity, personal) in similarity.iter_mut().zip(personal) {
        *similarity = NEXT_SIMILARITY * similar.of(*similarity) + (1.0 - NEXT_SIMILARITY) * own.of(*personal);
    }
}

/// Maps the range of some scores to 0 to 1.
struct Unit {
    least: f32,
    /// The range; infinite where all scores are alike.
    span: f32,
}

impl Unit {
    /// For all `scores` that are finite, but the one at the place `without`.
    fn new(scores: &[f32], without: u32) -> Self {
        let without = (without as usize).min(scores.len());
        let (before, after) = scores.split_at(without);
        let [(low, high), (lower, higher)] = [before, after.get(1..).unwrap_or_default()].map(range);
        let least = low.min(lower);
        let span = high.max(higher) - least;
        Self {
            least,
            span: if span > 0.0 { span } else { f32::INFINITY },
        }
    }

    fn of(&self, score: f32) -> f32 {
        (score - self.least) / self.span
    }
}

/// The least and the largest of `scores`, in lanes that do not wait for each other; others than finite ones are passed over.
fn range(scores: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (blocks, rest) = scores.as_chunks::<LANES>();
    let mut take = |lane: usize, score: f32| {
        let finite = score.is_finite();
        low[lane] = low[lane].min(if finite { score } else { f32::INFINITY });
        high[lane] = high[lane].max(if finite { score } else { f32::NEG_INFINITY });
    };
    for block in blocks {
        for (lane, score) in block.iter().enumerate() {
            take(lane, *score);
        }
    }
    rest.iter().for_each(|score| take(0, *score));
    let least = low.into_iter().fold(f32::INFINITY, f32::min);
    (least, high.into_iter().fold(f32::NEG_INFINITY, f32::max))
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
            watched_channels: Arc::default(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn items(wish: &Wish, source: Strategy) -> Vec<u32> {
        wish.rank(source, &snapshot()).map(|scored| scored.item).collect()
    }

    #[test]
    fn without_a_memory_what_is_next_is_older() {
        for current in 0..4 {
            let next = items(&wish(Strategy::Next, Some(current)), Strategy::Next);
            assert!(next.iter().all(|item| *item < current), "{current}: {next:?}");
        }
        // The third shares a tag with the first.
        assert_eq!(items(&wish(Strategy::Next, Some(2)), Strategy::Next)[0], 0);
        let remembered = Wish {
            remembered: Some(UserId(1)),
            ..wish(Strategy::Next, Some(0))
        };
        assert!(items(&remembered, Strategy::Next).contains(&2));
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
    fn the_callers_own_score_weighs_in_what_is_next() {
        let similarity = [1.0, 0.5, 0.5, 0.1];
        let blended = |personal: &[f32]| {
            let mut scores = similarity;
            blend(
                &mut scores,
                &Unit::new(&similarity, 0),
                personal,
                &Unit::new(personal, 0),
            );
            scores
        };
        let scores = blended(&[9.0, -1.0, 1.0, 0.0]);
        assert!(scores[2] > scores[1] && scores[1] > scores[3], "{scores:?}");
        assert!(
            (scores[2] - 1.0).abs() < 1e-6,
            "best of all but the current one in both: {scores:?}"
        );
        // Alike for all: only similarity decides.
        let alike = blended(&[2.0; 4]);
        assert!(alike[1] > alike[3] && (alike[1] - alike[2]).abs() < 1e-6);
        // What is left out stays out.
        let mut stranger = [0.0, -0.5, 0.5];
        leave_out_strangers(&mut stranger);
        blend(
            &mut stranger,
            &Unit::new(&[0.0; 3], 0),
            &[1.0; 3],
            &Unit::new(&[1.0; 3], 0),
        );
        assert_eq!(stranger.map(f32::is_nan), [true, true, false]);
    }

    #[test]
    fn a_person_has_the_models_scores() {
        let snapshot = Arc::new(snapshot());
        let history = History::new(&[watched(1)], &snapshot, &rules(), DateTime::UNIX_EPOCH, 10);
        let person = Person::new(history, None, snapshot, DateTime::UNIX_EPOCH);
        assert_eq!(person.folded().scores.len(), 4);
        let personal = Wish {
            person: Some(Arc::new(person)),
            ..wish(Strategy::ForYou, None)
        };
        assert_eq!(items(&personal, Strategy::ForYou).len(), 4);
    }

    proptest::proptest! {
        #[test]
        fn a_unit_is_the_range_of_the_others(
            scores in proptest::collection::vec(proptest::num::f32::ANY, 0..80),
            without in 0u32..90,
        ) {
            let others = (0u32..).zip(&scores).filter(|(item, score)| *item != without && score.is_finite());
            let others: Vec<f32> = others.map(|(_, score)| *score).collect();
            let unit = Unit::new(&scores, without);
            let least = others.iter().copied().fold(f32::INFINITY, f32::min);
            let most = others.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let order = unit.least.partial_cmp(&least);
            proptest::prop_assert_eq!(order, Some(std::cmp::Ordering::Equal));
            if most - least > 0.0 && (most - least).is_finite() {
                for score in others {
                    proptest::prop_assert!((0.0..=1.0).contains(&unit.of(score)));
                }
                proptest::prop_assert!((unit.of(most) - 1.0).abs() < 1e-6 && unit.of(least).abs() < 1e-6);
            }
        }
    }
}
