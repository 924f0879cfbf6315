//! Any file is read and rendered within bounds, or an error says where it is wrong. `fuzz/` searches for longer.

use std::sync::Arc;

use dotprompt::{Level, Partial, Problem, Prompt, PromptFile, bounds};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_parses_or_says_where_it_is_wrong(source in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        "(---\n)?(title: [a-z{}:\\[\\]\"' \n-]{0,20}\n)?(---\n)?(\\{\\{[#/^>!&~]?[a-z ./@()\"=]{0,12}~?\\}\\}|[a-z \n]{0,8}){0,8}"
            .prop_map(String::into_bytes),
    ]) {
        check_file(&source, b"{{y}}", &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_template_renders_or_says_where_it_is_wrong(
        typed in any::<bool>(),
        template in any_template(),
        partial in any_template(),
        given in prop::collection::vec(any_argument(), 0..4),
    ) {
        let front_matter = if typed { "---\narguments: [{name: x, type: array}, {name: y, type: object}, z, n]\n---\n" } else { "" };
        check_file(format!("{front_matter}{template}").as_bytes(), partial.as_bytes(), &given);
    }

    #[test]
    fn any_schema_takes_values_or_says_where_it_is_wrong(
        schema in prop_oneof![any_picoschema(), any_json_schema()],
        default in any_json(),
        given in prop::collection::vec(any_argument(), 0..4),
    ) {
        let input = json!({ "schema": schema, "default": { "x": default } });
        let source = format!("---\ninput: {input}\noutput: {{schema: {schema}}}\n---\n{{{{json @root}}}}{{{{#each x}}}}{{{{this}}}}{{{{/each}}}}");
        check_file(source.as_bytes(), b"", &given);
    }
}

/// The value of an argument without choices. No error about a file may repeat it.
const SENTINEL: &str = "sentinel-of-a-caller";

/// Reads, links and renders a file with one partial, and checks every problem that is reported.
fn check_file(source: &[u8], partial: &[u8], given: &[(String, String)]) {
    let (file, problems) = PromptFile::read("file", source, &|_| None);
    problems.iter().for_each(|problem| check_problem(problem, source));
    assert_eq!(file.is_none(), problems.iter().any(|problem| problem.code.level() == Level::Error));
    let (compiled, problems) = Partial::read("_p", partial);
    problems.iter().for_each(|problem| check_problem(problem, partial));
    let Some(file) = file else { return };
    let partials = compiled.map(|partial| ("p".to_owned(), Arc::new(partial))).into_iter().collect();
    let prompt = match Prompt::link(Arc::new(file), partials) {
        Ok(prompt) => prompt,
        Err(problem) => return check_problem(&problem, if problem.file.starts_with('_') { partial } else { source }),
    };
    let mut arguments: Map<_, _> = given.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let _ = prompt.resolve(&arguments);
    arguments.retain(|name, _| prompt.arguments().iter().any(|argument| argument.name == *name));
    for argument in prompt.arguments().iter().filter(|argument| argument.required) {
        let value = argument.choices().into_iter().next().unwrap_or_else(|| SENTINEL.to_owned());
        arguments.entry(argument.name.clone()).or_insert_with(|| value.into());
    }
    let Ok(data) = prompt.resolve(&arguments) else { return };
    match prompt.render(&data) {
        Ok(messages) => assert!(json!(messages).to_string().len() <= 2 * bounds::OUTPUT),
        Err(problem) => check_problem(&problem, if problem.file.starts_with('_') { partial } else { source }),
    }
}

/// A problem is one line, names a place that exists, and repeats nothing of the caller.
fn check_problem(problem: &Problem, source: &[u8]) {
    for text in [Some(&problem.message), problem.hint.as_ref()].into_iter().flatten() {
        assert!(!text.is_empty() && !text.contains(['\n', '\r']) && !text.contains(SENTINEL), "{problem:?}");
    }
    let source = String::from_utf8_lossy(source);
    let line = source.split('\n').nth(problem.place.line as usize - 1);
    let length = line.unwrap_or_else(|| panic!("no such line: {problem:?}")).chars().count();
    assert!((1..=length + 1).contains(&(problem.place.column as usize)), "no such column: {problem:?}");
    assert!(problem.width >= 1, "{problem:?}");
}

fn any_argument() -> impl Strategy<Value = (String, String)> {
    let value = prop_oneof![any_json().prop_map(|value| value.to_string()), "[a-z0-9,.-]{0,8}"];
    (prop::sample::select(vec!["x", "y", "z", "n", "q"]).prop_map(str::to_owned), value)
}

/// Text and tags, mostly as they must be.
fn any_template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        2 => "[a-z \n\\\\]{0,6}",
        4 => any_value(),
        2 => (any_name(), any_words()).prop_map(|(name, words)| format!("{{{{{name}{words}}}}}")),
        1 => any_words().prop_map(|words| format!("  {{{{> p{words}}}}}\n")),
        1 => Just("{{> @partial-block}}".to_owned()),
        1 => "\\{\\{!(--)?[a-z}\n]{0,4}(--)?\\}\\}",
    ];
    let leaf =
        leaf.prop_map(
            |text| if text.starts_with(['(', '"', '-', '.', '@', '[']) { format!("{{{{{text}}}}}") } else { text },
        );
    leaf.prop_recursive(4, 24, 4, |inner| {
        let params = prop::sample::select(vec!["", "", " as |a|", " as |a b|", " as |", " as ||"]);
        let body = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        let otherwise =
            prop_oneof![Just("{{else}}".to_owned()), any_value().prop_map(|value| format!("{{{{else if {value}}}}}"))];
        let otherwise = prop::option::of((otherwise, body.clone()).prop_map(|(tag, body)| tag + &body))
            .prop_map(Option::unwrap_or_default);
        let open = prop::sample::select(vec![
            "#if",
            "#unless",
            "#each",
            "#with",
            "#ifEquals x",
            "^if",
            "~#each",
            "#> p",
            "#*inline",
            "#",
        ]);
        (open, any_words(), params, body, otherwise, prop::option::weighted(0.95, Just(()))).prop_map(
            |(open, words, params, body, otherwise, closed)| {
                let name =
                    open.trim_start_matches(['#', '^', '~', '>', '*', ' ']).split(' ').next().unwrap_or_default();
                let words = match open {
                    "#*inline" => " \"p\"",
                    "#" => "x",
                    _ => words.as_str(),
                };
                let name = if name.is_empty() { "x" } else { name };
                let close = if closed.is_some() { format!("{{{{/{name}}}}}") } else { String::new() };
                format!("{{{{{open}{words}{params}}}}}{body}{otherwise}{close}")
            },
        )
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let names = ["x", "y", "json", "lookup", "log", "if", "each", "role", "history", "section", "media", "nohelper"];
    prop::sample::select(names.map(str::to_owned).to_vec())
}

/// The words after a name in a tag, at times too many.
fn any_words() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["", "", "", "a=", "indent=", "url=", "includeZero="]);
    prop::collection::vec((key, any_value()), 0..3)
        .prop_map(|words| words.into_iter().map(|(key, value)| format!(" {key}{value}")).collect())
}

fn any_value() -> impl Strategy<Value = String> {
    let path = "(\\./|\\.\\./|\\.\\./\\.\\./|this\\.|@root\\.|@\\.\\./)?(x|y|z|a|b|length|0|\\[a b\\]|\\[\"\\])(\\.(x|0|length|\\[0\\]))?";
    let other = [
        "this",
        ".",
        "..",
        "@index",
        "@key",
        "@last",
        "@metadata",
        "@auth.sub",
        "\"user\"",
        "'it\\'s'",
        "\"a\nb\"",
        "-1.5",
        "0",
        "true",
        "null",
    ];
    let leaf = prop_oneof![path, prop::sample::select(other.map(str::to_owned).to_vec())];
    leaf.prop_recursive(3, 6, 3, |inner| {
        (any_name(), prop::collection::vec(inner, 0..3))
            .prop_map(|(name, values)| format!("({name} {})", values.join(" ")))
    })
}

fn any_picoschema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => "(string|integer|number|boolean|null|any|strin|Person)(, [a-z\n]{0,5})?".prop_map(Value::from),
        1 => any_json(),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let key = "([xyzn]|a b|)\\??(\\((array|object|enum|lst)(, [a-z]{0,3})?\\)?)?|\\(\\*\\)";
        prop::collection::hash_map(key, inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map)))
    })
}

fn any_json_schema() -> impl Strategy<Value = Value> {
    let kinds = ["string", "integer", "number", "boolean", "null", "object", "array", "any"];
    let leaf = prop_oneof![
        prop::sample::select(kinds.to_vec()).prop_map(|kind| json!({ "type": kind })),
        prop::sample::select(vec!["#", "#/$defs/d", "#/properties/x", "#/no", "http://x/y"])
            .prop_map(|at| json!({ "$ref": at })),
        any_json().prop_map(|value| json!({ "const": value })),
        prop::collection::vec(any_json(), 0..4).prop_map(|values| json!({ "enum": values })),
        "[a-z+*(){}\\[\\]0-9,?=^$]{0,8}".prop_map(|pattern| json!({ "type": "string", "pattern": pattern })),
        (0..4_u8, any_json()).prop_map(
            |(most, value)| json!({ "maxLength": most, "minimum": most, "maxItems": most, "default": value })
        ),
        prop::sample::select(vec!["email", "uri", "regex", "date"])
            .prop_map(|name| json!({ "type": "string", "format": name })),
        any_json(),
    ];
    let part = leaf.prop_recursive(3, 24, 4, |inner| {
        let keyword = prop::sample::select(vec![
            "items",
            "not",
            "contains",
            "additionalProperties",
            "propertyNames",
            "if",
            "$id",
        ]);
        prop_oneof![
            (prop::sample::select(vec!["anyOf", "oneOf", "allOf"]), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(keyword, all)| json!({ keyword: all })),
            (keyword, inner.clone()).prop_map(|(keyword, one)| json!({ keyword: one, "type": "array" })),
            (inner.clone(), inner).prop_map(|(x, y)| json!({ "properties": { "x": x, "y": y }, "required": ["x"] })),
        ]
    });
    (part.clone(), part.clone(), part).prop_map(|(d, x, y)| {
        json!({ "type": "object", "$defs": { "d": d }, "properties": { "x": x, "y": y }, "required": ["y"] })
    })
}

/// The words of schemas, and the names of arguments.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "name",
        "type",
        "string",
        "integer",
        "array",
        "object",
        "items",
        "properties",
        "required",
        "default",
        "description",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "x",
        "y",
        "a",
        "b",
        "count",
    ];
    prop::sample::select(words.map(str::to_owned).to_vec())
}

/// Any JSON of a few levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}
