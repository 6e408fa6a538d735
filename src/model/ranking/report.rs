//! What learning the second stage found, feature by feature.

use serde::Serialize;

use super::super::paired::PairedDifference;
use super::features::Feature;

/// Whether the second stage is used, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It ranks better than the factor score alone.
    Used,
    /// It does not, or not by so much that it could not be chance. The factor score ranks.
    NotBetter,
    /// There is too little history to find out. The factor score ranks.
    #[default]
    TooLittleHistory,
}

/// A difference of mean NDCG@20 on the validation users.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Gain {
    /// The mean difference.
    pub ndcg_20: f64,
    /// Its standard error, from the paired differences of the users.
    pub standard_error: f64,
}

impl From<PairedDifference> for Gain {
    fn from(difference: PairedDifference) -> Self {
        Self {
            ndcg_20: difference.mean,
            standard_error: difference.standard_error,
        }
    }
}

/// What one feature does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureReport {
    /// The feature.
    pub feature: Feature,
    /// Its weight, for one standard deviation over the candidates.
    pub weight: f64,
    /// What it adds to the factor score when nothing else does; nothing for the factor score itself.
    pub alone: Gain,
    /// What the whole second stage has more than one learned without it.
    pub left_out: Gain,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RankingReport {
    /// Whether it is used.
    pub verdict: Verdict,
    /// Users from whose watches between the two moments it was learned.
    pub training_users: usize,
    /// Users on whose watches after the second moment it was measured.
    pub validation_users: usize,
    /// NDCG@20 of the factor score there.
    pub factor_score_ndcg_20: f64,
    /// NDCG@20 of the second stage there.
    pub ranked_ndcg_20: f64,
    /// The difference.
    pub gain: Gain,
    /// Feature by feature; empty with too little history.
    pub features: Vec<FeatureReport>,
}

impl RankingReport {
    /// Whether the second stage is used.
    pub fn is_used(&self) -> bool {
        self.verdict == Verdict::Used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_a_paired_difference() {
        let difference = PairedDifference::new(&[0.5, 0.4, 0.9], &[0.4, 0.1, 0.7]);
        let gain = Gain::from(difference);
        assert!((gain.ndcg_20 - 0.2).abs() < 1e-12);
        assert!((gain.standard_error - (0.01f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Gain::from(PairedDifference::new(&[], &[])), Gain::default());
    }

    #[test]
    fn names_in_json_are_words_with_hyphens() {
        assert_eq!(
            serde_json::to_value(Verdict::TooLittleHistory).unwrap(),
            "too-little-history"
        );
        for feature in Feature::ALL {
            let name = serde_json::to_value(feature).unwrap();
            assert_eq!(name.as_str().unwrap().replace('-', " "), feature.name());
        }
    }
}
