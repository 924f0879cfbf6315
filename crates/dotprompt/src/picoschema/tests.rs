use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::yaml;

/// The schema that YAML says, and what is wrong with it.
fn convert(yaml: &str, unknown: UnknownName) -> (Value, Vec<String>) {
    let node = yaml::parse(yaml).unwrap_or_else(|e| panic!("{e:?}\n{yaml}"));
    let known = |name: &str| (name == "Foo").then(|| json!({ "type": "number", "description": "a foo" }));
    let mut problems = Vec::new();
    let mut reader = Reader::new(&Arc::from("x.prompt"), yaml, &mut problems);
    let schema = to_json_schema(&node, "schema", unknown, &known, &mut reader);
    let told = |p: &super::super::Problem| {
        let hint = p.hint.as_ref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{} {}:{}+{} {}{hint}", p.code.as_str(), p.place.line, p.place.column, p.width, p.message)
    };
    (schema, problems.iter().map(told).collect())
}

#[test]
fn picoschema_is_json_schema_in_short() {
    let object = |properties: Value, required: Value| {
        let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if required != json!([]) {
            object["required"] = required;
        }
        object
    };
    for (yaml, schema) in [
        ("string", json!({ "type": "string" })),
        ("any, what, ever ", json!({ "description": "what, ever" })),
        ("number,  x", json!({ "type": "number", "description": "x" })),
        ("integer,", json!({ "type": "integer" })),
        ("Foo", json!({ "type": "number", "description": "a foo" })),
        ("Foo, another", json!({ "type": "number", "description": "another" })),
        ("{a: 'null', b: any}", object(json!({ "a": { "type": "null" }, "b": {} }), json!(["a", "b"]))),
        ("{a?: string, b?: any}", object(json!({ "a": { "type": ["string", "null"] }, "b": {} }), json!([]))),
        (
            "{a?: Foo, b?: 'null'}",
            object(
                json!({ "a": { "type": ["number", "null"], "description": "a foo" }, "b": { "type": "null" } }),
                json!([]),
            ),
        ),
        (
            "'a(array, all (of them), at once)': 'string, one'",
            object(
                json!({ "a": {
                    "type": "array", "items": { "type": "string", "description": "one" },
                    "description": "all (of them), at once",
                } }),
                json!(["a"]),
            ),
        ),
        (
            "a?(object, o):\n  b?(array):\n    c: integer",
            object(
                json!({ "a": {
                    "type": ["object", "null"], "additionalProperties": false, "description": "o",
                    "properties": { "b": {
                        "type": ["array", "null"],
                        "items": object(json!({ "c": { "type": "integer" } }), json!(["c"])),
                    } },
                } }),
                json!([]),
            ),
        ),
        ("a(object): Foo", object(json!({ "a": { "type": "number", "description": "a foo" } }), json!(["a"]))),
        ("a(enum): [x, 1, true]", object(json!({ "a": { "enum": ["x", 1, true] } }), json!(["a"]))),
        ("a?(enum, e): [x]", object(json!({ "a": { "enum": ["x", null], "description": "e" } }), json!([]))),
        ("a?(enum): [x, ~, y]", object(json!({ "a": { "enum": ["x", null, "y"] } }), json!([]))),
        (
            "(*): number, any",
            json!({
                "type": "object", "properties": {},
                "additionalProperties": { "type": "number", "description": "any" },
            }),
        ),
        // JSON Schema is kept as it is.
        ("{type: string, minLength: 3.0}", json!({ "type": "string", "minLength": 3 })),
        ("{type: [integer, 'null']}", json!({ "type": ["integer", "null"] })),
        ("{properties: {a: {type: text}}}", json!({ "type": "object", "properties": { "a": { "type": "text" } } })),
    ] {
        assert_eq!(convert(yaml, UnknownName::Noted), (schema, vec![]), "{yaml}");
    }
}

#[test]
fn what_is_not_picoschema_is_told_where_it_stands() {
    let types = "the type is one of string, integer, number, boolean, null or any";
    for (yaml, problems) in [
        ("a: strin", vec![format!("schema 1:4+5 schema: `a: strin`: {types} [did you mean `string`?]")]),
        ("a: text, x", vec![format!("schema 1:4+7 schema: `a: text`: {types} [did you mean `string`?]")]),
        ("a: int", vec![format!("schema 1:4+3 schema: `a: int`: {types} [did you mean `integer`?]")]),
        ("a: 3d", vec![format!("schema 1:4+2 schema: `a: 3d`: {types}")]),
        ("a: list", vec![format!("schema 1:4+4 schema: `a: list`: {types} [a list is written `a(array): string`]")]),
        ("strin", vec![format!("schema 1:1+5 schema: `schema: strin`: {types} [did you mean `string`?]")]),
        // What programs call their schemas is not known here.
        ("a: Bar", vec!["unknown-schema 1:4+3 schema: the schema `Bar` is unknown and allows any value".into()]),
        ("orderInput", vec!["unknown-schema 1:1+10 schema: the schema `orderInput` is unknown and allows any value".into()]),
        ("a(array): acme/order.v2", vec!["unknown-schema 1:11+13 schema: the schema `acme/order.v2` is unknown and allows any value".into()]),
        ("a: String", vec!["unknown-schema 1:4+6 schema: the schema `String` is unknown and allows any value [did you mean `string`?]".into()]),
        ("a(enum: [x]", vec!["schema 1:1+6 schema: `a(enum`: the parenthesis is not closed".into()]),
        (
            "a(enum)?: [x]",
            vec!["schema 1:1+8 schema: `a(enum)?`: put ? before the parenthesis [write `a?(enum)`]".into()],
        ),
        ("a(enum): x", vec!["schema 1:10+1 schema: `a(enum)` must be a list of values".into()]),
        (
            "a(string): x",
            vec![
                "schema 1:1+9 schema: `a(string)`: use enum, array or object in the parenthesis [write the type after \
                 the colon: `a: string`]"
                    .into(),
            ],
        ),
        (
            "a: [x]",
            vec![
                "schema 1:4+1 schema: `a` must be a type and a description, not a list [choices are written \
                 `name(enum): [one, other]`]"
                    .into(),
            ],
        ),
        ("a: 3", vec!["schema 1:4+1 schema: `a` must be a type and a description, such as `string, what it is`".into()]),
        ("a (array): string", vec!["schema 1:1+9 schema: `a (array)` is not `name`, `name?` or `name(type)`".into()]),
        ("{a: string, a?: string}", vec!["schema 1:13+2 schema: `a` is declared twice".into()]),
        // JSON Schema of a field, which is an object with a field `type` to every reader.
        (
            "a: {type: string, title: string}",
            vec![
                "type-mismatch 1:4+1 schema: in Picoschema, `a` is an object with a field `type` [for JSON Schema, put `type: \
                 object` and `properties:` above the arguments]"
                    .into(),
            ],
        ),
        ("a: {type: string, amount: number}", vec![]),
        // All of them, and none of what is right.
        (
            "a: 1x\nok: string\nb(object):\n  c: 2y",
            vec![format!("schema 1:4+2 schema: `a: 1x`: {types}"), format!("schema 4:6+2 schema: `c: 2y`: {types}")],
        ),
    ] {
        assert_eq!(convert(yaml, UnknownName::Noted).1, problems, "{yaml}");
    }
}

#[test]
fn how_other_languages_write_types_has_a_hint() {
    for (yaml, hint) in [
        ("a: string[], some", "a list is written `a(array): string`"),
        ("a?: string[]", "a list is written `a?(array): string`"),
        ("a: int[]", "a list is written `a(array): integer`"),
        ("a: FileInfo[]", "a list is written `a(array): FileInfo`"),
        ("a: list<str>", "a list is written `a(array): string`"),
        ("a: 'Array[bool]'", "a list is written `a(array): boolean`"),
        ("b(array): string[]", "a list is written `b(array): string`"),
        ("a: string?", "an optional field is written `a?: string`"),
        ("a: string | number", "one of several types is written `a: any`, or in JSON Schema"),
        ("a: quick | thorough", "choices are written `a(enum): [quick, thorough]`"),
        ("a: string the name", "write a comma before the description: `a: string, the name`"),
        ("a: map", "fields in a field are written `a(object):` with the fields below"),
    ] {
        let told = convert(yaml, UnknownName::Noted).1;
        assert!(
            told.len() == 1 && told[0].starts_with("schema ") && told[0].ends_with(&format!("[{hint}]")),
            "{yaml}: {told:?}"
        );
    }
}

#[test]
fn names_that_are_for_others_to_know_are_ignored() {
    assert_eq!(
        convert("{a: Bar, b: recipe, 'c(arry)': string}", UnknownName::Ignored),
        (
            json!({
                "type": "object", "properties": { "a": {}, "b": {}, "c": {} }, "required": ["a", "b", "c"],
                "additionalProperties": false,
            }),
            vec![
                "schema 1:21+9 schema: `c(arry)`: use enum, array or object in the parenthesis [did you mean `array`?]"
                    .to_owned()
            ]
        )
    );
}
