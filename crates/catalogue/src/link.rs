//! A prompt that was linked with its partials, all of one catalogue.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::snapshot::{Catalogue, Entry};
use dotprompt::{Problem, Prompt};

/// A version of a prompt with its partials.
pub struct Link {
    /// The prompt's version, for people.
    pub version: Box<str>,
    /// The prompt, or why it cannot be served.
    pub prompt: Result<Arc<Prompt>, Problem>,
    /// The partials that it was linked with.
    pub partials: Partials,
    /// What the store has last said of its files. Held while the store is asked.
    pub(crate) validation: Mutex<Option<Validation>>,
}

/// What the store has said of the files of a prompt. Listings do not count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validation {
    /// When the store was asked.
    pub(crate) asked: Instant,
    /// Whether all are as they were linked.
    pub(crate) are_unchanged: bool,
}

/// The partials that a prompt names, directly or through others, and the version of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partials(Box<[PartialVersion]>);

/// The name of a partial, and its version if there is such a partial.
type PartialVersion = (Box<str>, Option<Box<str>>);

impl Partials {
    /// The partials of these names in a catalogue.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a String>, catalogue: &Catalogue) -> Self {
        let version = |name: &str| Some(catalogue.object(catalogue.partial(name)?).version.as_str().into());
        Self(names.into_iter().map(|name| (name.as_str().into(), version(name))).collect())
    }

    /// Whether the catalogue has these versions.
    pub(super) fn are_of(&self, catalogue: &Catalogue) -> bool {
        self.0.iter().all(|(name, version)| {
            let listed = catalogue.partial(name).map(|entry| catalogue.object(entry).version.as_str());
            listed == version.as_deref()
        })
    }

    /// Since when the catalogue has other versions of some of these partials: when these versions were last listed. `None` if it has these.
    pub(super) fn replaced(&self, catalogue: &Catalogue) -> Option<Instant> {
        let replaced = self.0.iter().filter_map(|(name, version)| {
            let entry = catalogue.partial(name)?;
            let is_replaced = version.as_deref() != Some(catalogue.object(entry).version.as_str());
            entry.replaced.filter(|_| is_replaced)
        });
        replaced.min()
    }

    /// The partials that there are.
    pub(super) fn entries<'c>(&'c self, catalogue: &'c Catalogue) -> impl Iterator<Item = &'c Entry> {
        self.0.iter().filter_map(|(name, _)| catalogue.partial(name))
    }

    /// Whether each version stays the same while the file does.
    pub(super) fn are_lasting(&self) -> bool {
        self.0.iter().filter_map(|(_, version)| version.as_deref()).all(store::is_lasting)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
