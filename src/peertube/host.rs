//! The host in an ActivityPub id, as PeerTube writes it in handles.

/// Host of `url`, with the port when there is one; empty when there is no host.
pub(super) fn host_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_host_keeps_its_port() {
        assert_eq!(host_of("https://video.example/video-channels/a"), "video.example");
        assert_eq!(host_of("http://localhost:9000/accounts/a"), "localhost:9000");
        assert_eq!(host_of("https://video.example"), "video.example");
        assert_eq!(host_of("not a url"), "");
    }
}
