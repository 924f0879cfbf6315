//! Lists the store again when a file cannot be read as it was listed.
//!
//! If the new listing has another version of the file, or lacks it, the attempt is made again. If it has the same version, the
//! store refuses this file: the file is left out and not requested each time. If the listing fails, the store is down.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use crate::files::Unread;
use crate::limits::MAX_LISTINGS;
use crate::live::LiveCatalogue;
use crate::snapshot::Catalogue;
use store::StoreError;

/// The outcome of an attempt with the files of one catalogue.
pub trait Attempt {
    /// The files that could not be read as they were listed.
    fn unread(&self) -> Vec<&Unread>;
}

impl<T, E: Attempt> Attempt for Result<T, E> {
    fn unread(&self) -> Vec<&Unread> {
        self.as_ref().err().map(Attempt::unread).unwrap_or_default()
    }
}

/// A value that was made with the newest catalogue.
pub struct Fresh<T> {
    /// The newest catalogue.
    pub catalogue: Arc<Catalogue>,
    /// The outcome of the last attempt.
    pub value: T,
    /// Why there is no newer catalogue although a file could not be read.
    pub outage: Option<StoreError>,
}

/// Why a file still cannot be read after another listing.
pub enum Unreadable {
    /// The store is down.
    Outage(StoreError),
    /// The store lists the file and refuses to return it.
    Refused,
    /// The file is replaced faster than it can be read.
    Changing,
}

/// The listings that one call has made.
#[derive(Default)]
struct Listings {
    count: usize,
    /// Key and version of the files that were listed and not found.
    missing: HashSet<(String, String)>,
}

impl LiveCatalogue {
    /// Makes an attempt with `catalogue`, and again with a newer one while files cannot be read as they were listed. Returns
    /// the outcome of the last attempt.
    pub async fn with_fresh_catalogue<T: Attempt, F: Future<Output = T>>(
        &self,
        mut catalogue: Arc<Catalogue>,
        attempt: impl Fn(Arc<Catalogue>) -> F,
    ) -> Fresh<T> {
        let mut listings = Listings::default();
        loop {
            let value = attempt(Arc::clone(&catalogue)).await;
            match self.list_again(&value.unread(), &mut listings).await {
                Ok(Some(newer)) => catalogue = newer,
                Ok(None) => return Fresh { catalogue, value, outage: None },
                Err(e) => return Fresh { catalogue, value, outage: Some(e) },
            }
        }
    }

    /// Why the last attempt did not read a file. `outage` is that of the attempt.
    pub fn why_unread(&self, unread: &Unread, outage: Option<&StoreError>) -> Unreadable {
        match (&unread.error, outage) {
            (e @ StoreError::Unavailable(_), _) => Unreadable::Outage(e.clone()),
            _ if self.files.is_refused(&unread.object) => Unreadable::Refused,
            (_, Some(outage)) => Unreadable::Outage(outage.clone()),
            (_, None) => Unreadable::Changing,
        }
    }

    /// Returns another listing, if that may help, and notes the files that the store refuses.
    ///
    /// # Errors
    /// When the listing fails.
    async fn list_again(
        &self,
        unread: &[&Unread],
        listings: &mut Listings,
    ) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let is_doubtful = |unread: &&&Unread| unread.is_doubtful() && !self.files.is_refused(&unread.object);
        let doubtful: Vec<&&Unread> = unread.iter().filter(is_doubtful).collect();
        if doubtful.is_empty() {
            return Ok(None);
        }
        let id = |unread: &Unread| (unread.object.key.clone(), unread.object.lasting_version().to_owned());
        if listings.count == MAX_LISTINGS {
            // They are listed each time, and never found.
            let missing = doubtful.into_iter().filter(|unread| listings.missing.contains(&id(unread)));
            missing.for_each(|unread| self.files.refuse(unread));
            return Ok(None);
        }
        listings.count += 1;
        let newer = self.listed_now().await?;
        for unread in doubtful {
            if matches!(unread.error, StoreError::NotFound(_)) {
                listings.missing.insert(id(unread));
            } else if newer.lists(&unread.object) {
                self.files.refuse(unread);
            }
        }
        Ok(Some(newer))
    }
}
