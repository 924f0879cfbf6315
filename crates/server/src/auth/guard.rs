//! Decides who may call `/mcp`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::config::SignIn;

/// The claims of a verified token.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// A claim, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whether the token grants a scope. `scope` holds words; other issuers write `scp`, which may be a list.
    fn has_scope(&self, scope: &str) -> bool {
        let words = |granted: &str| granted.split(' ').any(|granted| granted == scope);
        self.text("scope").is_some_and(words)
            || self.0.get("scp").is_some_and(|scp| texts(scp).filter_map(Value::as_str).any(words))
    }

    /// The same for the claims that API Gateway hands on: all are text, and a list is written as `[a b]`.
    fn has_scope_by_platform(&self, scope: &str) -> bool {
        let claims = ["scope", "scp"].into_iter().filter_map(|name| self.text(name));
        claims.flat_map(|granted| granted.trim_matches(['[', ']']).split(' ')).any(|granted| granted == scope)
    }

    /// Whether the token is meant for one of `audience`: `aud` is text or a list of texts. A token without `aud` is meant for
    /// its `client_id`.
    #[must_use]
    pub fn is_for(&self, audience: &[String]) -> bool {
        let is_one = |value: &Value| audience.iter().any(|one| value == one);
        match self.0.get("aud") {
            Some(aud) => texts(aud).any(is_one),
            None => self.0.get("client_id").is_some_and(is_one),
        }
    }

    /// Whether this is an ID token: it says who someone is, but grants nothing. Cognito names the kind in `token_use`; the
    /// other claims are for ID tokens alone.
    fn is_id_token(&self) -> bool {
        self.0.get("token_use").is_some_and(|kind| kind != "access")
            || ["nonce", "at_hash", "c_hash"].into_iter().any(|name| self.0.contains_key(name))
    }
}

/// The items of a claim that is text or a list of texts; none of any other claim.
fn texts(claim: &Value) -> impl Iterator<Item = &Value> {
    let texts = match claim {
        Value::String(_) => std::slice::from_ref(claim),
        Value::Array(all) if all.iter().all(Value::is_string) => all,
        _ => &[],
    };
    texts.iter()
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request has no token.
    NoToken,
    /// The token is invalid; the reason is for the log.
    InvalidToken(&'static str),
    /// The token does not grant the scope.
    InsufficientScope,
    /// The issuer's keys cannot be read; the server asks for them again after this time.
    NoKeys(Duration),
}

impl Refusal {
    /// Its name in the log and in metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::InvalidToken(_) => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::NoKeys(_) => "no_keys",
        }
    }

    /// The HTTP status, one sentence for the caller, and the error in `WWW-Authenticate` (RFC 6750).
    pub(crate) fn answer(&self) -> (StatusCode, &'static str, Option<&'static str>) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "sign in: the request has no bearer token", None),
            Self::InvalidToken(_) => {
                (StatusCode::UNAUTHORIZED, "sign in again: the token is not valid here", Some("invalid_token"))
            }
            Self::InsufficientScope => {
                (StatusCode::FORBIDDEN, "the token does not grant the required scope", Some("insufficient_scope"))
            }
            Self::NoKeys(_) => (StatusCode::SERVICE_UNAVAILABLE, "the token cannot be checked at the moment", None),
        }
    }
}

/// Decides who may call.
pub(crate) struct Guard {
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) allow_anonymous: bool,
    pub(crate) verifier: Verifier,
}

/// The component that checks tokens.
#[derive(Clone)]
pub enum Verifier {
    /// API Gateway, before the function is called.
    Platform,
    /// This process, with the issuer's keys.
    Tokens(Arc<dyn TokenVerifier>),
    /// None: there is no sign-in.
    None,
}

/// Checks tokens in this process.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// The claims of a request's token, if it has one.
    ///
    /// # Errors
    /// A token that is not valid here, or that cannot be checked now.
    async fn verify(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal>;
}

impl Guard {
    /// Returns the caller's claims, or `None` for an anonymous caller who is allowed. `by_platform` has the claims of a token
    /// that API Gateway has verified.
    ///
    /// # Errors
    /// A caller who is not admitted.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        by_platform: Option<Claims>,
    ) -> Result<Option<Claims>, Refusal> {
        let claims = match &self.verifier {
            // A sign-in without a verifier admits no caller.
            Verifier::None if self.sign_in.is_some() => None,
            Verifier::None => return Ok(None),
            Verifier::Platform => by_platform,
            Verifier::Tokens(tokens) => tokens.verify(headers).await?,
        };
        let Some(claims) = claims else {
            return if self.allow_anonymous { Ok(None) } else { Err(Refusal::NoToken) };
        };
        let Some(sign_in) = &self.sign_in else { return Ok(Some(claims)) };
        if claims.is_id_token() {
            return Err(Refusal::InvalidToken("not an access token"));
        }
        let is_granted = |scope: &String| match self.verifier {
            Verifier::Platform => claims.has_scope_by_platform(scope),
            _ => claims.has_scope(scope),
        };
        if !sign_in.scope.as_ref().is_none_or(is_granted) {
            return Err(Refusal::InsufficientScope);
        }
        Ok(Some(claims))
    }

    /// `WWW-Authenticate` of a refusal with this error (RFC 6750, RFC 9728).
    pub(crate) fn challenge(&self, error: Option<&str>) -> Option<HeaderValue> {
        let mut parameters = Vec::new();
        parameters.extend(error.map(|error| format!("error=\"{error}\"")));
        if let Some(sign_in) = &self.sign_in {
            let (origin, path) = (sign_in.origin(), sign_in.path());
            parameters.push(format!("resource_metadata=\"{origin}/.well-known/oauth-protected-resource{path}\""));
            parameters.extend(sign_in.scope.as_ref().map(|scope| format!("scope=\"{scope}\"")));
        }
        HeaderValue::try_from(format!("Bearer {}", parameters.join(", ")).trim_end()).ok()
    }
}
