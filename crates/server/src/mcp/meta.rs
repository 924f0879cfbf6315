//! `params._meta` and the version header: which version of the protocol a request speaks.

use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::connection::Transport;
use super::error::{Error, ErrorKind};
use super::headers;
use super::post::{Record, Reply};
use super::rpc::{self, Request, is_id};
use super::trace;
use super::version::{Era, HANDSHAKE, MODERN, SUPPORTED, handshake};

/// The version of a request without the version header: the last revision that had no such header.
const WITHOUT_HEADER: &str = "2025-03-26";

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// The part of `params` that is read before the method is known.
#[derive(Deserialize, Default)]
pub(super) struct CommonParams<'a> {
    #[serde(borrow, rename = "_meta")]
    pub(super) meta: Option<Meta<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) uri: Option<&'a RawValue>,
    /// Of `initialize`.
    #[serde(borrow, rename = "clientInfo")]
    pub(super) client_info: Option<&'a RawValue>,
}

impl<'a> CommonParams<'a> {
    pub(super) fn of(request: &Request<'a>) -> Result<Self, Error> {
        let Some(params) = request.params else { return Ok(Self::default()) };
        serde_json::from_str(params.get())
            .map_err(|e| Error::new(ErrorKind::InvalidMeta, format!("params: {}", crate::json::without_place(&e))))
    }
}

/// The keys of `params._meta` that the server reads; clients may send others.
#[derive(Deserialize, Default)]
#[serde(expecting = "`_meta` to be an object")]
pub(super) struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(super) capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    pub(super) client_info: Option<&'a RawValue>,
    #[serde(borrow)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

impl<'a> Meta<'a> {
    /// The token of progress notifications: a string or an integer.
    pub(super) fn progress_token(&self) -> Option<&'a RawValue> {
        self.progress_token.filter(|token| is_id(token.get()))
    }

    /// The trace id of `traceparent`.
    pub(super) fn trace_id(&self) -> Option<String> {
        trace::trace_id(&rpc::text(self.traceparent?)?).map(str::to_owned)
    }
}

/// The handshake revision of a GET for a stream, or `None` for 2026-07-28, which has no GET.
///
/// # Errors
/// The reply to a version that is not supported.
pub fn stream_version(headers: &HeaderMap) -> Result<Option<&'static str>, Box<Reply>> {
    if matches!(headers::VERSION.value(headers), Ok(Some(MODERN))) {
        return Ok(None);
    }
    let negotiated = negotiate(Transport::Http(headers), &Meta::default(), false);
    negotiated.map(|(_, version)| Some(version)).map_err(|e| Box::new(e.into_reply(None, "", Record::default())))
}

/// The era and the version of a request.
///
/// # Errors
/// [`ErrorKind::UnsupportedVersion`], [`ErrorKind::InvalidMeta`], [`ErrorKind::HeaderMismatch`].
pub(super) fn negotiate(
    transport: Transport<'_>,
    meta: &Meta<'_>,
    is_initialize: bool,
) -> Result<(Era, &'static str), Error> {
    let header = match transport {
        Transport::Http(headers) => headers::VERSION.value(headers)?,
        // The session stands in for the header.
        Transport::Stdio(session) => session.map(|session| session.version),
    };
    if meta.version.is_none() && is_initialize {
        // The handshake has not agreed on a version yet, so the header is ignored.
        return Ok((Era::Handshake, HANDSHAKE[0]));
    }
    let unsupported = |requested: &str| {
        let message = format!("unsupported protocol version, supported are {}", SUPPORTED.join(", "));
        let data = json!({ "supported": SUPPORTED, "requested": requested });
        Error::new(ErrorKind::UnsupportedVersion, message).with_data(data)
    };
    let missing =
        |key: &str| Error::new(ErrorKind::InvalidMeta, format!("params._meta[\"{key}\"] is missing or ill-typed"));
    let Some(version) = meta.version else {
        return match header {
            Some(MODERN) => Err(missing(META_VERSION)),
            Some(version) => {
                handshake(version).map(|known| (Era::Handshake, known)).ok_or_else(|| unsupported(version))
            }
            None => Ok((Era::Handshake, WITHOUT_HEADER)),
        };
    };
    let version = rpc::text(version).ok_or_else(|| missing(META_VERSION))?;
    if let Transport::Http(_) = transport {
        headers::VERSION.must_match(header, &version)?;
    }
    let has_capabilities = meta.capabilities.is_some_and(|raw| raw.get().starts_with('{'));
    match (&*version, handshake(&version)) {
        (MODERN, _) if has_capabilities => Ok((Era::Modern, MODERN)),
        (MODERN, _) => Err(missing(META_CAPABILITIES)),
        (_, Some(version)) => Ok((Era::Handshake, version)),
        (_, None) => Err(unsupported(&version)),
    }
}
