//! The catalogue of one store, with its files and its index.

use futures_util::future::{self, Either, FutureExt};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use crate::files::Files;
use crate::freshness::Freshness;
use crate::index::Index;
use crate::limits::INDEX_DEADLINE;
use crate::snapshot::Catalogue;
use crate::snapshots::Snapshots;
use dotprompt::{is_name, likely_keys};
use store::{PromptStore, StoreError};

/// The catalogue of one store, kept fresh, and the files that were read for it.
pub struct LiveCatalogue {
    /// Where the files are.
    pub store: Arc<dyn PromptStore>,
    /// The files that were read.
    pub files: Arc<Files>,
    /// The summaries of prompts that are known.
    pub index: Arc<Index>,
    /// How old the catalogue may be.
    pub freshness: Freshness,
    pub(crate) snapshots: Snapshots<Catalogue>,
    /// Held while one caller reads likely files before the first listing has ended.
    reading_ahead: Mutex<()>,
}

impl LiveCatalogue {
    /// The catalogue of `store`. Nothing is read yet.
    pub fn new(store: Arc<dyn PromptStore>, freshness: Freshness) -> Self {
        let files = Files::new(Arc::clone(&store), freshness.clone());
        let index = Index::new(Arc::clone(&store));
        let (kept_files, known_prompts) = (Arc::clone(&files), Arc::clone(&index));
        let make = move |objects, before: Option<(&Arc<Catalogue>, Instant)>| {
            let catalogue = Catalogue::new(objects, before.map(|(before, began)| (&**before, began)), &kept_files);
            kept_files.forget_all_but(&catalogue);
            if before.is_some() {
                known_prompts.forget_all_but(&catalogue);
            }
            catalogue
        };
        let snapshots = Snapshots::new(Arc::clone(&store), freshness.clone(), make);
        Self { store, files, index, freshness, snapshots, reading_ahead: Mutex::default() }
    }

    /// The last catalogue, however old.
    pub fn last(&self) -> Option<Arc<Catalogue>> {
        self.snapshots.last()
    }

    /// How long ago the listing of the last catalogue began.
    pub fn age(&self) -> Option<Duration> {
        self.snapshots.age()
    }

    /// A catalogue that is not older than the TTL; while the store is down, the last one.
    ///
    /// # Errors
    /// Any [`StoreError`] of the listing, while there is no catalogue yet.
    pub async fn current(&self) -> Result<Arc<Catalogue>, StoreError> {
        self.snapshots.current().await
    }

    /// A catalogue in which the prompt of this name is not older than the TTL. As [`Self::current`], except that a known prompt is
    /// revalidated without a listing.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub async fn current_for(&self, name: &str) -> Result<Arc<Catalogue>, StoreError> {
        match self.revalidated(name).await {
            Some(catalogue) => Ok(catalogue),
            None => self.current_reading_ahead(name).await,
        }
    }

    /// As [`Self::current`]. During the first listing, it also reads the files that are likely to have a prompt of this name.
    async fn current_reading_ahead(&self, name: &str) -> Result<Arc<Catalogue>, StoreError> {
        if !is_name(name) {
            return self.current().await;
        }
        let has_listed = self.snapshots.last().is_some();
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
    pub async fn listed_now(&self) -> Result<Arc<Catalogue>, StoreError> {
        self.snapshots.listed_now().await
    }

    /// Waits for the index, but not longer than reading the prompts would take.
    pub async fn index_ready(&self) {
        let clock = &self.freshness.clock;
        let _ = clock.until(clock.now() + INDEX_DEADLINE, self.index.ready()).await;
    }

    /// Writes the index if enough has changed, and waits for it: the platform may stop the process once a request is
    /// answered. `can_wait` if more prompts are about to be read. Waits no longer than `within`.
    pub async fn save_index(&self, catalogue: &Arc<Catalogue>, can_wait: bool, within: Duration) {
        let clock = &self.freshness.clock;
        let _ = clock.until(clock.now() + INDEX_DEADLINE.min(within), self.index.save(catalogue, can_wait)).await;
    }
}
