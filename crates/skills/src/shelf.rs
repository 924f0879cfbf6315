//! The shelf: one snapshot of the store, as skills, and what is known of their files.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::address;
use catalogue::Snapshot;
use check::skill;
use store::{ContentDigest, Object};

/// The skills of one listing.
pub struct Shelf {
    objects: Vec<Object>,
    /// Sorted by path.
    entries: Vec<Entry>,
    /// Files that were probably meant to be skills, and why they are not.
    problems: Vec<String>,
    /// The bytes of the largest answer to a caller; `None` if any size will do.
    max_answer_bytes: Option<u64>,
    facts: Mutex<Facts>,
}

/// One skill of the shelf.
pub struct Entry {
    /// The path of its folder.
    pub path: Box<str>,
    /// The indices of everything below its folder.
    below: Range<usize>,
    /// The index of its `SKILL.md`.
    skill_md: usize,
    /// Why it is left out, as far as the listing shows.
    problem: Option<Box<str>>,
}

/// What is known of the files. A file is read once for each version.
#[derive(Default)]
struct Facts {
    /// By the index of the file.
    digests: Vec<Option<ContentDigest>>,
    /// By the index of the skill.
    front_matter: Vec<Option<FrontMatter>>,
    /// Files that the store lists and refuses to return: why, and when it was last asked.
    refused: HashMap<usize, (Box<str>, Instant)>,
    /// Skills that the log has named as left out, and why.
    reported: HashMap<usize, Box<str>>,
}

/// What an index says of one version of a file.
pub(crate) struct KnownFile {
    pub(crate) key: String,
    pub(crate) version: String,
    pub(crate) digest: ContentDigest,
    pub(crate) front_matter: Option<FrontMatter>,
}

/// The front matter of a `SKILL.md` as JSON, or what is wrong with it.
pub(crate) type FrontMatter = Result<Arc<RawValue>, Arc<str>>;

/// What is known of one skill.
pub enum Skill {
    /// Its entry: `{"uri":…,"frontmatter":…,"resources":[…]}`.
    Served(Bytes),
    /// Why it is left out.
    LeftOut(String),
    /// Why it is left out for now: the store refuses to return a file, and is asked again later.
    Refused(String),
    /// Some of its files are not read yet.
    Unread,
}

#[derive(Serialize)]
struct EntryJson<'a, F: ?Sized> {
    uri: String,
    frontmatter: &'a F,
    resources: Vec<ResourceJson>,
}

#[derive(Serialize)]
struct ResourceJson {
    uri: String,
    digest: String,
    size: u64,
}

impl Snapshot for Shelf {
    fn objects(&self) -> &[Object] {
        &self.objects
    }
}

impl Shelf {
    /// The shelf of a listing, with what is known of the files that have not changed since `before`.
    pub(crate) fn new(objects: Vec<Object>, before: Option<&Self>, max_answer_bytes: Option<u64>) -> Self {
        let found = skill::find(objects.iter().map(|object| object.key.as_str()));
        let mut entries: Vec<Entry> = found.paths.into_iter().filter_map(|path| Entry::new(path, &objects)).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let problems = found.problems.iter().map(ToString::to_string).collect();
        let (digests, front_matter) = (vec![None; objects.len()], entries.iter().map(|_| None).collect());
        let facts = Mutex::new(Facts { digests, front_matter, ..Facts::default() });
        let shelf = Self { objects, entries, problems, max_answer_bytes, facts };
        let were_known = before.map(Self::problems).unwrap_or_default();
        for cause in shelf.problems.iter().filter(|problem| !were_known.contains(problem)) {
            tracing::warn!(cause, "a file is not part of a skill");
        }
        if let Some(before) = before {
            shelf.inherit(before);
        }
        shelf
    }

    fn inherit(&self, before: &Self) {
        let (mut facts, known) = (self.facts(), before.facts());
        let mut old = before.objects.iter().zip(&known.digests).peekable();
        for (object, digest) in self.objects.iter().zip(&mut facts.digests) {
            while old.next_if(|(known, _)| known.key < object.key).is_some() {}
            if let Some((_, known)) = old.next_if(|(known, _)| **known == *object) {
                *digest = *known;
            }
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(old) = before.find(&entry.path) else { continue };
            if before.objects[before.entries[old].skill_md] == self.objects[entry.skill_md] {
                facts.front_matter[index].clone_from(&known.front_matter[old]);
            }
            if let Some(why) = known.reported.get(&old) {
                facts.reported.insert(index, why.clone());
            }
        }
        let key = |object: &usize| before.objects[*object].key.as_str();
        for (object, refusal) in &known.refused {
            if let Some(same) = self.object(key(object)).filter(|same| self.objects[*same] == before.objects[*object]) {
                facts.refused.insert(same, refusal.clone());
            }
        }
    }

    /// The skills, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Files that were probably meant to be skills, and why they are not.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The index of the skill of this path.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok()
    }

    /// The skills that a file belongs to, the innermost first.
    pub fn skills_of<'s>(&'s self, path: &'s str) -> impl Iterator<Item = usize> + 's {
        let folders = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
        folders.filter_map(|folder| self.find(folder))
    }

    /// The file of this path, if it is part of a skill. It may be one that is left out.
    pub fn file(&self, path: &str) -> Option<&Object> {
        self.object(path).map(|index| &self.objects[index]).filter(|object| skill::is_file_of_a_skill(&object.key))
    }

    /// The index of the file of this key.
    fn object(&self, key: &str) -> Option<usize> {
        self.objects.binary_search_by(|object| object.key.as_str().cmp(key)).ok()
    }

    /// The files below a folder, hidden ones left out, sorted by path.
    pub fn files_below(&self, folder: &str) -> impl Iterator<Item = &Object> {
        let below = below(&self.objects, folder);
        self.objects[below].iter().filter(|object| skill::is_file_of_a_skill(&object.key))
    }

    /// What is known of a skill.
    pub(crate) fn skill(&self, index: usize) -> Skill {
        let entry = &self.entries[index];
        let facts = self.facts();
        if !facts.refused.is_empty()
            && let Some((object, why)) = self.files(entry).find_map(|file| Some((file, &facts.refused.get(&file)?.0)))
        {
            return Skill::Refused(format!("{}: {why}", self.objects[object].key));
        }
        drop(facts);
        if let Err(why) = self.validity(index) {
            return why.map_or(Skill::Unread, Skill::LeftOut);
        }
        let facts = self.facts();
        let Some(Ok(front_matter)) = &facts.front_matter[index] else { return Skill::Unread };
        let file = |object: usize| Some((self.objects[object].key.as_str(), facts.digests[object]?));
        let files: Option<Vec<_>> = self.files(entry).map(file).collect();
        files.map_or(Skill::Unread, |files| Skill::Served(entry_json(&entry.path, &**front_matter, files)))
    }

    /// Whether the files of a skill are served, once its `SKILL.md` is read.
    ///
    /// # Errors
    /// Why it is left out; `None` if its `SKILL.md` is not read yet.
    pub fn validity(&self, index: usize) -> Result<(), Option<String>> {
        let entry = &self.entries[index];
        if let Some(problem) = &entry.problem {
            return Err(Some(problem.to_string()));
        }
        let facts = self.facts();
        if let Some((why, _)) = facts.refused.get(&entry.skill_md) {
            return Err(Some(format!("{}: {why}", self.objects[entry.skill_md].key)));
        }
        match &facts.front_matter[index] {
            None => return Err(None),
            Some(Err(problem)) => return Err(Some(problem.to_string())),
            Some(Ok(_)) => {}
        }
        let Some(max) = self.max_answer_bytes else { return Ok(()) };
        let bytes = |object: usize| facts.digests[object].map_or(0, |digest| digest.answer_bytes);
        match self.files(entry).find(|object| bytes(*object) > max) {
            Some(object) => Err(Some(too_large_for_answer(&self.objects[object].key, bytes(object), max))),
            None => Ok(()),
        }
    }

    /// Logs that a skill is left out, or is served again, once.
    pub(crate) fn report(&self, index: usize, skill: &Skill) {
        let path = &*self.entries[index].path;
        let mut facts = self.facts();
        let known = facts.reported.get(&index);
        match skill {
            Skill::LeftOut(why) | Skill::Refused(why) if known.is_none_or(|known| **known != **why) => {
                tracing::warn!(skill.path = path, cause = why, "skill left out");
                facts.reported.insert(index, why.as_str().into());
            }
            Skill::Served(_) if known.is_some() => {
                tracing::info!(skill.path = path, "skill is served again");
                facts.reported.remove(&index);
            }
            _ => {}
        }
    }

    /// The front matter of a skill that was read and is valid.
    pub fn front_matter(&self, index: usize) -> Option<Arc<RawValue>> {
        self.facts().front_matter[index].as_ref()?.as_ref().ok().cloned()
    }

    /// What is known of a file's content.
    pub fn digest(&self, object: &Object) -> Option<ContentDigest> {
        self.facts().digests[self.object(&object.key)?]
    }

    /// The files of a skill that are not read yet; none once its `SKILL.md` is known to be invalid. A file that the store refused
    /// less than `pause` ago is left out.
    pub(crate) fn unread(&self, index: usize, pause: Duration) -> Vec<Object> {
        let entry = &self.entries[index];
        let facts = self.facts();
        if entry.problem.is_some() || matches!(facts.front_matter[index], Some(Err(_))) {
            return Vec::new();
        }
        let is_refused = |object: &usize| facts.refused.get(object).is_some_and(|(_, asked)| asked.elapsed() < pause);
        let is_known = |object: &usize| {
            facts.digests[*object].is_some() && (*object != entry.skill_md || facts.front_matter[index].is_some())
        };
        let is_unread = |object: &usize| !is_known(object) && !is_refused(object);
        self.files(entry).filter(is_unread).map(|object| self.objects[object].clone()).collect()
    }

    /// The `SKILL.md` of a skill.
    pub(crate) fn skill_md(&self, index: usize) -> &Object {
        &self.objects[self.entries[index].skill_md]
    }

    /// Remembers the digest of a file that was read, and what a `SKILL.md` says.
    pub(crate) fn learn(&self, object: &Object, digest: ContentDigest, front_matter: Option<FrontMatter>) {
        let Some(index) = self.object(&object.key).filter(|index| self.objects[*index] == *object) else { return };
        let skill = address::skill_of(&object.key).and_then(|path| self.find(path));
        let mut facts = self.facts();
        facts.digests[index] = Some(digest);
        facts.refused.remove(&index);
        if let Some(skill) = skill {
            facts.front_matter[skill] = front_matter;
        }
    }

    /// Remembers that the store refuses to return a file.
    pub(crate) fn refuse(&self, object: &Object, why: &str) {
        let Some(index) = self.object(&object.key).filter(|index| self.objects[*index] == *object) else { return };
        self.facts().refused.insert(index, (why.into(), Instant::now()));
    }

    /// Calls `write` with each file whose digest is known and lasts, and what each `SKILL.md` says, until it returns `false`.
    pub(crate) fn for_each_known(&self, mut write: impl FnMut(&Object, &ContentDigest, Option<&FrontMatter>) -> bool) {
        let facts = self.facts();
        for (object, digest) in self.objects.iter().zip(&facts.digests) {
            let Some(digest) = digest else { continue };
            let skill = address::skill_of(&object.key).and_then(|path| self.find(path));
            let front_matter = skill.and_then(|skill| facts.front_matter[skill].as_ref());
            if store::is_lasting(&object.version) && !write(object, digest, front_matter) {
                return;
            }
        }
    }

    /// Adds what is known of files that have the same version and are not read yet.
    pub(crate) fn add(&self, files: impl Iterator<Item = KnownFile>) {
        let mut facts = self.facts();
        let mut next = 0;
        for KnownFile { key, version, digest, front_matter } in files {
            // An index has the files in the order of the objects.
            let is_next = self.objects.get(next).is_some_and(|object| *object.key == *key);
            let object = if is_next { Some(next) } else { self.object(&key) };
            let Some(index) = object else { continue };
            next = index + 1;
            if *self.objects[index].version != *version {
                continue;
            }
            facts.digests[index].get_or_insert(digest);
            if let Some(front_matter) = front_matter
                && let Some(skill) = address::skill_of(&key).and_then(|path| self.find(path))
            {
                facts.front_matter[skill].get_or_insert(front_matter);
            }
        }
    }

    /// The indices of the files of a skill.
    fn files<'s>(&'s self, entry: &Entry) -> impl Iterator<Item = usize> + use<'s> {
        entry.below.clone().filter(|index| skill::is_file_of_a_skill(&self.objects[*index].key))
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(path: &str, objects: &[Object]) -> Option<Self> {
        let key = address::skill_md(path);
        let skill_md = objects.binary_search_by(|object| object.key.cmp(&key)).ok()?;
        let below = below(objects, path);
        let files = objects[below.clone()].iter().filter(|object| skill::is_file_of_a_skill(&object.key));
        let paths = files.map(|object| (&object.key[path.len() + 1..], object.size));
        let problem = skill::limits(paths).map(Into::into);
        Some(Self { path: path.into(), below, skill_md, problem })
    }
}

/// The range of the keys below a folder, in keys that are sorted.
fn below(objects: &[Object], folder: &str) -> Range<usize> {
    let prefix = format!("{folder}/");
    let start = objects.partition_point(|object| *object.key < *prefix);
    let count = objects[start..].partition_point(|object| object.key.starts_with(&prefix));
    start..start + count
}

/// The entry of a skill, as `skills/list` returns it. `files` are the path and the digest of each file.
#[must_use]
pub fn entry_json<'f>(
    path: &str,
    front_matter: &(impl Serialize + ?Sized),
    files: impl IntoIterator<Item = (&'f str, ContentDigest)>,
) -> Bytes {
    let resource = |(path, digest): (&str, ContentDigest)| ResourceJson {
        uri: address::uri(path),
        digest: digest.sha256_text(),
        size: digest.size,
    };
    let uri = address::uri(&address::skill_md(path));
    let entry = EntryJson { uri, frontmatter: front_matter, resources: files.into_iter().map(resource).collect() };
    serde_json::to_vec(&entry).expect("an entry serialises").into()
}

/// Why a file cannot be read through Lambda.
pub(crate) fn too_large_for_answer(key: &str, bytes: u64, max: u64) -> String {
    format!("{key} needs {bytes} bytes of an answer, and an answer of Lambda has at most {max}")
}
