//! `prompt-gallery check`: reads the files, and prints what is wrong with them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, TryStreamExt, future, stream};
use tracing::level_filters::LevelFilter;

use super::around::Around;
use super::progress::Progress;
use super::report::{Format, Gallery, Report};
use super::{Failure, config};
use crate::cli::{Check, Location};
use crate::program::{self, OutputError};
use crate::{serve, server, watch};
use check::strays;
use check::{File, Options, Source, check};
use dotprompt::Named;
use dotprompt::{Level, Partial, PromptFile, bounds};
use gallery::config::{self, Config, Flags};
use gallery::store::{DirStore, Object, PromptStore, StoreError};

const CONCURRENT_READS: usize = 64;

pub(crate) fn run(args: &Check) -> Result<ExitCode, Failure> {
    let targets = targets(args)?;
    // What the stores leave out is in the report.
    super::run_telling(LevelFilter::ERROR, async {
        match args.watch {
            true => watch(args, &targets).await,
            false => Ok(report(args, &Read::all(&targets).await?)?.code.into()),
        }
    })
}

/// Checks again after each change, until the process is told to stop or nobody reads what it prints.
async fn watch(args: &Check, targets: &[Target]) -> Result<ExitCode, Failure> {
    let mut folders = Vec::new();
    for target in targets {
        let Some(folder) = &target.folder else {
            let store = target.store.location();
            return Err(Failure::unable(format!("--watch takes files and folders: {store} tells of no changes")));
        };
        folder
            .watch(watch::start)
            .map_err(|e| Failure::unable(format!("{}: cannot be watched: {e}", folder.location())))?;
        folders.push(folder);
    }
    // A task of its own hears the signal during a check too.
    let mut stop = tokio::spawn(serve::told_to_stop());
    loop {
        let Reported { code, is_read } = match Read::all(targets).await {
            Ok(read) => report(args, &read)?,
            // A file that is gone may come back.
            Err(e) => {
                e.tell();
                Reported { code: e.code, is_read: true }
            }
        };
        if !is_read {
            return Ok(code.into());
        }
        let watched: Vec<_> = folders.iter().map(|folder| folder.location()).collect();
        let _ = writeln!(io::stderr(), "Watching {}. Ctrl-C stops it.", watched.join(", "));
        let changed = future::select_all(folders.iter().map(|folder| serve::changed(folder).boxed()));
        tokio::select! {
            _ = &mut stop => return Ok(code.into()),
            () = program::closed() => return Ok(code.into()),
            _ = changed => {}
        }
    }
}

/// What was read of one target.
struct Read {
    root: String,
    files: Vec<File>,
    progress: Progress,
    page_size: Option<usize>,
}

impl Read {
    /// Reads all that is to be checked.
    async fn all(targets: &[Target]) -> Result<Vec<Self>, Failure> {
        let mut read = Vec::new();
        for target in targets {
            let root = target.store.location();
            let (files, progress) = target.read().await?;
            if files.iter().all(|file| matches!(file.source, Source::Unread)) {
                let strays = strays::notes(files.iter().map(|file| file.key.as_str()));
                let why = [strays::ENDINGS.to_owned()].into_iter().chain(strays).collect::<Vec<_>>().join("; ");
                return Err(Failure::unable(format!("there are no prompts in {root}: {why}")));
            }
            read.push(Self { root, files, progress, page_size: target.page_size });
        }
        Ok(read)
    }
}

/// What came of a report.
struct Reported {
    /// The exit code.
    code: u8,
    /// Whether standard output has a reader.
    is_read: bool,
}

/// Checks what was read and prints what is wrong.
fn report(args: &Check, read: &[Read]) -> Result<Reported, OutputError> {
    let options = |page_size| Options { page_size, clients: &args.client };
    let galleries = read.iter().map(|Read { root, files, progress, page_size }| {
        let mut problems = check(files, &options(*page_size), &|| progress.step());
        problems.retain(|problem| !args.allow.contains(&problem.code));
        let is_checked = |file: &&File| !matches!(file.source, Source::Unread);
        let texts = files.iter().filter_map(text).collect();
        let files = files.iter().filter(is_checked).count();
        Gallery { problems, files, root, texts }
    });
    let galleries: Vec<_> = galleries.collect();
    for read in read {
        read.progress.end();
    }
    let options = options(None);
    let report = Report { galleries: &galleries, options };
    // What programs read is written as it is.
    let mut out: Box<dyn Write> = match args.format {
        Format::Human => Box::new(BufWriter::new(anstream::stdout().lock())),
        Format::Json | Format::Github => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let is_read = program::written(report.write(args.format, &mut out).and_then(|()| out.flush()))?;
    let worst = if args.deny.is_some() { Level::Warning } else { Level::Error };
    let mut problems = galleries.iter().flat_map(|gallery| &gallery.problems);
    let code = u8::from(problems.any(|problem| options.level(problem.code) <= worst));
    Ok(Reported { code, is_read })
}

/// What would have been a prompt, or may be a folder of prompts.
fn left_out((key, why): (String, String)) -> Option<File> {
    let is_missed = strays::is_missed(&key);
    is_missed.then_some(File { key, size: 0, source: Source::LeftOut(why) })
}

fn text(file: &File) -> Option<(&str, &str)> {
    match &file.source {
        Source::Read(source) => Some((file.key.as_str(), std::str::from_utf8(source).ok()?)),
        Source::TooLarge | Source::Refused(_) | Source::LeftOut(_) | Source::Unread => None,
    }
}

/// A gallery that is to be checked, or some files of it.
struct Target {
    store: Arc<dyn PromptStore>,
    /// The same, if it is a folder.
    folder: Option<DirStore>,
    page_size: Option<usize>,
    /// The keys of the files, if not all are to be checked.
    only: Option<BTreeSet<String>>,
}

impl Target {
    fn new(Wanted { config, only, is_served }: Wanted) -> Result<Self, Failure> {
        let (store, folder): (Arc<dyn PromptStore>, _) = match &config.source {
            config::Source::Dir(dir) => {
                let folder = server::open_dir(dir).map_err(Failure::unable)?;
                let store: Arc<dyn PromptStore> = match &only {
                    Some(keys) if !is_served => Arc::new(Around::new(folder.clone(), dir.clone(), keys.clone())),
                    _ => Arc::new(folder.clone()),
                };
                (store, Some(folder))
            }
            config::Source::S3 { .. } => (server::open(&config.source).map_err(Failure::unable)?, None),
        };
        let page_size = Some(config.page_size).filter(|_| only.is_none());
        Ok(Self { store, folder, page_size, only })
    }

    /// All of its files, in the order of their keys; those are read that are to be checked.
    async fn read(&self) -> Result<(Vec<File>, Progress), Failure> {
        let objects = self.store.list().await.map_err(Failure::unable)?;
        let progress = Progress::new(2 * objects.len());
        let mut files = match &self.only {
            Some(keys) => read_some(&*self.store, objects, keys).await?,
            None => read_all(&*self.store, objects, &progress).await?,
        };
        if self.only.is_none() {
            files.extend(self.store.left_out().into_iter().filter_map(left_out));
        }
        files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok((files, progress))
    }
}

/// What the command line names of one gallery.
struct Wanted {
    config: Config,
    /// The keys of the files, if not all are to be checked.
    only: Option<BTreeSet<String>>,
    /// Whether all of the gallery's folder is served.
    is_served: bool,
}

/// What the paths name, files of one gallery together.
fn targets(args: &Check) -> Result<Vec<Target>, Failure> {
    if args.paths.is_empty() {
        return Ok(vec![Target::new(Wanted { config: config(&args.location)?, only: None, is_served: true })?]);
    }
    let mut all: Vec<(PathBuf, Wanted)> = Vec::new();
    for path in &args.paths {
        let wanted = wanted(path, &args.location)?;
        let root = match &wanted.config.source {
            config::Source::Dir(dir) => dir.canonicalize().unwrap_or_else(|_| dir.clone()),
            config::Source::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}").into(),
        };
        match all.iter_mut().find(|(known, _)| *known == root) {
            Some((_, known)) => match (&mut known.only, wanted.only) {
                (Some(keys), Some(more)) => keys.extend(more),
                (only, _) => *only = None,
            },
            None => all.push((root, wanted)),
        }
    }
    all.into_iter().map(|(_, wanted)| Target::new(wanted)).collect()
}

/// The gallery that a path names, and the key of the file if it is one.
fn wanted(path: &str, location: &Location) -> Result<Wanted, Failure> {
    let whole = |config| Wanted { config, only: None, is_served: true };
    let of = |flags| Config::from_env(flags).map_err(Failure::unable);
    if let Some(address) = path.strip_prefix("s3://") {
        let (bucket, prefix) = bucket_and_prefix(address);
        if bucket.is_empty() {
            return Err(Failure::unable(format!("{path}: a bucket's name follows, as in s3://BUCKET/PREFIX")));
        }
        let (bucket, prefix) = (Some(bucket.to_owned()), Some(prefix.to_owned()));
        let request_payer = location.request_payer.clone();
        return Ok(whole(of(Flags { bucket, prefix, request_payer, ..Flags::default() })?));
    }
    let file = Path::new(path);
    if file.is_dir() {
        return Ok(whole(of(Flags { dir: Some(file.to_owned()), ..Flags::default() })?));
    }
    let Some(file) = super::path::file(path) else {
        let why = super::path::no_prompt(path).unwrap_or_else(|| format!("{path}: no such file or folder"));
        return Err(Failure::unable(why));
    };
    let Placed { root, key, is_served } = place(&file, location)?;
    let config = of(Flags { dir: Some(root), ..Flags::default() })?;
    Ok(Wanted { config, only: Some(BTreeSet::from([key])), is_served })
}

/// The parts of `BUCKET/PREFIX`, where an access point's ARN may stand for the bucket: it has slashes of its own.
fn bucket_and_prefix(address: &str) -> (&str, &str) {
    let mut words = ["accesspoint/", "accesspoint:"].into_iter().filter(|_| address.starts_with("arn:"));
    let from = words.find_map(|word| Some(address.find(word)? + word.len())).unwrap_or_default();
    match address[from..].find('/') {
        Some(slash) => (&address[..from + slash], &address[from + slash + 1..]),
        None => (address, ""),
    }
}

/// A file of a gallery.
pub(super) struct Placed {
    pub(super) root: PathBuf,
    pub(super) key: String,
    /// Whether the gallery is the one that would be served.
    pub(super) is_served: bool,
}

/// The gallery that a file belongs to, and its key there: the folder that would be served if the file lies inside, else
/// the file's own.
pub(super) fn place(file: &Path, location: &Location) -> Result<Placed, Failure> {
    let served = match Config::from_env(location.clone().into()) {
        Ok(Config { source: config::Source::Dir(dir), .. }) => Some(dir),
        Err(e) if location.dir.is_some() => return Err(Failure::unable(e)),
        // Nobody asked for it.
        Ok(_) | Err(_) => None,
    };
    let real = |path: &Path| path.canonicalize().map_err(|e| Failure::unable(format!("{}: {e}", path.display())));
    if let Some(root) = served
        && let Ok(below) = real(file)?.strip_prefix(real(&root)?)
    {
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        return Ok(Placed { root, key: parts.join("/"), is_served: true });
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let key = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Placed { root: parent.to_owned(), key, is_served: false })
}

/// Reads all prompts and partials.
async fn read_all(store: &dyn PromptStore, objects: Vec<Object>, progress: &Progress) -> Result<Vec<File>, Failure> {
    let files = objects.into_iter().map(|object| async {
        let source = match Named::of(&object.key) {
            Some(_) => read(store, &object).await?,
            None => Some(Source::Unread),
        };
        progress.step();
        Ok::<_, Failure>(source.map(|source| File { key: object.key, size: object.size, source }))
    });
    let files: Vec<Option<File>> = stream::iter(files).buffered(CONCURRENT_READS).try_collect().await?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads some files and the partials that they lead to.
async fn read_some(
    store: &dyn PromptStore,
    objects: Vec<Object>,
    keys: &BTreeSet<String>,
) -> Result<Vec<File>, Failure> {
    let mut partials: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, object) in objects.iter().enumerate() {
        if let Some(Named::Partial(name)) = Named::of(&object.key) {
            partials.entry(name).or_default().push(index);
        }
    }
    let unread = |object: &Object| File { key: object.key.clone(), size: object.size, source: Source::Unread };
    let mut files: Vec<File> = objects.iter().map(unread).collect();
    let indices: HashMap<&str, usize> =
        objects.iter().zip(0..).map(|(object, index)| (object.key.as_str(), index)).collect();
    let index = |key: &String| {
        let missing = || Failure::unable(format!("{key} is no file of {}", store.location()));
        indices.get(key.as_str()).copied().ok_or_else(missing)
    };
    let mut todo: Vec<usize> = keys.iter().map(index).collect::<Result<_, _>>()?;
    let mut seen: HashSet<usize> = todo.iter().copied().collect();
    while let Some(index) = todo.pop() {
        let object = &objects[index];
        let Some(source) = read(store, object).await? else { continue };
        let used = used(&object.key, &source).into_iter().filter_map(|name| partials.get(&name)).flatten();
        todo.extend(used.filter(|index| seen.insert(**index)));
        files[index].source = source;
    }
    Ok(files)
}

/// The partials that a file uses, as far as it can be read.
fn used(key: &str, source: &Source) -> Vec<String> {
    let Source::Read(source) = source else { return Vec::new() };
    let owned = |name: &str| name.to_owned();
    match Named::of(key) {
        Some(Named::Partial(_)) => Partial::parse(key, source).map(|file| file.partials().map(owned).collect()),
        _ => PromptFile::parse(key, source).map(|file| file.partials().map(owned).collect()),
    }
    .unwrap_or_default()
}

/// The text of a file; nothing of one that has gone since it was listed.
async fn read(store: &dyn PromptStore, object: &Object) -> Result<Option<Source>, Failure> {
    if object.size > bounds::SOURCE {
        return Ok(Some(Source::TooLarge));
    }
    let mut read = store.get(object).await;
    // It was replaced since it was listed: as it is now.
    if matches!(read, Err(StoreError::NotFound(_))) {
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
