//! The skills of a listing, and the files of each.

use super::super::problems::of_file;
use super::FILE;
use crate::strays::is_hidden_or_backup;
use dotprompt::{Code, Problem, shorten};

/// Files of one skill. The extension for MCP fixes both limits, so that every client can load a skill within them.
pub const MAX_FILES: usize = 512;
/// Size of all files of one skill in bytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The skills of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found<'k> {
    /// The paths of the folders with a `SKILL.md`, in the order of the listing. A skill may be inside another.
    pub paths: Vec<&'k str>,
    /// What the listing has beside skills that was probably meant to be one.
    pub problems: Vec<Problem>,
}

/// Finds the skills among keys, which are paths from the root of the skills.
pub fn find<'k>(keys: impl Iterator<Item = &'k str>) -> Found<'k> {
    let mut found = Found::default();
    let mut misspelt = Vec::new();
    for key in keys.filter(|key| is_file_of_a_skill(key)) {
        let (folder, file) = key.rsplit_once('/').unwrap_or(("", key));
        if file != FILE {
            if file.eq_ignore_ascii_case(FILE) {
                misspelt.push((folder, key));
            }
            continue;
        }
        let problem = match wrong_part(folder) {
            _ if folder.is_empty() && !key.contains('/') => {
                "a skill needs a folder of its own: move this file to NAME/SKILL.md".to_owned()
            }
            Some(part) => format!("a skill cannot be at `{}`: {part}", shorten(folder)),
            None => {
                found.paths.push(folder);
                continue;
            }
        };
        found.problems.push(of_file(key, Code::Skill, problem, None));
    }
    for (_, key) in misspelt.into_iter().filter(|(folder, _)| !found.paths.contains(folder)) {
        let hint = Some("rename to SKILL.md");
        found.problems.push(of_file(key, Code::NotASkill, "the file is not a skill: its name must be SKILL.md", hint));
    }
    found
}

/// Whether a key can be a file of a skill. Hidden files and the backup files of editors are not part of skills, nor are the empty
/// objects that stand for folders in S3.
#[must_use]
pub fn is_file_of_a_skill(key: &str) -> bool {
    !key.ends_with('/') && !key.split('/').any(|part| is_hidden_or_backup(part.as_bytes()))
}

/// The files of the skill at `path`, those of skills inside of it included. `files` are sorted by their keys.
pub fn files_of<'f, T>(path: &str, files: &'f [T], key: impl Fn(&T) -> &str) -> impl Iterator<Item = &'f T> {
    let folder = format!("{path}/");
    let start = files.partition_point(|file| key(file) < folder.as_str());
    let end = start + files[start..].partition_point(|file| key(file).starts_with(&folder));
    files[start..end].iter().filter(move |file| is_file_of_a_skill(key(file)))
}

/// Why a skill with these files is left out: paths from its folder, and sizes in bytes. `None` if it can be served.
pub fn limits<'f>(files: impl Iterator<Item = (&'f str, u64)>) -> Option<String> {
    let (mut count, mut bytes) = (0_usize, 0_u64);
    let mut wrong = None;
    for (path, size) in files {
        count += 1;
        bytes = bytes.saturating_add(size);
        if wrong.is_none() {
            wrong = wrong_part(path).map(|part| format!("the file `{}` cannot have an address: {part}", shorten(path)));
        }
    }
    if count > MAX_FILES {
        return Some(format!("the skill has {count} files: at most {MAX_FILES} are allowed"));
    }
    if bytes > MAX_BYTES {
        return Some(format!("the files of the skill have {bytes} bytes: at most {MAX_BYTES} are allowed"));
    }
    wrong
}

/// Why a path cannot be part of an address: clients resolve `.` and `..`, and drop empty parts.
pub(super) fn wrong_part(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| match part {
        "" => Some("a part of the path is empty"),
        "." => Some("a part of the path is `.`"),
        ".." => Some("a part of the path is `..`"),
        _ => None,
    })
}
