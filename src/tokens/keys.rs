//! The issuer's public keys: fetched on first use, cached, and fetched again for an unknown key.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use serde_json::Value;
use server::config::is_trustworthy;
use store::causes::chain;
use store::causes::shown;
use store::https;
use tokio::sync::Mutex;

/// The minimum time between two fetches: any caller can cause one by naming an unknown key.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(10);
/// Older keys are fetched again, so that revoked keys are forgotten.
const MAX_AGE: Duration = Duration::from_secs(3600);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const MAX_ANSWER_SIZE: usize = 256 * 1024;

/// Why there is no key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has no key with that id.
    Unknown,
    /// The keys could not be fetched. The next fetch is possible after this time.
    Unavailable(Duration),
}

/// The keys of one issuer.
pub(super) struct Keys {
    issuer: String,
    jwks_url: Option<String>,
    known: RwLock<Known>,
    /// When the last fetch began, and whether it succeeded. Locked during a fetch.
    last: Mutex<Option<(Instant, bool)>>,
}

#[derive(Default)]
struct Known {
    /// By `kid`; keys without one have the empty name.
    keys: HashMap<String, Arc<DecodingKey>>,
    since: Option<Instant>,
}

impl Keys {
    /// Fetches nothing yet. Without `jwks_url`, the issuer's metadata has the address.
    pub(super) fn new(issuer: &str, jwks_url: Option<&str>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_url: jwks_url.map(str::to_owned),
            known: RwLock::default(),
            last: Mutex::default(),
        }
    }

    /// The key that a token names. For a token without `kid`, the only key.
    pub(super) async fn get(self: &Arc<Self>, kid: Option<&str>) -> Result<Arc<DecodingKey>, NoKey> {
        // A separate task goes on when the caller hangs up. Otherwise the next caller would start over.
        let refresh = || {
            let keys = Arc::clone(self);
            tokio::spawn(async move { keys.refresh().await })
        };
        if let Some((key, is_old)) = self.known(kid) {
            // The known key is used meanwhile.
            if is_old && self.last.try_lock().is_ok() {
                refresh();
            }
            return Ok(key);
        }
        let refreshed = refresh().await.unwrap_or(Err(MIN_FETCH_INTERVAL));
        match (self.known(kid), refreshed) {
            (Some((key, _)), _) => Ok(key),
            (None, Ok(())) => Err(NoKey::Unknown),
            (None, Err(pause)) => Err(NoKey::Unavailable(pause)),
        }
    }

    /// A known key, and whether the keys are older than [`MAX_AGE`].
    fn known(&self, kid: Option<&str>) -> Option<(Arc<DecodingKey>, bool)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = match kid {
            Some(kid) => known.keys.get(kid),
            None => known.keys.values().next().filter(|_| known.keys.len() == 1),
        };
        let is_old = known.since.is_none_or(|since| since.elapsed() > MAX_AGE);
        key.map(|key| (Arc::clone(key), is_old))
    }

    /// Fetches the keys, unless the last fetch was less than [`MIN_FETCH_INTERVAL`] ago.
    ///
    /// # Errors
    /// The time until the next fetch is possible.
    async fn refresh(&self) -> Result<(), Duration> {
        let mut last = self.last.lock().await;
        if let Some((begun, succeeded)) = *last
            && let Some(pause) = MIN_FETCH_INTERVAL.checked_sub(begun.elapsed())
        {
            return if succeeded { Ok(()) } else { Err(pause) };
        }
        let begun = Instant::now();
        let fetched =
            tokio::time::timeout(FETCH_TIMEOUT, self.fetch()).await.unwrap_or_else(|_| Err("no answer".to_owned()));
        *last = Some((begun, fetched.is_ok()));
        match fetched {
            Ok(keys) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, since: Some(begun) };
                Ok(())
            }
            Err(cause) => {
                tracing::error!(issuer = &*shown(&self.issuer), cause, "the issuer's keys cannot be fetched");
                Err(MIN_FETCH_INTERVAL.saturating_sub(begun.elapsed()))
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
                    return Err(format!("{}: the metadata names another issuer", shown(&url)));
                }
                let jwks_url = metadata["jwks_uri"].as_str().filter(|url| is_trustworthy(url));
                jwks_url.ok_or_else(|| format!("{}: no jwks_uri with https:", shown(&url)))?.to_owned()
            }
        };
        let set = self.json(&url).await?;
        let keys: HashMap<_, _> = set["keys"].as_array().into_iter().flatten().filter_map(key).collect();
        // An empty set does not replace known keys.
        if keys.is_empty() { Err(format!("{}: no key for RS256", shown(&url))) } else { Ok(keys) }
    }

    async fn json(&self, url: &str) -> Result<Value, String> {
        let shown = shown(url);
        let fail = |e: &(dyn Error + 'static)| format!("{shown}: {}", chain(e));
        let response = https::get(url).await.map_err(|e| fail(&e))?;
        if response.status().as_u16() != 200 {
            return Err(format!("{shown}: {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_ANSWER_SIZE).collect().await.map_err(|e| fail(&*e))?;
        serde_json::from_slice(&body.to_bytes()).map_err(|e| fail(&e))
    }
}

/// A key for RS256, and its id. `None` for keys of other kinds.
fn key(jwk: &Value) -> Option<(String, Arc<DecodingKey>)> {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
    let fits = matches!(jwk.algorithm, AlgorithmParameters::RSA(_))
        && matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::RS256))
        && matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| fits)?;
    Some((jwk.common.key_id.unwrap_or_default(), Arc::new(key)))
}
