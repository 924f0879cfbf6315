//! Hears of changes in a folder from the system.

use std::io;
use std::path::Path;

use gallery::store::{FolderEvent, FolderWatcher};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Watches a folder and all in it, see [`gallery::store::StartWatcher`].
///
/// # Errors
/// When the system cannot, or watches too much already.
pub fn start(dir: &Path, tell: Box<dyn Fn(FolderEvent) + Send + Sync>) -> io::Result<FolderWatcher> {
    let root = dir.to_owned();
    let count = move |event: notify::Result<Event>| {
        // What the system could not tell may have been a change.
        let Ok(event) = event else {
            return tell(FolderEvent::Changed);
        };
        if is_end(event.kind) && event.paths.contains(&root) {
            tell(FolderEvent::Gone);
        } else if !is_read(&event) {
            tell(FolderEvent::Changed);
        }
    };
    // What is served of a link is within the folder, and watched where it is.
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(count, config).map_err(io::Error::other)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(Box::new(watcher))
}

/// Whether a file was only looked at, as this program does itself.
fn is_read(event: &Event) -> bool {
    let is_written = matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
    event.kind.is_access() && !is_written && !event.need_rescan()
}

/// Whether that, of a folder, means that it is elsewhere now, or nowhere.
fn is_end(kind: EventKind) -> bool {
    matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
}
