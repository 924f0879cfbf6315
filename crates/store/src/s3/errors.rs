//! The one place where the SDK's errors become ours, with advice on the setting to change.
//! Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::causes::{causes, chain};
use crate::prompt_store::{StoreError, Written};

const CREDENTIALS: &str = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/// Why there are no credentials, in one line: an error of the credentials that a client is made with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NoCredentials(pub String);

/// The error of a request for the object `at`, by a client of this region.
pub(super) fn store_error<E>(at: &str, e: &SdkError<E>, region: Option<&str>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(why) = missing_credentials(e) {
        return StoreError::Unavailable(format!("{at}: {why}"));
    }
    let status = e.raw_response().map(|response| response.status().as_u16());
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    let mut text = match e.as_service_error() {
        // Only code and message: S3 may repeat a session token in the rest of its answer.
        Some(e) if e.code().is_some() || e.message().is_some() => {
            let words = [Some(at), e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        // Another server in between, such as a proxy.
        Some(_) => format!("{at}: status {}", status.unwrap_or_default()),
        None => format!("{at}: {}", chain(e)),
    };
    if let Some(advice) = advice(code, e.raw_response(), region) {
        text = format!("{text}: {advice}");
    }
    match (code, status) {
        // The object was replaced after it was listed.
        (Some("PreconditionFailed"), _) | (_, Some(412)) => StoreError::NotFound(text),
        (Some("NoSuchKey" | "NoSuchBucket" | "NotFound"), _) | (_, Some(404)) => StoreError::NotFound(text),
        // The object is archived.
        (Some("InvalidObjectState"), _) => StoreError::Refused(text),
        // Each other 403 of S3 is about the caller's identity, or about a wrong clock, which denies access too.
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired"), _) | (_, Some(401 | 403)) => {
            StoreError::Denied(text)
        }
        // A later attempt may succeed.
        (Some("RequestTimeout" | "SlowDown"), _) | (_, Some(408 | 409 | 429)) => StoreError::Unavailable(text),
        // For example an object that is encrypted with a key of the client's, or with a disabled key.
        (_, Some(400..=499 | 501)) => StoreError::Refused(text),
        _ => StoreError::Unavailable(text),
    }
}

/// The error of a listing that has failed with `error`. A refusal of a whole listing counts as an outage: there is no file to
/// leave out.
pub(super) fn listing_error(error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(why) => StoreError::Unavailable(why),
        error => error,
    }
}

/// Whether the answer reports success, and the SDK cannot read it.
pub(super) fn is_unreadable_success<E>(e: &SdkError<E>) -> bool {
    e.raw_response().is_some_and(|response| response.status().is_success())
}

/// Whether the answer is that the object has not changed.
pub(super) fn is_not_modified<E>(e: &SdkError<E>) -> bool {
    e.raw_response().is_some_and(|response| response.status().as_u16() == 304)
}

/// The outcome of a conditional write that has failed with `e`, which [`store_error`] turns into `error`.
pub(super) fn written<E>(e: &SdkError<E>, error: StoreError) -> Result<Written, StoreError> {
    match error {
        // Another writer was first, or the object is gone.
        StoreError::NotFound(_) => Ok(Written::Refused),
        _ if e.raw_response().is_some_and(|response| response.status().as_u16() == 409) => Ok(Written::Unclear),
        error => Err(error),
    }
}

/// Why the request could not be signed, if that is the error.
fn missing_credentials(e: &(dyn Error + 'static)) -> Option<String> {
    if let Some(why) = causes(e).find_map(|e| e.downcast_ref::<NoCredentials>()) {
        return Some(why.to_string());
    }
    Some(match causes(e).find_map(|e| e.downcast_ref())? {
        // Its text lists every place that has no credentials.
        CredentialsError::CredentialsNotLoaded(_) => format!("there are no credentials: {CREDENTIALS}"),
        e => format!("{}: {CREDENTIALS}", chain(e).trim_end_matches('.')),
    })
}

/// What to do about a refusal, if S3's own words do not say so.
fn advice(code: Option<&str>, response: Option<&HttpResponse>, region: Option<&str>) -> Option<String> {
    if let (Some(theirs), Some(ours)) = (response.and_then(bucket_region), region)
        && theirs != ours
        && response.is_some_and(|response| matches!(response.status().as_u16(), 301 | 307 | 400))
    {
        return Some(format!("the bucket is in {theirs}, and AWS_REGION or the profile's `region` says {ours}"));
    }
    let advice = match code? {
        "PermanentRedirect" => "the bucket is in another region than AWS_REGION or the profile's `region` says",
        "InvalidAccessKeyId" => "this S3 server does not know the key in AWS_ACCESS_KEY_ID or the profile",
        "SignatureDoesNotMatch" => "AWS_SECRET_ACCESS_KEY or the profile's secret does not belong to its key",
        "ExpiredToken" | "TokenRefreshRequired" => {
            "the session has ended: sign in again, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew"
        }
        "InvalidToken" => "AWS_SESSION_TOKEN or the profile's token does not belong to its key",
        "RequestTimeTooSkewed" => "the clock of this machine is wrong",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// The region in S3's answer: in a header, or in the body if the signature is for another region.
fn bucket_region(response: &HttpResponse) -> Option<&str> {
    if let Some(region) = response.headers().get("x-amz-bucket-region") {
        return Some(region);
    }
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    let (_, region) = body.split_once("<Region>")?;
    let (region, _) = region.split_once("</Region>")?;
    let is_name = |region: &str| region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    Some(region).filter(|region| !region.is_empty() && is_name(region))
}
