//! How many accounts must contribute before a sum may be released.

use super::distributed::SharedNoise;

/// Who adds noise to the sum that others get to see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregation {
    /// One instance releases its own sum, with all of the noise. The promise of noise holds for a single account too; a
    /// minimum keeps everything that a release says, such as that there was one, from being about very few people.
    Alone,
    /// Members add their sums under secure aggregation, each with a share of the noise: nobody sees the sum of one member.
    Together(SharedNoise),
}

impl Aggregation {
    /// Fewest accounts of this instance for a release, where `minimum` is wanted of an instance that releases alone.
    ///
    /// Alone, it is `minimum`, and 1 at least. Together with enough others any number will do, none included, so that taking
    /// part tells nothing: enough are as many members as accounts are wanted, and two at least, not counting those that may
    /// collude or drop out.
    pub fn fewest_contributors(&self, minimum: usize) -> usize {
        match self {
            Self::Together(noise) if noise.honest() as usize >= minimum.max(2) => 0,
            Self::Alone | Self::Together(_) => minimum.max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alone_the_minimum_counts_and_is_never_zero() {
        for (minimum, fewest) in [(0, 1), (1, 1), (5, 5), (1_000, 1_000)] {
            assert_eq!(Aggregation::Alone.fewest_contributors(minimum), fewest);
        }
    }

    #[test]
    fn with_enough_members_any_number_will_do() {
        let together = |members, failing| Aggregation::Together(SharedNoise::new(0.5, members, failing).unwrap());
        // (Members, share that may fail, wanted minimum, fewest.)
        for (members, failing, minimum, fewest) in [
            (5, 0.0, 5, 0),
            (4, 0.0, 5, 5),
            // Half of them may fail.
            (9, 0.5, 5, 5),
            (10, 0.5, 5, 0),
            // A single member is alone, whatever it is called.
            (1, 0.0, 1, 1),
            (1, 0.0, 0, 1),
            (2, 0.5, 1, 1),
            (2, 0.0, 0, 0),
        ] {
            let found = together(members, failing).fewest_contributors(minimum);
            assert_eq!(found, fewest, "{members} members, {failing} may fail, {minimum} wanted");
        }
    }
}
