//! Properties of the model as a whole, on small catalogues made by hand.

#![allow(clippy::unwrap_used)]

mod accumulation;
mod cold_items;
mod evidence;
mod extremes;
mod feedback;
mod learning;
mod posterior;
mod public_lists;
mod ranking;
mod recommender;
mod similarity;
mod support;
