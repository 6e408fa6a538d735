//! The query of requests about one user. Everything unclear is refused by name, as in [`crate::api::query`].

use std::collections::HashSet;

use crate::api::problem::Problem;
use crate::api::query::{InvalidParameter, number, shortened};
use crate::peertube::{ChannelId, UserId, VideoReference};
use crate::recommend::request::{DEFAULT_COUNT, MAXIMUM_COUNT, MAXIMUM_START};

/// The parameters that any of these requests may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The user; only with the service token.
    pub user: Option<UserId>,
    /// Entries to skip.
    pub start: usize,
    /// Entries wanted.
    pub count: usize,
    /// A video.
    pub video: Option<VideoReference>,
    /// A channel.
    pub channel: Option<ChannelId>,
}

impl Query {
    /// Reads a query string, without its question mark, that may have `userId` and what is in `allowed`.
    ///
    /// # Errors
    /// A [`Problem`] with every parameter that cannot be used.
    pub fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, Problem> {
        let mut parsed = Self {
            user: None,
            start: 0,
            count: DEFAULT_COUNT,
            video: None,
            channel: None,
        };
        let mut seen = HashSet::new();
        let mut invalid = Vec::new();
        let row = |value: &str| number(value, 1, i32::MAX as usize).map(|id| i32::try_from(id).unwrap_or(i32::MAX));
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let outcome = match name.as_ref() {
                _ if seen.contains(&name) => Err("is given more than once".to_owned()),
                "userId" => row(&value).map(|user| parsed.user = Some(UserId(user))),
                other if !allowed.contains(&other) => Err("is not a parameter of this address".to_owned()),
                "start" => number(&value, 0, MAXIMUM_START).map(|start| parsed.start = start),
                "count" => number(&value, 1, MAXIMUM_COUNT).map(|count| parsed.count = count),
                "channelId" => row(&value).map(|channel| parsed.channel = Some(ChannelId(channel))),
                "videoId" => VideoReference::parse(&value)
                    .map(|video| parsed.video = Some(video))
                    .map_err(|_| "must be an id, a UUID or a short UUID".to_owned()),
                _ => Err("is not a parameter of this address".to_owned()),
            };
            if let Err(message) = outcome {
                invalid.push(InvalidParameter::new(shortened(&name), message));
            }
            seen.insert(name);
        }
        if invalid.is_empty() {
            Ok(parsed)
        } else {
            Err(Problem::invalid_parameters(invalid))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_is_allowed_is_read() {
        let parsed = Query::parse(Some("userId=7&channelId=20"), &["channelId"]).unwrap();
        assert_eq!((parsed.user, parsed.channel), (Some(UserId(7)), Some(ChannelId(20))));
        for query in [
            "channelId=20",
            "userId=0",
            "userId=1&userId=1",
            "x=1",
            "userId=2147483648",
        ] {
            assert!(Query::parse(Some(query), &["start"]).is_err(), "{query}");
        }
        assert!(Query::parse(None, &[]).is_ok());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query: String) {
            let _ = Query::parse(Some(&query), &["start", "count", "videoId", "channelId"]);
        }
    }
}
