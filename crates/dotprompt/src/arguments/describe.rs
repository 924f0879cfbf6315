//! Describes arguments in lists and forms.

use serde_json::{Map, Value};

use super::{Argument, Item, Kind, texts};
use crate::reader::shorten;
use crate::schema::{list, plain};
use crate::shape::Shape;

impl Argument {
    /// Adds the listed description.
    pub(super) fn described(mut self) -> Self {
        let mut notes = Vec::new();
        notes.extend(self.format());
        notes.extend(self.limits());
        if let Some(default) = self.default.as_ref().map(plain).filter(|default| !default.is_empty()) {
            notes.push(format!("default {}", shorten(&default)));
        }
        let words = self.description.as_deref().map(str::trim_end).filter(|words| !words.is_empty());
        self.listed_description = match (words, notes.join("; ")) {
            (words, notes) if notes.is_empty() => words.map(str::to_owned),
            (Some(words), notes) => Some(format!("{words} ({notes})")),
            (None, notes) => Some(format!("({notes})")),
        };
        self
    }

    /// The type in words; `None` for any text.
    #[doc(hidden)]
    #[must_use]
    pub fn format(&self) -> Option<String> {
        if let Some(allowed) = &self.allowed {
            return Some(format!("one of {}", list(allowed)));
        }
        match &self.shape {
            Some(shape) if self.needs_parts() => return Some(format!("JSON: {}", shape.words())),
            Some(shape) if shape.is_flag() => {
                let zero = if shape.marks.includes_zero { "no" } else { "no, 0" };
                return Some(format!("yes or no: false, {zero} and off are no, other text is yes"));
            }
            Some(shape) if self.kind == Kind::Any && shape.marks.looped.is_some() => {
                return Some("a list: JSON, or one item a line".to_owned());
            }
            Some(shape) if self.kind == Kind::Any && shape.is_data() => return Some("text or JSON".to_owned()),
            _ => {}
        }
        let plural = |kind| match kind {
            Kind::Integer => " of whole numbers",
            Kind::Number => " of numbers",
            Kind::Boolean => " of true or false",
            _ => "",
        };
        Some(match (self.kind, &self.items) {
            (Kind::String | Kind::Any, _) => return None,
            (Kind::Integer, _) => "a whole number".to_owned(),
            (Kind::Number, _) => "a number".to_owned(),
            (Kind::Boolean, _) => "true or false".to_owned(),
            (Kind::Array, Some(Item { allowed: Some(allowed), .. })) => {
                format!("a list: JSON, or values with commas or lines between, each one of {}", list(allowed))
            }
            (Kind::Array, Some(item)) => {
                format!("a list{}: JSON, or values with commas or lines between", plural(item.kind))
            }
            (kind, _) => kind.expected().to_owned(),
        })
    }

    /// The limits of its schema in words.
    fn limits(&self) -> Vec<String> {
        let numbered =
            |count: &str, what: &'static str| what.strip_suffix('s').filter(|_| count == "1").unwrap_or(what);
        let of = |keyword: &str| self.schema.get(keyword).map(|limit| shorten(&plain(limit)));
        let range = |least: &str, most: &str, what: &'static str| match (of(least), of(most)) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
            (Some(least), None) => Some(format!("at least {least}{}", numbered(&least, what))),
            (None, Some(most)) => Some(format!("at most {most}{}", numbered(&most, what))),
            (None, None) => None,
        };
        let ranges = [
            range("minimum", "maximum", ""),
            range("minLength", "maxLength", " characters"),
            range("minItems", "maxItems", " items"),
        ];
        let pattern = of("pattern").map(|pattern| format!("matches {pattern}"));
        let format = of("format").map(|format| format!("format {format}"));
        ranges.into_iter().chain([pattern, format]).flatten().collect()
    }

    /// The argument as a field of the form that a client shows: `PrimitiveSchemaDefinition` of MCP's elicitation.
    #[must_use]
    pub fn form_property(&self) -> Value {
        let mut property = Map::new();
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                property.insert(key.to_owned(), value);
            }
        };
        // In MCP's forms, the items of a list are choices.
        let items = self.items.as_ref().and_then(|item| item.allowed.as_deref());
        let (kind, limits): (&str, &[&str]) = match (&self.allowed, self.kind) {
            (Some(_), _) => ("string", &[]),
            (None, Kind::Integer) => ("integer", &["minimum", "maximum"]),
            (None, Kind::Number) => ("number", &["minimum", "maximum"]),
            (None, Kind::Boolean) => ("boolean", &[]),
            (None, Kind::Array) if items.is_some() => ("array", &["minItems", "maxItems"]),
            (None, Kind::String) => ("string", &["minLength", "maxLength"]),
            (None, _) => ("string", &[]),
        };
        set("type", Some(kind.into()));
        set("title", self.title.clone().map(Value::from));
        let is_plain = self.kind.is_plain()
            && !self.shape().is_some_and(Shape::reads_text)
            && self.schema.get("pattern").is_none();
        let is_told = self.allowed.is_some() || is_plain || kind == "array";
        let description = if is_told { &self.description } else { &self.listed_description };
        set("description", description.clone().map(Value::from));
        for limit in limits {
            set(limit, self.schema.get(limit).filter(|limit| limit.is_number()).cloned());
        }
        let format = self.schema.get("format").and_then(Value::as_str);
        if kind == "string" && self.allowed.is_none() {
            set("format", format.filter(|name| ["email", "uri", "date", "date-time"].contains(name)).map(Value::from));
        }
        if self.allowed.is_some() {
            set("enum", Some(self.choices().into()));
        }
        if let Some(allowed) = items.filter(|_| kind == "array") {
            set("items", Some(serde_json::json!({ "type": "string", "enum": texts(allowed) })));
        }
        set(
            "default",
            self.default.as_ref().map(|default| match (kind, default) {
                ("array", Value::Array(chosen)) => texts(chosen).into(),
                ("string", default) => plain(default).into(),
                (_, default) => default.clone(),
            }),
        );
        property.into()
    }
}
