//! The arguments of a call before they are read in their types.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Argument, in_listed_order};

/// The arguments with line feeds alone: text that is pasted on some systems has carriage returns. JSON that
/// is given as text is parsed later, and has its own.
pub(super) fn with_line_feeds(given: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    if !given.values().any(has_carriage_return) {
        return Cow::Borrowed(given);
    }
    let mut given = given.clone();
    given.values_mut().for_each(replace_carriage_returns);
    Cow::Owned(given)
}

fn has_carriage_return(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\r'),
        Value::Array(items) => items.iter().any(has_carriage_return),
        Value::Object(fields) => fields.values().any(has_carriage_return),
        _ => false,
    }
}

/// Turns the carriage returns of all texts of a value into line feeds.
pub(super) fn replace_carriage_returns(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace("\r\n", "\n").replace('\r', "\n"),
        Value::Array(items) => items.iter_mut().for_each(replace_carriage_returns),
        Value::Object(fields) => fields.values_mut().for_each(replace_carriage_returns),
        _ => {}
    }
}

/// Whether the arguments are `$1`, `$2` and so on, in the order of `prompts/list`, with none left out. Opencode and Kilo call
/// each prompt so, and later put what a person types in place of these texts:
/// <https://github.com/anomalyco/opencode/blob/01793dfe/packages/opencode/src/command/index.ts>
pub(super) fn are_placeholders(given: &Map<String, Value>, listed: &[Argument]) -> bool {
    let is_placeholder = |(argument, number): (&Argument, usize)| {
        let text = given.get(&argument.name).and_then(Value::as_str);
        text.and_then(|text| text.strip_prefix('$')) == Some(&*number.to_string())
    };
    !listed.is_empty()
        && given.len() == listed.len()
        && in_listed_order(listed).into_iter().zip(1..).all(is_placeholder)
}
