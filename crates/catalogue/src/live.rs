//! How the catalogue stays fresh.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use futures_util::future::{self, Either, FutureExt};
use tokio::sync::Mutex;

use crate::files::Files;
use crate::index::Index;
use crate::limits::{INDEX_DEADLINE, OUTAGE_LOG_INTERVAL, REVISION_TRUSTED_FOR};
use crate::snapshot::Catalogue;
use dotprompt::{is_name, likely_keys};
use store::{Object, PromptStore, StoreError};

/// The catalogue of one store, kept fresh, and the files that were read for it.
pub struct LiveCatalogue {
    /// Where the files are.
    pub store: Arc<dyn PromptStore>,
    /// The files that were read.
    pub files: Arc<Files>,
    /// The summaries of prompts that are known.
    pub index: Arc<Index>,
    /// How old the catalogue may be.
    pub ttl: Duration,
    state: RwLock<State>,
    /// Held during a listing; the callers that wait for it share its outcome.
    refreshing: Mutex<()>,
    /// Held while one caller reads likely files before the first listing has ended.
    reading_ahead: Mutex<()>,
}

#[derive(Default)]
struct State {
    last: Option<Dated>,
    /// When the last listing failed, and why.
    failure: Option<(Instant, StoreError)>,
}

/// A catalogue and the time of its listing.
struct Dated {
    /// When the listing began: every change before that is in it.
    began: Instant,
    /// The store's revision at that time.
    revision: Option<u64>,
    catalogue: Arc<Catalogue>,
}

impl LiveCatalogue {
    /// The catalogue of `store`, which may be as old as `ttl`. Nothing is read yet.
    pub fn new(store: Arc<dyn PromptStore>, ttl: Duration) -> Self {
        let files = Files::new(Arc::clone(&store));
        let index = Index::new(Arc::clone(&store));
        let (state, refreshing, reading_ahead) = Default::default();
        Self { store, files, index, ttl, state, refreshing, reading_ahead }
    }

    /// The last catalogue, however old.
    pub fn last(&self) -> Option<Arc<Catalogue>> {
        self.state().last.as_ref().map(|last| Arc::clone(&last.catalogue))
    }

    /// A catalogue that is not older than the TTL; while the store is down, the last one.
    ///
    /// # Errors
    /// Any [`StoreError`] of the listing, while there is no catalogue yet.
    pub async fn current(&self) -> Result<Arc<Catalogue>, StoreError> {
        match self.unchanged() {
            Some(catalogue) => Ok(catalogue),
            None => self.listed_since(Instant::now().checked_sub(self.ttl)).await,
        }
    }

    /// As [`Self::current`]. During the first listing, it also reads the files that are likely to have a prompt of this name.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub async fn current_reading_ahead(&self, name: &str) -> Result<Arc<Catalogue>, StoreError> {
        if !is_name(name) {
            return self.current().await;
        }
        let has_listed = self.state().last.is_some();
        // One request reads ahead, others wait for the listing: they rarely need the same file.
        let reading_ahead = self.reading_ahead.try_lock();
        if has_listed || reading_ahead.is_err() {
            return self.current().await;
        }
        let keys = likely_keys(name);
        let reads: Vec<_> = keys.iter().map(|key| self.files.read_ahead(key).boxed().shared()).collect();
        // All at once, until the listing shows which file it is.
        let catalogue = match future::select(future::join_all(reads.clone()), self.current().boxed()).await {
            Either::Left((_, listing)) => listing.await?,
            Either::Right((catalogue, _)) => catalogue?,
        };
        let object = catalogue.entry(name).map(|entry| catalogue.object(entry));
        if let Some(likely) = keys.iter().position(|key| object.is_some_and(|object| object.key == *key)) {
            reads[likely].clone().await;
        }
        Ok(catalogue)
    }

    /// The catalogue of a listing that begins now.
    ///
    /// # Errors
    /// When that listing fails, also where an older catalogue is at hand.
    pub(super) async fn listed_now(&self) -> Result<Arc<Catalogue>, StoreError> {
        let asked = Instant::now();
        let _ = self.listed_since(Some(asked)).await;
        let state = self.state();
        match (&state.last, &state.failure) {
            (Some(last), _) if last.began >= asked => Ok(Arc::clone(&last.catalogue)),
            (_, Some((_, e))) => Err(e.clone()),
            _ => Err(StoreError::Unavailable("no listing".to_owned())),
        }
    }

    /// Waits for the index, but not longer than reading the prompts would take.
    pub async fn index_ready(&self) {
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.ready()).await;
    }

    /// Writes the index if enough has changed, and waits for it: the platform may stop the process once a request is
    /// answered. `can_wait` if more prompts are about to be read.
    pub async fn save_index(&self, catalogue: &Arc<Catalogue>, can_wait: bool) {
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.save(catalogue, can_wait)).await;
    }

    /// The last catalogue, if the store knows that nothing has changed since.
    fn unchanged(&self) -> Option<Arc<Catalogue>> {
        let state = self.state();
        let last = state.last.as_ref().filter(|last| last.began.elapsed() < REVISION_TRUSTED_FOR)?;
        let is_unchanged = last.revision.is_some_and(|revision| self.store.revision() == Some(revision));
        is_unchanged.then(|| Arc::clone(&last.catalogue))
    }

    /// A catalogue whose listing began at `since` or later, or at any time without `since`. While the store is down, the last
    /// one.
    async fn listed_since(&self, since: Option<Instant>) -> Result<Arc<Catalogue>, StoreError> {
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
    fn at_hand(&self, since: Option<Instant>, waited: Option<Instant>) -> Option<Result<Arc<Catalogue>, StoreError>> {
        let state = self.state();
        let is_fresh = |last: &&Dated| since.is_none_or(|since| last.began >= since);
        if let Some(last) = state.last.as_ref().filter(is_fresh) {
            return Some(Ok(Arc::clone(&last.catalogue)));
        }
        let (failed, error) = state.failure.as_ref()?;
        match &state.last {
            Some(last) => (failed.elapsed() < self.store.retry_after()).then(|| Ok(Arc::clone(&last.catalogue))),
            None => waited.is_some_and(|waited| *failed >= waited).then(|| Err(error.clone())),
        }
    }

    /// Makes the catalogue of a listing. The caller holds `refreshing`, so that no other listing interferes.
    fn listed(&self, began: Instant, revision: Option<u64>, objects: Vec<Object>) -> Arc<Catalogue> {
        let before = self.last();
        let catalogue = match before {
            Some(same) if same.objects == objects => same,
            before => {
                let was_served = |object: &Object| self.files.has_linked(object);
                let catalogue = Catalogue::new(objects, before.as_deref(), was_served);
                self.files.forget_all_but(&catalogue);
                if before.is_some() {
                    self.index.forget_all_but(&catalogue);
                }
                Arc::new(catalogue)
            }
        };
        let last = Dated { began, revision, catalogue: Arc::clone(&catalogue) };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { last: Some(last), failure: None };
        catalogue
    }

    /// Remembers that a listing failed. Returns the last catalogue, if there is one.
    fn failed(&self, e: StoreError) -> Result<Arc<Catalogue>, StoreError> {
        let before = self.last();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let last_failure = state.failure.replace((Instant::now(), e.clone()));
        drop(state);
        let Some(catalogue) = before else { return Err(e) };
        // Otherwise a store that is asked at each request would fill the log.
        if last_failure.is_none_or(|(failed, _)| failed.elapsed() >= OUTAGE_LOG_INTERVAL) {
            tracing::warn!(store = self.store.location(), cause = %e, "the last good snapshot is served");
        }
        Ok(catalogue)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
