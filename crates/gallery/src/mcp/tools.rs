//! `tools/list`, `tools/call`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::error::{Error, ErrorKind};
use super::version::{Era, MODERN};
use super::{Answer, Call, Record, headers, shortened};
use crate::content::Content;
use crate::gallery::{GalleryError, did_you_mean};
use crate::tools::{ToolCall, ToolError, ToolReply};
use dotprompt::nearest;

#[derive(Deserialize)]
struct ListToolsParams {
    cursor: Option<String>,
}

#[derive(Serialize)]
struct ListToolsResult<'a> {
    tools: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallToolParams {
    name: String,
    arguments: Option<Box<RawValue>>,
    input_responses: Option<Map<String, Value>>,
    request_state: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallToolResult {
    content: Vec<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Value>,
    is_error: bool,
}

impl CallToolResult {
    fn failed(message: String) -> Self {
        Self { content: vec![Content::text(message)], structured_content: None, is_error: true }
    }
}

impl Call<'_> {
    pub(super) fn list_tools(&self) -> Answer {
        let params: ListToolsParams = self.params()?;
        if params.cursor.is_some() {
            return Err(GalleryError::InvalidCursor.into());
        }
        self.answer_cacheable(
            &ListToolsResult { tools: &self.mcp.tools.definitions },
            self.mcp.tools.definitions.get().len(),
        )
    }

    pub(super) async fn call_tool(&self, record: &mut Record) -> Answer {
        let params: CallToolParams = self.params()?;
        record.name = Some(shortened(&params.name));
        let Some(tool) = self.mcp.tools.find(&params.name) else {
            let near = did_you_mean(nearest(&params.name, self.mcp.tools.names()));
            return Err(Error::invalid_params(format!("unknown tool `{}`{near}", shortened(&params.name))));
        };
        let arguments = match params.arguments {
            Some(arguments) if arguments.get().starts_with('{') => arguments,
            Some(_) => return Err(Error::invalid_params("params.arguments: must be an object")),
            None => RawValue::from_string("{}".to_owned()).expect("`{}` is JSON"),
        };
        if self.era == Era::Modern && !tool.header_params.is_empty() {
            headers::check_params(self.headers, &tool.header_params, &arguments)?;
        }
        let reply = tool.run(ToolCall {
            arguments,
            client_capabilities: self.client_capabilities(),
            input_responses: params.input_responses.unwrap_or_default(),
            request_state: params.request_state,
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
            Ok(ToolReply::InputRequired { requests, state }) if self.era == Era::Modern => self.ask(&requests, state),
            Ok(ToolReply::InputRequired { .. }) => {
                failed(format!("This tool asks for more input, which needs a client of MCP {MODERN}."))
            }
            Err(ToolError::Message(message)) => failed(message),
            Err(ToolError::InvalidParams(message)) => Err(Error::invalid_params(message)),
            // The client sent its capabilities in the handshake, and this server stores nothing.
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
