//! Front matter: the YAML between the first two `---` lines.

pub(super) mod any;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::arguments::{self, Arguments};
use super::icon::{self, Icon};
use super::picoschema::{self, Schemas, UnknownName};
use super::problem::{Cause, Code, Place, Problem};
use super::reader::{Reader, did_you_mean, shorten};
use super::source::without_mark;
use super::yaml::{self, Key, Node, Span, Yaml};

/// A file, split into front matter and template.
pub(super) struct File<'a> {
    key: Arc<str>,
    /// The file up to the line that ends the front matter.
    yaml: Option<&'a str>,
    /// The template.
    pub(super) body: &'a str,
    /// The start of the template.
    pub(super) body_place: Place,
}

/// The values in front matter.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) icons: Vec<Icon>,
    /// The place of `tool: true`.
    pub(super) tool: Option<Place>,
    /// The place of `skill: true`.
    pub(super) skill: Option<Place>,
    pub(super) license: Option<String>,
    /// `metadata` of a skill: texts as they are written. `None` if it is not a map.
    pub(super) skill_metadata: Option<Map<String, Value>>,
    /// `None` if the file does not declare arguments, so that they are inferred from the template.
    pub(super) arguments: Option<Arguments>,
    /// `input.default`.
    pub(super) defaults: Map<String, Value>,
    /// The place of each default.
    pub(super) default_places: Vec<(String, Place)>,
    /// The metadata of the prompt as defined by Dotprompt.
    pub(super) metadata: Map<String, Value>,
}

/// Keys that this module reads.
const READ_KEYS: [&str; 9] = ["title", "tags", "icons", "tool", "skill", "license", "arguments", "input", "output"];
/// Dotprompt's keys that are text.
const TEXT_KEYS: [&str; 5] = ["description", "name", "variant", "version", "model"];
/// Dotprompt's other keys, which are kept as they are.
const KEPT_KEYS: [&str; 5] = ["config", "tools", "toolDefs", "ext", "metadata"];

/// Keys that Genkit reads and Dotprompt does not.
const GENKIT_KEYS: [&str; 3] = ["maxTurns", "returnToolRequests", "toolChoice"];

/// Splits a file at its fences.
///
/// # Errors
/// The file starts with a fence but has no second one.
pub(super) fn split<'a>(key: &Arc<str>, source: &'a str) -> Result<File<'a>, Problem> {
    let text = without_mark(source);
    let template = File { key: Arc::clone(key), yaml: None, body: text, body_place: Place::START };
    let Some((opening, start)) = opening_fence(text) else { return Ok(template) };
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if is_fence(line) {
            let yaml = &text[start..at];
            if opening > 0 && !is_map(yaml) {
                return Ok(template);
            }
            let body = text[at + line.len()..].trim_start();
            let body_place = Place::START.after(&text[..text.len() - body.len()]);
            return Ok(File { yaml: Some(&text[..at]), body: body.trim_end(), body_place, ..template });
        }
        at += line.len();
    }
    if opening > 0 {
        return Ok(template);
    }
    let message = "front matter begins here and no line of --- ends it";
    Err(Problem::new(Code::FrontMatter, key, Place::START, 3, message))
}

/// The template in the text of a prompt file, and its place; `None` if the front matter does not end.
#[must_use]
pub fn template_of(source: &str) -> Option<(&str, Place)> {
    let file = split(&Arc::from(""), source).ok()?;
    Some((file.body, file.body_place))
}

/// The bytes of the first fence and of the next line. Only blank lines and comments may come before.
fn opening_fence(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_fence(line) {
            return line.ends_with('\n').then_some((at, at + line.len()));
        }
        if !line.starts_with('#') && !line.trim().is_empty() {
            return None;
        }
        at += line.len();
    }
    None
}

/// Whether the text between two fences can be YAML. After a heading, the fences may be horizontal rules of Markdown.
fn is_map(yaml: &str) -> bool {
    let first = yaml.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_none_or(|line| line.contains(':'))
}

fn is_fence(line: &str) -> bool {
    line.trim_end_matches([' ', '\t', '\r', '\n']) == "---"
}

/// Reads the valid parts of a file's front matter. `schemas` finds schemas by name.
pub(super) fn read_front_matter(file: &File<'_>, schemas: Schemas<'_>, problems: &mut Vec<Problem>) -> FrontMatter {
    let mut front_matter = FrontMatter::default();
    for key in ["ext", "metadata", "config"] {
        front_matter.metadata.insert(key.to_owned(), Value::Object(Map::new()));
    }
    let Some(source) = file.yaml else { return front_matter };
    let mut reader = Reader::new(&file.key, source, problems);
    // Only the YAML crate counts it as the end of a line.
    if let Some(at) = lone_return(source) {
        let span = Span { place: Place::START.after(&source[..at]), width: 1 };
        reader.note(Code::Yaml, span, "front matter: carriage return without a line feed");
        return front_matter;
    }
    match yaml::parse(source) {
        Ok(root) if root.is_map() => read_map(&root, source, schemas, &mut front_matter, &mut reader),
        // Only comments.
        Ok(root) if root.is_null() => {
            front_matter.metadata.insert("raw".to_owned(), Value::Object(Map::new()));
        }
        Ok(root) => reader.unfit(Code::FrontMatter, "front matter", "a map such as `title: …`", &root),
        Err((code, span, message)) => reader.note(code, span, message),
    }
    problems.sort_by_key(|problem| problem.place);
    front_matter
}

fn lone_return(text: &str) -> Option<usize> {
    text.match_indices('\r').map(|(at, _)| at).find(|at| !text[at + 1..].starts_with('\n'))
}

fn read_map(root: &Node, source: &str, schemas: Schemas<'_>, front_matter: &mut FrontMatter, reader: &mut Reader<'_>) {
    const CODE: Code = Code::FrontMatter;
    let mut arguments = None;
    let mut input = None;
    let mut ext = Map::new();
    for (key, node) in root.entries() {
        let name = key.name.as_str();
        match name {
            "title" => front_matter.title = reader.text(CODE, "`title`", node),
            "description" => front_matter.description = reader.text(CODE, "`description`", node),
            "tags" => front_matter.tags = reader.texts(CODE, "`tags`", "[review, code]", node),
            "icons" => front_matter.icons = icon::read_icons(node, reader),
            "tool" if !node.is_null() => {
                let is_tool = reader.boolean(CODE, "`tool`", node) == Some(true);
                front_matter.tool = is_tool.then_some(key.span.place);
            }
            "skill" if !node.is_null() => {
                let is_skill = reader.boolean(CODE, "`skill`", node) == Some(true);
                front_matter.skill = is_skill.then_some(key.span.place);
            }
            "license" => front_matter.license = reader.text(CODE, "`license`", node),
            "arguments" if !node.is_null() => arguments = Some((key, node)),
            "input" if !node.is_null() => input = Some(node),
            _ if READ_KEYS.contains(&name) || TEXT_KEYS.contains(&name) || KEPT_KEYS.contains(&name) => {}
            _ if GENKIT_KEYS.contains(&name) => {}
            _ => match name.rsplit_once('.') {
                Some((namespace, field)) => {
                    let fields = ext.entry(namespace).or_insert_with(|| Value::Object(Map::new()));
                    fields[field] = node.to_json();
                }
                None => unknown_key(key, reader),
            },
        }
        if let Some(value) = metadata(name, node, source) {
            front_matter.metadata.insert(name.to_owned(), value);
        }
    }
    front_matter.metadata.insert("ext".to_owned(), ext.into());
    if front_matter.skill.is_some() {
        front_matter.skill_metadata = skill_metadata(root, reader);
    }
    let input = input.map(|node| read_input(node, schemas, front_matter, reader)).unwrap_or_default();
    if let Some(output) = root.get("output") {
        read_output(output, schemas, front_matter, reader);
    }
    front_matter.arguments = match (arguments, input.schema) {
        (Some((key, _)), Some(_)) => {
            reader.note(CODE, key.span, "a file has `arguments` or `input.schema`, not both");
            None
        }
        (Some((_, node)), None) => Some(arguments::from_items(node, input.defaults, reader)),
        (None, Some((node, schema))) => arguments::from_schema(&schema, node, input.defaults, reader),
        (None, None) => None,
    };
    if let Some(arguments) = &mut front_matter.arguments {
        arguments.defaults = front_matter.defaults.clone();
    }
    let declared = front_matter.arguments.as_deref().unwrap_or_default();
    for (key, node) in input.defaults.map(Node::entries).unwrap_or_default() {
        if !declared.iter().any(|argument| argument.name == key.name) {
            reader.number("the default", node);
        }
    }
    front_matter.metadata.insert("raw".to_owned(), root.to_json());
}

/// The value of a key in Dotprompt's metadata, before schemas are converted.
fn metadata(key: &str, node: &Node, source: &str) -> Option<Value> {
    match key {
        // Dotprompt replaces these keys.
        "ext" | "raw" => None,
        "config" if !node.is_map() => None,
        _ if TEXT_KEYS.contains(&key) => Some(node.text(source).map_or_else(|| node.to_json(), Value::String)),
        _ if KEPT_KEYS.contains(&key) || matches!(key, "input" | "output") => Some(node.to_json()),
        _ => None,
    }
}

/// `metadata` as Agent Skills defines it: a map of texts. A list or a map in it is its JSON. `None` if it is not a map.
fn skill_metadata(root: &Node, reader: &Reader<'_>) -> Option<Map<String, Value>> {
    let Some(node) = root.get("metadata") else { return Some(Map::new()) };
    let text = |(key, node): &(Key, Node)| {
        let text = match reader.value(node, true) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (!node.is_null()).then(|| (key.name.clone(), text.into()))
    };
    node.is_map().then(|| node.entries().iter().filter_map(text).collect())
}

fn unknown_key(key: &Key, reader: &mut Reader<'_>) {
    let message = format!("unknown key `{}`", shorten(&key.name));
    reader.report(Code::UnknownKey, key.span, message, |problem| {
        let known: Vec<_> = READ_KEYS.into_iter().chain(TEXT_KEYS).chain(KEPT_KEYS).collect();
        let hint = did_you_mean(&key.name, &known).unwrap_or_else(|| "readers of the format ignore it".to_owned());
        problem.with_hint(Some(hint)).with_cause(Cause::UnknownKey { name: key.name.clone(), known })
    });
}

#[derive(Default)]
struct Input<'n> {
    /// The JSON Schema, and its source.
    schema: Option<(&'n Node, Value)>,
    defaults: Option<&'n Node>,
}

fn read_input<'n>(
    node: &'n Node,
    schemas: Schemas<'_>,
    front_matter: &mut FrontMatter,
    reader: &mut Reader<'_>,
) -> Input<'n> {
    // A schema without the key `schema`, which other readers of the format ignore.
    if matches!(node.value, Yaml::String(_)) {
        front_matter.metadata.insert("input".to_owned(), Value::Object(Map::new()));
        return Input { schema: Some((node, read_schema(node, schemas, front_matter, reader))), defaults: None };
    }
    let Some([schema, defaults]) = reader.fields(Code::FrontMatter, "`input`", ["schema", "default"], node) else {
        return Input::default();
    };
    let defaults = defaults.filter(|node| {
        if !node.is_map() {
            reader.unfit(Code::FrontMatter, "`input.default`", "a map of values", node);
        }
        node.is_map()
    });
    if let Some(Value::Object(values)) = defaults.map(Node::to_json) {
        front_matter.defaults = values;
        let keys = defaults.into_iter().flat_map(Node::entries).map(|(key, _)| key);
        front_matter.default_places = keys.map(|key| (key.name.clone(), key.span.place)).collect();
    }
    let schema = schema.map(|node| (node, read_schema(node, schemas, front_matter, reader)));
    Input { schema, defaults }
}

fn read_schema(node: &Node, schemas: Schemas<'_>, front_matter: &mut FrontMatter, reader: &mut Reader<'_>) -> Value {
    let schema = picoschema::to_json_schema(node, "input.schema", UnknownName::Noted, schemas, reader);
    front_matter.metadata["input"]["schema"] = schema.clone();
    schema
}

/// Converts the schema of the output. It is for the program that calls the model, so values are not checked against it.
fn read_output(node: &Node, schemas: Schemas<'_>, front_matter: &mut FrontMatter, reader: &mut Reader<'_>) {
    const FORMATS: [&str; 5] = ["text", "json", "jsonl", "array", "enum"];
    if let Yaml::String(text) = &node.value {
        let key = if FORMATS.contains(&text.as_str()) { "format" } else { "schema" };
        front_matter.metadata.insert("output".to_owned(), serde_json::json!({ key: text }));
        let hint = || Some(format!("write `output: {{{key}: {}}}`", shorten(text)));
        let message = "other readers of the format expect a map for `output`";
        reader.note_with(Code::Portability, node.span, message, hint);
    } else if !node.is_map() {
        reader.unfit(Code::FrontMatter, "`output`", "a map of format, schema", node);
    } else if let Some(schema) = node.get("schema") {
        front_matter.metadata["output"]["schema"] =
            picoschema::to_json_schema(schema, "output.schema", UnknownName::Ignored, schemas, reader);
    }
}

#[cfg(test)]
mod tests;
