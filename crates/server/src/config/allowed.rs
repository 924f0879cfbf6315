//! Which values of `Origin` and `Host` are accepted: `ALLOWED_ORIGINS` and `ALLOWED_HOSTS`.

use std::net::IpAddr;

use http::Uri;
use http::uri::Authority;

use store::causes::shown;

use super::env::Env;
use super::error::ConfigError;

/// Which values of a header are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Every value.
    Any,
    /// `localhost`, 127.0.0.0/8 and `[::1]` on any port, and the values listed (lower case).
    LoopbackAnd(Vec<String>),
    /// The values listed (lower case).
    Only(Vec<String>),
}

/// One of the two settings: its name, what its list has, an example, and how one item is read.
pub(super) struct Setting {
    name: &'static str,
    item: &'static str,
    example: &'static str,
    parse: fn(&str) -> Option<String>,
}

pub(super) const ORIGINS: Setting =
    Setting { name: "ALLOWED_ORIGINS", item: "origin", example: "https://app.example.com", parse: parse_origin };
pub(super) const HOSTS: Setting =
    Setting { name: "ALLOWED_HOSTS", item: "host", example: "prompts.example.com", parse: parse_host };

impl Allowed {
    pub(super) fn read(setting: &Setting, env: &Env<'_>, on_lambda: bool) -> Result<Self, ConfigError> {
        let Some(value) = env.get(setting.name) else {
            // In the cloud API Gateway routes by host and tokens guard the endpoint. On a laptop pages in a browser are the
            // danger.
            return Ok(if on_lambda { Self::Any } else { Self::LoopbackAnd(Vec::new()) });
        };
        if value.trim() == "*" {
            return Ok(Self::Any);
        }
        let parse = |item: &str| (setting.parse)(item).ok_or_else(|| setting.error(&value, item));
        let list = value.split(',').map(str::trim).map(parse).collect::<Result<_, _>>()?;
        Ok(if on_lambda { Self::Only(list) } else { Self::LoopbackAnd(list) })
    }

    /// Adds a host to the hosts besides loopback.
    pub(super) fn add_host(&mut self, host: &str) {
        if let Self::LoopbackAnd(hosts) = self {
            hosts.extend(parse_host(host));
        }
    }

    /// Adds the origin of a URL to the origins besides loopback, or to those listed.
    pub(super) fn add_origin_of(&mut self, url: &str) {
        if let Self::LoopbackAnd(origins) | Self::Only(origins) = self {
            origins.extend(origin_of(url));
        }
    }

    /// Whether a request with this `Origin` header is answered.
    #[must_use]
    pub fn permits_origin(&self, origin: &str) -> bool {
        self.permits(origin, |origin| {
            origin.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some_and(is_loopback))
        })
    }

    /// Whether a request with this `Host` header is answered. A listed host without a port stands for every port.
    #[must_use]
    pub fn permits_host(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return matches!(self, Self::Any) };
        self.permits(host, |_| is_loopback(authority.host())) || self.permits(authority.host(), |_| false)
    }

    fn permits(&self, value: &str, loopback: impl Fn(&str) -> bool) -> bool {
        let listed = |list: &[String]| list.iter().any(|item| item.eq_ignore_ascii_case(value));
        match self {
            Self::Any => true,
            Self::LoopbackAnd(list) => loopback(value) || listed(list),
            Self::Only(list) => listed(list),
        }
    }
}

impl Setting {
    /// The error of a list in which `item` is wrong.
    fn error(&self, value: &str, item: &str) -> ConfigError {
        let Self { name, item: kind, example, .. } = self;
        let item = &*shown(item);
        // Other servers accept patterns.
        let why = match item {
            item if item.contains('*') => format!("`{item}` is a pattern; "),
            item if item == value => String::new(),
            item => format!("`{item}` is not a valid {kind}; "),
        };
        let expected =
            format!("{why}expected a comma list of {kind}s, each in full, such as {example}, or * alone for all");
        ConfigError::new(name, value, expected)
    }
}

/// The origin of a URL.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    parse_origin(&format!("{}://{}", url.scheme_str()?, url.authority()?))
}

/// An origin as browsers send it: without the port that its scheme implies.
fn parse_origin(value: &str) -> Option<String> {
    let uri: Uri = value.trim_end_matches('/').parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, lower_case_host(uri.authority()?.as_str())?);
    let implied = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(implied).unwrap_or(&authority);
    (matches!(uri.path(), "" | "/") && uri.query().is_none())
        .then(|| format!("{}://{authority}", scheme.to_lowercase()))
}

/// A host as clients send it: without the ports that `https:` and `http:` imply.
fn parse_host(value: &str) -> Option<String> {
    let host = lower_case_host(value)?;
    let implied = [":443", ":80"].iter().find_map(|port| host.strip_suffix(port));
    Some(implied.unwrap_or(&host).to_owned())
}

/// A host in lower case, with its port if it has one. `None` for a pattern and for an address with a user's name.
fn lower_case_host(value: &str) -> Option<String> {
    let authority: Authority = value.parse().ok()?;
    let is_plain = !value.contains(['@', '*']) && !authority.host().starts_with('.');
    (is_plain && !authority.host().is_empty()).then(|| authority.as_str().to_lowercase())
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
