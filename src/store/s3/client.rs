//! The S3 client: the standard settings, timeouts, and no more at the start of a process than its first request takes.

use std::time::{Duration, Instant};

#[cfg(feature = "local")]
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{self, BehaviorVersion, ConfigBag, Intercept, RuntimeComponents};
#[cfg(not(feature = "local"))]
use aws_sdk_s3::config::{Credentials, Region, SharedCredentialsProvider, retry::RetryConfig};
use aws_sdk_s3::error::BoxError;
#[cfg(feature = "local")]
use aws_types::service_config::ServiceConfigKey;

use super::http::Http;
#[cfg(not(feature = "local"))]
use crate::config::process;
use crate::logging::milliseconds;
use crate::store::count_s3_request;

/// A function has 15 seconds for its answer, in which a listing and a file may have to be read. S3 answers in some ten
/// milliseconds or not at all, so a slow attempt is given up early and the SDK's own retries (three attempts, or
/// `AWS_MAX_ATTEMPTS`) get the rest of the time.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Of writing the index, for which nobody waits so long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Of one request with its retries, until its answer begins.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The client of the standard AWS settings of this process.
pub(super) async fn from_env() -> Client {
    let began = Instant::now();
    let client = new(settings().await);
    tracing::debug!(ms = milliseconds(began.elapsed()), "S3 client made");
    client
}

/// What the environment, the profile and this machine say.
#[cfg(feature = "local")]
async fn settings() -> config::Builder {
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(Http::default()).load().await;
    // A bucket's own host name is S3's alone; another server is addressed by path.
    let path_style = has_custom_endpoint(&config);
    config::Builder::from(&config).force_path_style(path_style)
}

/// What Lambda sets: no profile and no machine is asked.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
#[cfg(not(feature = "local"))]
async fn settings() -> config::Builder {
    let variable = |name| process(name).filter(|value| !value.is_empty());
    let credentials = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
    let token = variable("AWS_SESSION_TOKEN");
    let credentials = credentials.map(|(id, secret)| Credentials::new(id, secret, token, None, "environment"));
    let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
    let attempts =
        variable("AWS_MAX_ATTEMPTS").and_then(|attempts| attempts.parse().ok()).filter(|attempts| *attempts > 0);
    let retries = RetryConfig::standard();
    let retries = attempts.map_or(retries.clone(), |attempts| retries.with_max_attempts(attempts));
    let mut settings = config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .force_path_style(endpoint.is_some())
        .retry_config(retries)
        .use_fips(variable("AWS_USE_FIPS_ENDPOINT").is_some_and(|value| value == "true"))
        .use_dual_stack(variable("AWS_USE_DUALSTACK_ENDPOINT").is_some_and(|value| value == "true"));
    settings.set_region(variable("AWS_REGION").map(Region::new)).set_endpoint_url(endpoint);
    settings.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    settings
}

/// Settings of a request whose body may be large: an answer begins only when all of it has arrived.
pub(super) fn patient() -> config::Builder {
    let timeouts = TimeoutConfig::builder().read_timeout(WRITE_TIMEOUT).operation_timeout(WRITE_TIMEOUT).build();
    config::Builder::new().timeout_config(timeouts)
}

/// The client of these settings.
pub(super) fn new(config: config::Builder) -> Client {
    let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build();
    let config = config.http_client(Http::default()).timeout_config(timeouts).interceptor(CountRequests);
    Client::from_conf(config.build())
}

/// Whether `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` or the profile names another server than S3.
#[cfg(feature = "local")]
fn has_custom_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let for_s3 = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    for_s3.is_some() || config.endpoint_url().is_some()
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
