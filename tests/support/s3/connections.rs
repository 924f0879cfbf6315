//! The connections: each request is counted, then fails as the fault says or is answered by `s3s`.

use std::convert::Infallible;
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Uri, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::{S3Auth, SecretKey, SimpleAuth};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse, S3Result, s3_error};

use tokio::sync::oneshot;

use super::S3Server;
use super::bucket::{Store, access_denied, slow_down};
use super::fault::Fault;

/// `s3s` calls an unknown access key NotSignedUp. S3 calls it InvalidAccessKeyId.
struct Auth(SimpleAuth);

#[async_trait::async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0.get_secret_key(access_key).await.map_err(|_| {
            s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
        })
    }
}

/// The server's thread, until `stopped`.
pub(super) fn run(listener: TcpListener, store: Store, stopped: oneshot::Receiver<Infallible>) {
    // `s3s` logs what it does, and a bad signature as an error. That must not reach a subscriber
    // that the test has set for the whole process.
    let _quiet = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("start the server's runtime");
    let mut service = S3ServiceBuilder::new(store.clone());
    service.set_auth(Auth(SimpleAuth::from_single(S3Server::ACCESS_KEY, S3Server::SECRET_KEY)));
    let service = service.build();
    runtime.block_on(async {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, store, service) => {}
        }
    });
    // All connections end with the runtime, also those that hang.
}

async fn accept(listener: TcpListener, store: Store, service: S3Service) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listen");
    loop {
        let (stream, _) = listener.accept().await.expect("accept a connection");
        // Without it, small answers wait for the client's delayed acknowledgements.
        stream.set_nodelay(true).expect("set TCP_NODELAY");
        let (store, service) = (store.clone(), service.clone());
        tokio::spawn(async move {
            let handler = service_fn(|request| handle(&store, &service, request));
            // An error means that the client went away, or Fault::Disconnect.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

/// One request: counted, then failed as the fault says or answered by `s3s`.
async fn handle(
    store: &Store,
    service: &S3Service,
    request: http::Request<Incoming>,
) -> Result<HttpResponse, HttpError> {
    let fault = {
        let mut state = store.lock();
        state.requests.count(request.method(), request.uri());
        state.received.send_replace(state.requests.total);
        state.next_fault()
    };
    while matches!(store.lock().fault, Some(Fault::Hold)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refusal = match fault {
        Some(Fault::SlowDown | Fault::SlowDownAfter(0)) => slow_down(),
        Some(Fault::AccessDenied) => access_denied(),
        Some(Fault::ExpiredToken) => {
            let token = request.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok());
            let xml = format!(
                "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message>\
                 <Token-0>{}</Token-0></Error>",
                token.unwrap_or_default()
            );
            return http::Response::builder()
                .status(http::StatusCode::BAD_REQUEST)
                .body(Body::from(xml))
                .map_err(|error| HttpError::new(error.into()));
        }
        Some(Fault::InternalErrorTimes(_)) => {
            s3_error!(InternalError, "We encountered an internal error. Please try again.")
        }
        Some(Fault::EverySecondGet)
            if key_of(request.uri()).is_some() && store.lock().requests.get.is_multiple_of(2) =>
        {
            s3_error!(InternalError, "We encountered an internal error. Please try again.")
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::HangKey(key)) if key_of(request.uri()) == Some(&*key) => std::future::pending().await,
        // On an error, hyper closes the connection and writes nothing.
        Some(Fault::Disconnect) => return Err(HttpError::new("Fault::Disconnect".into())),
        Some(fault @ (Fault::CutBody | Fault::StallBody)) if key_of(request.uri()).is_some() => {
            let (head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = body.collect().await.expect("objects are in memory").to_bytes();
            return Ok(HttpResponse::from_parts(head, break_off(&body, matches!(fault, Fault::StallBody))));
        }
        Some(Fault::NoLength) if key_of(request.uri()).is_some() => {
            let (mut head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = body.collect().await.expect("objects are in memory").to_bytes();
            head.headers.remove(header::CONTENT_LENGTH);
            let frames = stream::once(async { Ok::<_, Infallible>(Frame::data(body)) });
            return Ok(HttpResponse::from_parts(head, Body::http_body_unsync(StreamBody::new(frames))));
        }
        Some(Fault::RefuseKey(key, status, code))
            if request.method() == Method::GET && key_of(request.uri()) == Some(&key) =>
        {
            let xml = format!("<Error><Code>{code}</Code><Message>This object is refused.</Message></Error>");
            return http::Response::builder()
                .status(status)
                .body(Body::from(xml))
                .map_err(|error| HttpError::new(error.into()));
        }
        Some(Fault::Edit(edit)) if request.method() == Method::GET => {
            let is_list = is_list(request.uri());
            let (mut head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = if is_list {
                let xml = escape_controls(&body).bytes().expect("it is in memory");
                Bytes::from((edit.list)(String::from_utf8(xml.to_vec()).expect("XML is UTF-8")))
            } else {
                let body = body.collect().await.expect("objects are in memory").to_bytes();
                (edit.get)(&mut head.headers, body)
            };
            head.headers.insert(header::CONTENT_LENGTH, body.len().into());
            return Ok(HttpResponse::from_parts(head, Body::from(body)));
        }
        // These are for the operations that they are about.
        Some(
            Fault::SlowDownAfter(_)
            | Fault::DenyKey(_)
            | Fault::EverySecondGet
            | Fault::HangKey(_)
            | Fault::Hold
            | Fault::PlainKeys
            | Fault::SlowDownKey(_)
            | Fault::CutBody
            | Fault::StallBody
            | Fault::NoLength
            | Fault::DeleteAfterList(_)
            | Fault::ReplaceAfterList(..)
            | Fault::FolderOrder
            | Fault::RefuseKey(..)
            | Fault::DenyObjects
            | Fault::DenyList(_)
            | Fault::HideMissing
            | Fault::ChangeAfterList(..)
            | Fault::RefuseConditions
            | Fault::IgnoreConditions
            | Fault::Edit(_),
        )
        | None => {
            let is_list = is_list(request.uri());
            let response = service.call(request.map(Body::from)).await?;
            return Ok(if is_list { response.map(|body| escape_controls(&body)) } else { response });
        }
    };
    // A client that is still sending would see the connection reset, and not the answer.
    let _ = request.into_body().collect().await;
    refusal.to_http_response().map_err(|error| HttpError::new(error.into()))
}

/// The first half of a body, and then a broken connection or, if it `stalls`, nothing ever.
fn break_off(body: &Bytes, stalls: bool) -> Body {
    let half = body.slice(..body.len() / 2);
    let first = stream::once(async { Ok(Frame::data(half)) });
    let then = stream::once(async move {
        if stalls {
            return std::future::pending().await;
        }
        // Lets hyper send the first half before it hears of the error.
        tokio::task::yield_now().await;
        Err("Fault::CutBody")
    });
    Body::http_body_unsync(StreamBody::new(futures_util::StreamExt::chain(first, then)))
}

/// Writes as references (`&#x1;`) those characters of a listing that XML has no other way to
/// write, as S3 does, and the white space that XML parsers change. `s3s` puts them into the text
/// as they are, where a parser refuses them. (Strictly, XML 1.0 does not allow the references to
/// most of them either. The AWS SDK for Rust reads them all. For clients that do not, there is
/// `encoding-type=url`.)
fn escape_controls(body: &Body) -> Body {
    let bytes = body.bytes().expect("s3s answers a listing in one piece");
    let xml = std::str::from_utf8(&bytes).expect("XML is UTF-8");
    let mut escaped = String::with_capacity(xml.len());
    for c in xml.chars() {
        match c {
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => escaped += &format!("&#x{:x};", u32::from(c)),
            _ => escaped.push(c),
        }
    }
    Body::from(escaped)
}

/// The (encoded) key that a path-style address names, if it names one: `/BUCKET/KEY`.
pub(super) fn key_of(uri: &Uri) -> Option<&str> {
    let (_bucket, key) = uri.path().strip_prefix('/')?.split_once('/')?;
    (!key.is_empty()).then_some(key)
}

pub(super) fn is_list(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    key_of(uri).is_none() && parameters.any(|parameter| parameter == "list-type=2")
}
