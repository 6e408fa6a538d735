//! Who may be shown what: PeerTube's own rules for lists of videos, applied to candidates.

use std::collections::HashSet;

use sqlx::postgres::PgArguments;
use sqlx::query::{Query, QueryScalar};
use sqlx::{Postgres, SqlSafeStr};

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::{AccountId, VideoId};
use super::rules::{
    date_holds, earliest, first_seen_holds, followed, instance, latest, listed_for_viewer, local_or_followed,
    newest_first_for_viewer, not_muted, published, video_and_owner,
};
use super::user::{NsfwPolicy, Viewer};
use super::visitor::VisitorSettings;

/// `video.privacy`: anybody.
const PUBLIC: i32 = 1;
/// `video.privacy`: every user of this instance.
const INTERNAL: i32 = 4;

/// The two kinds of statements have no trait in common that binds.
macro_rules! bind {
    ($audience:expr, $statement:expr) => {
        $statement
            .bind($audience.account)
            .bind($audience.privacies)
            .bind($audience.hide_nsfw)
            .bind($audience.nsfw_flags_shown)
            .bind($audience.nsfw_flags_hidden)
            .bind($audience.languages)
    };
}

/// For whom a list is made, as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    account: Option<AccountId>,
    privacies: Vec<i32>,
    hide_nsfw: bool,
    nsfw_flags_shown: i32,
    nsfw_flags_hidden: i32,
    languages: Option<Vec<String>>,
}

impl Audience {
    /// `visitor` decides where there is no user.
    pub fn new(viewer: Option<&Viewer>, visitor: impl Into<VisitorSettings>) -> Self {
        match viewer {
            None => {
                let visitor = visitor.into();
                Self {
                    account: None,
                    privacies: vec![PUBLIC],
                    hide_nsfw: visitor.hide_nsfw,
                    nsfw_flags_shown: visitor.nsfw_flags_shown,
                    nsfw_flags_hidden: visitor.nsfw_flags_hidden,
                    languages: visitor.languages,
                }
            }
            Some(viewer) => Self {
                account: viewer.account_id,
                privacies: vec![PUBLIC, INTERNAL],
                hide_nsfw: viewer.nsfw_policy == NsfwPolicy::DoNotList,
                nsfw_flags_shown: viewer.nsfw_flags_shown,
                nsfw_flags_hidden: viewer.nsfw_flags_hidden,
                languages: viewer.languages.clone(),
            },
        }
    }

    /// The same without the viewer's own muted accounts and servers: alike for all viewers with the same settings.
    #[must_use]
    pub fn muting_nobody(self) -> Self {
        Self { account: None, ..self }
    }

    /// Binds parameters 1 to 6 of `listed_for_viewer!` of a statement that yields numbers of videos.
    pub(super) fn bind(self, statement: impl SqlSafeStr) -> QueryScalar<'static, Postgres, VideoId, PgArguments> {
        bind!(self, sqlx::query_scalar(statement))
    }

    /// The same for a statement that yields rows.
    pub(super) fn bind_rows(self, statement: impl SqlSafeStr) -> Query<'static, Postgres, PgArguments> {
        bind!(self, sqlx::query(statement))
    }
}

impl PeerTube {
    /// Keeps the candidates that PeerTube would list for `viewer`, in the order given.
    ///
    /// The rules: published, not taken down, owner and owner's server muted neither by the instance nor by the viewer,
    /// public (or internal, for a viewer), local or from somebody whom the instance follows, no sensitive video for a
    /// viewer who does not want any, and, when the viewer chose languages, in one of them or with captions in one. Flags
    /// that a viewer hides are hidden in any case. `visitor` holds what somebody without a user chose.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn visible_among(
        &self,
        viewer: Option<&Viewer>,
        visitor: impl Into<VisitorSettings>,
        candidates: &[VideoId],
    ) -> Result<Vec<VideoId>, PeerTubeError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let statement = concat!(
            "WITH ",
            instance!(),
            "SELECT v.id FROM ",
            video_and_owner!(),
            "WHERE v.id = ANY ($7) AND ",
            listed_for_viewer!()
        );
        let visible: HashSet<VideoId> = Audience::new(viewer, visitor)
            .bind(statement)
            .bind(candidates.to_vec())
            .fetch_all(&self.pool)
            .await
            .doing("filtering candidates")?
            .into_iter()
            .collect();
        Ok(candidates.iter().copied().filter(|id| visible.contains(id)).collect())
    }

    /// All videos that PeerTube would list for `audience`, by the rules of [`PeerTube::visible_among`], newest first.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn all_visible(&self, audience: Audience) -> Result<Vec<VideoId>, PeerTubeError> {
        audience
            .bind(newest_first_for_viewer!("", "", ""))
            .bind(self.now())
            .fetch_all(&self.pool)
            .await
            .doing("reading which videos are listed")
    }
}
