//! Puts the pages of a listing together.
//!
//! The keys may come in any order: some servers list folder by folder, and directory buckets have no order.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::mem;

use super::version::Marks;
use crate::limits::{MAX_IDLE_PAGES, MAX_PAGES};

/// One page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<ListedObject>,
    /// The continuation token of the next page, if there is one.
    pub(super) next: Option<String>,
}

/// One object of a page.
pub(super) struct ListedObject {
    /// Below the prefix.
    pub(super) key: String,
    pub(super) marks: Marks,
}

/// The pages so far.
#[derive(Default)]
pub(super) struct Listing {
    objects: Vec<ListedObject>,
    tokens: HashSet<String>,
    /// The first key of each page, to notice a page that is repeated.
    first_keys: HashSet<String>,
    pages: usize,
    /// Pages in a row that had no new key.
    idle_pages: usize,
}

impl Listing {
    /// Adds a page. Returns the token of the next one, if there is one.
    ///
    /// # Errors
    /// When the listing does not end.
    pub(super) fn add(&mut self, mut page: Page) -> Result<Option<String>, &'static str> {
        let is_news = page.objects.first().is_some_and(|first| self.first_keys.insert(first.key.clone()));
        self.objects.append(&mut page.objects);
        let Some(token) = page.next else { return Ok(None) };
        self.pages += 1;
        self.idle_pages = if is_news { 0 } else { self.idle_pages + 1 };
        if !self.tokens.insert(token.clone()) {
            return Err("the listing does not end: a continuation token came twice");
        }
        if self.idle_pages >= MAX_IDLE_PAGES || self.pages >= MAX_PAGES {
            return Err("the listing does not end");
        }
        Ok(Some(token))
    }

    /// Every object once, sorted by key. If a key was listed twice, the object that was modified later counts, else the one of
    /// the later page.
    pub(super) fn finish(mut self) -> Vec<ListedObject> {
        if !self.objects.is_sorted_by(|a, b| a.key.cmp(&b.key) == Ordering::Less) {
            self.objects.sort_by(|a, b| a.key.cmp(&b.key));
            self.objects.dedup_by(|later, first| {
                let is_same = later.key == first.key;
                if is_same && later.marks.modified >= first.marks.modified {
                    mem::swap(later, first);
                }
                is_same
            });
        }
        self.objects
    }
}

/// Whether two neighbours differ in size and have the same `ETag`, which then says nothing about the content.
pub(super) fn shares_etags(listed: &[ListedObject]) -> bool {
    let is_shared = |a: &Marks, b: &Marks| a.size != b.size && a.etag.is_some() && a.etag == b.etag;
    listed.windows(2).any(|pair| is_shared(&pair[0].marks, &pair[1].marks))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::DateTime;

    use super::{ListedObject, Listing, Page, shares_etags};
    use crate::s3::version::Marks;

    fn page(objects: &[(&str, &str, i64)], next: Option<&str>) -> Page {
        let listed = |&(key, etag, modified): &(&str, &str, i64)| ListedObject {
            key: key.to_owned(),
            marks: Marks {
                etag: Some(etag.to_owned()),
                modified: Some(DateTime::from_secs(modified)),
                size: Some(etag.len() as u64),
            },
        };
        Page { objects: objects.iter().map(listed).collect(), next: next.map(str::to_owned) }
    }

    #[test]
    fn keys_in_any_order_are_sorted_and_of_one_listed_twice_the_newest_counts() {
        let mut listing = Listing::default();
        let next = listing.add(page(&[("code/a", "1", 1), ("code-review", "1", 1), ("z", "new", 9)], Some("t1")));
        assert_eq!(next, Ok(Some("t1".to_owned())));
        assert_eq!(
            listing.add(page(&[("code-review", "later page", 1), ("z", "old", 8), ("b", "1", 1)], None)),
            Ok(None)
        );
        let objects = listing.finish();
        let listed: Vec<_> =
            objects.iter().map(|object| (&*object.key, object.marks.etag.as_deref().unwrap())).collect();
        assert_eq!(listed, [("b", "1"), ("code-review", "later page"), ("code/a", "1"), ("z", "new")]);
    }

    #[test]
    fn one_etag_for_two_sizes_says_nothing() {
        let shares = |objects| {
            let mut listing = Listing::default();
            assert_eq!(listing.add(page(objects, None)), Ok(None));
            shares_etags(&listing.finish())
        };
        assert!(!shares(&[("a", "x", 1), ("b", "x", 2), ("c", "yy", 3)]), "two files may be alike");
        let mut listing = Listing::default();
        let mut one = page(&[("a", "x", 1), ("b", "x", 1)], None);
        one.objects[1].marks.size = Some(7);
        assert_eq!(listing.add(one), Ok(None));
        assert!(shares_etags(&listing.finish()));
    }

    #[test]
    fn a_listing_that_does_not_end_is_given_up() {
        let mut listing = Listing::default();
        assert!(listing.add(page(&[("a", "1", 1)], Some("t1"))).is_ok());
        assert!(listing.add(page(&[("b", "1", 1)], Some("t1"))).is_err(), "a token twice");
        for objects in [&[("a", "1", 1)][..], &[]] {
            let mut listing = Listing::default();
            let pages = (0..1000).map(|number| listing.add(page(objects, Some(&number.to_string()))));
            let read = pages.take_while(Result::is_ok).count();
            assert!(read <= 101, "{read} pages that say nothing new");
        }
    }
}
