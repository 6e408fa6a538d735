//! Whether the numbers of a release can be true: each is compared with what an honest release with the stated accounts,
//! shares and noise can contain.
//!
//! # What an honest release contains
//!
//! Each of `n` accounts adds `x x'` to the second moments, a row `w_j x` per video and `c_j x` per channel, with
//! `|x|, |w|, |c| <= 1` (see [`super::clipping`]). Hence, without noise,
//!
//! - the second moments have no negative eigenvalue, and their trace is at most `n`;
//! - the sums per video, as one long vector, have a length of at most `n`, and so has each row; the same for channels;
//! - in the basis of this version `x` begins with the constant `k` = [`EvidenceBasis::CONSTANT`], so the first second moment is
//!   `k^2 n`: the accounts are stated twice, with independent noise.
//!
//! # What noise adds
//!
//! The noise of a number is a discrete Gaussian, sub-Gaussian with the stated deviation `s` (Canonne, Kamath, Steinke 2020). A
//! vector of `m` of them is longer than `s (sqrt(m) + t)` with a probability of at most `exp(-t^2 / 2)` (Hsu, Kakade, Zhang
//! 2012, theorem 2.1, with `sqrt(m + 2 sqrt(m u) + 2 u) <= sqrt(m) + sqrt(2 u)`). Rounding to the published grid adds at most
//! half a step to each number. The noise of a symmetric matrix moves no eigenvalue by more than the length of its packed
//! triangle, in which off-diagonal entries carry a factor `sqrt 2`.
//!
//! With `t = 12` each comparison fails with a probability below 10^-31, and all of the at most 200,000 rows of an honest
//! release together with one below 10^-25. What is refused is therefore not honest, or follows other rules.
//!
//! A poisoned release that keeps within these bounds is not noticed here.

use super::accountant::release::STEPS_PER_UNIT;
use super::grid::unpacked;
use super::payload::{Header, List, refuse};
use super::release::MOST_CONTRIBUTORS;
use super::{EvidenceGrid, Noised, PrivacyError};
use crate::model::contribution::EvidenceBasis;
use crate::model::linear_algebra::eigen;

/// Standard deviations that the length of a noise vector may exceed its expectation.
const DEVIATIONS: f64 = 12.0;
/// By how much the drawn noise is above the stated one at most: its deviation is rounded up to whole steps of the finest grid.
const ROUNDED_UP: f64 = 1.0 + 1e-5;
/// By how much sums of accounts may be too long or too short: each account is rounded towards zero, and computed in `f64`.
const ROUNDED: f64 = 1e-5;

/// Judges the numbers of one release, which are handed over in the order of the payload.
pub(super) struct Plausibility {
    header: Header,
    stated: f64,
    most: f64,
    rows: [usize; 2],
    squares: [f64; 2],
    problem: Option<&'static str>,
}

impl Plausibility {
    /// Of a release with this header.
    pub fn new(header: &Header) -> Self {
        let finest = 1.0 / STEPS_PER_UNIT as f64;
        let coarse = header.step > finest && header.step > header.noise.noise_multiplier / 8.0 * ROUNDED_UP;
        Self {
            header: *header,
            stated: 0.0,
            most: 0.0,
            rows: [0; 2],
            squares: [0.0; 2],
            problem: coarse.then_some("its grid is too coarse for its noise"),
        }
    }

    fn demand(&mut self, holds: bool, problem: &'static str) {
        // What is not a number compares as false.
        if !holds && self.problem.is_none() {
            self.problem = Some(problem);
        }
    }

    /// Length that noise and rounding may give to a vector of `count` numbers of a part with this share.
    fn noise(&self, count: usize, share: f64) -> f64 {
        let root = (count as f64).sqrt();
        let deviation = self.header.noise.noise_multiplier * ROUNDED_UP;
        (deviation * (root + DEVIATIONS) + self.header.step / 2.0 * root) / share
    }

    /// The stated number of accounts, on the grid.
    pub fn contributors(&mut self, value: i64) {
        let share = self.header.shares.contributors;
        self.stated = value as f64 * self.header.step / share;
        let noise = self.noise(1, share);
        self.most = (self.stated + noise) * (1.0 + ROUNDED);
        let possible = self.most >= 0.0 && self.stated - noise <= MOST_CONTRIBUTORS as f64;
        self.demand(possible, "its number of accounts is impossible");
    }

    /// The packed lower triangle of the second moments, on the grid.
    pub fn gram(&mut self, values: &[i64]) {
        let d = usize::from(self.header.dimensions);
        let share = self.header.shares.gram;
        let full = unpacked(values, d, self.header.step / share);
        let trace: f64 = (0..d).map(|i| f64::from(full[i * d + i])).sum();
        let noise = (d as f64).sqrt() * self.noise(1, share) + d as f64 * self.header.step / share;
        self.demand(
            trace <= self.most + noise,
            "its second moments are too large for its accounts",
        );
        let least = eigen(&full, d).map(|(eigenvalues, _)| eigenvalues.into_iter().fold(f64::INFINITY, f64::min));
        let noise = self.noise(values.len(), share) + ROUNDED * self.most;
        self.demand(
            least.is_some_and(|least| least >= -noise),
            "its second moments are negative",
        );
        if self.header.basis == EvidenceBasis::new(d).id() {
            let constant = f64::from(EvidenceBasis::CONSTANT).powi(2);
            let noise = self.noise(1, share) + constant * self.noise(1, self.header.shares.contributors);
            let apart = (f64::from(full[0]) - constant * self.stated).abs();
            self.demand(
                apart <= noise + ROUNDED * self.most,
                "its number of accounts does not fit its second moments",
            );
        }
    }

    fn share(&self, list: List) -> f64 {
        match list {
            List::Videos => self.header.shares.videos,
            List::Channels => self.header.shares.channels,
        }
    }

    /// So many rows follow.
    pub fn rows(&mut self, list: List, rows: usize) {
        self.rows[usize::from(list == List::Channels)] = rows;
    }

    /// The sums of one video or channel, on the grid.
    pub fn row(&mut self, list: List, row: &[i64]) {
        let share = self.share(list);
        let unit = self.header.step / share;
        let square: f64 = row.iter().map(|value| (*value as f64 * unit).powi(2)).sum();
        self.squares[usize::from(list == List::Channels)] += square;
        let longest = self.most + self.noise(row.len(), share);
        self.demand(square.sqrt() <= longest, "a row is too long for its accounts");
    }

    /// # Errors
    /// [`PrivacyError::Payload`] with the first thing that cannot be true.
    pub fn finish(mut self) -> Result<(), PrivacyError> {
        let d = usize::from(self.header.dimensions);
        for list in [List::Videos, List::Channels] {
            let place = usize::from(list == List::Channels);
            let longest = self.most + self.noise(self.rows[place] * d, self.share(list));
            let length = self.squares[place].sqrt();
            self.demand(length <= longest, "its rows together are too long for its accounts");
        }
        self.problem.map_or(Ok(()), |problem| Err(refuse(problem)))
    }
}

impl Noised<EvidenceGrid> {
    /// Whether its numbers can be true.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] with the first thing that cannot.
    pub fn check_plausible(&self) -> Result<(), PrivacyError> {
        let value = &self.value;
        let mut plausibility = Plausibility::new(&Header {
            basis: value.basis,
            dimensions: value.dimensions,
            shares: value.shares,
            step: value.step,
            noise: self.noise,
        });
        plausibility.contributors(value.contributors);
        plausibility.gram(&value.gram);
        let d = usize::from(value.dimensions).max(1);
        for (list, sums) in [(List::Videos, &value.videos), (List::Channels, &value.channels)] {
            plausibility.rows(list, sums.len() / d);
            sums.chunks_exact(d).for_each(|row| plausibility.row(list, row));
        }
        plausibility.finish()
    }
}

#[cfg(test)]
mod tests;
