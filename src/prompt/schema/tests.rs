use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
fn invalid(schema: Value) -> String {
    let all = Validator::compile(&schema).expect_err("an error");
    all.iter().map(|Invalid { pointer, message }| format!("{pointer}: {message}")).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_mismatch_says_where_and_what_is_allowed() {
    let schema = json!({ "properties": {
        "n": { "type": "number", "minimum": 3, "exclusiveMaximum": 10, "multipleOf": 0.5 },
        "s": { "type": ["string", "null"], "minLength": 2, "maxLength": 4, "pattern": "^a" },
        "e": { "enum": ["x", 1, null] }, "c": { "const": "only" },
        "l": { "type": "array", "maxItems": 2, "uniqueItems": true, "items": {
            "type": "object", "required": ["price"], "additionalProperties": false,
            "properties": { "price": { "type": "integer" } },
        } },
        "u": { "anyOf": [{ "type": "string" }, { "type": "integer" }, { "type": "string", "minLength": 3 }] },
        "o": { "oneOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "null" }] },
        "d": { "not": {} }, "f": false,
    } });
    let validator = Validator::compile(&schema).unwrap();
    for (value, mismatch) in [
        (json!({ "n": 1 }), "n: a number of at least 3, not 1"),
        (json!({ "n": 10 }), "n: a number under 10, not 10"),
        (json!({ "n": 3.2 }), "n: a multiple of 0.5, not 3.2"),
        (json!({ "s": true }), "s: null or text, not true"),
        (json!({ "s": "a" }), "s: text of at least 2 characters, not \"a\""),
        (json!({ "s": "aaaaa" }), "s: text of at most 4 characters, not \"aaaaa\""),
        (json!({ "s": "bb" }), "s: text that matches ^a, not \"bb\""),
        (json!({ "e": "y" }), "e: one of x, 1, not \"y\""),
        (json!({ "c": "y" }), "c: only, not \"y\""),
        (json!({ "l": [{ "price": 1 }, { "price": "x" }] }), "l[1].price: a whole number, not \"x\""),
        (json!({ "l": [{}] }), "l[0]: an object with `price`, not {}"),
        (json!({ "l": [{ "price": 1, "p/~": 2 }] }), "l[0]: an object without `p/~`, not {\"price\":1,\"p/~\":2}"),
        (json!({ "l": [1, 2, 3] }), "l: a list of at most 2, not [1,2,3]"),
        (
            json!({ "l": [{ "price": 1 }, { "price": 1 }] }),
            "l: a list that names nothing twice, not [{\"price\":1},{\"price\":1}]",
        ),
        (json!({ "u": true }), "u: text or a whole number, not true"),
        (json!({ "o": [1] }), "o: what one of its schemas allows, not [1]"),
        (json!({ "d": 1 }), "d: what its schema allows (see not), not 1"),
        (json!({ "f": 1 }), "f: nothing, not 1"),
        (
            json!({ "s": "x".repeat(999) }),
            "s: text of at most 4 characters, not \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
        ),
    ] {
        let Mismatch { path, expected, given } = validator.check(&value).expect_err("a mismatch");
        assert_eq!(format!("{path}: {expected}, not {given}"), mismatch);
    }
    assert!(validator.check(&json!({ "n": 3, "s": null, "e": 1, "l": [{ "price": 1 }], "o": ["a"] })).is_ok());
}

#[test]
fn a_schema_that_is_none_is_refused_at_its_place() {
    for (schema, message) in [
        (
            json!({ "properties": { "a": { "minimum": "x" } } }),
            "/properties/a/minimum: `properties.a.minimum` takes a number, not \"x\"",
        ),
        (
            json!({ "properties": { "a": { "type": "strin" } } }),
            "/properties/a/type: `properties.a.type` takes one of array, boolean, integer, null, number, object, \
             string or a list, not \"strin\"",
        ),
        (json!({ "properties": { "a": 3 } }), "/properties/a: `properties.a` takes true or false or an object, not 3"),
        (
            json!({ "properties": { "a": { "pattern": "(?=a)" } } }),
            "/properties/a/pattern: `properties.a.pattern` takes a regular expression without look-around, not \"(?=a)\"",
        ),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/b" } } }),
            ": there is no `#/$defs/b` in the schema; what `$ref` names is a part of it",
        ),
        (
            json!({ "properties": { "a": { "$ref": "https://example.com/schema.json" } } }),
            ": there is no `https://example.com/schema.json` in the schema; what `$ref` names is a part of it",
        ),
        (
            json!({ "properties": { "a": { "$ref": "file:///etc/passwd" } } }),
            ": there is no `file:///etc/passwd` in the schema; what `$ref` names is a part of it",
        ),
        (json!({ "items": { "$dynamicRef": "#x" } }), ": `$dynamicRef` is not supported: use `$ref`"),
    ] {
        assert_eq!(invalid(schema), message);
    }
    assert!(invalid(json!({ "properties": { "a": { "pattern": "(a{1000}){1000}" } } })).contains("/pattern"));
    assert!(invalid(json!({ "$schema": "https://example.com/schema.json" })).contains("example.com"));
}

/// A chain of definitions, each made from the name of the next.
fn chain(length: usize, link: fn(Value) -> Value) -> Value {
    let next = |i: usize| json!({ "$ref": format!("#/$defs/d{i}") });
    let mut definitions: serde_json::Map<_, _> = (0..length).map(|i| (format!("d{i}"), link(next(i + 1)))).collect();
    definitions.insert(format!("d{length}"), json!({ "type": "integer" }));
    json!({ "properties": { "a": next(0) }, "$defs": definitions })
}

#[test]
fn references_can_be_circles_and_cannot_multiply() {
    let tree = json!({
        "properties": { "a": { "$ref": "#/$defs/node" } },
        "$defs": {
            "node": { "type": "object", "properties": { "next": { "anyOf": [{ "$ref": "#/$defs/node" }, { "type": "null" }] } } },
            "circle": { "allOf": [{ "$ref": "#/$defs/circle" }] },
        },
    });
    let validator = Validator::compile(&tree).unwrap();
    let deep = (0..100).fold(json!({ "next": 3 }), |inner, _| json!({ "next": inner }));
    assert!(validator.check(&json!({ "a": { "next": { "next": null } } })).is_ok());
    assert!(validator.check(&json!({ "a": deep })).is_err());

    let begun = Instant::now();
    let twice = |next: Value| json!({ "allOf": [next, next] });
    assert_eq!(
        invalid(chain(30, twice)),
        ": more than 2000 schemas would apply to one value, with what references lead to"
    );
    assert_eq!(invalid(chain(6_000, |next| next)), ": references and combinations nest more than 64 deep");
    assert!(Validator::compile(&chain(60, |next| next)).is_ok());
    // Each of these applies to another part of a value.
    let part = |next: Value| json!({ "properties": { "x": next, "y": next } });
    assert!(Validator::compile(&chain(300, part)).unwrap().check(&json!({ "a": { "x": { "y": {} } } })).is_ok());
    let nested = (0..200).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert_eq!(invalid(nested), ": references and combinations nest more than 64 deep");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn patterns_take_linear_time() {
    let validator = Validator::compile(&json!({ "properties": { "a": { "pattern": "^(a+)+$" } } })).unwrap();
    let begun = Instant::now();
    assert!(validator.check(&json!({ "a": format!("{}b", "a".repeat(10_000)) })).is_err());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
