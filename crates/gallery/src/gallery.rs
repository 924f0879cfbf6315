//! The gallery: what prompts there are, kept fresh, listed page by page, found and rendered by name.

mod catalogue;
mod changes;
mod completion;
mod contents;
mod doubts;
mod files;
mod form;
mod index;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::{self, FutureExt};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use catalogue::{Catalogue, Entry};
pub use changes::Seen;
pub use completion::Completion;
use contents::{ContentsError, contents};
use doubts::Doubts;
use files::{Files, Link, Unread};
pub use form::Form;
use index::Index;

use crate::content::PromptMessage;
use crate::store::{Object, PromptStore, StoreError};
use check::strays;
use dotprompt::{
    Argument, ArgumentProblem, Icon, Problem, Prompt, bounds, in_listed_order, is_name, likely_keys, nearest,
    prompt_name, shorten_to,
};

/// How many files are read at once.
const CONCURRENT_READS: usize = 32;
/// How long a caller waits for the store in all: a Lambda function has 15 seconds for its answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long an unchanged watch revision is trusted: some file systems, such as those of other machines, report no changes.
const REVISION_TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long after an outage was logged it is not logged again.
const LOGGED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long a caller waits for the index, to be read or written.
const INDEX_DEADLINE: Duration = Duration::from_secs(3);

/// The prompts of one store.
///
/// One listing tells every file's version; that snapshot, the catalogue, is served until it is older than the TTL.
/// Files are read when they are first needed and kept as far as there is room; how prompts are listed is kept in an index
/// too, so that a server that starts need not read them all.
pub struct Gallery {
    store: Arc<dyn PromptStore>,
    files: Arc<Files>,
    index: Arc<Index>,
    ttl: Duration,
    page_size: usize,
    state: RwLock<State>,
    /// Held while a listing is under way; the callers that wait for it share its outcome.
    refreshing: Mutex<()>,
    /// Held by the one who reads a file before it is known to be the right one.
    reading_ahead: Mutex<()>,
}

#[derive(Default)]
struct State {
    snapshot: Option<Snapshot>,
    /// The last listing, if it failed, and when it ended.
    failure: Option<(Instant, StoreError)>,
}

#[derive(Clone)]
struct Snapshot {
    /// When the listing began: every change before that is in it.
    began: Instant,
    /// What the store's revision was then.
    revision: Option<u64>,
    catalogue: Arc<Catalogue>,
}

/// One page of `prompts/list`.
#[derive(Debug)]
pub struct Page {
    /// The prompts as a JSON array in MCP's form, made once.
    pub prompts: Box<RawValue>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// A rendered prompt.
#[derive(Debug, Serialize)]
pub struct Rendered {
    /// What the prompt is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What to say to the model.
    pub messages: Vec<PromptMessage>,
}

/// Why the gallery did not answer.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// There is no such prompt.
    #[error("unknown prompt `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownPrompt {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// The prompt has no such argument.
    #[error("{0}")]
    UnknownArgument(ArgumentProblem),
    /// The arguments do not fit the prompt.
    #[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Arguments {
        /// All that is wrong.
        problems: Vec<ArgumentProblem>,
        /// What to ask the caller for, where that would help.
        form: Option<Form>,
    },
    /// A cursor that no page handed out.
    #[error("invalid cursor: pass the `nextCursor` of the page before, or none for the first page")]
    InvalidCursor,
    /// The prompt's file cannot be used. The log said so when the file was read.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Broken {
        /// The prompt.
        name: String,
        /// What is wrong, and where.
        problem: Problem,
    },
    /// The prompt's template failed on this call.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Failed {
        /// The prompt.
        name: String,
        /// What is wrong, and where.
        problem: Problem,
    },
    /// The caller names a picture or another file that cannot be shown.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Media {
        /// The prompt.
        name: String,
        /// What is wrong, and where it would be shown.
        problem: Problem,
    },
    /// The prompt renders to more than a client can be sent.
    #[error("prompt `{name}` cannot be rendered: {size} bytes of answer; at most {}", bounds::ANSWER)]
    TooLong {
        /// The prompt.
        name: String,
        /// The answer in bytes; its pictures and files alone, if those are too much.
        size: u64,
    },
    /// The store did not answer and nothing older is at hand. For the log, not for clients.
    #[error("prompt store unavailable")]
    Store(#[source] StoreError),
    /// The store refuses to return a listed file that the prompt needs.
    #[error("prompt `{name}` cannot be read: {}", refusal(.file, .cause))]
    Unreadable {
        /// The prompt.
        name: String,
        /// The key of the file.
        file: String,
        /// For the log, not for clients.
        #[source]
        cause: StoreError,
    },
    /// The prompt's files are replaced faster than they can be read.
    #[error("prompt `{name}` keeps changing while it is read: try again")]
    Changing {
        /// The prompt.
        name: String,
    },
}

/// What a client may know of a file that the store refuses.
fn refusal(file: &str, cause: &StoreError) -> String {
    match cause {
        StoreError::Denied(_) => format!("the server may not read {file}"),
        StoreError::NotFound(_) => format!("{file} is listed in the prompt store, and is not there"),
        _ => format!("the prompt store refuses to return {file}"),
    }
}

/// A prompt, and the catalogue that it was found in.
struct Found {
    catalogue: Arc<Catalogue>,
    prompt: Arc<Prompt>,
    /// Why it is one of an older listing, if it is.
    outdated: Option<GalleryError>,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

/// A prompt as MCP lists it.
#[derive(Serialize)]
struct ListedPrompt<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'a [Icon],
    arguments: Vec<&'a Argument>,
    #[serde(rename = "_meta")]
    meta: ListedMeta<'a>,
}

#[derive(Serialize)]
struct ListedMeta<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    /// Changes whenever the file does; S3's `ETag` where it has one.
    version: &'a str,
}

impl Gallery {
    /// A gallery of `store`'s prompts; nothing is read yet.
    ///
    /// `ttl` is how old a snapshot may be; `page_size` is at least 1.
    pub fn new(store: Arc<dyn PromptStore>, ttl: Duration, page_size: usize) -> Self {
        let files = Files::new(Arc::clone(&store));
        let index = Index::new(Arc::clone(&store));
        let (state, refreshing, reading_ahead) = Default::default();
        Self { store, files, index, ttl, page_size: page_size.max(1), state, refreshing, reading_ahead }
    }

    /// Reads what any request for prompts waits for, before there is one.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn warm_up(&self) -> Result<(), GalleryError> {
        future::join(self.index_ready(), self.catalogue()).await.1.map(drop)
    }

    /// How old the catalogue may be.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Where the prompts are kept, for people.
    #[must_use]
    pub fn location(&self) -> String {
        self.store.location()
    }

    /// How many prompts there are, the broken ones included.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn count(&self) -> Result<usize, GalleryError> {
        Ok(self.catalogue().await?.entries.len())
    }

    /// The name and the file of every prompt, sorted by name, the broken ones included.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn files(&self) -> Result<Vec<(String, Object)>, GalleryError> {
        let catalogue = self.catalogue().await?;
        Ok(catalogue.entries.iter().map(|entry| (entry.name.to_string(), catalogue.object(entry).clone())).collect())
    }

    /// What there is to say of the files as a whole, each in one sentence: two that claim one name, files that are probably
    /// meant to be prompts, or that there is no prompt at all. A file is in use where a prompt that was read shows it; where
    /// not all were read, the sentence says so.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn notes(&self) -> Result<Vec<String>, GalleryError> {
        let catalogue = self.catalogue().await?;
        let (shown, are_all) = self.files.shown(&catalogue).await;
        let mut notes = catalogue.notes(&shown, are_all);
        if catalogue.entries.is_empty() {
            notes.insert(0, format!("there are no prompts in {}: {}", self.location(), strays::ENDINGS));
        }
        Ok(notes)
    }

    /// How many of the prompts that were read so far are broken, or could not be read.
    #[must_use]
    pub fn broken(&self) -> usize {
        let Some(catalogue) = self.snapshot() else { return 0 };
        self.files.broken(&catalogue).len() + self.files.unread(&catalogue).len()
    }

    /// The files that are not served, as far as they were read, each with the reason: `a.prompt, line 1, column 1: …`.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let Some(catalogue) = self.snapshot() else { return Vec::new() };
        let told = |(key, problem): (String, Problem)| {
            // Others are of a partial.
            if *problem.file == key { problem.to_string() } else { format!("{key}: {problem}") }
        };
        let broken = self.files.broken(&catalogue).into_iter().map(told);
        let unlisted = self.store.left_out().into_iter().filter(|(key, _)| strays::is_missed(key));
        let unread = self.files.unread(&catalogue);
        let others = unread.into_iter().chain(unlisted).map(|(key, why)| format!("{key}: {why}"));
        broken.chain(others).collect()
    }

    /// Tells the log that the store does not answer.
    #[doc(hidden)]
    pub fn report_unavailable(&self, e: &GalleryError) {
        let cause = std::error::Error::source(e).map(ToString::to_string);
        tracing::error!(store = self.location(), cause, "prompt store unavailable");
    }

    fn snapshot(&self) -> Option<Arc<Catalogue>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.snapshot.as_ref().map(|snapshot| Arc::clone(&snapshot.catalogue))
    }

    /// One page of prompts, sorted by name; broken ones are left out.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list(&self, cursor: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        let after = cursor.map(decode_cursor).transpose()?;
        let (catalogue, page) = in_time(self.page_after(after.as_deref())).await?;
        // Now, as the platform may stop the process once the request is answered.
        let is_amid = cursor.is_some() && page.next_cursor.is_some();
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.save(&catalogue, is_amid)).await;
        Ok(page)
    }

    async fn page_after(&self, after: Option<&str>) -> Result<(Arc<Catalogue>, Arc<Page>), GalleryError> {
        let mut catalogue = self.catalogue().await?;
        let mut doubts = Doubts::default();
        loop {
            let start = after.map_or(0, |name| catalogue.first_after(name));
            if let Some(page) = catalogue.page(start) {
                return Ok((catalogue, page));
            }
            self.index_ready().await;
            let entries = &catalogue.entries[start..catalogue.entries.len().min(start.saturating_add(self.page_size))];
            let reads: Vec<_> = entries.iter().map(|entry| self.listed(&catalogue, entry)).collect();
            let mut listed: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
            let unread: Vec<&Unread> = listed.iter().filter_map(|listed| listed.as_ref().err()).collect();
            match self.list_again(&unread, &mut doubts).await {
                Ok(Some(newer)) => {
                    catalogue = newer;
                    continue;
                }
                Ok(None) => {}
                // Not these files are out of reach, but the store.
                Err(e) => {
                    let unread = listed.iter_mut().filter_map(|listed| listed.as_mut().err());
                    let doubtful = unread.filter(|unread| !self.files.is_refused(&unread.object));
                    doubtful.for_each(|unread| unread.error = StoreError::Unavailable(e.to_string()));
                }
            }
            let (page, complete) = self.page(&catalogue, start, entries, listed)?;
            let page = Arc::new(page);
            // Only the pages that a walk from the start meets are kept: a cursor of any name could fill the memory.
            if complete && start.is_multiple_of(self.page_size) {
                catalogue.keep_page(start, Arc::clone(&page));
            }
            return Ok((catalogue, page));
        }
    }

    /// How a prompt is listed, nothing for one that is broken.
    async fn listed(&self, catalogue: &Catalogue, entry: &Entry) -> Result<Option<Bytes>, Unread> {
        if let Some(json) = self.index.listed(catalogue, entry) {
            return Ok(Some(json));
        }
        let link = self.files.linked(catalogue, entry).await?;
        let json = listed(entry, &link);
        if let Some(json) = &json {
            self.index.learn(catalogue.object(entry), &link.partials, json.clone());
        }
        Ok(json)
    }

    /// The page of these prompts, and whether it is what the listing showed.
    fn page(
        &self,
        catalogue: &Catalogue,
        start: usize,
        entries: &[Entry],
        listed_now: Vec<Result<Option<Bytes>, Unread>>,
    ) -> Result<(Page, bool), GalleryError> {
        let mut complete = true;
        let mut usable = Vec::with_capacity(entries.len());
        let mut refusals = Vec::new();
        for (entry, listed_now) in entries.iter().zip(listed_now) {
            let unread = match listed_now {
                Ok(json) => {
                    usable.extend(json);
                    continue;
                }
                Err(unread) => unread,
            };
            complete = false;
            let object = catalogue.object(entry);
            if let Some(link) = self.files.last_good(catalogue, entry) {
                tracing::debug!(prompt.file = object.key, cause = %unread.error, "listed as it was served last");
                usable.extend(listed(entry, &link));
                continue;
            }
            match &unread.error {
                // The list without a prompt that is new is the last good one.
                StoreError::Unavailable(_) if entry.is_new => {
                    tracing::warn!(prompt.name = &*entry.name, cause = %unread.error, "prompt left out of the list");
                }
                StoreError::Unavailable(_) => return Err(GalleryError::Store(unread.error)),
                // It keeps changing.
                _ if !self.files.is_refused(&unread.object) => {
                    tracing::warn!(prompt.name = &*entry.name, cause = %unread.error, "prompt left out of the list");
                }
                _ => {
                    self.files.leave_out(object, &unread);
                    refusals.push(unread);
                }
            }
        }
        // Not one of many can be read: that is not for each file to tell.
        if start == 0
            && refusals.len() > 1
            && refusals.len() == entries.len()
            && let Some(unread) = refusals.pop()
        {
            return Err(GalleryError::Store(unread.error));
        }
        let mut prompts = String::with_capacity(usable.iter().map(|json| json.len() + 1).sum::<usize>() + 2);
        for json in &usable {
            prompts.push(if prompts.is_empty() { '[' } else { ',' });
            prompts.push_str(std::str::from_utf8(json).expect("JSON is text"));
        }
        prompts.push_str(if prompts.is_empty() { "[]" } else { "]" });
        let prompts = RawValue::from_string(prompts).expect("a list of JSON is JSON");
        let next = start + entries.len();
        let next_cursor =
            entries.last().filter(|_| next < catalogue.entries.len()).map(|last| encode_cursor(&last.name));
        Ok((Page { prompts, next_cursor }, complete))
    }

    /// Waits for the index, but not for longer than it can be worth.
    async fn index_ready(&self) {
        let _ = tokio::time::timeout(INDEX_DEADLINE, self.index.ready()).await;
    }

    /// Renders a prompt. `claims` is what is known for certain of who asks, where there is a sign-in.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`].
    pub async fn get(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        claims: Option<&Map<String, Value>>,
    ) -> Result<Rendered, GalleryError> {
        in_time(self.render(name, arguments, claims)).await
    }

    async fn render(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        claims: Option<&Map<String, Value>>,
    ) -> Result<Rendered, GalleryError> {
        let mut catalogue = self.catalogue_reading_ahead(name).await?;
        let mut doubts = Doubts::default();
        loop {
            let Found { catalogue: found, prompt, outdated } = self.find(name, catalogue, &mut doubts).await?;
            let failed = |problem| GalleryError::Failed { name: name.to_owned(), problem };
            let mut data = prompt.resolve(arguments).map_err(|problems| {
                let form = Form::new(name, &problems, prompt.arguments());
                GalleryError::Arguments { problems, form }
            })?;
            data.context.insert("auth".to_owned(), claims.cloned().unwrap_or_default().into());
            let messages = prompt.render(&data).map_err(failed)?;
            let objects = outdated.is_none().then_some(found.objects.as_slice());
            match (contents(messages, objects, &*self.store).await, outdated) {
                (Ok(messages), _) => {
                    return Ok(Rendered { description: prompt.description().map(str::to_owned), messages });
                }
                (Err(ContentsError::Media(problem)), _) => return Err(failed(problem)),
                (Err(ContentsError::MediaOfCaller(problem)), _) => {
                    return Err(GalleryError::Media { name: name.to_owned(), problem });
                }
                (Err(ContentsError::TooLong(size)), _) => {
                    return Err(GalleryError::TooLong { name: name.to_owned(), size });
                }
                (Err(ContentsError::Outdated), outdated) => {
                    return Err(outdated.unwrap_or_else(|| GalleryError::Changing { name: name.to_owned() }));
                }
                (Err(ContentsError::Unread(unread)), _) => {
                    let newer = self.list_again(&[&unread], &mut doubts).await.map_err(GalleryError::Store)?;
                    catalogue = newer.ok_or_else(|| self.unreadable(name, unread))?;
                }
            }
        }
    }

    /// A prompt, to be looked at.
    ///
    /// # Errors
    /// [`GalleryError::UnknownPrompt`], [`GalleryError::Broken`], [`GalleryError::Store`].
    pub async fn prompt(&self, name: &str) -> Result<Arc<Prompt>, GalleryError> {
        let found = async { Ok(self.find(name, self.catalogue().await?, &mut Doubts::default()).await?.prompt) };
        in_time(found).await
    }

    /// Suggests values for an argument of a prompt that match what was typed so far.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`] and [`GalleryError::Arguments`].
    pub async fn complete(&self, name: &str, argument: &str, typed: &str) -> Result<Completion, GalleryError> {
        let completed = async {
            let Found { prompt, .. } = self.find(name, self.catalogue().await?, &mut Doubts::default()).await?;
            let arguments = prompt.arguments();
            let Some(known) = arguments.iter().find(|known| known.name == argument) else {
                return Err(GalleryError::UnknownArgument(ArgumentProblem::unknown(argument, arguments)));
            };
            Ok(Completion::new(&known.choices(), typed))
        };
        in_time(completed).await
    }

    /// The prompt of a name, in `catalogue` or in a newer one if that was outdated; as it was served last, partials and all,
    /// if not all of it can be read now.
    async fn find(
        &self,
        name: &str,
        mut catalogue: Arc<Catalogue>,
        doubts: &mut Doubts,
    ) -> Result<Found, GalleryError> {
        loop {
            let Some(entry) = catalogue.entry(name) else { return Err(unknown(name, &catalogue)) };
            let unread = match self.files.linked(&catalogue, entry).await {
                Ok(link) => {
                    // The log has it since the file was read.
                    let broken = |problem| GalleryError::Broken { name: name.to_owned(), problem };
                    let prompt = link.prompt.clone().map_err(broken)?;
                    return Ok(Found { catalogue, prompt, outdated: None });
                }
                Err(unread) => unread,
            };
            let why = match self.list_again(&[&unread], doubts).await {
                Ok(Some(newer)) => {
                    catalogue = newer;
                    continue;
                }
                Ok(None) => self.unreadable(name, unread),
                Err(e) => GalleryError::Store(e),
            };
            let last = self.files.last_good(&catalogue, entry).and_then(|link| link.prompt.clone().ok());
            let Some(prompt) = last else { return Err(why) };
            tracing::debug!(prompt.name = name, cause = %why, "served as it was served last");
            return Ok(Found { catalogue, prompt, outdated: Some(why) });
        }
    }

    /// A catalogue that is not older than the TTL; where there is none yet, the file that a prompt of this name is likely to
    /// be in is read beside the first listing.
    async fn catalogue_reading_ahead(&self, name: &str) -> Result<Arc<Catalogue>, GalleryError> {
        if !is_name(name) {
            return self.catalogue().await;
        }
        let has_listed = self.state.read().unwrap_or_else(PoisonError::into_inner).snapshot.is_some();
        // Many requests at once are not for one file, and there is less to gain.
        let reading_ahead = self.reading_ahead.try_lock();
        if has_listed || reading_ahead.is_err() {
            return self.catalogue().await;
        }
        let keys = likely_keys(name);
        let mut ahead: Vec<_> = keys.iter().map(|key| future::maybe_done(self.files.read_ahead(key).boxed())).collect();
        let mut catalogue = future::maybe_done(self.catalogue().boxed());
        // All at once, until it is known which file it is.
        future::poll_fn(|context| {
            for reading in &mut ahead {
                let _ = reading.poll_unpin(context);
            }
            catalogue.poll_unpin(context)
        })
        .await;
        let catalogue = Pin::new(&mut catalogue).take_output().expect("it is done")?;
        let object = catalogue.entry(name).map(|entry| catalogue.object(entry));
        let read = keys.iter().position(|key| object.is_some_and(|object| object.key == *key));
        if let Some(read) = read {
            (&mut ahead[read]).await;
        }
        Ok(catalogue)
    }

    /// A catalogue that is not older than the TTL.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, GalleryError> {
        match self.unchanged() {
            Some(catalogue) => Ok(catalogue),
            None => self.catalogue_since(Instant::now().checked_sub(self.ttl)).await,
        }
    }

    /// The last snapshot, if the store tells that nothing has changed since.
    fn unchanged(&self) -> Option<Arc<Catalogue>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = state.snapshot.as_ref().filter(|snapshot| snapshot.began.elapsed() < REVISION_TRUSTED_FOR)?;
        let is_told = snapshot.revision.is_some_and(|revision| self.store.revision() == Some(revision));
        is_told.then(|| Arc::clone(&snapshot.catalogue))
    }

    /// A catalogue whose listing began at `since` or later, or ever; while the store is down, the last good one.
    async fn catalogue_since(&self, since: Option<Instant>) -> Result<Arc<Catalogue>, GalleryError> {
        if let Some(answer) = self.at_hand(since, None) {
            return answer;
        }
        let asked = Instant::now();
        let _refreshing = self.refreshing.lock().await;
        if let Some(answer) = self.at_hand(since, Some(asked)) {
            return answer;
        }
        let (began, revision) = (Instant::now(), self.store.revision());
        let listed = self.store.list().await;
        self.take_in(began, revision, listed)
    }

    /// What can be answered without asking the store. Whoever waited since `waited` shares the failure of a listing
    /// that ended after that.
    fn at_hand(&self, since: Option<Instant>, waited: Option<Instant>) -> Option<Result<Arc<Catalogue>, GalleryError>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |snapshot: &&Snapshot| since.is_none_or(|since| snapshot.began >= since);
        if let Some(snapshot) = state.snapshot.as_ref().filter(is_fresh) {
            return Some(Ok(Arc::clone(&snapshot.catalogue)));
        }
        let (failed, error) = state.failure.as_ref()?;
        match &state.snapshot {
            Some(snapshot) => {
                (failed.elapsed() < self.store.retry_after()).then(|| Ok(Arc::clone(&snapshot.catalogue)))
            }
            None => waited.is_some_and(|waited| *failed >= waited).then(|| Err(GalleryError::Store(error.clone()))),
        }
    }

    /// Takes in the outcome of a listing. The caller holds `refreshing`, so that no other listing comes between.
    fn take_in(
        &self,
        began: Instant,
        revision: Option<u64>,
        listed: Result<Vec<Object>, StoreError>,
    ) -> Result<Arc<Catalogue>, GalleryError> {
        let state = || self.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = state().snapshot.as_ref().map(|snapshot| Arc::clone(&snapshot.catalogue));
        match listed {
            Ok(objects) => {
                let catalogue = match before {
                    Some(same) if same.objects == objects => same,
                    before => {
                        let was_served = |object: &Object| self.files.has_linked(object);
                        let catalogue = Catalogue::new(objects, before.as_deref(), was_served);
                        self.files.forget_all_but(&catalogue);
                        if before.is_some() {
                            self.index.forget_all_but(&catalogue);
                        }
                        Arc::new(catalogue)
                    }
                };
                let snapshot = Snapshot { began, revision, catalogue: Arc::clone(&catalogue) };
                *state() = State { snapshot: Some(snapshot), failure: None };
                Ok(catalogue)
            }
            Err(e) => {
                let failed = state().failure.replace((Instant::now(), e.clone()));
                let Some(catalogue) = before else { return Err(GalleryError::Store(e)) };
                // A store that may be asked at each request would fill the log.
                if failed.is_none_or(|(failed, _)| failed.elapsed() >= LOGGED_AGAIN_AFTER) {
                    tracing::warn!(store = self.store.location(), cause = %e, "the last good snapshot is served");
                }
                Ok(catalogue)
            }
        }
    }
}

/// Waits for the store until the deadline. Needs a Tokio runtime with time.
async fn in_time<T>(work: impl Future<Output = Result<T, GalleryError>>) -> Result<T, GalleryError> {
    let late = |_| Err(GalleryError::Store(StoreError::Unavailable(format!("no answer in {DEADLINE:?}"))));
    tokio::time::timeout(DEADLINE, work).await.unwrap_or_else(late)
}

/// A prompt in MCP's form; nothing for one that is broken, of which the log has told since the file was read.
fn listed(entry: &Entry, link: &Link) -> Option<Bytes> {
    let prompt = link.prompt.as_ref().ok()?;
    let listed = ListedPrompt {
        name: &entry.name,
        title: prompt.title(),
        description: prompt.summary(),
        icons: prompt.icons(),
        arguments: in_listed_order(prompt.arguments()),
        meta: ListedMeta { tags: prompt.tags(), version: &link.version },
    };
    // Kept for long, so with no room to grow.
    let json: Box<[u8]> = serde_json::to_vec(&listed).expect("a prompt serialises").into();
    Some(json.into())
}

fn unknown(name: &str, catalogue: &Catalogue) -> GalleryError {
    let names = || catalogue.entries.iter().map(|entry| &*entry.name);
    let name = shorten_to(100, name);
    // A path says the name in its own way, and some say the last part of it alone.
    let plain = prompt_name(&name).or_else(|| prompt_name(&format!("{name}.prompt")));
    let ending = plain.as_ref().map(|name| format!("_{name}"));
    let ends = |name: &&str| ending.as_ref().is_some_and(|ending| name.ends_with(ending));
    // Others say the folder of the gallery too.
    let is_end = |name: &&str| plain.as_ref().is_some_and(|plain| plain.ends_with(&format!("_{name}")));
    let near = nearest(&name, names())
        .or_else(|| nearest(plain.as_deref()?, names()))
        .or_else(|| names().filter(ends).min_by_key(|name| name.len()))
        .or_else(|| names().filter(is_end).max_by_key(|name| name.len()));
    GalleryError::UnknownPrompt { nearest: near.map(str::to_owned), name }
}

/// A cursor is the name of the last prompt before it, so that prompts may come and go between two pages.
fn encode_cursor(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn decode_cursor(cursor: &str) -> Result<String, GalleryError> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| is_name(name)).ok_or(GalleryError::InvalidCursor)
}
