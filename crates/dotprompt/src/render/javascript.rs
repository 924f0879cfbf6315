//! Text, numbers and the order of keys as in JavaScript.

use std::borrow::Cow;
use std::io;

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::template::is_space;

/// A value with the order of keys and the numbers that JavaScript's `JSON.stringify` writes.
pub(super) struct Ordered<'a>(pub(super) &'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => ordered_map(fields, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            Value::Number(n) if n.is_f64() => {
                let number = RawValue::from_string(number(n).into_owned()).map_err(S::Error::custom)?;
                number.serialize(serializer)
            }
            plain => plain.serialize(serializer),
        }
    }
}

pub(super) fn ordered_map<S: Serializer>(fields: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match in_order(fields) {
        Some(ordered) => serializer.collect_map(ordered.into_iter().map(|(key, value)| (key, Ordered(value)))),
        None => serializer.collect_map(fields.iter().map(|(key, value)| (key, Ordered(value)))),
    }
}

/// Fields in JavaScript's order: keys that are whole numbers come first. `None` if there are no such keys.
pub(super) fn in_order(fields: &Map<String, Value>) -> Option<Vec<(&String, &Value)>> {
    fields.keys().any(|key| index(key).is_some()).then(|| {
        let mut ordered: Vec<_> = fields.iter().collect();
        ordered.sort_by_key(|(key, _)| index(key).unwrap_or(usize::MAX));
        ordered
    })
}

/// A name as an index: `7`, but not `07`.
pub(super) fn index(name: &str) -> Option<usize> {
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let index: u32 = if is_index { name.parse().ok()? } else { return None };
    (index < u32::MAX).then_some(index as usize)
}

/// A text as a number, as JavaScript's `Number` converts it.
pub(super) fn to_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let whole = |digits: &str, radix| u64::from_str_radix(digits, radix).ok();
    #[expect(clippy::cast_precision_loss, reason = "as JavaScript's")]
    let whole = match text.as_bytes() {
        [] => Some(0),
        [b'0', b'x' | b'X', ..] => whole(&text[2..], 16),
        [b'0', b'o' | b'O', ..] => whole(&text[2..], 8),
        [b'0', b'b' | b'B', ..] => whole(&text[2..], 2),
        _ => None,
    }
    .map(|whole| whole as f64);
    let is_decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    whole.or_else(|| text.bytes().all(is_decimal).then(|| text.parse().ok()).flatten())
}

pub(super) fn write_json<E>(value: &Value, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => write(if *value { "true" } else { "false" }),
        Value::Number(n) => write(&number(n)),
        Value::String(text) => write(text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // Written even if empty, so that the caller counts the items.
                write(if index > 0 { "," } else { "" })?;
                write_json(item, write)?;
            }
            Ok(())
        }
        Value::Object(_) => write("[object Object]"),
    }
}

/// A number as JavaScript writes it, except that integers of 64 bits keep all their digits.
fn number(n: &Number) -> Cow<'static, str> {
    match n.as_f64().filter(|_| n.is_f64()) {
        Some(value) => float(value),
        None => n.to_string().into(),
    }
}

fn float(value: f64) -> Cow<'static, str> {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Rust omits the plus.
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}").into(),
            _ => text.into(),
        };
    }
    if value == 0.0 { "0".into() } else { value.to_string().into() }
}

/// A buffer of at most `most` bytes.
pub(super) struct Bounded {
    pub(super) bytes: Vec<u8>,
    pub(super) most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
