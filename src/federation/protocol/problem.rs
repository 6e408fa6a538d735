//! The `type` of problem documents (RFC 7807) that the inbox answers with. Only a sidecar says these, so they are told apart from
//! the errors of a reverse proxy, or of a PeerTube that is starting.

/// No particular one: the status says all, and time may change it.
pub const UNSPECIFIC: &str = "about:blank";
/// The activity cannot be understood.
pub const MALFORMED: &str = "urn:shoal:problem:malformed";
/// The sender is not permitted to do this here.
pub const REFUSED: &str = "urn:shoal:problem:refused";
/// The activity rests on a follow that the receiver did not send, or took back.
pub const NOT_FOLLOWING: &str = "urn:shoal:problem:not-following";
/// The activity is larger than the receiver takes.
pub const TOO_LARGE: &str = "urn:shoal:problem:too-large";
/// The receiver takes no activities of this media type.
pub const MEDIA_TYPE: &str = "urn:shoal:problem:media-type";

/// Whether a problem of this type is a clear refusal: the same activity will never be taken.
pub fn is_final(kind: &str) -> bool {
    [MALFORMED, REFUSED, NOT_FOLLOWING, TOO_LARGE, MEDIA_TYPE].contains(&kind)
}
