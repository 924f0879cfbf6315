//! What S3's refusals mean, in words that name the setting to change.
//! Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use aws_sdk_s3::config::http::HttpResponse;

/// What to do about a refusal, where its own words do not say.
pub(super) fn advice(code: Option<&str>, response: Option<&HttpResponse>, region: Option<&str>) -> Option<String> {
    if let (Some(theirs), Some(ours)) = (response.and_then(bucket_region), region)
        && theirs != ours
        && response.is_some_and(|response| matches!(response.status().as_u16(), 301 | 307 | 400))
    {
        return Some(format!("the bucket is in {theirs}, and AWS_REGION or the profile's `region` says {ours}"));
    }
    let advice = match code? {
        "PermanentRedirect" => "the bucket is in another region than AWS_REGION or the profile's `region` says",
        "InvalidAccessKeyId" => "AWS_ACCESS_KEY_ID or the profile's key is no key of this S3 server",
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

/// The region that S3 names in its answer: in a header, and where a signature is for another one in the body.
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
