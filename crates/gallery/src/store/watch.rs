//! A folder that tells of changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What the system tells of a folder that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderEvent {
    /// Something in it may have changed.
    Changed,
    /// It was moved or deleted.
    Gone,
}

/// Watches a folder for as long as it lives.
pub type FolderWatcher = Box<dyn Send + Sync>;

/// Begins to watch a folder, its path without symbolic links, and all folders in it.
///
/// Errors: when the system cannot, or watches too much already.
pub type StartWatcher = fn(&Path, Box<dyn Fn(FolderEvent) + Send + Sync>) -> io::Result<FolderWatcher>;

/// Counts what changes below a folder.
pub(super) struct Watch {
    /// A link in it may be set to another folder at any time.
    dir: PathBuf,
    start: StartWatcher,
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
struct Folder {
    /// What tells it from another one of the same path.
    identity: (u64, u64),
    /// It was moved or deleted: what stands in its place now is not watched.
    is_gone: Arc<AtomicBool>,
    /// It watches for as long as it lives.
    _watcher: FolderWatcher,
}

impl Folder {
    fn watch(dir: &Path, start: StartWatcher, told: &Arc<Told>) -> io::Result<Self> {
        let is_gone = Arc::<AtomicBool>::default();
        let dir = dir.canonicalize()?;
        let identity = identity(&dir)?;
        let (to_tell, has_left) = (Arc::clone(told), Arc::clone(&is_gone));
        let tell = move |event| match event {
            FolderEvent::Changed => to_tell.change(),
            FolderEvent::Gone => {
                if !has_left.swap(true, Ordering::AcqRel) {
                    tracing::info!("the folder is no longer where it was");
                }
                to_tell.change();
            }
        };
        let _watcher = start(&dir, Box::new(tell))?;
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
    pub(super) fn start(dir: &Path, start: StartWatcher, changed: Arc<Notify>) -> io::Result<Self> {
        let told = Arc::new(Told { changes: AtomicU64::default(), changed });
        let folder = Mutex::new(Folder::watch(dir, start, &told)?);
        Ok(Self { dir: dir.to_owned(), start, told, folder, has_failed: AtomicBool::default() })
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
        match Folder::watch(&self.dir, self.start, &self.told) {
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
