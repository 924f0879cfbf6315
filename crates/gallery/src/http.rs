//! HTTP: connections, paths, what is refused before the protocol is asked, and one log line a request.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{BoxError, Router};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};
use uuid::{Builder, Uuid};

use crate::auth::{Claims, Document, Guard, Refusal, Verifier, documents, register};
use crate::config::{Allowed, Config, SignIn};
use crate::logging::milliseconds;
use crate::mcp::rpc::{self, INTERNAL_ERROR, INVALID_REQUEST};
use crate::mcp::{Mcp, Post, Record, Reply};
use crate::store::counting_s3_requests;
use dotprompt::shorten_to;

const JSON: &str = "application/json";
/// The longest body of a request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The longest registration of a client, in bytes.
const MAX_REGISTRATION: usize = 16 * 1024;

/// The longest value of a header in the log, in characters.
const MAX_NAMED: usize = 100;

/// How long requests under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `app` on a port until `stop` comes.
pub async fn serve(app: App, mut listener: TcpListener, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (socket, _) = tokio::select! {
            // axum's own, which waits where there are no more files to open.
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        // Answers are small; without this they would wait for the client's acknowledgement.
        let _ = socket.set_nodelay(true);
        let app = app.clone();
        // Not the boxed future of `Service`: hyper has a place for this one, once a connection.
        let service = hyper::service::service_fn(move |request| {
            let app = app.clone();
            async move { Ok::<_, Infallible>(app.respond(request).await) }
        });
        let connection = http1::Builder::new().writev(false).serve_connection(TokioIo::new(socket), service);
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    // Requests under way are answered; a client that never ends its request is not waited for.
    let _ = tokio::time::timeout(DRAIN, connections.shutdown()).await;
}

/// What names a request in the log and in an internal error, where the platform has given it a name.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// What is behind the local port, the Lambda function and the tests: the endpoint, with no router before it, and a router
/// to the rest.
#[derive(Clone)]
pub struct App {
    endpoint: Arc<Endpoint>,
    others: Router,
}

impl App {
    /// The service over a protocol; `verifier` is who checks the tokens of callers.
    pub fn new(mcp: Mcp, config: &Config, verifier: Verifier) -> Self {
        let Config { allowed_origins, allowed_hosts, sign_in, .. } = config;
        let others = Router::new()
            .route("/health", get(|| async { "ok\n" }))
            .fallback(|| async { (StatusCode::NOT_FOUND, "Not found. The MCP endpoint is /mcp.\n") })
            .merge(sign_in.as_ref().map(discovery).unwrap_or_default());
        let guard = Guard::new(sign_in.clone(), config.allow_anonymous, verifier);
        let cors = cors(allowed_origins.clone());
        let (allowed_origins, allowed_hosts) = (allowed_origins.clone(), allowed_hosts.clone());
        Self { endpoint: Arc::new(Endpoint { mcp, guard, cors, allowed_origins, allowed_hosts }), others }
    }

    async fn respond<B>(&self, request: http::Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let request = request.map(Body::new);
        if request.uri().path() == "/mcp" {
            return self.endpoint.respond(request).await;
        }
        // Boxed, as it is large, and would be moved with every request.
        let Ok(response) = Box::pin(self.others.clone().oneshot(request)).await;
        response
    }
}

impl<B> Service<http::Request<B>> for App
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let app = self.clone();
        Box::pin(async move { Ok(app.respond(request).await) })
    }
}

/// What answers at `/mcp`.
struct Endpoint {
    mcp: Mcp,
    guard: Guard,
    cors: CorsLayer,
    allowed_origins: Allowed,
    allowed_hosts: Allowed,
}

/// How clients find out where to sign in. That is for anyone to know, so pages of any origin may read it.
fn discovery(sign_in: &SignIn) -> Router {
    let mut router = Router::new();
    for Document { path, body } in documents(sign_in) {
        let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "public, max-age=300")];
        router = router.route(&path, get(move || async { (headers, body) }));
    }
    if let Some(client) = sign_in.authorization_server.as_ref().and_then(|server| server.client.clone()) {
        let answer = async move |request: Request| {
            let (parts, body) = request.into_parts();
            match whole(&parts, body, MAX_REGISTRATION).await {
                Ok(body) => {
                    let (status, body) = register(&client, &body);
                    (status, [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")], body).into_response()
                }
                Err(status) => status.into_response(),
            }
        };
        router = router.route("/register", post(answer));
    }
    router.layer(CorsLayer::new().allow_origin(Any).allow_methods([Method::GET, Method::POST]).allow_headers(Any))
}

/// Lets pages in a browser read the answers, if their origin is allowed; the headers that a client sends are its own
/// choice (`Mcp-Param-*`).
fn cors(allowed_origins: Allowed) -> CorsLayer {
    let is_allowed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().is_ok_and(|origin| allowed_origins.permits_origin(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([WWW_AUTHENTICATE])
        .max_age(Duration::from_secs(3600))
}

/// Why a request does not reach the protocol.
struct Denied {
    status: StatusCode,
    message: &'static str,
    /// What the log says beside.
    cause: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Denied {
    fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message, cause: None, header: None }
    }

    /// The same, with the header that is not as it must be.
    fn naming(self, headers: &HeaderMap, name: &HeaderName) -> Self {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let cause = match value {
            Some(value) => format!("{name}: {}", shorten_to(MAX_NAMED, &value)),
            None => format!("no {name}"),
        };
        Self { cause: Some(cause), ..self }
    }

    fn reply(self) -> (Reply, Option<(HeaderName, HeaderValue)>) {
        let error = rpc::Error::new(INVALID_REQUEST, self.message);
        let record = Record { error: Some(error.code), cause: self.cause, ..Record::default() };
        (Reply { status: self.status, body: rpc::failure(None, &error).into(), record }, self.header)
    }
}

impl Endpoint {
    async fn respond(&self, request: Request) -> Response {
        // Only pages in a browser send an origin. One that is not allowed is refused, and its preflight too.
        if !text(request.headers(), &ORIGIN).is_some_and(|origin| self.allowed_origins.permits_origin(origin)) {
            return self.answer(request).await;
        }
        let answered = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await) });
        // Boxed, as it is large, and would be moved with every request.
        let Ok(response) = Box::pin(self.cors.layer(answered).oneshot(request)).await;
        response
    }

    async fn answer(&self, request: Request) -> Response {
        let began = Instant::now();
        let (mut parts, body) = request.into_parts();
        let request_id = match parts.extensions.remove::<RequestId>() {
            Some(RequestId(id)) => id,
            // A name, and no secret: it need not be hard to guess.
            None => {
                let id = Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
                id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
            }
        };
        let (caller, answered) = self.admit(&mut parts, body).await;
        let ((reply, header), s3_requests) = match answered {
            Ok(body) => {
                let claims = caller.as_ref().map(|Claims(claims)| claims);
                let post = Post { headers: &parts.headers, body: &body, request_id: &request_id, claims };
                let (reply, s3_requests) = counting_s3_requests(pin!(self.mcp.handle(post))).await;
                ((reply, None), s3_requests)
            }
            Err(denied) => (denied.reply(), 0),
        };
        log(&reply, caller.as_ref(), &request_id, began, s3_requests);
        let mut response = response(reply);
        response.headers_mut().extend(header);
        response
    }

    /// Who sends a request, and its body if it may be answered.
    async fn admit(&self, parts: &mut Parts, body: Body) -> (Option<Claims>, Result<Bytes, Denied>) {
        if let Err(denied) = self.check_origin(&parts.headers) {
            return (None, Err(denied));
        }
        match self.guard.admit(&parts.headers, parts.extensions.remove::<Claims>()).await {
            Ok(caller) => (caller, read(parts, body).await),
            Err(refusal) => (None, Err(self.denied(&refusal))),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let refuse = |name, message| Err(Denied::new(StatusCode::FORBIDDEN, message).naming(headers, &name));
        if text(headers, &ORIGIN).is_some_and(|origin| !self.allowed_origins.permits_origin(origin)) {
            return refuse(ORIGIN, "this Origin is not allowed; ALLOWED_ORIGINS lists more");
        }
        if text(headers, &HOST).is_some_and(|host| !self.allowed_hosts.permits_host(host)) {
            return refuse(HOST, "this Host is not allowed; ALLOWED_HOSTS lists more");
        }
        Ok(())
    }

    fn denied(&self, refusal: &Refusal) -> Denied {
        let header = match refusal {
            Refusal::NoKeys(pause) => Some((RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)))),
            _ => self.guard.challenge(refusal).map(|value| (WWW_AUTHENTICATE, value)),
        };
        let cause = if let Refusal::InvalidToken(why) = refusal { Some((*why).to_owned()) } else { None };
        Denied { cause, header, ..Denied::new(refusal.status(), refusal.message()) }
    }
}

/// A header's text; none of what is no text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// The body of a POST.
async fn read(parts: &Parts, body: Body) -> Result<Bytes, Denied> {
    if parts.method != Method::POST {
        let message = "this server has no streams and no sessions: send a POST";
        let header = Some((ALLOW, HeaderValue::from_static("POST")));
        let cause = Some(format!("method: {}", shorten_to(MAX_NAMED, parts.method.as_str())));
        return Err(Denied { header, cause, ..Denied::new(StatusCode::METHOD_NOT_ALLOWED, message) });
    }
    if !text(&parts.headers, &CONTENT_TYPE).is_some_and(is_json) {
        let message = "the Content-Type must be application/json";
        return Err(Denied::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).naming(&parts.headers, &CONTENT_TYPE));
    }
    whole(parts, body, MAX_BODY).await.map_err(|status| match status {
        StatusCode::PAYLOAD_TOO_LARGE => Denied::new(status, "the body is longer than 1 MiB"),
        _ => Denied::new(status, "the body did not arrive whole"),
    })
}

/// A body of at most so many bytes, and with them in time.
async fn whole(parts: &Parts, body: Body, most: usize) -> Result<Bytes, StatusCode> {
    let length = text(&parts.headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > most) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, most).collect());
    match body.await.unwrap_or_else(|late| Err(late.into())) {
        Ok(body) => Ok(body.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn response(Reply { status, body, .. }: Reply) -> Response {
    match status {
        StatusCode::ACCEPTED => status.into_response(),
        _ => (status, [(CONTENT_TYPE, JSON)], body).into_response(),
    }
}

fn log(reply: &Reply, caller: Option<&Claims>, request_id: &str, began: Instant, s3_requests: u32) {
    let claim = |name| caller.and_then(|caller| caller.text(name));
    let (sub, client_id) = (claim("sub"), claim("client_id"));
    let Record { method, name, version, trace_id, error, tool_error, cause } = &reply.record;
    let outcome = match (error, tool_error) {
        (Some(_), _) => "error",
        (None, true) => "tool error",
        (None, false) => "ok",
    };
    let duration_ms = milliseconds(began.elapsed());
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                rpc.method = method,
                mcp.name = name,
                mcp.version = version,
                outcome,
                caller.sub = sub,
                caller.client_id = client_id,
                error.code = error,
                cause,
                http.status = reply.status.as_u16(),
                duration_ms,
                s3.requests = s3_requests,
                request.id = request_id,
                trace.id = trace_id,
                "request"
            )
        };
    }
    if *error == Some(INTERNAL_ERROR) { line!(error) } else { line!(info) }
}
