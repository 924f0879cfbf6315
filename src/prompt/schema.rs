//! JSON Schema: what a value must be beyond its type. Nothing else names the crate that checks it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, PatternOptions, ValidationError};
use serde_json::Value;

use super::reader::shorten;

/// How deep references and combinations such as `anyOf` nest for one value.
const NESTING: usize = 64;
/// How many schemas apply to one value, with those that references lead to.
const SCHEMAS: u64 = 2_000;
/// Of a compiled pattern, in bytes.
const PATTERN: usize = 1024 * 1024;
/// How many choices an error or a description names.
pub(super) const CHOICES: usize = 20;

/// A schema, ready to check values.
#[derive(Debug)]
pub(super) struct Validator {
    compiled: jsonschema::Validator,
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

impl Validator {
    /// Compiles a schema. Nothing outside of it is ever read, and its patterns run in linear time.
    ///
    /// # Errors
    /// All that is wrong with it; never nothing.
    pub(super) fn compile(schema: &Value) -> Result<Self, Vec<Invalid>> {
        check_references(schema).map_err(|message| vec![Invalid { pointer: String::new(), message }])?;
        let patterns = PatternOptions::regex().size_limit(PATTERN);
        let compiled = jsonschema::options().offline().with_pattern_options(patterns).build(schema);
        compiled.map(|compiled| Self { compiled, has_patterns: has_patterns(schema) }).map_err(|first| {
            match jsonschema::meta::validator_for(schema) {
                Ok(meta) if !meta.is_valid(schema) => {
                    let mut all: Vec<_> = meta.iter_errors(schema).map(|e| Invalid::from(&e)).collect();
                    // Several parts of the standard say the same.
                    all.sort_unstable();
                    all.dedup();
                    all
                }
                _ => vec![Invalid::from(&first)],
            }
        })
    }

    /// Checks a value.
    pub(super) fn check(&self, value: &Value) -> Result<(), Mismatch> {
        // Most values fit, and that is known soonest so.
        if self.compiled.is_valid(value) {
            return Ok(());
        }
        self.compiled.validate(value).map_err(|e| Mismatch::from(&e))
    }
}

/// What a reference within `root` leads to.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
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
        Self { path: path(e.instance_path()), expected: expected(e), given }
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
        Kind::Format { format } if format == "regex" => "a regular expression without look-around".to_owned(),
        Kind::Format { format } => format!("text in the form of {format}"),
        Kind::MinItems { limit } => format!("a list of at least {limit}"),
        Kind::MaxItems { limit } => format!("a list of at most {limit}"),
        Kind::AdditionalItems { limit } => format!("a list of at most {limit}"),
        Kind::UniqueItems => "a list that names nothing twice".to_owned(),
        Kind::Required { property } => format!("an object with `{}`", plain(property)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<_> = unexpected.iter().take(CHOICES).map(|name| format!("`{}`", shorten(name))).collect();
            format!("an object without {}", names.join(", "))
        }
        Kind::MinProperties { limit } => format!("an object with at least {limit} entries"),
        Kind::MaxProperties { limit } => format!("an object with at most {limit} entries"),
        Kind::FalseSchema => "nothing".to_owned(),
        other => format!("what its schema allows (see {})", other.keyword()),
    }
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
    let mut text = choices().take(CHOICES).map(plain).collect::<Vec<_>>().join(", ");
    let more = choices().count().saturating_sub(CHOICES);
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

fn has_patterns(schema: &Value) -> bool {
    let mut rest = vec![schema];
    while let Some(part) = rest.pop() {
        match part {
            Value::Object(keywords) => {
                if ["pattern", "patternProperties"].iter().any(|keyword| keywords.contains_key(*keyword)) {
                    return true;
                }
                rest.extend(keywords.values());
            }
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    false
}

/// Refuses references to elsewhere, and combinations that multiply: of thirty schemas, each of which names the next one
/// twice, a billion would apply to one value.
fn check_references(root: &Value) -> Result<(), String> {
    let mut counter = Counter { root, costs: HashMap::new(), rest: vec![root] };
    let mut seen: HashSet<*const Value> = HashSet::new();
    while let Some(schema) = counter.rest.pop() {
        if seen.insert(schema) {
            counter.cost(schema, 0)?;
        }
    }
    Ok(())
}

/// What applies to one value.
#[derive(Clone, Copy)]
struct Cost {
    schemas: u64,
    /// How deep they nest.
    nesting: usize,
}

struct Counter<'a> {
    root: &'a Value,
    /// What these references lead to; next to nothing while that is being counted, and the reference is met again.
    costs: HashMap<&'a str, Cost>,
    /// Schemas that apply to parts of a value, and whatever else contains some.
    rest: Vec<&'a Value>,
}

impl<'a> Counter<'a> {
    const ONE: Cost = Cost { schemas: 1, nesting: 0 };

    fn cost(&mut self, schema: &'a Value, depth: usize) -> Result<Cost, String> {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Array(items) => {
                self.rest.extend(items);
                return Ok(Self::ONE);
            }
            _ => return Ok(Self::ONE),
        };
        let mut cost = Self::ONE;
        let mut add = |part: Cost| {
            cost.schemas += part.schemas;
            cost.nesting = cost.nesting.max(part.nesting + 1);
        };
        if depth > NESTING {
            return Err(too_deep());
        }
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(reference)) => add(self.cost_of_target(reference, depth + 1)?),
                ("$dynamicRef" | "$recursiveRef", _) => {
                    return Err(format!("`{keyword}` is not supported: use `$ref`"));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(all)) => {
                    for one in all {
                        add(self.cost(one, depth + 1)?);
                    }
                }
                ("not" | "if" | "then" | "else", one) => add(self.cost(one, depth + 1)?),
                ("dependentSchemas" | "dependencies", Value::Object(all)) => {
                    for one in all.values() {
                        add(self.cost(one, depth + 1)?);
                    }
                }
                ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(all)) => {
                    self.rest.extend(all.values());
                }
                // Values, not schemas.
                ("enum" | "const" | "default" | "examples", _) => {}
                (_, part) => self.rest.push(part),
            }
        }
        if cost.nesting > NESTING {
            return Err(too_deep());
        }
        if cost.schemas > SCHEMAS {
            return Err(format!("more than {SCHEMAS} schemas would apply to one value, with what references lead to"));
        }
        Ok(cost)
    }

    fn cost_of_target(&mut self, reference: &'a str, depth: usize) -> Result<Cost, String> {
        if let Some(cost) = self.costs.get(reference) {
            return Ok(*cost);
        }
        let Some(schema) = target(self.root, reference) else {
            return Err(format!(
                "there is no `{}` in the schema; what `$ref` names is a part of it",
                shorten(reference)
            ));
        };
        self.costs.insert(reference, Self::ONE);
        let cost = self.cost(schema, depth)?;
        self.costs.insert(reference, cost);
        Ok(cost)
    }
}

fn too_deep() -> String {
    format!("references and combinations nest more than {NESTING} deep")
}

#[cfg(test)]
mod tests;
