//! Requests one page of a listing, and checks that it is whole.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::EncodingType;

use super::answer::{Facts, RawAnswer};
use super::encoding::decoded_key;
use super::listing::{ListedObject, Page};
use super::version::Marks;
use super::{S3Store, errors, is_first};
use crate::limits::S3_PAGE_KEYS;
use crate::prompt_store::{PromptStore, StoreError};

/// A page, and other facts of the answer.
struct Answered {
    page: Page,
    /// The S3 server's clock.
    date: Option<DateTime>,
    /// How many keys the answer counts and lists, if it counts more than it lists.
    miscount: Option<(usize, usize)>,
}

enum PageError {
    Store(StoreError),
    /// The answer has status 200, but is not a whole listing.
    NotWhole(&'static str),
}

impl S3Store {
    /// One page of the listing, the first one or that of a continuation token, and the S3 server's clock.
    ///
    /// A page that is not whole is requested once more.
    pub(super) async fn page(&self, token: Option<String>) -> Result<(Page, Option<DateTime>), StoreError> {
        let answered = match self.try_page(token.clone()).await {
            Ok(Answered { miscount: Some(_), .. }) | Err(PageError::NotWhole(_)) => self.try_page(token).await,
            first => first,
        };
        let Answered { page, date, miscount } = answered.map_err(|e| match e {
            PageError::Store(e) => e,
            PageError::NotWhole(why) => StoreError::Unavailable(format!("{}: {why}", self.location())),
        })?;
        if let Some((counted, listed)) = miscount
            && is_first(&self.warned.wrong_count)
        {
            let problem = "the store counts more keys than it lists; the listed keys are used";
            tracing::warn!(store = self.location(), counted, listed, "{problem}");
        }
        Ok((page, date))
    }

    async fn try_page(&self, token: Option<String>) -> Result<Answered, PageError> {
        let raw = RawAnswer::default();
        let client = self.bucket.client(&self.prefix).await.map_err(PageError::Store)?;
        // Some servers write control characters as invalid XML.
        let request = client.list_objects_v2().encoding_type(EncodingType::Url);
        let request = request.bucket(&*self.bucket.name).prefix(&self.prefix).set_continuation_token(token);
        let answer = request.customize().interceptor(raw.clone()).send().await.map_err(|e| {
            if errors::is_unreadable_success(&e) {
                return PageError::NotWhole("the answer is not a listing");
            }
            PageError::Store(errors::listing_error(self.bucket.error(&self.prefix, &e)))
        })?;
        let Facts { is_whole, date } = raw.facts();
        if !is_whole {
            return Err(PageError::NotWhole("the listing is cut off"));
        }
        let miscount = miscount(&answer);
        Ok(Answered { page: self.read_page(answer)?, date, miscount })
    }

    /// The objects below the prefix, except for the index.
    fn read_page(&self, answer: ListObjectsV2Output) -> Result<Page, PageError> {
        let is_truncated = answer.is_truncated.unwrap_or(answer.next_continuation_token.is_some());
        let next = answer.next_continuation_token.filter(|token| is_truncated && !token.is_empty());
        if is_truncated && next.is_none() {
            return Err(PageError::NotWhole("the listing goes on, without a continuation token"));
        }
        let is_encoded = answer.encoding_type == Some(EncodingType::Url);
        let contents = answer.contents.unwrap_or_default();
        let mut objects = Vec::with_capacity(contents.len());
        for object in contents {
            let key = object.key.ok_or(PageError::NotWhole("an object is listed without its key"))?;
            let key = if is_encoded { decoded_key(&key) } else { key };
            if self.index.as_ref().is_some_and(|index| index.key == key) {
                continue;
            }
            let Some(key) = key.strip_prefix(&self.prefix) else { continue };
            let size = object.size.and_then(|size| size.try_into().ok());
            let marks = Marks { etag: object.e_tag, modified: object.last_modified, size };
            objects.push(ListedObject { key: key.to_owned(), marks });
        }
        Ok(Page { objects, next })
    }
}

fn miscount(answer: &ListObjectsV2Output) -> Option<(usize, usize)> {
    let listed = answer.contents().len() + answer.common_prefixes().len();
    let counted = answer.key_count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let max_keys = answer.max_keys.and_then(|max| usize::try_from(max).ok()).unwrap_or(S3_PAGE_KEYS);
    (counted > listed && counted <= max_keys).then_some((counted, listed))
}
