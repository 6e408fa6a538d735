//! Generates a fediverse: instances, their videos and people, and who watches what; pure, and decided by a seed.
//!
//! The model is a labelled stochastic block model. Videos belong to blocks: a theme, and a style within it. People
//! belong to communities, each of which likes some blocks of several themes. A theme shows in words, tags and
//! categories, though not always truly; a style, and which themes go together, shows only in what people watch. So
//! content helps, and what people watch in common helps more.
//!
//! - `parameters`: what a world depends on
//! - `catalogue`, `themes`: channels and videos
//! - `reach`: which instance knows and lists which video
//! - `people`, `watching`, `counters`: who likes, watches and rates what, and what is held out
//! - `instance`, `actors`, `assemble`: the rows of PeerTube's tables
//!
//! The true blocks and communities are not part of the result: nothing that recommends can look at them. Writing the
//! rows to a database is the matter of [`super::fill`].

mod actors;
mod assemble;
mod catalogue;
mod chance;
mod counters;
mod instance;
mod parameters;
mod people;
mod reach;
#[cfg(test)]
mod tests;
mod themes;
mod watching;

use assemble::{Generated, assemble};
pub use instance::{
    Account, Actor, ActorFollow, Channel, Comment, HistoryRow, InstanceWorld, Playlist, Rate, Share, User, Video,
    ViewCount,
};
pub use parameters::WorldParameters;

/// A generated fediverse.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The instances, in the order of the parameters.
    pub instances: Vec<InstanceWorld>,
}

impl World {
    /// Generates the world of `parameters`; the same parameters give the same world.
    pub fn generate(parameters: &WorldParameters) -> Self {
        let catalogue = catalogue::Catalogue::generate(parameters);
        let reaches = reach::reaches(parameters, &catalogue);
        let people = people::people(parameters, &catalogue);
        let watches = watching::watches(parameters, &catalogue, &reaches, &people);
        let counters = counters::counters(parameters, &catalogue, &watches);
        let instances = (0..parameters.users.len()).map(|instance| {
            assemble(&Generated {
                parameters,
                catalogue: &catalogue,
                instance,
                reach: &reaches[instance],
                everyone: &people,
                watches: &watches[instance],
                counters: &counters,
            })
        });
        Self {
            instances: instances.collect(),
        }
    }
}
