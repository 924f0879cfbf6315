//! `prompts/get` and `completion/complete`: one prompt, found by name.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::completion::Completion;
use crate::content::Rendered;
use crate::contents::{ContentsError, contents};
use crate::error::GalleryError;
use crate::form::Form;
use crate::gallery::Gallery;
use crate::row::is_offered_as_tool;
use catalogue::{Attempt, Catalogue, Unread, Unreadable};
use dotprompt::{ArgumentProblem, Problem, Prompt};
use store::{Object, StoreError, note_unread};

/// Why an attempt failed.
enum AttemptError {
    /// Another catalogue would not help.
    Final(GalleryError),
    /// A file could not be read as it was listed.
    Unread(Unread),
    /// The prompt shows a file, and is of an older catalogue.
    Outdated,
}

impl From<GalleryError> for AttemptError {
    fn from(e: GalleryError) -> Self {
        Self::Final(e)
    }
}

impl From<Unread> for AttemptError {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

impl Attempt for AttemptError {
    fn unread(&self) -> Vec<&Unread> {
        match self {
            Self::Unread(unread) => vec![unread],
            Self::Final(_) | Self::Outdated => Vec::new(),
        }
    }
}

/// What a caller asks for.
#[derive(Clone, Copy)]
struct Request<'r> {
    name: &'r str,
    arguments: &'r Map<String, Value>,
    claims: Option<&'r Map<String, Value>>,
    /// Whether the prompt must be a tool.
    as_tool: bool,
}

impl Gallery {
    /// Renders a prompt. `claims` are those of the caller's token, if there is a sign-in.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`].
    pub async fn get(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        claims: Option<&Map<String, Value>>,
    ) -> Result<Rendered, GalleryError> {
        self.in_time(self.render(Request { name, arguments, claims, as_tool: false })).await
    }

    /// Renders a prompt that is a tool.
    ///
    /// # Errors
    /// As [`Self::get`], and [`GalleryError::NotATool`].
    pub async fn call(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        claims: Option<&Map<String, Value>>,
    ) -> Result<Rendered, GalleryError> {
        self.in_time(self.render(Request { name, arguments, claims, as_tool: true })).await
    }

    async fn render(&self, request: Request<'_>) -> Result<Rendered, GalleryError> {
        let catalogue = self.live.current_for(request.name).await?;
        let render = |prompt: Arc<Prompt>, catalogue: Option<Arc<Catalogue>>| async move {
            let objects = catalogue.as_ref().map(|catalogue| &*catalogue.objects);
            self.render_prompt(request, &prompt, objects).await
        };
        self.with_prompt(catalogue, request.name, render).await
    }

    /// Renders a prompt with the files of its catalogue, or without files if the prompt is of an older catalogue.
    async fn render_prompt(
        &self,
        Request { name, arguments, claims, as_tool }: Request<'_>,
        prompt: &Prompt,
        objects: Option<&[Object]>,
    ) -> Result<Rendered, AttemptError> {
        if as_tool && !is_offered_as_tool(name, prompt) {
            return Err(GalleryError::NotATool { name: name.to_owned() }.into());
        }
        let failed = |problem| GalleryError::Failed { name: name.to_owned(), problem };
        let mut data = prompt.resolve(arguments).map_err(|problems| {
            let form = Form::new(name, &problems, prompt.arguments());
            GalleryError::Arguments { problems, form }
        })?;
        data.context.insert("auth".to_owned(), claims.cloned().unwrap_or_default().into());
        let messages = prompt.render(&data).map_err(failed)?;
        let messages = contents(messages, objects, &*self.live.store).await.map_err(|e| match e {
            ContentsError::Media(problem) => failed(problem).into(),
            ContentsError::MediaOfCaller(problem) => GalleryError::Media { name: name.to_owned(), problem }.into(),
            ContentsError::TooLong(size) => GalleryError::TooLong { name: name.to_owned(), size }.into(),
            ContentsError::Outdated => AttemptError::Outdated,
            ContentsError::Unread(unread) => AttemptError::Unread(unread),
        })?;
        Ok(Rendered { description: prompt.description().map(str::to_owned), messages })
    }

    /// The prompt of a name, without rendering it.
    ///
    /// # Errors
    /// [`GalleryError::UnknownPrompt`], [`GalleryError::Broken`], [`GalleryError::Store`].
    pub async fn prompt(&self, name: &str) -> Result<Arc<Prompt>, GalleryError> {
        self.in_time(self.find(name)).await
    }

    /// Suggests values for an argument of a prompt that match what was typed so far.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`] and [`GalleryError::Arguments`].
    pub async fn complete(&self, name: &str, argument: &str, typed: &str) -> Result<Completion, GalleryError> {
        let prompt = self.in_time(self.find(name)).await?;
        let arguments = prompt.arguments();
        let Some(known) = arguments.iter().find(|known| known.name == argument) else {
            return Err(GalleryError::UnknownArgument(ArgumentProblem::unknown(argument, arguments)));
        };
        Ok(Completion::new(&known.choices(), typed))
    }

    pub(crate) async fn find(&self, name: &str) -> Result<Arc<Prompt>, GalleryError> {
        let catalogue = self.live.current_for(name).await?;
        self.with_prompt(catalogue, name, |prompt, _| async { Ok(prompt) }).await
    }

    /// Calls `make` with the prompt of a name and its catalogue. If the prompt cannot be read now, calls it with the prompt as
    /// it was served last, and without a catalogue.
    async fn with_prompt<T, F: Future<Output = Result<T, AttemptError>>>(
        &self,
        catalogue: Arc<Catalogue>,
        name: &str,
        make: impl Fn(Arc<Prompt>, Option<Arc<Catalogue>>) -> F,
    ) -> Result<T, GalleryError> {
        let make = &make;
        let attempt = |catalogue: Arc<Catalogue>| async move {
            let prompt = self.prompt_of(&catalogue, name).await?;
            make(prompt, Some(catalogue)).await
        };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        let unread = match fresh.value {
            Ok(made) => return Ok(made),
            Err(AttemptError::Final(e)) => return Err(e),
            Err(AttemptError::Outdated) => return Err(GalleryError::Changing { name: name.to_owned() }),
            Err(AttemptError::Unread(unread)) => unread,
        };
        let why = self.unreadable(name, unread, fresh.outage.as_ref());
        let Some(prompt) = self.last_good(&fresh.catalogue, name, &why) else { return Err(why) };
        match make(prompt, None).await {
            Err(AttemptError::Final(e)) => Err(e),
            made => made.map_err(|_| why),
        }
    }

    /// A prompt with its partials, read for this catalogue.
    async fn prompt_of(&self, catalogue: &Catalogue, name: &str) -> Result<Arc<Prompt>, AttemptError> {
        let entry = catalogue.entry(name).ok_or_else(|| GalleryError::unknown_prompt(name, catalogue))?;
        let link = self.live.files.linked_soon(catalogue, entry, false).await?;
        // The problem was logged when the file was read.
        let broken = |problem: &Problem| GalleryError::Broken { name: name.to_owned(), problem: problem.clone() };
        Ok(link.prompt.as_ref().map(Arc::clone).map_err(broken)?)
    }

    /// The prompt as it was served last, with the partials of that time, if it is in the cache.
    fn last_good(&self, catalogue: &Catalogue, name: &str, why: &GalleryError) -> Option<Arc<Prompt>> {
        let last = self.live.files.last_good(catalogue, catalogue.entry(name)?)?;
        self.live.files.note_old(&last);
        tracing::debug!(prompt.name = name, cause = %why, "served as it was served last");
        note_unread(1);
        last.link.prompt.clone().ok()
    }

    /// Why a prompt cannot be served, after the last attempt.
    fn unreadable(&self, name: &str, unread: Unread, outage: Option<&StoreError>) -> GalleryError {
        let name = name.to_owned();
        match self.live.why_unread(&unread, outage) {
            Unreadable::Outage(e) => GalleryError::Store(e),
            Unreadable::Refused => GalleryError::Unreadable { name, file: unread.object.key, cause: unread.error },
            Unreadable::Changing => GalleryError::Changing { name },
        }
    }
}
