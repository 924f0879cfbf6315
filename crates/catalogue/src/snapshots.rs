//! How a snapshot of a store stays fresh, and serves through an outage.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::limits::{OUTAGE_LOG_INTERVAL, REVISION_TRUSTED_FOR};
use store::{Object, PromptStore, StoreError};

/// What is made of one listing of a store.
pub trait Snapshot {
    /// The listing itself.
    fn objects(&self) -> &[Object];
}

/// Makes a snapshot of a listing. The snapshot before may be of use.
type Make<S> = Box<dyn Fn(Vec<Object>, Option<&Arc<S>>) -> S + Send + Sync>;

/// The last snapshot of a store, which may be as old as the TTL.
pub struct Snapshots<S> {
    store: Arc<dyn PromptStore>,
    ttl: Duration,
    make: Make<S>,
    state: RwLock<State<S>>,
    /// Held during a listing; the callers that wait for it share its outcome.
    refreshing: Mutex<()>,
}

struct State<S> {
    last: Option<Dated<S>>,
    /// When the last listing failed, and why.
    failure: Option<(Instant, StoreError)>,
}

/// A snapshot and the time of its listing.
struct Dated<S> {
    /// When the listing began: every change before that is in it.
    began: Instant,
    /// The store's revision at that time.
    revision: Option<u64>,
    snapshot: Arc<S>,
}

impl<S: Snapshot> Snapshots<S> {
    /// The snapshots of `store`. Nothing is read yet.
    pub fn new(
        store: Arc<dyn PromptStore>,
        ttl: Duration,
        make: impl Fn(Vec<Object>, Option<&Arc<S>>) -> S + Send + Sync + 'static,
    ) -> Self {
        let state = RwLock::new(State { last: None, failure: None });
        Self { store, ttl, make: Box::new(make), state, refreshing: Mutex::default() }
    }

    /// The last snapshot, however old.
    pub fn last(&self) -> Option<Arc<S>> {
        self.state().last.as_ref().map(|last| Arc::clone(&last.snapshot))
    }

    /// A snapshot that is not older than the TTL; while the store is down, the last one.
    ///
    /// # Errors
    /// Any [`StoreError`] of the listing, while there is no snapshot yet.
    pub async fn current(&self) -> Result<Arc<S>, StoreError> {
        match self.unchanged() {
            Some(snapshot) => Ok(snapshot),
            None => self.listed_since(Instant::now().checked_sub(self.ttl)).await,
        }
    }

    /// The snapshot of a listing that begins now.
    ///
    /// # Errors
    /// When that listing fails, also where an older snapshot is at hand.
    pub async fn listed_now(&self) -> Result<Arc<S>, StoreError> {
        let asked = Instant::now();
        let _ = self.listed_since(Some(asked)).await;
        let state = self.state();
        match (&state.last, &state.failure) {
            (Some(last), _) if last.began >= asked => Ok(Arc::clone(&last.snapshot)),
            (_, Some((_, e))) => Err(e.clone()),
            _ => Err(StoreError::Unavailable("no listing".to_owned())),
        }
    }

    /// The last snapshot, if the store knows that nothing has changed since.
    fn unchanged(&self) -> Option<Arc<S>> {
        let state = self.state();
        let last = state.last.as_ref().filter(|last| last.began.elapsed() < REVISION_TRUSTED_FOR)?;
        let is_unchanged = last.revision.is_some_and(|revision| self.store.revision() == Some(revision));
        is_unchanged.then(|| Arc::clone(&last.snapshot))
    }

    /// A snapshot whose listing began at `since` or later, or at any time without `since`. While the store is down, the last
    /// one.
    async fn listed_since(&self, since: Option<Instant>) -> Result<Arc<S>, StoreError> {
        if let Some(answer) = self.at_hand(since, None) {
            return answer;
        }
        let asked = Instant::now();
        let _refreshing = self.refreshing.lock().await;
        if let Some(answer) = self.at_hand(since, Some(asked)) {
            return answer;
        }
        let (began, revision) = (Instant::now(), self.store.revision());
        match self.store.list().await {
            Ok(objects) => Ok(self.listed(began, revision, objects)),
            Err(e) => self.failed(e),
        }
    }

    /// The answer that needs no listing, if there is one. A caller that has waited since `waited` shares the failure of a
    /// listing that ended later.
    fn at_hand(&self, since: Option<Instant>, waited: Option<Instant>) -> Option<Result<Arc<S>, StoreError>> {
        let state = self.state();
        let is_fresh = |last: &&Dated<S>| since.is_none_or(|since| last.began >= since);
        if let Some(last) = state.last.as_ref().filter(is_fresh) {
            return Some(Ok(Arc::clone(&last.snapshot)));
        }
        let (failed, error) = state.failure.as_ref()?;
        match &state.last {
            Some(last) => (failed.elapsed() < self.store.retry_after()).then(|| Ok(Arc::clone(&last.snapshot))),
            None => waited.is_some_and(|waited| *failed >= waited).then(|| Err(error.clone())),
        }
    }

    /// Makes the snapshot of a listing. The caller holds `refreshing`, so that no other listing interferes.
    fn listed(&self, began: Instant, revision: Option<u64>, objects: Vec<Object>) -> Arc<S> {
        let before = self.last();
        let snapshot = match before {
            Some(same) if same.objects() == objects => same,
            before => Arc::new((self.make)(objects, before.as_ref())),
        };
        let last = Dated { began, revision, snapshot: Arc::clone(&snapshot) };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { last: Some(last), failure: None };
        snapshot
    }

    /// Remembers that a listing failed. Returns the last snapshot, if there is one.
    fn failed(&self, e: StoreError) -> Result<Arc<S>, StoreError> {
        let before = self.last();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let last_failure = state.failure.replace((Instant::now(), e.clone()));
        drop(state);
        let Some(snapshot) = before else { return Err(e) };
        // Otherwise a store that is asked at each request would fill the log.
        if last_failure.is_none_or(|(failed, _)| failed.elapsed() >= OUTAGE_LOG_INTERVAL) {
            tracing::warn!(store = self.store.location(), cause = %e, "the last good snapshot is served");
        }
        Ok(snapshot)
    }

    fn state(&self) -> RwLockReadGuard<'_, State<S>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
