//! The catalogue: one snapshot of the store, as names.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use tokio::sync::OnceCell;

use super::{CONCURRENT_READS, Page};
use crate::prompt::{self, Partial, Problem, Prompt, PromptFile, bounds};
use crate::store::{Object, PromptStore, StoreError};

const EXTENSIONS: [&str; 3] = [".prompt", ".hbs", ".handlebars"];

/// The prompts of one listing, sorted by name.
pub(super) struct Catalogue {
    /// The listing itself.
    pub(super) objects: Vec<Object>,
    pub(super) entries: Vec<Entry>,
    partials: HashMap<String, Entry>,
    /// Two files, one name: (the file that is not served, the one that is).
    shadowed: Vec<(String, String)>,
    /// Pages that were listed, by the index of their first entry.
    pages: Mutex<HashMap<usize, Arc<Page>>>,
}

/// One prompt or partial of the catalogue.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) slot: Arc<Slot>,
    /// The version before, if it was read, for when this one cannot be.
    pub(super) previous: Option<Arc<Slot>>,
    /// Whether it came after the first snapshot.
    pub(super) is_new: bool,
    /// The prompt with its partials, once all of them have been read.
    linked: once_cell::sync::OnceCell<Linked>,
    /// What the log knows to be wrong with the prompt and its partials, whatever else of the bucket changes.
    reported: Arc<Mutex<Option<Problem>>>,
}

/// A prompt with its partials, or why there is none.
pub(super) type Linked = Result<Arc<Prompt>, Problem>;

/// One version of one file, read at most once.
pub(super) struct Slot {
    pub(super) object: Object,
    loaded: OnceCell<Loaded>,
}

/// What came of reading a file.
pub(super) enum Loaded {
    Prompt(Arc<PromptFile>),
    Partial(Arc<Partial>),
    Broken(Problem),
}

impl Catalogue {
    /// The catalogue of a listing; what the one before has read of the same versions is taken over.
    pub(super) fn new(objects: Vec<Object>, before: Option<&Self>) -> Self {
        let known: HashMap<&str, &Entry> = match before {
            Some(before) => {
                let entries = before.entries.iter().chain(before.partials.values());
                entries.map(|entry| (entry.slot.object.key.as_str(), entry)).collect()
            }
            None => HashMap::new(),
        };
        let (mut entries, mut partials) = (HashMap::new(), HashMap::new());
        let mut shadowed = Vec::new();
        // Keys come in order, so the first of a name is the one to serve.
        for object in &objects {
            let Some(named) = Named::of(&object.key) else { continue };
            let (names, name) = match named {
                Named::Prompt(name) => (&mut entries, name),
                Named::Partial(name) => (&mut partials, name),
            };
            if let Some(first) = names.get(&name) {
                let first: &Entry = first;
                shadowed.push((object.key.clone(), first.slot.object.key.clone()));
                continue;
            }
            let entry = match known.get(object.key.as_str()) {
                Some(known) => known.relisted(name.clone(), object),
                None => Entry::new(name.clone(), Slot::new(object), before.is_some()),
            };
            names.insert(name, entry);
        }
        let mut entries: Vec<Entry> = entries.into_values().collect();
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        for pair in shadowed.iter().filter(|pair| before.is_none_or(|before| !before.shadowed.contains(pair))) {
            tracing::warn!(prompt.file = pair.0, served = pair.1, "two files have one name, the first is served");
        }
        Self { objects, entries, partials, shadowed, pages: Mutex::default() }
    }

    /// A prompt with its partials, all of this catalogue; also whether none of them is an older version, standing in for
    /// one that cannot be read now.
    pub(super) async fn linked(&self, entry: &Entry, store: &dyn PromptStore) -> Result<(Linked, bool), StoreError> {
        if let Some(linked) = entry.linked.get() {
            return Ok((linked.clone(), true));
        }
        let (loaded, mut is_current) = entry.load(store).await?;
        let linked = match loaded {
            Loaded::Prompt(file) => self.link(entry, file, &mut is_current, store).await?,
            Loaded::Broken(problem) => Err(problem.clone()),
            Loaded::Partial(_) => unreachable!("a key that names a prompt is read as one"),
        };
        if is_current {
            let _ = entry.linked.set(linked.clone());
        }
        Ok((linked, is_current))
    }

    async fn link(
        &self,
        entry: &Entry,
        file: &Arc<PromptFile>,
        is_current: &mut bool,
        store: &dyn PromptStore,
    ) -> Result<Linked, StoreError> {
        let mut partials = HashMap::new();
        let mut names: Vec<String> = file.partials().map(str::to_owned).collect();
        let mut seen: HashSet<String> = names.iter().cloned().collect();
        // Those that the file uses, then those that they use, and so on.
        while !names.is_empty() && partials.len() <= bounds::PARTIALS {
            // One that is missing is an error only where nothing stands in for it.
            let entries = names.iter().filter_map(|name| self.partials.get(name));
            let loads: Vec<_> = entries.map(|entry| async move { (entry, entry.load(store).await) }).collect();
            let loaded: Vec<_> = stream::iter(loads).buffered(CONCURRENT_READS).collect().await;
            names.clear();
            for (entry, loaded) in loaded {
                let (loaded, is_newest) = loaded?;
                *is_current &= is_newest;
                match loaded {
                    Loaded::Partial(partial) => {
                        let more = partial.partials().filter(|name| seen.insert((*name).to_owned()));
                        names.extend(more.map(str::to_owned));
                        partials.insert(entry.name.clone(), Arc::clone(partial));
                    }
                    // The log has it since the file was read.
                    Loaded::Broken(problem) => return Ok(Err(problem.clone())),
                    Loaded::Prompt(_) => unreachable!("a key that names a partial is read as one"),
                }
            }
        }
        let linked = Prompt::link(Arc::clone(file), partials);
        entry.report(linked.as_ref().err());
        Ok(linked.map(Arc::new))
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
    fn new(name: String, slot: Arc<Slot>, is_new: bool) -> Self {
        let (linked, reported) = Default::default();
        Self { name, slot, previous: None, is_new, linked, reported }
    }

    /// Tells the log what is wrong with the prompt and its partials, unless it knows.
    fn report(&self, problem: Option<&Problem>) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = problem.filter(|problem| reported.as_ref() != Some(problem)) {
            report(problem);
        }
        *reported = problem.cloned();
    }

    /// The same key in the next listing.
    fn relisted(&self, name: String, object: &Object) -> Self {
        let (slot, previous) = if self.slot.object == *object {
            (Arc::clone(&self.slot), self.previous.clone())
        } else {
            (Slot::new(object), self.last_read())
        };
        Self { previous, reported: Arc::clone(&self.reported), ..Self::new(name, slot, self.is_new) }
    }

    fn last_read(&self) -> Option<Arc<Slot>> {
        if self.slot.loaded.initialized() { Some(Arc::clone(&self.slot)) } else { self.previous.clone() }
    }

    /// Reads the file, or falls back on the version before while the store does not answer; also whether it is the
    /// newest.
    async fn load(&self, store: &dyn PromptStore) -> Result<(&Loaded, bool), StoreError> {
        match self.slot.load(store).await {
            Ok(loaded) => Ok((loaded, true)),
            Err(e @ StoreError::NotFound(_)) => Err(e),
            Err(e) => match self.previous.as_ref().and_then(|slot| slot.loaded.get()) {
                Some(loaded) => {
                    tracing::warn!(prompt.file = self.slot.object.key, cause = %e, "the version before is served");
                    Ok((loaded, false))
                }
                None => Err(e),
            },
        }
    }

    /// Whether it has been found out that it cannot be used.
    pub(super) fn is_broken(&self) -> bool {
        self.linked.get().is_some_and(|linked| linked.is_err())
    }
}

impl Slot {
    fn new(object: &Object) -> Arc<Self> {
        Arc::new(Self { object: object.clone(), loaded: OnceCell::new() })
    }

    /// The file, read now unless it has been.
    async fn load(&self, store: &dyn PromptStore) -> Result<&Loaded, StoreError> {
        self.loaded.get_or_try_init(|| self.read(store)).await
    }

    async fn read(&self, store: &dyn PromptStore) -> Result<Loaded, StoreError> {
        let key = &self.object.key;
        if self.object.size > bounds::SOURCE {
            let problem = prompt::too_large(key, self.object.size);
            report(&problem);
            return Ok(Loaded::Broken(problem));
        }
        let source = store.get(&self.object).await?;
        let loaded = match Named::of(key) {
            Some(Named::Partial(_)) => Partial::parse(key, &source).map(|partial| Loaded::Partial(Arc::new(partial))),
            _ => PromptFile::parse(key, &source).map(|file| Loaded::Prompt(Arc::new(file))),
        };
        Ok(loaded.unwrap_or_else(|problem| {
            report(&problem);
            Loaded::Broken(problem)
        }))
    }
}

/// Tells the log, once a version of a file, why a prompt is not served.
fn report(problem: &Problem) {
    let Problem { file, place, message, .. } = problem;
    let (line, column) = (place.line, place.column);
    tracing::warn!(prompt.file = &**file, line, column, error = message, "prompt left out");
}

/// What a key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A prompt, under the name that clients know.
    Prompt(String),
    /// A partial, under the name that templates use: `folder/_name.prompt` is `folder/name`.
    Partial(String),
}

impl Named {
    /// What `key` names; nothing for hidden files and folders and for files that are not prompts.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        prompt_name(key).map(Self::Prompt).or_else(|| partial_name(key).map(Self::Partial))
    }
}

/// Whether `key` is a prompt's, a partial's, or hidden.
pub(super) fn is_gallery_file(key: &str) -> bool {
    let has_extension = || EXTENSIONS.iter().any(|extension| key.ends_with(extension));
    key.split('/').any(|part| part.is_empty() || part.starts_with('.')) || has_extension()
}

/// `folder/_name.prompt` is `folder/name`.
fn partial_name(key: &str) -> Option<String> {
    let path = EXTENSIONS.iter().find_map(|extension| key.strip_suffix(extension))?;
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let name = file.strip_prefix('_').filter(|name| !name.is_empty())?;
    if path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
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
