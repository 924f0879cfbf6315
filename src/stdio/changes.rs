//! Notices that the list of prompts or of tools says something else than before.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use server::mcp::{ChangingList, Mcp};
use store::DirStore;
use tokio::time::sleep;

use super::connection::Shared;
use crate::watch;

/// How often a watched folder is compared: some file systems, such as those of other machines, report no changes.
const WATCHED_INTERVAL: Duration = Duration::from_secs(30);
/// How often a store without a TTL is compared if the system reports no changes of it.
const UNWATCHED_INTERVAL: Duration = Duration::from_secs(5);

/// The hash of a list of tools without prompts.
const NO_TOOLS: u64 = 0;

/// How often the lists are read at most, until no file changes meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// How long the first reading of the whole list leaves the machine to the first requests.
const FIRST_READING_DELAY: Duration = Duration::from_secs(1);

/// The lists at one time, as numbers.
#[derive(Clone, Copy)]
struct Seen {
    /// The names and versions of the prompts.
    files: u64,
    /// What the list of prompts says; `None` until it was read for the first time.
    rows: Option<u64>,
    /// What the list of tools says of prompts; `None` until it was read for the first time.
    tools: Option<u64>,
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

/// Compares the lists with those of `before`, and tells the client which differ. `Some(None)` are lists that could not be read:
/// the client gets the next ones.
async fn compared(gallery: &Gallery, before: Option<Option<Seen>>, shared: &Shared) -> Option<Seen> {
    let Some(before) = before else {
        return files_hash(gallery).await.map(|files| Seen { files, rows: None, tools: None });
    };
    let last_tools = shared.mcp().last_prompt_tools_hash();
    // While the store is down, the client still has the lists from before.
    let Some(now) = read(gallery, shared.mcp()).await else { return before };
    // The client knows what a request has read.
    let known_tools = match before {
        Some(before) => before.tools.or(shared.acknowledged_tools()).or(last_tools),
        None => Some(NO_TOOLS),
    };
    let have_files_changed = before.is_none_or(|before| before.files != now.files);
    let differs = |known: Option<u64>, now: Option<u64>| match (known, now) {
        (Some(known), Some(now)) => known != now,
        (Some(_), None) => false,
        (None, _) => have_files_changed,
    };
    let prompts = differs(before.and_then(|before| before.rows), now.rows).then_some(ChangingList::Prompts);
    let tools = differs(known_tools, now.tools).then_some(ChangingList::Tools);
    shared.lists_changed(prompts.into_iter().chain(tools)).await;
    Some(Seen { tools: now.tools.or(known_tools), ..now })
}

/// Reads both lists, again if files change in the meantime, so that all numbers are of one time. `None` while the store cannot be
/// read.
async fn read(gallery: &Gallery, mcp: &Mcp) -> Option<Seen> {
    let mut files = files_hash(gallery).await?;
    let mut attempts = 0;
    loop {
        let (tools, rows) = (mcp.prompt_tools_hash().await, rows_hash(gallery).await?);
        let later = files_hash(gallery).await?;
        attempts += 1;
        if later == files || attempts == MAX_ATTEMPTS {
            return Some(Seen { files, rows: Some(rows), tools });
        }
        files = later;
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

/// The names and versions of all prompts, as a number; `None` while the store cannot be listed.
async fn files_hash(gallery: &Gallery) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for (name, object) in gallery.files().await.ok()? {
        (name, object.lasting_version()).hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// What all pages of the list say, as a number; `None` while they cannot be read.
async fn rows_hash(gallery: &Gallery) -> Option<u64> {
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
