use serde_json::{Value, json};

use crate::tests::{text, text_with, try_link};

#[test]
fn what_nothing_declares_is_what_the_template_needs() {
    let objects = r#"[{"path":"a","tags":["x","y"]},{"path":"b"}]"#;
    let partials = [
        ("row", "{{path}};"),
        ("rows", "{{#each files}}{{> row}}{{/each}}"),
        ("list", "{{#each items}}{{> @partial-block}}{{/each}}"),
        ("title", "{{title}}:{{name}}"),
        ("root", "{{#each @root.files}}{{path}}{{/each}}"),
        ("keyed", "{{@key}}={{this}};"),
    ];
    for (template, given, expected) in [
        // JSON where parts are read, however they are.
        ("{{#each x}}{{path}};{{/each}}", objects, "a;b;"),
        ("{{#each x as |f|}}{{f.path}};{{/each}}", objects, "a;b;"),
        ("{{#each x}}{{this.path}};{{/each}}", objects, "a;b;"),
        ("{{#each x}}{{#each tags}}{{../path}}{{this}};{{/each}}{{/each}}", objects, "ax;ay;"),
        ("{{#each x}}{{#with this}}{{path}};{{/with}}{{/each}}", objects, "a;b;"),
        ("{{#each @root.x}}{{path}};{{/each}}", objects, "a;b;"),
        ("{{#x}}{{path}};{{/x}}", objects, "a;b;"),
        ("{{#x}}{{path}};{{/x}}", r#"{"path":"a"}"#, "a;"),
        ("{{#each x}}{{> row}}{{/each}}", objects, "a;b;"),
        ("{{> rows files=x}}", objects, "a;b;"),
        ("{{#> list items=x}}{{path}};{{/list}}", objects, "a;b;"),
        ("{{#*inline \"i\"}}{{path}};{{/inline}}{{#each x}}{{> i}}{{/each}}", objects, "a;b;"),
        ("{{x.path}}", r#" {"path":"a"} "#, "a"),
        ("{{#with x}}{{path}}{{/with}}", r#"{"path":"a"}"#, "a"),
        ("{{#with x as |f|}}{{f.path}}{{/with}}", r#"{"path":"a"}"#, "a"),
        ("{{lookup x \"path\"}}", r#"{"path":"a"}"#, "a"),
        ("{{> row x}}", r#"{"path":"a"}"#, "a;"),
        ("{{> title title=x.path name=x.path}}", r#"{"path":"a"}"#, "a:a"),
        ("{{#each (lookup x \"l\")}}{{this}};{{/each}}", r#"{"l":[1,2.0]}"#, "1;2;"),
        ("{{#each x}}{{#each this}}{{this}}{{/each}};{{/each}}", "[[1,2],[3]]", "12;3;"),
        ("{{#each x}}{{@key}}={{this}};{{/each}}", r#"{"A":1,"B":"2"}"#, "A=1;B=2;"),
        ("{{#each x}}{{> keyed}}{{/each}}", r#"{"A":1}"#, "A=1;"),
        ("{{#each x as |value key|}}{{key}}={{value}};{{/each}}", r#"{"A":1}"#, "A=1;"),
        ("{{x.[0].path}}", objects, "a"),
        ("{{#each x}}{{this}};{{/each}}", r#"["a, b", "c"]"#, "a, b;c;"),
        ("{{#if x.path}}{{x.path}}{{/if}}", r#"{"path":"a"}"#, "a"),
        ("{{json x}}", r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        // An empty one is no hole.
        ("{{#each x}}{{path}};{{else}}none{{/each}}", "[]", "none"),
        ("{{#each x}}<{{path}}>{{/each}}", "[{}]", "<>"),
        ("{{#each x}}{{#each tags}}{{this}}{{else}}-{{/each}}{{/each}}", r#"[{"tags":null},{"tags":""},{}]"#, "---"),
        // Lines where a loop reads no parts.
        ("{{#each x}}{{this}};{{/each}}", "a, b\r\n\n c ", "a, b;c;"),
        ("{{#each x}}{{this}};{{/each}}", "a, b", "a, b;"),
        ("{{#each x}}{{@index}}{{this.length}};{{/each}}", "a\nbb", "01;12;"),
        ("{{#each x}}{{this}};{{/each}}", "[INFO] a\n[1] b\n[ ] c", "[INFO] a;[1] b;[ ] c;"),
        ("{{#each x}}{{this}};{{/each}}", "5", "5;"),
        ("{{x}}:{{#each x}}{{this}};{{/each}}", "a\nb", "a,b:a;b;"),
        ("{{#each x}}{{#if path}}{{path}}{{else}}{{this}}{{/if}};{{/each}}", "a\nb", "a;b;"),
        ("{{#each x}}{{#if path}}{{path}}{{else}}{{this}}{{/if}};{{/each}}", objects, "a;b;"),
        ("{{#if x.path}}{{x.path}}{{else}}{{x}}{{/if}}", "plain", "plain"),
        // Text where it is all that is read.
        ("{{x}}", objects, objects),
        ("{{x.length}}", "[1]", "3"),
        ("{{#x}}<{{this}}>{{/x}}", "a\nb", "<a\nb>"),
        ("{{#with x}}{{this}}{{/with}}", "{}", "{}"),
        ("{{json x}}", "a", "\"a\""),
        ("{{json x}}", "{a", "\"{a\""),
        ("{{json x}}", "5", "\"5\""),
    ] {
        let source = |declared: &str| format!("{declared}{template}");
        for declared in
            ["", "---\ninput: {schema: {x: any, y?: any}}\n---\n", "---\ninput: {schema: {(*): any}}\n---\n"]
        {
            assert_eq!(
                text_with(&source(declared), json!({ "x": given }), &partials),
                expected,
                "{declared}{template}"
            );
        }
        // The same as JSON in the arguments.
        if let Ok(value @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(given)
            && !["{{x}}", "{{x.length}}", "{{#with x}}{{this}}{{/with}}"].contains(&template)
        {
            assert_eq!(text_with(&source(""), json!({ "x": value }), &partials), expected, "{template}");
        }
    }
    // As a block that reads what is around when it is told yes.
    let section = "---\ninput: {schema: {x: any, y: string}}\n---\n{{#x}}{{y}}{{else}}no{{/x}}";
    for (given, expected) in
        [(json!("true"), "z"), (json!("False"), "no"), (json!(true), "z"), (json!({ "y": 1 }), "1")]
    {
        assert_eq!(text(section, json!({ "x": given, "y": "z" })), expected);
    }
    let files = [("root", "{{#each @root.files}}{{path}};{{/each}}")];
    let in_a_loop = "{{#each names}}{{> root}}{{/each}}";
    assert_eq!(text_with(in_a_loop, json!({ "names": "n", "files": objects }), &files), "a;b;");
}

#[test]
fn a_list_that_comes_as_json_stays_one_where_it_means_more_than_its_text() {
    let list = json!(["a", "b"]);
    let empty = "{{#with x}}some{{else}}none{{/with}}";
    for (template, given, expected) in [
        ("{{x.length}}", list.clone(), "2"),
        ("{{#with x}}{{length}}{{/with}}", list.clone(), "2"),
        ("{{lookup x \"length\"}}", list.clone(), "2"),
        ("{{#if x.length}}{{x.length}} of {{x}}{{/if}}", list.clone(), "2 of a,b"),
        ("{{#ifEquals x.length 2}}two{{/ifEquals}}", list.clone(), "two"),
        ("{{> count files=x}}", list.clone(), "2"),
        (empty, json!([]), "none"),
        (empty, json!({}), "some"),
        (empty, list.clone(), "some"),
        ("{{#with x}}{{this}}{{else}}none{{/with}}", json!([]), "none"),
        ("{{#if x}}{{x}}{{else}}none{{/if}}", json!([]), "none"),
        ("{{#unless x}}none{{/unless}}{{x}}", json!([]), "none"),
        ("{{x.length}}", json!({ "length": 7 }), "7"),
        // What is written alone is written as it came.
        ("{{x}}", list.clone(), r#"["a","b"]"#),
        ("{{#if x}}{{x}}{{/if}}", list.clone(), r#"["a","b"]"#),
        ("{{#if x}}{{x}}{{/if}}", json!({ "a": 1.0 }), r#"{"a":1.0}"#),
        ("{{#ifEquals x y}}same{{/ifEquals}}", list, "same"),
        // Text is text.
        ("{{x.length}}", json!(r#"["a","b"]"#), "9"),
        (empty, json!("[]"), "some"),
    ] {
        let union = "---\ninput:\n  schema:\n    type: object\n    properties:\n      x: {type: [string, array, object]}\n      y: {}\n---\n";
        for declared in
            ["", "---\ninput: {schema: {(*): any}}\n---\n", "---\ninput: {schema: {x: any, y?: any}}\n---\n", union]
        {
            let mut said = json!({ "x": given });
            if template.contains(" y}}") {
                said["y"] = given.clone();
            }
            let source = format!("{declared}{template}");
            assert_eq!(text_with(&source, said, &[("count", "{{files.length}}")]), expected, "{source}");
        }
    }
    // Where its text does not fit the schema, it may.
    let short = "---\ninput:\n  schema:\n    type: object\n    properties:\n      x: {anyOf: [{type: string, maxLength: 3}, {type: array}]}\n---\n{{x}}";
    assert_eq!(text(short, json!({ "x": ["a", "b"] })), "a,b");
}

#[test]
fn what_is_looked_up_asks_nothing_of_the_other_items() {
    let cfg = json!({ "prod": { "url": "u" }, "note": "text", "none": null });
    let list = json!(["text", { "url": "u" }]);
    for (template, x, key, expected) in [
        ("{{#with (lookup x key)}}{{url}}{{/with}}", &cfg, "prod", "u"),
        ("{{#with (lookup x key) as |c|}}{{c.url}}{{/with}}", &cfg, "prod", "u"),
        ("{{lookup (lookup x key) \"url\"}}", &cfg, "prod", "u"),
        ("{{> card (lookup x key)}}", &cfg, "prod", "u"),
        ("{{> page all=x}}", &cfg, "prod", "u"),
        ("{{#with (lookup x key)}}{{url}}{{else}}none{{/with}}", &cfg, "gone", "none"),
        ("{{#with (lookup x key)}}{{url}}{{/with}}", &list, "1", "u"),
        ("{{#each (lookup x key)}}{{url}}{{/each}}", &json!({ "a": [{ "url": "u" }], "b": 1 }), "a", "u"),
        ("{{lookup x key}}", &json!({ "a": "text", "b": { "c": 1 } }), "a", "text"),
        ("{{#each x}}{{this}};{{/each}}{{#with (lookup x key)}}{{url}}{{/with}}", &json!(["a", "b"]), "0", "a;b;"),
    ] {
        for declared in ["", "---\ninput: {schema: {x: any, key: string}}\n---\n"] {
            let partials = [("card", "{{url}}"), ("page", "{{#with (lookup all key)}}{{url}}{{/with}}")];
            let said = json!({ "x": x, "key": key });
            assert_eq!(text_with(&format!("{declared}{template}"), said, &partials), expected, "{declared}{template}");
        }
    }
    // Each turn of a loop needs its own.
    let both = "{{#each x}}{{url}}{{/each}}{{#with (lookup x key)}}{{url}}{{/with}}";
    let refused = text(both, json!({ "x": cfg, "key": "prod" }));
    assert_eq!(refused, "argument `x.note` must be an object with url, not \"text\"");
    let open = "---\ninput: {schema: {x(array): any, key: string}}\n---\n{{#with (lookup x key)}}{{url}}{{/with}}";
    let refused = text(open, json!({ "x": "a, b", "key": "0" }));
    assert!(
        refused.starts_with("argument `x` must be JSON: a list or an object of objects with url, such as ["),
        "{refused}"
    );
}

#[test]
fn what_leaves_a_hole_is_refused() {
    let path = "argument `x` must be JSON: an object with path, such as {\"path\":\"…\"}, not ";
    let paths = "argument `x` must be JSON: a list of objects with path, such as [{\"path\":\"…\"}], not ";
    let no_json = " (not valid JSON: expected value at line 1 column 1)";
    for (template, given, expected) in [
        ("{{x.path}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{x.path}}", "5", format!("{path}5")),
        ("{{x.path}}", "\"x\"", format!("{path}\"x\"")),
        ("{{x.path}}", "null", format!("{path}null")),
        ("{{x.path}}", "[1]", format!("{path}[1]")),
        ("{{#if x.path}}yes{{/if}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{#if y}}{{x.path}}{{/if}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{x}} {{x.path}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{lookup x \"path\"}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{> row x}}", "a.rs", format!("{path}\"a.rs\"{no_json}")),
        ("{{#each x}}{{path}}{{/each}}", "a.rs", format!("{paths}\"a.rs\"{no_json}")),
        ("{{#each x}}{{> row}}{{/each}}", "a.rs", format!("{paths}\"a.rs\"{no_json}")),
        (
            "{{#each x}}{{path}}{{/each}}",
            "[{\"path\":",
            format!("{paths}\"[{{\\\"path\\\":\" (not valid JSON: EOF while parsing a value at line 1 column 9)"),
        ),
        (
            "{{#each x}}{{this}}{{/each}}",
            "[\"a\", \"b",
            "argument `x` must be JSON: a list, such as [\"…\"], not \"[\\\"a\\\", \\\"b\" (not valid JSON: EOF while parsing a string at line 1 column 8)".to_owned(),
        ),
        ("{{#each x}}{{path}}{{/each}}", "[\"a\"]", "argument `x[0]` must be an object with path, not \"a\"".to_owned()),
        ("{{#each x}}{{path}}{{/each}}", "[null]", "argument `x[0]` must be an object with path, not null".to_owned()),
        ("{{#each x}}{{this}}{{/each}}", "[{\"a\":1}]", "argument `x[0]` must be text, not {\"a\":1}".to_owned()),
        (
            "{{#each x}}{{#each tags}}{{this}}{{/each}}{{/each}}",
            "[{\"tags\":\"a\"}]",
            "argument `x[0].tags` must be a list, not \"a\"".to_owned(),
        ),
        (
            "{{#each x}}{{#each this}}{{this}}{{/each}}{{/each}}",
            "a\nb",
            format!("argument `x` must be JSON: a list of lists, such as [[\"…\"]], not \"a b\"{no_json}"),
        ),
        (
            "{{#each x}}{{@key}}={{this}}{{/each}}",
            "a=1",
            format!("argument `x` must be JSON: an object, such as {{\"…\":\"…\"}}, not \"a=1\"{no_json}"),
        ),
        (
            "{{lookup x y}}",
            "a",
            format!("argument `x` must be JSON: a list or an object, such as [\"…\"], not \"a\"{no_json}"),
        ),
        (
            "{{#x}}{{path}}{{/x}}",
            "yes",
            format!("argument `x` must be JSON: an object with path, or a list of such, such as {{\"path\":\"…\"}}, not \"yes\"{no_json}"),
        ),
        (
            "{{x.a.b}}{{x.a.c}}{{#each x.d}}{{e}}{{/each}}",
            "{\"a\":\"b\"}",
            "argument `x.a` must be an object with b, c, not \"b\"".to_owned(),
        ),
    ] {
        for declared in ["", "---\ninput: {schema: {x: any, y?: any}}\n---\n", "---\ninput: {schema: {(*): any}}\n---\n"] {
            let mut given = json!({ "x": given });
            if template.contains(" y}}") {
                given["y"] = "k".into();
            }
            assert_eq!(text_with(&format!("{declared}{template}"), given, &[("row", "{{path}};")]), expected, "{declared}{template}");
        }
    }
    // What may be left out leaves no hole then.
    assert_eq!(text("<{{#if x}}{{x.path}}{{/if}}>", json!({ "x": "" })), "<>");
    assert_eq!(text("<{{#if x}}{{x.path}}{{/if}}>", json!({ "x": null })), "<>");
}

#[test]
fn a_declaration_leaves_open_what_the_template_tells() {
    let declared = |schema: &str, template: &str, given: Value| {
        text(&format!("---\ninput: {{schema: {{{schema}}}}}\n---\n{template}"), json!({ "x": given }))
    };
    let properties = |schema: &str| {
        format!(
            "type: object, properties: {{x: {schema}}}, $defs: {{f: {{type: object, properties: {{path: {{type: string}}, meta: {{}}}}}}}}"
        )
    };
    let (each, field) = ("{{#each x}}{{path}};{{/each}}", "{{x.path}}");
    let (one, list) = (r#"{"path":"a"}"#, r#"[{"path":"a"}]"#);
    // A list of anything, and an object of anything.
    for schema in ["x(array): any", "x(array): FileInfo", "x: any", "x: FileInfo"] {
        assert_eq!(declared(schema, each, list.into()), "a;", "{schema}");
        assert!(
            declared(schema, each, "a, b".into()).contains("must be JSON: a list of objects with path"),
            "{schema}"
        );
        assert!(declared(schema, each, "[1]".into()).contains("`x[0]` must be an object with path"), "{schema}");
    }
    assert_eq!(declared("x(array): any", "{{#each x}}{{this}};{{/each}}", "a, b".into()), "a;b;");
    let object = properties("{type: object}");
    assert_eq!(
        declared(&object, "{{x.path.name}}", r#"{"path":"a"}"#.into()),
        "argument `x.path` must be an object with name, not \"a\""
    );
    // A union that allows text too.
    let union = properties("{anyOf: [{type: string}, {type: array, items: {$ref: '#/$defs/f'}}]}");
    assert_eq!(declared(&union, each, list.into()), "a;");
    assert!(declared(&union, each, "a".into()).contains("must be JSON: a list of objects with path"));
    assert_eq!(declared(&union, "{{x}}", list.into()), list);
    let union = properties("{type: [string, array]}");
    assert_eq!(declared(&union, "{{#each x}}{{this}};{{/each}}", "a\nb".into()), "a;b;");
    assert_eq!(declared(&union, "{{#each x}}{{this}};{{/each}}", "[\"a\"]".into()), "a;");
    let union = properties("{anyOf: [{type: string}, {$ref: '#/$defs/f'}]}");
    assert_eq!(declared(&union, field, one.into()), "a");
    assert!(declared(&union, field, "a".into()).contains("must be JSON: an object with path"));
    // One that does not.
    let union = properties("{anyOf: [{type: array}, {type: object}]}");
    assert_eq!(declared(&union, each, list.into()), "a;");
    assert!(declared(&union, each, "5".into()).contains("must be"));
    // What is declared stays as it is, and is for `check` to tell.
    assert_eq!(declared("x: string", field, one.into()), "");
    assert_eq!(declared("x(array): string", each, "a".into()), ";");
    assert_eq!(declared(&properties("{$ref: '#/$defs/f'}"), "{{x.path.y}}", one.into()), "");
    assert!(
        declared(&properties("{$ref: '#/$defs/f'}"), "{{x.meta.y}}", r#"{"meta":3}"#.into())
            .contains("`x.meta` must be")
    );
}

#[test]
fn what_is_only_tested_says_yes_or_no() {
    let partials = [("p", "{{#if flag}}on{{else}}off{{/if}}"), ("w", "{{flag}}")];
    for (template, is_flag) in [
        ("{{#if x}}on{{else}}off{{/if}}", true),
        ("{{#unless x}}off{{else}}on{{/unless}}", true),
        ("{{#if y}}{{else if x}}on{{else}}off{{/if}}", true),
        ("{{#if x}}{{#if x}}on{{/if}}{{else}}off{{/if}}", true),
        ("{{#x}}on{{else}}off{{/x}}", true),
        ("{{^x}}off{{else}}on{{/x}}", true),
        ("{{> p flag=x}}", true),
        ("{{#with (lookup this \"x\")}}{{/with}}{{#if x}}on{{else}}off{{/if}}", true),
        ("{{#if x}}on{{else}}off{{/if}}{{#if y}}{{x}}{{/if}}", false),
        ("{{#if x}}on{{else}}off{{/if}}{{#if y}}{{json x}}{{/if}}", false),
        ("{{#if x}}on{{else}}off{{/if}}{{#if y}}{{> w flag=x}}{{/if}}", false),
        ("{{#if x}}on{{else}}off{{/if}}{{#ifEquals x \"q\"}}{{/ifEquals}}", false),
        ("{{#if x}}on{{else}}off{{/if}}{{#if y}}{{x.length}}{{/if}}", false),
    ] {
        for said in ["false", "no", "0", "off", "False", " NO ", "OFF\n"] {
            let (declared, expected) =
                ("---\ninput: {schema: {x: string, y?: any}}\n---\n", if is_flag { "off" } else { "on" });
            assert_eq!(text_with(template, json!({ "x": said }), &partials), expected, "{template} {said}");
            // Text that is declared is text.
            assert_eq!(
                text_with(&format!("{declared}{template}"), json!({ "x": said }), &partials),
                "on",
                "{template}"
            );
        }
        for said in ["true", "yes", "1", "on", "n", "none", "nothing", "00", "f", "falsey", "no way"] {
            assert_eq!(text_with(template, json!({ "x": said }), &partials), "on", "{template} {said}");
        }
        for said in [json!(""), json!(null)].into_iter().filter(|_| is_flag) {
            assert_eq!(text_with(template, json!({ "x": said }), &partials), "off", "{template} {said}");
        }
    }
    assert_eq!(text("{{#if x includeZero=true}}on{{else}}off{{/if}}", json!({ "x": "0" })), "on");
    assert_eq!(text("{{#if x}}on{{else}}off{{/if}}", json!({ "x": false })), "off");
    assert_eq!(text("{{#if x}}on{{else}}off{{/if}}", json!({ "x": 0 })), "off");
    assert_eq!(
        text("---\ninput: {schema: {x?: any}}\n---\n{{#if x}}on{{else}}off{{/if}}", json!({ "x": "no" })),
        "off"
    );
}

#[test]
fn lists_say_what_the_template_needs() {
    for (template, description) in [
        ("{{x}}", None),
        ("{{#with x}}{{this}}{{/with}}{{x.length}}", None),
        ("{{#each x}}{{path}}{{/each}}", Some("(JSON: a list of objects with path)")),
        (
            "{{#each x}}{{path}}{{#each tags}}{{name}}{{/each}}{{/each}}",
            Some("(JSON: a list of objects with path, tags)"),
        ),
        ("{{x.id}}{{x.title}}", Some("(JSON: an object with id, title)")),
        ("{{#each x}}{{@key}}{{port}}{{/each}}", Some("(JSON: an object of objects with port)")),
        ("{{#each x}}{{this}}{{/each}}", Some("(a list: JSON, or one item a line)")),
        ("{{json x}}", Some("(text or JSON)")),
        ("{{#if x}}a{{/if}}", Some("(yes or no: false, no, 0 and off are no, other text is yes)")),
        (
            "{{x.a}}{{x.b}}{{x.c}}{{x.d}}{{x.e}}{{x.f}}{{x.g}}{{x.h}}{{x.i}}",
            Some("(JSON: an object with a, b, c, d, e, f, g, h …)"),
        ),
    ] {
        let prompt = try_link(template, &[]).unwrap();
        assert_eq!(prompt.arguments()[0].listed_description.as_deref(), description, "{template}");
    }
    let declared = "---\ninput: {schema: {data: 'any, a record'}}\n---\n{{data.id}}";
    let prompt = try_link(declared, &[]).unwrap();
    assert_eq!(prompt.arguments()[0].listed_description.as_deref(), Some("a record (JSON: an object with id)"));
    assert_eq!(
        prompt.arguments()[0].form_property(),
        json!({ "type": "string", "description": "a record (JSON: an object with id)" })
    );
    assert_eq!(try_link("{{#if x}}a{{/if}}", &[]).unwrap().arguments()[0].choices(), ["true", "false"]);
}
