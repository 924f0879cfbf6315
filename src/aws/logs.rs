//! Requests to CloudWatch Logs, signed by the SDK's signer. The SDK's client for this service has 175,000 lines, two thirds of
//! that for S3, for the two requests of one command: docs/decisions.md.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::config::BehaviorVersion;
use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::primitives::SdkBody;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::causes::chain;
use store::https::{self, Http};

use super::root_certificates;

const TYPE: &str = "application/x-amz-json-1.1";
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer: 10,000 rows of a query have some 3 MB.
const MAX_ANSWER_SIZE: usize = 16 * 1024 * 1024;

/// CloudWatch Logs, with the standard AWS settings of this process and its user.
pub(crate) struct Logs {
    endpoint: String,
    region: String,
    credentials: SharedCredentialsProvider,
}

/// An error of the service.
#[derive(Deserialize)]
struct Refused {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

impl Logs {
    /// # Errors
    /// No region, or no credentials.
    pub(crate) async fn open() -> Result<Self, String> {
        let config = aws_config::defaults(BehaviorVersion::latest());
        let config = config.http_client(Http::new(root_certificates)).load().await;
        let region = config.region().map(ToString::to_string).ok_or("no AWS region: set AWS_REGION")?;
        let credentials = config.credentials_provider().ok_or("no AWS credentials")?;
        let endpoint = custom_endpoint(&config).unwrap_or_else(|| {
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://logs.{region}.amazonaws.com{suffix}")
        });
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned() + "/", region, credentials })
    }

    /// Calls an operation.
    ///
    /// # Errors
    /// A request without an answer, or the service's error.
    pub(crate) async fn call<T: DeserializeOwned>(&self, operation: &str, input: &Value) -> Result<T, String> {
        let request = self.signed(operation, input.to_string()).await?;
        let answered = async {
            let answer = https::send(request).await.map_err(|e| chain(&e))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_SIZE).collect().await.map_err(|e| chain(&*e))?;
            Ok::<_, String>((status, body.to_bytes()))
        };
        let answered = tokio::time::timeout(TIMEOUT, answered).await.unwrap_or_else(|_| Err("no answer".to_owned()));
        let (status, body) = answered.map_err(|e| format!("CloudWatch Logs: {e}"))?;
        if !status.is_success() {
            // Another server in between, such as a proxy, has no such answer.
            let refused: Refused =
                serde_json::from_slice(&body).map_err(|_| format!("CloudWatch Logs: status {status}"))?;
            let kind = refused.kind.rsplit('#').next().unwrap_or_default();
            return Err(format!("{kind}: {}", refused.message));
        }
        serde_json::from_slice(&body).map_err(|e| format!("CloudWatch Logs: {e}"))
    }

    async fn signed(&self, operation: &str, body: String) -> Result<HttpRequest, String> {
        let target = format!("Logs_20140328.{operation}");
        let headers = [("content-type", TYPE), ("x-amz-target", &target)];
        let credentials = self.credentials.provide_credentials().await.map_err(|e| chain(&e))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("logs")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build();
        let parameters = parameters.map_err(|e| e.to_string())?.into();
        let signable =
            SignableRequest::new("POST", &self.endpoint, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let signed = sign(signable.map_err(|e| chain(&e))?, &parameters).map_err(|e| chain(&e))?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|e| e.to_string())?;
        request.set_uri(self.endpoint.as_str()).map_err(|e| e.to_string())?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value.to_owned());
        }
        for (name, value) in signed.into_parts().0.headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

/// The endpoint that `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`, `AWS_ENDPOINT_URL` or the profile sets.
fn custom_endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("CloudWatch Logs").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let for_logs = config.service_config().zip(key.build().ok()).and_then(|(service, key)| service.load_config(key));
    for_logs.or_else(|| config.endpoint_url().map(str::to_owned))
}
