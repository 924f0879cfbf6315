//! Notices that the list of prompts says something else than before.

use std::hash::{DefaultHasher, Hasher};
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

/// Tells the client of each change. A watched `folder` is compared from the start on, another store while the client listens.
pub(super) async fn report(gallery: Arc<Gallery>, folder: Option<DirStore>, shared: Arc<Shared>) {
    let mut listens = shared.listens();
    let (mut seen, mut before) = (None, None);
    if folder.is_none() {
        // The first listing begins before a request needs it. The log has its failure once a request does.
        let _ = gallery.warm_up().await;
    }
    loop {
        if folder.is_some() {
            // The log gets the problems of a file as soon as it is saved.
            seen = gallery.read_changed(seen).await;
        }
        let is_compared = *listens.borrow_and_update() || folder.is_some();
        if is_compared {
            let now = digest(&gallery).await;
            if before.is_some_and(|before| now.is_some() && before != now) {
                shared.prompts_changed().await;
            }
            // While the store is down, the client still has the list from before.
            before = Some(now.or(before.flatten()));
        } else {
            before = None;
        }
        shared.set_notices(is_compared);
        tokio::select! {
            () = changed(folder.as_ref()) => {}
            () = sleep(interval(&gallery, folder.is_some())), if is_compared => {}
            outcome = listens.changed() => if outcome.is_err() { return },
        }
    }
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

/// What all pages of the list say, as a number; `None` while they cannot be read.
async fn digest(gallery: &Gallery) -> Option<u64> {
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
