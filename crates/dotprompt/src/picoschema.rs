//! Converts Picoschema, Dotprompt's short form of JSON Schema: `name: type, description`.
//!
//! Grammar: <https://google.github.io/dotprompt/reference/picoschema/>.

use serde_json::{Map, Value, json};

use super::nearest;
use super::problem::Code;
use super::reader::{Reader, did_you_mean, shorten};
use super::schema::keywords::{self, split_comma};
use super::yaml::{Key, Node, Span, Yaml};

/// Finds JSON Schemas by name.
pub type Schemas<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// Whether the name of an unknown schema is reported. In `output.schema`, another program may know it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownName {
    Noted,
    Ignored,
}

const SCALARS: [&str; 6] = ["string", "integer", "number", "boolean", "null", "any"];
/// The key for fields of any other name.
const WILDCARD: &str = "(*)";

/// Converts a schema in either form to JSON Schema. Reports an invalid part, which then allows any value.
///
/// `what` is the key of the schema.
pub(super) fn to_json_schema(
    node: &Node,
    what: &str,
    unknown: UnknownName,
    schemas: Schemas<'_>,
    reader: &mut Reader<'_>,
) -> Value {
    if is_json_schema(node) {
        let mut schema = node.to_json();
        if node.get("properties").is_some_and(Node::is_map) && schema.get("type").is_none() {
            schema["type"] = "object".into();
        }
        if !is_portable(node) {
            let message = format!("{what}: other readers of the format read this as Picoschema");
            reader.note_with(Code::Portability, node.span, message, || Some("add `type: object`".to_owned()));
        }
        return schema;
    }
    Converter { what, unknown, schemas, reader }.schema(node, "schema")
}

/// Whether a schema is JSON Schema: other readers of the format see it so, or it has a key that Picoschema cannot have.
pub(super) fn is_json_schema(node: &Node) -> bool {
    is_portable(node) || node.entries().iter().any(|(key, node)| is_keyword(&key.name, node))
}

/// Whether other readers of the format see JSON Schema too: it has a valid `type`, or `properties`.
fn is_portable(node: &Node) -> bool {
    let is_types = |node: &Node| match &node.value {
        Yaml::List(types) => !types.is_empty() && types.iter().all(is_type),
        _ => is_type(node),
    };
    node.get("type").is_some_and(is_types) || node.get("properties").is_some_and(Node::is_map)
}

fn is_type(node: &Node) -> bool {
    node.as_str().is_some_and(|name| SCALARS.contains(&name) || matches!(name, "object" | "array"))
}

/// Whether the value of a key shows that the key is a keyword of JSON Schema, not a field of Picoschema.
fn is_keyword(name: &str, node: &Node) -> bool {
    const COMPOUND: [&str; 8] = [
        "additionalProperties",
        "patternProperties",
        "unevaluatedProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "minProperties",
        "maxProperties",
    ];
    match &node.value {
        _ if name.starts_with('$') => true,
        Yaml::List(_) => matches!(name, "allOf" | "anyOf" | "oneOf" | "required"),
        Yaml::String(_) | Yaml::Null => false,
        _ => COMPOUND.contains(&name),
    }
}

/// The name of a field in a key of Picoschema.
pub(super) fn field_name(key: &str) -> &str {
    let name = key.split_once('(').map_or(key, |(name, _)| name);
    name.strip_suffix('?').unwrap_or(name)
}

struct Converter<'c, 'a> {
    what: &'c str,
    unknown: UnknownName,
    schemas: Schemas<'c>,
    reader: &'c mut Reader<'a>,
}

impl Converter<'_, '_> {
    /// Converts a type with a description, or fields. The depth of YAML bounds the recursion.
    fn schema(&mut self, node: &Node, name: &str) -> Value {
        match &node.value {
            Yaml::String(text) => self.scalar(text, node.span, name),
            Yaml::Map(fields) => {
                self.check_fields(node, name);
                self.object(fields)
            }
            Yaml::List(_) => {
                let message = format!("`{}` must be a type and a description, not a list", shorten(name));
                self.wrong(node.span, &message, || Some("choices are written `name(enum): [one, other]`".to_owned()))
            }
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => {
                let name = shorten(name);
                let message = format!("`{name}` must be a type and a description, such as `string, what it is`");
                self.wrong(node.span, &message, || None)
            }
        }
    }

    /// Warns of JSON Schema in Picoschema, where it is an object with a field `type`.
    fn check_fields(&mut self, node: &Node, name: &str) {
        let is_json = node.get("type").is_some_and(is_type)
            && node.entries().iter().all(|(key, _)| keywords::is_known(&key.name));
        if is_json {
            let message = format!("{}: in Picoschema, `{}` is an object with a field `type`", self.what, shorten(name));
            let hint = "for JSON Schema, put `type: object` and `properties:` above the arguments";
            self.reader.note_with(Code::TypeMismatch, node.span, message, || Some(hint.to_owned()));
        }
    }

    fn scalar(&mut self, text: &str, at: Span, name: &str) -> Value {
        let (kind, description) = split_comma(text);
        let mut schema = match kind {
            "any" => json!({}),
            _ if SCALARS.contains(&kind) => json!({ "type": kind }),
            _ => match (self.schemas)(kind) {
                Some(schema) => schema,
                None => self.unknown(kind, at, name),
            },
        };
        if let (Some(description), Value::Object(schema)) = (description, &mut schema) {
            schema.insert("description".to_owned(), description.into());
        }
        schema
    }

    /// Converts a word that is not a type: the name of a schema that a program defines, or a mistake.
    fn unknown(&mut self, kind: &str, at: Span, name: &str) -> Value {
        if self.unknown == UnknownName::Ignored {
            return json!({});
        }
        let hint = meant(kind, name);
        if is_schema_name(kind) && (hint.is_none() || kind.starts_with(char::is_uppercase)) {
            let message = format!("{}: the schema `{}` is unknown and allows any value", self.what, shorten(kind));
            self.reader.note_with(Code::UnknownSchema, at, message, || hint);
            return json!({});
        }
        let message = format!(
            "`{}: {}`: the type is one of string, integer, number, boolean, null or any",
            shorten(field_name(name)),
            shorten(kind)
        );
        self.wrong(at, &message, || hint)
    }

    fn object(&mut self, fields: &[(Key, Node)]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut additional = Value::Bool(false);
        for (key, node) in fields {
            if key.name == WILDCARD {
                additional = self.schema(node, WILDCARD);
                continue;
            }
            let name = field_name(&key.name);
            if name.is_empty() || name != name.trim() {
                let message = format!("`{}` is not `name`, `name?` or `name(type)`", shorten(&key.name));
                self.wrong(key.span, &message, || None);
                continue;
            }
            let (schema, is_optional) = self.field(key, node);
            if !is_optional {
                required.push(Value::from(name));
            }
            if properties.insert(name.to_owned(), schema).is_some() {
                self.wrong(key.span, &format!("`{}` is declared twice", shorten(name)), || None);
            }
        }
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": additional });
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        schema
    }

    /// Converts a field. Returns its schema, and whether it is optional.
    fn field(&mut self, key: &Key, node: &Node) -> (Value, bool) {
        let name = field_name(&key.name);
        let (is_optional, note) = match key.name[name.len()..].strip_prefix('?') {
            Some(note) => (true, note),
            None => (false, &key.name[name.len()..]),
        };
        let Some(note) = note.strip_prefix('(') else {
            // With the question mark, for hints.
            let schema = self.schema(node, &key.name[..key.name.len() - note.len()]);
            return (nullable(schema, is_optional), is_optional);
        };
        let Some(note) = note.strip_suffix(')') else {
            let optional = note.strip_suffix(")?").map(|note| format!("write `{name}?({note})`"));
            let why = if optional.is_some() { "put ? before the parenthesis" } else { "the parenthesis is not closed" };
            let message = format!("`{}`: {why}", shorten(&key.name));
            return (self.wrong(key.span, &message, || optional), is_optional);
        };
        let (kind, description) = split_comma(note);
        let mut schema = match (kind, &node.value) {
            ("array", _) => json!({ "type": "array", "items": self.schema(node, name) }),
            ("object", _) => self.schema(node, name),
            ("enum", Yaml::List(values)) => {
                self.reader.number(self.what, node);
                let mut values: Vec<Value> = values.iter().map(Node::to_json).collect();
                if is_optional && !values.contains(&Value::Null) {
                    values.push(Value::Null);
                }
                json!({ "enum": values })
            }
            ("enum", _) => {
                self.wrong(node.span, &format!("`{}(enum)` must be a list of values", shorten(name)), || None)
            }
            _ => {
                let name = shorten(name);
                let message = format!("`{name}({})`: use enum, array or object in the parenthesis", shorten(kind));
                self.wrong(key.span, &message, || match SCALARS.contains(&kind) {
                    true => Some(format!("write the type after the colon: `{name}: {kind}`")),
                    false => did_you_mean(kind, &["enum", "array", "object"]),
                })
            }
        };
        if let (Some(description), Value::Object(schema)) = (description, &mut schema) {
            schema.insert("description".to_owned(), description.into());
        }
        (nullable(schema, is_optional), is_optional)
    }

    /// Reports a problem. Returns a schema that allows any value.
    fn wrong(&mut self, at: Span, message: &str, hint: impl FnOnce() -> Option<String>) -> Value {
        self.reader.note_with(Code::Schema, at, format!("{}: {message}", self.what), hint);
        json!({})
    }
}

/// An optional field may also be null.
fn nullable(mut schema: Value, is_optional: bool) -> Value {
    if !is_optional {
        return schema;
    }
    if let Some(kind @ Value::String(_)) = schema.get_mut("type").filter(|kind| **kind != "null") {
        *kind = json!([kind, "null"]);
    }
    schema
}

/// Whether a word can be the name of a schema, as in Genkit's `defineSchema`.
fn is_schema_name(word: &str) -> bool {
    word.starts_with(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':'))
}

/// The hint for a word that is not a type. `name` is the field's name with its question mark.
fn meant(word: &str, name: &str) -> Option<String> {
    let name = shorten(name);
    if let Some(item) = list_of(word) {
        let item = scalar_named(item).map_or_else(|| shorten(item), str::to_owned);
        return Some(format!("a list is written `{name}(array): {item}`"));
    }
    if let Some(kind) = word.strip_suffix('?').and_then(scalar_named) {
        return Some(format!("an optional field is written `{}?: {kind}`", name.trim_end_matches('?')));
    }
    if word.contains('|') {
        let choices: Vec<&str> = word.split('|').map(|choice| choice.trim().trim_matches(['"', '\''])).collect();
        return Some(match choices.iter().any(|choice| scalar_named(choice).is_some()) {
            true => format!("one of several types is written `{name}: any`, or in JSON Schema"),
            false => format!("choices are written `{name}(enum): [{}]`", shorten(&choices.join(", "))),
        });
    }
    if let Some((kind, rest)) = word.split_once(char::is_whitespace).filter(|(kind, _)| scalar_named(kind).is_some()) {
        return Some(format!("write a comma before the description: `{name}: {kind}, {}`", shorten(rest.trim())));
    }
    let like = match word.to_lowercase().as_str() {
        "array" | "list" => format!("a list is written `{name}(array): string`"),
        "object" | "map" | "dict" => format!("fields in a field are written `{name}(object):` with the fields below"),
        "enum" => format!("choices are written `{name}(enum): [one, other]`"),
        _ => match scalar_named(word) {
            Some(kind) => nearest::did_you_mean(kind),
            None => return did_you_mean(word, &SCALARS),
        },
    };
    Some(like)
}

/// The item type in `string[]`, `list<string>` or `Array[str]`.
fn list_of(word: &str) -> Option<&str> {
    if let Some(item) = word.strip_suffix("[]") {
        return Some(item.trim());
    }
    let (list, item) = word.strip_suffix(['>', ']'])?.split_once(['<', '['])?;
    let is_list = ["array", "list", "set", "sequence"].iter().any(|name| list.trim().eq_ignore_ascii_case(name));
    is_list.then_some(item.trim())
}

/// The type for a name in other languages.
fn scalar_named(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let name = match lower.as_str() {
        "text" | "str" => "string",
        "int" => "integer",
        "float" | "double" | "decimal" => "number",
        "bool" => "boolean",
        _ => return SCALARS.into_iter().find(|name| *name == lower),
    };
    Some(name)
}

#[cfg(test)]
mod tests;
