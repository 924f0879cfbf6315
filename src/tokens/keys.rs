//! The issuer's public keys: fetched on first use, cached, and fetched again for an unknown key.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use server::config::is_trustworthy;
use store::causes::chain;
use store::causes::shown;
use store::https;
use tokio::sync::Mutex;

use super::key_set::KeySet;

/// The minimum time between two fetches while there are keys: any caller can cause one by naming an unknown key.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(10);
/// Older keys are fetched again, so that revoked keys are forgotten.
const MAX_AGE: Duration = Duration::from_secs(3600);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a first fetch without keys: the next one still comes in time for those who wait.
const FIRST_FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a caller waits for keys. The fetch itself goes on.
pub(crate) const CALLER_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after a second failure while there are no keys. Each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(10);
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
    /// Locked during a fetch.
    fetches: Mutex<Fetches>,
    /// [`CALLER_TIMEOUT`]
    caller_timeout: Duration,
    /// [`FIRST_FETCH_TIMEOUT`]
    first_fetch_timeout: Duration,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
}

#[derive(Default)]
struct Known {
    keys: KeySet,
    since: Option<Instant>,
}

/// The fetches so far.
#[derive(Default)]
struct Fetches {
    /// How many have failed since the last one that succeeded.
    failures: u32,
    /// When the next one may begin.
    next: Option<Instant>,
}

impl Keys {
    /// Fetches nothing yet. Without `jwks_url`, the issuer's metadata has the address.
    pub(super) fn new(issuer: &str, jwks_url: Option<&str>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_url: jwks_url.map(str::to_owned),
            known: RwLock::default(),
            fetches: Mutex::default(),
            caller_timeout: CALLER_TIMEOUT,
            first_fetch_timeout: FIRST_FETCH_TIMEOUT,
            now: Box::new(Instant::now),
        }
    }

    /// These keys, which are not fetched again.
    pub(super) fn fixed(issuer: &str, keys: KeySet) -> Self {
        let now = Instant::now();
        // Time stands still: the keys do not grow old, and there is no next fetch.
        Self {
            known: RwLock::new(Known { keys, since: Some(now) }),
            fetches: Mutex::new(Fetches { failures: 0, next: Some(now + MIN_FETCH_INTERVAL) }),
            now: Box::new(move || now),
            ..Self::new(issuer, None)
        }
    }

    /// The key for a token's algorithm that the token names. For a token without `kid`, the only key of its algorithm.
    pub(super) async fn get(self: &Arc<Self>, kid: Option<&str>, of: Algorithm) -> Result<Arc<DecodingKey>, NoKey> {
        // A separate task goes on when the caller hangs up or waits no longer. Otherwise the next caller would start over.
        let refresh = || {
            let keys = Arc::clone(self);
            tokio::spawn(async move { keys.refresh().await })
        };
        if let Some((key, is_old)) = self.known(kid, of) {
            // The known key is used meanwhile.
            if is_old && self.fetches.try_lock().is_ok() {
                refresh();
            }
            return Ok(key);
        }
        let refreshed = match tokio::time::timeout(self.caller_timeout, refresh()).await {
            Ok(Ok(refreshed)) => refreshed,
            Ok(Err(_)) => Err(MIN_FETCH_INTERVAL),
            Err(_) => Err(FIRST_PAUSE),
        };
        match (self.known(kid, of), refreshed) {
            (Some((key, _)), _) => Ok(key),
            (None, Ok(())) => Err(NoKey::Unknown),
            (None, Err(pause)) => Err(NoKey::Unavailable(pause)),
        }
    }

    /// A known key, and whether the keys are older than [`MAX_AGE`].
    fn known(&self, kid: Option<&str>, of: Algorithm) -> Option<(Arc<DecodingKey>, bool)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_old = known.since.is_none_or(|since| (self.now)().duration_since(since) > MAX_AGE);
        known.keys.get(kid, of).map(|key| (Arc::clone(key), is_old))
    }

    fn has_keys(&self) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).since.is_some()
    }

    /// Fetches the keys, unless it is too early. While there are no keys, a first failure is followed by another attempt at
    /// once, because most failures are short; after more of them there are growing pauses.
    ///
    /// # Errors
    /// The time until the next fetch is possible.
    async fn refresh(&self) -> Result<(), Duration> {
        let mut fetches = self.fetches.lock().await;
        if let Some(pause) = fetches.next.and_then(|next| next.checked_duration_since((self.now)()))
            && !pause.is_zero()
        {
            return if fetches.failures == 0 { Ok(()) } else { Err(pause) };
        }
        loop {
            let begun = (self.now)();
            let is_first = fetches.failures == 0 && !self.has_keys();
            let timeout = if is_first { self.first_fetch_timeout } else { FETCH_TIMEOUT };
            let fetched = tokio::time::timeout(timeout, self.fetch()).await;
            let fetched = fetched.unwrap_or_else(|_| Err("no answer".to_owned()));
            let cause = match fetched {
                Ok(keys) => {
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, since: Some(begun) };
                    *fetches = Fetches { failures: 0, next: Some(begun + MIN_FETCH_INTERVAL) };
                    return Ok(());
                }
                Err(cause) => cause,
            };
            tracing::error!(issuer = &*shown(&self.issuer), cause, "the issuer's keys cannot be fetched");
            fetches.failures = fetches.failures.saturating_add(1);
            if is_first {
                continue;
            }
            let pause = if self.has_keys() { MIN_FETCH_INTERVAL } else { with_jitter(pause(fetches.failures)) };
            fetches.next = Some((self.now)() + pause);
            return Err(pause);
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
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
        let keys = KeySet::read(&self.json(&url).await?);
        // An empty set does not replace known keys.
        if keys.is_empty() { Err(format!("{}: no key for RS256, ES256 or EdDSA", shown(&url))) } else { Ok(keys) }
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

/// The pause after this many failures, two or more.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(2).min(16);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(MAX_PAUSE)
}

/// Between half of a pause and all of it, so that many servers do not ask the issuer at the same moment.
fn with_jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests;
