//! The files of the store, read when they are first needed, kept as far as there is room, and linked with their partials.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, future, stream};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::by_version::ByVersion;
use crate::freshness::Freshness;
use crate::limits::{CACHE_BYTES, CACHE_SHARDS, CONCURRENT_READS, ESTIMATED_FILES, PATIENCE, SLOW_STORE};
use crate::link::{Link, Partials};
use crate::snapshot::{Catalogue, Entry};
use crate::under_way::UnderWay;
use dotprompt::{Named, Partial, Problem, Prompt, PromptFile, Shown, bounds};
use store::{Object, PromptStore, Revalidated, StoreError, note_stale};

/// The files that were read, and what is wrong with them.
pub struct Files {
    store: Arc<dyn PromptStore>,
    freshness: Freshness,
    cache: Cache<Object, Arc<KeptFile>, BySize>,
    under_way: UnderWay<Arc<KeptFile>>,
    /// Problems of prompts and partials.
    problems: ByVersion<Problem>,
    /// Files that the store lists and refuses to return: the error, and when the store was last asked.
    refused: ByVersion<(StoreError, Instant)>,
    /// Prompts that are left out because one of their files cannot be read, and why.
    left_out: ByVersion<String>,
    /// Prompts whose files were not read in time when they were last asked for.
    slow: ByVersion<()>,
}

/// A prompt as it was served last.
pub struct LastGood {
    /// The prompt with its partials.
    pub link: Arc<Link>,
    /// How long ago all of these versions were listed; zero if they still are.
    pub age: Duration,
}

/// A file that could not be read as it was listed.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The file as it was listed.
    pub object: Object,
    /// The cause.
    pub error: StoreError,
}

impl Unread {
    /// A file that is not read in time.
    #[must_use]
    pub fn late(object: &Object) -> Self {
        Self { object: object.clone(), error: StoreError::Unavailable("not read in time".to_owned()) }
    }

    /// Whether the store answered, so that another listing may explain the error.
    pub(super) fn is_doubtful(&self) -> bool {
        !matches!(self.error, StoreError::Unavailable(_))
    }
}

/// A file that was read.
struct KeptFile {
    file: ParsedFile,
    /// When the store was last asked for it, and returned this version.
    asked: Mutex<Instant>,
}

/// What a file is.
enum ParsedFile {
    Prompt {
        file: Arc<PromptFile>,
        last_link: Mutex<Option<Arc<Link>>>,
    },
    Partial(Arc<Partial>),
    Broken {
        problem: Problem,
        /// The files that it shows, as far as it can be read.
        shown: Vec<String>,
    },
}

impl ParsedFile {
    fn parse(key: &str, source: &[u8]) -> Self {
        let parsed = match Named::of(key) {
            Some(Named::Partial(_)) => Partial::parse(key, source).map(|partial| Self::Partial(Arc::new(partial))),
            _ => PromptFile::parse(key, source)
                .map(|file| Self::Prompt { file: Arc::new(file), last_link: Mutex::default() }),
        };
        parsed.unwrap_or_else(|problem| Self::Broken { problem, shown: shown_by_broken(key, source) })
    }

    /// The files that its media tags show.
    fn shown(&self) -> Vec<String> {
        match self {
            Self::Prompt { file, .. } => urls(&file.template().media),
            Self::Partial(partial) => urls(&partial.template().media),
            Self::Broken { shown, .. } => shown.clone(),
        }
    }
}

/// The files that a broken file shows.
fn shown_by_broken(key: &str, source: &[u8]) -> Vec<String> {
    let shown = match Named::of(key) {
        Some(Named::Partial(_)) => Partial::read_in_part(key, source).0.map(|partial| urls(&partial.template().media)),
        _ => PromptFile::read_in_part(key, source, &|_| None).0.map(|file| urls(&file.template().media)),
    };
    shown.unwrap_or_default()
}

fn urls(shown: &[Shown]) -> Vec<String> {
    shown.iter().filter_map(|shown| shown.url.clone()).collect()
}

#[derive(Clone)]
struct BySize;

impl Weighter<Object, Arc<KeptFile>> for BySize {
    /// The estimated memory of a file in bytes: 16 KB for the prompts of `benches/scale`.
    fn weight(&self, object: &Object, _: &Arc<KeptFile>) -> u64 {
        8192 + 8 * object.size.min(bounds::SOURCE)
    }
}

impl Files {
    pub(super) fn new(store: Arc<dyn PromptStore>, freshness: Freshness) -> Arc<Self> {
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(ESTIMATED_FILES).weight_capacity(CACHE_BYTES).shards(CACHE_SHARDS);
        let options = options.build().expect("all required options are set");
        let cache = Cache::with_options(options, BySize, DefaultHashBuilder::default(), DefaultLifecycle::default());
        let (under_way, problems, refused, left_out, slow) = Default::default();
        Arc::new(Self { store, freshness, cache, under_way, problems, refused, left_out, slow })
    }

    /// Whether the cache has a version of a file.
    pub(super) fn has(&self, object: &Object) -> bool {
        self.cache.contains_key(object)
    }

    /// Whether the cache has a version of a prompt with its partials.
    pub(super) fn has_linked(&self, object: &Object) -> bool {
        self.last_link(object).is_some()
    }

    fn last_link(&self, object: &Object) -> Option<Arc<Link>> {
        let file = self.cache.get(object)?;
        let ParsedFile::Prompt { last_link, .. } = &file.file else { return None };
        lock(last_link).clone().filter(|link| link.prompt.is_ok())
    }

    /// A prompt that can be served and is in the cache, as this catalogue has it.
    pub(super) fn kept(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Arc<Link>> {
        self.last_link(catalogue.object(entry)).filter(|link| link.partials.are_of(catalogue))
    }

    /// Keeps the content of a version of a file that no listing has returned yet, and that the store was asked for at that time.
    pub(super) fn keep_ahead(&self, object: &Object, source: &[u8], asked: Instant) {
        let file = ParsedFile::parse(&object.key, source);
        // The log names a problem once that version is listed.
        if !matches!(file, ParsedFile::Broken { .. }) {
            self.keep(object, file, asked);
        }
    }

    /// The prompt as it was served last, with the partials of that time, if its age is allowed. The caller who serves it calls
    /// [`Self::note_old`].
    pub fn last_good(&self, catalogue: &Catalogue, entry: &Entry) -> Option<LastGood> {
        let own = || Some((self.last_link(catalogue.object(entry))?, None));
        let previous = || {
            let (object, listed) = entry.previous.as_ref()?;
            Some((self.last_link(object)?, Some(*listed)))
        };
        let (link, listed) = own().or_else(previous)?;
        let listed = listed.into_iter().chain(link.partials.replaced(catalogue)).min();
        let age = listed.map(|listed| self.freshness.clock.since(listed)).unwrap_or_default();
        self.freshness.is_usable(age).then_some(LastGood { link, age })
    }

    /// Notes for the answer under way that an older version of a prompt is in it.
    pub fn note_old(&self, LastGood { age, .. }: &LastGood) {
        if *age > self.freshness.ttl {
            note_stale(*age);
        }
    }

    /// Whether the store is known to refuse this version of a file.
    pub(super) fn is_refused(&self, object: &Object) -> bool {
        self.refused.get(object).is_some()
    }

    /// Remembers that the store refuses to return a listed file, and logs it once for each version.
    pub(super) fn refuse(&self, Unread { object, error }: &Unread) {
        if self.refused.set(object, (error.clone(), self.freshness.clock.now())).is_none() {
            tracing::warn!(prompt.file = object.key, cause = %error, "a listed file cannot be read");
        }
    }

    /// Remembers that a prompt is left out because one of its files cannot be read, and logs it once for each version.
    pub fn leave_out(&self, object: &Object, unread: &Unread) {
        let is_own = unread.object.key == object.key;
        let cause = if is_own { unread.error.to_string() } else { format!("{}: {}", unread.object.key, unread.error) };
        if self.left_out.set(object, cause.clone()).is_none() && !is_own {
            tracing::warn!(prompt.file = object.key, cause, "prompt left out");
        }
    }

    /// Forgets that a prompt was left out because one of its files could not be read.
    pub fn forget_left_out(&self, object: &Object) {
        self.left_out.remove(object);
    }

    /// The prompts of a catalogue that are left out because one of their files cannot be read, by key, and why.
    pub fn left_out(&self, catalogue: &Catalogue) -> Vec<(String, String)> {
        self.left_out.of_prompts(catalogue)
    }

    /// The prompts of a catalogue that were read and are broken, by key, and why.
    pub fn broken(&self, catalogue: &Catalogue) -> Vec<(String, Problem)> {
        self.problems.of_prompts(catalogue)
    }

    /// How many prompts of a catalogue were read and are broken, or are left out because one of their files cannot be read.
    pub fn count_broken(&self, catalogue: &Catalogue) -> usize {
        self.problems.count_prompts(catalogue) + self.left_out.count_prompts(catalogue)
    }

    /// Reads a partial that no prompt has asked for yet, so that the log names its problem.
    pub(super) async fn read_partial(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) {
        // If it cannot be read, the log says so once a prompt needs it.
        let _ = self.load(catalogue.object(entry)).await;
    }

    /// The files that the prompts and partials in the cache show, and whether the cache has all prompts and partials.
    ///
    /// If it has all prompts, partials that no prompt has asked for are read.
    pub async fn shown(self: &Arc<Self>, catalogue: &Catalogue) -> (HashSet<String>, bool) {
        let is_at_hand = |entry: &&Entry| self.has(catalogue.object(entry));
        if catalogue.entries.iter().all(|entry| is_at_hand(&entry)) {
            let unread = catalogue.partials().filter(|entry| !is_at_hand(entry));
            let reads: Vec<_> = unread.map(|entry| self.read_partial(catalogue, entry)).collect();
            stream::iter(reads).buffer_unordered(CONCURRENT_READS).for_each(|()| async {}).await;
        }
        let (mut shown, mut are_all) = (HashSet::new(), true);
        for entry in catalogue.entries.iter().chain(catalogue.partials()) {
            match self.cache.get(catalogue.object(entry)) {
                Some(kept) => shown.extend(kept.file.shown()),
                None => are_all = false,
            }
        }
        (shown, are_all)
    }

    /// Forgets what was wrong with files that no longer exist.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.problems.forget_all_but(catalogue);
        self.refused.forget_all_but(catalogue);
        self.left_out.forget_all_but(catalogue);
        self.slow.forget_all_but(catalogue);
        // A gallery whose files change all day would fill the cache with versions that nobody asks for.
        let entries = catalogue.entries.iter().chain(catalogue.partials());
        let previous: HashSet<&Object> = entries.filter_map(|entry| Some(&entry.previous.as_ref()?.0)).collect();
        self.cache.retain(|object, _| catalogue.lists(object) || previous.contains(object));
    }

    /// A file, read now unless it is in the cache or being read.
    async fn load(self: &Arc<Self>, object: &Object) -> Result<Arc<KeptFile>, Unread> {
        if let Some(file) = self.cache.get(object) {
            return Ok(file);
        }
        let read = || {
            let (files, listed) = (Arc::clone(self), object.clone());
            async move { files.read(&listed).await }
        };
        self.under_way.join(object, read).await.map_err(|error| Unread { object: object.clone(), error })
    }

    async fn read(&self, object: &Object) -> Result<Arc<KeptFile>, StoreError> {
        if object.size > bounds::SOURCE {
            let problem = dotprompt::too_large(&object.key, object.size);
            let broken = ParsedFile::Broken { problem, shown: Vec::new() };
            return Ok(self.keep(object, broken, self.freshness.clock.now()));
        }
        let refused = self.refused.get(object);
        if let Some((e, asked)) = &refused
            && self.freshness.clock.since(*asked) < self.store.retry_after()
        {
            return Err(e.clone());
        }
        let asked = self.freshness.clock.now();
        let read = self.store.get(object).await;
        if refused.is_some() {
            match &read {
                Ok(_) => drop(self.refused.remove(object)),
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => self.refuse(&Unread { object: object.clone(), error: error.clone() }),
            }
        }
        Ok(self.keep(object, ParsedFile::parse(&object.key, &read?), asked))
    }

    fn keep(&self, object: &Object, file: ParsedFile, asked: Instant) -> Arc<KeptFile> {
        if let ParsedFile::Broken { problem, .. } = &file {
            self.note(object, Some(problem));
        }
        let file = Arc::new(KeptFile { file, asked: Mutex::new(asked) });
        self.cache.insert(object.clone(), Arc::clone(&file));
        file
    }

    /// Reads a key that no listing has returned yet. A key without a file is no error.
    pub(super) async fn read_ahead(&self, key: &str) {
        let asked = self.freshness.clock.now();
        if let Ok((object, source)) = self.store.get_newest(key, bounds::SOURCE).await {
            self.keep_ahead(&object, &source, asked);
        }
    }

    /// Remembers what is wrong with a version of a file, or that nothing is wrong, and logs what is new.
    fn note(&self, object: &Object, problem: Option<&Problem>) {
        let Some(problem) = problem else {
            if self.problems.remove(object) {
                tracing::info!(prompt.file = object.key, "prompt is served again");
            }
            return;
        };
        if self.problems.set(object, problem.clone()).as_ref() != Some(problem) {
            let Problem { file, place, message, .. } = problem;
            let (line, column) = (place.line, place.column);
            tracing::warn!(prompt.file = &**file, line, column, cause = message, "prompt left out");
        }
    }

    /// A prompt with its partials, for a caller that has another answer: an older version if there is one, and, if it `may_lack` the
    /// prompt, an answer without it. Such a caller waits 2 s at first, and 300 ms once its files were not read in time. The reading
    /// goes on.
    ///
    /// # Errors
    /// As [`Self::linked`], and when the files are not read in time.
    pub async fn linked_soon(
        self: &Arc<Self>,
        catalogue: &Catalogue,
        entry: &Entry,
        may_lack: bool,
    ) -> Result<Arc<Link>, Unread> {
        let mut linked = pin!(self.linked(catalogue, entry));
        if let Some(linked) = future::poll_immediate(&mut linked).await {
            return linked;
        }
        let object = catalogue.object(entry);
        let has_older = self.last_good(catalogue, entry).is_some();
        let patience = match self.slow.get(object) {
            Some(()) if has_older || may_lack => PATIENCE,
            None if has_older => SLOW_STORE,
            _ => return self.noting_slow(object, linked.await),
        };
        let linked = self.freshness.clock.until(self.freshness.clock.now() + patience, linked).await;
        self.noting_slow(object, linked.unwrap_or_else(|| Err(Unread::late(object))))
    }

    /// Remembers that the files of a prompt are not read in time.
    pub fn note_slow(&self, object: &Object) {
        self.slow.set(object, ());
    }

    fn noting_slow(&self, object: &Object, linked: Result<Arc<Link>, Unread>) -> Result<Arc<Link>, Unread> {
        if matches!(&linked, Err(Unread { error: StoreError::Unavailable(_), .. })) {
            self.note_slow(object);
        }
        linked
    }

    /// A prompt with its partials.
    ///
    /// # Errors
    /// The first of its files that cannot be read.
    pub async fn linked(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) -> Result<Arc<Link>, Unread> {
        let object = catalogue.object(entry);
        let kept = self.load(object).await?;
        let (file, last) = match &kept.file {
            ParsedFile::Prompt { file, last_link } => (file, last_link),
            ParsedFile::Broken { problem, .. } => {
                self.left_out.remove(object);
                let version = object.shown_version().into();
                let (partials, validation) = Default::default();
                return Ok(Arc::new(Link { version, prompt: Err(problem.clone()), partials, validation }));
            }
            ParsedFile::Partial(_) => unreachable!("a key that names a prompt is read as one"),
        };
        if let Some(link) = lock(last).as_ref().filter(|link| link.partials.are_of(catalogue)) {
            return Ok(Arc::clone(link));
        }
        // If a partial cannot be read, the last link stays, to be served as a whole.
        let link = Arc::new(self.link(catalogue, entry, &kept, file).await?);
        *lock(last) = Some(Arc::clone(&link));
        self.left_out.remove(object);
        self.slow.remove(object);
        Ok(link)
    }

    async fn link(
        self: &Arc<Self>,
        catalogue: &Catalogue,
        entry: &Entry,
        kept: &Arc<KeptFile>,
        file: &Arc<PromptFile>,
    ) -> Result<Link, Unread> {
        let object = catalogue.object(entry);
        let mut files = vec![(object, Arc::clone(kept))];
        let mut partials = HashMap::new();
        let mut names: Vec<String> = file.partials().map(str::to_owned).collect();
        let mut seen: HashSet<String> = names.iter().cloned().collect();
        let mut broken = None;
        // The partials that the file names, then those that they name, and so on.
        while broken.is_none() && !names.is_empty() && partials.len() <= bounds::PARTIALS {
            // A missing partial is an error only where it has no fallback.
            let entries = names.iter().filter_map(|name| catalogue.partial(name));
            let loads: Vec<_> =
                entries.map(|entry| async move { (entry, self.load(catalogue.object(entry)).await) }).collect();
            let loaded: Vec<_> = stream::iter(loads).buffered(CONCURRENT_READS).collect().await;
            names.clear();
            for (entry, loaded) in loaded {
                let kept = loaded?;
                files.push((catalogue.object(entry), Arc::clone(&kept)));
                match &kept.file {
                    ParsedFile::Partial(partial) => {
                        let more = partial.partials().filter(|name| seen.insert((*name).to_owned()));
                        names.extend(more.map(str::to_owned));
                        partials.insert(entry.name.to_string(), Arc::clone(partial));
                    }
                    ParsedFile::Broken { problem, .. } => {
                        broken = Some(problem.clone());
                        break;
                    }
                    ParsedFile::Prompt { .. } => unreachable!("a key that names a partial is read as one"),
                }
            }
        }
        if let Some(listed) = catalogue.listed_in_parts.filter(|_| !seen.is_empty()) {
            self.check_listed_in_parts(listed, files.iter().map(|(object, kept)| (*object, &**kept))).await?;
        }
        let prompt = match broken {
            Some(problem) => {
                // The log has the problem since the partial was read.
                self.problems.set(object, problem.clone());
                Err(problem)
            }
            None => {
                let prompt = Prompt::link(Arc::clone(file), partials).map(Arc::new);
                self.note(object, prompt.as_ref().err());
                prompt
            }
        };
        let partials = Partials::of(&seen, catalogue);
        Ok(Link { version: object.shown_version().into(), prompt, partials, validation: Default::default() })
    }

    /// Asks for the files of a prompt with partials that were read before the end of a listing in parts: one of them may have been
    /// replaced together with another while the store was listed.
    ///
    /// # Errors
    /// The first file that is no longer as it was listed, or that the store does not tell of.
    async fn check_listed_in_parts(
        &self,
        listed: Instant,
        files: impl Iterator<Item = (&Object, &KeptFile)>,
    ) -> Result<(), Unread> {
        let checks = files.filter(|(_, kept)| *lock(&kept.asked) < listed).map(|(object, kept)| async move {
            let asked = self.freshness.clock.now();
            let unread = |error| Unread { object: object.clone(), error };
            match self.store.revalidate(object).await.map_err(unread)? {
                Revalidated::Unchanged => {}
                Revalidated::Unknown => drop(self.store.get(object).await.map_err(unread)?),
                Revalidated::Changed(_) => {
                    let error = format!("{}: it is no longer what was listed", object.key);
                    return Err(unread(StoreError::NotFound(error)));
                }
            }
            *lock(&kept.asked) = asked;
            Ok(())
        });
        future::try_join_all(checks).await.map(drop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
