use std::time::{Duration, Instant};

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
        ("{base: &b {x: 1}, more: {<<: *b, y: 2}}", json!({ "base": { "x": 1 }, "more": { "y": 2, "x": 1 } })),
        ("", json!(null)),
    ] {
        assert_eq!(read(&format!("---\n{yaml}")).to_json(), value, "{yaml}");
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
fn too_much_is_refused_soon() {
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
        let begun = Instant::now();
        let error = error(&format!("---\n{yaml}"));
        // Without optimisation; 20 ms with it.
        assert!(begun.elapsed() < Duration::from_millis(1000), "{:?}: {error}", begun.elapsed());
        assert!(error.contains("at most 10000 values, 32 deep"), "{error}: {}", &yaml[..60]);
    }
    assert_eq!(read(&format!("---\n{}x{}", "[".repeat(32), "]".repeat(32))).to_json().to_string().len(), 67);
}
