//! A known prompt is served after the TTL without a listing, if the store says that its files have not changed.
//!
//! A listing costs ten times as much as asking for one file. So new names, removed ones, and partials that take precedence
//! over others wait for the next listing, which is due after [`Freshness::names_within`](crate::Freshness).

use std::sync::{Arc, PoisonError};

use futures_util::future;

use crate::limits::PATIENCE;
use crate::live::LiveCatalogue;
use crate::snapshot::Catalogue;
use crate::snapshots::AtHand;
use store::{Object, Revalidated};

impl LiveCatalogue {
    /// The last catalogue, if the prompt of this name in it is not older than the TTL. `None` where only a listing tells: also for an
    /// unknown or a broken prompt, and where the store is in trouble.
    pub(crate) async fn revalidated(&self, name: &str) -> Option<Arc<Catalogue>> {
        let catalogue = match self.snapshots.at_hand() {
            AtHand::Fresh(catalogue) => return Some(catalogue),
            AtHand::Recent(catalogue) => catalogue,
            AtHand::Old => return None,
        };
        let entry = catalogue.entry(name)?;
        let link = self.files.kept(&catalogue, entry)?;
        let asked = self.freshness.clock.now();
        let is_fresh = |validated| self.freshness.fresh_since(asked).is_none_or(|since| validated >= since);
        let validated = || link.validated.lock().unwrap_or_else(PoisonError::into_inner);
        if (*validated()).is_some_and(is_fresh) {
            return Some(catalogue);
        }
        let files = [entry].into_iter().chain(link.partials.entries(&catalogue));
        let checks = files.map(|entry| self.is_unchanged(catalogue.object(entry)));
        let unchanged = self.freshness.clock.until(asked + PATIENCE, future::join_all(checks)).await?;
        if !unchanged.into_iter().all(|is_unchanged| is_unchanged) {
            return None;
        }
        *validated() = Some(asked);
        Some(catalogue)
    }

    /// Whether the store says that a file has not changed. If it has, the cache has it for the listing that follows.
    async fn is_unchanged(&self, object: &Object) -> bool {
        match self.store.revalidate(object).await {
            Ok(Revalidated::Unchanged) => true,
            Ok(Revalidated::Changed(newer)) => {
                if let Some((newer, content)) = newer {
                    self.files.keep_ahead(&newer, &content);
                }
                false
            }
            Ok(Revalidated::Unknown) | Err(_) => false,
        }
    }
}
