//! How the catalogue stays fresh.

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use futures_util::future::{self, FutureExt};
use tokio::sync::Mutex;

use crate::files::Files;
use crate::index::Index;
use crate::snapshot::Catalogue;
use dotprompt::{is_name, likely_keys};
use store::{Object, PromptStore, StoreError};

/// How long an unchanged watch revision is trusted: some file systems, such as those of other machines, report no changes.
const REVISION_TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long after an outage was logged it is not logged again.
const LOGGED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long a caller waits for the index, to be read or written.
const INDEX_DEADLINE: Duration = Duration::from_secs(3);

/// The catalogue of one store, kept fresh, and the files that were read for it.
pub struct LiveCatalogue {
    /// Where the files are.
    pub store: Arc<dyn PromptStore>,
    /// The files that were read.
    pub files: Arc<Files>,
    /// How prompts are listed, as far as is known.
    pub index: Arc<Index>,
    ttl: Duration,
    state: RwLock<State>,
    /// Held during a listing; the callers that wait for it share its outcome.
    refreshing: Mutex<()>,
    /// Held while one caller reads likely files before the first listing has ended.
    reading_ahead: Mutex<()>,
}

#[derive(Default)]
struct State {
    snapshot: Option<Snapshot>,
    /// The last listing, if it failed, and when it ended.
    failure: Option<(Instant, StoreError)>,
}

struct Snapshot {
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

    /// How old the catalogue may be.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The last catalogue, however old.
    pub fn last(&self) -> Option<Arc<Catalogue>> {
        self.state().snapshot.as_ref().map(|snapshot| Arc::clone(&snapshot.catalogue))
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

    /// A catalogue that is not older than the TTL. While the first listing is under way, the files in which a prompt of this
    /// name is likely to be are read too.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub async fn current_reading_ahead(&self, name: &str) -> Result<Arc<Catalogue>, StoreError> {
        if !is_name(name) {
            return self.current().await;
        }
        let has_listed = self.state().snapshot.is_some();
        // Of many requests at once only one reads ahead: they rarely need the same file.
        let reading_ahead = self.reading_ahead.try_lock();
        if has_listed || reading_ahead.is_err() {
            return self.current().await;
        }
        let keys = likely_keys(name);
        let mut ahead: Vec<_> = keys.iter().map(|key| future::maybe_done(self.files.read_ahead(key).boxed())).collect();
        let mut catalogue = future::maybe_done(self.current().boxed());
        // All at once, until the listing shows which file it is.
        future::poll_fn(|context| {
            for reading in &mut ahead {
                let _ = reading.poll_unpin(context);
            }
            catalogue.poll_unpin(context)
        })
        .await;
        let catalogue = Pin::new(&mut catalogue).take_output().expect("it is done")?;
        let object = catalogue.entry(name).map(|entry| catalogue.object(entry));
        let read = keys.iter().position(|key| object.is_some_and(|object| object.key == *key));
        if let Some(read) = read {
            (&mut ahead[read]).await;
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
        match (&state.snapshot, &state.failure) {
            (Some(snapshot), _) if snapshot.began >= asked => Ok(Arc::clone(&snapshot.catalogue)),
            (_, Some((_, e))) => Err(e.clone()),
            _ => Err(StoreError::Unavailable("no listing".to_owned())),
        }
    }

    /// Waits for the index, but not longer than it can be worth.
    pub async fn index_ready(&self) {
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.ready()).await;
    }

    /// Writes the index, if it is worth it, and waits for that, because the platform may stop the process once a request is
    /// answered.
    pub async fn save_index(&self, catalogue: &Arc<Catalogue>, has_more_pages: bool) {
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.save(catalogue, has_more_pages)).await;
    }

    /// The last catalogue, if the store knows that nothing has changed since.
    fn unchanged(&self) -> Option<Arc<Catalogue>> {
        let state = self.state();
        let snapshot = state.snapshot.as_ref().filter(|snapshot| snapshot.began.elapsed() < REVISION_TRUSTED_FOR)?;
        let is_unchanged = snapshot.revision.is_some_and(|revision| self.store.revision() == Some(revision));
        is_unchanged.then(|| Arc::clone(&snapshot.catalogue))
    }

    /// A catalogue whose listing began at `since` or later; at any time if `since` is `None`. While the store is down, the
    /// last one.
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

    /// The answer without asking the store, if there is one. A caller that has waited since `waited` shares the failure of
    /// a listing that ended later.
    fn at_hand(&self, since: Option<Instant>, waited: Option<Instant>) -> Option<Result<Arc<Catalogue>, StoreError>> {
        let state = self.state();
        let is_fresh = |snapshot: &&Snapshot| since.is_none_or(|since| snapshot.began >= since);
        if let Some(snapshot) = state.snapshot.as_ref().filter(is_fresh) {
            return Some(Ok(Arc::clone(&snapshot.catalogue)));
        }
        let (failed, error) = state.failure.as_ref()?;
        match &state.snapshot {
            Some(snapshot) => {
                (failed.elapsed() < self.store.retry_after()).then(|| Ok(Arc::clone(&snapshot.catalogue)))
            }
            None => waited.is_some_and(|waited| *failed >= waited).then(|| Err(error.clone())),
        }
    }

    /// Makes the catalogue of a listing. The caller holds `refreshing`, so that no other listing comes between.
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
        let snapshot = Snapshot { began, revision, catalogue: Arc::clone(&catalogue) };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { snapshot: Some(snapshot), failure: None };
        catalogue
    }

    /// Remembers that a listing failed. The last catalogue, if there is one.
    fn failed(&self, e: StoreError) -> Result<Arc<Catalogue>, StoreError> {
        let before = self.last();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let last_failure = state.failure.replace((Instant::now(), e.clone()));
        drop(state);
        let Some(catalogue) = before else { return Err(e) };
        // A store that may be asked at each request would fill the log.
        if last_failure.is_none_or(|(failed, _)| failed.elapsed() >= LOGGED_AGAIN_AFTER) {
            tracing::warn!(store = self.store.location(), cause = %e, "the last good snapshot is served");
        }
        Ok(catalogue)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
