//! A folder that tells of changes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Counts what changes below a folder.
#[derive(Debug)]
pub(super) struct Watch {
    changes: Arc<AtomicU64>,
    /// It watches for as long as it lives.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the system cannot, or watches too much already.
    pub(super) fn start(dir: &Path) -> notify::Result<Self> {
        let changes = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&changes);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // What the system could not tell may have been a change.
            if event.is_ok_and(|event| is_read(&event)) {
                return;
            }
            counter.fetch_add(1, Ordering::Release);
        })?;
        watcher.watch(dir, RecursiveMode::Recursive)?;
        Ok(Self { changes, _watcher: watcher })
    }

    /// Another number after every change.
    pub(super) fn revision(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

/// Whether a file was only looked at, as this program does itself.
fn is_read(event: &Event) -> bool {
    let is_written = matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
    event.kind.is_access() && !is_written && !event.need_rescan()
}
