//! The Model Context Protocol: a pure function from headers and bytes to a reply.
//!
//! Two eras share one address. **Modern** (2026-07-28): every request says in `_meta` which version it speaks, and
//! mirrors method and name into headers. **Handshake** (2025-11-25, 2025-06-18, 2025-03-26): `initialize` agrees on a
//! version, which later requests name in a header. Neither needs a session here.

mod elicitation;
mod headers;
pub(crate) mod rpc;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use elicitation::Answers;
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::content::Content;
use crate::gallery::{Gallery, GalleryError};
use crate::tools::{ToolCall, ToolError, ToolReply, Tools};
use dotprompt::nearest;
use dotprompt::{bounds, shorten_to};
use rpc::{Error, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, Message, Request};

/// The revision without a handshake.
pub const MODERN: &str = "2026-07-28";
/// The revisions with `initialize`, newest first.
pub const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
const SUPPORTED: [&str; 4] = [MODERN, HANDSHAKE[0], HANDSHAKE[1], HANDSHAKE[2]];
/// What a request without the version header speaks: the last revision that had none.
const WITHOUT_HEADER: &str = "2025-03-26";

/// A header does not say what the body says.
const HEADER_MISMATCH: i32 = -32020;
/// The client lacks a capability that the request needs.
const MISSING_CLIENT_CAPABILITY: i32 = -32021;
/// This server does not speak that version.
const UNSUPPORTED_VERSION: i32 = -32022;

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

const INSTRUCTIONS: &str = "The prompts of a team: list them, fill in their arguments and use what they render to. \
    The tools calculate exactly on 64-bit integers.";

/// The methods that may stand in a log line as they are.
const METHODS: [&str; 10] = [
    "initialize",
    "ping",
    "server/discover",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
];

/// The server as MCP sees it.
pub struct Mcp {
    gallery: Arc<Gallery>,
    tools: Tools,
    /// `_meta` of every modern result.
    meta: Box<RawValue>,
    capabilities: Box<RawValue>,
    server_info: Box<RawValue>,
}

/// One POST.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's body.
    pub body: &'a [u8],
    /// Goes to the client with an internal error, and to the log.
    pub request_id: &'a str,
    /// What is known for certain of the caller, where someone has checked a token; never what a client says of itself.
    pub claims: Option<&'a Map<String, Value>>,
}

/// The answer to one POST.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// One JSON-RPC message, or nothing.
    pub body: Bytes,
    /// For the log.
    pub record: Record,
}

/// What the log says of a request. No argument, no text, no token.
#[derive(Debug, Default)]
pub struct Record {
    /// `notification` for all of those, `unknown` for a method that is not MCP's.
    pub method: Option<&'static str>,
    /// Of the prompt or tool, as far as there is one.
    pub name: Option<String>,
    /// The protocol version.
    pub version: Option<&'static str>,
    /// The trace id of `_meta.traceparent`.
    pub trace_id: Option<String>,
    /// The JSON-RPC code.
    pub error: Option<i32>,
    /// Whether a tool answered with `isError`.
    pub tool_error: bool,
    /// The cause of an internal error.
    pub cause: Option<String>,
}

/// How a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    Modern,
    Handshake,
}

/// What `params._meta` may say; other keys are the client's own.
#[derive(Deserialize, Default)]
#[serde(expecting = "`_meta` to be an object")]
struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow)]
    traceparent: Option<&'a RawValue>,
}

/// What is read of `params` before the method is: what the headers mirror.
#[derive(Deserialize, Default)]
struct Mirrored<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    uri: Option<&'a RawValue>,
}

/// What every result of the modern era has beside its own fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    result_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<&'static str>,
    #[serde(rename = "_meta")]
    meta: &'a RawValue,
}

/// One request on its way through the methods.
struct Call<'a> {
    mcp: &'a Mcp,
    headers: &'a HeaderMap,
    claims: Option<&'a Map<String, Value>>,
    request: &'a Request<'a>,
    era: Era,
    meta: Meta<'a>,
}

type Answer = Result<Vec<u8>, Error>;

impl Mcp {
    /// The protocol over a gallery and tools.
    #[must_use]
    pub fn new(gallery: Arc<Gallery>, tools: Tools) -> Self {
        let raw = |value: Value| to_raw_value(&value).expect("a JSON value serialises");
        let server_info =
            json!({ "name": "prompt-gallery", "title": "Prompt gallery", "version": env!("CARGO_PKG_VERSION") });
        let meta = raw(json!({ "io.modelcontextprotocol/serverInfo": server_info }));
        let capabilities = raw(json!({ "completions": {}, "prompts": {}, "tools": {} }));
        Self { gallery, tools, meta, capabilities, server_info: raw(server_info) }
    }

    /// Answers one POST, whatever its bytes are. Needs a Tokio runtime with time.
    pub async fn handle(&self, post: Post<'_>) -> Reply {
        let mut record = Record::default();
        let (id, answer) = match rpc::parse(post.body) {
            Ok(Message::Notification { method }) => {
                record.method = Some(if method.starts_with("notifications/") { "notification" } else { "unknown" });
                return Reply { status: StatusCode::ACCEPTED, body: Bytes::new(), record };
            }
            Ok(Message::Request(request)) => {
                // A panic is a bug, and one failed request: the next one is answered.
                let answer = AssertUnwindSafe(self.answer(post, &request, &mut record)).catch_unwind().await;
                let panicked = |_| Err(Error::new(INTERNAL_ERROR, "internal error").with_cause("panic"));
                (Some(request.id), answer.unwrap_or_else(panicked))
            }
            Err(e) => (None, Err(e)),
        };
        match answer {
            Ok(body) => Reply { status: StatusCode::OK, body: body.into(), record },
            Err(mut error) => {
                if error.code == INTERNAL_ERROR {
                    error.data = Some(json!({ "requestId": post.request_id }));
                }
                record.error = Some(error.code);
                record.cause = error.cause.take();
                Reply { status: error.status, body: rpc::failure(id, &error).into(), record }
            }
        }
    }

    async fn answer(&self, post: Post<'_>, request: &Request<'_>, record: &mut Record) -> Answer {
        let Post { headers, claims, .. } = post;
        record.method = Some(METHODS.iter().find(|known| **known == request.method).copied().unwrap_or("unknown"));
        let Mirrored { meta, name, uri } = mirrored(request)?;
        let meta = meta.unwrap_or_default();
        record.trace_id = meta.traceparent.and_then(trace_id);
        let (era, version) = negotiate(headers, request, &meta)?;
        record.version = Some(version);
        if era == Era::Modern {
            let name = match request.method.as_ref() {
                "tools/call" | "prompts/get" => name,
                "resources/read" => uri,
                _ => None,
            };
            headers::check_standard(headers, &request.method, name)?;
        }
        Call { mcp: self, headers, claims, request, era, meta }.dispatch(record).await
    }
}

fn mirrored<'a>(request: &Request<'a>) -> Result<Mirrored<'a>, Error> {
    let Some(params) = request.params else { return Ok(Mirrored::default()) };
    serde_json::from_str(params.get()).map_err(|e| {
        Error::new(INVALID_PARAMS, format!("params: {}", crate::json::plain(&e))).with_status(StatusCode::BAD_REQUEST)
    })
}

/// Which era and version a request speaks, and whether it says so as it should.
fn negotiate(headers: &HeaderMap, request: &Request<'_>, meta: &Meta<'_>) -> Result<(Era, &'static str), Error> {
    let bad_request = |code, message: String| Error::new(code, message).with_status(StatusCode::BAD_REQUEST);
    let header = headers::single(headers, headers::VERSION)?;
    if meta.version.is_none() && request.method == "initialize" {
        // The handshake agrees on the version; whatever a header says comes too early.
        return Ok((Era::Handshake, HANDSHAKE[0]));
    }
    let known = |version: &str| HANDSHAKE.iter().find(|known| **known == version).copied();
    let unsupported = |requested: &str| {
        let message = format!("unsupported protocol version, supported are {}", SUPPORTED.join(", "));
        bad_request(UNSUPPORTED_VERSION, message).with_data(json!({ "supported": SUPPORTED, "requested": requested }))
    };
    let missing = |key: &str| bad_request(INVALID_PARAMS, format!("params._meta[\"{key}\"] is missing or ill-typed"));
    let Some(version) = meta.version else {
        return match header {
            Some(MODERN) => Err(missing(META_VERSION)),
            Some(version) => known(version).map(|known| (Era::Handshake, known)).ok_or_else(|| unsupported(version)),
            None => Ok((Era::Handshake, WITHOUT_HEADER)),
        };
    };
    let version: String = serde_json::from_str(version.get()).map_err(|_| missing(META_VERSION))?;
    headers::must_match(headers::VERSION, header, &version)?;
    let has_capabilities = meta.capabilities.is_some_and(|raw| raw.get().starts_with('{'));
    match (version.as_str(), known(&version)) {
        (MODERN, _) if has_capabilities => Ok((Era::Modern, MODERN)),
        (MODERN, _) => Err(missing(META_CAPABILITIES)),
        (_, Some(version)) => Ok((Era::Handshake, version)),
        (_, None) => Err(unsupported(&version)),
    }
}

/// The trace id of a W3C `traceparent`: `00-TRACE_ID-PARENT_ID-FLAGS`.
fn trace_id(traceparent: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(traceparent.get()).ok()?;
    let id = text.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
}

impl Call<'_> {
    async fn dispatch(&self, record: &mut Record) -> Answer {
        match (self.request.method.as_ref(), self.era) {
            ("initialize", Era::Handshake) => self.initialize(record),
            ("ping", Era::Handshake) => self.answer(json!({})),
            ("server/discover", Era::Modern) => self.discover(),
            // Boxed, as they are large, and what they are part of is moved for every method.
            ("prompts/list", _) => Box::pin(self.list_prompts()).await,
            ("prompts/get", _) => Box::pin(self.get_prompt(record)).await,
            ("completion/complete", _) => Box::pin(self.complete(record)).await,
            ("tools/list", _) => self.list_tools(),
            ("tools/call", _) => self.call_tool(record).await,
            // Some clients ask without looking at the capabilities.
            ("resources/list", _) => self.answer_cacheable(json!({ "resources": [] })),
            ("resources/templates/list", _) => self.answer_cacheable(json!({ "resourceTemplates": [] })),
            (method, era) => Err(unknown_method(method, era)),
        }
    }

    fn initialize(&self, record: &mut Record) -> Answer {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            protocol_version: String,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Initialized<'a> {
            protocol_version: &'a str,
            capabilities: &'a RawValue,
            server_info: &'a RawValue,
            instructions: &'a str,
        }
        let params: Params = self.request.params()?;
        let requested = params.protocol_version.as_str();
        let version = HANDSHAKE.into_iter().find(|known| *known == requested).unwrap_or(HANDSHAKE[0]);
        record.version = Some(version);
        let Mcp { capabilities, server_info, .. } = self.mcp;
        self.answer(Initialized { protocol_version: version, capabilities, server_info, instructions: INSTRUCTIONS })
    }

    fn discover(&self) -> Answer {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Discovered<'a> {
            supported_versions: &'a [&'a str],
            capabilities: &'a RawValue,
            instructions: &'a str,
        }
        let capabilities = &self.mcp.capabilities;
        self.answer_cacheable(Discovered { supported_versions: &SUPPORTED, capabilities, instructions: INSTRUCTIONS })
    }

    async fn list_prompts(&self) -> Answer {
        #[derive(Deserialize)]
        struct Params {
            cursor: Option<String>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Listed<'a> {
            prompts: &'a RawValue,
            #[serde(skip_serializing_if = "Option::is_none")]
            next_cursor: Option<&'a str>,
        }
        let params: Params = self.request.params()?;
        let page = self.mcp.gallery.list(params.cursor.as_deref()).await?;
        let listed = Listed { prompts: &page.prompts, next_cursor: page.next_cursor.as_deref() };
        let size = page.prompts.get().len();
        self.envelope("complete", Some(self.ttl_ms()), size, |json| serde_json::to_writer(json, &listed))
    }

    async fn get_prompt(&self, record: &mut Record) -> Answer {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            name: String,
            arguments: Option<Map<String, Value>>,
            input_responses: Option<Map<String, Value>>,
            request_state: Option<String>,
        }
        let params: Params = self.request.params()?;
        record.name = Some(loggable(&params.name));
        let answers = match self.era {
            Era::Modern => Answers::read(params.input_responses.as_ref(), params.request_state.as_deref())?,
            Era::Handshake => Answers::default(),
        };
        let mut arguments = params.arguments.unwrap_or_default();
        arguments.extend(answers.given.clone());
        let e = match self.mcp.gallery.get(&params.name, &arguments, self.claims).await {
            Ok(rendered) => {
                let answer = self.envelope("complete", None, rendered.size(), |json| rendered.write(json))?;
                if answer.len() > bounds::ANSWER {
                    return Err(GalleryError::TooLong { name: params.name, size: answer.len() as u64 }.into());
                }
                return Ok(answer);
            }
            Err(e) => e,
        };
        let GalleryError::Arguments { form: Some(form), .. } = &e else { return Err(e.into()) };
        if let Some(refusal) = answers.refusal {
            return Err(Error::new(INVALID_PARAMS, format!("the form was {refusal}: {e}")));
        }
        if self.era == Era::Handshake || !elicitation::takes_forms(&self.client_capabilities()) {
            return Err(e.into());
        }
        self.ask(&elicitation::requests(form), answers.state(form)?)
    }

    async fn complete(&self, record: &mut Record) -> Answer {
        #[derive(Deserialize)]
        struct Params {
            #[serde(rename = "ref")]
            reference: Reference,
            argument: Argument,
        }
        #[derive(Deserialize)]
        #[serde(tag = "type")]
        enum Reference {
            #[serde(rename = "ref/prompt")]
            Prompt { name: String },
            #[serde(rename = "ref/resource")]
            Resource {},
        }
        #[derive(Deserialize)]
        struct Argument {
            name: String,
            value: String,
        }
        let Params { reference, argument } = self.request.params()?;
        let Reference::Prompt { name } = reference else {
            return Err(Error::new(INVALID_PARAMS, "there are no resources here: `ref` takes a `ref/prompt`"));
        };
        record.name = Some(loggable(&name));
        let found = self.mcp.gallery.complete(&name, &argument.name, &argument.value).await?;
        let has_more = found.total > found.values.len();
        self.answer(json!({
            "completion": { "values": found.values, "total": found.total, "hasMore": has_more }
        }))
    }

    fn list_tools(&self) -> Answer {
        #[derive(Deserialize)]
        struct Params {
            cursor: Option<String>,
        }
        #[derive(Serialize)]
        struct Listed<'a> {
            tools: &'a RawValue,
        }
        let params: Params = self.request.params()?;
        if params.cursor.is_some() {
            return Err(GalleryError::InvalidCursor.into());
        }
        self.answer_cacheable(Listed { tools: &self.mcp.tools.listed })
    }

    async fn call_tool(&self, record: &mut Record) -> Answer {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            name: String,
            arguments: Option<Box<RawValue>>,
            input_responses: Option<Map<String, Value>>,
            request_state: Option<String>,
        }
        let params: Params = self.request.params()?;
        record.name = Some(loggable(&params.name));
        let Some(tool) = self.mcp.tools.find(&params.name) else {
            let near = nearest(&params.name, self.mcp.tools.names());
            let near = near.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default();
            return Err(Error::new(INVALID_PARAMS, format!("unknown tool `{}`{near}", loggable(&params.name))));
        };
        let arguments = match params.arguments {
            Some(arguments) if arguments.get().starts_with('{') => arguments,
            Some(_) => return Err(Error::new(INVALID_PARAMS, "params.arguments: must be an object")),
            None => empty_object(),
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
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Result {
            content: Vec<Content>,
            #[serde(skip_serializing_if = "Option::is_none")]
            structured_content: Option<Value>,
            is_error: bool,
        }
        let failed = |message: String| Result {
            content: vec![Content::text(message)],
            structured_content: None,
            is_error: true,
        };
        match reply {
            Ok(ToolReply::Complete { content, structured }) => {
                self.answer(Result { content, structured_content: structured, is_error: false })
            }
            Ok(ToolReply::InputRequired { requests, state }) if self.era == Era::Modern => self.ask(&requests, state),
            Ok(ToolReply::InputRequired { .. }) => {
                self.answer(failed(format!("This tool asks for more input, which takes a client of MCP {MODERN}.")))
            }
            Err(ToolError::Message(message)) => self.answer(failed(message)),
            Err(ToolError::InvalidParams(message)) => Err(Error::new(INVALID_PARAMS, message)),
            Err(ToolError::MissingCapability(_)) if self.era == Era::Handshake => {
                // Capabilities were told at the handshake, of which nothing is kept.
                self.answer(failed(format!("This tool needs a client of MCP {MODERN}.")))
            }
            Err(ToolError::MissingCapability(required)) => {
                let message = "the client lacks a capability that this tool needs";
                Err(Error::new(MISSING_CLIENT_CAPABILITY, message)
                    .with_status(StatusCode::BAD_REQUEST)
                    .with_data(json!({ "requiredCapabilities": required })))
            }
        }
    }

    /// What the client says it can do.
    fn client_capabilities(&self) -> Map<String, Value> {
        let capabilities = self.meta.capabilities.and_then(|raw| serde_json::from_str(raw.get()).ok());
        capabilities.unwrap_or_default()
    }

    /// Has the client answer `requests` before it asks again.
    fn ask(&self, requests: &Map<String, Value>, state: Option<String>) -> Answer {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Result<'a> {
            input_requests: &'a Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            request_state: Option<String>,
        }
        let result = Result { input_requests: requests, request_state: state };
        self.envelope("input_required", None, 0, |json| serde_json::to_writer(json, &result))
    }

    fn answer<T: Serialize>(&self, result: T) -> Answer {
        self.envelope("complete", None, 0, |json| serde_json::to_writer(json, &result))
    }

    fn answer_cacheable<T: Serialize>(&self, result: T) -> Answer {
        self.envelope("complete", Some(self.ttl_ms()), 0, |json| serde_json::to_writer(json, &result))
    }

    fn ttl_ms(&self) -> u64 {
        self.mcp.gallery.ttl().as_millis().try_into().unwrap_or(u64::MAX)
    }

    /// The answer whose result `write` writes as an object, of which `size` bytes are known to come.
    fn envelope(
        &self,
        result_type: &'static str,
        ttl_ms: Option<u64>,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) -> Answer {
        let answer = rpc::answer(self.request.id, size, |json| {
            if self.era == Era::Handshake {
                return write(json);
            }
            // The same for everyone with a token, and for no one else.
            let cache_scope = ttl_ms.map(|_| "private");
            let envelope = Envelope { result_type, ttl_ms, cache_scope, meta: &self.mcp.meta };
            serde_json::to_writer(&mut *json, &envelope)?;
            // One object of the two.
            json.pop();
            let result = json.len();
            write(json)?;
            debug_assert_eq!(json[result], b'{', "a result is an object");
            match &json[result..] {
                b"{}" => drop(json.remove(result)),
                _ => json[result] = b',',
            }
            Ok(())
        });
        answer.map_err(|e| Error::new(INTERNAL_ERROR, "internal error").with_cause(e.to_string()))
    }
}

fn unknown_method(method: &str, era: Era) -> Error {
    let hint = match (method, era) {
        ("server/discover", Era::Handshake) => format!(" without the `_meta` of {MODERN}"),
        ("initialize" | "ping", Era::Modern) => format!(" in {MODERN}, which has no handshake"),
        _ => String::new(),
    };
    let error = Error::new(METHOD_NOT_FOUND, format!("method not found: {}{hint}", loggable(method)));
    match era {
        Era::Modern => error.with_status(StatusCode::NOT_FOUND),
        Era::Handshake => error,
    }
}

fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("`{}` is JSON")
}

/// A name from outside, short enough for a log line and an error.
fn loggable(name: &str) -> String {
    shorten_to(100, name)
}

/// The one map from the gallery's errors to codes.
impl From<GalleryError> for Error {
    fn from(e: GalleryError) -> Self {
        match e {
            GalleryError::UnknownPrompt { .. }
            | GalleryError::UnknownArgument(_)
            | GalleryError::Arguments { .. }
            | GalleryError::Media { .. }
            | GalleryError::InvalidCursor => Self::new(INVALID_PARAMS, e.to_string()),
            GalleryError::Broken { .. } | GalleryError::Changing { .. } => Self::new(INTERNAL_ERROR, e.to_string()),
            GalleryError::Unreadable { ref cause, .. } => {
                Self::new(INTERNAL_ERROR, e.to_string()).with_cause(cause.to_string())
            }
            GalleryError::Failed { .. } | GalleryError::TooLong { .. } => {
                Self::new(INTERNAL_ERROR, e.to_string()).with_cause(e.to_string())
            }
            GalleryError::Store(ref cause) => Self::new(INTERNAL_ERROR, e.to_string()).with_cause(cause.to_string()),
        }
    }
}
