//! The S3 client: the standard settings and our timeouts.

use std::str::FromStr;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_s3::config::interceptors::{BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef};
use aws_sdk_s3::config::retry::{RetryConfig, RetryMode};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{self, BehaviorVersion, ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::BoxError;
use futures_util::future::BoxFuture;

use super::options::{AddressingStyle, S3Options, endpoint as endpoint_url};
use crate::causes::{chain, shown};
pub use crate::env::variable;
use crate::https::Http;
use crate::limits::{CONNECT_TIMEOUT, OPERATION_TIMEOUT, READ_TIMEOUT, WRITE_TIMEOUT};
use crate::observed::count_s3_request;

const NO_REGION: &str = "no region: set AWS_REGION or the profile's `region` to the bucket's";

/// The client of the standard AWS settings in the environment, as Lambda sets them. It reads no profile and asks no
/// metadata service: their code costs the package and each cold start more than these lines (docs/decisions.md).
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
///
/// # Errors
/// What is wrong with the settings, in one line.
pub fn from_env(bucket: Arc<str>, options: S3Options) -> BoxFuture<'static, Result<Client, String>> {
    Box::pin(async move { read_env(&bucket, options).await })
}

async fn read_env(bucket: &str, options: S3Options) -> Result<Client, String> {
    let is_on = |name| variable(name).as_deref().is_some_and(is_true);
    let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
    let address = Address {
        bucket,
        region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new),
        endpoint: endpoint.filter(|_| !is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")),
        style: options.addressing_style,
        fips: is_on("AWS_USE_FIPS_ENDPOINT"),
        dual_stack: is_on("AWS_USE_DUALSTACK_ENDPOINT"),
        accelerate: false,
        arn_region: variable("AWS_S3_USE_ARN_REGION").as_deref().map(is_true),
    };
    Ok(new(addressed(settings(variable), address).await?, options, Http::new(|| Ok(()))))
}

/// The client settings of these variables, as the SDK would read them. `gallery::config` has checked their values.
fn settings(variable: impl Fn(&str) -> Option<String>) -> config::Builder {
    fn parsed<T: FromStr>(value: Option<String>) -> Option<T> {
        value.and_then(|value| value.parse().ok())
    }
    let credentials = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
    let token = variable("AWS_SESSION_TOKEN");
    let credentials = credentials.map(|(id, secret)| Credentials::new(id, secret, token, None, "environment"));
    let mode = parsed(variable("AWS_RETRY_MODE")).unwrap_or(RetryMode::Standard);
    let retries = RetryConfig::standard().with_retry_mode(mode);
    let retries = match parsed(variable("AWS_MAX_ATTEMPTS")) {
        Some(attempts) => retries.with_max_attempts(attempts),
        None => retries,
    };
    let mut config = config::Builder::new().behavior_version(BehaviorVersion::latest()).retry_config(retries);
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    config.set_request_checksum_calculation(parsed(variable("AWS_REQUEST_CHECKSUM_CALCULATION")));
    config.set_response_checksum_validation(parsed(variable("AWS_RESPONSE_CHECKSUM_VALIDATION")));
    let is_alone = variable("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH").as_deref().is_some_and(is_true);
    config.set_disable_s3_express_session_auth(Some(is_alone));
    config
}

/// The settings that decide the address of a bucket.
pub struct Address<'a> {
    /// The name, or an ARN.
    pub bucket: &'a str,
    /// The region of the requests.
    pub region: Option<Region>,
    /// The address of another server than S3.
    pub endpoint: Option<String>,
    /// Where the bucket's name goes.
    pub style: Option<AddressingStyle>,
    /// FIPS endpoints.
    pub fips: bool,
    /// Endpoints with IPv6 too.
    pub dual_stack: bool,
    /// Transfer Acceleration.
    pub accelerate: bool,
    /// Whether the region in an ARN may differ from `region`. The SDK does not read this setting itself.
    pub arn_region: Option<bool>,
}

/// The value of a variable that is true or false, as the SDK reads it.
#[must_use]
pub fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

/// The client settings with this address.
///
/// # Errors
/// Why the SDK finds no address, in one line.
pub async fn addressed(config: config::Builder, address: Address<'_>) -> Result<config::Builder, String> {
    let Address { bucket, region, endpoint, style, fips, dual_stack, accelerate, arn_region } = address;
    let region = region.ok_or(NO_REGION)?;
    let checked = |url: &str| endpoint_url(url).map_err(|expected| format!("endpoint_url={}: {expected}", shown(url)));
    let endpoint = endpoint.as_deref().map(checked).transpose()?;
    let path_style = match style.unwrap_or(AddressingStyle::Auto) {
        AddressingStyle::Path => true,
        AddressingStyle::Virtual => false,
        // Only S3 has a host name for each bucket. Other servers expect the bucket in the path, except for an access point.
        AddressingStyle::Auto => endpoint.is_some() && !bucket.starts_with("arn:"),
    };
    let params = Params::builder()
        .bucket(bucket)
        .region(region.as_ref())
        .set_endpoint(endpoint.clone())
        .use_fips(fips)
        .use_dual_stack(dual_stack)
        .accelerate(accelerate)
        .set_use_arn_region(arn_region)
        .force_path_style(path_style);
    let params = params.build().map_err(|e| chain(&e))?;
    DefaultResolver::new().resolve_endpoint(&params).await.map_err(|e| chain(&*e))?;
    let mut config = config.region(region).force_path_style(path_style).accelerate(accelerate);
    config.set_endpoint_url(endpoint).set_use_arn_region(arn_region);
    Ok(config.use_fips(fips).use_dual_stack(dual_stack))
}

/// Timeouts of a request with a large body: its answer begins only when all of the body has arrived.
pub(super) fn long_timeouts() -> config::Builder {
    let timeouts = TimeoutConfig::builder().read_timeout(WRITE_TIMEOUT).operation_timeout(WRITE_TIMEOUT).build();
    config::Builder::new().timeout_config(timeouts)
}

/// The client of these settings, with our timeouts.
#[must_use]
pub fn new(config: config::Builder, options: S3Options, http: Http) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let each_attempt = EachAttempt { requester_pays: options.requester_pays };
    Client::from_conf(config.http_client(http).timeout_config(timeouts).interceptor(each_attempt).build())
}

/// Counts every attempt for the request's log line, and adds the header of a requester who pays.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html>
#[derive(Debug)]
struct EachAttempt {
    requester_pays: bool,
}

impl Intercept for EachAttempt {
    fn name(&self) -> &'static str {
        "EachAttempt"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.requester_pays {
            context.request_mut().headers_mut().insert("x-amz-request-payer", "requester");
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};

    use super::*;

    #[test]
    fn the_function_reads_how_to_retry_and_what_to_check() {
        let of = |env: &[(&str, &str)]| {
            let value = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            let config = settings(value).build();
            let retries = config.retry_config().expect("retries").clone();
            let checks =
                (config.request_checksum_calculation().copied(), config.response_checksum_validation().copied());
            (retries.mode(), retries.max_attempts(), checks)
        };
        assert_eq!(of(&[]), (RetryMode::Standard, 3, (None, None)));
        let set = [
            ("AWS_RETRY_MODE", "Adaptive"),
            ("AWS_MAX_ATTEMPTS", "7"),
            ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
            ("AWS_RESPONSE_CHECKSUM_VALIDATION", "WHEN_REQUIRED"),
        ];
        let required = (Some(RequestChecksumCalculation::WhenRequired), Some(ResponseChecksumValidation::WhenRequired));
        assert_eq!(of(&set), (RetryMode::Adaptive, 7, required));
    }
}
