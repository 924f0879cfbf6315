//! The faults that a test can turn on.

use bytes::Bytes;
use http::HeaderMap;

/// A fault of every request, or of the next ones, until it is reset.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 503 SlowDown, as S3 throttles.
    SlowDown,
    /// The next N requests are fine, then 503 SlowDown.
    SlowDownAfter(usize),
    /// 403 AccessDenied on everything.
    AccessDenied,
    /// 400 ExpiredToken on everything, with the token in the answer, as S3 has it there.
    ExpiredToken,
    /// 403 AccessDenied on GetObject and PutObject of this key only, and on HeadObject, which needs the
    /// same permission as GetObject.
    DenyKey(String),
    /// 503 SlowDown on GetObject of this key only, and on HeadObject.
    SlowDownKey(String),
    /// 500 InternalError for the next N requests, then fine (to see that the SDK's retries work).
    InternalErrorTimes(usize),
    /// 500 InternalError on every second GetObject.
    EverySecondGet,
    /// Accepts the request and never answers.
    Hang,
    /// Accepts requests, and answers them once another fault is set, or none.
    Hold,
    /// Accepts GetObject of this key and never answers.
    HangKey(String),
    /// Closes the connection without an answer.
    Disconnect,
    /// GetObject answers, and closes the connection in the middle of the body.
    CutBody,
    /// GetObject answers, and stops for good in the middle of the body.
    StallBody,
    /// GetObject answers without the length of the body, as a proxy may do.
    NoLength,
    /// ListObjectsV2 knows no `encoding-type`, and has keys as they are.
    PlainKeys,
    /// After each ListObjectsV2, this key is deleted (a key that vanishes between LIST and GET).
    DeleteAfterList(String),
    /// After each ListObjectsV2, this key is replaced by this body (changed between LIST and GET).
    ReplaceAfterList(String, Bytes),
    /// ListObjectsV2 has folders before files that begin alike (`code/` before `code-review`), and resumes in that
    /// order, as servers over a file system do.
    FolderOrder,
    /// GetObject of this key answers with this status and this code.
    RefuseKey(String, u16, &'static str),
    /// 403 AccessDenied on each GetObject, as without the permission.
    DenyObjects,
    /// 403 AccessDenied on ListObjectsV2 of this prefix.
    DenyList(String),
    /// 403 AccessDenied on GetObject of a key that is not there, as S3 says without the permission to list.
    HideMissing,
    /// After each of the next N ListObjectsV2, this key is replaced by another body.
    ChangeAfterList(String, usize),
    /// 412 PreconditionFailed on each PutObject with a condition.
    RefuseConditions,
    /// PutObject takes no notice of conditions.
    IgnoreConditions,
    /// Answers are changed before they are sent.
    Edit(Edit),
}

/// How answers are changed.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    /// The XML of ListObjectsV2.
    pub list: fn(String) -> String,
    /// The headers and the body of GetObject; the body's length is set afterwards.
    pub get: fn(&mut HeaderMap, Bytes) -> Bytes,
}

impl Edit {
    /// Changes listings alone.
    pub fn list(list: fn(String) -> String) -> Fault {
        Fault::Edit(Self { list, get: |_, body| body })
    }

    /// Changes objects alone.
    pub fn get(get: fn(&mut HeaderMap, Bytes) -> Bytes) -> Fault {
        Fault::Edit(Self { list: |xml| xml, get })
    }
}
