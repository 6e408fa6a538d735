//! Public addresses: what the parser of URLs would say of `tube.example` helps nobody.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use url::Url;

/// Reads an address that begins with http:// or https://.
pub(super) fn web_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(text.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| D::Error::custom("must be a whole address, such as https://tube.example"))
}
