//! The arguments of a prompt on its way in or out, and the fields that other formats lack.

use serde::{Deserialize, Serialize};

use crate::yaml;

/// An argument of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
}

impl Parameter {
    pub(crate) fn required(name: impl Into<String>) -> Self {
        Self { name: name.into(), required: true, ..Self::default() }
    }

    /// What it is, on one line.
    pub(crate) fn words(&self) -> Option<String> {
        let words = self.description.as_deref().or(self.title.as_deref())?;
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then_some(words)
    }
}

/// The fields that a target has no place for. They are kept under a key of the gallery's own, [`KEY`], which other readers ignore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The target of the export, which tells the source of an import.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) arguments: Vec<Parameter>,
}

/// The key of front matter, and of TOML, that holds [`Kept`] as JSON.
pub(crate) const KEY: &str = "prompt-gallery";

impl Kept {
    /// As JSON on one line that is YAML too.
    pub(crate) fn to_json(&self) -> String {
        yaml::json(&serde_json::to_value(self).expect("texts serialise"))
    }

    /// Reads it; anything else is ignored.
    pub(crate) fn of_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// A valid name of an argument: other characters become `_`.
pub(crate) fn argument_name(given: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let name: String = given.trim().chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.is_empty() { "argument".to_owned() } else { name }
}

/// The names of the arguments of one prompt, each for one variable of the source.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<(String, String)>);

impl Names {
    /// The name for the variable `given`: `wanted` as far as it is valid, with a number if another variable has it.
    pub(crate) fn of(&mut self, given: &str, wanted: &str) -> String {
        let given = given.trim();
        if let Some((_, name)) = self.0.iter().find(|(known, _)| known == given) {
            return name.clone();
        }
        let wanted = argument_name(wanted);
        let names = std::iter::once(wanted.clone()).chain((2..).map(|number| format!("{wanted}_{number}")));
        let is_free = |name: &String| !self.0.iter().any(|(_, taken)| taken == name);
        let name = { names }.find(is_free).unwrap_or(wanted);
        self.0.push((given.to_owned(), name.clone()));
        name
    }
}
