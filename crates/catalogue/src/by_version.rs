//! Facts about files, such as their problems, so that the log names each once for each version of a file.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::snapshot::Catalogue;
use dotprompt::Named;
use store::Object;

/// A fact about one version of each of some files.
pub(super) struct ByVersion<T>(Mutex<VersionsByKey<T>>);

/// By the key of a file: a version of it, and the fact.
type VersionsByKey<T> = HashMap<Box<str>, (Box<str>, T)>;

impl<T> Default for ByVersion<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> ByVersion<T> {
    /// The fact about this version of a file.
    pub(super) fn get(&self, object: &Object) -> Option<T> {
        let known = self.lock();
        let (version, value) = known.get(&*object.key)?;
        (**version == *object.lasting_version()).then(|| value.clone())
    }

    /// Remembers a fact about this version of a file. Returns the one it had before.
    pub(super) fn set(&self, object: &Object, value: T) -> Option<T> {
        let version = object.lasting_version();
        let before = self.lock().insert(object.key.as_str().into(), (version.into(), value));
        before.filter(|(before, _)| **before == *version).map(|(_, value)| value)
    }

    /// Forgets the fact about a file. Returns whether there was one.
    pub(super) fn remove(&self, object: &Object) -> bool {
        self.lock().remove(&*object.key).is_some()
    }

    /// Forgets files that no longer exist.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.lock().retain(|key, _| catalogue.has(key));
    }

    /// The facts about the prompts of a catalogue, by key.
    pub(super) fn of_prompts(&self, catalogue: &Catalogue) -> Vec<(String, T)> {
        let objects = catalogue.entries.iter().map(|entry| catalogue.object(entry));
        objects.filter_map(|object| Some((object.key.clone(), self.get(object)?))).collect()
    }

    /// How many prompts of a catalogue have a fact.
    pub(super) fn count_prompts(&self, catalogue: &Catalogue) -> usize {
        let known = self.lock();
        let is_listed = |key: &str, version: &str| {
            let object = catalogue.file(key).filter(|object| *version == *object.lasting_version());
            object.is_some() && matches!(Named::of(key), Some(Named::Prompt(_)))
        };
        known.iter().filter(|(key, (version, _))| is_listed(key, version)).count()
    }

    fn lock(&self) -> MutexGuard<'_, VersionsByKey<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
