//! From watching and rating to one preference value in \[-1, 1\].

/// How much of an item a user took, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Watched {
    /// Share of the duration, from 0 to 1.
    Share(f32),
    /// It was watched, but the share has no meaning: a live, or a video without duration.
    UnknownShare,
}

impl Watched {
    /// From the last position and the duration in seconds. Positions outside the duration are clamped.
    pub fn from_position(seconds: i32, duration: i32, is_live: bool) -> Self {
        if is_live || duration <= 0 {
            Self::UnknownShare
        } else {
            Self::Share((seconds.max(0) as f32 / duration as f32).min(1.0))
        }
    }
}

/// An explicit judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    /// Thumbs up.
    Like,
    /// Thumbs down.
    Dislike,
}

/// The rules; see the configuration table `[preferences]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreferenceRules {
    /// Days after which a value counts half; 0 switches decay off.
    pub half_life_days: f64,
    /// Share below which a watch hardly counts.
    pub minimum_share: f32,
    /// Value of a watch of unknown share.
    pub unknown_share_value: f32,
    /// Value of a like, from 0 to 1.
    pub like_value: f32,
    /// Value of a dislike, from -1 to 0.
    pub dislike_value: f32,
}

impl PreferenceRules {
    /// The value of what one user did with one video; 0 when nothing was done.
    ///
    /// A share counts linearly; below the minimum it counts a tenth of that, because PeerTube keeps the *last* position,
    /// so a small share is weak evidence in either direction. A rating overrules a share of the same sign that is
    /// weaker, and a dislike overrules any share. `age_days` is the age of the newest of the signals.
    pub fn value(&self, watched: Option<Watched>, rating: Option<Rating>, age_days: f64) -> f32 {
        let from_watching = match watched {
            None => 0.0,
            Some(Watched::UnknownShare) => self.unknown_share_value,
            Some(Watched::Share(share)) if share.is_nan() => 0.0,
            Some(Watched::Share(share)) if share < self.minimum_share => 0.1 * share.max(0.0),
            Some(Watched::Share(share)) => share.min(1.0),
        };
        let value = match rating {
            None => from_watching,
            Some(Rating::Like) => from_watching.max(self.like_value),
            Some(Rating::Dislike) => self.dislike_value,
        };
        (value * self.decay(age_days)).clamp(-1.0, 1.0)
    }

    fn decay(&self, age_days: f64) -> f32 {
        if self.half_life_days <= 0.0 || age_days.is_nan() {
            1.0
        } else {
            0.5f64.powf(age_days.max(0.0) / self.half_life_days) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: PreferenceRules = PreferenceRules {
        half_life_days: 100.0,
        minimum_share: 0.1,
        unknown_share_value: 0.5,
        like_value: 1.0,
        dislike_value: -1.0,
    };

    #[test]
    fn shares_ratings_and_age_count_as_documented() {
        let share = |s| Some(Watched::Share(s));
        assert!((RULES.value(share(0.8), None, 0.0) - 0.8).abs() < 1e-6);
        assert!((RULES.value(share(0.8), None, 100.0) - 0.4).abs() < 1e-6);
        assert!(RULES.value(share(0.05), None, 0.0) < 0.01);
        assert!((RULES.value(share(0.2), Some(Rating::Like), 0.0) - 1.0).abs() < 1e-6);
        assert!((RULES.value(share(1.0), Some(Rating::Dislike), 0.0) + 1.0).abs() < 1e-6);
        assert!((RULES.value(Some(Watched::UnknownShare), None, 0.0) - 0.5).abs() < 1e-6);
        assert!(RULES.value(None, None, 0.0).abs() < 1e-6);
    }

    #[test]
    fn lives_and_missing_durations_have_no_share() {
        assert_eq!(Watched::from_position(10, 0, false), Watched::UnknownShare);
        assert_eq!(Watched::from_position(10, 100, true), Watched::UnknownShare);
        assert_eq!(Watched::from_position(300, 100, false), Watched::Share(1.0));
        assert_eq!(Watched::from_position(-5, 100, false), Watched::Share(0.0));
    }

    proptest! {
        #[test]
        fn values_stay_in_range(share in proptest::num::f32::ANY, age in proptest::num::f64::ANY, like: bool) {
            let rating = like.then_some(Rating::Like);
            let value = RULES.value(Some(Watched::Share(share)), rating, age);
            prop_assert!((-1.0..=1.0).contains(&value));
        }
    }
}
