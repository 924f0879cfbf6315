//! The HTTP client: the SDK's, with TLS by ring and the root certificates of the machine or of `SSL_CERT_FILE`. HTTPS requests
//! use the proxy in `HTTPS_PROXY` or `ALL_PROXY`, except for hosts in `NO_PROXY`; HTTP requests use no proxy.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use aws_sdk_s3::config::RuntimeComponents;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::Matcher;

use crate::env::variable;

const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

static PROXY: LazyLock<Matcher> = LazyLock::new(Matcher::from_env);

fn tls(settings: Option<&HttpConnectorSettings>, components: Option<&RuntimeComponents>) -> Connector {
    let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings.cloned());
    builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
}

/// A client for `http:` and `https:`. Its clones share its connections, one pool for each choice of timeouts. Each runtime
/// needs a client of its own: a connection needs the runtime that opened it.
#[derive(Debug, Clone)]
pub struct Http {
    plain: SharedHttpClient,
    check: CheckRoots,
    /// Made at the first `https:` request, because reading the root certificates takes some 5 ms.
    tls: Arc<OnceLock<Result<SharedHttpClient, &'static str>>>,
}

/// Checks the root certificates of this machine, and says what is wrong with them.
pub type CheckRoots = fn() -> Result<(), &'static str>;

impl Http {
    /// A client that calls `check` before its first `https:` request. Without root certificates the SDK refuses every server
    /// and does not say why.
    #[must_use]
    pub fn new(check: CheckRoots) -> Self {
        Self { plain: Builder::new().build_http(), check, tls: Arc::default() }
    }

    fn tls(&self) -> Result<&SharedHttpClient, &'static str> {
        let client = self.tls.get_or_init(|| {
            warn_about_unusable_proxies();
            (self.check)()?;
            Ok(Builder::new().build_with_connector_fn(tls))
        });
        client.as_ref().map_err(|why| *why)
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(ByScheme(Some((self.clone(), settings.clone(), components.clone()))))
    }
}

/// Sends a GET over a connection of its own, without a timeout.
///
/// # Errors
/// A URL that cannot be read, and a request without a response.
pub async fn get(url: &str) -> Result<HttpResponse, ConnectorError> {
    let mut request = HttpRequest::empty();
    request.set_uri(url).map_err(|e| ConnectorError::user(e.into()))?;
    send(request).await
}

/// Sends a request over a connection of its own, without a timeout.
///
/// # Errors
/// A request without a response.
pub async fn send(request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    ByScheme(None).call(request).await
}

/// Uses TLS for `https:` requests; `None` opens a connection for each request.
#[derive(Debug)]
struct ByScheme(Option<(Http, HttpConnectorSettings, RuntimeComponents)>);

impl ByScheme {
    fn plain(&self) -> SharedHttpConnector {
        match &self.0 {
            Some((http, settings, components)) => http.plain.http_connector(settings, components),
            None => SharedHttpConnector::new(Connector::builder().build_http()),
        }
    }

    fn tls(&self) -> Result<SharedHttpConnector, &'static str> {
        match &self.0 {
            Some((http, settings, components)) => Ok(http.tls()?.http_connector(settings, components)),
            None => Ok(SharedHttpConnector::new(tls(None, None))),
        }
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: Uri = match request.uri().parse() {
            Ok(uri) => uri,
            Err(e) => return refused(e),
        };
        if uri.scheme() == Some(&Scheme::HTTP) {
            return self.plain().call(request);
        }
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(why) => return refused(why),
        };
        let Some(proxy) = PROXY.intercept(&uri) else { return tls.call(request) };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) && proxy.uri().scheme() != Some(&Scheme::HTTPS) {
            return refused("the proxy in HTTPS_PROXY or ALL_PROXY must have an address with http: or https:");
        }
        let answer = tls.call(request);
        HttpConnectorFuture::new(async move { answer.await.map_err(Proxied::from_connector) })
    }
}

fn refused(why: impl Into<Box<dyn Error + Send + Sync>>) -> HttpConnectorFuture {
    HttpConnectorFuture::ready(Err(ConnectorError::other(why.into(), None)))
}

/// An error of a request through a proxy. It does not name the proxy's address, which may hold a password.
#[derive(Debug)]
struct Proxied(Box<dyn Error + Send + Sync>);

impl Proxied {
    fn from_connector(e: ConnectorError) -> ConnectorError {
        let (is_io, is_timeout, is_user, other) = (e.is_io(), e.is_timeout(), e.is_user(), e.as_other());
        let proxied = Box::new(Self(e.into_source()));
        match () {
            () if is_io => ConnectorError::io(proxied),
            () if is_timeout => ConnectorError::timeout(proxied),
            () if is_user => ConnectorError::user(proxied),
            () => ConnectorError::other(proxied, other),
        }
    }
}

impl fmt::Display for Proxied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("through the proxy of HTTPS_PROXY or ALL_PROXY")
    }
}

impl Error for Proxied {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Warns about an unusable proxy, without printing it: its address may hold a password.
pub fn warn_about_unusable_proxies() {
    for name in PROXY_VARIABLES {
        let Some(value) = variable(name) else { continue };
        let proxy = Matcher::builder().https(value).build().intercept(&Uri::from_static("https://example.com"));
        if proxy.is_none() {
            tracing::warn!(
                "{name} is not used: expected the address of a proxy, such as http://proxy.example.com:3128"
            );
        }
    }
}
