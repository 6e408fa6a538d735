//! Which sources fill a list, in which order: always something sensible, never an error.

use super::request::Strategy;

/// What can be said at this moment.
#[allow(
    clippy::struct_excessive_bools,
    reason = "four facts that do not depend on each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// The caller has a history that the model knows something about.
    pub personal: bool,
    /// A video was given that the model knows.
    pub similar: bool,
    /// A model is published.
    pub model: bool,
    /// The caller follows channels or accounts.
    pub subscriptions: bool,
}

/// The sources of a list for `strategy`, best first; each fills up what the ones before it left empty.
///
/// The chain is personal, similar to the current video, popular here, recent; what was asked for comes before it. A
/// personal list ranks every video that the model knows, so after it only newer ones are left. The last one is always
/// [`Strategy::Recent`], which needs no model. Asked for itself, [`Strategy::Popular`] needs none either: without one, the public
/// view counters decide.
pub fn sources(strategy: Strategy, available: Available) -> Vec<Strategy> {
    let chain: &[Strategy] = match strategy {
        Strategy::ForYou if available.model && available.personal => &[Strategy::ForYou, Strategy::Recent],
        Strategy::ForYou | Strategy::Similar => &[Strategy::Similar, Strategy::Popular, Strategy::Recent],
        Strategy::Next if available.personal => &[Strategy::Next, Strategy::ForYou, Strategy::Recent],
        Strategy::Next => &[Strategy::Next, Strategy::Popular, Strategy::Recent],
        Strategy::Explore if available.personal => &[Strategy::Explore, Strategy::ForYou, Strategy::Recent],
        Strategy::Explore => &[Strategy::Explore, Strategy::Popular, Strategy::Recent],
        Strategy::Popular => &[Strategy::Popular, Strategy::Recent],
        Strategy::Subscriptions => &[Strategy::Subscriptions, Strategy::Recent],
        Strategy::Recent => &[Strategy::Recent],
    };
    let possible = |source: &Strategy| match source {
        Strategy::ForYou | Strategy::Explore => available.model,
        Strategy::Popular => available.model || strategy == Strategy::Popular,
        Strategy::Similar | Strategy::Next => available.model && available.similar,
        Strategy::Subscriptions => available.subscriptions,
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
                    subscriptions: true,
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

    #[test]
    fn every_strategy_begins_with_itself_where_it_can() {
        let all = Available {
            personal: true,
            similar: true,
            model: true,
            subscriptions: true,
        };
        let none = Available {
            personal: false,
            similar: false,
            model: false,
            subscriptions: false,
        };
        for strategy in Strategy::ALL {
            assert_eq!(sources(strategy, all)[0], strategy);
            let without = sources(strategy, none);
            if strategy == Strategy::Popular {
                assert_eq!(without, [Strategy::Popular, Strategy::Recent]);
            } else {
                assert_eq!(without, [Strategy::Recent], "{strategy}");
            }
        }
        let visitor = Available {
            personal: false,
            subscriptions: false,
            ..all
        };
        let popular = [Strategy::Popular, Strategy::Recent];
        assert_eq!(sources(Strategy::Next, visitor)[1..], popular);
        assert_eq!(sources(Strategy::Explore, visitor)[1..], popular);
        assert_eq!(sources(Strategy::Subscriptions, visitor), [Strategy::Recent]);
        let elsewhere = Available { similar: false, ..all };
        assert_eq!(sources(Strategy::Next, elsewhere), [Strategy::ForYou, Strategy::Recent]);
    }

    proptest! {
        #[test]
        fn every_list_has_distinct_sources_and_ends_with_the_newest(index in 0usize..Strategy::ALL.len(), personal: bool, similar: bool, model: bool, subscriptions: bool) {
            let available = Available { personal, similar, model, subscriptions };
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
