//! From evidence to item factors: the posterior of every video given the evidence of all sources and a content prior.
//!
//! In the eigenbasis of the users' second moments everything is diagonal ([`frame`]). With `y` a coordinate of a source's
//! sum for a video, the source says `y = a v + noise`, where `a = n (a0 + p) g`: `n` users, `g` the eigenvalue of the mean
//! second moment, `p` the share of users who watched the video ([`measured`]). The prior of `v` is a linear map of what is
//! known about the video without this sum ([`descriptors`]) and of its channel's posterior, fitted to the videos with evidence ([`prior`], empirical
//! Bayes), so that a video without any evidence still gets a factor. Everything here is post-processing of noised sums
//! and of the own exact ones.

mod descriptors;
mod frame;
mod measured;
mod prior;
mod public;
mod usable;
mod variance;

use rayon::prelude::*;

use super::catalogue::Catalogue;
use super::evidence::EvidenceSource;
use super::factors::Factors;
use descriptors::Descriptors;
use frame::Frame;
use measured::Measured;
pub use public::with_public_dimensions;
pub use usable::retain_usable;

/// Posterior item factors, `items x D`, or `None` when no source has users or the sums are not finite.
///
/// The coordinates are those of the eigenbasis, in units in which the users' coordinates have variance 1, so that folding
/// in with one ridge treats every direction as the users do.
pub fn item_factors(catalogue: &Catalogue, sources: &[EvidenceSource]) -> Option<Factors> {
    let d = catalogue.basis().dimensions();
    let frame = Frame::new(sources, d)?;
    let videos = Measured::new(&frame, sources, |source| &source.videos, catalogue.items().len());
    let channels = Measured::new(&frame, sources, |source| &source.channels, catalogue.channels().len());
    let channel_posterior = prior::shrink_to_common_mean(&channels);
    let described = Descriptors::new(catalogue);
    let fitted = prior::Fitted::new(&described, &videos, &channel_posterior);

    let units: Vec<f32> = frame.values.iter().map(|value| value.sqrt() as f32).collect();
    let mut factors = Factors::zeros(catalogue.items().len(), d);
    factors.values_mut().par_chunks_mut(d).enumerate().for_each_init(
        || vec![0f32; described.width()],
        |descriptor, (item, row)| {
            described.write(item, descriptor);
            fitted.posterior(&described, descriptor, &videos, &channel_posterior, item, row);
            row.iter_mut().zip(&units).for_each(|(value, unit)| *value *= unit);
        },
    );
    factors
        .values()
        .iter()
        .all(|value| value.is_finite())
        .then_some(factors)
}
