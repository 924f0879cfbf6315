//! The catalogue: one snapshot of the store, as names.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use check::strays;
use dotprompt::Named;

use crate::files::Files;
use crate::snapshots::Snapshot;
use store::Object;

/// The prompts and partials of one listing.
pub struct Catalogue {
    /// The listing itself, sorted by key.
    pub objects: Vec<Object>,
    /// The prompts, sorted by name.
    pub entries: Vec<Entry>,
    partials: HashMap<Box<str>, Entry>,
    /// Partials of the same name: the indices of the file that is not used and of the one that is.
    shadowed: Vec<(usize, usize)>,
    /// Prompts that got another name than they claim: the index of the entry, and of the file that has the claimed name.
    renamed: Vec<(usize, usize)>,
    /// When the listing ended, if it was made in parts: of a change of several files it may have some.
    pub(crate) listed_in_parts: Option<Instant>,
}

/// One prompt or partial of the catalogue.
pub struct Entry {
    /// The name of the prompt or partial.
    pub name: Box<str>,
    /// The index of its file.
    pub(crate) object: usize,
    /// The version that was served last, to be served again if this one cannot be read, and when it was last listed.
    pub(crate) previous: Option<(Object, Instant)>,
    /// When the last version before this one that was read was last listed.
    pub(crate) replaced: Option<Instant>,
    /// Whether the first snapshot did not have it.
    pub is_new: bool,
}

impl Snapshot for Catalogue {
    fn objects(&self) -> &[Object] {
        &self.objects
    }

    fn was_listed_in_parts(&mut self, ended: Instant) {
        self.listed_in_parts = Some(ended);
    }
}

impl Catalogue {
    /// The catalogue of a listing, with the one `before`, whose listing began at that time, and the files in the cache.
    pub(crate) fn new(objects: Vec<Object>, before: Option<(&Self, Instant)>, files: &Files) -> Self {
        let (before, began) = before.unzip();
        let known = before.map(Self::entries_by_key).unwrap_or_default();
        let entry = |name: String, index: usize| {
            let object: &Object = &objects[index];
            let is_new = before.is_some();
            // A new partial replaces one of another folder, or none.
            let entry = Entry { name: name.into(), object: index, previous: None, replaced: began, is_new };
            let Some((before, known)) = before.zip(known.get(object.key.as_str())) else { return entry };
            let last = before.object(known);
            let is_replaced = last.version != object.version;
            let previous = match began {
                Some(began) if is_replaced && files.has_linked(last) => Some((last.clone(), began)),
                _ => known.previous.clone(),
            };
            // A version that was never read is in no prompt that is served, so the one before it counts.
            let replaced = match is_replaced {
                true if files.has(last) => began,
                true => known.replaced.or(began),
                false => known.replaced,
            };
            Entry { previous, replaced, is_new: known.is_new, ..entry }
        };
        let (mut claims, mut partials): (_, HashMap<Box<str>, Entry>) = (Vec::new(), HashMap::new());
        let mut shadowed = Vec::new();
        for (index, object) in objects.iter().enumerate() {
            match Named::of(&object.key) {
                Some(Named::Prompt(name)) => claims.push((name, index)),
                Some(Named::Partial(name)) => match partials.get_mut(name.as_str()) {
                    Some(first) if dotprompt::partial_comes_first(&object.key, &objects[first.object].key) => {
                        shadowed.push((first.object, index));
                        *first = entry(name, index);
                    }
                    Some(first) => shadowed.push((index, first.object)),
                    None => drop(partials.insert(name.as_str().into(), entry(name, index))),
                },
                None => {}
            }
        }
        let prompts = dotprompt::distinct(claims, |index| &objects[index].key);
        let renamed = prompts.iter().enumerate().filter_map(|(index, prompt)| Some((index, prompt.holder?))).collect();
        let entries = prompts.into_iter().map(|prompt| entry(prompt.name, prompt.key)).collect();
        let catalogue = Self { objects, entries, partials, shadowed, renamed, listed_in_parts: None };
        catalogue.report_names(before);
        catalogue
    }

    fn entries_by_key(&self) -> HashMap<&str, &Entry> {
        let entries = self.entries.iter().chain(self.partials.values());
        entries.map(|entry| (self.object(entry).key.as_str(), entry)).collect()
    }

    /// Logs which files claim the same name, unless they did so before.
    fn report_names(&self, before: Option<&Self>) {
        let were_shadowed: HashSet<_> = before.into_iter().flat_map(Self::shadowed).collect();
        for pair in self.shadowed().filter(|pair| !were_shadowed.contains(pair)) {
            tracing::warn!(partial.file = pair.0, used = pair.1, "two partials have one name");
        }
        let were_renamed: HashSet<_> = before.into_iter().flat_map(Self::renamed).collect();
        for renamed in self.renamed().filter(|renamed| !were_renamed.contains(renamed)) {
            let (file, name, holder) = renamed;
            tracing::warn!(prompt.file = file, prompt.name = name, holder, "two prompts claim one name");
        }
    }

    /// Remarks on the files as a whole. `shown` are the files that prompts show; `are_all` is false if other prompts may show
    /// more.
    pub fn notes(&self, shown: &HashSet<String>, are_all: bool) -> Vec<String> {
        let renamed = self.renamed().map(|(file, name, holder)| {
            let claimed = dotprompt::prompt_name(file).unwrap_or_default();
            format!("{file} is the prompt `{name}`: {holder} has the name `{claimed}`")
        });
        let unused = self.shadowed().map(|(file, used)| format!("{file} is not used: {used} is the same partial"));
        let keys = self.objects.iter().map(|object| object.key.as_str());
        let strays = strays::notes(keys.filter(|key| !shown.contains(*key))).into_iter();
        let unless = if are_all { "" } else { "; prompts that are not read yet may show some" };
        renamed.chain(unused).chain(strays.map(|note| note + unless)).collect()
    }

    /// The prompts that got another name than they claim: file, name, and the file that has the claimed name.
    fn renamed(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.renamed.iter().map(|&(index, holder)| {
            let entry = &self.entries[index];
            (self.object(entry).key.as_str(), &*entry.name, self.objects[holder].key.as_str())
        })
    }

    /// Partials of the same name: the key of the file that is not used, and of the one that is.
    fn shadowed(&self) -> impl Iterator<Item = (&str, &str)> {
        let key = |index: usize| self.objects[index].key.as_str();
        self.shadowed.iter().map(move |&(shadowed, served)| (key(shadowed), key(served)))
    }

    /// The file of an entry of this catalogue.
    pub fn object(&self, entry: &Entry) -> &Object {
        &self.objects[entry.object]
    }

    /// Whether there is a file of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.version(key).is_some()
    }

    /// Whether this version of a file is listed.
    pub(crate) fn lists(&self, object: &Object) -> bool {
        self.file(&object.key).is_some_and(|listed| listed.lasting_version() == object.lasting_version())
    }

    /// The version of the file of this key, if there is one.
    pub(crate) fn version(&self, key: &str) -> Option<&str> {
        self.file(key).map(|object| object.version.as_str())
    }

    /// The file of this key, if there is one.
    pub fn file(&self, key: &str) -> Option<&Object> {
        let index = self.objects.binary_search_by(|object| object.key.as_str().cmp(key)).ok()?;
        Some(&self.objects[index])
    }

    pub(crate) fn partials(&self) -> impl Iterator<Item = &Entry> {
        self.partials.values()
    }

    /// The prompt of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        Some(&self.entries[index])
    }

    pub(crate) fn partial(&self, name: &str) -> Option<&Entry> {
        self.partials.get(name)
    }

    /// The index of the first prompt whose name sorts after `name`; of the first prompt of all without a name.
    pub fn first_after(&self, name: Option<&str>) -> usize {
        name.map_or(0, |name| self.entries.partition_point(|entry| &*entry.name <= name))
    }
}
