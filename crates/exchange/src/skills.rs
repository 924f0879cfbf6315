//! A folder of skills, as `FastMCP`'s `SkillsDirectoryProvider` reads it: each folder with a `SKILL.md` is a skill, with all files in it.

use crate::import::{Imported, InputFile, NewFile};
use crate::markdown::Document;
use crate::yaml;
use check::skill::{self, FILE};
use dotprompt::Level;

/// Characters of a description that `FastMCP` takes from the text of a skill.
const MAX_TAKEN: usize = 200;

/// Reads skills: the files of each one, if its `SKILL.md` is valid.
pub(crate) fn read(files: &[&InputFile]) -> Vec<Imported> {
    let mut folders: Vec<(String, &InputFile)> = Vec::new();
    for file in files {
        if let Some(folder) = file.path.strip_suffix(FILE).and_then(|path| path.strip_suffix('/')) {
            folders.push((folder.to_owned(), file));
        }
    }
    let mut imported = Vec::new();
    for (folder, main) in &folders {
        let main = match of_skill(main) {
            Ok(main) => main,
            Err(why) => {
                imported.push(Imported { from: folder.clone(), file: Err(why) });
                continue;
            }
        };
        imported.push(Imported { from: main.path.clone(), file: Ok(main) });
        for file in files.iter().filter(|file| file.path.ends_with(&format!("/{FILE}")) || file.path != *folder) {
            let is_in = file.path.strip_prefix(folder.as_str()).is_some_and(|path| path.starts_with('/'));
            let is_main = file.path.rsplit('/').next() == Some(FILE);
            // The nearest skill holds a file; those around it list it too.
            let is_nearer = |(other, _): &(String, &InputFile)| {
                other.len() > folder.len()
                    && file.path.strip_prefix(other.as_str()).is_some_and(|path| path.starts_with('/'))
            };
            if is_in && !is_main && !folders.iter().any(is_nearer) {
                let new = NewFile { path: file.path.clone(), bytes: file.bytes.clone(), notes: Vec::new() };
                imported.push(Imported { from: file.path.clone(), file: Ok(new) });
            }
        }
    }
    imported
}

/// The `SKILL.md` of a skill. `FastMCP` takes one without a name or a description; both are added.
fn of_skill(file: &InputFile) -> Result<NewFile, String> {
    if let Some(part) = file.path.split('/').find(|part| part.is_empty() || *part == "..") {
        return Err(format!("`{part}` is no folder of a skill"));
    }
    if skill::read(&file.path, &file.bytes).0.is_some() {
        return Ok(NewFile { path: file.path.clone(), bytes: file.bytes.clone(), notes: Vec::new() });
    }
    let completed = completed(file);
    let (bytes, notes) = completed.as_ref().map_or((&file.bytes, Vec::new()), |(bytes, notes)| (bytes, notes.clone()));
    let (fields, problems) = skill::read(&file.path, bytes);
    if fields.is_some() {
        return Ok(NewFile { path: file.path.clone(), bytes: bytes.clone(), notes });
    }
    let error = problems.into_iter().find(|problem| problem.code.level() == Level::Error);
    Err(error.map(|problem| problem.message).unwrap_or_default())
}

/// The file with the fields that it lacks.
fn completed(file: &InputFile) -> Option<(Vec<u8>, Vec<String>)> {
    let text = std::str::from_utf8(&file.bytes).ok()?;
    let document = Document::read(&file.path, &file.bytes).ok()?;
    let folder = file.path.rsplit('/').nth(1)?;
    let (mut added, mut notes) = (String::new(), Vec::new());
    if !document.fields.contains_key("name") {
        added.push_str(&format!("name: {}\n", yaml::quoted(folder)));
        notes.push("added: `name`, from the folder".to_owned());
    }
    if !document.fields.contains_key("description") {
        let line = document
            .body
            .lines()
            .map(|line| line.trim().trim_start_matches('#').trim())
            .find(|line| !line.is_empty())?;
        let line: String = line.chars().take(MAX_TAKEN).collect();
        added.push_str(&format!("description: {}\n", yaml::quoted(&line)));
        notes.push("added: `description`, from the first line".to_owned());
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = match text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) {
        Some(rest) => format!("---\n{added}{rest}"),
        None => format!("---\n{added}---\n\n{text}"),
    };
    (!notes.is_empty()).then(|| (rest.into_bytes(), notes))
}
