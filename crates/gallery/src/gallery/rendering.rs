//! `prompts/get` and `completion/complete`: one prompt, found by name.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::{ContentsError, contents};
use super::{Completion, Form, Gallery, GalleryError, in_time};
use crate::content::PromptMessage;
use crate::store::{Object, StoreError};
use catalogue::{Attempt, Catalogue, Unread, Unreadable};
use dotprompt::{ArgumentProblem, Problem, Prompt};

/// A rendered prompt.
#[derive(Debug, Serialize)]
pub struct Rendered {
    /// The prompt's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The messages for the model.
    pub messages: Vec<PromptMessage>,
}

/// Why an attempt failed.
enum Failure {
    /// Another catalogue does not help.
    Final(GalleryError),
    /// A file could not be read as it was listed.
    Unread(Unread),
    /// The prompt is of an older catalogue, and shows a file.
    Outdated,
}

impl From<GalleryError> for Failure {
    fn from(e: GalleryError) -> Self {
        Self::Final(e)
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

impl Attempt for Failure {
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
        in_time(self.render(Request { name, arguments, claims })).await
    }

    async fn render(&self, request: Request<'_>) -> Result<Rendered, GalleryError> {
        let name = request.name;
        let catalogue = self.live.current_reading_ahead(name).await?;
        let attempt = |catalogue: Arc<Catalogue>| async move {
            let prompt = self.prompt_of(&catalogue, name).await?;
            self.render_prompt(request, &prompt, Some(&catalogue.objects)).await
        };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        match fresh.value {
            Ok(rendered) => Ok(rendered),
            Err(Failure::Final(e)) => Err(e),
            Err(Failure::Outdated) => Err(GalleryError::Changing { name: name.to_owned() }),
            Err(Failure::Unread(unread)) => {
                let why = self.unreadable(name, unread, fresh.outage.as_ref());
                let Some(prompt) = self.last_good(&fresh.catalogue, name, &why) else { return Err(why) };
                match self.render_prompt(request, &prompt, None).await {
                    Err(Failure::Final(e)) => Err(e),
                    rendered => rendered.map_err(|_| why),
                }
            }
        }
    }

    /// Renders a prompt with the files of its catalogue; without any, if the prompt is of an older one.
    async fn render_prompt(
        &self,
        Request { name, arguments, claims }: Request<'_>,
        prompt: &Prompt,
        objects: Option<&[Object]>,
    ) -> Result<Rendered, Failure> {
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
            ContentsError::Outdated => Failure::Outdated,
            ContentsError::Unread(unread) => Failure::Unread(unread),
        })?;
        Ok(Rendered { description: prompt.description().map(str::to_owned), messages })
    }

    /// The prompt of a name, without rendering it.
    ///
    /// # Errors
    /// [`GalleryError::UnknownPrompt`], [`GalleryError::Broken`], [`GalleryError::Store`].
    pub async fn prompt(&self, name: &str) -> Result<Arc<Prompt>, GalleryError> {
        in_time(self.find(name)).await
    }

    /// Suggests values for an argument of a prompt that match what was typed so far.
    ///
    /// # Errors
    /// Any but [`GalleryError::InvalidCursor`] and [`GalleryError::Arguments`].
    pub async fn complete(&self, name: &str, argument: &str, typed: &str) -> Result<Completion, GalleryError> {
        let prompt = in_time(self.find(name)).await?;
        let arguments = prompt.arguments();
        let Some(known) = arguments.iter().find(|known| known.name == argument) else {
            return Err(GalleryError::UnknownArgument(ArgumentProblem::unknown(argument, arguments)));
        };
        Ok(Completion::new(&known.choices(), typed))
    }

    /// The prompt of a name, as it was served last if it cannot be read now.
    async fn find(&self, name: &str) -> Result<Arc<Prompt>, GalleryError> {
        let catalogue = self.live.current().await?;
        let attempt = |catalogue: Arc<Catalogue>| async move { self.prompt_of(&catalogue, name).await };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        match fresh.value {
            Ok(prompt) => Ok(prompt),
            Err(Failure::Final(e)) => Err(e),
            Err(Failure::Outdated) => Err(GalleryError::Changing { name: name.to_owned() }),
            Err(Failure::Unread(unread)) => {
                let why = self.unreadable(name, unread, fresh.outage.as_ref());
                self.last_good(&fresh.catalogue, name, &why).ok_or(why)
            }
        }
    }

    /// A prompt with its partials, read for this catalogue.
    async fn prompt_of(&self, catalogue: &Catalogue, name: &str) -> Result<Arc<Prompt>, Failure> {
        let entry = catalogue.entry(name).ok_or_else(|| GalleryError::unknown_prompt(name, catalogue))?;
        let link = self.live.files.linked(catalogue, entry).await?;
        // The log has the problem since the file was read.
        let broken = |problem: &Problem| GalleryError::Broken { name: name.to_owned(), problem: problem.clone() };
        Ok(link.prompt.as_ref().map(Arc::clone).map_err(broken)?)
    }

    /// The prompt as it was served last, with the partials of that time, if that is at hand.
    fn last_good(&self, catalogue: &Catalogue, name: &str, why: &GalleryError) -> Option<Arc<Prompt>> {
        let link = self.live.files.last_good(catalogue, catalogue.entry(name)?)?;
        tracing::debug!(prompt.name = name, cause = %why, "served as it was served last");
        link.prompt.clone().ok()
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
