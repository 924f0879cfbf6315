//! `prompts/list`: pages and cursors.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::value::RawValue;

use crate::cursor::List;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::limits::{ANSWER_WITHIN, MAX_PAGE_BYTES, PAGE_GRACE, READ_AHEAD, READ_WITHIN, escaped_len};
use crate::pages::Page;
use crate::row::{Audience, for_audience, summary, summary_of};
use catalogue::{Attempt, CONCURRENT_READS, Catalogue, Entry, Fresh, LiveCatalogue, Summary, Unread, Unreadable};
use dotprompt::is_name;
use store::{StoreError, note_unread};

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

/// The prompts of a page that can be used.
pub(crate) struct Usable {
    pub(crate) summaries: Vec<Summary>,
    /// How many are missing because they cannot be read now.
    pub(crate) unread: usize,
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
        let asked = self.live.freshness.clock.now();
        let (catalogue, page) = self.in_time(self.page_after(asked, after.as_deref(), audience)).await?;
        // This client reads page after page.
        let can_wait = cursor.is_some() && page.next_cursor.is_some();
        let left = ANSWER_WITHIN.saturating_sub(self.live.freshness.clock.since(asked));
        self.live.save_index(&catalogue, can_wait, left).await;
        Ok(page)
    }

    async fn page_after(
        &self,
        asked: Instant,
        after: Option<&str>,
        audience: Audience,
    ) -> Result<(Arc<Catalogue>, Arc<Page>), GalleryError> {
        let catalogue = self.live.current().await?;
        if let Some(page) = self.pages.get(&catalogue, audience, catalogue.first_after(after)) {
            return Ok((catalogue, page));
        }
        let attempt = |catalogue: Arc<Catalogue>| async move {
            let start = catalogue.first_after(after);
            self.page_rows(asked, &catalogue, start, audience).await
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
    async fn page_rows(&self, asked: Instant, catalogue: &Catalogue, start: usize, audience: Audience) -> PageRows {
        let end = catalogue.entries.len().min(start.saturating_add(self.page_size));
        self.rows(asked, catalogue, start..end, MAX_PAGE_BYTES, audience).await
    }

    /// Reads the rows of all prompts for any client, as far as they can be read in time.
    pub(crate) async fn all_rows(&self, asked: Instant, catalogue: &Catalogue) -> PageRows {
        self.rows(asked, catalogue, 0..catalogue.entries.len(), usize::MAX, Audience::AnyClient).await
    }

    /// Reads the rows of entries for a caller that has asked at `asked`, until they have `max_bytes` or took too long.
    async fn rows(
        &self,
        asked: Instant,
        catalogue: &Catalogue,
        range: Range<usize>,
        max_bytes: usize,
        audience: Audience,
    ) -> PageRows {
        let clock = &self.live.freshness.clock;
        let ends = clock.now().checked_add(self.page_timeout);
        // The listing may have taken long.
        let ends = ends.map(|ends| ends.min(asked + READ_WITHIN));
        self.live.index_ready().await;
        let mut page = PageRows { start: range.start, rows: Vec::new(), is_cut: false };
        let mut bytes = 0;
        for entries in catalogue.entries[range].chunks(READ_AHEAD) {
            if !page.rows.is_empty() && ends.is_some_and(|ends| clock.now() >= ends) {
                page.is_cut = true;
                return page;
            }
            let rows = self.rows_until(ends, catalogue, entries, audience).await;
            page.is_cut = rows.len() < entries.len();
            for row in rows {
                bytes += row.as_ref().ok().and_then(Option::as_ref).map_or(0, |row| escaped_len(&row.listed) + 1);
                if !page.rows.is_empty() && bytes > max_bytes {
                    page.is_cut = false;
                    return page;
                }
                page.rows.push(row);
            }
            if page.is_cut {
                return page;
            }
        }
        page
    }

    /// Reads the rows of entries that can be begun before `ends`, the first ones in any case. Rows that take much longer than that are
    /// unread; the reading goes on.
    async fn rows_until(
        &self,
        ends: Option<Instant>,
        catalogue: &Catalogue,
        entries: &[Entry],
        audience: Audience,
    ) -> Vec<Result<Option<Summary>, Unread>> {
        let LiveCatalogue { files, index, freshness, .. } = &self.live;
        let mut waiting = entries.iter().enumerate();
        let mut rows: Vec<_> = entries.iter().map(|_| None).collect();
        let (mut reads, mut begun, mut is_late) = (FuturesUnordered::new(), 0, false);
        loop {
            while !is_late && reads.len() < CONCURRENT_READS {
                let Some((place, entry)) = waiting.next() else { break };
                reads.push(async move { (place, summary_of(files, index, catalogue, entry, true).await) });
                begun = place + 1;
            }
            let Some(ends) = ends else {
                let Some((place, row)) = reads.next().await else { break };
                rows[place] = Some(row);
                continue;
            };
            let grace = if is_late { PAGE_GRACE } else { Duration::ZERO };
            match freshness.clock.until(ends + grace, reads.next()).await {
                Some(Some((place, row))) => rows[place] = Some(row),
                Some(None) => break,
                None if is_late => break,
                None => is_late = true,
            }
        }
        rows.truncate(begun);
        let unread = |entry| {
            files.note_slow(catalogue.object(entry));
            Unread::late(catalogue.object(entry))
        };
        let rows = rows.into_iter().zip(entries).map(|(row, entry)| row.unwrap_or_else(|| Err(unread(entry))));
        rows.map(|row| row.map(|row| row.map(|row| for_audience(audience, row)))).collect()
    }

    fn page(&self, fresh: &Fresh<PageRows>, audience: Audience) -> Result<Page, GalleryError> {
        let Usable { summaries, .. } = self.usable(fresh, audience)?;
        let (range, entries) = (fresh.value.range(), &fresh.catalogue.entries);
        let has_more = range.end < entries.len();
        let last = entries[range].last().filter(|_| has_more);
        Ok(Page {
            prompts: Arc::new(json_array(summaries.iter().map(|row| &row.listed)).into()),
            next_cursor: last.map(|last| List::Prompts.cursor(&last.name)),
        })
    }

    /// The prompts of a page that can be used, with the last good version of those that cannot be read.
    ///
    /// # Errors
    /// When no prompt of the page can be used, because the store does not return their files.
    pub(crate) fn usable(&self, fresh: &Fresh<PageRows>, audience: Audience) -> Result<Usable, GalleryError> {
        let Fresh { catalogue, value: page, outage } = fresh;
        let entries = &catalogue.entries[page.range()];
        let (mut summaries, mut refusals) = (Vec::with_capacity(entries.len()), Vec::new());
        let (mut unread, mut old, mut cause) = (Vec::new(), 0, None);
        for (place, (entry, read)) in page.range().zip(entries.iter().zip(&page.rows)) {
            let error = match read {
                Ok(Some(summary)) => {
                    self.live.files.forget_left_out(catalogue.object(entry));
                    summaries.push(summary.clone());
                    continue;
                }
                Ok(None) => continue,
                Err(unread) => unread,
            };
            let object = catalogue.object(entry);
            if let Some(last) = self.live.files.last_good(catalogue, entry) {
                self.live.files.note_old(&last);
                tracing::debug!(prompt.file = object.key, cause = %error.error, "listed as it was served last");
                summaries.extend(summary(entry, &object.key, &last.link).map(|row| for_audience(audience, row)));
                old += 1;
                continue;
            }
            match self.live.why_unread(error, outage.as_ref()) {
                Unreadable::Outage(e) => {
                    unread.push(place);
                    // The store cannot be listed either, so the file may be fine.
                    cause = Some(StoreError::Unavailable(e.to_string()));
                }
                Unreadable::Changing => {
                    unread.push(place);
                    tracing::warn!(prompt.name = &*entry.name, cause = %error.error, "prompt left out of the list");
                }
                Unreadable::Refused => {
                    self.live.files.leave_out(object, error);
                    refusals.push(&error.error);
                }
            }
        }
        if let Some(cause) = cause {
            self.reading_on.begin(&self.live, catalogue, unread.clone());
            // A client that reads page after page goes on behind a page of files that cannot be read.
            if page.start == 0 && unread.len() == page.rows.len() {
                return Err(cause.into());
            }
        }
        // If no prompt can be read, the store has failed, not each file.
        if page.start == 0 && refusals.len() > 1 && refusals.len() == entries.len() {
            return Err(GalleryError::Store(StoreError::clone(refusals[0])));
        }
        note_unread(unread.len() + old);
        Ok(Usable { summaries, unread: unread.len() })
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
