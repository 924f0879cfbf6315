//! The gallery: its prompts, listed page by page, found and rendered by name.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future;

use crate::all_prompts::KeptPrompts;
use crate::all_skills::KeptSkillPages;
use crate::error::GalleryError;
use crate::limits::{DEADLINE, PAGE_TIMEOUT};
use crate::pages::KeptPages;
use crate::published::Archives;
use crate::reading_on::ReadingOn;
use crate::source::{CheckFiles, CheckedFiles};
use catalogue::{Freshness, LiveCatalogue, Seen};
use check::strays;
use dotprompt::Problem;
use skills::Skills;
use store::{Object, PromptStore, StoreError};

/// The prompts of one store.
pub struct Gallery {
    pub(crate) live: LiveCatalogue,
    pub(crate) page_size: usize,
    pub(crate) page_timeout: Duration,
    pub(crate) pages: KeptPages,
    pub(crate) all: KeptPrompts,
    pub(crate) skills: Option<Arc<Skills>>,
    pub(crate) skill_pages: KeptSkillPages,
    pub(crate) archives: Archives,
    /// Whether clients may read the files of prompts.
    pub(crate) has_source: bool,
    /// How all their problems are found.
    pub(crate) check: Option<CheckFiles>,
    pub(crate) checked: CheckedFiles,
    pub(crate) reading_on: ReadingOn,
    /// Whether clients have the tool `get_prompt`.
    pub(crate) has_prompt_tools: bool,
}

/// The skills of a store, for people.
#[derive(Debug)]
pub struct ShelfSummary {
    /// Where they are kept.
    pub location: String,
    /// How many are served, or not read yet.
    pub served: usize,
    /// Skills that are left out, as far as they were read, and files that were probably meant to be skills; and why.
    pub left_out: Vec<String>,
}

impl Gallery {
    /// A gallery of `store`'s prompts; nothing is read yet.
    ///
    /// `freshness` is how old a snapshot may be: a TTL, or more. A page of a list has at most `page_size` prompts,
    /// at least 1, and as many as fit one answer.
    pub fn new(store: Arc<dyn PromptStore>, freshness: impl Into<Freshness>, page_size: usize) -> Self {
        let live = LiveCatalogue::new(store, freshness.into());
        let (page_size, page_timeout) = (page_size.max(1), PAGE_TIMEOUT);
        let (pages, all, skill_pages, archives, checked, reading_on) = Default::default();
        Self {
            live,
            page_size,
            page_timeout,
            pages,
            all,
            skills: None,
            skill_pages,
            archives,
            has_source: false,
            check: None,
            checked,
            reading_on,
            has_prompt_tools: true,
        }
    }

    /// The same gallery with the skills of another store. A skill with a file that does not fit `max_answer_bytes` is left out.
    #[must_use]
    pub fn with_skills(self, store: Arc<dyn PromptStore>, max_answer_bytes: Option<u64>) -> Self {
        let skills = Some(Skills::new(store, self.live.freshness.clone(), max_answer_bytes));
        Self { skills, ..self }
    }

    /// The same gallery for a server without `get_prompt`: a prompt with required arguments is no skill then, as its instructions are
    /// to call that tool.
    #[must_use]
    pub fn without_prompt_tools(self) -> Self {
        Self { has_prompt_tools: false, ..self }
    }

    /// The same gallery, whose clients may read the files of prompts and partials. What is wrong with them is what serving finds: the
    /// first error of each prompt.
    #[must_use]
    pub fn with_source(self) -> Self {
        Self { has_source: true, ..self }
    }

    /// The same gallery, with all that `check` finds in these files. The function does not call this, so its package has no code of it.
    #[must_use]
    pub fn with_check(self) -> Self {
        Self { check: Some(|files, options| check::check(files, options, &|| {})), ..self }
    }

    /// The same gallery with another time to read the files of one page.
    #[doc(hidden)]
    #[must_use]
    pub fn with_page_timeout(self, page_timeout: Duration) -> Self {
        Self { page_timeout, ..self }
    }

    /// Reads the index and the first listing before a request needs them.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn warm_up(&self) -> Result<(), GalleryError> {
        future::join(self.live.index_ready(), self.live.current()).await.1?;
        Ok(())
    }

    /// How old the snapshot of the store may be.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.live.freshness.ttl
    }

    /// Where the prompts are kept, for people.
    #[must_use]
    pub fn location(&self) -> String {
        self.live.store.location()
    }

    /// How many prompts there are, the broken ones included.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn count(&self) -> Result<usize, GalleryError> {
        Ok(self.live.current().await?.entries.len())
    }

    /// The name and the file of every prompt, sorted by name, the broken ones included.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn files(&self) -> Result<Vec<(String, Object)>, GalleryError> {
        let catalogue = self.live.current().await?;
        Ok(catalogue.entries.iter().map(|entry| (entry.name.to_string(), catalogue.object(entry).clone())).collect())
    }

    /// Remarks on the files as a whole, each in one sentence: files that claim the same name, files that are probably meant
    /// to be prompts, or that there are no prompts. Files that a prompt shows are in use. If some prompts were not read, the
    /// sentence says so.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn notes(&self) -> Result<Vec<String>, GalleryError> {
        let catalogue = self.live.current().await?;
        let (shown, are_all) = self.live.files.shown(&catalogue).await;
        let mut notes = catalogue.notes(&shown, are_all);
        if catalogue.entries.is_empty() {
            notes.insert(0, format!("there are no prompts in {}: {}", self.location(), strays::ENDINGS));
        }
        Ok(notes)
    }

    /// How many of the prompts that were read so far are broken, or could not be read.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.live.last().map_or(0, |catalogue| self.live.files.count_broken(&catalogue))
    }

    /// Whether all prompts of the last listing were read, and none is missing because the store failed.
    #[must_use]
    pub fn has_read_all(&self) -> bool {
        let Some(catalogue) = self.live.last() else { return false };
        self.all.get(&catalogue).is_some() || self.pages.are_all(&catalogue)
    }

    /// Whether the last listing has a prompt of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.live.last().is_some_and(|catalogue| catalogue.entry(name).is_some())
    }

    /// How many prompts come before this one, by name; `None` if the last listing has no such prompt.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        let catalogue = self.live.last()?;
        catalogue.entry(name)?;
        catalogue.first_after(Some(name)).checked_sub(1)
    }

    /// The files that were read and are not served, each with the reason: `a.prompt, line 1, column 1: …`.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let Some(catalogue) = self.live.last() else { return Vec::new() };
        let broken = self.live.files.broken(&catalogue).into_iter().map(|(key, problem): (String, Problem)| {
            // The problem may be in a partial.
            if *problem.file == key { problem.to_string() } else { format!("{key}: {problem}") }
        });
        let unlisted = self.live.store.left_out().into_iter().filter(|(key, _)| strays::is_missed(key));
        let unread = self.live.files.left_out(&catalogue);
        let others = unread.into_iter().chain(unlisted).map(|(key, why)| format!("{key}: {why}"));
        broken.chain(others).collect()
    }

    /// Reads the first skills of the store, if one is set up, so that the log names those that are left out.
    pub async fn read_skills(&self) {
        if self.skills.is_some() {
            let _ = self.list_skills(None).await;
        }
    }

    /// What the last listing of the skills has, if one is set up and was listed.
    #[must_use]
    pub fn shelf_summary(&self) -> Option<ShelfSummary> {
        let skills = self.skills.as_ref()?;
        let (served, left_out) = skills.summary()?;
        Some(ShelfSummary { location: skills.location(), served, left_out })
    }

    /// Reads the prompts and partials that have changed since `seen`, or none the first time. The log names the ones that are
    /// broken, and the ones that are served again.
    pub async fn read_changed(&self, seen: Option<Seen>) -> Option<Seen> {
        self.live.read_changed(seen).await
    }

    /// What `work` returns, if it ends within [`DEADLINE`]. Needs a Tokio runtime with time.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, GalleryError>>,
    ) -> Result<T, GalleryError> {
        let clock = &self.live.freshness.clock;
        let late = || Err(StoreError::Unavailable(format!("no answer in {DEADLINE:?}")).into());
        clock.until(clock.now() + DEADLINE, work).await.unwrap_or_else(late)
    }

    /// Logs that the store does not answer.
    #[doc(hidden)]
    pub fn report_unavailable(&self, e: &GalleryError) {
        let cause = std::error::Error::source(e).map(ToString::to_string);
        tracing::error!(store = self.location(), cause, "prompt store unavailable");
    }
}
