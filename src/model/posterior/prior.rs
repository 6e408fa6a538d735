//! Priors: for channels their common mean, for videos a linear map of content and channel, fitted to the evidence.

use super::descriptors::Descriptors;
use super::measured::Measured;
use rayon::prelude::*;

use super::variance::{self, from_residuals, shrink};
use crate::model::least_squares::Workspace;
use crate::model::linear_algebra::{add_scaled, dot, substitute};

/// Videos at most to which the map is fitted: those with the most evidence.
const FITTED_VIDEOS: usize = 4_000;
/// Rounds of re-estimating the variances.
const ROUNDS: usize = 4;
/// Ridge of the map, in units of the weight of one typical video.
const MAP_RIDGE: f32 = 30.0;

/// Channels: shrunk to the mean over channels, direction by direction. Row-major, `channels x D`.
pub(super) fn shrink_to_common_mean(measured: &Measured) -> Vec<f32> {
    let d = measured.dimensions;
    let mut posterior = vec![0f32; measured.mean.len()];
    for k in 0..d {
        let column = || (0..measured.rows()).map(|row| measured.at(row, k));
        let mut variance = variance::initial(column());
        let mut mean = 0.0;
        for _ in 0..ROUNDS {
            let (sum, weights) = column().fold((0.0, 0.0), |(sum, weights), (value, precision)| {
                let weight = variance::weight(precision, variance);
                (sum + weight * value, weights + weight)
            });
            mean = if weights > 0.0 { sum / weights } else { 0.0 };
            variance = from_residuals(column().map(|(value, precision)| (value - mean, precision)), variance);
        }
        for (row, (value, precision)) in column().enumerate() {
            posterior[row * d + k] = shrink(value, precision, mean, variance) as f32;
        }
    }
    posterior
}

/// The map from a video's descriptor and its channel's posterior to each direction, and how far videos lie from it.
pub(super) struct Fitted {
    /// One row of weights per direction.
    descriptor: Vec<f32>,
    /// Weight of the channel's posterior per direction.
    channel: Vec<f32>,
    variance: Vec<f64>,
    width: usize,
}

impl Fitted {
    /// Fits by weighted ridge regression. The weight of a video is the same in all directions (the mean of what they
    /// would give), so that all directions share one factorization.
    pub fn new(described: &Descriptors, videos: &Measured, channels: &[f32]) -> Self {
        let d = videos.dimensions;
        let width = described.width();
        let chosen = most_measured(videos);
        let column = |k: usize| chosen.iter().map(move |&row| videos.at(row, k));
        let variance: Vec<f64> = (0..d).map(|k| variance::initial(column(k))).collect();
        let mut fitted = Self {
            descriptor: vec![0.0; d * width],
            channel: vec![0.0; d],
            variance,
            width,
        };
        for _ in 0..ROUNDS {
            fitted.fit(described, videos, channels, &chosen);
            let priors = fitted.priors(described, channels, &chosen);
            for k in 0..d {
                let residuals = chosen.iter().zip(priors.chunks_exact(d)).map(|(&row, prior)| {
                    let (value, precision) = videos.at(row, k);
                    (value - f64::from(prior[k]), precision)
                });
                fitted.variance[k] = from_residuals(residuals, fitted.variance[k]);
            }
        }
        fitted
    }

    fn fit(&mut self, described: &Descriptors, videos: &Measured, channels: &[f32], chosen: &[usize]) {
        let (d, width) = (videos.dimensions, self.width);
        let raw: Vec<f64> = chosen
            .iter()
            .map(|&row| {
                (0..d)
                    .map(|k| variance::weight(videos.at(row, k).1, self.variance[k]) * self.variance[k])
                    .sum()
            })
            .collect();
        let typical = raw.iter().sum::<f64>() / raw.len().max(1) as f64;
        if typical.is_nan() || typical <= 0.0 {
            return;
        }
        let mut matrix = vec![0f32; width * width];
        // Right-hand sides, row-major `width x 2 d`: for each direction the values and the channel's posterior.
        let mut right = vec![0f32; width * 2 * d];
        let (mut values_by_channel, mut channel_squares) = (vec![0f32; d], vec![0f32; d]);
        let mut features = vec![1f32; width];
        for (&row, raw) in chosen.iter().zip(raw) {
            let weight = (raw / typical) as f32;
            described.write(row, &mut features);
            let values = &videos.mean[row * d..(row + 1) * d];
            let place = described.channel_of(row) * d;
            let channel = &channels[place..place + d];
            for i in 0..width {
                add_scaled(
                    &mut matrix[i * width..=i * width + i],
                    weight * features[i],
                    &features[..=i],
                );
                let sides = &mut right[i * 2 * d..(i + 1) * 2 * d];
                add_scaled(&mut sides[..d], weight * features[i], values);
                add_scaled(&mut sides[d..], weight * features[i], channel);
            }
            for k in 0..d {
                values_by_channel[k] += weight * values[k] * channel[k];
                channel_squares[k] += weight * channel[k] * channel[k];
            }
        }
        for i in 0..width {
            // The constant is hardly shrunk.
            matrix[i * width + i] += if i + 1 < width { MAP_RIDGE } else { 1e-4 };
        }
        let mut workspace = Workspace::new(width);
        let (solver, system) = workspace.system();
        system.copy_from_slice(&matrix);
        if !solver.factorize(system) {
            return;
        }
        let sides = right.clone();
        substitute(system, width, &mut right, 2 * d);
        // Block elimination of the channel's weight, direction by direction.
        for k in 0..d {
            let product = |a: usize, b: usize| {
                (0..width)
                    .map(|i| sides[i * 2 * d + a] * right[i * 2 * d + b])
                    .sum::<f32>()
            };
            let explained = channel_squares[k] - product(d + k, d + k);
            let channel = if explained > 1e-6 * channel_squares[k] {
                (values_by_channel[k] - product(d + k, k)) / (explained + 1e-6)
            } else {
                0.0
            };
            self.channel[k] = channel;
            for i in 0..width {
                self.descriptor[k * width + i] = right[i * 2 * d + k] - channel * right[i * 2 * d + d + k];
            }
        }
    }

    /// Prior means of the `rows`, row-major `rows x D`.
    fn priors(&self, described: &Descriptors, channels: &[f32], rows: &[usize]) -> Vec<f32> {
        let d = self.channel.len();
        let mut priors = vec![0f32; rows.len() * d];
        priors.par_chunks_mut(d.max(1)).zip(rows).for_each_init(
            || vec![0f32; self.width],
            |descriptor, (prior, &row)| {
                described.write(row, descriptor);
                for (k, value) in prior.iter_mut().enumerate() {
                    *value = self.prior(descriptor, channels, described.channel_of(row), k);
                }
            },
        );
        priors
    }

    fn prior(&self, descriptor: &[f32], channels: &[f32], channel: usize, k: usize) -> f32 {
        let map = &self.descriptor[k * self.width..(k + 1) * self.width];
        dot(map, descriptor) + self.channel[k] * channels[channel * self.channel.len() + k]
    }

    /// Writes the posterior of video `row`, whose descriptor is given.
    pub fn posterior(
        &self,
        described: &Descriptors,
        descriptor: &[f32],
        videos: &Measured,
        channels: &[f32],
        row: usize,
        target: &mut [f32],
    ) {
        let channel = described.channel_of(row);
        for (k, value) in target.iter_mut().enumerate() {
            let (mean, precision) = videos.at(row, k);
            let prior = f64::from(self.prior(descriptor, channels, channel, k));
            *value = shrink(mean, precision, prior, self.variance[k]) as f32;
        }
    }
}

/// Rows with evidence, those with the largest total precision first, at most [`FITTED_VIDEOS`].
fn most_measured(videos: &Measured) -> Vec<usize> {
    let d = videos.dimensions.max(1);
    let total: Vec<f32> = videos.precision.chunks_exact(d).map(|row| row.iter().sum()).collect();
    let mut rows: Vec<usize> = (0..total.len()).filter(|&row| total[row] > 0.0).collect();
    rows.sort_by(|&a, &b| total[b].total_cmp(&total[a]).then(a.cmp(&b)));
    rows.truncate(FITTED_VIDEOS);
    rows
}
