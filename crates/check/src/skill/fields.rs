//! The fields of a skill's front matter.

use serde_json::Value;

use super::super::problems::{at, of_file};
use super::folder_of;
use super::generated::name_rule;
use super::yaml::differs_in_yaml_1_1;
use dotprompt::tree::{Entry, Markdown};
use dotprompt::{Code, Problem, did_you_mean, nearest, shorten};

/// Characters of `description`.
pub(super) const MAX_DESCRIPTION: usize = 1_024;
/// Characters of `compatibility`.
const MAX_COMPATIBILITY: usize = 500;
/// The fields that Agent Skills defines.
const FIELDS: [&str; 6] = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/// Checks the fields of the skill with this key.
pub(super) fn check(key: &str, file: &Markdown<'_>) -> Vec<Problem> {
    let entries = file.entries.as_deref().unwrap_or_default();
    let mut problems = Vec::new();
    for (field, missing) in [("name", "the name of its folder"), ("description", "what it does and when to use it")] {
        if !entries.iter().any(|entry| entry.name == field) {
            let message = format!("a skill needs `{field}`: {missing}");
            problems.push(of_file(key, Code::Skill, message, None));
        }
    }
    for entry in entries {
        let wrong = match entry.name.as_str() {
            "name" => name(key, &entry.value),
            "description" => description(&entry.value),
            "license" => text("license", &entry.value).err(),
            "compatibility" => compatibility(&entry.value),
            "metadata" if !entry.value.is_object() => Some(must_be("metadata", "a map of texts", &entry.value)),
            _ => None,
        };
        problems.extend(wrong.map(|message| on(key, entry, Code::Skill, message, None)));
        problems.extend(doubtful(key, entry));
    }
    problems.extend(read_differently(key, file));
    problems
}

/// A problem of an entry's value.
fn on(key: &str, entry: &Entry, code: Code, message: impl Into<String>, hint: Option<String>) -> Problem {
    at(key, entry.value_place, entry.value_width, code, message, hint)
}

fn name(key: &str, value: &Value) -> Option<String> {
    let name = match text("name", value) {
        Ok(name) => name,
        Err(message) => return Some(message),
    };
    if let Some(rule) = name_rule(name) {
        return Some(format!("invalid name `{}`: {rule}", shorten(name)));
    }
    let folder = folder_of(key)?;
    (name != folder)
        .then(|| format!("the name is `{name}` and the folder `{}`: they must be the same", shorten(folder)))
}

fn description(value: &Value) -> Option<String> {
    match text("description", value) {
        Err(message) => Some(message),
        Ok(text) if text.trim().is_empty() => {
            Some("`description` is empty: say what the skill does and when".to_owned())
        }
        Ok(text) => too_long("description", MAX_DESCRIPTION, text),
    }
}

fn compatibility(value: &Value) -> Option<String> {
    match text("compatibility", value) {
        Err(message) => Some(message),
        Ok("") => Some("`compatibility` is empty: leave it out".to_owned()),
        Ok(text) => too_long("compatibility", MAX_COMPATIBILITY, text),
    }
}

pub(super) fn too_long(field: &str, most: usize, text: &str) -> Option<String> {
    let length = text.chars().count();
    (length > most).then(|| format!("`{field}` has {length} characters: at most {most} are allowed"))
}

fn text<'v>(field: &str, value: &'v Value) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| must_be(field, "text", value))
}

fn must_be(field: &str, expected: &str, value: &Value) -> String {
    let kind = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    };
    format!("`{field}` must be {expected}, not {kind}")
}

/// Warnings of an entry that some clients ignore or refuse.
fn doubtful(key: &str, entry: &Entry) -> Vec<Problem> {
    match entry.name.as_str() {
        "metadata" => {
            let others = entry.entries.iter().filter(|entry| !entry.value.is_string());
            let problem = |other: &Entry| {
                let message = must_be(&format!("metadata.{}", shorten(&other.name)), "text", &other.value);
                let hint = Some("write the value in quotes".to_owned());
                on(key, other, Code::SkillField, message, hint)
            };
            others.map(problem).collect()
        }
        "allowed-tools" if !entry.value.is_string() => {
            let message = must_be("allowed-tools", "text, with blanks between the tools", &entry.value);
            vec![on(key, entry, Code::SkillField, message, None)]
        }
        name if !FIELDS.contains(&name) => {
            let near = nearest(name, FIELDS.into_iter());
            let message = format!("unknown field `{}`", shorten(name));
            let problem =
                |near| at(key, entry.place, name.chars().count(), Code::UnknownKey, message, Some(did_you_mean(near)));
            near.map(problem).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Warns of values that readers of YAML 1.1 take as another value: a client compares the front matter with the entry that the
/// server sends, and does not load a skill that differs.
fn read_differently(key: &str, file: &Markdown<'_>) -> Vec<Problem> {
    let differing = file.scalars.iter().filter(|scalar| differs_in_yaml_1_1(&scalar.written));
    let problem = |scalar: &dotprompt::tree::Scalar| {
        let written = shorten(&scalar.written);
        let message = format!("clients may read `{written}` as another value than text, and not load the skill");
        let message = if scalar.value.is_string() { message } else { message.replace(" than text", "") };
        let hint = Some(format!("write it in quotes: \"{written}\""));
        at(key, scalar.place, scalar.written.chars().count(), Code::Portability, message, hint)
    };
    let mut problems: Vec<Problem> = differing.map(problem).collect();
    keys_read_differently(key, file.entries.as_deref().unwrap_or_default(), &mut problems);
    problems
}

/// The same for keys.
fn keys_read_differently(key: &str, entries: &[Entry], problems: &mut Vec<Problem>) {
    for Entry { name, place, is_quoted, entries, .. } in entries {
        if !is_quoted && (is_not_text(name) || differs_in_yaml_1_1(name)) {
            let name = shorten(name);
            let message =
                format!("clients may read the key `{name}` as another value than text, and not load the skill");
            let hint = Some(format!("write it in quotes: \"{name}\""));
            problems.push(at(key, *place, name.chars().count(), Code::Portability, message, hint));
        }
        keys_read_differently(key, entries, problems);
    }
}

/// Whether a text without quotes is null, true, false or a number.
fn is_not_text(written: &str) -> bool {
    let is_word = ["", "~", "null", "true", "false"].iter().any(|word| written.eq_ignore_ascii_case(word));
    is_word || written.parse::<f64>().is_ok() || written.starts_with("0x")
}
