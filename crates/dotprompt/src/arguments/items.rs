//! Arguments in the list `arguments` of front matter.

use serde_json::{Value, json};

use super::properties::from_property;
use super::{Argument, Arguments, Kind, check_name, default_of};
use crate::problem::Code;
use crate::reader::{Reader, did_you_mean, shorten};
use crate::yaml::{Node, Yaml};

const CODE: Code = Code::Schema;

/// Reads the list `arguments`; `defaults` is `input.default`.
pub(crate) fn from_items(node: &Node, defaults: Option<&Node>, reader: &mut Reader<'_>) -> Arguments {
    let mut arguments = Arguments::default();
    for item in reader.list(Code::FrontMatter, "`arguments`", "`- name: topic`", node) {
        let Some(argument) = from_item(item, defaults, reader) else { continue };
        if !arguments.add(argument, "arguments", item.span, reader) {
            break;
        }
    }
    arguments
}

/// Reads an argument: a map, or only its name.
fn from_item(item: &Node, defaults: Option<&Node>, reader: &mut Reader<'_>) -> Option<Argument> {
    const KEYS: [&str; 7] = ["name", "title", "description", "required", "type", "enum", "default"];
    let [name, title, description, required, kind, allowed, default] = match &item.value {
        Yaml::String(_) | Yaml::Number(_) | Yaml::Bool(_) => [Some(item), None, None, None, None, None, None],
        _ => reader.fields(CODE, "an argument", KEYS, item)?,
    };
    let Some(at) = name else {
        reader.note(CODE, item.span, "an argument needs a `name`");
        return None;
    };
    let name = reader.text(CODE, "`name`", at)?;
    if let Err(message) = check_name(&name) {
        reader.note(CODE, at.span, format!("arguments: {message}"));
        return None;
    }
    let title = title.and_then(|node| reader.text(CODE, "`title`", node));
    let description = description.and_then(|node| reader.text(CODE, "`description`", node));
    let required = required.and_then(|node| reader.boolean(CODE, "`required`", node)).unwrap_or(false);
    let kind = kind.and_then(|node| read_kind(&name, node, reader));
    let kind = kind.unwrap_or(if allowed.is_some() { "any" } else { "string" });
    let mut schema = if kind == "any" { json!({}) } else { json!({ "type": kind }) };
    if let Some(values) = allowed.and_then(|node| read_enum(kind, node, reader)) {
        schema["enum"] = values.into();
    }
    let argument = from_property(&name, &schema, &Value::Null);
    let argument =
        argument.map_err(|message| reader.note(CODE, allowed.unwrap_or(at).span, format!("arguments: {message}")));
    let mut argument = Argument { title, description, required, place: Some(at.span.place), ..argument.ok()? };
    if let Some(node) = default.or_else(|| defaults?.find(&name))
        && let default = default_of(&argument, node, reader)
        && let Err(message) = argument.set_default(&default)
    {
        reader.note(CODE, node.span, format!("arguments: {message}"));
    }
    Some(argument)
}

fn read_kind(name: &str, node: &Node, reader: &mut Reader<'_>) -> Option<&'static str> {
    let text = reader.text(CODE, "`type`", node)?;
    let kind = Kind::NAMES.into_iter().find(|kind| *kind == text);
    if kind.is_none() {
        let message =
            format!("arguments: `{name}`: type `{}` is not one of {}", shorten(&text), Kind::NAMES.join(", "));
        reader.note_with(CODE, node.span, message, || did_you_mean(&text, &Kind::NAMES));
    }
    kind
}

fn read_enum(kind: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Value>> {
    let Yaml::List(items) = &node.value else {
        reader.unfit(CODE, "`enum`", "a list of values", node);
        return None;
    };
    if !matches!(kind, "string" | "integer" | "number") {
        reader.number("arguments", node);
    }
    Some(items.iter().map(|item| reader.value(item, kind == "string")).collect())
}
