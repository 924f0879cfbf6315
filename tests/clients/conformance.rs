//! The tools that the official MCP conformance suite expects of a server, registered through the public API.
//!
//! `tests/clients/run` runs the suite against it. `tests/clients/serve-conformance 127.0.0.1:8080` starts it by hand, at
//! <http://127.0.0.1:8080/mcp>.

use std::fs;
use std::future::ready;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prompt_gallery::{Annotations, Content, Resource, Server, Tool, ToolCall, ToolError, ToolReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    let name = || elicitation("What is your name?", "name", "string");
    let confirmation = || elicitation("Please confirm", "ok", "boolean");
    let roots = || json!({ "method": "roots/list", "params": {} });
    let capital = || sampling("What is the capital of France?", 100);
    Server::without_tools()
        .tool(fixed("test_simple_text", [Content::text("This is a simple text response for testing.")]))
        .tool(fixed("test_image_content", [image()]))
        .tool(fixed("test_audio_content", [audio()]))
        .tool(fixed(
            "test_embedded_resource",
            [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
        ))
        .tool(fixed(
            "test_multiple_content_types",
            [
                Content::text("Multiple content types test:"),
                image(),
                resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
            ],
        ))
        .tool(fixed("test_logging_tool", [Content::text("Nothing was logged.")]))
        .tool(Tool::with_reply("test_tool_with_progress", "Says how far it is.", no_arguments(), with_progress))
        .tool(changing("test_trigger_prompt_change", "test_changed_prompt.prompt", CHANGED))
        .tool(changing("test_trigger_tool_change", "test_changed_tool.prompt", CHANGED_TOOL))
        .tool(Tool::new("test_error_handling", "Always fails.", fail))
        .tool(Tool::new("test_x_mcp_header", "Says back what a header says too.", echo).annotations(Annotations::PURE))
        .tool(Tool::with_reply("json_schema_2020_12_tool", "Has a rich schema.", contact(), |_| {
            ready(Ok(complete([Content::text("A fine contact.")])))
        }))
        .tool(asking("test_missing_capability", vec![vec![("capital_question", capital())]]))
        .tool(asking("test_streaming_elicitation", vec![vec![("user_name", name())]]))
        .tool(asking("test_input_required_result_elicitation", vec![vec![("user_name", name())]]))
        .tool(asking("test_input_required_result_sampling", vec![vec![("capital_question", capital())]]))
        .tool(asking("test_input_required_result_list_roots", vec![vec![("client_roots", roots())]]))
        .tool(asking("test_input_required_result_request_state", vec![vec![("confirm", confirmation())]]))
        .tool(asking("test_input_required_result_tampered_state", vec![vec![("confirm", confirmation())]]))
        .tool(asking("test_input_required_result_capabilities", vec![vec![("name", name()), ("capital", capital())]]))
        .tool(asking(
            "test_input_required_result_multiple_inputs",
            vec![vec![
                ("user_name", name()),
                ("greeting", sampling("Generate a greeting", 50)),
                ("client_roots", roots()),
            ]],
        ))
        .tool(asking(
            "test_input_required_result_multi_round",
            vec![
                vec![("step1", elicitation("Step 1: What is your name?", "name", "string"))],
                vec![("step2", elicitation("Step 2: What is your favorite color?", "color", "string"))],
            ],
        ))
        .resource(Resource::new("test://static-text", "Static text", "text/plain", "This is a static text."))
        .resource(Resource::new(
            "test://static-binary",
            "Static picture",
            "image/png",
            STANDARD.decode(PIXEL).expect("a picture"),
        ))
        .resource(Resource::template("test://template/{id}/data", "Data", "application/json", |variables| {
            ready(Some(json!({ "id": variables["id"] }).to_string()))
        }))
        .run()
}

// Tools from types.

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Deserialize, JsonSchema)]
struct Said {
    /// Sent in the header `Mcp-Param-Value` too.
    #[schemars(extend("x-mcp-header" = "Value"))]
    value: String,
}

#[derive(Serialize, JsonSchema)]
struct Echo {
    value: String,
}

async fn echo(Said { value }: Said) -> Result<Echo, ToolError> {
    Ok(Echo { value })
}

async fn fail(_: Nothing) -> Result<Echo, ToolError> {
    Err(ToolError::new("This tool intentionally returns an error for testing"))
}

// Tools that write their content themselves.

fn no_arguments() -> Value {
    json!({ "type": "object", "additionalProperties": false })
}

fn complete(content: impl Into<Vec<Content>>) -> ToolReply {
    ToolReply::Complete { content: content.into(), structured: None }
}

/// A tool that always answers the same.
fn fixed<const N: usize>(name: &str, content: [Content; N]) -> Tool {
    Tool::with_reply(name, "Always answers the same.", no_arguments(), move |_| ready(Ok(complete(content.clone()))))
}

/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

fn image() -> Content {
    Content::Image { data: PIXEL.to_owned(), mime_type: "image/png".to_owned() }
}

/// A recording of no length.
fn audio() -> Content {
    let data = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
    Content::Audio { data: data.to_owned(), mime_type: "audio/wav".to_owned() }
}

async fn with_progress(call: ToolCall) -> Result<ToolReply, ToolError> {
    for percent in [0.0, 50.0, 100.0] {
        call.progress.report(percent, Some(100.0), "Working");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(complete([Content::text("Worked.")]))
}

/// A prompt that comes and goes, and one that is a tool.
const CHANGED: &str = "---\ndescription: Comes and goes.\n---\nChanged.";
const CHANGED_TOOL: &str = "---\ndescription: Comes and goes.\ntool: true\n---\nChanged.";

/// A tool that adds a file to the folder of `--dir`, or removes it.
fn changing(name: &str, file: &'static str, text: &'static str) -> Tool {
    let change = move || {
        let dir = std::env::args().skip_while(|argument| argument != "--dir").nth(1).ok_or("no --dir")?;
        let path = Path::new(&dir).join(file);
        if path.exists() { fs::remove_file(path) } else { fs::write(path, text) }.map_err(|e| e.to_string())
    };
    Tool::with_reply(name, "Changes a list.", no_arguments(), move |_| {
        let changed: Result<(), String> = change();
        ready(changed.map(|()| complete([Content::text("Changed.")])).map_err(ToolError::new))
    })
}

fn resource(uri: &str, mime_type: &str, text: &str) -> Content {
    Content::Resource { resource: json!({ "uri": uri, "mimeType": mime_type, "text": text }) }
}

fn contact() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

// Tools that ask back.

/// Requests to the client, by keys of the tool's choice.
type Round = Vec<(&'static str, Value)>;

fn elicitation(message: &str, name: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { name: { "type": kind } }, "required": [name] });
    json!({ "method": "elicitation/create", "params": { "message": message, "requestedSchema": schema } })
}

fn sampling(text: &str, max_tokens: u32) -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": max_tokens } })
}

/// A tool that asks in rounds, as far as the client is able to answer, until nothing is open.
fn asking(name: &'static str, rounds: Vec<Round>) -> Tool {
    Tool::with_reply(name, "Asks the client.", no_arguments(), move |call| ready(ask(name, &rounds, &call)))
}

/// The server keeps nothing between two calls: the answers so far travel in the request state.
fn ask(tool: &str, rounds: &[Round], call: &ToolCall) -> Result<ToolReply, ToolError> {
    let responses = &call.input_responses;
    if responses.values().any(|response| matches!(response["action"].as_str(), Some("decline" | "cancel"))) {
        return Err(ToolError::new("The user does not want to answer."));
    }
    let mut answers = call.request_state.as_deref().map_or_else(|| Ok(Map::new()), |state| unseal(tool, state))?;
    for round in rounds {
        let able = |request: &Value| call.client_capabilities.contains_key(capability(request));
        let requests: Vec<_> = round.iter().filter(|(_, request)| able(request)).collect();
        if requests.is_empty() {
            let required: Map<_, _> = round.iter().map(|(_, r)| (capability(r).to_owned(), json!({}))).collect();
            return Err(ToolError::MissingCapability(required.into()));
        }
        let mut open = Map::new();
        for (key, request) in requests {
            if let Some(answer) = responses.get(*key).filter(|response| is_answer(request, response)) {
                answers.insert((*key).to_owned(), answer.clone());
            } else if !answers.contains_key(*key) {
                open.insert((*key).to_owned(), request.clone());
            }
        }
        if !open.is_empty() {
            let state = seal(tool, &Value::from(answers).to_string());
            return Ok(ToolReply::InputRequired { requests: open, state: Some(state) });
        }
    }
    Ok(complete([Content::text(format!("Thank you: {}", Value::from(answers)))]))
}

/// `sampling` of `sampling/createMessage`.
fn capability(request: &Value) -> &str {
    request["method"].as_str().and_then(|method| method.split('/').next()).unwrap_or_default()
}

fn is_answer(request: &Value, response: &Value) -> bool {
    match capability(request) {
        "elicitation" => response["action"] == "accept" && response["content"].is_object(),
        "sampling" => response["role"] == "assistant" && !response["content"].is_null(),
        _ => response["roots"].is_array(),
    }
}

/// A key of this process, enough for a test. A server of many processes shares one secret and uses HMAC.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Seals a state, so that only this tool could have written it.
fn seal(tool: &str, state: &str) -> String {
    format!("{state}.{:016x}", KEY.hash_one((tool, state)))
}

fn unseal(tool: &str, sealed: &str) -> Result<Map<String, Value>, ToolError> {
    let state = sealed.rsplit_once('.').map(|(state, _)| state).filter(|state| seal(tool, state) == sealed);
    state
        .and_then(|state| serde_json::from_str(state).ok())
        .ok_or_else(|| ToolError::InvalidParams("params.requestState: not a state that this tool gave out".to_owned()))
}
