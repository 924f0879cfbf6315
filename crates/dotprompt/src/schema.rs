//! JSON Schema: what a value must be beyond its type. Nothing else names the crate that checks it.

mod cost;
pub(super) mod keywords;
mod modern;

use std::borrow::Cow;
use std::fmt::Write;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, PatternOptions, ValidationError};
use serde_json::Value;

use super::bounds;
use super::reader::{on_one_line, shorten};
pub(super) use modern::modern;

/// How many choices an error or a description names.
pub(super) const MAX_NAMED_CHOICES: usize = 20;

/// A schema, ready to check values.
#[derive(Debug)]
pub(super) struct Validator {
    compiled: jsonschema::Validator,
    schema: Value,
    /// Whether texts are matched with patterns, which take longer than all other checks.
    pub(super) has_patterns: bool,
}

/// What is wrong with a schema, and where in it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Invalid {
    /// A JSON Pointer.
    pub(super) pointer: String,
    pub(super) message: String,
}

/// Where a value is not what its schema says.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// Such as `items[2].price`.
    pub(super) path: String,
    /// What is allowed there.
    pub(super) expected: String,
    /// What stands there, shortened.
    pub(super) given: String,
}

/// What is wrong with the arguments of a call that fit one by one.
#[derive(Debug)]
pub(super) enum Conflict {
    /// One must be given, too.
    Missing(String),
    /// One does not fit what another is.
    Argument { name: String, mismatch: Mismatch },
    /// What all of them must be.
    Together(String),
}

impl Validator {
    /// Compiles a schema. Nothing outside of it is ever read, and its patterns run in linear time.
    ///
    /// # Errors
    /// All that is wrong with it; never nothing.
    pub(super) fn compile(schema: &Value) -> Result<Self, Vec<Invalid>> {
        let patterns = cost::patterns(schema)?;
        let linear = PatternOptions::regex().size_limit(bounds::PATTERN_BYTES);
        let options = jsonschema::options().offline().with_pattern_options(linear);
        // To compile what a caller sends, as the crate does for this format, would have no bound.
        let options = options.should_validate_formats(true).with_format("regex", |_| true);
        let compiled = options.build(schema);
        compiled
            .map(|compiled| Self { compiled, schema: schema.clone(), has_patterns: patterns > 0 })
            .map_err(|first| misshapen(schema).unwrap_or_else(|| vec![Invalid::from(&first)]))
    }

    /// Checks an object with one argument, in the steps that are `left`; see [`bounds::CHECK_STEPS`].
    pub(super) fn check(&self, value: &Value, left: &mut usize) -> Result<(), Mismatch> {
        if !cost::is_affordable(&self.schema, value, left) {
            let path = value.as_object().and_then(|argument| argument.keys().next()).map(|name| shorten(name));
            let expected = format!("what its schema can check in {} steps", bounds::CHECK_STEPS);
            return Err(Mismatch { path: path.unwrap_or_default(), expected, given: "more".to_owned() });
        }
        // Most values fit, and that is known soonest so.
        if self.compiled.is_valid(value) {
            return Ok(());
        }
        self.compiled.validate(value).map_err(|e| Mismatch::from(&e))
    }

    /// Checks an object with all arguments of a call, in the steps that are `left`.
    pub(super) fn check_all(&self, arguments: &Value, left: &mut usize) -> Result<(), Conflict> {
        if !cost::is_affordable(&self.schema, arguments, left) {
            return Err(Conflict::Together(format!("what their schema can check in {} steps", bounds::CHECK_STEPS)));
        }
        if self.compiled.is_valid(arguments) {
            return Ok(());
        }
        self.compiled.validate(arguments).map_err(|e| match (e.instance_path().into_iter().next(), e.kind()) {
            (Some(LocationSegment::Property(name)), _) => {
                Conflict::Argument { name: name.into_owned(), mismatch: Mismatch::from(&e) }
            }
            (_, ValidationErrorKind::Required { property: Value::String(name) }) => Conflict::Missing(name.clone()),
            _ => Conflict::Together(on_one_line(&expected(&e))),
        })
    }
}

/// Checks all that can be known of a schema without compiling it.
///
/// # Errors
/// What is wrong with it; never nothing.
pub(super) fn check_form(schema: &Value) -> Result<(), Vec<Invalid>> {
    cost::patterns(schema)?;
    misshapen(schema).map_or(Ok(()), Err)
}

/// Where a schema is not what the schema of schemas says.
fn misshapen(schema: &Value) -> Option<Vec<Invalid>> {
    let meta = jsonschema::meta::validator_for(schema).ok().filter(|meta| !meta.is_valid(schema))?;
    let mut all: Vec<_> = meta.iter_errors(schema).map(|e| Invalid::from(&e)).collect();
    // Several parts of the standard say the same.
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// What a reference within `root` leads to.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// Whether a schema is of null alone.
pub(super) fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null") || schema.get("const").is_some_and(Value::is_null)
}

impl From<&ValidationError<'_>> for Invalid {
    fn from(e: &ValidationError<'_>) -> Self {
        let message = match e.kind() {
            ValidationErrorKind::Referencing(cause) => cause.to_string(),
            _ => {
                let Mismatch { path, expected, given } = Mismatch::from(e);
                format!("`{path}` takes {expected}, not {given}")
            }
        };
        Self { pointer: e.instance_path().as_str().to_owned(), message }
    }
}

impl From<&ValidationError<'_>> for Mismatch {
    fn from(e: &ValidationError<'_>) -> Self {
        let given = shorten(&e.instance().to_string());
        Self { path: path(e.instance_path()), expected: on_one_line(&expected(e)), given }
    }
}

/// A place in a value as people write it.
fn path(location: &Location) -> String {
    let mut path = String::new();
    for segment in location {
        // A `String` takes all that is written.
        let _ = match segment {
            LocationSegment::Index(index) => write!(path, "[{index}]"),
            LocationSegment::Property(name) if path.is_empty() => write!(path, "{name}"),
            LocationSegment::Property(name) => write!(path, ".{name}"),
        };
    }
    shorten(&path)
}

/// What is allowed where a value does not fit.
fn expected(e: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match e.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => type_name(*kind).to_owned(),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => either(kinds.iter().map(|kind| type_name(kind).to_owned())),
        Kind::Enum { options } => match &**options {
            Value::Array(values) => format!("one of {}", list(values)),
            other => plain(other).into_owned(),
        },
        Kind::Constant { expected_value } => shorten(&plain(expected_value)),
        Kind::OneOfMultipleValid { .. } => "what only one of its schemas allows".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let here = |branch: &Vec<ValidationError<'_>>| {
                branch.first().filter(|inner| inner.instance_path() == e.instance_path()).map(expected)
            };
            match context.iter().map(here).collect::<Option<Vec<_>>>() {
                Some(choices) if !choices.is_empty() => either(choices.into_iter()),
                _ => "what one of its schemas allows".to_owned(),
            }
        }
        Kind::Minimum { limit } => format!("a number of at least {limit}"),
        Kind::Maximum { limit } => format!("a number of at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("a number over {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("a number under {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("text of at least {limit} characters"),
        Kind::MaxLength { limit } => format!("text of at most {limit} characters"),
        Kind::Pattern { pattern } => format!("text that matches {pattern}"),
        Kind::Format { format } if format == "regex" => {
            "a regular expression that is not too long, without look-around and back references".to_owned()
        }
        Kind::Format { format } => format!("text in the form of {format}"),
        Kind::MinItems { limit } => format!("a list of at least {limit}"),
        Kind::MaxItems { limit } => format!("a list of at most {limit}"),
        Kind::AdditionalItems { limit } => format!("a list of at most {limit}"),
        Kind::UniqueItems => "a list that names nothing twice".to_owned(),
        Kind::Required { property } => format!("an object with `{}`", plain(property)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<_> =
                unexpected.iter().take(MAX_NAMED_CHOICES).map(|name| format!("`{}`", shorten(name))).collect();
            format!("an object without {}", names.join(", "))
        }
        Kind::MinProperties { limit } => format!("an object with at least {limit} {}", entries(*limit)),
        Kind::MaxProperties { limit } => format!("an object with at most {limit} {}", entries(*limit)),
        Kind::FalseSchema => "nothing".to_owned(),
        other => format!("what its schema allows (see {})", other.keyword()),
    }
}

fn entries(count: u64) -> &'static str {
    if count == 1 { "entry" } else { "entries" }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "text",
    }
}

/// Several choices in words, each once.
fn either(choices: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = Vec::new();
    for choice in choices {
        if !words.contains(&choice) {
            words.push(choice);
        }
    }
    words.join(" or ")
}

/// Values as an author listed them; null is no choice that a person has.
pub(super) fn list(values: &[Value]) -> String {
    let choices = || values.iter().filter(|value| !value.is_null());
    let mut text =
        choices().take(MAX_NAMED_CHOICES).map(|value| on_one_line(&plain(value))).collect::<Vec<_>>().join(", ");
    let more = choices().count().saturating_sub(MAX_NAMED_CHOICES);
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// A value as a person writes it: text without quotes, all else as JSON.
pub(super) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
