//! `prompt-gallery check`: reads the files and prints their problems.

mod progress;
mod report;
mod skills;
mod target;

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};
use futures_util::{FutureExt, future};
use tracing::level_filters::LevelFilter;

use super::runtime;
use crate::failure::Failure;
use crate::location::Location;
use crate::program::{self, OutputError};
use crate::{terminal, watch};
use check::{Client, File, Options, Source, check, skill};
use dotprompt::{Code, Level};
use report::{CheckedGallery, Report};
use target::{ReadFiles, Target};

/// Find all problems of the prompts and skills, and what AI clients will do with them
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Check {
    #[arg(
        help = "Folders, files, s3://BUCKET/PREFIX [default: what would be served]",
        value_name = "PATH",
        value_hint = ValueHint::AnyPath,
        conflicts_with_all = ["bucket", "prefix"]
    )]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    location: Location,
    /// Output format
    #[arg(long, default_value = "human")]
    format: Format,
    /// Also fail on this level
    #[arg(long, value_name = "LEVEL")]
    deny: Option<Denied>,
    /// Suppress this warning or note (repeatable)
    #[arg(long, value_name = "CODE", value_parser = suppressible_code())]
    allow: Vec<Code>,
    /// Clients that your team uses: how to call each prompt there, and what is lost, as warnings; other clients are hidden
    #[arg(long, value_name = "CLIENT", value_delimiter = ',', value_parser = client())]
    client: Vec<Client>,
    /// Check again after each change of the files, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// How a report is written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// With the line of each problem
    Human,
    /// One array of objects
    Json,
    /// Commands that GitHub Actions shows in a pull request
    Github,
}

#[derive(Clone, Copy, ValueEnum)]
enum Denied {
    Warnings,
}

const AFTER_HELP: &str = "\
An error makes a prompt or a skill unusable; a warning or a note does not. What a client does with a prompt is a note,
or a warning with --client. If it concerns more than three files, it is shown once for all of them; --format json and
github show it for each file. With --client, a note for each prompt says what to type in that client, and which argument
gets which words.

Exit code: 0 without errors, 1 with errors (with --deny warnings also with warnings), 2 if the files could not be
checked. With --watch it is the exit code of the last check.

Examples:
  prompt-gallery check                                     what would be served
  prompt-gallery check prompts/team/review.prompt          one file and its partials
  prompt-gallery check prompts/a.prompt more-prompts/      several files and folders
  prompt-gallery check skills/refunds                      one skill
  prompt-gallery check s3://my-prompts/prompts/            with the standard AWS settings
  prompt-gallery check --deny warnings --client claude-code,vscode
  prompt-gallery check --watch                             again after each change
  prompt-gallery check --format github                     in a workflow of GitHub Actions";

/// Parses the code of a warning or a note.
fn suppressible_code() -> impl TypedValueParser<Value = Code> {
    let codes = || Code::ALL.iter().copied().filter(|code| code.level() != Level::Error);
    PossibleValuesParser::new(codes().map(Code::as_str))
        .map(move |word| codes().find(|code| code.as_str() == word).expect("one of the possible values"))
}

/// Parses the name of a client.
fn client() -> impl TypedValueParser<Value = Client> {
    PossibleValuesParser::new(Client::ALL.map(Client::word))
        .map(|word| Client::ALL.into_iter().find(|client| client.word() == word).expect("one of the possible values"))
}

/// `tools` are the names of the server's tools.
pub(crate) fn run(args: &Check, tools: &[&str]) -> Result<ExitCode, Failure> {
    let targets = target::targets(&args.paths, &args.location)?;
    // The report has the files that a store leaves out, so the log need not.
    runtime::run(LevelFilter::ERROR, async {
        match args.watch {
            true => watch(args, tools, &targets).await,
            false => Ok(report(args, tools, &read(&targets).await?)?.code.into()),
        }
    })
}

/// Checks again after each change, until the process is told to stop or standard output has no reader.
async fn watch(args: &Check, tools: &[&str], targets: &[Target]) -> Result<ExitCode, Failure> {
    let folders = targets.iter().map(Target::watch).collect::<Result<Vec<_>, _>>()?;
    // In a task, so that a signal during a check counts too.
    let mut stop = tokio::spawn(program::stop_signal());
    loop {
        let Reported { code, has_reader } = match read(targets).await {
            Ok(galleries) => report(args, tools, &galleries)?,
            // A missing file may come back.
            Err(e) => {
                e.print();
                Reported { code: e.code, has_reader: true }
            }
        };
        if !has_reader {
            return Ok(code.into());
        }
        let watched: Vec<_> = targets.iter().map(Target::location).collect();
        program::tell(format_args!("Watching {}. Ctrl-C stops it.", watched.join(", ")));
        let changed = future::select_all(folders.iter().map(|folder| watch::changed(folder).boxed()));
        tokio::select! {
            _ = &mut stop => return Ok(code.into()),
            () = program::output_closed() => return Ok(code.into()),
            _ = changed => {}
        }
    }
}

/// Reads the files of all targets.
async fn read(targets: &[Target]) -> Result<Vec<ReadFiles>, Failure> {
    let (mut galleries, mut none) = (Vec::new(), None);
    for target in targets {
        galleries.extend(target.read(&mut none).await?);
    }
    match none.filter(|_| galleries.is_empty()) {
        Some(none) => Err(none),
        None => Ok(galleries),
    }
}

/// The outcome of a report.
struct Reported {
    /// The exit code.
    code: u8,
    /// Whether standard output has a reader.
    has_reader: bool,
}

/// Checks the files and prints the problems.
fn report(args: &Check, tools: &[&str], galleries: &[ReadFiles]) -> Result<Reported, OutputError> {
    let keys = galleries.iter().filter(|gallery| gallery.are_skills).flat_map(|gallery| &gallery.files);
    let skills = skill::find(keys.map(|file| file.key.as_str())).paths;
    let checked = galleries.iter().map(|ReadFiles { root, files, are_skills, page_size, progress }| {
        let options = Options { page_size: *page_size, clients: &args.client, tools, skills: &skills };
        let mut problems = match are_skills {
            true => skill::check(files),
            false => check(files, &options, &|| progress.step()),
        };
        problems.retain(|problem| !args.allow.contains(&problem.code));
        let texts = files.iter().filter_map(text).collect();
        CheckedGallery { problems, files: files.iter().filter(|file| file.is_checked()).count(), root, texts }
    });
    let checked: Vec<_> = checked.collect();
    for gallery in galleries {
        gallery.progress.end();
    }
    let options = Options { page_size: None, clients: &args.client, tools, skills: &[] };
    let report = Report { galleries: &checked, options };
    let written = match args.format {
        Format::Human => report.human(BufWriter::new(anstream::stdout().lock())),
        // These contain no colours, so a pipe gets their bytes unchanged.
        Format::Json => write_shown(terminal::visible_json, |to| report.json(to)),
        Format::Github => write_shown(terminal::visible, |to| report.github(to)),
    };
    let has_reader = program::has_reader(written)?;
    let worst = if args.deny.is_some() { Level::Warning } else { Level::Error };
    let mut problems = checked.iter().flat_map(|gallery| &gallery.problems);
    let code = u8::from(problems.any(|problem| options.level(problem.code) <= worst));
    Ok(Reported { code, has_reader })
}

/// Writes to standard output; to a terminal as `shown` has it.
fn write_shown(
    shown: fn(&str) -> Cow<'_, str>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if !stdout.is_terminal() {
        return write(&mut BufWriter::new(stdout));
    }
    let mut text = Vec::new();
    write(&mut text)?;
    stdout.write_all(shown(&String::from_utf8_lossy(&text)).as_bytes())?;
    stdout.flush()
}

fn text(file: &File) -> Option<(&str, &str)> {
    let Source::Read(source) = &file.source else { return None };
    Some((file.key.as_str(), std::str::from_utf8(source).ok()?))
}
