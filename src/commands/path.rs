//! Prompts that are named by the paths of their files.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::location::Location;
use check::strays;
use dotprompt::{EXTENSIONS, Named};
use server::config::{Config, Flags, Source};
use store::Object;

/// Whether a text is a path and not a name.
pub(super) fn is_path(text: &str) -> bool {
    text.contains(['/', '.']) || text.contains(std::path::MAIN_SEPARATOR)
}

/// Whether a path is absolute or relative to the current folder, so that it is not a key.
pub(super) fn is_anchored(path: &str) -> bool {
    Path::new(path).is_absolute() || path.starts_with("./") || path.starts_with("../")
}

/// A file of a gallery.
pub(super) struct Placed {
    /// The folder of the gallery.
    pub(super) root: PathBuf,
    pub(super) key: String,
    /// Whether the gallery is the one that would be served.
    pub(super) is_served: bool,
}

impl Placed {
    /// The gallery of a file, and the file's key there: the folder that would be served if the file is inside, else the
    /// file's own folder.
    ///
    /// # Errors
    /// `--dir` names a folder that cannot be served; a path cannot be resolved.
    pub(super) fn new(file: &Path, location: &Location) -> Result<Self, Failure> {
        let served = match location.config() {
            Ok(Config { source: Source::Dir(dir), .. }) => Some(dir),
            Err(e) if location.dir.is_some() => return Err(e),
            // The default folder need not exist.
            Ok(_) | Err(_) => None,
        };
        let real = |path: &Path| path.canonicalize().map_err(|e| Failure::unable(format!("{}: {e}", path.display())));
        if let Some(root) = served
            && let Ok(below) = real(file)?.strip_prefix(real(&root)?)
        {
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            return Ok(Self { root, key: parts.join("/"), is_served: true });
        }
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let key = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { root: parent.to_owned(), key, is_served: false })
    }

    /// The settings for the gallery of this file.
    ///
    /// # Errors
    /// A setting with an invalid value.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Config::from_env(Flags { dir: Some(self.root.clone()), ..Flags::default() }).map_err(Failure::unable)
    }
}

/// Why the file or folder at `path` is not a prompt, and what to do. `None` if nothing is there.
pub(super) fn why_not_a_prompt(path: &str) -> Option<String> {
    let metadata = Path::new(path).metadata().ok()?;
    if metadata.is_dir() {
        return Some(format!("{path} is a folder: name a prompt in it"));
    }
    let file = Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or(path);
    let hint = strays::todo(file).map(|todo| format!("; {todo}")).unwrap_or_default();
    Some(match file.starts_with('.') {
        true => format!("{path} is not a prompt: files whose names start with a dot are hidden"),
        false => format!("{path} is not a prompt: {}{hint}", strays::ENDINGS),
    })
}

/// The prompt or partial at `path`, with or without extension.
pub(super) fn file(path: &str) -> Option<PathBuf> {
    let is_named = |path: &Path| path.file_name().and_then(OsStr::to_str).and_then(Named::of).is_some();
    with_extensions(path).map(PathBuf::from).find(|path| path.is_file() && is_named(path))
}

/// The name of the prompt whose key is `path`, with or without extension.
pub(super) fn name_of<'f>(path: &str, files: &'f [(String, Object)]) -> Option<&'f str> {
    with_extensions(path).find_map(|key| files.iter().find(|(_, object)| object.key == key)).map(|(name, _)| &**name)
}

fn with_extensions(path: &str) -> impl Iterator<Item = String> {
    std::iter::once("").chain(EXTENSIONS).map(move |extension| format!("{path}{extension}"))
}

/// The key of `path` in the folder `dir`; `None` if the path is elsewhere. Neither has to exist.
///
/// # Errors
/// The current folder is gone.
pub(super) fn key_below(dir: &Path, path: &str) -> io::Result<Option<String>> {
    let path = std::path::absolute(path)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let below = real(folder)?.strip_prefix(real(dir)?).map(|folder| folder.join(name)).ok();
    let parts = below.as_deref().and_then(|below| below.iter().map(OsStr::to_str).collect::<Option<Vec<_>>>());
    Ok(parts.map(|parts| parts.join("/")))
}

/// Resolves the links of a path, as far as the path exists.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for existing in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (existing.canonicalize(), path.strip_prefix(existing)) {
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
