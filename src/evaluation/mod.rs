//! Offline instruments: data sets, splits, reference models and the federation simulator. Never used while serving.

pub mod baseline;
pub mod dataset;
mod error;
pub mod simulation;
pub mod split;

pub use error::EvaluationError;
