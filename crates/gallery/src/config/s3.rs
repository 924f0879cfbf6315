//! The S3 settings that the AWS SDK lacks, and a check of those whose wrong values it ignores or panics on.

use store::causes::shown;
use store::s3::{AddressingStyle, S3Options, endpoint};

use super::env::Env;
use super::error::ConfigError;

/// Variables that the SDK reads as true or false, and ignores otherwise.
const BOOLEANS: [&str; 5] = [
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    IGNORE_ENDPOINTS,
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "AWS_S3_USE_ARN_REGION",
];
const IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
/// Variables with the words that each accepts, in any case. The SDK panics on other words, or ignores them.
const WORDS: [(&str, [&str; 2]); 3] = [
    ("AWS_RETRY_MODE", ["standard", "adaptive"]),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", ["WHEN_SUPPORTED", "WHEN_REQUIRED"]),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", ["WHEN_SUPPORTED", "WHEN_REQUIRED"]),
];

/// Reads the settings of `S3Options`, and checks the SDK's.
pub(super) fn options(request_payer: Option<&str>, env: &Env<'_>) -> Result<S3Options, ConfigError> {
    let (payer, name) = env.flag_or((request_payer, "--request-payer"), "S3_REQUEST_PAYER");
    let requester_pays = match payer.as_deref() {
        None => false,
        Some("requester") => true,
        Some(other) => return Err(ConfigError::new(name, other, "takes requester")),
    };
    let style = env.get("S3_ADDRESSING_STYLE").map(|value| {
        AddressingStyle::of(&value)
            .ok_or_else(|| ConfigError::new("S3_ADDRESSING_STYLE", value, AddressingStyle::TAKES))
    });
    check_sdk(env)?;
    Ok(S3Options { addressing_style: style.transpose()?, requester_pays })
}

/// Checks the SDK's own settings.
fn check_sdk(env: &Env<'_>) -> Result<(), ConfigError> {
    for name in BOOLEANS {
        check_word(env, name, &["true", "false"])?;
    }
    for (name, words) in WORDS {
        check_word(env, name, &words)?;
    }
    if let Some(value) = env.get("AWS_MAX_ATTEMPTS")
        && !value.parse::<u32>().is_ok_and(|attempts| attempts > 0)
    {
        return Err(ConfigError::new("AWS_MAX_ATTEMPTS", value, "takes a whole number from 1 on"));
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let is_label = |value: &str| {
            value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !value.starts_with('-')
                && !value.ends_with('-')
        };
        if let Some(value) = env.get(name).filter(|value| !is_label(value)) {
            return Err(ConfigError::new(name, value, "takes a region such as eu-central-1"));
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

/// Checks a variable that accepts some words, in any case.
fn check_word(env: &Env<'_>, name: &'static str, words: &[&str]) -> Result<(), ConfigError> {
    match env.get(name) {
        Some(value) if !words.iter().any(|word| value.eq_ignore_ascii_case(word)) => {
            Err(ConfigError::new(name, value, format!("takes {}", words.join(" or "))))
        }
        _ => Ok(()),
    }
}

/// Checks the name of a bucket, or the ARN of an access point.
pub(super) fn check_bucket(name: &'static str, bucket: &str) -> Result<(), ConfigError> {
    let refused = |expected: String| Err(ConfigError::new(name, bucket, expected));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    if bucket.is_empty() || bucket.starts_with("s3:") || !bucket.chars().all(plain) {
        return refused("takes the name of an S3 bucket, such as my-prompts".to_owned());
    }
    let several_regions = "takes a bucket or an access point of one region: a multi-region access point needs SigV4A \
                           signatures, which are not supported";
    if bucket.ends_with(".mrap") {
        return refused(several_regions.to_owned());
    }
    let Some(arn) = bucket.strip_prefix("arn:") else {
        return match bucket.contains([':', '/']) {
            true => refused("takes the name of an S3 bucket or the ARN of an access point".to_owned()),
            false => Ok(()),
        };
    };
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    match parts[..] {
        [_, "s3", "", "", bucket] => refused(format!("takes the bucket's name without the rest of its ARN: {bucket}")),
        [_, "s3", "", _, _] => refused(several_regions.to_owned()),
        [_, "s3" | "s3-object-lambda", _, _, resource]
            if resource.starts_with("accesspoint/") || resource.starts_with("accesspoint:") =>
        {
            Ok(())
        }
        [_, "s3-outposts", _, _, resource] if resource.starts_with("outpost") => Ok(()),
        _ => refused(
            "takes the ARN of an access point, such as arn:aws:s3:eu-central-1:111122223333:accesspoint/prompts"
                .to_owned(),
        ),
    }
}
