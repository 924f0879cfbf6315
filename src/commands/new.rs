//! `prompt-gallery new`: a file to start from.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use super::{Failure, path};
use crate::cli::{Location, New};
use crate::program;
use crate::server;
use check::strays;
use dotprompt::{EXTENSIONS, Named, prompt_name};
use gallery::config::Source;

pub(crate) fn run(args: &New) -> Result<ExitCode, Failure> {
    let source = Source::from_env(&args.location.clone().into()).map_err(Failure::unable)?;
    let Source::Dir(dir) = &source else {
        let hint = "write it in a folder (--dir DIR) and publish it with `aws s3 cp`";
        return Err(Failure::unable(format!("a bucket is not written to: {hint}")));
    };
    let key = key(&args.name, dir, &args.location)?;
    let Some(name) = prompt_name(&key).filter(|_| is_plain(&key)) else { return Err(invalid(&args.name, &key)) };
    make_folder(dir)?;
    let objects = super::run(async {
        let store = server::open(&source).map_err(Failure::unable)?;
        store.list().await.map_err(Failure::unable)
    })?;
    let named = Named::Prompt(name.clone());
    if let Some(other) = objects.iter().find(|object| Named::of(&object.key).as_ref() == Some(&named)) {
        return Err(Failure::wrong(format!("{} is the prompt `{name}` already", dir.join(&other.key).display())));
    }
    let path = dir.join(&key);
    if let Some(folder) = path.parent() {
        stay_in(dir, folder)?;
        make_folder(folder)?;
    }
    write(&path)?;
    let render = args.location.command(&["render", &name]);
    program::print(&format!("{}\n\nTry it: {render} text=Hello\n", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The key of the file that `given` names, by its path or by the prompt's name.
fn key(given: &str, dir: &Path, location: &Location) -> Result<String, Failure> {
    // Those who are in the folder itself say a name.
    let below = if path::is_path(given) && given.contains('/') {
        path::key_below(dir, given).map_err(|e| Failure::unable(format!("{given}: {e}")))?
    } else {
        None
    };
    if below.is_none() && path::is_anchored(given) {
        return Err(Failure::unable(format!("{given} is outside of the folder {}; pass --dir DIR", dir.display())));
    }
    let key = below.unwrap_or_else(|| given.to_owned());
    // The name of a file means that file.
    if Named::of(&key).is_some() {
        return Ok(key);
    }
    match without_foreign_extension(&key) {
        Some(path) if !path.is_empty() => instead(given, &format!("{path}.prompt"), dir, location),
        _ => Ok(format!("{key}.prompt")),
    }
}

/// Asks whether to write another file than the one that was named, which would be no prompt.
fn instead(given: &str, key: &str, dir: &Path, location: &Location) -> Result<String, Failure> {
    let file = dir.join(key);
    let why = format!("{given} would be no prompt: the name of a file ends in .prompt, .hbs or .handlebars");
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let new = location.command(&["new", key.trim_end_matches(".prompt")]);
        return Err(Failure::unable(format!("{why}; `{new}` writes {}", file.display())));
    }
    let _ = write!(io::stderr(), "{why}.\nWrite {} instead? [Y/n] ", file.display());
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).map_err(|e| Failure::unable(format!("no answer: {e}")))?;
    match answer.trim().to_lowercase().as_str() {
        "" | "y" | "yes" if read > 0 => Ok(key.to_owned()),
        _ => Err(Failure::wrong("nothing is written")),
    }
}

/// A path without the extension of a file that is no prompt, such as `.md`, `.prompt.md` or `.PROMPT`.
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

/// That no prompt can have this name.
fn invalid(given: &str, key: &str) -> Failure {
    let takes = "use A-Z, a-z, 0-9, _ and -; / for folders, and one . before a variant; \
                 no part begins with -, and _ begins the name of a partial";
    let name = prompt_name(key).filter(|name| is_plain(&format!("{name}.prompt")));
    let instead = name.map(|name| format!(", try `{name}`")).unwrap_or_default();
    Failure::unable(format!("invalid name `{given}`{instead}: {takes}"))
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Failure::wrong(format!("{} exists and is not a folder", path.display())),
        _ => Failure::wrong(format!("cannot make the folder {}: {e}", path.display())),
    })
}

/// Refuses a folder that a link puts outside of the gallery: nothing is served from there.
fn stay_in(dir: &Path, folder: &Path) -> Result<(), Failure> {
    let there = folder.ancestors().find_map(|folder| folder.canonicalize().ok());
    let root = dir.canonicalize().map_err(|e| Failure::unable(format!("{}: {e}", dir.display())))?;
    match there.filter(|there| !there.starts_with(root)) {
        None => Ok(()),
        Some(there) => {
            let (folder, there, dir) = (folder.display(), there.display(), dir.display());
            Err(Failure::wrong(format!("a link leads from {folder} to {there}, out of {dir}")))
        }
    }
}

/// Writes a file that is not there yet.
fn write(path: &Path) -> Result<(), Failure> {
    let failed = |e: io::Error| match e.kind() {
        ErrorKind::AlreadyExists => Failure::wrong(format!("{} exists already", path.display())),
        _ => Failure::wrong(format!("cannot write {}: {e}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(STARTER.as_bytes()).map_err(failed)
}

/// Whether clients know the prompt of this file by its path, but for `/` and the dot of a variant.
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
        // That would be a partial.
        && !base.starts_with('_')
}

/// Renders as it is, and gives `check` nothing to say.
const STARTER: &str = include_str!("starter.prompt");

#[cfg(test)]
mod tests {
    use super::{is_plain, without_foreign_extension};

    #[test]
    fn a_file_of_another_kind_is_no_variant() {
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
    fn a_name_is_one_that_clients_will_know() {
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
