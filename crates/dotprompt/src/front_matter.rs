//! The YAML between the first two `---` lines: where it stands, and what it says.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::arguments::{self, Arguments};
use super::icon::{self, Icon};
use super::picoschema::{self, Schemas, UnknownName};
use super::problem::{Cause, Code, Place, Problem};
use super::reader::{Reader, did_you_mean, shorten};
use super::yaml::{self, Key, Node, Span, Yaml};

/// A file in its two parts.
pub(super) struct File<'a> {
    key: Arc<str>,
    /// From the beginning of the file to the line that ends the front matter.
    yaml: Option<&'a str>,
    /// The template.
    pub(super) body: &'a str,
    /// Where the template begins.
    pub(super) body_place: Place,
}

/// What front matter says.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) icons: Vec<Icon>,
    /// `None` when the file declares none: they are the template's variables.
    pub(super) arguments: Option<Arguments>,
    /// `input.default`.
    pub(super) defaults: Map<String, Value>,
    /// Where each of them is written.
    pub(super) default_places: Vec<(String, Place)>,
    /// The metadata of the prompt, as Dotprompt defines it.
    pub(super) metadata: Map<String, Value>,
}

/// Keys that are read here.
const READ_KEYS: [&str; 6] = ["title", "tags", "icons", "arguments", "input", "output"];
/// Dotprompt's keys that are text.
const TEXT_KEYS: [&str; 5] = ["description", "name", "variant", "version", "model"];
/// Dotprompt's other keys, which are kept as they are.
const KEPT_KEYS: [&str; 5] = ["config", "tools", "toolDefs", "ext", "metadata"];

/// Keys that Genkit reads and Dotprompt does not.
const GENKIT_KEYS: [&str; 3] = ["maxTurns", "returnToolRequests", "toolChoice"];

/// Splits a file at its fences.
///
/// # Errors
/// A file that begins with a fence and has no second one.
pub(super) fn split<'a>(key: &Arc<str>, source: &'a str) -> Result<File<'a>, Problem> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
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

/// Where the first fence begins, and where the next line does. Only blank lines and a licence in lines of `#` may
/// come before.
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

/// Whether what stands between two fences may be YAML: under a heading they may as well be Markdown's rules.
fn is_map(yaml: &str) -> bool {
    let first = yaml.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_none_or(|line| line.contains(':'))
}

fn is_fence(line: &str) -> bool {
    line.trim_end_matches([' ', '\t', '\r', '\n']) == "---"
}

/// Reads the front matter of a file, as far as it can be; a file without one says nothing. `schemas` knows schemas by
/// name.
pub(super) fn read_front_matter(file: &File<'_>, schemas: Schemas<'_>, problems: &mut Vec<Problem>) -> FrontMatter {
    let mut said = FrontMatter::default();
    for key in ["ext", "metadata", "config"] {
        said.metadata.insert(key.to_owned(), Value::Object(Map::new()));
    }
    let Some(source) = file.yaml else { return said };
    let mut reader = Reader::new(&file.key, source, problems);
    // To the YAML crate it ends a line, and to all others that count lines it does not.
    if let Some(at) = lone_return(source) {
        let span = Span { place: Place::START.after(&source[..at]), width: 1 };
        reader.note(Code::Yaml, span, "front matter: a carriage return stands here without a line feed");
        return said;
    }
    match yaml::parse(source) {
        Ok(root) if root.is_map() => read_map(&root, source, schemas, &mut said, &mut reader),
        // Nothing but comments.
        Ok(root) if root.is_null() => {
            said.metadata.insert("raw".to_owned(), Value::Object(Map::new()));
        }
        Ok(root) => reader.unfit(Code::FrontMatter, "front matter", "a map such as `title: …`", &root),
        Err((code, span, message)) => reader.note(code, span, message),
    }
    problems.sort_by_key(|problem| problem.place);
    said
}

fn lone_return(text: &str) -> Option<usize> {
    text.match_indices('\r').map(|(at, _)| at).find(|at| !text[at + 1..].starts_with('\n'))
}

fn read_map(root: &Node, source: &str, schemas: Schemas<'_>, said: &mut FrontMatter, reader: &mut Reader<'_>) {
    const CODE: Code = Code::FrontMatter;
    let mut arguments = None;
    let mut input = None;
    let mut ext = Map::new();
    for (key, node) in root.entries() {
        let name = key.name.as_str();
        match name {
            "title" => said.title = reader.text(CODE, "`title`", node),
            "description" => said.description = reader.text(CODE, "`description`", node),
            "tags" => said.tags = reader.texts(CODE, "`tags`", "[review, code]", node),
            "icons" => said.icons = icon::read_icons(node, reader),
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
            said.metadata.insert(name.to_owned(), value);
        }
    }
    said.metadata.insert("ext".to_owned(), ext.into());
    let input = input.map(|node| read_input(node, schemas, said, reader)).unwrap_or_default();
    if let Some(output) = root.get("output") {
        read_output(output, schemas, said, reader);
    }
    said.arguments = match (arguments, input.schema) {
        (Some((key, _)), Some(_)) => {
            reader.note(CODE, key.span, "a file has `arguments` or `input.schema`, not both");
            None
        }
        (Some((_, node)), None) => Some(arguments::from_items(node, input.defaults, reader)),
        (None, Some((node, schema))) => arguments::from_schema(&schema, node, input.defaults, reader),
        (None, None) => None,
    };
    let declared = said.arguments.as_deref().unwrap_or_default();
    let is_declared = |name: &str| declared.iter().any(|argument| argument.name == name);
    for (_, node) in
        input.defaults.map(Node::entries).unwrap_or_default().iter().filter(|(key, _)| !is_declared(&key.name))
    {
        reader.number("the default", node);
    }
    said.metadata.insert("raw".to_owned(), root.to_json());
}

/// A key of Dotprompt's as its readers return it, but for schemas.
fn metadata(key: &str, node: &Node, source: &str) -> Option<Value> {
    match key {
        // Dotprompt has its own for what stands under these.
        "ext" | "raw" => None,
        "config" if !node.is_map() => None,
        _ if TEXT_KEYS.contains(&key) => Some(node.text(source).map_or_else(|| node.to_json(), Value::String)),
        _ if KEPT_KEYS.contains(&key) || matches!(key, "input" | "output") => Some(node.to_json()),
        _ => None,
    }
}

fn unknown_key(key: &Key, reader: &mut Reader<'_>) {
    let message = format!("there is no key `{}`", shorten(&key.name));
    reader.report(Code::UnknownKey, key.span, message, |problem| {
        let known: Vec<_> = READ_KEYS.into_iter().chain(TEXT_KEYS).chain(KEPT_KEYS).collect();
        let hint = did_you_mean(&key.name, &known).unwrap_or_else(|| "readers of the format ignore it".to_owned());
        problem.with_hint(Some(hint)).with_cause(Cause::UnknownKey { name: key.name.clone(), known })
    });
}

#[derive(Default)]
struct Input<'n> {
    /// As JSON Schema, and where it is written.
    schema: Option<(&'n Node, Value)>,
    defaults: Option<&'n Node>,
}

fn read_input<'n>(node: &'n Node, schemas: Schemas<'_>, said: &mut FrontMatter, reader: &mut Reader<'_>) -> Input<'n> {
    // The schema alone, which other readers of the format do not find so.
    if matches!(node.value, Yaml::String(_)) {
        said.metadata.insert("input".to_owned(), Value::Object(Map::new()));
        return Input { schema: Some((node, read_schema(node, schemas, said, reader))), defaults: None };
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
        said.defaults = values;
        let keys = defaults.into_iter().flat_map(Node::entries).map(|(key, _)| key);
        said.default_places = keys.map(|key| (key.name.clone(), key.span.place)).collect();
    }
    let schema = schema.map(|node| (node, read_schema(node, schemas, said, reader)));
    Input { schema, defaults }
}

fn read_schema(node: &Node, schemas: Schemas<'_>, said: &mut FrontMatter, reader: &mut Reader<'_>) -> Value {
    let schema = picoschema::to_json_schema(node, "input.schema", UnknownName::Noted, schemas, reader);
    said.metadata["input"]["schema"] = schema.clone();
    schema
}

/// The output is for the program that calls the model: only the form of its schema is checked.
fn read_output(node: &Node, schemas: Schemas<'_>, said: &mut FrontMatter, reader: &mut Reader<'_>) {
    const FORMATS: [&str; 5] = ["text", "json", "jsonl", "array", "enum"];
    if let Yaml::String(text) = &node.value {
        let key = if FORMATS.contains(&text.as_str()) { "format" } else { "schema" };
        said.metadata.insert("output".to_owned(), serde_json::json!({ key: text }));
        let hint = || Some(format!("write `output: {{{key}: {}}}`", shorten(text)));
        reader.note_with(Code::Portability, node.span, "`output` is a map to other readers of the format", hint);
    } else if !node.is_map() {
        reader.unfit(Code::FrontMatter, "`output`", "a map of format, schema", node);
    } else if let Some(schema) = node.get("schema") {
        said.metadata["output"]["schema"] =
            picoschema::to_json_schema(schema, "output.schema", UnknownName::Ignored, schemas, reader);
    }
}

#[cfg(test)]
mod tests;
