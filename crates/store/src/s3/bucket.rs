//! One bucket: its client, how an object is read, and how the index is read and written.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::options::S3Options;
use super::version::Marks;
use super::{client, encoding, errors};
use crate::causes::chain;
use crate::digest::{ContentDigest, Digesting};
use crate::limits::GET_TIMEOUT;
use crate::prompt_store::{IndexStore, StoreError, Written};
use dotprompt::bounds;

/// Makes the client of the bucket of this name when it is first needed. An error is one line that says what to do.
pub type Connect = fn(Arc<str>, S3Options) -> BoxFuture<'static, Result<Client, String>>;

#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) name: Arc<str>,
    options: S3Options,
    connect: Connect,
    /// Made when it is first needed: requests that need no prompts do not wait for it.
    client: Arc<OnceCell<Client>>,
}

impl Bucket {
    pub(super) fn new(name: &str, options: S3Options, connect: Connect, client: Option<Client>) -> Self {
        Self { name: name.into(), options, connect, client: Arc::new(OnceCell::new_with(client)) }
    }

    /// `s3://bucket/key`, for people.
    pub(super) fn at(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// The client, made now if this is the first request. The error names `key`.
    pub(super) async fn client(&self, key: &str) -> Result<&Client, StoreError> {
        let make = async || {
            let began = Instant::now();
            let made = (self.connect)(Arc::clone(&self.name), self.options).await;
            tracing::debug!(duration_ms = began.elapsed().as_secs_f64() * 1e3, "S3 client made");
            made.map_err(|why| StoreError::Settings(format!("{}: {why}", self.at(key))))
        };
        self.client.get_or_try_init(make).await
    }

    /// The marks of an object's version, and its content if it has at most `max_bytes`.
    pub(super) async fn read(&self, key: &str, max_bytes: u64) -> Result<(Marks, Option<Bytes>), StoreError> {
        self.in_time(key, async { self.collected(key, self.open(key).await?, max_bytes).await }).await
    }

    /// The same, unless the object still has this `ETag`. A file that is larger than a prompt may be is not read.
    pub(super) async fn read_if_changed(
        &self,
        key: &str,
        etag: &str,
    ) -> Result<Option<(Marks, Option<Bytes>)>, StoreError> {
        self.in_time(key, async {
            let request = self.client(key).await?.get_object().bucket(&*self.name).key(key).if_none_match(etag);
            match request.send().await {
                Ok(output) => self.collected(key, Opened::from(output), bounds::SOURCE).await.map(Some),
                Err(e) if errors::is_not_modified(&e) => Ok(None),
                Err(e) => Err(self.error(key, &e)),
            }
        })
        .await
    }

    /// The content of an object of at most `max_bytes`.
    async fn collected(
        &self,
        key: &str,
        Opened { marks, body, encoding }: Opened,
        max_bytes: u64,
    ) -> Result<(Marks, Option<Bytes>), StoreError> {
        if marks.size.is_some_and(|size| size > max_bytes) {
            return Ok((marks, None));
        }
        let body = match marks.size {
            Some(_) => body.collect().await.map(|body| Some(body.into_bytes())),
            None => collect(body, max_bytes).await,
        };
        let Some(body) = body.map_err(|e| self.unavailable(key, &chain(&e)))? else { return Ok((marks, None)) };
        let marks = Marks { size: Some(body.len() as u64), ..marks };
        Ok((marks, Some(self.decoded(key, body, encoding.as_deref())?)))
    }

    /// The marks of an object's version, and the digest of its content if it has at most `max_bytes`.
    pub(super) async fn digest(&self, key: &str, max_bytes: u64) -> Result<(Marks, Option<ContentDigest>), StoreError> {
        self.in_time(key, async {
            let Opened { marks, mut body, encoding } = self.open(key).await?;
            if encoding.is_some() {
                // A compressed content is decoded as a whole.
                let Some(body) = collect(body, max_bytes).await.map_err(|e| self.unavailable(key, &chain(&e)))? else {
                    return Ok((marks, None));
                };
                let marks = Marks { size: Some(body.len() as u64), ..marks };
                let content = self.decoded(key, body, encoding.as_deref())?;
                return Ok((marks, Some(ContentDigest::of(&content))));
            }
            let (mut digesting, mut size) = (Digesting::default(), 0);
            while let Some(piece) = body.next().await.transpose().map_err(|e| self.unavailable(key, &chain(&e)))? {
                size += piece.len() as u64;
                if size > max_bytes {
                    return Ok((marks, None));
                }
                digesting.update(&piece);
            }
            Ok((Marks { size: Some(size), ..marks }, Some(digesting.end())))
        })
        .await
    }

    /// Requests an object. The SDK compares the body with a checksum, if the answer has one.
    async fn open(&self, key: &str) -> Result<Opened, StoreError> {
        let request = self.client(key).await?.get_object().bucket(&*self.name).key(key);
        request.send().await.map(Opened::from).map_err(|e| self.error(key, &e))
    }

    fn decoded(&self, key: &str, body: Bytes, encoding: Option<&str>) -> Result<Bytes, StoreError> {
        let content = encoding::decoded_content(body, encoding);
        content.map_err(|why| StoreError::Refused(format!("{}: {why}", self.at(key))))
    }

    async fn in_time<T>(&self, key: &str, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let timed_out = |_| Err(self.unavailable(key, &format!("not read in {GET_TIMEOUT:?}")));
        tokio::time::timeout(GET_TIMEOUT, read).await.unwrap_or_else(timed_out)
    }

    fn unavailable(&self, key: &str, why: &str) -> StoreError {
        StoreError::Unavailable(format!("{}: {why}", self.at(key)))
    }

    /// The error of a request for `key`.
    pub(super) fn error<E>(&self, key: &str, e: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let region = self.client.get().and_then(|client| client.config().region());
        errors::store_error(&self.at(key), e, region.map(AsRef::as_ref))
    }
}

/// An object whose body is not read yet.
struct Opened {
    marks: Marks,
    body: ByteStream,
    /// The `Content-Encoding`, if it has one.
    encoding: Option<String>,
}

impl From<GetObjectOutput> for Opened {
    fn from(output: GetObjectOutput) -> Self {
        let GetObjectOutput { body, e_tag: etag, last_modified: modified, content_length, content_encoding, .. } =
            output;
        let size = content_length.and_then(|size| u64::try_from(size).ok());
        let encoding = content_encoding.filter(|encoding| !encoding.is_empty());
        Self { marks: Marks { etag, modified, size }, body, encoding }
    }
}

/// A body of unknown length, if it has at most `max_bytes`.
async fn collect(mut body: ByteStream, max_bytes: u64) -> Result<Option<Bytes>, ByteStreamError> {
    let mut content = BytesMut::new();
    while let Some(chunk) = body.next().await.transpose()? {
        if (content.len() + chunk.len()) as u64 > max_bytes {
            return Ok(None);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Some(content.freeze()))
}

/// The index of the prompts, in the same bucket.
#[derive(Clone)]
pub(super) struct IndexObject {
    pub(super) bucket: Bucket,
    /// The key in the bucket.
    pub(super) key: String,
    /// The prompts' prefix.
    pub(super) prefix: String,
}

#[async_trait]
impl IndexStore for IndexObject {
    async fn read(&self, max_bytes: usize) -> Result<Option<(Bytes, String)>, StoreError> {
        match self.bucket.read(&self.key, max_bytes as u64).await {
            Ok((marks, content)) => Ok(Some((content.unwrap_or_default(), marks.etag.unwrap_or_default()))),
            // S3 may deny access to an object that does not exist. The write decides.
            Err(StoreError::NotFound(_) | StoreError::Denied(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn write(&self, object: Bytes, replaces: Option<&str>) -> Result<Written, StoreError> {
        let request = self.bucket.client(&self.key).await?.put_object().bucket(&*self.bucket.name).key(&self.key);
        let request = match replaces {
            Some(version) => request.if_match(version),
            None => request.if_none_match("*"),
        };
        let request = request.content_type("application/json").body(object.into());
        match request.customize().config_override(client::long_timeouts()).send().await {
            Ok(output) => Ok(output.e_tag.filter(|etag| !etag.is_empty()).map_or(Written::Unclear, Written::As)),
            Err(e) => errors::written(&e, self.bucket.error(&self.key, &e)),
        }
    }

    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn location(&self) -> String {
        self.bucket.at(&self.key)
    }
}
