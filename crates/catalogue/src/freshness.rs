//! How old a snapshot may be.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Clock, SystemClock};
use crate::limits::{FORGOTTEN_AFTER, NEW_NAMES_WITHIN, STALE_OK};

/// How old a snapshot may be, and the clock that says so.
#[derive(Clone)]
pub struct Freshness {
    /// A snapshot of this age is listed again.
    pub ttl: Duration,
    /// The last good snapshot is served up to this age while the store is down, and up to the TTL if that is longer.
    pub stale_ok: Duration,
    /// Whether the process stands still between calls, as on Lambda: a listing may be cut off then, and says nothing of the store.
    pub is_frozen_between_calls: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ttl, stale_ok, .. } = self;
        f.debug_struct("Freshness").field("ttl", ttl).field("stale_ok", stale_ok).finish_non_exhaustive()
    }
}

impl From<Duration> for Freshness {
    /// This TTL, with the defaults for the rest.
    fn from(ttl: Duration) -> Self {
        Self { ttl, stale_ok: STALE_OK, is_frozen_between_calls: false, clock: Arc::new(SystemClock) }
    }
}

impl Freshness {
    /// The time at or after which a listing has to begin to be fresh at `now`; `None` if each one is.
    pub(crate) fn fresh_since(&self, now: Instant) -> Option<Instant> {
        now.checked_sub(self.ttl)
    }

    /// Whether a snapshot of this age is served while the store is down.
    pub(crate) fn is_usable(&self, age: Duration) -> bool {
        age <= self.ttl.max(self.stale_ok)
    }

    /// Whether what was learnt of the store at that time no longer counts.
    pub(crate) fn is_forgotten(&self, time: Instant, now: Instant) -> bool {
        self.is_frozen_between_calls && now.saturating_duration_since(time) >= FORGOTTEN_AFTER
    }

    /// How old a listing may be that is asked for the names of prompts whose files are revalidated.
    pub(crate) fn names_within(&self) -> Duration {
        self.ttl.max(NEW_NAMES_WITHIN)
    }
}
