//! Files that come in.

use proptest::prelude::*;
use serde_json::json;

use super::prompt;
use crate::{Imported, InputFile, NewFile, Source, detect, import};
use dotprompt::Named;

/// Anything that a file of another program may have.
const ANY: &str = "([\\\\{}!`$@#~|:\\[\\]()<>='\"\\-\\n\\r \\t]|[a-z0-9éß代🚀]|---\\n|\\{\\{|\\$ARGUMENTS|\\$\\{input:|!`|@@@|name: |prompt = |act,prompt\\n){0,40}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_file_is_read_or_refused(text in ANY, json in ANY) {
        for source in Source::ALL {
            for path in ["a/b.md", "a.prompt.md", "a.toml", "a.csv", "a.json", "a/SKILL.md"] {
                let text = if path == "a.json" { json!([{ "name": text, "prompt": json }]).to_string() } else { text.clone() };
                let files = [InputFile { path: path.to_owned(), bytes: text.into_bytes() }];
                for imported in import(source, &files) {
                    let Ok(NewFile { path, bytes, .. }) = imported.file else { continue };
                    if path.ends_with(".prompt") {
                        prompt(std::str::from_utf8(&bytes).unwrap());
                        prop_assert!(matches!(Named::of(&path), Some(Named::Prompt(_))), "{}", path);
                    }
                }
                let _ = detect(&files, &[]);
            }
        }
    }
}

#[test]
fn langfuse_prompts_come_in() {
    let export = json!([
        {"name": "movies/critic", "type": "text", "version": 2, "labels": ["latest"], "tags": ["movies"], "prompt": "newer", "config": {}},
        {"name": "movies/critic", "type": "text", "version": 1, "labels": ["production"], "tags": ["movies"],
         "prompt": "As a {{ level }} critic: {{#if x}} {{movie}}?\n@@@langfusePrompt:name=tone|label=production@@@\nEnd",
         "config": {"model": "gpt-4o", "temperature": 0.5, "stop": ["a: b", "---"]}},
        {"name": "tone", "type": "text", "version": 1, "labels": ["production"], "tags": [], "prompt": "Be {{tone}}.", "config": null},
        {"name": "chat", "type": "chat", "version": 3, "labels": ["production", "staging"], "tags": [], "config": {},
         "prompt": [{"role": "system", "content": "Be brief about {{topic}}."}, {"type": "placeholder", "name": "history"},
                    {"role": "user", "content": "}odd {"}, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "{{user name}} {{user_name}} @@@langfusePrompt:name=tone|version=2@@@ @@@langfusePrompt:name=tone|version=1@@@"}]},
        {"name": "tools", "type": "chat", "version": 1, "prompt": [{"role": "tool", "content": "x"}]},
    ]);
    let file = InputFile { path: "prompts.json".to_owned(), bytes: export.to_string().into_bytes() };
    assert_eq!(detect(std::slice::from_ref(&file), &[]), Some(Source::Langfuse));
    let imported = import(Source::Langfuse, &[file]);
    insta::assert_snapshot!("langfuse", shown(&imported));
}

#[test]
fn prompts_chat_comes_in() {
    let csv = "act,prompt,for_devs,type,contributor\n\
        Job Interviewer,\"Ask for the ${Position:Software Developer} position. \"\"Hi\"\" {name} {{x}} ${Mother Language}\",FALSE,TEXT,\"f,i\"\n\
        Job interviewer,again ${HOME:-/root} ${Position},TRUE,TEXT,f\n\
        UX/UI Developer,text,TRUE,TEXT,f\n\
        ,,TRUE,TEXT,f\n";
    let file = InputFile { path: "prompts.csv".to_owned(), bytes: csv.as_bytes().to_vec() };
    assert_eq!(detect(std::slice::from_ref(&file), &[]), Some(Source::PromptsChat));
    insta::assert_snapshot!("prompts_chat", shown(&import(Source::PromptsChat, &[file])));
}

#[test]
fn files_of_other_hands_come_in() {
    for (source, path, text) in [
        (
            Source::Claude,
            "gh/fix.md",
            "---\nallowed-tools: Bash(git:*)\nargument-hint: [issue] [priority]\ndescription: Fix: it\n---\n\nFix $0 with \\$1 and $ARGUMENTS[1], !`git status`, @src/a.rs and {{x}}.\n",
        ),
        (Source::Claude, "all.md", "# Title\n\n---\nkey: value\n---\nDo $ARGUMENTS"),
        (Source::Claude, "hint.md", "---\nargument-hint: [message]\n---\nSay $ARGUMENTS"),
        (Source::Claude, "from-1.md", "---\nargument-hint: <issue> [level]\n---\nFix $1 at $2"),
        (Source::Claude, "words.md", "---\nargument-hint: what to do\n---\nDo $ARGUMENTS"),
        (Source::Claude, "named.md", "---\narguments: [a, b-c]\n---\n$a $b-c $d"),
        (
            Source::Opencode,
            "x y.md",
            "---\ndescription: Review\nagent: plan\n---\nReview $1 for $2. !`git diff $1` @README.md",
        ),
        (
            Source::Gemini,
            "git/commit.toml",
            "description=\"d\"\nprompt = '''\nCommit {{args}}: !{git diff {{args}}} @{a/b} \\n'''\nextra = 1\n",
        ),
        (
            Source::VsCode,
            "form.prompt.md",
            "---\nmode: 'agent'\ntools: ['search']\ndescription: 'It''s a form'\n---\nMake ${input:formName:MyForm} in ${workspaceFolder}, see [lib](../lib.ts) #file:a.ts ${input:formName}",
        ),
        (Source::Cursor, "review.md", "# Review\nLook at @Docs and `{{x}}`."),
    ] {
        let files = [InputFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }];
        insta::assert_snapshot!(
            format!("{}_{}", source.word(), path.replace(['/', '.', ' '], "_")),
            shown(&import(source, &files))
        );
    }
}

fn shown(imported: &[Imported]) -> String {
    let file = |Imported { from, file }: &Imported| match file {
        Ok(NewFile { path, bytes, notes }) => {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let notes: String = notes.iter().map(|note| format!("note: {note}\n")).collect();
            prompt(&text);
            format!("== {from} -> {path}\n{notes}{text}")
        }
        Err(why) => format!("== {from}: {why}\n"),
    };
    imported.iter().map(file).collect()
}

#[test]
fn a_skill_that_only_fastmcp_takes_is_made_valid() {
    let file = |path: &str, text: &str| InputFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let files = [
        file("a/SKILL.md", "# What it does\n\nMore."),
        file("a/scripts/run.sh", "echo"),
        file("b/SKILL.md", "---\nname: other\ndescription: Use when: always\nallowed-tools: [Read]\n---\nText"),
        file("b/c/SKILL.md", "---\nname: c\ndescription: d\n---\nText"),
        file("b/c/x.txt", "x"),
        file("Pdf_Tools/SKILL.md", "---\nname: Pdf_Tools\ndescription: d\n---\nText"),
        file("Pdf_Tools/x.bin", "x"),
        file("empty/SKILL.md", ""),
        file("no/notes.md", "no skill"),
    ];
    assert_eq!(detect(&files, &[]), Some(Source::Skills));
    let mut shown = String::new();
    for Imported { from, file } in import(Source::Skills, &files) {
        match file {
            Ok(NewFile { path, bytes, notes }) => {
                let text = String::from_utf8(bytes.clone()).unwrap();
                shown.push_str(&format!("== {from} -> {path} {notes:?}\n{}\n", text.trim_end()));
                assert!(!path.ends_with("SKILL.md") || check::skill::read(&path, &bytes).0.is_some());
            }
            Err(why) => shown.push_str(&format!("== {from}: {why}\n")),
        }
    }
    insta::assert_snapshot!("skills", shown);
}
