//! Round trips, and texts that a target must not take for something else.

mod imports;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::draft::{Draft, Message};
use crate::import::{Imported, InputFile, NewFile};
use crate::parameter::Parameter;
use crate::pieces::{Piece, joined, trimmed};
use crate::{Exported, Source, Target, detect, export, import, template};
use dotprompt::{Argument, Kind, Named, Part, Partial, Prompt, PromptFile, Role};

/// Each target, and the source that reads its files back.
const BACK: [(Target, Source); 5] = [
    (Target::Claude, Source::Claude),
    (Target::Cursor, Source::Cursor),
    (Target::VsCode, Source::VsCode),
    (Target::Gemini, Source::Gemini),
    (Target::Opencode, Source::Opencode),
];

fn prompt(text: &str) -> Prompt {
    let file = PromptFile::parse("a.prompt", text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Prompt::link(Arc::new(file), HashMap::new()).unwrap()
}

/// The prompts of this repository, with their keys and names.
fn shipped() -> Vec<(String, String, Prompt)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files: Vec<(String, Vec<u8>)> = files
        .filter(|file| file.file_type().is_file())
        .map(|file| {
            let key = file.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (key, std::fs::read(file.path()).unwrap())
        })
        .collect();
    let partials: HashMap<String, Arc<Partial>> = files
        .iter()
        .filter_map(|(key, text)| match Named::of(key) {
            Some(Named::Partial(name)) => Some((name, Arc::new(Partial::parse(key, text).unwrap()))),
            _ => None,
        })
        .collect();
    let prompts = files.iter().filter_map(|(key, text)| {
        let Some(Named::Prompt(name)) = Named::of(key) else { return None };
        let file = Arc::new(PromptFile::parse(key, text).unwrap());
        let used = file.partials().map(|name| (name.to_owned(), Arc::clone(&partials[name]))).collect();
        Some((key.clone(), name, Prompt::link(file, used).unwrap()))
    });
    prompts.collect()
}

fn rendered(prompt: &Prompt, values: &Value) -> String {
    let data = prompt.resolve(values.as_object().unwrap()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let messages = prompt.render(&data).unwrap();
    let texts = messages.iter().flat_map(|message| &message.content).map(|part| match part {
        Part::Text { text } => text.as_str(),
        _ => panic!("no text"),
    });
    texts.collect::<Vec<_>>().join("\n\n").trim().to_owned()
}

fn imported(source: Source, path: &str, text: &str) -> NewFile {
    let files = [InputFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }];
    let mut imported = import(source, &files);
    assert_eq!(imported.len(), 1, "{imported:?}");
    let Imported { file, .. } = imported.remove(0);
    file.unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// Values for the required arguments.
fn required(prompt: &Prompt) -> Value {
    let required = prompt.arguments().iter().filter(|argument| argument.required);
    Value::Object(required.map(|argument| (argument.name.clone(), format!("<{}>", argument.name).into())).collect())
}

#[test]
fn every_shipped_prompt_goes_out_and_comes_back() {
    for (key, name, prompt) in shipped() {
        for (target, source) in BACK {
            let Exported { path, text, notes } =
                export(target, &key, &name, &prompt, false).unwrap_or_else(|why| panic!("{key}: {why}"));
            let file = InputFile { path: path.clone(), bytes: text.clone().into_bytes() };
            let is_told = target != Target::Cursor || !prompt.arguments().iter().all(|argument| !argument.required);
            assert_eq!(detect(&[file], &[]), Some(source).filter(|_| is_told), "{target:?} {key}");
            let back = imported(source, &path, &text);
            let again = self::prompt(std::str::from_utf8(&back.bytes).unwrap());
            let values = required(&prompt);
            assert_eq!(rendered(&again, &values), rendered(&prompt, &values), "{target:?} {key} {notes:?}\n{text}");
            assert_eq!(Named::of(&back.path), Some(Named::Prompt(name.clone())), "{target:?}");
            let of = |prompt: &Prompt| -> Vec<(String, bool)> {
                let kept = prompt.arguments().iter().filter(|argument| argument.required);
                kept.map(|argument| (argument.name.clone(), argument.required)).collect()
            };
            assert_eq!(of(&again), of(&prompt), "{target:?} {key}");
            if !matches!(target, Target::Cursor | Target::VsCode) {
                assert_eq!((again.title(), again.tags()), (prompt.title(), prompt.tags()), "{target:?} {key}");
                let details = |prompt: &Prompt| -> Vec<_> {
                    let kept = prompt.arguments().iter().filter(|argument| argument.required);
                    kept.map(|argument| (argument.title.clone(), argument.listed_description.clone())).collect()
                };
                assert_eq!(details(&again), details(&prompt), "{target:?} {key}");
                assert_eq!(again.description(), prompt.description().map(str::trim), "{target:?} {key}");
            }
            if target != Target::Cursor {
                let one_line =
                    |text: Option<&str>| text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
                assert_eq!(one_line(again.description()), one_line(prompt.description()), "{target:?} {key}");
            }
            // The second time, the file is the same.
            let once_more =
                export(target, &back.path, &name, &again, false).unwrap_or_else(|why| panic!("{key}: {why}"));
            assert_eq!((once_more.path, once_more.text), (path, text), "{target:?} {key}");
        }
    }
}

/// A value that an argument takes, other than its default.
fn value(argument: &Argument) -> Value {
    let number = || if matches!(argument.kind, Kind::Integer | Kind::Number) { Some("7".to_owned()) } else { None };
    let text = || format!("<{}>", argument.name);
    argument.choices().pop().or_else(number).unwrap_or_else(text).into()
}

#[test]
fn with_all_arguments_every_shipped_prompt_says_what_it_says_when_they_are_given() {
    for (key, name, prompt) in shipped() {
        for (target, source) in BACK {
            let exported = export(target, &key, &name, &prompt, true);
            let Exported { path, text, notes } = exported.unwrap_or_else(|why| panic!("{key}: {why}"));
            let back = imported(source, &path, &text);
            let again = self::prompt(std::str::from_utf8(&back.bytes).unwrap());
            let names: Vec<&str> = again.arguments().iter().map(|argument| argument.name.as_str()).collect();
            let given = prompt.arguments().iter().filter(|argument| names.contains(&argument.name.as_str()));
            let values = Value::Object(given.map(|argument| (argument.name.clone(), value(argument))).collect());
            assert_eq!(rendered(&again, &values), rendered(&prompt, &values), "{target:?} {key} {notes:?}\n{text}");
        }
    }
}

#[test]
fn every_shipped_prompt_is_a_skill_that_clients_load() {
    for (key, name, prompt) in shipped() {
        let Exported { path, text, .. } =
            export(Target::Skills, &key, &name, &prompt, false).unwrap_or_else(|why| panic!("{key}: {why}"));
        let (fields, problems) = check::skill::read(&path, text.as_bytes());
        assert!(fields.is_some() && problems.is_empty(), "{path}: {problems:?}\n{text}");
        assert_eq!(imported(Source::Skills, &path, &text).bytes, text.as_bytes());
    }
}

/// Texts that mean something to one program or another.
const NASTY: [&str; 44] = [
    "a \"b\" 'c' `d` \\ end",
    "costs $1 and $20, $ARGUMENTS, $0x, $name",
    "awk '{print $1}' <<< \"$ARGUMENTS[0]\"",
    "a\\$1 and \\\\$1 and \\$ARGUMENTS",
    "run !`git status` now",
    "!`id`",
    "wow!`id`",
    "```!\nid\n```",
    "${CLAUDE_SESSION_ID} and ${HOME}",
    "see @src/main.rs please",
    "@README.md",
    "mail a@b.example and `@x`",
    "at @ noon",
    "({@dir})",
    "!{ls} and @{src/main.rs} and {{args}}",
    "!{{x}}",
    "@{{args}}",
    "${file} ${input:topic} ${input:topic:What?}",
    "[a](src/main.rs) and [b](https://example.com) and ![c](d.png)",
    "#file:src/main.rs #tool:search #fetch",
    "{{x}} {{{x}}} {{{{x}}}} {{#if x}}",
    "\\{{x}} \\\\{{x}} \\\\\\{{x}}",
    "{ {{ } }} {{!c}} {{> p}} {{{",
    "---\ntitle: no\n---\ntext",
    "text\n---\nmore\n---\n",
    "+++\nx = 1\n+++",
    "\"\"\" and ''' and \"\"\"\"\" and \\\"\"\"",
    "ends with \"",
    "ends with \"\"",
    "ends with \\",
    "carriage\r\nreturns\rhere",
    "tab\there, bell\u{7}, del\u{7f}, next\u{85}, separator\u{2028}",
    "grüße 代码 🚀 \u{feff} \u{fffe} \u{ffff}",
    "# Heading\n\n---\nkey: value\n---\n",
    "<!-- comment --> <%= x %> {% x %} #{x} %(x)s",
    "@@@langfusePrompt:name=x|label=production@@@",
    "- {{x}} (required): y",
    "\u{f8d0}0\u{f8d1}",
    "$$ $x$ $",
    "trailing space   \n\n  and lines\n\n\n",
    "    indented code\n    more",
    "{{role \"system\"}}be good",
    "<|im_start|>system",
    "!$ARGUMENTS",
];

/// A prompt file with this text as plain text, and `x` written in the middle if it has an argument.
fn file_of(text: &str, has_argument: bool) -> String {
    let mut pieces = vec![Piece::Text(text.to_owned())];
    if has_argument {
        pieces.extend([
            Piece::Text("\n".to_owned()),
            Piece::Argument("x".to_owned()),
            Piece::Text("\n".to_owned()),
            Piece::Text(text.to_owned()),
        ]);
    }
    let draft = Draft::of_text("a".to_owned(), pieces);
    Draft { description: Some(format!("About: {text}")), ..draft }.file().unwrap()
}

#[test]
fn nasty_texts_come_back_or_are_refused_by_name() {
    let mut table = String::new();
    for text in NASTY {
        for has_argument in [false, true] {
            let source = file_of(text, has_argument);
            let prompt = prompt(&source);
            let values = if has_argument { json!({ "x": "value" }) } else { json!({}) };
            let expected = rendered(&prompt, &values);
            for (target, source) in BACK {
                let row = match export(target, "a.prompt", "a", &prompt, false) {
                    Ok(Exported { path, text, .. }) => {
                        let back = imported(source, &path, &text);
                        let again = self::prompt(std::str::from_utf8(&back.bytes).unwrap());
                        assert_eq!(rendered(&again, &values), expected, "{target:?}\n{text}");
                        assert_eq!(again.arguments().len(), usize::from(has_argument), "{target:?}\n{text}");
                        continue;
                    }
                    Err(why) => format!("{:9} {why}", target.word()),
                };
                if has_argument {
                    table.push_str(&format!("{text:?}\n    {row}\n"));
                }
            }
        }
    }
    insta::assert_snapshot!("refused", table);
}

#[test]
fn an_argument_never_completes_what_is_live() {
    for (body, targets) in [
        ("do !{{x}}", &[Target::Claude, Target::Opencode, Target::Gemini][..]),
        ("see @{{x}}", &[Target::Claude, Target::Opencode, Target::Gemini, Target::Cursor]),
        ("{{x}}@a.rs", &[Target::Claude, Target::Opencode]),
        ("\\\\{{x}}", &[Target::Claude]),
        ("#file:{{x}}", &[Target::VsCode]),
        ("${{x}}{file}", &[Target::VsCode]),
        ("!{{x}}`id`", &[Target::Opencode, Target::Gemini]),
        ("[a]({{x}})", &[Target::VsCode]),
    ] {
        let prompt = prompt(&format!("---\ndescription: d\narguments:\n  - {{name: x, required: true}}\n---\n{body}"));
        for target in targets {
            assert!(export(*target, "a.prompt", "a", &prompt, false).is_err(), "{target:?} {body}");
        }
    }
}

const X: &str = "arguments: [{name: x, required: true}]";

#[test]
fn a_prompt_that_a_text_cannot_hold_is_refused() {
    for (front, body, why) in [
        ("", "{{@auth.email}}", "`@auth`"),
        ("", "{{#each xs}}{{this}}{{/each}}", "loops over the argument `xs`"),
        ("arguments: [{name: x, required: true}]", "{{#ifEquals x \"a\"}}b{{/ifEquals}}c", "compares the argument `x`"),
        ("arguments: [{name: x, required: true, type: integer}]", "{{#if x}}b{{/if}}c", "tests the argument `x`"),
        ("arguments: [{name: x, required: true, type: boolean}]", "{{#if x}}b{{/if}}c", "tests the argument `x`"),
        ("arguments: [{name: x, required: true}]", "{{json x}}", "writes as JSON the argument `x`"),
        ("arguments: [{name: x, required: true}]", "{{x.length}}", "reads parts of the argument `x`"),
        ("arguments: [{name: x, required: true}]", "{{json this}}", "a tag reads all arguments at once"),
        ("", "{{role \"user\"}}a{{role \"model\"}}b", "several messages"),
        ("", "{{media url=\"https://example.com/a.png\"}}", "a picture or a file"),
        ("", "{{history}}", "the prompt is empty"),
        ("", "{{! nothing }}", "the prompt is empty"),
        ("arguments: [{name: x, required: true}]", "{{role x}}a", "cannot be rendered"),
        (
            X,
            "{{#*inline \"p\"}}{{#ifEquals t \"a\"}}b{{/ifEquals}}{{/inline}}{{> p t=x}}c",
            "compares the argument `x`",
        ),
        (X, "{{#with x as |y|}}{{#ifEquals y \"a\"}}b{{/ifEquals}}{{/with}}c", "the argument `x`"),
        (X, "{{#ifEquals (json x) \"1\"}}b{{/ifEquals}}c", "the argument `x`"),
        (X, "{{lookup @metadata.prompt x}}c", "the argument `x`"),
        (X, "{{#if (lookup @metadata.prompt x)}}b{{/if}}c", "the argument `x`"),
        (X, "{{#if x.y}}b{{/if}}c", "reads parts of the argument `x`"),
        (X, "{{#x}}b{{/x}}c", "the argument `x`"),
        (X, "{{^x}}b{{/x}}c", "the argument `x`"),
    ] {
        let prompt = prompt(&format!("---\ndescription: d\n{front}\n---\n{body}"));
        for target in Target::ALL {
            let refused = export(target, "a.prompt", "a", &prompt, false).expect_err(body);
            assert!(refused.contains(why), "{target:?} {body}: {refused}");
        }
    }
}

#[test]
fn optional_arguments_keep_their_defaults_or_are_left_out() {
    let prompt = prompt(
        "---\ndescription: d\narguments:\n  - {name: text, required: true}\n  - {name: tone, enum: [dry, warm], default: dry}\n  \
         - {name: note}\n  - {name: free}\n---\n{{text}} in a {{tone}} tone{{#if note}}, note {{note}}{{else}}, no note{{/if}}. {{free}}",
    );
    let Exported { text, notes, .. } = export(Target::Claude, "a.prompt", "a", &prompt, false).unwrap();
    assert!(text.contains("\n$text in a dry tone, no note. $free\n"), "{text}");
    assert!(text.contains("argument-hint: \"<text> [free]\"\narguments: [\"text\", \"free\"]\n"), "{text}");
    assert_eq!(notes, ["left out: `note`", "fixed: tone=dry"]);
    let Exported { text, notes, .. } = export(Target::Claude, "a.prompt", "a", &prompt, true).unwrap();
    assert!(text.contains("\n$text in a $tone tone, note $note. $free\n"), "{text}");
    assert!(text.contains("argument-hint: \"<text> <tone> <note> [free]\"\n"), "{text}");
    assert_eq!(notes, ["required there: `tone`, `note`"]);
}

#[test]
fn a_skill_has_the_licence_and_the_metadata_of_its_prompt() {
    let front = "description: d\ntitle: T\nskill: true\nlicense: MIT\nmetadata: {owner: \"me: too\"}";
    let prompt = prompt(&format!("---\n{front}\n---\nText."));
    let Exported { text, .. } = export(Target::Skills, "a.prompt", "a_b", &prompt, false).unwrap();
    let expected = "---\nname: \"a-b\"\ndescription: \"d\"\nlicense: \"MIT\"\nmetadata:\n  \"owner\": \"me: too\"\n  \"title\": \"T\"\n---\n\nText.\n";
    assert_eq!(text, expected);
}

#[test]
fn the_system_text_goes_before_the_users_as_clients_get_it() {
    let prompt = prompt("---\ndescription: d\n---\n{{role \"system\"}}Be brief.\n{{role \"user\"}}Greet me.");
    let Exported { text, .. } = export(Target::Cursor, "a.prompt", "a", &prompt, false).unwrap();
    assert_eq!(text, "Be brief.\n\nGreet me.\n");
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => r#"[\\{}!~#/>^& \nax"'\[\]@$`.-]{0,8}"#.prop_map(Piece::Text),
        1 => Just(Piece::Text("{{".to_owned())),
        1 => Just(Piece::Argument("x".to_owned())),
        1 => prop::sample::select(vec!["if", "role", "else", "this", "true", "1", "größe", "a-b", "as"]).prop_map(|name| Piece::Argument(name.to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_template_renders_to_its_pieces(pieces in prop::collection::vec(piece(), 0..8)) {
        let pieces = joined(pieces);
        let template = template::template(&pieces);
        let file = format!("---\n{{}}\n---\n{{{{!}}}}|{template}|");
        let prompt = PromptFile::parse("a.prompt", file.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{file}"));
        let prompt = Prompt::link(Arc::new(prompt), HashMap::new()).unwrap();
        let values: Map<String, Value> = prompt.arguments().iter().map(|argument| (argument.name.clone(), format!("<{}>", argument.name).into())).collect();
        let expected: String = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Argument(name) => format!("<{name}>"),
        }).collect();
        let data = prompt.resolve(&values).unwrap();
        let messages = prompt.render(&data).unwrap();
        let Part::Text { text } = &messages[0].content[0] else { panic!("no text") };
        let expected = format!("|{expected}|");
        prop_assert_eq!(text.trim(), expected.trim(), "{}", template);
    }

    #[test]
    fn any_text_comes_back_or_is_refused(text in r#"[\\{}!`$@#A1x() \n"'\[\]:-]{1,24}"#, has_argument: bool) {
        let Ok(source) = std::panic::catch_unwind(|| file_of(&text, has_argument)) else { return Ok(()) };
        let prompt = prompt(&source);
        let values = if has_argument { json!({ "x": "value" }) } else { json!({}) };
        for (target, source) in BACK {
            if let Ok(Exported { path, text, .. }) = export(target, "a.prompt", "a", &prompt, false) {
                let back = imported(source, &path, &text);
                let again = self::prompt(std::str::from_utf8(&back.bytes).unwrap());
                prop_assert_eq!(rendered(&again, &values), rendered(&prompt, &values), "{:?}\n{}", target, text);
            }
        }
    }
}

/// A scan that looked at the rest of the text for each mark would not end in this test.
#[test]
fn texts_of_many_marks_are_read_in_one_pass() {
    for mark in [
        "@",
        "$1",
        "!{",
        "@{",
        "${",
        "!`",
        "{{",
        "\\",
        "[",
        "$ARGUMENTS",
        "{{args}}",
        "@@@langfusePrompt:name=a|label=b@@@",
    ] {
        let text = mark.repeat(60_000 / mark.len());
        for (target, _) in BACK {
            let _ = export(
                target,
                "a.prompt",
                "a",
                &prompt(&file_of(&text[..20_000 / mark.len() * mark.len()], false)),
                false,
            );
        }
        for source in Source::ALL {
            for path in ["a.md", "a.prompt.md", "a.toml", "a.csv", "a.json"] {
                let text = match path {
                    "a.json" => json!([{ "name": "a", "labels": ["b"], "prompt": text }]).to_string(),
                    "a.csv" => format!("act,prompt\na,\"{text}\""),
                    "a.toml" => format!("prompt = '{text}'"),
                    _ => text.clone(),
                };
                let _ = import(source, &[InputFile { path: path.to_owned(), bytes: text.into_bytes() }]);
            }
        }
    }
}

#[test]
fn a_message_keeps_its_role() {
    let message = |role, text: &str| Message::Said(role, vec![Piece::Text(text.to_owned())]);
    let draft = Draft::of_messages(
        "a".to_owned(),
        vec![message(Role::System, "s"), message(Role::User, "} u {{"), message(Role::Model, "m")],
    );
    let prompt = prompt(&draft.file().unwrap());
    let messages = prompt.render(&prompt.resolve(&Map::new()).unwrap()).unwrap();
    let said: Vec<(Role, String)> = messages
        .into_iter()
        .map(|message| match &message.content[..] {
            [Part::Text { text }] => (message.role, text.trim().to_owned()),
            _ => panic!("no text"),
        })
        .collect();
    assert_eq!(
        said,
        [(Role::System, "s".to_owned()), (Role::User, "} u {{".to_owned()), (Role::Model, "m".to_owned())]
    );
    let _ = (Parameter::required("x"), trimmed(Vec::new()));
}
