//! Checks values against JSON Schema. Only this module uses the crate `jsonschema`.

mod cost;
mod definitions;
pub(super) mod keywords;
mod modern;
mod pattern;
mod portable;

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, PatternOptions, ValidationError};
use serde_json::Value;

use super::bounds;
use super::reader::{on_one_line, shorten};
pub(super) use definitions::{define, has_references};
pub(super) use modern::modern;
pub(super) use portable::portable;

/// The most choices that an error or a description names.
pub(super) const MAX_NAMED_CHOICES: usize = 20;

/// A compiled schema.
#[derive(Debug)]
pub(super) struct Validator {
    compiled: jsonschema::Validator,
    schema: Value,
    /// Whether it has patterns, which take longer than all other checks.
    pub(super) has_patterns: bool,
}

/// An error in a schema.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Invalid {
    /// A JSON Pointer.
    pub(super) pointer: String,
    pub(super) message: String,
}

/// A value that does not match its schema.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// The path of the value, such as `items[2].price`.
    pub(super) path: String,
    /// The allowed values in words.
    pub(super) expected: String,
    /// The value, shortened.
    pub(super) given: String,
}

impl Mismatch {
    /// The mismatch of a value that contains this one as `part`.
    pub(super) fn under(self, part: &str) -> Self {
        Self { path: format!("{part}{}", self.path), ..self }
    }
}

/// Arguments that are valid one by one, but not together.
#[derive(Debug)]
pub(super) enum Conflict {
    /// This argument is required too.
    Missing(String),
    /// This argument does not match, given the others.
    Argument { name: String, mismatch: Mismatch },
    /// The arguments must be this.
    Together(String),
}

impl Validator {
    /// Compiles a schema. It reads no other documents, and its patterns run in linear time.
    ///
    /// # Errors
    /// All errors of the schema, at least one.
    pub(super) fn compile(schema: &Value) -> Result<Self, Vec<Invalid>> {
        let patterns = cost::check_references(schema)?;
        let linear = PatternOptions::regex().size_limit(bounds::PATTERN_BYTES);
        let options = jsonschema::options().offline().with_pattern_options(linear);
        // The crate's check of this format compiles a caller's pattern without a bound.
        let options = options.should_validate_formats(true).with_format("regex", |_| true);
        let compiled = options.build(schema);
        compiled
            .map(|compiled| Self { compiled, schema: schema.clone(), has_patterns: patterns > 0 })
            .map_err(|first| form_errors(schema).unwrap_or_else(|| vec![Invalid::from(&first)]))
    }

    /// Checks an object with one argument, and counts down `steps_left` of [`bounds::CHECK_STEPS`].
    pub(super) fn check(&self, value: &Value, steps_left: &mut usize) -> Result<(), Mismatch> {
        if !cost::spend_steps(&self.schema, value, steps_left) {
            let path = value.as_object().and_then(|argument| argument.keys().next()).map(|name| shorten(name));
            let (expected, given) = (too_many_steps(), "more".to_owned());
            return Err(Mismatch { path: path.unwrap_or_default(), expected, given });
        }
        self.error(value).map_or(Ok(()), |e| Err(Mismatch::from(&e)))
    }

    /// The error of a value. `is_valid` is the faster way to see that there is none.
    fn error<'v>(&self, value: &'v Value) -> Option<ValidationError<'v>> {
        if self.compiled.is_valid(value) { None } else { self.compiled.validate(value).err() }
    }

    /// Checks an object with all arguments of a call, and counts down `steps_left`.
    pub(super) fn check_all(&self, arguments: &Value, steps_left: &mut usize) -> Result<(), Conflict> {
        if !cost::spend_steps(&self.schema, arguments, steps_left) {
            return Err(Conflict::Together(too_many_steps()));
        }
        let Some(e) = self.error(arguments) else { return Ok(()) };
        Err(match (e.instance_path().into_iter().next(), e.kind()) {
            (Some(LocationSegment::Property(name)), _) => {
                Conflict::Argument { name: name.into_owned(), mismatch: Mismatch::from(&e) }
            }
            (_, ValidationErrorKind::Required { property: Value::String(name) }) => Conflict::Missing(name.clone()),
            _ => Conflict::Together(on_one_line(&expected(&e))),
        })
    }
}

fn too_many_steps() -> String {
    format!("a value that the schema can check in {} steps", bounds::CHECK_STEPS)
}

/// Checks a schema without compiling it.
///
/// # Errors
/// All errors of the schema, at least one.
pub(super) fn check_form(schema: &Value) -> Result<(), Vec<Invalid>> {
    cost::check_references(schema)?;
    form_errors(schema).map_or(Ok(()), Err)
}

/// The errors of a schema by the meta-schema; `None` if there are none.
fn form_errors(schema: &Value) -> Option<Vec<Invalid>> {
    let meta = jsonschema::meta::validator_for(schema).ok().filter(|meta| !meta.is_valid(schema))?;
    let mut all: Vec<_> = meta.iter_errors(schema).map(|e| Invalid::from(&e)).collect();
    // Several parts of the meta-schema report the same error.
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// The schema that a reference within `root` names.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// Whether a schema allows only null.
pub(super) fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null") || schema.get("const").is_some_and(Value::is_null)
}

impl From<&ValidationError<'_>> for Invalid {
    fn from(e: &ValidationError<'_>) -> Self {
        let message = match e.kind() {
            ValidationErrorKind::Referencing(cause) => cause.to_string(),
            _ => {
                let Mismatch { path, expected, given } = Mismatch::from(e);
                format!("`{path}` must be {expected}, not {given}")
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

/// A location as `items[2].price`.
fn path(location: &Location) -> String {
    let mut path = String::new();
    for segment in location {
        path += &match segment {
            LocationSegment::Index(index) => format!("[{index}]"),
            LocationSegment::Property(name) if path.is_empty() => name.into_owned(),
            LocationSegment::Property(name) => format!(".{name}"),
        };
    }
    shorten(&path)
}

/// The allowed values in words.
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
        Kind::OneOfMultipleValid { .. } => "a value that matches only one of its schemas".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let here = |branch: &Vec<ValidationError<'_>>| {
                branch.first().filter(|inner| inner.instance_path() == e.instance_path()).map(expected)
            };
            match context.iter().map(here).collect::<Option<Vec<_>>>() {
                Some(choices) if !choices.is_empty() => either(choices.into_iter()),
                _ => "a value that matches one of its schemas".to_owned(),
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
            "a short regular expression without look-around and back references".to_owned()
        }
        Kind::Format { format } => format!("text in the format {format}"),
        Kind::MinItems { limit } => format!("a list of at least {limit}"),
        Kind::MaxItems { limit } => format!("a list of at most {limit}"),
        Kind::AdditionalItems { limit } => format!("a list of at most {limit}"),
        Kind::UniqueItems => "a list without duplicates".to_owned(),
        Kind::Required { property } => format!("an object with `{}`", plain(property)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<_> =
                unexpected.iter().take(MAX_NAMED_CHOICES).map(|name| format!("`{}`", shorten(name))).collect();
            format!("an object without {}", names.join(", "))
        }
        Kind::MinProperties { limit } => format!("an object with at least {limit} {}", entries(*limit)),
        Kind::MaxProperties { limit } => format!("an object with at most {limit} {}", entries(*limit)),
        Kind::FalseSchema => "omitted".to_owned(),
        other => format!("a value that its schema allows (see {})", other.keyword()),
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

/// Several choices in words, without duplicates.
fn either(choices: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = Vec::new();
    for choice in choices {
        if !words.contains(&choice) {
            words.push(choice);
        }
    }
    words.join(" or ")
}

/// A list of choices, without null, which a caller cannot choose.
pub(super) fn list(values: &[Value]) -> String {
    let choices = || values.iter().filter(|value| !value.is_null());
    let text = choices().take(MAX_NAMED_CHOICES).map(|value| on_one_line(&plain(value))).collect::<Vec<_>>().join(", ");
    match choices().count().saturating_sub(MAX_NAMED_CHOICES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// Text without quotes, or another value as JSON.
pub(super) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
