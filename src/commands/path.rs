//! Prompts that are named by the paths of their files.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::check::{Placed, place};
use crate::cli::Location;
use check::strays;
use dotprompt::{EXTENSIONS, Named};
use gallery::config::{Config, Flags};
use gallery::store::Object;

/// Whether a text is a path and no name.
pub(super) fn is_path(text: &str) -> bool {
    text.contains(['/', '.']) || text.contains(std::path::MAIN_SEPARATOR)
}

/// Whether a path says where it begins, so that it is no key.
pub(super) fn is_anchored(path: &str) -> bool {
    Path::new(path).is_absolute() || path.starts_with("./") || path.starts_with("../")
}

/// The gallery of the file that `path` leads to, with or without extension, and the file there.
///
/// # Errors
/// When a folder that was asked for cannot be served.
pub(super) fn file_of(path: &str, location: &Location) -> Result<Option<(Config, Placed)>, Failure> {
    let Some(file) = file(path) else { return Ok(None) };
    let placed = place(&file, location)?;
    let flags = Flags { dir: Some(placed.root.clone()), ..Flags::default() };
    Ok(Some((Config::from_env(flags).map_err(Failure::unable)?, placed)))
}

/// Why what stands at `path` is no prompt, and what to do; nothing where nothing is there.
pub(super) fn no_prompt(path: &str) -> Option<String> {
    let metadata = Path::new(path).metadata().ok()?;
    if metadata.is_dir() {
        return Some(format!("{path} is a folder: name a prompt in it"));
    }
    Some(format!("{path} is no prompt: {}", no_prompt_name(path)))
}

/// Why a file of this name is no prompt.
pub(super) fn no_prompt_name(path: &str) -> String {
    let file = Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or(path);
    let todo = strays::todo(file).map(|todo| format!("; {todo}")).unwrap_or_default();
    match file.starts_with('.') {
        true => "a name that begins with a dot is hidden".to_owned(),
        false => format!("{}{todo}", strays::ENDINGS),
    }
}

/// The prompt or partial that `path` leads to, with or without extension.
pub(super) fn file(path: &str) -> Option<PathBuf> {
    let is_named = |path: &Path| path.file_name().and_then(OsStr::to_str).and_then(Named::of).is_some();
    with_extension(path).map(PathBuf::from).find(|path| path.is_file() && is_named(path))
}

/// The name of the prompt whose key is `path`, with or without extension.
pub(super) fn name_of<'f>(path: &str, files: &'f [(String, Object)]) -> Option<&'f str> {
    with_extension(path).find_map(|key| files.iter().find(|(_, object)| object.key == key)).map(|(name, _)| &**name)
}

fn with_extension(path: &str) -> impl Iterator<Item = String> {
    std::iter::once("").chain(EXTENSIONS).map(move |extension| format!("{path}{extension}"))
}

/// The key that `path` has in the folder `dir`, if it lies there; neither need exist.
///
/// # Errors
/// When the current folder is gone.
pub(super) fn key_below(dir: &Path, path: &str) -> io::Result<Option<String>> {
    let path = std::path::absolute(path)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let below = real(folder)?.strip_prefix(real(dir)?).map(|folder| folder.join(name)).ok();
    let parts = below.as_deref().and_then(|below| below.iter().map(OsStr::to_str).collect::<Option<Vec<_>>>());
    Ok(parts.map(|parts| parts.join("/")))
}

/// A path whose links are followed as far as it exists.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for there in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (there.canonicalize(), path.strip_prefix(there)) {
            return Ok(real.join(rest));
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_folder_has_a_key_there() {
        let here = std::env::current_dir().expect("the current folder");
        let absolute = here.join("prompts/a.prompt").to_string_lossy().into_owned();
        for (dir, path, expected) in [
            ("prompts", "prompts/team/x", Some("team/x")),
            ("prompts", "./prompts/x.prompt", Some("x.prompt")),
            ("./prompts/", "prompts//x", Some("x")),
            ("prompts", "src/../prompts/x", Some("x")),
            ("prompts", &absolute, Some("a.prompt")),
            ("no/such", "no/such/x", Some("x")),
            (".", "team/x", Some("team/x")),
            ("prompts", "team/x", None),
            ("prompts", "x", None),
            ("prompts", "prompts", None),
            ("prompts", "prompts/../x", None),
        ] {
            assert_eq!(key_below(Path::new(dir), path).expect("a folder").as_deref(), expected, "{path} in {dir}");
        }
    }
}
