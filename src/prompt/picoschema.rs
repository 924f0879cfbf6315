//! Picoschema, Dotprompt's short form of JSON Schema: `name: type, description`.
//!
//! Grammar: <https://google.github.io/dotprompt/reference/picoschema/>. Scalars, `any` and enums are understood.

use serde_json::{Map, Value};

use super::PromptError;
use super::arguments::{Argument, Kind, check, check_name, default_of, shorten};
use super::front_matter::{Fields, position};

/// The arguments that a schema declares.
///
/// # Errors
/// The first field that is not Picoschema, at its place.
pub(super) fn arguments(fields: Fields, defaults: &Map<String, Value>) -> Result<Vec<Argument>, PromptError> {
    let mut arguments: Vec<Argument> = Vec::with_capacity(fields.0.len());
    for (key, value) in fields.0 {
        let (line, column) = position(key.referenced);
        let argument = field(&key.value, value, defaults)
            .and_then(|argument| check(argument, &arguments))
            .map_err(|message| PromptError::new(line, column, format!("input.schema: {message}")))?;
        arguments.push(argument);
    }
    Ok(arguments)
}

fn field(key: &str, value: Value, defaults: &Map<String, Value>) -> Result<Argument, String> {
    let (name, note) = match key.split_once('(') {
        Some((name, note)) => {
            let note =
                note.strip_suffix(')').ok_or_else(|| format!("`{}`: the parenthesis is not closed", shorten(key)))?;
            (name, Some(note))
        }
        None => (key, None),
    };
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name, true),
        None => (name, false),
    };
    check_name(name)?;
    let (kind, allowed, description) = match note {
        None => {
            let Value::String(text) = &value else {
                return Err(format!("`{name}` takes a type and a description, such as `string, what it is`"));
            };
            let (kind, description) = scalar(name, text)?;
            (kind, None, description)
        }
        Some(note) => {
            let (what, description) = split_comma(note);
            match (what, value) {
                ("enum", Value::Array(values)) => (Kind::Any, Some(values), description),
                ("enum", _) => return Err(format!("`{name}(enum)` takes a list of values")),
                ("array" | "object", _) => {
                    return Err(format!("`{name}({what})`: arguments are text, numbers, booleans or enums"));
                }
                _ => return Err(format!("`{name}({})`: the parenthesis takes enum, array or object", shorten(what))),
            }
        }
    };
    let default = defaults.get(name).map(|value| default_of(name, kind, allowed.as_deref(), value)).transpose()?;
    Ok(Argument {
        name: name.to_owned(),
        title: None,
        description,
        required: !optional && default.is_none(),
        kind,
        allowed,
        default,
    })
}

fn scalar(name: &str, text: &str) -> Result<(Kind, Option<String>), String> {
    let (kind, description) = split_comma(text);
    match Kind::parse(kind) {
        Some(kind) => Ok((kind, description)),
        None => Err(format!("`{name}: {}`: the type is one of {}", shorten(kind), Kind::NAMES)),
    }
}

/// `type, description` in its two parts.
fn split_comma(text: &str) -> (&str, Option<String>) {
    match text.split_once(',') {
        Some((first, rest)) => (first.trim(), Some(rest.trim().to_owned())),
        None => (text.trim(), None),
    }
}
