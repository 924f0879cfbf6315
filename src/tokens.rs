//! Verifies access tokens with the issuer's public keys.

mod keys;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};
use server::auth::{Claims, Refusal, TokenVerifier};
use server::config::SignIn;
use store::https::warn_about_unusable_proxies;

use keys::{Keys, NoKey};

use crate::aws::root_certificates;

/// Verifies tokens of one issuer.
pub(crate) struct Tokens {
    keys: Arc<Keys>,
    validation: Validation,
    audience: Vec<String>,
}

impl Tokens {
    /// The first token fetches the keys.
    ///
    /// # Errors
    /// This machine has no root certificates.
    pub(crate) fn new(sign_in: &SignIn) -> io::Result<Self> {
        warn_about_unusable_proxies();
        root_certificates().map_err(io::Error::other)?;
        let keys = Arc::new(Keys::new(&sign_in.issuer, sign_in.jwks_url.as_deref()));
        Ok(Self { keys, validation: validation(&sign_in.issuer), audience: sign_in.audience.clone() })
    }
}

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        let Some(token) = bearer(headers)? else { return Ok(None) };
        let invalid = |why| Refusal::InvalidToken(why);
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid("not a token"))?;
        if header.alg != Algorithm::RS256 || header.crit.is_some() {
            return Err(invalid("not signed with RS256"));
        }
        let key = self.keys.get(header.kid.as_deref()).await.map_err(|e| match e {
            NoKey::Unknown => invalid("signed with a key that is not the issuer's"),
            NoKey::Unavailable(pause) => Refusal::NoKeys(pause),
        })?;
        let token = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &self.validation);
        let claims = Claims(token.map_err(|e| invalid(why(&e)))?.claims);
        if !claims.is_for(&self.audience) {
            return Err(invalid("for another audience"));
        }
        Ok(Some(claims))
    }
}

/// The checks of a token. The audience may be in either of two claims, which [`Claims::is_for`] checks.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss"]);
    validation.validate_nbf = true;
    validation.validate_aud = false;
    validation.leeway = 0;
    validation
}

/// The reason for the log, without any part of the token.
fn why(e: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match e.kind() {
        ErrorKind::InvalidSignature => "the signature does not fit",
        ErrorKind::ExpiredSignature => "expired",
        ErrorKind::ImmatureSignature => "not valid yet",
        ErrorKind::InvalidIssuer => "of another issuer",
        ErrorKind::MissingRequiredClaim(_) => "without issuer or expiry",
        _ => "not a token",
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
