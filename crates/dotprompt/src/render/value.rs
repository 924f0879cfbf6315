//! Values in a rendering. They are borrowed from the arguments and the template. Text, truth and equality are JavaScript's,
//! as in Handlebars.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::LazyLock;

use serde::ser::{Serialize, Serializer};
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};

use super::javascript::{Bounded, Ordered, in_order, index, ordered_map, to_number, write_json};

/// The context of a block that has no context.
static NO_CONTEXT: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// A value, and its source.
#[derive(Debug, Clone)]
pub(super) struct Val<'a> {
    repr: Repr<'a>,
    /// Whether it comes from a caller, not from the author of the prompt.
    pub(super) by_caller: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Repr<'a> {
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

/// The context of a partial with `key=value`, in the author's order: an object with the fields, items or characters of
/// `base`, and with `values` in place of those with the same name.
#[derive(Debug)]
pub(super) struct Overlay<'a> {
    pub(super) base: Val<'a>,
    pub(super) values: Vec<(&'a str, Val<'a>)>,
}

impl<'a> Val<'a> {
    pub(super) fn of(repr: Repr<'a>) -> Self {
        Self { repr, by_caller: false }
    }

    pub(super) fn of_caller(repr: Repr<'a>) -> Self {
        Self { repr, by_caller: true }
    }

    /// A value that is made from this one, so that it has the same source.
    pub(super) fn derived(&self, repr: Repr<'a>) -> Self {
        Self { repr, by_caller: self.by_caller }
    }

    pub(super) fn no_context() -> Self {
        Self::of(Repr::Json(&NO_CONTEXT))
    }

    pub(super) fn is_no_context(&self) -> bool {
        matches!(self.repr, Repr::Json(value) if std::ptr::eq(value, &*NO_CONTEXT))
    }

    pub(super) fn missing() -> Self {
        Self::of(Repr::Missing)
    }

    pub(super) fn root(variables: &'a Map<String, Value>) -> Self {
        Self::of_caller(Repr::Root(variables))
    }

    pub(super) fn overlay(overlay: Overlay<'a>) -> Self {
        Self { by_caller: overlay.base.by_caller, repr: Repr::Overlay(Rc::new(overlay)) }
    }

    /// The number of names in all overlays of this context.
    pub(super) fn overlaid(&self) -> usize {
        match &self.repr {
            Repr::Overlay(overlay) => overlay.values.len() + overlay.base.overlaid(),
            _ => 0,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self.repr, Repr::Missing)
    }

    /// Whether the fields are the variables of the prompt.
    pub(super) fn is_root(&self) -> bool {
        match &self.repr {
            Repr::Root(_) => true,
            Repr::Overlay(overlay) => overlay.base.is_root(),
            _ => false,
        }
    }

    /// A field, like `get`. `authored` names the variables with values of the author.
    pub(super) fn get_variable(&self, name: &str, authored: &HashSet<String>) -> Self {
        match &self.repr {
            Repr::Root(variables) => match variables.get(name) {
                Some(value) => Self { repr: Repr::Json(value), by_caller: !authored.contains(name) },
                None => Self::missing(),
            },
            Repr::Overlay(overlay) => match overlay.values.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => value.clone(),
                None if name == "length" && !overlay.base.is_fields() => Self::missing(),
                None => overlay.base.get_variable(name, authored),
            },
            _ => self.get(name),
        }
    }

    /// Whether it has fields, not items or characters.
    fn is_fields(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Object(_)) | Repr::Root(_) | Repr::Overlay(_))
    }

    /// A field of an object, an item of a list, a character of a text, or the length of a list or a text.
    pub(super) fn get(&self, name: &str) -> Self {
        let found = match &self.repr {
            Repr::Json(Value::Object(fields)) => fields.get(name).map(Repr::Json),
            Repr::Json(Value::Array(items)) => match name {
                "length" => Some(Repr::Number(items.len())),
                _ => index(name).and_then(|index| items.get(index)).map(Repr::Json),
            },
            Repr::Root(_) | Repr::Overlay(_) => return self.get_variable(name, &HashSet::new()),
            // JavaScript counts units of UTF-16.
            _ => match (self.as_text(), name) {
                (Some(text), "length") => Some(Repr::Number(text.encode_utf16().count())),
                (Some(text), name) => index(name).and_then(|index| text.encode_utf16().nth(index)).map(character),
                (None, _) => None,
            },
        };
        found.map_or(Self::missing(), |repr| self.derived(repr))
    }

    /// Whether `get` must count characters.
    pub(super) fn has_characters(&self, name: &str) -> bool {
        (name == "length" || index(name).is_some()) && self.as_text().is_some()
    }

    /// The items of a list and the fields of an object, each with its key.
    pub(super) fn items(&self) -> Box<dyn Iterator<Item = (Self, Self)> + '_> {
        match &self.repr {
            Repr::Json(Value::Array(items)) => {
                let key = |at| Self::of(Repr::Number(at));
                Box::new(items.iter().enumerate().map(move |(at, item)| (key(at), self.derived(Repr::Json(item)))))
            }
            Repr::Json(Value::Object(fields)) => self.fields_of(fields),
            Repr::Root(fields) => self.fields_of(fields),
            Repr::Overlay(_) => {
                let mut fields = self.overlaid_fields();
                fields.sort_by_key(|(key, _)| key.as_text().map_or(usize::MAX, |key| index(key).unwrap_or(usize::MAX)));
                Box::new(fields.into_iter())
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The fields of an overlay: those of the context, then the others. Handlebars reverses the order of the others.
    fn overlaid_fields(&self) -> Vec<(Self, Self)> {
        let text = |index: usize| Self::of(Repr::Text(index.to_string().into()));
        match &self.repr {
            Repr::Overlay(overlay) => {
                let Overlay { base, values } = overlay.as_ref();
                let mut fields = base.overlaid_fields();
                let mut known = HashSet::new();
                for (key, value) in &mut fields {
                    if let Some((name, over)) = values.iter().find(|(name, _)| key.is_text(name)) {
                        known.insert(*name);
                        *value = over.clone();
                    }
                }
                let new = values.iter().rev().filter(|(key, _)| !known.contains(*key));
                fields.extend(new.map(|(key, value)| (Self::of(Repr::Key(key)), value.clone())));
                fields
            }
            Repr::Json(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (text(at), self.derived(Repr::Json(item)))).collect()
            }
            _ => match self.as_text() {
                Some(characters) => {
                    let units = characters.encode_utf16().enumerate();
                    units.map(|(at, unit)| (text(at), self.derived(character(unit)))).collect()
                }
                None => self.items().collect(),
            },
        }
    }

    fn fields_of<'f>(&'f self, fields: &'a Map<String, Value>) -> Box<dyn Iterator<Item = (Self, Self)> + 'f>
    where
        'a: 'f,
    {
        let field =
            |(key, value): (&'a String, &'a Value)| (self.derived(Repr::Key(key)), self.derived(Repr::Json(value)));
        match in_order(fields) {
            Some(ordered) => Box::new(ordered.into_iter().map(field)),
            None => Box::new(fields.iter().map(field)),
        }
    }

    fn as_text(&self) -> Option<&str> {
        match &self.repr {
            Repr::Json(Value::String(text)) => Some(text),
            Repr::Text(text) => Some(text),
            Repr::Key(text) => Some(text),
            _ => None,
        }
    }

    fn is_text(&self, text: &str) -> bool {
        self.as_text() == Some(text)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Array(_)))
    }

    /// `null`, `false` or missing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.repr, Repr::Missing | Repr::Bool(false) | Repr::Json(Value::Null | Value::Bool(false)))
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.repr, Repr::Bool(true) | Repr::Json(Value::Bool(true)))
    }

    /// `null`, `false`, missing, an empty text or an empty list, but not zero.
    pub(super) fn is_empty(&self) -> bool {
        self.is_nothing()
            || self.is_text("")
            || matches!(self.repr, Repr::Json(Value::Array(items)) if items.is_empty())
    }

    /// Whether it is true for `{{#if}}`.
    pub(super) fn is_truthy(&self, include_zero: bool) -> bool {
        !self.is_empty() && (include_zero || self.number_value() != Some(0.0))
    }

    /// Whether it is true in JavaScript.
    pub(super) fn is_js_true(&self) -> bool {
        !(self.is_nothing() || self.is_text("") || self.number_value() == Some(0.0))
    }

    /// Whether it is a list or an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Array(_))) || self.is_fields()
    }

    /// JavaScript's `==` of a scalar and a text.
    pub(super) fn is_loosely(&self, text: &str) -> bool {
        match (self.as_text(), self.as_number()) {
            (Some(own), _) => own == text,
            (None, Some(number)) => to_number(text) == Some(number),
            (None, None) => false,
        }
    }

    /// JavaScript's `==` of two scalars of different types.
    pub(super) fn is_loosely_value(&self, other: &Self) -> bool {
        match (self.as_text(), other.as_text()) {
            (Some(_), Some(_)) => false,
            (Some(text), None) => other.is_loosely(text),
            (None, Some(text)) => self.is_loosely(text),
            (None, None) => self.as_number().is_some_and(|number| other.as_number() == Some(number)),
        }
    }

    /// A number, or 0 or 1 for a boolean.
    fn as_number(&self) -> Option<f64> {
        self.number_value().or_else(|| self.as_bool().map(|value| f64::from(u8::from(value))))
    }

    fn number_value(&self) -> Option<f64> {
        match &self.repr {
            Repr::Json(Value::Number(n)) => n.as_f64(),
            #[expect(clippy::cast_precision_loss, reason = "an index or a length")]
            Repr::Number(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// The bytes of a text, which take time to compare.
    pub(super) fn length(&self) -> usize {
        self.as_text().map_or(0, str::len)
    }

    /// JavaScript's `===`: a list or an object equals only itself.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (&self.repr, &other.repr) {
            (Repr::Json(a), Repr::Json(b)) if a.is_array() || a.is_object() => std::ptr::eq(*a, *b),
            (Repr::Root(_), Repr::Root(_)) => true,
            (Repr::Overlay(a), Repr::Overlay(b)) => Rc::ptr_eq(a, b),
            // Unlike in JavaScript, null equals a missing value: an omitted argument is null.
            _ if self.is_null() || other.is_null() => self.is_null() && other.is_null(),
            _ => match (self.as_bool(), other.as_bool(), self.number_value(), other.number_value()) {
                (Some(a), Some(b), ..) => a == b,
                (.., Some(a), Some(b)) => a == b,
                _ => self.as_text().is_some_and(|text| other.is_text(text)),
            },
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.repr, Repr::Missing | Repr::Json(Value::Null))
    }

    /// JavaScript's name for null and for a missing value.
    pub(super) fn nothing(&self) -> Option<&'static str> {
        match self.repr {
            Repr::Missing => Some("undefined"),
            Repr::Json(Value::Null) => Some("null"),
            _ => None,
        }
    }

    pub(super) fn is_json_null(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Null))
    }

    /// The indentation of JSON: a number of spaces, ten at most, or a text.
    pub(super) fn as_indent(&self) -> String {
        let number = match self.as_text() {
            Some(text) => match to_number(text).filter(|_| !text.trim().is_empty()) {
                Some(number) => number,
                None => return text.chars().take(10).collect(),
            },
            None => self.number_value().unwrap_or_default(),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10")]
        " ".repeat(number.clamp(0.0, 10.0) as usize)
    }

    fn as_bool(&self) -> Option<bool> {
        match self.repr {
            Repr::Bool(value) | Repr::Json(&Value::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// Writes the text that JavaScript's `String` returns.
    pub(super) fn write<E>(&self, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match &self.repr {
            Repr::Missing => Ok(()),
            Repr::Json(value) => write_json(value, write),
            Repr::Root(_) | Repr::Overlay(_) => write("[object Object]"),
            Repr::Text(text) => write(text),
            Repr::Key(text) => write(text),
            Repr::Number(n) => write(&n.to_string()),
            Repr::Bool(value) => write(if *value { "true" } else { "false" }),
        }
    }

    /// The value as JSON, with lines unless `indent` is empty.
    ///
    /// # Errors
    /// The JSON is longer than `most` bytes.
    pub(super) fn to_json_text(&self, indent: &str, most: usize) -> Result<String, String> {
        let mut bytes = Bounded { bytes: Vec::new(), most };
        let written = if indent.is_empty() {
            self.serialize(&mut serde_json::Serializer::new(&mut bytes))
        } else {
            let formatter = PrettyFormatter::with_indent(indent.as_bytes());
            self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        };
        written.map_err(|_| format!("the prompt renders to more than {most} bytes"))?;
        Ok(String::from_utf8(bytes.bytes).unwrap_or_default())
    }
}

impl Serialize for Val<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.repr {
            Repr::Missing => serializer.serialize_unit(),
            Repr::Json(value) => Ordered(value).serialize(serializer),
            Repr::Root(fields) => ordered_map(fields, serializer),
            Repr::Text(text) => serializer.serialize_str(text),
            Repr::Key(text) => serializer.serialize_str(text),
            Repr::Number(n) => n.serialize(serializer),
            Repr::Bool(value) => serializer.serialize_bool(*value),
            Repr::Overlay(_) => serializer.collect_map(self.items().filter(|(_, value)| !value.is_missing())),
        }
    }
}

/// A unit of UTF-16 as text. A surrogate becomes the replacement character.
fn character<'a>(unit: u16) -> Repr<'a> {
    Repr::Text(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string().into())
}
