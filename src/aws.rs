//! S3 with the settings and credentials of the AWS CLI: its files, profiles, SSO and credential processes.

mod credentials;
pub(crate) mod logs;
mod profile;

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{self, BehaviorVersion};
use aws_types::service_config::ServiceConfigKey;
use credentials::SharedRequest;
use futures_util::future::BoxFuture;
use profile::Profiles;
use server::config::S3Options;
use store::https::Http;
use store::s3::client::{self, Address};

/// Checks that this machine has root certificates.
///
/// # Errors
/// There are none: no server would be trusted.
pub(crate) fn root_certificates() -> Result<(), &'static str> {
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        return Err("no root certificates on this machine: set SSL_CERT_FILE to a file of root certificates");
    }
    Ok(())
}

/// Makes a client for one bucket, with the standard AWS settings of this process and its user.
///
/// # Errors
/// Invalid settings or missing credentials, in one line.
pub(crate) fn connect(bucket: Arc<str>, options: S3Options) -> BoxFuture<'static, Result<Client, String>> {
    Box::pin(async move { read_settings(&bucket, options).await })
}

async fn read_settings(bucket: &str, options: S3Options) -> Result<Client, String> {
    let http = Http::new(root_certificates);
    let profiles = Profiles::load().await?;
    let origin = profiles.origin()?;
    let section = profiles.s3()?;
    let loaded = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone()).load().await;
    let address = Address {
        bucket,
        region: loaded.region().cloned(),
        endpoint: custom_endpoint(&loaded),
        style: options.addressing_style.or(section.addressing_style),
        fips: loaded.use_fips().unwrap_or_default(),
        dual_stack: section.dual_stack || loaded.use_dual_stack().unwrap_or_default(),
        accelerate: section.accelerate,
        arn_region: client::variable("AWS_S3_USE_ARN_REGION")
            .as_deref()
            .map(client::is_true)
            .or(section.use_arn_region),
    };
    let config = client::addressed(config::Builder::from(&loaded), address).await?;
    let Some(provider) = loaded.credentials_provider() else { return Ok(client::new(config, options, http)) };
    let credentials = SharedRequest::new(provider, origin);
    credentials.wait().await.map_err(|e| e.to_string())?;
    Ok(client::new(config.credentials_provider(credentials), options, http))
}

/// The endpoint that `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile sets.
fn custom_endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let for_s3 = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    for_s3.or_else(|| config.endpoint_url().map(str::to_owned))
}
