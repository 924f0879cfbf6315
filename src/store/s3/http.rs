//! HTTP/1 for the SDK. Its own client is made of the same parts, but brings HTTP/2, which S3 does not speak:
//! some 400 KB that each cold start of the function would have to fetch.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::RuntimeComponents;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use once_cell::sync::OnceCell;

use crate::https::{self, Connector};

type Hyper = Client<Connector, SdkBody>;

/// A client whose connections are kept and shared.
#[derive(Debug, Clone, Default)]
pub(super) struct Http {
    plain: Arc<OnceCell<Hyper>>,
    /// Made with the first `https:` request, as the root certificates are then read.
    tls: Arc<OnceCell<Hyper>>,
}

impl Http {
    fn client(&self, uri: &str) -> Result<&Hyper, ConnectorError> {
        let made = if uri.starts_with("http:") {
            self.plain.get_or_try_init(|| https::plain_connector().map(client))
        } else {
            self.tls.get_or_try_init(|| https::connector().map(client))
        };
        made.map_err(|e| ConnectorError::user(e.into()))
    }
}

fn client(connector: Connector) -> Hyper {
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Requests { http: self.clone(), read_timeout: settings.read_timeout() })
    }
}

#[derive(Debug)]
struct Requests {
    http: Http,
    /// Until the answer begins.
    read_timeout: Option<Duration>,
}

impl HttpConnector for Requests {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = match self.http.client(request.uri()) {
            Ok(client) => client.clone(),
            Err(error) => return HttpConnectorFuture::ready(Err(error)),
        };
        let read_timeout = self.read_timeout.unwrap_or(Duration::MAX);
        HttpConnectorFuture::new(async move {
            let mut request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
            let connection = capture_connection(&mut request);
            if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
                capture.set_connection_retriever(move || metadata(&connection));
            }
            let answer = tokio::time::timeout(read_timeout, client.request(request)).await;
            let answer = answer.map_err(|late| ConnectorError::timeout(late.into()))?.map_err(classify)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

/// Lets the SDK give up a connection over which an attempt failed.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// What is not the request's own fault may go well when it is tried again.
fn classify(error: Error) -> ConnectorError {
    let is_user =
        error.source().and_then(|cause| cause.downcast_ref::<hyper::Error>()).is_some_and(hyper::Error::is_user);
    if is_user { ConnectorError::user(error.into()) } else { ConnectorError::io(error.into()) }
}
