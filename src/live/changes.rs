//! Notices that a list says something else than before.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use server::mcp::{ChangingList, Mcp};
use tokio::time::sleep;

use super::lists::{Known, Lists, Wanted};
use crate::open::Folders;

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

/// What is compared.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) gallery: Arc<Gallery>,
    pub(crate) mcp: Arc<Mcp>,
    /// The folders whose changes the system reports.
    pub(crate) folders: Folders,
}

/// The lists at one time, as numbers.
#[derive(Clone, Copy)]
struct Seen {
    /// The names and versions of the prompts.
    files: u64,
    /// What the list of prompts says; `None` until it was read for the first time.
    rows: Option<u64>,
    /// What the list of tools says of prompts; `None` until it was read for the first time.
    tools: Option<u64>,
    /// What the list of resources says; `None` until it was read for the first time.
    resources: Option<u64>,
}

impl Watched {
    /// Compares the lists while a client listens, and tells of each change. The files of a folder are read as soon as they are
    /// saved, so that the log has their problems; `read` is what was read before.
    pub(crate) async fn report(self, lists: &Lists, mut read: Option<gallery::Seen>) -> Infallible {
        let mut wanted = lists.wanted();
        let mut before = None;
        loop {
            if self.folders.prompts.is_some() {
                read = self.gallery.read_changed(read).await;
            }
            if self.folders.skills.is_some() {
                self.gallery.read_skills().await;
            }
            let now = *wanted.borrow_and_update();
            let (is_compared, needs_tools) = (now.listeners > 0, now.waiting_for_tools > 0);
            let is_first = is_compared && before.is_none();
            before = if is_compared { Some(self.compared(before, needs_tools, lists).await) } else { None };
            let has_read_tools = is_compared && (!is_first || needs_tools);
            lists.set_known(Known { prompts: is_compared, tools: has_read_tools });
            let pause = if is_first { FIRST_READING_DELAY } else { self.interval() };
            let needs_others = async {
                let is_other = |now: &Wanted| {
                    (now.listeners > 0) != is_compared || (is_compared && !has_read_tools && now.waiting_for_tools > 0)
                };
                // The sender is in `lists`, so there is no error.
                let _ = wanted.wait_for(is_other).await;
            };
            tokio::select! {
                () = self.folders.changed() => {}
                () = sleep(pause), if is_compared => {}
                () = needs_others => {}
            }
        }
    }

    /// Compares the lists with those of `before`, and tells which differ. `Some(None)` are lists that could not be read: the
    /// next ones count as changed.
    async fn compared(&self, before: Option<Option<Seen>>, needs_tools: bool, lists: &Lists) -> Option<Seen> {
        let mcp = &self.mcp;
        let Some(before) = before else {
            let files = self.files_hash().await?;
            let tools = if needs_tools { mcp.prompt_tools_hash().await } else { None };
            return Some(Seen { files, rows: None, tools, resources: mcp.resources_hash().await });
        };
        let last_tools = mcp.last_prompt_tools_hash();
        // While the store is down, clients still have the lists from before.
        let Some(now) = self.read().await else { return before };
        // Clients know what a request has read.
        let known_tools = match before {
            Some(before) => before.tools.or(last_tools),
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
        let known_resources = before.and_then(|before| before.resources);
        let resources = differs(known_resources, now.resources).then_some(ChangingList::Resources);
        lists.have_changed([prompts, tools, resources].into_iter().flatten());
        Some(Seen { tools: now.tools.or(known_tools), resources: now.resources.or(known_resources), ..now })
    }

    /// Reads all lists, again if files change in the meantime, so that all numbers are of one time. `None` while the store
    /// cannot be read.
    async fn read(&self) -> Option<Seen> {
        let mut files = self.files_hash().await?;
        let mut attempts = 0;
        loop {
            let (tools, rows) = (self.mcp.prompt_tools_hash().await, self.rows_hash().await?);
            let resources = self.mcp.resources_hash().await;
            let later = self.files_hash().await?;
            attempts += 1;
            if later == files || attempts == MAX_ATTEMPTS {
                return Some(Seen { files, rows: Some(rows), tools, resources });
            }
            files = later;
        }
    }

    fn interval(&self) -> Duration {
        match self.gallery.ttl() {
            _ if self.folders.prompts.is_some() => WATCHED_INTERVAL,
            ttl if ttl.is_zero() => UNWATCHED_INTERVAL,
            ttl => ttl,
        }
    }

    /// The names and versions of all prompts, as a number; `None` while the store cannot be listed.
    async fn files_hash(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        for (name, object) in self.gallery.files().await.ok()? {
            (name, object.lasting_version()).hash(&mut hasher);
        }
        Some(hasher.finish())
    }

    /// What all pages of the list say, as a number; `None` while they cannot be read.
    async fn rows_hash(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        let mut cursor = None;
        loop {
            let page = self.gallery.list(cursor.as_deref()).await.ok()?;
            hasher.write(page.prompts.get().as_bytes());
            cursor.clone_from(&page.next_cursor);
            if cursor.is_none() {
                return Some(hasher.finish());
            }
        }
    }
}
