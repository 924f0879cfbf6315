//! The S3 settings that the AWS SDK does not have, and a check of those that it would ignore or panic on.

use std::borrow::Cow;

use http::Uri;
use http::uri::Scheme;

use super::ConfigError;

/// How a bucket is asked, beyond what the AWS SDK reads itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct S3Options {
    /// Where the bucket's name goes; the profile may say it too.
    pub addressing_style: Option<AddressingStyle>,
    /// Whether the caller pays for its requests: `x-amz-request-payer`.
    pub requester_pays: bool,
}

/// Where the bucket's name goes, in the words of the AWS CLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressingStyle {
    /// Into the host name, but for a custom endpoint and a name that is no host name.
    Auto,
    /// Into the path.
    Path,
    /// Into the host name.
    Virtual,
}

impl AddressingStyle {
    /// What a setting takes.
    pub const TAKES: &str = "takes auto, path or virtual";

    /// The style of this word.
    #[must_use]
    pub fn of(value: &str) -> Option<Self> {
        match value {
            "auto" => Some(Self::Auto),
            "path" => Some(Self::Path),
            "virtual" => Some(Self::Virtual),
            _ => None,
        }
    }
}

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
/// Variables that take one of some words, in any case; the SDK panics on others, or ignores them.
const WORDS: [(&str, [&str; 2]); 3] = [
    ("AWS_RETRY_MODE", ["standard", "adaptive"]),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", ["WHEN_SUPPORTED", "WHEN_REQUIRED"]),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", ["WHEN_SUPPORTED", "WHEN_REQUIRED"]),
];

/// Reads the settings of `S3Options`, and checks the SDK's.
pub(super) fn s3_options(
    request_payer: Option<&str>,
    env: impl Fn(&'static str) -> Option<String>,
) -> Result<S3Options, ConfigError> {
    let (payer, name) = match request_payer {
        Some(value) => (Some(value.to_owned()), "--request-payer"),
        None => (env("S3_REQUEST_PAYER"), "S3_REQUEST_PAYER"),
    };
    let requester_pays = match payer.as_deref() {
        None => false,
        Some("requester") => true,
        Some(other) => return Err(ConfigError::new(name, other, "takes requester")),
    };
    let style = env("S3_ADDRESSING_STYLE").map(|value| {
        AddressingStyle::of(&value)
            .ok_or_else(|| ConfigError::new("S3_ADDRESSING_STYLE", value, AddressingStyle::TAKES))
    });
    check_sdk(&env)?;
    Ok(S3Options { addressing_style: style.transpose()?, requester_pays })
}

fn check_sdk(env: &impl Fn(&'static str) -> Option<String>) -> Result<(), ConfigError> {
    let is_set_to = |name, word: &str| env(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
    for name in BOOLEANS {
        if let Some(value) = env(name)
            && !["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word))
        {
            return Err(ConfigError::new(name, value, "takes true or false"));
        }
    }
    for (name, words) in WORDS {
        if let Some(value) = env(name)
            && !words.iter().any(|word| value.eq_ignore_ascii_case(word))
        {
            return Err(ConfigError::new(name, value, format!("takes {}", words.join(" or "))));
        }
    }
    if let Some(value) = env("AWS_MAX_ATTEMPTS")
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
        if let Some(value) = env(name).filter(|value| !is_label(value)) {
            return Err(ConfigError::new(name, value, "takes a region such as eu-central-1"));
        }
    }
    // The value of neither is printed.
    let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    match (env(id), env(secret)) {
        (Some(_), None) => return Err(ConfigError::new(secret, "", format!("is needed with {id}"))),
        (None, Some(_)) => return Err(ConfigError::new(id, "", format!("is needed with {secret}"))),
        _ => {}
    }
    if is_set_to(IGNORE_ENDPOINTS, "true") {
        return Ok(());
    }
    for name in ENDPOINTS {
        if let Some(value) = env(name)
            && let Err(expected) = endpoint(&value)
        {
            return Err(ConfigError::new(name, shown(&value), expected));
        }
    }
    Ok(())
}

/// The address of an S3 server as the SDK needs it: with a slash where a path ends, as the SDK appends the bucket's
/// name to it. <https://github.com/awslabs/aws-sdk-rust/issues/1387>
///
/// # Errors
/// What it takes.
pub fn endpoint(value: &str) -> Result<String, &'static str> {
    const TAKES: &str = "takes the address of an S3 server, such as http://localhost:9000";
    let uri: Uri = value.parse().map_err(|_| TAKES)?;
    let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    let authority = uri.authority().filter(|_| is_http).ok_or(TAKES)?;
    if authority.as_str().contains('@') {
        return Err(
            "takes an address without user and password: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY take these",
        );
    }
    if uri.query().is_some() {
        return Err("takes an address without a query, such as http://localhost:9000");
    }
    let path = uri.path().trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    Ok(format!("{}://{authority}{path}{slash}", uri.scheme_str().unwrap_or_default()))
}

/// An address as messages show it, without what may be secret: user, password and query.
pub fn shown(address: &str) -> Cow<'_, str> {
    if address.contains('@') {
        return "…".into();
    }
    match address.find(['?', '#']) {
        Some(end) => format!("{}…", &address[..=end]).into(),
        None => address.into(),
    }
}

/// Checks the name of a bucket, or what stands for one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (address, is) in [
            ("http://h:1/path", "http://h:1/path"),
            ("http://ada:hunter2@h", "…"),
            ("ada:hunter2@h", "…"),
            ("http://h/s3?token=hunter2", "http://h/s3?…"),
            ("h#hunter2", "h#…"),
            ("", ""),
        ] {
            assert_eq!(shown(address), is);
        }
    }

    #[test]
    fn an_endpoint_with_a_path_ends_in_a_slash() {
        for (value, is) in [
            ("http://h", "http://h"),
            ("http://h/", "http://h"),
            ("HTTPS://h:1", "https://h:1"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("http://h/storage/v1/s3", "http://h/storage/v1/s3/"),
            ("http://h/storage/v1/s3//", "http://h/storage/v1/s3/"),
            ("http://h/a%20b", "http://h/a%20b/"),
        ] {
            assert_eq!(endpoint(value).as_deref(), Ok(is), "{value}");
        }
        for value in ["localhost:9000", "h", "/storage", "ftp://h", "http://", "http://h/?x=1", "http://u:p@h", ""] {
            assert!(endpoint(value).is_err(), "{value}");
        }
    }
}
