//! Notices that the list of prompts says something else than before.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use gallery::gallery::Gallery;
use gallery::store::DirStore;
use tokio::time::sleep;

use super::connection::Shared;
use crate::watch;

/// How often a watched folder is compared: some file systems, such as those of other machines, report no changes.
const WATCHED_INTERVAL: Duration = Duration::from_secs(30);
/// How often a store without a TTL is compared if the system reports no changes of it.
const UNWATCHED_INTERVAL: Duration = Duration::from_secs(5);

/// How long the first reading of the whole list leaves the machine to the first requests.
const FIRST_READING_DELAY: Duration = Duration::from_secs(1);

/// The list at one time, as numbers.
#[derive(Clone, Copy)]
struct Seen {
    /// The names and versions of the prompts.
    files: u64,
    /// What the list says; `None` until it was read for the first time.
    rows: Option<u64>,
}

/// Tells the client of each change. A watched `folder` is compared from the start on, another store while the client listens.
pub(super) async fn report(gallery: Arc<Gallery>, folder: Option<DirStore>, shared: Arc<Shared>) {
    let mut listens = shared.listens();
    let (mut read, mut before) = (None, None);
    if folder.is_none() {
        // The first listing begins before a request needs it. The log has its failure once a request does.
        let _ = gallery.warm_up().await;
    }
    loop {
        if folder.is_some() {
            // The log gets the problems of a file as soon as it is saved.
            read = gallery.read_changed(read).await;
        }
        let is_compared = *listens.borrow_and_update() || folder.is_some();
        let is_first = is_compared && before.is_none();
        before = if is_compared { Some(compared(&gallery, before, &shared).await) } else { None };
        shared.set_notices(is_compared);
        let pause = if is_first { FIRST_READING_DELAY } else { interval(&gallery, folder.is_some()) };
        tokio::select! {
            () = changed(folder.as_ref()) => {}
            () = sleep(pause), if is_compared => {}
            outcome = listens.changed() => if outcome.is_err() { return },
        }
    }
}

/// Compares the list with the one of `before`, and tells the client if it differs. `Some(None)` is a list that could not be
/// read: the client gets the next one.
async fn compared(gallery: &Gallery, before: Option<Option<Seen>>, shared: &Shared) -> Option<Seen> {
    let files = files(gallery).await;
    let Some(before) = before else { return files.map(|files| Seen { files, rows: None }) };
    // While the store is down, the client still has the list from before.
    let Some((files, rows)) = files.zip(rows(gallery).await) else { return before };
    let differs = match before {
        Some(Seen { rows: Some(before), .. }) => before != rows,
        Some(Seen { files: before, rows: None }) => before != files,
        None => true,
    };
    if differs {
        shared.prompts_changed().await;
    }
    Some(Seen { files, rows: Some(rows) })
}

/// Waits until a watched folder has changed.
async fn changed(folder: Option<&DirStore>) {
    match folder {
        Some(folder) => watch::changed(folder).await,
        None => std::future::pending().await,
    }
}

fn interval(gallery: &Gallery, is_watched: bool) -> Duration {
    match gallery.ttl() {
        _ if is_watched => WATCHED_INTERVAL,
        ttl if ttl.is_zero() => UNWATCHED_INTERVAL,
        ttl => ttl,
    }
}

/// The names and versions of all prompts, as a number; `None` while the store cannot be listed.
async fn files(gallery: &Gallery) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for (name, object) in gallery.files().await.ok()? {
        (name, object.lasting_version()).hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// What all pages of the list say, as a number; `None` while they cannot be read.
async fn rows(gallery: &Gallery) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut cursor = None;
    loop {
        let page = gallery.list(cursor.as_deref()).await.ok()?;
        hasher.write(page.prompts.get().as_bytes());
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return Some(hasher.finish());
        }
    }
}
