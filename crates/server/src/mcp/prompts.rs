//! `prompts/list`, `prompts/get`, `completion/complete`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::elicitation::{self, Answers};
use super::error::Error;
use super::version::Era;
use super::{Answer, Call, Record, Response, size_over};
use dotprompt::bounds;
use gallery::{Audience, Form, Gallery, GalleryError, shortened};

/// The answer with a prompt.
///
/// # Errors
/// [`GalleryError::TooLong`], counted as Lambda sends it.
pub(super) fn sendable(prompt: &str, answer: Response) -> Result<Response, GalleryError> {
    match size_over(bounds::ANSWER, &answer.bytes) {
        Some(size) => Err(GalleryError::TooLong { name: prompt.to_owned(), size: size as u64 }),
        None => Ok(answer),
    }
}

/// Whether this is an error of one prompt of the gallery, which was to be rendered. If the store failed, the last listing says whether
/// the gallery has the prompt.
pub(super) fn is_of_known_prompt(e: &GalleryError, name: &str, gallery: &Gallery) -> bool {
    match e {
        GalleryError::Arguments { .. }
        | GalleryError::Broken { .. }
        | GalleryError::Changing { .. }
        | GalleryError::Failed { .. }
        | GalleryError::Media { .. }
        | GalleryError::TooLong { .. }
        | GalleryError::Unreadable { .. } => true,
        GalleryError::Store(_) => gallery.has(name),
        _ => false,
    }
}

#[derive(Deserialize)]
struct ListPromptsParams {
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListPromptsResult<'a> {
    prompts: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetPromptParams {
    name: String,
    arguments: Option<Map<String, Value>>,
    input_responses: Option<Map<String, Value>>,
    request_state: Option<String>,
}

#[derive(Deserialize)]
struct CompleteParams {
    #[serde(rename = "ref")]
    reference: Reference,
    argument: TypedArgument,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
    #[serde(rename = "ref/resource")]
    Resource {},
}

/// An argument and what the user has typed of its value.
#[derive(Deserialize)]
struct TypedArgument {
    name: String,
    value: String,
}

impl Call<'_> {
    pub(super) async fn list_prompts(&self) -> Answer {
        let params: ListPromptsParams = self.params()?;
        let audience = if self.expects_forms() { Audience::FormClient } else { Audience::AnyClient };
        let page = self.mcp.gallery.list_for(audience, params.cursor.as_deref()).await?;
        let next_cursor = page.next_cursor.as_deref();
        self.answer_cacheable(&ListPromptsResult { prompts: page.prompts.json(), next_cursor }, &page.prompts)
    }

    pub(super) async fn get_prompt(&self, record: &mut Record) -> Answer {
        let params: GetPromptParams = self.params()?;
        record.name = Some(shortened(&params.name));
        let answers = self.answers(params.input_responses.as_ref(), params.request_state.as_deref())?;
        let mut arguments = params.arguments.unwrap_or_default();
        arguments.extend(answers.given.clone());
        let e = match self.mcp.gallery.get(&params.name, &arguments, self.claims).await {
            Ok(rendered) => {
                let answer = self.answer(&rendered).map(|answer| sendable(&params.name, answer));
                record.prompt = Some(params.name);
                return Ok(answer??);
            }
            Err(e) => e,
        };
        match &e {
            GalleryError::Arguments { form: Some(form), .. } if answers.refusal.is_none() && self.shows(form) => {
                return self.ask(&elicitation::requests(form), answers.state(form)?);
            }
            e if is_of_known_prompt(e, &params.name, &self.mcp.gallery) => record.prompt = Some(params.name),
            _ => {}
        }
        if let (GalleryError::Arguments { form: Some(form), .. }, Some(refusal)) = (&e, answers.refusal) {
            return Err(Error::invalid_params(format!("{refusal}: {e}. {}", form.usage)));
        }
        Err(e.into())
    }

    /// What an interactive client has answered so far.
    pub(super) fn answers(
        &self,
        responses: Option<&Map<String, Value>>,
        state: Option<&str>,
    ) -> Result<Answers, Error> {
        if self.is_interactive() { Answers::of_all_rounds(responses, state) } else { Ok(Answers::default()) }
    }

    /// Whether the client shows this form.
    pub(super) fn shows(&self, form: &Form) -> bool {
        let takes_forms = || elicitation::takes_forms(&self.client_capabilities());
        self.is_interactive() && takes_forms() && elicitation::fits(form, self.version)
    }

    /// Whether the client expects a form for missing arguments, as each request of 2026-07-28 can say.
    fn expects_forms(&self) -> bool {
        self.era == Era::Modern && elicitation::takes_forms(&self.client_capabilities())
    }

    pub(super) async fn complete(&self, record: &mut Record) -> Answer {
        let CompleteParams { reference, argument } = self.params()?;
        let Reference::Prompt { name } = reference else {
            return Err(Error::invalid_params(
                "only the arguments of prompts are completed: `ref` must be a `ref/prompt`",
            ));
        };
        record.name = Some(shortened(&name));
        let found = self.mcp.gallery.complete(&name, &argument.name, &argument.value).await?;
        let has_more = found.total > found.values.len();
        self.answer(&json!({
            "completion": { "values": found.values, "total": found.total, "hasMore": has_more }
        }))
    }
}
