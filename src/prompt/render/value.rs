//! Values while a template is rendered: borrowed from the arguments and the template, and as JavaScript treats them,
//! which is what Handlebars means by text, truth and equality.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::rc::Rc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Number, Value};

/// A value, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Val<'a> {
    is: Is<'a>,
    /// Whether a caller chose it, rather than the author of the prompt.
    pub(super) by_caller: bool,
}

#[derive(Debug, Clone)]
enum Is<'a> {
    Missing,
    Json(&'a Value),
    /// All variables.
    Root(&'a Map<String, Value>),
    Text(Rc<str>),
    Key(&'a str),
    Number(usize),
    Bool(bool),
    Overlay(Rc<Overlay<'a>>),
}

/// A context with the `key=value` of a partial over it.
#[derive(Debug)]
pub(super) struct Overlay<'a> {
    pub(super) base: Val<'a>,
    pub(super) values: Vec<(&'a str, Val<'a>)>,
}

impl Overlay<'_> {
    /// How many names lie over the context at the bottom.
    fn depth(&self) -> usize {
        self.values.len() + self.base.overlaid()
    }
}

impl<'a> Val<'a> {
    fn of(is: Is<'a>) -> Self {
        Self { is, by_caller: false }
    }

    pub(super) fn missing() -> Self {
        Self::of(Is::Missing)
    }

    pub(super) fn json(value: &'a Value) -> Self {
        Self::of(Is::Json(value))
    }

    pub(super) fn json_of_caller(value: &'a Value) -> Self {
        Self { by_caller: true, ..Self::json(value) }
    }

    pub(super) fn root(variables: &'a Map<String, Value>) -> Self {
        Self { by_caller: true, ..Self::of(Is::Root(variables)) }
    }

    /// Text made of another value.
    pub(super) fn text_of(&self, text: &str) -> Self {
        self.derived(Is::Text(text.into()))
    }

    pub(super) fn number(n: usize) -> Self {
        Self::of(Is::Number(n))
    }

    pub(super) fn bool(is_so: bool) -> Self {
        Self::of(Is::Bool(is_so))
    }

    pub(super) fn overlay(overlay: Overlay<'a>) -> Self {
        Self { by_caller: overlay.base.by_caller, ..Self::of(Is::Overlay(Rc::new(overlay))) }
    }

    /// How many names are looked at before the context itself is.
    pub(super) fn overlaid(&self) -> usize {
        match &self.is {
            Is::Overlay(overlay) => overlay.depth(),
            _ => 0,
        }
    }

    fn derived(&self, is: Is<'a>) -> Self {
        Self { is, by_caller: self.by_caller }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self.is, Is::Missing)
    }

    /// Whether what it lacks is a variable that nobody gave.
    pub(super) fn is_root(&self) -> bool {
        match &self.is {
            Is::Root(_) => true,
            Is::Overlay(overlay) => overlay.base.is_root(),
            _ => false,
        }
    }

    /// A field; of a variable, `authored` tells whose it is.
    pub(super) fn get_variable(&self, name: &str, authored: &HashSet<String>) -> Self {
        match &self.is {
            Is::Root(variables) => match variables.get(name) {
                Some(value) => Self { is: Is::Json(value), by_caller: !authored.contains(name) },
                None => Self::missing(),
            },
            Is::Overlay(overlay) => match overlay.values.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => value.clone(),
                None => overlay.base.get_variable(name, authored),
            },
            _ => self.get(name),
        }
    }

    /// A field of an object, an item of a list, the length of a list or a text.
    pub(super) fn get(&self, name: &str) -> Self {
        let found = match &self.is {
            Is::Json(Value::Object(fields)) => fields.get(name).map(Is::Json),
            Is::Json(Value::Array(items)) => match name {
                "length" => Some(Is::Number(items.len())),
                _ => name.parse().ok().and_then(|index: usize| items.get(index)).map(Is::Json),
            },
            // In UTF-16, as JavaScript counts.
            Is::Json(Value::String(text)) if name == "length" => Some(Is::Number(text.encode_utf16().count())),
            Is::Root(_) | Is::Overlay(_) => return self.get_variable(name, &HashSet::new()),
            _ => None,
        };
        found.map_or(Self::missing(), |is| self.derived(is))
    }

    /// The items of a list and the fields of an object, each with its key.
    pub(super) fn items(&self) -> Box<dyn Iterator<Item = (Self, Self)> + '_> {
        match &self.is {
            Is::Json(Value::Array(items)) => {
                Box::new(items.iter().enumerate().map(|(at, item)| (Self::number(at), self.derived(Is::Json(item)))))
            }
            Is::Json(Value::Object(fields)) => Box::new(self.fields_of(fields)),
            Is::Root(fields) => Box::new(self.fields_of(fields)),
            Is::Overlay(overlay) => {
                let values = &overlay.values;
                let base = overlay.base.items().filter(|(key, _)| !values.iter().any(|(over, _)| key.is_text(over)));
                Box::new(base.chain(values.iter().map(|(key, value)| (Self::of(Is::Key(key)), value.clone()))))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn fields_of<'f>(&'f self, fields: &'a Map<String, Value>) -> impl Iterator<Item = (Self, Self)> + use<'a, 'f> {
        fields.iter().map(|(key, value)| (self.derived(Is::Key(key)), self.derived(Is::Json(value))))
    }

    fn as_text(&self) -> Option<&str> {
        match &self.is {
            Is::Json(Value::String(text)) => Some(text),
            Is::Text(text) => Some(text),
            Is::Key(text) => Some(text),
            _ => None,
        }
    }

    fn is_text(&self, text: &str) -> bool {
        self.as_text() == Some(text)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.is, Is::Json(Value::Array(_)))
    }

    /// `null`, `false`, or not there.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.is, Is::Missing | Is::Bool(false) | Is::Json(Value::Null | Value::Bool(false)))
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.is, Is::Bool(true) | Is::Json(Value::Bool(true)))
    }

    /// Nothing, an empty text, an empty list; not zero.
    pub(super) fn is_empty(&self) -> bool {
        self.is_nothing() || self.is_text("") || matches!(self.is, Is::Json(Value::Array(items)) if items.is_empty())
    }

    /// What `{{#if}}` takes for true.
    pub(super) fn is_truthy(&self, include_zero: bool) -> bool {
        !self.is_empty() && (include_zero || self.number_value() != Some(0.0))
    }

    fn number_value(&self) -> Option<f64> {
        match &self.is {
            Is::Json(Value::Number(n)) => n.as_f64(),
            #[expect(clippy::cast_precision_loss, reason = "an index or a length")]
            Is::Number(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// How much there is to compare, in bytes.
    pub(super) fn length(&self) -> usize {
        self.as_text().map_or(0, str::len)
    }

    /// JavaScript's `===`: lists and objects equal only themselves.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (&self.is, &other.is) {
            (Is::Json(Value::Array(_) | Value::Object(_)), Is::Json(_)) => match (&self.is, &other.is) {
                (Is::Json(a), Is::Json(b)) => std::ptr::eq(*a, *b),
                _ => false,
            },
            (Is::Root(_), Is::Root(_)) => true,
            (Is::Overlay(a), Is::Overlay(b)) => Rc::ptr_eq(a, b),
            // A value that was left out is null here and undefined there; nobody means to tell them apart.
            _ if self.is_null() || other.is_null() => self.is_null() && other.is_null(),
            _ => match (self.as_bool(), other.as_bool(), self.number_value(), other.number_value()) {
                (Some(a), Some(b), ..) => a == b,
                (.., Some(a), Some(b)) => a == b,
                _ => self.as_text().is_some_and(|text| other.is_text(text)),
            },
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.is, Is::Missing | Is::Json(Value::Null))
    }

    fn as_bool(&self) -> Option<bool> {
        match self.is {
            Is::Bool(is_so) | Is::Json(&Value::Bool(is_so)) => Some(is_so),
            _ => None,
        }
    }

    /// Writes it as JavaScript turns it into text.
    pub(super) fn write<E>(&self, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match &self.is {
            Is::Missing => Ok(()),
            Is::Json(value) => write_json(value, write),
            Is::Root(_) | Is::Overlay(_) => write("[object Object]"),
            Is::Text(text) => write(text),
            Is::Key(text) => write(text),
            Is::Number(n) => write(&n.to_string()),
            Is::Bool(is_so) => write(if *is_so { "true" } else { "false" }),
        }
    }

    /// As JSON, each level indented by so many spaces.
    ///
    /// # Errors
    /// When that is more than `most` bytes.
    pub(super) fn to_json_text(&self, indent: usize, most: usize) -> Result<String, String> {
        let mut bytes = Bounded { bytes: Vec::new(), most };
        // JSON.stringify indents by ten at most.
        let spaces = " ".repeat(indent.min(10));
        let written = if indent == 0 {
            serde_json::to_writer(&mut bytes, self)
        } else {
            let formatter = PrettyFormatter::with_indent(spaces.as_bytes());
            self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        };
        written.map_err(|_| format!("the prompt renders to more than {most} bytes"))?;
        Ok(String::from_utf8(bytes.bytes).unwrap_or_default())
    }
}

impl Serialize for Val<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.is {
            Is::Missing => serializer.serialize_unit(),
            Is::Json(value) => value.serialize(serializer),
            Is::Root(fields) => fields.serialize(serializer),
            Is::Text(text) => serializer.serialize_str(text),
            Is::Key(text) => serializer.serialize_str(text),
            Is::Number(n) => n.serialize(serializer),
            Is::Bool(is_so) => serializer.serialize_bool(*is_so),
            Is::Overlay(_) => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in self.items() {
                    map.serialize_entry(&key, &value)?;
                }
                map.end()
            }
        }
    }
}

fn write_json<E>(value: &Value, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(is_so) => write(if *is_so { "true" } else { "false" }),
        Value::Number(n) => write(&number(n)),
        Value::String(text) => write(text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // Also of nothing, so that it is seen how many there are.
                write(if index > 0 { "," } else { "" })?;
                write_json(item, write)?;
            }
            Ok(())
        }
        Value::Object(_) => write("[object Object]"),
    }
}

/// A number as JavaScript writes it; whole numbers of 64 bits keep all their digits.
fn number(n: &Number) -> Cow<'static, str> {
    let Some(float) = n.as_f64().filter(|_| n.is_f64()) else { return n.to_string().into() };
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Rust leaves out the plus.
        let text = format!("{float:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}").into(),
            _ => text.into(),
        };
    }
    if float == 0.0 { "0".into() } else { float.to_string().into() }
}

/// Bytes that are not to grow without end.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
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
