//! Values while a template is rendered: borrowed from the arguments and the template, and as JavaScript treats them,
//! which is what Handlebars means by text, truth and equality.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::LazyLock;

use serde::ser::{Serialize, Serializer};
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};

use super::javascript::{Bounded, Ordered, in_order, index, ordered_map, to_number, write_json};

/// The context of a block that has no context.
static NO_CONTEXT: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// A value, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Val<'a> {
    repr: Repr<'a>,
    /// Whether a caller chose it, rather than the author of the prompt.
    pub(super) by_caller: bool,
}

#[derive(Debug, Clone)]
enum Repr<'a> {
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

/// A context with the `key=value` of a partial over it, in the order of writing: an object with all that the context has,
/// were it a list or a text.
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
    fn of(repr: Repr<'a>) -> Self {
        Self { repr, by_caller: false }
    }

    pub(super) fn no_context() -> Self {
        Self::json(&NO_CONTEXT)
    }

    pub(super) fn is_no_context(&self) -> bool {
        matches!(self.repr, Repr::Json(value) if std::ptr::eq(value, &*NO_CONTEXT))
    }

    pub(super) fn missing() -> Self {
        Self::of(Repr::Missing)
    }

    pub(super) fn json(value: &'a Value) -> Self {
        Self::of(Repr::Json(value))
    }

    pub(super) fn json_of_caller(value: &'a Value) -> Self {
        Self { by_caller: true, ..Self::json(value) }
    }

    pub(super) fn root(variables: &'a Map<String, Value>) -> Self {
        Self { by_caller: true, ..Self::of(Repr::Root(variables)) }
    }

    /// Text made of another value.
    pub(super) fn text_of(&self, text: &str) -> Self {
        self.derived(Repr::Text(text.into()))
    }

    pub(super) fn number(n: usize) -> Self {
        Self::of(Repr::Number(n))
    }

    pub(super) fn bool(is_so: bool) -> Self {
        Self::of(Repr::Bool(is_so))
    }

    pub(super) fn overlay(overlay: Overlay<'a>) -> Self {
        Self { by_caller: overlay.base.by_caller, ..Self::of(Repr::Overlay(Rc::new(overlay))) }
    }

    /// How many names are looked at before the context itself is.
    pub(super) fn overlaid(&self) -> usize {
        match &self.repr {
            Repr::Overlay(overlay) => overlay.depth(),
            _ => 0,
        }
    }

    fn derived(&self, repr: Repr<'a>) -> Self {
        Self { repr, by_caller: self.by_caller }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self.repr, Repr::Missing)
    }

    /// Whether its fields are the variables of the prompt.
    pub(super) fn is_root(&self) -> bool {
        match &self.repr {
            Repr::Root(_) => true,
            Repr::Overlay(overlay) => overlay.base.is_root(),
            _ => false,
        }
    }

    /// A field. `authored` has the variables whose values are the author's.
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

    /// Whether it has fields rather than items or characters.
    fn is_fields(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Object(_)) | Repr::Root(_) | Repr::Overlay(_))
    }

    /// A field of an object, an item of a list, a character of a text, the length of one of these.
    pub(super) fn get(&self, name: &str) -> Self {
        let found = match &self.repr {
            Repr::Json(Value::Object(fields)) => fields.get(name).map(Repr::Json),
            Repr::Json(Value::Array(items)) => match name {
                "length" => Some(Repr::Number(items.len())),
                _ => index(name).and_then(|index| items.get(index)).map(Repr::Json),
            },
            Repr::Root(_) | Repr::Overlay(_) => return self.get_variable(name, &HashSet::new()),
            // In UTF-16, as JavaScript counts.
            _ => match (self.as_text(), name) {
                (Some(text), "length") => Some(Repr::Number(text.encode_utf16().count())),
                (Some(text), name) => index(name).and_then(|index| text.encode_utf16().nth(index)).map(character),
                (None, _) => None,
            },
        };
        found.map_or(Self::missing(), |repr| self.derived(repr))
    }

    /// Whether a name is answered by counting characters.
    pub(super) fn has_characters(&self, name: &str) -> bool {
        (name == "length" || index(name).is_some()) && self.as_text().is_some()
    }

    /// The items of a list and the fields of an object, each with its key.
    pub(super) fn items(&self) -> Box<dyn Iterator<Item = (Self, Self)> + '_> {
        match &self.repr {
            Repr::Json(Value::Array(items)) => {
                Box::new(items.iter().enumerate().map(|(at, item)| (Self::number(at), self.derived(Repr::Json(item)))))
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

    /// The fields of a context with others over it: those of the context where they stand there, then the others, of which
    /// the reference puts the last first.
    fn overlaid_fields(&self) -> Vec<(Self, Self)> {
        let text = |index: usize| Self::of(Repr::Text(index.to_string().into()));
        match &self.repr {
            Repr::Overlay(overlay) => {
                let Overlay { base, values } = overlay.as_ref();
                let over =
                    |key: &Self| values.iter().find(|(name, _)| key.is_text(name)).map(|(_, value)| value.clone());
                let mut fields = base.overlaid_fields();
                let mut known = HashSet::new();
                for (key, value) in &mut fields {
                    if let Some(over) = over(key) {
                        known.extend(key.as_text().map(str::to_owned));
                        *value = over;
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

    /// `null`, `false`, or not there.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.repr, Repr::Missing | Repr::Bool(false) | Repr::Json(Value::Null | Value::Bool(false)))
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.repr, Repr::Bool(true) | Repr::Json(Value::Bool(true)))
    }

    /// Nothing, an empty text, an empty list; not zero.
    pub(super) fn is_empty(&self) -> bool {
        self.is_nothing()
            || self.is_text("")
            || matches!(self.repr, Repr::Json(Value::Array(items)) if items.is_empty())
    }

    /// What `{{#if}}` takes for true.
    pub(super) fn is_truthy(&self, include_zero: bool) -> bool {
        !self.is_empty() && (include_zero || self.number_value() != Some(0.0))
    }

    /// What JavaScript takes for true.
    pub(super) fn is_js_true(&self) -> bool {
        !(self.is_nothing() || self.is_text("") || self.number_value() == Some(0.0))
    }

    /// A list or an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.repr, Repr::Json(Value::Array(_))) || self.is_fields()
    }

    /// JavaScript's `==` of a plain value and a text.
    pub(super) fn is_loosely(&self, text: &str) -> bool {
        match (self.as_text(), self.as_number()) {
            (Some(own), _) => own == text,
            (None, Some(number)) => to_number(text) == Some(number),
            (None, None) => false,
        }
    }

    /// The same of two plain values.
    pub(super) fn is_loosely_value(&self, other: &Self) -> bool {
        match (self.as_text(), other.as_text()) {
            (Some(_), Some(_)) => false,
            (Some(text), None) => other.is_loosely(text),
            (None, Some(text)) => self.is_loosely(text),
            (None, None) => self.as_number().is_some_and(|number| other.as_number() == Some(number)),
        }
    }

    /// A number, and what a boolean is as one.
    fn as_number(&self) -> Option<f64> {
        self.number_value().or_else(|| self.as_bool().map(|is_so| f64::from(u8::from(is_so))))
    }

    fn number_value(&self) -> Option<f64> {
        match &self.repr {
            Repr::Json(Value::Number(n)) => n.as_f64(),
            #[expect(clippy::cast_precision_loss, reason = "an index or a length")]
            Repr::Number(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// How much there is to compare, in bytes.
    pub(super) fn length(&self) -> usize {
        self.as_text().map_or(0, str::len)
    }

    /// JavaScript's `===`: lists and objects equal only themselves.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (&self.repr, &other.repr) {
            (Repr::Json(Value::Array(_) | Value::Object(_)), Repr::Json(_)) => match (&self.repr, &other.repr) {
                (Repr::Json(a), Repr::Json(b)) => std::ptr::eq(*a, *b),
                _ => false,
            },
            (Repr::Root(_), Repr::Root(_)) => true,
            (Repr::Overlay(a), Repr::Overlay(b)) => Rc::ptr_eq(a, b),
            // A value that was left out is null here and undefined there, and authors do not mean the difference.
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

    /// What lines of JSON are indented by: so many spaces, ten at most, or a text.
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
            Repr::Bool(is_so) | Repr::Json(&Value::Bool(is_so)) => Some(is_so),
            _ => None,
        }
    }

    /// Writes it as JavaScript turns it into text.
    pub(super) fn write<E>(&self, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match &self.repr {
            Repr::Missing => Ok(()),
            Repr::Json(value) => write_json(value, write),
            Repr::Root(_) | Repr::Overlay(_) => write("[object Object]"),
            Repr::Text(text) => write(text),
            Repr::Key(text) => write(text),
            Repr::Number(n) => write(&n.to_string()),
            Repr::Bool(is_so) => write(if *is_so { "true" } else { "false" }),
        }
    }

    /// As JSON, each level on lines of its own if they are indented.
    ///
    /// # Errors
    /// When that is more than `most` bytes.
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
            Repr::Bool(is_so) => serializer.serialize_bool(*is_so),
            Repr::Overlay(_) => serializer.collect_map(self.items().filter(|(_, value)| !value.is_missing())),
        }
    }
}

/// A unit of UTF-16 as text. Half a character is the replacement character.
fn character<'a>(unit: u16) -> Repr<'a> {
    Repr::Text(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string().into())
}
