use serde_json::json;

use crate::arguments::tests::{declared, resolve};

/// What becomes of one text by the schema of one argument.
fn value(schema: &str, text: &str) -> String {
    let arguments = declared(&format!("input: {{schema: {{type: object, properties: {{a: {schema}}}}}}}"));
    let resolved = resolve(&arguments, json!({ "a": text }));
    let value = resolved.strip_prefix("{\"a\":").and_then(|value| value.strip_suffix('}'));
    value.map(str::to_owned).unwrap_or(resolved)
}

#[test]
fn text_becomes_what_the_schema_says() {
    for (schema, text, becomes) in [
        ("{type: string}", "", "null"),
        ("{type: integer}", " -3 ", "-3"),
        (
            "{type: integer}",
            "99999999999999999999",
            "argument `a` must be a whole number from -9223372036854775808 to 9223372036854775807, not \"99999999999999999999\"",
        ),
        ("{type: number}", "3.0", "3"),
        ("{type: boolean}", "true", "true"),
        ("{type: boolean}", " TRUE\n", "true"),
        ("{type: boolean}", "False", "false"),
        ("{type: boolean}", "yes", "argument `a` must be true or false, not \"yes\""),
        ("{type: integer}", "3.0", "3"),
        ("{type: integer}", "3e2", "300"),
        ("{type: integer}", "3.5", "argument `a` must be a whole number such as 42, not \"3.5\""),
        ("{type: integer}", "1_000", "argument `a` must be a whole number such as 42, not \"1_000\""),
        ("{enum: [1, x, true]}", " x\n", "\"x\""),
        ("{enum: [1, x, true]}", "1.0", "1"),
        ("{enum: [1, x, true]}", "True", "true"),
        ("{enum: [1, x, true]}", "X", "argument `a` must be one of 1, x, true, not \"X\""),
        ("{enum: ['1', 'true']}", "1.0", "argument `a` must be one of 1, true, not \"1.0\""),
        ("{type: [integer, boolean]}", "True", "true"),
        ("{type: array}", "a, b\r\nc", "[\"a, b\",\"c\"]"),
        ("{type: array}", "a,\nb,\nc", "[\"a\",\"b\",\"c\"]"),
        ("{type: array, items: {type: integer}}", "1, 2\n3", "[1,2,3]"),
        ("{type: array, items: {enum: [x, 'y, z', true]}}", "y, z\nx, True", "[\"y, z\",\"x\",true]"),
        ("{enum: [1, x, ~]}", "1", "1"),
        ("{enum: [1, x, ~]}", "null", "argument `a` must be one of 1, x, not \"null\""),
        ("{const: x}", "y", "argument `a` must be one of x, not \"y\""),
        ("{}", "[1]", "\"[1]\""),
        ("{type: [integer, string]}", "5", "\"5\""),
        ("{type: [integer, boolean]}", "5", "5"),
        (
            "{type: [integer, boolean]}",
            "x",
            "argument `a` must be a value as JSON, not \"x\" (not valid JSON: expected value at line 1 column 1)",
        ),
        ("{type: [integer, boolean]}", "\"x\"", "argument `a` must be true or false or a whole number, not \"x\""),
        ("{anyOf: [{type: integer}, {type: 'null'}]}", "5", "5"),
        ("{anyOf: [{type: integer}, {type: string, pattern: '^[A-Z]+$'}]}", "12", "12"),
        ("{anyOf: [{type: integer}, {type: string, pattern: '^[A-Z]+$'}]}", "AB", "\"AB\""),
        (
            "{anyOf: [{type: integer}, {type: string, pattern: '^[A-Z]+$'}]}",
            "a1",
            "argument `a` must be a whole number or text that matches ^[A-Z]+$, not \"a1\"",
        ),
        ("{oneOf: [{type: boolean}, {enum: [auto]}]}", "true", "true"),
        ("{oneOf: [{type: boolean}, {enum: [auto]}]}", "auto", "\"auto\""),
        (
            "{oneOf: [{type: boolean}, {enum: [auto]}]}",
            "on",
            "argument `a` must be one of true, false, auto, not \"on\"",
        ),
        ("{anyOf: [{type: number}, {enum: [auto, none]}]}", "2.5", "2.5"),
        ("{anyOf: [{type: integer}, {const: all}]}", "7", "7"),
        ("{anyOf: [{type: integer}, {const: all}]}", "all", "\"all\""),
        ("{allOf: [{type: integer}, {minimum: 3}]}", "3", "3"),
        ("{allOf: [{type: integer}, {minimum: 3}]}", "2", "argument `a` must be a number of at least 3, not 2"),
        ("{allOf: [{type: string}, {enum: [x, y]}]}", "z", "argument `a` must be one of x, y, not \"z\""),
        ("{type: array, prefixItems: [{type: integer}, {type: string}]}", "[1, \"a\"]", "[1,\"a\"]"),
        (
            "{type: array, prefixItems: [{type: integer}, {type: string}]}",
            "1,a",
            "argument `a` must be a list as JSON, not \"1,a\" (not valid JSON: trailing characters at line 1 column 2)",
        ),
        // Lists, as JSON or with commas between.
        ("{type: array}", " a, b ,, c,", "[\"a\",\"b\",\"c\"]"),
        ("{type: array, items: {type: integer}}", "1,2", "[1,2]"),
        ("{type: array, items: {type: integer}}", " [1.0, 2]", "[1,2]"),
        (
            "{type: array, items: {type: integer}}",
            "1,x",
            "argument `a[1]` must be a whole number such as 42, not \"x\"",
        ),
        ("{type: array, items: {type: integer}}", "[1,\"x\"]", "argument `a[1]` must be a whole number, not \"x\""),
        (
            "{type: array, items: {type: integer}}",
            "[1,",
            "argument `a` must be a list as JSON, not \"[1,\" (not valid JSON: EOF while parsing a value at line 1 column 3)",
        ),
        ("{type: array, items: {enum: [x, 2]}}", "2, x", "[2,\"x\"]"),
        ("{type: array, items: {enum: [x, 2]}}", "x, y", "argument `a[1]` must be one of x, 2, not \"y\""),
        ("{type: array, items: {enum: [x, 2]}}", "[\"y\"]", "argument `a[0]` must be one of x, 2, not \"y\""),
        (
            "{type: array, items: {type: string}, minItems: 2}",
            "x",
            "argument `a` must be a list of at least 2, not [\"x\"]",
        ),
        (
            "{type: array, items: {type: object}}",
            "x",
            "argument `a` must be a list as JSON, not \"x\" (not valid JSON: expected value at line 1 column 1)",
        ),
        ("{type: array, items: {type: object}}", "{}", "argument `a` must be a list as JSON, not \"{}\""),
        (
            "{type: array, items: {properties: {p: {type: number}}}}",
            "[{\"p\": 1e0}, {\"p\": \"x\"}]",
            "argument `a[1].p` must be a number, not \"x\"",
        ),
        ("{type: object}", "{\"x\": {\"y\": [1.0, 2.5]}}", "{\"x\":{\"y\":[1,2.5]}}"),
        ("{type: object}", "[1]", "argument `a` must be an object as JSON, not \"[1]\""),
        ("{type: object, required: [x]}", "{}", "argument `a` must be an object with `x`, not {}"),
        (
            "{type: string, maxLength: 3}",
            "long text",
            "argument `a` must be text of at most 3 characters, not \"long text\"",
        ),
        ("{type: integer, minimum: 3}", "2", "argument `a` must be a number of at least 3, not 2"),
    ] {
        assert_eq!(value(schema, text), becomes, "{schema} {text}");
    }
    assert_eq!(value("{type: array}", " "), "null");
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(value("{type: array}", &nested).contains("recursion limit exceeded"));
}

#[test]
fn json_that_comes_instead_of_text_is_taken_where_it_fits() {
    for (schema, said, becomes) in [
        ("{type: integer}", json!(3), "3"),
        ("{type: integer}", json!(3.0), "3"),
        ("{type: integer}", json!(3.5), "argument `a` must be a whole number such as 42, not 3.5"),
        ("{type: integer}", json!(true), "argument `a` must be a whole number such as 42, not true"),
        ("{type: integer, minimum: 3}", json!(2), "argument `a` must be a number of at least 3, not 2"),
        ("{type: number}", json!(2.5), "2.5"),
        ("{type: boolean}", json!(false), "false"),
        ("{type: boolean}", json!(0), "argument `a` must be true or false, not 0"),
        ("{enum: [1, x]}", json!(1.0), "1"),
        ("{enum: [1, x]}", json!(["x"]), "argument `a` must be one of 1, x, not [\"x\"]"),
        ("{type: array, items: {type: integer}}", json!([1.0, 2]), "[1,2]"),
        ("{type: array, items: {type: integer}}", json!(["x"]), "argument `a[0]` must be a whole number, not \"x\""),
        ("{type: array}", json!({}), "argument `a` must be a list as JSON, not {}"),
        ("{type: object}", json!({ "b": 1.0 }), "{\"b\":1}"),
        ("{type: [integer, boolean]}", json!(true), "true"),
        ("{type: string}", json!(3), "argument `a` must be a JSON string such as \"3\", not 3"),
        (
            "{type: string}",
            json!({ "b": 1 }),
            "argument `a` must be a JSON string such as \"{\\\"b\\\":1}\", not {\"b\":1}",
        ),
        ("{}", json!(3), "3"),
        ("{}", json!({ "b": [1] }), "\"{\\\"b\\\":[1]}\""),
        ("{type: integer}", json!(null), "null"),
    ] {
        let arguments = declared(&format!("input: {{schema: {{type: object, properties: {{a: {schema}}}}}}}"));
        let resolved = resolve(&arguments, json!({ "a": said.clone() }));
        let value = resolved.strip_prefix("{\"a\":").and_then(|value| value.strip_suffix('}')).unwrap_or(&resolved);
        assert_eq!(value, becomes, "{schema} {said}");
    }
    let long: Vec<_> = (0..100_000).collect();
    assert!(
        resolve(&declared("arguments: [{name: a, type: array}]"), json!({ "a": long }))
            .contains("at most 262144 bytes")
    );
}

#[test]
fn blank_text_is_a_value_where_it_is_meant() {
    let yaml = "input:\n  schema: {r: string, e(enum): ['', ' ', x], o?: string, n?: integer, l?(array): string, d: string, (*): string}\n  default: {d: ' '}";
    let arguments = declared(yaml);
    assert_eq!(
        resolve(&arguments, json!({ "r": "\t\r\n", "e": "  " })),
        "missing required argument `r`; missing required argument `e`"
    );
    let given = json!({ "r": "x", "e": "", "o": " ", "n": " ", "l": "\n", "d": " ", "z": "" });
    let expected = json!({ "d": " ", "r": "x", "e": "", "o": " ", "n": null, "l": null, "z": null });
    assert_eq!(resolve(&arguments, given), expected.to_string());
    assert_eq!(
        resolve(&arguments, json!({ "r": "x", "e": " " })),
        json!({ "d": " ", "r": "x", "e": " ", "o": null, "n": null, "l": null }).to_string()
    );
}
