//! The mathematics of recommendation, pure: no I/O, no clock, randomness as a parameter.
//!
//! What must stay out: SQL, HTTP, noise (see [`crate::privacy`]), and any knowledge of PeerTube's ids.

pub mod accumulation;
pub mod alternating;
pub mod basis;
pub mod blend;
mod byte_products;
pub mod byte_rows;
pub mod catalogue;
pub mod cold_items;
pub mod components;
pub mod conjugate_gradient;
pub mod content;
pub mod contribution;
pub mod dispersion;
pub mod ease;
pub mod evidence;
pub mod factor_model;
pub mod factors;
pub mod fold_in;
pub mod head;
pub mod interactions;
pub mod item;
pub mod learning;
pub mod least_squares;
pub mod linear_algebra;
pub mod metrics;
pub mod new_items;
pub mod newcomers;
pub mod numbering;
pub mod packed_rows;
pub mod paired;
pub mod posterior;
pub mod preference;
pub mod ranking;
pub mod ranking_objective;
pub mod recommender;
pub mod refinement;
pub mod selection;
pub mod similarity;
pub mod sketch;
pub mod support;
