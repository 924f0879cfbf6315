//! An S3 server for tests: the protocol by the `s3s` crate (routing, XML, signatures), over
//! objects in memory that a test can change, and with faults that a test can turn on.
//!
//! ```ignore
//! let s3 = S3Server::start().await;
//! s3.put("hello.prompt", "Hello {{name}}");
//! // ... point the program at s3.endpoint(), path-style, with ACCESS_KEY and SECRET_KEY ...
//! s3.set_fault(Some(Fault::SlowDown));
//! ```

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(clippy::doc_markdown, reason = "the text is full of S3's operations and errors")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::{Credentials, Region};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Uri, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use s3s::auth::{S3Auth, SecretKey, SimpleAuth};
use s3s::dto::{
    CommonPrefix, DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition, EncodingType, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse, S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use tokio::sync::oneshot;

/// The most keys that S3 puts on one page, whatever a client asks for.
const MAX_PAGE_SIZE: usize = 1000;

/// An S3 server on 127.0.0.1, stopped when dropped.
///
/// It lives on a thread of its own, with its own runtime. So it goes on answering while the test
/// blocks (waiting for a child process, say), it is gone for certain once dropped, and what `s3s`
/// logs does not end up among the log lines of the program under test.
pub struct S3Server {
    address: SocketAddr,
    store: Store,
    /// Dropping it is the signal to stop.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl S3Server {
    pub const ACCESS_KEY: &str = "AKIDGALLERYTEST";
    pub const SECRET_KEY: &str = "gallery/test+secret";
    /// The one bucket there is.
    pub const BUCKET: &str = "gallery";

    /// Starts a server with an empty [`BUCKET`](Self::BUCKET), on a free port. It accepts
    /// connections when this returns.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a local port");
        listener.set_nonblocking(true).expect("set the listener non-blocking");
        let address = listener.local_addr().expect("the listener's address");
        let store = Store::default();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("s3-server".into())
            .spawn({
                let store = store.clone();
                move || run(listener, store, stopped)
            })
            .expect("start the server's thread");
        Self { address, store, stop: Some(stop), thread: Some(thread) }
    }

    /// Where the server is: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings of the SDK's client for this server: nothing from the environment, and retries without
    /// a pause.
    pub fn client_config(&self) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::config::Builder::new()
            .behavior_version_latest()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(Self::ACCESS_KEY, Self::SECRET_KEY, None, None, "tests"))
            .endpoint_url(self.endpoint())
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            // All clients of a region share one budget of retries, also those of other tests.
            .retry_partition(RetryPartition::new(self.endpoint()))
    }

    /// Puts an object into [`BUCKET`](Self::BUCKET), in place of any that has this key. As in S3,
    /// its ETag is the MD5 of the body.
    pub fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.store.lock().put(key, body.into());
    }

    /// Puts objects as [`put`](Self::put), all at once: no listing shows some of them alone.
    pub fn put_all<'a>(&self, objects: impl IntoIterator<Item = (&'a str, String)>) {
        let mut state = self.store.lock();
        for (key, body) in objects {
            state.put(key, body.into());
        }
    }

    /// Puts an object with a `Content-Encoding`, which says how its body is packed.
    pub fn put_encoded(&self, key: &str, body: impl Into<Bytes>, encoding: &str) {
        let mut state = self.store.lock();
        state.put(key, body.into());
        state.objects.get_mut(key).expect("it was put").encoding = Some(encoding.to_owned());
    }

    /// Deletes an object from [`BUCKET`](Self::BUCKET), if it is there.
    pub fn delete(&self, key: &str) {
        self.store.lock().objects.remove(key);
    }

    /// The content of an object of [`BUCKET`](Self::BUCKET), if it is there.
    pub fn object(&self, key: &str) -> Option<Bytes> {
        self.store.lock().objects.get(key).map(|object| object.body.clone())
    }

    /// The requests so far.
    pub fn requests(&self) -> Requests {
        self.store.lock().requests
    }

    /// Puts at most `n` keys and common prefixes on a page of a listing, even if the client asks
    /// for more. (S3, too, may answer fewer than asked for.) The default is 1000.
    pub fn set_page_size(&self, n: usize) {
        assert!(n > 0, "with no keys on a page, a listing would never end");
        self.store.lock().page_size = n.min(MAX_PAGE_SIZE);
    }

    /// Lets requests go wrong from now on, or with `None` go right again. A request that already
    /// hangs goes on hanging.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.store.lock().fault = fault;
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, it has said so on stderr, and the test has seen a server
            // that does not answer. Panicking here could only abort a test that already fails.
            let _ = thread.join();
        }
    }
}

/// How many requests there were, counted when they arrive: those that are refused, are not
/// answered or are not signed count too, and so does each of the client's retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// ListObjectsV2, one for each page.
    pub list: usize,
    /// GetObject.
    pub get: usize,
    /// PutObject.
    pub put: usize,
    /// Every HTTP request, whatever it asks for.
    pub total: usize,
}

impl Requests {
    fn count(&mut self, method: &Method, uri: &Uri) {
        self.total += 1;
        if method == Method::GET {
            match key_of(uri) {
                Some(_) => self.get += 1,
                None if is_list(uri) => self.list += 1,
                None => {}
            }
        }
        if method == Method::PUT {
            self.put += 1;
        }
    }
}

/// What goes wrong with every request (or the next ones) until reset.
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
    /// Accepts the request and never answers.
    Hang,
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
    /// GetObject of this key has this status and this code, whatever is asked.
    RefuseKey(String, u16, &'static str),
    /// 403 AccessDenied on each GetObject, as without the permission.
    DenyObjects,
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

/// What is shared between the test, which changes it, and the server.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<State>>);

impl Store {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no request handler has panicked")
    }
}

struct State {
    /// S3 lists keys in the order of their UTF-8 bytes, which is the order of `String`.
    objects: BTreeMap<String, Stored>,
    requests: Requests,
    page_size: usize,
    fault: Option<Fault>,
}

impl Default for State {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), requests: Requests::default(), page_size: MAX_PAGE_SIZE, fault: None }
    }
}

/// One object of the bucket.
#[derive(Clone)]
struct Stored {
    body: Bytes,
    encoding: Option<String>,
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
    fn put(&mut self, key: &str, body: Bytes) -> ETag {
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
    fn next_fault(&mut self) -> Option<Fault> {
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

/// `s3s` calls an unknown access key NotSignedUp. S3 calls it InvalidAccessKeyId.
struct Auth(SimpleAuth);

#[async_trait::async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0.get_secret_key(access_key).await.map_err(|_| {
            s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
        })
    }
}

/// The server's thread, until `stopped`.
fn run(listener: TcpListener, store: Store, stopped: oneshot::Receiver<Infallible>) {
    // `s3s` logs what it does, and a bad signature as an error. That must not reach a subscriber
    // that the test has set for the whole process.
    let _quiet = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("start the server's runtime");
    let mut service = S3ServiceBuilder::new(store.clone());
    service.set_auth(Auth(SimpleAuth::from_single(S3Server::ACCESS_KEY, S3Server::SECRET_KEY)));
    let service = service.build();
    runtime.block_on(async {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, store, service) => {}
        }
    });
    // With the runtime, all connections end, also those that hang.
}

async fn accept(listener: TcpListener, store: Store, service: S3Service) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listen");
    loop {
        let (stream, _) = listener.accept().await.expect("accept a connection");
        // Or small answers wait for the client's delayed acknowledgements.
        stream.set_nodelay(true).expect("set TCP_NODELAY");
        let (store, service) = (store.clone(), service.clone());
        tokio::spawn(async move {
            let handler = service_fn(|request| handle(&store, &service, request));
            // An error is a client that went away, or Fault::Disconnect.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

/// One request: counted, then wrong if it is to go wrong, else answered by `s3s`.
async fn handle(
    store: &Store,
    service: &S3Service,
    request: http::Request<Incoming>,
) -> Result<HttpResponse, HttpError> {
    let fault = {
        let mut state = store.lock();
        state.requests.count(request.method(), request.uri());
        state.next_fault()
    };
    let refusal = match fault {
        Some(Fault::SlowDown | Fault::SlowDownAfter(0)) => slow_down(),
        Some(Fault::AccessDenied) => access_denied(),
        Some(Fault::ExpiredToken) => {
            let token = request.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok());
            let xml = format!(
                "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message>\
                 <Token-0>{}</Token-0></Error>",
                token.unwrap_or_default()
            );
            return http::Response::builder()
                .status(http::StatusCode::BAD_REQUEST)
                .body(Body::from(xml))
                .map_err(|error| HttpError::new(error.into()));
        }
        Some(Fault::InternalErrorTimes(_)) => {
            s3_error!(InternalError, "We encountered an internal error. Please try again.")
        }
        Some(Fault::Hang) => std::future::pending().await,
        // On an error, hyper closes the connection and writes nothing.
        Some(Fault::Disconnect) => return Err(HttpError::new("Fault::Disconnect".into())),
        Some(fault @ (Fault::CutBody | Fault::StallBody)) if key_of(request.uri()).is_some() => {
            let (head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = body.collect().await.expect("objects are in memory").to_bytes();
            return Ok(HttpResponse::from_parts(head, break_off(&body, matches!(fault, Fault::StallBody))));
        }
        Some(Fault::NoLength) if key_of(request.uri()).is_some() => {
            let (mut head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = body.collect().await.expect("objects are in memory").to_bytes();
            head.headers.remove(header::CONTENT_LENGTH);
            let frames = stream::once(async { Ok::<_, Infallible>(Frame::data(body)) });
            return Ok(HttpResponse::from_parts(head, Body::http_body_unsync(StreamBody::new(frames))));
        }
        Some(Fault::RefuseKey(key, status, code))
            if request.method() == Method::GET && key_of(request.uri()) == Some(&key) =>
        {
            let xml = format!("<Error><Code>{code}</Code><Message>This object is refused.</Message></Error>");
            return http::Response::builder()
                .status(status)
                .body(Body::from(xml))
                .map_err(|error| HttpError::new(error.into()));
        }
        Some(Fault::Edit(edit)) if request.method() == Method::GET => {
            let is_list = is_list(request.uri());
            let (mut head, body) = service.call(request.map(Body::from)).await?.into_parts();
            let body = if is_list {
                let xml = escape_controls(&body).bytes().expect("it is in memory");
                Bytes::from((edit.list)(String::from_utf8(xml.to_vec()).expect("XML is UTF-8")))
            } else {
                let body = body.collect().await.expect("objects are in memory").to_bytes();
                (edit.get)(&mut head.headers, body)
            };
            head.headers.insert(header::CONTENT_LENGTH, body.len().into());
            return Ok(HttpResponse::from_parts(head, Body::from(body)));
        }
        // These are for the operations that they are about.
        Some(
            Fault::SlowDownAfter(_)
            | Fault::DenyKey(_)
            | Fault::PlainKeys
            | Fault::SlowDownKey(_)
            | Fault::CutBody
            | Fault::StallBody
            | Fault::NoLength
            | Fault::DeleteAfterList(_)
            | Fault::ReplaceAfterList(..)
            | Fault::FolderOrder
            | Fault::RefuseKey(..)
            | Fault::DenyObjects
            | Fault::HideMissing
            | Fault::ChangeAfterList(..)
            | Fault::RefuseConditions
            | Fault::IgnoreConditions
            | Fault::Edit(_),
        )
        | None => {
            let is_list = is_list(request.uri());
            let response = service.call(request.map(Body::from)).await?;
            return Ok(if is_list { response.map(|body| escape_controls(&body)) } else { response });
        }
    };
    // A client that is still sending would see the connection reset, and not the answer.
    let _ = request.into_body().collect().await;
    refusal.to_http_response().map_err(|error| HttpError::new(error.into()))
}

/// The first half of a body, and then a broken connection or, if it `stalls`, nothing ever.
fn break_off(body: &Bytes, stalls: bool) -> Body {
    let half = body.slice(..body.len() / 2);
    let first = stream::once(async { Ok(Frame::data(half)) });
    let then = stream::once(async move {
        if stalls {
            return std::future::pending().await;
        }
        // Lets hyper send the first half before it hears of the error.
        tokio::task::yield_now().await;
        Err("Fault::CutBody")
    });
    Body::http_body_unsync(StreamBody::new(futures_util::StreamExt::chain(first, then)))
}

/// Writes as references (`&#x1;`) those characters of a listing that XML has no other way to
/// write, as S3 does, and the white space that XML parsers change. `s3s` puts them into the text
/// as they are, where a parser refuses them. (Strictly, XML 1.0 does not allow the references to
/// most of them either. The AWS SDK for Rust reads them all. For clients that do not, there is
/// `encoding-type=url`.)
fn escape_controls(body: &Body) -> Body {
    let bytes = body.bytes().expect("s3s answers a listing in one piece");
    let xml = std::str::from_utf8(&bytes).expect("XML is UTF-8");
    let mut escaped = String::with_capacity(xml.len());
    for c in xml.chars() {
        match c {
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => escaped += &format!("&#x{:x};", u32::from(c)),
            _ => escaped.push(c),
        }
    }
    Body::from(escaped)
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

/// The (encoded) key that a path-style address names, if it names one: `/BUCKET/KEY`.
fn key_of(uri: &Uri) -> Option<&str> {
    let (_bucket, key) = uri.path().strip_prefix('/')?.split_once('/')?;
    (!key.is_empty()).then_some(key)
}

fn is_list(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    key_of(uri).is_none() && parameters.any(|parameter| parameter == "list-type=2")
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

fn access_denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

fn slow_down() -> S3Error {
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
