//! Prompt files in an S3 bucket.

mod answer;
mod bucket;
#[doc(hidden)]
pub mod client;
mod encoding;
mod errors;
mod listing;
mod options;
mod page;
mod version;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;

#[doc(hidden)]
pub use bucket::Connect;
use bucket::{Bucket, IndexObject};
#[doc(hidden)]
pub use errors::NoCredentials;
use listing::{ListedObject, Listing, shares_etags};
pub use options::{AddressingStyle, S3Options};
#[doc(hidden)]
pub use options::{BOOLEAN, IGNORE_ENDPOINTS, SDK_SETTINGS, endpoint};
use version::{Comparison, Marks};

use crate::digest::ContentDigest;
use crate::https::Http;
use crate::limits::{CONTINUE_WITHIN, MAX_PAGE_FAILURES, MAX_UNLISTED_BYTES};
use crate::prompt_store::{IndexStore, Listed, Object, PromptStore, Revalidated, StoreError};

/// The objects below a prefix of one bucket.
#[derive(Clone)]
pub struct S3Store {
    bucket: Bucket,
    prefix: String,
    index: Option<IndexObject>,
    warned: Arc<Warned>,
    unfinished: Arc<Mutex<Option<Unfinished>>>,
}

/// The pages of a listing so far.
struct Unfinished {
    began: Instant,
    /// The S3 server's clock at that time.
    date: Option<DateTime>,
    listing: Listing,
    /// The continuation token of the next page; `None` for the first one.
    token: Option<String>,
    /// How often that page has failed.
    failures: u32,
}

impl Unfinished {
    fn begin() -> Self {
        Self { began: Instant::now(), date: None, listing: Listing::default(), token: None, failures: 0 }
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Store").field(&self.location()).finish()
    }
}

/// Faults of the server that were logged.
#[derive(Debug, Default)]
struct Warned {
    /// `ETag`s do not change with the content.
    wrong_etags: AtomicBool,
    /// Neither an `ETag` nor a time is listed.
    no_marks: AtomicBool,
    /// More keys are counted than listed.
    wrong_count: AtomicBool,
}

/// Sets a flag, and returns whether it was not set before.
fn is_first(flag: &AtomicBool) -> bool {
    !flag.swap(true, Ordering::Relaxed)
}

impl S3Store {
    /// A store over a client that `connect` makes when it is first needed.
    #[doc(hidden)]
    #[must_use]
    pub fn connecting(bucket: &str, prefix: &str, options: S3Options, connect: Connect) -> Self {
        Self::of(Bucket::new(bucket, options, connect, None), prefix)
    }

    /// A store over the given client settings, to which timeouts and an HTTP client are added.
    ///
    /// `prefix` is what all keys start with: empty, or ending in `/`.
    #[must_use]
    pub fn new(config: aws_sdk_s3::config::Builder, bucket: &str, prefix: &str) -> Self {
        let options = S3Options::default();
        let client = client::new(config, options, Http::new(|| Ok(())));
        Self::of(Bucket::new(bucket, options, client::from_env, Some(client)), prefix)
    }

    fn of(bucket: Bucket, prefix: &str) -> Self {
        let (warned, unfinished) = Default::default();
        Self { bucket, prefix: prefix.to_owned(), index: None, warned, unfinished }
    }

    /// The same with an index of its prompts under `key` of the bucket. The index is the only object that is ever
    /// written.
    #[must_use]
    pub fn with_index(mut self, key: impl Into<String>) -> Self {
        self.index = Some(IndexObject { bucket: self.bucket.clone(), key: key.into(), prefix: self.prefix.clone() });
        self
    }

    /// The objects below another prefix of the same bucket, with an index of their own under `index_key`. Both stores share one
    /// client.
    #[must_use]
    pub fn sibling(&self, prefix: &str, index_key: Option<&str>) -> Self {
        let sibling = Self::of(self.bucket.clone(), prefix);
        index_key.map_or_else(|| sibling.clone(), |key| sibling.clone().with_index(key))
    }

    /// The key in the bucket.
    fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Reads the pages that are missing. A listing that fails after its first page is kept.
    async fn finish(&self, mut unfinished: Unfinished) -> Result<Listed, StoreError> {
        loop {
            let is_in_parts = unfinished.token.is_some();
            let (page, date) = match self.page(unfinished.token.clone()).await {
                Ok(answered) => answered,
                Err(e) => {
                    unfinished.failures += 1;
                    // The store may no longer know the token.
                    let kept = unfinished.token.is_some() && unfinished.failures < MAX_PAGE_FAILURES;
                    let kept = kept && matches!(e, StoreError::Unavailable(_));
                    *self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = kept.then_some(unfinished);
                    return Err(e);
                }
            };
            unfinished.date = unfinished.date.or(date);
            unfinished.failures = 0;
            let added = unfinished.listing.add(page);
            unfinished.token = added.map_err(|why| StoreError::Unavailable(format!("{}: {why}", self.location())))?;
            if unfinished.token.is_none() {
                let objects = self.objects(unfinished.listing.finish(), unfinished.date);
                return Ok(Listed { objects, age: Duration::ZERO, is_in_parts });
            }
        }
    }

    /// The objects of a listing that began when the server's clock said `began`, with their versions.
    fn objects(&self, listed: Vec<ListedObject>, began: Option<DateTime>) -> Vec<Object> {
        let Warned { wrong_etags, no_marks, .. } = &*self.warned;
        if shares_etags(&listed) && is_first(wrong_etags) {
            let problem = "objects of different size have one ETag: time and size tell versions apart";
            tracing::warn!(store = self.location(), "{problem}");
        }
        if listed.iter().any(|object| object.marks.are_missing()) && is_first(no_marks) {
            let problem = "neither ETags nor times are listed: files are read again after each listing";
            tracing::warn!(store = self.location(), "{problem}");
        }
        let (now, trusts_etags) = (began.unwrap_or_else(|| SystemTime::now().into()), self.trusts_etags());
        let object = |ListedObject { key, marks }| {
            let version = marks.version(now, trusts_etags);
            Object { key, version, size: marks.size.unwrap_or_default() }
        };
        listed.into_iter().map(object).collect()
    }

    /// What was read of an object, if it is the listed version.
    fn as_listed<T>(&self, object: &Object, marks: &Marks, read: Option<T>) -> Result<T, StoreError> {
        let at = self.bucket.at(&self.full_key(&object.key));
        match marks.compare(&object.version) {
            Comparison::Same => read.ok_or_else(|| StoreError::NotFound(format!("{at}: it is larger than listed"))),
            Comparison::Replaced => Err(StoreError::NotFound(format!("{at}: it is no longer what was listed"))),
            Comparison::WrongSize { listed, read } => {
                Err(StoreError::Unavailable(format!("{at}: got {read} bytes of {listed}")))
            }
        }
    }

    /// The object of an answer to a read.
    fn read_object(&self, key: &str, marks: &Marks, content: &Bytes) -> Object {
        let version = marks.version(SystemTime::now().into(), self.trusts_etags());
        Object { key: key.to_owned(), version, size: marks.size.unwrap_or(content.len() as u64) }
    }

    /// Whether all `ETag`s so far changed with the content.
    fn trusts_etags(&self) -> bool {
        !self.warned.wrong_etags.load(Ordering::Relaxed)
    }
}

/// The object may have grown since it was listed.
fn max_bytes(object: &Object) -> u64 {
    Marks::of_version(&object.version).0.size.unwrap_or(MAX_UNLISTED_BYTES)
}

#[async_trait]
impl PromptStore for S3Store {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        Ok(self.finish(Unfinished::begin()).await?.objects)
    }

    async fn list_or_continue(&self) -> Result<Listed, StoreError> {
        let kept = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).take();
        let kept = kept.filter(|unfinished| unfinished.began.elapsed() < CONTINUE_WITHIN);
        let age = kept.as_ref().map_or(Duration::ZERO, |unfinished| unfinished.began.elapsed());
        let listed = self.finish(kept.unwrap_or_else(Unfinished::begin)).await?;
        Ok(Listed { age, ..listed })
    }

    async fn revalidate(&self, object: &Object) -> Result<Revalidated, StoreError> {
        let (Marks { etag: Some(etag), .. }, true) = Marks::of_version(&object.version) else {
            return Ok(Revalidated::Unknown);
        };
        if !self.trusts_etags() {
            return Ok(Revalidated::Unknown);
        }
        let Some((marks, content)) = self.bucket.read_if_changed(&self.full_key(&object.key), &etag).await? else {
            return Ok(Revalidated::Unchanged);
        };
        // Some servers take no notice of the condition.
        if marks.compare(&object.version) == Comparison::Same {
            return Ok(Revalidated::Unchanged);
        }
        Ok(Revalidated::Changed(content.map(|content| (self.read_object(&object.key, &marks, &content), content))))
    }

    // Without `If-Match`: some servers lack it, others refuse it. The answer says which version was read.
    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        let (marks, content) = self.bucket.read(&self.full_key(&object.key), max_bytes(object)).await?;
        self.as_listed(object, &marks, content)
    }

    async fn digest(&self, object: &Object) -> Result<ContentDigest, StoreError> {
        let (marks, digest) = self.bucket.digest(&self.full_key(&object.key), max_bytes(object)).await?;
        self.as_listed(object, &marks, digest)
    }

    async fn get_newest(&self, key: &str, max_bytes: u64) -> Result<(Object, Bytes), StoreError> {
        let full_key = self.full_key(key);
        let (marks, content) = self.bucket.read(&full_key, max_bytes).await?;
        let too_large = || StoreError::NotFound(format!("{}: too large", self.bucket.at(&full_key)));
        let content = content.ok_or_else(too_large)?;
        Ok((self.read_object(key, &marks, &content), content))
    }

    fn modified(&self, object: &Object) -> Option<SystemTime> {
        Marks::of_version(&object.version).0.modified?.try_into().ok()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.bucket.client(&self.prefix).await.map(drop)
    }

    fn index(&self) -> Option<&dyn IndexStore> {
        self.index.as_ref().map(|index| index as &dyn IndexStore)
    }

    fn location(&self) -> String {
        self.bucket.at(&self.prefix)
    }
}
