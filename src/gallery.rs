//! The gallery: what prompts there are, kept fresh, listed page by page, found and rendered by name.

mod catalogue;

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

pub use catalogue::prompt_name;
use catalogue::{Catalogue, Entry, Loaded};

use crate::nearest::nearest;
use crate::prompt::{Argument, ArgumentProblem, Message, PromptError, RenderError};
use crate::store::{Object, PromptStore, StoreError};

/// How many files are read at once.
const CONCURRENT_READS: usize = 32;
/// While the store is down, how long the last good snapshot is served before the store is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long a caller waits for the store in all: a Lambda function has 15 seconds for its answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// The most suggestions that MCP allows in one answer.
const MAX_COMPLETIONS: usize = 100;

/// The prompts of one store.
///
/// One listing tells every file's version; that snapshot, the catalogue, is served until it is older than the TTL.
/// Files are read when they are first needed and kept for as long as their version is listed.
pub struct Gallery {
    store: Arc<dyn PromptStore>,
    ttl: Duration,
    page_size: usize,
    state: RwLock<State>,
    /// Held by the one who lists; whoever waits takes over what comes of it.
    refreshing: Mutex<()>,
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
    pub messages: Vec<Message>,
}

/// Suggestions for an argument's value.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// The first suggestions, 100 at most.
    pub values: Vec<String>,
    /// How many there are in all.
    pub total: usize,
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
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Arguments(Vec<ArgumentProblem>),
    /// A cursor that no page handed out.
    #[error("invalid cursor: pass the `nextCursor` of the page before, or none for the first page")]
    InvalidCursor,
    /// The prompt's file cannot be used. The log said so when the file was read.
    #[error("prompt `{name}` cannot be rendered: {file}, {error}")]
    Broken {
        /// The prompt.
        name: String,
        /// Its key.
        file: String,
        /// What is wrong, and where.
        error: PromptError,
    },
    /// The prompt's template failed on this call.
    #[error("prompt `{name}` cannot be rendered: {file}, {error}")]
    Failed {
        /// The prompt.
        name: String,
        /// Its key.
        file: String,
        /// What is wrong, and where.
        error: PromptError,
    },
    /// The store did not answer and nothing older is at hand. For the log, not for clients.
    #[error("prompt store unavailable")]
    Store(#[source] StoreError),
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
    arguments: &'a [Argument],
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<ListedMeta<'a>>,
}

#[derive(Serialize)]
struct ListedMeta<'a> {
    tags: &'a [String],
}

impl Gallery {
    /// A gallery of `store`'s prompts; nothing is read yet.
    ///
    /// `ttl` is how old a snapshot may be; `page_size` is at least 1.
    pub fn new(store: Arc<dyn PromptStore>, ttl: Duration, page_size: usize) -> Self {
        Self { store, ttl, page_size: page_size.max(1), state: RwLock::default(), refreshing: Mutex::default() }
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

    /// How many of the prompts that were read so far are broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let entries = state.snapshot.iter().flat_map(|snapshot| &snapshot.catalogue.entries);
        entries.filter(|entry| matches!(entry.slot.loaded(), Some(Loaded::Broken(_)))).count()
    }

    /// One page of prompts, sorted by name; broken ones are left out.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list(&self, cursor: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        let after = cursor.map(decode_cursor).transpose()?;
        in_time(self.page_after(after.as_deref())).await
    }

    async fn page_after(&self, after: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        let mut catalogue = self.catalogue().await?;
        let mut last_try = false;
        loop {
            let start = after.map_or(0, |name| catalogue.first_after(name));
            if let Some(page) = catalogue.page(start) {
                return Ok(page);
            }
            let entries = &catalogue.entries[start..catalogue.entries.len().min(start.saturating_add(self.page_size))];
            let reads: Vec<_> = entries.iter().map(|entry| self.load(entry)).collect();
            let loaded: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
            // A file that was replaced or deleted after it was listed: list again, once.
            if !last_try && loaded.iter().any(|loaded| matches!(loaded, Err(StoreError::NotFound(_)))) {
                last_try = true;
                catalogue = self.catalogue_since(Some(Instant::now())).await?;
                continue;
            }
            let (page, complete) = page(&catalogue, start, entries, loaded)?;
            let page = Arc::new(page);
            // Only the pages that a walk from the start meets are kept: a cursor of any name could fill the memory.
            if complete && start.is_multiple_of(self.page_size) {
                catalogue.keep_page(start, Arc::clone(&page));
            }
            return Ok(page);
        }
    }

    /// Renders a prompt.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`].
    pub async fn get(&self, name: &str, arguments: &Map<String, Value>) -> Result<Rendered, GalleryError> {
        let rendered = self.with_prompt(name, |entry, prompt| {
            let messages = prompt.render(arguments).map_err(|e| match e {
                RenderError::Arguments(problems) => GalleryError::Arguments(problems),
                RenderError::Template(error) => {
                    GalleryError::Failed { name: entry.name.clone(), file: entry.slot.object.key.clone(), error }
                }
            })?;
            Ok(Rendered { description: prompt.description.clone(), messages })
        });
        in_time(rendered).await
    }

    /// Suggests values for an argument of a prompt that begin with what was typed so far.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`] and [`GalleryError::Arguments`].
    pub async fn complete(&self, name: &str, argument: &str, typed: &str) -> Result<Completion, GalleryError> {
        let completed = self.with_prompt(name, |_, prompt| {
            let Some(known) = prompt.arguments.iter().find(|known| known.name == argument) else {
                return Err(GalleryError::UnknownArgument(ArgumentProblem::unknown(argument, &prompt.arguments)));
            };
            let mut values = known.choices();
            values.retain(|value| value.starts_with(typed));
            let total = values.len();
            values.truncate(MAX_COMPLETIONS);
            Ok(Completion { values, total })
        });
        in_time(completed).await
    }

    async fn with_prompt<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Entry, &crate::prompt::Prompt) -> Result<T, GalleryError>,
    ) -> Result<T, GalleryError> {
        let mut catalogue = self.catalogue().await?;
        let mut last_try = false;
        loop {
            let Some(entry) = catalogue.entry(name) else { return Err(unknown(name, &catalogue)) };
            match self.load(entry).await {
                Ok(Loaded::Prompt(prompt)) => return work(entry, prompt),
                Ok(Loaded::Broken(error)) => {
                    let (name, file) = (entry.name.clone(), entry.slot.object.key.clone());
                    return Err(GalleryError::Broken { name, file, error: error.clone() });
                }
                Err(StoreError::NotFound(_)) if last_try => return Err(unknown(name, &catalogue)),
                Err(StoreError::NotFound(_)) => {
                    last_try = true;
                    catalogue = self.catalogue_since(Some(Instant::now())).await?;
                }
                Err(e) => return Err(GalleryError::Store(e)),
            }
        }
    }

    /// Reads a prompt, or falls back on the version before while the store does not answer.
    async fn load<'a>(&self, entry: &'a Entry) -> Result<&'a Loaded, StoreError> {
        match entry.slot.load(&*self.store).await {
            Err(e @ (StoreError::Unavailable(_) | StoreError::Denied(_))) => {
                match entry.previous.as_ref().and_then(|slot| slot.loaded()) {
                    Some(loaded) => {
                        tracing::warn!(prompt.file = entry.slot.object.key, cause = %e, "the version before is served");
                        Ok(loaded)
                    }
                    None => Err(e),
                }
            }
            result => result,
        }
    }

    /// A catalogue that is not older than the TTL.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, GalleryError> {
        self.catalogue_since(Instant::now().checked_sub(self.ttl)).await
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
        let began = Instant::now();
        let listed = self.store.list().await;
        self.take_in(began, listed)
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
            Some(snapshot) => (failed.elapsed() < RETRY_AFTER).then(|| Ok(Arc::clone(&snapshot.catalogue))),
            None => waited.is_some_and(|waited| *failed >= waited).then(|| Err(GalleryError::Store(error.clone()))),
        }
    }

    fn take_in(&self, began: Instant, listed: Result<Vec<Object>, StoreError>) -> Result<Arc<Catalogue>, GalleryError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = state.snapshot.as_ref().map(|snapshot| Arc::clone(&snapshot.catalogue));
        match listed {
            Ok(objects) => {
                let catalogue = match before {
                    Some(same) if same.objects == objects => same,
                    before => Arc::new(Catalogue::new(objects, before.as_deref())),
                };
                *state = State { snapshot: Some(Snapshot { began, catalogue: Arc::clone(&catalogue) }), failure: None };
                Ok(catalogue)
            }
            Err(e) => {
                state.failure = Some((Instant::now(), e.clone()));
                let Some(catalogue) = before else { return Err(GalleryError::Store(e)) };
                tracing::warn!(store = self.store.location(), cause = %e, "the last good snapshot is served");
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

fn page(
    catalogue: &Catalogue,
    start: usize,
    entries: &[Entry],
    loaded: Vec<Result<&Loaded, StoreError>>,
) -> Result<(Page, bool), GalleryError> {
    let mut complete = true;
    let mut listed = Vec::with_capacity(entries.len());
    for (entry, loaded) in entries.iter().zip(loaded) {
        match loaded {
            Ok(loaded) => {
                // The version before may stand in for this one, but not for longer than need be.
                complete &= entry.slot.loaded().is_some_and(|current| std::ptr::eq(current, loaded));
                match loaded {
                    Loaded::Prompt(prompt) => listed.push(ListedPrompt {
                        name: &entry.name,
                        title: prompt.title.as_deref(),
                        description: prompt.summary(),
                        arguments: &prompt.arguments,
                        meta: (!prompt.tags.is_empty()).then_some(ListedMeta { tags: &prompt.tags }),
                    }),
                    // Logged when it was read.
                    Loaded::Broken(_) => {}
                }
            }
            // The list without a prompt that is new is the last good one.
            Err(e @ StoreError::Unavailable(_)) if !entry.is_new => return Err(GalleryError::Store(e)),
            Err(e) => {
                complete = false;
                tracing::warn!(prompt.name = entry.name, cause = %e, "prompt left out of the list");
            }
        }
    }
    let next = start + entries.len();
    let next_cursor = entries.last().filter(|_| next < catalogue.entries.len()).map(|last| encode_cursor(&last.name));
    let prompts = to_raw_value(&listed).expect("a list of prompts serialises");
    Ok((Page { prompts, next_cursor }, complete))
}

fn unknown(name: &str, catalogue: &Catalogue) -> GalleryError {
    let names = catalogue.entries.iter().map(|entry| entry.name.as_str());
    let name = name.chars().take(100).collect::<String>();
    GalleryError::UnknownPrompt { nearest: nearest(&name, names).map(str::to_owned), name }
}

/// A cursor is the name of the last prompt before it, so that prompts may come and go between two pages.
fn encode_cursor(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn decode_cursor(cursor: &str) -> Result<String, GalleryError> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| catalogue::is_name(name)).ok_or(GalleryError::InvalidCursor)
}
