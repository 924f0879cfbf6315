//! Reads the value of an argument from the text or the JSON of a caller.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::given::replace_carriage_returns;
use super::{Argument, Item, Kind, boolean};
use crate::reader::shorten;
use crate::schema::{Mismatch, list, plain};
use crate::shape::Shape;
use crate::yaml::number;

impl Argument {
    /// Whether the author listed all allowed values.
    pub(super) fn is_choice(&self) -> bool {
        self.allowed.is_some() || self.items.as_ref().is_some_and(|item| item.allowed.is_some())
    }

    /// Whether a value counts as given. Null does not, and blank text does only where it is an allowed value.
    pub(super) fn is_given(&self, given: &Value) -> bool {
        let Value::String(text) = given else { return !given.is_null() };
        let is_allowed = || {
            let is_choice = self.allowed.as_ref().is_some_and(|allowed| allowed.contains(given));
            let is_text = !self.required && !text.is_empty() && self.takes_text();
            is_choice || is_text || self.default.as_ref() == Some(given)
        };
        !text.trim().is_empty() || is_allowed()
    }

    /// The value of a text.
    pub(super) fn read_as(&self, name: &str, text: &str) -> Result<Value, Mismatch> {
        let value = match (&self.allowed, self.kind) {
            (Some(allowed), _) => choose(allowed, text),
            (None, Kind::Array)
                if let Some(item) = &self.items
                    && !self.needs_parts()
                    && !is_json_list(text) =>
            {
                return item.read_list(name, text);
            }
            (None, Kind::Array | Kind::Object | Kind::Json) => return self.read_json(name, text),
            (None, Kind::Any) => match &self.shape {
                Some(shape) if shape.reads_text() => return self.read_used(name, text, shape),
                _ => Some(text.into()),
            },
            (None, kind) => kind.parse_text(text),
        };
        value.ok_or_else(|| {
            let is_number = self.allowed.is_none() && is_large_integer(self.kind, text);
            mismatch(shorten(name), if is_number { i64_range() } else { self.expected() }, text)
        })
    }

    fn read_json(&self, name: &str, text: &str) -> Result<Value, Mismatch> {
        let value = json(text).or_else(|e| match boolean(text) {
            Some(value) => Ok(value.into()),
            None => Err(self.no_json(name, text, &e)),
        })?;
        if !self.kind.has(&value) {
            return Err(mismatch(shorten(name), self.expected(), text));
        }
        self.check_shape(name, &value)?;
        Ok(value)
    }

    /// The value of a text without a declared type: JSON if the template reads parts, a list of lines if it loops, or
    /// else text.
    fn read_used(&self, name: &str, text: &str, shape: &Shape) -> Result<Value, Mismatch> {
        if shape.is_flag() {
            return Ok(if is_no(text, shape.marks.includes_zero) { false.into() } else { text.into() });
        }
        let (needs_parts, is_looped) = (shape.reads_parts(), shape.marks.looped.is_some());
        let parsed = (needs_parts || text.trim_start().starts_with(['[', '{'])).then(|| json(text));
        let value = match parsed {
            Some(Ok(value @ Value::Array(_))) => value,
            Some(Ok(value @ Value::Object(_))) if shape.is_object() => value,
            Some(Ok(value)) if needs_parts => value,
            Some(Err(e)) if needs_parts => match boolean(text).filter(|_| shape.marks.is_section) {
                Some(value) => value.into(),
                None => return Err(self.no_json(name, text, &e)),
            },
            Some(Err(e)) if is_looped && is_meant_as_json(text) => {
                return Err(Mismatch { expected: shape.expected(), ..self.no_json(name, text, &e) });
            }
            _ if is_looped && shape.makes_lines() => lines(text).map(Value::from).collect(),
            _ => text.into(),
        };
        self.check_shape(name, &value)?;
        Ok(value)
    }

    /// The value of JSON other than text.
    pub(super) fn take_as(&self, name: &str, given: &Value) -> Result<Value, Mismatch> {
        let is_scalar = !given.is_array() && !given.is_object();
        let mut value = given.clone();
        plain_numbers(&mut value);
        let taken = match (&self.allowed, self.kind) {
            (Some(allowed), _) => is_scalar.then(|| choose(allowed, &plain(&value))).flatten(),
            (None, Kind::Any) if !is_scalar && !self.shape().is_some_and(|shape| shape.takes_as_it_is(given)) => {
                Some(given.to_string().into())
            }
            (None, kind) => Some(value).filter(|value| kind.has(value)),
        };
        let taken = taken.ok_or_else(|| {
            let is_text = self.allowed.is_none() && self.kind == Kind::String;
            let example = || format!("a JSON string such as {:?}", shorten(&plain(given)));
            let expected = if is_text { example() } else { self.expected() };
            Mismatch { path: shorten(name), expected, given: shorten(&given.to_string()) }
        })?;
        self.check_shape(name, &taken)?;
        Ok(taken)
    }

    /// Checks that a value without a declared type has the parts that the template reads.
    pub(super) fn check_shape(&self, name: &str, value: &Value) -> Result<(), Mismatch> {
        let checked = self.shape.as_ref().map_or(Ok(()), |shape| shape.check(name, value));
        // An error of the whole value has an example.
        checked.map_err(|mismatch| match mismatch.path == shorten(name) && self.needs_parts() {
            true => Mismatch { expected: self.expected(), ..mismatch },
            false => mismatch,
        })
    }

    fn no_json(&self, name: &str, text: &str, e: &serde_json::Error) -> Mismatch {
        let mut mismatch = mismatch(shorten(name), self.expected(), text);
        // The parser's message has the place, and nothing of the text.
        mismatch.given.push_str(&format!(" (not valid JSON: {e})"));
        mismatch
    }
}

impl Item {
    /// A list of items with commas or line breaks between them. Blank items are ignored.
    fn read_list(&self, name: &str, text: &str) -> Result<Value, Mismatch> {
        // A map, as the list and the choices may be long. An exact choice replaces one that differs in white space.
        let choices: Option<HashMap<Cow<'_, str>, &Value>> = self.allowed.as_ref().map(|allowed| {
            let trimmed = allowed.iter().rev().filter_map(|value| Some((value.as_str()?.trim().into(), value)));
            trimmed.chain(allowed.iter().map(|value| (plain(value), value))).collect()
        });
        let choice = |text: &str| {
            let choices = choices.as_ref()?;
            let other = || choices.get(&*spelled(text)?).filter(|value| !value.is_string());
            choices.get(text).or_else(other).map(|value| (**value).clone())
        };
        let items = self.split(text, |line| choice(line).is_some()).into_iter().enumerate().map(|(index, text)| {
            let value = if choices.is_some() { choice(text) } else { self.kind.parse_text(text) };
            value.ok_or_else(|| {
                let expected = match &self.allowed {
                    Some(allowed) => format!("one of {}", list(allowed)),
                    None if is_large_integer(self.kind, text) => i64_range(),
                    None => self.kind.expected().to_owned(),
                };
                mismatch(format!("{}[{index}]", shorten(name)), expected, text)
            })
        });
        items.collect()
    }

    /// The texts of the items. Commas separate the items of one line. Each of several lines is one item of text, unless
    /// all lines end with a comma.
    fn split<'t>(&self, text: &'t str, is_choice: impl Fn(&str) -> bool) -> Vec<&'t str> {
        let lines: Vec<&str> = lines(text).collect();
        let is_text = self.allowed.is_none() && matches!(self.kind, Kind::String | Kind::Any);
        let is_one_each = match lines.as_slice() {
            [many @ .., _] if !many.is_empty() => is_text && !many.iter().all(|line| line.ends_with(',')),
            _ => false,
        };
        if is_one_each {
            return lines;
        }
        let mut items = Vec::new();
        for line in lines {
            if is_choice(line) {
                items.push(line);
            } else {
                items.extend(line.split(',').map(str::trim).filter(|item| !item.is_empty()));
            }
        }
        items
    }
}

/// The lines of a text that are not blank, without white space around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Parses JSON. Numbers become those that JavaScript prints, and carriage returns line feeds.
pub(super) fn json(text: &str) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::from_str(text)?;
    plain_numbers(&mut value);
    replace_carriage_returns(&mut value);
    Ok(value)
}

/// Whether invalid JSON is probably meant as JSON. Plain text may start with `[1]`, `[ ]` or `[INFO]`.
fn is_meant_as_json(text: &str) -> bool {
    let text = text.trim();
    let mut begins = text.chars().filter(|c| !c.is_whitespace());
    let begins = (begins.next(), begins.next());
    let is_quoted = |text: &str| text.contains([',', '"', '\'', '\u{201c}', '\u{2018}']);
    matches!(begins, (Some('['), Some('"' | '{')) | (Some('{'), Some('"')))
        || text.starts_with("```json")
        || (is_bracketed(text) && is_quoted(text))
}

/// Whether a text is in one pair of brackets, or has only the first bracket.
fn is_bracketed(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') && text.find(']').is_none_or(|end| end + 1 == text.len())
}

/// Whether a text is, or is probably meant as, a list or an object in JSON.
fn is_json_list(text: &str) -> bool {
    let parsed = || text.trim_start().starts_with(['[', '{']) && json(text).is_ok();
    is_bracketed(text) || text.trim_start().starts_with("[[") || is_meant_as_json(text) || parsed()
}

/// Whether a text means false, for an argument that is only tested.
fn is_no(text: &str, includes_zero: bool) -> bool {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    ["false", "no", "off"].into_iter().any(is) || (is("0") && !includes_zero)
}

/// Whether a text is a whole number that is too large for this type.
fn is_large_integer(kind: Kind, text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    kind == Kind::Integer && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn i64_range() -> String {
    format!("a whole number from {} to {}", i64::MIN, i64::MAX)
}

fn mismatch(path: String, expected: String, text: &str) -> Mismatch {
    Mismatch { path, expected, given: format!("{:?}", shorten(text)) }
}

/// The choice with this text, or with this text and other white space around it.
fn choose(allowed: &[Value], text: &str) -> Option<Value> {
    let find = |is: &dyn Fn(&str) -> bool, is_text: bool| {
        let mut values = allowed.iter().filter(|value| !value.is_null() && (is_text || !value.is_string()));
        values.find(|value| is(&plain(value))).cloned()
    };
    let trimmed = text.trim();
    find(&|value| value == text, true)
        .or_else(|| find(&|value| value == trimmed, true))
        .or_else(|| find(&|value| !trimmed.is_empty() && value.trim() == trimmed, true))
        .or_else(|| spelled(text).and_then(|spelled| find(&|value| value == spelled, false)))
}

/// A number or a boolean in JSON's spelling: `true` for `True`, `1` for `1.0`.
fn spelled(text: &str) -> Option<String> {
    let boolean = boolean(text).map(|value| value.to_string());
    boolean.or_else(|| Some(number(text.trim().parse().ok()?)?.to_string()))
}

/// Numbers as JavaScript prints them: 1.0 is 1.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            if let Some(plain) = n.as_f64().and_then(number) {
                *n = plain;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(fields) => fields.values_mut().for_each(plain_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
