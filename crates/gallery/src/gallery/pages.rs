//! Pages of `prompts/list`, and those that are kept for the next call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::value::RawValue;

use crate::limits::KEPT_PAGES_BYTES;
use catalogue::Catalogue;

/// One page of `prompts/list`.
#[derive(Debug)]
pub struct Page {
    /// The prompts as a JSON array in MCP's form, made once.
    pub prompts: Box<RawValue>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
}

/// The pages of one catalogue that are kept.
#[derive(Default)]
pub(super) struct KeptPages(Mutex<PagesOfCatalogue>);

#[derive(Default)]
struct PagesOfCatalogue {
    catalogue: Weak<Catalogue>,
    /// By the index of their first entry.
    pages: HashMap<usize, Arc<Page>>,
}

impl KeptPages {
    /// The page of this catalogue that begins with the entry `start`, if it is kept.
    pub(super) fn get(&self, catalogue: &Arc<Catalogue>, start: usize) -> Option<Arc<Page>> {
        let kept = self.lock();
        let is_same = kept.catalogue.as_ptr() == Arc::as_ptr(catalogue);
        kept.pages.get(&start).filter(|_| is_same).cloned()
    }

    /// Keeps a page if there is room, and forgets the pages of other catalogues.
    pub(super) fn keep(&self, catalogue: &Arc<Catalogue>, start: usize, page: &Arc<Page>) {
        let mut kept = self.lock();
        if kept.catalogue.as_ptr() != Arc::as_ptr(catalogue) {
            *kept = PagesOfCatalogue { catalogue: Arc::downgrade(catalogue), pages: HashMap::new() };
        }
        let bytes: usize = kept.pages.values().map(|page| page.prompts.get().len()).sum();
        if bytes + page.prompts.get().len() <= KEPT_PAGES_BYTES {
            kept.pages.insert(start, Arc::clone(page));
        }
    }

    fn lock(&self) -> MutexGuard<'_, PagesOfCatalogue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
