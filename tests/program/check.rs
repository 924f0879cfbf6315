//! `check`: what it finds in a file, and how it tells people, programs and GitHub.

use std::collections::BTreeSet;
use std::fs;

use dotprompt::Code;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{BROKEN, Ran, codes, folder, name, printed, run, run_with};

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
            format!("{level}[{code}] --> {file}:{}:{}", problem["line"], problem["column"])
        })
        .collect();
    let human = run(&["check", BROKEN]).out;
    let heads = human.lines().zip(human.lines().skip(1)).filter_map(|(title, place)| {
        let place = place.trim_start().strip_prefix("--> ")?;
        Some(format!("{}] --> {place}", title.split_once("]: ")?.0))
    });
    assert_eq!(code, Some(1));
    assert_eq!(heads.collect::<Vec<_>>(), told);
    let helper = problems.iter().find(|problem| problem["code"] == "unknown-key").unwrap();
    assert_eq!(
        *helper,
        json!({
            "file": "tests/data/broken/unknown-key.prompt", "line": 3, "column": 1, "width": 10, "level": "warning",
            "code": "unknown-key", "message": "unknown key `descripton`", "hint": "did you mean `description`?"
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
         unknown key `descripton`%0Adid you mean `description`?"
    );
    assert_eq!(out.lines().count(), run(&["check", BROKEN]).out.matches("]: ").count());
    let many = run_with(&["check", BROKEN, "--format", "github"], &[("PAGE_SIZE", "5")], "").out;
    assert!(many.starts_with("::notice title=many-prompts::"), "{many}");
}

#[test]
fn there_is_a_file_for_every_code() {
    let mut found = codes(&["check", BROKEN, "--format", "json"]);
    // Some effects in clients are told only for clients that are named.
    found.extend(codes(&["check", BROKEN, "--format", "json", "--client", "opencode,zed"]));
    found.extend(codes(&["check", "tests/data/broken-skills", "--format", "json"]));
    // These codes belong to a rendering, to a gallery as a whole, or to a store that denies access.
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
    note[many-prompts]: 2 prompts do not fit in one page of 1: only the first page is read in Continue, fast-agent, Gemini CLI, Goose, ollmcp, Qwen Code and Zed
    --> prompts
     = help: raise or unset PAGE_SIZE

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
    assert_eq!(levels(&[]), (Some(0), "note several-messages".to_owned()));
    assert_eq!(levels(&["--client", "goose"]), (Some(0), "note call".to_owned()));
    assert_eq!(levels(&["--client", "vscode"]), (Some(1), "note call, warning several-messages".to_owned()));
    assert_eq!(levels(&["--client", "vscode", "--allow", "several-messages"]), (Some(0), "note call".to_owned()));
    let both = "note call, warning several-arguments, warning several-messages";
    assert_eq!(levels(&["--client", "vscode", "--client", "zed"]), (Some(1), both.to_owned()));
    let out = run(&["check", path, "--client", "vscode"]).out;
    assert!(out.contains("several messages: all become one text in VS Code\n"), "{out}");
    assert!(run(&["check", path, "--format", "github"]).out.starts_with("::notice file="));
    let unknown = run(&["check", path, "--client", "vscode,emacs"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("claude-code, cline"), "{}", unknown.err);
}

#[test]
fn named_clients_tell_how_each_prompt_is_called_and_what_is_lost() {
    let translate = "---\ndescription: A\ninput: {schema: {text: string, to: string, \"tone?(enum)\": [formal, plain], \
                     \"words?(array)\": string}, default: {tone: plain}}\n---\n{{text}} {{to}}{{#ifEquals tone \"formal\"}}!\
                     {{/ifEquals}}{{#if words}}{{#each words}}{{this}}{{/each}}{{/if}}";
    let ask = "---\ndescription: A\ninput: {schema: {question?: string}}\n---\n{{#if question}}{{question}}{{/if}}";
    let dir = folder(&[("translate.prompt", translate), ("team/model.prompt", ask), ("model.prompt", ask)]);
    let path = name(dir.path());
    let told = |clients: &str| {
        let out = run(&["check", path, "--format", "json", "--client", clients]).out;
        let problems: Vec<Value> = serde_json::from_str(&out).unwrap();
        let line = |problem: &Value| {
            let [file, level, code, message] =
                ["file", "level", "code", "message"].map(|key| problem[key].as_str().unwrap().replace(path, "prompts"));
            format!("{file}: {level}[{code}] {message}\n")
        };
        problems.iter().map(line).collect::<String>()
    };
    assert_snapshot!(told("claude-code"), @"
    prompts/model.prompt: note[call] Claude Code: `/mcp__prompt-gallery__model [QUESTION]`: `question` gets only the first word
    prompts/model.prompt: warning[optional-only] no argument is required: no form opens, so each gets one word in Claude Code
    prompts/team/model.prompt: note[call] Claude Code: `/mcp__prompt-gallery__team_model [QUESTION]`: `question` gets only the first word
    prompts/team/model.prompt: warning[optional-only] no argument is required: no form opens, so each gets one word in Claude Code
    prompts/translate.prompt: note[call] Claude Code: `/mcp__prompt-gallery__translate`, then fill in the form; of words typed here, `text`, `to`, `tone` and `words` get one word each, and the rest is lost
    ");
    assert_snapshot!(told("gemini-cli,qwen-code"), @r#"
    prompts/model.prompt: note[call] Gemini CLI: `/prompt-gallery.model --question="QUESTION"`: other text is lost; the model gets the text as a JSON string
    prompts/model.prompt: warning[built-in-name] the prompt has the name of a command, `model`: the built-in command runs, and the prompt is /prompt-gallery.model in Gemini CLI; the built-in command runs, and the prompt cannot be called in Qwen Code
    prompts/model.prompt: warning[optional-only] no argument is required: text after the command is dropped unless it is --name="value" in Gemini CLI
    prompts/team/model.prompt: note[call] Gemini CLI: `/team_model --question="QUESTION"`: other text is lost; the model gets the text as a JSON string
    prompts/team/model.prompt: note[call] Qwen Code: `/team_model [QUESTION]`: `question` gets all text
    prompts/team/model.prompt: warning[optional-only] no argument is required: text after the command is dropped unless it is --name="value" in Gemini CLI
    prompts/translate.prompt: note[call] Gemini CLI: `/translate TEXT TO --tone="TONE" --words="WORDS"`: one word or "quoted words" each, and the rest is lost; the model gets the text as a JSON string
    prompts/translate.prompt: note[call] Qwen Code: `/translate TEXT TO [TONE] [WORDS]`: one word or "quoted words" each, and the rest is lost
    "#);
    assert_snapshot!(told("opencode,kilo"), @r#"
    prompts/model.prompt: note[call] Kilo: `/prompt-gallery:model [QUESTION]`: `question` gets all text
    prompts/model.prompt: note[call] opencode: `/prompt-gallery:model [QUESTION]`: `question` gets all text
    prompts/model.prompt: warning[lost-argument] the template tests `question`: the test is always true in Kilo and opencode
    prompts/team/model.prompt: note[call] Kilo: `/prompt-gallery:team_model [QUESTION]`: `question` gets all text
    prompts/team/model.prompt: note[call] opencode: `/prompt-gallery:team_model [QUESTION]`: `question` gets all text
    prompts/team/model.prompt: warning[lost-argument] the template tests `question`: the test is always true in Kilo and opencode
    prompts/translate.prompt: note[call] Kilo: `/prompt-gallery:translate TEXT TO [TONE] [WORDS]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `words`; types and choices are not checked
    prompts/translate.prompt: note[call] opencode: `/prompt-gallery:translate TEXT TO [TONE] [WORDS]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `words`; types and choices are not checked
    prompts/translate.prompt: warning[lost-argument] there is a default for `tone`: empty text replaces it if the argument is left out in Kilo and opencode
    prompts/translate.prompt: warning[typed-argument] the template compares `tone`: no value is equal in Kilo and opencode
    prompts/translate.prompt: warning[typed-argument] the template expects a list in `words`: all that is typed becomes one item in Kilo and opencode
    "#);
    assert_snapshot!(told("codex,cline"), @"
    prompts: note[call] Codex: no prompts; its model calls the tools search_prompts and get_prompt
    prompts/model.prompt: note[call] Cline: `/mcp:prompt-gallery:model`
    prompts/model.prompt: warning[lost-argument] the prompt has arguments: none is sent, so required ones are missing in Cline
    prompts/team/model.prompt: note[call] Cline: `/mcp:prompt-gallery:team_model`
    prompts/team/model.prompt: warning[lost-argument] the prompt has arguments: none is sent, so required ones are missing in Cline
    prompts/translate.prompt: note[call] Cline: `/mcp:prompt-gallery:translate`
    prompts/translate.prompt: warning[lost-argument] the prompt has arguments: none is sent, so required ones are missing in Cline
    ");
    let one = run(&["check", &format!("{path}/model.prompt"), "--client", "gemini-cli,zed"]).out;
    assert_snapshot!(one.replace(path, "prompts"), @r#"
    note[call]: Gemini CLI: `/prompt-gallery.model --question="QUESTION"`: other text is lost; the model gets the text as a JSON string
    --> prompts/model.prompt:1:1
     = note: Zed: `/model [QUESTION]`: `question` gets all text

    warning[built-in-name]: the prompt has the name of a command, `model`: the built-in command runs, and the prompt is /prompt-gallery.model in Gemini CLI
    --> prompts/model.prompt:1:1
     = help: rename the file

    warning[optional-only]: no argument is required: text after the command is dropped unless it is --name="value" in Gemini CLI
     --> prompts/model.prompt:3:18
      |
    3 | input: {schema: {question?: string}}
      |                  ^^^^^^^^
      |
      = help: make the most important one required

    1 file, 2 warnings, 2 notes
    "#);
}

#[test]
fn check_says_which_arguments_it_inferred() {
    let dir = folder(&[("a.hbs", "{{message}} {{#if tone}}{{tone}}{{/if}} {{code}}"), ("b.hbs", "No variables.")]);
    let out = run(&["check", name(dir.path()), "--allow", "no-description", "--allow", "several-arguments"]).out;
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @"
    note[inferred-arguments]: arguments: message, code, tone?
    --> prompts/a.hbs:1:1
     = help: these are the template's variables; `?` marks optional ones

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
    wrong.prompt:6:1: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
    wrong.prompt:6:11: `@first` is empty here: no {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
    wrong.prompt:6:55: `@key` is empty here: no {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
    wrong.prompt:7:16: `@../index` is empty here: no outer {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
    wrong.prompt:7:43: `@../../last` is empty here: no outer {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
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
    wrong.prompt:10:30: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
    wrong.prompt:11:17: `@index` is empty here: no {{#each}} is around (@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up)
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
    note[renamed]: clients know this prompt as `a-b`: a name with other characters cannot be typed in Cline and Zed; each becomes _ in Kilo, opencode and VS Code
    --> prompts/a b.prompt:1:1
     = help: use only letters A to Z, digits, _ and - in the path

    note[renamed]: clients know this prompt as `long-long-long-long-long-long-long-long-long-long-long-lo-feeb2e`: a name has at most 64 characters
    --> prompts/long-long-long-long-long-long-long-long-long-long-long-long-long-long-.prompt:1:1
     = help: shorten the path

    note[renamed]: clients know this prompt as `v1-2_x`: a dot becomes _ in Kilo and opencode; the part before a dot is taken for the server's name in Zed
    --> prompts/v1.2/x.prompt:1:1
     = help: write - instead of a dot; only the first dot of a file name starts a variant

    4 files, 3 notes
    ");
}

#[test]
fn check_says_which_prompts_do_not_arrive_where_placeholders_are_values() {
    let declared =
        |schema: &str, rest: &str| format!("---\ndescription: A\ninput: {{schema: {{{schema}}}}}\n---\n{rest}");
    let dir = folder(&[
        ("photo.prompt", &declared("photo: string", "Look: {{media url=photo}}")),
        ("photos.prompt", &declared("photos(array): string", "{{#each photos}}{{media url=this}}{{/each}}")),
        ("choice.prompt", &declared("'photo(enum)': [logo.png]", "{{> show url=photo}}")),
        ("role.prompt", &declared("who: string", "{{role who}}Hello.")),
        ("other.prompt", &declared("photo?: string", "{{#unless photo}}{{media url=photo}}{{/unless}}")),
        ("own.prompt", &declared("text: string", "{{text}}{{media url=\"logo.png\"}}")),
        ("_show.prompt", "{{media url=url}}"),
        ("logo.png", "x"),
    ]);
    let path = name(dir.path());
    let told = |clients: &[&str]| {
        let all =
            [&["check", path, "--format", "github", "--allow", "call", "--allow", "optional-only"], clients].concat();
        run(&all).out.replace(path, "prompts")
    };
    assert_snapshot!(told(&["--client", "opencode,kilo"]), @"
    ::warning file=prompts/choice.prompt,line=1,col=1,title=lost-argument::the prompt fails for the values `$1`, `$2` … (a caller cannot choose the file `$1`): the typed words are sent instead of the prompt, without an error in Kilo and opencode
    ::warning file=prompts/other.prompt,line=3,col=18,title=lost-argument::the template tests `photo`: the test is always true in Kilo and opencode
    ::warning file=prompts/other.prompt,line=5,col=18,title=not-text::the prompt shows a picture, a link or a file, depending on the arguments: it is dropped in Kilo and opencode
    ::warning file=prompts/own.prompt,line=5,col=9,title=several-messages::the prompt has several messages: all become one text in Kilo and opencode
    ::warning file=prompts/own.prompt,line=5,col=9,title=not-text::the prompt shows a picture: it is dropped in Kilo and opencode
    ::warning file=prompts/photo.prompt,line=5,col=7,title=lost-argument::the prompt fails for the values `$1`, `$2` … (a caller cannot choose the file `$1`): the typed words are sent instead of the prompt, without an error in Kilo and opencode
    ::warning file=prompts/photo.prompt,line=5,col=7,title=several-messages::the prompt has several messages: all become one text in Kilo and opencode
    ::warning file=prompts/photos.prompt,line=3,col=18,title=typed-argument::the template expects a list in `photos`: all that is typed becomes one item in Kilo and opencode
    ::warning file=prompts/photos.prompt,line=5,col=17,title=lost-argument::the prompt fails for the values `$1`, `$2` … (a caller cannot choose the file `$1`): the typed words are sent instead of the prompt, without an error in Kilo and opencode
    ::warning file=prompts/photos.prompt,line=5,col=17,title=several-messages::the prompt may have several messages: all become one text in Kilo and opencode
    ::warning file=prompts/role.prompt,line=5,col=1,title=lost-argument::the prompt fails for the values `$1`, `$2` … (the value is not a role: there are user, model and system): the typed words are sent instead of the prompt, without an error in Kilo and opencode
    ");
    assert_snapshot!(told(&["--client", "continue", "--allow", "lost-argument"]), @"
    ::warning file=prompts/choice.prompt,line=5,col=1,title=not-text::the prompt shows a picture, a link or a file, depending on the arguments: it is dropped in Continue
    ::warning file=prompts/other.prompt,line=5,col=18,title=not-text::the prompt shows a picture, a link or a file, depending on the arguments: it is dropped in Continue
    ::warning file=prompts/own.prompt,line=5,col=9,title=several-messages::the prompt has several messages: all become one text in Continue
    ::warning file=prompts/own.prompt,line=5,col=9,title=not-text::the prompt shows a picture: it is dropped in Continue
    ::warning file=prompts/photo.prompt,line=5,col=7,title=several-messages::the prompt has several messages: all become one text in Continue
    ::warning file=prompts/photo.prompt,line=5,col=7,title=not-text::the prompt shows a picture, a link or a file, depending on the arguments: it is dropped in Continue
    ::warning file=prompts/photos.prompt,line=5,col=17,title=several-messages::the prompt may have several messages: all become one text in Continue
    ::warning file=prompts/photos.prompt,line=5,col=17,title=not-text::the prompt shows a picture, a link or a file, depending on the arguments: it is dropped in Continue
    ");
}

#[test]
fn check_says_which_names_a_tool_cannot_have() {
    let tool = |argument: &str| {
        format!("---\ndescription: A\ntool: true\ninput:\n  schema:\n    {argument}: string\n---\n{{{{[{argument}]}}}}")
    };
    let long = format!("{}.prompt", "long-".repeat(9));
    let dir = folder(&[
        (&long, &tool("a")),
        ("3d.prompt", &tool("a")),
        ("a.prompt", &tool("größe")),
        ("b.prompt", "---\ndescription: B\ntool: true\n---\n{{名前}}"),
        ("docs/adr.prompt", &tool("a")),
        ("plain.prompt", &tool("größe").replace("tool: true", "title: T")),
    ]);
    let out = run(&["check", name(dir.path()), "--allow", "inferred-arguments"]).out;
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @"
    error[tool-name]: the name of a tool begins with a letter or _, and this one is `3d`: this prompt is not offered as a tool
     --> prompts/3d.prompt:3:1
      |
    3 | tool: true
      | ^^^^
      |
      = help: rename the file, or leave `tool` out

    error[tool-name]: the argument of a tool cannot have the name `größe`: use at most 64 of A-Z, a-z, 0-9, _ and -; this prompt is not offered as a tool
     --> prompts/a.prompt:6:5
      |
    6 |     größe: string
      |     ^^^^^
      |
      = help: rename the argument, or leave `tool` out

    error[tool-name]: the argument of a tool cannot have the name `名前`: use at most 64 of A-Z, a-z, 0-9, _ and -; this prompt is not offered as a tool
     --> prompts/b.prompt:5:1
      |
    5 | {{名前}}
      | ^^^^^^^^
      |
      = help: rename the argument, or leave `tool` out

    error[tool-name]: the name of a tool has at most 43 characters, because clients put up to 21 before it, and `long-long-long-long-long-long-long-long-long-` has 45: this prompt is not offered as a tool
     --> prompts/long-long-long-long-long-long-long-long-long-.prompt:3:1
      |
    3 | tool: true
      | ^^^^
      |
      = help: rename the file, or leave `tool` out

    6 files, 4 errors
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
    let all = check(&[]);
    assert_snapshot!(all, @r#"
    note[shell-command]: !`…` in the text: the user's shell runs it in Kilo and opencode, and it is plain text in Claude Code
     --> prompts/claude.prompt:1:5
      |
    1 | See !`git status` and @src/main.rs.
      |     ^^^^^^^^^^^^^
      |
      = help: prompts run no commands: pass the output as an argument, {{name}}; to keep the text, put a space between ! and `

    warning[foreign-template]: `@src/main.rs` in the text looks like a file reference: the user's file is sent along in Kilo and opencode, and it is plain text in Claude Code and Gemini CLI
     --> prompts/claude.prompt:1:23
      |
    1 | See !`git status` and @src/main.rs.
      |                       ^^^^^^^^^^^^
      |
      = help: prompts read no local files: pass the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; text in backticks is treated as an example

    warning[foreign-template]: `!{git log ` looks like a shell command of Gemini CLI, and is plain text here
     --> prompts/gemini.prompt:1:7
      |
    1 | Look: !{git log {{range}} } and @{docs/style.md}.
      |       ^^^^^^^^^^
      |
      = help: prompts run no commands: pass the output as an argument, {{name}}; text in backticks is treated as an example

    warning[foreign-template]: `@{docs/style.md}` looks like a file reference of Gemini CLI, and is plain text here
     --> prompts/gemini.prompt:1:33
      |
    1 | Look: !{git log {{range}} } and @{docs/style.md}.
      |                                 ^^^^^^^^^^^^^^^^
      |
      = help: prompts read no local files: pass the text as an argument, {{name}}; {{media url="…"}} shows a file of the gallery; text in backticks is treated as an example

    2 files, 3 warnings, 1 note
    "#);
    // Only what opencode runs and reads differs for a client.
    let for_claude_code = check(&["--client", "claude-code", "--allow", "call"]);
    let of_gemini = |text: &str| text.split_once("warning[foreign-template]: `!{").map(|(_, others)| others.to_owned());
    assert_eq!(of_gemini(&for_claude_code), of_gemini(&all));
    let notes: Vec<&str> = for_claude_code.lines().filter(|line| line.contains("]: ")).take(2).collect();
    assert_snapshot!(notes.join("\n"), @"
    note[foreign-text]: !`…` looks like a shell command of Claude Code, and is plain text here
    warning[foreign-template]: `@src/main.rs` looks like a file reference of Claude Code, Gemini CLI or opencode, and is plain text here
    ");
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
fn what_clients_do_with_many_files_is_told_once_to_people_and_each_time_to_programs() {
    let check = |more: &[&str]| {
        printed(&[&["check", "--client", "zed", "--allow", "call", "--allow", "inferred-arguments"], more].concat())
    };
    let human = check(&[]);
    let told = |text: &str| text.matches("several-arguments").count();
    assert!(told(&human) == 1 && human.matches("--> ").count() < 6, "{human}");
    let json = check(&["--format", "json"]);
    assert!(told(&json) > 3, "{json}");
    assert!(human.contains(&format!("also in {} more files: ", told(&json) - 1)), "{human}");
    assert_eq!(told(&check(&["--format", "github"])), told(&json));
    let warnings = serde_json::from_str::<Value>(&json).unwrap().as_array().unwrap().len();
    assert!(human.ends_with(&format!(" files, {warnings} warnings\n")), "{human}");
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
fn check_says_when_it_does_not_say_all() {
    let dir = folder(&[
        ("many.prompt", &"{{iff a}}\n".repeat(4000)),
        ("wide.prompt", &(0..201).map(|n| format!("{{{{a{n}}}}}")).collect::<String>()),
    ]);
    let Ran { code, out, .. } = run(&["check", "--format", "json", "--dir", name(dir.path())]);
    assert_eq!(code, Some(1));
    let more = "this file has more problems: only the first 100 are shown";
    assert_eq!(out.matches(more).count(), 1, "{out}");
    assert!(out.contains("the template uses 201 variables; a prompt has at most 200 arguments"), "{out}");
}
