//! Recommendations for one request: candidates, filters, ranking and reasons.
//!
//! | file | holds |
//! |---|---|
//! | [`request`] | what a caller can ask for, and its bounds |
//! | [`snapshot`] | the published model with the videos it speaks about |
//! | `caller` | who asks, and what may be read of them |
//! | [`signals`] | the caller's watches and ratings as the model's history |
//! | [`controls`] | what the caller decided |
//! | [`steering`] | how sliders and topics push a ranking |
//! | [`ranking`] | best first, lazily |
//! | `current` | the video that is being watched, whether it may be named, and what its owner permits beside it |
//! | [`plan`] | which sources fill a list, in which order |
//! | [`scoring`] | the candidates of one source, best first |
//! | [`blending`] | what fits the current video and the caller |
//! | [`second_stage`] | the best candidates ranked again |
//! | [`explore`] | the unfamiliar, drawn by chance |
//! | [`fair_chance`] | places of personal lists for what few have seen |
//! | [`newest_first`] | some videos by age, and whether one is among them |
//! | [`series`] | which video is the next part of a course or series |
//! | [`fallback`] | why a list has nothing of what was asked for |
//! | `following` | what follows the current video, in a series or a playlist |
//! | [`copies`] | copies of one video, of which one is enough |
//! | [`fresh`] | videos that are newer than the model, placed by their content |
//! | [`presumed`] | which candidates are worth ranking, remembered for a minute |
//! | [`listing`] | the list under construction: no doubles, nothing hidden, bounded work |
//! | `sitting` | what was played a short while ago |
//! | `spreading` | whether and how a list is spread |
//! | [`diversity`] | neither a channel nor an instance fills a page |
//! | [`reasons`] | why a video is in the list, in words that are true |
//! | `showing` | a page with its cards and reasons, checked once more |
//! | [`page`] | the answer |
//! | [`profile`] | what lists for a user are made from |
//! | [`service`] | one request from beginning to end |
//!
//! What stays out: HTTP (see [`crate::api`]), SQL (see [`crate::peertube`]) and learning (see [`crate::model`]).

pub mod blending;
mod caller;
pub mod controls;
pub mod copies;
mod current;
pub mod diversity;
pub mod draw;
pub mod error;
pub mod explore;
pub mod fair_chance;
pub mod fallback;
mod following;
pub mod fresh;
pub mod listing;
pub mod newest_first;
pub mod outline;
pub mod page;
pub mod plan;
pub mod presumed;
pub mod profile;
pub mod ranking;
pub mod reasons;
pub mod request;
mod resemblance;
pub mod scoring;
pub mod second_stage;
pub mod series;
pub mod service;
mod showing;
pub mod signals;
mod sitting;
pub mod snapshot;
mod spreading;
pub mod steering;
#[cfg(test)]
mod test_support;

pub use error::RecommendError;
pub use fallback::Fallback;
pub use page::{Page, Recommendation, RecommendedVideo};
pub use reasons::Reason;
pub use request::{Request, Strategy};
pub use service::Recommendations;
pub use snapshot::{SharedSnapshot, Snapshot};
