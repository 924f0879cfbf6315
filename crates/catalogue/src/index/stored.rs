//! The object of an index: read once, and replaced only as it was read, so that processes do not overwrite each other's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use super::envelope::UnusableIndex;
use crate::limits::{INDEX_RETRY_AFTER, MAX_INDEX_BYTES};
use store::{PromptStore, StoreError, Written};

/// The object that a store keeps an index in.
pub struct StoredIndex {
    store: Arc<dyn PromptStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    object: StoredObject,
    /// When a read or write failed last.
    failed_at: Option<Instant>,
}

/// What is known about the object.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum StoredObject {
    /// There is none.
    #[default]
    Missing,
    Version(String),
    /// Another gallery process wrote it after it was read.
    Changed,
    /// This process may not write it, or it belongs to another gallery.
    OutOfReach,
}

/// What a write replaces.
#[derive(Debug, Clone)]
pub struct Replaced(StoredObject);

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The index is stored, here or by another process.
    Done,
    /// Another process has written since: read the index, then call [`StoredIndex::expect_change`].
    Refused,
    /// It failed. The log says why.
    Failed,
}

impl StoredIndex {
    /// The object of `store`'s index; nothing is read yet.
    pub fn new(store: Arc<dyn PromptStore>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// Whether the store keeps an index.
    pub fn exists(&self) -> bool {
        self.store.index().is_some()
    }

    /// Whether a write may succeed now.
    pub fn is_writable(&self) -> bool {
        let state = self.state();
        let has_failed = state.failed_at.is_some_and(|failed| failed.elapsed() < INDEX_RETRY_AFTER);
        self.exists() && !has_failed && state.object != StoredObject::OutOfReach
    }

    /// Whether another process wrote it after it was read.
    pub fn has_changed(&self) -> bool {
        self.state().object == StoredObject::Changed
    }

    /// What a write replaces; `None` if the index cannot be written.
    pub fn replaced(&self) -> Option<Replaced> {
        let object = self.state().object.clone();
        matches!(object, StoredObject::Missing | StoredObject::Version(_)).then_some(Replaced(object))
    }

    /// The prefix of the files that the index is of.
    pub fn prefix(&self) -> String {
        self.store.index().map(|index| index.prefix().to_owned()).unwrap_or_default()
    }

    /// Reads the object, in a thread of its own, because `parse` may take a second. It gets the object and the prefix.
    pub async fn read<T: Send + 'static>(
        &self,
        parse: impl FnOnce(&Bytes, &str) -> Result<T, UnusableIndex> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.index()?;
        let read = match store.read(MAX_INDEX_BYTES).await {
            Ok(Some((json, version))) => {
                let prefix = store.prefix().to_owned();
                let parsed = tokio::task::spawn_blocking(move || parse(&json, &prefix)).await;
                Ok(Some((parsed.unwrap_or_else(|e| Err(UnusableIndex::Broken(e.to_string()))), version)))
            }
            Ok(None) => Ok(None),
            Err(e) => Err(e),
        };
        let mut state = self.state();
        let (object, parsed) = match read {
            Ok(None) => (StoredObject::Missing, None),
            Ok(Some((Ok(parsed), version))) if version.is_empty() => {
                let cause = "the store returns no version of it, so it cannot be replaced safely";
                tracing::warn!(index = store.location(), cause, "the index is not saved");
                (StoredObject::OutOfReach, Some(parsed))
            }
            Ok(Some((Ok(parsed), version))) => (StoredObject::Version(version), Some(parsed)),
            Ok(Some((Err(UnusableIndex::Broken(cause)), version))) => {
                tracing::warn!(index = store.location(), cause, "the index is not used, and will be replaced");
                let is_replaceable = !version.is_empty();
                (if is_replaceable { StoredObject::Version(version) } else { StoredObject::OutOfReach }, None)
            }
            Ok(Some((Err(UnusableIndex::Foreign(prefix)), _))) => {
                let cause = format!("it is the index of the files below `{prefix}`: set INDEX_KEY to another key");
                tracing::warn!(index = store.location(), cause, "the index is not used");
                (StoredObject::OutOfReach, None)
            }
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be read");
                state.failed_at = Some(Instant::now());
                let is_refused = matches!(e, StoreError::Refused(_));
                (if is_refused { StoredObject::OutOfReach } else { StoredObject::Changed }, None)
            }
        };
        state.object = object;
        parsed
    }

    /// Writes the object in place of `replaced`.
    pub async fn write(&self, json: Vec<u8>, replaced: &Replaced) -> Saved {
        let Some(store) = self.store.index() else { return Saved::Failed };
        let version = if let StoredObject::Version(version) = &replaced.0 { Some(version.as_str()) } else { None };
        let written = store.write(json.into(), version).await;
        let mut state = self.state();
        let (object, saved) = match written {
            Ok(Written::Refused) => return Saved::Refused,
            Ok(Written::As(version)) => (StoredObject::Version(version), Saved::Done),
            Ok(Written::Unclear) => (StoredObject::Changed, Saved::Done),
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be written");
                state.failed_at = Some(Instant::now());
                let may_be_written = matches!(e, StoreError::Unavailable(_));
                state.object = if may_be_written { StoredObject::Changed } else { StoredObject::OutOfReach };
                return Saved::Failed;
            }
        };
        *state = State { object, failed_at: None };
        saved
    }

    /// After a refused write of `replaced` and another read: if the object is still the same, the store refuses every conditional
    /// write, as some S3 servers do.
    pub fn expect_change(&self, replaced: &Replaced) {
        let mut state = self.state();
        if state.object == replaced.0 {
            let location = self.store.index().map(store::IndexStore::location);
            let cause = "the store refuses a conditional write although the condition holds";
            tracing::warn!(index = location, cause, "the index is not saved");
            state.object = StoredObject::OutOfReach;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
