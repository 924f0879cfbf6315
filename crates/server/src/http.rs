//! HTTP: the routes, the checks that a request to `/mcp` passes before the protocol sees it, and its log line.

mod agent_skills;
mod card;
mod compression;
mod metrics;
mod page;
mod ready;

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER,
    VARY, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer};
use uuid::Uuid;

use crate::auth::{Claims, Guard, Refusal, Verifier, documents, register};
use crate::config::{Allowed, Config, SignIn};
pub use crate::limits::BODY_TIMEOUT;
use crate::limits::{BODY_RETRY_SECONDS, MAX_BODY_BYTES, MAX_LOGGED_HEADER_CHARS, MAX_REGISTRATION_BYTES};
use crate::mcp::{LoggedHeaders, Mcp, Post, Record, Reply, RequestLine};
use compression::{GZIP, VARIES, compress, compressed};
use dotprompt::shorten_to;
use gallery::Gallery;

const JSON: &str = "application/json";
/// The content coding that changes nothing.
const IDENTITY: &str = "identity";
const REPEATED: &str = "the request has a header more than once that it may have once";

static POST: [Method; 1] = [Method::POST];

/// The HTTP service without streams, as on Lambda. `verifier` checks the tokens of callers.
pub fn app(mcp: Mcp, config: &Config, verifier: Verifier) -> Router {
    let (gallery, mcp) = (Arc::clone(mcp.gallery()), Arc::new(mcp.configured(config)));
    service(any(answer).with_state(mcp), &POST, gallery, config, verifier)
}

/// The HTTP service around a handler of `/mcp`, whose requests have passed all checks. Pages in a browser may use `methods`.
pub fn service(
    mcp: MethodRouter,
    methods: &'static [Method],
    gallery: Arc<Gallery>,
    config: &Config,
    verifier: Verifier,
) -> Router {
    let page_hosts = config.gallery_page.then(|| config.allowed_hosts.clone());
    let origins = Arc::new(Origins { allowed: config.allowed_origins.clone(), page_hosts, methods });
    let guard = Guard { sign_in: config.sign_in.clone(), allow_anonymous: config.allow_anonymous, verifier };
    // A request passes these layers from the first to the last.
    let layers = ServiceBuilder::new()
        .layer(from_fn(log))
        .layer(from_fn_with_state(origins, check_origin))
        .layer(from_fn_with_state(config.allowed_hosts.clone(), check_host))
        .layer(from_fn_with_state(Arc::new(guard), sign_in));
    let not_found = match config.gallery_page {
        true => "Not found. The page is /, and the MCP endpoint is /mcp.\n",
        false => "Not found. The MCP endpoint is /mcp.\n",
    };
    let mcp = mcp.layer(layers);
    Router::new()
        .route("/mcp", mcp.clone())
        .route("/mcp/", mcp)
        .route("/health", get(|| async { "ok\n" }))
        .merge(ready::routes(gallery))
        .merge(card::routes(config).layer(from_fn(compress)))
        .merge(if config.gallery_page { page::routes(config) } else { Router::new() })
        .fallback(async move || (StatusCode::NOT_FOUND, not_found))
        .merge(config.sign_in.as_ref().map(discovery).unwrap_or_default().layer(from_fn(compress)))
}

/// The service with the skills of its gallery for other programs, if it is open to anyone. The function has no use for this: it is
/// behind a sign-in.
pub fn with_published_skills(app: Router, gallery: Arc<Gallery>, config: &Config) -> Router {
    if config.sign_in.is_some() && !config.allow_anonymous {
        return app;
    }
    let origins = Origins { allowed: config.allowed_origins.clone(), page_hosts: None, methods: &[Method::GET] };
    // Otherwise a page of any site could read the skills of the visitor's own machine.
    let checks = ServiceBuilder::new()
        .layer(from_fn(log))
        .layer(from_fn_with_state(Arc::new(origins), check_origin))
        .layer(from_fn_with_state(config.allowed_hosts.clone(), check_host));
    app.merge(agent_skills::routes(gallery).layer(from_fn(compress)).layer(checks))
}

pub use metrics::MetricsText;

/// The service with `GET /metrics`, whose text `text` makes. It is for
/// this machine, by the [`ConnectInfo`](axum::extract::ConnectInfo) of the request, and for callers who sign in.
pub fn with_metrics(app: Router, text: MetricsText, config: &Config, verifier: Verifier) -> Router {
    // Otherwise a page of any site could read the metrics of the visitor's own machine.
    let origins = Origins { allowed: config.allowed_origins.clone(), page_hosts: None, methods: &[Method::GET] };
    let checks = ServiceBuilder::new()
        .layer(from_fn(log))
        .layer(from_fn_with_state(Arc::new(origins), check_origin))
        .layer(from_fn_with_state(config.allowed_hosts.clone(), check_host));
    let guard = Guard { sign_in: config.sign_in.clone(), allow_anonymous: false, verifier };
    app.merge(metrics::routes(guard, text).layer(checks))
}

/// The platform's id of a request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The documents that tell clients where to sign in, and the registration of clients. They are public: pages of any origin
/// may read them.
fn discovery(sign_in: &SignIn) -> Router {
    let mut router = Router::new();
    for (path, body) in documents(sign_in) {
        let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "public, max-age=300")];
        router = router.route(&path, get(move || async { (headers, body) }));
    }
    if let Some(client) = sign_in.authorization_server.as_ref().and_then(|server| server.client.clone()) {
        let answer = async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = read_body(&parts, body, MAX_REGISTRATION_BYTES, BODY_TIMEOUT).await.map_err(|unread| {
                tracing::info!(http.status = unread.status().as_u16(), cause = unread.cause(), "request refused");
                unread.status()
            })?;
            let (status, body) = register(&client, &body);
            Ok::<_, StatusCode>((status, [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")], body))
        };
        router = router.route("/register", post(answer));
    }
    router.layer(CorsLayer::new().allow_origin(Any).allow_methods([Method::GET, Method::POST]).allow_headers(Any))
}

/// Lets pages that passed [`check_origin`] read the answers, and answers their preflights. Clients may send any headers
/// (`Mcp-Param-*`).
fn cors(methods: &[Method]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(AllowMethods::list(methods.iter().cloned()))
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([WWW_AUTHENTICATE])
        .max_age(Duration::from_secs(3600))
}

/// The pages that may call, and by which methods.
struct Origins {
    allowed: Allowed,
    /// The hosts at which the server's own page is, if it has one.
    page_hosts: Option<Allowed>,
    methods: &'static [Method],
}

impl Origins {
    /// Whether a request comes from the page of the host that it is sent to. Where every host is answered, that may be any page
    /// whose host name leads to this machine.
    fn is_own_page(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((_, authority)) = origin.split_once("://") else { return false };
        let is_sent_to = text(headers, &HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority));
        let is_allowed = |hosts: &Allowed| *hosts != Allowed::Any && hosts.permits_host(authority);
        is_sent_to && self.page_hosts.as_ref().is_some_and(is_allowed)
    }
}

/// The refusal of a request that the protocol does not see.
#[derive(Debug)]
pub struct Denied {
    status: StatusCode,
    /// One sentence for the client.
    message: Cow<'static, str>,
    /// More for the log.
    cause: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
    /// Why the caller was not admitted, if that is the reason.
    refused: Option<&'static str>,
}

impl Denied {
    /// A refusal with one sentence for the client.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), cause: None, header: None, refused: None }
    }

    /// The same with a header of the answer.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// A method that this address does not have; `allow` names those that it has.
    #[must_use]
    pub fn for_method(method: &Method, message: &'static str, allow: &'static str) -> Self {
        let cause = Some(format!("method: {}", shorten_to(MAX_LOGGED_HEADER_CHARS, method.as_str())));
        let denied = Self { cause, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) };
        denied.with_header(ALLOW, HeaderValue::from_static(allow))
    }

    /// The same for a header that a request may have once.
    fn for_repeated(name: &HeaderName) -> Self {
        Self { cause: Some(format!("more than one {name}")), ..Self::new(StatusCode::BAD_REQUEST, REPEATED) }
    }

    /// The same for a header with a wrong value.
    fn for_header(status: StatusCode, message: &'static str, headers: &HeaderMap, name: &HeaderName) -> Self {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let cause = match value {
            Some(value) => format!("{name}: {}", shorten_to(MAX_LOGGED_HEADER_CHARS, &value)),
            None => format!("no {name}"),
        };
        Self { cause: Some(cause), ..Self::new(status, message) }
    }

    fn for_caller(refusal: &Refusal, guard: &Guard) -> Self {
        let (status, message, error) = refusal.answer();
        let header = match refusal {
            // In whole seconds, rounded up.
            Refusal::NoKeys(pause) => {
                let pause = pause.saturating_add(Duration::from_millis(999));
                Some((RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1))))
            }
            _ => guard.challenge(error).map(|value| (WWW_AUTHENTICATE, value)),
        };
        let cause = if let Refusal::InvalidToken(why) = refusal { Some((*why).to_owned()) } else { None };
        Self { cause, header, refused: Some(refusal.name()), ..Self::new(status, message) }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let cause = self.cause.or_else(|| Some(self.message.clone().into_owned()));
        let mut reply = Reply::refused(self.status, &self.message, cause);
        reply.record.refused = self.refused;
        let mut response = response(reply);
        response.headers_mut().extend(self.header);
        response
    }
}

/// The outermost layer: gives the request an id, and writes one log line once it is answered. A preflight gets no line.
async fn log(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let by_platform = request.extensions_mut().remove::<RequestId>();
    let id = by_platform.unwrap_or_else(|| RequestId(Uuid::new_v4().to_string()));
    request.extensions_mut().insert(id.clone());
    let headers = LoggedHeaders::of(request.headers());
    let mut response = next.run(request).await;
    let caller = response.extensions_mut().remove::<Arc<Claims>>();
    if let Some(record) = response.extensions_mut().remove::<Record>() {
        let claim = |name| caller.as_ref().and_then(|caller| caller.text(name));
        let (sub, client_id) = (claim("sub"), claim("client_id"));
        let status = Some(response.status().as_u16());
        let headers = &headers;
        RequestLine { record: &record, headers, request_id: &id.0, began, status, sub, client_id }.write();
    }
    response
}

/// Refuses a foreign `Origin`, which only pages in a browser send, and answers the preflights of the others.
async fn check_origin(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Result<Response, Denied> {
    let Some(origin) = text_of_one(request.headers(), &ORIGIN)? else { return Ok(next.run(request).await) };
    if !origins.allowed.permits_origin(origin) && !origins.is_own_page(origin, request.headers()) {
        let message = "this Origin is not allowed: add it to ALLOWED_ORIGINS";
        return Err(Denied::for_header(StatusCode::FORBIDDEN, message, request.headers(), &ORIGIN));
    }
    // Not for requests without an origin: the layer answers every OPTIONS as a preflight.
    let Ok(response) = cors(origins.methods).layer(next).oneshot(request).await;
    Ok(response)
}

/// Refuses a foreign `Host`: a page in a browser may reach this server by a host name of its own.
async fn check_host(State(allowed): State<Allowed>, request: Request, next: Next) -> Result<Response, Denied> {
    if text_of_one(request.headers(), &HOST)?.is_some_and(|host| !allowed.permits_host(host)) {
        let message = "this Host is not allowed: add it to ALLOWED_HOSTS";
        return Err(Denied::for_header(StatusCode::FORBIDDEN, message, request.headers(), &HOST));
    }
    Ok(next.run(request).await)
}

/// Passes the caller's claims on: to the protocol with the request, to the log with the response.
async fn sign_in(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Result<Response, Denied> {
    let by_platform = request.extensions_mut().remove::<Claims>();
    let admitted = guard.admit(request.headers(), by_platform).await;
    let Some(caller) = admitted.map_err(|refusal| Denied::for_caller(&refusal, &guard))?.map(Arc::new) else {
        return Ok(next.run(request).await);
    };
    request.extensions_mut().insert(Arc::clone(&caller));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    Ok(response)
}

/// Passes a POST of JSON to the protocol, and returns its answer.
async fn answer(State(mcp): State<Arc<Mcp>>, request: Request) -> Result<Response, Denied> {
    if *request.method() != Method::POST {
        let message = "this server has no streams and no sessions: send a POST";
        return Err(Denied::for_method(request.method(), message, "POST"));
    }
    let post = ReceivedPost::read(request).await?;
    Ok(post.respond(mcp.handle(post.as_post()).await))
}

/// A POST of JSON whose body has arrived.
#[derive(Debug)]
pub struct ReceivedPost {
    parts: Parts,
    body: Bytes,
}

impl ReceivedPost {
    /// Reads a request.
    ///
    /// # Errors
    /// A content type that is not JSON, a body that is encoded, too long or does not arrive.
    pub async fn read(request: Request) -> Result<Self, Denied> {
        let (parts, body) = request.into_parts();
        if !text_of_one(&parts.headers, &CONTENT_TYPE)?.is_some_and(is_json) {
            let message = "the Content-Type must be application/json";
            let (status, headers) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, &parts.headers);
            return Err(Denied::for_header(status, message, headers, &CONTENT_TYPE));
        }
        let body = read_body(&parts, body, MAX_BODY_BYTES, BODY_TIMEOUT).await;
        let body = body.map_err(|unread| unread.denied(&parts.headers))?;
        Ok(Self { parts, body })
    }

    /// The request for the protocol.
    #[must_use]
    pub fn as_post(&self) -> Post<'_> {
        let Parts { headers, extensions, .. } = &self.parts;
        let claims = extensions.get::<Arc<Claims>>().map(|claims| &claims.0);
        let request_id = extensions.get::<RequestId>().map_or("", |id| &id.0);
        Post { headers, body: &self.body, request_id, claims }
    }

    /// The response of its reply, compressed if the client takes that.
    #[must_use]
    pub fn respond(&self, mut reply: Reply) -> Response {
        let shared = reply.shared.take();
        let shared = shared.as_ref().map(|(start, shared)| (*start, &**shared));
        let gzip = compressed(&reply.body, shared, &self.parts.headers);
        let is_compressed = gzip.is_some();
        if let Some(gzip) = gzip {
            reply.body = gzip;
        }
        let mut response = response(reply);
        if is_compressed {
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
        }
        response
    }

    /// Its head, with [`RequestId`] and the caller's [`Claims`].
    #[must_use]
    pub fn head(&self) -> &Parts {
        &self.parts
    }
}

/// A header's value; empty if it is not text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// A header's value, as [`text`].
///
/// # Errors
/// The header is there more than once: another reader of the request could take another value.
fn text_of_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Denied> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Denied::for_repeated(name)),
        (value, None) => Ok(value.map(|value| value.to_str().unwrap_or_default())),
    }
}

/// Why a body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    TooLong,
    /// It has a `Content-Encoding` other than `identity`.
    Encoded,
    Late,
    /// The server holds too many bytes of other requests.
    NoRoom,
    /// The client has closed the connection, or its chunks are malformed.
    Broken,
}

impl Unread {
    fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// One sentence for the client and the log.
    fn cause(self) -> &'static str {
        match self {
            Self::TooLong => "the body is too long",
            Self::Encoded => "the body must have no Content-Encoding",
            Self::Late => "the body did not arrive in time",
            Self::NoRoom => "the requests of all clients hold too much memory: try again later",
            Self::Broken => "the body did not arrive whole",
        }
    }

    /// The refusal of a request to `/mcp` with these headers.
    fn denied(self, headers: &HeaderMap) -> Denied {
        let denied = Denied::new(self.status(), self.cause());
        match self {
            Self::TooLong => Denied::new(self.status(), "the body is longer than 1 MiB"),
            Self::Encoded => Denied::for_header(self.status(), self.cause(), headers, &CONTENT_ENCODING)
                .with_header(ACCEPT_ENCODING, HeaderValue::from_static(IDENTITY)),
            Self::NoRoom => denied.with_header(RETRY_AFTER, BODY_RETRY_SECONDS.into()),
            Self::Late | Self::Broken => denied,
        }
    }
}

/// Reads a body of at most `max_bytes`, for at most this time.
///
/// # Errors
/// A body that is longer or encoded, or does not arrive whole in time.
async fn read_body(parts: &Parts, body: Body, max_bytes: usize, time: Duration) -> Result<Bytes, Unread> {
    if is_encoded(&parts.headers) {
        return Err(Unread::Encoded);
    }
    let length = text(&parts.headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > max_bytes) {
        return Err(Unread::TooLong);
    }
    let body = tokio::time::timeout(time, Limited::new(body, max_bytes).collect());
    match body.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(Unread::TooLong),
        Ok(Err(e)) if has_no_room(&*e) => Err(Unread::NoRoom),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::Late),
    }
}

/// Whether the connection did not take more of a body, because the requests of all clients hold too much.
fn has_no_room(e: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(e);
    while let Some(e) = cause {
        if e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::QuotaExceeded) {
            return true;
        }
        cause = e.source();
    }
    false
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    codings.any(|coding| {
        !matches!(coding.trim_ascii(), b"") && !coding.trim_ascii().eq_ignore_ascii_case(IDENTITY.as_bytes())
    })
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(JSON)
}

/// The response of a reply, not compressed. It carries its record, which the log gets.
pub fn response(Reply { status, body, record, .. }: Reply) -> Response {
    let mut response = match status {
        StatusCode::ACCEPTED => status.into_response(),
        _ => {
            let headers = [(CONTENT_TYPE, HeaderValue::from_static(JSON)), (VARY, VARIES)];
            (status, headers, body).into_response()
        }
    };
    response.extensions_mut().insert(record);
    response
}

#[cfg(test)]
mod tests;
