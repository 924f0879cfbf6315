//! The Model Context Protocol: a message and what its transport adds in, a reply out ([`Mcp::handle`],
//! [`Mcp::handle_stdio`]). An answer may wait for the store of the gallery, or for a tool.
//!
//! Two eras share one address. **Modern** (2026-07-28): every request says in `_meta` which version it speaks, and
//! mirrors method and name into headers. **Handshake** (2025-11-25, 2025-06-18, 2025-03-26): `initialize` agrees on a
//! version, which later requests name in a header. Neither needs a session over HTTP. stdio has no headers: there the session of
//! a handshake comes with each message.

mod app;
mod client;
mod connection;
mod dimensions;
mod elicitation;
mod error;
mod headers;
mod listen;
mod meta;
mod method;
mod post;
mod prompt_tools;
mod prompts;
mod resources;
mod rpc;
mod skills;
mod tools;
mod trace;
mod version;

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
pub use client::{Client, ClientInfo};
use connection::Transport;
pub use connection::{Effect, InputRequests, Session, StdioMessage, Subscription};
use dimensions::PromptDimensions;
pub use error::INTERNAL_ERROR;
use error::{Error, ErrorKind};
use futures_util::FutureExt;
use http::StatusCode;
pub use listen::{ChangingList, ListenFilter};
pub use meta::stream_version;
use meta::{CommonParams, Meta, negotiate};
use method::{Method, Mirrored};
pub use post::{
    LoggedHeaders, OTHER_PROMPTS, Observer, Post, REQUEST_TARGET, Record, Reply, RequestLine, observe_requests,
};
pub(crate) use rpc::notification;
use rpc::{Message, Part, Request, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use version::Era;
pub(crate) use version::SUPPORTED;
pub use version::{HANDSHAKE, MODERN};

use crate::config::Config;
use crate::identity::server_info;
use crate::tools::Tools;
pub use crate::tools::progress::channel as progress_channel;
use dotprompt::bounds;
use gallery::{Gallery, OwnResources, SharedJson, escaped_len, shortened};
use store::{Observed, observed, observing};
use tokio::sync::mpsc;

/// What the prompts and tools are, for the model.
const INSTRUCTIONS: &str = "The prompts of a team: list them, fill in their arguments and use what they render to. \
    The tools calculate exactly on 64-bit integers.";
/// The same for the model of a client that offers tools alone.
const TOOL_INSTRUCTIONS: &str = " Without access to prompts, use the tools `search_prompts`, which finds prompts by words or \
    tag and shows the arguments of each as JSON Schema, and `get_prompt`, which takes a name and `arguments` and returns the \
    text of the prompt. When the user asks for a prompt of the team, or for a task that one of its prompts covers, get \
    that prompt and follow its text as if the user had written it.";

const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";
/// The age in seconds of a listing that is served although it is older than the TTL.
const META_STALE: &str = "prompt-gallery/staleSeconds";

/// The protocol over one gallery and its tools.
pub struct Mcp {
    gallery: Arc<Gallery>,
    tools: Tools,
    /// The program's own, beside those of the gallery.
    resources: OwnResources,
    /// Whether prompts are tools too.
    has_prompt_tools: bool,
    /// Whether the gallery is an app too, which one of these tools opens.
    has_app: bool,
    /// The names of `search_prompts` and `get_prompt`, and their JSON in `tools/list`.
    search_and_get: [(&'static str, Box<RawValue>); 2],
    /// A JSON string.
    instructions: Box<RawValue>,
    /// `_meta` of every modern result.
    meta: Box<RawValue>,
    capabilities: Box<RawValue>,
    /// The same with extensions, which need 2026-07-28.
    modern_capabilities: Box<RawValue>,
    /// Whether clients can be told of changed lists.
    has_live_lists: bool,
    /// Whether the log has the number of broken prompts, which is a metric there.
    logs_broken: bool,
    /// The prompts that are dimensions of metrics, if any are.
    dimensions: Option<PromptDimensions>,
    server_info: Box<RawValue>,
    /// The size of an answer at most, as Lambda counts it.
    max_answer_bytes: Option<usize>,
}

/// A message, with what its transport adds.
#[derive(Clone, Copy)]
struct Received<'a> {
    transport: Transport<'a>,
    body: &'a [u8],
    request_id: &'a str,
    claims: Option<&'a Map<String, Value>>,
    /// Where the effect of the reply goes.
    effect: &'a OnceLock<Effect>,
    progress: Option<&'a mpsc::Sender<Bytes>>,
}

/// A result of the modern era: the fields of every result, then the method's own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModernResult<'a, T> {
    result_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<&'static str>,
    #[serde(rename = "_meta")]
    meta: &'a RawValue,
    #[serde(flatten)]
    result: &'a T,
}

/// One request whose version is known.
struct Call<'a> {
    mcp: &'a Mcp,
    transport: Transport<'a>,
    claims: Option<&'a Map<String, Value>>,
    effect: &'a OnceLock<Effect>,
    progress: Option<&'a mpsc::Sender<Bytes>>,
    request: &'a Request<'a>,
    era: Era,
    version: &'static str,
    meta: Meta<'a>,
}

/// The bytes of a response, or why there is no result.
type Answer = Result<Response, Error>;

impl Mcp {
    /// The protocol over a gallery and tools. Prompts are tools too.
    #[must_use]
    pub fn new(gallery: Arc<Gallery>, tools: Tools) -> Self {
        let server_info = server_info();
        let meta = raw(&json!({ META_SERVER: server_info }));
        let (server_info, instructions) = (raw(&server_info), raw(&format!("{INSTRUCTIONS}{TOOL_INSTRUCTIONS}")));
        let search_and_get = prompt_tools::definitions();
        let capabilities = json!({ "completions": {}, "prompts": {}, "resources": {}, "tools": {} });
        Self {
            gallery,
            tools,
            resources: OwnResources::default(),
            has_prompt_tools: true,
            has_app: true,
            search_and_get,
            instructions,
            meta,
            modern_capabilities: with_extensions(&capabilities, true),
            capabilities: raw(&capabilities),
            has_live_lists: false,
            logs_broken: false,
            dimensions: None,
            server_info,
            max_answer_bytes: None,
        }
    }

    /// The same with resources of the program itself.
    #[must_use]
    pub fn with_resources(self, resources: OwnResources) -> Self {
        Self { resources, ..self }
    }

    /// The gallery.
    #[must_use]
    pub fn gallery(&self) -> &Arc<Gallery> {
        &self.gallery
    }

    /// The same as the settings ask for: `PROMPT_TOOLS=off` leaves out the tools for prompts, `GALLERY_PAGE=off` the app. Lambda limits
    /// the size of an answer.
    #[must_use]
    pub fn configured(self, config: &Config) -> Self {
        let measured = Self {
            logs_broken: config.on_lambda,
            dimensions: config.metrics_by_prompt.then(PromptDimensions::default),
            max_answer_bytes: config.on_lambda.then_some(bounds::ANSWER),
            ..self
        };
        if config.prompt_tools && config.gallery_page {
            return measured;
        }
        let instructions = if config.prompt_tools { measured.instructions } else { raw(&INSTRUCTIONS) };
        let modern_capabilities =
            with_extensions(&serde_json::from_str(measured.capabilities.get()).unwrap_or_default(), false);
        Self { has_prompt_tools: config.prompt_tools, has_app: false, instructions, modern_capabilities, ..measured }
    }

    /// The same over a transport that tells clients of changed lists: the local server and stdio, never Lambda. Comes after
    /// [`Self::configured`].
    #[must_use]
    pub fn with_live_lists(self) -> Self {
        let changing = self.changing_lists();
        let of = |changes: bool| if changes { json!({ "listChanged": true }) } else { json!({}) };
        let capabilities = json!({
            "completions": {},
            "prompts": of(changing.prompts_list_changed),
            "resources": of(changing.resources_list_changed),
            "tools": of(changing.tools_list_changed),
        });
        let (modern_capabilities, capabilities) = (with_extensions(&capabilities, self.has_app), raw(&capabilities));
        Self { has_live_lists: true, capabilities, modern_capabilities, ..self }
    }

    /// Answers one POST, whatever its bytes are. Needs a Tokio runtime with time.
    pub async fn handle(&self, post: Post<'_>) -> Reply {
        let Post { headers, body, request_id, claims } = post;
        let transport = Transport::Http(headers);
        // There is no effect without live lists.
        let effect = &OnceLock::new();
        self.receive(Received { transport, body, request_id, claims, effect, progress: None }).await
    }

    /// The same for a transport with streams: the effect is that of `subscriptions/listen`, and `progress` takes the progress
    /// notifications of a tool.
    pub async fn handle_live(&self, post: Post<'_>, progress: Option<&mpsc::Sender<Bytes>>) -> (Reply, Option<Effect>) {
        let Post { headers, body, request_id, claims } = post;
        let effect = OnceLock::new();
        let transport = Transport::Http(headers);
        let reply = self.receive(Received { transport, body, request_id, claims, effect: &effect, progress }).await;
        (reply, effect.into_inner())
    }

    /// Answers one message of stdio, whatever its bytes are. Needs a Tokio runtime with time.
    pub async fn handle_stdio(&self, message: StdioMessage<'_>) -> (Reply, Option<Effect>) {
        let StdioMessage { body, request_id, session, progress } = message;
        let effect = OnceLock::new();
        let transport = Transport::Stdio(session);
        let received = Received { transport, body, request_id, claims: None, effect: &effect, progress };
        let reply = self.receive(received).await;
        (reply, effect.into_inner())
    }

    async fn receive(&self, received: Received<'_>) -> Reply {
        let mut record = Record::default();
        let request = match rpc::parse(received.body) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Notification { method }) => {
                record.method = Some(if method.starts_with("notifications/") { "notification" } else { "unknown" });
                return Reply { status: StatusCode::ACCEPTED, body: Bytes::new(), shared: None, record };
            }
            Err(e) => return e.into_reply(None, received.request_id, record),
        };
        // A panic fails this request alone.
        let answer = AssertUnwindSafe(self.answer(received, &request, &mut record)).catch_unwind();
        let (answer, observed) = observing(pin!(answer)).await;
        record.observed = observed;
        self.measure(&mut record, matches!(&answer, Ok(Ok(_))));
        let reply = match answer.unwrap_or_else(|_| Err(Error::internal("panic"))) {
            Ok(Response { bytes, shared }) => Reply { status: StatusCode::OK, body: bytes.into(), shared, record },
            Err(e) => e.into_reply(Some(request.id), received.request_id, record),
        };
        match self.size_over_limit(&reply.body) {
            Some(size) => {
                Error::too_long(size, bounds::ANSWER).into_reply(Some(request.id), received.request_id, reply.record)
            }
            None => reply,
        }
    }

    /// The size of an answer that Lambda would not take.
    fn size_over_limit(&self, body: &[u8]) -> Option<usize> {
        size_over(self.max_answer_bytes?, body)
    }

    /// Adds what metrics need of a request that was for prompts.
    fn measure(&self, record: &mut Record, has_result: bool) {
        if self.logs_broken && self.looks_at_prompts(record) {
            let broken = self.gallery.broken();
            // None is known only of all: otherwise an alarm would end at a process that has not read the broken one.
            record.broken = (broken > 0 || self.gallery.has_read_all()).then_some(broken);
        }
        let is_for_prompts = matches!(record.method, Some("prompts/get" | "prompts/list" | "completion/complete"));
        if !is_for_prompts && record.prompt.is_none() {
            return;
        }
        // An error says nothing of the cache, nor of the age of what it would have served.
        let Observed { s3_requests, has_waited, .. } = record.observed;
        record.cache_hit = has_result.then_some(s3_requests == 0 && !has_waited);
        if let (Some(dimensions), Some(prompt)) = (&self.dimensions, &record.prompt) {
            record.prompt_dimension = Some(dimensions.of(prompt, self.gallery.place(prompt)));
        }
    }

    /// Whether a request is answered from the listing of the prompts, so that the listing is as new as it may be.
    fn looks_at_prompts(&self, record: &Record) -> bool {
        match record.method {
            Some("prompts/get" | "prompts/list" | "completion/complete" | "resources/list" | "skills/list") => true,
            Some("tools/list") => self.has_prompt_tools,
            Some("tools/call") => {
                let is_own = record.name.as_deref().is_none_or(|name| self.tools.find(name).is_some());
                self.has_prompt_tools && !is_own
            }
            _ => false,
        }
    }

    async fn answer(&self, received: Received<'_>, request: &Request<'_>, record: &mut Record) -> Answer {
        let Received { transport, claims, effect, progress, .. } = received;
        let (logged, method) = Method::find(&request.method).unzip();
        record.method = Some(logged.unwrap_or("unknown"));
        let CommonParams { meta, name, uri, client_info } = CommonParams::of(request)?;
        let meta = meta.unwrap_or_default();
        record.trace_id = meta.trace_id();
        let client_info = meta.client_info.or(client_info.filter(|_| method == Some(Method::Initialize)));
        record.client = match client_info {
            Some(info) => ClientInfo::of(info),
            None => transport.session().and_then(|session| session.client.clone()),
        };
        let (era, version) = negotiate(transport, &meta, method == Some(Method::Initialize))?;
        record.version = Some(version);
        if let (Era::Modern, Transport::Http(headers)) = (era, transport) {
            let mirrored = match method.and_then(Method::mirrored) {
                Some(Mirrored::Name) => name,
                Some(Mirrored::Uri) => uri,
                None => None,
            };
            headers::check_standard(headers, &request.method, mirrored)?;
        }
        Call { mcp: self, transport, claims, effect, progress, request, era, version, meta }.run(method, record).await
    }
}

impl Call<'_> {
    async fn run(&self, method: Option<Method>, record: &mut Record) -> Answer {
        let Some(method) = method else { return Err(self.unknown_method("")) };
        match (method, self.era) {
            (Method::Initialize, Era::Handshake) => self.initialize(record),
            (Method::Ping, Era::Handshake) => self.answer(&json!({})),
            (Method::Initialize | Method::Ping, Era::Modern) => {
                Err(self.unknown_method(&format!(" in {MODERN}, which has no handshake")))
            }
            (Method::Discover, Era::Modern) => self.discover(),
            (Method::Discover, Era::Handshake) => {
                Err(self.unknown_method(&format!(" without the `_meta` of {MODERN}")))
            }
            (Method::Listen, Era::Modern) if self.mcp.has_live_lists => self.listen(),
            (Method::Listen, _) => Err(self.unknown_method("")),
            (Method::ListPrompts, _) => self.list_prompts().await,
            (Method::GetPrompt, _) => self.get_prompt(record).await,
            (Method::Complete, _) => self.complete(record).await,
            (Method::ListTools, _) => self.list_tools(record).await,
            (Method::CallTool, _) => self.call_tool(record).await,
            (Method::ReadDirectory | Method::ListSkills | Method::GetSkill, Era::Handshake) => {
                Err(self.unknown_method(&format!(": skills need {MODERN}")))
            }
            // Boxed: the state of every other request would have room for these.
            (Method::ListResources, _) => Box::pin(self.list_resources(record)).await,
            (Method::ReadResource, _) => Box::pin(self.read_resource(record)).await,
            (Method::ReadDirectory, Era::Modern) => Box::pin(self.read_directory(record)).await,
            (Method::ListSkills, Era::Modern) => Box::pin(self.list_skills(record)).await,
            (Method::GetSkill, Era::Modern) => Box::pin(self.get_skill(record)).await,
            (Method::ListResourceTemplates, _) => self.list_resource_templates(),
        }
    }

    fn unknown_method(&self, hint: &str) -> Error {
        let message = format!("method not found: {}{hint}", shortened(&self.request.method));
        Error::new(ErrorKind::UnknownMethod(self.era), message)
    }

    fn initialize(&self, record: &mut Record) -> Answer {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct InitializeParams {
            protocol_version: String,
        }
        #[derive(Deserialize, Default)]
        struct HandshakeParams {
            capabilities: Map<String, Value>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct InitializeResult<'a> {
            protocol_version: &'a str,
            capabilities: &'a RawValue,
            server_info: &'a RawValue,
            instructions: &'a RawValue,
        }
        let InitializeParams { protocol_version } = self.params()?;
        let protocol_version = version::handshake(&protocol_version).unwrap_or(HANDSHAKE[0]);
        record.version = Some(protocol_version);
        if self.is_stdio() {
            let HandshakeParams { capabilities } = self.params().unwrap_or_default();
            let session = Session { version: protocol_version, capabilities, client: record.client.clone() };
            let _ = self.effect.set(Effect::Opens(session));
        }
        let Mcp { server_info, instructions, capabilities, .. } = self.mcp;
        self.answer(&InitializeResult { protocol_version, capabilities, server_info, instructions })
    }

    fn discover(&self) -> Answer {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct DiscoverResult<'a> {
            supported_versions: &'a [&'a str],
            capabilities: &'a RawValue,
            instructions: &'a RawValue,
        }
        let Mcp { instructions, modern_capabilities: capabilities, .. } = self.mcp;
        let result = DiscoverResult { supported_versions: &SUPPORTED, capabilities, instructions };
        self.answer_cacheable(&result, 0)
    }

    /// The method's parameters as `T`.
    fn params<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.request.params().map_err(Error::invalid_params)
    }

    fn is_stdio(&self) -> bool {
        matches!(self.transport, Transport::Stdio(_))
    }

    /// Whether the client can be asked for input: a modern one in the reply, another one over its connection.
    fn is_interactive(&self) -> bool {
        self.era == Era::Modern || self.transport.session().is_some_and(|session| !session.capabilities.is_empty())
    }

    /// What the client says it can do.
    fn client_capabilities(&self) -> Map<String, Value> {
        if let (Era::Handshake, Some(session)) = (self.era, self.transport.session()) {
            return session.capabilities.clone();
        }
        let capabilities = self.meta.capabilities.and_then(|raw| serde_json::from_str(raw.get()).ok());
        capabilities.unwrap_or_default()
    }

    /// Asks the client to answer `requests` and to send the request again.
    fn ask(&self, requests: &Map<String, Value>, state: Option<String>) -> Answer {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct InputRequiredResult<'a> {
            input_requests: &'a Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            request_state: Option<String>,
        }
        if self.era == Era::Handshake {
            let _ = self.effect.set(Effect::Asks(InputRequests { requests: requests.clone(), state }));
            return Ok(Response::default());
        }
        let result = InputRequiredResult { input_requests: requests, request_state: state };
        self.respond("input_required", None, Map::new(), &result, 0)
    }

    fn answer<T: Serialize>(&self, result: &T) -> Answer {
        self.respond("complete", None, Map::new(), result, 0)
    }

    /// An answer with more keys in its `_meta`.
    fn answer_with_meta<T: Serialize>(&self, more: Map<String, Value>, result: &T) -> Answer {
        self.respond("complete", None, more, result, 0)
    }

    /// The answer with a result that clients may keep for the TTL. `part` is its largest part.
    fn answer_cacheable<'p, T: Serialize>(&self, result: &T, part: impl Into<Part<'p>>) -> Answer {
        let ttl_ms = self.mcp.gallery.ttl().as_millis().try_into().unwrap_or(u64::MAX);
        self.respond("complete", Some(ttl_ms), Map::new(), result, part)
    }

    /// The answer with a page. If something is missing on it, the client is to ask again.
    fn answer_page<'p, T: Serialize>(&self, result: &T, part: impl Into<Part<'p>>, is_partial: bool) -> Answer {
        if !is_partial {
            return self.answer_cacheable(result, part);
        }
        self.respond("complete", Some(0), Map::new(), result, part)
    }

    /// `_meta` of a modern result with more keys.
    fn meta_with(&self, mut more: Map<String, Value>) -> Box<RawValue> {
        more.insert(META_SERVER.to_owned(), serde_json::from_str(self.mcp.server_info.get()).unwrap_or_default());
        raw(&more)
    }

    /// The answer with a result. An answer that is old or incomplete is not to be kept, and says how old it is.
    fn respond<'p, T: Serialize>(
        &self,
        result_type: &'static str,
        ttl_ms: Option<u64>,
        mut more: Map<String, Value>,
        result: &T,
        part: impl Into<Part<'p>>,
    ) -> Answer {
        #[derive(Serialize)]
        struct WithMeta<'a, T> {
            #[serde(rename = "_meta")]
            meta: &'a RawValue,
            #[serde(flatten)]
            result: &'a T,
        }
        let part = part.into();
        let Observed { stale_seconds, unread, .. } = observed();
        if let Some(seconds) = stale_seconds {
            more.insert(META_STALE.to_owned(), seconds.into());
        }
        let ttl_ms = ttl_ms.map(|ttl_ms| if stale_seconds.is_some() || unread > 0 { 0 } else { ttl_ms });
        let response = match self.era {
            Era::Handshake if more.is_empty() => rpc::success(self.request.id, result, part),
            Era::Handshake => rpc::success(self.request.id, &WithMeta { meta: &raw(&more), result }, part),
            Era::Modern => {
                let meta =
                    if more.is_empty() { Cow::Borrowed(&*self.mcp.meta) } else { Cow::Owned(self.meta_with(more)) };
                // The answer is for callers with a token: shared caches must not keep it.
                let cache_scope = ttl_ms.map(|_| "private");
                let result = ModernResult { result_type, ttl_ms, cache_scope, meta: &meta, result };
                rpc::success(self.request.id, &result, part)
            }
        };
        response.map_err(|e| Error::internal(e.to_string()))
    }
}

impl From<usize> for Part<'_> {
    fn from(size: usize) -> Self {
        Self::Bytes(size)
    }
}

impl<'p> From<&'p Arc<SharedJson>> for Part<'p> {
    fn from(shared: &'p Arc<SharedJson>) -> Self {
        Self::Shared(shared)
    }
}

/// The size of an answer as Lambda counts it, if that is over `max`.
fn size_over(max: usize, body: &[u8]) -> Option<usize> {
    // Escaping doubles the size at most, so nearly all answers need no count.
    (body.len() > max / 2).then(|| escaped_len(body)).filter(|size| *size > max)
}

/// Capabilities with extensions: those for skills need 2026-07-28, and the capabilities of earlier revisions have no such field. Hosts
/// of apps of all revisions go by the tool.
fn with_extensions(capabilities: &Value, has_app: bool) -> Box<RawValue> {
    let mut capabilities = capabilities.clone();
    capabilities["extensions"] = json!({ skills::EXTENSION: { "directoryRead": true } });
    if has_app {
        capabilities["extensions"][app::EXTENSION] = app::settings();
    }
    raw(&capabilities)
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("a JSON value serialises")
}
