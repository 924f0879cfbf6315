//! `prompts/list`: pages and cursors.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::GalleryError;
use super::pages::Page;
use super::{Gallery, in_time};
use catalogue::{Attempt, CONCURRENT_READS, Catalogue, Entry, Fresh, Link, Unread, Unreadable};
use dotprompt::{Argument, Icon, in_listed_order, is_name};
use store::StoreError;

/// The rows of one page: the JSON of each prompt, `None` for a broken one.
struct PageRows {
    start: usize,
    rows: Vec<Result<Option<Bytes>, Unread>>,
}

impl Attempt for PageRows {
    fn unread(&self) -> Vec<&Unread> {
        self.rows.iter().filter_map(|row| row.as_ref().err()).collect()
    }
}

/// A prompt as MCP lists it.
#[derive(Serialize)]
struct PromptRow<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'a [Icon],
    arguments: Vec<&'a Argument>,
    #[serde(rename = "_meta")]
    meta: RowMeta<'a>,
}

#[derive(Serialize)]
struct RowMeta<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    /// Changes whenever the file does: S3's `ETag` if it has one.
    version: &'a str,
}

impl Gallery {
    /// One page of prompts, sorted by name; broken ones are left out.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list(&self, cursor: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        let after = cursor.map(decode_cursor).transpose()?;
        let (catalogue, page) = in_time(self.page_after(after.as_deref())).await?;
        let has_more_pages = cursor.is_some() && page.next_cursor.is_some();
        self.live.save_index(&catalogue, has_more_pages).await;
        Ok(page)
    }

    async fn page_after(&self, after: Option<&str>) -> Result<(Arc<Catalogue>, Arc<Page>), GalleryError> {
        let catalogue = self.live.current().await?;
        if let Some(page) = self.pages.get(&catalogue, catalogue.first_after(after)) {
            return Ok((catalogue, page));
        }
        let attempt = |catalogue: Arc<Catalogue>| async move {
            let start = catalogue.first_after(after);
            self.page_rows(&catalogue, start).await
        };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        let start = fresh.value.start;
        let is_current = fresh.value.rows.iter().all(Result::is_ok);
        let page = Arc::new(self.page(&fresh)?);
        // Only the pages of a walk from the start are kept: a cursor may name any prompt, and fill the memory.
        if is_current && start.is_multiple_of(self.page_size) {
            self.pages.keep(&fresh.catalogue, start, &page);
        }
        Ok((fresh.catalogue, page))
    }

    fn entries_from<'c>(&self, catalogue: &'c Catalogue, start: usize) -> &'c [Entry] {
        &catalogue.entries[start..catalogue.entries.len().min(start.saturating_add(self.page_size))]
    }

    async fn page_rows(&self, catalogue: &Catalogue, start: usize) -> PageRows {
        self.live.index_ready().await;
        let entries = self.entries_from(catalogue, start).iter();
        let reads: Vec<_> = entries.map(|entry| self.row(catalogue, entry)).collect();
        PageRows { start, rows: stream::iter(reads).buffered(CONCURRENT_READS).collect().await }
    }

    /// The row of a prompt; `None` for a broken one.
    async fn row(&self, catalogue: &Catalogue, entry: &Entry) -> Result<Option<Bytes>, Unread> {
        if let Some(json) = self.live.index.listed(catalogue, entry) {
            return Ok(Some(json));
        }
        let link = self.live.files.linked(catalogue, entry).await?;
        let json = row_json(entry, &link);
        if let Some(json) = &json {
            self.live.index.learn(catalogue.object(entry), &link.partials, json.clone());
        }
        Ok(json)
    }

    /// Puts a page together, with the last good version of prompts that cannot be read.
    fn page(&self, Fresh { catalogue, value, outage }: &Fresh<PageRows>) -> Result<Page, GalleryError> {
        let PageRows { start, rows } = value;
        let entries = self.entries_from(catalogue, *start);
        let mut usable = Vec::with_capacity(entries.len());
        let mut refusals = Vec::new();
        for (entry, row) in entries.iter().zip(rows) {
            let unread = match row {
                Ok(json) => {
                    usable.extend(json.clone());
                    continue;
                }
                Err(unread) => unread,
            };
            let object = catalogue.object(entry);
            if let Some(link) = self.live.files.last_good(catalogue, entry) {
                tracing::debug!(prompt.file = object.key, cause = %unread.error, "listed as it was served last");
                usable.extend(row_json(entry, &link));
                continue;
            }
            match self.live.why_unread(unread, outage.as_ref()) {
                Unreadable::Outage(e @ StoreError::Unavailable(_)) if !entry.is_new => return Err(e.into()),
                // The store cannot be listed, so the file may be fine.
                Unreadable::Outage(e) if !entry.is_new => return Err(StoreError::Unavailable(e.to_string()).into()),
                // Without a new prompt, the list is the last good one.
                Unreadable::Outage(_) | Unreadable::Changing => {
                    tracing::warn!(prompt.name = &*entry.name, cause = %unread.error, "prompt left out of the list");
                }
                Unreadable::Refused => {
                    self.live.files.leave_out(object, unread);
                    refusals.push(&unread.error);
                }
            }
        }
        // If no prompt can be read, the store has failed, not each file.
        if *start == 0 && refusals.len() > 1 && refusals.len() == entries.len() {
            return Err(GalleryError::Store(StoreError::clone(refusals[0])));
        }
        let has_more = start + entries.len() < catalogue.entries.len();
        let next_cursor = entries.last().filter(|_| has_more).map(|last| encode_cursor(&last.name));
        Ok(Page { prompts: json_array(&usable), next_cursor })
    }
}

fn json_array(rows: &[Bytes]) -> Box<RawValue> {
    let mut array = String::with_capacity(rows.iter().map(|json| json.len() + 1).sum::<usize>() + 2);
    for json in rows {
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(std::str::from_utf8(json).expect("JSON is text"));
    }
    array.push_str(if array.is_empty() { "[]" } else { "]" });
    RawValue::from_string(array).expect("a list of JSON is JSON")
}

/// A prompt in MCP's form; `None` for a broken one, which was logged when its file was read.
fn row_json(entry: &Entry, link: &Link) -> Option<Bytes> {
    let prompt = link.prompt.as_ref().ok()?;
    let row = PromptRow {
        name: &entry.name,
        title: prompt.title(),
        description: prompt.summary(),
        icons: prompt.icons(),
        arguments: in_listed_order(prompt.arguments()),
        meta: RowMeta { tags: prompt.tags(), version: &link.version },
    };
    // A boxed slice has no spare capacity. The index keeps it for long.
    let json: Box<[u8]> = serde_json::to_vec(&row).expect("a prompt serialises").into();
    Some(json.into())
}

/// The cursor of the page after `name`. A name stays valid when prompts come and go between two pages.
fn encode_cursor(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn decode_cursor(cursor: &str) -> Result<String, GalleryError> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| is_name(name)).ok_or(GalleryError::InvalidCursor)
}
