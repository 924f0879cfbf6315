//! The index: a summary of all prompts in one object of the store, so that a gallery process that starts need not read every
//! prompt for `prompts/list`, for a search, or to know which prompts are tools.
//!
//! A row counts only while the listing has the same version of the prompt's file and of its partials; other prompts are read.
//! An index that is damaged, or of another version of this program, is ignored. A bad index costs time and changes no answer,
//! unless somebody forges one with its digest. In the template's bucket only the function can write it.

mod format;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use once_cell::sync::OnceCell;

use crate::limits::{INDEX_RETRY_AFTER, MAX_INDEX_BYTES, MAX_UNSAVED_PROMPTS};
use crate::link::Partials;
use crate::snapshot::{Catalogue, Entry};
use crate::summary::Summary;
use format::{IndexRow, UnusableIndex};
use store::{Object, PromptStore, StoreError, Written, spawn_counted};

/// The summaries of prompts that are known, and the stored index.
pub struct Index {
    store: Arc<dyn PromptStore>,
    /// The first read of the stored index. It goes on when its callers stop waiting.
    first_read: OnceCell<Shared<BoxFuture<'static, ()>>>,
    state: Mutex<IndexState>,
}

#[derive(Default)]
struct IndexState {
    rows: HashMap<Box<str>, IndexRow>,
    stored: StoredIndex,
    /// How many prompts that were read are missing in the stored index.
    unsaved_prompts: usize,
    /// When a read or write of the index failed last.
    failed_at: Option<Instant>,
}

/// What is known about the stored index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum StoredIndex {
    /// There is no index.
    #[default]
    Missing,
    Version(String),
    /// Another gallery process wrote it after it was read.
    Changed,
    /// This process may not write it, or it belongs to another gallery.
    OutOfReach,
}

impl IndexRow {
    /// Whether the prompt has this name in the row. Other files can change a prompt's name.
    fn has_name(&self, name: &str) -> bool {
        let after =
            self.summary.listed.strip_prefix(br#"{"name":""#).and_then(|json| json.strip_prefix(name.as_bytes()));
        after.is_some_and(|json| json.starts_with(b"\""))
    }
}

impl Index {
    pub(super) fn new(store: Arc<dyn PromptStore>) -> Arc<Self> {
        Arc::new(Self { store, first_read: OnceCell::new(), state: Mutex::default() })
    }

    /// Waits until the stored index was read or refused. Needs a Tokio runtime.
    pub(super) async fn ready(self: &Arc<Self>) {
        if self.store.index().is_none() {
            return;
        }
        let read = || {
            let index = Arc::clone(self);
            spawn_counted(async move { index.read().await }).map(drop).boxed().shared()
        };
        self.first_read.get_or_init(read).clone().await;
    }

    /// The summary of a prompt, if it is known.
    pub fn summary(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Summary> {
        self.state().current_row(catalogue, entry).map(|row| row.summary.clone())
    }

    /// Remembers the summary of a prompt that was read.
    pub fn learn(&self, object: &Object, partials: &Partials, summary: Summary) {
        // The next listing would give it another version.
        if !store::is_lasting(&object.version) || !partials.are_lasting() {
            return;
        }
        let mut state = self.state();
        state.unsaved_prompts += 1;
        let row = IndexRow { version: object.version.as_str().into(), partials: partials.clone(), summary };
        state.rows.insert(object.key.as_str().into(), row);
    }

    /// Forgets prompts that no longer exist.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.state().rows.retain(|key, _| catalogue.has(key));
    }

    /// Writes the index if more than [`MAX_UNSAVED_PROMPTS`] prompts are unsaved. If it `can_wait`, half of all rows must be
    /// unsaved too: reading all prompts in parts then writes at most twice the size of the index. If another gallery process
    /// writes at the same time, its index stays.
    ///
    /// The write goes on when its caller stops waiting.
    pub(super) async fn save(self: &Arc<Self>, catalogue: &Arc<Catalogue>, can_wait: bool) {
        let unsaved = {
            let mut state = self.state();
            let unsaved = state.unsaved_prompts;
            let is_worth_it = unsaved > MAX_UNSAVED_PROMPTS && (!can_wait || unsaved * 2 >= state.rows.len());
            let has_failed = state.failed_at.is_some_and(|failed| failed.elapsed() < INDEX_RETRY_AFTER);
            let is_out_of_reach = state.stored == StoredIndex::OutOfReach || self.store.index().is_none();
            if !is_worth_it || has_failed || is_out_of_reach {
                return;
            }
            // This write saves them, so the next request need not.
            std::mem::take(&mut state.unsaved_prompts)
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
            // The stored index has not changed: some S3 servers refuse every conditional write.
            if state.stored == replaces.map_or(StoredIndex::Missing, StoredIndex::Version) {
                let cause = "the store refuses a conditional write although the condition holds";
                tracing::warn!(index = store.location(), cause, "the index is not saved");
                state.stored = StoredIndex::OutOfReach;
            }
            return;
        }
        let mut state = self.state();
        state.failed_at = None;
        state.stored = match written {
            Ok(Written::As(version)) => StoredIndex::Version(version),
            Ok(Written::Refused | Written::Unclear) => StoredIndex::Changed,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be written");
                state.unsaved_prompts += unsaved;
                state.failed_at = Some(Instant::now());
                if matches!(e, StoreError::Unavailable(_)) { StoredIndex::Changed } else { StoredIndex::OutOfReach }
            }
        };
    }

    /// Reads the stored index, and adds its rows that are not known yet.
    async fn read(&self) {
        let Some(store) = self.store.index() else { return };
        let read = match store.read(MAX_INDEX_BYTES).await {
            Ok(Some((json, version))) => {
                let prefix = store.prefix().to_owned();
                // In a thread of its own, because it may take a second.
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
                    let cause = "the store returns no version of it, so it cannot be replaced safely";
                    tracing::warn!(index = store.location(), cause, "the index is not saved");
                    StoredIndex::OutOfReach
                }
                Ok(()) => StoredIndex::Version(version),
                Err(UnusableIndex::Broken(cause)) => {
                    tracing::warn!(index = store.location(), cause, "the index is not used, and will be replaced");
                    StoredIndex::Version(version)
                }
                Err(UnusableIndex::Foreign(prefix)) => {
                    let cause =
                        format!("it is the index of the prompts below `{prefix}`: set INDEX_KEY to another key");
                    tracing::warn!(index = store.location(), cause, "the index is not used");
                    StoredIndex::OutOfReach
                }
            },
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be read");
                state.failed_at = Some(Instant::now());
                if matches!(e, StoreError::Refused(_)) { StoredIndex::OutOfReach } else { StoredIndex::Changed }
            }
        };
    }

    fn state(&self) -> MutexGuard<'_, IndexState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexState {
    /// The row of a prompt, if the catalogue has the same version of its file and partials, and the same name.
    fn current_row(&self, catalogue: &Catalogue, entry: &Entry) -> Option<&IndexRow> {
        let object = catalogue.object(entry);
        let row = self.rows.get(object.key.as_str())?;
        let is_current = *row.version == *object.version && row.has_name(&entry.name);
        (is_current && row.partials.are_of(catalogue)).then_some(row)
    }

    /// The rows of a catalogue, by the index of the object. Copying them is cheap; they are written without the lock.
    fn current_rows(&self, catalogue: &Catalogue) -> Vec<(usize, Partials, Summary)> {
        let row = |entry: &Entry| {
            let row = self.current_row(catalogue, entry)?;
            Some((entry.object, row.partials.clone(), row.summary.clone()))
        };
        catalogue.entries.iter().filter_map(row).collect()
    }

    /// Adds the rows of a stored index that are not known yet.
    fn add_unknown(&mut self, rows: Vec<(Box<str>, IndexRow)>) {
        self.rows.reserve(rows.len());
        for (key, row) in rows {
            self.rows.entry(key).or_insert(row);
        }
    }
}
