//! Converts older drafts of JSON Schema, and `OpenAPI`, to draft 2020-12.

use serde_json::{Map, Value, json};

use super::keywords;

/// A schema of any draft in draft 2020-12. The depth of YAML bounds the recursion.
pub(crate) fn modern(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let has_tuple = keywords.get("items").is_some_and(Value::is_array);
    let mut all = Map::new();
    for (name, value) in keywords {
        match name.as_str() {
            // Nothing refers to these: they are allowed only at the root.
            "$schema" | "$id" | "id" => {}
            "nullable" if value.is_boolean() => {}
            "items" if has_tuple => {
                all.insert("prefixItems".to_owned(), keywords::map_schemas(name, value, &modern));
            }
            "additionalItems" if has_tuple => {
                all.insert("items".to_owned(), modern(value));
            }
            "additionalItems" => {}
            _ => {
                all.insert(name.clone(), keywords::map_schemas(name, value, &modern));
            }
        }
    }
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Value::Bool(is_exclusive)) = all.get(exclusive).cloned() {
            all.remove(exclusive);
            if let Some(limit) = is_exclusive.then(|| all.remove(limit)).flatten() {
                all.insert(exclusive.to_owned(), limit);
            }
        }
    }
    if keywords.get("nullable") == Some(&Value::Bool(true)) { nullable(all) } else { all.into() }
}

/// A schema that also allows null.
fn nullable(mut schema: Map<String, Value>) -> Value {
    if let Some(Value::Array(allowed)) = schema.get_mut("enum").filter(|allowed| allowed.is_array())
        && !allowed.contains(&Value::Null)
    {
        allowed.push(Value::Null);
    }
    if schema.is_empty() {
        return schema.into();
    }
    match schema.get_mut("type") {
        Some(Value::Array(types)) if types.iter().all(|name| name != "null") => types.push("null".into()),
        Some(name @ Value::String(_)) if name != "null" => *name = json!([name, "null"]),
        None => return json!({ "anyOf": [schema, { "type": "null" }] }),
        _ => {}
    }
    schema.into()
}
