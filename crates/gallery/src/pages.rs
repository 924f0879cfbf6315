//! Pages of `prompts/list`, and those that are kept for the next call.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::limits::KEPT_PAGES_BYTES;
use crate::row::Audience;
use crate::shared_json::SharedJson;
use catalogue::Catalogue;

/// One page of `prompts/list`.
#[derive(Debug)]
pub struct Page {
    /// The prompts as a JSON array in MCP's form, made once.
    pub prompts: Arc<SharedJson>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
}

/// The pages of one catalogue that are kept.
#[derive(Default)]
pub(crate) struct KeptPages(Mutex<PagesOfCatalogue>);

#[derive(Default)]
struct PagesOfCatalogue {
    catalogue: Weak<Catalogue>,
    any_client: KeptList,
    form_client: KeptList,
}

/// The pages of one list.
#[derive(Default)]
struct KeptList {
    /// By the index of their first entry.
    pages: HashMap<usize, Arc<Page>>,
    /// The index of the entry after each page.
    ends: HashSet<usize>,
}

impl KeptPages {
    /// The page of this catalogue that begins with the entry `start`, if it is kept.
    pub(crate) fn get(&self, catalogue: &Arc<Catalogue>, audience: Audience, start: usize) -> Option<Arc<Page>> {
        let mut kept = self.lock();
        let is_same = kept.catalogue.as_ptr() == Arc::as_ptr(catalogue);
        kept.list(audience).pages.get(&start).filter(|_| is_same).cloned()
    }

    /// Keeps a page if there is room, and forgets the pages of other catalogues. Only pages of a walk from the start are kept:
    /// a cursor may name any prompt, and fill the memory.
    pub(crate) fn keep(&self, catalogue: &Arc<Catalogue>, audience: Audience, entries: Range<usize>, page: &Arc<Page>) {
        let mut kept = self.lock();
        if kept.catalogue.as_ptr() != Arc::as_ptr(catalogue) {
            *kept = PagesOfCatalogue { catalogue: Arc::downgrade(catalogue), ..PagesOfCatalogue::default() };
        }
        let list = kept.list(audience);
        let bytes = list.bytes() + page.prompts.get().len();
        if bytes <= KEPT_PAGES_BYTES && (entries.start == 0 || list.ends.contains(&entries.start)) {
            list.pages.insert(entries.start, Arc::clone(page));
            list.ends.insert(entries.end);
        }
    }

    /// Whether the pages of one list that are kept have all prompts of this catalogue.
    pub(crate) fn are_all(&self, catalogue: &Arc<Catalogue>) -> bool {
        let mut kept = self.lock();
        let is_same = kept.catalogue.as_ptr() == Arc::as_ptr(catalogue);
        // A walk from the start has all before its end.
        let count = catalogue.entries.len();
        is_same
            && [Audience::AnyClient, Audience::FormClient]
                .iter()
                .any(|audience| kept.list(*audience).ends.contains(&count))
    }

    fn lock(&self) -> MutexGuard<'_, PagesOfCatalogue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PagesOfCatalogue {
    fn list(&mut self, audience: Audience) -> &mut KeptList {
        match audience {
            Audience::AnyClient => &mut self.any_client,
            Audience::FormClient => &mut self.form_client,
        }
    }
}

impl KeptList {
    fn bytes(&self) -> usize {
        self.pages.values().map(|page| page.prompts.get().len()).sum()
    }
}
