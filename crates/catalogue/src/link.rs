//! A prompt with its partials, all of one catalogue.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::CONCURRENT_READS;
use crate::files::{Files, ParsedFile, Unread, lock, report};
use crate::snapshot::{Catalogue, Entry};
use dotprompt::{Problem, Prompt, PromptFile, bounds};

/// A version of a prompt with its partials.
pub struct Link {
    /// The prompt's version, for people.
    pub version: Box<str>,
    /// The prompt, or why it cannot be served.
    pub prompt: Result<Arc<Prompt>, Problem>,
    /// The partials that it was linked with.
    pub partials: Partials,
}

/// The partials that a prompt names, directly or through others, and the version of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partials(Box<[PartialVersion]>);

/// The name of a partial, and its version if there is such a partial.
pub(super) type PartialVersion = (Box<str>, Option<Box<str>>);

impl From<Vec<PartialVersion>> for Partials {
    fn from(partials: Vec<PartialVersion>) -> Self {
        Self(partials.into())
    }
}

impl Partials {
    /// The partials of these names in a catalogue.
    fn of<'a>(names: impl IntoIterator<Item = &'a String>, catalogue: &Catalogue) -> Self {
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

    /// Whether each version stays the same while the file does.
    pub(super) fn are_lasting(&self) -> bool {
        let is_lasting = |version: &str| !version.contains("\n?");
        self.0.iter().filter_map(|(_, version)| version.as_deref()).all(is_lasting)
    }

    pub(super) fn as_slice(&self) -> &[PartialVersion] {
        &self.0
    }
}

impl Files {
    /// A prompt with its partials.
    ///
    /// # Errors
    /// The first of its files that cannot be read.
    pub async fn linked(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) -> Result<Arc<Link>, Unread> {
        let object = catalogue.object(entry);
        let loaded = self.load(object).await?;
        let (file, last) = match &loaded.file {
            ParsedFile::Prompt { file, last_link } => (file, last_link),
            ParsedFile::Broken { problem, .. } => {
                self.left_out.remove(object);
                let version = object.shown_version().into();
                return Ok(Arc::new(Link { version, prompt: Err(problem.clone()), partials: Partials::default() }));
            }
            ParsedFile::Partial(_) => unreachable!("a key that names a prompt is read as one"),
        };
        if let Some(link) = lock(last).as_ref().filter(|link| link.partials.are_of(catalogue)) {
            return Ok(Arc::clone(link));
        }
        // If a partial cannot be read, the last link stays, to be served as a whole.
        let link = Arc::new(self.link(catalogue, entry, file).await?);
        *lock(last) = Some(Arc::clone(&link));
        self.left_out.remove(object);
        Ok(link)
    }

    async fn link(
        self: &Arc<Self>,
        catalogue: &Catalogue,
        entry: &Entry,
        file: &Arc<PromptFile>,
    ) -> Result<Link, Unread> {
        let object = catalogue.object(entry);
        let mut partials = HashMap::new();
        let mut names: Vec<String> = file.partials().map(str::to_owned).collect();
        let mut seen: HashSet<String> = names.iter().cloned().collect();
        let mut broken = None;
        // The partials that the file names, then those that they name, and so on.
        while broken.is_none() && !names.is_empty() && partials.len() <= bounds::PARTIALS {
            // A missing partial is an error only where it has no fallback.
            let entries = names.iter().filter_map(|name| catalogue.partial(name));
            let loads: Vec<_> =
                entries.map(|entry| async move { (entry, self.load(catalogue.object(entry)).await) }).collect();
            let loaded: Vec<_> = stream::iter(loads).buffered(CONCURRENT_READS).collect().await;
            names.clear();
            for (entry, loaded) in loaded {
                match &loaded?.file {
                    ParsedFile::Partial(partial) => {
                        let more = partial.partials().filter(|name| seen.insert((*name).to_owned()));
                        names.extend(more.map(str::to_owned));
                        partials.insert(entry.name.to_string(), Arc::clone(partial));
                    }
                    ParsedFile::Broken { problem, .. } => {
                        broken = Some(problem.clone());
                        break;
                    }
                    ParsedFile::Prompt { .. } => unreachable!("a key that names a partial is read as one"),
                }
            }
        }
        let prompt = match broken {
            Some(problem) => {
                // The log has the problem since the partial was read.
                self.note(object, Some(&problem));
                Err(problem)
            }
            None => {
                let prompt = Prompt::link(Arc::clone(file), partials).map(Arc::new);
                if self.note(object, prompt.as_ref().err())
                    && let Err(problem) = &prompt
                {
                    report(problem);
                }
                prompt
            }
        };
        Ok(Link { version: object.shown_version().into(), prompt, partials: Partials::of(&seen, catalogue) })
    }
}
