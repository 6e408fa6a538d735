//! How similar the videos are to the current one: of very many, only those that probably resemble it most are compared in full.
//!
//! What stays out: how two videos are compared ([`crate::model::similarity`]), and what the caller likes.

use std::sync::Arc;

use super::ranking::{LEFT_OUT, Ranking, Scored};
use super::snapshot::Snapshot;
use crate::model::selection::{reached_by_about, reaching};

/// So many times as many as are wanted are compared in full, where a guess says which ones: it may be wrong about a place, but hardly
/// by so much.
const COMPARED: usize = 2;
/// How many of the most similar a list begins with; nearly none looks at more.
const BEST: usize = 1_000;

/// How similar every item is to one of them. What is left out is not finite.
pub struct Resemblance {
    guesses: Vec<f32>,
    /// Says in full what the guesses guess; `None` where they are no guesses.
    current: Option<(u32, Arc<Snapshot>)>,
}

impl Resemblance {
    /// As the similarities say.
    pub fn exact(similarities: Vec<f32>) -> Self {
        Self {
            guesses: similarities,
            current: None,
        }
    }

    /// To the item `current`.
    pub fn to(current: u32, snapshot: &Arc<Snapshot>) -> Self {
        let recommender = snapshot.recommender();
        match recommender.probably_similar(current) {
            Some(guesses) => Self {
                guesses,
                current: Some((current, Arc::clone(snapshot))),
            },
            None => Self::exact(recommender.similar(current)),
        }
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.guesses.len()
    }

    /// Leaves out an item.
    pub fn leave_out(&mut self, item: u32) {
        if let Some(guess) = self.guesses.get_mut(item as usize) {
            *guess = LEFT_OUT;
        }
    }

    /// Leaves out the items that are not `kept`, which has one entry for each.
    pub fn keep(&mut self, kept: impl Iterator<Item = bool>) {
        for (guess, kept) in self.guesses.iter_mut().zip(kept) {
            *guess = if kept { *guess } else { LEFT_OUT };
        }
    }

    /// About how similar some items are, in their order; not finite for those left out or out of range.
    pub fn about(&self, items: &[u32]) -> Vec<f32> {
        let guess = |item: &u32| self.guesses.get(*item as usize).copied().unwrap_or(LEFT_OUT);
        items.iter().map(guess).collect()
    }

    /// The same, not only about.
    fn among(&self, items: &[u32]) -> Vec<f32> {
        match &self.current {
            Some((current, snapshot)) => snapshot.recommender().similar_among(*current, items),
            None => self.about(items),
        }
    }

    /// About the `count` most similar items, or all where there are not clearly more, in no order. What has nothing in common with
    /// the current video is never among them.
    pub fn nearest(&self, count: usize) -> Vec<Scored> {
        let bound = match self.current {
            Some(_) => reached_by_about(&self.guesses, COMPARED * count),
            None => reached_by_about(&self.guesses, count).max(f32::MIN_POSITIVE),
        };
        let items = reaching(&self.guesses, bound);
        let similarities = self.among(&items);
        let mut nearest: Vec<Scored> = (items.into_iter().zip(similarities))
            .map(|(item, score)| Scored { item, score })
            .filter(|scored| scored.score.is_finite() && scored.score > 0.0)
            .collect();
        if self.current.is_some() && nearest.len() > count {
            nearest.select_nth_unstable_by(count, |one, other| other.cmp(one));
            nearest.truncate(count);
        }
        nearest
    }

    /// How similar every item is; not finite for those left out.
    pub fn of_all(self) -> Vec<f32> {
        let Some((current, snapshot)) = self.current else {
            return self.guesses;
        };
        let mut similarities = snapshot.recommender().similar(current);
        for (similarity, guess) in similarities.iter_mut().zip(&self.guesses) {
            *similarity = if guess.is_finite() { *similarity } else { LEFT_OUT };
        }
        similarities
    }

    /// The items from the most to the least similar, without those that have nothing in common with the current video.
    pub fn ranking(self) -> Ranking {
        if self.current.is_none() {
            let mut similarities = self.guesses;
            leave_out_strangers(&mut similarities);
            return Ranking::new(Arc::new(similarities));
        }
        let best = self.nearest(BEST);
        let mut first: Vec<u32> = best.iter().map(|scored| scored.item).collect();
        first.sort_unstable();
        let rest = move || {
            let scored = (0u32..).zip(self.of_all()).map(|(item, score)| Scored { item, score });
            scored
                .filter(|scored| scored.score > 0.0 && first.binary_search(&scored.item).is_err())
                .collect()
        };
        Ranking::beginning_with(best, rest)
    }
}

/// Leaves out what has nothing in common with the current video: that is no answer to the question.
pub fn leave_out_strangers(similarities: &mut [f32]) {
    for similarity in similarities {
        *similarity = if *similarity > 0.0 { *similarity } else { LEFT_OUT };
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::many;
    use super::*;
    use crate::model::similarity::SKETCHED;

    fn items(ranking: Ranking) -> Vec<u32> {
        ranking.map(|scored| scored.item).collect()
    }

    /// The best come first as if all had been compared, and none is lost or comes twice.
    #[test]
    fn a_guess_changes_neither_the_best_nor_what_is_in_the_list() {
        let snapshot = Arc::new(many(SKETCHED as i32 + 500, |id, video| {
            video.tags = [7, 61, 997].map(|kinds| format!("tag{}of{kinds}", id % kinds)).to_vec();
        }));
        for current in [0, 4_321, 20_499] {
            let resemblance = || {
                let mut resemblance = Resemblance::to(current, &snapshot);
                resemblance.leave_out(current);
                resemblance.keep((0..snapshot.videos().len()).map(|item| item % 5 != 3));
                resemblance
            };
            assert!(resemblance().current.is_some(), "else the test says nothing");
            let exact = items(Resemblance::exact(resemblance().of_all()).ranking());
            let guessed = items(resemblance().ranking());
            assert_eq!(guessed[..20], exact[..20]);
            let sorted = |items: &[u32]| {
                let mut items = items.to_vec();
                items.sort_unstable();
                items
            };
            assert_eq!(sorted(&guessed), sorted(&exact));
            assert!(!guessed.contains(&current) && guessed.iter().all(|item| item % 5 != 3));
            assert_eq!(resemblance().nearest(BEST).len(), BEST);
        }
    }
}
