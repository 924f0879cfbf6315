//! Links a prompt with its partials, all of one catalogue.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::files::{Files, ParsedFile, Unread, lock};
use crate::limits::CONCURRENT_READS;
use crate::link::{Link, Partials};
use crate::snapshot::{Catalogue, Entry};
use dotprompt::{Prompt, PromptFile, bounds};

impl Files {
    /// A prompt with its partials.
    ///
    /// # Errors
    /// The first of its files that cannot be read.
    pub async fn linked(self: &Arc<Self>, catalogue: &Catalogue, entry: &Entry) -> Result<Arc<Link>, Unread> {
        let object = catalogue.object(entry);
        let file = self.load(object).await?;
        let (file, last) = match &*file {
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
                match &*loaded? {
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
                self.problems.set(object, problem.clone());
                Err(problem)
            }
            None => {
                let prompt = Prompt::link(Arc::clone(file), partials).map(Arc::new);
                self.note(object, prompt.as_ref().err());
                prompt
            }
        };
        Ok(Link { version: object.shown_version().into(), prompt, partials: Partials::of(&seen, catalogue) })
    }
}
