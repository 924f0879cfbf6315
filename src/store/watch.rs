//! A folder that tells of changes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "local")]
type Watcher = notify::RecommendedWatcher;
#[cfg(not(feature = "local"))]
type Watcher = std::convert::Infallible;

/// Counts what changes below a folder.
#[derive(Debug)]
pub(super) struct Watch {
    changes: Arc<AtomicU64>,
    /// It watches for as long as it lives.
    _watcher: Watcher,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the system cannot, or watches too much already.
    pub(super) fn start(dir: &Path) -> io::Result<Self> {
        let changes = Arc::new(AtomicU64::new(0));
        let _watcher = watcher(dir, Arc::clone(&changes))?;
        Ok(Self { changes, _watcher })
    }

    /// Another number after every change.
    pub(super) fn revision(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

#[cfg(feature = "local")]
fn watcher(dir: &Path, changes: Arc<AtomicU64>) -> io::Result<Watcher> {
    use notify::event::{AccessKind, AccessMode};
    use notify::{Event, EventKind, RecursiveMode, Watcher};

    /// Whether a file was only looked at, as this program does itself.
    fn is_read(event: &Event) -> bool {
        let is_written = matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
        event.kind.is_access() && !is_written && !event.need_rescan()
    }

    let count = move |event: notify::Result<Event>| {
        // What the system could not tell may have been a change.
        if !event.is_ok_and(|event| is_read(&event)) {
            changes.fetch_add(1, Ordering::Release);
        }
    };
    let mut watcher = notify::recommended_watcher(count).map_err(io::Error::other)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(watcher)
}

#[cfg(not(feature = "local"))]
fn watcher(_: &Path, _: Arc<AtomicU64>) -> io::Result<Watcher> {
    Err(io::ErrorKind::Unsupported.into())
}
