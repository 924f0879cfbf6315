//! Leaves out what other programs cannot read in a schema of draft 2020-12.

use serde_json::{Map, Value, json};

use super::{keywords, pattern};

/// Keywords of other drafts and of `OpenAPI`, and those that have no effect on values and may contain anything.
const FOREIGN: [&str; 10] = [
    "$schema",
    "$id",
    "id",
    "nullable",
    "example",
    "discriminator",
    "externalDocs",
    "xml",
    "additionalItems",
    "contentSchema",
];
/// Formats that validators know.
const FORMATS: [&str; 15] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// A schema that strict validators in other languages compile, and that the APIs of models take: without unknown keywords
/// (`x-…`) and formats, without patterns that only some programs read, and without what Ajv refuses as a mistake. Values are
/// still checked against the whole schema here.
pub(crate) fn portable(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (keyword, value) in keywords {
        let is_readable = match (keyword.as_str(), value) {
            ("format", Value::String(name)) => FORMATS.contains(&name.as_str()),
            ("pattern", Value::String(pattern)) => pattern::is_portable(pattern),
            ("enum", Value::Array(choices)) => !choices.is_empty(),
            ("if", _) => keywords.contains_key("then") || keywords.contains_key("else"),
            (name, _) => {
                let has_effect = keywords::needed(name).is_none_or(|other| keywords.contains_key(other));
                has_effect && keywords::is_known(name) && !FOREIGN.contains(&name)
            }
        };
        if is_readable {
            kept.insert(keyword.clone(), keywords::map_schemas(keyword, value, &portable));
        }
    }
    pattern_properties(&mut kept);
    contains(&mut kept);
    items(&mut kept);
    kept.into()
}

/// Leaves out names by pattern that are not portable, or that may also be among `properties`, which Ajv refuses. Other names
/// are then not known, so any is allowed.
fn pattern_properties(schema: &mut Map<String, Value>) {
    let has_properties =
        schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty());
    let Some(Value::Object(patterns)) = schema.get_mut("patternProperties") else { return };
    let all = patterns.len();
    patterns.retain(|name, _| !has_properties && pattern::is_portable(name));
    let (left, is_empty) = (patterns.len(), patterns.is_empty());
    if is_empty {
        schema.shift_remove("patternProperties");
    }
    if left < all {
        schema.shift_remove("additionalProperties");
        schema.shift_remove("unevaluatedProperties");
    }
}

/// Leaves out `contains` where it allows every list, or none.
fn contains(schema: &mut Map<String, Value>) {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let least = limit("minContains").unwrap_or(1.0);
    if limit("maxContains").map_or(least == 0.0, |most| least > most) {
        for keyword in ["contains", "minContains", "maxContains"] {
            schema.shift_remove(keyword);
        }
    }
}

/// Gives every list `items`, without which the APIs of `OpenAI` and Gemini refuse a whole request
/// (digitalocean-labs/mcp-digitalocean#265, NousResearch/hermes-agent#77617). Leaves out the items of a tuple whose length may
/// differ, which Ajv refuses.
fn items(schema: &mut Map<String, Value>) {
    if let Some(length) = schema.get("prefixItems").and_then(Value::as_array).map(Vec::len) {
        let is_length = |name: &str| schema.get(name).and_then(Value::as_u64) == Some(length as u64);
        let is_closed = is_length("maxItems") || schema.get("items") == Some(&Value::Bool(false));
        let is_full = is_length("minItems") && is_closed;
        schema.shift_remove("items");
        if is_full {
            schema.insert("maxItems".to_owned(), length.into());
        } else {
            schema.shift_remove("prefixItems");
            schema.shift_remove("unevaluatedItems");
        }
        schema.insert("items".to_owned(), json!({}));
    }
    let is_list = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|name| name == "array"),
        Some(name) => name == "array",
        None => false,
    };
    if is_list && !schema.contains_key("items") {
        schema.insert("items".to_owned(), json!({}));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::portable;

    #[test]
    fn what_validators_refuse_is_left_out() {
        let schema = json!({
            "type": "object",
            "x-mcp-header": "Region",
            "example": 1,
            "properties": {
                "a": { "type": "string", "format": "password", "pattern": "^(?i)x$", "x-order": 1, "minLength": 1 },
                "b": { "type": "array", "items": { "type": "integer", "format": "int32", "example": 2 } },
                "c": { "anyOf": [{ "type": "string", "format": "date", "xml": {} }, { "type": "null" }] },
            },
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "a": { "type": "string", "minLength": 1 },
                "b": { "type": "array", "items": { "type": "integer" } },
                "c": { "anyOf": [{ "type": "string", "format": "date" }, { "type": "null" }] },
            },
        });
        assert_eq!(portable(&schema), expected);
    }

    /// The portable form of a schema.
    #[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
    fn of(schema: Value) -> Value {
        portable(&schema)
    }

    #[test]
    fn what_has_no_effect_is_left_out() {
        for schema in [
            json!({ "then": { "type": "string" }, "else": {} }),
            json!({ "if": { "type": "string" } }),
            json!({ "minContains": 2, "maxContains": 3 }),
            json!({ "contains": { "type": "string" }, "minContains": 0 }),
            json!({ "contains": { "type": "string" }, "maxContains": 0 }),
            json!({ "enum": [] }),
            json!({ "contentSchema": { "x-own": 1 }, "additionalItems": false, "nullable": true }),
        ] {
            assert_eq!(of(schema), json!({}));
        }
        for schema in [
            json!({ "if": { "type": "string" }, "else": { "minimum": 1 } }),
            json!({ "contains": { "type": "string" }, "minContains": 0, "maxContains": 2 }),
            json!({ "contains": { "type": "string" } }),
            json!({ "enum": [null] }),
        ] {
            assert_eq!(portable(&schema), schema);
        }
    }

    #[test]
    fn patterns_of_names_are_portable_and_beside_no_properties() {
        let number = json!({ "type": "number" });
        let schema = json!({ "patternProperties": { "^x-": number }, "additionalProperties": false });
        assert_eq!(portable(&schema), schema);
        let one = json!({ "patternProperties": { "^x-": number, r"^\p{L}$": true }, "additionalProperties": false });
        assert_eq!(of(one), json!({ "patternProperties": { "^x-": number } }));
        let beside = json!({ "properties": { "a": number }, "patternProperties": { "^a": true }, "unevaluatedProperties": false });
        assert_eq!(of(beside), json!({ "properties": { "a": number } }));
    }

    #[test]
    fn every_list_has_items() {
        let text = json!({ "type": "string" });
        for (schema, expected) in [
            (json!({ "type": "array" }), json!({ "type": "array", "items": {} })),
            (json!({ "type": ["array", "null"] }), json!({ "type": ["array", "null"], "items": {} })),
            (json!({ "type": "array", "items": text }), json!({ "type": "array", "items": text })),
            (json!({ "prefixItems": [text], "items": text, "minItems": 1 }), json!({ "minItems": 1, "items": {} })),
            (
                json!({ "type": "array", "prefixItems": [text, text], "minItems": 2, "items": false }),
                json!({ "type": "array", "prefixItems": [text, text], "minItems": 2, "maxItems": 2, "items": {} }),
            ),
            (json!({ "type": "string" }), text.clone()),
        ] {
            assert_eq!(of(schema), expected);
        }
    }
}
