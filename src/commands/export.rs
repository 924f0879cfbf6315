//! `prompt-gallery export`: writes the prompts as files of another program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use futures_util::{StreamExt, stream};
use tracing::level_filters::LevelFilter;

use super::files::{self, Planned};
use super::{CONCURRENT_READS, runtime};
use crate::failure::Failure;
use crate::location::Location;
use crate::open;
use dotprompt::Prompt;
use exchange::{Exported, Target};
use gallery::GalleryError;

/// Write the prompts as commands of another program, or as skills
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Export {
    /// The program that reads the files
    #[arg(long, value_name = "TARGET", value_parser = target())]
    to: Target,
    /// The folder of the files, such as .claude/commands
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
    /// Only this prompt, by its name (repeatable)
    #[arg(long, value_name = "NAME")]
    prompt: Vec<String>,
    /// Also ask for optional arguments, which are required then
    #[arg(long)]
    all_arguments: bool,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
Arguments become placeholders of the target, or are listed in words where it has none. Optional arguments that the text
tests, or that have a default, keep their defaults or are left out, unless --all-arguments is given. A prompt that the target cannot hold is refused, and so
is one whose text the target would run or replace. docs/moving.md has the details.

Exit code: 0 if all prompts were written, 1 if some were refused, 2 if the prompts could not be read.

Examples:
  prompt-gallery export --to claude .claude/commands
  prompt-gallery export --to cursor .cursor/commands
  prompt-gallery export --to vscode .github/prompts
  prompt-gallery export --to gemini .gemini/commands
  prompt-gallery export --to opencode .opencode/commands
  prompt-gallery export --to skills .claude/skills --bucket my-prompts --prompt code-review";

fn target() -> impl TypedValueParser<Value = Target> {
    // The names that `check --client` knows are taken too.
    let value = |target: Target| PossibleValue::new(target.word()).aliases(target.other_words());
    let is_called = |target: &Target, word: &str| target.word() == word || target.other_words().contains(&word);
    PossibleValuesParser::new(Target::ALL.map(value)).map(move |word| {
        Target::ALL.into_iter().find(|target| is_called(target, &word)).expect("one of the possible values")
    })
}

/// A prompt, or why it cannot be read.
type Read = Result<Arc<Prompt>, String>;

pub(crate) fn run(args: &Export) -> Result<ExitCode, Failure> {
    let config = args.location.config()?;
    let prompts = runtime::run(LevelFilter::WARN, async {
        let gallery = open::gallery(open::store(&config.source).await?, &config);
        let files = gallery.files().await?;
        let unknown = args.prompt.iter().find(|name| !files.iter().any(|(known, _)| known == *name));
        if let Some(unknown) = unknown {
            // The gallery knows the nearest name.
            gallery.prompt(unknown).await.map_err(Failure::from)?;
        }
        let chosen = files.into_iter().filter(|(name, _)| args.prompt.is_empty() || args.prompt.contains(name));
        let read = chosen.map(|(name, object)| async {
            let prompt = match gallery.prompt(&name).await {
                Ok(prompt) => Ok(prompt),
                Err(GalleryError::Store(cause)) => return Err(Failure::unable(cause)),
                Err(e) => Err(e.to_string()),
            };
            Ok((name, object.key, prompt))
        });
        let read: Vec<Result<_, Failure>> = stream::iter(read).buffered(CONCURRENT_READS).collect().await;
        read.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    let count = format!("{} {}", prompts.len(), if prompts.len() == 1 { "prompt" } else { "prompts" });
    files::write_all(&args.folder, plan(args, &prompts), &count)
}

/// Checks all prompts before the first file is written.
fn plan(args: &Export, prompts: &[(String, String, Read)]) -> Vec<(String, Result<Planned, String>)> {
    let mut holders: BTreeMap<String, &str> = BTreeMap::new();
    let plan = |(name, key, prompt): &'_ (String, String, Read)| -> Result<Planned, String> {
        let Exported { path, text, notes } =
            exchange::export(args.to, key, name, prompt.as_ref().map_err(Clone::clone)?, args.all_arguments)?;
        Planned::new(args.folder.join(path), text.into_bytes(), notes, args.force)
    };
    let mut planned = Vec::new();
    for prompt in prompts {
        let mut one = plan(prompt);
        if let Ok(file) = &one {
            let path = file.path().display().to_string();
            // Some file systems do not tell upper from lower case.
            let holder = holders.entry(path.to_lowercase()).or_insert(&prompt.0);
            if *holder != prompt.0 {
                one = Err(format!("`{holder}` has the file {path}"));
            }
        }
        planned.push((prompt.0.clone(), one));
    }
    planned
}
