use std::fmt::Write;

use insta::assert_snapshot;
use serde_json::json;

use super::*;

fn file(source: &str) -> File<'_> {
    split(&Arc::from("x.prompt"), source).unwrap_or_else(|e| panic!("{e}\n{source}"))
}

/// What the YAML says, and what is wrong with it: code, place, width, words, hint.
fn read(yaml: &str) -> (FrontMatter, String) {
    let source = format!("---\n{yaml}\n---\ntext");
    let mut problems = Vec::new();
    let foo = |name: &str| (name == "Foo").then(|| json!({ "type": "number" }));
    let said = super::read_front_matter(&file(&source), &foo, &mut problems);
    let mut told = String::new();
    for Problem { code, place: Place { line, column }, width, message, hint, .. } in problems {
        let hint = hint.map(|hint| format!(" [{hint}]")).unwrap_or_default();
        writeln!(told, "{} {line}:{column}+{width} {message}{hint}", code.as_str()).unwrap();
    }
    (said, told)
}

fn said(yaml: &str) -> FrontMatter {
    let (said, problems) = read(yaml);
    assert_eq!(problems, "", "{yaml}");
    said
}

fn problems(yaml: &str) -> String {
    read(yaml).1
}

#[test]
fn front_matter_stands_between_the_first_two_fences() {
    for (source, body, place, has_yaml) in [
        ("---\ntitle: T\n---\n\n  Text\n\n", "Text", (5, 3), true),
        ("---  \r\ntitle: T\r\n--- \t\r\nText\r\n", "Text", (4, 1), true),
        ("\u{feff}---\n---\nText", "Text", (3, 1), true),
        ("---\ntitle: T\n---", "", (3, 4), true),
        ("Text\n---\nmore\n", "Text\n---\nmore\n", (1, 1), false),
        ("---", "---", (1, 1), false),
        ("--- x\n---\n", "--- x\n---\n", (1, 1), false),
        // A licence and blank lines may come first.
        ("# (c) me\n#\n \n---\na: b\n---\nText", "Text", (7, 1), true),
        ("\n\n---\n# c\n---\nText", "Text", (6, 1), true),
        // But only if there are two fences, with what may be YAML between them.
        ("# Title\n---\nText", "# Title\n---\nText", (1, 1), false),
        ("# Title\n\n---\n\nText\n\n---\nmore", "# Title\n\n---\n\nText\n\n---\nmore", (1, 1), false),
        ("\nText\n---\na: b\n---\n", "\nText\n---\na: b\n---\n", (1, 1), false),
    ] {
        let file = file(source);
        assert_eq!(file.body, body, "{source:?}");
        assert_eq!((file.body_place.line, file.body_place.column), place, "{source:?}");
        assert_eq!(file.yaml.is_some(), has_yaml, "{source:?}");
    }
    let open = split(&Arc::from("x.prompt"), "---\ntitle: T\n").err().map(|e| e.to_string());
    assert_snapshot!(open.unwrap(), @"x.prompt, line 1, column 1: front matter begins here and no line of --- ends it");
}

#[test]
fn keys_are_read() {
    let said = said(
        "title: 3\ndescription: |\n  One.\n  Two.\ntags: [a, 1.50, true]\nicons:\n- src: HTTPS://x.org/a.png\n  \
         mimeType: image/png\n  sizes: [48x48]\n  theme: dark\n- {src: 'data:image/png;base64,eA==', sizes: ~}",
    );
    assert_eq!(said.title.as_deref(), Some("3"));
    assert_eq!(said.description.as_deref(), Some("One.\nTwo.\n"));
    assert_eq!(said.tags, ["a", "1.50", "true"]);
    assert_eq!(
        json!(said.icons),
        json!([
            { "src": "HTTPS://x.org/a.png", "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark" },
            { "src": "data:image/png;base64,eA==" },
        ])
    );
    let nothing = read("title:\ndescription: ~\ntags:\nicons:\narguments:\ninput:\noutput:").0;
    assert!(nothing.title.is_none() && nothing.arguments.is_none() && nothing.tags.is_empty());
    assert_eq!(read("# only a comment").1, "");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    assert_snapshot!(problems("title: [x]\ndescription: {a: b}\ntags: word\nicons: {}\narguments: x\ninput: [y]\noutput: 3"), @"
    front-matter 2:8+1 `title` must be text, not a list
    front-matter 3:14+1 `description` must be text, not a map
    front-matter 4:7+4 `tags` must be a list such as [review, code], not text
    front-matter 5:8+1 `icons` must be a list such as `- src: https://…`, not a map
    front-matter 6:12+1 `arguments` must be a list such as `- name: topic`, not text
    front-matter 7:8+1 `input` must be a map of schema, default, not a list
    front-matter 8:9+1 `output` must be a map of format, schema, not a number
    ");
    assert_snapshot!(problems("tags: [a, [b], {c: d}, ~]\nicons:\n- x\n- {mimeType: a}\n- {src: 'http://x'}\n- {src: 'https:x', srcs: y, theme: red}"), @"
    front-matter 2:11+1 an item of `tags` must be text, not a list
    front-matter 2:16+1 an item of `tags` must be text, not a map
    front-matter 4:3+1 an icon must be a map of src, mimeType, sizes, theme, not text
    front-matter 5:3+1 an icon needs a `src`
    front-matter 6:9+10 `src` must be an https: or data: address, not http://x
    front-matter 7:20+4 an icon has no key `srcs`; the keys are src, mimeType, sizes, theme [did you mean `src`?]
    front-matter 7:36+3 `theme` must be light or dark, not red
    ");
    assert_snapshot!(problems("titel: x\nzzz: y\nFoo.bar: z\nmodell: a\n"), @"
    unknown-key 2:1+5 unknown key `titel` [did you mean `title`?]
    unknown-key 3:1+3 unknown key `zzz` [readers of the format ignore it]
    unknown-key 5:1+6 unknown key `modell` [did you mean `model`?]
    ");
    assert_snapshot!(problems("input: {shema: string, default: [a]}\noutput: {format: json, more: x, schema: Any}"), @"
    front-matter 2:9+5 `input` has no key `shema`; the keys are schema, default [did you mean `schema`?]
    front-matter 2:33+1 `input.default` must be a map of values, not a list
    ");
    assert_snapshot!(problems("arguments: []\ninput: {schema: {a: string}}"), @"front-matter 2:1+9 a file has `arguments` or `input.schema`, not both");
    assert_snapshot!(problems("- a list"), @"front-matter 2:1+1 front matter must be a map such as `title: …`, not a list");
    assert_snapshot!(problems("title: x\ntitle: y"), @"yaml 3:1+5 front matter: duplicate mapping key: title not allowed here");
    assert_snapshot!(problems("input:\n  schema:\n    a: Bar\n    b: strin\noutput:\n  schema: {c: Bar, d: strin, 'e(f)': g}"), @"
    unknown-schema 4:8+3 input.schema: the schema `Bar` is unknown and allows any value
    schema 5:8+5 input.schema: `b: strin`: the type is one of string, integer, number, boolean, null or any [did you mean `string`?]
    schema 7:30+6 output.schema: `e(f)`: use enum, array or object in the parenthesis
    ");
    // What spans lines is shown to the end of the first.
    assert_snapshot!(problems("title:\n  [one,\n   two]\nicons:\n- src: >-\n    https\n    x"), @"
    front-matter 3:3+1 `title` must be text, not a list
    front-matter 7:5+5 `src` must be an https: or data: address, not https x
    ");
}

#[test]
fn metadata_is_what_other_readers_return() {
    let yaml = "name: n\nversion: 1.50\nmodel: m\ndescription: 5\nconfig: {temperature: 1.0}\ntools: [t]\n\
        toolDefs: [{name: t}]\nmetadata: {x: 1}\ntitle: T\next1.foo: bar\next1.sub1.foo: [1]\next2.foo: 2\n\
        input: {schema: {a?: string}, default: {a: b}}\noutput: {format: json, schema: Foo}";
    let metadata = Value::Object(said(yaml).metadata);
    let raw = yaml::parse(yaml).unwrap().to_json();
    assert_eq!(
        metadata,
        json!({
            "name": "n", "version": "1.50", "model": "m", "description": "5", "config": { "temperature": 1 },
            "tools": ["t"], "toolDefs": [{ "name": "t" }], "metadata": { "x": 1 },
            "ext": { "ext1": { "foo": "bar" }, "ext1.sub1": { "foo": [1] }, "ext2": { "foo": 2 } },
            "input": {
                "schema": {
                    "type": "object", "properties": { "a": { "type": ["string", "null"] } },
                    "additionalProperties": false,
                },
                "default": { "a": "b" },
            },
            "output": { "format": "json", "schema": { "type": "number" } },
            "raw": raw,
        })
    );
    let bare = super::read_front_matter(&file("text"), &|_| None, &mut Vec::new()).metadata;
    assert_eq!(Value::Object(bare), json!({ "ext": {}, "metadata": {}, "config": {} }));
}

#[test]
fn a_file_full_of_mistakes_is_read_soon() {
    for yaml in [
        (0..4_500).map(|i| format!("key{i}: x\n")).collect::<String>(),
        format!("title: {}", "x ".repeat(120_000)),
        format!("arguments: [{}]", "{nam: x}, ".repeat(3_000)),
        format!("arguments: [{}]", (0..9_000).map(|i| format!("a{i}, ")).collect::<String>()),
        format!("input:\n  schema:\n{}", (0..4_500).map(|i| format!("    a{i}: strin\n")).collect::<String>()),
        format!("tags: [{}]", "[], ".repeat(9_000)),
        format!(
            "arguments: [{{name: a, enum: [{}], default: x}}]",
            (0..9_000).map(|i| format!("v{i}, ")).collect::<String>()
        ),
    ] {
        let (_, problems) = read(&yaml);
        assert!(problems.lines().count() <= 100, "{problems}");
        assert_eq!(problems.is_empty(), yaml.starts_with("title"), "{problems}");
        assert!(!problems.contains("at most 10000 values"), "{problems}");
    }
}

#[test]
fn a_skill_has_its_place_its_licence_and_its_metadata_as_texts() {
    let front_matter = said(
        "metadata: {version: 1.10, owner: me, old: ~, since: 2026-01-02, on: yes, list: [1, a]}\nskill: true\nlicense: MIT",
    );
    assert_eq!(front_matter.skill.map(|place| place.line), Some(3));
    assert_eq!(front_matter.license.as_deref(), Some("MIT"));
    let metadata = front_matter.skill_metadata.map(Value::from);
    let expected = json!({ "version": "1.10", "owner": "me", "since": "2026-01-02", "on": "yes", "list": "[1,\"a\"]" });
    assert_eq!(metadata, Some(expected));
    assert_eq!(said("skill: true").skill_metadata, Some(Map::new()));
    assert_eq!(said("skill: true\nmetadata: text").skill_metadata, None);
    assert_eq!(said("skill: true\nlicense:").license, None);
    assert_eq!(said("skill: false").skill, None);
    assert_eq!(said("skill:").skill, None);
    assert_snapshot!(problems("skill: yes\nlicense: [MIT]"), @"
    front-matter 2:8+3 `skill` must be true or false, not text
    front-matter 3:10+1 `license` must be text, not a list
    ");
}
