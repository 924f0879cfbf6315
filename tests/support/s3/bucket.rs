//! The bucket: its objects, and S3's operations on them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use md5::{Digest, Md5};
use s3s::dto::{
    CommonPrefix, DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition, EncodingType, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use tokio::sync::watch;

use super::fault::Fault;
use super::{Requests, S3Server};

/// The most keys that S3 puts on one page.
pub(super) const MAX_PAGE_SIZE: usize = 1000;

/// What is shared between the test, which changes it, and the server.
#[derive(Clone, Default)]
pub(super) struct Store(Arc<Mutex<State>>);

impl Store {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no request handler has panicked")
    }
}

pub(super) struct State {
    /// S3 lists keys in the order of their UTF-8 bytes, which is the order of `String`.
    pub(super) objects: BTreeMap<String, Stored>,
    pub(super) requests: Requests,
    /// [`Requests::total`], for those that wait for a request.
    pub(super) received: watch::Sender<usize>,
    pub(super) page_size: usize,
    pub(super) fault: Option<Fault>,
}

impl Default for State {
    fn default() -> Self {
        let (objects, requests, received) = Default::default();
        Self { objects, requests, received, page_size: MAX_PAGE_SIZE, fault: None }
    }
}

/// One object of the bucket.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) body: Bytes,
    pub(super) encoding: Option<String>,
    etag: ETag,
    last_modified: SystemTime,
}

impl Stored {
    fn matches(&self, condition: &ETagCondition) -> bool {
        match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => self.etag.weak_cmp(etag),
        }
    }

    /// The preconditions of GetObject and HeadObject, in the order of RFC 9110, 13.2.2.
    fn check(&self, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
        if if_match.is_some_and(|condition| !self.matches(condition)) {
            return Err(precondition_failed());
        }
        if if_none_match.is_some_and(|condition| self.matches(condition)) {
            let mut not_modified = s3_error!(NotModified);
            let etag = self.etag.to_http_header().map_err(S3Error::internal_error)?;
            not_modified.set_headers(HeaderMap::from_iter([(header::ETAG, etag)]));
            return Err(not_modified);
        }
        Ok(())
    }

    fn size(&self) -> i64 {
        i64::try_from(self.body.len()).expect("what is in memory is not that long")
    }
}

impl State {
    pub(super) fn put(&mut self, key: &str, body: Bytes) -> ETag {
        let etag = ETag::Strong(hex(&Md5::digest(&body)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        let object = Stored {
            body,
            encoding: None,
            etag: etag.clone(),
            // S3's times are in whole seconds. With fractions, the same object would have one
            // time in a listing and, after the HTTP date's rounding, another in its header.
            last_modified: UNIX_EPOCH + Duration::from_secs(now.as_secs()),
        };
        self.objects.insert(key.to_owned(), object);
        etag
    }

    /// The object that GetObject and HeadObject are about.
    fn readable(&self, key: &str) -> S3Result<&Stored> {
        let is_denied = match &self.fault {
            Some(Fault::DenyKey(denied)) => denied == key,
            Some(Fault::DenyObjects) => true,
            Some(Fault::HideMissing) => !self.objects.contains_key(key),
            _ => false,
        };
        if is_denied {
            return Err(access_denied());
        }
        if matches!(&self.fault, Some(Fault::SlowDownKey(slow)) if slow == key) {
            return Err(slow_down());
        }
        self.objects.get(key).ok_or_else(no_such_key)
    }

    /// The fault for the request that has just arrived. It is spent if it was the last one.
    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        let fault = self.fault.clone();
        match &mut self.fault {
            Some(Fault::InternalErrorTimes(n)) if *n > 1 => *n -= 1,
            Some(Fault::InternalErrorTimes(_)) => self.fault = None,
            Some(Fault::SlowDownAfter(n)) => *n = n.saturating_sub(1),
            _ => {}
        }
        fault.filter(|fault| !matches!(fault, Fault::InternalErrorTimes(0)))
    }

    fn list(&self, mut input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        if matches!(self.fault, Some(Fault::PlainKeys)) {
            input.encoding_type = None;
        }
        if input.encoding_type.as_ref().is_some_and(|encoding| encoding.as_str() != EncodingType::URL) {
            return Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"));
        }
        let Ok(max_keys) = usize::try_from(input.max_keys.unwrap_or(i32::MAX)) else {
            return Err(s3_error!(InvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647"));
        };
        let max_keys = max_keys.min(MAX_PAGE_SIZE);
        // The token is where the last page ended. It is for this server only to read, as S3's.
        let token = match &input.continuation_token {
            Some(token) => Some(
                unhex(token)
                    .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
            ),
            None => None,
        };
        let after = token.or_else(|| input.start_after.clone());
        let prefix = input.prefix.unwrap_or_default();
        // S3 takes an empty delimiter for none.
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let page = self.page(
            &prefix,
            delimiter.as_deref(),
            after.as_deref().unwrap_or_default(),
            max_keys.min(self.page_size),
        );

        let encode = |text: String| match &input.encoding_type {
            Some(_) => url_encode(&text),
            None => text,
        };
        let contents = page.keys.into_iter().map(|(key, object)| Object {
            key: Some(encode(key.clone())),
            e_tag: Some(object.etag.clone()),
            last_modified: Some(Timestamp::from(object.last_modified)),
            size: Some(object.size()),
            ..Object::default()
        });
        let common_prefixes =
            page.common_prefixes.into_iter().map(|group| CommonPrefix { prefix: Some(encode(group.to_owned())) });
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            key_count: Some(int(contents.len() + common_prefixes.len())),
            max_keys: Some(int(max_keys)),
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next.map(|last| hex(last.as_bytes())),
            contents: Some(contents.collect()),
            common_prefixes: Some(common_prefixes.collect()),
            prefix: Some(encode(prefix)),
            delimiter: delimiter.map(encode),
            start_after: input.start_after.map(encode),
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        })
    }

    /// The first `size` entries after `after` of the listing of `prefix`.
    fn page<'a>(&'a self, prefix: &str, delimiter: Option<&str>, after: &str, size: usize) -> Page<'a> {
        if matches!(self.fault, Some(Fault::FolderOrder)) {
            return self.page_in_folder_order(prefix, after, size);
        }
        let mut page = Page::default();
        let mut last = None;
        let start = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let objects = self.objects.range::<str, _>((start, Bound::Unbounded));
        for (key, object) in objects.take_while(|(key, _)| key.starts_with(prefix)) {
            // With a delimiter, all keys that share what comes before it are one entry.
            let group = delimiter.and_then(|delimiter| {
                let at = prefix.len() + key[prefix.len()..].find(delimiter)?;
                Some(&key[..at + delimiter.len()])
            });
            // Not again a group that this page or an earlier one has.
            if group.is_some_and(|group| group <= after || Some(group) == last) {
                continue;
            }
            if page.keys.len() + page.common_prefixes.len() == size {
                // If there was to be nothing on the page, nothing is missing from it.
                page.next = last;
                break;
            }
            match group {
                Some(group) => page.common_prefixes.push(group),
                None => page.keys.push((key, object)),
            }
            last = Some(group.unwrap_or(key));
        }
        page
    }

    /// The same for [`Fault::FolderOrder`], without a delimiter.
    fn page_in_folder_order(&self, prefix: &str, after: &str, size: usize) -> Page<'_> {
        let in_order = |key: &str| key.replace('/', "\0");
        let mut keys: Vec<_> = self.objects.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
        keys.sort_by_key(|(key, _)| in_order(key));
        keys.retain(|(key, _)| in_order(key) > in_order(after));
        let next = (keys.len() > size).then(|| keys[size - 1].0.as_str());
        keys.truncate(size);
        Page { keys, common_prefixes: Vec::new(), next }
    }
}

/// One page of a listing.
#[derive(Default)]
struct Page<'a> {
    keys: Vec<(&'a String, &'a Stored)>,
    common_prefixes: Vec<&'a str>,
    /// The last entry of this page, if there are more.
    next: Option<&'a str>,
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        check_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        check_bucket(&request.input.bucket)?;
        let mut state = self.lock();
        if matches!(&state.fault, Some(Fault::DenyList(prefix)) if request.input.prefix.as_ref() == Some(prefix)) {
            return Err(access_denied());
        }
        let output = state.list(request.input)?;
        match state.fault.clone() {
            Some(Fault::DeleteAfterList(key)) => {
                state.objects.remove(&key);
            }
            Some(Fault::ReplaceAfterList(key, body)) => {
                state.put(&key, body);
            }
            Some(Fault::ChangeAfterList(key, times)) if times > 0 => {
                state.put(&key, format!("changed, {times} to go").into());
                state.fault = Some(Fault::ChangeAfterList(key, times - 1));
            }
            _ => {}
        }
        Ok(S3Response::new(output))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        let state = self.lock();
        let object = state.readable(&input.key)?;
        object.check(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(object.size()),
            e_tag: Some(object.etag.clone()),
            last_modified: Some(Timestamp::from(object.last_modified)),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        let object = self.lock().readable(&input.key)?.clone();
        object.check(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (body, content_range) = match input.range {
            None => (object.body.clone(), None),
            Some(range) => {
                let length = object.body.len();
                let range = range.check(length as u64)?;
                let part = object.body.slice(range.start as usize..range.end as usize);
                let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                (part, Some(content_range))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(body.len()).ok(),
            content_encoding: object.encoding,
            content_range,
            e_tag: Some(object.etag),
            last_modified: Some(Timestamp::from(object.last_modified)),
            body: Some(StreamingBlob::from(Body::from(body))),
            ..GetObjectOutput::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        let body = match input.body {
            Some(body) => {
                Body::from(body).collect().await.map_err(|error| s3_error!(IncompleteBody, "{error}"))?.to_bytes()
            }
            None => Bytes::new(),
        };
        // Locked from the check to the write, so that of two conditional writes one loses.
        let mut state = self.lock();
        if matches!(&state.fault, Some(Fault::DenyKey(denied)) if *denied == input.key) {
            return Err(access_denied());
        }
        let has_condition = input.if_none_match.is_some() || input.if_match.is_some();
        if has_condition && matches!(state.fault, Some(Fault::RefuseConditions)) {
            return Err(precondition_failed());
        }
        if matches!(state.fault, Some(Fault::IgnoreConditions)) {
            let etag = state.put(&input.key, body);
            return Ok(S3Response::new(PutObjectOutput { e_tag: Some(etag), ..PutObjectOutput::default() }));
        }
        let existing = state.objects.get(&input.key);
        match input.if_none_match {
            Some(ETagCondition::Any) if existing.is_some() => return Err(precondition_failed()),
            Some(ETagCondition::ETag(_)) => {
                return Err(s3_error!(
                    NotImplemented,
                    "A header you provided implies functionality that is not implemented"
                ));
            }
            _ => {}
        }
        if let Some(condition) = input.if_match
            && !existing.ok_or_else(no_such_key)?.matches(&condition)
        {
            return Err(precondition_failed());
        }
        let etag = state.put(&input.key, body);
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(etag), ..PutObjectOutput::default() }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        if input.if_match.is_some() {
            // Better than deleting what the client wanted kept.
            return Err(s3_error!(NotImplemented, "no conditional deletes here"));
        }
        self.lock().objects.remove(&input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }
}

/// How S3 writes keys for `encoding-type=url`: as in an HTML form, so a space is `+`, but with
/// slashes left as they are.
fn url_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

fn check_bucket(bucket: &str) -> S3Result<()> {
    if bucket == S3Server::BUCKET {
        Ok(())
    } else {
        Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }
}

fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

pub(super) fn access_denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

pub(super) fn slow_down() -> S3Error {
    s3_error!(SlowDown, "Please reduce your request rate.")
}

fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// A number of keys, as the protocol has it.
fn int(n: usize) -> i32 {
    i32::try_from(n).expect("at most MAX_PAGE_SIZE")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Option<String> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|pair| digits(pair)).collect();
    String::from_utf8(bytes?).ok()
}
