//! What a simulation reports: mean metrics, overall and by size of the instance.

use super::Protocol;
use crate::evaluation::exposure::Exposure;

/// Methods that are compared.
pub const METHODS: usize = 6;
const BUCKETS: [(usize, Option<usize>); 6] = [
    (1, Some(1)),
    (2, Some(10)),
    (11, Some(30)),
    (31, Some(100)),
    (101, Some(300)),
    (301, None),
];

/// Metrics of one method, for one user or as means over users. Which of them are there depends on the protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Quality {
    /// NDCG@20, when items are held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ndcg_20: Option<f64>,
    /// NDCG@100, when users are held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ndcg_100: Option<f64>,
    /// Recall@20.
    pub recall_20: f64,
    /// Recall@50, when users are held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_50: Option<f64>,
}

impl Quality {
    /// The metrics of `protocol`, each computed for its cutoff.
    pub fn new(protocol: Protocol, ndcg: impl Fn(usize) -> f64, recall: impl Fn(usize) -> f64) -> Self {
        match protocol {
            Protocol::HeldOutItems => Self {
                ndcg_20: Some(ndcg(20)),
                recall_20: recall(20),
                ..Self::default()
            },
            Protocol::Strong { .. } => Self {
                ndcg_100: Some(ndcg(100)),
                recall_20: recall(20),
                recall_50: Some(recall(50)),
                ..Self::default()
            },
        }
    }

    /// The cut-off of the NDCG of the protocol.
    pub fn cutoff(&self) -> usize {
        if self.ndcg_100.is_some() { 100 } else { 20 }
    }

    /// The NDCG of the protocol.
    pub fn ndcg(&self) -> f64 {
        self.ndcg_20.or(self.ndcg_100).unwrap_or(0.0)
    }

    fn mean(rows: &[&[Self; METHODS]], method: usize) -> Self {
        let all = || rows.iter().map(|row| &row[method]);
        let count = all().count().max(1) as f64;
        let optional = |of: fn(&Self) -> Option<f64>| {
            let sum = all().try_fold(0.0, |sum, quality| Some(sum + of(quality)?));
            sum.map(|sum| sum / count)
        };
        Self {
            ndcg_20: optional(|quality| quality.ndcg_20),
            ndcg_100: optional(|quality| quality.ndcg_100),
            recall_20: all().map(|quality| quality.recall_20).sum::<f64>() / count,
            recall_50: optional(|quality| quality.recall_50),
        }
    }
}

/// Mean metrics of all methods over some users.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Row {
    /// Smallest instance in the bucket.
    pub min_users: usize,
    /// Largest instance in the bucket; `None` when unbounded.
    pub max_users: Option<usize>,
    /// Instances.
    pub instances: usize,
    /// Evaluated users.
    pub users: usize,
    /// Public popularity.
    pub popularity: Quality,
    /// Content, channel and popularity, without any learning.
    pub content: Quality,
    /// Factors from the watches of the own instance and nothing else.
    pub own: Quality,
    /// Factors from what all instances released, without anything of the own instance.
    pub federated: Quality,
    /// The blend that would be served.
    pub combined: Quality,
    /// All users in one place.
    pub pooled: Quality,
}

impl Row {
    /// The sizes of its instances in words.
    pub fn sizes(&self) -> String {
        match self.max_users {
            Some(most) if most == self.min_users => most.to_string(),
            Some(most) => format!("{}-{most}", self.min_users),
            None => format!("{} and more", self.min_users),
        }
    }
}

/// The Gini index of how often each item is among the first 20 of the lists of all evaluated users, for each method; see
/// [`crate::evaluation::exposure`]. `None` when nobody was evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct ExposureGini {
    /// Of [`Row::popularity`].
    pub popularity: Option<f64>,
    /// Of [`Row::content`].
    pub content: Option<f64>,
    /// Of [`Row::own`].
    pub own: Option<f64>,
    /// Of [`Row::federated`].
    pub federated: Option<f64>,
    /// Of [`Row::combined`].
    pub combined: Option<f64>,
    /// Of [`Row::pooled`].
    pub pooled: Option<f64>,
}

/// The report of a simulation.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// Over all users.
    pub overall: Row,
    /// By size of the instance.
    pub buckets: Vec<Row>,
    /// How unevenly each method shows the catalogue.
    pub exposure_gini: ExposureGini,
    /// Instances whose blend is worse than their own factors alone.
    pub worse_than_alone: usize,
    /// Share of the NDCG between own-only and all users in one place that the blend gains; `None` when there is no gap.
    pub gap_closed: Option<f64>,
    /// The same for users of instances of at most 30 users.
    pub gap_closed_small: Option<f64>,
    /// Bytes of all payloads.
    pub bytes: usize,
}

/// Puts together what was measured: for each instance its evaluated users and its size, and what each method showed.
pub fn report(evaluated: &[Vec<[Quality; METHODS]>], exposures: &[Exposure], sizes: &[usize], bytes: usize) -> Report {
    let row = |min_users: usize, max_users: Option<usize>| {
        let inside = |users: usize| users >= min_users && max_users.is_none_or(|max| users <= max);
        let chosen: Vec<usize> = (0..sizes.len()).filter(|&i| inside(sizes[i])).collect();
        let rows: Vec<&[Quality; METHODS]> = chosen.iter().flat_map(|&i| &evaluated[i]).collect();
        let mean = |method: usize| Quality::mean(&rows, method);
        Row {
            min_users,
            max_users,
            instances: chosen.len(),
            users: rows.len(),
            popularity: mean(0),
            content: mean(1),
            own: mean(2),
            federated: mean(3),
            combined: mean(4),
            pooled: mean(5),
        }
    };
    let total =
        |users: &Vec<[Quality; METHODS]>, method: usize| users.iter().map(|row| row[method].ndcg()).sum::<f64>();
    let worse = evaluated
        .iter()
        .filter(|users| total(users, 4) < total(users, 2))
        .count();
    let overall = row(1, None);
    let gini = |method: usize| exposures.get(method).and_then(Exposure::gini);
    Report {
        gap_closed: gap_closed(&overall),
        gap_closed_small: gap_closed(&row(1, Some(30))),
        overall,
        buckets: BUCKETS.iter().map(|&(min, max)| row(min, max)).collect(),
        exposure_gini: ExposureGini {
            popularity: gini(0),
            content: gini(1),
            own: gini(2),
            federated: gini(3),
            combined: gini(4),
            pooled: gini(5),
        },
        worse_than_alone: worse,
        bytes,
    }
}

fn gap_closed(row: &Row) -> Option<f64> {
    let gap = row.pooled.ndcg() - row.own.ndcg();
    (gap > 0.0).then(|| (row.combined.ndcg() - row.own.ndcg()) / gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_one_way() {
        let report = report(&[], &[], &[], 0);
        let sizes: Vec<String> = report.buckets.iter().map(Row::sizes).collect();
        assert_eq!(sizes, ["1", "2-10", "11-30", "31-100", "101-300", "301 and more"]);
    }
}
