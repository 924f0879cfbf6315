//! Verifies access tokens with the issuer's public keys.

mod key_set;
mod keys;
mod token;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::Value;
use server::auth::{Claims, Refusal, TokenVerifier};
use server::config::SignIn;
use store::https::warn_about_unusable_proxies;

use key_set::KeySet;
pub(crate) use keys::CALLER_TIMEOUT;
use keys::{Keys, NoKey};
use token::Header;

use crate::aws::root_certificates;

/// Verifies tokens of one issuer.
pub struct Tokens {
    issuer: String,
    keys: Arc<Keys>,
    audience: Vec<String>,
}

impl Tokens {
    /// Verifies with the keys of this document, and fetches none.
    #[must_use]
    pub fn with_keys(sign_in: &SignIn, document: &Value) -> Self {
        let keys = Arc::new(Keys::fixed(&sign_in.issuer, KeySet::read(document)));
        Self { issuer: sign_in.issuer.clone(), keys, audience: sign_in.audience.clone() }
    }

    /// The first token fetches the keys.
    ///
    /// # Errors
    /// This machine has no root certificates.
    pub(crate) fn new(sign_in: &SignIn) -> io::Result<Self> {
        warn_about_unusable_proxies();
        root_certificates().map_err(io::Error::other)?;
        let keys = Arc::new(Keys::new(&sign_in.issuer, sign_in.jwks_url.as_deref()));
        Ok(Self { issuer: sign_in.issuer.clone(), keys, audience: sign_in.audience.clone() })
    }
}

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        let Some(token) = bearer(headers)? else { return Ok(None) };
        let header = Header::read(token).map_err(Refusal::InvalidToken)?;
        let key = self.keys.get(header.key_id.as_deref(), header.algorithm).await.map_err(|e| match e {
            NoKey::Unknown => Refusal::InvalidToken("signed with a key that is not the issuer's"),
            NoKey::Unavailable(pause) => Refusal::NoKeys(pause),
        })?;
        let claims = header.claims(token, &key, &self.issuer).map_err(Refusal::InvalidToken)?;
        if !claims.is_for(&self.audience) {
            return Err(Refusal::InvalidToken("for another audience"));
        }
        Ok(Some(claims))
    }
}

/// The token of the only `Authorization` header. A token in the query string does not count.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::InvalidToken("more than one Authorization header"));
    }
    let Ok(value) = value.to_str() else { return Err(Refusal::InvalidToken("not text")) };
    let (scheme, token) = value.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        // RFC 6750, section 3.1: a request with another scheme gets no error code.
        return Err(Refusal::NoToken);
    }
    Some(token.trim_matches(' ')).filter(|token| !token.is_empty()).map(Some).ok_or(Refusal::InvalidToken("empty"))
}
