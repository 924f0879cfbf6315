//! The catalogue: one snapshot of the store, as names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::Page;
use crate::prompt::{self, Prompt, PromptError};
use crate::store::{Object, PromptStore, StoreError};

const EXTENSIONS: [&str; 3] = [".prompt", ".hbs", ".handlebars"];

/// The prompts of one listing, sorted by name.
pub(super) struct Catalogue {
    /// The listing itself.
    pub(super) objects: Vec<Object>,
    pub(super) entries: Vec<Entry>,
    /// Two files, one name: (the file that is not served, the one that is).
    shadowed: Vec<(String, String)>,
    /// Pages that were listed, by the index of their first entry.
    pages: Mutex<HashMap<usize, Arc<Page>>>,
}

/// One prompt of the catalogue.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) slot: Arc<Slot>,
    /// The version before, if it was read, for when this one cannot be.
    pub(super) previous: Option<Arc<Slot>>,
    /// Whether it came after the first snapshot.
    pub(super) is_new: bool,
}

/// One version of one file, read at most once.
pub(super) struct Slot {
    pub(super) object: Object,
    loaded: OnceCell<Loaded>,
}

/// What came of reading a file.
pub(super) enum Loaded {
    Prompt(Box<Prompt>),
    Broken(PromptError),
}

impl Catalogue {
    /// The catalogue of a listing; what the one before has read of the same versions is taken over.
    pub(super) fn new(objects: Vec<Object>, before: Option<&Self>) -> Self {
        let known: HashMap<&str, &Entry> = match before {
            Some(before) => before.entries.iter().map(|entry| (entry.slot.object.key.as_str(), entry)).collect(),
            None => HashMap::new(),
        };
        let mut entries: Vec<Entry> = Vec::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut shadowed = Vec::new();
        // Keys come in order, so the first of a name is the one to serve.
        for object in &objects {
            let Some(name) = prompt_name(&object.key) else { continue };
            if let Some(&index) = by_name.get(&name) {
                shadowed.push((object.key.clone(), entries[index].slot.object.key.clone()));
                continue;
            }
            by_name.insert(name.clone(), entries.len());
            let entry = match known.get(object.key.as_str()) {
                Some(known) => known.relisted(name, object),
                None => Entry { name, slot: Slot::new(object), previous: None, is_new: before.is_some() },
            };
            entries.push(entry);
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        for pair in shadowed.iter().filter(|pair| before.is_none_or(|before| !before.shadowed.contains(pair))) {
            tracing::warn!(prompt.file = pair.0, served = pair.1, "two files have one name, the first is served");
        }
        Self { objects, entries, shadowed, pages: Mutex::default() }
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        Some(&self.entries[index])
    }

    /// The index of the first prompt whose name sorts behind `name`.
    pub(super) fn first_after(&self, name: &str) -> usize {
        self.entries.partition_point(|entry| entry.name.as_str() <= name)
    }

    pub(super) fn page(&self, start: usize) -> Option<Arc<Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&start).cloned()
    }

    pub(super) fn keep_page(&self, start: usize, page: Arc<Page>) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(start, page);
    }
}

impl Entry {
    /// The same key in the next listing.
    fn relisted(&self, name: String, object: &Object) -> Self {
        let (slot, previous) = if self.slot.object == *object {
            (Arc::clone(&self.slot), self.previous.clone())
        } else {
            (Slot::new(object), self.last_read())
        };
        Self { name, slot, previous, is_new: self.is_new }
    }

    fn last_read(&self) -> Option<Arc<Slot>> {
        if self.slot.loaded.initialized() { Some(Arc::clone(&self.slot)) } else { self.previous.clone() }
    }
}

impl Slot {
    fn new(object: &Object) -> Arc<Self> {
        Arc::new(Self { object: object.clone(), loaded: OnceCell::new() })
    }

    /// The file, read now unless it has been.
    pub(super) async fn load(&self, store: &dyn PromptStore) -> Result<&Loaded, StoreError> {
        self.loaded.get_or_try_init(|| self.read(store)).await
    }

    pub(super) fn loaded(&self) -> Option<&Loaded> {
        self.loaded.get()
    }

    async fn read(&self, store: &dyn PromptStore) -> Result<Loaded, StoreError> {
        let prompt = if self.object.size > prompt::MAX_SOURCE {
            Err(prompt::too_large(self.object.size))
        } else {
            Prompt::parse(&store.get(&self.object).await?)
        };
        Ok(match prompt {
            Ok(prompt) => Loaded::Prompt(Box::new(prompt)),
            Err(error) => {
                let PromptError { line, column, message } = &error;
                tracing::warn!(prompt.file = self.object.key, line, column, error = message, "prompt left out");
                Loaded::Broken(error)
            }
        })
    }
}

/// The name of the prompt that is kept under `key`; `None` for partials, for hidden files and folders, and for files
/// that are not prompts.
///
/// `/` becomes `_`, any other character outside of `A-Za-z0-9_-` becomes `-`, and `name.variant.prompt` is
/// `name--variant`: names that every client takes as a slash command.
#[must_use]
pub fn prompt_name(key: &str) -> Option<String> {
    let path = EXTENSIONS.iter().find_map(|extension| key.strip_suffix(extension))?;
    let (folder, file) = match path.rsplit_once('/') {
        Some((folder, file)) => (Some(folder), file),
        None => (None, path),
    };
    if file.is_empty() || file.starts_with('_') || path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    let mut name = String::with_capacity(path.len() + 1);
    if let Some(folder) = folder {
        name.extend(folder.chars().map(plain));
        name.push('_');
    }
    match file.split_once('.').filter(|(_, variant)| !variant.is_empty()) {
        Some((base, variant)) => {
            name.extend(base.chars().map(plain));
            name.push_str("--");
            name.extend(variant.chars().map(plain));
        }
        None => name.extend(file.chars().map(plain)),
    }
    Some(name)
}

fn plain(c: char) -> char {
    match c {
        '/' => '_',
        c if is_name_char(c) => c,
        _ => '-',
    }
}

/// Whether a prompt can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::prompt_name;

    #[test]
    fn a_name_comes_from_the_path() {
        for (key, name) in [
            ("review.prompt", Some("review")),
            ("team/code-review.prompt", Some("team_code-review")),
            ("a/b/c.hbs", Some("a_b_c")),
            ("x.handlebars", Some("x")),
            ("review.strict.prompt", Some("review--strict")),
            ("review.strict.v2.prompt", Some("review--strict-v2")),
            ("v1.2/x.prompt", Some("v1-2_x")),
            ("Größe & Co.prompt", Some("Gr--e---Co")),
            ("x y/z.prompt", Some("x-y_z")),
            ("_partial.prompt", None),
            ("team/_partial.prompt", None),
            ("_team/x.prompt", Some("_team_x")),
            (".hidden.prompt", None),
            (".git/x.prompt", None),
            (".prompt", None),
            ("x.txt", None),
            ("prompt", None),
            ("", None),
        ] {
            assert_eq!(prompt_name(key).as_deref(), name, "{key}");
        }
    }
}
