//! Puts the pages of a listing together.
//!
//! Nothing rests on the order of keys: other servers than S3 list in the order of folders, and directory buckets in none.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::mem;

use aws_sdk_s3::primitives::DateTime;

use crate::store::Object;

/// How many pages in a row may repeat what was listed, or be empty, before the listing is given up.
const IDLE_PAGES: usize = 100;
/// How many pages are read at most: ten million keys.
const PAGES: usize = 10_000;

/// One page as S3 answers it.
pub(super) struct Page {
    pub(super) objects: Vec<Listed>,
    /// The continuation token of the next page, if there is one.
    pub(super) next: Option<String>,
}

/// One object of a page.
pub(super) struct Listed {
    pub(super) object: Object,
    pub(super) modified: Option<DateTime>,
}

/// The pages so far.
#[derive(Default)]
pub(super) struct Listing {
    objects: Vec<Listed>,
    tokens: HashSet<String>,
    /// The first key of each page: one that is there already tells of a page that is repeated.
    first_keys: HashSet<String>,
    pages: usize,
    idle: usize,
}

impl Listing {
    /// Adds a page; the token of the next one, if there is one.
    ///
    /// # Errors
    /// When the listing would never end.
    pub(super) fn add(&mut self, mut page: Page) -> Result<Option<String>, &'static str> {
        let is_news = page.objects.first().is_some_and(|first| self.first_keys.insert(first.object.key.clone()));
        self.objects.append(&mut page.objects);
        let Some(token) = page.next else { return Ok(None) };
        self.pages += 1;
        self.idle = if is_news { 0 } else { self.idle + 1 };
        if !self.tokens.insert(token.clone()) {
            return Err("the listing does not end: a continuation token came twice");
        }
        if self.idle >= IDLE_PAGES || self.pages >= PAGES {
            return Err("the listing does not end");
        }
        Ok(Some(token))
    }

    /// Every object once, sorted by key. Of a key that was listed twice it is the object that was modified last, else the
    /// one of the later page.
    pub(super) fn finish(mut self) -> Vec<Object> {
        if !self.objects.is_sorted_by(|a, b| a.object.key.cmp(&b.object.key) == Ordering::Less) {
            self.objects.sort_by(|a, b| a.object.key.cmp(&b.object.key));
            self.objects.dedup_by(|later, first| {
                let is_same = later.object.key == first.object.key;
                if is_same && later.modified >= first.modified {
                    mem::swap(later, first);
                }
                is_same
            });
        }
        self.objects.into_iter().map(|listed| listed.object).collect()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::DateTime;

    use super::{Listed, Listing, Page};
    use crate::store::Object;

    fn page(objects: &[(&str, &str, i64)], next: Option<&str>) -> Page {
        let listed = |&(key, version, modified): &(&str, &str, i64)| Listed {
            object: Object { key: key.to_owned(), version: version.to_owned(), size: 1 },
            modified: Some(DateTime::from_secs(modified)),
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
        let listed: Vec<_> = listing.finish().into_iter().map(|object| (object.key, object.version)).collect();
        let expected = [("b", "1"), ("code-review", "later page"), ("code/a", "1"), ("z", "new")];
        assert_eq!(listed, expected.map(|(key, version)| (key.to_owned(), version.to_owned())));
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
