//! Values while a template is rendered: borrowed from the arguments and the template, and as JavaScript treats them,
//! which is what Handlebars means by text, truth and equality.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::sync::LazyLock;

use serde::ser::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Map, Number, Value};

/// The context of a block where there is none.
static NO_CONTEXT: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

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
    fn of(is: Is<'a>) -> Self {
        Self { is, by_caller: false }
    }

    pub(super) fn no_context() -> Self {
        Self::json(&NO_CONTEXT)
    }

    pub(super) fn is_no_context(&self) -> bool {
        matches!(self.is, Is::Json(value) if std::ptr::eq(value, &*NO_CONTEXT))
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
                None if name == "length" && !overlay.base.is_fields() => Self::missing(),
                None => overlay.base.get_variable(name, authored),
            },
            _ => self.get(name),
        }
    }

    /// Whether it has fields rather than items or characters.
    fn is_fields(&self) -> bool {
        matches!(self.is, Is::Json(Value::Object(_)) | Is::Root(_) | Is::Overlay(_))
    }

    /// A field of an object, an item of a list, a character of a text, the length of one of these.
    pub(super) fn get(&self, name: &str) -> Self {
        let found = match &self.is {
            Is::Json(Value::Object(fields)) => fields.get(name).map(Is::Json),
            Is::Json(Value::Array(items)) => match name {
                "length" => Some(Is::Number(items.len())),
                _ => index(name).and_then(|index| items.get(index)).map(Is::Json),
            },
            Is::Root(_) | Is::Overlay(_) => return self.get_variable(name, &HashSet::new()),
            // In UTF-16, as JavaScript counts.
            _ => match (self.as_text(), name) {
                (Some(text), "length") => Some(Is::Number(text.encode_utf16().count())),
                (Some(text), name) => index(name).and_then(|index| text.encode_utf16().nth(index)).map(character),
                (None, _) => None,
            },
        };
        found.map_or(Self::missing(), |is| self.derived(is))
    }

    /// Whether a name is answered by counting characters.
    pub(super) fn has_characters(&self, name: &str) -> bool {
        (name == "length" || index(name).is_some()) && self.as_text().is_some()
    }

    /// The items of a list and the fields of an object, each with its key.
    pub(super) fn items(&self) -> Box<dyn Iterator<Item = (Self, Self)> + '_> {
        match &self.is {
            Is::Json(Value::Array(items)) => {
                Box::new(items.iter().enumerate().map(|(at, item)| (Self::number(at), self.derived(Is::Json(item)))))
            }
            Is::Json(Value::Object(fields)) => self.fields_of(fields),
            Is::Root(fields) => self.fields_of(fields),
            Is::Overlay(_) => {
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
        let text = |index: usize| Self::of(Is::Text(index.to_string().into()));
        match &self.is {
            Is::Overlay(overlay) => {
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
                fields.extend(new.map(|(key, value)| (Self::of(Is::Key(key)), value.clone())));
                fields
            }
            Is::Json(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (text(at), self.derived(Is::Json(item)))).collect()
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
        let field = |(key, value): (&'a String, &'a Value)| (self.derived(Is::Key(key)), self.derived(Is::Json(value)));
        match in_order(fields) {
            Some(ordered) => Box::new(ordered.into_iter().map(field)),
            None => Box::new(fields.iter().map(field)),
        }
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

    /// What JavaScript takes for true.
    pub(super) fn is_js_true(&self) -> bool {
        !(self.is_nothing() || self.is_text("") || self.number_value() == Some(0.0))
    }

    /// A list or an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.is, Is::Json(Value::Array(_))) || self.is_fields()
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

    pub(super) fn is_null(&self) -> bool {
        matches!(self.is, Is::Missing | Is::Json(Value::Null))
    }

    /// What JavaScript calls a value that is none.
    pub(super) fn nothing(&self) -> Option<&'static str> {
        match self.is {
            Is::Missing => Some("undefined"),
            Is::Json(Value::Null) => Some("null"),
            _ => None,
        }
    }

    pub(super) fn is_json_null(&self) -> bool {
        matches!(self.is, Is::Json(Value::Null))
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

    /// As JSON, each level on lines of its own if they are indented.
    ///
    /// # Errors
    /// When that is more than `most` bytes.
    pub(super) fn to_json_text(&self, indent: &str, most: usize) -> Result<String, String> {
        let mut bytes = Bounded { bytes: Vec::new(), most };
        let written = if indent.is_empty() {
            self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, JavaScript(CompactFormatter)))
        } else {
            let formatter = JavaScript(PrettyFormatter::with_indent(indent.as_bytes()));
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
            Is::Json(value) => Ordered(value).serialize(serializer),
            Is::Root(fields) => ordered_map(fields, serializer),
            Is::Text(text) => serializer.serialize_str(text),
            Is::Key(text) => serializer.serialize_str(text),
            Is::Number(n) => n.serialize(serializer),
            Is::Bool(is_so) => serializer.serialize_bool(*is_so),
            Is::Overlay(_) => serializer.collect_map(self.items().filter(|(_, value)| !value.is_missing())),
        }
    }
}

/// A value whose objects have their keys in JavaScript's order.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => ordered_map(fields, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            plain => plain.serialize(serializer),
        }
    }
}

fn ordered_map<S: Serializer>(fields: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match in_order(fields) {
        Some(ordered) => serializer.collect_map(ordered.into_iter().map(|(key, value)| (key, Ordered(value)))),
        None => serializer.collect_map(fields.iter().map(|(key, value)| (key, Ordered(value)))),
    }
}

/// JSON with numbers as JavaScript writes them.
struct JavaScript<F>(F);

impl<F: Formatter> Formatter for JavaScript<F> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// Fields as JavaScript orders them, those whose keys are whole numbers first; nothing if that is their order.
fn in_order(fields: &Map<String, Value>) -> Option<Vec<(&String, &Value)>> {
    fields.keys().any(|key| index(key).is_some()).then(|| {
        let mut ordered: Vec<_> = fields.iter().collect();
        ordered.sort_by_key(|(key, _)| index(key).unwrap_or(usize::MAX));
        ordered
    })
}

/// The index that a name is: `7`, not `07`.
fn index(name: &str) -> Option<usize> {
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let index: u32 = if is_index { name.parse().ok()? } else { return None };
    (index < u32::MAX).then_some(index as usize)
}

/// A unit of UTF-16 as text; half a character is none.
fn character<'a>(unit: u16) -> Is<'a> {
    Is::Text(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string().into())
}

/// A text as JavaScript makes a number of it.
fn to_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'));
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
    match n.as_f64().filter(|_| n.is_f64()) {
        Some(value) => float(value),
        None => n.to_string().into(),
    }
}

fn float(value: f64) -> Cow<'static, str> {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Rust leaves out the plus.
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}").into(),
            _ => text.into(),
        };
    }
    if value == 0.0 { "0".into() } else { value.to_string().into() }
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
