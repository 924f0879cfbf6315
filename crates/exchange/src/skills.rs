//! A folder of skills, as `FastMCP`'s `SkillsDirectoryProvider` reads it: each folder with a `SKILL.md` is a skill, with all files in it.

use crate::formats::skills::skill_name;
use crate::import::{Imported, InputFile, NewFile};
use crate::markdown::Document;
use crate::{paths, yaml};
use check::skill::{self, FILE};
use dotprompt::Level;

/// Characters of a description that `FastMCP` takes from the text of a skill.
const MAX_TAKEN: usize = 200;

/// Reads skills: the files of each one, if its `SKILL.md` is valid or can be made so.
pub(crate) fn read(files: &[&InputFile]) -> Vec<Imported> {
    let mut folders: Vec<(&str, &InputFile)> = Vec::new();
    for file in files {
        if let Some(folder) = file.path.strip_suffix(FILE).and_then(|path| path.strip_suffix('/')) {
            folders.push((folder, file));
        }
    }
    // The nearest skill holds a file.
    let holder = |path: &str| {
        let holds = |folder: &&str| path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'));
        folders.iter().map(|(folder, _)| *folder).filter(holds).max_by_key(|folder| folder.len())
    };
    let mut imported = Vec::new();
    for (folder, main) in &folders {
        let new_folder = new_folder(folder);
        match of_skill(main, &new_folder) {
            Err(why) => imported.push(Imported { from: (*folder).to_owned(), file: Err(why) }),
            Ok(main) => {
                imported.push(Imported { from: format!("{folder}/{FILE}"), file: Ok(main) });
                for file in files.iter().filter(|file| file.path != *format!("{folder}/{FILE}")) {
                    if holder(&file.path) == Some(folder) {
                        let path = format!("{new_folder}{}", &file.path[folder.len()..]);
                        let new = NewFile { path, bytes: file.bytes.clone(), notes: Vec::new() };
                        imported.push(Imported { from: file.path.clone(), file: Ok(new) });
                    }
                }
            }
        }
    }
    imported
}

/// The folder with a name that a skill can have, if it can be converted.
fn new_folder(folder: &str) -> String {
    let (around, name) = folder.rsplit_once('/').map_or(("", folder), |(around, name)| (around, name));
    let converted = match skill::is_skill_name(name) {
        true => name.to_owned(),
        false => skill_name(&paths::plain(name)),
    };
    if around.is_empty() { converted } else { format!("{around}/{converted}") }
}

/// The `SKILL.md` of a skill. `FastMCP` knows a skill by its folder, needs no fields, and does not read the front matter as YAML.
/// Where that differs from the rules of Agent Skills, the front matter is written anew.
fn of_skill(file: &InputFile, folder: &str) -> Result<NewFile, String> {
    if let Some(part) = file.path.split('/').find(|part| part.is_empty() || *part == "..") {
        return Err(format!("`{part}` is no folder of a skill"));
    }
    let path = format!("{folder}/{FILE}");
    if skill::read(&path, &file.bytes).0.is_some() {
        return Ok(NewFile { path, bytes: file.bytes.clone(), notes: Vec::new() });
    }
    let document = Document::read(&file.path, &file.bytes)?;
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let (bytes, mut notes) = rewritten(document, name);
    let (fields, problems) = skill::read(&path, &bytes);
    if fields.is_none() {
        let error = problems.into_iter().find(|problem| problem.code.level() == Level::Error);
        return Err(error.map(|problem| problem.message).unwrap_or_default());
    }
    if format!("{folder}/{FILE}") != file.path {
        notes.insert(0, format!("the folder is called `{name}`"));
    }
    Ok(NewFile { path, bytes, notes })
}

/// The file with new front matter, and what is different in it.
fn rewritten(mut document: Document, name: &str) -> (Vec<u8>, Vec<String>) {
    let mut notes = vec!["the front matter is written anew".to_owned()];
    if document.text("name").as_deref() != Some(name) {
        document.fields.insert("name".to_owned(), name.into());
        notes.push(format!("`name` is `{name}`, as the folder"));
    }
    if document.text("description").is_none() {
        let lines = document.body.lines().map(|line| line.trim().trim_start_matches('#').trim());
        let first =
            lines.filter(|line| !line.is_empty()).map(|line| line.chars().take(MAX_TAKEN).collect::<String>()).next();
        if let Some(first) = first {
            document.fields.insert("description".to_owned(), first.into());
            notes.push("`description` is the first line".to_owned());
        }
    }
    let fields =
        document.fields.iter().map(|(field, value)| format!("{}: {}\n", yaml::scalar(field), yaml::json(value)));
    let text = format!("---\n{}---\n\n{}\n", fields.collect::<String>(), document.body.trim());
    (text.into_bytes(), notes)
}
