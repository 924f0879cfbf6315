//! The index: a summary of all prompts in one object of the store, so that a gallery process that starts need not read every
//! prompt for `prompts/list`, for a search, or to know which prompts are tools.
//!
//! A row counts only while the listing has the same version of the prompt's file and of its partials; other prompts are read.
//! An index that is damaged, or of another version of this program, is ignored. A bad index costs time and changes no answer,
//! unless somebody forges one with its digest. In the template's bucket only the function can write it.

mod envelope;
mod format;
mod stored;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use once_cell::sync::OnceCell;

use crate::limits::MAX_UNSAVED_PROMPTS;
use crate::link::Partials;
use crate::snapshot::{Catalogue, Entry};
use crate::summary::Summary;
pub use envelope::{Sealing, UnusableIndex, open};
use format::IndexRow;
use store::{Object, PromptStore, spawn_counted};
pub use stored::{Saved, StoredIndex};

/// The summaries of prompts that are known, and the stored index.
pub struct Index {
    stored: StoredIndex,
    /// The first read of the stored index. It goes on when its callers stop waiting.
    first_read: OnceCell<Shared<BoxFuture<'static, ()>>>,
    state: Mutex<IndexState>,
}

#[derive(Default)]
struct IndexState {
    rows: HashMap<Box<str>, IndexRow>,
    /// How many prompts that were read are missing in the stored index.
    unsaved_prompts: usize,
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
        Arc::new(Self { stored: StoredIndex::new(store), first_read: OnceCell::new(), state: Mutex::default() })
    }

    /// Waits until the stored index was read or refused. Needs a Tokio runtime.
    pub(super) async fn ready(self: &Arc<Self>) {
        if !self.stored.exists() {
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
            if !is_worth_it || !self.stored.is_writable() {
                return;
            }
            // This write saves them, so the next request need not.
            std::mem::take(&mut state.unsaved_prompts)
        };
        let (index, catalogue) = (Arc::clone(self), Arc::clone(catalogue));
        let _ = spawn_counted(async move { index.write(catalogue, unsaved).await }).await;
    }

    async fn write(&self, catalogue: Arc<Catalogue>, unsaved: usize) {
        if self.stored.has_changed() {
            self.read().await;
        }
        let Some(replaced) = self.stored.replaced() else { return };
        let rows = self.state().current_rows(&catalogue);
        let prefix = self.stored.prefix();
        // In a thread of its own, because it may take a second.
        let json = tokio::task::spawn_blocking(move || format::write(&prefix, &catalogue.objects, rows)).await;
        let Ok(json) = json else { return };
        match self.stored.write(json, &replaced).await {
            Saved::Done => {}
            Saved::Refused => {
                self.read().await;
                self.stored.expect_change(&replaced);
            }
            Saved::Failed => self.state().unsaved_prompts += unsaved,
        }
    }

    /// Reads the stored index, and adds its rows that are not known yet.
    async fn read(&self) {
        if let Some(rows) = self.stored.read(format::read).await {
            self.state().add_unknown(rows);
        }
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
