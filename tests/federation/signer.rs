//! Signs requests as any actor. Also part of the tests on the binary.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::{Digest, Sha256};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use secrecy::ExposeSecret;
use shoal::store::ActorKeys;
use url::Url;

/// Signs requests as `actor`, the way other software does: draft-cavage with a Date header.
pub struct Signer {
    pub actor: String,
    key: RsaPrivateKey,
}

impl Signer {
    pub fn new(actor: &str, keys: &ActorKeys) -> anyhow::Result<Self> {
        let key = RsaPrivateKey::from_pkcs8_pem(keys.private_key_pem.expose_secret())?;
        Ok(Self {
            actor: actor.to_owned(),
            key,
        })
    }

    /// The headers of a signed request.
    pub fn headers(&self, method: &str, url: &str, body: Option<&[u8]>) -> anyhow::Result<HeaderMap> {
        let url = Url::parse(url)?;
        let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(80));
        let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut lines = vec![
            (
                "(request-target)",
                format!(
                    "{method} {}",
                    &url[url::Position::BeforePath..url::Position::AfterQuery]
                ),
            ),
            ("host", host),
            ("date", date),
        ];
        if let Some(body) = body {
            lines.push(("digest", format!("SHA-256={}", STANDARD.encode(Sha256::digest(body)))));
        }
        let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
        let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let signature = self
            .key
            .sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text.join("\n")))?;
        let header = format!(
            "keyId=\"{}#main-key\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            self.actor,
            names.join(" "),
            STANDARD.encode(signature)
        );
        let mut headers = HeaderMap::new();
        for (name, value) in lines.into_iter().skip(1) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value)?);
        }
        headers.insert("signature", HeaderValue::from_str(&header)?);
        Ok(headers)
    }

    /// Gets something with a signature.
    pub async fn get(&self, url: &str) -> anyhow::Result<reqwest::Response> {
        Ok(reqwest::Client::new()
            .get(url)
            .headers(self.headers("get", url, None)?)
            .send()
            .await?)
    }
}
