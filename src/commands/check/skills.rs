//! The skills among the files of a target, and the skill that a target is itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use check::{File, skill};
use store::Object;

use crate::failure::Failure;
use server::config::Source;

/// A skill that is the target itself, so that its name is the last part of the target's address.
pub(super) struct Rooted {
    /// Where the skill is, for people.
    pub(super) root: String,
    /// The name of its folder, with a slash.
    pub(super) below: String,
}

/// The target as a skill, if its own folder has a `SKILL.md`. `location` is the target's address, for people.
pub(super) fn rooted(source: &Source, location: &str, objects: &[Object]) -> Result<Option<Rooted>, Failure> {
    if objects.binary_search_by(|object| object.key.as_str().cmp(skill::FILE)).is_err() {
        return Ok(None);
    }
    match source {
        Source::Dir(dir) => {
            let real = dir.canonicalize().map_err(|e| Failure::unable(format!("{location}: {e}")))?;
            let Some(name) = real.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Ok(None) };
            let root = parent(dir).unwrap_or_else(|| real.parent().unwrap_or(&real).to_owned());
            Ok(Some(Rooted { root: root.display().to_string(), below: format!("{name}/") }))
        }
        Source::S3 { prefix, .. } => {
            let name = prefix.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
            Ok(name.and_then(|name| {
                let below = format!("{name}/");
                Some(Rooted { root: location.strip_suffix(&below)?.to_owned(), below })
            }))
        }
    }
}

/// The folder around a folder, as the user wrote it; `None` for paths such as `.` and `a/..`.
fn parent(dir: &Path) -> Option<PathBuf> {
    let name = dir.components().next_back()?;
    let parent = dir.parent().filter(|_| matches!(name, std::path::Component::Normal(_)))?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

/// Divides files into those in the folders of skills, or probably meant to be skills, and the others.
pub(super) fn divide(objects: Vec<Object>) -> (Vec<Object>, Vec<Object>) {
    let found = skill::find(objects.iter().map(|object| object.key.as_str()));
    let paths: BTreeSet<String> = found.paths.iter().map(|path| (*path).to_owned()).collect();
    let odd: BTreeSet<String> = found.problems.iter().map(|problem| problem.file.to_string()).collect();
    let is_in_a_skill = |key: &str| key.match_indices('/').any(|(end, _)| paths.contains(&key[..end]));
    objects.into_iter().partition(|object| is_in_a_skill(&object.key) || odd.contains(&object.key))
}

/// Whether there are skills, or files that were probably meant to be skills.
pub(super) fn are_in(objects: &[Object]) -> bool {
    skill::find(objects.iter().map(|object| object.key.as_str())) != skill::Found::default()
}

/// Whether a file is in the folder of one of the skills, or is the `SKILL.md` of another.
pub(super) fn holds(files: &[File], key: &str) -> bool {
    let is_skill = |folder: &str| files.iter().any(|file| file.key.strip_prefix(folder) == Some("/SKILL.md"));
    key.rsplit('/').next() == Some(skill::FILE) || key.match_indices('/').any(|(end, _)| is_skill(&key[..end]))
}

/// The folder that a path names: a folder, or that of a `SKILL.md`.
pub(super) fn folder(path: &Path) -> Option<&Path> {
    if path.is_dir() {
        return Some(path);
    }
    let is_skill = path.file_name().is_some_and(|name| name == skill::FILE) && path.is_file();
    let folder = path.parent().filter(|_| is_skill)?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}
