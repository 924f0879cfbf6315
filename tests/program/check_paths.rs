//! `check`: which files are checked, with which partials, and what is exit code 2.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

use crate::s3::{Fault, S3Server};
use crate::{Ran, TALK, codes, folder, name, run, run_with, s3_env};

#[test]
fn what_cannot_be_checked_is_exit_code_2_and_says_why() {
    for (args, why) in [
        (&["check", "no/such"][..], "no/such: no such file or folder"),
        (&["check", "Cargo.toml"], "Cargo.toml is not a prompt"),
        (&["check", "--dir", "no/such"], "--dir=no/such: no such folder; for an S3 bucket, pass --bucket NAME"),
        (&["check", "--allow", "nonsense"], "several-arguments"),
        // An error cannot be allowed.
        (&["check", "--allow", "syntax"], "invalid value 'syntax'"),
        (&["check", "--deny", "errors"], "warnings"),
        (&["check", "s3://B_ad bucket/x"], "expected the name of an S3 bucket"),
        (&["check", "s3:///x"], "s3:///x: expected the name of a bucket, as in s3://BUCKET/PREFIX"),
    ] {
        let Ran { code, out, err } = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(why), "{args:?}: {err}");
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
    note[not-a-prompt]: 2 .md files are not prompts: rename to .prompt
    --> prompts

    1 file, 1 note
    ");
    fs::remove_file(dir.path().join("a.prompt")).unwrap();
    let Ran { code, out, err } = run(&["check", path]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_snapshot!(err.replace(path, "prompts"), @"prompt-gallery: there are no prompts in prompts: prompt files end in .prompt, .hbs or .handlebars; 3 .md files are not prompts: rename to .prompt");
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
    assert_snapshot!(out.replace(name(dir.path()), "prompts"), @"
    error[syntax]: `if` is opened here and not closed by {{/if}}
     --> prompts/_broken.prompt:1:1
      |
    1 | {{#if x}}
      | ^^^^^^^^^

    3 files, 1 error
    ");
    // Without --dir, its folder is the gallery.
    let alone = run(&["check", name(&file)]).out;
    assert!(alone.contains("there is no partial `style`") && alone.ends_with("1 file, 2 errors\n"), "{alone}");
    assert!(alone.contains("paths start at the root of the checked folder"), "{alone}");
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
    assert_eq!(
        alone.matches("paths start at the root of the checked folder; for a single file, --dir sets it").count(),
        2,
        "{alone}"
    );
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
    assert!(checked.out.starts_with("error[syntax]"), "{}", checked.out);
    assert!(checked.out.contains(&format!(" --> {address}a.prompt:1:1\n")), "{}", checked.out);
    assert!(checked.out.ends_with("1 file, 1 error\n"), "{}", checked.out);
    assert_eq!((denied.code, denied.err.lines().count()), (Some(2), 1), "{}", denied.err);
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
        let check = "`prompt-gallery check --bucket gallery --prefix team/` shows all problems";
        assert_eq!(err, format!("left out: secret.prompt, line 1, column 1: {why}\n{check}\n"));
        let Ran { code: exit, out, .. } = ran("check");
        assert_eq!(exit, Some(1), "{code}: {out}");
        assert!(out.contains(&why), "{code}: {out}");
    }
}

#[test]
fn a_gallery_may_have_skills_alone() {
    let dir = folder(&[("prompts/notes.txt", ""), ("skills/a/SKILL.md", "---\nname: b\ndescription: D\n---\nText.\n")]);
    let at = |path: &str| dir.path().join(path).to_str().unwrap().to_owned();
    let (prompts, skills) = (at("prompts"), at("skills"));
    let ran = run_with(&["check", "--dir", &prompts], &[("SKILLS_DIR", &skills)], "");
    assert!(ran.out.contains("a/SKILL.md") && ran.out.contains("error"), "{}{}", ran.out, ran.err);
    let ran = run(&["check", "--dir", &prompts]);
    assert!(ran.err.contains("there are no prompts in "), "{}{}", ran.out, ran.err);
}
