//! `render`: what a prompt says to these arguments, as text and as JSON.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{Ran, TALK, folder, name, printed, run, run_with};

#[test]
fn render_prints_a_text_as_it_is() {
    let dir = folder(&[("talk.prompt", TALK), ("who.txt", "Ada\n")]);
    let render = |arguments: &[&str], stdin: &str| {
        run_with(&[&["render", "talk", "--dir", name(dir.path())], arguments].concat(), &[], stdin)
    };
    let file = format!("who=@{}", name(&dir.path().join("who.txt")));
    for (arguments, stdin, out) in [
        (&["who=Ada"][..], "", "Hello Ada\n"),
        (&["who=a=b", "loud=true"], "", "Hello a=b!\n"),
        (&[&file], "", "Hello Ada\n"),
        (&["who=@-"], "piped", "Hello piped\n"),
        (&["who=@@ada"], "", "Hello @ada\n"),
    ] {
        let ran = render(arguments, stdin);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), out, ""), "{arguments:?}");
    }
}

#[test]
fn render_refuses_as_the_server_does() {
    let dir = folder(&[("talk.prompt", TALK), ("broken.prompt", "{{#if x}}")]);
    let binary = dir.path().join("picture.png");
    fs::write(&binary, b"\x89PNG").unwrap();
    let binary = format!("who=@{}", name(&binary));
    for (args, code, why) in [
        (&["talk"][..], 1, "missing required argument `who` (Whom to greet)"),
        (&["talk", "who=a", "lout=true"], 1, "unknown argument `lout`, did you mean `loud`?"),
        (&["talk", "who=a", "loud=yes"], 1, "argument `loud` must be true or false, not \"yes\""),
        (&["tlak"], 1, "unknown prompt `tlak`, did you mean `talk`?"),
        (&["TALK"], 1, "unknown prompt `TALK`, did you mean `talk`?"),
        (&["talk", "WHO=a"], 1, "unknown argument `WHO`, did you mean `who`?"),
        (&["broken"], 1, "broken.prompt, line 1, column 1"),
        (&["talk", "who=@no/such"], 1, "argument `who`: no/such: "),
        (&["talk", "who=a", "who=b"], 2, "argument `who` is given twice"),
        (&["talk", &binary], 1, &format!("{}: not UTF-8 text", &binary["who=@".len()..])),
        (&["talk", "who"], 2, "expected KEY=VALUE"),
        (&["talk", "=a"], 2, "expected a name before the ="),
    ] {
        let ran = run(&[&["render", "--dir", name(dir.path())], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{args:?}");
        assert!(ran.err.contains(why), "{args:?}: {}", ran.err);
        assert!(code == 2 || ran.err.lines().count() == 1, "{args:?}: {}", ran.err);
    }
}

#[test]
fn render_shows_roles_and_what_is_not_text() {
    let dir = folder(&[
        ("talk.prompt", "Look:{{media url=\"a.png\"}}{{role \"model\"}}I see.{{role \"user\"}}{{media url=\"a.md\"}}"),
        ("a.png", "png"),
        ("a.md", "# A"),
    ]);
    assert_snapshot!(printed(&["render", "talk", "--dir", name(dir.path())]), @r"
    ── user ──
    Look:

    ── user ──
    [image image/png, 3 bytes]

    ── assistant ──
    I see.

    ── user ──
    [file gallery:///a.md, text/markdown]
    # A
    ");
}

#[test]
fn render_gives_programs_the_result_of_prompts_get() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let out = printed(&["render", "talk", "who=Ada", "--json", "--dir", name(dir.path())]);
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Hello Ada" } });
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({ "description": "A talk", "messages": [message] }));
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn what_is_rendered_and_what_programs_read_is_written_as_it_is() {
    let dir = folder(&[("echo.prompt", "{{text}}"), ("a\u{1b}[1mb.prompt", "{{#if")]);
    let text = "log \u{1b}[31mERR\u{1b}[0m \u{7} a\n";
    let path = name(dir.path());
    assert_eq!(run_with(&["render", "echo", "text=@-", "--dir", path], &[], text).out, text);
    assert!(run(&["check", "--format", "github", "--dir", path]).out.contains("/a\u{1b}[1mb.prompt"));
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let dir = folder(&[("echo.prompt", "{{text}}")]);
    let Ran { code, err, .. } = run(&["render", "echo", "text=@/dev/zero", "--dir", name(dir.path())]);
    assert_eq!(code, Some(1));
    assert_eq!(err, "prompt-gallery: argument `text`: /dev/zero: an argument has at most 262144 bytes\n");
}
