//! `prompt-gallery check`: reads the files, and prints what is wrong with them.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures_util::{StreamExt, TryStreamExt, stream};
use tracing::level_filters::LevelFilter;

use super::progress::Progress;
use super::{Failure, config, store};
use crate::check::report::{Format, Report};
use crate::check::{File, Source, check};
use crate::cli::{Check, Location};
use crate::config::{self, Config, Flags};
use crate::gallery::Named;
use crate::program;
use crate::prompt::{Level, Partial, PromptFile, bounds};
use crate::store::{Object, PromptStore, StoreError};

const CONCURRENT_READS: usize = 64;

pub(crate) fn run(args: &Check) -> Result<ExitCode, Failure> {
    let Target { config, only } = target(args)?;
    let page_size = if only.is_some() { usize::MAX } else { config.page_size };
    // What the store leaves out is in the report.
    let (root, mut files, progress) = super::run_telling(LevelFilter::ERROR, async {
        let store = store(&config)?;
        let objects = store.list().await.map_err(Failure::unable)?;
        let progress = Progress::new(2 * objects.len());
        let files = match &only {
            Some(key) => read_one(&*store, objects, key).await?,
            None => read_all(&*store, objects, &progress).await?,
        };
        let left_out = store.left_out().into_iter().filter(|_| only.is_none()).filter_map(left_out);
        Ok((store.location(), files.into_iter().chain(left_out).collect::<Vec<_>>(), progress))
    })?;
    files.sort_by(|a, b| a.object.key.cmp(&b.object.key));
    if files.iter().all(|file| matches!(file.source, Source::Unread)) {
        return Err(Failure::unable(format!("there is no prompt in {root}")));
    }
    let mut problems = check(&files, page_size, &|| progress.step());
    drop(progress);
    problems.retain(|problem| !args.allow.contains(&problem.code));
    let texts: HashMap<&str, &str> = files.iter().filter_map(text).collect();
    let report = Report {
        problems: &problems,
        files: files.iter().filter(|file| !matches!(file.source, Source::Unread)).count(),
        root: &root,
        source: |key: &str| texts.get(key).copied(),
    };
    // What programs read is written as it is.
    let mut out: Box<dyn Write> = match args.format {
        Format::Human => Box::new(BufWriter::new(anstream::stdout().lock())),
        Format::Json | Format::Github => Box::new(BufWriter::new(io::stdout().lock())),
    };
    program::written(report.write(args.format, &mut out).and_then(|()| out.flush()))?;
    let worst = if args.deny.is_some() { Level::Warning } else { Level::Error };
    Ok(ExitCode::from(u8::from(problems.iter().any(|problem| problem.code.level() <= worst))))
}

/// What would have been a prompt, or may be a folder of prompts.
fn left_out((key, why): (String, String)) -> Option<File> {
    let may_be_served = Named::of(&key).is_some() || Path::new(&key).extension().is_none();
    let object = Object { key, version: String::new(), size: 0 };
    may_be_served.then_some(File { object, source: Source::LeftOut(why) })
}

fn text(file: &File) -> Option<(&str, &str)> {
    match &file.source {
        Source::Read(source) => Some((file.object.key.as_str(), std::str::from_utf8(source).ok()?)),
        Source::TooLarge | Source::Denied | Source::LeftOut(_) | Source::Unread => None,
    }
}

/// What is to be checked.
struct Target {
    config: Config,
    /// The key of one file.
    only: Option<String>,
}

fn target(args: &Check) -> Result<Target, Failure> {
    let of = |flags| Config::from_env(flags).map_err(Failure::unable);
    let Some(path) = &args.path else { return Ok(Target { config: config(&args.location)?, only: None }) };
    if let Some(address) = path.strip_prefix("s3://") {
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        if bucket.is_empty() {
            return Err(Failure::unable(format!("{path}: a bucket's name follows, as in s3://BUCKET/PREFIX")));
        }
        let (bucket, prefix) = (Some(bucket.to_owned()), Some(prefix.to_owned()));
        return Ok(Target { config: of(Flags { bucket, prefix, ..Flags::default() })?, only: None });
    }
    let file = Path::new(path);
    if file.is_dir() {
        return Ok(Target { config: of(Flags { dir: Some(file.to_owned()), ..Flags::default() })?, only: None });
    }
    if !file.is_file() {
        return Err(Failure::unable(format!("{path}: there is no such file or folder")));
    }
    let (root, key) = root_of(file, &args.location)?;
    if Named::of(&key).is_none() {
        let takes = "a prompt's name ends in .prompt, .hbs or .handlebars, and begins with no dot";
        return Err(Failure::unable(format!("{path} is no prompt: {takes}")));
    }
    Ok(Target { config: of(Flags { dir: Some(root), ..Flags::default() })?, only: Some(key) })
}

/// The gallery that a file belongs to, and its key there: the folder that would be served if the file lies inside, else
/// the file's own.
pub(super) fn root_of(file: &Path, location: &Location) -> Result<(PathBuf, String), Failure> {
    let served = match Config::from_env(location.clone().into()) {
        Ok(Config { source: config::Source::Dir(dir), .. }) => Some(dir),
        Err(e) if location.dir.is_some() => return Err(Failure::unable(e)),
        // Nobody asked for it.
        Ok(_) | Err(_) => None,
    };
    let real = |path: &Path| path.canonicalize().map_err(|e| Failure::unable(format!("{}: {e}", path.display())));
    if let Some(dir) = served
        && let Ok(below) = real(file)?.strip_prefix(real(&dir)?)
    {
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        return Ok((dir, parts.join("/")));
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((parent.to_owned(), file.file_name().unwrap_or_default().to_string_lossy().into_owned()))
}

/// Reads all prompts and partials.
async fn read_all(store: &dyn PromptStore, objects: Vec<Object>, progress: &Progress) -> Result<Vec<File>, Failure> {
    let files = objects.into_iter().map(|object| async {
        let source = match Named::of(&object.key) {
            Some(_) => read(store, &object).await?,
            None => Some(Source::Unread),
        };
        progress.step();
        Ok::<_, Failure>(source.map(|source| File { object, source }))
    });
    let files: Vec<Option<File>> = stream::iter(files).buffered(CONCURRENT_READS).try_collect().await?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads one file and the partials that it leads to.
async fn read_one(store: &dyn PromptStore, objects: Vec<Object>, key: &str) -> Result<Vec<File>, Failure> {
    let mut partials = HashMap::new();
    for (index, object) in objects.iter().enumerate() {
        if let Some(Named::Partial(name)) = Named::of(&object.key) {
            partials.entry(name).or_insert(index);
        }
    }
    let mut files: Vec<File> = objects.into_iter().map(|object| File { object, source: Source::Unread }).collect();
    let mut todo: Vec<usize> = files.iter().position(|file| file.object.key == key).into_iter().collect();
    if todo.is_empty() {
        return Err(Failure::unable(format!("{key} is no file of {}", store.location())));
    }
    let mut seen: HashSet<usize> = todo.iter().copied().collect();
    while let Some(index) = todo.pop() {
        let object = &files[index].object;
        let Some(source) = read(store, object).await? else { continue };
        let used = used(&object.key, &source).into_iter().filter_map(|name| partials.get(&name).copied());
        todo.extend(used.filter(|index| seen.insert(*index)));
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
    match store.get(object).await {
        Ok(source) => Ok(Some(Source::Read(source))),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(StoreError::Denied(_) | StoreError::Refused(_)) => Ok(Some(Source::Denied)),
        Err(e) => Err(Failure::unable(e)),
    }
}
