//! Reads files that have changed before a client asks for them.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::limits::CONCURRENT_READS;
use crate::live::LiveCatalogue;
use crate::snapshot::Catalogue;

/// The files at the time of the last [`LiveCatalogue::read_changed`].
pub struct Seen(Arc<Catalogue>);

impl LiveCatalogue {
    /// Reads the prompts and partials that have changed since `seen`, or none the first time. The log names the ones that are
    /// broken, and the ones that are served again.
    pub async fn read_changed(&self, seen: Option<Seen>) -> Option<Seen> {
        // The log has the failure of the listing.
        let Ok(catalogue) = self.current().await else { return seen };
        let Some(Seen(before)) = seen else { return Some(Seen(catalogue)) };
        let is_changed = |key: &str| before.version(key) != catalogue.version(key);
        let partials: Vec<_> = catalogue.partials().filter(|entry| is_changed(&catalogue.object(entry).key)).collect();
        let is_gone = before.partials().any(|entry| !catalogue.has(&before.object(entry).key));
        // A prompt's partials are known only once it is read. Prompts that are at hand are not read again.
        let are_all = is_gone || !partials.is_empty();
        let prompts = catalogue.entries.iter().filter(|entry| are_all || is_changed(&catalogue.object(entry).key));
        let partials: Vec<_> = partials.into_iter().map(|entry| self.files.read_partial(&catalogue, entry)).collect();
        stream::iter(partials).buffer_unordered(CONCURRENT_READS).for_each(|()| async {}).await;
        let prompts: Vec<_> = prompts.map(|entry| self.files.linked(&catalogue, entry)).collect();
        // If a file is gone by now, the store will report that as another change.
        stream::iter(prompts).buffer_unordered(CONCURRENT_READS).for_each(|_| async {}).await;
        Some(Seen(catalogue))
    }
}
