use serde_json::json;

use crate::tests::{error, parse, render};

#[test]
fn deep_nesting_never_reaches_a_parser_that_recurses() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
    for source in [
        format!("{{{{lookup {}}}}}", nested("(lookup ", " y)", 5000)),
        nested("{{#if x}}", "{{/if}}", 2000),
        format!("{{{{lookup x {}}}}}", nested("[", "]", 5000)),
        format!("{{{{lookup {}}}}}", "(".repeat(100_000)),
        // Quotes that are none, or that are closed, do not hide it.
        format!(r#"{{{{lookup "\\" {}}}}}"#, nested("(lookup ", " y)", 1000)),
        format!(r#"{{{{lookup 'a\\' {}}}}}"#, nested("(lookup ", " y)", 1000)),
        format!(r#"{{{{lookup x.["] {}}}}}"#, nested("(lookup ", " y)", 1000)),
        format!(r#"{{{{lookup ['] {}}}}}"#, nested("(json ", ")", 1000)),
        format!("{{{{lookup x {})}}}}", nested("(lookup ')' ", " y)", 1000)),
        nested("{{#> x}}", "{{/x}}", 2000),
        nested("{{~#if x}}", "{{/if}}", 2000),
        format!("{{{{#if x}}}}a{}{{{{/if}}}}", "{{else if x}}a".repeat(2000)),
        format!("{{{{#if x}}}}a{}{{{{/if}}}}", "{{~ else if x ~}}a".repeat(2000)),
        nested(r#"{{#if x}}{{json "}}{{/if}}"}}"#, "{{/if}}", 1000),
        nested("{{#*inline \"x\"}}", "{{/inline}}", 2000),
        // Each quote would be looked for to the end.
        format!("{{{{> a \"'{}}}}}", "'\" \"".repeat(20_001)),
    ] {
        let error = error(&source);
        assert!(
            ["64 deep", "never closed", "not a Handlebars", "30000 words"].iter().any(|told| error.contains(told)),
            "{error}: {}",
            &source[..60]
        );
    }
    assert!(parse(&nested("{{#if x}}", "{{/if}}", 64)).arguments().iter().count() == 1);
    // Each partial in the deepest block of the one before.
    let block = |inner: &str| format!("{}{inner}{}", "{{#if x}}".repeat(60), "{{/if}}".repeat(60));
    let deep: Vec<(String, String)> =
        (0..5).map(|n| (format!("p{n}"), block(&format!("{{{{> p{}}}}}", n + 1)))).collect();
    let mut deep: Vec<(&str, &str)> = deep.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
    deep.push(("p5", "end"));
    let said = render("{{> p0}}", json!({ "x": 1 }), &deep);
    assert!(said.contains("blocks and partials nest more than 200 deep"), "{said}");
}
