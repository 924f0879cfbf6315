//! What a template does with a value, and so what the value must be: a list where it loops, an object where it reads
//! fields.

use std::fmt;

use serde_json::Value;

use super::bounds;
use super::problem::Place;
use super::reader::shorten;
use super::schema::Mismatch;

/// How many fields a description names.
const MAX_NAMED_FIELDS: usize = 8;
/// How many fields an example has, and how deep it is.
const MAX_EXAMPLE_FIELDS: usize = 3;
const MAX_EXAMPLE_DEPTH: usize = 4;

/// What a template does with a value and its parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// The fields that it reads, in the order of their first use. `length` and the items of a list by number are among
    /// them.
    pub fields: Vec<(String, Self)>,
    /// The items of loops.
    pub items: Option<Box<Self>>,
    /// The item that `lookup` finds by a computed key. It may be any item, so it says nothing about each of them.
    pub found: Option<Box<Self>>,
    /// How the template uses it.
    pub marks: Marks,
}

/// What a template does with a value as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// The first tag that names it.
    pub named: Option<Place>,
    /// `{{x}}`, and other uses of a value as text.
    pub written: Option<Place>,
    /// `{{#each x}}`
    pub looped: Option<Place>,
    /// `{{#ifEquals x "a"}}`
    pub compared: Vec<(Value, Place)>,
    /// `{{json x}}`
    pub is_json: bool,
    /// `{{lookup x key}}` with a computed key.
    pub is_looked_up: bool,
    /// A loop over it reads `@key`.
    pub is_keyed: bool,
    /// `{{#x}}`
    pub is_section: bool,
    /// `{{#if x}}`, `{{#unless x}}`, `{{#x}}`
    pub is_tested: bool,
    /// `{{#with x}}`
    pub is_entered: bool,
    /// `includeZero` of such a test.
    pub includes_zero: bool,
    /// It is written if a part of it is missing, as in `{{#if x.y}}…{{else}}{{x}}{{/if}}`.
    pub is_fallback: bool,
}

impl Shape {
    /// The fields that text does not have.
    fn members(&self) -> impl Iterator<Item = &(String, Self)> {
        self.fields.iter().filter(|(name, _)| name != "length")
    }

    fn names(&self) -> Vec<&str> {
        self.members().map(|(name, _)| name.as_str()).filter(|name| !is_index(name)).collect()
    }

    /// Whether it can only be an object.
    pub fn has_fields(&self) -> bool {
        !self.marks.is_fallback && !self.names().is_empty()
    }

    /// Whether text in its place leaves a hole in the prompt: the template reads parts that text does not have.
    pub fn reads_parts(&self) -> bool {
        let of_items = self.items.as_ref().is_some_and(|items| items.is_no_text());
        let of_its_own = self.members().next().is_some() || self.marks.is_looked_up || self.marks.is_keyed;
        !self.marks.is_fallback && (of_its_own || of_items)
    }

    /// Whether text in its place leaves a hole, and cannot be made a list either.
    pub fn is_no_text(&self) -> bool {
        self.reads_parts() || (self.marks.looped.is_some() && !self.marks.is_fallback)
    }

    /// Whether JSON means more to the template than its text does.
    pub fn is_data(&self) -> bool {
        self.marks.is_section || self.is_object()
    }

    /// Whether an object means more to the template than its text does.
    pub fn is_object(&self) -> bool {
        let Marks { written, is_json, is_looked_up, looped, .. } = &self.marks;
        let is_json = *is_json && written.is_none();
        is_json || *is_looked_up || looped.is_some() || self.members().next().is_some()
    }

    /// Whether a list or an object that comes as one means more to the template than its text does.
    pub(crate) fn takes_as_it_is(&self, value: &Value) -> bool {
        let Marks { written, compared, is_tested, is_entered, .. } = &self.marks;
        let is_text = written.is_some() || !compared.is_empty();
        let has_length = self.fields.iter().any(|(name, _)| name == "length");
        match value {
            // Nothing to a test, while its text is something.
            Value::Array(items) if items.is_empty() && (*is_tested || *is_entered) => true,
            Value::Array(_) if has_length => true,
            _ => self.is_data() || !is_text,
        }
    }

    /// Whether the template's use of text gives it another type.
    pub(crate) fn reads_text(&self) -> bool {
        self.is_data() || self.is_flag()
    }

    /// Whether the template only tests whether it is set.
    pub fn is_flag(&self) -> bool {
        let Marks { written, looped, compared, is_json, is_looked_up, is_tested, .. } = &self.marks;
        let is_read = written.is_some() || looped.is_some() || *is_json || *is_looked_up || !compared.is_empty();
        *is_tested && !is_read && self.is_open()
    }

    /// Whether a loop over it can run once for each line of text.
    pub fn makes_lines(&self) -> bool {
        !self.marks.is_keyed && self.items.as_ref().is_none_or(|items| !items.is_no_text())
    }

    /// Where it, or a part of it, is first named.
    pub fn place(&self) -> Option<Place> {
        let parts =
            self.fields.iter().map(|(_, shape)| shape).chain(self.items.as_deref()).chain(self.found.as_deref());
        parts.filter_map(Self::place).chain(self.marks.named).min()
    }

    /// Whether it reads no fields and no items.
    pub fn is_open(&self) -> bool {
        self.fields.is_empty() && self.items.is_none() && self.found.is_none()
    }

    /// What it takes, in words.
    pub fn words(&self) -> String {
        let names = self.names();
        if !names.is_empty() {
            let object = format!("an object with {}", listed(&names));
            return if self.marks.is_section { format!("{object}, or a list of such") } else { object };
        }
        match &self.items {
            Some(items) if self.marks.is_keyed && items.is_no_text() => format!("an object of {}", items.plural()),
            _ if self.marks.is_keyed => "an object".to_owned(),
            Some(items) if items.is_no_text() => format!("a list of {}", items.plural()),
            _ if self.marks.is_looked_up && self.marks.looped.is_none() => match &self.found {
                Some(found) if found.is_no_text() => format!("a list or an object of {}", found.plural()),
                _ => "a list or an object".to_owned(),
            },
            _ => "a list".to_owned(),
        }
    }

    fn plural(&self) -> String {
        let names = self.names();
        match &self.items {
            _ if !names.is_empty() => format!("objects with {}", listed(&names)),
            _ if self.marks.is_keyed => "objects".to_owned(),
            Some(items) if items.is_no_text() => format!("lists of {}", items.plural()),
            _ => "lists".to_owned(),
        }
    }

    /// What an error says is allowed.
    pub fn expected(&self) -> String {
        format!("JSON: {}, such as {}", self.words(), self.example(MAX_EXAMPLE_DEPTH))
    }

    fn example(&self, depth: usize) -> Value {
        let names = self.names();
        let of_items = || {
            self.items
                .as_ref()
                .or(self.found.as_ref())
                .filter(|_| depth > 1)
                .map_or("…".into(), |items| items.example(depth - 1))
        };
        if !names.is_empty() && depth > 0 {
            let fields = self.members().filter(|(name, _)| !is_index(name)).take(MAX_EXAMPLE_FIELDS);
            return fields
                .map(|(name, shape)| (shorten(name), shape.example(depth - 1)))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        if self.marks.is_keyed {
            return serde_json::json!({ "…": of_items() });
        }
        let is_list = self.marks.looped.is_some() || self.marks.is_looked_up || self.members().next().is_some();
        if is_list && depth > 0 { Value::Array(vec![of_items()]) } else { "…".into() }
    }

    /// Checks that the template finds the parts of a value that it reads. A field may be missing or empty.
    pub(super) fn check(&self, name: &str, value: &Value) -> Result<(), Mismatch> {
        self.check_at(value, &Location::Name(name), &mut { bounds::RENDER_STEPS })
    }

    /// Checks a part in the steps that are `left`.
    fn check_at(&self, value: &Value, at: &Location<'_>, left: &mut usize) -> Result<(), Mismatch> {
        let mismatch =
            |expected: String, given: String| Err(Mismatch { path: shorten(&at.to_string()), expected, given });
        let wrong = |expected: String| mismatch(expected, shorten(&value.to_string()));
        let Some(rest) = left.checked_sub(1 + self.fields.len()) else {
            return mismatch(format!("what can be checked in {} steps", bounds::RENDER_STEPS), "more".to_owned());
        };
        *left = rest;
        match value {
            Value::Object(_) if self.marks.written.is_some() && !self.is_object() => wrong("text".to_owned()),
            Value::Object(found) => {
                for (name, shape) in &self.fields {
                    if let Some(field) = found.get(name) {
                        shape.check_field(field, &Location::Field(at, name), left)?;
                    }
                }
                let Some(items) = &self.items else { return Ok(()) };
                found.iter().try_for_each(|(key, item)| items.check_at(item, &Location::Field(at, key), left))
            }
            Value::Array(found) if self.marks.is_section => {
                let mut items = found.iter().enumerate();
                items.try_for_each(|(index, item)| self.check_at(item, &Location::Item(at, index), left))
            }
            Value::Array(_) if self.has_fields() => wrong(self.words()),
            Value::Array(found) => {
                for (name, shape) in self.members() {
                    let index = name.parse::<usize>().ok();
                    if let Some((index, item)) = index.and_then(|index| Some((index, found.get(index)?))) {
                        shape.check_field(item, &Location::Item(at, index), left)?;
                    }
                }
                let Some(items) = &self.items else { return Ok(()) };
                let mut found = found.iter().enumerate();
                found.try_for_each(|(index, item)| items.check_at(item, &Location::Item(at, index), left))
            }
            // `{{#x}}` takes it for yes or no.
            Value::Bool(_) if self.marks.is_section => Ok(()),
            _ if self.is_no_text() => wrong(self.words()),
            _ => Ok(()),
        }
    }

    /// Checks an optional part: an empty one is tested by the template, or writes nothing.
    fn check_field(&self, value: &Value, at: &Location<'_>, left: &mut usize) -> Result<(), Mismatch> {
        let is_empty = value.is_null() || *value == Value::Bool(false) || value == "";
        if is_empty { Ok(()) } else { self.check_at(value, at, left) }
    }
}

/// The path of a part of a value, as people write it.
enum Location<'a> {
    Name(&'a str),
    Field(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Field(of, name) => write!(f, "{of}.{name}"),
            Self::Item(of, index) => write!(f, "{of}[{index}]"),
        }
    }
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

fn listed(names: &[&str]) -> String {
    let mut words = names.iter().take(MAX_NAMED_FIELDS).map(|name| shorten(name)).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMED_FIELDS {
        words.push_str(" …");
    }
    words
}
