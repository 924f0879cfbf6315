//! The YAML between the first two `---` lines, and where the template begins.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{Location, MessageFormatter, Spanned, UserMessageFormatter};

use super::arguments::{self, Argument, ArgumentSpec};
use super::{PromptError, picoschema, position_at_end};

/// A file in its two parts.
pub(super) struct File<'a> {
    /// What stands between the fences; begins on line 2.
    yaml: Option<&'a str>,
    /// The template.
    pub(super) body: &'a str,
    /// Where the template begins in the file, each from 1.
    pub(super) body_line: usize,
    pub(super) body_column: usize,
}

/// What front matter says.
#[derive(Default)]
pub(super) struct Meta {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    /// `None` when the file declares none, so that the template tells.
    pub(super) arguments: Option<Vec<Argument>>,
    pub(super) defaults: Map<String, Value>,
}

/// Keys that are not read here belong to other readers of the format and are ignored.
#[derive(Deserialize, Default)]
struct FrontMatter {
    title: Option<String>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    arguments: Option<Spanned<Vec<Spanned<ArgumentSpec>>>>,
    input: Option<Input>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    schema: Option<Fields>,
    default: Option<Map<String, Value>>,
}

/// The fields of a schema in the author's order, each with its place.
pub(super) struct Fields(pub(super) Vec<(Spanned<String>, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of fields such as `name: string, what it is`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// Splits a file at its fences.
pub(super) fn split(source: &str) -> Result<File<'_>, PromptError> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let Some((first, rest)) = text.split_once('\n').filter(|(first, _)| is_fence(first)) else {
        return Ok(File { yaml: None, body: text, body_line: 1, body_column: 1 });
    };
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if is_fence(line) {
            let after = first.len() + 1 + offset + line.len();
            let body = text[after..].trim_start();
            let (body_line, body_column) = position_at_end(&text[..text.len() - body.len()]);
            return Ok(File { yaml: Some(&rest[..offset]), body: body.trim_end(), body_line, body_column });
        }
        offset += line.len();
    }
    Err(PromptError::new(1, 1, "front matter begins here and no line of --- ends it"))
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}

/// Reads the front matter of a file; a file without one says nothing.
pub(super) fn parse(file: &File<'_>) -> Result<Meta, PromptError> {
    let Some(yaml) = file.yaml.filter(|yaml| !yaml.trim().is_empty()) else { return Ok(Meta::default()) };
    // YAML 1.2, as the format's other readers take it: `y`, `no` and `on` are text.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let front_matter: FrontMatter = serde_saphyr::from_str_with_options(yaml, options).map_err(|e| {
        let (line, column) = e.location().map_or((2, 1), position);
        PromptError::new(line, column, yaml_message(&e))
    })?;
    let (schema, defaults) = match front_matter.input {
        Some(input) => (input.schema, input.default.unwrap_or_default()),
        None => (None, Map::new()),
    };
    let arguments = match (front_matter.arguments, schema) {
        (Some(arguments), Some(_)) => {
            let (line, column) = position(arguments.referenced);
            return Err(PromptError::new(line, column, "a file has `arguments` or `input.schema`, not both"));
        }
        (Some(specs), None) => Some(arguments::from_specs(specs.value, &defaults)?),
        (None, Some(schema)) => Some(picoschema::arguments(schema, &defaults)?),
        (None, None) => None,
    };
    Ok(Meta {
        title: front_matter.title,
        description: front_matter.description,
        tags: front_matter.tags.unwrap_or_default(),
        arguments,
        defaults,
    })
}

/// A place in the YAML as a place in the file, whose first line is the fence.
pub(super) fn position(location: Location) -> (usize, usize) {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
    (number(location.line()) + 1, number(location.column()))
}

/// The parser's words without its own line and column, which count from the fence.
fn yaml_message(e: &serde_saphyr::Error) -> String {
    let text = UserMessageFormatter.format_message(e);
    let text = text.lines().next().unwrap_or_default();
    let text = text.split(" at line ").next().unwrap_or_default();
    // YAML's words for what people call text, list and map.
    let text = match text {
        "expected string scalar" => "expected text",
        "expected sequence start" => "expected a list",
        "expected mapping start" => "expected a map",
        text => text,
    };
    let needs_quotes = ["mapping values", "unexpected character", "invalid trailing content"];
    let hint =
        if needs_quotes.iter().any(|start| text.starts_with(start)) { " (text may need quotes here)" } else { "" };
    format!("front matter: {text}{hint}")
}
