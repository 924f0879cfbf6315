use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{KEYWORDS, Keyword};
use crate::front_matter;

/// What treatment of a call of a prompt with this schema, in flow style, and what is said of the schema.
fn answer(schema: &str, given: &Value) -> String {
    let source = format!("---\ninput:\n  schema: {schema}\n---\ntext");
    let file = front_matter::split(&Arc::from("x.prompt"), &source).unwrap();
    let mut problems = Vec::new();
    let said = front_matter::read_front_matter(&file, &|_| None, &mut problems);
    let mut told = String::new();
    for problem in &problems {
        let hint = problem.hint.as_ref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        let column = problem.place.column;
        write!(told, "{} {column}: {}{hint}\n    ", problem.code.as_str(), problem.message).unwrap();
    }
    if problems.iter().any(|problem| problem.code.level() == crate::problem::Level::Error) {
        return told.trim_end().to_owned();
    }
    let values = match said.arguments {
        None => "no arguments are declared".to_owned(),
        Some(arguments) => match arguments.resolve(given.as_object().unwrap()) {
            Ok(values) => Value::Object(values.map).to_string(),
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        },
    };
    format!("{told}{values}")
}

/// Each keyword as it is said of all arguments, and of one: `a`.
const OF_ALL: &[(&str, &str, &str)] = &[
    (
        "$schema",
        "{$schema: 'http://json-schema.org/draft-07/schema#', properties: {a: {type: integer}}}",
        r#"{"a":"x"}"#,
    ),
    (
        "$schema",
        "{$schema: 'https://json-schema.org/draft/2020-12/schema', properties: {a: {type: integer}}}",
        r#"{"a":"1"}"#,
    ),
    ("$schema", "{$schema: 'https://example.com/own', properties: {a: {}}}", r#"{"a":"x"}"#),
    (
        "$id",
        "{$id: 'https://example.com/x', properties: {a: {$ref: '#/$defs/n'}}, $defs: {n: {type: integer}}}",
        r#"{"a":"x"}"#,
    ),
    ("id", "{id: 'https://example.com/x', properties: {a: {}}}", r#"{"a":"x"}"#),
    ("$ref", "{$ref: '#/$defs/in', $defs: {in: {properties: {a: {type: integer}}, required: [a]}}}", "{}"),
    ("$ref", "{$ref: '#/$defs/none', type: object}", "{}"),
    ("$ref", "{type: object, properties: {a: {}}, $ref: '#'}", r#"{"a":"x"}"#),
    ("$defs", "{type: object, $defs: {in: {properties: {a: {}}}}}", r#"{"a":"x"}"#),
    (
        "definitions",
        "{$schema: 'http://json-schema.org/draft-07/schema#', $ref: '#/definitions/in', definitions: {in: {type: object, properties: {a: {type: string}}, required: [a]}}}",
        "{}",
    ),
    ("$anchor", "{$anchor: x, properties: {a: {}}}", "{}"),
    ("$dynamicAnchor", "{$dynamicAnchor: x, properties: {a: {}}}", "{}"),
    ("$dynamicRef", "{$dynamicRef: '#x', properties: {a: {}}}", "{}"),
    ("$recursiveAnchor", "{$recursiveAnchor: true, properties: {a: {}}}", "{}"),
    ("$recursiveRef", "{$recursiveRef: '#', properties: {a: {}}}", "{}"),
    ("$vocabulary", "{$vocabulary: {}, properties: {a: {}}}", "{}"),
    ("type", "{type: object, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("type", "{type: [object, 'null'], properties: {a: {}}}", r#"{"a":"x"}"#),
    ("type", "{type: array, items: {type: string}}", r#"{"a":"x"}"#),
    ("type", "{type: string}", "{}"),
    ("type", "{type: object}", r#"{"a":"x"}"#),
    ("enum", "{properties: {a: {}}, enum: [{a: x}, {a: y}]}", r#"{"a":"z"}"#),
    ("const", "{properties: {a: {}}, const: {a: x}}", r#"{"a":"z"}"#),
    ("nullable", "{type: object, nullable: true, properties: {a: {}}}", r#"{"a":"x"}"#),
    (
        "allOf",
        "{allOf: [{type: object, properties: {a: {type: string}}, required: [a]}, {type: object, properties: {b: {type: integer}}}]}",
        r#"{"b":"2"}"#,
    ),
    (
        "allOf",
        "{type: object, allOf: [{properties: {a: {type: string}}, required: [a]}, {properties: {a: {minLength: 2}}}]}",
        r#"{"a":"x"}"#,
    ),
    (
        "allOf",
        "{type: object, allOf: [{properties: {a: {}}, additionalProperties: false}, {properties: {b: {}}}]}",
        r#"{"a":"x","b":"y"}"#,
    ),
    ("anyOf", "{type: object, properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}", "{}"),
    ("anyOf", "{type: object, properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}", r#"{"a":"x"}"#),
    (
        "anyOf",
        "{anyOf: [{properties: {a: {type: integer}}, required: [a]}, {properties: {b: {type: integer}}, required: [b]}]}",
        r#"{"b":"2"}"#,
    ),
    (
        "oneOf",
        "{type: object, oneOf: [{properties: {k: {const: x}, a: {type: integer}}, required: [k, a]}, {properties: {k: {const: y}}, required: [k]}]}",
        r#"{"k":"x"}"#,
    ),
    (
        "oneOf",
        "{type: object, oneOf: [{properties: {k: {const: x}, a: {type: integer}}, required: [k, a]}, {properties: {k: {const: y}}, required: [k]}]}",
        r#"{"k":"z"}"#,
    ),
    (
        "oneOf",
        "{type: object, properties: {a: {}, b: {}}, oneOf: [{required: [a]}, {required: [b]}]}",
        r#"{"a":"x","b":"y"}"#,
    ),
    ("not", "{properties: {a: {}, b: {}}, not: {required: [a, b]}}", r#"{"a":"x","b":"y"}"#),
    (
        "if",
        "{properties: {a: {}, b: {}}, if: {properties: {a: {const: x}}, required: [a]}, then: {required: [b]}}",
        r#"{"a":"x"}"#,
    ),
    (
        "if",
        "{properties: {a: {}, b: {}}, if: {properties: {a: {const: x}}, required: [a]}, then: {required: [b]}}",
        r#"{"a":"y"}"#,
    ),
    (
        "then",
        "{properties: {a: {}}, if: {required: [a]}, then: {properties: {b: {type: integer}}, required: [b]}}",
        r#"{"a":"x","b":"y"}"#,
    ),
    ("then", "{properties: {a: {}}, then: {required: [a]}}", r#"{"a":"x"}"#),
    ("else", "{properties: {a: {}, b: {}}, if: {required: [a]}, else: {required: [b]}}", "{}"),
    ("multipleOf", "{properties: {a: {}}, multipleOf: 2}", r#"{"a":"x"}"#),
    ("minimum", "{properties: {a: {}}, minimum: 2}", r#"{"a":"x"}"#),
    ("maximum", "{properties: {a: {}}, maximum: 2}", r#"{"a":"x"}"#),
    ("exclusiveMinimum", "{properties: {a: {}}, exclusiveMinimum: 2}", r#"{"a":"x"}"#),
    ("exclusiveMaximum", "{properties: {a: {}}, exclusiveMaximum: 2}", r#"{"a":"x"}"#),
    ("minLength", "{properties: {a: {}}, minLength: 2}", r#"{"a":"x"}"#),
    ("maxLength", "{properties: {a: {}}, maxLength: 2}", r#"{"a":"x"}"#),
    ("pattern", "{properties: {a: {}}, pattern: x}", r#"{"a":"x"}"#),
    ("format", "{properties: {a: {}}, format: date}", r#"{"a":"x"}"#),
    ("items", "{properties: {a: {}}, items: {}}", r#"{"a":"x"}"#),
    ("prefixItems", "{properties: {a: {}}, prefixItems: [{}]}", r#"{"a":"x"}"#),
    ("additionalItems", "{properties: {a: {}}, additionalItems: {}}", r#"{"a":"x"}"#),
    ("contains", "{properties: {a: {}}, contains: {}}", r#"{"a":"x"}"#),
    ("minContains", "{properties: {a: {}}, minContains: 1}", r#"{"a":"x"}"#),
    ("maxContains", "{properties: {a: {}}, maxContains: 1}", r#"{"a":"x"}"#),
    ("minItems", "{properties: {a: {}}, minItems: 1}", r#"{"a":"x"}"#),
    ("maxItems", "{properties: {a: {}}, maxItems: 1}", r#"{"a":"x"}"#),
    ("uniqueItems", "{properties: {a: {}}, uniqueItems: true}", r#"{"a":"x"}"#),
    ("unevaluatedItems", "{properties: {a: {}}, unevaluatedItems: false}", r#"{"a":"x"}"#),
    ("properties", "{properties: {a: 'string, what it is'}}", "{}"),
    ("properties", "{type: object, properties: {a: string}}", "{}"),
    ("properties", "{properties: {a: true, b: false}}", r#"{"a":"x","b":"y"}"#),
    ("patternProperties", "{properties: {a: {}}, patternProperties: {'^x-': {}}}", "{}"),
    ("additionalProperties", "{type: object, additionalProperties: {type: integer}}", r#"{"n":"x"}"#),
    ("additionalProperties", "{additionalProperties: true}", r#"{"n":"x"}"#),
    ("additionalProperties", "{type: object, additionalProperties: false}", r#"{"n":"x"}"#),
    ("additionalProperties", "{type: object, additionalProperties: string}", "{}"),
    (
        "unevaluatedProperties",
        "{type: object, properties: {a: {}}, unevaluatedProperties: {type: integer}}",
        r#"{"n":"x"}"#,
    ),
    ("unevaluatedProperties", "{type: object, properties: {a: {}}, unevaluatedProperties: false}", r#"{"n":"x"}"#),
    ("propertyNames", "{type: object, additionalProperties: true, propertyNames: {maxLength: 2}}", r#"{"long":"x"}"#),
    ("required", "{properties: {a: {}}, required: [a]}", "{}"),
    ("required", "{type: object, required: [a]}", "{}"),
    ("required", "{type: object, required: [a], additionalProperties: {type: integer}}", r#"{"a":"x"}"#),
    ("required", "{properties: {a: {}}, required: true}", "{}"),
    ("minProperties", "{properties: {a: {}, b: {}}, minProperties: 1}", "{}"),
    ("maxProperties", "{properties: {a: {}, b: {}}, maxProperties: 1}", r#"{"a":"x","b":"y"}"#),
    ("dependentRequired", "{properties: {a: {}, b: {}}, dependentRequired: {a: [b]}}", r#"{"a":"x"}"#),
    ("dependentRequired", "{properties: {a: {}, b: {default: y}}, dependentRequired: {a: [b]}}", r#"{"a":"x"}"#),
    (
        "dependentSchemas",
        "{properties: {a: {}}, dependentSchemas: {a: {properties: {b: {type: integer}}, required: [b]}}}",
        r#"{"a":"x"}"#,
    ),
    ("dependencies", "{properties: {a: {}, b: {}}, dependencies: {a: [b]}}", r#"{"a":"x"}"#),
    ("title", "{title: T, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("description", "{description: D, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("default", "{properties: {a: {type: integer}}, default: {a: 3}}", "{}"),
    ("examples", "{examples: [{a: x}], properties: {a: {}}}", r#"{"a":"x"}"#),
    ("example", "{example: {a: x}, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("deprecated", "{deprecated: true, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("readOnly", "{readOnly: true, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("writeOnly", "{writeOnly: true, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("$comment", "{$comment: C, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("contentEncoding", "{contentEncoding: base64, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("contentMediaType", "{contentMediaType: application/json, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("contentSchema", "{contentSchema: {}, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("discriminator", "{discriminator: {propertyName: a}, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("externalDocs", "{externalDocs: {}, properties: {a: {}}}", r#"{"a":"x"}"#),
    ("xml", "{xml: {}, properties: {a: {}}}", r#"{"a":"x"}"#),
];

const OF_ONE: &[(&str, &str, &str)] = &[
    ("$schema", "{$schema: 'https://json-schema.org/draft/2020-12/schema'}", "x"),
    ("$id", "{$id: x}", "x"),
    ("id", "{id: x}", "x"),
    ("$ref", "{$ref: '#/$defs/n'}", "x"),
    ("$ref", "{$ref: '#/$defs/n', minimum: 3}", "2"),
    ("$ref", "{$ref: 'https://example.com/x'}", "x"),
    ("$defs", "{$defs: {m: {type: integer}}, $ref: '#/properties/a/$defs/m'}", "x"),
    ("definitions", "{definitions: {m: {type: integer}}}", "x"),
    ("$anchor", "{$anchor: x}", "x"),
    ("$dynamicAnchor", "{$dynamicAnchor: x}", "x"),
    ("$dynamicRef", "{$dynamicRef: '#x'}", "x"),
    ("$recursiveAnchor", "{$recursiveAnchor: true}", "x"),
    ("$recursiveRef", "{$recursiveRef: '#'}", "x"),
    ("$vocabulary", "{$vocabulary: {}}", "x"),
    ("type", "{type: integer}", "x"),
    ("type", "{type: [string, 'null']}", "x"),
    ("type", "{type: strin}", "x"),
    ("type", "{type: any}", "x"),
    ("enum", "{enum: [no, yes, 010, 1_000]}", "1000"),
    ("const", "{const: x}", "y"),
    ("nullable", "{type: array, items: {type: integer, nullable: true}}", "[1, null]"),
    ("nullable", "{type: array, items: {enum: [1], nullable: true}}", "[1, null]"),
    ("nullable", "{type: array, items: {$ref: '#/$defs/n', nullable: true}}", "[1, null]"),
    ("nullable", "{type: array, items: {$ref: '#/$defs/n', nullable: false}}", "[1, null]"),
    ("allOf", "{type: integer, allOf: [{minimum: 2}, {maximum: 4}]}", "5"),
    ("anyOf", "{anyOf: [{type: integer}, {type: boolean}]}", "x"),
    ("oneOf", "{type: integer, oneOf: [{minimum: 2}, {maximum: 4}]}", "3"),
    ("not", "{type: string, not: {enum: [x]}}", "x"),
    ("if", "{type: integer, if: {minimum: 10}, then: {multipleOf: 10}, else: {multipleOf: 2}}", "11"),
    ("then", "{type: integer, then: {multipleOf: 10}}", "11"),
    ("else", "{type: integer, if: {minimum: 10}, then: {multipleOf: 10}, else: {multipleOf: 2}}", "3"),
    ("multipleOf", "{type: integer, multipleOf: 2}", "3"),
    ("minimum", "{type: integer, minimum: 2}", "1"),
    ("minimum", "{type: string, minimum: 2}", "1"),
    ("maximum", "{type: integer, maximum: 2}", "3"),
    ("exclusiveMinimum", "{type: integer, exclusiveMinimum: 2}", "2"),
    ("exclusiveMinimum", "{type: integer, minimum: 2, exclusiveMinimum: true}", "2"),
    ("exclusiveMaximum", "{type: integer, exclusiveMaximum: 2}", "2"),
    ("exclusiveMaximum", "{type: integer, maximum: 2, exclusiveMaximum: false}", "2"),
    ("minLength", "{type: string, minLength: 2}", "x"),
    ("minLength", "{type: integer, minLength: 2}", "1"),
    ("maxLength", "{type: string, maxLength: 1}", "xx"),
    ("pattern", "{type: string, pattern: '^[a-c]+$'}", "x"),
    ("format", "{type: string, format: date}", "tomorrow"),
    ("format", "{type: string, format: uuid}", "x"),
    ("format", "{type: string, format: password}", "x"),
    ("format", "{type: string, format: regex}", "("),
    ("items", "{type: array, items: {type: integer, minimum: 2}}", "1, 2"),
    ("items", "{type: array, items: string}", "x"),
    ("items", "{type: array, items: [{type: integer}], additionalItems: false}", "[1, 2]"),
    ("prefixItems", "{type: array, prefixItems: [{type: integer}, {type: string}]}", "[\"x\"]"),
    ("additionalItems", "{type: array, items: [{}], additionalItems: {type: string}}", "[1, 2]"),
    ("additionalItems", "{type: array, additionalItems: false}", "[1, 2]"),
    ("contains", "{type: array, contains: {const: 2}}", "[1]"),
    ("minContains", "{type: array, contains: {const: 2}, minContains: 2}", "[2]"),
    ("minContains", "{type: array, minContains: 2}", "[2]"),
    ("maxContains", "{type: array, contains: {const: 2}, maxContains: 1}", "[2, 2]"),
    ("minItems", "{type: array, minItems: 2}", "[1]"),
    ("maxItems", "{type: array, maxItems: 1}", "[1, 2]"),
    ("uniqueItems", "{type: array, uniqueItems: true}", "[1, 1]"),
    ("unevaluatedItems", "{type: array, prefixItems: [{}], unevaluatedItems: false}", "[1, 1]"),
    ("properties", "{type: object, properties: {b: {type: integer}}}", r#"{"b": "x"}"#),
    ("properties", "{type: object, properties: {b: 'integer, how many'}}", r#"{"b": "x"}"#),
    ("patternProperties", "{type: object, patternProperties: {'^x': {type: integer}}}", r#"{"x1": "x"}"#),
    ("additionalProperties", "{type: object, additionalProperties: {type: integer}}", r#"{"b": "x"}"#),
    ("unevaluatedProperties", "{type: object, properties: {b: {}}, unevaluatedProperties: false}", r#"{"c": "x"}"#),
    ("propertyNames", "{type: object, propertyNames: {maxLength: 2}}", r#"{"long": 1}"#),
    ("required", "{type: object, required: [b]}", "{}"),
    ("required", "{type: string, required: true}", "x"),
    ("minProperties", "{type: object, minProperties: 1}", "{}"),
    ("maxProperties", "{type: object, maxProperties: 0}", r#"{"b": 1}"#),
    ("dependentRequired", "{type: object, dependentRequired: {b: [c]}}", r#"{"b": 1}"#),
    ("dependentSchemas", "{type: object, dependentSchemas: {b: {required: [c]}}}", r#"{"b": 1}"#),
    ("dependencies", "{type: object, dependencies: {b: [c]}}", r#"{"b": 1}"#),
    ("title", "{title: T}", "x"),
    ("description", "{description: D}", "x"),
    ("default", "{type: string, default: 1.50}", ""),
    ("examples", "{examples: [x]}", "y"),
    ("example", "{example: x}", "y"),
    ("deprecated", "{deprecated: true}", "x"),
    ("readOnly", "{readOnly: true}", "x"),
    ("writeOnly", "{writeOnly: true}", "x"),
    ("$comment", "{$comment: C}", "x"),
    ("contentEncoding", "{type: string, contentEncoding: base64}", "x"),
    ("contentMediaType", "{type: string, contentMediaType: application/json}", "x"),
    ("contentSchema", "{type: string, contentSchema: {}}", "x"),
    ("discriminator", "{discriminator: {propertyName: b}}", "x"),
    ("externalDocs", "{externalDocs: {}}", "x"),
    ("xml", "{xml: {}}", "x"),
    ("requried", "{type: object, requried: [b]}", "{}"),
    ("propertees", "{type: object, propertees: {b: {}}}", "{}"),
    ("x-order", "{x-order: 1}", "x"),
];

#[test]
fn every_keyword_is_checked_refused_or_ignored_on_purpose() {
    let mut table = String::new();
    for (keyword, schema, given) in OF_ALL {
        let answer = answer(schema, &serde_json::from_str(given).unwrap());
        writeln!(table, "{keyword}: {schema} {given}\n    {answer}").unwrap();
    }
    for (keyword, schema, given) in OF_ONE {
        let answer = answer(
            &format!("{{properties: {{a: {schema}}}, $defs: {{n: {{type: integer}}}}}}"),
            &json!({ "a": given }),
        );
        writeln!(table, "a: {keyword}: {schema} {given}\n    {answer}").unwrap();
    }
    assert_snapshot!(table);
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/prompt-language.md")).unwrap();
    for Keyword { name, .. } in KEYWORDS {
        assert!(docs.contains(&format!("`{name}`")), "docs/prompt-language.md does not have `{name}`");
    }
    for cases in [OF_ALL, OF_ONE] {
        let tried: HashSet<_> = cases.iter().map(|(keyword, ..)| *keyword).collect();
        let missing: Vec<_> =
            KEYWORDS.iter().map(|keyword| keyword.name).filter(|name| !tried.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
