//! What becomes of a payload while it is read: either everything is kept, or only what a summary needs.

use sha2::Sha256;

use crate::model::evidence::BasisId;
use crate::model::support::Support;
use crate::privacy::plausibility::Plausibility;
use crate::privacy::{BudgetShares, NoiseStatement};

/// What stands before the lists.
#[derive(Clone, Copy)]
pub(in crate::privacy) struct Header {
    pub basis: BasisId,
    pub dimensions: u16,
    pub shares: BudgetShares,
    pub step: f64,
    pub noise: NoiseStatement,
}

/// The two lists of a payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::privacy) enum List {
    Videos,
    Channels,
}

/// Takes what is read, in the order of the payload.
pub(super) trait Sink {
    fn header(&mut self, header: &Header);
    /// So many addresses follow.
    fn count(&mut self, list: List, count: usize);
    fn address(&mut self, list: List, address: &str);
    fn contributors(&mut self, value: i64);
    /// The packed lower triangle.
    fn gram(&mut self, values: Vec<i64>);
    /// So many rows follow.
    fn rows(&mut self, list: List, rows: usize, dimensions: usize);
    fn row(&mut self, list: List, row: &[i64]);
}

/// Keeps everything.
#[derive(Default)]
pub(super) struct Lists {
    pub videos: Vec<String>,
    pub channels: Vec<String>,
    pub contributors: i64,
    pub gram: Vec<i64>,
    pub video_sums: Vec<i64>,
    pub channel_sums: Vec<i64>,
}

impl Lists {
    fn addresses(&mut self, list: List) -> &mut Vec<String> {
        match list {
            List::Videos => &mut self.videos,
            List::Channels => &mut self.channels,
        }
    }

    fn sums(&mut self, list: List) -> &mut Vec<i64> {
        match list {
            List::Videos => &mut self.video_sums,
            List::Channels => &mut self.channel_sums,
        }
    }
}

impl Sink for Lists {
    fn header(&mut self, _: &Header) {}

    fn count(&mut self, list: List, count: usize) {
        self.addresses(list).reserve_exact(count);
    }

    fn address(&mut self, list: List, address: &str) {
        self.addresses(list).push(address.to_owned());
    }

    fn contributors(&mut self, value: i64) {
        self.contributors = value;
    }

    fn gram(&mut self, values: Vec<i64>) {
        self.gram = values;
    }

    fn rows(&mut self, list: List, rows: usize, dimensions: usize) {
        self.sums(list).reserve_exact(rows * dimensions);
    }

    fn row(&mut self, list: List, row: &[i64]) {
        self.sums(list).extend_from_slice(row);
    }
}

/// Keeps nothing but what a summary needs.
#[derive(Default)]
pub(super) struct Inspection {
    /// Videos and channels.
    pub counts: [u32; 2],
    /// Of the lists, see [`Support::digest`].
    pub digest: Sha256,
    /// Once the header was read.
    pub plausibility: Option<Plausibility>,
}

impl Sink for Inspection {
    fn header(&mut self, header: &Header) {
        self.plausibility = Some(Plausibility::new(header));
    }

    fn count(&mut self, list: List, count: usize) {
        self.counts[usize::from(list == List::Channels)] = count as u32;
        Support::digest_count(&mut self.digest, count);
    }

    fn address(&mut self, _: List, address: &str) {
        Support::digest_address(&mut self.digest, address);
    }

    fn contributors(&mut self, value: i64) {
        if let Some(plausibility) = &mut self.plausibility {
            plausibility.contributors(value);
        }
    }

    fn gram(&mut self, values: Vec<i64>) {
        if let Some(plausibility) = &mut self.plausibility {
            plausibility.gram(&values);
        }
    }

    fn rows(&mut self, list: List, rows: usize, _: usize) {
        if let Some(plausibility) = &mut self.plausibility {
            plausibility.rows(list, rows);
        }
    }

    fn row(&mut self, list: List, row: &[i64]) {
        if let Some(plausibility) = &mut self.plausibility {
            plausibility.row(list, row);
        }
    }
}
