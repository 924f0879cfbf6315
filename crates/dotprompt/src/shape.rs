//! How a template uses a value, and therefore the type that the value needs: a list for a loop, an object for fields.

use serde_json::{Map, Value, json};

use super::bounds;
use super::problem::Place;
use super::reader::shorten;
use super::schema::Mismatch;

/// The most fields that a description names.
const MAX_NAMED_FIELDS: usize = 8;
/// The most fields of an example.
const MAX_EXAMPLE_FIELDS: usize = 3;
const MAX_EXAMPLE_DEPTH: usize = 4;

/// How a template uses a value and its parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// The fields in the order of their first use, including `length` and numbers of items.
    pub fields: Vec<(String, Self)>,
    /// The items of loops.
    pub items: Option<Box<Self>>,
    /// The item of a `lookup` with a computed key. Other items may be used differently.
    pub found: Option<Box<Self>>,
    /// How the template uses the value as a whole.
    pub marks: Marks,
}

/// How a template uses a value as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// The first tag that names it.
    pub named: Option<Place>,
    /// `{{x}}`, and other uses as text.
    pub written: Option<Place>,
    /// `{{#each x}}`
    pub looped: Option<Place>,
    /// `{{#ifEquals x "a"}}`
    pub compared: Vec<(Value, Place)>,
    /// `{{json x}}`
    pub is_json: bool,
    /// `{{lookup x key}}` with a computed key.
    pub is_looked_up: bool,
    /// `{{lookup object x}}`
    pub is_key: bool,
    /// A loop over it reads `@key`.
    pub is_keyed: bool,
    /// `{{#x}}`
    pub is_section: bool,
    /// `{{#if x}}`, `{{#unless x}}`, `{{#x}}`
    pub is_tested: bool,
    /// `{{#with x}}`
    pub is_entered: bool,
    /// `{{#if x includeZero=true}}`
    pub includes_zero: bool,
    /// It is written instead of a missing part, as in `{{#if x.y}}…{{else}}{{x}}{{/if}}`.
    pub is_fallback: bool,
}

impl Shape {
    /// All fields except `length`, which text has too.
    fn members(&self) -> impl Iterator<Item = &(String, Self)> {
        self.fields.iter().filter(|(name, _)| name != "length")
    }

    fn names(&self) -> Vec<&str> {
        self.members().map(|(name, _)| name.as_str()).filter(|name| !is_index(name)).collect()
    }

    /// Whether it must be an object.
    pub fn has_fields(&self) -> bool {
        !self.marks.is_fallback && !self.names().is_empty()
    }

    /// Whether the template reads parts that text does not have.
    pub fn reads_parts(&self) -> bool {
        let of_items = self.items.as_ref().is_some_and(|items| items.is_no_text());
        let of_its_own = self.members().next().is_some() || self.marks.is_looked_up || self.marks.is_keyed;
        !self.marks.is_fallback && (of_its_own || of_items)
    }

    /// Whether it cannot be text, not even as the lines of a list.
    pub fn is_no_text(&self) -> bool {
        self.reads_parts() || (self.marks.looped.is_some() && !self.marks.is_fallback)
    }

    /// Whether the template can use a list or an object better than its text.
    pub fn is_data(&self) -> bool {
        self.marks.is_section || self.is_object()
    }

    /// Whether the template can use an object better than its text.
    pub fn is_object(&self) -> bool {
        let Marks { written, is_json, is_looked_up, looped, .. } = &self.marks;
        let is_json = *is_json && written.is_none();
        is_json || *is_looked_up || looped.is_some() || self.members().next().is_some()
    }

    /// Whether a list or an object that a caller sends as JSON stays one, and does not become text.
    pub(crate) fn takes_as_it_is(&self, value: &Value) -> bool {
        let Marks { written, compared, is_tested, is_entered, .. } = &self.marks;
        let is_text = written.is_some() || !compared.is_empty();
        let has_length = self.fields.iter().any(|(name, _)| name == "length");
        match value {
            // An empty list is false in a test, and its text is true.
            Value::Array(items) if items.is_empty() && (*is_tested || *is_entered) => true,
            Value::Array(_) if has_length => true,
            _ => self.is_data() || !is_text,
        }
    }

    /// Whether text may become another type.
    pub(crate) fn reads_text(&self) -> bool {
        self.is_data() || self.is_flag()
    }

    /// Whether the template only tests whether it is set.
    pub fn is_flag(&self) -> bool {
        let Marks { written, looped, compared, is_json, is_looked_up, is_tested, .. } = &self.marks;
        let is_read = written.is_some() || looped.is_some() || *is_json || *is_looked_up || !compared.is_empty();
        *is_tested && !is_read && self.is_open()
    }

    /// Whether a loop can run once for each line of text.
    pub fn makes_lines(&self) -> bool {
        !self.marks.is_keyed && self.items.as_ref().is_none_or(|items| !items.is_no_text())
    }

    /// The first tag that names it or a part of it.
    pub fn place(&self) -> Option<Place> {
        let parts =
            self.fields.iter().map(|(_, shape)| shape).chain(self.items.as_deref()).chain(self.found.as_deref());
        parts.filter_map(Self::place).chain(self.marks.named).min()
    }

    /// Whether the template reads no fields and no items.
    pub fn is_open(&self) -> bool {
        self.fields.is_empty() && self.items.is_none() && self.found.is_none()
    }

    /// The type in words.
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

    /// The expected type in words, for an error.
    pub fn expected(&self) -> String {
        format!("JSON: {}, such as {}", self.words(), self.example(MAX_EXAMPLE_DEPTH))
    }

    /// The JSON Schema of its values, as far as the template shows the type.
    pub(crate) fn schema(&self) -> Value {
        if self.is_flag() {
            return json!({ "type": "boolean" });
        }
        let items = || self.items.as_ref().map_or_else(|| json!({}), |items| items.part_schema());
        if self.has_fields() {
            let fields = self.members().filter(|(name, _)| !is_index(name));
            let fields: Map<_, _> = fields.map(|(name, shape)| (name.clone(), shape.part_schema())).collect();
            let object = json!({ "type": "object", "properties": fields });
            return if self.marks.is_section {
                json!({ "anyOf": [object, { "type": "array", "items": object }] })
            } else {
                object
            };
        }
        if self.marks.is_keyed && !self.marks.is_fallback {
            return json!({ "type": "object", "additionalProperties": items() });
        }
        if self.marks.looped.is_some() && !self.marks.is_fallback {
            return json!({ "type": "array", "items": items() });
        }
        if self.is_data() || self.reads_parts() { json!({}) } else { json!({ "type": "string" }) }
    }

    /// The JSON Schema of a part. It may be a number, or empty.
    fn part_schema(&self) -> Value {
        if self.is_no_text() { self.schema() } else { json!({}) }
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

    /// Checks that a value has the parts that the template reads. A field may be missing or empty.
    pub(super) fn check(&self, name: &str, value: &Value) -> Result<(), Mismatch> {
        let checked = self.check_part(value, &mut { bounds::RENDER_STEPS });
        checked.map_err(|mismatch| Mismatch { path: shorten(&format!("{name}{}", mismatch.path)), ..mismatch })
    }

    /// Checks a part, and counts down `steps_left`. The path of a mismatch starts at the part.
    fn check_part(&self, value: &Value, steps_left: &mut usize) -> Result<(), Mismatch> {
        let mismatch = |expected: String, given: String| Err(Mismatch { path: String::new(), expected, given });
        let wrong = |expected: String| mismatch(expected, shorten(&value.to_string()));
        let Some(rest) = steps_left.checked_sub(1 + self.fields.len()) else {
            let expected = format!("a value that can be checked in {} steps", bounds::RENDER_STEPS);
            return mismatch(expected, "more".to_owned());
        };
        *steps_left = rest;
        let mut check_item = |shape: &Self, (index, item): (usize, &Value)| {
            shape.check_part(item, steps_left).map_err(|mismatch| mismatch.under(&format!("[{index}]")))
        };
        match value {
            Value::Object(_) if self.marks.written.is_some() && !self.is_object() => wrong("text".to_owned()),
            Value::Object(found) => {
                let mut check_field = |shape: &Self, name: &str, field: &Value| {
                    shape.check_part(field, steps_left).map_err(|mismatch| mismatch.under(&format!(".{name}")))
                };
                for (name, shape) in &self.fields {
                    if let Some(field) = found.get(name).filter(|field| !is_empty(field)) {
                        check_field(shape, name, field)?;
                    }
                }
                let Some(items) = &self.items else { return Ok(()) };
                found.iter().try_for_each(|(key, item)| check_field(items, key, item))
            }
            Value::Array(found) if self.marks.is_section => {
                found.iter().enumerate().try_for_each(|item| check_item(self, item))
            }
            Value::Array(_) if self.has_fields() => wrong(self.words()),
            Value::Array(found) => {
                for (name, shape) in self.members() {
                    let index = name.parse::<usize>().ok();
                    let item = index.and_then(|index| Some((index, found.get(index)?)));
                    if let Some(item) = item.filter(|(_, item)| !is_empty(item)) {
                        check_item(shape, item)?;
                    }
                }
                let Some(items) = &self.items else { return Ok(()) };
                found.iter().enumerate().try_for_each(|item| check_item(items, item))
            }
            // A boolean in `{{#x}}` renders the block or not.
            Value::Bool(_) if self.marks.is_section => Ok(()),
            _ if self.is_no_text() => wrong(self.words()),
            _ => Ok(()),
        }
    }
}

/// Whether a part is as good as missing: the template tests it, or writes nothing.
fn is_empty(value: &Value) -> bool {
    value.is_null() || *value == Value::Bool(false) || value == ""
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
