use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Prompt, PromptFile};

/// The JSON Schema of the arguments of a file.
fn schema(source: &str) -> Value {
    let file = PromptFile::parse("x.prompt", source.as_bytes()).expect("a valid file");
    let prompt = Prompt::link(Arc::new(file), HashMap::new()).expect("a valid prompt");
    let schema = prompt.arguments().input_schema();
    jsonschema::meta::validate(&schema).expect("a valid schema");
    schema
}

#[test]
fn picoschema_keeps_types_choices_defaults_and_descriptions() {
    let source = "---\ninput:\n  schema:\n    a: string, what it is\n    b?(enum, which): [x, y]\n    c?: number\n    \
        d?(array, some): integer\n    e?(object, one):\n      f: string\n      g?: boolean\n  default: {b: y, c: 2}\n---\n{{a}}";
    let expected = json!({
        "type": "object",
        "properties": {
            "a": { "type": "string", "description": "what it is" },
            "b": { "type": "string", "enum": ["x", "y"], "description": "which", "default": "y" },
            "c": { "type": "number", "default": 2 },
            "d": { "type": "array", "items": { "type": "integer" }, "description": "some" },
            "e": {
                "type": "object",
                "properties": { "f": { "type": "string" }, "g": { "type": ["boolean", "null"] } },
                "additionalProperties": false, "required": ["f"], "description": "one",
            },
        },
        "required": ["a"],
        "additionalProperties": false,
    });
    assert_eq!(schema(source), expected);
}

#[test]
fn a_plain_list_has_titles_and_typed_defaults() {
    let source = "---\narguments:\n  - {name: a, title: A, description: What., required: true}\n  \
        - {name: b, type: integer, default: '3'}\n  - {name: c, enum: [1, two]}\n  - {name: d, type: any}\n---\n{{a}}{{b}}{{c}}{{d}}";
    let expected = json!({
        "type": "object",
        "properties": {
            "a": { "type": "string", "title": "A", "description": "What." },
            "b": { "type": "integer", "default": 3 },
            "c": { "enum": [1, "two"] },
            "d": { "type": "string" },
        },
        "required": ["a"],
        "additionalProperties": false,
    });
    assert_eq!(schema(source), expected);
}

#[test]
fn json_schema_keeps_what_other_programs_can_read() {
    let source = "---\ninput:\n  schema:\n    type: object\n    x-own: 1\n    properties:\n      \
        a: {$ref: '#/$defs/id', title: Id}\n      b: {type: string, format: password, example: x, x-mcp-header: Region, pattern: '^(?i)x$'}\n      \
        c: {type: integer, nullable: true, minimum: 1}\n    required: [a]\n    anyOf: [{required: [b]}, {required: [c]}]\n    \
        additionalProperties: {type: string}\n    $defs: {id: {type: string, pattern: '^[A-Z]+$', x-y: 1}, other: {type: string}}\n---\n{{a}}";
    let expected = json!({
        "type": "object",
        "properties": {
            "a": { "$ref": "#/$defs/id", "title": "Id" },
            "b": { "type": "string" },
            "c": { "type": "integer", "minimum": 1 },
        },
        "required": ["a"],
        "additionalProperties": { "type": "string" },
        "$defs": { "id": { "type": "string", "pattern": "^[A-Z]+$" }, "other": { "type": "string" } },
    });
    assert_eq!(schema(source), expected);
}

#[test]
fn without_a_declaration_the_template_shows_the_types() {
    let source = "{{text}}{{#if flag}}!{{/if}}{{#each lines}}{{this}}{{/each}}{{#each rows}}{{name}}{{/each}}\
        {{person.name}}{{person.address.city}}{{#each byKey}}{{@key}}{{/each}}{{json data}}";
    let expected = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string" },
            "flag": { "type": "boolean" },
            "lines": { "type": "array", "items": {} },
            "rows": { "type": "array", "items": { "type": "object", "properties": { "name": {} } } },
            "person": {
                "type": "object",
                "properties": { "name": {}, "address": { "type": "object", "properties": { "city": {} } } },
            },
            "byKey": { "type": "object", "additionalProperties": {} },
            "data": {},
        },
        "required": ["text", "lines", "rows", "person", "byKey", "data"],
        "additionalProperties": false,
    });
    assert_eq!(schema(source), expected);
}

#[test]
fn a_prompt_without_arguments_takes_an_empty_object() {
    assert_eq!(schema("Hi."), json!({ "type": "object", "properties": {}, "additionalProperties": false }));
}

/// The part of a schema at a JSON Pointer, of a prompt with this JSON Schema.
fn part(json_schema: &Value, pointer: &str) -> Value {
    let whole = schema(&format!("---\ninput: {{schema: {json_schema}}}\n---\n{{{{a}}}}"));
    whole.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer} in {whole}"))
}

#[test]
fn what_references_name_is_in_defs() {
    let of = |reference: &str| json!({ "$ref": reference });
    let text = json!({ "type": "string" });
    let openapi = json!({
        "type": "object",
        "properties": { "a": of("#/components/schemas/Pet"), "b": of("#/components/schemas/Size") },
        "components": { "schemas": {
            "Pet": { "type": "object", "properties": { "size": of("#/components/schemas/Size"), "next": of("#/components/schemas/Pet") } },
            "Size": { "type": "string", "enum": ["s", "l"], "x-own": 1 },
            "Other": { "x-own": 1 },
        } },
    });
    assert_eq!(part(&openapi, "/properties/a"), of("#/$defs/Pet"));
    assert_eq!(
        part(&openapi, "/$defs"),
        json!({
            "Pet": { "type": "object", "properties": { "size": of("#/$defs/Size"), "next": of("#/$defs/Pet") } },
            "Size": { "type": "string", "enum": ["s", "l"] },
        })
    );
    let older = json!({
        "type": "object",
        "properties": { "a": of("#/definitions/id"), "b": of("#/$defs/id") },
        "definitions": { "id": text },
        "$defs": { "id": { "type": "integer" } },
    });
    assert_eq!(part(&older, "/properties"), json!({ "a": of("#/$defs/id2"), "b": of("#/$defs/id") }));
    assert_eq!(part(&older, "/$defs"), json!({ "id": { "type": "integer" }, "id2": text }));
    // In what is left out, and in another argument.
    let elsewhere = json!({
        "type": "object",
        "properties": { "a": { "type": "object", "x-own": { "b": text } }, "b": of("#/properties/a/x-own/b"), "c": of("#/properties/b") },
    });
    assert_eq!(part(&elsewhere, "/properties/b"), of("#/$defs/b"));
    assert_eq!(part(&elsewhere, "/properties/c"), of("#/properties/b"));
}

#[test]
fn what_looks_like_a_reference_stays() {
    let value = json!({ "$ref": "#/nothing" });
    let json_schema = json!({
        "type": "object",
        "properties": { "a": { "type": "object", "default": value, "properties": { "$ref": { "$ref": "#/own/id" } } } },
        "own": { "id": { "type": "string" } },
    });
    let expected = json!({ "type": "object", "properties": { "$ref": { "$ref": "#/$defs/id" } }, "default": value });
    assert_eq!(part(&json_schema, "/properties/a"), expected);
}

#[test]
fn an_argument_that_is_always_null_keeps_its_type() {
    let json_schema = json!({ "type": "object", "properties": { "a": { "type": ["null"] } } });
    assert_eq!(part(&json_schema, "/properties/a"), json!({ "type": ["null"] }));
}
