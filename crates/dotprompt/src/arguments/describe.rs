//! Describes arguments in lists and forms.

use serde_json::{Map, Value, json};

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
        let is_plain = self.kind.is_plain()
            && !self.shape().is_some_and(Shape::reads_text)
            && self.schema.get("pattern").is_none();
        // Without a field for the type, the description has it.
        let has_type = self.allowed.is_some() || is_plain || kind == "array";
        let description = if has_type { &self.description } else { &self.listed_description };
        let limits =
            limits.iter().map(|limit| (*limit, self.schema.get(*limit).filter(|limit| limit.is_number()).cloned()));
        let format = self.schema.get("format").and_then(Value::as_str).filter(|name| {
            kind == "string" && self.allowed.is_none() && ["email", "uri", "date", "date-time"].contains(name)
        });
        let items =
            items.filter(|_| kind == "array").map(|allowed| json!({ "type": "string", "enum": texts(allowed) }));
        let default = self.default.as_ref().map(|default| match (kind, default) {
            ("array", Value::Array(chosen)) => texts(chosen).into(),
            ("string", default) => plain(default).into(),
            (_, default) => default.clone(),
        });
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let first = [("type", Some(kind.into())), ("title", text(&self.title)), ("description", text(description))];
        let choices = self.allowed.as_ref().map(|_| self.choices().into());
        let last = [("format", format.map(Value::from)), ("enum", choices), ("items", items), ("default", default)];
        let fields = first.into_iter().chain(limits).chain(last);
        fields.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Map<_, _>>().into()
    }
}
