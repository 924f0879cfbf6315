//! The skills of a store: their files are read once for each version, and what cannot be served is left out.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{self, BoxFuture, FutureExt, Shared};
use futures_util::{StreamExt, stream};
use once_cell::sync::OnceCell;
use serde_json::value::to_raw_value;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::address;
use crate::index::{self, IndexRows};
use crate::limits::{INDEX_DEADLINE, READ_MIB, WRITE_DEADLINE};
use crate::shelf::{FrontMatter, Shelf, Skill};
use catalogue::{CONCURRENT_READS, Freshness, Saved, Snapshots, StoredIndex, UnderWay};
use check::skill;
use store::{ContentDigest, Object, PromptStore, StoreError, spawn_counted};

const MIB: u64 = 1024 * 1024;

/// The skills of one store.
pub struct Skills {
    store: Arc<dyn PromptStore>,
    snapshots: Snapshots<Shelf>,
    under_way: UnderWay<Read>,
    /// The memory for files that are being read, in MiB.
    memory: Semaphore,
    stored: StoredIndex,
    /// The first read of the stored index. It goes on when its callers stop waiting.
    first_read: OnceCell<Shared<BoxFuture<'static, FirstRows>>>,
    /// How many files were read that the stored index lacks.
    unsaved: Mutex<usize>,
}

/// The rows of the stored index, until a shelf has them.
type FirstRows = Arc<Mutex<IndexRows>>;

/// How the reading of some skills ended.
#[derive(Debug)]
pub enum Reading {
    /// Every file is read, or the store refuses it.
    Done,
    /// A file is no longer what was listed.
    Changed,
    /// The store does not answer.
    Outage(StoreError),
}

/// What was read of a file.
#[derive(Clone)]
enum Read {
    Content(ContentDigest, Option<FrontMatter>),
    /// The store refuses to return it, and why.
    Refused(&'static str),
}

impl Skills {
    /// The skills of `store`. A skill with a file that does not fit `max_answer_bytes` is left
    /// out. Nothing is read yet.
    pub fn new(store: Arc<dyn PromptStore>, freshness: Freshness, max_answer_bytes: Option<u64>) -> Arc<Self> {
        let make = move |objects, before: Option<(&Arc<Shelf>, Instant)>| {
            Shelf::new(objects, before.map(|(before, _)| &**before), max_answer_bytes)
        };
        let (under_way, first_read, unsaved) = Default::default();
        Arc::new(Self {
            snapshots: Snapshots::new(Arc::clone(&store), freshness, make),
            stored: StoredIndex::new(Arc::clone(&store)),
            store,
            under_way,
            memory: Semaphore::new(READ_MIB),
            first_read,
            unsaved,
        })
    }

    /// Where the skills are, for people.
    pub fn location(&self) -> String {
        self.store.location()
    }

    /// The skills of a listing that is not older than the TTL, with what the index says of them; while the store is down, the last
    /// ones.
    ///
    /// # Errors
    /// Any [`StoreError`] of the listing, while there is none yet.
    pub async fn current(self: &Arc<Self>) -> Result<Arc<Shelf>, StoreError> {
        let (shelf, rows) = future::join(self.snapshots.current(), self.index_rows()).await;
        let shelf = shelf?;
        // The first shelf gets the rows, and later ones have them from that.
        if let Some(rows) = rows {
            index::add(std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner)), &shelf);
        }
        Ok(shelf)
    }

    /// The skills of a listing that begins now.
    ///
    /// # Errors
    /// When that listing fails.
    pub async fn listed_now(&self) -> Result<Arc<Shelf>, StoreError> {
        self.snapshots.listed_now().await
    }

    /// What is known of a skill. The log names each skill that is left out once.
    pub fn skill(&self, shelf: &Shelf, index: usize) -> Skill {
        let skill = shelf.skill(index);
        shelf.report(index, &skill);
        skill
    }

    /// How many skills of the last listing are not left out, and what is left out, as far as it is read, with the reason:
    /// `team/refunds: …`. `None` before the first listing.
    pub fn summary(&self) -> Option<(usize, Vec<String>)> {
        let shelf = self.snapshots.last()?;
        let entries = shelf.entries().iter().enumerate();
        let left_out = entries.filter_map(|(index, entry)| match self.skill(&shelf, index) {
            Skill::LeftOut(why) | Skill::Refused(why) => Some(format!("{}: {why}", entry.path)),
            Skill::Served(_) | Skill::Unread => None,
        });
        let mut left_out: Vec<_> = left_out.collect();
        let served = shelf.entries().len() - left_out.len();
        left_out.extend(shelf.problems().iter().cloned());
        Some((served, left_out))
    }

    /// Reads the files of some skills that were not read yet, until `time` is over. The others stay unread.
    pub async fn read(self: &Arc<Self>, shelf: &Arc<Shelf>, skills: Range<usize>, time: Duration) -> Reading {
        let pause = self.store.retry_after();
        self.read_files(shelf, skills.flat_map(|index| shelf.unread(index, pause)).collect(), time).await
    }

    /// Reads the `SKILL.md` of a skill if it was not read yet. Nothing else is needed to know whether its files are served.
    pub async fn read_front_matter(self: &Arc<Self>, shelf: &Arc<Shelf>, index: usize) -> Reading {
        let mut files = shelf.unread(index, self.store.retry_after());
        files.retain(|object| object.key == shelf.skill_md(index).key);
        self.read_files(shelf, files, Duration::MAX).await
    }

    async fn read_files(self: &Arc<Self>, shelf: &Arc<Shelf>, files: Vec<Object>, time: Duration) -> Reading {
        let reads: Vec<_> = files.into_iter().map(|object| self.read_file(shelf, object)).collect();
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT_READS);
        let mut outcome = Reading::Done;
        let began = Instant::now();
        while let Ok(Some(read)) = timeout(time.saturating_sub(began.elapsed()), reads.next()).await {
            match read {
                Ok(()) => {}
                Err(StoreError::NotFound(_)) => outcome = Reading::Changed,
                Err(e) if matches!(outcome, Reading::Done) => outcome = Reading::Outage(e),
                Err(_) => {}
            }
        }
        outcome
    }

    /// The content of a file, as it was listed.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn content(&self, object: &Object) -> Result<Bytes, StoreError> {
        self.store.get(object).await
    }

    /// Writes the index if files were read that it lacks, and waits for it. If it `can_wait`, because more files are about to be
    /// read, half of all known files must be unsaved: reading them in parts then writes at most twice the size of the index.
    ///
    /// The write goes on when its caller stops waiting.
    pub async fn save_index(self: &Arc<Self>, can_wait: bool) {
        if *self.unsaved() == 0 || !self.stored.is_writable() {
            return;
        }
        let Some(shelf) = self.snapshots.last() else { return };
        let mut known = 0;
        shelf.for_each_known(|_, _, _| {
            known += 1;
            true
        });
        let unsaved = {
            let mut unsaved = self.unsaved();
            if can_wait && *unsaved * 2 < known {
                return;
            }
            // This write saves them, so callers at the same time need not.
            std::mem::take(&mut *unsaved)
        };
        if unsaved == 0 {
            return;
        }
        let skills = Arc::clone(self);
        let write = spawn_counted(async move { skills.write_index(&shelf, unsaved).await });
        let _ = timeout(WRITE_DEADLINE, write).await;
    }

    async fn read_file(self: &Arc<Self>, shelf: &Arc<Shelf>, object: Object) -> Result<(), StoreError> {
        let read = || {
            let (skills, shelf, object) = (Arc::clone(self), Arc::clone(shelf), object.clone());
            async move {
                let read = skills.read_content(&object).await?;
                // Its callers may be gone, and the shelf may be an older one by now.
                let last = skills.snapshots.last().unwrap_or(shelf);
                learn(&last, &object, &read);
                if matches!(read, Read::Content(..)) && store::is_lasting(&object.version) {
                    *skills.unsaved() += 1;
                }
                Ok(read)
            }
        };
        let read = self.under_way.join(&object, read).await?;
        learn(shelf, &object, &read);
        Ok(())
    }

    /// Reads a file: a `SKILL.md` as a whole, another file in pieces.
    async fn read_content(&self, object: &Object) -> Result<Read, StoreError> {
        let is_skill_md = address::skill_of(&object.key).is_some();
        let mib = if is_skill_md { object.size.div_ceil(MIB) } else { 1 };
        let mib = u32::try_from(mib).unwrap_or(u32::MAX).clamp(1, READ_MIB as u32);
        let _memory = self.memory.acquire_many(mib).await;
        let read = if is_skill_md { self.read_skill_md(object).await } else { self.read_other(object).await };
        match read {
            Err(e @ (StoreError::Refused(_) | StoreError::Denied(_) | StoreError::Settings(_))) => {
                tracing::warn!(skill.file = object.key, cause = %e, "a listed file cannot be read");
                let is_denied = matches!(e, StoreError::Denied(_));
                Ok(Read::Refused(if is_denied {
                    "the server may not read it"
                } else {
                    "the store refuses to return it"
                }))
            }
            read => read,
        }
    }

    async fn read_other(&self, object: &Object) -> Result<Read, StoreError> {
        Ok(Read::Content(self.store.digest(object).await?, None))
    }

    async fn read_skill_md(&self, object: &Object) -> Result<Read, StoreError> {
        let content = self.store.get(object).await?;
        let (front_matter, problems) = skill::read(&object.key, &content);
        let front_matter = match front_matter {
            Some(front_matter) => Ok(to_raw_value(&front_matter).expect("a map serialises").into()),
            None => {
                let problem = problems.iter().find(|problem| problem.code.level() == dotprompt::Level::Error);
                Err(problem.map(ToString::to_string).unwrap_or_default().into())
            }
        };
        Ok(Read::Content(ContentDigest::of(&content), Some(front_matter)))
    }

    /// Waits for the rows of the stored index, but not long.
    async fn index_rows(self: &Arc<Self>) -> Option<FirstRows> {
        if !self.stored.exists() {
            return None;
        }
        let read = || {
            let skills = Arc::clone(self);
            let task = spawn_counted(async move { skills.stored.read(index::read).await });
            task.map(|rows| Arc::new(Mutex::new(rows.ok().flatten().unwrap_or_default()))).boxed().shared()
        };
        timeout(INDEX_DEADLINE, self.first_read.get_or_init(read).clone()).await.ok()
    }

    async fn write_index(&self, shelf: &Arc<Shelf>, unsaved: usize) {
        if self.stored.has_changed() {
            self.read_again(shelf).await;
        }
        let Some(replaced) = self.stored.replaced() else { return };
        let (prefix, written) = (self.stored.prefix(), Arc::clone(shelf));
        // In a thread of its own, because it may take a second.
        let Ok(json) = tokio::task::spawn_blocking(move || index::write(&prefix, &written)).await else { return };
        match self.stored.write(json, &replaced).await {
            Saved::Done => {}
            Saved::Refused => {
                self.read_again(shelf).await;
                self.stored.expect_change(&replaced);
            }
            Saved::Failed => *self.unsaved() += unsaved,
        }
    }

    async fn read_again(&self, shelf: &Shelf) {
        if let Some(rows) = self.stored.read(index::read).await {
            index::add(rows, shelf);
        }
    }

    fn unsaved(&self) -> MutexGuard<'_, usize> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds what was read of a file to what a shelf knows.
fn learn(shelf: &Shelf, object: &Object, read: &Read) {
    match read {
        Read::Content(digest, front_matter) => shelf.learn(object, *digest, front_matter.clone()),
        Read::Refused(why) => shelf.refuse(object, why),
    }
}
