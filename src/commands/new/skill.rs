//! `new --skill`: creates a skill to start from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{New, path, write};
use crate::commands::files::{create_folder, stay_in};
use crate::failure::Failure;
use crate::program;
use check::skill;
use check::strays::is_hidden_or_backup;
use server::config::Source;
use store::env::process;

pub(super) fn run(args: &New) -> Result<ExitCode, Failure> {
    let source = Source::from_env(&args.location.clone().into()).map_err(Failure::unable)?;
    if !matches!(source, Source::Dir(_)) {
        let hint = "create the skill in a folder (SKILLS_DIR) and upload it with `aws s3 cp --recursive`";
        return Err(Failure::unable(format!("cannot write to a bucket: {hint}")));
    }
    let dir =
        process("SKILLS_DIR").filter(|dir| !dir.is_empty()).map_or_else(|| PathBuf::from("skills"), PathBuf::from);
    let folder = folder(&args.name, &dir)?;
    let name = folder.rsplit('/').next().unwrap_or(&folder);
    create_folder(&dir)?;
    let path = dir.join(&folder);
    stay_in(&dir, &path)?;
    create_folder(&path)?;
    let file = path.join(skill::FILE);
    write(&file, &starter(name))?;
    let check = args.location.command(&["check", &file.display().to_string()]);
    program::print(&format!("{}\n\nCheck it: {check}\n", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The path of the new skill in the folder of skills. `given` is that path, or the path of its folder or its file.
fn folder(given: &str, dir: &Path) -> Result<String, Failure> {
    let below = match path::is_path(given) && given.contains('/') {
        true => path::key_below(dir, given).map_err(|e| Failure::unable(format!("{given}: {e}")))?,
        false => None,
    };
    if below.is_none() && path::is_anchored(given) {
        return Err(Failure::unable(format!("{given} is outside of the folder {}; SKILLS_DIR sets it", dir.display())));
    }
    let folder = below.as_deref().unwrap_or(given).trim_end_matches('/');
    let folder = folder.strip_suffix("/SKILL.md").unwrap_or(folder);
    let (folders, name) = folder.rsplit_once('/').map_or((None, folder), |(folders, name)| (Some(folders), name));
    if let Some(rule) = skill::name_rule(name) {
        let plain = plain(name);
        let instead = folders.map(|folders| format!("{folders}/{plain}")).unwrap_or_else(|| plain.clone());
        let instead = if skill::is_skill_name(&plain) { format!(", try `{instead}`") } else { String::new() };
        return Err(Failure::unable(format!("invalid name `{name}`{instead}: {rule}")));
    }
    let is_folder = |part: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !part.is_empty() && part.chars().all(is_plain) && !is_hidden_or_backup(part.as_bytes())
    };
    match folders.and_then(|folders| folders.split('/').find(|part| !is_folder(part))) {
        Some(part) => {
            let rule = "use A-Z, a-z, 0-9, _, - and dots; no dot at the start";
            Err(Failure::unable(format!("invalid folder `{part}`: {rule}")))
        }
        None => Ok(folder.to_owned()),
    }
}

/// A name of a skill that is similar to `name`.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// A `SKILL.md` in which `check` finds no problems.
fn starter(name: &str) -> String {
    let plain = include_str!("starter.md").replace("NAME", name);
    let key = format!("{name}/{}", skill::FILE);
    // A name such as `true` or `123` is text only in quotes.
    match &*skill::read(&key, plain.as_bytes()).1 {
        [] => plain,
        _ => include_str!("starter.md").replacen("NAME", &format!("\"{name}\""), 1).replace("NAME", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_has_no_problems() {
        for name in ["a", "change-review", "123", "true", "null", "1e3", "yes", "0x1f", "2026-01-02"] {
            let source = starter(name);
            let (front_matter, problems) = skill::read(&format!("{name}/SKILL.md"), source.as_bytes());
            assert_eq!(problems, [], "{source}");
            assert_eq!(front_matter.and_then(|all| all.get("name").cloned()), Some(name.into()));
        }
    }

    #[test]
    fn a_similar_name_is_suggested() {
        for (name, expected) in
            [("My_Skill", "my-skill"), ("a b", "a-b"), ("-x-", "x"), ("größe", "gr-e"), ("a--b", "a-b")]
        {
            assert_eq!(plain(name), expected);
        }
    }
}
