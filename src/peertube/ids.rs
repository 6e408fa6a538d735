//! Identifiers of rows in one PeerTube database. They mean nothing on another instance: there, a video is its
//! ActivityPub URL or its UUID (see [`super::reference`]).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i32);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

identifier! {
    /// A registered user of this instance (`"user".id`).
    UserId
}
identifier! {
    /// An account, local or remote (`account.id`). Every user has one; most accounts have no user here.
    AccountId
}
identifier! {
    /// A video, local or remote (`video.id`).
    VideoId
}
identifier! {
    /// A video channel, local or remote (`"videoChannel".id`).
    ChannelId
}
identifier! {
    /// Another server that this instance knows (`server.id`).
    ServerId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_look_like_numbers_outside() {
        assert_eq!(VideoId(7).to_string(), "7");
        assert_eq!(format!("{:>4}", VideoId(7)), "   7");
        assert_eq!(serde_json::to_string(&VideoId(7)).ok().as_deref(), Some("7"));
        assert_eq!(serde_json::from_str::<UserId>("12").ok(), Some(UserId(12)));
    }
}
