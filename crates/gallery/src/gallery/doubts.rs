//! Files that could not be read as they were listed: another listing tells why.
//!
//! It has another version of the file, or none: the file was replaced, and that version is read. It has the same one: the
//! store refuses this file, which is then left out and not asked for at each request. There is no listing: the store is out of reach.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::catalogue::Catalogue;
use super::files::Unread;
use super::{Gallery, GalleryError};
use crate::store::StoreError;

/// How many listings one call makes for the sake of files that were replaced.
const LISTINGS: usize = 4;

/// What a call has made of them so far.
#[derive(Default)]
pub(super) struct Doubts {
    listings: usize,
    /// Key and version of those that were not there.
    missing: HashSet<(String, String)>,
}

impl Gallery {
    /// Another listing, if that may help; what the store refuses for good is noted.
    ///
    /// # Errors
    /// When the store does not list.
    pub(super) async fn list_again(
        &self,
        unread: &[&Unread],
        doubts: &mut Doubts,
    ) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let is_doubtful = |unread: &&&Unread| unread.is_doubtful() && !self.files.is_refused(&unread.object);
        let doubtful: Vec<&&Unread> = unread.iter().filter(is_doubtful).collect();
        if doubtful.is_empty() {
            return Ok(None);
        }
        let id = |unread: &Unread| (unread.object.key.clone(), unread.object.lasting_version().to_owned());
        if doubts.listings == LISTINGS {
            // They are listed again and again, and are not there.
            let ghosts = doubtful.into_iter().filter(|unread| doubts.missing.contains(&id(unread)));
            ghosts.for_each(|unread| self.files.refuse(unread));
            return Ok(None);
        }
        doubts.listings += 1;
        let newer = self.catalogue_anew().await?;
        for unread in doubtful {
            if matches!(unread.error, StoreError::NotFound(_)) {
                doubts.missing.insert(id(unread));
            } else if newer.lists(&unread.object) {
                self.files.refuse(unread);
            }
        }
        Ok(Some(newer))
    }

    /// The catalogue of a listing that begins now.
    async fn catalogue_anew(&self) -> Result<Arc<Catalogue>, StoreError> {
        let asked = Instant::now();
        match self.catalogue_since(Some(asked)).await {
            Ok(_) | Err(GalleryError::Store(_)) => {}
            Err(e) => return Err(StoreError::Unavailable(e.to_string())),
        }
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match (&state.snapshot, &state.failure) {
            (Some(snapshot), _) if snapshot.began >= asked => Ok(Arc::clone(&snapshot.catalogue)),
            (_, Some((_, e))) => Err(e.clone()),
            _ => Err(StoreError::Unavailable("no listing".to_owned())),
        }
    }

    /// Why a prompt cannot be served, after all that could be tried.
    pub(super) fn unreadable(&self, name: &str, unread: Unread) -> GalleryError {
        let name = name.to_owned();
        match unread.error {
            e @ StoreError::Unavailable(_) => GalleryError::Store(e),
            cause if self.files.is_refused(&unread.object) => {
                GalleryError::Unreadable { name, file: unread.object.key, cause }
            }
            _ => GalleryError::Changing { name },
        }
    }
}
