use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use dotprompt::{Level, Partial, Place, Prompt, PromptFile};

/// The front matter, and the problems: level, code, place, message.
fn said(key: &str, source: &str) -> (Option<Value>, String) {
    let (front_matter, problems) = read(key, source.as_bytes());
    assert_eq!(front_matter.is_some(), dotprompt::is_usable(&problems), "{source}");
    let mut told = String::new();
    for Problem { code, place: Place { line, column }, message, .. } in problems {
        let level = if code.level() == Level::Error { "error" } else { "warning" };
        writeln!(told, "{level}[{}] {line}:{column} {message}", code.as_str()).unwrap();
    }
    (front_matter.map(Value::Object), told)
}

/// The problems of a skill `x` with this front matter.
fn problems(yaml: &str) -> String {
    said("x/SKILL.md", &format!("---\n{yaml}\n---\nDo it.")).1
}

#[test]
fn a_skill_has_its_front_matter_as_it_is_written() {
    let source = "---\nname: refunds\ndescription: \"Pay: money back\"\nlicense: MIT\nmetadata:\n  version: \"1.0\"\nx-own: [1, ~]\n\
                  allowed-tools: Bash(git:*) Read\ncompatibility: any\n---\n\nText\n---\nmore\n";
    let (front_matter, problems) = said("team/refunds/SKILL.md", source);
    let expected = json!({ "name": "refunds", "description": "Pay: money back", "license": "MIT",
        "metadata": { "version": "1.0" }, "x-own": [1, null], "allowed-tools": "Bash(git:*) Read", "compatibility": "any" });
    assert_eq!((front_matter, problems.as_str()), (Some(expected), ""));
    let keys = read("team/refunds/SKILL.md", source.as_bytes()).0.unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys, ["name", "description", "license", "metadata", "x-own", "allowed-tools", "compatibility"]);
}

#[test]
fn a_skill_begins_with_its_front_matter() {
    for source in [
        "",
        "Text",
        "\n---\nname: x\ndescription: d\n---\nt",
        "# c\n---\nname: x\ndescription: d\n---\nt",
        "--- x\n---\n",
    ] {
        assert_eq!(
            said("x/SKILL.md", source).1,
            "error[skill] 1:1 a skill begins with a line of `---` and its front matter\n",
            "{source:?}"
        );
    }
    let marked = said("x/SKILL.md", "\u{feff}---\nname: x\ndescription: d\n---\nt").1;
    assert_eq!(marked, "error[skill] 1:1 a skill begins with a line of `---`, without a byte order mark before it\n");
    let open = said("x/SKILL.md", "---\nname: x\n").1;
    assert_eq!(open, "error[front-matter] 1:1 front matter begins here and no line of --- ends it\n");
}

#[test]
fn a_name_is_that_of_its_folder() {
    let long = "x".repeat(65);
    for (name, rule) in [
        ("Refunds", "use a-z, 0-9 and single hyphens"),
        ("re_funds", "use a-z, 0-9 and single hyphens"),
        ("größe", "use a-z, 0-9 and single hyphens"),
        ("a b", "use a-z, 0-9 and single hyphens"),
        ("-a", "a hyphen stands alone and between other characters"),
        ("a-", "a hyphen stands alone and between other characters"),
        ("a--b", "a hyphen stands alone and between other characters"),
        (&long, "it has 65 characters; 1 to 64 are allowed"),
    ] {
        let told = said(&format!("{name}/SKILL.md"), &format!("---\nname: {name}\ndescription: d\n---\nt")).1;
        assert!(
            told.ends_with(&format!("`: {rule}\n")) && told.starts_with("error[skill] 2:7 invalid name `"),
            "{told}"
        );
        assert!(!is_skill_name(name));
    }
    for name in ["a", "a-b-c", "0", "7z", &"x".repeat(64)] {
        assert!(is_skill_name(name), "{name}");
        let source = format!("---\nname: \"{name}\"\ndescription: d\n---\nt");
        assert_eq!(said(&format!("team/{name}/SKILL.md"), &source).1, "");
    }
    let other = said("team/refund/SKILL.md", "---\nname: refunds\ndescription: d\n---\nt").1;
    assert_eq!(other, "error[skill] 2:7 the name is `refunds` and the folder `refund`: they must be the same\n");
}

#[test]
fn wrong_fields_are_errors() {
    for (yaml, expected) in [
        ("name: x", "error[skill] 1:1 a skill needs `description`: what it does and when to use it\n"),
        ("description: d", "error[skill] 1:1 a skill needs `name`: the name of its folder\n"),
        ("name: 12\ndescription: d", "error[skill] 2:7 `name` must be text, not a number\n"),
        ("name:\ndescription: d", "error[skill] 2:5 `name` must be text, not nothing\n"),
        ("name: \"\"\ndescription: d", "error[skill] 2:7 invalid name ``: it has 0 characters; 1 to 64 are allowed\n"),
        ("name: x\ndescription: [d]", "error[skill] 3:14 `description` must be text, not a list\n"),
        (
            "name: x\ndescription: \" \\n\"",
            "error[skill] 3:14 `description` is empty: say what the skill does and when\n",
        ),
        ("name: x\ndescription: d\nlicense: {a: b}", "error[skill] 4:10 `license` must be text, not a map\n"),
        (
            "name: x\ndescription: d\ncompatibility: true",
            "error[skill] 4:16 `compatibility` must be text, not true or false\n",
        ),
        ("name: x\ndescription: d\nmetadata: [a]", "error[skill] 4:11 `metadata` must be a map of texts, not a list\n"),
        ("name: x\ndescription: d\nmetadata:", "error[skill] 4:9 `metadata` must be a map of texts, not nothing\n"),
        ("- name", "error[front-matter] 2:1 front matter must be a map such as `name: …`, not a list\n"),
    ] {
        assert_eq!(problems(yaml), expected, "{yaml}");
    }
    assert_eq!(problems(&format!("name: x\ndescription: {}", "ä".repeat(1_024))), "");
    let long = problems(&format!("name: x\ndescription: {}", "ä".repeat(1_025)));
    assert_eq!(long, "error[skill] 3:14 `description` has 1025 characters: at most 1024 are allowed\n");
    assert_eq!(problems(&format!("name: x\ndescription: d\ncompatibility: {}", "ä".repeat(500))), "");
    let long = problems(&format!("name: x\ndescription: d\ncompatibility: {}", "ä".repeat(501)));
    assert_eq!(long, "error[skill] 4:16 `compatibility` has 501 characters: at most 500 are allowed\n");
    assert!(problems("name: x\ndescription: a: b").starts_with("error[yaml] 3:15 front matter: "));
}

#[test]
fn doubtful_fields_are_warnings() {
    let all = problems(
        "name: x\ndescription: d\nmetadata:\n  version: 1.0\n  owner: {a: b}\n  since: 2026-01-02\nallowed-tools: [Read]\n\
         licence: MIT\nmodel: opus\nactive: yes\non: a\n\"off\": a\nhooks:\n  1: [a]",
    );
    insta::assert_snapshot!(all, @"
    warning[skill-field] 5:12 `metadata.version` must be text, not a number
    warning[skill-field] 6:10 `metadata.owner` must be text, not a map
    warning[portability] 7:10 clients may read `2026-01-02` as another value than text, and not load the skill
    warning[skill-field] 8:16 `allowed-tools` must be text, with blanks between the tools, not a list
    warning[unknown-key] 9:1 unknown field `licence`
    warning[portability] 11:9 clients may read `yes` as another value than text, and not load the skill
    warning[portability] 12:1 clients may read the key `on` as another value than text, and not load the skill
    warning[portability] 15:3 clients may read the key `1` as another value than text, and not load the skill
    ");
    let empty = said("x/SKILL.md", "---\nname: x\ndescription: d\n---\n \n");
    assert_eq!(empty.1, "warning[empty] 1:1 the skill has no instructions\n");
    assert!(empty.0.is_some());
}

#[test]
fn skills_are_found_in_a_listing() {
    let keys = [
        "README.md",
        "SKILL.md",
        "a//b/SKILL.md",
        "a/../b/SKILL.md",
        ".hidden/SKILL.md",
        "#x#/SKILL.md",
        "both/SKILL.md",
        "both/skill.md",
        "lower/skill.md",
        "old.bak/SKILL.md",
        "plain/README.md",
        "refunds/",
        "refunds/SKILL.md",
        "refunds/SKILL.md~",
        "refunds/inner/SKILL.md",
        "refunds/references/",
        "team/x y/Skill.MD",
    ];
    let found = find(keys.into_iter());
    assert_eq!(found.paths, ["both", "refunds", "refunds/inner"]);
    let told: Vec<_> = found.problems.iter().map(|problem| format!("{} {problem}", problem.code.as_str())).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    skill SKILL.md, line 1, column 1: a skill needs a folder of its own: move this file to NAME/SKILL.md
    skill a//b/SKILL.md, line 1, column 1: a skill cannot be at `a//b`: a part of the path is empty
    not-a-skill lower/skill.md, line 1, column 1: the file is not a skill: its name must be SKILL.md
    not-a-skill team/x y/Skill.MD, line 1, column 1: the file is not a skill: its name must be SKILL.md
    ");
    let mut sorted = keys;
    sorted.sort_unstable();
    let files = |path| files_of(path, &sorted, |key| key).copied().collect::<Vec<_>>();
    assert_eq!(files("refunds"), ["refunds/SKILL.md", "refunds/inner/SKILL.md"]);
    assert_eq!(files("refunds/inner"), ["refunds/inner/SKILL.md"]);
    assert_eq!(files("refund"), [""; 0]);
}

#[test]
fn a_skill_has_few_and_small_files_with_addresses() {
    let files = |count: usize, size: u64| limits(std::iter::repeat_n(("a.md", size), count));
    assert_eq!(files(512, 1), None);
    assert_eq!(files(513, 1).as_deref(), Some("the skill has 513 files: at most 512 are allowed"));
    assert_eq!(files(2, 8_388_608), None);
    assert_eq!(
        files(1, 16_777_217).as_deref(),
        Some("the files of the skill have 16777217 bytes: at most 16777216 are allowed")
    );
    assert_eq!(files(3, u64::MAX).as_deref().map(|why| why.ends_with("at most 16777216 are allowed")), Some(true));
    for (path, part) in [("a//b", "empty"), ("./a", "`.`"), ("a/../b", "`..`")] {
        let why = limits([("SKILL.md", 1), (path, 1)].into_iter()).unwrap();
        assert_eq!(why, format!("the file `{path}` cannot have an address: a part of the path is {part}"), "{path}");
    }
}

/// The skill of a prompt, or the error.
fn generated(key: &str, source: &str, partials: &[(&str, &str)]) -> Result<Generated, String> {
    let file = PromptFile::parse(key, source.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{source}"));
    let partial =
        |(name, text): &(&str, &str)| ((*name).to_owned(), Arc::new(Partial::parse("_p", text.as_bytes()).unwrap()));
    let partials: HashMap<_, _> = partials.iter().map(partial).collect();
    let prompt = Prompt::link(Arc::new(file), partials).unwrap_or_else(|e| panic!("{e}\n{source}"));
    let name = dotprompt::prompt_name(key).unwrap();
    let generated = of_prompt(key, &name, &prompt).map_err(|problem| {
        assert_eq!(problem.code, Code::Skill);
        problem.to_string()
    })?;
    let (read, problems) = read(&format!("{}/SKILL.md", generated.path), generated.text.as_bytes());
    assert_eq!(read.as_ref(), Some(&generated.frontmatter), "{}", generated.text);
    assert_eq!(problems, [], "{}", generated.text);
    Ok(generated)
}

#[test]
fn a_prompt_without_required_arguments_is_rendered() {
    let source = "---\nskill: true\ndescription: Reviews a change\nlicense: MIT\nmetadata: {version: 1.10, on: yes}\n\
                  input:\n  schema:\n    language?: string, the language\n  default:\n    language: Rust\n---\n\
                  {{role \"system\"}}Be kind.\n{{role \"user\"}}Review {{language}}.\n---\nEnd{{> p}}\n";
    let skill = generated("team/review.prompt", source, &[("p", "!")]).unwrap();
    assert_eq!(skill.path, "team/review");
    insta::assert_snapshot!(skill.text, @r#"
    ---
    name: "review"
    description: "Reviews a change"
    license: "MIT"
    metadata:
      "version": "1.10"
      "on": "yes"
    ---

    Be kind.

    Review Rust.
    ---
    End!
    "#);
}

#[test]
fn a_prompt_with_required_arguments_says_how_to_get_it() {
    let source = "---\nskill: true\ndescription: Reviews a change\ninput:\n  schema:\n    language?(enum, the language): [Rust, Go]\n    \
                  code: \"string, the code:\\nall of it\"\n    depth?: integer\n    (*): string\n  default: {language: Go}\n---\nReview {{language}} {{code}}";
    let skill = generated("team/review.prompt", source, &[]).unwrap();
    insta::assert_snapshot!(skill.text, @r#"
    ---
    name: "review"
    description: "Reviews a change"
    ---

    The instructions of this skill depend on arguments. Get them from the server that this skill comes from:

    1. Find the values of the arguments below in the conversation. Ask the user for each required one that is missing; do not guess.
    2. Call the tool `get_prompt` of that server with the name `team_review` and with the values in `arguments`. Leave out optional arguments without a value.
    3. Follow the text that the tool returns, as if the user had written it.

    ## Arguments

    - `code` (required): the code: all of it
    - `language` (optional): the language (one of Rust, Go; default Go)
    - `depth` (optional): (a whole number)
    - Other arguments are allowed too.
    "#);
}

#[test]
fn front_matter_with_any_text_reads_back() {
    for text in [
        "a \"quote\" and 'another' \\ back",
        "key: value # no comment",
        "line\nline\n\n  line\ttab",
        "--- text --- text ---",
        "2026-01-02",
        "012",
        "yes",
        "null",
        "~",
        "&anchor *alias !tag %x @y `z`",
        "grüße 日本語 🎉",
        "{{x}} ${y} [a] {b} | >",
        "a\u{85}b\u{2028}c\u{2029}d\u{feff}e\u{7f}f\u{9b}g\u{fffe}h\r\ni\u{1}",
    ] {
        let description = serde_json::to_string(text).unwrap();
        // JSON is YAML, except for a few characters that must be escaped.
        let description: String = description
            .chars()
            .map(|c| match c {
                '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' => {
                    format!("\\u{:04x}", u32::from(c))
                }
                c => c.to_string(),
            })
            .collect();
        let source = format!(
            "---\nskill: true\ndescription: {description}\nmetadata: {{{description}: {description}}}\n---\nText"
        );
        let skill = generated("x.prompt", &source, &[]).unwrap();
        assert_eq!(skill.frontmatter["description"], text.trim(), "{}", skill.text);
        assert_eq!(skill.frontmatter["metadata"][text], text, "{}", skill.text);
        // For readers that split the file at every `---`.
        assert_eq!(skill.text.matches("---").count(), 2, "{}", skill.text);
    }
}

#[test]
fn a_prompt_that_cannot_be_a_skill_says_why() {
    let long = "d".repeat(1_025);
    let mut told = String::new();
    for (key, source, partial) in [
        ("x.prompt", "---\nskill: true\n---\nText", ""),
        ("x.prompt", "---\ntitle: T\nskill: true\ndescription: \" \"\n---\nText", ""),
        ("x.prompt", &format!("---\nskill: true\ndescription: {long}\n---\nText"), ""),
        ("Review.prompt", "---\nskill: true\ndescription: d\n---\nText", ""),
        ("a_b.prompt", "---\nskill: true\ndescription: d\n---\nText", ""),
        ("review.strict.prompt", "---\nskill: true\ndescription: d\n---\nText", ""),
        ("größe.prompt", "---\nskill: true\ndescription: d\n---\nText", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\nmetadata: text\n---\nText", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{@auth.email}}", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{> p}}", "{{#if @auth}}a{{/if}}"),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\nA{{role \"model\"}}B{{role \"user\"}}C", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{role \"model\"}}B", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{code}}{{role \"model\"}}B", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\nA {{media url=\"https://example.com/a.png\"}}", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{code}} {{media url=\"https://example.com/a.png\"}}", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\n---\n{{#if code}}A{{/if}}", ""),
        ("x.prompt", "---\nskill: true\ndescription: d\ninput:\n  default: {r: boss}\n---\nA {{role r}}", ""),
    ] {
        let partials: &[_] = if partial.is_empty() { &[] } else { &[("p", partial)] };
        writeln!(told, "{}", generated(key, source, partials).unwrap_err()).unwrap();
    }
    insta::assert_snapshot!(told, @"
    x.prompt, line 2, column 1: a skill needs a `description`; this prompt is not offered as a skill
    x.prompt, line 3, column 1: a skill needs a `description`; this prompt is not offered as a skill
    x.prompt, line 2, column 1: `description` has 1025 characters: at most 1024 are allowed; this prompt is not offered as a skill
    Review.prompt, line 2, column 1: a skill cannot have the name `Review`: use a-z, 0-9 and single hyphens; this prompt is not offered as a skill
    a_b.prompt, line 2, column 1: a skill cannot have the name `a_b`: use a-z, 0-9 and single hyphens; this prompt is not offered as a skill
    review.strict.prompt, line 2, column 1: a skill cannot have the name `review.strict`: use a-z, 0-9 and single hyphens; this prompt is not offered as a skill
    größe.prompt, line 2, column 1: a skill cannot have the name `größe`: use a-z, 0-9 and single hyphens; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the `metadata` of a skill must be a map; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt reads `@auth`, and a skill is the same for every caller; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt reads `@auth`, and a skill is the same for every caller; this prompt is not offered as a skill
    x.prompt, line 2, column 1: a skill is one text of the user, and the prompt has other messages; this prompt is not offered as a skill
    x.prompt, line 2, column 1: a skill is one text of the user, and the prompt has other messages; this prompt is not offered as a skill
    x.prompt, line 2, column 1: a skill is one text of the user, and the prompt has other messages; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt shows a picture or a file, and a skill is text; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt shows a picture or a file, and a skill is text; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt is empty without arguments; this prompt is not offered as a skill
    x.prompt, line 2, column 1: the prompt cannot be rendered without arguments: x.prompt, line 7, column 3: the value is not a role: there are user, model and system; this prompt is not offered as a skill
    ");
}

#[test]
fn two_skills_cannot_have_one_path() {
    let place = Place { line: 2, column: 1 };
    let generated = [
        ("a.hbs", place, "a"),
        ("a.prompt", place, "a"),
        ("a/inner.prompt", place, "a/inner"),
        ("a-b.prompt", place, "a-b"),
        ("c.prompt", place, "c"),
        ("outer.prompt", place, "outer"),
        ("outer/x.prompt", place, "outer/x"),
        ("team/b.prompt", place, "team/b"),
        ("team/b/inner.prompt", place, "team/b/inner"),
    ];
    let told: Vec<_> = taken(&generated, &["outer/y", "team/b"]).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    a.hbs, line 2, column 1: a.prompt is the skill a already; this prompt is not offered as a skill
    a/inner.prompt, line 2, column 1: the skill a is around it, and has no file of it; this prompt is not offered as a skill
    outer.prompt, line 2, column 1: the skill outer/y is inside of it, and the prompt has no file of it; this prompt is not offered as a skill
    team/b.prompt, line 2, column 1: the folder team/b/ is a skill already; this prompt is not offered as a skill
    team/b/inner.prompt, line 2, column 1: the skill team/b is around it, and has no file of it; this prompt is not offered as a skill
    ");
}

#[test]
fn a_name_that_two_skills_have_is_a_warning() {
    let file = |path: &str| crate::File {
        key: format!("{path}/SKILL.md"),
        size: 1,
        source: crate::Source::Read(b"---\nname: plan\ndescription: d\n---\nPlan.".as_slice().into()),
    };
    let told: Vec<_> = check(&[file("a/plan"), file("b/plan")]).iter().map(ToString::to_string).collect();
    let expected = "b/plan/SKILL.md, line 1, column 1: a/plan/SKILL.md has the name `plan` too: a client that installs skills has one of them";
    assert_eq!(told, [expected]);
}
