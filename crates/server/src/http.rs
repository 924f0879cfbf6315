//! HTTP: the routes, the checks that a request to `/mcp` passes before the protocol sees it, and its log line.

mod agent_skills;
mod body;
mod card;
mod compression;
mod denied;
mod metrics;
mod page;
mod post;
mod ready;
mod refusals;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer};
use uuid::Uuid;

use crate::auth::{Claims, Guard, Verifier, documents, register};
use crate::config::{Allowed, Config, SignIn};
pub use crate::limits::BODY_TIMEOUT;
use crate::limits::MAX_REGISTRATION_BYTES;
use crate::mcp::{LoggedHeaders, Mcp, Record, RequestLine};
use body::read_body;
use compression::compress;
use gallery::Gallery;
use refusals::{Cause, log_refused};

const JSON: &str = "application/json";

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
        .route("/health", get(|| async { "ok\n" }))
        .merge(ready::routes(gallery))
        .merge(card::routes(config).layer(from_fn(compress)))
        .merge(if config.gallery_page { page::routes(config) } else { Router::new() })
        .fallback(async move || (StatusCode::NOT_FOUND, not_found))
        .merge(config.sign_in.as_ref().map(discovery).unwrap_or_default().layer(from_fn(compress)))
        .layer(from_fn(log_refused))
        .route("/mcp", mcp.clone())
        .route("/mcp/", mcp)
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

pub use denied::Denied;
pub use metrics::MetricsText;
pub use post::{ReceivedPost, response};

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
    app.merge(metrics::routes(guard, text).layer(from_fn(compress)).layer(checks))
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
            let body = read_body(&parts, body, MAX_REGISTRATION_BYTES, BODY_TIMEOUT).await;
            let body = body.map_err(|unread| (unread.status(), Extension(Cause(unread.cause()))).into_response())?;
            let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")];
            Ok::<_, Response>(match register(&client, &body) {
                Ok(body) => (StatusCode::CREATED, headers, body).into_response(),
                Err(refused) => {
                    let cause = Extension(Cause(refused.error));
                    (StatusCode::BAD_REQUEST, headers, cause, refused.body).into_response()
                }
            })
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

/// The outermost layer: gives the request an id, and writes one log line once it is answered. A preflight gets no line, nor
/// does what is no request to the protocol, unless it is refused.
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
    } else {
        refusals::write_line(&response);
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
    // An absolute target replaces the header (RFC 9112, 3.2.2).
    let target = request.uri().authority().map(Authority::as_str);
    let hosts = [text_of_one(request.headers(), &HOST)?, target];
    if hosts.into_iter().flatten().any(|host| !allowed.permits_host(host)) {
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

/// A header's value; empty if it is not text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// A header's value, as [`text`].
///
/// # Errors
/// The header is there more than once, as lines or, as API Gateway joins them, in one: another reader of the request could take another
/// value.
fn text_of_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Denied> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    let value = first.map(|value| value.to_str().unwrap_or_default());
    match value {
        _ if second.is_some() => Err(Denied::for_repeated(name)),
        Some(value) if value.contains(',') => Err(Denied::for_repeated(name)),
        value => Ok(value),
    }
}
