//! `prompt-gallery new`: a file to start from.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use super::Failure;
use crate::cli::New;
use crate::config::Source;
use crate::gallery::{Named, prompt_name};
use crate::program;
use crate::server;

pub(crate) fn run(args: &New) -> Result<ExitCode, Failure> {
    // Whoever says the file's name means that file.
    let key = match Named::of(&args.name) {
        Some(_) => args.name.clone(),
        None => format!("{}.prompt", args.name),
    };
    let Some(name) = prompt_name(&key).filter(|_| is_plain(&key)) else {
        let takes = "letters from A to Z, digits, _ and -, with / between folders and one . before a variant; \
                     no part begins with -, and the last not with _, which is for partials";
        return Err(Failure::unable(format!("`{}` is no prompt's name: it takes {takes}", args.name)));
    };
    let source = Source::from_env(&args.location.clone().into()).map_err(Failure::unable)?;
    let Source::Dir(dir) = &source else {
        let hint = "write it in a folder (--dir DIR) and publish it with `aws s3 cp`";
        return Err(Failure::unable(format!("a bucket is not written to: {hint}")));
    };
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
    let dir = args.location.dir.as_ref().map(|dir| format!(" --dir {}", program::quoted(dir))).unwrap_or_default();
    program::print(&format!("{}\n\nTry it: {} render{dir} {name} text=Hello\n", path.display(), program::called()))?;
    Ok(ExitCode::SUCCESS)
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
    use super::is_plain;

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
