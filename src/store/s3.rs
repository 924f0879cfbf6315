//! Prompt files in an S3 bucket.

mod client;
mod http;
mod listing;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use bytes::Bytes;
use listing::{Listed, Listing, Page};
use tokio::sync::OnceCell;

use super::{IndexStore, Object, PromptStore, StoreError, Written};
use crate::causes::{causes, chain};

/// Of one file, with its content.
const GET_TIMEOUT: Duration = Duration::from_secs(6);

const NO_REGION: &str = "no region is set: AWS_REGION or the profile's `region` takes the bucket's";
const CREDENTIALS: &str = "AWS_PROFILE takes a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY a key";

/// The objects below a prefix of one bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    bucket: Bucket,
    prefix: String,
    index: Option<IndexObject>,
}

/// The index of the prompts, in the same bucket.
#[derive(Debug, Clone)]
struct IndexObject {
    bucket: Bucket,
    key: String,
    /// Of the prompts.
    prefix: String,
}

#[derive(Debug, Clone)]
struct Bucket {
    name: String,
    /// Made when it is first needed: what needs no prompts does not wait for it.
    client: Arc<OnceCell<Client>>,
}

impl S3Store {
    /// A store over the standard AWS settings of this process. They are read, and S3 is asked, when it is first used.
    pub fn from_env(bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::of(Bucket { name: bucket.into(), client: Arc::default() }, prefix)
    }

    /// A store over the given client settings, to which timeouts and an HTTP client are added.
    ///
    /// `prefix` is what all keys start with: empty, or ending in `/`.
    pub fn new(config: aws_sdk_s3::config::Builder, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let client = Arc::new(OnceCell::new_with(Some(client::new(config))));
        Self::of(Bucket { name: bucket.into(), client }, prefix)
    }

    fn of(bucket: Bucket, prefix: impl Into<String>) -> Self {
        Self { bucket, prefix: prefix.into(), index: None }
    }

    /// The same with an index of its prompts under `key` of the bucket, the one object that is ever written.
    #[must_use]
    pub fn with_index(mut self, key: impl Into<String>) -> Self {
        let (bucket, prefix) = (self.bucket.clone(), self.prefix.clone());
        self.index = Some(IndexObject { bucket, key: key.into(), prefix });
        self
    }

    /// One page of the listing, a thousand keys at most: the first one, or that of a continuation token.
    async fn page(&self, token: Option<String>) -> Result<Page, StoreError> {
        let client = self.bucket.client().await;
        let request = client.list_objects_v2().bucket(&self.bucket.name).prefix(&self.prefix);
        let request = request.set_continuation_token(token);
        let page = request.send().await.map_err(|e| self.bucket.error(&self.location(), &e))?;
        let objects = page.contents.unwrap_or_default().into_iter().filter_map(|object| {
            let key = object.key?;
            if self.index.as_ref().is_some_and(|index| index.key == key) {
                return None;
            }
            let size = object.size.and_then(|size| size.try_into().ok()).unwrap_or_default();
            let key = key.strip_prefix(&self.prefix)?.to_owned();
            Some(Listed { object: Object { key, version: object.e_tag?, size }, modified: object.last_modified })
        });
        let next = page.next_continuation_token.filter(|_| page.is_truncated.unwrap_or_default());
        Ok(Page { objects: objects.collect(), next })
    }

    fn at(&self, key: &str) -> String {
        format!("{}{key}", self.location())
    }
}

#[async_trait]
impl PromptStore for S3Store {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let mut listing = Listing::default();
        let mut token = None;
        loop {
            let page = self.page(token).await?;
            let added = listing.add(page);
            token = added.map_err(|why| StoreError::Unavailable(format!("{}: {why}", self.location())))?;
            if token.is_none() {
                return Ok(listing.finish());
            }
        }
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        let key = format!("{}{}", self.prefix, object.key);
        let request = self.bucket.client().await.get_object().bucket(&self.bucket.name).key(key);
        let request = request.if_match(&object.version);
        let (_, content) = self.bucket.read(&self.at(&object.key), request, u64::MAX).await?;
        Ok(content.unwrap_or_default())
    }

    async fn get_newest(&self, key: &str, most: u64) -> Result<(Object, Bytes), StoreError> {
        let request = self.bucket.client().await.get_object().bucket(&self.bucket.name);
        let request = request.key(format!("{}{key}", self.prefix));
        let (version, content) = self.bucket.read(&self.at(key), request, most).await?;
        let content = content.ok_or_else(|| StoreError::NotFound(format!("{}: too large", self.at(key))))?;
        Ok((Object { key: key.to_owned(), version, size: content.len() as u64 }, content))
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
        let request = self.bucket.client().await.get_object().bucket(&self.bucket.name).key(&self.key);
        match self.bucket.read(&at, request, most as u64).await {
            Ok((version, content)) => Ok(Some((content.unwrap_or_default(), version))),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn write(&self, object: Bytes, replaces: Option<&str>) -> Result<Written, StoreError> {
        let request = self.bucket.client().await.put_object().bucket(&self.bucket.name).key(&self.key);
        let request = match replaces {
            Some(version) => request.if_match(version),
            None => request.if_none_match("*"),
        };
        let request = request.content_type("application/json").body(object.into());
        match request.customize().config_override(client::patient()).send().await {
            Ok(output) => Ok(output.e_tag.map_or(Written::NotWritten, Written::As)),
            Err(e) => match self.bucket.error(&self.location(), &e) {
                // Another server was first, or is writing now, or the object is gone.
                StoreError::NotFound(_) => Ok(Written::NotWritten),
                _ if e.raw_response().is_some_and(|response| response.status().as_u16() == 409) => {
                    Ok(Written::NotWritten)
                }
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
    async fn client(&self) -> &Client {
        self.client.get_or_init(client::from_env).await
    }

    /// An object's version and content; no content of more than `most` bytes.
    async fn read(
        &self,
        at: &str,
        request: GetObjectFluentBuilder,
        most: u64,
    ) -> Result<(String, Option<Bytes>), StoreError> {
        let unavailable = |why: String| StoreError::Unavailable(format!("{at}: {why}"));
        let read = async {
            let output = request.send().await.map_err(|e| self.error(at, &e))?;
            let GetObjectOutput { body, e_tag, content_length, .. } = output;
            let version = e_tag.unwrap_or_default();
            if content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX) > most {
                return Ok((version, None));
            }
            let body = body.collect().await.map_err(|e| unavailable(e.to_string()))?;
            Ok((version, Some(body.into_bytes())))
        };
        let timed_out = |_| Err(unavailable(format!("not read in {GET_TIMEOUT:?}")));
        tokio::time::timeout(GET_TIMEOUT, read).await.unwrap_or_else(timed_out)
    }

    /// What came of a request; where a setting was missing for it, which.
    fn error<E>(&self, at: &str, e: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if self.client.get().is_some_and(|client| client.config().region().is_none()) {
            return StoreError::Unavailable(format!("{at}: {NO_REGION}"));
        }
        match causes(e).find_map(|e| e.downcast_ref()) {
            // It repeats every place where there are none.
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                StoreError::Unavailable(format!("{at}: there are no credentials: {CREDENTIALS}"))
            }
            Some(e) => StoreError::Unavailable(format!("{at}: {}: {CREDENTIALS}", chain(e).trim_end_matches('.'))),
            None => store_error(at, e),
        }
    }
}

/// The one place where the SDK's errors become ours.
/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn store_error<E>(at: &str, e: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = e.raw_response().map(|response| response.status().as_u16());
    let text = match e.as_service_error() {
        // Code and message of S3's answer, and never the answer, in which S3 may repeat a session token.
        Some(e) if e.code().is_some() || e.message().is_some() => {
            [Some(at), e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        // Some other server in between, such as a proxy.
        Some(_) => format!("{at}: status {}", status.unwrap_or_default()),
        None => format!("{at}: {}", chain(e)),
    };
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    match (code, status) {
        // The object was replaced after it was listed.
        (Some("PreconditionFailed"), _) | (_, Some(412)) => StoreError::NotFound(text),
        (Some("NoSuchKey" | "NoSuchBucket" | "NotFound"), _) | (_, Some(404)) => StoreError::NotFound(text),
        // Every 403 of S3 is about who asks, but for a clock that is wrong, which is as good as denied.
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired"), _) | (_, Some(401 | 403)) => {
            StoreError::Denied(text)
        }
        _ => StoreError::Unavailable(text),
    }
}
