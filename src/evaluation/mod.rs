//! Offline instruments: data sets, splits, and the federation simulator. Never used while serving.

pub mod audit;
pub mod baseline;
pub mod dataset;
mod error;
pub mod simulation;

pub use error::EvaluationError;
