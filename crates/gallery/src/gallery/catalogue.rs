//! The catalogue: one snapshot of the store, as names.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use check::strays;
use dotprompt::Named;

use super::Page;
use crate::store::Object;

/// What the pages that a catalogue keeps may take, in bytes. Others are put together anew for each call.
const PAGES: usize = 8 * 1024 * 1024;

/// The prompts of one listing, sorted by name.
pub(super) struct Catalogue {
    /// The listing itself, sorted by key.
    pub(super) objects: Vec<Object>,
    pub(super) entries: Vec<Entry>,
    partials: HashMap<Box<str>, Entry>,
    /// Two partials, one name: the indices of the file that is not used and of the one that is.
    shadowed: Vec<(usize, usize)>,
    /// Two prompts that claim one name: the index of the entry that has another now, and that of the file that has it.
    renamed: Vec<(usize, usize)>,
    /// Pages that were listed, by the index of their first entry.
    pages: Mutex<HashMap<usize, Arc<Page>>>,
}

/// One prompt or partial of the catalogue.
pub(super) struct Entry {
    pub(super) name: Box<str>,
    /// The index of its file.
    pub(super) object: usize,
    /// The version that was served last, for when this one cannot be read.
    pub(super) previous: Option<Box<str>>,
    /// Whether it came after the first snapshot.
    pub(super) is_new: bool,
}

impl Catalogue {
    /// The catalogue of a listing. `was_served` tells which files of the catalogue before are at hand, partials and all.
    pub(super) fn new(objects: Vec<Object>, before: Option<&Self>, was_served: impl Fn(&Object) -> bool) -> Self {
        let known: HashMap<&str, &Entry> = match before {
            Some(before) => {
                let entries = before.entries.iter().chain(before.partials.values());
                entries.map(|entry| (before.object(entry).key.as_str(), entry)).collect()
            }
            None => HashMap::new(),
        };
        let relisted = |name: String, index: usize| {
            let object: &Object = &objects[index];
            let entry = Entry { name: name.into(), object: index, previous: None, is_new: before.is_some() };
            let Some((before, known)) = before.zip(known.get(object.key.as_str())) else { return entry };
            let last = before.object(known);
            let is_last = last.version != object.version && was_served(last);
            let previous = if is_last { Some(last.version.as_str().into()) } else { known.previous.clone() };
            Entry { previous, is_new: known.is_new, ..entry }
        };
        let (mut claims, mut partials): (_, HashMap<Box<str>, Entry>) = (Vec::new(), HashMap::new());
        let mut shadowed = Vec::new();
        for (index, object) in objects.iter().enumerate() {
            match Named::of(&object.key) {
                Some(Named::Prompt(name)) => claims.push((name, index)),
                Some(Named::Partial(name)) => match partials.get_mut(name.as_str()) {
                    Some(first) if dotprompt::partial_comes_first(&object.key, &objects[first.object].key) => {
                        shadowed.push((first.object, index));
                        *first = relisted(name, index);
                    }
                    Some(first) => shadowed.push((index, first.object)),
                    None => drop(partials.insert(name.as_str().into(), relisted(name, index))),
                },
                None => {}
            }
        }
        let prompts = dotprompt::distinct(claims, |index| &objects[index].key);
        let renamed = prompts.iter().enumerate().filter_map(|(index, prompt)| Some((index, prompt.holder?))).collect();
        let entries = prompts.into_iter().map(|prompt| relisted(prompt.name, prompt.key)).collect();
        let catalogue = Self { objects, entries, partials, shadowed, renamed, pages: Mutex::default() };
        let were_shadowed: HashSet<_> = before.into_iter().flat_map(Self::shadowed).collect();
        for pair in catalogue.shadowed().filter(|pair| !were_shadowed.contains(pair)) {
            tracing::warn!(partial.file = pair.0, used = pair.1, "two partials have one name");
        }
        let were_renamed: HashSet<_> = before.into_iter().flat_map(Self::renamed).collect();
        for renamed in catalogue.renamed().filter(|renamed| !were_renamed.contains(renamed)) {
            let (file, name, holder) = renamed;
            tracing::warn!(prompt.file = file, prompt.name = name, holder, "two prompts claim one name");
        }
        catalogue
    }

    /// What there is to say of the files as a whole; those that are `shown` are in use, which may not be all that are.
    pub(super) fn notes(&self, shown: &HashSet<String>, are_all: bool) -> Vec<String> {
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

    /// The prompts that have another name than they claim: file, name, and the file that has the name they claim.
    fn renamed(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.renamed.iter().map(|&(index, holder)| {
            let entry = &self.entries[index];
            (self.object(entry).key.as_str(), &*entry.name, self.objects[holder].key.as_str())
        })
    }

    /// The keys of partials that have one name: the one that is not used, and the one that is.
    fn shadowed(&self) -> impl Iterator<Item = (&str, &str)> {
        let key = |index: usize| self.objects[index].key.as_str();
        self.shadowed.iter().map(move |&(shadowed, served)| (key(shadowed), key(served)))
    }

    /// The file of an entry of this catalogue.
    pub(super) fn object(&self, entry: &Entry) -> &Object {
        &self.objects[entry.object]
    }

    /// Whether there is a file of this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.objects.binary_search_by(|object| object.key.as_str().cmp(key)).is_ok()
    }

    /// Whether the very version of this file is listed.
    pub(super) fn lists(&self, object: &Object) -> bool {
        let index = self.objects.binary_search_by(|listed| listed.key.cmp(&object.key));
        index.is_ok_and(|index| self.objects[index].lasting_version() == object.lasting_version())
    }

    /// The version of the file of this key, if there is one.
    pub(super) fn version(&self, key: &str) -> Option<&str> {
        let index = self.objects.binary_search_by(|object| object.key.as_str().cmp(key)).ok()?;
        Some(&self.objects[index].version)
    }

    pub(super) fn partials(&self) -> impl Iterator<Item = &Entry> {
        self.partials.values()
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        Some(&self.entries[index])
    }

    pub(super) fn partial(&self, name: &str) -> Option<&Entry> {
        self.partials.get(name)
    }

    /// The index of the first prompt whose name sorts behind `name`.
    pub(super) fn first_after(&self, name: &str) -> usize {
        self.entries.partition_point(|entry| &*entry.name <= name)
    }

    pub(super) fn page(&self, start: usize) -> Option<Arc<Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&start).cloned()
    }

    pub(super) fn keep_page(&self, start: usize, page: Arc<Page>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = pages.values().map(|page| page.prompts.get().len()).sum();
        if kept + page.prompts.get().len() <= PAGES {
            pages.insert(start, page);
        }
    }
}
