//! The arguments of a prompt.

mod describe;
mod given;
mod input_schema;
mod items;
mod object;
mod properties;
mod resolve;
mod text;
mod used;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

pub(super) use items::from_items;
pub(super) use properties::from_schema;
pub use resolve::ArgumentProblem;
pub(super) use resolve::Values;

use super::bounds;
use super::problem::{Code, Place};
use super::reader::{Reader, shorten};
use super::schema::{Validator, list, plain};
use super::shape::Shape;
use super::template::Variable;
use super::yaml::{Node, Span, number};

/// The arguments of a prompt, in the author's order.
#[derive(Debug, Default, Clone)]
pub struct Arguments {
    listed: Vec<Argument>,
    /// The type of other arguments; `None` if they are not allowed.
    others: Option<Argument>,
    /// Other arguments that the template uses.
    used_others: HashMap<String, Argument>,
    /// The values of omitted variables, including variables that are not arguments: `input.default`.
    pub(super) defaults: Map<String, Value>,
    /// The whole schema, if references in it name parts of it.
    root: Option<Arc<Value>>,
    /// Checks each argument, if the schema has more than types.
    validator: Option<Arc<Validator>>,
    /// Checks all arguments together, if the schema has rules for several of them.
    rules: Option<Arc<Validator>>,
}

/// One argument of a prompt, serialised as in MCP.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Argument {
    /// The variable in the template.
    pub name: String,
    /// The title, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The author's description.
    #[serde(skip)]
    pub description: Option<String>,
    /// The description with type, choices and default, for which MCP has no fields.
    #[serde(rename = "description", skip_serializing_if = "Option::is_none")]
    pub listed_description: Option<String>,
    /// Whether a call needs it; false with a default.
    pub required: bool,
    /// The type of its value.
    #[serde(skip)]
    pub kind: Kind,
    /// The allowed values, if they are listed. Null may be one of them, although callers cannot send it.
    #[serde(skip)]
    pub allowed: Option<Vec<Value>>,
    /// The value if a caller omits it.
    #[serde(skip)]
    pub default: Option<Value>,
    /// The JSON Schema.
    #[serde(skip)]
    pub schema: Value,
    /// The declaration, or the first use of an inferred argument.
    #[serde(skip)]
    pub place: Option<Place>,
    /// The items of a list that can be written with commas.
    #[serde(skip)]
    items: Option<Item>,
    /// Whether its schema has more than `kind` and `allowed`.
    #[serde(skip)]
    is_checked: bool,
    /// How the template uses it, if its type is not declared.
    #[serde(skip)]
    shape: Option<Box<Shape>>,
}

/// The type of a list's items.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    kind: Kind,
    allowed: Option<Vec<Value>>,
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Text, or the type that the template needs.
    #[default]
    Any,
    /// A list, as JSON or as items with commas or line breaks between them.
    Array,
    /// An object as JSON.
    Object,
    /// One of several types other than text, as JSON.
    Json,
}

impl Kind {
    /// Types that an author can declare.
    const NAMES: [&str; 7] = ["string", "integer", "number", "boolean", "any", "array", "object"];

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "any" => Self::Any,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    /// The type in words, for an error.
    fn expected(self) -> &'static str {
        match self {
            Self::String | Self::Any => "text",
            Self::Integer => "a whole number such as 42",
            Self::Number => "a number such as 2.5",
            Self::Boolean => "true or false",
            Self::Array => "a list as JSON",
            Self::Object => "an object as JSON",
            Self::Json => "a value as JSON",
        }
    }

    /// Whether its values are written as text, not as JSON.
    fn is_plain(self) -> bool {
        !matches!(self, Self::Array | Self::Object | Self::Json)
    }

    /// Whether a JSON value has this type.
    fn has(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any | Self::Json => true,
        }
    }

    /// The value of plain text.
    fn parse_text(self, text: &str) -> Option<Value> {
        match self {
            Self::String | Self::Any => Some(text.into()),
            Self::Integer => text.trim().parse::<i64>().map(Value::from).ok().or_else(|| whole(text.trim())),
            Self::Number => text.trim().parse::<f64>().ok().and_then(number).map(Value::Number),
            Self::Boolean => boolean(text).map(Value::from),
            Self::Array | Self::Object | Self::Json => None,
        }
    }
}

/// A whole number such as `3.0` or `3e2`.
fn whole(text: &str) -> Option<Value> {
    let number = number(serde_json::from_str::<f64>(text).ok()?)?;
    number.is_i64().then(|| number.into())
}

/// `true` or `false`, regardless of case.
fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

impl Argument {
    /// An optional argument of any text.
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), schema: Value::Object(Map::new()), ..Self::default() }
    }

    /// Makes it optional, and sets the default unless that is null.
    fn set_default(&mut self, value: &Value) -> Result<(), String> {
        self.required = false;
        if value.is_null() {
            return Ok(());
        }
        let is_data = value.is_array() || value.is_object();
        let read = match (&self.allowed, self.kind) {
            (None, Kind::Any | Kind::Json) => Some(value.clone()),
            (None, kind) if is_data => Some(value.clone()).filter(|value| kind.has(value)),
            // Text without quotes may be a number or a boolean in YAML.
            _ => self.read_as(&self.name, &plain(value)).ok(),
        };
        if read.is_none() {
            let (name, given) = (&self.name, shorten(&plain(value)));
            return Err(format!("`{name}`: the default {given} is not {}", self.expected()));
        }
        self.default = read;
        Ok(())
    }

    /// The allowed values in words, for an error.
    fn expected(&self) -> String {
        match (&self.allowed, &self.shape) {
            (Some(allowed), _) => format!("one of {}", list(allowed)),
            (None, Some(shape)) if self.needs_parts() => shape.expected(),
            (None, _) => self.kind.expected().to_owned(),
        }
    }

    /// Whether the template reads parts that text does not have.
    fn needs_parts(&self) -> bool {
        self.shape.as_ref().is_some_and(|shape| match self.kind {
            Kind::Array => [&shape.items, &shape.found].into_iter().flatten().any(|items| items.is_no_text()),
            _ => shape.reads_parts(),
        })
    }

    /// Whether it allows any text.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        self.allowed.is_none() && matches!(self.kind, Kind::String | Kind::Any) && !self.needs_parts()
    }

    /// How the template uses it, if its type is not declared.
    #[doc(hidden)]
    #[must_use]
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_deref()
    }

    /// Whether the template only tests it.
    fn is_flag(&self) -> bool {
        self.shape.as_deref().is_some_and(Shape::is_flag)
    }

    /// The choices as text; empty if other values are allowed.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        match (&self.allowed, self.kind) {
            (Some(allowed), _) => texts(allowed),
            (None, kind) if kind == Kind::Boolean || self.is_flag() => vec!["true".to_owned(), "false".to_owned()],
            (None, _) => Vec::new(),
        }
    }
}

impl Arguments {
    /// Whether other arguments are allowed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.others.is_some()
    }

    /// The arguments of a file without a declaration: the template's variables.
    pub(super) fn from_variables(variables: Vec<Variable>, defaults: Map<String, Value>) -> Self {
        let argument = |variable: Variable| {
            let default = defaults.get(&variable.name).filter(|value| !value.is_null()).cloned();
            let required = variable.required && !defaults.contains_key(&variable.name);
            let shape = Some(Box::new(variable.shape));
            let place = Some(variable.place);
            Argument { required, default, shape, place, ..Argument::new(&variable.name) }.described()
        };
        let listed = variables.into_iter().map(argument).collect();
        Self { listed, defaults, ..Self::default() }
    }

    /// Adds an argument that is declared at `span`, unless the name exists. Returns false if there are too many.
    fn add(&mut self, argument: Argument, what: &str, span: Span, reader: &mut Reader<'_>) -> bool {
        let choices = |argument: &Argument| argument.allowed.as_ref().map_or(0, Vec::len);
        if self.len() == bounds::ARGUMENTS {
            reader.note(Code::Bound, span, format!("a prompt has at most {} arguments", bounds::ARGUMENTS));
            return false;
        }
        if self.iter().map(choices).sum::<usize>() + choices(&argument) > bounds::CHOICES {
            let most = bounds::CHOICES;
            reader.note(Code::Bound, span, format!("the arguments of a prompt have at most {most} choices"));
            return false;
        }
        if self.iter().any(|other| other.name == argument.name) {
            reader.note(Code::Schema, span, format!("{what}: `{}` is declared twice", argument.name));
        } else {
            self.listed.push(argument.described());
        }
        true
    }
}

impl Deref for Arguments {
    type Target = [Argument];

    fn deref(&self) -> &[Argument] {
        &self.listed
    }
}

/// The default of an argument. A number for a text is kept as it is written.
fn default_of(argument: &Argument, node: &Node, reader: &mut Reader<'_>) -> Value {
    let is_choice = |value: &Value| argument.allowed.as_ref().is_some_and(|allowed| allowed.contains(value));
    let text = reader.value(node, true);
    if argument.kind == Kind::String || is_choice(&text) {
        return text;
    }
    let is_any = |kind: Kind, allowed: &Option<Vec<Value>>| kind == Kind::Any && allowed.is_none();
    let has_any = argument.items.as_ref().is_some_and(|item| is_any(item.kind, &item.allowed));
    if has_any || is_any(argument.kind, &argument.allowed) {
        reader.number("the default", node);
    }
    node.to_json()
}

/// Values as text, without null.
fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter(|value| !value.is_null()).map(|value| plain(value).into_owned()).collect()
}

/// Checks the name of a variable.
fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(format!("invalid name `{}`: use letters, digits, _ and -", shorten(name)))
}

/// Refuses an enum without values, or with lists or objects.
fn check_enum(name: &str, allowed: &[Value]) -> Result<(), String> {
    if allowed.iter().all(Value::is_null) {
        return Err(format!("`{name}`: the enum is empty, so no value would be allowed"));
    }
    if allowed.iter().any(|value| value.is_array() || value.is_object()) {
        return Err(format!("`{name}`: an enum has only text, numbers and booleans"));
    }
    Ok(())
}

/// The arguments in the order in which clients ask for them: first the required ones.
#[must_use]
pub fn in_listed_order(arguments: &[Argument]) -> Vec<&Argument> {
    let (required, optional): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.required);
    required.into_iter().chain(optional).collect()
}

#[cfg(test)]
mod tests;
