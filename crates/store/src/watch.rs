//! Counts the changes of a folder, and notices when another folder takes its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// An event of a folder that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderEvent {
    /// Something in it may have changed.
    Changed,
    /// The folder was moved or deleted.
    Gone,
}

/// Watches a folder for as long as it lives.
pub type FolderWatcher = Box<dyn Send + Sync>;

/// Begins to watch a folder and all folders in it. The path has no symbolic links.
///
/// It fails when the system cannot watch the folder, or watches too much already.
pub type StartWatcher = fn(&Path, Box<dyn Fn(FolderEvent) + Send + Sync>) -> io::Result<FolderWatcher>;

/// Counts what changes below a folder.
pub(super) struct Watch {
    /// A link in it may change to another folder at any time.
    dir: PathBuf,
    start: StartWatcher,
    changes: Arc<Changes>,
    /// The folder that the path last led to.
    folder: Mutex<Folder>,
    /// Whether the log says that the new folder cannot be watched.
    has_failed: AtomicBool,
}

/// The changes of this folder and of those that were in its place before.
#[derive(Debug)]
struct Changes {
    count: AtomicU64,
    changed: Arc<Notify>,
}

impl Changes {
    fn add(&self) {
        self.count.fetch_add(1, Ordering::Release);
        self.changed.notify_one();
    }
}

/// One folder that is watched.
struct Folder {
    /// Distinguishes it from another folder of the same path.
    identity: (u64, u64),
    /// The folder was moved or deleted. Another folder in its place is not watched yet.
    is_gone: Arc<AtomicBool>,
    /// It watches for as long as it lives.
    _watcher: FolderWatcher,
}

impl Folder {
    fn watch(dir: &Path, start: StartWatcher, changes: &Arc<Changes>) -> io::Result<Self> {
        let is_gone = Arc::<AtomicBool>::default();
        let dir = dir.canonicalize()?;
        let identity = identity(&dir)?;
        let (changes, has_left) = (Arc::clone(changes), Arc::clone(&is_gone));
        let on_event = move |event| {
            if event == FolderEvent::Gone && !has_left.swap(true, Ordering::AcqRel) {
                tracing::info!("the folder is no longer where it was");
            }
            changes.add();
        };
        let _watcher = start(&dir, Box::new(on_event))?;
        Ok(Self { identity, is_gone, _watcher })
    }

    fn is_at(&self, dir: &Path) -> bool {
        !self.is_gone.load(Ordering::Acquire) && identity(dir).is_ok_and(|identity| identity == self.identity)
    }
}

impl Watch {
    /// Begins to watch, and notifies `changed` of each change.
    ///
    /// # Errors
    /// When the system cannot watch the folder, or watches too much already.
    pub(super) fn start(dir: &Path, start: StartWatcher, changed: Arc<Notify>) -> io::Result<Self> {
        let changes = Arc::new(Changes { count: AtomicU64::default(), changed });
        let folder = Mutex::new(Folder::watch(dir, start, &changes)?);
        Ok(Self { dir: dir.to_owned(), start, changes, folder, has_failed: AtomicBool::default() })
    }

    /// A number that differs after every change; `None` while the folder is gone or replaced by one that is not watched.
    pub(super) fn revision(&self) -> Option<u64> {
        self.is_watching().then(|| self.changes.count.load(Ordering::Acquire))
    }

    /// If another folder has replaced the watched one, watches that. This counts as a change.
    pub(super) fn follow(&self) {
        if self.is_watching() {
            return;
        }
        match Folder::watch(&self.dir, self.start, &self.changes) {
            Ok(folder) => {
                *self.folder() = folder;
                self.has_failed.store(false, Ordering::Release);
                tracing::info!("the folder was replaced, and the new one is watched");
                self.changes.add();
            }
            // There is no folder now; one may come back.
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

/// Other systems have no such numbers.
#[cfg(not(unix))]
fn identity(dir: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(dir).map(|_| (0, 0))
}
