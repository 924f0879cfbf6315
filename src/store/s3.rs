//! Prompt files in an S3 bucket.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_types::service_config::ServiceConfigKey;
use bytes::Bytes;

use super::{Object, PromptStore, StoreError, count_s3_request};
use crate::causes::{causes, chain};

/// A function has 15 seconds for its answer, in which a listing and a file may have to be read. S3 answers in some ten
/// milliseconds or not at all, so a slow attempt is given up early and the SDK's own retries (three attempts, or
/// `AWS_MAX_ATTEMPTS`) get the rest of the time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Of one request with its retries, until its answer begins.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// Of one file, with its content.
const GET_TIMEOUT: Duration = Duration::from_secs(6);

const NO_REGION: &str = "no region is set: AWS_REGION or the profile's `region` takes the bucket's";
const CREDENTIALS: &str = "AWS_PROFILE takes a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY a key";

/// The objects below a prefix of one bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3Store {
    /// A store over the standard AWS settings of this process; nothing is asked of S3 yet.
    pub async fn from_env(bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
        // A bucket's own host name is S3's alone; another server is addressed by path.
        let path_style = has_custom_endpoint(&config);
        Self::new(aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style), bucket, prefix)
    }

    /// A store over the given client settings, to which timeouts are added.
    ///
    /// `prefix` is what all keys start with: empty, or ending in `/`.
    pub fn new(config: aws_sdk_s3::config::Builder, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = config.timeout_config(timeouts).interceptor(CountRequests).build();
        Self { client: Client::from_conf(config), bucket: bucket.into(), prefix: prefix.into() }
    }

    /// What came of a request; where a setting was missing for it, which.
    fn error<E>(&self, at: &str, e: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if self.client.config().region().is_none() {
            return StoreError::Unavailable(format!("{at}: {NO_REGION}"));
        }
        match causes(e).find_map(|e| e.downcast_ref()) {
            // It repeats every place where there are none.
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                StoreError::Unavailable(format!("{at}: there are no credentials: {CREDENTIALS}"))
            }
            Some(e) => StoreError::Unavailable(format!("{at}: {}: {CREDENTIALS}", chain(e).trim_end_matches('.'))),
            None => store_error(at, e),
        }
    }
}

/// Whether `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` or the profile names another server than S3.
fn has_custom_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let for_s3 = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    for_s3.is_some() || config.endpoint_url().is_some()
}

#[async_trait]
impl PromptStore for S3Store {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| self.error(&self.location(), &e))?;
            for object in page.contents.unwrap_or_default() {
                let key = object.key.as_deref().and_then(|key| key.strip_prefix(&self.prefix));
                if let (Some(key), Some(version)) = (key, object.e_tag.as_deref()) {
                    let size = object.size.and_then(|size| size.try_into().ok()).unwrap_or_default();
                    objects.push(Object { key: key.to_owned(), version: version.to_owned(), size });
                }
            }
        }
        // S3 promises this order for general purpose buckets, other servers may not.
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        let key = format!("{}{}", self.prefix, object.key);
        let at = || format!("s3://{}/{key}", self.bucket);
        let request = self.client.get_object().bucket(&self.bucket).key(&key).if_match(&object.version);
        let read = async {
            let output = request.send().await.map_err(|e| self.error(&at(), &e))?;
            let body = output.body.collect().await;
            body.map(|body| body.into_bytes()).map_err(|e| StoreError::Unavailable(format!("{}: {e}", at())))
        };
        let timed_out = |_| Err(StoreError::Unavailable(format!("{}: not read in {GET_TIMEOUT:?}", at())));
        tokio::time::timeout(GET_TIMEOUT, read).await.unwrap_or_else(timed_out)
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// The one place where the SDK's errors become ours.
/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn store_error<E>(at: &str, e: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match e.as_service_error() {
        // Code and message of S3's answer, and never the answer, in which S3 may repeat a session token.
        Some(e) => [Some(at), e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
        None => format!("{at}: {}", chain(e)),
    };
    let status = e.raw_response().map(|response| response.status().as_u16());
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    match (code, status) {
        // The object was replaced after it was listed.
        (Some("PreconditionFailed"), _) | (_, Some(412)) => StoreError::NotFound(text),
        (Some("NoSuchKey" | "NoSuchBucket" | "NotFound"), _) | (_, Some(404)) => StoreError::NotFound(text),
        // Every 403 of S3 is about who asks, but for a clock that is wrong, which is as good as denied.
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired"), _) | (_, Some(401 | 403)) => {
            StoreError::Denied(text)
        }
        _ => StoreError::Unavailable(text),
    }
}

/// Counts every attempt for the request's log line.
#[derive(Debug)]
struct CountRequests;

impl Intercept for CountRequests {
    fn name(&self) -> &'static str {
        "CountRequests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count_s3_request();
        Ok(())
    }
}
