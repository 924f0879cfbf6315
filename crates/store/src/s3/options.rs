//! Settings of S3 that the AWS SDK does not have.

use http::Uri;
use http::uri::Scheme;

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
    /// Into the host name, except for a custom endpoint and a name that is no host name.
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

/// The address of an S3 server as the SDK needs it: a path ends with a slash, because the SDK appends the bucket's
/// name to it. <https://github.com/awslabs/aws-sdk-rust/issues/1387>
///
/// # Errors
/// What the setting takes.
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
