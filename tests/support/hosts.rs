//! A proxy that plays every host, over TLS with certificates of its own authority, and records the requests. The program
//! under test sends what it would send to AWS, and a test sees method, host, path, query and headers as they were on the
//! wire. Plain HTTP requests to the proxy itself are answered too.

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(unreachable_pub, reason = "a module of each test program")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// With scheme, host, path and query.
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// `GET https://host/path?query`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.uri)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Region and service of the signature: `eu-central-1/s3` of `AKID/20260728/eu-central-1/s3/aws4_request`.
    pub fn scope(&self) -> Option<String> {
        let (_, scope) = self.header("authorization")?.split_once("Credential=")?;
        let scope: Vec<&str> = scope.split(',').next()?.split('/').collect();
        Some(scope[2..4].join("/"))
    }
}

type Answer = dyn Fn(&Asked) -> Response<String> + Send + Sync;
type Authority = CertifiedIssuer<'static, KeyPair>;

/// The proxy, stopped when dropped.
pub struct Hosts {
    address: SocketAddr,
    trusted: TempDir,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Hosts {
    /// Starts the proxy with its answers.
    pub fn start(answer: impl Fn(&Asked) -> Response<String> + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a local port");
        listener.set_nonblocking(true).expect("set the listener non-blocking");
        let address = listener.local_addr().expect("the listener's address");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let trusted = tempfile::tempdir().expect("a folder");
        std::fs::write(trusted.path().join("trusted.pem"), authority.pem()).expect("write the certificate");
        let asked = Arc::default();
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let state = Arc::new(State { authority, asked: Arc::clone(&asked), answer: Box::new(answer) });
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, state) => {}
                }
            });
        });
        Self { address, trusted, asked, stop: Some(stop), thread: Some(thread) }
    }

    /// Its address over plain HTTP: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The file with the certificate that a client has to trust.
    pub fn trusted(&self) -> PathBuf {
        self.trusted.path().join("trusted.pem")
    }

    /// The environment of a process that reaches every host here.
    pub fn env(&self) -> Vec<(String, String)> {
        let set = |name: &str, value: String| (name.to_owned(), value);
        vec![set("HTTPS_PROXY", self.endpoint()), set("SSL_CERT_FILE", self.trusted().display().to_string())]
    }

    /// The requests so far, in the order of their arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no handler has panicked").clone()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    authority: Authority,
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Box<Answer>,
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).expect("listen");
    loop {
        let (stream, _) = listener.accept().await.expect("accept a connection");
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let handler = service_fn(|request| connected(Arc::clone(&state), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), handler);
            let _ = connection.with_upgrades().await;
        });
    }
}

/// A request to the proxy itself: a tunnel to some host, or plain HTTP.
async fn connected(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::CONNECT {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let origin = format!("http://{host}");
        return answer(&state, &origin, request).await;
    }
    let host = request.uri().host().expect("a host to connect to").to_owned();
    tokio::spawn(async move {
        let Ok(stream) = hyper::upgrade::on(request).await else { return };
        // A client that does not trust the certificate hangs up.
        let Ok(stream) = acceptor(&state.authority, &host).accept(TokioIo::new(stream)).await else { return };
        let origin = format!("https://{host}");
        let handler = service_fn(|request| answer(&state, &origin, request));
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
    });
    Ok(Response::default())
}

fn acceptor(authority: &Authority, host: &str) -> TlsAcceptor {
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([host.to_owned()]).expect("a host name").signed_by(&key, authority);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.expect("a certificate").into()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        );
    TlsAcceptor::from(Arc::new(config.expect("a configuration")))
}

async fn answer(state: &State, origin: &str, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = Asked {
        method: head.method,
        uri: format!("{origin}{path}").parse().expect("a URI"),
        headers: head.headers,
        body: body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
    };
    let response = (state.answer)(&asked);
    state.asked.lock().expect("no handler has panicked").push(asked);
    Ok(response.map(|body| Full::new(body.into())))
}

/// An answer of S3 or another service of AWS.
pub fn xml(status: StatusCode, body: impl Into<String>) -> Response<String> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/xml");
    response.body(body.into()).expect("a response")
}

/// The answers of a bucket with one prompt, `prompts/hello.prompt`.
pub fn bucket(asked: &Asked) -> Response<String> {
    let query = asked.uri.query().unwrap_or_default();
    if query.contains("list-type=2") {
        return xml(
            StatusCode::OK,
            "<ListBucketResult><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents>\
             <Key>prompts/hello.prompt</Key><LastModified>2026-07-28T12:00:00.000Z</LastModified>\
             <ETag>\"09f7e02f1290be211da707a266f153b3\"</ETag><Size>6</Size></Contents></ListBucketResult>",
        );
    }
    if query.split('&').any(|part| part.starts_with("session")) {
        return xml(
            StatusCode::OK,
            "<CreateSessionResult><Credentials><SessionToken>session-token</SessionToken>\
             <SecretAccessKey>session-secret</SecretAccessKey><AccessKeyId>ASIASESSION</AccessKeyId>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>",
        );
    }
    if asked.uri.path().ends_with("prompts/hello.prompt") {
        let response = Response::builder().header(header::ETAG, "\"09f7e02f1290be211da707a266f153b3\"");
        return response.body("Hello!".to_owned()).expect("a response");
    }
    xml(StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>")
}
