//! `prompt-gallery completions`: the script for a shell, and the answers when that shell asks for completions.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use tokio::runtime;

use crate::failure::Failure;
use crate::location::Location;
use crate::{open, program, terminal};
use dotprompt::{Argument, Named, Prompt};
use gallery::Gallery;
use store::env::process;

/// Print a shell script that completes commands, options, prompts and their arguments
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

const AFTER_HELP: &str = "\
Examples:
  source <(prompt-gallery completions bash)       in ~/.bashrc
  source <(prompt-gallery completions zsh)        in ~/.zshrc, after compinit
  prompt-gallery completions fish | source        in ~/.config/fish/config.fish";

/// The script sets this variable when the shell asks for completions.
const VARIABLE: &str = "PROMPT_GALLERY_COMPLETE";
/// How long a store may take to answer while the user types.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Makes the parser of the command line.
pub(crate) type Parser = fn() -> Command;

pub(crate) fn run(args: &Completions) -> Result<ExitCode, Failure> {
    program::print(&script(args.shell)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The script with which `shell` asks this program.
fn script(shell: Shell) -> Result<String, Failure> {
    let program = std::env::args_os().next().unwrap_or_default();
    let path = Path::new(&program);
    // The shell finds a plain name in its PATH.
    let is_name = path.components().count() < 2;
    let path = if is_name { path.to_owned() } else { std::path::absolute(path).map_err(Failure::unable)? };
    let (shells, mut script) = (Shells::builtins(), Vec::new());
    let shell = shell.to_string();
    let shell = shells.completer(&shell).ok_or_else(|| Failure::unable(format!("unknown shell {shell}")))?;
    let (name, path) = (program::name(), path.to_string_lossy());
    shell.write_registration(VARIABLE, name, name, &path, &mut script).map_err(Failure::unable)?;
    // For bash, clap_complete 4.6 quotes a path twice (findings/clap-complete-bash-path.sh).
    let quoted = program::quoted(&*path);
    Ok(String::from_utf8_lossy(&script).replace(&format!("\"{quoted}\""), &quoted))
}

/// Answers a shell that asks for completions, and then ends the process. Does nothing in a normal run.
pub(crate) fn answer_shell(parser: Parser) {
    let factory = || {
        let render = |render: Command| {
            let render = render.mut_arg("name", |name| name.add(ArgValueCompleter::new(PromptCompleter(parser))));
            render.mut_arg("arguments", |words| words.add(ArgValueCompleter::new(ArgumentCompleter(parser))))
        };
        let export = |export: Command| {
            export.mut_arg("prompt", |name| name.add(ArgValueCompleter::new(PromptCompleter(parser))))
        };
        parser().mut_subcommand("render", render).mut_subcommand("export", export)
    };
    CompleteEnv::with_factory(factory).var(VARIABLE).complete();
}

/// Completes the name of a prompt, or the path of its file.
struct PromptCompleter(Parser);

impl ValueCompleter for PromptCompleter {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let is_shown =
            |path: &Path| path.is_dir() || path.file_name().and_then(OsStr::to_str).and_then(Named::of).is_some();
        let Some(typed) = current.to_str().filter(|typed| !typed.contains(['/', '.'])) else {
            return PathCompleter::any().filter(is_shown).complete(current);
        };
        let line = TypedLine::read(self.0);
        let files = line.and_then(|line| ask(&line.location, async |gallery| gallery.files().await.ok()));
        let files = files.unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(typed));
        files
            .map(|(name, object)| {
                CompletionCandidate::new(name).help(Some(terminal::visible(&object.key).into_owned().into()))
            })
            .collect()
    }
}

/// Completes an argument of a prompt: `KEY=`, and the value if the prompt has choices.
struct ArgumentCompleter(Parser);

impl ValueCompleter for ArgumentCompleter {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let (Some(line), Some(current)) = (TypedLine::read(self.0), current.to_str()) else { return Vec::new() };
        let Some(prompt) = line.prompt() else { return Vec::new() };
        // A file, as in `KEY=@FILE`. Some shells split a word at `=` and `@`.
        if line.words.last().is_some_and(|word| word == "=@") {
            return PathCompleter::any().complete(OsStr::new(current));
        }
        if let Some((key, path)) = current.split_once("=@") {
            let paths = PathCompleter::any().complete(OsStr::new(path)).into_iter();
            return paths.map(|path| path.add_prefix(format!("{key}=@"))).collect();
        }
        let argument = |key: &str| prompt.arguments().iter().find(|argument| argument.name == key);
        let split = match line.words.as_slice() {
            [.., key, equals] if equals == "=" => argument(key),
            [.., key] => argument(key),
            [] => None,
        };
        match (split, current.split_once('=')) {
            (Some(argument), _) => choices(argument, "", current.trim_start_matches('=')),
            (None, Some((key, value))) => {
                argument(key).map(|argument| choices(argument, &format!("{key}="), value)).unwrap_or_default()
            }
            (None, None) => keys(&prompt, &line.words, current),
        }
    }
}

/// The choices of an argument that start with `value`, each after `prefix`.
fn choices(argument: &Argument, prefix: &str, value: &str) -> Vec<CompletionCandidate> {
    let choices = argument.choices().into_iter().filter(|choice| choice.starts_with(value));
    choices.map(|choice| CompletionCandidate::new(format!("{prefix}{choice}"))).collect()
}

/// The arguments that start with `typed` and are not among `words`, as `KEY=`.
fn keys(prompt: &Prompt, words: &[String], typed: &str) -> Vec<CompletionCandidate> {
    let is_given = |name: &str| words.iter().any(|word| word.split('=').next() == Some(name));
    let arguments = prompt.arguments().iter().filter(|argument| argument.name.starts_with(typed));
    let candidate = |argument: &Argument| {
        let help = argument.listed_description.as_deref().map(|help| help.to_owned().into());
        CompletionCandidate::new(format!("{}=", argument.name)).help(help)
    };
    arguments.filter(|argument| !is_given(&argument.name)).map(candidate).collect()
}

/// The command line up to the word that is completed.
struct TypedLine {
    words: Vec<String>,
    location: Location,
    /// The prompt that `render` names.
    prompt: Option<String>,
}

impl TypedLine {
    fn read(parser: Parser) -> Option<Self> {
        let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
        let index = process("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
        let before = &words[..index.unwrap_or_else(|| words.len().saturating_sub(1)).min(words.len())];
        let matches = parser().ignore_errors(true).try_get_matches_from(before).ok()?;
        let location = Location::from_arg_matches(&matches).ok()?;
        let prompt = matches.subcommand_matches("render").and_then(|render| render.get_one::<String>("name").cloned());
        let words = before.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Some(Self { words, location, prompt })
    }

    fn prompt(&self) -> Option<Arc<Prompt>> {
        let name = self.prompt.as_deref()?;
        ask(&self.location, async |gallery| gallery.prompt(name).await.ok())
    }
}

/// Asks the gallery at `location`, if it answers in time. This process has no log.
fn ask<T>(location: &Location, question: impl AsyncFnOnce(&Gallery) -> Option<T>) -> Option<T> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(async {
        let config = location.config().ok()?;
        let answer = async { question(&open::gallery(open::store(&config.source).await.ok()?, &config)).await };
        tokio::time::timeout(TIMEOUT, answer).await.ok()?
    });
    // Do not wait for work that is still under way.
    runtime.shutdown_background();
    answer
}
