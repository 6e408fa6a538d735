//! Which sources fill a list, in which order: always something sensible, never an error.

use super::request::Strategy;

/// What can be said at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// The caller has a history that the model knows something about.
    pub personal: bool,
    /// A video was given that the model knows.
    pub similar: bool,
    /// A model is published.
    pub model: bool,
}

/// The sources of a list for `strategy`, best first; each fills up what the ones before it left empty.
///
/// The chain is personal, similar to the current video, popular here, recent. A personal list ranks every video that
/// the model knows, so after it only newer ones are left. The last one is always [`Strategy::Recent`], which needs no model.
pub fn sources(strategy: Strategy, available: Available) -> Vec<Strategy> {
    let chain: &[Strategy] = match strategy {
        Strategy::ForYou if available.model && available.personal => &[Strategy::ForYou, Strategy::Recent],
        Strategy::ForYou | Strategy::Similar => &[Strategy::Similar, Strategy::Popular, Strategy::Recent],
        Strategy::Popular => &[Strategy::Popular, Strategy::Recent],
        Strategy::Recent => &[Strategy::Recent],
    };
    let possible = |source: &Strategy| match source {
        Strategy::ForYou | Strategy::Popular => available.model,
        Strategy::Similar => available.model && available.similar,
        Strategy::Recent => true,
    };
    chain.iter().copied().filter(possible).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::request::Strategy;

    #[test]
    fn the_chain_falls_back_step_by_step() {
        let sources = |personal, similar, model| {
            sources(
                Strategy::ForYou,
                Available {
                    personal,
                    similar,
                    model,
                },
            )
        };
        assert_eq!(sources(true, true, true), [Strategy::ForYou, Strategy::Recent]);
        assert_eq!(
            sources(false, true, true),
            [Strategy::Similar, Strategy::Popular, Strategy::Recent]
        );
        assert_eq!(sources(false, false, true), [Strategy::Popular, Strategy::Recent]);
        assert_eq!(sources(true, true, false), [Strategy::Recent]);
    }

    proptest! {
        #[test]
        fn every_list_has_distinct_sources_and_ends_with_the_newest(index in 0usize..4, personal: bool, similar: bool, model: bool) {
            let available = Available { personal, similar, model };
            let list = sources(Strategy::ALL[index], available);
            prop_assert_eq!(list.last(), Some(&Strategy::Recent));
            for (place, source) in list.iter().enumerate() {
                prop_assert!(!list[..place].contains(source));
            }
            if !available.personal {
                prop_assert!(!list.contains(&Strategy::ForYou));
            }
        }
    }
}
