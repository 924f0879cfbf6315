//! The files to check: selected on the command line, read from their stores.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::progress::Progress;
use super::skills::{self, Rooted};
use crate::commands::CONCURRENT_READS;
use crate::commands::limited_folder::{LimitedFolder, References};
use crate::commands::path::{self, Placed};
use crate::failure::Failure;
use crate::location::Location;
use crate::{aws, program, watch};
use check::{File, Source, skill, strays};
use dotprompt::{Named, bounds};
use server::config::{self, Config, Flags, SkillsSource};
use store::{DirStore, Object, PromptStore, StoreError};

/// A folder or bucket to check, or some of its files.
pub(super) struct Target {
    source: config::Source,
    store: Arc<dyn PromptStore>,
    /// `None` if only some files are checked.
    page_size: Option<usize>,
    /// The keys of the files; `None` for all.
    only: Option<BTreeSet<String>>,
    kind: Kind,
}

/// What the files of a target are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Prompts. A gallery may have skills alone.
    Prompts { may_be_none: bool },
    /// Skills. A server need not have any, so that without a path none are fine too.
    Skills { may_be_none: bool },
    /// Skills below each folder with a `SKILL.md`, prompts elsewhere.
    Both,
}

/// The files of one kind, sorted by key. Those to be checked have their texts.
pub(super) struct ReadFiles {
    /// A folder, or an address that ends in `/`.
    pub(super) root: String,
    pub(super) files: Vec<File>,
    pub(super) are_skills: bool,
    /// `None` if only some files are checked, and for skills.
    pub(super) page_size: Option<usize>,
    pub(super) progress: Progress,
}

impl Target {
    fn open(Selection { config, only, is_served, kind }: Selection) -> Result<Self, Failure> {
        let store: Arc<dyn PromptStore> = match (&config.source, &only) {
            (config::Source::Dir(dir), Some(keys)) if !is_served => {
                Arc::new(LimitedFolder::open(dir, keys.clone()).map_err(Failure::unable)?)
            }
            (source, _) => source.open(aws::connect).map_err(Failure::unable)?,
        };
        let page_size = Some(config.page_size).filter(|_| only.is_none());
        Ok(Self { source: config.source, store, page_size, only, kind })
    }

    /// The folder or bucket, for people.
    pub(super) fn location(&self) -> String {
        self.store.location()
    }

    /// Starts to watch the folder.
    ///
    /// # Errors
    /// A bucket, or a folder that the system cannot watch.
    pub(super) fn watch(&self) -> Result<DirStore, Failure> {
        let location = self.location();
        let config::Source::Dir(dir) = &self.source else {
            return Err(Failure::unable(format!("--watch needs files or folders: it cannot watch {location}")));
        };
        let folder = DirStore::open(dir).map_err(Failure::unable)?;
        folder.watch(watch::start).map_err(|e| Failure::unable(format!("{location}: cannot be watched: {e}")))?;
        Ok(folder)
    }

    /// The prompts and the skills of the target. If it may have none, `none` gets the words for that.
    ///
    /// # Errors
    /// The store does not answer, or the target has neither.
    pub(super) async fn read(&self, none: &mut Option<Failure>) -> Result<Vec<ReadFiles>, Failure> {
        let mut objects = match (self.store.list().await, self.kind) {
            (Ok(objects), _) => objects,
            // Credentials of a gallery without skills need not reach further than its prompts.
            (Err(e @ StoreError::Denied(_)), Kind::Skills { may_be_none: true }) => {
                program::tell(format_args!("note: the skills are not checked: {e}"));
                return Ok(Vec::new());
            }
            (Err(e), _) => return Err(Failure::unable(e)),
        };
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        let root = self.location();
        let (in_skills, others) = match self.kind {
            Kind::Prompts { .. } => (Vec::new(), objects),
            Kind::Skills { .. } => (objects, Vec::new()),
            Kind::Both => match skills::rooted(&self.source, &root, &objects)? {
                Some(rooted) => return Ok(vec![self.read_skills(objects, rooted).await?]),
                None => skills::divide(objects),
            },
        };
        let mut read = Vec::new();
        if let Kind::Skills { may_be_none: false } = self.kind
            && !skills::are_in(&in_skills)
        {
            return Err(Failure::unable(format!("there are no skills in {root}: a skill is a folder with a SKILL.md")));
        }
        if !matches!(self.kind, Kind::Skills { .. }) {
            let prompts = self.read_prompts(others, &root).await?;
            let is_empty = !prompts.files.iter().any(File::is_checked);
            if is_empty && in_skills.is_empty() {
                let hints = strays::notes(prompts.files.iter().map(|file| file.key.as_str()));
                let why = [strays::ENDINGS.to_owned()].into_iter().chain(hints).collect::<Vec<_>>().join("; ");
                let failure = Failure::unable(format!("there are no prompts in {root}: {why}"));
                if !matches!(self.kind, Kind::Prompts { may_be_none: true }) {
                    return Err(failure);
                }
                none.get_or_insert(failure);
            }
            read.extend(Some(prompts).filter(|_| !is_empty));
        }
        let is_left_out = matches!(self.kind, Kind::Skills { .. }) && !self.store.left_out().is_empty();
        if !in_skills.is_empty() || is_left_out {
            read.push(self.read_skills(in_skills, Rooted { root, below: String::new() }).await?);
        }
        Ok(read)
    }

    async fn read_prompts(&self, objects: Vec<Object>, root: &str) -> Result<ReadFiles, Failure> {
        // A step to read each file, and one to check it.
        let progress = Progress::new(2 * objects.len());
        let mut files = match &self.only {
            Some(keys) => read_some(&*self.store, objects, keys).await?,
            None => {
                let mut files = read_all(&*self.store, objects, &progress).await?;
                let left_out = self.store.left_out().into_iter().filter(|(key, _)| strays::is_missed(key));
                files.extend(left_out.map(|(key, why)| File { key, size: 0, source: Source::LeftOut(why) }));
                files
            }
        };
        files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(ReadFiles { root: root.to_owned(), files, are_skills: false, page_size: self.page_size, progress })
    }

    /// Of the files of skills, only each `SKILL.md` is read.
    async fn read_skills(&self, objects: Vec<Object>, Rooted { root, below }: Rooted) -> Result<ReadFiles, Failure> {
        let progress = Progress::new(objects.len());
        let reads = objects.into_iter().map(async |object| {
            let key = format!("{below}{}", object.key);
            let source = match key.rsplit('/').next() == Some(skill::FILE) && object.size <= skill::MAX_BYTES {
                true => read_source(&*self.store, &object, skill::MAX_BYTES).await?,
                false => Some(Source::Unread),
            };
            progress.step();
            Ok::<_, Failure>(source.map(|source| File { key, size: object.size, source }))
        });
        let files: Vec<Option<File>> = stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await?;
        let mut files: Vec<File> = files.into_iter().flatten().collect();
        let left_out = self.store.left_out().into_iter().map(|(key, why)| (format!("{below}{key}"), why));
        let left_out = left_out.filter(|(key, _)| {
            matches!(self.kind, Kind::Skills { .. }) || !below.is_empty() || skills::holds(&files, key)
        });
        let left_out: Vec<_> = left_out.map(|(key, why)| File { key, size: 0, source: Source::LeftOut(why) }).collect();
        files.extend(left_out);
        files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(ReadFiles { root, files, are_skills: true, page_size: None, progress })
    }
}

/// Files of one gallery that the command line selects.
struct Selection {
    config: Config,
    /// The keys of the files; `None` for all.
    only: Option<BTreeSet<String>>,
    /// Whether the whole folder of the gallery would be served.
    is_served: bool,
    kind: Kind,
}

/// The galleries that the command line selects; files of one gallery are checked together.
///
/// # Errors
/// A path that does not exist or is not a prompt, an invalid setting, a folder that cannot be opened.
pub(super) fn targets(paths: &[String], location: &Location) -> Result<Vec<Target>, Failure> {
    if paths.is_empty() {
        let config = location.config()?;
        let selection = |config, kind| Selection { config, only: None, is_served: true, kind };
        let skills = config
            .skills
            .as_ref()
            .map(|skills| Config { source: skills.in_store_of(&config.source), ..config.clone() });
        let selections = [
            Some(selection(config, Kind::Prompts { may_be_none: skills.is_some() })),
            skills.map(|config| selection(config, Kind::Skills { may_be_none: true })),
        ];
        return selections.into_iter().flatten().map(Target::open).collect();
    }
    let mut selections: Vec<(PathBuf, Selection)> = Vec::new();
    for path in paths {
        let new = select(path, location)?;
        let root = match &new.config.source {
            config::Source::Dir(dir) => dir.canonicalize().unwrap_or_else(|_| dir.clone()),
            config::Source::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}").into(),
        };
        match selections.iter_mut().find(|(known, selection)| *known == root && selection.kind == new.kind) {
            Some((_, known)) => match (&mut known.only, new.only) {
                (Some(keys), Some(more)) => keys.extend(more),
                (only, _) => *only = None,
            },
            None => selections.push((root, new)),
        }
    }
    selections.into_iter().map(|(_, selection)| Target::open(selection)).collect()
}

/// The gallery of a path, and the file if it is one.
fn select(path: &str, location: &Location) -> Result<Selection, Failure> {
    let whole = |flags, kind| {
        let config = Config::from_env(flags).map_err(Failure::unable)?;
        Ok(Selection { config, only: None, is_served: true, kind })
    };
    if let Some(address) = path.strip_prefix("s3://") {
        let (bucket, prefix) = bucket_and_prefix(address);
        if bucket.is_empty() {
            return Err(Failure::unable(format!("{path}: expected the name of a bucket, as in s3://BUCKET/PREFIX")));
        }
        let (bucket, prefix) = (Some(bucket.to_owned()), Some(prefix.to_owned()));
        let request_payer = location.request_payer.clone();
        return whole(Flags { bucket, prefix, request_payer, ..Flags::default() }, Kind::Both);
    }
    if let Some(dir) = skills::folder(Path::new(path)) {
        return whole(Flags { dir: Some(dir.to_owned()), ..Flags::default() }, kind_of(dir, location));
    }
    let Some(file) = path::file(path) else {
        let why = path::why_not_a_prompt(path).unwrap_or_else(|| format!("{path}: no such file or folder"));
        return Err(Failure::unable(why));
    };
    let placed = Placed::new(&file, location)?;
    let config = placed.config()?;
    let only = Some(BTreeSet::from([placed.key]));
    Ok(Selection { config, only, is_served: placed.is_served, kind: Kind::Prompts { may_be_none: false } })
}

/// What a folder has. In the folders of the server, it is what the server takes them for.
fn kind_of(dir: &Path, location: &Location) -> Kind {
    let Ok(prompts) = config::Source::from_env(&location.clone().into()) else { return Kind::Both };
    let is_it =
        |served: &Path| served.canonicalize().is_ok_and(|served| dir.canonicalize().is_ok_and(|dir| dir == served));
    match (SkillsSource::from_env(&prompts), &prompts) {
        (Ok(Some(SkillsSource::Dir(skills))), _) if is_it(&skills) => Kind::Skills { may_be_none: false },
        (_, config::Source::Dir(prompts)) if is_it(prompts) => Kind::Prompts { may_be_none: false },
        _ => Kind::Both,
    }
}

/// Splits `BUCKET/PREFIX`. An access point's ARN in place of the bucket may contain slashes itself.
fn bucket_and_prefix(address: &str) -> (&str, &str) {
    let mut words = ["accesspoint/", "accesspoint:"].into_iter().filter(|_| address.starts_with("arn:"));
    let from = words.find_map(|word| Some(address.find(word)? + word.len())).unwrap_or_default();
    match address[from..].find('/') {
        Some(slash) => (&address[..from + slash], &address[from + slash + 1..]),
        None => (address, ""),
    }
}

/// Reads all prompts and partials.
async fn read_all(store: &dyn PromptStore, objects: Vec<Object>, progress: &Progress) -> Result<Vec<File>, Failure> {
    let files = objects.into_iter().map(|object| async {
        let source = match Named::of(&object.key) {
            Some(_) => read_source(store, &object, bounds::SOURCE).await?,
            None => Some(Source::Unread),
        };
        progress.step();
        Ok::<_, Failure>(source.map(|source| File { key: object.key, size: object.size, source }))
    });
    let files: Vec<Option<File>> = stream::iter(files).buffered(CONCURRENT_READS).try_collect().await?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads some files and the partials that they use, directly or through other partials.
async fn read_some(
    store: &dyn PromptStore,
    objects: Vec<Object>,
    keys: &BTreeSet<String>,
) -> Result<Vec<File>, Failure> {
    let mut partials: HashMap<String, Vec<usize>> = HashMap::new();
    let mut indices: HashMap<&str, usize> = HashMap::new();
    for (index, object) in objects.iter().enumerate() {
        indices.insert(&object.key, index);
        if let Some(Named::Partial(name)) = Named::of(&object.key) {
            partials.entry(name).or_default().push(index);
        }
    }
    let index = |key: &String| {
        let missing = || Failure::unable(format!("there is no file {key} in {}", store.location()));
        indices.get(key.as_str()).copied().ok_or_else(missing)
    };
    let mut todo: Vec<usize> = keys.iter().map(index).collect::<Result<_, _>>()?;
    let mut seen: HashSet<usize> = todo.iter().copied().collect();
    let unread = |object: &Object| File { key: object.key.clone(), size: object.size, source: Source::Unread };
    let mut files: Vec<File> = objects.iter().map(unread).collect();
    while let Some(index) = todo.pop() {
        let object = &objects[index];
        let Some(source) = read_source(store, object, bounds::SOURCE).await? else { continue };
        if let Source::Read(text) = &source
            && let Some(references) = References::of(&object.key, text)
        {
            let used = references.partials.iter().filter_map(|name| partials.get(name)).flatten();
            todo.extend(used.filter(|index| seen.insert(**index)));
        }
        files[index].source = source;
    }
    Ok(files)
}

/// The text of a file; `None` if the file was deleted since the listing.
async fn read_source(store: &dyn PromptStore, object: &Object, max_bytes: u64) -> Result<Option<Source>, Failure> {
    if object.size > max_bytes {
        return Ok(Some(Source::TooLarge));
    }
    let mut read = store.get(object).await;
    if matches!(read, Err(StoreError::NotFound(_))) {
        // Replaced since the listing: any version will do.
        let any_version = Object { version: String::new(), ..object.clone() };
        read = store.get(&any_version).await;
    }
    match read {
        Ok(source) => Ok(Some(Source::Read(source))),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(e @ (StoreError::Denied(_) | StoreError::Refused(_))) => Ok(Some(Source::Refused(e.to_string()))),
        Err(e) => Err(Failure::unable(e)),
    }
}
