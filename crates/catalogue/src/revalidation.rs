//! A known prompt is served after the TTL without a listing, if the store says that its files have not changed.
//!
//! A listing costs ten times as much as asking for one file. So new names, removed ones, and partials that take precedence
//! over others wait for the next listing, which is due after [`Freshness::names_within`](crate::Freshness).

use std::sync::Arc;

use futures_util::future;

use crate::limits::PATIENCE;
use crate::link::{Link, Validation};
use crate::live::LiveCatalogue;
use crate::snapshot::{Catalogue, Entry};
use crate::snapshots::AtHand;
use store::{Object, Revalidated, note_waiting};

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
        let until = self.freshness.clock.now() + PATIENCE;
        let are_unchanged = self.freshness.clock.until(until, self.are_unchanged(&catalogue, entry, &link)).await?;
        are_unchanged.then_some(catalogue)
    }

    /// Whether the files of a prompt are those that it was linked with. Callers that come while the store is asked for one of them are
    /// answered together by the next question.
    async fn are_unchanged(&self, catalogue: &Catalogue, entry: &Entry, link: &Link) -> bool {
        let came = self.freshness.clock.now();
        let mut validation = match link.validation.try_lock() {
            Ok(validation) => validation,
            Err(_) => {
                note_waiting();
                link.validation.lock().await
            }
        };
        let is_enough = |last: &Validation| match last.are_unchanged {
            true => self.freshness.fresh_since(came).is_none_or(|since| last.asked >= since),
            false => last.asked >= came,
        };
        if let Some(last) = validation.filter(is_enough) {
            return last.are_unchanged;
        }
        let asked = self.freshness.clock.now();
        let files = [entry].into_iter().chain(link.partials.entries(catalogue));
        let checks = files.map(|entry| self.is_unchanged(catalogue.object(entry)));
        let are_unchanged = future::join_all(checks).await.into_iter().all(|is_unchanged| is_unchanged);
        *validation = Some(Validation { asked, are_unchanged });
        are_unchanged
    }

    /// Whether the store says that a file has not changed. If it has, the cache has it for the listing that follows.
    async fn is_unchanged(&self, object: &Object) -> bool {
        let asked = self.freshness.clock.now();
        match self.store.revalidate(object).await {
            Ok(Revalidated::Unchanged) => true,
            Ok(Revalidated::Changed(newer)) => {
                if let Some((newer, content)) = newer {
                    self.files.keep_ahead(&newer, &content, asked);
                }
                false
            }
            Ok(Revalidated::Unknown) | Err(_) => false,
        }
    }
}
