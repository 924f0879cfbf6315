//! Why a request has no result. JSON-RPC codes and their HTTP statuses are chosen here and nowhere else.

use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::post::{Record, Reply};
use super::version::Era;
use gallery::GalleryError;
use store::note_store_failure;

/// The kinds of errors: each has one JSON-RPC code and one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    NotJson,
    /// The body is not one JSON-RPC request.
    InvalidRequest,
    /// The era has no such method.
    UnknownMethod(Era),
    InvalidParams,
    /// An unknown resource, in the handshake revisions.
    UnknownResource,
    /// `params._meta`, which is read before the method's own parameters, is missing or ill-typed.
    InvalidMeta,
    Internal,
    HeaderMismatch,
    MissingCapability,
    UnsupportedVersion,
}

/// The JSON-RPC code of an error that is the server's, or its store's.
pub const INTERNAL_ERROR: i32 = -32603;

impl ErrorKind {
    const fn code_and_status(self) -> (i32, StatusCode) {
        match self {
            Self::NotJson => (-32700, StatusCode::BAD_REQUEST),
            Self::InvalidRequest => (-32600, StatusCode::BAD_REQUEST),
            Self::UnknownMethod(Era::Modern) => (-32601, StatusCode::NOT_FOUND),
            Self::UnknownMethod(Era::Handshake) => (-32601, StatusCode::OK),
            Self::InvalidParams => (-32602, StatusCode::OK),
            Self::UnknownResource => (-32002, StatusCode::OK),
            Self::InvalidMeta => (-32602, StatusCode::BAD_REQUEST),
            Self::Internal => (INTERNAL_ERROR, StatusCode::OK),
            Self::HeaderMismatch => (-32020, StatusCode::BAD_REQUEST),
            Self::MissingCapability => (-32021, StatusCode::BAD_REQUEST),
            Self::UnsupportedVersion => (-32022, StatusCode::BAD_REQUEST),
        }
    }

    const fn code(self) -> i32 {
        self.code_and_status().0
    }
}

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Error {
    kind: ErrorKind,
    /// One sentence for the client.
    message: String,
    /// More for the client's program.
    data: Option<Value>,
    /// The cause, for the log alone.
    cause: Option<String>,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), data: None, cause: None }
    }

    /// The same of another kind.
    pub(super) fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParams, message)
    }

    /// An error that tells the client only the request's id.
    pub(super) fn internal(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(ErrorKind::Internal, "internal error") }
    }

    /// The answer of any method is longer than Lambda takes. Those with prompts and resources have errors of their own.
    pub(super) fn too_long(size: usize, max: usize) -> Self {
        let message = format!("the answer needs {size} bytes; at most {max}");
        Self { cause: Some(message.clone()), ..Self::new(ErrorKind::Internal, message) }
    }

    /// Whether the caller can correct the request.
    pub(super) fn is_invalid_params(&self) -> bool {
        self.kind == ErrorKind::InvalidParams
    }

    /// The same with data for the client's program.
    #[must_use]
    pub(super) fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// The reply to the request `id`; without an id where none could be read. An internal error names `request_id`, which
    /// the log has too.
    pub(super) fn into_reply(self, id: Option<&RawValue>, request_id: &str, mut record: Record) -> Reply {
        let (code, status) = self.kind.code_and_status();
        let data = if self.kind == ErrorKind::Internal { Some(json!({ "requestId": request_id })) } else { self.data };
        record.error = Some(code);
        record.cause = self.cause;
        Reply { status, body: error_response(id, code, &self.message, data.as_ref()).into(), shared: None, record }
    }
}

impl Reply {
    /// Refuses a line of stdio before it is read as JSON-RPC.
    #[must_use]
    pub fn not_a_request(message: &str) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, message, None)
    }

    /// Answers a request that failed outside of the protocol. `cause` is for the log alone.
    #[must_use]
    pub fn failed(request_id: &str, cause: impl Into<String>) -> Self {
        let reply = Error::internal(cause).into_reply(None, request_id, Record::default());
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..reply }
    }

    /// Answers the request `id` of a client of stdio with the reason why the server cannot start.
    #[must_use]
    pub fn cannot_start(id: &RawValue, why: &str) -> Self {
        let (code, status) = ErrorKind::Internal.code_and_status();
        let body = error_response(Some(id), code, &format!("cannot start: {why}"), None).into();
        Self { status, body, shared: None, record: Record { error: Some(code), ..Record::default() } }
    }

    /// Refuses the request `id` of stdio, which the connection has no room for.
    #[must_use]
    pub fn no_room(id: &RawValue, message: String, record: Record) -> Self {
        let cause = Some(message.clone());
        Error { cause, ..Error::new(ErrorKind::InvalidRequest, message) }.into_reply(Some(id), "", record)
    }

    /// Refuses a request before it is read as JSON-RPC. `cause` is for the log alone.
    pub(crate) fn refused(status: StatusCode, message: &str, cause: Option<String>) -> Self {
        let code = ErrorKind::InvalidRequest.code();
        let record = Record { error: Some(code), cause, ..Record::default() };
        Self { status, body: error_response(None, code, message, None).into(), shared: None, record }
    }
}

impl Record {
    /// Whether the server failed.
    pub(crate) fn is_internal_error(&self) -> bool {
        self.error == Some(INTERNAL_ERROR)
    }
}

/// Notes why an answer has the program's own part alone.
pub(super) fn note_failure(record: &mut Record, e: GalleryError) {
    let Error { cause, message, .. } = e.into();
    let cause = cause.unwrap_or(message);
    record.cause = Some(cause.clone());
    note_store_failure(cause);
}

impl From<GalleryError> for Error {
    fn from(e: GalleryError) -> Self {
        let (kind, cause) = match &e {
            GalleryError::UnknownPrompt { .. }
            | GalleryError::NotATool { .. }
            | GalleryError::UnknownArgument(_)
            | GalleryError::Arguments { .. }
            | GalleryError::Media { .. }
            | GalleryError::UnknownSkill { .. }
            | GalleryError::UnknownResource { .. }
            | GalleryError::NotAFolder { .. }
            | GalleryError::ResourceTooLarge { .. }
            | GalleryError::InvalidCursor => (ErrorKind::InvalidParams, None),
            GalleryError::Broken { .. } | GalleryError::Changing { .. } | GalleryError::SkillChanging { .. } => {
                (ErrorKind::Internal, None)
            }
            GalleryError::Failed { .. } | GalleryError::TooLong { .. } => (ErrorKind::Internal, Some(e.to_string())),
            GalleryError::Unreadable { cause, .. }
            | GalleryError::UnreadableResource { cause, .. }
            | GalleryError::Store(cause) => (ErrorKind::Internal, Some(cause.to_string())),
        };
        Self { cause, ..Self::new(kind, e.to_string()) }
    }
}

#[derive(Serialize)]
struct ErrorResponse<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

/// The response that carries an error; without `id` where none could be read.
fn error_response(id: Option<&RawValue>, code: i32, message: &str, data: Option<&Value>) -> Vec<u8> {
    let error = ErrorObject { code, message, data };
    serde_json::to_vec(&ErrorResponse { jsonrpc: "2.0", id, error }).expect("an error serialises")
}
