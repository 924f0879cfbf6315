//! The issuer's public keys: fetched when they are first needed, kept, and fetched again for a key that is not known.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use gallery::causes::chain;
use gallery::config::{is_trustworthy, shown};
use gallery::https;
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use serde_json::Value;
use tokio::sync::Mutex;

/// The least time between two attempts: a caller chooses the key that a token names.
const PAUSE: Duration = Duration::from_secs(10);
/// How old keys may be before they are fetched again, so that one which was withdrawn is forgotten.
const LIFETIME: Duration = Duration::from_secs(3600);
/// Of one fetch.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const LONGEST: usize = 256 * 1024;

/// Why there is no key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has none of that name.
    Unknown,
    /// The issuer could not be asked; it may be asked again after that time.
    Unavailable(Duration),
}

/// The keys of one issuer.
pub(super) struct Keys {
    issuer: String,
    jwks_url: Option<String>,
    known: RwLock<Known>,
    /// Held while keys are fetched; when that was last begun, and whether it went well.
    last: Mutex<Option<(Instant, bool)>>,
}

#[derive(Default)]
struct Known {
    /// By `kid`; by nothing those without.
    keys: HashMap<String, Arc<DecodingKey>>,
    since: Option<Instant>,
}

impl Keys {
    /// Nothing is fetched yet. Without `jwks_url` the issuer's metadata tells it.
    pub(super) fn new(issuer: &str, jwks_url: Option<&str>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_url: jwks_url.map(str::to_owned),
            known: RwLock::default(),
            last: Mutex::default(),
        }
    }

    /// The key that a token names; the only one there is for a token that names none.
    pub(super) async fn get(self: &Arc<Self>, kid: Option<&str>) -> Result<Arc<DecodingKey>, NoKey> {
        // On its own, so that a caller who hangs up does not end it: the next one would begin anew, however soon.
        let refresh = || {
            let keys = Arc::clone(self);
            tokio::spawn(async move { keys.refresh().await })
        };
        if let Some((key, is_old)) = self.known(kid) {
            // Nobody waits for it: what is known is good until the issuer says otherwise.
            if is_old && self.last.try_lock().is_ok() {
                refresh();
            }
            return Ok(key);
        }
        let refreshed = refresh().await.unwrap_or(Err(PAUSE));
        match (self.known(kid), refreshed) {
            (Some((key, _)), _) => Ok(key),
            (None, Ok(())) => Err(NoKey::Unknown),
            (None, Err(pause)) => Err(NoKey::Unavailable(pause)),
        }
    }

    /// A key that is known, and whether it is time to ask again.
    fn known(&self, kid: Option<&str>) -> Option<(Arc<DecodingKey>, bool)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = match kid {
            Some(kid) => known.keys.get(kid),
            None => known.keys.values().next().filter(|_| known.keys.len() == 1),
        };
        let is_old = known.since.is_none_or(|since| since.elapsed() > LIFETIME);
        key.map(|key| (Arc::clone(key), is_old))
    }

    /// Fetches the keys, unless that was just done.
    ///
    /// # Errors
    /// After what time it may be done again, if it went wrong.
    async fn refresh(&self) -> Result<(), Duration> {
        let mut last = self.last.lock().await;
        if let Some((begun, went_well)) = *last
            && let Some(pause) = PAUSE.checked_sub(begun.elapsed())
        {
            return if went_well { Ok(()) } else { Err(pause) };
        }
        let begun = Instant::now();
        let fetched = tokio::time::timeout(TIMEOUT, self.fetch()).await.unwrap_or_else(|_| Err("no answer".to_owned()));
        *last = Some((begun, fetched.is_ok()));
        match fetched {
            Ok(keys) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, since: Some(begun) };
                Ok(())
            }
            Err(cause) => {
                tracing::error!(issuer = &*shown(&self.issuer), cause, "the issuer's keys cannot be fetched");
                Err(PAUSE.saturating_sub(begun.elapsed()))
            }
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, Arc<DecodingKey>>, String> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => {
                let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
                let metadata = self.json(&url).await?;
                if metadata["issuer"] != *self.issuer {
                    return Err(format!("{}: this is another issuer's", shown(&url)));
                }
                let jwks_url = metadata["jwks_uri"].as_str().filter(|url| is_trustworthy(url));
                jwks_url.ok_or_else(|| format!("{}: there is no jwks_uri with https:", shown(&url)))?.to_owned()
            }
        };
        let set = self.json(&url).await?;
        let keys: HashMap<_, _> = set["keys"].as_array().into_iter().flatten().filter_map(key).collect();
        // What is known stays known until there is something else.
        if keys.is_empty() { Err(format!("{}: there is no key for RS256", shown(&url))) } else { Ok(keys) }
    }

    async fn json(&self, url: &str) -> Result<Value, String> {
        let shown = shown(url);
        let fail = |e: &(dyn Error + 'static)| format!("{shown}: {}", chain(e));
        let response = https::get(url).await.map_err(|e| fail(&e))?;
        if response.status().as_u16() != 200 {
            return Err(format!("{shown}: {}", response.status()));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|e| fail(&*e))?;
        serde_json::from_slice(&body.to_bytes()).map_err(|e| fail(&e))
    }
}

/// A key to verify RS256 with, and its name; other kinds are passed over.
fn key(jwk: &Value) -> Option<(String, Arc<DecodingKey>)> {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
    let fits = matches!(jwk.algorithm, AlgorithmParameters::RSA(_))
        && matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::RS256))
        && matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| fits)?;
    Some((jwk.common.key_id.unwrap_or_default(), Arc::new(key)))
}
