//! Prompt files in an S3 bucket.

mod answer;
#[doc(hidden)]
pub mod client;
mod encoding;
mod explain;
mod listing;
mod version;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use answer::Answer;
use async_trait::async_trait;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError, DateTime};
use aws_sdk_s3::types::EncodingType;
use bytes::{Bytes, BytesMut};
use futures_util::future::{self, BoxFuture};
use listing::{Listed, Listing, Page, Whole};
use tokio::sync::OnceCell;
use version::{Comparison, Marks};

use super::{IndexStore, Object, PromptStore, StoreError, Written};
use crate::causes::{causes, chain};
use crate::config::S3Options;
use crate::https::Http;
use crate::logging::milliseconds;

/// Of one file, with its content.
const GET_TIMEOUT: Duration = Duration::from_secs(6);
/// The largest file that is read where no size is listed, in bytes.
const UNLISTED: u64 = 8 * 1024 * 1024;

const CREDENTIALS: &str = "AWS_PROFILE takes a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY a key";

/// The objects below a prefix of one bucket.
#[derive(Clone)]
pub struct S3Store {
    bucket: Bucket,
    prefix: String,
    index: Option<IndexObject>,
    noticed: Arc<Noticed>,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Store").field(&self.location()).finish()
    }
}

/// What has been noticed of the server, and warned of once.
#[derive(Debug, Default)]
struct Noticed {
    /// `ETag`s do not change with the content.
    wrong_etags: AtomicBool,
    /// Neither an `ETag` nor a time is listed.
    no_marks: AtomicBool,
    /// More keys are counted than listed.
    wrong_count: AtomicBool,
}

/// The index of the prompts, in the same bucket.
#[derive(Clone)]
struct IndexObject {
    bucket: Bucket,
    key: String,
    /// Of the prompts.
    prefix: String,
}

#[derive(Clone)]
struct Bucket {
    name: String,
    connect: Connect,
    /// Made when it is first needed: what needs no prompts does not wait for it.
    client: Arc<OnceCell<Client>>,
}

/// Makes the client of a bucket when it is first needed; an error is one line of what to do.
pub type Connect = Arc<dyn Fn() -> BoxFuture<'static, Result<Client, String>> + Send + Sync>;

/// Why there are no credentials, in one line: an error of the credentials that a client is made with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NoCredentials(pub String);

impl S3Store {
    /// A store over the standard AWS settings in the environment of this process. They are read, and S3 is asked, when it
    /// is first used.
    pub fn from_env(bucket: impl Into<String>, prefix: impl Into<String>, options: S3Options) -> Self {
        let bucket: Arc<str> = bucket.into().into();
        let name = Arc::clone(&bucket);
        let connect = move || -> BoxFuture<'static, _> {
            let bucket = Arc::clone(&bucket);
            Box::pin(async move { client::from_env(&bucket, options).await })
        };
        Self::connecting(&*name, prefix, Arc::new(connect))
    }

    /// A store over a client that is made when it is first needed.
    pub fn connecting(bucket: impl Into<String>, prefix: impl Into<String>, connect: Connect) -> Self {
        Self::of(Bucket { name: bucket.into(), connect, client: Arc::default() }, prefix)
    }

    /// Reads the settings now, and waits for credentials, up to a minute, where they come from a program.
    ///
    /// # Errors
    /// [`StoreError::Settings`], which says what to do.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.bucket.client(&self.location()).await.map(drop)
    }

    /// A store over the given client settings, to which timeouts and an HTTP client are added.
    ///
    /// `prefix` is what all keys start with: empty, or ending in `/`.
    pub fn new(config: aws_sdk_s3::config::Builder, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let client = client::new(config, S3Options::default(), Http::new(|| Ok(())));
        let connect: Connect = Arc::new(|| Box::pin(future::ready(Err("it is made already".to_owned()))));
        let client = Arc::new(OnceCell::new_with(Some(client)));
        Self::of(Bucket { name: bucket.into(), connect, client }, prefix)
    }

    fn of(bucket: Bucket, prefix: impl Into<String>) -> Self {
        Self { bucket, prefix: prefix.into(), index: None, noticed: Arc::default() }
    }

    /// The same with an index of its prompts under `key` of the bucket, the one object that is ever written.
    #[must_use]
    pub fn with_index(mut self, key: impl Into<String>) -> Self {
        let (bucket, prefix) = (self.bucket.clone(), self.prefix.clone());
        self.index = Some(IndexObject { bucket, key: key.into(), prefix });
        self
    }

    /// One page of the listing, a thousand keys at most: the first one, or that of a continuation token. Also what the
    /// server's clock said.
    ///
    /// A page that is not whole is asked for once more.
    async fn page(&self, token: Option<String>) -> Result<(Page, Option<DateTime>), StoreError> {
        let first = self.try_page(token.clone()).await;
        let last = match first {
            Ok((page, Doubt::None)) => return Ok(page),
            Err(PageError::Store(e)) => return Err(e),
            Ok((_, Doubt::Count { .. })) | Err(PageError::NotWhole(_)) => self.try_page(token).await,
        };
        match last {
            Ok((page, Doubt::None)) => Ok(page),
            Ok((page, Doubt::Count { counted, listed })) => {
                if !self.noticed.wrong_count.swap(true, Ordering::Relaxed) {
                    let store = self.location();
                    tracing::warn!(
                        store,
                        counted,
                        listed,
                        "the store counts more keys than it lists; what it lists is taken"
                    );
                }
                Ok(page)
            }
            Err(PageError::Store(e)) => Err(e),
            Err(PageError::NotWhole(why)) => Err(StoreError::Unavailable(format!("{}: {why}", self.location()))),
        }
    }

    async fn try_page(&self, token: Option<String>) -> Result<((Page, Option<DateTime>), Doubt), PageError> {
        let answer = Answer::default();
        let client = self.bucket.client(&self.location()).await.map_err(PageError::Store)?;
        // Some servers write control characters as XML that cannot be read.
        let request =
            client.list_objects_v2().encoding_type(EncodingType::Url).bucket(&self.bucket.name).prefix(&self.prefix);
        let request = request.set_continuation_token(token).customize().interceptor(answer.clone());
        let page = request.send().await.map_err(|e| match e.raw_response() {
            Some(response) if response.status().is_success() => {
                PageError::NotWhole("the answer is no listing".to_owned())
            }
            _ => PageError::Store(match self.bucket.error(&self.location(), &e) {
                StoreError::Refused(why) => StoreError::Unavailable(why),
                e => e,
            }),
        })?;
        if !answer.is_whole() {
            return Err(PageError::NotWhole("the listing is cut off".to_owned()));
        }
        let is_truncated = page.is_truncated.unwrap_or(page.next_continuation_token.is_some());
        let next = page.next_continuation_token.filter(|token| is_truncated && !token.is_empty());
        if is_truncated && next.is_none() {
            return Err(PageError::NotWhole("the listing goes on, without a continuation token".to_owned()));
        }
        let is_encoded = page.encoding_type == Some(EncodingType::Url);
        let contents = page.contents.unwrap_or_default();
        let listed = contents.len() + page.common_prefixes.map_or(0, |prefixes| prefixes.len());
        let counted = page.key_count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        let most = page.max_keys.and_then(|most| usize::try_from(most).ok()).unwrap_or(1000);
        let doubt = if counted > listed && counted <= most { Doubt::Count { counted, listed } } else { Doubt::None };
        let mut objects = Vec::with_capacity(contents.len());
        for object in contents {
            let key =
                object.key.ok_or_else(|| PageError::NotWhole("an object is listed without its key".to_owned()))?;
            let key = if is_encoded { encoding::decoded_key(&key) } else { key };
            if self.index.as_ref().is_some_and(|index| index.key == key) {
                continue;
            }
            let Some(key) = key.strip_prefix(&self.prefix) else { continue };
            let size = object.size.and_then(|size| size.try_into().ok());
            let marks = Marks { etag: object.e_tag, modified: object.last_modified, size };
            objects.push(Listed { key: key.to_owned(), marks });
        }
        Ok(((Page { objects, next }, answer.date()), doubt))
    }

    /// The objects of a listing that began when the server's clock said `began`.
    fn objects(&self, whole: Whole, began: Option<DateTime>) -> Vec<Object> {
        let Noticed { wrong_etags, no_marks, .. } = &*self.noticed;
        let store = || self.location();
        if whole.shares_etags() && !wrong_etags.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                store = store(),
                "objects of different size have one ETag: time and size tell versions apart"
            );
        }
        if whole.lacks_marks() && !no_marks.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                store = store(),
                "neither ETags nor times are listed: files are read anew after each listing"
            );
        }
        whole.objects(began.unwrap_or_else(|| SystemTime::now().into()), !wrong_etags.load(Ordering::Relaxed))
    }

    fn at(&self, key: &str) -> String {
        format!("{}{key}", self.location())
    }
}

/// What speaks against a page that is whole.
enum Doubt {
    None,
    /// It is said to have more keys than it has.
    Count {
        counted: usize,
        listed: usize,
    },
}

/// Why there is no page.
enum PageError {
    Store(StoreError),
    /// What came with status 200 is no listing, or not all of one.
    NotWhole(String),
}

#[async_trait]
impl PromptStore for S3Store {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let mut listing = Listing::default();
        let (mut token, mut began) = (None, None);
        loop {
            let (page, date) = self.page(token).await?;
            began = began.or(date);
            let added = listing.add(page);
            token = added.map_err(|why| StoreError::Unavailable(format!("{}: {why}", self.location())))?;
            if token.is_none() {
                return Ok(self.objects(listing.finish(), began));
            }
        }
    }

    // Not with `If-Match`: some servers lack it, others refuse it. The answer says what was read.
    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        let at = self.at(&object.key);
        let key = format!("{}{}", self.prefix, object.key);
        let client = self.bucket.client(&self.location()).await?;
        let request = client.get_object().bucket(&self.bucket.name).key(key);
        // What stands there now may be of any size.
        let most = Marks::of_version(&object.version).0.size.unwrap_or(UNLISTED);
        let (marks, content) = self.bucket.read(&at, request, most).await?;
        match marks.compare(&object.version) {
            Comparison::Same => content.ok_or_else(|| StoreError::NotFound(format!("{at}: it is larger than listed"))),
            Comparison::Replaced => Err(StoreError::NotFound(format!("{at}: it is no longer what was listed"))),
            Comparison::WrongSize { listed, read } => {
                Err(StoreError::Unavailable(format!("{at}: {read} bytes came of the {listed} that are listed")))
            }
        }
    }

    async fn get_newest(&self, key: &str, most: u64) -> Result<(Object, Bytes), StoreError> {
        let request = self.bucket.client(&self.location()).await?.get_object().bucket(&self.bucket.name);
        let request = request.key(format!("{}{key}", self.prefix));
        let (marks, content) = self.bucket.read(&self.at(key), request, most).await?;
        let content = content.ok_or_else(|| StoreError::NotFound(format!("{}: too large", self.at(key))))?;
        let trusts_etags = !self.noticed.wrong_etags.load(Ordering::Relaxed);
        let version = marks.version(SystemTime::now().into(), trusts_etags);
        let size = marks.size.unwrap_or(content.len() as u64);
        Ok((Object { key: key.to_owned(), version, size }, content))
    }

    fn index(&self) -> Option<&dyn IndexStore> {
        self.index.as_ref().map(|index| index as &dyn IndexStore)
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.prefix)
    }
}

#[async_trait]
impl IndexStore for IndexObject {
    async fn read(&self, most: usize) -> Result<Option<(Bytes, String)>, StoreError> {
        let at = self.location();
        let request = self.bucket.client(&at).await?.get_object().bucket(&self.bucket.name).key(&self.key);
        match self.bucket.read(&at, request, most as u64).await {
            Ok((marks, content)) => Ok(Some((content.unwrap_or_default(), marks.etag.unwrap_or_default()))),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn write(&self, object: Bytes, replaces: Option<&str>) -> Result<Written, StoreError> {
        let request = self.bucket.client(&self.location()).await?.put_object().bucket(&self.bucket.name).key(&self.key);
        let request = match replaces {
            Some(version) => request.if_match(version),
            None => request.if_none_match("*"),
        };
        let request = request.content_type("application/json").body(object.into());
        match request.customize().config_override(client::patient()).send().await {
            Ok(output) => Ok(output.e_tag.filter(|etag| !etag.is_empty()).map_or(Written::Unclear, Written::As)),
            Err(e) => match self.bucket.error(&self.location(), &e) {
                // Another server was first, or the object is gone.
                StoreError::NotFound(_) => Ok(Written::Refused),
                _ if e.raw_response().is_some_and(|response| response.status().as_u16() == 409) => Ok(Written::Unclear),
                e => Err(e),
            },
        }
    }

    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.key)
    }
}

impl Bucket {
    /// The client, made when it is first needed: what needs no prompts does not wait for it.
    async fn client(&self, at: &str) -> Result<&Client, StoreError> {
        let make = async || {
            let began = Instant::now();
            let made = (self.connect)().await;
            tracing::debug!(ms = milliseconds(began.elapsed()), "S3 client made");
            made.map_err(|why| StoreError::Settings(format!("{at}: {why}")))
        };
        self.client.get_or_try_init(make).await
    }

    /// What tells the version of an object, and its content; no content of more than `most` bytes.
    async fn read(
        &self,
        at: &str,
        request: GetObjectFluentBuilder,
        most: u64,
    ) -> Result<(Marks, Option<Bytes>), StoreError> {
        let unavailable = |why: String| StoreError::Unavailable(format!("{at}: {why}"));
        let read = async {
            let output = request.send().await.map_err(|e| self.error(at, &e))?;
            let GetObjectOutput {
                body, e_tag: etag, last_modified: modified, content_length, content_encoding, ..
            } = output;
            let size = content_length.and_then(|size| u64::try_from(size).ok());
            let marks = Marks { etag, modified, size };
            if size.is_some_and(|size| size > most) {
                return Ok((marks, None));
            }
            // Also compared with a checksum, if the answer has one.
            let body = match size {
                Some(_) => body.collect().await.map_err(|e| unavailable(chain(&e)))?.into_bytes(),
                None => match collect(body, most).await.map_err(|e| unavailable(chain(&e)))? {
                    Some(body) => body,
                    None => return Ok((marks, None)),
                },
            };
            let marks = Marks { size: Some(body.len() as u64), ..marks };
            let content = encoding::decoded_content(body, content_encoding.as_deref());
            Ok((marks, Some(content.map_err(|why| StoreError::Refused(format!("{at}: {why}")))?)))
        };
        let timed_out = |_| Err(unavailable(format!("not read in {GET_TIMEOUT:?}")));
        tokio::time::timeout(GET_TIMEOUT, read).await.unwrap_or_else(timed_out)
    }

    /// What came of a request; where a setting was missing for it, which.
    fn error<E>(&self, at: &str, e: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(refused) = causes(e).find_map(|e| e.downcast_ref::<NoCredentials>()) {
            return StoreError::Unavailable(format!("{at}: {refused}"));
        }
        match causes(e).find_map(|e| e.downcast_ref()) {
            // It repeats every place where there are none.
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                StoreError::Unavailable(format!("{at}: there are no credentials: {CREDENTIALS}"))
            }
            Some(e) => StoreError::Unavailable(format!("{at}: {}: {CREDENTIALS}", chain(e).trim_end_matches('.'))),
            None => store_error(at, e, self.client.get().and_then(|client| client.config().region())),
        }
    }
}

/// A body of which no length is known; nothing of one that has more than `most` bytes.
async fn collect(mut body: ByteStream, most: u64) -> Result<Option<Bytes>, ByteStreamError> {
    let mut content = BytesMut::new();
    while let Some(chunk) = body.next().await.transpose()? {
        if (content.len() + chunk.len()) as u64 > most {
            return Ok(None);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Some(content.freeze()))
}

/// The one place where the SDK's errors become ours.
/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn store_error<E>(at: &str, e: &SdkError<E>, region: Option<&Region>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = e.raw_response().map(|response| response.status().as_u16());
    let text = match e.as_service_error() {
        // Code and message of S3's answer, and never the answer, in which S3 may repeat a session token.
        Some(e) if e.code().is_some() || e.message().is_some() => {
            let words = [Some(at), e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        // Some other server in between, such as a proxy.
        Some(_) => format!("{at}: status {}", status.unwrap_or_default()),
        None => format!("{at}: {}", chain(e)),
    };
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    let text = match explain::advice(code, e.raw_response(), region.map(AsRef::as_ref)) {
        Some(advice) => format!("{text}: {advice}"),
        None => text,
    };
    match (code, status) {
        // The object was replaced after it was listed.
        (Some("PreconditionFailed"), _) | (_, Some(412)) => StoreError::NotFound(text),
        (Some("NoSuchKey" | "NoSuchBucket" | "NotFound"), _) | (_, Some(404)) => StoreError::NotFound(text),
        // It is archived.
        (Some("InvalidObjectState"), _) => StoreError::Refused(text),
        // Every other 403 of S3 is about who asks, but for a clock that is wrong, which is as good as denied.
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired"), _) | (_, Some(401 | 403)) => {
            StoreError::Denied(text)
        }
        // These pass.
        (Some("RequestTimeout" | "SlowDown"), _) | (_, Some(408 | 409 | 429)) => StoreError::Unavailable(text),
        // Such as an object that is encrypted with a key of the client's, or with one that is disabled.
        (_, Some(400..=499 | 501)) => StoreError::Refused(text),
        _ => StoreError::Unavailable(text),
    }
}
