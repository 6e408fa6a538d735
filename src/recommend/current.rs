//! The video that is being watched: which one it is, whether it may be named, and what its owner permits beside it.

use super::error::RecommendError;
use super::newest_first::NewestFirst;
use super::request::{Request, Strategy};
use super::service::Recommendations;
use crate::peertube::{VideoId, VideoReference, Viewer};

/// Videos that the owner of the current one permits, looked at at most: the newest ones.
const PERMITTED_LIMIT: u32 = 10_000;

/// The video that a request names, before it is known who asks.
#[derive(Clone, Copy)]
pub(super) struct Named {
    video: VideoId,
    /// Whether anybody may see it, where that was looked up.
    public: Option<bool>,
}

/// The video that is being watched now.
#[derive(Clone, Copy)]
pub(super) struct Current {
    /// Its number here.
    pub video: VideoId,
    /// Whether it may be named: anybody may see it, or it is listed for the caller.
    pub open: bool,
}

impl Recommendations {
    /// The video that the request names, where there is one.
    ///
    /// # Errors
    /// PeerTube's database away.
    pub(super) async fn named(&self, request: &Request) -> Result<Option<Named>, RecommendError> {
        let Some(reference) = &request.video else {
            return Ok(None);
        };
        let Some(video) = self.resolve(reference).await? else {
            return Ok(None);
        };
        let public = if request.strategy.needs_video() {
            Some(self.is_listed(video, None).await?)
        } else {
            None
        };
        Ok(Some(Named { video, public }))
    }

    /// What the named video is for this caller.
    ///
    /// # Errors
    /// [`RecommendError::UnknownVideo`] for `similar`, when the caller may not see it; PeerTube's database away.
    pub(super) async fn current(
        &self,
        request: &Request,
        named: Option<Named>,
        viewer: Option<&Viewer>,
        has_history: bool,
    ) -> Result<Option<Current>, RecommendError> {
        let demanded = request.strategy == Strategy::Similar;
        let Some(named) = named else {
            return if demanded && request.video.is_some() {
                Err(RecommendError::UnknownVideo)
            } else {
                Ok(None)
            };
        };
        // `next` goes on after any video, even one that may not be named: then without it.
        let asked_about = request.strategy.needs_video() || (request.strategy == Strategy::ForYou && !has_history);
        let open = asked_about && self.is_open(named, viewer).await?;
        if demanded && !open {
            return Err(RecommendError::UnknownVideo);
        }
        Ok(Some(Current {
            video: named.video,
            open,
        }))
    }

    /// A number that the model knows need not be looked up.
    async fn resolve(&self, reference: &VideoReference) -> Result<Option<VideoId>, RecommendError> {
        if let (VideoReference::Id(id), Some(snapshot)) = (reference, self.snapshot())
            && snapshot.item(*id).is_some()
        {
            return Ok(Some(*id));
        }
        Ok(self.peertube().resolve(reference).await?)
    }

    /// What the owner of the current video permits beside it; `None` where everything is.
    ///
    /// Whoever only guesses numbers must not learn whose a hidden video is: it has to be one that may be named, or to be
    /// named by its UUID, which nobody guesses.
    pub(super) async fn permitted(
        &self,
        request: &Request,
        current: Option<Current>,
        viewer: Option<&Viewer>,
    ) -> Result<Option<NewestFirst>, RecommendError> {
        let Some(Current { video, open }) = current else {
            return Ok(None);
        };
        let unchecked = Named { video, public: None };
        let Some(permitted) = self.peertube().permitted_beside(video, PERMITTED_LIMIT).await? else {
            return Ok(None);
        };
        let named = matches!(request.video, Some(VideoReference::Uuid(_)));
        let known = open || named || self.is_open(unchecked, viewer).await?;
        Ok(known.then(|| NewestFirst::new(permitted)))
    }

    /// A viewer may well be watching a public video that the viewer's own lists leave out, such as one in another
    /// language: what anybody may see is open as well.
    async fn is_open(&self, named: Named, viewer: Option<&Viewer>) -> Result<bool, RecommendError> {
        let public = match named.public {
            Some(public) => public,
            None => self.is_listed(named.video, None).await?,
        };
        Ok(public || self.is_listed(named.video, viewer).await?)
    }

    async fn is_listed(&self, video: VideoId, viewer: Option<&Viewer>) -> Result<bool, RecommendError> {
        let listed = self.peertube().visible_among(viewer, false, &[video]).await?;
        Ok(!listed.is_empty())
    }
}
