//! `prompts/list`: pages and cursors.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::cursor::List;
use crate::error::GalleryError;
use crate::gallery::{Gallery, in_time};
use crate::limits::{MAX_PAGE_BYTES, READ_AHEAD, escaped_len};
use crate::pages::Page;
use crate::row::{Audience, for_audience, summary};
use catalogue::{Attempt, CONCURRENT_READS, Catalogue, Entry, Fresh, Summary, Unread, Unreadable};
use dotprompt::is_name;
use store::StoreError;

/// The summaries of the prompts of one page, `None` for a broken one.
pub(crate) struct PageRows {
    start: usize,
    rows: Vec<Result<Option<Summary>, Unread>>,
    /// Whether reading took so long that the page has fewer prompts than fit.
    is_cut: bool,
}

impl PageRows {
    /// Whether no file is unread.
    pub(crate) fn are_current(&self) -> bool {
        self.rows.iter().all(Result::is_ok)
    }

    /// The entries of the page.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows.len()
    }
}

impl Attempt for PageRows {
    fn unread(&self) -> Vec<&Unread> {
        self.rows.iter().filter_map(|row| row.as_ref().err()).collect()
    }
}

impl Gallery {
    /// One page of prompts for any client, sorted by name; broken ones are left out. A page has as many prompts as the setting
    /// allows and as fit one answer.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list(&self, cursor: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        self.list_for(Audience::AnyClient, cursor).await
    }

    /// The same page for an audience.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list_for(&self, audience: Audience, cursor: Option<&str>) -> Result<Arc<Page>, GalleryError> {
        let after = cursor.map(|cursor| List::Prompts.last(cursor)).transpose()?;
        if after.as_ref().is_some_and(|name| !is_name(name)) {
            return Err(GalleryError::InvalidCursor);
        }
        let (catalogue, page) = in_time(self.page_after(after.as_deref(), audience)).await?;
        // This client reads page after page.
        let can_wait = cursor.is_some() && page.next_cursor.is_some();
        self.live.save_index(&catalogue, can_wait).await;
        Ok(page)
    }

    async fn page_after(
        &self,
        after: Option<&str>,
        audience: Audience,
    ) -> Result<(Arc<Catalogue>, Arc<Page>), GalleryError> {
        let catalogue = self.live.current().await?;
        if let Some(page) = self.pages.get(&catalogue, audience, catalogue.first_after(after)) {
            return Ok((catalogue, page));
        }
        let attempt = |catalogue: Arc<Catalogue>| async move {
            let start = catalogue.first_after(after);
            self.page_rows(&catalogue, start, audience).await
        };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        let is_current = !fresh.value.is_cut && fresh.value.are_current();
        let page = Arc::new(self.page(&fresh, audience)?);
        if is_current {
            self.pages.keep(&fresh.catalogue, audience, fresh.value.range(), &page);
        }
        Ok((fresh.catalogue, page))
    }

    /// Reads the rows of the page that begins with the entry `start`.
    async fn page_rows(&self, catalogue: &Catalogue, start: usize, audience: Audience) -> PageRows {
        let end = catalogue.entries.len().min(start.saturating_add(self.page_size));
        self.rows(catalogue, start..end, MAX_PAGE_BYTES, audience).await
    }

    /// Reads the rows of all prompts for any client, as far as they can be read in time.
    pub(crate) async fn all_rows(&self, catalogue: &Catalogue) -> PageRows {
        self.rows(catalogue, 0..catalogue.entries.len(), usize::MAX, Audience::AnyClient).await
    }

    /// Reads the rows of entries, until they have `max_bytes` or took too long. The first row is always there.
    async fn rows(&self, catalogue: &Catalogue, range: Range<usize>, max_bytes: usize, audience: Audience) -> PageRows {
        self.live.index_ready().await;
        let began = Instant::now();
        let mut page = PageRows { start: range.start, rows: Vec::new(), is_cut: false };
        let mut bytes = 0;
        for entries in catalogue.entries[range].chunks(READ_AHEAD) {
            let reads: Vec<_> = entries.iter().map(|entry| self.row(catalogue, entry, audience)).collect();
            let mut reads = stream::iter(reads).buffered(CONCURRENT_READS);
            while let Some(row) = reads.next().await {
                bytes += row.as_ref().ok().and_then(Option::as_ref).map_or(0, |row| escaped_len(&row.listed) + 1);
                let is_late = began.elapsed() > self.page_timeout;
                if !page.rows.is_empty() && (is_late || bytes > max_bytes) {
                    page.is_cut = bytes <= max_bytes;
                    return page;
                }
                page.rows.push(row);
            }
        }
        page
    }

    /// The summary of a prompt, with its row for an audience; `None` for a broken one.
    async fn row(&self, catalogue: &Catalogue, entry: &Entry, audience: Audience) -> Result<Option<Summary>, Unread> {
        let row = match self.live.index.summary(catalogue, entry) {
            Some(row) => Some(row),
            None => {
                let link = self.live.files.linked(catalogue, entry).await?;
                let row = summary(entry, &catalogue.object(entry).key, &link);
                if let Some(row) = &row {
                    self.live.index.learn(catalogue.object(entry), &link.partials, row.clone());
                }
                row
            }
        };
        Ok(row.map(|row| for_audience(audience, row)))
    }

    fn page(&self, fresh: &Fresh<PageRows>, audience: Audience) -> Result<Page, GalleryError> {
        let usable = self.usable(fresh, audience)?;
        let (range, entries) = (fresh.value.range(), &fresh.catalogue.entries);
        let has_more = range.end < entries.len();
        let last = entries[range].last().filter(|_| has_more);
        Ok(Page {
            prompts: json_array(usable.iter().map(|row| &row.listed)),
            next_cursor: last.map(|last| List::Prompts.cursor(&last.name)),
        })
    }

    /// The summaries of the prompts that can be used, with the last good version of those that cannot be read.
    pub(crate) fn usable(
        &self,
        Fresh { catalogue, value, outage }: &Fresh<PageRows>,
        audience: Audience,
    ) -> Result<Vec<Summary>, GalleryError> {
        let PageRows { start, rows, .. } = value;
        let entries = &catalogue.entries[value.range()];
        let mut usable = Vec::with_capacity(entries.len());
        let mut refusals = Vec::new();
        for (entry, read) in entries.iter().zip(rows) {
            let unread = match read {
                Ok(summary) => {
                    usable.extend(summary.clone());
                    continue;
                }
                Err(unread) => unread,
            };
            let object = catalogue.object(entry);
            if let Some(link) = self.live.files.last_good(catalogue, entry) {
                tracing::debug!(prompt.file = object.key, cause = %unread.error, "listed as it was served last");
                usable.extend(summary(entry, &object.key, &link).map(|row| for_audience(audience, row)));
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
        Ok(usable)
    }
}

/// A JSON array of rows.
fn json_array<'r>(rows: impl Iterator<Item = &'r Bytes> + Clone) -> Box<RawValue> {
    let mut array = JsonArray::with_capacity(rows.clone().map(|json| json.len() + 1).sum::<usize>() + 2);
    rows.for_each(|row| array.push(row));
    array.end()
}

/// A JSON array that is being written.
#[derive(Debug, Default)]
pub(crate) struct JsonArray {
    text: String,
    len: usize,
}

impl JsonArray {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), len: 0 }
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a row, JSON.
    pub(crate) fn push(&mut self, row: &[u8]) {
        self.text.push(if self.len == 0 { '[' } else { ',' });
        self.text.push_str(std::str::from_utf8(row).expect("JSON is text"));
        self.len += 1;
    }

    pub(crate) fn end(mut self) -> Box<RawValue> {
        self.text.push_str(if self.len == 0 { "[]" } else { "]" });
        RawValue::from_string(self.text).expect("a list of JSON is JSON")
    }
}
