use serde_json::json;

use super::*;

fn read(source: &str) -> Node {
    parse(source).unwrap_or_else(|e| panic!("{e:?}\n{source}"))
}

fn error(source: &str) -> String {
    let (code, span, message) = parse(source).expect_err("an error");
    let Place { line, column } = span.place;
    format!("{} {line}:{column}+{} {message}", code.as_str(), span.width)
}

#[test]
fn yaml_is_yaml_1_2_with_the_numbers_of_javascript() {
    for (yaml, value) in [
        ("[y, no, on, true, FALSE]", json!(["y", "no", "on", true, false])),
        ("[1.0, -0.0, 1.5, 1e3, 0x1F, 9007199254740993]", json!([1, 0, 1.5, 1000, 31, 9_007_199_254_740_993_i64])),
        ("[.inf, 2024-01-01, ~, '1']", json!([".inf", "2024-01-01", null, "1"])),
        ("{1: a, true: b, (*): c}", json!({ "1": "a", "true": "b", "(*)": "c" })),
        (
            "{base: &b {x: 1}, more: {<<: *b, y: 2}}",
            json!({ "base": { "x": 1 }, "more": { "<<": { "x": 1 }, "y": 2 } }),
        ),
        ("", json!(null)),
    ] {
        assert_eq!(read(&format!("---\n{yaml}")).to_json(), value, "{yaml}");
    }
}

/// Scalars and their values by the tables of YAML 1.2.2, section 10.3.2; then what looks like one of them and is text.
const CORE_SCHEMA: &[(&str, Option<&str>)] = &[
    ("null", Some("null")),
    ("Null", Some("null")),
    ("NULL", Some("null")),
    ("~", Some("null")),
    ("true", Some("true")),
    ("True", Some("true")),
    ("TRUE", Some("true")),
    ("false", Some("false")),
    ("False", Some("false")),
    ("FALSE", Some("false")),
    ("0", Some("0")),
    ("-0", Some("0")),
    ("+12", Some("12")),
    ("-19", Some("-19")),
    ("017", Some("17")),
    ("-017", Some("-17")),
    ("00", Some("0")),
    ("0o7", Some("7")),
    ("0o17", Some("15")),
    ("0x3A", Some("58")),
    ("0xff", Some("255")),
    ("9223372036854775807", Some("9223372036854775807")),
    ("-9223372036854775808", Some("-9223372036854775808")),
    ("18446744073709551615", Some("18446744073709551615")),
    ("18446744073709551616", Some("1.8446744073709552e+19")),
    ("-9223372036854775809", Some("-9.223372036854778e+18")),
    ("0x10000000000000000", Some("1.8446744073709552e+19")),
    ("1.", Some("1")),
    (".5", Some("0.5")),
    ("-.5", Some("-0.5")),
    ("+12.5", Some("12.5")),
    ("0.", Some("0")),
    ("-0.0", Some("0")),
    ("1.50", Some("1.5")),
    ("1e3", Some("1000")),
    ("12e03", Some("12000")),
    ("-2E+05", Some("-200000")),
    ("1.e-1", Some("0.1")),
    (".5e1", Some("5")),
    ("019.5", Some("19.5")),
    // Floats that JSON has not.
    (".inf", None),
    (".Inf", None),
    (".INF", None),
    ("-.inf", None),
    ("-.Inf", None),
    ("+.INF", None),
    (".nan", None),
    (".NaN", None),
    (".NAN", None),
    ("1e999", None),
    ("-1e999", None),
    ("nULL", None),
    ("nil", None),
    ("none", None),
    ("~~", None),
    ("tRUE", None),
    ("trUe", None),
    ("yes", None),
    ("Yes", None),
    ("YES", None),
    ("no", None),
    ("No", None),
    ("on", None),
    ("On", None),
    ("off", None),
    ("OFF", None),
    ("y", None),
    ("Y", None),
    ("n", None),
    ("t", None),
    ("f", None),
    ("0b11", None),
    ("0B1", None),
    ("1_000", None),
    ("2026_10", None),
    ("0x_1", None),
    ("0xF_F", None),
    ("0o1_0", None),
    ("0o8", None),
    ("0o", None),
    ("0x", None),
    ("0xG", None),
    ("0O17", None),
    ("0X1F", None),
    ("-0x1", None),
    ("+0o7", None),
    ("1:30", None),
    ("190:20:30", None),
    ("--1", None),
    ("+", None),
    ("1 2", None),
    ("१", None),
    ("12px", None),
    ("1_0.5", None),
    ("1.5_0", None),
    (".", None),
    ("..", None),
    ("1.2.3", None),
    ("e3", None),
    (".e3", None),
    ("1e", None),
    ("1e+", None),
    ("1e3.5", None),
    ("+.nan", None),
    ("-.NaN", None),
    (".iNF", None),
    ("inf", None),
    ("nan", None),
    ("NaN", None),
    ("infinity", None),
    ("Infinity", None),
    ("0x1.8", None),
    ("1f", None),
    ("1d", None),
    ("2024-01-01", None),
    ("2001-12-14t21:59:43.10-05:00", None),
    ("2001-12-14 21:59:43.10 -5", None),
    ("<<", None),
    ("=", None),
];

#[test]
fn a_plain_scalar_is_what_the_core_schema_says() {
    for (scalar, value) in CORE_SCHEMA {
        let text = json!(scalar).to_string();
        let value = value.unwrap_or(&text);
        let single = format!("'{scalar}'");
        for (yaml, values) in [
            (format!("- {scalar}\n"), format!("[{value}]")),
            // An alias is what its anchor is, and its text is the anchor's.
            (format!("[&a {scalar} , *a]"), format!("[{value},{value}]")),
            (format!("- !other {scalar}"), format!("[{value}]")),
            // Text is text, whatever it looks like.
            (format!("[{text}, {single}, !!str {scalar} , ! {scalar} ]"), format!("[{text},{text},{text},{text}]")),
            (
                format!("- |-\n  {scalar}\n- >-\n  {scalar}\n- &b {text}\n- *b"),
                format!("[{text},{text},{text},{text}]"),
            ),
            // A key keeps its source.
            (format!("{scalar}: x"), format!("{{{text}:\"x\"}}")),
            (format!("{{{scalar} : x, b: {scalar} }}"), format!("{{{text}:\"x\",\"b\":{value}}}")),
        ] {
            assert_eq!(read(&yaml).to_json().to_string(), values, "{yaml}");
        }
        let source = format!("a: &a {scalar} \nb: *a # note");
        let expected = (value != "null").then(|| (*scalar).to_owned());
        for (_, node) in read(&source).entries() {
            assert_eq!(node.text(&source), expected, "{source}");
        }
    }
    for empty in ["", "a:", "[{a: }]", "a: # note", "a: !!null", "- &a\n- *a"] {
        let json = read(empty).to_json().to_string();
        assert!(["null", "{\"a\":null}", "[{\"a\":null}]", "[null,null]"].contains(&json.as_str()), "{empty}: {json}");
    }
    assert_eq!(
        read("[1\n  2, \"a\\\n  b\", 'it''s', !!str , !!binary MTI=]").to_json(),
        json!(["1 2", "ab", "it's", "", "12"])
    );
}

#[test]
fn a_tag_of_the_core_schema_takes_what_the_schema_has_for_it() {
    for (yaml, value) in [
        ("!!int +17", json!(17)),
        ("!!int '0o17'", json!(15)),
        ("!!int \"-3\"", json!(-3)),
        ("!!float 3", json!(3)),
        ("!!float '1.5'", json!(1.5)),
        ("!!float .inf", json!(".inf")),
        ("!!bool TRUE", json!(true)),
        ("!!bool 'false'", json!(false)),
        ("!!null ~", json!(null)),
        ("!!null ''", json!(null)),
        ("!!str 1_000", json!("1_000")),
        ("!!str ~", json!("~")),
        ("!<tag:yaml.org,2002:int> 3", json!(3)),
    ] {
        assert_eq!(read(&format!("a: {yaml}")).get("a").map_or(json!(null), Node::to_json), value, "{yaml}");
    }
    for (tag, scalars) in [
        ("int", &["1_000", "0b11", "1.5", "-0x1", "x", "'1 2'", "1:30"][..]),
        ("float", &["1_0.5", "0x1F", "inf", "x"]),
        ("bool", &["yes", "tRUE", "0"]),
        ("null", &["x", "nULL", "0"]),
    ] {
        for scalar in scalars {
            let error = error(&format!("a: !!{tag} {scalar}"));
            let column = format!("a: !!{tag} ").len() + 1;
            assert!(error.starts_with(&format!("yaml 1:{column}+")), "{error}");
            assert!(error.ends_with(&format!(" front matter: not a value of the tag !!{tag}")), "{scalar}: {error}");
        }
    }
}

#[test]
fn every_part_knows_where_in_the_file_it_stands() {
    let source = "# licence\r\n\r\n---\r\nver: &v 1.50\r\ngröße: [*v, {a: true}]\r\n";
    let root = read(source);
    let at = |span: Span| (span.place.line, span.place.column, span.width);
    let places: Vec<_> = root.entries().iter().map(|(key, node)| (at(key.span), at(node.span))).collect();
    assert_eq!(places, [((4, 1, 3), (4, 9, 4)), ((5, 1, 5), (5, 8, 1))]);
    let Yaml::List(items) = &root.entries()[1].1.value else { panic!("{root:?}") };
    assert_eq!(items.iter().map(|item| at(item.span)).collect::<Vec<_>>(), [(5, 9, 2), (5, 13, 1)]);
    assert_eq!(at(items[1].entries()[0].1.span), (5, 17, 4));
}

#[test]
fn a_scalar_is_text_as_it_is_written() {
    let source = "---\n[1.50, TRUE, 0x1F, \"q \\u0041\", ~, [x]]";
    let root = read(source);
    let Yaml::List(items) = &root.value else { panic!("{root:?}") };
    let texts: Vec<_> = items.iter().map(|item| item.text(source)).collect();
    let written = |text: &str| Some(text.to_owned());
    assert_eq!(texts, [written("1.50"), written("TRUE"), written("0x1F"), written("q A"), None, None]);
    let source = "---\nä: &a 1.50\nb: *a";
    assert_eq!(read(source).get("b").and_then(|node| node.text(source)).as_deref(), Some("1.50"));
}

#[test]
fn what_is_not_yaml_is_told_at_its_place() {
    for (yaml, message) in [
        ("a: [x", "yaml 2:4+1 front matter: unclosed bracket '['"),
        (
            "a: b\n  c: d: e",
            "yaml 3:4+1 front matter: mapping values are not allowed in this context (text may need quotes here)",
        ),
        ("a: x\na: y", "yaml 3:1+1 front matter: duplicate mapping key: a not allowed here"),
        ("a: {{x}}", "yaml 2:5+1 front matter: unexpected character (text may need quotes here)"),
        ("a: `x`", "yaml 2:4+1 front matter: unexpected character: ``' (text may need quotes here)"),
        ("a: *b", "yaml 2:4+1 front matter: reference to unknown value"),
        ("a: &b [*b]", "yaml 2:8+2 front matter: Recursive reference not allowed here"),
    ] {
        assert_eq!(error(&format!("---\n{yaml}")), message);
    }
}

#[test]
fn too_much_is_refused() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (this, last) in ('b'..='j').zip('a'..='i') {
        bomb.push_str(&format!("{this}: &{this} [{}]\n", vec![format!("*{last}"); 10].join(",")));
    }
    let anchors: String = (0..60).map(|i| format!("&a{i} [")).collect();
    for yaml in [
        bomb,
        format!("a: {}", "[".repeat(200_000)),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        (0..80).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        format!("a: [{}]", "1,".repeat(130_000)),
        format!("a: {anchors}{}", "1,".repeat(9_000)),
        format!("a: &a {}\nb: [{}]", "x".repeat(200_000), "*a,".repeat(90)),
        format!("a: &a x\nb: [{}]", "*a,".repeat(50_000)),
    ] {
        let error = error(&format!("---\n{yaml}"));
        assert!(error.contains("at most 10000 values, 32 deep"), "{error}: {}", &yaml[..60]);
    }
    assert_eq!(read(&format!("---\n{}x{}", "[".repeat(32), "]".repeat(32))).to_json().to_string().len(), 67);
}
