//! Files that have changed, read before anyone asks for them.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::catalogue::Catalogue;
use super::{CONCURRENT_READS, Gallery};

/// What was there when changes were looked for last.
pub struct Seen(Arc<Catalogue>);

impl Gallery {
    /// Reads the prompts and partials that have changed since `seen`, or none the first time. The log tells what is wrong
    /// with them, and of which nothing is wrong any more.
    pub async fn read_changed(&self, seen: Option<Seen>) -> Option<Seen> {
        // The log has it, and what was seen stays so.
        let Ok(catalogue) = self.catalogue().await else { return seen };
        let Some(Seen(before)) = seen else { return Some(Seen(catalogue)) };
        let is_changed = |key: &str| before.version(key) != catalogue.version(key);
        let partials: Vec<_> = catalogue.partials().filter(|entry| is_changed(&catalogue.object(entry).key)).collect();
        let is_gone = before.partials().any(|entry| !catalogue.has(&before.object(entry).key));
        // Each prompt knows its partials only once it is read; those that are at hand are not read again.
        let are_all = is_gone || !partials.is_empty();
        let prompts = catalogue.entries.iter().filter(|entry| are_all || is_changed(&catalogue.object(entry).key));
        let partials: Vec<_> = partials.into_iter().map(|entry| self.files.read_partial(&catalogue, entry)).collect();
        stream::iter(partials).buffer_unordered(CONCURRENT_READS).for_each(|()| async {}).await;
        let prompts: Vec<_> = prompts.map(|entry| self.files.linked(&catalogue, entry)).collect();
        // A file that is gone has changed again, which the store will tell.
        stream::iter(prompts).buffer_unordered(CONCURRENT_READS).for_each(|_| async {}).await;
        Some(Seen(catalogue))
    }
}
