//! YAML as a tree in which each node has its place. Only this module uses the YAML crate.

mod core_schema;

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, ExternalMessageSource, Location, MessageFormatter, Spanned, Tagged, UserMessageFormatter};

use super::bounds;
use super::problem::{Code, Place};

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Yaml,
    pub(super) span: Span,
    /// The source of a scalar; for an alias, the source of the anchor.
    bytes: Range<usize>,
    /// `!!int` in full; for an alias, the tag of the anchor.
    tag: Option<String>,
}

/// A value by YAML 1.2's core schema: `y`, `no` and `1_000` are text.
#[derive(Debug)]
pub(super) enum Yaml {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Node>),
    /// Entries in the author's order, without duplicate keys.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Span,
    /// The source of a key such as `null` or `~`, until `resolve` makes it the name.
    null: Option<Range<usize>>,
}

/// A range of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) place: Place,
    /// In characters, line ends included.
    pub(super) width: usize,
}

/// Parses the YAML at the start of a file, including comments and the first `---`, so that places are those of the file.
///
/// # Errors
/// The first syntax error, or the bound that is exceeded.
pub(super) fn parse(source: &str) -> Result<Node, (Code, Span, String)> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! {
            max_nodes: bounds::YAML_VALUES,
            max_depth: bounds::YAML_DEPTH,
            max_total_scalar_bytes: bounds::YAML_BYTES,
            max_recorded_anchor_bytes: bounds::YAML_BYTES,
            max_recorded_anchor_events: 3 * bounds::YAML_VALUES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: bounds::YAML_VALUES },
    };
    let mut root: Node = serde_saphyr::from_str_with_options(source, options).map_err(|e| {
        let span = e.location().map_or(Span { place: Place::START, width: 1 }, Span::from);
        let (code, message) = message(&e);
        (code, span, message)
    })?;
    root.resolve(source).map_err(|(span, message)| (Code::Yaml, span, message))?;
    Ok(root)
}

impl Node {
    /// Gives each scalar its value by YAML's core schema. The YAML crate reads `1_000` and `0b11` as numbers.
    fn resolve(&mut self, source: &str) -> Result<(), (Span, String)> {
        match &mut self.value {
            Yaml::List(items) => return items.iter_mut().try_for_each(|item| item.resolve(source)),
            Yaml::Map(entries) => {
                return entries.iter_mut().try_for_each(|(key, node)| {
                    if let Some(written) = key.null.take().and_then(|bytes| source.get(bytes)) {
                        key.name = written.to_owned();
                    }
                    node.resolve(source)
                });
            }
            _ => {}
        }
        let written = source.get(self.bytes.clone()).unwrap_or_default();
        match core_schema::resolve(self.tag.as_deref(), written) {
            Ok(Some(value)) => self.value = value,
            // The crate has resolved quotes, escapes and line breaks.
            Ok(None) if matches!(self.value, Yaml::String(_)) => {}
            Ok(None) => self.value = Yaml::String(written.to_owned()),
            Err(message) => return Err((self.span, format!("front matter: {message}"))),
        }
        Ok(())
    }

    /// The value of a key.
    pub(super) fn find(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.name == key).map(|(_, node)| node)
    }

    /// The value of a key, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.find(key).filter(|node| !node.is_null())
    }

    /// The entries of a map; empty for other values.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for other values.
    pub(super) fn items(&self) -> &[Self] {
        if let Yaml::List(items) = &self.value { items } else { &[] }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Yaml::Null)
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Yaml::Map(_))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Yaml::String(text) = &self.value { Some(text) } else { None }
    }

    /// A scalar as text. A number is returned as it is written, so that version 1.50 is not 1.5.
    pub(super) fn text(&self, source: &str) -> Option<String> {
        match &self.value {
            Yaml::String(text) => Some(text.clone()),
            Yaml::Bool(_) | Yaml::Number(_) => {
                source.get(self.bytes.clone()).map(|written| core_schema::unquoted(written).to_owned())
            }
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// A scalar as it is written, with its quotes; `None` for a list or a map.
    pub(super) fn written<'s>(&self, source: &'s str) -> Option<&'s str> {
        let is_scalar = !matches!(self.value, Yaml::List(_) | Yaml::Map(_));
        source.get(self.bytes.clone()).filter(|_| is_scalar)
    }

    pub(super) fn to_json(&self) -> Value {
        match &self.value {
            Yaml::Null => Value::Null,
            Yaml::Bool(value) => Value::Bool(*value),
            Yaml::Number(number) => Value::Number(number.clone()),
            Yaml::String(text) => Value::String(text.clone()),
            Yaml::List(items) => items.iter().map(Self::to_json).collect(),
            Yaml::Map(entries) => {
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }

    /// The type in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Yaml::Null => "nothing",
            Yaml::Bool(_) => "true or false",
            Yaml::Number(_) => "a number",
            Yaml::String(_) => "text",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a map",
        }
    }
}

/// A number without the `.0` of a whole number, as in JavaScript.
pub(super) fn number(n: f64) -> Option<Number> {
    const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0; // 2^53
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
    if n.fract() == 0.0 && n.abs() <= MAX_EXACT_INTEGER {
        return Some((n as i64).into());
    }
    Number::from_f64(n)
}

impl From<Location> for Span {
    fn from(location: Location) -> Self {
        let at = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        let place = Place { line: at(location.line()), column: at(location.column()) };
        Self { place, width: usize::try_from(location.span().len()).unwrap_or(usize::MAX).max(1) }
    }
}

/// The bytes of a location.
fn bytes(location: Location) -> Range<usize> {
    let index = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = index(location.span().byte_offset());
    start..start + index(location.span().byte_len())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tagged<Yaml>>::deserialize(deserializer)?;
        let Tagged(value, tag) = spanned.value;
        Ok(Self { value, span: spanned.referenced.into(), bytes: bytes(spanned.defined), tag })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Option<String>>::deserialize(deserializer)?;
        let null = value.is_none().then(|| bytes(defined));
        Ok(Self { name: value.unwrap_or_default(), span: referenced.into(), null })
    }
}

/// Defines methods that visit a scalar. `Node::resolve` reads the value from the source.
macro_rules! visit_as_null {
    ($($visit:ident: $type:ty),*) => { $(fn $visit<E>(self, _: $type) -> Result<Yaml, E> { Ok(Yaml::Null) })* };
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct YamlVisitor;

        impl<'de> Visitor<'de> for YamlVisitor {
            type Value = Yaml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("YAML")
            }

            visit_as_null!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

            fn visit_unit<E>(self) -> Result<Yaml, E> {
                Ok(Yaml::Null)
            }

            fn visit_str<E>(self, value: &str) -> Result<Yaml, E> {
                Ok(Yaml::String(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Yaml, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Yaml::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Yaml::Map(entries))
            }
        }
        deserializer.deserialize_any(YamlVisitor)
    }
}

/// The code and the message of a parser's error, without line and column.
fn message(e: &Error) -> (Code, String) {
    // For a scalar with a tag of the core schema.
    let wrong_tag = |tag| (Code::Yaml, format!("front matter: not a value of the tag !!{tag}"));
    match e {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => return message(error),
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => return (Code::Bound, too_much()),
        Error::InvalidScalar { ty: "i64" | "u64", .. } => return wrong_tag("int"),
        Error::InvalidScalar { ty: "boolean", .. } | Error::InvalidBooleanStrict { .. } => return wrong_tag("bool"),
        Error::InvalidScalar { .. } => return wrong_tag("float"),
        // Only keys are read as text; the usual reason is `{{x}}` without quotes.
        Error::Unexpected { .. } => return (Code::Yaml, format!("front matter: unexpected character{QUOTES_HINT}")),
        _ => {}
    }
    let hint = match scan_error(e) {
        Some(ErrorKind::RecursionLimitExceeded) => return (Code::Bound, too_much()),
        Some(
            ErrorKind::MappingValueNotAllowed
            | ErrorKind::UnexpectedCharacter { .. }
            | ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar,
        ) => QUOTES_HINT,
        _ => "",
    };
    (Code::Yaml, format!("front matter: {}{hint}", UserMessageFormatter.format_message(e)))
}

const QUOTES_HINT: &str = " (text may need quotes here)";

fn too_much() -> String {
    let (values, depth, bytes) = (bounds::YAML_VALUES, bounds::YAML_DEPTH, bounds::YAML_BYTES);
    format!(
        "front matter has at most {values} values, {depth} deep, and {bytes} bytes of text, including the copies of aliases"
    )
}

/// The error of the scanner.
fn scan_error(e: &Error) -> Option<&ErrorKind> {
    match e {
        Error::ExternalMessage { source, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(e) => Some(e.kind()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
