//! Puts what references name into `$defs`, where every program looks for it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{keywords, portable, target};

/// Whether a schema has references.
pub(crate) fn has_references(schema: &Value) -> bool {
    !references(schema).is_empty()
}

/// Completes a schema that was made of portable parts of `root`. A reference that leads nowhere in it gets a definition of its
/// own in `$defs`.
pub(crate) fn define(mut schema: Value, root: &Value) -> Value {
    let is_standard = |reference: &&str| reference.starts_with("#/$defs/");
    if let (Some(definitions), true) = (root.get("$defs"), references(root).iter().any(is_standard)) {
        schema["$defs"] = keywords::map_schemas("$defs", definitions, &portable);
    }
    let mut moved: HashMap<String, String> = HashMap::new();
    loop {
        let is_lost = |reference: &&str| !moved.contains_key(*reference) && !leads_somewhere(&schema, reference);
        let Some(lost) = references(&schema).into_iter().find(is_lost).map(str::to_owned) else { break };
        let definition = target(root, &lost).map_or(Value::Bool(true), portable);
        let definitions =
            schema.as_object_mut().map(|keywords| keywords.entry("$defs").or_insert_with(|| Map::new().into()));
        let Some(Value::Object(definitions)) = definitions else { break };
        let name = free_name(&lost, definitions);
        moved.insert(lost, format!("#/$defs/{name}"));
        definitions.insert(name, definition);
    }
    if moved.is_empty() { schema } else { renamed(&schema, &moved) }
}

/// The references in a schema.
fn references(schema: &Value) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), vec![schema]);
    while let Some(schema) = rest.pop() {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            match value {
                Value::String(reference) if keyword == "$ref" => found.push(reference.as_str()),
                _ => rest.extend(keywords::schemas_within(keyword, value)),
            }
        }
    }
    found
}

/// Whether a reference names a schema in this one.
fn leads_somewhere(schema: &Value, reference: &str) -> bool {
    target(schema, reference).is_some_and(|part| part.is_object() || part.is_boolean())
}

/// A name for the target of a reference that no definition has.
fn free_name(reference: &str, definitions: &Map<String, Value>) -> String {
    let last = reference.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = last.chars().map(plain).collect();
    let numbered = (2..).map(|number| format!("{name}{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !name.is_empty() && !definitions.contains_key(name)).expect("there is no last number")
}

/// The same schema with other references.
fn renamed(schema: &Value, references: &HashMap<String, String>) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let keyword = |(keyword, value): (&String, &Value)| {
        let moved = value.as_str().filter(|_| keyword == "$ref").and_then(|reference| references.get(reference));
        let value = match moved {
            Some(reference) => reference.as_str().into(),
            None => keywords::map_schemas(keyword, value, &|schema| renamed(schema, references)),
        };
        (keyword.clone(), value)
    };
    keywords.iter().map(keyword).collect::<Map<_, _>>().into()
}
