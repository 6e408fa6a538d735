//! For people who open the address of the actor in a browser: what this is, and what leaves the instance.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Http;

/// What is said about privacy, as in the documentation.
const PRIVACY: &str = include_str!("../../../docs/privacy.md");
/// The page loads nothing and may not be framed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// A page about this sidecar.
pub async fn about(State(http): State<Http>) -> impl IntoResponse {
    let addresses = &http.state.addresses;
    let host = escape(&addresses.authority());
    let actor = escape(addresses.actor().as_str());
    let privacy = escape(&format!("{}/privacy", addresses.prefix()));
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Shoal of {host}</title>\n\
         <style>body {{ max-width: 40em; margin: 3em auto; padding: 0 1em; font: 1em/1.6 sans-serif }}</style>\n</head>\n\
         <body>\n<h1>Shoal of {host}</h1>\n\
         <p>This is not a person, and there are no posts to follow. It is the address at which a PeerTube instance \
         exchanges what its recommendations learn with other instances.</p>\n\
         <p>Nobody's watch history leaves the instance. What is sent are sums over all accounts that take part, with \
         noise added, so that no single account can be made out (differential privacy). Only the sidecars of other \
         instances that the administrator accepted receive them.</p>\n\
         <ul>\n<li><a href=\"{privacy}\">Privacy: what leaves the instance, and what does not</a></li>\n\
         <li>For software: the ActivityPub actor <code>{actor}</code></li>\n\
         <li>Accounts choose in PeerTube, under “My account”, whether they take part.</li>\n</ul>\n</body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, body)
}

/// The text about privacy.
pub async fn privacy() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, PRIVACY)
}

fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, character| {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                character => escaped.push(character),
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_cannot_add_markup() {
        assert_eq!(escape("a\"><b>'&"), "a&quot;&gt;&lt;b&gt;&#39;&amp;");
    }
}
