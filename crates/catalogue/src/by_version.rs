//! What is wrong with files, so that the log says it once for each version.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::snapshot::Catalogue;
use store::Object;

/// Something about one version of each of some files.
pub(super) struct ByVersion<T>(Mutex<VersionsByKey<T>>);

/// By the key of a file: a version of it, and what is known of that.
type VersionsByKey<T> = HashMap<Box<str>, (Box<str>, T)>;

impl<T> Default for ByVersion<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> ByVersion<T> {
    /// What is known of this version of a file.
    pub(super) fn get(&self, object: &Object) -> Option<T> {
        let known = self.lock();
        let (version, value) = known.get(&*object.key)?;
        (**version == *object.lasting_version()).then(|| value.clone())
    }

    /// Remembers it of this version of a file. Returns what was known of the same version before.
    pub(super) fn set(&self, object: &Object, value: T) -> Option<T> {
        let version = object.lasting_version();
        let before = self.lock().insert(object.key.as_str().into(), (version.into(), value));
        before.filter(|(before, _)| **before == *version).map(|(_, value)| value)
    }

    /// Forgets what is known of a file; whether there was something.
    pub(super) fn remove(&self, object: &Object) -> bool {
        self.lock().remove(&*object.key).is_some()
    }

    /// Forgets files that no longer exist.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.lock().retain(|key, _| catalogue.has(key));
    }

    /// What is known of the prompts of a catalogue, by key.
    pub(super) fn of_prompts(&self, catalogue: &Catalogue) -> Vec<(String, T)> {
        let objects = catalogue.entries.iter().map(|entry| catalogue.object(entry));
        objects.filter_map(|object| Some((object.key.clone(), self.get(object)?))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VersionsByKey<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
