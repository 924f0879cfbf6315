//! The commands for those who write prompts, as they run them: `check`, `render`, `list`, `new`, `completions`.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
#[cfg(unix)]
use std::process::Child;
use std::process::{Command, Output, Stdio};
#[cfg(unix)]
use std::sync::mpsc::{Receiver, channel};
#[cfg(unix)]
use std::{thread, time::Duration};

use insta::assert_snapshot;
use prompt_gallery::prompt::Code;
use serde_json::{Value, json};
use support::s3::{Fault, S3Server};
use tempfile::TempDir;

const BROKEN: &str = "tests/data/broken";

/// What came of running the program.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    run_with(args, &[], "")
}

/// The program, called as one that is installed.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut program, "prompt-gallery");
    program.env_clear();
    program
}

fn run_with(args: &[&str], env: &[(&str, &str)], stdin: &str) -> Ran {
    let mut child = program()
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Not every command reads it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs what ends well, and gives what it prints.
fn printed(args: &[&str]) -> String {
    let Ran { code, out, err } = run(args);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?}");
    out
}

fn codes(args: &[&str]) -> BTreeSet<String> {
    let problems: Value = serde_json::from_str(&run(args).out).unwrap();
    problems.as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap().to_owned()).collect()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (key, text) in files {
        let path = dir.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// The standard settings for an S3 server of a test.
fn s3_env(endpoint: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
    ]
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

// --- check ---

#[test]
fn check_shows_every_problem_with_its_line_and_what_to_do() {
    let Ran { code, out, err } = run(&["check", BROKEN]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert_snapshot!("check_human", out);
}

#[test]
fn check_tells_programs_all_that_it_tells_people() {
    let Ran { code, out, .. } = run(&["check", BROKEN, "--format", "json"]);
    let problems: Value = serde_json::from_str(&out).unwrap();
    let problems = problems.as_array().unwrap();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| {
            let [file, level, code] = ["file", "level", "code"].map(|key| problem[key].as_str().unwrap());
            format!("{file}:{}:{}: {level}[{code}]: ", problem["line"], problem["column"])
        })
        .collect();
    let human = run(&["check", BROKEN]).out;
    assert_eq!(code, Some(1));
    assert!(told.iter().all(|line| human.contains(line)), "{told:?}");
    let count = ["error[", "warning[", "note["].map(|level| human.matches(level).count()).iter().sum::<usize>();
    assert_eq!(count, told.len());
    let helper = problems.iter().find(|problem| problem["code"] == "unknown-key").unwrap();
    assert_eq!(
        *helper,
        json!({
            "file": "tests/data/broken/unknown-key.prompt", "line": 3, "column": 1, "width": 10, "level": "warning",
            "code": "unknown-key", "message": "there is no key `descripton`", "hint": "did you mean `description`?"
        })
    );
}

#[test]
fn check_speaks_to_github() {
    let out = run(&["check", BROKEN, "--format", "github"]).out;
    let helper = out.lines().find(|line| line.contains("title=unknown-key")).unwrap();
    assert_eq!(
        helper,
        "::warning file=tests/data/broken/unknown-key.prompt,line=3,col=1,title=unknown-key::\
         there is no key `descripton`%0Adid you mean `description`?"
    );
    assert_eq!(out.lines().count(), run(&["check", BROKEN]).out.matches("]: ").count());
    let many = run_with(&["check", BROKEN, "--format", "github"], &[("PAGE_SIZE", "5")], "").out;
    assert!(many.starts_with("::notice title=many-prompts::"), "{many}");
}

#[test]
fn there_is_a_file_for_every_code() {
    let found = codes(&["check", BROKEN, "--format", "json"]);
    // Of a rendering, of a gallery as a whole, and of a store that denies access.
    let elsewhere = ["render", "many-prompts", "not-a-prompt", "unreadable"].map(str::to_owned);
    let all: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(found.union(&elsewhere.into()).cloned().collect::<BTreeSet<_>>(), all);
}

#[test]
fn more_prompts_than_a_page_are_a_problem_of_the_gallery() {
    let dir = folder(&[("a.prompt", "---\ndescription: A\n---\na"), ("b.prompt", "---\ndescription: B\n---\nb")]);
    let path = name(dir.path());
    let Ran { code, out, .. } = run_with(&["check", path], &[("PAGE_SIZE", "1")], "");
    assert_eq!(code, Some(0));
    assert_snapshot!(out.replace(path, "prompts"), @"
    prompts: note[many-prompts]: 2 prompts do not fit a page of 1: only the first page is read in Continue, Gemini CLI, Goose and Zed
       = PAGE_SIZE takes up to 10000

    2 files, 1 note
    ");
    assert_eq!(run_with(&["check", path], &[("PAGE_SIZE", "2")], "").out, "2 files, no problems\n");
}

#[test]
fn warnings_count_when_they_are_denied_and_not_when_they_are_allowed() {
    let dir = folder(&[("a.prompt", "---\ntitle: A\narguments: [{name: x}]\n---\n")]);
    let path = name(dir.path());
    let allowed =
        ["--allow", "no-description", "--allow", "unused-argument", "--allow", "empty", "--allow", "optional-only"];
    assert_eq!(run(&["check", path]).code, Some(0));
    assert_eq!(run(&["check", path, "--deny", "warnings"]).code, Some(1));
    let two = run(&[&["check", path, "--deny", "warnings"], &allowed[..2]].concat());
    assert!(two.code == Some(1) && two.out.ends_with("1 file, 2 warnings, 1 note\n"), "{}", two.out);
    let note = run(&[&["check", path, "--deny", "warnings"], &allowed[..6]].concat());
    assert!(note.code == Some(0) && note.out.ends_with("1 file, 1 note\n"), "{}", note.out);
    let none = run(&[&["check", path, "--deny", "warnings"], &allowed[..]].concat());
    assert_eq!((none.code, none.out.as_str()), (Some(0), "1 file, no problems\n"));
}

#[test]
fn what_cannot_be_checked_is_exit_code_2_and_says_why() {
    for (args, why) in [
        (&["check", "no/such"][..], "no/such: no such file or folder"),
        (&["check", "Cargo.toml"], "Cargo.toml is no prompt"),
        (&["check", "--dir", "no/such"], "--dir=no/such: takes a folder of prompts, and there is no such folder"),
        (&["check", "--allow", "nonsense"], "several-arguments"),
        // An error cannot be allowed.
        (&["check", "--allow", "syntax"], "invalid value 'syntax'"),
        (&["check", "--deny", "errors"], "warnings"),
        (&["check", "s3://B_ad bucket/x"], "takes the name of an S3 bucket"),
        (&["check", "s3:///x"], "s3:///x: a bucket's name follows, as in s3://BUCKET/PREFIX"),
    ] {
        let Ran { code, out, err } = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(why), "{args:?}: {err}");
    }
}

#[test]
fn what_clients_do_is_a_note_and_a_warning_for_those_that_the_team_uses() {
    let dir = folder(&[(
        "a.prompt",
        "---\ndescription: A\narguments: [{name: x, required: true}, {name: y}]\n---\n{{x}}{{role \"model\"}}{{y}}",
    )]);
    let path = name(dir.path());
    let levels = |args: &[&str]| {
        let Ran { code, out, .. } = run(&[&["check", path, "--deny", "warnings", "--format", "json"], args].concat());
        let problems: Value = serde_json::from_str(&out).unwrap();
        let told =
            problems.as_array().unwrap().iter().map(|problem| format!("{} {}", problem["level"], problem["code"]));
        (code, told.collect::<Vec<_>>().join(", ").replace('"', ""))
    };
    assert_eq!(levels(&[]), (Some(0), "note several-arguments, note several-messages".to_owned()));
    assert_eq!(levels(&["--client", "claude-code,goose"]), (Some(0), String::new()));
    assert_eq!(levels(&["--client", "vscode"]), (Some(1), "warning several-messages".to_owned()));
    assert_eq!(levels(&["--client", "vscode", "--allow", "several-messages"]), (Some(0), String::new()));
    let both = "warning several-arguments, warning several-messages";
    assert_eq!(levels(&["--client", "vscode", "--client", "zed"]), (Some(1), both.to_owned()));
    let out = run(&["check", path, "--client", "vscode"]).out;
    assert!(out.contains("several messages: all become one text in VS Code\n"), "{out}");
    assert!(run(&["check", path, "--format", "github"]).out.starts_with("::notice file="));
    let unknown = run(&["check", path, "--client", "vscode,emacs"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("claude-code, cline"), "{}", unknown.err);
}

#[test]
fn check_says_which_arguments_it_inferred() {
    let dir = folder(&[("a.hbs", "{{message}} {{#if tone}}{{tone}}{{/if}} {{code}}"), ("b.hbs", "No variables.")]);
    let out = run(&["check", name(dir.path()), "--allow", "no-description", "--allow", "several-arguments"]).out;
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @"
    prompts/a.hbs:1:1: note[inferred-arguments]: arguments: message, code, tone?
       = the template's variables; `?` marks what may be left out

    2 files, 1 note
    ");
}

#[test]
fn check_says_which_data_variables_find_nothing() {
    let wrong = [
        "{{@name}} {{@item}}{{#each items}}{{@item}}{{/each}}",
        "{{@index}}{{#if @first}}{{/if}}{{#each items}}{{else}}{{@key}}{{/each}}",
        "{{#each items}}{{@../index}}{{#each this}}{{@../../last}}{{/each}}{{/each}}",
        "{{@indx}} {{@Root.name}} {{@../root.name}} {{#with @user}}{{id}}{{/with}}{{> _row at=@claims.sub}}",
        "{{@metadata.model}} {{media url=@picture}} {{lookup @state \"x\"}}",
        "{{> row}} {{> two}}{{#> box}}{{@index}}{{/box}}",
        "{{#*inline \"i\"}}{{@index}}{{/inline}}{{> i}}{{#each items}}{{> i}}{{/each}}",
    ];
    let right = [
        "{{name}} {{@root.name}} {{@root}} {{@auth.email}} {{@metadata.prompt.model}} {{#if @partial-block}}{{/if}}",
        "{{#each items}}{{@index}}{{@key}}{{@first}}{{@last}}{{#each this}}{{@../index}}{{@../root.name}}{{/each}}{{/each}}",
        "{{#each items as |item|}}{{@item}}{{#with this}}{{@index}}{{/with}}{{/each}}{{#items}}{{@index}}{{/items}}",
        "{{#each items}}{{> row}}{{> two}}{{#if @last}}{{> tests}}{{/if}}{{/each}}{{> tests}}",
        "{{#> list}}{{@index}}{{/list}}{{#each items}}{{#> box}}{{@index}}{{@../index}}{{/box}}{{/each}}",
        "{{#> rows}}{{#*inline \"r\"}}{{@index}}{{/inline}}{{/rows}}",
        "{{#*inline \"i\"}}{{@index}}{{#if @first}}{{/if}}{{/inline}}{{#each items}}{{> i}}{{/each}}",
    ];
    let front = "---\ndescription: A\ninput: {schema: {name?: string, items?(array): any}}\n---\n";
    let dir = folder(&[
        ("right.prompt", &format!("{front}{}", right.join("\n"))),
        ("wrong.prompt", &format!("{front}{}", wrong.join("\n"))),
        ("_row.prompt", "{{@index}}{{@count}}"),
        ("__row.prompt", "{{at}}"),
        ("_two.prompt", "{{> row}}{{#each this}}{{@../../key}}{{/each}}"),
        ("_tests.prompt", "{{#unless @first}}, {{/unless}}"),
        ("_list.prompt", "{{#each items}}{{> @partial-block}}{{/each}}"),
        ("_rows.prompt", "{{#each items}}{{> r}}{{/each}}"),
        ("_box.prompt", "{{> @partial-block}}"),
    ]);
    let out = run(&["check", name(dir.path()), "--format", "json"]).out;
    let problems: Vec<Value> = serde_json::from_str(&out).unwrap();
    let told = problems.iter().filter(|problem| problem["level"] != "note").map(|problem| {
        let [file, message, hint] = ["file", "message", "hint"].map(|key| problem[key].as_str().unwrap_or_default());
        let file = file.rsplit('/').next().unwrap();
        format!("{file}:{}:{}: {message} ({hint})\n", problem["line"], problem["column"])
    });
    assert_snapshot!(told.collect::<String>(), @"
    _row.prompt:1:11: `@count` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (an argument is written without @: {{count}})
    wrong.prompt:5:1: `@name` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (an argument is written without @: {{name}})
    wrong.prompt:5:11: `@item` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (the item of a loop is {{this}})
    wrong.prompt:5:35: `@item` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (the item of a loop is {{this}})
    wrong.prompt:6:1: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:6:11: `@first` is empty here: no {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:6:55: `@key` is empty here: no {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:7:16: `@../index` is empty here: no outer {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:7:43: `@../../last` is empty here: no outer {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:8:1: `@indx` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (did you mean `@index`?)
    wrong.prompt:8:11: `@Root` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (did you mean `@root`?)
    wrong.prompt:8:26: `@../root` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (did you mean `@root`?)
    wrong.prompt:8:44: `@user` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (`@auth` has the caller's claims)
    wrong.prompt:8:74: `@claims` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (`@auth` has the caller's claims)
    wrong.prompt:9:1: `@metadata.model` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (did you mean `@metadata.prompt.model`?)
    wrong.prompt:9:21: `@picture` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (an argument is written without @: {{picture}})
    wrong.prompt:9:44: `@state` is always empty: there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last (an argument is written without @: {{state}})
    wrong.prompt:10:1: the partial `row` reads `@index`, which is empty here: no {{#each}} is around (call it inside {{#each}}, or give it a value: {{> row index=…}} for {{index}})
    wrong.prompt:10:11: the partial `two` reads `@index`, which is empty here: no {{#each}} is around (call it inside {{#each}}, or give it a value: {{> two index=…}} for {{index}})
    wrong.prompt:10:30: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    wrong.prompt:11:17: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last stand inside {{#each}}; each ../ leads out of one)
    ");
}

#[test]
fn check_says_which_numbers_are_not_the_text_that_is_written() {
    let dir = folder(&[
        (
            "a.prompt",
            "---\ninput:\n  schema:\n    v(enum): [3.9, 3.10, \"3.11\", 1]\n    w?: any\n    n?: number\n    s?: string\n    l?(array): any\n  default: {w: 1.0, n: 2.50, s: 2.50, l: [0x10]}\n---\n{{v}}{{w}}{{n}}{{s}}{{json l}}",
        ),
        (
            "b.prompt",
            "---\ninput:\n  schema:\n    type: object\n    properties:\n      v: {enum: [007]}\n      w: {type: string, const: 1.20}\n      n: {type: number, enum: [1.50]}\n      l: {type: array, items: {enum: [1e3]}}\n---\n{{v}}{{w}}{{n}}{{json l}}",
        ),
        (
            "c.prompt",
            "---\narguments:\n  - {name: v, enum: [3.10]}\n  - {name: w, type: string, enum: [3.10], default: 3.10}\n  - {name: n, type: number, enum: [3.10]}\n---\n{{v}}{{w}}{{n}}",
        ),
        ("d.prompt", "---\ninput: {default: {v: 1.10, w: 1.5}}\n---\n{{v}}{{w}}"),
    ]);
    let out = run(&["check", name(dir.path()), "--format", "json"]).out;
    let problems: Vec<Value> = serde_json::from_str(&out).unwrap();
    let told = problems.iter().filter(|problem| problem["level"] != "note" && problem["code"] != "no-description");
    let told = told.map(|problem| {
        let [file, message, hint] = ["file", "message", "hint"].map(|key| problem[key].as_str().unwrap_or_default());
        let file = file.rsplit('/').next().unwrap();
        format!("{file}:{}:{}: {message} ({hint})\n", problem["line"], problem["column"])
    });
    assert_snapshot!(told.collect::<String>(), @r#"
    a.prompt:4:20: input.schema: `3.10` is the number 3.1 (text is written in quotes: "3.10")
    a.prompt:9:16: the default: `1.0` is the number 1 (text is written in quotes: "1.0")
    a.prompt:9:43: the default: `0x10` is the number 16 (text is written in quotes: "0x10")
    b.prompt:6:18: input.schema: `007` is the number 7 (text is written in quotes: "007")
    b.prompt:7:32: input.schema: `1.20` is the number 1.2 (text is written in quotes: "1.20")
    b.prompt:9:39: input.schema: `1e3` is the number 1000 (text is written in quotes: "1e3")
    c.prompt:3:22: arguments: `3.10` is the number 3.1 (text is written in quotes: "3.10")
    d.prompt:2:22: the default: `1.10` is the number 1.1 (text is written in quotes: "1.10")
    "#);
}

#[test]
fn check_names_other_template_languages_and_what_to_write_here() {
    let out = run(&["check", "tests/data/foreign", "--allow", "no-description", "--allow", "several-arguments"]).out;
    assert_snapshot!("check_foreign", out);
}

#[test]
fn check_says_why_a_prompt_has_another_name() {
    let long = format!("{}.prompt", "long-".repeat(14));
    let dir = folder(&[(&long, "x"), ("v1.2/x.prompt", "x"), ("a b.prompt", "x"), ("c.variant.prompt", "x")]);
    let out = run(&["check", name(dir.path()), "--allow", "no-description"]).out;
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @"
    prompts/a b.prompt:1:1: note[renamed]: clients know this prompt as `a-b`: a name with other characters cannot be typed in Zed and Cline; each becomes _ in opencode and VS Code
       = a path of letters A to Z, digits, _ and - is a name as it is

    prompts/long-long-long-long-long-long-long-long-long-long-long-long-long-long-.prompt:1:1: note[renamed]: clients know this prompt as `long-long-long-long-long-long-long-long-long-long-long-lo-feeb2e`: a name has at most 64 characters
       = shorten the path

    prompts/v1.2/x.prompt:1:1: note[renamed]: clients know this prompt as `v1-2_x`: what stands before a dot is taken for the server's name in Zed; a dot becomes _ in opencode
       = write - for a dot; only the first one in a file's name begins a variant

    4 files, 3 notes
    ");
}

#[test]
fn check_names_what_clients_run_or_read_in_their_own_commands() {
    let files = [
        ("gemini.prompt", "Look: !{git log {{range}} } and @{docs/style.md}."),
        ("claude.prompt", "See !`git status` and @src/main.rs."),
    ];
    let dir = folder(&files);
    let check = |more: &[&str]| {
        let args = [&["check", name(dir.path()), "--allow", "no-description", "--allow", "inferred-arguments"], more];
        run(&args.concat()).out.replace(name(dir.path()), "prompts")
    };
    assert_snapshot!(check(&[]), @r#"
    prompts/claude.prompt:1:5: note[shell-command]: !`…` in the text: the user's shell runs it in opencode, and it is plain text in Claude Code
     1 | See !`git status` and @src/main.rs.
       |     ^^^^^^^^^^^^^
       = a prompt runs no commands: take the output as an argument, {{name}}; for text that stays as it is, put a space between ! and `

    prompts/claude.prompt:1:23: warning[foreign-template]: `@src/main.rs` looks like a file reference of Claude Code, Gemini CLI or opencode, and is plain text here
     1 | See !`git status` and @src/main.rs.
       |                       ^^^^^^^^^^^^
       = a prompt reads no files of its user: take the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; what stands in backticks is taken for an example

    prompts/gemini.prompt:1:7: warning[foreign-template]: `!{git log ` looks like a shell command of Gemini CLI, and is plain text here
     1 | Look: !{git log {{range}} } and @{docs/style.md}.
       |       ^^^^^^^^^^
       = a prompt runs no commands: take the output as an argument, {{name}}; what stands in backticks is taken for an example

    prompts/gemini.prompt:1:33: warning[foreign-template]: `@{docs/style.md}` looks like a file reference of Gemini CLI, and is plain text here
     1 | Look: !{git log {{range}} } and @{docs/style.md}.
       |                                 ^^^^^^^^^^^^^^^^
       = a prompt reads no files of its user: take the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; what stands in backticks is taken for an example

    2 files, 3 warnings, 1 note
    "#);
    assert_snapshot!(check(&["--client", "claude-code"]), @r#"
    prompts/claude.prompt:1:5: note[foreign-text]: !`…` looks like a shell command of Claude Code, and is plain text here
     1 | See !`git status` and @src/main.rs.
       |     ^^^^^^^^^^^^^
       = a prompt runs no commands: take the output as an argument, {{name}}; for text that stays as it is, put a space between ! and `

    prompts/claude.prompt:1:23: warning[foreign-template]: `@src/main.rs` looks like a file reference of Claude Code, Gemini CLI or opencode, and is plain text here
     1 | See !`git status` and @src/main.rs.
       |                       ^^^^^^^^^^^^
       = a prompt reads no files of its user: take the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; what stands in backticks is taken for an example

    prompts/gemini.prompt:1:7: warning[foreign-template]: `!{git log ` looks like a shell command of Gemini CLI, and is plain text here
     1 | Look: !{git log {{range}} } and @{docs/style.md}.
       |       ^^^^^^^^^^
       = a prompt runs no commands: take the output as an argument, {{name}}; what stands in backticks is taken for an example

    prompts/gemini.prompt:1:33: warning[foreign-template]: `@{docs/style.md}` looks like a file reference of Gemini CLI, and is plain text here
     1 | Look: !{git log {{range}} } and @{docs/style.md}.
       |                                 ^^^^^^^^^^^^^^^^
       = a prompt reads no files of its user: take the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; what stands in backticks is taken for an example

    2 files, 3 warnings, 1 note
    "#);
}

#[test]
fn a_file_that_is_no_text_is_called_by_its_name() {
    let dir = folder(&[]);
    let utf_16: Vec<u8> = "\u{feff}Hello".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, bytes, expected) in [
        ("a.prompt", &utf_16[..], "the file is UTF-16: save it as UTF-8"),
        ("b.prompt", &utf_16[2..], "the file is UTF-16: save it as UTF-8"),
        ("_c.prompt", &[0x1f, 0x8b, 8, 0, 0], "the file is compressed with gzip: unpack it"),
        ("d.prompt", b"PK\x03\x04", "the file is a ZIP archive: unpack it"),
        ("e.prompt", b"Gr\xfc\xdfe", "the file is not UTF-8 text"),
    ] {
        fs::write(dir.path().join(file), bytes).unwrap();
        let out = run(&["check", name(&dir.path().join(file))]).out;
        assert!(out.contains(&format!("error[encoding]: {expected}\n")), "{file}: {out}");
    }
}

#[test]
fn check_takes_several_paths() {
    let one =
        folder(&[("a.prompt", "{{#if"), ("b.prompt", "{{> p}}"), ("c.prompt", "{{#if"), ("_p.prompt", "{{/if}}")]);
    let two = folder(&[("team/x.prompt", "{{#each"), ("y.prompt", "---\ndescription: Y\n---\ny")]);
    let at = |dir: &TempDir, file: &str| dir.path().join(file).to_str().unwrap().to_owned();
    let (a, b, y) = (at(&one, "a.prompt"), at(&one, "b.prompt"), at(&two, "y.prompt"));
    let args = ["check", &a, &b, name(two.path()), &y, &a, "--format", "json"];
    let Ran { code, out, .. } = run(&args);
    assert_eq!(code, Some(1));
    let problems: Value = serde_json::from_str(&out).unwrap();
    let errors = problems.as_array().unwrap().iter().filter(|problem| problem["level"] == "error");
    let files: Vec<&str> = errors.map(|problem| problem["file"].as_str().unwrap()).collect();
    assert_eq!(files, [at(&one, "_p.prompt"), a.clone(), at(&two, "team/x.prompt")]);
    let human = run(&["check", &a, &b, name(two.path())]).out;
    assert!(human.ends_with("5 files, 3 errors, 1 warning\n"), "{human}");
    let Ran { code, err, .. } = run(&["check", &a, "no/such"]);
    assert_eq!((code, err.as_str()), (Some(2), "prompt-gallery: no/such: no such file or folder\n"));
}

/// A `check --watch` that runs, ended when dropped.
#[cfg(unix)]
struct Watching {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

#[cfg(unix)]
impl Watching {
    fn start(path: &Path) -> Self {
        fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
            let (to, lines) = channel();
            thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| to.send(line.unwrap())));
            lines
        }
        let mut program = program();
        let program = program.args(["check", "--watch", name(path)]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, err }
    }

    /// Waits for a line that begins so on standard output; others may be of a check amid several changes.
    fn prints(&self, start: &str) {
        wait_for(&self.out, start);
    }

    /// The same on standard error.
    fn says(&self, start: &str) {
        wait_for(&self.err, start);
    }
}

#[cfg(unix)]
fn wait_for(lines: &Receiver<String>, start: &str) {
    let mut before = Vec::new();
    loop {
        let line = lines.recv_timeout(Duration::from_secs(30));
        let line = line.unwrap_or_else(|_| panic!("{start:?} does not follow: {before:#?}"));
        if line.starts_with(start) {
            return;
        }
        before.push(line);
    }
}

#[cfg(unix)]
impl Drop for Watching {
    fn drop(&mut self) {
        // An error is a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
const GOOD: &str = "---\ndescription: A\n---\ngood";
#[cfg(unix)]
const BAD: &str = "---\ndescription: A\n---\n{{#if";

#[cfg(unix)]
#[test]
fn check_watches_and_checks_again_until_it_is_told_to_stop() {
    let dir = folder(&[("a.prompt", BAD)]);
    let mut watching = Watching::start(dir.path());
    watching.prints("1 file, 1 error");
    watching.says("Watching ");
    fs::write(dir.path().join("a.prompt"), GOOD).unwrap();
    watching.prints("1 file, no problems");
    watching.says("Watching ");
    assert!(Command::new("kill").args(["-INT", &watching.child.id().to_string()]).status().unwrap().success());
    assert_eq!(watching.child.wait().unwrap().code(), Some(0), "of the last check");
    let Ran { code, err, .. } = run(&["check", "--watch", "s3://bucket/prompts/"]);
    assert!(code == Some(2) && err.contains("--watch takes files and folders"), "{err}");
}

#[cfg(unix)]
#[test]
fn check_watches_the_folder_that_is_in_the_place_of_another() {
    use std::os::unix::fs::symlink;
    let parent = folder(&[("prompts/a.prompt", GOOD), ("one/a.prompt", GOOD), ("two/a.prompt", GOOD)]);
    let at = |path: &str| parent.path().join(path);
    let watching = Watching::start(&at("prompts"));
    watching.prints("1 file, no problems");
    fs::remove_dir_all(at("prompts")).unwrap();
    watching.says("prompt-gallery: ");
    fs::create_dir(at("prompts")).unwrap();
    fs::write(at("prompts/a.prompt"), BAD).unwrap();
    watching.prints("1 file, 1 error");
    // Whatever was told of the new folder so far: this is told of it too.
    fs::write(at("prompts/b.prompt"), GOOD).unwrap();
    watching.prints("2 files, 1 error");

    symlink(at("one"), at("current")).unwrap();
    let watching = Watching::start(&at("current"));
    watching.prints("1 file, no problems");
    watching.says("Watching ");
    fs::write(at("two/b.prompt"), GOOD).unwrap();
    symlink(at("two"), at("new")).unwrap();
    fs::rename(at("new"), at("current")).unwrap();
    watching.prints("2 files, no problems");
    fs::write(at("two/b.prompt"), BAD).unwrap();
    watching.prints("2 files, 1 error");
}

#[cfg(unix)]
#[test]
fn a_watching_check_forgets_what_was_left_out_before() {
    let (dir, outside) = (folder(&[("a.prompt", GOOD)]), folder(&[("b.prompt", GOOD)]));
    let link = dir.path().join("b.prompt");
    std::os::unix::fs::symlink(outside.path().join("b.prompt"), &link).unwrap();
    let watching = Watching::start(dir.path());
    watching.prints("2 files, 1 error");
    fs::remove_file(&link).unwrap();
    fs::write(&link, GOOD).unwrap();
    watching.prints("2 files, no problems");
}

#[cfg(unix)]
#[test]
fn a_watching_check_ends_when_nobody_reads_what_it_prints() {
    let dir = folder(&[("a.prompt", GOOD)]);
    let mut program = program();
    let program = program.args(["check", "--watch", name(dir.path())]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut line = String::new();
    // The reader is closed behind the first line.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "1 file, no problems\n");
    assert_eq!(child.wait().unwrap().code(), Some(0), "of the last check");
}

#[test]
fn check_says_which_files_are_no_prompts() {
    let dir = folder(&[
        ("a.prompt", "---\ndescription: A\n---\n{{media url=\"shown.md\"}}"),
        ("shown.md", "x"),
        ("b.md", "x"),
        ("c.md", "x"),
    ]);
    let path = name(dir.path());
    let out = run(&["check", path, "--allow", "not-text"]).out;
    assert_snapshot!(out.replace(path, "prompts"), @"
    prompts: note[not-a-prompt]: 2 .md files are not prompts: rename to .prompt

    1 file, 1 note
    ");
    fs::remove_file(dir.path().join("a.prompt")).unwrap();
    let Ran { code, out, err } = run(&["check", path]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_snapshot!(err.replace(path, "prompts"), @"prompt-gallery: there are no prompts in prompts: the files of prompts end in .prompt, .hbs or .handlebars; 3 .md files are not prompts: rename to .prompt");
}

#[test]
fn our_own_prompts_are_clean_when_warnings_are_denied() {
    let Ran { code, out, .. } = run(&["check", "prompts", "--deny", "warnings"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn a_file_is_checked_with_the_partials_of_its_gallery() {
    let dir = folder(&[
        ("team/a.prompt", "---\ndescription: A\n---\n{{> style}} {{> broken}}"),
        ("_style.prompt", "plain"),
        ("_broken.prompt", "{{#if x}}"),
        ("_other.prompt", "{{#if y}}"),
        ("b.prompt", "{{#if z}}"),
    ]);
    let file = dir.path().join("team/a.prompt");
    let Ran { code, out, .. } = run(&["check", name(&file), "--dir", name(dir.path())]);
    assert_eq!(code, Some(1));
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @r"
    prompts/_broken.prompt:1:1: error[syntax]: `if` is opened here and not closed by {{/if}}
     1 | {{#if x}}
       | ^^^^^^^^^

    3 files, 1 error
    ");
    // Its folder is its gallery where it lies in none.
    let alone = run(&["check", name(&file)]).out;
    assert!(alone.contains("there is no partial `style`") && alone.ends_with("1 file, 2 errors\n"), "{alone}");
    assert!(alone.contains("paths begin at the root of what is checked"), "{alone}");
}

#[test]
fn a_file_whose_gallery_is_not_named_gets_the_hint_to_name_it() {
    let dir = folder(&[
        ("gallery/_style.prompt", "plain"),
        ("gallery/team/_x.prompt", "x"),
        ("gallery/team/r.prompt", "---\ndescription: R\n---\n{{> style}}{{> team/x}}"),
    ]);
    let gallery = dir.path().join("gallery");
    let file = gallery.join("team/r.prompt");
    let alone = run(&["check", name(&file)]).out;
    assert_eq!(alone.matches("paths begin at the root of what is checked, which --dir names").count(), 2, "{alone}");
    let within = run(&["check", "--dir", name(&gallery), name(&file)]).out;
    assert!(within.ends_with("no problems\n"), "{within}");
    fs::write(&file, "---\ndescription: R\n---\n{{> x}}").unwrap();
    let whole = run(&["check", name(&gallery)]).out;
    assert!(whole.contains("did you mean `team/x`? The name has the folders from the root on"), "{whole}");
}

#[test]
fn a_file_with_errors_lacks_no_partial_that_is_there() {
    let dir =
        folder(&[("a.prompt", "---\ndescription: A\n---\n{{upper x}} {{> style}} {{> gone}}"), ("_style.prompt", "x")]);
    let file = dir.path().join("a.prompt");
    let args = ["check", name(&file), "--dir", name(dir.path()), "--format", "json"];
    assert_eq!(codes(&args), BTreeSet::from(["helper", "missing-partial"].map(str::to_owned)));
    assert!(!run(&args).out.contains("no partial `style`"));
}

#[test]
fn check_says_of_an_address_what_a_rendering_says() {
    for url in [
        "",
        "/",
        "http://example.com/x.png",
        "https:",
        "https:///x",
        "data:x",
        "data:image/png;base64,%",
        "data:text/html,x",
        "../x.png",
        "a/../x.png",
        "case.prompt",
        ".hidden/x.png",
        "picture.pgn",
        "no/such.gif",
        "large.png",
    ] {
        let source = format!("---\ndescription: A\n---\n{{{{media url=\"{url}\"}}}}");
        let dir = folder(&[
            ("case.prompt", &source),
            ("picture.png", "png"),
            ("large.png", &"x".repeat(3 * 1024 * 1024 + 1)),
        ]);
        let checked: Value = serde_json::from_str(&run(&["check", name(dir.path()), "--format", "json"]).out).unwrap();
        let problem = checked.as_array().unwrap().iter().find(|problem| problem["code"] == "media");
        let message = problem.unwrap_or_else(|| panic!("{url}: {checked}"))["message"].as_str().unwrap();
        let rendered = run(&["render", "case", "--dir", name(dir.path())]).err;
        assert!(
            rendered.ends_with(&format!("case.prompt, line 4, column 1: {message}\n")),
            "{url}: {message}\n{rendered}"
        );
    }
}

#[test]
fn a_partial_that_is_missing_to_many_is_told_once() {
    let dir = folder(&[
        ("a.prompt", "---\ndescription: A\n---\n{{> p}}"),
        ("b.prompt", "---\ndescription: B\n---\n{{> p}}"),
        ("_p.prompt", "{{> gone}}"),
    ]);
    let out = run(&["check", name(dir.path()), "--format", "json"]).out;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap().as_array().unwrap().len(), 1, "{out}");
}

#[test]
fn the_prompts_that_are_shipped_have_no_errors() {
    let Ran { code, out, err } = run(&["check"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(!out.contains("error["), "{out}");
}

#[test]
fn what_clients_do_with_many_files_is_told_once_to_people_and_each_time_to_programs() {
    let human = printed(&["check"]);
    let told = |text: &str| text.matches("several-arguments").count();
    assert!(told(&human) == 1 && human.lines().count() < 24, "{human}");
    let json = printed(&["check", "--format", "json"]);
    assert!(told(&json) > 3, "{json}");
    assert!(human.contains(&format!("also in {} more files: ", told(&json) - 1)), "{human}");
    assert_eq!(told(&printed(&["check", "--format", "github"])), told(&json));
    let notes = serde_json::from_str::<Value>(&json).unwrap().as_array().unwrap().len();
    assert!(human.ends_with(&format!(" files, {notes} notes\n")), "{human}");
}

#[test]
fn a_bucket_without_settings_is_one_line_that_says_what_to_set() {
    let region = ("AWS_REGION", "eu-central-1");
    let alone = ("AWS_EC2_METADATA_DISABLED", "true");
    for args in [&["check", "s3://b/x"][..], &["list", "--bucket", "b"], &["render", "a", "--bucket", "b"]] {
        for (env, what) in [(&[alone][..], "AWS_REGION"), (&[alone, region], "AWS_PROFILE")] {
            let Ran { code, out, err } = run_with(args, env, "");
            assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{args:?}: {err}");
            assert!(err.contains("s3://b/") && err.contains(what), "{args:?}: {err}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_checked_with_the_standard_settings() {
    let s3 = S3Server::start().await;
    s3.put("prompts/a.prompt", "{{#if x}}");
    s3.put("other/b.prompt", "{{#if x}}");
    let endpoint = s3.endpoint();
    let address = format!("s3://{}/prompts/", S3Server::BUCKET);
    let checked = tokio::task::spawn_blocking({
        let address = address.clone();
        move || {
            let env = s3_env(&endpoint);
            let denied = [&env[..3], &[("AWS_SECRET_ACCESS_KEY", "wrong")]].concat();
            (run_with(&["check", &address], &env, ""), run_with(&["check", &address], &denied, ""))
        }
    });
    let (checked, denied) = checked.await.unwrap();
    assert_eq!(checked.code, Some(1), "{}", checked.err);
    assert!(checked.out.starts_with(&format!("{address}a.prompt:1:1: error[syntax]")), "{}", checked.out);
    assert!(checked.out.ends_with("1 file, 1 error\n"), "{}", checked.out);
    assert_eq!((denied.code, denied.err.lines().count()), (Some(2), 1), "{}", denied.err);
}

// --- render ---

const TALK: &str = "---\ndescription: A talk\ninput:\n  schema:\n    who: string, Whom to greet\n    \
                    loud?: boolean\n---\nHello {{who}}{{#if loud}}!{{/if}}\n";

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
        (&["talk", "who=a", "loud=yes"], 1, "argument `loud` takes true or false, not \"yes\""),
        (&["tlak"], 1, "unknown prompt `tlak`, did you mean `talk`?"),
        (&["TALK"], 1, "unknown prompt `TALK`, did you mean `talk`?"),
        (&["talk", "WHO=a"], 1, "unknown argument `WHO`, did you mean `who`?"),
        (&["broken"], 1, "broken.prompt, line 1, column 1"),
        (&["talk", "who=@no/such"], 1, "argument `who`: no/such: "),
        (&["talk", "who=a", "who=b"], 2, "argument `who` is given twice"),
        (&["talk", &binary], 1, &format!("{}: this is not UTF-8 text", &binary["who=@".len()..])),
        (&["talk", "who"], 2, "an argument is KEY=VALUE"),
        (&["talk", "=a"], 2, "an argument's name stands before the ="),
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

// --- list ---

#[test]
fn list_is_a_line_a_prompt_where_it_is_piped() {
    // Some of it is broken.
    let out = run(&["list", "--dir", "tests/data/gallery"]).out;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split('\t').collect()).collect();
    assert!(lines.iter().all(|fields| fields.len() == 6 && !fields[5].is_empty()), "{out}");
    assert!(lines.is_sorted_by_key(|fields| fields[0]), "{out}");
    let hello = lines.iter().find(|fields| fields[0] == "hello").unwrap();
    assert_snapshot!(hello[..5].join(" | "), @"hello | Hello | name mood? | example greeting | hello.prompt");
}

#[test]
fn list_names_what_is_broken_and_goes_on() {
    let dir = folder(&[("talk.prompt", TALK), ("broken.prompt", "{{#if x}}")]);
    let Ran { code, out, err } = run(&["list", "--dir", name(dir.path())]);
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    assert_snapshot!(err.replace(name(dir.path()), "DIR"), @r"
    left out: broken.prompt, line 1, column 1: `if` is opened here and not closed by {{/if}}
    `prompt-gallery check --dir DIR` tells all that is wrong
    ");
}

#[test]
fn list_says_which_files_are_no_prompts_and_which_claim_one_name() {
    let dir = folder(&[
        ("a.prompt", "A"),
        ("a.hbs", "A"),
        ("_p.hbs", "P"),
        ("_p.prompt", "P"),
        ("notes.md", "x"),
        ("team/more.md", "x"),
        ("README.md", "x"),
        ("B.PROMPT", "x"),
    ]);
    let Ran { code, out, err } = run(&["list", "--dir", name(dir.path())]);
    assert_eq!((code, out.lines().count()), (Some(0), 2));
    assert_snapshot!(err, @"
    note: a.hbs is the prompt `a-34e6b5`: a.prompt has the name `a`
    note: _p.hbs is not used: _p.prompt is the same partial
    note: 1 .PROMPT file is not a prompt: rename to .prompt
    note: 2 .md files are not prompts: rename to .prompt
    ");
}

#[test]
fn list_and_check_count_no_file_that_a_prompt_shows() {
    let dir = folder(&[
        ("a.prompt", "---\ndescription: A\n---\n{{media url=\"by-a-prompt.md\"}}{{> p}}"),
        ("_p.prompt", "{{media url=\"by-a-partial.md\"}}"),
        ("broken.prompt", "---\ndescription: A\n---\n{{media url=\"by-a-broken-prompt.md\"}}{{role x}}"),
        ("by-a-prompt.md", "x"),
        ("by-a-partial.md", "x"),
        ("by-a-broken-prompt.md", "x"),
        ("stray.md", "x"),
    ]);
    let path = name(dir.path());
    for said in [run(&["list", "--dir", path]).err, run(&["check", path]).out] {
        assert!(said.contains("1 .md file is not a prompt: rename to .prompt"), "{said}");
    }
}

#[test]
fn list_names_the_folder_or_the_bucket_in_which_there_is_no_prompt() {
    let dir = folder(&[("notes.md", "x")]);
    let path = name(dir.path());
    let Ran { code, out, err } = run(&["list", "--dir", path]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_snapshot!(err.replace(path, "prompts"), @"
    note: there are no prompts in prompts: the files of prompts end in .prompt, .hbs or .handlebars
    note: 1 .md file is not a prompt: rename to .prompt
    ");
}

#[test]
fn list_gives_programs_what_clients_are_told() {
    let dir = folder(&[("team/talk.prompt", TALK)]);
    let out = printed(&["list", "--json", "--dir", name(dir.path())]);
    let mut listed: Value = serde_json::from_str(&out).unwrap();
    assert!(listed[0]["version"].take().as_str().is_some_and(|version| !version.is_empty()));
    assert_eq!(
        listed,
        json!([{
            "name": "team_talk", "title": null, "description": "A talk",
            "arguments": [
                { "name": "who", "description": "Whom to greet", "required": true },
                { "name": "loud", "description": "(true or false)", "required": false },
            ],
            "tags": [], "file": "team/talk.prompt", "version": null
        }])
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_is_left_out_is_told_in_one_line_once() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let link = dir.path().canonicalize().unwrap().join("away.prompt");
    std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
    std::os::unix::fs::symlink("gone", dir.path().join("broken.prompt")).unwrap();
    let path = name(dir.path());
    for args in [&["list"][..], &["render", "talk", "who=Ada"], &["new", "other"]] {
        let Ran { code, err, .. } = run(&[args, &["--dir", path]].concat());
        assert_eq!((code, err.lines().count()), (Some(0), 2), "{args:?}: {err}");
        let told = format!("file left out: {}: the link leaves the folder\n", link.display());
        assert!(err.contains(&told), "{args:?}: {err}");
    }
    fs::write(dir.path().join("README"), "").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("LICENSE.txt")).unwrap();
    let Ran { code, out, err } = run(&["check", "--format", "json", "--dir", path]);
    assert_eq!((code, err.as_str()), (Some(1), ""), "what is not served is a problem");
    let problems: Value = serde_json::from_str(&out).unwrap();
    let told: Vec<_> = problems.as_array().unwrap().iter().filter(|problem| problem["level"] == "error").collect();
    assert_eq!(told.len(), 2, "{out}");
    assert_eq!(told[0]["message"], "the file is left out: the link leaves the folder");
    assert_eq!(told[0]["code"], "unreadable");
    assert!(told[0]["file"].as_str().unwrap().ends_with("away.prompt"), "{out}");
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

#[test]
fn check_says_when_it_does_not_say_all() {
    let dir = folder(&[
        ("many.prompt", &"{{iff a}}\n".repeat(4000)),
        ("wide.prompt", &(0..201).map(|n| format!("{{{{a{n}}}}}")).collect::<String>()),
    ]);
    let Ran { code, out, .. } = run(&["check", "--format", "json", "--dir", name(dir.path())]);
    assert_eq!(code, Some(1));
    let more = "there is more that is wrong with this file: 100 problems are told";
    assert_eq!(out.matches(more).count(), 1, "{out}");
    assert!(out.contains("a prompt has at most 200 arguments, and the template uses 201 variables"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_names_a_prompt_of_a_bucket() {
    let s3 = S3Server::start().await;
    s3.put("prompts/team/talk.prompt", TALK);
    let endpoint = s3.endpoint();
    let rendered = tokio::task::spawn_blocking(move || {
        let uri = format!("s3://{}/prompts/team/talk.prompt", S3Server::BUCKET);
        ["team_talk", "team/talk.prompt", "prompts/team/talk", &uri].map(|path| {
            run_with(&["render", path, "who=Ada", "--bucket", S3Server::BUCKET], &s3_env(&endpoint), "").out
        })
    });
    assert_eq!(rendered.await.unwrap(), ["Hello Ada\n"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn list_lists_a_bucket_once() {
    let s3 = S3Server::start().await;
    s3.put("prompts/talk.prompt", TALK);
    let endpoint = s3.endpoint();
    let ran =
        tokio::task::spawn_blocking(move || run_with(&["list", "--bucket", S3Server::BUCKET], &s3_env(&endpoint), ""));
    let Ran { code, out, err } = ran.await.unwrap();
    assert_eq!((code, out.lines().count(), err.as_str()), (Some(0), 1, ""));
    assert_eq!(s3.requests().list, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_check_say_why_a_bucket_refuses_a_file() {
    let s3 = S3Server::start().await;
    s3.put("team/talk.prompt", TALK);
    s3.put("team/secret.prompt", "secret");
    let endpoint = s3.endpoint();
    let place = ["--bucket", S3Server::BUCKET, "--prefix", "team/"];
    for (status, code, kind) in [
        (403, "AccessDenied", "access denied"),
        (403, "InvalidObjectState", "refused"),
        (400, "KMS.DisabledException", "refused"),
    ] {
        s3.set_fault(Some(Fault::RefuseKey("team/secret.prompt".to_owned(), status, code)));
        let why = format!(
            "the file cannot be read: {kind}: s3://gallery/team/secret.prompt: {code}: This object is refused."
        );
        let ran = |command: &str| {
            let ran = run_with(&[&[command][..], &place].concat(), &s3_env(&endpoint), "");
            assert!(!format!("{}{}", ran.out, ran.err).contains(S3Server::SECRET_KEY), "{}{}", ran.out, ran.err);
            ran
        };
        let Ran { code: exit, out, err } = ran("list");
        assert_eq!((exit, out.lines().count()), (Some(0), 1), "{code}: {err}");
        let check = "`prompt-gallery check --bucket gallery --prefix team/` tells all that is wrong";
        assert_eq!(err, format!("left out: secret.prompt, line 1, column 1: {why}\n{check}\n"));
        let Ran { code: exit, out, .. } = ran("check");
        assert_eq!(exit, Some(1), "{code}: {out}");
        assert!(out.contains(&why), "{code}: {out}");
    }
}

// --- new ---

#[test]
fn new_writes_a_prompt_that_renders_and_has_no_problems() {
    let dir = folder(&[]);
    let path = name(dir.path());
    let out = printed(&["new", "team/review", "--dir", path]);
    let file = format!("{path}/team/review.prompt");
    assert_eq!(out, format!("{file}\n\nTry it: prompt-gallery render --dir {path} team_review text=Hello\n"));
    assert_eq!(printed(&["check", path, "--deny", "warnings"]), "1 file, no problems\n");
    assert_snapshot!(printed(&["render", "team_review", "text=Hello", "--dir", path]), @r"
    Answer in plain words and in the language of the text.

    Sum up the text below in at most three sentences.

    <text>
    Hello
    </text>
    ");
}

#[test]
fn a_path_names_a_prompt_as_well_as_its_name_does() {
    let here = folder(&[
        ("prompts/team/standup.prompt", "standup"),
        ("prompts/_style.prompt", "style"),
        ("other/alone.hbs", "alone"),
    ]);
    let run = |args: &[&str]| {
        let Output { status, stdout, stderr } = program().args(args).current_dir(here.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: status.code(), out: text(stdout), err: text(stderr) }
    };
    let absolute = here.path().join("prompts/team/standup.prompt");
    for path in [
        "team_standup",
        "prompts/team/standup.prompt",
        "./prompts/team/standup.prompt",
        "prompts/team/standup",
        "prompts/../prompts/team/standup.prompt",
        "team/standup",
        "team/standup.prompt",
        name(&absolute),
    ] {
        let Ran { code, out, err } = run(&["render", path]);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "standup\n", ""), "{path}");
    }
    assert_eq!(run(&["check", "prompts/team/standup"]).code, Some(0));
    // A file elsewhere is of the gallery that is its folder, as it is to `check`.
    assert_eq!(run(&["render", "other/alone.hbs"]).out, "alone\n");
    assert_eq!(run(&["render", "alone.hbs", "--dir", "other"]).out, "alone\n");
    for (path, why) in [
        ("standup", "unknown prompt `standup`, did you mean `team_standup`?"),
        ("prompts/team/standpu.prompt", "unknown prompt `team/standpu.prompt`, did you mean `team_standup`?"),
        ("team/standpu", "unknown prompt `team/standpu`, did you mean `team_standup`?"),
        ("standup.prompt", "unknown prompt `standup.prompt`, did you mean `team_standup`?"),
        ("prompts/_style.prompt", "prompts/_style.prompt is the partial `style`: render a prompt that uses it"),
        ("../x.prompt", "../x.prompt: no such file, and no prompt has this name"),
    ] {
        let Ran { code, out, err } = run(&["render", path]);
        assert_eq!((code, out.as_str(), err), (Some(1), "", format!("prompt-gallery: {why}\n")), "{path}");
    }
    let absolute = here.path().join("prompts/d.prompt");
    for (path, key) in [
        ("prompts/a", "a.prompt"),
        ("./prompts/b.hbs", "b.hbs"),
        ("prompts/team/c", "team/c.prompt"),
        (name(&absolute), "d.prompt"),
        ("team/e", "team/e.prompt"),
    ] {
        let Ran { code, out, err } = run(&["new", path]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{path}");
        assert!(
            out.starts_with(&format!("prompts/{key}\n")) && here.path().join("prompts").join(key).exists(),
            "{out}"
        );
    }
    assert!(!here.path().join("prompts/prompts").exists());
    let Ran { code, err, .. } = run(&["new", "foo.md"]);
    assert_eq!(code, Some(2));
    assert_eq!(
        err,
        "prompt-gallery: foo.md would be no prompt: the name of a file ends in .prompt, .hbs or .handlebars; \
         `prompt-gallery new foo` writes prompts/foo.prompt\n"
    );
}

#[test]
fn render_says_why_a_path_is_no_prompt() {
    let here = folder(&[
        ("prompts/notes.md", "x"),
        ("prompts/vscode.prompt.md", "x"),
        ("prompts/UPPER.PROMPT", "x"),
        ("prompts/team/a.prompt", "x"),
        ("prompts/review.prompt", "x"),
        ("prompts/.hidden.prompt", "x"),
        ("prompts/logo.png", "x"),
        ("notes.txt", "x"),
    ]);
    let said = |path: &str| {
        let Output { status, stdout, stderr } =
            program().args(["render", path]).current_dir(here.path()).output().unwrap();
        assert_eq!((status.code(), stdout.as_slice()), (Some(1), &b""[..]), "{path}");
        String::from_utf8(stderr).unwrap()
    };
    let paths = [
        "prompts/notes.md",
        "prompts/vscode.prompt.md",
        "prompts/UPPER.PROMPT",
        "prompts/.hidden.prompt",
        "prompts/logo.png",
        "notes.txt",
        "prompts/team",
        "prompts/gone.md",
        "review.md",
        "prompts/gone.prompt",
        "./gone.prompt",
    ];
    assert_snapshot!(paths.map(said).concat(), @"
    prompt-gallery: prompts/notes.md is no prompt: the files of prompts end in .prompt, .hbs or .handlebars; rename it to notes.prompt
    prompt-gallery: prompts/vscode.prompt.md is no prompt: the files of prompts end in .prompt, .hbs or .handlebars; rename it to vscode.prompt
    prompt-gallery: prompts/UPPER.PROMPT is no prompt: the files of prompts end in .prompt, .hbs or .handlebars; rename it to UPPER.prompt
    prompt-gallery: prompts/.hidden.prompt is no prompt: a name that begins with a dot is hidden
    prompt-gallery: prompts/logo.png is no prompt: the files of prompts end in .prompt, .hbs or .handlebars
    prompt-gallery: notes.txt is no prompt: the files of prompts end in .prompt, .hbs or .handlebars; rename it to notes.prompt
    prompt-gallery: prompts/team is a folder: name a prompt in it
    prompt-gallery: unknown prompt `gone.md`: the files of prompts end in .prompt, .hbs or .handlebars
    prompt-gallery: unknown prompt `review.md`, did you mean `review`?
    prompt-gallery: prompts/gone.prompt: no such file, and no prompt has this name
    prompt-gallery: ./gone.prompt: no such file, and no prompt has this name
    ");
}

#[test]
fn a_file_elsewhere_is_read_with_what_it_needs_of_its_folder() {
    let here = folder(&[
        ("x.prompt", "---\ndescription: X\n---\n{{> sub/deep/tone}}{{media url=\"./docs/a.md\"}}"),
        ("sub/deep/_tone.hbs", "Kind. {{> close}}"),
        ("_close.prompt", "Bye."),
        ("docs/a.md", "A"),
        ("near.prompt", "---\ndescription: X\n---\n{{> sign}}"),
        ("parts/_sign.prompt", "x"),
        // Names that the root has no part in.
        ("other/x.prompt", "x"),
        ("up.prompt", "---\ndescription: X\n---\n{{> ../outside/tone}}"),
    ]);
    let at = |file: &str| here.path().join(file).to_str().unwrap().to_owned();
    #[cfg(unix)]
    {
        // What else is there is neither read nor spoken of.
        use std::os::unix::fs::{PermissionsExt, symlink};
        symlink("/", here.path().join("other/all")).unwrap();
        symlink("/", here.path().join("all")).unwrap();
        fs::set_permissions(here.path().join("other"), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let out = printed(&["render", &at("x.prompt")]);
    assert!(out.contains("Kind. Bye.") && out.contains("[file gallery:///docs/a.md, text/markdown]"), "{out}");
    let out = printed(&["check", &at("x.prompt")]);
    assert!(out.ends_with("3 files, 3 notes\n"), "{out}");
    let Ran { code, err, .. } = run(&["render", &at("up.prompt")]);
    assert!(code == Some(1) && err.contains("there is no partial"), "{err}");
    let near = run(&["check", &at("near.prompt")]).out;
    assert!(near.contains("did you mean `parts/sign`?"), "{near}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(here.path().join("other"), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn new_never_overwrites() {
    let dir = folder(&[("a.prompt", "mine"), ("b.hbs", "mine")]);
    for (prompt, file) in [("a", "a.prompt"), ("b", "b.hbs")] {
        let Ran { code, out, err } = run(&["new", prompt, "--dir", name(dir.path())]);
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
        assert!(err.contains(file), "{err}");
        assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap(), "mine");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn new_takes_a_files_name_and_makes_the_folders() {
    let dir = folder(&[]);
    let prompts = dir.path().join("no/such");
    let path = name(&prompts);
    for (prompt, file) in
        [("a.prompt", "a.prompt"), ("b.hbs", "b.hbs"), ("c.handlebars", "c.handlebars"), ("d", "d.prompt")]
    {
        let out = printed(&["new", prompt, "--dir", path]);
        assert!(out.starts_with(&format!("{path}/{file}\n")), "{out}");
        assert!(printed(&["render", &file[..1], "text=Hello", "--dir", path]).contains("Hello"));
    }
    assert_eq!(fs::read_dir(&prompts).unwrap().count(), 4);
    let Ran { code, err, .. } = run(&["new", "a", "--dir", &format!("{path}/a.prompt")]);
    assert!(code == Some(1) && err.contains("a.prompt exists and is not a folder"), "{err}");
}

#[cfg(unix)]
#[test]
fn new_writes_nothing_where_a_link_leads_out_of_the_folder() {
    let (dir, elsewhere) = (folder(&[("inside/a.prompt", "a")]), folder(&[]));
    let link = |to: &Path, link: &str| std::os::unix::fs::symlink(to, dir.path().join(link)).unwrap();
    link(elsewhere.path(), "out");
    link(&elsewhere.path().join("b.prompt"), "b.prompt");
    link(&elsewhere.path().join("gone"), "gone");
    link(&dir.path().join("inside"), "in");
    for (prompt, why) in [
        ("out/a", "a link leads from"),
        ("out/x/a", "a link leads from"),
        ("b", "b.prompt exists already"),
        ("gone/a", "gone exists and is not a folder"),
    ] {
        let Ran { code, out, err } = run(&["new", prompt, "--dir", name(dir.path())]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{prompt}: {err}");
        assert!(err.contains(why), "{prompt}: {err}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    // One that stays inside is as good as a folder.
    assert_eq!(run(&["new", "in/b", "--dir", name(dir.path())]).code, Some(0));
    assert!(dir.path().join("inside/b.prompt").exists());
}

#[test]
fn new_refuses_names_that_clients_would_not_know_and_buckets() {
    let dir = folder(&[]);
    for (prompt, instead) in [
        ("a/../b", ""),
        ("a b", ", try `a-b`"),
        ("a.b.c", ", try `a--b-c`"),
        ("_partial", ""),
        ("_partial.hbs", ""),
        (".a", ""),
        ("", ""),
    ] {
        let Ran { code, err, .. } = run(&["new", prompt, "--dir", name(dir.path())]);
        assert_eq!((code, err.lines().count()), (Some(2), 1), "{prompt}: {err}");
        assert!(err.contains(&format!("invalid name `{prompt}`{instead}: use A-Z, a-z, 0-9, _ and -; ")), "{err}");
    }
    for prompt in ["../a", "/a", "./a"] {
        let Ran { code, err, .. } = run(&["new", prompt, "--dir", name(dir.path())]);
        let outside =
            format!("prompt-gallery: {prompt} is outside of the folder {}; pass --dir DIR\n", name(dir.path()));
        assert_eq!((code, err), (Some(2), outside), "{prompt}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let Ran { code, err, .. } = run(&["new", "a", "--bucket", "b"]);
    assert!(code == Some(2) && err.contains("aws s3 cp"), "{err}");
}

// --- the command line ---

#[test]
fn options_stand_before_or_after_the_command() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let path = name(dir.path());
    for args in [["--dir", path, "list"], ["list", "--dir", path]] {
        assert_eq!(printed(&args).lines().count(), 1, "{args:?}");
    }
    assert_eq!(printed(&["--dir", path, "render", "talk", "who=Ada"]), "Hello Ada\n");
    for (command, own) in [("list", &[][..]), ("serve", &["--addr"])] {
        let help = printed(&[command, "--help"]);
        let flags = help.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(" <"));
        let flags: Vec<String> = flags.map(|(flag, _)| format!("--{flag}")).collect();
        assert!(flags.len() >= 4 && own.iter().all(|flag| flags.iter().any(|known| known == flag)), "{help}");
        for flag in &flags {
            // Each with a value that is refused.
            let flags = match flag.as_str() {
                "--dir" => &["--dir", "no/such"][..],
                "--bucket" => &["--bucket", "s3://b"],
                "--prefix" => &["--prefix", "x/"],
                "--request-payer" => &["--request-payer", "bogus", "--bucket", "b"],
                "--addr" => &["--addr", "nowhere"],
                other => panic!("{other} has no value here"),
            };
            let (before, after) = (run(&[flags, &[command]].concat()), run(&[&[command], flags].concat()));
            assert_eq!((before.code, before.out.as_str()), (Some(2), ""), "{flag} {command}");
            assert_eq!((after.code, after.err), (before.code, before.err), "{command} {flag}");
        }
    }
    for (args, why) in [
        (&["--dir", path, "list", "--bucket", "b"][..], "'--dir' cannot be used with '--bucket'"),
        (&["--prefix", "x/", "list", "--dir", path], "'--dir' cannot be used with '--prefix'"),
        (&["--bucket", "b", "check", path], "'--bucket' cannot be used with 'PATH'"),
        (&["--addr", "127.0.0.1:0", "list"], "'--addr' cannot be used with 'a command other than serve'"),
    ] {
        let Ran { code, out, err } = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(why), "{args:?}: {err}");
    }
}

#[test]
fn a_word_that_is_not_known_gets_a_tip() {
    for (args, tip) in [
        (&["prompts"][..], "to use the folder, pass `--dir prompts`"),
        (&["list", "prompts"], "to use the folder, pass `--dir prompts`"),
        (&["prompts/translate.prompt"], "to look at the file, use `prompt-gallery check prompts/translate.prompt`"),
        (&["--port", "8093"], "to choose a port, pass '--addr 127.0.0.1:PORT' or set PORT"),
        (&["render", "translate", "--text", "x"], "to pass an argument of the prompt, write 'text=VALUE'"),
        (&["render", "translate", "--jsn"], "a similar argument exists: '--json'"),
        (&["redner"], "a similar subcommand exists: 'render'"),
    ] {
        let Ran { code, err, .. } = run(args);
        assert_eq!((code, err.matches("tip: ").count()), (Some(2), 1), "{args:?}: {err}");
        assert!(err.contains(tip), "{args:?}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_exit_code_1() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let path = name(dir.path());
    for args in [
        &["list", "--dir", path][..],
        &["list", "--json", "--dir", path],
        &["render", "talk", "who=Ada", "--dir", path],
        &["render", "talk", "who=Ada", "--json", "--dir", path],
        &["check", path],
        &["check", "--format", "json", path],
        &["check", "--format", "github", BROKEN],
        &["check", "--watch", path],
        &["new", "other", "--dir", path],
        &["completions", "bash"],
        &["--help"],
        &["help", "check"],
        &["render", "--help"],
        &["--version"],
        &["serve", "--dir", path, "--addr", "127.0.0.1:0"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let Output { status, stderr, .. } = program().args(args).stdout(full).output().unwrap();
        let err = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}: {err}");
        assert!(err.contains("prompt-gallery: cannot write to standard output: No space left on device"), "{err}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_its_reader_has_closed_is_no_failure() {
    for args in [&["list", "--dir", "prompts"][..], &["check", "prompts"], &["--help"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let Output { status, stderr, .. } = program().args(args).stdout(writer).output().unwrap();
        assert_eq!((status.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(0), ""), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn hints_say_how_the_program_was_called() {
    use std::os::unix::process::CommandExt;
    let called = |arg0: &str, env: &[(&str, &str)], args: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
        let output = program.arg0(arg0).args(args).env_clear().envs(env.iter().copied()).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let dir = folder(&[("broken.prompt", "{{#if x}}")]);
    let path = name(dir.path());
    let cargo = [("CARGO", "cargo"), ("CARGO_PKG_NAME", "prompt-gallery")];
    for (arg0, env, hint) in [
        ("prompt-gallery", &[][..], "prompt-gallery"),
        ("./bin/prompt-gallery", &[], "./bin/prompt-gallery"),
        ("/my tools/prompt-gallery", &[], "'/my tools/prompt-gallery'"),
        ("target/debug/prompt-gallery", &cargo, "cargo run --"),
        ("prompt-gallery", &cargo, "prompt-gallery"),
    ] {
        let check = format!("`{hint} check --dir {path}` tells all");
        for args in [&["list", "--dir", path][..], &["--dir", path, "render", "broken"]] {
            let said = called(arg0, env, args);
            assert!(said.contains(&check), "{hint}: {said}");
        }
        let help = called(arg0, env, &["list", "--help"]);
        assert!(help.contains(&format!("Usage: {hint} list")), "{hint}: {help}");
        assert!(help.contains(&format!("  {hint} list --json")), "{hint}: {help}");
        fs::remove_file(dir.path().join("new.prompt")).unwrap_or_default();
        let hint = format!("Try it: {hint} render --dir {path} new text=Hello");
        assert!(called(arg0, env, &["new", "new", "--dir", path]).contains(&hint), "{hint}");
    }
}

#[cfg(unix)]
#[test]
fn a_hint_can_be_followed_as_it_stands() {
    // In a folder that has no prompts of its own.
    let here = folder(&[
        ("my prompts/a'b/broken.prompt", "{{#if x}}"),
        ("my prompts/a'b/fine.prompt", "fine"),
        ("-odd/broken.prompt", "{{#if x}}"),
    ]);
    for args in [
        &["list", "--dir", "my prompts/a'b"][..],
        &["--dir", "my prompts/a'b", "render", "broken"],
        &["render", "my prompts/a'b/broken"],
        &["render", "my prompts/a'b/broken.prompt"],
        &["render", "broken.prompt", "--dir", "my prompts/a'b"],
        &["list", "--dir=-odd"],
    ] {
        let Output { stderr, .. } = program().args(args).current_dir(here.path()).output().unwrap();
        let err = String::from_utf8(stderr).unwrap();
        let hint = err.split('`').find(|quoted| quoted.starts_with("prompt-gallery check")).expect(&err);
        let program = env!("CARGO_BIN_EXE_prompt-gallery");
        let line = hint.replacen("prompt-gallery", program, 1);
        let Output { status, stdout, stderr } =
            Command::new("sh").args(["-c", &line]).current_dir(here.path()).env_clear().output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}: {hint}: {said}");
        assert!(said.contains("is opened here"), "{args:?}: {hint}: {said}");
    }
    let Ran { err, .. } = run(&["new", "a.md", "--dir", "my prompts"]);
    assert!(err.contains("`prompt-gallery new --dir 'my prompts' a` writes"), "{err}");
}

// --- completions and help ---

#[cfg(unix)]
/// What bash offers for the last word of a command line, in a folder, of the program at a path.
fn completed(program: &str, words: &[&str], here: &Path) -> Vec<String> {
    let bin = Path::new(env!("CARGO_BIN_EXE_prompt-gallery")).parent().unwrap();
    let ask = r#"source <("$PROGRAM" completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_prompt_gallery prompt-gallery "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = Command::new("bash")
        .args(["-c", ask, "bash", "prompt-gallery"])
        .args(words)
        .env_clear()
        .env("PATH", path)
        .env("PROGRAM", program)
        .current_dir(here)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{words:?}");
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().filter(|word| !word.starts_with("--") && !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn shells_complete_prompts_and_their_arguments() {
    let trip = "---\ninput:\n  schema:\n    city: string\n    pace(enum): [slow, fast]\n---\n{{pace}} {{city}}";
    let here = folder(&[
        ("prompts/team/standup.prompt", "standup"),
        ("prompts/trip.prompt", trip),
        ("prompts/broken.prompt", "{{#if x}}"),
        ("prompts/notes.txt", ""),
        ("other/talk.prompt", TALK),
    ]);
    std::os::unix::fs::symlink("/etc/hostname", here.path().join("prompts/away.prompt")).unwrap();
    for (words, offered) in [
        (&["render", ""][..], &["broken", "team_standup", "trip"][..]),
        (&["render", "t"], &["team_standup", "trip"]),
        (&["render", "x"], &[]),
        (&["render", "prompts/t"], &["prompts/team/", "prompts/trip.prompt"]),
        (&["render", "--dir", "other", ""], &["talk"]),
        (&["--dir", "other", "render", ""], &["talk"]),
        (&["--dir", "no/such", "render", ""], &[]),
        (&["render", "trip", ""], &["city=", "pace="]),
        (&["render", "trip", "city=Oslo", ""], &["pace="]),
        (&["render", "trip", "pace=s"], &["pace=slow"]),
        // As bash divides it.
        (&["render", "trip", "pace", "=", "s"], &["slow"]),
        (&["render", "trip", "pace", ""], &["slow", "fast"]),
        (&["render", "trip", "city=Oslo", "pace", "=", "f"], &["fast"]),
        (&["render", "broken", ""], &[]),
        (&["render", "trip", "city=@prompts/n"], &["city=@prompts/notes.txt"]),
        (&["render", "trip", "city", "=@", "prompts/n"], &["prompts/notes.txt"]),
        (&["check", "prompts/tr"], &["prompts/trip.prompt"]),
        (&["new", "prompts/t"], &["prompts/team/"]),
        (&["check", "--format", ""], &["human", "json", "github"]),
        (&["che"], &["check"]),
    ] {
        assert_eq!(completed("prompt-gallery", words, here.path()), offered, "{words:?}");
    }
    let tools = here.path().join("my tools");
    fs::create_dir(&tools).unwrap();
    let program = tools.join("prompt-gallery");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_prompt-gallery"), &program).unwrap();
    assert_eq!(completed(name(&program), &["render", "trip", ""], here.path()), ["city=", "pace="]);
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("prompt-gallery") && script.contains("PROMPT_GALLERY_COMPLETE"), "{shell}: {script}");
    }
}

#[test]
fn the_help_of_every_command_has_examples() {
    for command in ["serve", "check", "render", "list", "new", "completions"] {
        let help = printed(&[command, "--help"]);
        let examples = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{help}")).1;
        assert!(examples.contains(&format!("prompt-gallery {command} ")), "{help}");
    }
    assert!(printed(&["--help"]).contains("Examples:\n"));
    assert!(printed(&["serve", "--help"]).contains("LOG_FORMAT=json"));
}
