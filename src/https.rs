//! Connections of a client: TCP, through a proxy where one is set, and TLS by ring with the root certificates of the machine or of
//! `SSL_CERT_FILE`.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::{self, BoxFuture};
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

use crate::causes::chain;
use crate::config::process;

/// A server answers in some ten milliseconds or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What opens connections.
pub(crate) type Connector = HttpsConnector<Tcp>;

/// For `https:` and `http:`. To read the root certificates takes some 5 ms.
///
/// # Errors
/// If there is none.
pub(crate) fn connector() -> io::Result<Connector> {
    report_proxy_of_no_use();
    Ok((Tcp::new(), tls()?.with_native_roots()?.with_no_client_auth()).into())
}

/// For `http:` alone: it trusts no certificate.
pub(crate) fn plain_connector() -> io::Result<Connector> {
    Ok((Tcp::new(), tls()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()).into())
}

fn tls() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    builder.with_safe_default_protocol_versions().map_err(io::Error::other)
}

/// TCP; what goes to `https:` through the proxy that `HTTPS_PROXY` names, but for what `NO_PROXY` does.
#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Tcp {
    fn new() -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        direct.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self { direct, proxies: Arc::new(Matcher::from_env()) }
    }
}

/// Tells the log of a proxy that is set, and of which nothing can be made; not what is set, which may have a password in it.
fn report_proxy_of_no_use() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let Some(value) = process(name).filter(|value| !value.is_empty()) else { continue };
        let proxy = Matcher::builder().https(value).build().intercept(&Uri::from_static("https://example.com"));
        if proxy.is_none() {
            tracing::warn!("{name} is no address of a proxy such as http://proxy.example.com:3128, and is not used");
        }
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.intercept(&uri).filter(|_| uri.scheme() == Some(&Scheme::HTTPS)) else {
            return Box::pin(self.direct.call(uri).map_err(Into::into));
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let takes = "HTTPS_PROXY or ALL_PROXY names a proxy that is asked over http:, and no other";
            return Box::pin(future::err(takes.into()));
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        let mut tunnel = match proxy.basic_auth() {
            Some(credentials) => tunnel.with_auth(credentials.clone()),
            None => tunnel,
        };
        // Not its address, a piece of which may be one of a password's where that is not written as a URL takes it.
        let failed = |e| format!("the proxy of HTTPS_PROXY or ALL_PROXY: {}", chain(&e)).into();
        Box::pin(tunnel.call(uri).map_err(failed))
    }
}
