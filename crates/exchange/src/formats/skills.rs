//! Agent Skills: `name/SKILL.md`. A skill has no arguments, so they are written in words. Claude Code runs commands and replaces
//! placeholders in skills as in its commands, and other agents show an escape as it is: a text that would need one is refused.

use serde_json::Value;

use super::{Format, Written, claude};
use crate::draft::Draft;
use crate::import::InputFile;
use crate::live;
use crate::plan::Plan;
use crate::{words, yaml};

pub(crate) const FORMAT: Format = Format { word: "skills", program: "Claude Code", path, write, read };

fn path(_: &str, name: &str) -> String {
    format!("{}/SKILL.md", skill_name(name))
}

/// The name of a skill: a-z, digits and single hyphens.
pub(crate) fn skill_name(name: &str) -> String {
    let name = name.to_lowercase().replace(['_', '/'], "-");
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn write(plan: &Plan, path: &str) -> Result<Written, String> {
    let name = path.split('/').next().unwrap_or_default();
    if !check::skill::is_skill_name(name) {
        return Err(format!("a skill cannot have the name `{name}`"));
    }
    let description = plan.description.as_deref().ok_or("a skill needs a `description`")?;
    let text = words::write(plan)?;
    live::check("Claude Code", claude::scan, &text, &[], &[])?;
    let mut metadata = plan.metadata.clone();
    metadata.extend(plan.title.clone().map(|title| ("title".to_owned(), Value::from(title))));
    if !plan.tags.is_empty() {
        metadata.insert("tags".to_owned(), plan.tags.join(", ").into());
    }
    let mut file = "---\n".to_owned();
    for (field, text) in
        [("name", Some(name)), ("description", Some(description)), ("license", plan.license.as_deref())]
    {
        if let Some(text) = text {
            file.push_str(&format!("{field}: {}\n", yaml::quoted(text)));
        }
    }
    if !metadata.is_empty() {
        file.push_str("metadata:\n");
        for (key, value) in &metadata {
            file.push_str(&format!("  {}: {}\n", yaml::quoted(key), yaml::quoted(value.as_str().unwrap_or_default())));
        }
    }
    file.push_str(&format!("---\n\n{}\n", text.trim()));
    match check::skill::read(path, file.as_bytes()) {
        (Some(_), _) => Ok(Written { text: file, notes: Vec::new() }),
        (None, problems) => Err(problems.into_iter().next().map(|problem| problem.message).unwrap_or_default()),
    }
}

/// Skills are copied, not read: `skills.rs`.
fn read(_: &InputFile) -> Result<Draft, String> {
    Err("a skill is no prompt".to_owned())
}
