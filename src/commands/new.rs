//! `prompt-gallery new`: creates a prompt file to start from.

mod skill;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use tracing::level_filters::LevelFilter;

use super::files::{create_folder, stay_in};
use super::{path, runtime};
use crate::failure::Failure;
use crate::location::Location;
use crate::program;
use check::strays;
use dotprompt::{EXTENSIONS, Named, prompt_name};
use server::config::Source;
use store::{DirStore, PromptStore};

/// Create a new prompt file, or a skill, to start from
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct New {
    /// The prompt or the path of its file; / separates folders
    #[arg(value_name = "NAME", value_hint = ValueHint::DirPath)]
    name: String,
    /// Create a skill: NAME/SKILL.md in the folder of skills
    #[arg(long)]
    skill: bool,
    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
Missing folders are created. Existing files are never overwritten.

Examples:
  prompt-gallery new review                     prompts/review.prompt
  prompt-gallery new review.hbs                 prompts/review.hbs
  prompt-gallery new team/review                prompts/team/review.prompt, which clients know as team_review
  prompt-gallery new prompts/team/review.hbs    the path of the file
  prompt-gallery new review --dir ~/prompts     in another folder
  prompt-gallery new --skill team/refunds       skills/team/refunds/SKILL.md";

pub(crate) fn run(args: &New) -> Result<ExitCode, Failure> {
    if args.skill {
        return skill::run(args);
    }
    let source = Source::from_env(&args.location.clone().into()).map_err(Failure::unable)?;
    let Source::Dir(dir) = &source else {
        let hint = "create the prompt in a folder (--dir DIR) and upload it with `aws s3 cp`";
        return Err(Failure::unable(format!("cannot write to a bucket: {hint}")));
    };
    let key = key(&args.name, dir, &args.location)?;
    let Some(name) = prompt_name(&key).filter(|_| is_plain(&key)) else { return Err(invalid(&args.name, &key)) };
    create_folder(dir)?;
    let objects = runtime::run(LevelFilter::WARN, async {
        DirStore::open(dir).map_err(Failure::unable)?.list().await.map_err(Failure::unable)
    })?;
    let named = Named::Prompt(name.clone());
    if let Some(other) = objects.iter().find(|object| Named::of(&object.key).as_ref() == Some(&named)) {
        return Err(Failure::wrong(format!("{} already has the name `{name}`", dir.join(&other.key).display())));
    }
    let path = dir.join(&key);
    if let Some(folder) = path.parent() {
        stay_in(dir, folder)?;
        create_folder(folder)?;
    }
    write(&path, STARTER)?;
    let render = args.location.command(&["render", &name]);
    program::print(&format!("{}\n\nTry it: {render} text=Hello\n", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The key of the new file. `given` is its path or the prompt's name.
fn key(given: &str, dir: &Path, location: &Location) -> Result<String, Failure> {
    // Without a slash it is a name in the folder of prompts, even where that is the current folder.
    let below = if path::is_path(given) && given.contains('/') {
        path::key_below(dir, given).map_err(|e| Failure::unable(format!("{given}: {e}")))?
    } else {
        None
    };
    if below.is_none() && path::is_anchored(given) {
        return Err(Failure::unable(format!("{given} is outside of the folder {}; pass --dir DIR", dir.display())));
    }
    let key = below.unwrap_or_else(|| given.to_owned());
    if Named::of(&key).is_some() {
        return Ok(key);
    }
    match without_foreign_extension(&key) {
        Some(path) if !path.is_empty() => instead(given, &format!("{path}.prompt"), dir, location),
        _ => Ok(format!("{key}.prompt")),
    }
}

/// Asks whether to write the file `key`, since the file `given` would not be a prompt.
fn instead(given: &str, key: &str, dir: &Path, location: &Location) -> Result<String, Failure> {
    let file = dir.join(key);
    let why = format!("{given} would not be a prompt: {}", strays::ENDINGS);
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let new = location.command(&["new", key.trim_end_matches(".prompt")]);
        return Err(Failure::unable(format!("{why}; `{new}` writes {}", file.display())));
    }
    program::ask(format_args!("{why}.\nWrite {} instead? [Y/n] ", file.display()));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).map_err(|e| Failure::unable(format!("no answer: {e}")))?;
    match answer.trim().to_lowercase().as_str() {
        "" | "y" | "yes" if read > 0 => Ok(key.to_owned()),
        _ => Err(Failure::wrong("nothing was written")),
    }
}

/// Removes the extension of a file that is not a prompt, such as `.md`, `.prompt.md` or `.PROMPT`.
fn without_foreign_extension(path: &str) -> Option<&str> {
    let without = |path: &'_ str, is_foreign: &dyn Fn(&str) -> bool| {
        let (stem, extension) = path.rsplit_once('.')?;
        is_foreign(&extension.to_lowercase()).then_some(stem.len())
    };
    let is_own = |extension: &str| EXTENSIONS.iter().any(|own| own[1..] == *extension);
    let stem =
        without(path, &|extension| strays::is_foreign(extension) || is_own(extension)).map(|end| &path[..end])?;
    Some(without(stem, &is_own).map_or(stem, |end| &stem[..end]))
}

fn invalid(given: &str, key: &str) -> Failure {
    let rule = "use A-Z, a-z, 0-9, _ and -; / for folders, and one . before a variant; \
                no part starts with -, and a name that starts with _ is a partial";
    let name = prompt_name(key).filter(|name| is_plain(&format!("{name}.prompt")));
    let instead = name.map(|name| format!(", try `{name}`")).unwrap_or_default();
    Failure::unable(format!("invalid name `{given}`{instead}: {rule}"))
}

/// Writes the starter file, unless the path exists.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |e: io::Error| match e.kind() {
        ErrorKind::AlreadyExists => Failure::wrong(format!("{} exists already", path.display())),
        _ => Failure::wrong(format!("cannot write {}: {e}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Whether the prompt's name is its path, apart from `/` and the dot before a variant.
fn is_plain(key: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let path = key.rsplit_once('.').map_or(key, |(path, _)| path);
    let (folders, file) = path.rsplit_once('/').map_or((None, path), |(folders, file)| (Some(folders), file));
    let (base, variant) = file.split_once('.').unwrap_or((file, "default"));
    folders.is_none_or(|folders| folders.split('/').all(is_plain))
        && is_plain(base)
        && is_plain(variant)
        // A partial.
        && !base.starts_with('_')
}

/// Renders as it is, and `check` finds no problems in it.
const STARTER: &str = include_str!("starter.prompt");

#[cfg(test)]
mod tests {
    use super::{is_plain, without_foreign_extension};

    #[test]
    fn a_foreign_extension_is_not_a_variant() {
        for (path, expected) in [
            ("a.md", Some("a")),
            ("team/a.TXT", Some("team/a")),
            ("a.njk", Some("a")),
            ("a.yaml", Some("a")),
            ("a.prompt.md", Some("a")),
            ("a.PROMPT", Some("a")),
            ("a.strict.md", Some("a.strict")),
            (".md", Some("")),
            ("a.strict", None),
            ("a.v2", None),
            ("a", None),
        ] {
            assert_eq!(without_foreign_extension(path), expected, "{path}");
        }
    }

    #[test]
    fn a_plain_name_needs_no_change() {
        for path in ["a", "team/code-review", "a_b/c.strict", "A1"] {
            assert!(is_plain(&format!("{path}.prompt")), "{path}");
        }
        for path in
            ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a.", "a.b.c", "_a", "a/_b", "-a", "a b", "é", "a\\b"]
        {
            assert!(!is_plain(&format!("{path}.prompt")), "{path}");
        }
    }
}
