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
