//! What a visitor without an account may be shown: the instance's default, and what the visitor chose in the browser.
//!
//! PeerTube keeps the choices of visitors in their browsers and sends them with every request for a list. What stays out:
//! the names of the parameters (see [`crate::api`]), and the settings of users ([`super::user::Viewer`]).

/// Settings of a visitor. `true` stands for a visitor who sees no sensitive videos, `false` for one who sees all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VisitorSettings {
    /// Whether sensitive videos are hidden.
    pub hide_nsfw: bool,
    /// Flags of sensitive videos that are shown although sensitive videos are hidden.
    pub nsfw_flags_shown: i32,
    /// Flags of sensitive videos that are hidden in any case.
    pub nsfw_flags_hidden: i32,
    /// Language codes, `_unknown` for none; `None` where every language is shown.
    pub languages: Option<Vec<String>>,
}

impl VisitorSettings {
    /// Whether nothing but the instance's rule for sensitive videos counts.
    pub fn is_common(&self) -> bool {
        *self == Self::from(self.hide_nsfw)
    }
}

impl From<bool> for VisitorSettings {
    fn from(hide_nsfw: bool) -> Self {
        Self {
            hide_nsfw,
            ..Self::default()
        }
    }
}

impl From<&Self> for VisitorSettings {
    fn from(settings: &Self) -> Self {
        settings.clone()
    }
}
