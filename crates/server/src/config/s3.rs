//! The S3 settings that the AWS SDK lacks, and a check of those whose wrong values it ignores or panics on.

use store::causes::shown;
use store::s3::{AddressingStyle, IGNORE_ENDPOINTS, S3Options, SDK_SETTINGS, endpoint};

use super::env::Env;
use super::error::ConfigError;

const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// Reads the settings of `S3Options`, and checks the SDK's.
pub(super) fn options(request_payer: Option<&str>, env: &Env<'_>) -> Result<S3Options, ConfigError> {
    let (payer, name) = env.flag_or((request_payer, "--request-payer"), "S3_REQUEST_PAYER");
    let requester_pays = match payer.as_deref() {
        None => false,
        Some("requester") => true,
        Some(other) => return Err(ConfigError::new(name, other, "expected requester")),
    };
    let style = env.get("S3_ADDRESSING_STYLE").map(|value| {
        AddressingStyle::of(&value)
            .ok_or_else(|| ConfigError::new("S3_ADDRESSING_STYLE", value, AddressingStyle::EXPECTED))
    });
    check_sdk(env)?;
    Ok(S3Options { addressing_style: style.transpose()?, requester_pays })
}

/// Checks the SDK's own settings.
fn check_sdk(env: &Env<'_>) -> Result<(), ConfigError> {
    for (name, _, is_valid, expected) in SDK_SETTINGS {
        if let Some(value) = env.get(name).filter(|value| !is_valid(value)) {
            return Err(ConfigError::new(name, value, expected));
        }
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let is_label = |value: &str| {
            value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !value.starts_with('-')
                && !value.ends_with('-')
        };
        if let Some(value) = env.get(name).filter(|value| !is_label(value)) {
            return Err(ConfigError::new(name, value, "expected a region such as eu-central-1"));
        }
    }
    // Their values are secret, so neither is printed.
    let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    match (env.get(id), env.get(secret)) {
        (Some(_), None) => return Err(ConfigError::new(secret, "", format!("is needed with {id}"))),
        (None, Some(_)) => return Err(ConfigError::new(id, "", format!("is needed with {secret}"))),
        _ => {}
    }
    if env.get(IGNORE_ENDPOINTS).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(());
    }
    for name in ENDPOINTS {
        if let Some(value) = env.get(name)
            && let Err(expected) = endpoint(&value)
        {
            return Err(ConfigError::new(name, shown(&value), expected));
        }
    }
    Ok(())
}

/// Checks the name of a bucket, or the ARN of an access point.
pub(super) fn check_bucket(name: &'static str, bucket: &str) -> Result<(), ConfigError> {
    let refused = |expected: String| Err(ConfigError::new(name, bucket, expected));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    if bucket.is_empty() || bucket.starts_with("s3:") || !bucket.chars().all(plain) {
        return refused("expected the name of an S3 bucket, such as my-prompts".to_owned());
    }
    let several_regions = "expected a bucket or an access point of one region: a multi-region access point needs SigV4A \
                           signatures, which are not supported";
    if bucket.ends_with(".mrap") {
        return refused(several_regions.to_owned());
    }
    let Some(arn) = bucket.strip_prefix("arn:") else {
        return match bucket.contains([':', '/']) {
            true => refused("expected the name of an S3 bucket or the ARN of an access point".to_owned()),
            false => Ok(()),
        };
    };
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    match parts[..] {
        [_, "s3", "", "", bucket] => {
            refused(format!("expected the bucket's name without the rest of its ARN: {bucket}"))
        }
        [_, "s3", "", _, _] => refused(several_regions.to_owned()),
        [_, "s3" | "s3-object-lambda", _, _, resource]
            if resource.starts_with("accesspoint/") || resource.starts_with("accesspoint:") =>
        {
            Ok(())
        }
        [_, "s3-outposts", _, _, resource] if resource.starts_with("outpost") => Ok(()),
        _ => refused(
            "expected the ARN of an access point, such as arn:aws:s3:eu-central-1:111122223333:accesspoint/prompts"
                .to_owned(),
        ),
    }
}
