//! Watches a folder with the operating system's notifications.

use std::io;
use std::path::Path;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use store::{DirStore, FolderEvent, FolderWatcher};
use tokio::time::timeout;

/// How long a folder must be quiet before it is read: an editor writes a file in several steps.
const QUIET_TIME: Duration = Duration::from_millis(200);
/// How long to wait at most for a quiet folder.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Watches a folder and everything below it, see [`store::StartWatcher`].
///
/// # Errors
/// When the system cannot watch the folder, or watches too many already.
pub fn start(dir: &Path, tell: Box<dyn Fn(FolderEvent) + Send + Sync>) -> io::Result<FolderWatcher> {
    let root = dir.to_owned();
    let handle = move |event: notify::Result<Event>| {
        // An error may hide a change.
        let Ok(event) = event else {
            return tell(FolderEvent::Changed);
        };
        if is_removal_or_rename(event.kind) && event.paths.contains(&root) {
            tell(FolderEvent::Gone);
        } else if !is_read(&event) {
            tell(FolderEvent::Changed);
        }
    };
    // The gallery serves links only to places inside the folder, which are watched there.
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(handle, config).map_err(io::Error::other)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(Box::new(watcher))
}

/// Whether a file was only read, as this program does itself.
fn is_read(event: &Event) -> bool {
    let is_written = matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
    event.kind.is_access() && !is_written && !event.need_rescan()
}

fn is_removal_or_rename(kind: EventKind) -> bool {
    matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
}

/// Waits until something has changed in a watched folder, and until the folder is quiet again.
pub(crate) async fn changed(folder: &DirStore) {
    folder.changed().await;
    let quiet = async { while timeout(QUIET_TIME, folder.changed()).await.is_ok() {} };
    let _ = timeout(MAX_WAIT, quiet).await;
}
