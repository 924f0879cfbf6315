use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::front_matter;

/// What front matter declares, and what is wrong with it.
fn read(yaml: &str) -> (Option<Arguments>, String) {
    let source = format!("---\n{yaml}\n---\ntext");
    let file = front_matter::split(&Arc::from("x.prompt"), &source).unwrap();
    let mut problems = Vec::new();
    let said = front_matter::read_front_matter(&file, &|_| None, &mut problems);
    let told = problems.iter().map(|p| {
        let hint = p.hint.as_ref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{} {}:{}+{} {}{hint}", p.code.as_str(), p.place.line, p.place.column, p.width, p.message)
    });
    (said.arguments, told.collect::<Vec<_>>().join("\n"))
}

pub(super) fn declared(yaml: &str) -> Arguments {
    let (arguments, problems) = read(yaml);
    assert_eq!(problems, "", "{yaml}");
    arguments.unwrap_or_else(|| panic!("none declared: {yaml}"))
}

/// The values of a call as JSON, or what is wrong with it.
#[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
pub(super) fn resolve(arguments: &Arguments, given: Value) -> String {
    match arguments.resolve(given.as_object().unwrap()) {
        Ok(values) => Value::Object(values.map).to_string(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

/// The arguments with a mark of their kind, and the optional ones with a question mark.
fn names(arguments: &[Argument]) -> String {
    let name = |argument: &Argument| {
        format!("{}{}:{:?}", argument.name, if argument.required { "" } else { "?" }, argument.kind)
    };
    arguments.iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn arguments_are_declared_in_three_ways() {
    for (yaml, declared) in [
        (
            "arguments: [a, {name: b, required: true}, {name: 3, type: integer}, true]",
            "a?:String b:String 3?:Integer true?:String",
        ),
        (
            "arguments: [{name: a, type: array}, {name: b, type: object}, {name: c, enum: [1]}]",
            "a?:Array b?:Object c?:Any",
        ),
        ("arguments: []", ""),
        (
            "input: {schema: {b: string, a?: integer, c(array): string, d?(object): {x: any}, e(enum): [x]}}",
            "b:String a?:Integer c:Array d?:Object e:Any",
        ),
        ("input: {schema: {a: boolean, b: number, c: any}, default: {a: true, b: ~}}", "a?:Boolean b?:Number c:Any"),
        (
            "input: {schema: {type: object, properties: {b: {type: number}, a: {type: [integer, 'null']}}, required: [a]}}",
            "b?:Number a:Integer",
        ),
        (
            "input: {schema: {properties: {a: {type: string, default: x}, b: true, c: {}}, required: [a, b]}}",
            "a?:String b:Any c?:Any",
        ),
        ("input: {schema: {properties: {}}}", ""),
        // References, and what generators write for what may be null.
        (
            "input:\n  schema:\n    properties:\n      a: {$ref: '#/$defs/x'}\n      b: {anyOf: [{$ref: '#/definitions/y'}, {type: 'null'}], default: ~}\n      \
             c: {allOf: [{$ref: '#/$defs/x'}]}\n      d: {type: [integer, string]}\n      e: {type: [integer, boolean]}\n      f: {type: [integer, number]}\n      \
             g: {oneOf: [{const: x}, {const: y}]}\n      h: {items: {type: string}}\n    \
             $defs: {x: {type: integer}}\n    definitions: {y: {type: array, items: {type: object}}}",
            "a?:Integer b?:Array c?:Integer d?:Any e?:Json f?:Number g?:Any h?:Array",
        ),
        (
            "input: {schema: {$ref: '#/$defs/in', type: object, $defs: {in: {properties: {a: {type: integer}}}}}}",
            "a?:Integer",
        ),
    ] {
        assert_eq!(names(&self::declared(yaml)), declared, "{yaml}");
    }
    for yaml in [
        "title: x",
        "input: {schema: string}",
        "input: {schema: {type: string}}",
        "input: {schema: {type: object}}",
        "input: {default: {a: b}}",
    ] {
        assert!(read(yaml).0.is_none(), "{yaml}");
    }
    let (unknown, problems) = read("input: {schema: Foo}");
    assert!(unknown.is_none());
    assert_snapshot!(problems, @"unknown-schema 2:17+3 input.schema: the schema `Foo` is unknown and allows any value");
}

#[test]
fn an_argument_knows_where_it_is_declared() {
    let places = |yaml: &str| {
        let place = |argument: &Argument| argument.place.map(|place| (place.line, place.column));
        declared(yaml).iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(places("arguments:\n- a\n- name: b"), [Some((3, 3)), Some((4, 9))]);
    assert_eq!(places("input:\n  schema:\n    a: string\n    b?(enum): [x]"), [Some((4, 5)), Some((5, 5))]);
    assert_eq!(places("input:\n  schema:\n    type: object\n    properties:\n      a: {}"), [Some((6, 7))]);
}

#[test]
fn wrong_declarations_are_told_at_their_places() {
    assert_snapshot!(read("arguments:\n- a\n- name: a\n- name: b c\n- {name: c, type: text}\n- {name: d, typ: string}\n- {title: x}\n- [e]\n- name: f\n  type: integer\n  default: x\n- {name: g, enum: [], required: 3}\n- {name: h, enum: [x, y], default: z}\n- {name: i, enum: x}\n- {name: [j]}\n- {name: k, enum: [[x]]}").1, @"
    schema 4:3+1 arguments: `a` is declared twice
    schema 5:9+3 arguments: invalid name `b c`: use letters, digits, _ and -
    schema 6:19+4 arguments: `c`: type `text` is not one of string, integer, number, boolean, any, array, object
    schema 7:13+3 an argument has no key `typ`; the keys are name, title, description, required, type, enum, default [did you mean `type`?]
    schema 8:3+1 an argument needs a `name`
    schema 9:3+1 an argument must be a map of name, title, description, required, type, enum, default, not a list
    schema 12:12+1 arguments: `f`: the default x is not a whole number such as 42
    schema 13:19+1 arguments: `g`: the enum is empty, so no value would be allowed
    schema 13:33+1 `required` must be true or false, not a number
    schema 14:36+1 arguments: `h`: the default z is not one of x, y
    schema 15:19+1 `enum` must be a list of values, not text
    schema 16:10+1 `name` must be text, not a list
    schema 17:19+1 arguments: `k`: an enum has only text, numbers and booleans
    ");
    assert_snapshot!(read("input:\n  schema:\n    a b: string\n    c: integer\n    d(enum): []\n    e(array): integer\n  default:\n    c: x\n    e: [1, y]").1, @r#"
    schema 4:5+3 input.schema: invalid name `a b`: use letters, digits, _ and -
    schema 6:5+7 input.schema: `d`: the enum is empty, so no value would be allowed
    schema 9:8+1 input.schema: `c`: the default x is not a whole number such as 42
    schema 10:8+1 input.schema: the default of `e[1]` must be a whole number, not "y"
    "#);
    assert_snapshot!(read("input:\n  schema:\n    type: object\n    properties:\n      a: {type: string, minLength: x}").1, @r#"schema 6:36+1 input.schema: `properties.a.minLength` must be a whole number, not "x""#);
    assert_snapshot!(read("input:\n  schema:\n    properties:\n      a: {type: strin}\n      b: 3").1, @r#"
    schema 5:17+5 input.schema: `properties.a.type` must be one of array, boolean, integer, null, number, object, string or a list, not "strin"
    schema 6:10+1 input.schema: `properties.b` must be true or false or an object, not 3
    "#);
    assert_snapshot!(read("input:\n  schema:\n    properties:\n      a: {$ref: 'https://example.com'}").1, @"schema 5:10+1 input.schema: there is no `https://example.com` in the schema; `$ref` names a part of it");
    assert_snapshot!(read("input:\n  schema:\n    properties:\n      a: {$ref: '#/$defs/a'}\n    $defs: {a: {not: {$ref: '#/$defs/a'}}}").1, @"schema 5:10+1 input.schema: the schema refers to itself for the same value");
    assert_snapshot!(read("input:\n  schema:\n    properties:\n      a: {type: integer, minimum: 3, default: 2}").1, @"schema 5:47+1 input.schema: the default of `a` must be a number of at least 3, not 2");
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    for schema in [
        r#"{enum: ["a\r\nb"], default: c}"#,
        r#"{enum: ["a\rb"], default: c, type: string, minLength: 1}"#,
        r#"{type: string, pattern: "a\nb", default: c}"#,
        r#"{anyOf: [{enum: ["a\nb"]}, {const: "a\rb"}], default: 3}"#,
        r#"{type: object, required: ["a\nb"], default: {}}"#,
    ] {
        let (_, told) = read(&format!("input: {{schema: {{properties: {{a: {schema}}}}}}}"));
        assert!(!told.is_empty() && !told.contains(['\n', '\r']), "{schema}: {told:?}");
    }
}

#[test]
fn what_a_file_declares_is_bounded() {
    let many = |count: usize, of: &str| (0..count).map(|i| format!("{of}{i}, ")).collect::<String>();
    assert_snapshot!(read(&format!("arguments: [{}]", many(300, "a"))).1, @"bound 2:1103+4 a prompt has at most 200 arguments");
    assert_snapshot!(read(&format!("input:\n  schema:\n{}", many(300, "    a").replace(", ", ": any\n"))).1, @"bound 204:5+4 a prompt has at most 200 arguments");
    let properties = |of: &str| (0..100).map(|i| format!("      a{i}: {of}\n")).collect::<String>();
    let choices = many(9_000, "v");
    assert_snapshot!(read(&format!("input:\n  schema:\n    $defs: {{e: {{enum: [{choices}]}}}}\n    properties:\n{}", properties("{$ref: '#/$defs/e'}"))).1, @"bound 8:7+2 the arguments of a prompt have at most 20000 choices");
    // Each of these is two of the next one.
    let next = |i: usize| format!("{{$ref: '#/$defs/d{i}'}}");
    let chain =
        (0..30).map(|i| format!("      d{i}: {{anyOf: [{}, {}]}}\n", next(i + 1), next(i + 1))).collect::<String>();
    assert_snapshot!(read(&format!("input:\n  schema:\n    $defs:\n{chain}      d30: {{}}\n    properties:\n{}", properties(&next(0)))).1, @"schema 5:11+1 input.schema: more than 2000 schemas would apply to one value, with the targets of references");
    // The deepest that YAML may be.
    let nested = format!("{}string{}", "{a(object): ".repeat(30), "}".repeat(30));
    assert_eq!(names(&declared(&format!("input: {{schema: {nested}}}"))), "a:Object");
}

#[test]
fn what_a_schema_says_of_several_arguments_is_bounded() {
    // Each value is checked by all of these, once for itself and once with the others.
    let branches = "{additionalProperties: {items: {type: integer}}}, ".repeat(40);
    let arguments = declared(&format!(
        "input: {{schema: {{type: object, properties: {{a: {{type: array}}, b: {{type: array}}}}, allOf: [{branches}]}}}}"
    ));
    let list = format!("[{}1]", "1, ".repeat(5_000));
    assert_eq!(
        resolve(&arguments, json!({ "a": list, "b": list })),
        "the arguments together must be a value that the schema can check in 300000 steps"
    );
    assert_eq!(resolve(&arguments, json!({ "a": "[1]", "b": "[2]" })), r#"{"a":[1],"b":[2]}"#);
    let arguments = declared(
        "input: {schema: {type: object, properties: {a: {}}, if: {properties: {a: {pattern: '^(x+)+$'}}}, then: {required: [b]}}}",
    );
    assert_eq!(
        resolve(&arguments, json!({ "a": "x".repeat(20_000) })),
        "argument `a`, whose schema has patterns, has at most 16384 bytes, not 20000"
    );
    assert_eq!(resolve(&arguments, json!({ "a": "x".repeat(10_000) })), "missing required argument `b`");
    // Schemas that lead to each other, and far.
    let circle = "$ref: '#/$defs/a', $defs: {a: {allOf: [{$ref: '#/$defs/b'}]}, b: {anyOf: [{$ref: '#/$defs/a'}]}}";
    assert!(read(&format!("input: {{schema: {{type: object, {circle}}}}}")).1.contains("refers to itself"));
    let chain: String = (0..150).map(|i| format!("d{i}: {{$ref: '#/$defs/d{}'}}, ", i + 1)).collect();
    let far = format!("input: {{schema: {{type: object, $ref: '#/$defs/d0', $defs: {{{chain} d150: {{}}}}}}}}");
    assert!(read(&far).1.contains("nest more than 64 deep"), "{}", read(&far).1);
    let twice = |i: usize| format!("d{i}: {{allOf: [{{$ref: '#/$defs/d{0}'}}, {{$ref: '#/$defs/d{0}'}}]}}, ", i + 1);
    let wide: String = (0..30).map(twice).collect();
    let wide = format!(
        "input: {{schema: {{type: object, $ref: '#/$defs/d0', $defs: {{{wide} d30: {{properties: {{a: {{}}}}}}}}}}}}"
    );
    assert!(read(&wide).1.contains("more than 2000 schemas would apply"), "{}", read(&wide).1);
}

#[test]
fn the_list_says_what_mcp_has_no_field_for() {
    let many = (1..=25).map(|i| format!("v{i}")).collect::<Vec<_>>().join(", ");
    for (item, description) in [
        ("description: What it is", Some("What it is")),
        ("title: T", None),
        (
            "description: How strict to be, enum: [strict, friendly, ~], default: friendly",
            Some("How strict to be (one of strict, friendly; default friendly)"),
        ),
        ("type: integer, default: 3", Some("(a whole number; default 3)")),
        ("type: boolean", Some("(true or false)")),
        ("type: number, description: 'How much. '", Some("How much. (a number)")),
        ("type: array", Some("(a list: JSON, or values with commas or lines between)")),
        (
            "type: array, default: [a, b]",
            Some("(a list: JSON, or values with commas or lines between; default [\"a\",\"b\"])"),
        ),
        ("type: object", Some("(an object as JSON)")),
        ("default: ''", None),
        (
            "description: d, default: a text that is long enough to be cut here",
            Some("d (default a text that is long enough to be cut her…)"),
        ),
        (
            &format!("enum: [{many}]"),
            Some(
                "(one of v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18, v19, v20 and 5 more)",
            ),
        ),
    ] {
        let arguments = declared(&format!("arguments: [{{name: a, {item}}}]"));
        assert_eq!(arguments[0].listed_description.as_deref(), description, "{item}");
    }
    let listed = |schema: &str| declared(&format!("input: {{schema: {{{schema}}}}}"))[0].listed_description.clone();
    assert_eq!(
        listed("a(array): integer").as_deref(),
        Some("(a list of whole numbers: JSON, or values with commas or lines between)")
    );
    assert_eq!(listed("'a(array, some)': {b: any}").as_deref(), Some("some (a list as JSON)"));
    let schema = "type: object, properties: {a: {type: array, items: {enum: [x, y]}}}";
    assert_eq!(
        listed(schema).as_deref(),
        Some("(a list: JSON, or values with commas or lines between, each one of x, y)")
    );
    for (schema, description) in [
        ("type: integer, minimum: 1, maximum: 10", "(a whole number; 1 to 10)"),
        ("type: number, minimum: 0.5, default: 1", "(a number; at least 0.5; default 1)"),
        ("type: string, minLength: 3, pattern: '^[A-Z]+$'", "(at least 3 characters; matches ^[A-Z]+$)"),
        ("type: string, maxLength: 80, format: email", "(at most 80 characters; format email)"),
        ("type: array, minItems: 1", "(a list: JSON, or values with commas or lines between; at least 1 item)"),
        ("type: array, maxItems: 3", "(a list: JSON, or values with commas or lines between; at most 3 items)"),
    ] {
        assert_eq!(listed(&format!("type: object, properties: {{a: {{{schema}}}}}")).as_deref(), Some(description));
    }
    let arguments = declared(
        "arguments: [{name: a, title: A, description: d, type: integer}, {name: b, required: true}, c, {name: d, required: true}]",
    );
    assert_eq!(
        json!(in_listed_order(&arguments)),
        json!([
            { "name": "b", "required": true }, { "name": "d", "required": true },
            { "name": "a", "title": "A", "description": "d (a whole number)", "required": false },
            { "name": "c", "required": false },
        ])
    );
}

#[test]
fn every_problem_of_a_call_is_told() {
    let arguments = declared(
        "arguments: [{name: a, required: true, description: What it is.}, {name: b, type: integer}, {name: language}]",
    );
    assert_snapshot!(resolve(&arguments, json!({ "b": "x", "languag": "y", "zzz": "z" })), @r#"missing required argument `a` (What it is); argument `b` must be a whole number such as 42, not "x"; unknown argument `languag`, did you mean `language`?; unknown argument `zzz`: this prompt has a, b, language"#);
    assert_snapshot!(resolve(&arguments, json!({ "a": 3, "b": ["x"] })), @r#"argument `a` must be a JSON string such as "3", not 3; argument `b` must be a whole number such as 42, not ["x"]"#);
    let many: Map<_, _> = (0..200).map(|i| (format!("z{i}"), json!("x"))).collect();
    assert_snapshot!(resolve(&declared("arguments: [a]"), many.into()), @"unknown argument `z0`: this prompt has a; unknown argument `z1`: this prompt has a; unknown argument `z2`: this prompt has a; unknown argument `z3`: this prompt has a; unknown argument `z4`: this prompt has a; and 195 more");
    assert_snapshot!(resolve(&declared("arguments: []"), json!({ "a\nb": "x" })), @"unknown argument `a b`: this prompt has no arguments");
    assert_snapshot!(resolve(&declared("arguments: []"), json!({ "a": "x" })), @"unknown argument `a`: this prompt has no arguments");
}

#[test]
fn a_call_is_bounded() {
    let arguments = declared("arguments: [a, b]");
    let many: Map<_, _> = (0..201).map(|i| (format!("z{i}"), json!("x"))).collect();
    assert_snapshot!(resolve(&arguments, many.into()), @"a call has at most 200 arguments, not 201");
    assert_snapshot!(resolve(&arguments, json!({ "a": "x".repeat(256 * 1024 + 1) })), @"argument `a` has at most 262144 bytes, not 262145");
    let full: Map<_, _> = (0..5).map(|i| (format!("z{i}"), json!("x".repeat(256 * 1024)))).collect();
    assert_snapshot!(resolve(&arguments, full.into()), @"all arguments of a call have at most 1048576 bytes, not 1310730");
    assert!(resolve(&arguments, json!({ "a": "x".repeat(256 * 1024) })).len() > 256 * 1024);

    let choices = (0..9_000).map(|i| format!("v{i}, ")).collect::<String>();
    let arguments = declared(&format!(
        "input: {{schema: {{type: object, properties: {{a: {{type: array, items: {{enum: [{choices}]}}}}}}}}}}"
    ));
    assert!(resolve(&arguments, json!({ "a": "v8999,".repeat(40_000) })).len() > 240_000);
    assert!(resolve(&arguments, json!({ "a": format!("{}x", "v8999,".repeat(40_000)) })).len() < 400);
}

#[test]
fn an_open_schema_takes_any_name() {
    let open = |rest: &str| declared(&format!("input: {{schema: {{{rest}}}}}"));
    let call = json!({ "a": "x", "other": "3" });
    for (schema, values) in [
        ("a: string, (*): integer", "{\"a\":\"x\",\"other\":3}"),
        ("(*): any", "{\"a\":\"x\",\"other\":\"3\"}"),
        ("type: object, properties: {a: {}}, additionalProperties: true", "{\"a\":\"x\",\"other\":\"3\"}"),
        (
            "type: object, properties: {a: {}}, additionalProperties: {type: number, maximum: 2}",
            "argument `other` must be a number of at most 2, not 3",
        ),
        (
            "type: object, properties: {a: {}}, additionalProperties: false",
            "unknown argument `other`: this prompt has a",
        ),
        ("type: object, properties: {a: {}}", "unknown argument `other`: this prompt has a"),
        ("a: string", "unknown argument `other`: this prompt has a"),
    ] {
        assert_eq!(resolve(&open(schema), call.clone()), values, "{schema}");
    }
}

#[test]
fn defaults_and_choices_are_the_authors() {
    let arguments = declared(
        "input:\n  schema: {a?: string, b: integer, c(enum): [x, y], d?: string, e(array): string, (*): any}\n  \
         default: {b: 3.0, e: [p, q], variable: {k: 1}, c: x}",
    );
    for (given, values, authored) in [
        (
            json!({}),
            json!({ "b": 3, "e": ["p", "q"], "variable": { "k": 1 }, "c": "x", "a": null, "d": null }),
            "b c e variable",
        ),
        (
            json!({ "a": "said", "b": "4", "c": "y", "e": "", "variable": "said" }),
            json!({ "b": 4, "e": ["p", "q"], "variable": "said", "c": "y", "a": "said", "d": null }),
            "c e",
        ),
    ] {
        let resolved = arguments.resolve(given.as_object().unwrap()).unwrap();
        assert_eq!(Value::Object(resolved.map), values);
        let mut names: Vec<_> = resolved.authored.into_iter().collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), authored);
    }
    let property =
        declared("input: {schema: {properties: {a: {default: theirs}, b: {default: 1}}}, default: {a: ours}}");
    assert_eq!(resolve(&property, json!({})), "{\"a\":\"ours\",\"b\":1}");
    assert_eq!(property.resolve(&Map::new()).unwrap().authored.len(), 2);
}

#[test]
fn choices_are_those_that_a_person_has() {
    let choices = |item: &str| declared(&format!("arguments: [{{name: a, {item}}}]"))[0].choices();
    assert_eq!(choices("enum: [y, no, on, true, 10, ~]"), ["y", "no", "on", "true", "10"]);
    assert_eq!(choices("type: boolean"), ["true", "false"]);
    assert!(choices("type: string").is_empty());
}

#[test]
fn an_argument_is_a_field_of_a_form() {
    for (schema, property) in [
        (
            "{type: string, title: T, description: D, minLength: 1, maxLength: 9, format: email, default: x@y.org}",
            json!({
                "type": "string", "title": "T", "description": "D", "minLength": 1, "maxLength": 9, "format": "email",
                "default": "x@y.org",
            }),
        ),
        ("{type: string, format: other}", json!({ "type": "string" })),
        ("{type: string, pattern: ^a, description: D}", json!({ "type": "string", "description": "D (matches ^a)" })),
        ("{}", json!({ "type": "string" })),
        (
            "{type: integer, minimum: 1, maximum: 5, default: 3}",
            json!({ "type": "integer", "minimum": 1, "maximum": 5, "default": 3 }),
        ),
        ("{type: number}", json!({ "type": "number" })),
        ("{type: boolean, default: false}", json!({ "type": "boolean", "default": false })),
        (
            "{enum: [1, x, ~], default: 1, description: D}",
            json!({ "type": "string", "description": "D", "enum": ["1", "x"], "default": "1" }),
        ),
        (
            "{type: array, items: {enum: [x, 1]}, minItems: 1, default: [1]}",
            json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": ["x", "1"] }, "default": ["1"] }),
        ),
        (
            "{type: array, items: {type: string}, description: D}",
            json!({ "type": "string", "description": "D (a list: JSON, or values with commas or lines between)" }),
        ),
        (
            "{type: object, default: {k: 1}}",
            json!({ "type": "string", "description": "(an object as JSON; default {\"k\":1})", "default": "{\"k\":1}" }),
        ),
    ] {
        let arguments = declared(&format!("input: {{schema: {{type: object, properties: {{a: {schema}}}}}}}"));
        assert_eq!(arguments[0].form_property(), property, "{schema}");
    }
}
