//! Arguments as front matter lists them under `arguments`.

use serde_json::{Value, json};

use super::{Argument, Arguments, Item, Kind, check_enum, check_name, default_of, values};
use crate::problem::Code;
use crate::reader::{Reader, did_you_mean, shorten};
use crate::yaml::{Node, Yaml};

const CODE: Code = Code::Schema;

/// The arguments that front matter lists; `defaults` is `input.default`.
pub(crate) fn from_items(node: &Node, defaults: Option<&Node>, reader: &mut Reader<'_>) -> Arguments {
    let mut arguments = Arguments { defaults: values(defaults), ..Arguments::default() };
    for item in reader.list(Code::FrontMatter, "`arguments`", "`- name: topic`", node) {
        let Some(argument) = from_item(item, defaults, reader) else { continue };
        if !arguments.add(argument, "arguments", item.span, reader) {
            break;
        }
    }
    arguments
}

/// An argument from its keys, or from its name alone.
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
    let mut argument = Argument {
        title: title.and_then(|node| reader.text(CODE, "`title`", node)),
        description: description.and_then(|node| reader.text(CODE, "`description`", node)),
        required: required.and_then(|node| reader.boolean(CODE, "`required`", node)).unwrap_or(false),
        kind: if allowed.is_some() { Kind::Any } else { Kind::String },
        place: Some(at.span.place),
        ..Argument::new(&name)
    };
    if let Some(node) = kind {
        read_kind(&mut argument, node, reader);
    }
    argument.allowed = allowed.and_then(|node| read_enum(&argument, node, reader));
    if let Some(node) = default.or_else(|| defaults?.find(&name))
        && let default = default_of(&argument, node, reader)
        && let Err(message) = argument.set_default(&default)
    {
        reader.note(CODE, node.span, format!("arguments: {message}"));
    }
    if let Some(kind) = Kind::NAMES.into_iter().find(|kind| *kind != "any" && Kind::parse(kind) == Some(argument.kind))
    {
        argument.schema["type"] = kind.into();
    }
    if let Some(allowed) = &argument.allowed {
        argument.schema["enum"] = json!(allowed);
    }
    Some(argument)
}

fn read_kind(argument: &mut Argument, node: &Node, reader: &mut Reader<'_>) {
    let Some(text) = reader.text(CODE, "`type`", node) else { return };
    match Kind::parse(&text) {
        Some(kind) => {
            argument.kind = kind;
            argument.items = (kind == Kind::Array).then_some(Item { kind: Kind::Any, allowed: None });
        }
        None => {
            let (name, text, names) = (&argument.name, shorten(&text), Kind::NAMES.join(", "));
            let message = format!("arguments: `{name}`: type `{text}` is not one of {names}");
            reader.note_with(CODE, node.span, message, || did_you_mean(&text, &Kind::NAMES));
        }
    }
}

fn read_enum(argument: &Argument, node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Value>> {
    let Yaml::List(items) = &node.value else {
        reader.unfit(CODE, "`enum`", "a list of values", node);
        return None;
    };
    let allowed: Vec<_> = items.iter().map(|item| reader.value(item, argument.kind == Kind::String)).collect();
    if !matches!(argument.kind, Kind::String | Kind::Integer | Kind::Number) {
        reader.number("arguments", node);
    }
    if let Err(message) = check_enum(&argument.name, &allowed) {
        reader.note(CODE, node.span, format!("arguments: {message}"));
    }
    Some(allowed)
}
