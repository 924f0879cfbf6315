//! A folder that tells of changes.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

#[cfg(feature = "local")]
type Watcher = notify::RecommendedWatcher;
#[cfg(not(feature = "local"))]
type Watcher = std::convert::Infallible;

/// Counts what changes below a folder.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Seen>,
    /// What tells the folder that is watched from another one of the same path.
    folder: (u64, u64),
    /// It watches for as long as it lives.
    _watcher: Watcher,
}

#[derive(Debug, Default)]
struct Seen {
    changes: AtomicU64,
    /// The folder was moved or deleted: what stands in its place now is not watched.
    is_gone: AtomicBool,
}

impl Watch {
    /// Begins to watch, and tells `changed` of each change.
    ///
    /// # Errors
    /// When the system cannot, or watches too much already.
    pub(super) fn start(dir: &Path, changed: Arc<Notify>) -> io::Result<Self> {
        let seen = Arc::<Seen>::default();
        let dir = dir.canonicalize()?;
        let folder = identity(&dir)?;
        let _watcher = watcher(&dir, Arc::clone(&seen), changed)?;
        Ok(Self { seen, folder, _watcher })
    }

    /// Another number after every change; nothing once the folder itself was moved or deleted, and while `dir`, of which
    /// nobody would tell, is a link to another one.
    pub(super) fn revision(&self, dir: &Path) -> Option<u64> {
        let Seen { changes, is_gone } = &*self.seen;
        let is_watched = !is_gone.load(Ordering::Acquire) && identity(dir).is_ok_and(|folder| folder == self.folder);
        is_watched.then(|| changes.load(Ordering::Acquire))
    }
}

/// The device and the number of a folder.
#[cfg(unix)]
fn identity(dir: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(dir).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// There is nothing of the kind.
#[cfg(not(unix))]
fn identity(dir: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(dir).map(|_| (0, 0))
}

#[cfg(feature = "local")]
fn watcher(dir: &Path, seen: Arc<Seen>, changed: Arc<Notify>) -> io::Result<Watcher> {
    use notify::event::{AccessKind, AccessMode, ModifyKind};
    use notify::{Config, Event, EventKind, RecursiveMode, Watcher as _};

    /// Whether a file was only looked at, as this program does itself.
    fn is_read(event: &Event) -> bool {
        let is_written = matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
        event.kind.is_access() && !is_written && !event.need_rescan()
    }

    /// Whether that, of a folder, means that it is elsewhere now, or nowhere.
    fn is_end(kind: EventKind) -> bool {
        matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
    }

    let root = dir.to_owned();
    let count = move |event: notify::Result<Event>| {
        // What the system could not tell may have been a change.
        let Ok(event) = event else {
            seen.changes.fetch_add(1, Ordering::Release);
            changed.notify_one();
            return;
        };
        let is_gone = is_end(event.kind) && event.paths.contains(&root);
        if is_gone && !seen.is_gone.swap(true, Ordering::AcqRel) {
            tracing::info!("the folder is no longer where it was, and is read at each request from now on");
        }
        if !is_read(&event) {
            seen.changes.fetch_add(1, Ordering::Release);
            changed.notify_one();
        }
    };
    // What is served of a link is within the folder, and watched where it is.
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = Watcher::new(count, config).map_err(io::Error::other)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(watcher)
}

#[cfg(not(feature = "local"))]
fn watcher(_: &Path, _: Arc<Seen>, _: Arc<Notify>) -> io::Result<Watcher> {
    Err(io::ErrorKind::Unsupported.into())
}
