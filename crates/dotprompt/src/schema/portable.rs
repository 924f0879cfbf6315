//! Leaves out what other programs cannot read in a schema of draft 2020-12.

use serde_json::{Map, Value};

use super::keywords;

/// Keywords of other drafts and of `OpenAPI`, without an effect on values.
const FOREIGN: [&str; 8] = ["$schema", "$id", "id", "nullable", "example", "discriminator", "externalDocs", "xml"];
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

/// A schema that strict validators in other languages compile: without unknown keywords (`x-…`), unknown formats, and
/// patterns that are not ECMAScript's. Values are still checked against the whole schema here.
pub(crate) fn portable(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (keyword, value) in keywords {
        let is_readable = match (keyword.as_str(), value) {
            ("format", Value::String(name)) => FORMATS.contains(&name.as_str()),
            ("pattern", Value::String(pattern)) => is_ecma(pattern),
            (name, _) => keywords::is_known(name) && !FOREIGN.contains(&name),
        };
        if is_readable {
            kept.insert(keyword.clone(), keywords::map_schemas(keyword, value, portable));
        }
    }
    kept.into()
}

/// Whether a pattern is one of ECMAScript too, with the flag `u` that validators set.
fn is_ecma(pattern: &str) -> bool {
    let mut rest = pattern.chars().peekable();
    let mut is_class = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let Some(escaped) = rest.next() else { return false };
                let is_known = "dDsSwWbBntrfvxupPk0123456789^$\\.*+?()[]{}|/".contains(escaped);
                let is_known = is_known || (is_class && escaped == '-');
                if !is_known {
                    return false;
                }
            }
            '[' if is_class => return false,
            '[' => is_class = true,
            ']' => is_class = false,
            '(' if !is_class && rest.next_if_eq(&'?').is_some() => match rest.next() {
                Some(':' | '=' | '!' | '<') => {}
                _ => return false,
            },
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_ecma, portable};

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

    #[test]
    fn patterns_of_ecmascript_stay() {
        for pattern in ["^[a-z_-]+$", r"^\d{4}-\d{2}$", r"^(?:a|b)\.c$", r"^[\w\-]+$", r"(?<year>\d+)", "^$"] {
            assert!(is_ecma(pattern), "{pattern}");
        }
        for pattern in [r"\Aa\z", "(?i)a", "(?P<x>a)", r"a\-b", "[[:alpha:]]", "[a&&[b]]", "\\"] {
            assert!(!is_ecma(pattern), "{pattern}");
        }
    }
}
