//! Sorts what arrives at the inbox: understood, ignored, or malformed.

use serde::Deserialize;
use serde_json::Value;

use super::{Accept, Create, Follow, Reject, Undo};
use crate::federation::json;

/// The activities that have an effect here. Each has a literal `type`, so at most one variant fits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum InboxActivity {
    /// A peer asks to follow.
    Follow(Follow),
    /// A peer accepted a follow.
    Accept(Accept),
    /// A peer refused a follow.
    Reject(Reject),
    /// A follower leaves.
    Undo(Undo),
    /// A followed peer announces evidence.
    Create(Box<Create>),
}

/// What an inbox makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// It is for Shoal.
    Understood(Box<InboxActivity>),
    /// It is an activity, but none of ours: answered with 202, without effect.
    Ignored,
}

impl Incoming {
    /// Reads a message.
    ///
    /// # Errors
    /// When it is not an activity, or one of ours with missing or wrong properties.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        let value: Value = json::parse(body)?;
        if !value.is_object() {
            return Err(serde::de::Error::custom("an activity must be a JSON object"));
        }
        let about = value.pointer("/object/type").and_then(Value::as_str);
        let about_follow = matches!(about, Some("Follow") | None);
        let activity = match value.get("type").and_then(Value::as_str) {
            Some("Follow") => InboxActivity::Follow(Follow::deserialize(&value)?),
            Some("Accept") if about_follow => InboxActivity::Accept(Accept::deserialize(&value)?),
            Some("Reject") if about_follow => InboxActivity::Reject(Reject::deserialize(&value)?),
            Some("Undo") if about_follow => InboxActivity::Undo(Undo::deserialize(&value)?),
            Some("Create") if about == Some("Evidence") => {
                InboxActivity::Create(Box::new(Create::deserialize(&value)?))
            }
            Some(_) => return Ok(Self::Ignored),
            None => return Err(serde::de::Error::custom("an activity must have a type")),
        };
        Ok(Self::Understood(Box::new(activity)))
    }
}
