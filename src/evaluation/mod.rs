//! Offline instruments: data sets, splits, reference models and the federation simulator. Never used while serving.

pub mod audit;
pub mod baseline;
pub mod cold_start;
pub mod dataset;
mod error;
pub mod export;
pub mod exposure;
pub mod feedback;
mod format;
pub mod given_tests;
pub mod item_neighbours;
pub mod measure;
pub mod model;
pub mod partition;
pub mod plot;
pub mod refine;
pub mod resources;
pub mod simulation;
pub mod split;

pub use error::EvaluationError;
