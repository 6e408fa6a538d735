//! Evidence: sums over users, expressed in a public basis.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Digest that names a public basis. Equal digests mean equal basis vectors on every instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisId(#[serde(with = "hex::serde")] pub [u8; 32]);

impl fmt::Display for BasisId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BasisId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BasisId({self})")
    }
}
