//! All problems of a folder of skills.

use std::collections::HashMap;

use super::super::file::{File, Source};
use super::super::problems::of_file;
use super::{FILE, Found, files_of, find, is_file_of_a_skill, limits, read};
use dotprompt::{Code, Problem};

/// Finds all problems of skills, in the order of files and places. `files` are all files of the folder, sorted by their keys, those
/// named `SKILL.md` with their texts.
#[must_use]
pub fn check(files: &[File]) -> Vec<Problem> {
    let Found { paths, mut problems } = find(files.iter().map(|file| file.key.as_str()));
    let left_out = files.iter().filter(|file| is_file_of_a_skill(&file.key));
    problems.extend(left_out.filter_map(|file| match &file.source {
        Source::LeftOut(why) => {
            Some(of_file(&file.key, Code::Unreadable, format!("the file is left out: {why}"), None))
        }
        _ => None,
    }));
    let mut names = HashMap::new();
    for path in paths {
        let key = format!("{path}/{FILE}");
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(first) = names.get(name) {
            let message =
                format!("{first}/{FILE} has the name `{name}` too: a client that installs skills has one of them");
            problems.push(of_file(&key, Code::DuplicateName, message, Some("rename one of the folders")));
        } else {
            names.insert(name, path);
        }
        if let Ok(index) = files.binary_search_by(|file| file.key.cmp(&key)) {
            problems.extend(match &files[index].source {
                Source::Read(text) => read(&key, text).1,
                Source::Refused(why) => vec![dotprompt::unreadable(&key, why)],
                // `limits` reports one that is too large to be read.
                Source::TooLarge | Source::LeftOut(_) | Source::Unread => Vec::new(),
            });
        }
        let of_skill = files_of(path, files, |file| &file.key);
        let why = limits(of_skill.map(|file| (&file.key[path.len() + 1..], file.size)));
        problems.extend(why.map(|why| of_file(&key, Code::Skill, why, Some("the skill is left out"))));
    }
    problems.sort_by(|a, b| (&a.file, a.place, a.code).cmp(&(&b.file, b.place, b.code)));
    problems
}
