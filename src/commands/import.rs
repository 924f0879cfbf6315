//! `prompt-gallery import`: writes the prompts of another program into the gallery's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use tracing::level_filters::LevelFilter;

use super::files::{self, Planned};
use super::runtime;
use crate::failure::Failure;
use crate::location::Location;
use crate::program;
use check::skill::FILE as SKILL;
use dotprompt::Named;
use exchange::{Imported, InputFile, NewFile, Source};
use server::config::{self, Source as Store};
use store::env::process;
use store::{DirStore, PromptStore};

/// Write the prompts of another program into the folder of prompts
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Import {
    /// A file or a folder of the other program
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    path: PathBuf,
    /// The other program; found from the files if left out
    #[arg(long, value_name = "SOURCE", value_parser = source())]
    from: Option<Source>,
    #[arg(
        long,
        help = "Folder of skills, if skills are imported [env: SKILLS_DIR] [default: skills]",
        value_name = "DIR",
        value_hint = ValueHint::DirPath
    )]
    skills_dir: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
Placeholders become arguments. What the other program would run or replace stays as plain text, with a note. Skills are
copied into the folder of skills. docs/moving.md has the details.

Exit code: 0 if everything was written, 1 if something was refused, 2 if the files could not be read.

Examples:
  prompt-gallery import langfuse-prompts.json
  prompt-gallery import prompts.csv --dir ~/prompts
  prompt-gallery import .claude/commands
  prompt-gallery import ~/.gemini/commands
  prompt-gallery import .github/prompts/review.prompt.md
  prompt-gallery import --from skills ~/skills --skills-dir skills";

/// The most files of one import, and bytes of all of them.
const MAX_FILES: usize = 10_000;
const MAX_BYTES: u64 = 256 << 20;

fn source() -> impl TypedValueParser<Value = Source> {
    // The names that `check --client` knows are taken too.
    let value = |source: Source| PossibleValue::new(source.word()).aliases(source.other_words());
    let is_called = |source: &Source, word: &str| source.word() == word || source.other_words().contains(&word);
    PossibleValuesParser::new(Source::ALL.map(value)).map(move |word| {
        Source::ALL.into_iter().find(|source| is_called(source, &word)).expect("one of the possible values")
    })
}

pub(crate) fn run(args: &Import) -> Result<ExitCode, Failure> {
    let InputFiles { files, folders, hidden, links, misnamed, .. } = InputFiles::read(&args.path)?;
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let Some(source) = args.from.or_else(|| exchange::detect(&files, &folders)) else {
        let words = Source::ALL.map(Source::word).join("|");
        let why = "cannot tell which program these files are of";
        return Err(Failure::unable(format!("{}: {why}; pass --from {words}", args.path.display())));
    };
    let dir = folder(args, source)?;
    let imported = exchange::import(source, &files);
    if imported.is_empty() {
        let path = args.path.display();
        return Err(Failure::unable(format!("{path}: there are no files of the source `{}`", source.word())));
    }
    let count = match (source, imported.len()) {
        (Source::Skills, 1) => "1 file of a skill".to_owned(),
        (Source::Skills, count) => format!("{count} files of skills"),
        (_, 1) => format!("1 prompt from {}", source.word()),
        (_, count) => format!("{count} prompts from {}", source.word()),
    };
    // All are checked before the first one is written.
    let names = if source.is_skills() { Vec::new() } else { names(&dir)? };
    let planned = imported.into_iter().map(|one| plan(one, &dir, &names, args)).collect();
    let code = files::write_all(&dir, planned, &count)?;
    if !links.is_empty() {
        let why = "links that lead out of the folder, or to a folder, are left out";
        program::tell(format_args!("warning: {why}: {}", links.join(", ")));
    }
    if !misnamed.is_empty() {
        program::tell(format_args!("warning: names that are not UTF-8 are left out: {}", misnamed.join(", ")));
    }
    if !hidden.is_empty() {
        program::tell(format_args!("note: hidden files are left out: {}", hidden.join(", ")));
    }
    Ok(code)
}

/// The folder to write into.
fn folder(args: &Import, source: Source) -> Result<PathBuf, Failure> {
    if source.is_skills() {
        let from_env = || process("SKILLS_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        return Ok(args.skills_dir.clone().or_else(from_env).unwrap_or_else(|| "skills".into()));
    }
    match config::Source::from_env(&args.location.clone().into()).map_err(Failure::unable)? {
        Store::Dir(dir) => Ok(dir),
        Store::S3 { .. } => {
            let hint = "import into a folder (--dir DIR) and upload it with `aws s3 cp --recursive`";
            Err(Failure::unable(format!("cannot write to a bucket: {hint}")))
        }
    }
}

/// The names of the prompts in a folder, and their files.
fn names(dir: &Path) -> Result<Vec<(Named, String)>, Failure> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let objects = runtime::run(LevelFilter::ERROR, async {
        DirStore::open(dir).map_err(Failure::unable)?.list().await.map_err(Failure::unable)
    })?;
    Ok(objects.into_iter().filter_map(|object| Some((Named::of(&object.key)?, object.key))).collect())
}

/// Checks a file before the first one is written. `names` has the prompts that exist.
fn plan(
    Imported { from, file }: Imported,
    dir: &Path,
    names: &[(Named, String)],
    args: &Import,
) -> (String, Result<Planned, String>) {
    let planned = |NewFile { path, bytes, notes }| {
        let named = Named::of(&path);
        let other = names.iter().find(|(other, key)| Some(other) == named.as_ref() && *key != path);
        match (other, named) {
            (Some((_, key)), Some(Named::Prompt(name))) => {
                Err(format!("{} already has the name `{name}`", dir.join(key).display()))
            }
            _ => Planned::new(dir.join(path), bytes, notes, args.force),
        }
    };
    (from, file.and_then(planned))
}

/// Whether a link leads to a file below a folder, which has no links in its path.
fn leads_into(root: &Path, link: &Path) -> bool {
    link.canonicalize().is_ok_and(|target| target.starts_with(root) && target.is_file())
}

/// The files to import.
#[derive(Default)]
struct InputFiles {
    files: Vec<InputFile>,
    /// The names of the folders around them.
    folders: Vec<String>,
    /// The paths of hidden files and folders, which are left out.
    hidden: Vec<String>,
    /// The paths of links that lead out of the folder. Their targets are none of it, and may be private.
    links: Vec<String>,
    /// The paths of files and folders whose names are not UTF-8, as far as they can be shown.
    misnamed: Vec<String>,
    /// The size of all files.
    bytes: u64,
}

impl InputFiles {
    /// Reads a file, or all files of a folder.
    fn read(path: &Path) -> Result<Self, Failure> {
        let unable = |e: io::Error| Failure::unable(format!("{}: {e}", path.display()));
        let mut real = path.canonicalize().map_err(unable)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A skill is its folder.
        if name(&real) == SKILL {
            real.pop();
        }
        let folders = real.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let mut read = Self { folders, ..Self::default() };
        if !real.is_dir() {
            read.file(&real, name(&real))?;
            return Ok(read);
        }
        // The paths of a folder that is a skill begin with its name.
        let prefix = if real.join(SKILL).is_file() { format!("{}/", name(&real)) } else { String::new() };
        read.folder(&real, &real, &prefix)?;
        read.files.sort_by(|a, b| a.path.cmp(&b.path));
        read.hidden.sort();
        read.links.sort();
        read.misnamed.sort();
        Ok(read)
    }

    /// Adds the files of a folder and of those below. Links to folders, and those that lead out of `root`, are not followed.
    fn folder(&mut self, root: &Path, folder: &Path, prefix: &str) -> Result<(), Failure> {
        let unable = |e: io::Error| Failure::unable(format!("{}: {e}", folder.display()));
        for entry in fs::read_dir(folder).map_err(unable)? {
            let entry = entry.map_err(unable)?;
            let kind = entry.file_type().map_err(unable)?;
            let name = match entry.file_name().into_string() {
                Ok(name) => name,
                Err(name) => {
                    self.misnamed.push(format!("{prefix}{}", name.to_string_lossy()));
                    continue;
                }
            };
            let path = format!("{prefix}{name}");
            if name.starts_with('.') {
                self.hidden.push(path);
            } else if kind.is_dir() {
                self.folder(root, &entry.path(), &format!("{path}/"))?;
            } else if kind.is_symlink() && !leads_into(root, &entry.path()) {
                self.links.push(path);
            } else if entry.path().is_file() {
                self.file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    /// Adds a file.
    fn file(&mut self, at: &Path, path: String) -> Result<(), Failure> {
        let unable = |e: io::Error| Failure::unable(format!("{}: {e}", at.display()));
        self.bytes += fs::metadata(at).map_err(unable)?.len();
        if self.files.len() == MAX_FILES || self.bytes > MAX_BYTES {
            let most = format!("at most {MAX_FILES} files of {MAX_BYTES} bytes in all are read");
            return Err(Failure::unable(format!("{}: {most}; import a part of them", at.display())));
        }
        self.files.push(InputFile { path, bytes: fs::read(at).map_err(unable)? });
        Ok(())
    }
}
