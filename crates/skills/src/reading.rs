//! The skills of a store: their files are read once for each version, and what cannot be served is left out.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{self, BoxFuture, FutureExt, Shared};
use futures_util::{StreamExt, stream};
use once_cell::sync::OnceCell;
use serde_json::value::to_raw_value;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use crate::index::{self, IndexRow};
use crate::limits::{INDEX_DEADLINE, SKILL_MD_MIB};
use crate::shelf::{FrontMatter, Shelf, Skill};
use catalogue::{CONCURRENT_READS, Saved, Snapshots, StoredIndex};
use check::skill;
use store::{ContentDigest, Object, PromptStore, StoreError, spawn_counted};

const MIB: u64 = 1024 * 1024;

/// The skills of one store.
pub struct Skills {
    store: Arc<dyn PromptStore>,
    snapshots: Snapshots<Shelf>,
    /// The bytes of the largest answer to a caller; `None` if any size will do.
    max_answer_bytes: Option<u64>,
    /// Held while files are read, so that each is read once.
    reading: Mutex<()>,
    stored: StoredIndex,
    /// The first read of the stored index. It goes on when its callers stop waiting.
    first_read: OnceCell<Shared<BoxFuture<'static, Arc<IndexRows>>>>,
    /// How many files were read that the stored index lacks.
    unsaved: StdMutex<usize>,
    /// The skills that the log has named as left out, and why.
    reported: StdMutex<HashMap<Box<str>, Box<str>>>,
}

/// The rows of the stored index, until a shelf has them.
type IndexRows = StdMutex<Vec<IndexRow>>;

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

/// One file to read.
enum File {
    SkillMd(usize, Object),
    Other(Object),
}

/// What was read of it.
enum Read {
    SkillMd(ContentDigest, FrontMatter),
    Other(ContentDigest),
}

impl Skills {
    /// The skills of `store`. A listing may be as old as `ttl`. A skill with a file that does not fit `max_answer_bytes` is left
    /// out. Nothing is read yet.
    pub fn new(store: Arc<dyn PromptStore>, ttl: Duration, max_answer_bytes: Option<u64>) -> Arc<Self> {
        let make = |objects, before: Option<&Arc<Shelf>>| Shelf::new(objects, before.map(|before| &**before));
        let (reading, first_read, unsaved, reported) = Default::default();
        Arc::new(Self {
            snapshots: Snapshots::new(Arc::clone(&store), ttl, make),
            stored: StoredIndex::new(Arc::clone(&store)),
            store,
            max_answer_bytes,
            reading,
            first_read,
            unsaved,
            reported,
        })
    }

    /// The bytes of the largest answer to a caller; `None` if any size will do.
    pub fn max_answer_bytes(&self) -> Option<u64> {
        self.max_answer_bytes
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
        let skill = shelf.skill(index, self.max_answer_bytes);
        let path = &shelf.entries()[index].path;
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        match &skill {
            Skill::LeftOut(why) | Skill::Refused(why) if reported.get(path).is_none_or(|known| **known != **why) => {
                tracing::warn!(skill.path = &**path, cause = why, "skill left out");
                reported.insert(path.clone(), why.as_str().into());
            }
            Skill::Served(_) if reported.remove(path).is_some() => {
                tracing::info!(skill.path = &**path, "skill is served again");
            }
            _ => {}
        }
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
        self.read_those(shelf, skills, time, |_| true).await
    }

    async fn read_those(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        skills: Range<usize>,
        time: Duration,
        which: fn(&File) -> bool,
    ) -> Reading {
        let unread = || self.unread(shelf, skills.clone()).filter(which);
        if unread().next().is_none() {
            return Reading::Done;
        }
        let _reading = self.reading.lock().await;
        let memory = Arc::new(Semaphore::new(SKILL_MD_MIB));
        let reads = unread().map(|file| self.read_file(shelf, file, &memory));
        let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(CONCURRENT_READS);
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

    /// Reads the `SKILL.md` of a skill if it was not read yet. Nothing else is needed to know whether its files are served.
    pub async fn read_front_matter(self: &Arc<Self>, shelf: &Arc<Shelf>, index: usize) -> Reading {
        self.read_those(shelf, index..index + 1, Duration::MAX, |file| matches!(file, File::SkillMd(..))).await
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
    pub async fn save_index(self: &Arc<Self>, shelf: &Arc<Shelf>, can_wait: bool) {
        let unsaved = *self.unsaved();
        if unsaved == 0 || !self.stored.is_writable() {
            return;
        }
        let mut known = 0;
        shelf.for_each_known(|_, _, _| {
            known += 1;
            true
        });
        if can_wait && unsaved * 2 < known {
            return;
        }
        *self.unsaved() -= unsaved;
        let (skills, shelf) = (Arc::clone(self), Arc::clone(shelf));
        let write = spawn_counted(async move { skills.write_index(&shelf, unsaved).await });
        let _ = timeout(INDEX_DEADLINE, write).await;
    }

    /// The files of some skills that are to be read.
    fn unread<'s>(&self, shelf: &'s Shelf, skills: Range<usize>) -> impl Iterator<Item = File> + use<'s> {
        let pause = self.store.retry_after();
        skills.flat_map(move |index| {
            let (others, needs_skill_md) = shelf.unread(index, pause);
            let skill_md = needs_skill_md.then(|| File::SkillMd(index, shelf.skill_md(index).clone()));
            skill_md.into_iter().chain(others.into_iter().map(File::Other))
        })
    }

    fn read_file(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        file: File,
        memory: &Arc<Semaphore>,
    ) -> impl Future<Output = Result<(), StoreError>> + use<> {
        let (skills, shelf, memory) = (Arc::clone(self), Arc::clone(shelf), Arc::clone(memory));
        async move {
            let (skill, object) = match file {
                File::SkillMd(index, object) => (Some(index), object),
                File::Other(object) => (None, object),
            };
            let (store, key) = (Arc::clone(&skills.store), object.clone());
            // In a task of its own, so that many files are digested on all cores.
            let task = spawn_counted(async move { read(&*store, &key, skill.is_some(), &memory).await });
            let read = task.await.unwrap_or_else(|e| Err(StoreError::Unavailable(e.to_string())));
            let digest = match read {
                Ok(Read::Other(digest)) => digest,
                Ok(Read::SkillMd(digest, front_matter)) => {
                    if let Some(skill) = skill {
                        shelf.learn_front_matter(skill, front_matter);
                    }
                    digest
                }
                Err(e @ (StoreError::Refused(_) | StoreError::Denied(_) | StoreError::Settings(_))) => {
                    tracing::warn!(skill.file = object.key, cause = %e, "a listed file cannot be read");
                    let is_denied = matches!(e, StoreError::Denied(_));
                    let why = if is_denied { "the server may not read it" } else { "the store refuses to return it" };
                    shelf.refuse(&object, why);
                    return Ok(());
                }
                Err(e) => return Err(e),
            };
            shelf.learn(&object, digest);
            if store::is_lasting(&object.version) {
                *skills.unsaved() += 1;
            }
            Ok(())
        }
    }

    /// Waits for the rows of the stored index, but not long.
    async fn index_rows(self: &Arc<Self>) -> Option<Arc<IndexRows>> {
        if !self.stored.exists() {
            return None;
        }
        let read = || {
            let skills = Arc::clone(self);
            let task = spawn_counted(async move { skills.stored.read(index::read).await });
            task.map(|rows| Arc::new(StdMutex::new(rows.ok().flatten().unwrap_or_default()))).boxed().shared()
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

    fn unsaved(&self) -> std::sync::MutexGuard<'_, usize> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a file: a `SKILL.md` as a whole, another file in pieces.
async fn read(
    store: &dyn PromptStore,
    object: &Object,
    is_skill_md: bool,
    memory: &Semaphore,
) -> Result<Read, StoreError> {
    if !is_skill_md {
        return Ok(Read::Other(store.digest(object).await?));
    }
    let mib = u32::try_from(object.size.div_ceil(MIB)).unwrap_or(u32::MAX).clamp(1, SKILL_MD_MIB as u32);
    let _memory = memory.acquire_many(mib).await;
    let content = store.get(object).await?;
    let (front_matter, problems) = skill::read(&object.key, &content);
    let front_matter = match front_matter {
        Some(front_matter) => Ok(to_raw_value(&front_matter).expect("a map serialises")),
        None => {
            let problem = problems.iter().find(|problem| problem.code.level() == dotprompt::Level::Error);
            Err(problem.map(ToString::to_string).unwrap_or_default().into())
        }
    };
    Ok(Read::SkillMd(ContentDigest::of(&content), front_matter))
}
