//! `tools/list`, `tools/call`.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::app::{self, OPEN};
use super::connection::Transport;
use super::error::{Error, ErrorKind, note_failure};
use super::version::{Era, MODERN};
use super::{Answer, Call, Mcp, Record, headers};
use crate::limits::TOOL_LIST_TIMEOUT;
use crate::tools::{Progress, ToolCall, ToolError, ToolReply};
use dotprompt::nearest;
use gallery::{
    AllPrompts, Content, GalleryError, List, MAX_PAGE_BYTES, PromptTool, did_you_mean, escaped_len, shortened,
};
use store::StoreError;

#[derive(Deserialize)]
struct ListToolsParams {
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListToolsResult<'a> {
    tools: &'a [&'a RawValue],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallToolParams {
    pub(super) name: String,
    arguments: Option<Box<RawValue>>,
    pub(super) input_responses: Option<Map<String, Value>>,
    pub(super) request_state: Option<String>,
}

impl CallToolParams {
    /// The arguments, a JSON object.
    ///
    /// # Errors
    /// Arguments that are not an object.
    pub(super) fn arguments(&self) -> Result<&str, Error> {
        match &self.arguments {
            Some(arguments) if arguments.get().starts_with('{') => Ok(arguments.get()),
            Some(_) => Err(Error::invalid_params("params.arguments: must be an object")),
            None => Ok("{}"),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallToolResult<T = Value> {
    pub(super) content: Vec<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) structured_content: Option<T>,
    pub(super) is_error: bool,
}

impl CallToolResult {
    pub(super) fn failed(message: String) -> Self {
        Self { content: vec![Content::text(message)], structured_content: None, is_error: true }
    }
}

impl Mcp {
    /// The tools of prompts in `tools/list` as a number, 0 if there are none; `None` while not all prompts can be read.
    pub async fn prompt_tools_hash(&self) -> Option<u64> {
        if !self.has_prompt_tools {
            return Some(0);
        }
        let prompts = self.gallery.all_prompts().await.ok()?;
        (prompts.unread == 0).then(|| self.hash_of_offered(&prompts))
    }

    /// The same as of the last time that all prompts were read, if they were.
    #[must_use]
    pub fn last_prompt_tools_hash(&self) -> Option<u64> {
        if !self.has_prompt_tools {
            return Some(0);
        }
        self.gallery.last_prompts().map(|prompts| self.hash_of_offered(&prompts))
    }

    fn hash_of_offered(&self, prompts: &AllPrompts) -> u64 {
        let mut offered = self.offered(prompts).peekable();
        if offered.peek().is_none() {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        offered.for_each(|tool| hasher.write(tool.definition.get().as_bytes()));
        hasher.finish()
    }

    /// The prompts that are tools, without those whose names are taken.
    fn offered<'p>(&self, prompts: &'p AllPrompts) -> impl Iterator<Item = &'p PromptTool> {
        prompts.tools.iter().filter(|tool| !self.is_taken(&tool.name))
    }

    /// Whether a prompt cannot be a tool of this name.
    fn is_taken(&self, name: &str) -> bool {
        self.tools.find(name).is_some() || check::PROMPT_TOOLS.contains(&name)
    }
}

impl Call<'_> {
    pub(super) async fn list_tools(&self, record: &mut Record) -> Answer {
        let params: ListToolsParams = self.params()?;
        let after = params.cursor.as_deref().map(|cursor| List::Tools.last(cursor)).transpose()?;
        let Mcp { tools: registered, has_prompt_tools, search_and_get, .. } = self.mcp;
        let mut tools: Vec<&RawValue> = Vec::new();
        if after.is_none() {
            tools.extend(registered.definitions.iter().map(|definition| &**definition));
        }
        if !has_prompt_tools {
            return self.answer_tools(&tools, None);
        }
        if after.is_none() {
            let is_free = |(name, _): &&(&str, Box<RawValue>)| registered.find(name).is_none();
            tools.extend(search_and_get.iter().filter(is_free).map(|(_, definition)| &**definition));
            let has_app = self.mcp.has_app && registered.find(OPEN).is_none();
            tools.extend(has_app.then(|| &**app::DEFINITION));
        }
        let prompts = match self.prompts_for_tools(TOOL_LIST_TIMEOUT).await {
            Ok(prompts) => prompts,
            Err(e) => {
                note_failure(record, e);
                // The client is to ask again.
                return self.answer_page(&ListToolsResult { tools: &tools, next_cursor: None }, 0, true);
            }
        };
        let taken = prompts.tools.iter().filter(|tool| self.mcp.is_taken(&tool.name));
        prompts.not_offered.call_once(|| {
            for PromptTool { name, .. } in taken {
                tracing::warn!(prompt.name = name, "not offered as a tool: another tool has this name");
            }
        });
        let next = fill_page(&mut tools, self.mcp.offered(&prompts), after.as_deref());
        if prompts.unread > 0 {
            // The client is to ask again.
            return self.answer_page(&ListToolsResult { tools: &tools, next_cursor: next }, 0, true);
        }
        self.answer_tools(&tools, next)
    }

    fn answer_tools(&self, tools: &[&RawValue], next_cursor: Option<String>) -> Answer {
        let size: usize = tools.iter().map(|tool| tool.get().len() + 1).sum();
        self.answer_cacheable(&ListToolsResult { tools, next_cursor }, size)
    }

    /// All prompts, for their tools.
    async fn prompts_for_tools(&self, within: Duration) -> Result<Arc<AllPrompts>, GalleryError> {
        let within = within.min(TOOL_LIST_TIMEOUT);
        let late = |_| Err(StoreError::Unavailable(format!("no answer in {within:?}")).into());
        tokio::time::timeout(within, self.mcp.gallery.all_prompts()).await.unwrap_or_else(late)
    }

    /// The error of a tool that does not exist.
    pub(super) async fn unknown_tool(&self, name: &str, within: Duration) -> Error {
        let of_prompts = if self.mcp.has_prompt_tools { self.prompts_for_tools(within).await.ok() } else { None };
        let of_prompts = of_prompts.as_deref().map(|prompts| prompts.tools.as_slice()).unwrap_or_default();
        let is_offered = |name: &&str| self.mcp.has_prompt_tools && (*name != OPEN || self.mcp.has_app);
        let own = check::PROMPT_TOOLS.into_iter().filter(is_offered);
        let names = self.mcp.tools.names().chain(own).chain(of_prompts.iter().map(|tool| tool.name.as_str()));
        let near = did_you_mean(nearest(name, names));
        Error::invalid_params(format!("unknown tool `{}`{near}", shortened(name)))
    }

    pub(super) async fn call_tool(&self, record: &mut Record) -> Answer {
        let params: CallToolParams = self.params()?;
        record.name = Some(shortened(&params.name));
        let Some(tool) = self.mcp.tools.find(&params.name) else {
            return match self.mcp.has_prompt_tools {
                true => self.call_prompt_tool(&params, record).await,
                false => Err(self.unknown_tool(&params.name, TOOL_LIST_TIMEOUT).await),
            };
        };
        params.arguments()?;
        let empty = || RawValue::from_string("{}".to_owned()).expect("`{}` is JSON");
        let arguments = params.arguments.unwrap_or_else(empty);
        if let (Era::Modern, Transport::Http(headers)) = (self.era, self.transport)
            && !tool.header_params.is_empty()
        {
            headers::check_params(headers, &tool.header_params, &arguments)?;
        }
        let progress = self.progress.zip(self.meta.progress_token());
        let reply = tool.run(ToolCall {
            arguments,
            client_capabilities: self.client_capabilities(),
            input_responses: params.input_responses.unwrap_or_default(),
            request_state: params.request_state,
            progress: progress.map(|(client, token)| Progress::new(token, client)).unwrap_or_default(),
        });
        let reply = reply.await;
        record.tool_error = matches!(reply, Err(ToolError::Message(_)));
        self.answer_tool(reply)
    }

    fn answer_tool(&self, reply: Result<ToolReply, ToolError>) -> Answer {
        let failed = |message: String| self.answer(&CallToolResult::failed(message));
        match reply {
            Ok(ToolReply::Complete { content, structured }) => {
                self.answer(&CallToolResult { content, structured_content: structured, is_error: false })
            }
            Ok(ToolReply::InputRequired { requests, state }) if self.is_interactive() => self.ask(&requests, state),
            Ok(ToolReply::InputRequired { .. }) => {
                failed(format!("This tool asks for more input, which needs a client of MCP {MODERN}."))
            }
            Err(ToolError::Message(message)) => failed(message),
            Err(ToolError::InvalidParams(message)) => Err(Error::invalid_params(message)),
            Err(ToolError::MissingCapability(_))
                if self.transport.session().is_some() && self.era == Era::Handshake =>
            {
                failed("This tool needs a capability that the client does not have.".to_owned())
            }
            // Over HTTP the client sent its capabilities in the handshake, and this server stores nothing.
            Err(ToolError::MissingCapability(_)) if self.era == Era::Handshake => {
                failed(format!("This tool needs a client of MCP {MODERN}."))
            }
            Err(ToolError::MissingCapability(required)) => {
                let message = "the client lacks a capability that this tool needs";
                let data = json!({ "requiredCapabilities": required });
                Err(Error::new(ErrorKind::MissingCapability, message).with_data(data))
            }
        }
    }
}

/// Adds the tools of prompts after `after`, as many as fit one page. Returns the cursor of the next page.
fn fill_page<'t>(
    page: &mut Vec<&'t RawValue>,
    tools: impl Iterator<Item = &'t PromptTool>,
    after: Option<&str>,
) -> Option<String> {
    let mut bytes: usize = page.iter().map(|tool| escaped_len(tool.get().as_bytes()) + 1).sum();
    let mut last: Option<&PromptTool> = None;
    for tool in tools.filter(|tool| after.is_none_or(|after| tool.name.as_str() > after)) {
        bytes += escaped_len(tool.definition.get().as_bytes()) + 1;
        if bytes > MAX_PAGE_BYTES
            && let Some(last) = last
        {
            return Some(List::Tools.cursor(&last.name));
        }
        page.push(&tool.definition);
        last = Some(tool);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_tools_as_fit_an_answer() {
        let raw = |json: String| RawValue::from_string(json).expect("JSON");
        let definition = |size: usize| raw(format!("\"{}\"", "x".repeat(size)));
        let tools: Vec<_> = (0..40)
            .map(|number| PromptTool { name: format!("p-{number:02}"), definition: definition(225_000) })
            .collect();
        let own = definition(1000);
        let (mut page, mut names, mut pages, mut cursor) = (vec![&*own], Vec::new(), 0, None);
        loop {
            let after: Option<String> = cursor.as_deref().map(|cursor| List::Tools.last(cursor).expect("a cursor"));
            let own_tools = page.len();
            cursor = fill_page(&mut page, tools.iter(), after.as_deref());
            assert!(page.iter().map(|tool| escaped_len(tool.get().as_bytes())).sum::<usize>() <= MAX_PAGE_BYTES);
            let new = page.len() - own_tools;
            names.extend(tools[names.len()..names.len() + new].iter().map(|tool| tool.name.clone()));
            (page, pages) = (Vec::new(), pages + 1);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((names.len(), pages), (40, 3));
        // A tool that is larger than a page is a page.
        let large = [PromptTool { name: "a".to_owned(), definition: definition(MAX_PAGE_BYTES) }];
        let mut page = Vec::new();
        assert_eq!((fill_page(&mut page, large.iter(), None), page.len()), (None, 1));
    }
}
