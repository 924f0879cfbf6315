use serde_json::json;

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
fn invalid(schema: Value) -> String {
    let all = Validator::compile(&schema).expect_err("an error");
    all.iter().map(|Invalid { pointer, message }| format!("{pointer}: {message}")).collect::<Vec<_>>().join("; ")
}

fn check(validator: &Validator, value: &Value) -> Result<(), Mismatch> {
    validator.check(value, &mut { bounds::CHECK_STEPS })
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
            "l: a list without duplicates, not [{\"price\":1},{\"price\":1}]",
        ),
        (json!({ "u": true }), "u: text or a whole number, not true"),
        (json!({ "o": [1] }), "o: a value that matches one of its schemas, not [1]"),
        (json!({ "d": 1 }), "d: a value that its schema allows (see not), not 1"),
        (json!({ "f": 1 }), "f: omitted, not 1"),
        (
            json!({ "s": "x".repeat(999) }),
            "s: text of at most 4 characters, not \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
        ),
    ] {
        let Mismatch { path, expected, given } = check(&validator, &value).expect_err("a mismatch");
        assert_eq!(format!("{path}: {expected}, not {given}"), mismatch);
    }
    assert!(check(&validator, &json!({ "n": 3, "s": null, "e": 1, "l": [{ "price": 1 }], "o": ["a"] })).is_ok());
}

#[test]
fn a_schema_that_is_none_is_refused_at_its_place() {
    for (schema, message) in [
        (
            json!({ "properties": { "a": { "minimum": "x" } } }),
            "/properties/a/minimum: `properties.a.minimum` must be a number, not \"x\"",
        ),
        (
            json!({ "properties": { "a": { "type": "strin" } } }),
            "/properties/a/type: `properties.a.type` must be one of array, boolean, integer, null, number, object, \
             string or a list, not \"strin\"",
        ),
        (
            json!({ "properties": { "a": 3 } }),
            "/properties/a: `properties.a` must be true or false or an object, not 3",
        ),
        (
            json!({ "properties": { "a": { "pattern": "(?=a)" } } }),
            "/properties/a/pattern: `properties.a.pattern` must be a short regular expression without look-around and back references, not \"(?=a)\"",
        ),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/b" } } }),
            "/properties/a: there is no `#/$defs/b` in the schema; `$ref` names a part of it",
        ),
        (
            json!({ "properties": { "a": { "$ref": "https://example.com/schema.json" } } }),
            "/properties/a: there is no `https://example.com/schema.json` in the schema; `$ref` names a part of it",
        ),
        (
            json!({ "properties": { "a": { "$ref": "file:///etc/passwd" } } }),
            "/properties/a: there is no `file:///etc/passwd` in the schema; `$ref` names a part of it",
        ),
        (
            json!({ "items": { "$dynamicRef": "#x" } }),
            "/items: `$dynamicRef` is not supported: `$ref` names a part of the schema by its path",
        ),
        (
            json!({ "properties": { "enum": { "$id": "x" } } }),
            "/properties/enum: `$id` is not supported: `$ref` names a part of the schema by its path",
        ),
        (
            json!({ "allOf": [{ "$ref": "#/a~1b/~0" }, {}, { "$ref": "#/c" }], "a/b": { "~": {} } }),
            "/allOf/2: there is no `#/c` in the schema; `$ref` names a part of it",
        ),
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
fn references_can_lead_back_through_parts_and_cannot_multiply() {
    let tree = json!({
        "properties": { "a": { "$ref": "#/$defs/node" } },
        "$defs": {
            "node": { "type": "object", "properties": { "next": { "anyOf": [{ "$ref": "#/$defs/node" }, { "type": "null" }] } } },
        },
    });
    let nested = |depth: usize, leaf: Value| (0..depth).fold(leaf, |inner, _| json!({ "next": inner }));
    let validator = Validator::compile(&tree).unwrap();
    assert!(check(&validator, &json!({ "a": nested(100, json!({ "next": null })) })).is_ok());
    assert!(check(&validator, &json!({ "a": nested(100, json!(3)) })).is_err());

    let twice = |next: Value| json!({ "allOf": [next, next] });
    assert!(invalid(chain(30, twice)).contains(": more than 2000 schemas would apply to one value"));
    assert!(invalid(chain(100, |next| next)).contains(": references and combinations nest more than 64 deep"));
    assert_eq!(invalid(chain(6_000, |next| next)), ": a schema has at most 200 references, not 6001");
    assert!(Validator::compile(&chain(60, |next| next)).is_ok());
    // Each of these applies to another part of a value.
    let part = |next: Value| json!({ "properties": { "x": next, "y": next } });
    let validator = Validator::compile(&chain(199, part)).unwrap();
    assert!(check(&validator, &json!({ "a": { "x": { "y": {} } } })).is_ok());
    let nested = (0..200).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(invalid(nested).contains(": references and combinations nest more than 64 deep"));
    for circle in [json!({ "$ref": "#/$defs/a" }), json!({ "not": { "anyOf": [true, { "$ref": "#/$defs/a" }] } })] {
        let message = "the schema refers to itself for the same value";
        let schema = json!({ "properties": { "x": { "$ref": "#/$defs/a" } }, "$defs": { "a": circle } });
        assert!(invalid(schema).contains(message));
    }
}

#[test]
fn a_value_costs_no_more_than_its_bound() {
    let expensive = |schema: Value, value: Value| {
        let validator = Validator::compile(&schema).unwrap();
        let Mismatch { path, expected, given } = check(&validator, &json!({ "a": value })).expect_err("too much");
        assert_eq!(
            format!("{path}: {expected}, not {given}"),
            "a: a value that the schema can check in 300000 steps, not more"
        );
    };
    let a = |node: Value| json!({ "properties": { "a": { "$ref": "#/$defs/n" } }, "$defs": { "n": node } });
    let twice = json!([{ "$ref": "#/$defs/n" }, { "$ref": "#/$defs/n" }]);
    let nested = |open: fn(Value) -> Value, depth: usize| (0..depth).fold(json!(1), |inner, _| open(inner));
    let in_list: fn(Value) -> Value = |inner| json!([inner]);
    let in_object: fn(Value) -> Value = |inner| json!({ "x": inner });
    for keyword in ["items", "contains"] {
        expensive(a(json!({ keyword: { "allOf": twice } })), nested(in_list, 40));
    }
    expensive(a(json!({ "prefixItems": [{ "anyOf": twice }] })), nested(in_list, 40));
    expensive(a(json!({ "properties": { "x": { "oneOf": twice } } })), nested(in_object, 40));
    expensive(a(json!({ "patternProperties": { "": { "oneOf": twice } } })), nested(in_object, 40));
    expensive(a(json!({ "additionalProperties": { "if": twice[0], "else": twice[1] } })), nested(in_object, 40));
    expensive(a(json!({ "anyOf": vec![json!({ "items": { "type": "null" } }); 100] })), json!(vec![1; 10_000]));
    expensive(
        a(json!({ "allOf": [{ "items": { "$ref": "#/$defs/n" } }], "unevaluatedItems": true })),
        nested(in_list, 40),
    );
    // A form is read to the end of a text.
    expensive(a(json!({ "anyOf": vec![json!({ "format": "uri" }); 200] })), json!("x".repeat(200_000)));
    // Many small ones are taken.
    let validator = Validator::compile(&a(json!({ "items": { "anyOf": [{ "type": "integer" }] } }))).unwrap();
    assert!(check(&validator, &json!({ "a": vec![1; 100_000] })).is_ok());
}

#[test]
fn patterns_take_linear_time() {
    let validator = Validator::compile(&json!({ "properties": { "a": { "pattern": "^(a+)+$" } } })).unwrap();
    assert!(check(&validator, &json!({ "a": format!("{}b", "a".repeat(10_000)) })).is_err());
}
