//! Skills: `check` of folders and buckets, `list --skills` and `new --skill`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::s3::{Fault, S3Server};
use crate::{Ran, folder, name, printed, program, run, run_with, s3_env};

const BROKEN: &str = "tests/data/broken-skills";
const PROMPT: &str = "---\ndescription: A prompt\n---\nText";

/// The `SKILL.md` of a skill without problems.
fn skill(name: &str) -> String {
    format!("---\nname: {name}\ndescription: About {name}.\n---\nDo it.\n")
}

/// Runs the program in a folder.
fn run_in(dir: &Path, args: &[&str]) -> Ran {
    run_in_with(dir, args, &[])
}

fn run_in_with(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let output = program().args(args).envs(env.iter().copied()).current_dir(dir).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn check_shows_what_is_wrong_with_skills() {
    let Ran { code, out, err } = run_with(&["check", BROKEN], &[("SKILLS_DIR", BROKEN)], "");
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert_snapshot!("check_skills", out);
}

#[test]
fn check_tells_programs_and_github_of_skills() {
    let path = format!("{BROKEN}/misnamed");
    let Ran { code, out, .. } = run(&["check", &path, "--format", "json"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!([{
            "file": "tests/data/broken-skills/misnamed/SKILL.md", "line": 2, "column": 7, "width": 5, "level": "error",
            "code": "skill", "message": "the name is `other` and the folder `misnamed`: they must be the same", "hint": null
        }])
    );
    assert_snapshot!(run(&["check", &path, "--format", "github"]).out, @"::error file=tests/data/broken-skills/misnamed/SKILL.md,line=2,col=7,title=skill::the name is `other` and the folder `misnamed`: they must be the same");
}

#[test]
fn check_finds_prompts_and_skills_of_the_server() {
    let dir = folder(&[
        ("prompts/a.prompt", PROMPT),
        ("skills/a/SKILL.md", &skill("a")),
        ("skills/a/b/SKILL.md", &skill("b")),
    ]);
    let Ran { code, out, err } = run_in(dir.path(), &["check", "--deny", "warnings"]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "3 files, no problems\n", ""));
    // The setting names another folder.
    let more = folder(&[("c/SKILL.md", "Text")]);
    let Ran { code, out, .. } = run_in_with(dir.path(), &["check"], &[("SKILLS_DIR", name(more.path()))]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains(&format!("--> {}/c/SKILL.md:1:1", name(more.path()))) && out.ends_with("2 files, 1 error\n"),
        "{out}"
    );
    // An empty folder of skills is none.
    fs::remove_dir_all(dir.path().join("skills/a")).unwrap();
    assert_eq!(run_in(dir.path(), &["check"]).out, "1 file, no problems\n");
}

#[test]
fn a_path_may_be_a_skill_its_file_or_a_folder_of_skills() {
    let dir = folder(&[
        ("prompts/a.prompt", PROMPT),
        ("skills/refunds/SKILL.md", &skill("refunds")),
        ("skills/refunds/assets/form.hbs", "{{#if"),
        ("skills/wrong/SKILL.md", &skill("other")),
        ("more/team/x/SKILL.md", &skill("x")),
        ("more/letter.prompt", PROMPT),
    ]);
    let path = |path: &str| dir.path().join(path).to_str().unwrap().to_owned();
    for (args, files) in [
        (&["skills/refunds"][..], 1),
        (&["skills/refunds/"], 1),
        (&["./skills/refunds/SKILL.md"], 1),
        (&[path("skills/refunds").as_str()], 1),
        (&["more"], 2),
        (&["more/team"], 1),
        (&["more/team/x/SKILL.md", "more/letter.prompt", "skills/refunds/SKILL.md"], 3),
        (&["prompts"], 1),
    ] {
        let Ran { code, out, err } = run_in(dir.path(), &[&["check"], args].concat());
        let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        assert_eq!((code, out, err.as_str()), (Some(0), format!("{files}, no problems\n"), ""), "{args:?}");
    }
    for args in [&["skills"][..], &["."], &["skills/wrong"], &["skills/wrong/SKILL.md"]] {
        let Ran { code, out, .. } = run_in(dir.path(), &[&["check"], args].concat());
        assert_eq!(code, Some(1), "{args:?}");
        assert!(out.contains("--> skills/wrong/SKILL.md:2:7") && out.contains(" 1 error\n"), "{args:?}: {out}");
    }
    // A folder is the skill itself, wherever the program runs.
    let Ran { code, out, .. } = run_in(&dir.path().join("skills/refunds"), &["check", "."]);
    assert_eq!((code, out.as_str()), (Some(0), "1 file, no problems\n"));
}

#[test]
fn a_skill_that_is_too_large_is_an_error() {
    let dir = folder(&[("skills/a/SKILL.md", &skill("a"))]);
    for number in 0..512 {
        fs::write(dir.path().join(format!("skills/a/{number}.txt")), "x").unwrap();
    }
    let Ran { code, out, .. } = run_in(dir.path(), &["check", "skills"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(out, @"
    error[skill]: the skill has 513 files: at most 512 are allowed
    --> skills/a/SKILL.md:1:1
     = help: the skill is left out

    1 file, 1 error
    ");
    let large = fs::File::create(dir.path().join("skills/a/0.txt")).unwrap();
    large.set_len(20_000_000).unwrap();
    fs::remove_file(dir.path().join("skills/a/1.txt")).unwrap();
    let out = run_in(dir.path(), &["check", "skills"]).out;
    assert!(out.contains("bytes: at most 16777216 are allowed"), "{out}");
}

#[test]
fn a_prompt_cannot_be_a_skill_that_is_there_already() {
    let prompt = "---\ndescription: A prompt\nskill: true\n---\nText";
    let dir = folder(&[
        ("prompts/team/a.prompt", prompt),
        ("prompts/b.prompt", prompt),
        ("prompts/b.hbs", prompt),
        ("prompts/c.prompt", "---\nskill: true\n---\n{{@auth.email}}"),
        ("skills/team/a/SKILL.md", &skill("a")),
    ]);
    let Ran { code, out, .. } =
        run_in(dir.path(), &["check", "--allow", "duplicate-name", "--allow", "no-description"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(out, @"
    error[skill]: b.prompt is the skill b already; this prompt is not offered as a skill
     --> prompts/b.hbs:3:1
      |
    3 | skill: true
      | ^^^^^
      |
      = help: rename one of them, or leave `skill` out

    error[skill]: a skill needs a `description`; this prompt is not offered as a skill
     --> prompts/c.prompt:2:1
      |
    2 | skill: true
      | ^^^^^
      |
      = help: leave `skill` out

    error[skill]: the folder team/a/ is a skill already; this prompt is not offered as a skill
     --> prompts/team/a.prompt:3:1
      |
    3 | skill: true
      | ^^^^^
      |
      = help: rename one of them, or leave `skill` out

    5 files, 3 errors
    ");
}

#[cfg(unix)]
#[test]
fn a_file_of_a_skill_that_is_left_out_is_an_error() {
    let dir = folder(&[("skills/a/SKILL.md", &skill("a"))]);
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("skills/a/away.txt")).unwrap();
    for args in [&["check", "skills"][..], &["check", "skills/a"], &["check", "."]] {
        let Ran { code, out, .. } = run_in(dir.path(), args);
        assert_eq!(code, Some(1), "{args:?}: {out}");
        assert!(out.contains("error[unreadable]: the file is left out: the link leaves the folder"), "{out}");
        assert!(out.contains("--> skills/a/away.txt"), "{out}");
    }
}

#[test]
fn what_is_neither_prompt_nor_skill_is_exit_code_2() {
    let dir = folder(&[("notes/a.txt", "x"), ("skills/README", "x"), ("x/skill.md", "x")]);
    let Ran { code, err, .. } = run_in(dir.path(), &["check", "notes"]);
    assert!(code == Some(2) && err.contains("there are no prompts in notes"), "{err}");
    let Ran { code, err, .. } = run_in(dir.path(), &["check", "skills"]);
    assert_eq!(
        (code, err.as_str()),
        (Some(2), "prompt-gallery: there are no skills in skills: a skill is a folder with a SKILL.md\n")
    );
    let Ran { code, out, .. } = run_in(dir.path(), &["check", "x"]);
    assert!(code == Some(0) && out.contains("note[not-a-skill]"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_list_know_the_skills_of_a_bucket() {
    let s3 = S3Server::start().await;
    s3.put("prompts/a.prompt", PROMPT);
    s3.put("skills/", "");
    s3.put("skills/refunds/", "");
    s3.put("skills/refunds/SKILL.md", skill("refunds"));
    s3.put("skills/refunds/a.hbs", "{{#if");
    s3.put("skills/wrong/SKILL.md", skill("other"));
    s3.put("skills/.git/SKILL.md", "x");
    let endpoint = s3.endpoint();
    let in_bucket = move || {
        let env = s3_env(&endpoint);
        let whole = |args: &[&str]| run_with(&[args, &["--bucket", S3Server::BUCKET]].concat(), &env, "");
        let Ran { code, out, err } = whole(&["check", "--format", "json"]);
        let problems: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str(), problems.as_array().unwrap().len()), (Some(1), "", 1), "{out}");
        assert_eq!(problems[0]["file"], format!("s3://{}/skills/wrong/SKILL.md", S3Server::BUCKET));
        for (prefix, code, end) in [
            ("skills/", 1, "2 files, 1 error\n"),
            ("skills/refunds/", 0, "1 file, no problems\n"),
            ("skills/refunds", 0, "1 file, no problems\n"),
            ("", 1, "3 files, 1 error\n"),
        ] {
            let ran = run_with(&["check", &format!("s3://{}/{prefix}", S3Server::BUCKET)], &env, "");
            assert!(ran.code == Some(code) && ran.out.ends_with(end), "{prefix}: {} {}", ran.out, ran.err);
        }
        let Ran { code, out, err } = whole(&["list", "--skills"]);
        assert_eq!((code, out.as_str()), (Some(0), "refunds\trefunds\t2\t62\tAbout refunds.\n"));
        assert!(err.starts_with("left out: wrong/SKILL.md, line 2, column 7: the name is `other`"), "{err}");
        s3.set_fault(Some(Fault::DenyList("skills/".to_owned())));
        let Ran { code, out, err } = whole(&["check"]);
        assert_eq!((code, out.as_str()), (Some(0), "1 file, no problems\n"));
        assert!(err.starts_with("note: the skills are not checked: access denied: "), "{err}");
        let Ran { code, err, .. } = whole(&["list", "--skills"]);
        assert!(code == Some(2) && err.contains("access denied"), "{err}");
        let Ran { code, err, .. } = whole(&["new", "--skill", "a"]);
        assert!(code == Some(2) && err.contains("aws s3 cp --recursive"), "{err}");
    };
    tokio::task::spawn_blocking(in_bucket).await.unwrap();
}

#[test]
fn list_shows_skills_and_what_is_left_out() {
    let dir = folder(&[
        ("prompts/team/tone.prompt", "---\ndescription: Sets the tone\nskill: true\n---\nBe kind."),
        ("prompts/Odd.prompt", "---\ndescription: Odd\nskill: true\n---\nOdd."),
        ("prompts/plain.prompt", PROMPT),
        ("skills/team/refunds/SKILL.md", &skill("refunds")),
        ("skills/team/refunds/references/a.md", "1234567890"),
        ("skills/wrong/SKILL.md", "Text"),
        ("skills/lower/skill.md", "Text"),
    ]);
    let Ran { code, out, err } = run_in(dir.path(), &["list", "--skills"]);
    assert_eq!(code, Some(0));
    assert_snapshot!(out, @"
    team/refunds	refunds	2	67	About refunds.
    team/tone	tone	1	60	Sets the tone
    ");
    assert_snapshot!(err, @"
    left out: Odd.prompt, line 3, column 1: a skill cannot have the name `Odd`: use a-z, 0-9 and single hyphens; this prompt is not offered as a skill
    left out: wrong/SKILL.md, line 1, column 1: a skill begins with a line of `---` and its front matter
    `prompt-gallery check` shows all problems
    note: lower/skill.md: the file is not a skill: its name must be SKILL.md
    ");
    let Ran { out, .. } = run_in(dir.path(), &["list", "--skills", "--json"]);
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        listed[2],
        json!({
            "path": "team/tone", "name": "tone", "description": "Sets the tone", "files": 1, "bytes": 60,
            "file": "team/tone.prompt", "leftOut": null
        })
    );
    let left_out: Vec<_> = listed.as_array().unwrap().iter().filter(|row| row["leftOut"].is_string()).collect();
    assert_eq!(left_out.len(), 2, "{out}");
    let empty = folder(&[("prompts/a.prompt", PROMPT)]);
    let Ran { code, out, err } = run_in(empty.path(), &["list", "--skills"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(err, "note: there are no skills: SKILLS_DIR names the folder of skills\n");
}

#[test]
fn new_writes_a_skill_that_has_no_problems() {
    let dir = folder(&[("prompts/a.prompt", PROMPT)]);
    for (given, path) in [
        ("refunds", "skills/refunds"),
        ("team/on-call", "skills/team/on-call"),
        ("skills/other", "skills/other"),
        ("./skills/team.x/SKILL.md/", ""),
        ("skills/last/SKILL.md", "skills/last"),
        ("123", "skills/123"),
    ] {
        let Ran { code, out, err } = run_in(dir.path(), &["new", "--skill", given]);
        if path.is_empty() {
            assert_eq!(code, Some(2), "{given}: {out}{err}");
            continue;
        }
        let file = format!("{path}/SKILL.md");
        assert_eq!((code, err.as_str()), (Some(0), ""), "{given}");
        assert_eq!(out, format!("{file}\n\nCheck it: prompt-gallery check {file}\n"));
        assert_eq!(run_in(dir.path(), &["check", &file, "--deny", "warnings"]).out, "1 file, no problems\n");
    }
    assert_eq!(run_in(dir.path(), &["check", "--deny", "warnings"]).out, "6 files, no problems\n");
    // Never over another file.
    fs::write(dir.path().join("skills/refunds/SKILL.md"), "mine").unwrap();
    let Ran { code, err, .. } = run_in(dir.path(), &["new", "--skill", "refunds"]);
    assert_eq!((code, err.as_str()), (Some(1), "prompt-gallery: skills/refunds/SKILL.md exists already\n"));
    assert_eq!(fs::read_to_string(dir.path().join("skills/refunds/SKILL.md")).unwrap(), "mine");
    // The folder of the setting need not exist.
    let Ran { code, .. } = run_in_with(dir.path(), &["new", "--skill", "a"], &[("SKILLS_DIR", "no/such")]);
    assert_eq!(code, Some(0));
    assert!(dir.path().join("no/such/a/SKILL.md").exists());
}

#[test]
fn new_refuses_names_that_a_skill_cannot_have() {
    let dir = folder(&[]);
    for (given, why) in [
        ("My_Skill", "invalid name `My_Skill`, try `my-skill`: use a-z, 0-9 and single hyphens"),
        ("team/A b", "invalid name `A b`, try `team/a-b`: use a-z, 0-9 and single hyphens"),
        ("a--b", "invalid name `a--b`, try `a-b`: a hyphen stands alone and between other characters"),
        ("", "invalid name ``: it has 0 characters; 1 to 64 are allowed"),
        (&"x".repeat(65), "it has 65 characters; 1 to 64 are allowed"),
        ("../a", "../a is outside of the folder skills; SKILLS_DIR sets it"),
        ("/a", "/a is outside of the folder skills; SKILLS_DIR sets it"),
        (".git/a", "invalid folder `.git`: use A-Z, a-z, 0-9, _, - and dots; no dot at the start"),
        ("a/../b", "invalid folder `..`"),
        ("a//b", "invalid folder ``"),
        ("größe/b", "invalid folder `größe`"),
    ] {
        let Ran { code, out, err } = run_in(dir.path(), &["new", "--skill", given]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{given}: {err}");
        assert!(err.contains(why), "{given}: {err}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let _ = printed(&["new", "--help"]);
}
