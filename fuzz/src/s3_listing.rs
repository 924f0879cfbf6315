//! The answer of an S3 server to a request for a listing.

use std::cell::RefCell;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use prompt_gallery::{PromptStore, S3Options, S3Store};
use tokio::runtime::Runtime;

use super::service;

const PREFIX: &str = "prompts/";

thread_local! {
    static STORE: (Runtime, S3Store) = {
        let connect = |_, _| -> futures_util::future::BoxFuture<'static, Result<Client, String>> {
            Box::pin(async { Ok(client()) })
        };
        (service::runtime(), S3Store::connecting("bucket", PREFIX, S3Options::default(), connect))
    };
    /// The answer to each request.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A listing that is taken in has each key once and in order.
pub fn run(input: &[u8]) {
    ANSWER.with_borrow_mut(|answer| input.clone_into(answer));
    let listed = STORE.with(|(runtime, store)| runtime.block_on(store.list()));
    let Ok(objects) = listed else { return };
    assert!(objects.is_sorted_by(|a, b| a.key < b.key), "{objects:?}");
}

/// A client whose server gives the same answer to each request.
fn client() -> Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "fuzz"))
        .endpoint_url("http://127.0.0.1:1")
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client_fn(|_, _| SharedHttpConnector::new(Server)));
    Client::from_conf(config.build())
}

#[derive(Debug)]
struct Server;

impl HttpConnector for Server {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let answer = ANSWER.with_borrow(Clone::clone);
        let status = StatusCode::try_from(200).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer))))
    }
}
