//! Who may call: the last word on every request to `/mcp`.

use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::config::SignIn;

/// What a verified token says of the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// A claim that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whether a scope was granted: `scope` has words, `scp` of other issuers may be a list.
    fn has_scope(&self, scope: &str) -> bool {
        ["scope", "scp"].into_iter().any(|name| match self.0.get(name) {
            // API Gateway writes a list as `[a b]`.
            Some(Value::String(granted)) => granted.trim_matches(['[', ']']).split(' ').any(|granted| granted == scope),
            Some(Value::Array(granted)) => granted.iter().any(|granted| granted == scope),
            _ => false,
        })
    }

    /// Whether the token was meant for one of these. A token without `aud` is its client's.
    #[must_use]
    pub fn is_for(&self, audience: &[String]) -> bool {
        let is_one = |value: &Value| audience.iter().any(|one| value == one);
        match self.0.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_one),
            Some(one) => is_one(one),
            None => self.0.get("client_id").is_some_and(is_one),
        }
    }
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token.
    NoToken,
    /// The token is not one that this server takes; why, for the log.
    InvalidToken(&'static str),
    /// The token does not grant the scope.
    InsufficientScope,
    /// The issuer's keys cannot be had; they may be asked for again after that time.
    NoKeys(Duration),
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::NoToken => "sign in: the request has no bearer token",
            Self::InvalidToken(_) => "sign in again: the token is not valid here",
            Self::InsufficientScope => "the token does not grant the scope that is needed",
            Self::NoKeys(_) => "the token cannot be checked at the moment",
        }
    }
}

/// Decides who may call.
pub(crate) struct Guard {
    sign_in: Option<SignIn>,
    allow_anonymous: bool,
    verifier: Verifier,
}

/// Who checks the tokens of callers.
pub enum Verifier {
    /// API Gateway, before the function is called.
    Platform,
    /// This process, with the issuer's keys.
    Tokens(Box<dyn TokenVerifier>),
    /// Nobody: there is no sign-in.
    None,
}

/// Checks tokens in this process.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// What the token of a request says, if there is one.
    ///
    /// # Errors
    /// A token that this server does not take.
    async fn verify(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal>;
}

impl Guard {
    pub(crate) fn new(sign_in: Option<SignIn>, allow_anonymous: bool, verifier: Verifier) -> Self {
        Self { sign_in, allow_anonymous, verifier }
    }

    /// Who calls, if that may be; nobody where there is no sign-in or anyone may call. `by_platform` is what API Gateway
    /// has read in the token that it has verified.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        by_platform: Option<Claims>,
    ) -> Result<Option<Claims>, Refusal> {
        let claims = match &self.verifier {
            // A sign-in that nobody checks lets nobody in.
            Verifier::None if self.sign_in.is_some() => None,
            Verifier::None => return Ok(None),
            Verifier::Platform => by_platform,
            Verifier::Tokens(tokens) => tokens.verify(headers).await?,
        };
        let Some(claims) = claims else {
            return if self.allow_anonymous { Ok(None) } else { Err(Refusal::NoToken) };
        };
        let Some(sign_in) = &self.sign_in else { return Ok(Some(claims)) };
        // Cognito says what a token is for; others by the media type of RFC 9068, which not all write.
        if claims.text("token_use").is_some_and(|kind| kind != "access") {
            return Err(Refusal::InvalidToken("not an access token"));
        }
        if sign_in.scope.as_deref().is_some_and(|scope| !claims.has_scope(scope)) {
            return Err(Refusal::InsufficientScope);
        }
        Ok(Some(claims))
    }

    /// `WWW-Authenticate` of a refusal (RFC 6750, RFC 9728).
    pub(crate) fn challenge(&self, refusal: &Refusal) -> Option<HeaderValue> {
        let error = match refusal {
            Refusal::NoToken => None,
            Refusal::InvalidToken(_) => Some("invalid_token"),
            Refusal::InsufficientScope => Some("insufficient_scope"),
            Refusal::NoKeys(_) => return None,
        };
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
