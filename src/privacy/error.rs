//! What can go wrong at the wall.

/// Why a release was not made, or a received one is not believed.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PrivacyError {
    /// Epsilon is not a positive finite number.
    #[error("epsilon must be a positive number, not {0}")]
    Epsilon(f64),
    /// Delta is not strictly between 0 and 1.
    #[error("delta must lie strictly between 0 and 1, not {0}")]
    Delta(f64),
    /// A number of releases of zero was asked for.
    #[error("a budget must be divided among at least one release")]
    NoReleases,
    /// The parts of the budget do not add up to at most one.
    #[error("the shares of the budget must be positive and their squares must add up to at most 1, not {0}")]
    Shares(f64),
    /// Too few accounts contribute.
    #[error("too few accounts contribute, {contributors} of at least {minimum}; nothing is released")]
    TooFewContributors {
        /// Accounts that contribute.
        contributors: usize,
        /// Fewest that are allowed.
        minimum: usize,
    },
    /// The grid cannot hold the sum and its noise.
    #[error(
        "the evidence and its noise do not fit their integer grid; nothing is released. Epsilon or delta are extreme, or there are too \
         many accounts or numbers"
    )]
    GridOverflow,
    /// The members of an aggregation cannot give the noise that is wanted.
    #[error("{members} members of whom a share of {failing} may fail cannot share noise")]
    Members {
        /// Members.
        members: u32,
        /// Share that may collude or drop out.
        failing: f64,
    },
    /// A payload cannot be decoded, or says something impossible.
    #[error("the payload is refused: {0}")]
    Payload(String),
}
