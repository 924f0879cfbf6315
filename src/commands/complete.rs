//! What a shell completes while a command is typed: the names of prompts, and their arguments.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::CompleteEnv;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;
use tokio::runtime;

use super::{Failure, config, gallery, store};
use crate::cli::{CommandLine, Location};
use crate::program;
use dotprompt::Named;
use dotprompt::Prompt;
use gallery::config::process;
use gallery::gallery::Gallery;

/// Set by the script in the shell when it asks for completions.
const VARIABLE: &str = "PROMPT_GALLERY_COMPLETE";
/// Nobody waits for a bucket while typing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers the shell, where it is the one that has called; the process ends then.
pub(crate) fn answer() {
    CompleteEnv::with_factory(CommandLine::command).var(VARIABLE).complete();
}

/// The script that has `shell` ask this program.
///
/// # Errors
/// A shell that is not known.
pub(crate) fn script(shell: &str) -> Result<String, Failure> {
    let program = std::env::args_os().next().unwrap_or_default();
    let path = Path::new(&program);
    // The shell looks for a name alone in its path.
    let is_name = path.components().count() < 2;
    let path = if is_name { path.to_owned() } else { std::path::absolute(path).map_err(Failure::unable)? };
    let (shells, mut script) = (Shells::builtins(), Vec::new());
    let shell = shells.completer(shell).ok_or_else(|| Failure::unable(format!("unknown shell {shell}")))?;
    let (name, path) = (program::name(), path.to_string_lossy());
    shell.write_registration(VARIABLE, name, name, &path, &mut script).map_err(Failure::unable)?;
    // For bash, clap_complete 4.6 quotes a path twice (findings/clap-complete-bash-path.sh).
    let quoted = program::quoted(&*path);
    Ok(String::from_utf8_lossy(&script).replace(&format!("\"{quoted}\""), &quoted))
}

/// Completes the name of a prompt, or the path of its file.
pub(crate) struct Prompts;

impl ValueCompleter for Prompts {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let is_shown =
            |path: &Path| path.is_dir() || path.file_name().and_then(OsStr::to_str).and_then(Named::of).is_some();
        let Some(typed) = current.to_str().filter(|typed| !typed.contains(['/', '.'])) else {
            return PathCompleter::any().filter(is_shown).complete(current);
        };
        let files = Typed::read().and_then(|typed| asked(&typed.location, async |gallery| gallery.files().await.ok()));
        let files = files.unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(typed));
        files.map(|(name, object)| CompletionCandidate::new(name).help(Some(object.key.into()))).collect()
    }
}

/// Completes an argument: `KEY=`, and its value where the prompt offers some.
pub(crate) struct Arguments;

impl ValueCompleter for Arguments {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let (Some(typed), Some(current)) = (Typed::read(), current.to_str()) else { return Vec::new() };
        let Some(prompt) = typed.prompt() else { return Vec::new() };
        let key = |word: &str| prompt.arguments().iter().find(|argument| argument.name == word);
        // A file, as in `KEY=@FILE`. Some shells divide a word at its `=` and `@`.
        if typed.words.last().is_some_and(|word| word == "=@") {
            return PathCompleter::any().complete(OsStr::new(current));
        }
        if let Some((word, path)) = current.split_once("=@") {
            let paths = PathCompleter::any().complete(OsStr::new(path)).into_iter();
            return paths.map(|path| path.add_prefix(format!("{word}=@"))).collect();
        }
        let divided = match typed.words.as_slice() {
            [.., word, equals] if equals == "=" => key(word),
            [.., word] => key(word),
            _ => None,
        };
        let (argument, before, value) = match (divided, current.split_once('=')) {
            (Some(argument), _) => (argument, String::new(), current.trim_start_matches('=')),
            (None, Some((word, value))) => match key(word) {
                Some(argument) => (argument, format!("{word}="), value),
                None => return Vec::new(),
            },
            (None, None) => {
                let is_given = |name: &str| typed.words.iter().any(|word| word.split('=').next() == Some(name));
                let arguments = prompt.arguments().iter().filter(|argument| argument.name.starts_with(current));
                let new = arguments.filter(|argument| !is_given(&argument.name));
                return new
                    .map(|argument| {
                        let help = argument.listed_description.as_deref().map(|help| help.to_owned().into());
                        CompletionCandidate::new(format!("{}=", argument.name)).help(help)
                    })
                    .collect();
            }
        };
        let choices = argument.choices().into_iter().filter(|choice| choice.starts_with(value));
        choices.map(|choice| CompletionCandidate::new(format!("{before}{choice}"))).collect()
    }
}

/// What stands on the command line before the word that is completed.
struct Typed {
    words: Vec<String>,
    location: Location,
    prompt: Option<String>,
}

impl Typed {
    fn read() -> Option<Self> {
        let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
        let index = process("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
        let before = &words[..index.unwrap_or_else(|| words.len().saturating_sub(1)).min(words.len())];
        let matches = CommandLine::command().ignore_errors(true).try_get_matches_from(before).ok()?;
        let location = Location::from_arg_matches(&matches).ok()?;
        let prompt = matches.subcommand_matches("render").and_then(|render| render.get_one::<String>("name").cloned());
        let words = before.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Some(Self { words, location, prompt })
    }

    fn prompt(&self) -> Option<Arc<Prompt>> {
        let name = self.prompt.as_deref()?;
        asked(&self.location, async |gallery| gallery.prompt(name).await.ok())
    }
}

/// What the gallery of the command line answers in time. Nothing is logged: this process does not log.
fn asked<T>(location: &Location, ask: impl AsyncFnOnce(&Gallery) -> Option<T>) -> Option<T> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(async {
        let config = config(location).ok()?;
        let answer = async { ask(&gallery(store(&config).await.ok()?, &config)).await };
        tokio::time::timeout(PATIENCE, answer).await.ok()?
    });
    // What is still under way is not waited for.
    runtime.shutdown_background();
    answer
}
