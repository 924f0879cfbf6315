//! The files of prompts and partials as resources, each with what `check` says about it.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use crate::all_skills::{AllSkills, Filling};
use crate::contents::embedded_uri;
use crate::gallery::Gallery;
use crate::limits::{CHECKED_TOGETHER, CHECKED_TOGETHER_BYTES};
use crate::resources::embedded_row;
use catalogue::{CONCURRENT_READS, Catalogue, Entry};
use check::{File, Options, Source};
use dotprompt::{Level, Named, Problem, bounds};
use store::{Object, StoreError};

/// The media type of a template.
pub(crate) const TEXT: &str = "text/plain";

/// Finds the problems of files.
pub(crate) type CheckFiles = fn(&[File], &Options<'_>) -> Vec<Problem>;

/// What was found in files, so that each version is checked once.
#[derive(Default)]
pub(crate) struct CheckedFiles(Mutex<Found>);

#[derive(Default)]
struct Found {
    /// The files that all problems depend on, as a number.
    surroundings: u64,
    /// By key: the version, and its problems in JSON.
    problems: HashMap<String, (String, Arc<RawValue>)>,
}

/// The file of a prompt or a partial as lists have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceRow<'a> {
    uri: &'a str,
    name: &'a str,
    mime_type: &'static str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(rename = "_meta")]
    meta: SourceMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    last_modified: String,
}

#[derive(Serialize)]
struct SourceMeta<'a> {
    version: &'a str,
    /// The prompt that the file is, if it can be used.
    #[serde(rename = "prompt-gallery/prompt", skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    /// The prompt that the file would be, if it could be used.
    #[serde(rename = "prompt-gallery/brokenPrompt", skip_serializing_if = "Option::is_none")]
    broken_prompt: Option<&'a str>,
    /// Absent while they are not known.
    #[serde(rename = "prompt-gallery/problems", skip_serializing_if = "Option::is_none")]
    problems: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct ProblemRow<'a> {
    level: &'static str,
    message: &'a str,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Whether a file is a prompt or a partial.
pub(crate) fn is_source(key: &str) -> bool {
    dotprompt::EXTENSIONS.iter().any(|extension| key.ends_with(extension)) && Named::of(key).is_some()
}

impl CheckedFiles {
    fn get(&self, surroundings: u64, object: &Object) -> Option<Arc<RawValue>> {
        let found = self.lock();
        let (version, problems) = found.problems.get(&object.key)?;
        (found.surroundings == surroundings && *version == object.version).then(|| Arc::clone(problems))
    }

    fn keep(&self, surroundings: u64, object: &Object, problems: Arc<RawValue>) {
        let mut found = self.lock();
        if found.surroundings != surroundings {
            *found = Found { surroundings, problems: HashMap::new() };
        }
        found.problems.insert(object.key.clone(), (object.version.clone(), problems));
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gallery {
    /// Adds the files of prompts and partials to a page, with the files that prompts embed. Returns what the next page begins
    /// after, if more follow.
    pub(crate) async fn add_source(
        &self,
        all: &AllSkills,
        catalogue: &Arc<Catalogue>,
        after: Option<&str>,
        page: &mut Filling,
        with_problems: bool,
    ) -> Option<String> {
        let began = Instant::now();
        let is_shown = |object: &Object| all.prompts.shows(&object.key, &catalogue.objects);
        let is_listed = |object: &&Object| is_source(&object.key) || is_shown(object);
        let start = after.map_or(0, |after| catalogue.objects.partition_point(|object| object.key.as_str() <= after));
        let names = all.prompts.names_of(catalogue);
        let surroundings = surroundings(catalogue);
        // The first file may be on the next page.
        let mut last = after.unwrap_or_default();
        let mut rest: Vec<&Object> = catalogue.objects[start..].iter().filter(is_listed).collect();
        while !rest.is_empty() {
            let is_full = page.rows.len() >= self.page_size;
            if page.rows.len() > 0 && (is_full || began.elapsed() > self.page_timeout) {
                return Some(last.to_owned());
            }
            let some = together(&mut rest, self.page_size.saturating_sub(page.rows.len()));
            if with_problems {
                page.is_partial |= !self.check_files(all, catalogue, surroundings, &some).await;
            }
            for object in some {
                let row = match is_source(&object.key) {
                    true => {
                        let problems = self.checked.get(surroundings, object).filter(|_| with_problems);
                        self.source_row(object, names.get(object.key.as_str()).copied(), problems.as_deref())
                    }
                    false => embedded_row(object),
                };
                if !page.push(&row, self.page_size) {
                    return Some(last.to_owned());
                }
                last = &object.key;
            }
        }
        None
    }

    fn source_row(&self, object: &Object, named: Option<(&str, bool)>, problems: Option<&RawValue>) -> Bytes {
        let modified = self.live.store.modified(object);
        let annotations = modified.map(|modified| Annotations { last_modified: store::timestamp(modified) });
        let name_if = |wanted| named.filter(|(_, is_usable)| *is_usable == wanted).map(|(name, _)| name);
        let (prompt, broken_prompt) = (name_if(true), name_if(false));
        let meta = SourceMeta { version: object.shown_version(), prompt, broken_prompt, problems };
        let (uri, name) = (&*embedded_uri(&object.key), object.key.as_str());
        let row = SourceRow { uri, name, mime_type: TEXT, size: object.size, annotations, meta };
        serde_json::to_vec(&row).expect("a resource serialises").into()
    }

    /// Checks the files whose problems are not known yet. Returns whether all are known now.
    async fn check_files(
        &self,
        all: &AllSkills,
        catalogue: &Arc<Catalogue>,
        surroundings: u64,
        files: &[&Object],
    ) -> bool {
        let is_unknown = |object: &&&Object| is_source(&object.key) && self.checked.get(surroundings, object).is_none();
        let unknown: HashSet<&str> = files.iter().filter(is_unknown).map(|object| object.key.as_str()).collect();
        if unknown.is_empty() {
            return true;
        }
        let Some(check) = self.check else { return self.link_files(catalogue, surroundings, files).await };
        // A prompt is checked with its partials.
        let is_read = |object: &Object| unknown.contains(&*object.key) || is_partial(&object.key);
        let reads: Vec<_> =
            catalogue.objects.iter().filter(|object| is_read(object)).map(|object| self.read(object)).collect();
        let mut sources: HashMap<&str, Source> = HashMap::new();
        let mut are_all = true;
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT_READS);
        while let Some((object, source)) = reads.next().await {
            are_all &= source.is_some();
            sources.extend(source.map(|source| (object.key.as_str(), source)));
        }
        let checked: Vec<Object> = catalogue
            .objects
            .iter()
            .filter(|object| unknown.contains(&*object.key) && sources.contains_key(&*object.key))
            .cloned()
            .collect();
        let file = |object: &Object| {
            let source = sources.remove(&*object.key).unwrap_or(Source::Unread);
            File { key: object.key.clone(), size: object.size, source }
        };
        let files: Vec<File> = catalogue.objects.iter().map(file).collect();
        let skills: Vec<String> = all.folder_paths().map(str::to_owned).collect();
        // In a thread of its own, because many files take a while.
        let found = tokio::task::spawn_blocking(move || {
            let skills: Vec<&str> = skills.iter().map(String::as_str).collect();
            let options = Options { skills: &skills, ..Options::default() };
            by_file(check(&files, &options), &options)
        });
        let Ok(mut found) = found.await else { return false };
        for object in checked {
            let problems = found.remove(&*object.key).unwrap_or_default();
            self.checked.keep(surroundings, &object, json(&problems));
        }
        are_all
    }

    /// Keeps what serving finds in files: the first error of each prompt, which may be in a partial. The problems of a partial by
    /// itself are not known. Returns whether all could be read.
    async fn link_files(&self, catalogue: &Arc<Catalogue>, surroundings: u64, files: &[&Object]) -> bool {
        let asked: HashSet<&str> = files.iter().map(|object| object.key.as_str()).collect();
        let is_asked = |entry: &&Entry| asked.contains(catalogue.object(entry).key.as_str());
        let reads = catalogue.entries.iter().filter(is_asked);
        let reads = reads.map(|entry| async move { (entry, self.live.files.linked(catalogue, entry).await) });
        let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(CONCURRENT_READS);
        let mut are_all = true;
        while let Some((entry, link)) = reads.next().await {
            let object = catalogue.object(entry);
            match link {
                Ok(link) => {
                    let problem = link.prompt.as_ref().err();
                    let problem = problem.map(|problem| (Level::Error, of_file(&object.key, problem)));
                    self.checked.keep(surroundings, object, json(problem.as_slice()));
                }
                Err(_) => are_all = false,
            }
        }
        are_all
    }

    /// The text of a file for a check; `None` if it cannot be read now.
    async fn read<'o>(&self, object: &'o Object) -> (&'o Object, Option<Source>) {
        if object.size > bounds::SOURCE {
            return (object, Some(Source::TooLarge));
        }
        let source = match self.live.store.get(object).await {
            Ok(text) => Some(Source::Read(text)),
            // The cause is for the log: a prompt that needs the file names it there.
            Err(StoreError::Denied(_)) => Some(Source::Refused("the server may not read it".to_owned())),
            Err(StoreError::Refused(_)) => Some(Source::Refused("the store refuses to return it".to_owned())),
            Err(_) => None,
        };
        (object, source)
    }
}

/// A problem as that of a file: one of a partial says where it is.
fn of_file(key: &str, problem: &Problem) -> Problem {
    match *problem.file == *key {
        true => problem.clone(),
        false => Problem::of_file(problem.code, &Arc::from(key), problem.to_string()),
    }
}

/// Takes the files that are checked together from the start of `rest`, at least one.
fn together<'o>(rest: &mut Vec<&'o Object>, max_files: usize) -> Vec<&'o Object> {
    let mut bytes = 0;
    let fits = |object: &&&Object| {
        bytes += object.size.min(bounds::SOURCE);
        bytes <= CHECKED_TOGETHER_BYTES
    };
    let count = rest.iter().take(max_files.min(CHECKED_TOGETHER)).take_while(fits).count().max(1);
    let others = rest.split_off(count);
    std::mem::replace(rest, others)
}

fn is_partial(key: &str) -> bool {
    is_source(key) && matches!(Named::of(key), Some(Named::Partial(_)))
}

/// All names of files, and the versions of the partials: a problem of a file may be that it names another one.
fn surroundings(catalogue: &Catalogue) -> u64 {
    let mut hasher = DefaultHasher::new();
    for object in &catalogue.objects {
        object.key.hash(&mut hasher);
        if is_partial(&object.key) {
            object.version.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The errors and warnings of each file. Notes say what clients do with a prompt, which is nothing to mend.
fn by_file(problems: Vec<Problem>, options: &Options<'_>) -> HashMap<Arc<str>, Vec<(Level, Problem)>> {
    let mut by_file: HashMap<_, Vec<_>> = HashMap::new();
    for problem in problems {
        let level = options.level(problem.code);
        if level != Level::Note {
            by_file.entry(Arc::clone(&problem.file)).or_default().push((level, problem));
        }
    }
    by_file
}

fn json(problems: &[(Level, Problem)]) -> Arc<RawValue> {
    let row = |(level, problem): &(Level, Problem)| {
        let level = if *level == Level::Error { "error" } else { "warning" };
        let Problem { place, message, hint, .. } = problem;
        to_raw_value(&ProblemRow { level, message, line: place.line, column: place.column, hint: hint.as_deref() }).ok()
    };
    let rows: Vec<_> = problems.iter().filter_map(row).collect();
    to_raw_value(&rows).expect("problems serialise").into()
}
