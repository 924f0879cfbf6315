//! How a snapshot of a store stays fresh, and serves through an outage.
//!
//! A listing runs in a task of its own, so its outcome is taken in even when its callers have stopped waiting. A caller waits for the
//! listing while the store is well. Once the store is in trouble, because the last listing failed or the one under way is slow, a
//! caller waits shortly, and gets the last good snapshot.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt, Shared};

use crate::freshness::Freshness;
use crate::limits::{FIRST_PAUSE, OUTAGE_LOG_INTERVAL, PATIENCE, REVISION_TRUSTED_FOR, SLOW_STORE};
use store::{Listed, Object, PromptStore, StoreError, note_stale, note_waiting, spawn_counted};

/// What is made of one listing of a store.
pub trait Snapshot: Send + Sync + 'static {
    /// The listing itself.
    fn objects(&self) -> &[Object];

    /// The listing was made in parts, and ended at this time.
    fn was_listed_in_parts(&mut self, ended: Instant) {
        let _ = ended;
    }
}

/// Makes a snapshot of a listing. The snapshot before may be of use, and when its listing began.
type Make<S> = Box<dyn Fn(Vec<Object>, Option<(&Arc<S>, Instant)>) -> S + Send + Sync>;

/// The last snapshot of a store, which may be as old as the TTL.
pub struct Snapshots<S>(Arc<Inner<S>>);

struct Inner<S> {
    store: Arc<dyn PromptStore>,
    freshness: Freshness,
    make: Make<S>,
    state: RwLock<State<S>>,
}

struct State<S> {
    last: Option<Dated<S>>,
    /// Set while the last listing that ended has failed.
    outage: Option<Outage>,
    under_way: Option<Listing>,
    /// How many listings have failed in all.
    failures: u64,
    /// When the log last said that an old snapshot is served.
    logged: Option<Instant>,
}

/// A snapshot and the time of its listing.
struct Dated<S> {
    /// When the listing began: every change before that is in it.
    began: Instant,
    /// The store's revision at that time.
    revision: Option<u64>,
    snapshot: Arc<S>,
}

/// Listings that have failed since the last good one.
struct Outage {
    failures: u32,
    /// The last failure.
    error: StoreError,
    /// The store is not asked before this time.
    retry_at: Instant,
}

/// A listing under way.
#[derive(Clone)]
struct Listing {
    began: Instant,
    /// Its outcome is in the state then. An error says that its task has ended early.
    ended: Shared<BoxFuture<'static, Result<(), StoreError>>>,
}

/// The last snapshot, by its age.
pub(crate) enum AtHand<S> {
    /// Not older than the TTL.
    Fresh(Arc<S>),
    /// Older than the TTL, with all names of the last half minute, of a store that is well.
    Recent(Arc<S>),
    /// There is no snapshot, it is older than that, or the store is in trouble.
    Old,
}

impl<S: Snapshot> Snapshots<S> {
    /// The snapshots of `store`. Nothing is read yet.
    pub fn new(
        store: Arc<dyn PromptStore>,
        freshness: Freshness,
        make: impl Fn(Vec<Object>, Option<(&Arc<S>, Instant)>) -> S + Send + Sync + 'static,
    ) -> Self {
        let state = State { last: None, outage: None, under_way: None, failures: 0, logged: None };
        Self(Arc::new(Inner { store, freshness, make: Box::new(make), state: RwLock::new(state) }))
    }

    /// The last snapshot, however old.
    pub fn last(&self) -> Option<Arc<S>> {
        self.0.last()
    }

    /// How long ago the listing of the last snapshot began.
    pub fn age(&self) -> Option<Duration> {
        let began = self.0.read().last.as_ref()?.began;
        Some(self.0.freshness.clock.since(began))
    }

    /// The last snapshot, by its age.
    pub(crate) fn at_hand(&self) -> AtHand<S> {
        let Inner { store, freshness, .. } = &*self.0;
        let now = freshness.clock.now();
        let state = self.0.read();
        let Some(Dated { began, revision, snapshot }) = &state.last else { return AtHand::Old };
        let age = now.saturating_duration_since(*began);
        let is_unchanged = || age < REVISION_TRUSTED_FOR && revision.is_some() && store.revision() == *revision;
        if freshness.fresh_since(now).is_none_or(|since| *began >= since) || is_unchanged() {
            return AtHand::Fresh(Arc::clone(snapshot));
        }
        let is_slow = state.under_way.as_ref().is_some_and(|listing| now >= listing.began + SLOW_STORE);
        if state.outage.is_some() || is_slow || age > freshness.names_within() {
            return AtHand::Old;
        }
        AtHand::Recent(Arc::clone(snapshot))
    }

    /// A snapshot that is not older than the TTL; while the store is in trouble, the last one, if its age is allowed.
    ///
    /// # Errors
    /// Any [`StoreError`] of the listing, while there is no snapshot that may be served.
    pub async fn current(&self) -> Result<Arc<S>, StoreError> {
        if let AtHand::Fresh(snapshot) = self.at_hand() {
            return Ok(snapshot);
        }
        let Freshness { clock, .. } = &self.0.freshness;
        let asked = clock.now();
        let listed = self.0.listed_since(self.0.freshness.fresh_since(asked), asked).await;
        listed.or_else(|e| self.0.stale(&e).ok_or(e))
    }

    /// The snapshot of a listing that begins now.
    ///
    /// # Errors
    /// When that listing fails, also where an older snapshot is at hand.
    pub async fn listed_now(&self) -> Result<Arc<S>, StoreError> {
        let asked = self.0.freshness.clock.now();
        self.0.listed_since(Some(asked), asked).await
    }
}

impl<S: Snapshot> Inner<S> {
    fn last(&self) -> Option<Arc<S>> {
        self.read().last.as_ref().map(|last| Arc::clone(&last.snapshot))
    }

    /// The snapshot of a listing that began at `since` or later, for a caller that has asked at `asked`.
    ///
    /// # Errors
    /// When a listing has failed that the caller has waited for, when the store is not asked now, and when there is no listing in
    /// the time that the caller waits. Without a snapshot that may be served instead, the store is always asked, and the caller waits.
    async fn listed_since(self: &Arc<Self>, since: Option<Instant>, asked: Instant) -> Result<Arc<S>, StoreError> {
        let mut known_failures = None;
        loop {
            let (listing, patience) = {
                let mut state = self.write();
                if let Some(last) = state.last.as_ref().filter(|last| since.is_none_or(|since| last.began >= since)) {
                    return Ok(Arc::clone(&last.snapshot));
                }
                let now = self.freshness.clock.now();
                let is_usable = self.usable(&state).is_some();
                let has_failed = *known_failures.get_or_insert(state.failures) != state.failures;
                let outage = state.outage.as_ref();
                if let Some(outage) = outage.filter(|outage| has_failed || is_usable && now < outage.retry_at) {
                    return Err(outage.error.clone());
                }
                let is_well = outage.is_none_or(|outage| self.freshness.is_forgotten(outage.retry_at, now));
                let listing = match &state.under_way {
                    Some(listing) => listing.clone(),
                    None => state.under_way.insert(self.begin()).clone(),
                };
                let patience = asked + PATIENCE;
                // Not the time since a caller of before a freeze has begun it.
                let began = if self.freshness.is_forgotten(listing.began, now) { asked } else { listing.began };
                let patience = if is_well { patience.max(began + SLOW_STORE) } else { patience };
                (listing, is_usable.then_some(patience))
            };
            note_waiting();
            match patience {
                None => listing.ended.await?,
                Some(patience) => {
                    let ended = self.freshness.clock.until(patience, listing.ended).await;
                    ended.unwrap_or_else(|| Err(StoreError::Unavailable("the listing takes long".to_owned())))?;
                }
            }
        }
    }

    /// Begins a listing.
    fn begin(self: &Arc<Self>) -> Listing {
        let (began, inner) = (self.freshness.clock.now(), Arc::clone(self));
        let task = spawn_counted(async move {
            let revision = inner.store.revision();
            match inner.store.list_or_continue().await {
                Ok(listed) => inner.listed(began, revision, listed),
                Err(e) => inner.failed(began, e),
            }
        });
        let inner = Arc::clone(self);
        let ended = task.map(move |ended| {
            ended.map_err(|e| {
                let e = StoreError::Unavailable(e.to_string());
                inner.failed(began, e.clone());
                e
            })
        });
        Listing { began, ended: ended.boxed().shared() }
    }

    /// Makes the snapshot of a listing. There is one listing at a time.
    fn listed(&self, began: Instant, revision: Option<u64>, Listed { objects, age, is_in_parts }: Listed) {
        let began = began.checked_sub(age).unwrap_or(began);
        let before = self.read().last.as_ref().map(|last| (Arc::clone(&last.snapshot), last.began));
        let snapshot = match before {
            Some((same, _)) if same.objects() == objects => same,
            before => {
                let mut snapshot = (self.make)(objects, before.as_ref().map(|(before, began)| (before, *began)));
                if is_in_parts {
                    snapshot.was_listed_in_parts(self.freshness.clock.now());
                }
                Arc::new(snapshot)
            }
        };
        let mut state = self.write();
        state.last = Some(Dated { began, revision, snapshot });
        (state.outage, state.under_way, state.logged) = (None, None, None);
    }

    /// Remembers that a listing failed which began at that time.
    fn failed(&self, began: Instant, error: StoreError) {
        let now = self.freshness.clock.now();
        let mut state = self.write();
        state.under_way = None;
        // Its connections have ended in the freeze. A caller who waits for it begins another.
        if self.freshness.is_forgotten(began, now) {
            return;
        }
        let failures = state.outage.take().map_or(0, |outage| outage.failures).saturating_add(1);
        let retry_at = now + self.pause(failures);
        state.outage = Some(Outage { failures, error, retry_at });
        state.failures += 1;
    }

    /// How long the store is not asked after so many failures.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
        jittered(doubled.min(self.store.retry_after() * 3))
    }

    /// The last snapshot in place of a fresh one, if its age is allowed.
    fn stale(&self, cause: &StoreError) -> Option<Arc<S>> {
        let now = self.freshness.clock.now();
        let mut state = self.write();
        let last = self.usable(&state)?;
        let (age, snapshot) = (now.saturating_duration_since(last.began), Arc::clone(&last.snapshot));
        note_stale(age);
        // Otherwise each request of an outage would be logged twice.
        if state.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= OUTAGE_LOG_INTERVAL) {
            state.logged = Some(now);
            let age_seconds = age.as_secs();
            tracing::warn!(store = self.store.location(), age_seconds, %cause, "the last good snapshot is served");
        }
        Some(snapshot)
    }

    fn usable<'s>(&self, state: &'s State<S>) -> Option<&'s Dated<S>> {
        state.last.as_ref().filter(|last| self.freshness.is_usable(self.freshness.clock.since(last.began)))
    }

    fn read(&self) -> RwLockReadGuard<'_, State<S>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<S>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pause of half to all of that time. Servers that have failed together do not ask together again.
#[must_use]
pub fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
