//! Settings of S3 that the AWS SDK lacks, and a check of those whose wrong values it ignores or panics on.

use http::Uri;
use http::uri::Scheme;

/// How requests to a bucket are made, beyond the settings that the AWS SDK reads itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct S3Options {
    /// Where the bucket's name goes. A profile may set it too.
    pub addressing_style: Option<AddressingStyle>,
    /// Whether the caller pays for its requests: `x-amz-request-payer`.
    pub requester_pays: bool,
}

/// Where the bucket's name goes, in the words of the AWS CLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressingStyle {
    /// Into the host name, except for a custom endpoint and for a name that a host cannot have.
    Auto,
    /// Into the path.
    Path,
    /// Into the host name.
    Virtual,
}

impl AddressingStyle {
    /// What the setting expects.
    pub const EXPECTED: &str = "expected auto, path or virtual";

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

type IsValid = fn(&str) -> bool;

/// Settings of the SDK: the environment variable, the key of a profile, a test for a valid value, and what is expected.
pub const SDK_SETTINGS: [(&str, &str, IsValid, &str); 9] = [
    ("AWS_MAX_ATTEMPTS", "max_attempts", is_positive, "expected a whole number from 1 on"),
    ("AWS_RETRY_MODE", "retry_mode", is_retry_mode, "expected standard or adaptive"),
    ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", is_boolean, BOOLEAN),
    ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", is_boolean, BOOLEAN),
    (IGNORE_ENDPOINTS, "ignore_configured_endpoint_urls", is_boolean, BOOLEAN),
    ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "s3_disable_express_session_auth", is_boolean, BOOLEAN),
    ("AWS_S3_USE_ARN_REGION", "s3_use_arn_region", is_boolean, BOOLEAN),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation", is_when, WHEN),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", is_when, WHEN),
];
/// The variable that turns off the endpoints of the environment and of profiles.
pub const IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
/// The values of a setting that is true or false.
pub const BOOLEAN: &str = "expected true or false";
const WHEN: &str = "expected WHEN_SUPPORTED or WHEN_REQUIRED";

fn is_positive(value: &str) -> bool {
    value.parse::<u32>().is_ok_and(|number| number > 0)
}

fn is_retry_mode(value: &str) -> bool {
    is_one_of(["standard", "adaptive"], value)
}

fn is_boolean(value: &str) -> bool {
    is_one_of(["true", "false"], value)
}

fn is_when(value: &str) -> bool {
    is_one_of(["WHEN_SUPPORTED", "WHEN_REQUIRED"], value)
}

/// The SDK reads words in any case.
fn is_one_of(words: [&str; 2], value: &str) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// The address of an S3 server as the SDK needs it: a path ends with a slash, because the SDK appends the bucket's
/// name to it. <https://github.com/awslabs/aws-sdk-rust/issues/1387>
///
/// # Errors
/// What is expected instead.
pub fn endpoint(value: &str) -> Result<String, &'static str> {
    const EXPECTED: &str = "expected the address of an S3 server, such as http://localhost:9000";
    let uri: Uri = value.parse().map_err(|_| EXPECTED)?;
    let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    let authority = uri.authority().filter(|_| is_http).ok_or(EXPECTED)?;
    if authority.as_str().contains('@') {
        return Err(
            "expected an address without user and password: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead",
        );
    }
    if uri.query().is_some() {
        return Err("expected an address without a query, such as http://localhost:9000");
    }
    let path = uri.path().trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    Ok(format!("{}://{authority}{path}{slash}", uri.scheme_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
