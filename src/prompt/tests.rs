use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;

fn parse(source: &str) -> Prompt {
    Prompt::parse(source.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{source}"))
}

fn error(source: impl AsRef<[u8]>) -> String {
    Prompt::parse(source.as_ref()).expect_err("an error").to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
fn text(source: &str, given: Value) -> String {
    let given = given.as_object().cloned().unwrap_or_default();
    match parse(source).render(&given) {
        Ok(messages) => match &messages[0].content {
            Content::Text { text } => text.clone(),
            other => panic!("{other:?}"),
        },
        Err(RenderError::Template(e)) => format!("{e}"),
        Err(RenderError::Arguments(problems)) => {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The inferred arguments, the optional ones with a question mark.
fn inferred(template: &str) -> String {
    let mark = |argument: &Argument| format!("{}{}", argument.name, if argument.required { "" } else { "?" });
    parse(template).arguments.iter().map(mark).collect::<Vec<_>>().join(" ")
}

#[test]
fn without_front_matter_the_variables_are_the_arguments() {
    for (template, arguments) in [
        ("plain text", ""),
        ("{{x}} {{y}} {{x}}", "x y"),
        ("{{#if x}}{{x}}{{/if}}", "x?"),
        ("{{#if x}}a{{else}}b{{/if}}", "x?"),
        ("{{#unless x}}a{{/unless}}", "x?"),
        ("{{#unless x}}a{{else}}{{x}}{{/unless}}", "x?"),
        ("{{#if x}}{{x}}{{/if}} {{x}}", "x"),
        ("{{#if x}}a{{else}}{{x}}{{/if}}", "x"),
        ("{{#if x}}{{y}}{{/if}}", "x? y"),
        ("{{#if x}}{{#if y}}{{x}}{{y}}{{/if}}{{/if}}", "x? y?"),
        ("{{#if x}}a{{else if y}}{{y}}{{/if}}", "x? y?"),
        ("{{#each items}}{{name}} {{this}} {{@index}} {{../y}} {{@root.z}}{{/each}}", "items y z"),
        ("{{#each items as |item|}}{{item}}{{/each}}", "items"),
        ("{{#with x}}{{inner}}{{/with}}", "x"),
        ("{{x.y.z}} {{this.w}} {{./v}} {{[a b]}}", "x w v a b"),
        ("{{lookup x y}} {{{z}}} {{&w}}", "x y z w"),
        ("{{! x }}{{!-- {{y}} --}}", ""),
        ("{{len}} {{eq}} {{not}}", "len eq not"),
    ] {
        assert_eq!(inferred(template), arguments, "{template}");
    }
}

#[test]
fn a_template_is_plain_text_with_handlebars() {
    assert_snapshot!(text("{{x}} & {{{x}}}", json!({ "x": "<\"&'>" })), @r#"<"&'> & <"&'>"#);
    assert_snapshot!(text("{{#if x}}\nyes {{x}}\n{{else}}\nno\n{{/if}}\nend", json!({ "x": "1" })), @"
    yes 1
    end
    ");
    assert_snapshot!(text("{{#if x}}\nyes {{x}}\n{{else}}\nno\n{{/if}}\nend", json!({})), @"
    no
    end
    ");
    assert_snapshot!(text("{{len}}", json!({ "len": "an argument" })), @"an argument");
    assert_snapshot!(text(r"\{{x}} {{y}}", json!({ "y": "{{x}}" })), @"{{x}} {{x}}");
}

#[test]
fn front_matter_ends_at_its_fence_and_the_text_is_trimmed() {
    assert_eq!(text("---\ntitle: T\n---\n\n  Text\n\n", json!({})), "Text");
    assert_eq!(text("---\r\ntitle: T\r\n---\r\nText\r\n", json!({})), "Text");
    assert_eq!(text("\u{feff}---\ntitle: T\n---\nText", json!({})), "Text");
    assert_eq!(text("---\n---\nText", json!({})), "Text");
    assert_eq!(text("Text\n---\nmore\n", json!({})), "Text\n---\nmore\n");
    assert_eq!(text("---\ntitle: T\n---", json!({})), "");
    assert_eq!(parse("---\ntitle: T\n---\nText").title.as_deref(), Some("T"));
}

#[test]
fn keys_of_other_readers_are_ignored() {
    let prompt = parse("---\nmodel: x/y\nconfig: {temperature: 0.5}\noutput: {format: json}\nmyext.key: 1\n---\n{{x}}");
    assert_eq!(prompt.arguments.len(), 1);
}

#[test]
fn both_ways_of_declaring_arguments_say_the_same() {
    let listed =
        "arguments:\n  - {name: a, description: first, required: true}\n  - {name: b, type: integer, default: 3}\n";
    let pico = "input:\n  schema:\n    a: string, first\n    b?: integer\n  default: {b: 3}\n";
    let arguments = |yaml: &str| parse(&format!("---\n{yaml}---\n{{{{a}}}}{{{{b}}}}")).arguments;
    assert_eq!(arguments(listed), arguments(pico));
}

#[test]
fn a_default_makes_an_argument_optional() {
    let source = "---\ninput: {schema: {a: string}, default: {a: x}}\n---\n{{a}}";
    assert!(!parse(source).arguments[0].required);
    assert_eq!(text(source, json!({})), "x");
    assert_eq!(text("---\ninput: {default: {a: x}}\n---\n{{a}}{{b}}", json!({ "b": "y" })), "xy");
}

#[test]
fn text_becomes_the_declared_type() {
    let render = |kind: &str, value: &str| {
        text(
            &format!("---\narguments: [{{name: a, type: {kind}, required: true}}]\n---\n{{{{a}}}}"),
            json!({ "a": value }),
        )
    };
    for (kind, value, rendered) in [
        ("integer", "9223372036854775807", "9223372036854775807"),
        ("integer", " -3 ", "-3"),
        ("number", "3.0", "3"),
        ("number", "1e3", "1000"),
        ("number", "0.1", "0.1"),
        ("boolean", "true", "true"),
        ("any", "[1]", "[1]"),
        ("string", "", ""),
    ] {
        assert_eq!(render(kind, value), rendered, "{kind} {value}");
    }
    assert_snapshot!(render("integer", "2.0"), @r#"argument `a` takes a whole number such as 42, not "2.0""#);
    assert_snapshot!(render("integer", "9223372036854775808"), @r#"argument `a` takes a whole number such as 42, not "9223372036854775808""#);
    assert_snapshot!(render("integer", ""), @r#"argument `a` takes a whole number such as 42, not """#);
    assert_snapshot!(render("number", "inf"), @r#"argument `a` takes a number such as 2.5, not "inf""#);
    assert_snapshot!(render("boolean", "True"), @r#"argument `a` takes true or false, not "True""#);
    assert_snapshot!(render("integer", &"9".repeat(100)), @r#"argument `a` takes a whole number such as 42, not "9999999999999999999999999999999999999999…""#);
}

#[test]
fn a_false_boolean_is_false() {
    let source = "---\narguments: [{name: a, type: boolean}]\n---\n{{#if a}}yes{{else}}no{{/if}}";
    assert_eq!(text(source, json!({ "a": "false" })), "no");
    assert_eq!(text(source, json!({ "a": "true" })), "yes");
    assert_eq!(text(source, json!({})), "no");
}

#[test]
fn a_broken_file_says_where_and_what() {
    let front = |yaml: &str| error(format!("---\n{yaml}\n---\ntext"));
    assert_snapshot!(error(b"first\nsecond \xff"), @"line 2, column 8: the file is not UTF-8 text");
    assert_snapshot!(error("---\ntitle: x\n"), @"line 1, column 1: front matter begins here and no line of --- ends it");
    assert_snapshot!(front("title: [x"), @"line 2, column 8: front matter: expected text");
    assert_snapshot!(front("title: x\n  description: y: z"), @"line 3, column 14: front matter: mapping values are not allowed in this context (text may need quotes here)");
    assert_snapshot!(front("title: x\ntitle: y"), @"line 3, column 1: front matter: duplicate mapping key: title not allowed here");
    assert_snapshot!(front("tags: word"), @"line 2, column 7: front matter: expected a list");
    assert_snapshot!(front("- a list"), @"line 2, column 1: front matter: expected a map");
    assert_snapshot!(front("title: x\narguments:\n  - name: a\n    typ: string"), @"line 5, column 5: front matter: unknown field `typ`, expected one of name, title, description, required, type, enum, default");
    assert_snapshot!(front("arguments:\n  - name: a\n  - name: b\n    type: text"), @"line 4, column 5: arguments: `b`: type `text` is not one of string, integer, number, boolean or any");
    assert_snapshot!(front("arguments:\n  - name: a\n  - name: a"), @"line 4, column 5: arguments: `a` is declared twice");
    assert_snapshot!(front("arguments:\n  - name: a b"), @"line 3, column 5: arguments: `a b` is not a name: it takes letters, digits, _ and -");
    assert_snapshot!(front("arguments:\n  - name: a\n    type: integer\n    default: x"), @"line 3, column 5: arguments: `a`: the default x is not a whole number such as 42");
    assert_snapshot!(front("arguments:\n  - name: a\n    enum: [x, y]\n    default: z"), @"line 3, column 5: arguments: `a`: the default z is not one of x, y");
    assert_snapshot!(front("arguments:\n  - name: a\n    enum: []"), @"line 3, column 5: arguments: `a`: the enum is empty, so no value would be allowed");
    assert_snapshot!(front("arguments: []\ninput:\n  schema:\n    a: string"), @"line 2, column 12: a file has `arguments` or `input.schema`, not both");
    assert_snapshot!(front("input:\n  schema:\n    ok: string\n    a: text"), @"line 5, column 5: input.schema: `a: text`: the type is one of string, integer, number, boolean or any");
    assert_snapshot!(front("input:\n  schema:\n    a(enum: [x]"), @"line 4, column 5: input.schema: `a(enum`: the parenthesis is not closed");
    assert_snapshot!(front("input:\n  schema:\n    a(list): string"), @"line 4, column 5: input.schema: `a(list)`: the parenthesis takes enum, array or object");
    assert_snapshot!(front("input:\n  schema:\n    a(array): string"), @"line 4, column 5: input.schema: `a(array)`: arguments are text, numbers, booleans or enums");
    assert_snapshot!(front("input:\n  schema: string"), @"line 3, column 11: front matter: expected a map");
    assert_snapshot!(error("line one\n{{#if x}}\nnever closed"), @"line 2, column 1: `if` is opened here and not closed by {{/if}}");
    assert_snapshot!(error("{{#if x}}a{{/unless}}"), @r#"line 1, column 11: helper "if" was opened, but "unless" is closing"#);
    assert_snapshot!(error("ok\n  {{shout x}}"), @"line 2, column 3: there is no helper `shout`; there are if, unless, each, with, lookup, raw, log");
    assert_snapshot!(error("ok {{#shout}}x{{/shout}}"), @"line 1, column 4: there is no helper `shout`; there are if, unless, each, with, lookup, raw, log");
    assert_snapshot!(error("{{#if (eq a b)}}x{{/if}}"), @"line 1, column 1: there is no helper `eq`; there are if, unless, each, with, lookup, raw, log");
    assert_snapshot!(error("---\ntitle: x\n---\n\nText\n{{> header}}"), @"line 6, column 1: there is no partial `header`");
    assert_snapshot!(error("one\n{{#each x}}\n{{#if y}}\n{{/each}}"), @"line 3, column 1: `if` is opened here and not closed by {{/if}}");
    assert_snapshot!(error("{{! {{#if x}} }} a {{b"), @"line 1, column 20: this {{ is never closed by }}");
    assert_snapshot!(error("{{#if x}}{{/if}} {{x y=}}"), @r"line 1, column 24: the template is not valid Handlebars here; a literal {{ is written \{{");
    assert_snapshot!(error("{{#*inline \"x\"}}y{{/inline}}"), @"line 1, column 1: decorators such as {{* x}} are not supported");
    assert_snapshot!(error("{{(lookup m k)}}"), @"line 1, column 1: a sub-expression cannot stand where a name does");
    assert_snapshot!(error("{{"), @"line 1, column 1: this {{ is never closed by }}");
    assert_snapshot!(error(vec![b'x'; 256 * 1024 + 1]), @"line 1, column 1: the file has 262145 bytes; a prompt has at most 262144");
}

#[test]
fn deep_nesting_is_refused_before_the_parser_recurses() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
    for source in [
        format!("{{{{lookup {}}}}}", nested("(lookup ", " y)", 5000)),
        nested("{{#if x}}", "{{/if}}", 5000),
        format!("{{{{lookup x {}}}}}", nested("[", "]", 5000)),
        format!("{{{{lookup {}", "(".repeat(100_000)),
        nested("{{#> x}}", "{{/x}}", 5000),
        nested("{{~#if x}}", "{{/if}}", 5000),
        format!("{{{{#if x}}}}a{}{{{{/if}}}}", "{{else if x}}a".repeat(5000)),
        format!("{{{{#if x}}}}a{}{{{{/if}}}}", "{{~ else if x ~}}a".repeat(5000)),
        nested(r"{{#if x}}\{{/x}}", "{{/if}}", 5000),
        nested("{{#if x}}{{{{raw}}}}{{/x}}{{{{/raw}}}}", "{{/if}}", 5000),
        nested("{{#if x}}{{! \" }}", "{{/if}}", 5000),
        format!(r"\{{{{ ' {}", nested("{{#if x}}", "{{/if}}", 5000)),
        format!(r"\\\{{{{x}}}} {}", nested("{{#if x}}", "{{/if}}", 5000)),
        format!("{{{{!-- x }}}} {}", nested("{{#if x}}", "{{/if}}", 5000)),
        nested("{{ ~#if x}}", "{{/if}}", 5000),
    ] {
        let error = error(&source);
        assert!(error.contains("nested more than 64 deep"), "{error}: {}", &source[..60]);
    }
    // Where the end of a tag is not plain, what is nested could be hidden from the count.
    for source in [
        nested("{{#if x}}{{[ }}{{/if}} ]}}", "{{/if}}", 5000),
        format!("{{{{[a']}}}} {} '", nested("{{#if x}}", "{{/if}}", 5000)),
        nested("{{#if x}}{{lookup x \"}}{{/x}}\"}}", "{{/if}}", 5000),
        nested(r"{{#if x}}{{{{raw}}}}\{{{{/raw}}}}{{/if}}{{{{/raw}}}}", "{{/if}}", 3000),
    ] {
        let error = error(&source);
        assert!(error.contains("cannot"), "{error}: {}", &source[..40]);
    }
    assert!(parse(&nested("{{#if x}}", "{{/if}}", 60)).arguments.len() == 1);
}

#[test]
fn a_yaml_bomb_costs_an_error() {
    let mut yaml = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (this, last) in ('b'..='j').zip('a'..='i') {
        yaml.push_str(&format!("{this}: &{this} [{}]\n", vec![format!("*{last}"); 10].join(",")));
    }
    assert!(error(format!("---\n{yaml}---\ntext")).contains("front matter"));
}

#[test]
fn a_template_error_is_told_at_its_place_in_the_file() {
    let source = "---\ntitle: x\narguments: [{name: a}]\n---\n\n\n  first {{a}}\n  then {{b}}\n";
    assert_snapshot!(text(source, json!({ "a": "1" })), @"line 8, column 8: the variable `b` has no value");
    assert_snapshot!(text("---\narguments: [{name: a}]\n---\n{{#each a}}{{this}}{{/each}}{{b}}", json!({})), @"line 4, column 29: the variable `b` has no value");
}

#[test]
fn an_optional_argument_left_out_is_empty_everywhere() {
    let declared = |template: &str| text(&format!("---\narguments: [{{name: a}}]\n---\n{template}"), json!({}));
    for template in ["<{{a}}>", "<{{#if a}}x{{/if}}>", "<{{#each a}}x{{/each}}>", "<{{#with a}}x{{/with}}>"] {
        assert_eq!(declared(template), "<>", "{template}");
    }
    assert_eq!(declared("{{#each a}}x{{else}}none{{/each}}"), "none");
    assert_eq!(declared("{{#each b}}x{{/each}}"), "line 4, column 1: the variable `b` has no value");
    let list = "---\ninput: {default: {items: [a, b]}}\n---\n{{#each items}}{{this}};{{/each}}";
    assert_eq!(text(list, json!({})), "a;b;");
}

#[test]
fn yaml_is_yaml_1_2() {
    let prompt = parse("---\narguments: [{name: a, enum: [y, no, on, true, 10]}]\n---\n{{a}}");
    assert_eq!(prompt.arguments[0].choices(), ["y", "no", "on", "true", "10"]);
}

#[test]
fn a_failure_does_not_repeat_what_the_caller_said() {
    for template in
        ["{{lookup items k}}", "{{items.k.x}}", "{{#each k}}{{x}}{{/each}}", "{{lookup (lookup items 0) k}}"]
    {
        let source = format!("---\ninput: {{default: {{items: [a, b]}}}}\n---\n{{{{k}}}}{template}");
        let said = text(&source, json!({ "k": "SECRET" }));
        assert!(said == "SECRET" || !said.contains("SECRET"), "{template}: {said}");
    }
}

#[test]
fn output_is_bounded() {
    let source = format!("---\narguments: [{{name: a}}]\n---\n{}", "{{a}}".repeat(5000));
    assert_snapshot!(text(&source, json!({ "a": "x".repeat(1000) })), @"line 4, column 20971: the prompt renders to more than 4194304 bytes");
}
