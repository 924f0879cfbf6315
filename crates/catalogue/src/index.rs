//! The index: what `prompts/list` needs of each prompt, kept in one object beside the prompts, so that a server that starts
//! need not read all of them.
//!
//! Files decide, not the index. Its row of a prompt counts only while the listing has the same version of the file and of
//! every partial that the prompt names; other prompts are read. An index that is damaged, or that another format or version
//! of this program wrote, is ignored. So a bad index may cost time, and never changes an answer, unless somebody forges one
//! with its digest on purpose. In the template's bucket only the function can write it.

mod format;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use once_cell::sync::OnceCell;

use crate::link::Partials;
use crate::snapshot::{Catalogue, Entry};
use format::{MAX_INDEX_BYTES, UnusableIndex};
use store::{Object, PromptStore, StoreError, Written, spawn_counted};

/// The index is written anew once more prompts than this were read that it lacks.
const MAX_UNSAVED_PROMPTS: usize = 16;
/// How long after a failed read or write the index is not tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// How prompts are listed, as far as is known, and the stored index.
pub struct Index {
    store: Arc<dyn PromptStore>,
    /// The one reading of the stored index, which goes on when its callers stop waiting.
    reading: OnceCell<Shared<BoxFuture<'static, ()>>>,
    state: Mutex<IndexState>,
}

#[derive(Default)]
struct IndexState {
    rows: HashMap<Box<str>, IndexRow>,
    stored: StoredIndex,
    /// How many prompts were read that the stored index lacks.
    unsaved: usize,
    /// When the index could not be read or written last.
    failed: Option<Instant>,
}

/// What is known about the stored index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum StoredIndex {
    /// There is none.
    #[default]
    Missing,
    Version(String),
    /// Another server wrote it after it was read.
    Changed,
    /// It may not be written, or belongs to another gallery: it is left alone.
    OutOfReach,
}

/// How one version of a prompt is listed.
struct IndexRow {
    version: Box<str>,
    partials: Partials,
    /// Its JSON in `prompts/list`.
    json: Bytes,
}

impl IndexRow {
    /// Whether it is listed by this name, which other files can change.
    fn has_name(&self, name: &str) -> bool {
        let after = self.json.strip_prefix(br#"{"name":""#).and_then(|json| json.strip_prefix(name.as_bytes()));
        after.is_some_and(|json| json.starts_with(b"\""))
    }
}

impl Index {
    pub(super) fn new(store: Arc<dyn PromptStore>) -> Arc<Self> {
        Arc::new(Self { store, reading: OnceCell::new(), state: Mutex::default() })
    }

    /// Waits until the stored index was read, or turned out to be unusable. Needs a Tokio runtime.
    pub(super) async fn ready(self: &Arc<Self>) {
        if self.store.index().is_none() {
            return;
        }
        let read = || {
            let index = Arc::clone(self);
            spawn_counted(async move { index.read().await }).map(drop).boxed().shared()
        };
        self.reading.get_or_init(read).clone().await;
    }

    /// How a prompt of a catalogue is listed, if that is known.
    pub fn listed(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Bytes> {
        self.state().current_row(catalogue, entry).map(|row| row.json.clone())
    }

    /// Remembers how a prompt that was read is listed.
    pub fn learn(&self, object: &Object, partials: &Partials, json: Bytes) {
        // The next listing would give it another version.
        if !object.is_lasting() || !partials.are_lasting() {
            return;
        }
        let mut state = self.state();
        state.unsaved += 1;
        let row = IndexRow { version: object.version.as_str().into(), partials: partials.clone(), json };
        state.rows.insert(object.key.as_str().into(), row);
    }

    /// Forgets prompts that no longer exist.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.state().rows.retain(|key, _| catalogue.has(key));
    }

    /// Writes the index, if more than [`MAX_UNSAVED_PROMPTS`] prompts were read that it lacks. While a client still reads
    /// page after page, they must also be half of all: so one walk over all pages writes at most twice the index. If another
    /// server writes at the same time, its index stays.
    ///
    /// The write goes on when its caller stops waiting.
    pub(super) async fn save(self: &Arc<Self>, catalogue: &Arc<Catalogue>, has_more_pages: bool) {
        let unsaved = {
            let mut state = self.state();
            let is_worth_it =
                state.unsaved > MAX_UNSAVED_PROMPTS && (!has_more_pages || state.unsaved * 2 >= state.rows.len());
            let has_failed = state.failed.is_some_and(|failed| failed.elapsed() < RETRY_AFTER);
            let is_out_of_reach = state.stored == StoredIndex::OutOfReach || self.store.index().is_none();
            if !is_worth_it || has_failed || is_out_of_reach {
                return;
            }
            // This write covers them, so that the next request does not write them too.
            std::mem::take(&mut state.unsaved)
        };
        let (index, catalogue) = (Arc::clone(self), Arc::clone(catalogue));
        let _ = spawn_counted(async move { index.write(catalogue, unsaved).await }).await;
    }

    async fn write(&self, catalogue: Arc<Catalogue>, unsaved: usize) {
        let Some(store) = self.store.index() else { return };
        if matches!(self.state().stored, StoredIndex::Changed) {
            self.read().await;
        }
        let (rows, replaces) = {
            let state = self.state();
            let replaces = match &state.stored {
                StoredIndex::Version(version) => Some(version.clone()),
                StoredIndex::Missing => None,
                StoredIndex::Changed | StoredIndex::OutOfReach => return,
            };
            (state.current_rows(&catalogue), replaces)
        };
        let prefix = store.prefix().to_owned();
        // In a thread of its own, because it may take a second.
        let json = tokio::task::spawn_blocking(move || format::write(&prefix, &catalogue.objects, rows)).await;
        let Ok(json) = json else { return };
        let written = store.write(json.into(), replaces.as_deref()).await;
        if written.as_ref().is_ok_and(|written| *written == Written::Refused) {
            self.read().await;
            let mut state = self.state();
            // The stored index is the one that was to be replaced: some servers refuse every conditional write.
            if state.stored == replaces.map_or(StoredIndex::Missing, StoredIndex::Version) {
                let why = "the store refuses a conditional write although the condition holds";
                tracing::warn!(index = store.location(), why, "the index is not kept");
                state.stored = StoredIndex::OutOfReach;
            }
            return;
        }
        let mut state = self.state();
        state.failed = None;
        state.stored = match written {
            Ok(Written::As(version)) => StoredIndex::Version(version),
            Ok(Written::Refused | Written::Unclear) => StoredIndex::Changed,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be written");
                state.unsaved += unsaved;
                state.failed = Some(Instant::now());
                if matches!(e, StoreError::Unavailable(_)) { StoredIndex::Changed } else { StoredIndex::OutOfReach }
            }
        };
    }

    /// Reads the stored index, and takes the rows that are not known yet.
    async fn read(&self) {
        let Some(store) = self.store.index() else { return };
        let read = match store.read(MAX_INDEX_BYTES).await {
            Ok(Some((json, version))) => {
                let prefix = store.prefix().to_owned();
                // In a thread of its own, because it may take a second, in which the listing goes on.
                let parsed = tokio::task::spawn_blocking(move || format::read(&json, &prefix)).await;
                Ok(Some((parsed.unwrap_or_else(|e| Err(UnusableIndex::Broken(e.to_string()))), version)))
            }
            Ok(None) => Ok(None),
            Err(e) => Err(e),
        };
        let mut state = self.state();
        state.stored = match read {
            Ok(None) => StoredIndex::Missing,
            Ok(Some((parsed, version))) => match parsed.map(|rows| state.add_unknown(rows)) {
                _ if version.is_empty() => {
                    let why = "the store gives it no version, without which it cannot be replaced safely";
                    tracing::warn!(index = store.location(), why, "the index is not kept");
                    StoredIndex::OutOfReach
                }
                Ok(()) => StoredIndex::Version(version),
                Err(UnusableIndex::Broken(why)) => {
                    tracing::warn!(index = store.location(), why, "the index is not used, and will be written anew");
                    StoredIndex::Version(version)
                }
                Err(UnusableIndex::Foreign(prefix)) => {
                    let why = format!("it is the index of the prompts below `{prefix}`: INDEX_KEY takes another key");
                    tracing::warn!(index = store.location(), why, "the index is not used");
                    StoredIndex::OutOfReach
                }
            },
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be read");
                state.failed = Some(Instant::now());
                if matches!(e, StoreError::Refused(_)) { StoredIndex::OutOfReach } else { StoredIndex::Changed }
            }
        };
    }

    fn state(&self) -> MutexGuard<'_, IndexState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexState {
    /// How a prompt is listed, if the catalogue has the same version of its file and partials, and the same name.
    fn current_row(&self, catalogue: &Catalogue, entry: &Entry) -> Option<&IndexRow> {
        let object = catalogue.object(entry);
        let row = self.rows.get(object.key.as_str())?;
        let is_current = *row.version == *object.version && row.has_name(&entry.name);
        (is_current && row.partials.are_of(catalogue)).then_some(row)
    }

    /// The rows of a catalogue by the index of the object. They are cheap to take, and written after the lock is released.
    fn current_rows(&self, catalogue: &Catalogue) -> Vec<(usize, Partials, Bytes)> {
        let row = |entry: &Entry| {
            let row = self.current_row(catalogue, entry)?;
            Some((entry.object, row.partials.clone(), row.json.clone()))
        };
        catalogue.entries.iter().filter_map(row).collect()
    }

    /// Takes the rows of a stored index that are not known yet.
    fn add_unknown(&mut self, rows: Vec<(Box<str>, IndexRow)>) {
        self.rows.reserve(rows.len());
        for (key, row) in rows {
            self.rows.entry(key).or_insert(row);
        }
    }
}
