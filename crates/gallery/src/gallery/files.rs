//! The files of the store, read when they are first needed, and kept as far as there is room.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use equivalent::Equivalent;
use futures_util::future::{BoxFuture, FutureExt, WeakShared};
use futures_util::{StreamExt, stream};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::task::JoinError;

use super::CONCURRENT_READS;
use super::catalogue::{Catalogue, Entry};
use crate::store::{Object, PromptStore, StoreError, spawn_counted};
use dotprompt::{Named, Partial, Problem, Prompt, PromptFile, Shown, bounds};

/// What the files that are kept may take in memory, in bytes as [`weight`] estimates them.
const KEPT: u64 = 48 * 1024 * 1024;
/// Each has its part of the room, which the largest file must fit into: [`weight`] of [`bounds::SOURCE`].
const SHARDS: usize = 8;
/// How many files are kept at least where they are small; no bound.
const ESTIMATED_FILES: usize = 1000;

/// What was read of the store.
pub(super) struct Files {
    store: Arc<dyn PromptStore>,
    kept: Cache<Version, Arc<Loaded>, ByBytes>,
    /// What is being read: whoever needs it too waits for the same reading.
    under_way: Mutex<HashMap<Version, WeakShared<Reading>>>,
    /// What is wrong with prompts and partials, by key, of the versions read last.
    problems: Mutex<HashMap<Box<str>, Wrong>>,
    /// The files that the store lists and refuses to return, by key.
    refused: Mutex<HashMap<Box<str>, Refused>>,
    /// The prompts that are left out since one of their files cannot be read, by the keys of their own files.
    unread: Mutex<HashMap<Box<str>, LeftOut>>,
}

/// A version of a file that the store refuses.
struct Refused {
    version: Box<str>,
    error: StoreError,
    /// When the store was asked for it last.
    asked: Instant,
}

/// A version of a prompt that is left out, and why.
struct LeftOut {
    version: Box<str>,
    why: String,
}

/// A file that could not be read as it was listed, and why.
#[derive(Debug, Clone)]
pub(super) struct Unread {
    pub(super) object: Object,
    pub(super) error: StoreError,
}

impl Unread {
    /// Whether the store answered, so that a listing may tell more.
    pub(super) fn is_doubtful(&self) -> bool {
        !matches!(self.error, StoreError::Unavailable(_))
    }
}

/// Of a version of a file.
struct Wrong {
    version: Box<str>,
    problem: Problem,
}

type Reading = BoxFuture<'static, Result<Arc<Loaded>, StoreError>>;

/// One version of one file: its key and its version.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Version(Box<str>, Box<str>);

/// The same, borrowed.
#[derive(Hash)]
struct VersionRef<'a>(&'a str, &'a str);

impl Equivalent<Version> for VersionRef<'_> {
    fn equivalent(&self, Version(key, version): &Version) -> bool {
        *self.0 == **key && *self.1 == **version
    }
}

impl<'a> From<&'a Object> for VersionRef<'a> {
    fn from(object: &'a Object) -> Self {
        VersionRef(&object.key, &object.version)
    }
}

impl From<&Object> for Version {
    fn from(object: &Object) -> Self {
        Self(object.key.as_str().into(), object.version.as_str().into())
    }
}

/// What came of reading a file.
struct Loaded {
    content: Content,
    /// The size of the file in bytes.
    size: u64,
}

enum Content {
    Prompt {
        file: Arc<PromptFile>,
        /// As it was linked last.
        link: Mutex<Option<Arc<Link>>>,
    },
    Partial(Arc<Partial>),
    Broken {
        problem: Problem,
        /// The files that it shows, as far as it can be read.
        shown: Vec<String>,
    },
}

impl Content {
    /// The files that it shows.
    fn shown(&self) -> Vec<String> {
        match self {
            Self::Prompt { file, .. } => urls(file.shown()),
            Self::Partial(partial) => urls(partial.shown()),
            Self::Broken { shown, .. } => shown.clone(),
        }
    }
}

fn urls(shown: Vec<Shown>) -> Vec<String> {
    shown.into_iter().filter_map(|shown| shown.url).collect()
}

/// A prompt with its partials, or why there is none.
pub(super) struct Link {
    /// The prompt's version, for people.
    pub(super) version: Box<str>,
    pub(super) prompt: Result<Arc<Prompt>, Problem>,
    pub(super) partials: Partials,
}

/// The partials that a prompt names, directly or not, and the version of each, where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Partials(Box<[PartialVersion]>);

/// The name of a partial, and its version where there is one.
pub(super) type PartialVersion = (Box<str>, Option<Box<str>>);

impl From<Vec<PartialVersion>> for Partials {
    fn from(partials: Vec<PartialVersion>) -> Self {
        Self(partials.into())
    }
}

impl Partials {
    /// Those of these names in a catalogue.
    fn of<'a>(names: impl IntoIterator<Item = &'a String>, catalogue: &Catalogue) -> Self {
        let version = |name: &str| Some(catalogue.object(catalogue.partial(name)?).version.as_str().into());
        Self(names.into_iter().map(|name| (name.as_str().into(), version(name))).collect())
    }

    /// Whether these are the catalogue's.
    pub(super) fn are_of(&self, catalogue: &Catalogue) -> bool {
        self.0.iter().all(|(name, version)| {
            let listed = catalogue.partial(name).map(|entry| catalogue.object(entry).version.as_str());
            listed == version.as_deref()
        })
    }

    /// Whether each version stays while the file does.
    pub(super) fn are_lasting(&self) -> bool {
        let is_lasting = |version: &str| !version.contains("\n?");
        self.0.iter().filter_map(|(_, version)| version.as_deref()).all(is_lasting)
    }

    pub(super) fn as_slice(&self) -> &[PartialVersion] {
        &self.0
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Version, Arc<Loaded>> for ByBytes {
    fn weight(&self, _: &Version, loaded: &Arc<Loaded>) -> u64 {
        weight(loaded.size)
    }
}

/// About what a file of so many bytes takes once it has been read: 16 KB for the prompts of `benches/scale`.
fn weight(size: u64) -> u64 {
    8192 + 8 * size
}

impl Files {
    pub(super) fn new(store: Arc<dyn PromptStore>) -> Arc<Self> {
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(ESTIMATED_FILES).weight_capacity(KEPT).shards(SHARDS);
        let options = options.build().expect("what is needed is set");
        let kept = Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default());
        let (under_way, problems, refused, unread) = Default::default();
        Arc::new(Self { store, kept, under_way, problems, refused, unread })
    }

    /// Whether a version of a prompt is at hand with its partials.
    pub(super) fn has_linked(&self, object: &Object) -> bool {
        self.last_link(&object.key, &object.version).is_some()
    }

    fn last_link(&self, key: &str, version: &str) -> Option<Arc<Link>> {
        let loaded = self.kept.get(&VersionRef(key, version))?;
        let Content::Prompt { link, .. } = &loaded.content else { return None };
        lock(link).clone().filter(|link| link.prompt.is_ok())
    }

    /// The prompt as it was served last, with the partials of that time.
    pub(super) fn last_good(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Arc<Link>> {
        let object = catalogue.object(entry);
        let versions = [Some(&*object.version), entry.previous.as_deref()];
        versions.into_iter().flatten().find_map(|version| self.last_link(&object.key, version))
    }

    /// Whether a version of a file is known to be refused.
    pub(super) fn is_refused(&self, object: &Object) -> bool {
        lock(&self.refused).get(&*object.key).is_some_and(|refused| *refused.version == *object.lasting_version())
    }

    /// Remembers that the store refuses to return a listed file; the log tells it once for each version.
    pub(super) fn refuse(&self, Unread { object, error }: &Unread) {
        let version = object.lasting_version().into();
        let refused = Refused { version, error: error.clone(), asked: Instant::now() };
        let before = lock(&self.refused).insert(object.key.as_str().into(), refused);
        if before.is_none_or(|before| *before.version != *object.lasting_version()) {
            tracing::warn!(prompt.file = object.key, cause = %error, "a listed file cannot be read");
        }
    }

    /// The refusal of a file that the store has been asked for just now.
    fn refusal(&self, object: &Object) -> Option<StoreError> {
        let refused = lock(&self.refused);
        let refused = refused.get(&*object.key).filter(|refused| *refused.version == *object.lasting_version())?;
        (refused.asked.elapsed() < self.store.retry_after()).then(|| refused.error.clone())
    }

    /// Notes that a prompt is left out, as one of its files cannot be read; the log tells it once for each version.
    pub(super) fn leave_out(&self, object: &Object, unread: &Unread) {
        let is_own = unread.object.key == object.key;
        let why = &unread.error;
        let why = if is_own { why.to_string() } else { format!("{}: {why}", unread.object.key) };
        let left_out = LeftOut { version: object.lasting_version().into(), why: why.clone() };
        let before = lock(&self.unread).insert(object.key.as_str().into(), left_out);
        if !is_own && before.is_none_or(|before| *before.version != *object.lasting_version()) {
            tracing::warn!(prompt.file = object.key, why, "prompt left out");
        }
    }

    /// The prompts of a catalogue that are left out since one of their files cannot be read, and why.
    pub(super) fn unread(&self, catalogue: &Catalogue) -> Vec<(String, String)> {
        let unread = lock(&self.unread);
        let left_out = catalogue.entries.iter().filter_map(|entry| {
            let object = catalogue.object(entry);
            let left_out = unread.get(&*object.key).filter(|out| *out.version == *object.lasting_version())?;
            Some((object.key.clone(), left_out.why.clone()))
        });
        left_out.collect()
    }

    /// The prompts of a catalogue that have turned out to be broken: the keys of their files, and why.
    pub(super) fn broken(&self, catalogue: &Catalogue) -> Vec<(String, Problem)> {
        let problems = lock(&self.problems);
        let broken = catalogue.entries.iter().filter_map(|entry| {
            let object = catalogue.object(entry);
            let wrong = problems.get(&*object.key).filter(|wrong| *wrong.version == *object.lasting_version())?;
            Some((object.key.clone(), wrong.problem.clone()))
        });
        broken.collect()
    }

    /// Reads a partial that no prompt may have asked for, so that the log tells what is wrong with it.
    pub(super) async fn read_partial(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) {
        // One that cannot be read is told once a prompt needs it.
        let _ = self.load(catalogue.object(entry)).await;
    }

    /// The files that the prompts and partials of a catalogue show, as far as these are at hand; whether all of them are.
    ///
    /// Partials that no prompt has asked for are read if all prompts are at hand.
    pub(super) async fn shown(self: &Arc<Self>, catalogue: &Catalogue) -> (HashSet<String>, bool) {
        let is_at_hand = |entry: &&Entry| self.kept.contains_key(&VersionRef::from(catalogue.object(entry)));
        if catalogue.entries.iter().all(|entry| is_at_hand(&entry)) {
            let unread = catalogue.partials().filter(|entry| !is_at_hand(entry));
            let reads: Vec<_> = unread.map(|entry| self.read_partial(catalogue, entry)).collect();
            stream::iter(reads).buffer_unordered(CONCURRENT_READS).for_each(|()| async {}).await;
        }
        let (mut shown, mut are_all) = (HashSet::new(), true);
        for entry in catalogue.entries.iter().chain(catalogue.partials()) {
            match self.kept.get(&VersionRef::from(catalogue.object(entry))) {
                Some(loaded) => shown.extend(loaded.content.shown()),
                None => are_all = false,
            }
        }
        (shown, are_all)
    }

    /// Forgets what was wrong with files that are no more.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        lock(&self.problems).retain(|key, _| catalogue.has(key));
        lock(&self.refused).retain(|key, _| catalogue.has(key));
        lock(&self.unread).retain(|key, _| catalogue.has(key));
    }

    /// A prompt with its partials, all of one catalogue.
    ///
    /// # Errors
    /// The first of its files that cannot be read.
    pub(super) async fn linked(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) -> Result<Arc<Link>, Unread> {
        let object = catalogue.object(entry);
        let loaded = self.load(object).await?;
        let (file, last) = match &loaded.content {
            Content::Prompt { file, link } => (file, link),
            Content::Broken { problem, .. } => {
                lock(&self.unread).remove(&*object.key);
                let version = object.shown_version().into();
                return Ok(Arc::new(Link { version, prompt: Err(problem.clone()), partials: Partials::default() }));
            }
            Content::Partial(_) => unreachable!("a key that names a prompt is read as one"),
        };
        if let Some(link) = lock(last).as_ref().filter(|link| link.partials.are_of(catalogue)) {
            return Ok(Arc::clone(link));
        }
        // Stays as it was if a partial cannot be read: all of the last good one is served then.
        let link = Arc::new(self.link(catalogue, entry, file).await?);
        *lock(last) = Some(Arc::clone(&link));
        lock(&self.unread).remove(&*object.key);
        Ok(link)
    }

    async fn link(
        self: &Arc<Self>,
        catalogue: &Catalogue,
        entry: &Entry,
        file: &Arc<PromptFile>,
    ) -> Result<Link, Unread> {
        let object = catalogue.object(entry);
        let version = object.shown_version();
        let mut partials = HashMap::new();
        let mut names: Vec<String> = file.partials().map(str::to_owned).collect();
        let mut seen: HashSet<String> = names.iter().cloned().collect();
        // Those that the file uses, then those that they use, and so on.
        while !names.is_empty() && partials.len() <= bounds::PARTIALS {
            // One that is missing is an error only where nothing stands in for it.
            let entries = names.iter().filter_map(|name| catalogue.partial(name));
            let loads: Vec<_> =
                entries.map(|entry| async move { (entry, self.load(catalogue.object(entry)).await) }).collect();
            let loaded: Vec<_> = stream::iter(loads).buffered(CONCURRENT_READS).collect().await;
            names.clear();
            for (entry, loaded) in loaded {
                match &loaded?.content {
                    Content::Partial(partial) => {
                        let more = partial.partials().filter(|name| seen.insert((*name).to_owned()));
                        names.extend(more.map(str::to_owned));
                        partials.insert(entry.name.to_string(), Arc::clone(partial));
                    }
                    // The log has it since the file was read.
                    Content::Broken { problem, .. } => {
                        self.note(object, Some(problem));
                        let prompt = Err(problem.clone());
                        return Ok(Link { version: version.into(), prompt, partials: Partials::of(&seen, catalogue) });
                    }
                    Content::Prompt { .. } => unreachable!("a key that names a partial is read as one"),
                }
            }
        }
        let prompt = Prompt::link(Arc::clone(file), partials).map(Arc::new);
        if self.note(object, prompt.as_ref().err())
            && let Err(problem) = &prompt
        {
            report(problem);
        }
        Ok(Link { version: version.into(), prompt, partials: Partials::of(&seen, catalogue) })
    }

    /// A file, read now unless it is at hand or being read.
    async fn load(self: &Arc<Self>, object: &Object) -> Result<Arc<Loaded>, Unread> {
        if let Some(loaded) = self.kept.get(&VersionRef::from(object)) {
            return Ok(loaded);
        }
        let version = Version::from(object);
        let reading = {
            let mut under_way = lock(&self.under_way);
            // Readings that everyone has given up.
            under_way.retain(|_, reading| reading.upgrade().is_some());
            let joined = under_way.get(&version).and_then(WeakShared::upgrade);
            joined.unwrap_or_else(|| {
                let (files, object) = (Arc::clone(self), object.clone());
                // A task of its own, so that many files are parsed on all cores.
                let task = spawn_counted(async move { files.read(&object).await });
                let ended = |e: JoinError| Err(StoreError::Unavailable(e.to_string()));
                let reading = task.map(move |read| read.unwrap_or_else(ended)).boxed().shared();
                under_way.extend(reading.downgrade().map(|weak| (version, weak)));
                reading
            })
        };
        reading.await.map_err(|error| Unread { object: object.clone(), error })
    }

    async fn read(&self, object: &Object) -> Result<Arc<Loaded>, StoreError> {
        if object.size > bounds::SOURCE {
            let problem = dotprompt::too_large(&object.key, object.size);
            return Ok(self.keep(object, Content::Broken { problem, shown: Vec::new() }));
        }
        if let Some(e) = self.refusal(object) {
            return Err(e);
        }
        let read = self.store.get(object).await;
        if self.is_refused(object) {
            match &read {
                Ok(_) => drop(lock(&self.refused).remove(&*object.key)),
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => self.refuse(&Unread { object: object.clone(), error: error.clone() }),
            }
        }
        Ok(self.keep(object, parse(&object.key, &read?)))
    }

    fn keep(&self, object: &Object, content: Content) -> Arc<Loaded> {
        if let Content::Broken { problem, .. } = &content
            && self.note(object, Some(problem))
        {
            report(problem);
        }
        let loaded = Arc::new(Loaded { content, size: object.size.min(bounds::SOURCE) });
        self.kept.insert(Version::from(object), Arc::clone(&loaded));
        loaded
    }

    /// Reads a key that no listing has returned yet; a key without a file is no error.
    pub(super) async fn read_ahead(&self, key: &str) {
        if let Ok((object, source)) = self.store.get_newest(key, bounds::SOURCE).await {
            self.keep_ahead(&object, &source);
        }
    }

    /// Keeps what is of use; what is wrong with it is told once it turns out to be what is listed.
    fn keep_ahead(&self, object: &Object, source: &Bytes) {
        let content = parse(&object.key, source);
        if !matches!(content, Content::Broken { .. }) {
            self.keep(object, content);
        }
    }

    /// Remembers what is wrong with a version of a file, or that nothing is; whether that is news.
    fn note(&self, object: &Object, problem: Option<&Problem>) -> bool {
        let mut problems = lock(&self.problems);
        let Some(problem) = problem else {
            if problems.remove(&*object.key).is_some() {
                tracing::info!(prompt.file = object.key, "prompt is served again");
            }
            return false;
        };
        let known = problems.get(&*object.key);
        let version = object.lasting_version();
        let is_news = known.is_none_or(|wrong| *wrong.version != *version || wrong.problem != *problem);
        if is_news {
            let wrong = Wrong { version: version.into(), problem: problem.clone() };
            problems.insert(object.key.as_str().into(), wrong);
        }
        is_news
    }
}

fn parse(key: &str, source: &[u8]) -> Content {
    let content = match Named::of(key) {
        Some(Named::Partial(_)) => Partial::parse(key, source).map(|partial| Content::Partial(Arc::new(partial))),
        _ => {
            PromptFile::parse(key, source).map(|file| Content::Prompt { file: Arc::new(file), link: Mutex::default() })
        }
    };
    content.unwrap_or_else(|problem| Content::Broken { problem, shown: shown_in_part(key, source) })
}

/// The files that a broken file shows.
fn shown_in_part(key: &str, source: &[u8]) -> Vec<String> {
    let shown = match Named::of(key) {
        Some(Named::Partial(_)) => Partial::read_in_part(key, source).0.map(|partial| partial.shown()),
        _ => PromptFile::read_in_part(key, source, &|_| None).0.map(|file| file.shown()),
    };
    urls(shown.unwrap_or_default())
}

/// Tells the log why a prompt is not served.
fn report(problem: &Problem) {
    let Problem { file, place, message, .. } = problem;
    let (line, column) = (place.line, place.column);
    tracing::warn!(prompt.file = &**file, line, column, error = message, "prompt left out");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
