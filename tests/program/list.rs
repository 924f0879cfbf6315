//! `list`: the prompts of a gallery, and what is left out of it.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::s3::S3Server;
use crate::{Ran, TALK, folder, name, printed, run, run_with, s3_env};

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
    `prompt-gallery check --dir DIR` shows all problems
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
fn list_names_the_folder_or_the_bucket_in_which_there_is_no_prompt() {
    let dir = folder(&[("notes.md", "x")]);
    let path = name(dir.path());
    let Ran { code, out, err } = run(&["list", "--dir", path]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_snapshot!(err.replace(path, "prompts"), @"
    note: there are no prompts in prompts: prompt files end in .prompt, .hbs or .handlebars
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
