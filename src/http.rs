//! HTTP: the router, what is refused before the protocol is asked, and one log line a request.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use uuid::Uuid;

use crate::config::Allowed;
use crate::mcp::{Mcp, Post, Record, Reply};
use crate::rpc::{self, INTERNAL_ERROR, INVALID_REQUEST};
use crate::store::counting_s3_requests;

const JSON: &str = "application/json";
/// The longest body of a request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// How long requests under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `app` on a port until `stop` comes.
///
/// # Errors
/// When the operating system gives up.
pub(crate) async fn serve(
    app: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|socket| {
        // Answers are small; without this they would wait for the client's acknowledgement.
        let _ = socket.set_nodelay(true);
    });
    let (stopping, stopped) = oneshot::channel();
    let serve = axum::serve(listener, app).with_graceful_shutdown(async {
        stop.await;
        let _ = stopping.send(());
    });
    // Requests under way are answered; a client that never ends its request is not waited for.
    let drained = async {
        let _ = stopped.await;
        tokio::time::sleep(DRAIN).await;
        Ok(())
    };
    tokio::select! {
        served = serve => served,
        drained = drained => drained,
    }
}

/// What names a request in the log and in an internal error, where the platform has given it a name.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What the platform has read in the caller's token and found true. No header and no body can say it.
#[derive(Clone)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

/// Everything the handlers share.
struct App {
    mcp: Mcp,
    allowed_origins: Allowed,
    allowed_hosts: Allowed,
}

/// The service behind the local port, the Lambda function and the tests.
pub(crate) fn app(mcp: Mcp, allowed_origins: Allowed, allowed_hosts: Allowed) -> Router {
    let cors = cors(allowed_origins.clone());
    let app = Arc::new(App { mcp, allowed_origins, allowed_hosts });
    Router::new()
        .route("/mcp", any(answer).layer(cors))
        .route("/health", get(|| async { "ok\n" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "Not found. The MCP endpoint is /mcp.\n") })
        .with_state(app)
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
        .max_age(Duration::from_secs(3600))
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let request_id = match parts.extensions.get::<RequestId>() {
        Some(RequestId(id)) => id.clone(),
        None => Uuid::new_v4().to_string(),
    };
    let (reply, s3_requests) = match app.admit(&parts, body).await {
        Ok(body) => {
            let claims = parts.extensions.get::<Claims>().map(|Claims(claims)| claims);
            let post = Post { headers: &parts.headers, body: &body, request_id: &request_id, claims };
            counting_s3_requests(app.mcp.handle(post)).await
        }
        Err(error) => (refused(&error), 0),
    };
    log(&reply, &request_id, began, s3_requests);
    response(reply)
}

impl App {
    /// Reads the body of a request that may be answered.
    async fn admit(&self, parts: &Parts, body: Body) -> Result<Bytes, rpc::Error> {
        let refuse = |status, message: &str| Err(rpc::Error::new(INVALID_REQUEST, message).with_status(status));
        let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
        if text(ORIGIN).is_some_and(|origin| !self.allowed_origins.permits_origin(origin)) {
            return refuse(StatusCode::FORBIDDEN, "this Origin is not allowed; ALLOWED_ORIGINS lists more");
        }
        if text(HOST).is_some_and(|host| !self.allowed_hosts.permits_host(host)) {
            return refuse(StatusCode::FORBIDDEN, "this Host is not allowed; ALLOWED_HOSTS lists more");
        }
        if parts.method != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "this server has no streams and no sessions: send a POST");
        }
        if !text(CONTENT_TYPE).is_some_and(is_json) {
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json");
        }
        let too_long = "the body is longer than 1 MiB";
        if text(CONTENT_LENGTH).and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > MAX_BODY) {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, too_long);
        }
        let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect());
        match body.await.unwrap_or_else(|late| Err(late.into())) {
            Ok(body) => Ok(body.to_bytes()),
            Err(e) if e.is::<LengthLimitError>() => refuse(StatusCode::PAYLOAD_TOO_LARGE, too_long),
            Err(_) => refuse(StatusCode::BAD_REQUEST, "the body did not arrive whole"),
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn refused(error: &rpc::Error) -> Reply {
    Reply {
        status: error.status,
        body: rpc::failure(None, error).into(),
        record: Record { error: Some(error.code), ..Record::default() },
    }
}

fn response(Reply { status, body, .. }: Reply) -> Response {
    match status {
        StatusCode::ACCEPTED => status.into_response(),
        StatusCode::METHOD_NOT_ALLOWED => (status, [(ALLOW, "POST"), (CONTENT_TYPE, JSON)], body).into_response(),
        _ => (status, [(CONTENT_TYPE, JSON)], body).into_response(),
    }
}

fn log(reply: &Reply, request_id: &str, began: Instant, s3_requests: u32) {
    let Record { method, name, version, trace_id, error, tool_error, cause } = &reply.record;
    let outcome = match (error, tool_error) {
        (Some(_), _) => "error",
        (None, true) => "tool error",
        (None, false) => "ok",
    };
    // In milliseconds, to the microsecond.
    let duration_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                rpc.method = method,
                mcp.name = name,
                mcp.version = version,
                outcome,
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
