//! Prompts as tools, for clients that offer tools alone: `search_prompts`, `get_prompt`, and prompts with `tool: true`.
//!
//! A rendered prompt is content blocks alone. It has no structured content, because clients show the model that instead of
//! the blocks, and no output schema, because that requires structured content.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::app::OPEN;
use super::elicitation;
use super::error::Error;
use super::prompts::{is_of_known_prompt, sendable};
use super::tools::{CallToolParams, CallToolResult};
use super::{Answer, Call, Record, Response, raw};
use crate::limits::MAX_SHOWN_SCHEMA_BYTES;
use crate::tools::{Definition, ToolError, read_arguments};
use gallery::{
    ANSWER_WITHIN, Annotations, Content, FoundPage, GalleryError, MAX_FOUND_PROMPTS, PromptMessage, Rendered, Role,
    Search, UnknownTag, did_you_mean, shortened,
};

pub(super) const SEARCH: &str = check::PROMPT_TOOLS[0];
pub(super) const GET: &str = check::PROMPT_TOOLS[1];

/// The role of each content block, in `_meta`.
const META_ROLES: &str = "prompt-gallery/roles";
/// Said in the text where messages have several roles.
const USER_LABEL: &str = "[user]";
const ASSISTANT_LABEL: &str = "[assistant]";

/// `search_prompts` and `get_prompt` as `tools/list` has them.
pub(super) fn definitions() -> [(&'static str, Box<RawValue>); 2] {
    let tool = |name, title, description, input_schema, output_schema| {
        raw(&Definition { output_schema, ..read_definition(name, title, description, input_schema) })
    };
    let search = format!(
        "Finds prompts of the team, the best match first, {MAX_FOUND_PROMPTS} at a time; without words and tag, lists all \
         by name. Typing mistakes are forgiven. Each result has the prompt's name and the JSON Schema of the arguments that \
         {GET} takes."
    );
    let get = format!(
        "Gets a prompt of the team with its arguments filled in: instructions to follow as if the user had written them. \
         {SEARCH} finds names and arguments."
    );
    [
        (SEARCH, tool(SEARCH, "Search prompts", search, search_input(), Some(search_output()))),
        (GET, tool(GET, "Get a prompt", get, get_input(), None)),
    ]
}

/// The definition of a tool that changes nothing.
pub(super) fn read_definition(name: &str, title: &str, description: String, input_schema: Value) -> Definition {
    let (name, title, annotations) = (name.to_owned(), Some(title.to_owned()), Some(Annotations::READ_ONLY));
    Definition { name, title, description, input_schema, output_schema: None, annotations, meta: None }
}

fn search_input() -> Value {
    let described = |description| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "properties": {
            "query": described("Words to look for in names, titles, tags, descriptions and arguments."),
            "tag": described("A tag that the prompts must have."),
            "cursor": described("The `nextCursor` of the page before, with the same query and tag."),
        },
        "additionalProperties": false,
    })
}

fn search_output() -> Value {
    let text = || json!({ "type": "string" });
    let arguments = json!({ "type": "object", "description": "The JSON Schema of the prompt's arguments." });
    let prompt = json!({
        "type": "object",
        "properties": {
            "name": text(), "title": text(), "description": text(),
            "tags": { "type": "array", "items": text() }, "arguments": arguments,
        },
        "required": ["name", "arguments"],
    });
    json!({
        "type": "object",
        "properties": {
            "prompts": { "type": "array", "items": prompt },
            "total": { "type": "integer", "description": "How many prompts match in all." },
            "nextCursor": { "type": "string", "description": "Set if there are more." },
            "notSearched": { "type": "integer", "description": "How many prompts were not read in time; search again." },
        },
        "required": ["prompts", "total"],
    })
}

fn get_input() -> Value {
    let arguments = "The prompt's arguments by name, as JSON of their types.";
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "The prompt's name." },
            "arguments": { "type": "object", "description": arguments, "additionalProperties": true },
        },
        "required": ["name"],
        "additionalProperties": false,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: Option<String>,
    tag: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetArguments {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// A call that renders a prompt.
struct PromptCall<'c> {
    params: &'c CallToolParams,
    /// The prompt's name.
    prompt: &'c str,
    arguments: Map<String, Value>,
}

impl PromptCall<'_> {
    fn is_get(&self) -> bool {
        self.params.name == GET
    }

    /// How the model calls again.
    fn again(&self) -> String {
        match self.is_get() {
            true => format!("{GET} again with the name `{}` and with `arguments`", shortened(self.prompt)),
            false => format!("{} again with arguments", self.prompt),
        }
    }
}

/// Why a call has no result.
pub(super) enum Failure {
    /// A sentence for the model, which may call again.
    Message(String),
    /// An error for the client.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Error(e)
    }
}

impl From<ToolError> for Failure {
    fn from(e: ToolError) -> Self {
        match e {
            ToolError::Message(message) | ToolError::InvalidParams(message) => Self::Message(message),
            ToolError::MissingCapability(_) => unreachable!("these tools need no capability"),
        }
    }
}

impl From<GalleryError> for Failure {
    fn from(e: GalleryError) -> Self {
        let message = e.to_string();
        let e = Error::from(e);
        if e.is_invalid_params() { Self::Message(message) } else { Self::Error(e) }
    }
}

impl Call<'_> {
    /// Calls a tool that is not registered.
    pub(super) async fn call_prompt_tool(&self, params: &CallToolParams, record: &mut Record) -> Answer {
        let answered = match params.name.as_str() {
            SEARCH => self.search_prompts(params.arguments()?).await,
            // Boxed: the state of every other call would have room for it.
            OPEN if self.mcp.has_app => match Box::pin(self.open_gallery(params.arguments()?)).await {
                Ok(page) => self.answer_found(&page, None),
                Err(failure) => Err(failure),
            },
            GET => self.get_prompt_for_model(params, record).await,
            _ => self.call_tool_of_prompt(params, record).await,
        };
        match answered {
            Ok(answer) => Ok(answer),
            Err(Failure::Message(message)) => {
                record.tool_error = true;
                self.answer(&CallToolResult::failed(message))
            }
            Err(Failure::Error(e)) => Err(e),
        }
    }

    async fn search_prompts(&self, arguments: &str) -> Result<Response, Failure> {
        let SearchArguments { query, tag, cursor } = read_arguments(arguments)?;
        // Some models send an empty text for what they leave out.
        let (tag, cursor) = (tag.filter(|tag| !tag.trim().is_empty()), cursor.filter(|cursor| !cursor.is_empty()));
        let query = query.unwrap_or_default();
        let search = Search { query: &query, tag: tag.as_deref(), cursor: cursor.as_deref() };
        let page = self.mcp.gallery.search(search).await?;
        self.answer_found(&page, tag.as_deref())
    }

    /// The answer with found prompts, of this tag.
    fn answer_found(&self, page: &FoundPage, tag: Option<&str>) -> Result<Response, Failure> {
        let json = to_raw_value(page).map_err(|e| Error::internal(e.to_string()))?;
        let mut content = vec![Content::text(json.get())];
        content.extend(hint(page, tag).map(Content::text));
        if page.not_searched > 0 {
            let message = format!("{} prompts were not read in time; search again to find them.", page.not_searched);
            content.push(Content::text(message));
        }
        Ok(self.answer(&CallToolResult { content, structured_content: Some(json), is_error: false })?)
    }

    async fn get_prompt_for_model(&self, params: &CallToolParams, record: &mut Record) -> Result<Response, Failure> {
        let GetArguments { name, arguments } = read_arguments(params.arguments()?)?;
        record.name = Some(format!("{GET} {}", shortened(&name)));
        let call = PromptCall { params, prompt: &name, arguments: object(arguments)? };
        self.render_for_model(call, record).await
    }

    async fn call_tool_of_prompt(&self, params: &CallToolParams, record: &mut Record) -> Result<Response, Failure> {
        let arguments = read_arguments(params.arguments()?)?;
        self.render_for_model(PromptCall { params, prompt: &params.name, arguments }, record).await
    }

    /// Renders a prompt as the result of a tool, or asks for its arguments as `prompts/get` does.
    async fn render_for_model(&self, mut call: PromptCall<'_>, record: &mut Record) -> Result<Response, Failure> {
        let began = Instant::now();
        let PromptCall { params, prompt, .. } = call;
        let answers = self.answers(params.input_responses.as_ref(), params.request_state.as_deref())?;
        call.arguments.extend(answers.given.clone());
        let gallery = &self.mcp.gallery;
        let rendered = match call.is_get() {
            true => gallery.get(prompt, &call.arguments, self.claims).await,
            false => gallery.call(prompt, &call.arguments, self.claims).await,
        };
        let e = match rendered {
            Ok(rendered) => {
                record.prompt = Some(prompt.to_owned());
                return self.answer_rendered(rendered, prompt);
            }
            Err(e) => e,
        };
        if is_of_known_prompt(&e, prompt, gallery) {
            record.prompt = Some(prompt.to_owned());
        }
        match &e {
            GalleryError::UnknownPrompt { .. } if !call.is_get() => {
                Err(self.unknown_tool(prompt, time_left(began)).await.into())
            }
            GalleryError::NotATool { .. } => Err(Error::invalid_params(e.to_string()).into()),
            GalleryError::UnknownPrompt { .. } => Err(unknown_prompt(&e)),
            GalleryError::Arguments { form, .. } => match (answers.refusal, form) {
                (None, Some(form)) if self.shows(form) => {
                    // The prompt comes with the answers.
                    record.prompt = None;
                    Ok(self.ask(&elicitation::requests(form), answers.state(form)?)?)
                }
                (refusal, _) => Err(Failure::Message(self.explain(&e, refusal, &call, time_left(began)).await)),
            },
            _ => Err(e.into()),
        }
    }

    /// What is wrong with the arguments, and how to give them.
    async fn explain(
        &self,
        e: &GalleryError,
        refusal: Option<&str>,
        call: &PromptCall<'_>,
        within: Duration,
    ) -> String {
        let refused = refusal.map(|refusal| format!("{refusal}: ")).unwrap_or_default();
        let schema = timeout(within, self.mcp.gallery.prompt(call.prompt)).await.ok().and_then(Result::ok);
        let schema = schema.map(|prompt| prompt.arguments().input_schema().to_string());
        let how = match schema.filter(|schema| schema.len() <= MAX_SHOWN_SCHEMA_BYTES) {
            Some(schema) => format!("of this JSON Schema: {schema}"),
            None => format!("of the JSON Schema that {SEARCH} shows."),
        };
        format!("{refused}{} Call {} {how}", ended(e), call.again())
    }

    fn answer_rendered(&self, rendered: Rendered, prompt: &str) -> Result<Response, Failure> {
        if rendered.messages.is_empty() {
            return Err(Failure::Message(format!("The prompt `{prompt}` is empty for these arguments.")));
        }
        let (content, roles) = blocks(rendered.messages);
        let meta = Map::from_iter([(META_ROLES.to_owned(), json!(roles))]);
        let result = CallToolResult::<Value> { content, structured_content: None, is_error: false };
        Ok(sendable(prompt, self.answer_with_meta(meta, &result)?)?)
    }
}

/// The rest of the time in which a call that began then has its answer.
fn time_left(began: Instant) -> Duration {
    ANSWER_WITHIN.saturating_sub(began.elapsed())
}

/// An error as a sentence.
fn ended(e: &GalleryError) -> String {
    let message = e.to_string();
    if message.ends_with(['.', '?']) { message } else { message + "." }
}

/// What the model may do about an unknown prompt.
pub(super) fn unknown_prompt(e: &GalleryError) -> Failure {
    Failure::Message(format!("{} {SEARCH} finds prompts.", ended(e)))
}

/// What the model may do if a search finds nothing.
fn hint(page: &FoundPage, tag: Option<&str>) -> Option<String> {
    if let (Some(UnknownTag { nearest }), Some(tag)) = (&page.unknown_tag, tag) {
        let near = did_you_mean(nearest.as_deref());
        let end = if nearest.is_some() { "" } else { "." };
        return Some(format!("No prompt has the tag `{}`{near}{end}", shortened(tag)));
    }
    (page.total == 0).then(|| "No prompt matches. A search without words and tag lists all prompts.".to_owned())
}

/// The arguments of a prompt. Some models send an object as text.
fn object(arguments: Value) -> Result<Map<String, Value>, ToolError> {
    let parsed = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
    match parsed.unwrap_or(arguments) {
        Value::Object(arguments) => Ok(arguments),
        Value::Null => Ok(Map::new()),
        _ => {
            Err(ToolError::new("Invalid argument `arguments`: expected an object with the prompt's arguments by name."))
        }
    }
}

/// The content blocks of messages, and the role of each. If there are several roles, the text says them too, on a line of its
/// own: models see no `_meta`, and some clients join blocks without a line between. An argument cannot add such a line.
fn blocks(messages: Vec<PromptMessage>) -> (Vec<Content>, Vec<Role>) {
    let has_several = messages.windows(2).any(|pair| pair[0].role != pair[1].role);
    let (mut content, mut roles) = (Vec::new(), Vec::new());
    for PromptMessage { role, content: mut block } in messages {
        if let Content::Text { text } = &mut block
            && has_several
        {
            *text = with_escaped_labels(text);
        }
        let is_new = has_several && roles.last() != Some(&role);
        let before = if roles.is_empty() { "" } else { "\n" };
        let label = format!("{before}{}", if role == Role::User { USER_LABEL } else { ASSISTANT_LABEL });
        match block {
            Content::Text { text } if is_new => content.push(Content::text(format!("{label}\n{text}"))),
            block => {
                if is_new {
                    content.push(Content::text(label));
                    roles.push(role);
                }
                content.push(block);
            }
        }
        roles.push(role);
    }
    (content, roles)
}

/// The text with a backslash before each line that looks like the label of a role.
fn with_escaped_labels(text: &str) -> String {
    let is_label = |line: &str| matches!(line.trim(), USER_LABEL | ASSISTANT_LABEL);
    let escape = |line: &str| if is_label(line) { format!("\\{line}") } else { line.to_owned() };
    text.split_inclusive('\n').map(escape).collect()
}
