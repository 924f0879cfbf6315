//! A folder that tells of changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[cfg(feature = "local")]
type Watcher = notify::RecommendedWatcher;
#[cfg(not(feature = "local"))]
type Watcher = std::convert::Infallible;

/// Counts what changes below a folder.
#[derive(Debug)]
pub(super) struct Watch {
    /// A link in it may be set to another folder at any time.
    dir: PathBuf,
    told: Arc<Told>,
    /// The folder that the path named last.
    folder: Mutex<Folder>,
    /// That a folder in its place cannot be watched has been logged.
    has_failed: AtomicBool,
}

/// What was told of this folder and of those that were in its place before.
#[derive(Debug)]
struct Told {
    changes: AtomicU64,
    changed: Arc<Notify>,
}

impl Told {
    fn change(&self) {
        self.changes.fetch_add(1, Ordering::Release);
        self.changed.notify_one();
    }
}

/// One folder that is watched.
#[derive(Debug)]
struct Folder {
    /// What tells it from another one of the same path.
    identity: (u64, u64),
    /// It was moved or deleted: what stands in its place now is not watched.
    is_gone: Arc<AtomicBool>,
    /// It watches for as long as it lives.
    _watcher: Watcher,
}

impl Folder {
    fn watch(dir: &Path, told: &Arc<Told>) -> io::Result<Self> {
        let is_gone = Arc::<AtomicBool>::default();
        let dir = dir.canonicalize()?;
        let identity = identity(&dir)?;
        let _watcher = watcher(&dir, Arc::clone(told), Arc::clone(&is_gone))?;
        Ok(Self { identity, is_gone, _watcher })
    }

    fn is_at(&self, dir: &Path) -> bool {
        !self.is_gone.load(Ordering::Acquire) && identity(dir).is_ok_and(|identity| identity == self.identity)
    }
}

impl Watch {
    /// Begins to watch, and tells `changed` of each change.
    ///
    /// # Errors
    /// When the system cannot, or watches too much already.
    pub(super) fn start(dir: &Path, changed: Arc<Notify>) -> io::Result<Self> {
        let told = Arc::new(Told { changes: AtomicU64::default(), changed });
        let folder = Mutex::new(Folder::watch(dir, &told)?);
        Ok(Self { dir: dir.to_owned(), told, folder, has_failed: AtomicBool::default() })
    }

    /// Another number after every change; nothing while the folder is gone, and while another one, of which nobody would
    /// tell, is in its place.
    pub(super) fn revision(&self) -> Option<u64> {
        self.is_watching().then(|| self.told.changes.load(Ordering::Acquire))
    }

    /// Watches the folder that is in the place of the one that was watched, if there is one; that is a change.
    pub(super) fn follow(&self) {
        if self.is_watching() {
            return;
        }
        match Folder::watch(&self.dir, &self.told) {
            Ok(folder) => {
                *self.folder() = folder;
                self.has_failed.store(false, Ordering::Release);
                tracing::info!("another folder is in the place of the one that was watched, and is watched now");
                self.told.change();
            }
            // It may come back.
            Err(_) if identity(&self.dir).is_err() => {}
            Err(e) if !self.has_failed.swap(true, Ordering::AcqRel) => {
                tracing::error!(cause = %e, "the folder was replaced, and the new one cannot be watched");
            }
            Err(_) => {}
        }
    }

    fn is_watching(&self) -> bool {
        self.folder().is_at(&self.dir)
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
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
fn watcher(dir: &Path, told: Arc<Told>, is_gone: Arc<AtomicBool>) -> io::Result<Watcher> {
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
            return told.change();
        };
        let has_left = is_end(event.kind) && event.paths.contains(&root);
        if has_left && !is_gone.swap(true, Ordering::AcqRel) {
            tracing::info!("the folder is no longer where it was");
        }
        if !is_read(&event) {
            told.change();
        }
    };
    // What is served of a link is within the folder, and watched where it is.
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = Watcher::new(count, config).map_err(io::Error::other)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(watcher)
}

#[cfg(not(feature = "local"))]
fn watcher(_: &Path, _: Arc<Told>, _: Arc<AtomicBool>) -> io::Result<Watcher> {
    Err(io::ErrorKind::Unsupported.into())
}
