//! From evidence to item factors: the posterior of every video given the evidence of all sources and a content prior.
//!
//! In the eigenbasis of the users' second moments everything is diagonal. With `y` a coordinate of a source's sum for a
//! video, the source says `y = a v + noise`, where `a = n (a0 + p) g`: `n` users, `g` the eigenvalue of the mean second
//! moment, `p` the share of users who watched the video. The prior of `v` is a linear map of the video's content vector
//! and of its channel's posterior, fitted to the videos with evidence (empirical Bayes), so that a video without any
//! evidence still gets a factor. Everything here is post-processing of noised sums and of the own exact ones.

use super::catalogue::Catalogue;
use super::contribution::{EvidenceBasis, views_scale};
use super::evidence::{EvidenceSource, PlacedSums};
use super::factors::Factors;
use super::least_squares::Workspace;
use super::linear_algebra::eigen;

/// Videos at most to which the prior's map is fitted: those with the most evidence.
const FITTED_VIDEOS: usize = 4_000;
/// Rounds of re-estimating the prior's variance.
const ROUNDS: usize = 4;
/// Sum of a user's weights when nothing better is known: 25 equal weights of 1/5 have length 1.
const TYPICAL_WEIGHT_SUM: f64 = 5.0;
/// How far from typical the sums of weights of whole instances lie.
const WEIGHT_SUM_SPREAD: f64 = 2.0;
/// Eigenvalues below this share of the mean are raised to it: directions in which hardly any user lies.
const SMALLEST_EIGENVALUE: f64 = 0.05;
/// Ridge of the prior's map, in units of the weight of one typical video.
const MAP_RIDGE: f64 = 3.0;

/// Per row and eigen-direction: precision-weighted mean of what the sources say, and its precision.
struct Measured {
    mean: Vec<f64>,
    precision: Vec<f64>,
}

/// Posterior item factors, `items x D`, or `None` when no source has users.
pub fn item_factors(catalogue: &Catalogue, sources: &[EvidenceSource]) -> Option<Factors> {
    let d = catalogue.basis().dimensions();
    let (values, vectors) = mean_second_moment(sources, d)?;
    let typical = values.iter().sum::<f64>() / d as f64;
    let values: Vec<f64> = values
        .iter()
        .map(|value| value.max(typical * SMALLEST_EIGENVALUE))
        .collect();
    let frame = Frame { d, values, vectors };

    let views: Vec<f64> = catalogue
        .items()
        .iter()
        .map(|item| f64::from(views_scale(item.views)))
        .collect();
    let items = catalogue.items().len();
    let videos = frame.measure(sources, |source| &source.videos, items, |item| views[item]);
    let channels = frame.measure(sources, |source| &source.channels, catalogue.channels().len(), |_| 1.0);

    let channel_posterior = frame.shrink_to_common_mean(&channels);
    let mut factors = Factors::zeros(items, d);
    for k in 0..d {
        let column = frame.posterior_column(catalogue, &videos, &channel_posterior, k);
        // In units in which the users' coordinates have variance 1, so that folding in with one ridge treats every
        // direction as the users do.
        let unit = frame.values[k].sqrt();
        for (item, coordinate) in column.into_iter().enumerate() {
            factors.row_mut(item)[k] = (coordinate * unit) as f32;
        }
    }
    Some(factors)
}

/// Eigenvalues and eigenvectors of the mean second moment of a user's factor, over all sources.
///
/// Sources are weighted by their number of users, which is the best weighting when their noise is equal.
fn mean_second_moment(sources: &[EvidenceSource], d: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut sum = vec![0f64; d * d];
    let mut users = 0.0;
    for source in sources.iter().filter(|source| source.contributors >= 1.0) {
        let weight = 1.0 / (1.0 + source.gram_noise * d as f64 / source.contributors);
        users += weight * source.contributors;
        for (s, value) in sum.iter_mut().zip(&source.gram) {
            *s += weight * f64::from(*value);
        }
    }
    if users <= 0.0 {
        return None;
    }
    let mean: Vec<f32> = sum.iter().map(|value| (value / users) as f32).collect();
    eigen(&mean, d)
}

/// The eigenbasis in which everything is diagonal.
struct Frame {
    d: usize,
    values: Vec<f64>,
    vectors: Vec<f64>,
}

impl Frame {
    fn rotate(&self, row: &[f32]) -> Vec<f64> {
        (0..self.d)
            .map(|k| {
                self.vectors[k * self.d..(k + 1) * self.d]
                    .iter()
                    .zip(row)
                    .map(|(v, y)| v * f64::from(*y))
                    .sum()
            })
            .collect()
    }

    /// Collects what all sources say about `rows` videos or channels. `scale` undoes the public weights.
    fn measure<'a>(
        &self,
        sources: &'a [EvidenceSource],
        part: impl Fn(&'a EvidenceSource) -> &'a PlacedSums,
        rows: usize,
        scale: impl Fn(usize) -> f64,
    ) -> Measured {
        let d = self.d;
        let mut weighted = vec![0f64; rows * d];
        let mut precision = vec![0f64; rows * d];
        for source in sources.iter().filter(|source| source.contributors >= 1.0) {
            let sums = part(source);
            let constant = f64::from(EvidenceBasis::CONSTANT);
            let unit = unit_weight(sums, source.contributors, &scale);
            for row in 0..rows {
                let Some(values) = sums.row(row) else { continue };
                let rotated = self.rotate(values);
                let scale = scale(row);
                // The constant dimension counts watchers; noise in it is shrunk towards none.
                let watchers = f64::from(values[0]) * scale / (constant * unit);
                let spread = sums.noise.sqrt() * scale / (constant * unit);
                let watchers = (watchers - spread).max(0.0).min(source.contributors);
                let share = f64::from(EvidenceBasis::UNOBSERVED_WEIGHT) + watchers / source.contributors;
                for k in 0..d {
                    let gain = unit * source.contributors * share * self.values[k];
                    let sampling = unit * unit * (watchers + 1.0) * self.values[k];
                    let noise = sums.noise * scale * scale + sampling;
                    weighted[row * d + k] += gain * rotated[k] * scale / noise;
                    precision[row * d + k] += gain * gain / noise;
                }
            }
        }
        for (value, precision) in weighted.iter_mut().zip(&precision) {
            if *precision > 0.0 {
                *value /= precision;
            }
        }
        Measured {
            mean: weighted,
            precision,
        }
    }

    /// Channels: shrunk to the mean over channels, direction by direction.
    fn shrink_to_common_mean(&self, measured: &Measured) -> Vec<f64> {
        let d = self.d;
        let rows = measured.mean.len() / d.max(1);
        let mut posterior = vec![0f64; rows * d];
        for k in 0..d {
            let column = || (0..rows).map(|row| (measured.mean[row * d + k], measured.precision[row * d + k]));
            let mut variance = initial_variance(column());
            let mut mean = 0.0;
            for _ in 0..ROUNDS {
                mean = weighted_mean(column(), variance);
                variance = moment_variance(column().map(|(value, precision)| (value - mean, precision)), variance);
            }
            for (row, (value, precision)) in column().enumerate() {
                posterior[row * d + k] = shrink(value, precision, mean, variance);
            }
        }
        posterior
    }

    /// One eigen-direction of all videos: fits the prior's map, then combines it with the evidence.
    fn posterior_column(&self, catalogue: &Catalogue, videos: &Measured, channels: &[f64], k: usize) -> Vec<f64> {
        let d = self.d;
        let items = catalogue.items().len();
        let mean = |item: usize| videos.mean[item * d + k];
        let precision = |item: usize| videos.precision[item * d + k];
        let features = |item: usize| {
            let content = catalogue.content().row(item).iter().copied();
            let channel = channels[catalogue.channel_of(item) * d + k] as f32;
            content.chain([channel, 1.0])
        };
        let mut fitted: Vec<usize> = (0..items).filter(|&item| precision(item) > 0.0).collect();
        fitted.sort_by(|&a, &b| precision(b).total_cmp(&precision(a)).then(a.cmp(&b)));
        fitted.truncate(FITTED_VIDEOS);

        let width = catalogue.content().dimensions() + 2;
        let mut map = vec![0f32; width];
        let mut variance = initial_variance(fitted.iter().map(|&item| (mean(item), precision(item))));
        for _ in 0..ROUNDS {
            map = fit_map(width, &fitted, features, mean, |item| weight(precision(item), variance));
            let residual = |item: usize| mean(item) - apply(&map, features(item));
            variance = moment_variance(fitted.iter().map(|&item| (residual(item), precision(item))), variance);
        }
        (0..items)
            .map(|item| shrink(mean(item), precision(item), apply(&map, features(item)), variance))
            .collect()
    }
}

/// What one whole watch weighs in a source, before the public weights are applied: the unit in which its sums count.
///
/// A user's weights have length 1, so their sum `q` says how many there are. It is read off the constant dimension of all
/// sums together, and shrunk to a typical value by what noise leaves of it. Public weights fall with views, so the unit
/// is `1 / (q m)` with `m` the mean public weight of a watch.
fn unit_weight(sums: &PlacedSums, contributors: f64, scale: &impl Fn(usize) -> f64) -> f64 {
    let placed = || (0..sums.rows.len()).filter_map(|row| Some((row, sums.row(row)?)));
    let constant = f64::from(EvidenceBasis::CONSTANT);
    let total: f64 = placed().map(|(_, values)| f64::from(values[0])).sum();
    let count = placed().count() as f64;
    let measured = total / (constant * contributors);
    let error = (count * sums.noise).sqrt() / (constant * contributors);
    let trust = WEIGHT_SUM_SPREAD.powi(2) / (WEIGHT_SUM_SPREAD.powi(2) + error * error);
    let weight_sum = (trust * measured + (1.0 - trust) * TYPICAL_WEIGHT_SUM).clamp(1.0, 20.0);
    // Views are the fourth power of the scale; a watch falls on a video in proportion to its views.
    let (weighted, views) = placed().fold((0.0, 0.0), |(weighted, views), (row, _)| {
        let scale = scale(row);
        let viewed = scale.powf(1.0 / f64::from(EvidenceBasis::VIEWS_EXPONENT));
        (weighted + viewed / scale, views + viewed)
    });
    let mean_public_weight = if views > 0.0 { weighted / views } else { 1.0 };
    1.0 / (weight_sum * mean_public_weight)
}

fn apply(map: &[f32], features: impl Iterator<Item = f32>) -> f64 {
    map.iter()
        .zip(features)
        .map(|(weight, feature)| f64::from(weight * feature))
        .sum()
}

/// Weight of a measured value when its own variance and the prior's add up.
fn weight(precision: f64, variance: f64) -> f64 {
    if precision > 0.0 {
        1.0 / (1.0 / precision + variance)
    } else {
        0.0
    }
}

fn shrink(value: f64, precision: f64, prior: f64, variance: f64) -> f64 {
    let prior_precision = 1.0 / variance.max(1e-12);
    (precision * value + prior_precision * prior) / (precision + prior_precision)
}

fn weighted_mean(column: impl Iterator<Item = (f64, f64)>, variance: f64) -> f64 {
    let (sum, weights) = column.fold((0.0, 0.0), |(sum, weights), (value, precision)| {
        let w = weight(precision, variance);
        (sum + w * value, weights + w)
    });
    if weights > 0.0 { sum / weights } else { 0.0 }
}

fn initial_variance(column: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = column
        .filter(|(_, precision)| *precision > 0.0)
        .fold((0.0, 0.0), |(sum, weights), (value, precision)| {
            (sum + value * value * precision, weights + precision)
        });
    if weights > 0.0 { (sum / weights).max(1e-9) } else { 1e-9 }
}

/// Moment estimate of the variance of `value` beyond its own noise, kept positive.
fn moment_variance(residuals: impl Iterator<Item = (f64, f64)>, variance: f64) -> f64 {
    let (sum, weights) =
        residuals
            .filter(|(_, precision)| *precision > 0.0)
            .fold((0.0, 0.0), |(sum, weights), (r, p)| {
                let w = weight(p, variance).powi(2);
                (sum + w * (r * r - 1.0 / p), weights + w)
            });
    if weights > 0.0 {
        (sum / weights).max(variance * 0.05).max(1e-9)
    } else {
        variance
    }
}

/// Weighted ridge regression of `value` on the features.
fn fit_map<F: Iterator<Item = f32>>(
    width: usize,
    rows: &[usize],
    features: impl Fn(usize) -> F,
    value: impl Fn(usize) -> f64,
    weight: impl Fn(usize) -> f64,
) -> Vec<f32> {
    let mut matrix = vec![0f32; width * width];
    let mut right = vec![0f32; width];
    let total: f64 = rows.iter().map(|&row| weight(row)).sum();
    if total <= 0.0 {
        return right;
    }
    let typical = total / rows.len() as f64;
    for &row in rows {
        let x: Vec<f32> = features(row).collect();
        let w = (weight(row) / typical) as f32;
        let y = value(row) as f32;
        for i in 0..width {
            right[i] += w * y * x[i];
            for j in 0..=i {
                matrix[i * width + j] += w * x[i] * x[j];
            }
        }
    }
    for i in 0..width {
        // The last two features are the channel's posterior and the constant: they are hardly shrunk.
        matrix[i * width + i] += if i + 2 < width { MAP_RIDGE as f32 } else { 1e-6 };
    }
    let mut workspace = Workspace::new(width);
    let (solver, system) = workspace.system();
    system.copy_from_slice(&matrix);
    solver.solve(system, &mut right);
    right
}
