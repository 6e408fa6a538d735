//! What all sources together say about each video or channel, before any prior.

use rayon::prelude::*;

use super::frame::Frame;
use crate::model::contribution::EvidenceBasis;
use crate::model::evidence::{EvidenceSource, PlacedSums};

/// Sum of a user's weights when nothing better is known: 25 equal weights of 1/5 have length 1.
const TYPICAL_WEIGHT_SUM: f64 = 5.0;
/// How far from typical the sums of weights of whole instances lie.
const WEIGHT_SUM_SPREAD: f64 = 2.0;

/// Per row and eigen-direction: the precision-weighted mean of what the sources say, and its precision (0 where all are
/// silent). Row-major, `rows x D`.
pub(super) struct Measured {
    /// Number of directions.
    pub dimensions: usize,
    /// Measured coordinates.
    pub mean: Vec<f32>,
    /// One over their variance.
    pub precision: Vec<f32>,
}

impl Measured {
    /// Collects the sums of one `part` of all sources about `rows` videos or channels.
    pub fn new<'a>(
        frame: &Frame,
        sources: &'a [EvidenceSource],
        part: impl Fn(&'a EvidenceSource) -> &'a PlacedSums,
        rows: usize,
    ) -> Self {
        let d = frame.values.len();
        let speaking: Vec<Speaker> = sources
            .iter()
            .filter(|source| source.contributors >= 1.0)
            .map(|source| Speaker::new(part(source), source.contributors))
            .collect();
        let mut mean = vec![0f32; rows * d];
        let mut precision = vec![0f32; rows * d];
        mean.par_chunks_mut(d)
            .zip(precision.par_chunks_mut(d))
            .enumerate()
            .for_each_init(
                || vec![0f32; d],
                |rotated, (row, (mean, precision))| {
                    for speaker in &speaking {
                        speaker.say(frame, row, rotated, mean, precision);
                    }
                    for (value, precision) in mean.iter_mut().zip(precision) {
                        if *precision > 0.0 {
                            *value /= *precision;
                        }
                    }
                },
            );
        Self {
            dimensions: d,
            mean,
            precision,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.mean.len() / self.dimensions.max(1)
    }

    /// (Mean, precision) of one coordinate.
    pub fn at(&self, row: usize, direction: usize) -> (f64, f64) {
        let place = row * self.dimensions + direction;
        (f64::from(self.mean[place]), f64::from(self.precision[place]))
    }
}

struct Speaker<'a> {
    sums: &'a PlacedSums,
    contributors: f64,
    unit: f64,
}

impl<'a> Speaker<'a> {
    fn new(sums: &'a PlacedSums, contributors: f64) -> Self {
        Self {
            sums,
            contributors,
            unit: unit_weight(sums, contributors),
        }
    }

    /// Adds what this source says about `row`: precision-weighted value and precision.
    fn say(&self, frame: &Frame, row: usize, rotated: &mut [f32], weighted: &mut [f32], precision: &mut [f32]) {
        let Some(values) = self.sums.row(row) else { return };
        frame.rotate(values, rotated);
        // The constant dimension counts watchers; noise in it is shrunk towards none.
        let per_watcher = f64::from(EvidenceBasis::CONSTANT) * self.unit;
        let variance = self.sums.noise_at(row);
        let counted = (f64::from(values[0]) - variance.sqrt()) / per_watcher;
        let watchers = counted.clamp(0.0, self.contributors);
        let share = f64::from(EvidenceBasis::UNOBSERVED_WEIGHT) + watchers / self.contributors;
        for (k, value) in frame.values.iter().enumerate() {
            let gain = self.unit * self.contributors * share * value;
            let sampling = self.unit * self.unit * (watchers + 1.0) * value;
            let noise = variance + sampling;
            weighted[k] += (gain * f64::from(rotated[k]) / noise) as f32;
            precision[k] += (gain * gain / noise) as f32;
        }
    }
}

/// What one whole watch weighs in a source: the unit in which its sums count.
///
/// A user's weights have length 1, so each of `q^2` equal ones is `1 / q`, and their sum `q` says how many there are. It is
/// read off the constant dimension of all sums together, and shrunk to a typical value by what noise leaves of it.
fn unit_weight(sums: &PlacedSums, contributors: f64) -> f64 {
    let placed = || (0..sums.rows.len()).filter_map(|row| Some((sums.row(row)?, sums.noise_at(row))));
    let constant = f64::from(EvidenceBasis::CONSTANT);
    let total: f64 = placed().map(|(values, _)| f64::from(values[0])).sum();
    let variance: f64 = placed().map(|(_, noise)| noise).sum();
    let measured = total / (constant * contributors);
    let error = variance.sqrt() / (constant * contributors);
    let trust = WEIGHT_SUM_SPREAD.powi(2) / (WEIGHT_SUM_SPREAD.powi(2) + error * error);
    1.0 / (trust * measured + (1.0 - trust) * TYPICAL_WEIGHT_SUM).clamp(1.0, 20.0)
}
