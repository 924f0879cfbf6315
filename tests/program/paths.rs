//! A path or a key names a prompt as well as its name does, in every command.

use std::fs;
use std::process::Output;

use insta::assert_snapshot;

use crate::s3::S3Server;
use crate::{Ran, TALK, folder, name, printed, program, run, run_with, s3_env};

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
    // A file in another folder takes that folder as its gallery, as in `check`.
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
        "prompt-gallery: foo.md would not be a prompt: prompt files end in .prompt, .hbs or .handlebars; \
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
    prompt-gallery: prompts/notes.md is not a prompt: prompt files end in .prompt, .hbs or .handlebars; rename it to notes.prompt
    prompt-gallery: prompts/vscode.prompt.md is not a prompt: prompt files end in .prompt, .hbs or .handlebars; rename it to vscode.prompt
    prompt-gallery: prompts/UPPER.PROMPT is not a prompt: prompt files end in .prompt, .hbs or .handlebars; rename it to UPPER.prompt
    prompt-gallery: prompts/.hidden.prompt is not a prompt: files whose names start with a dot are hidden
    prompt-gallery: prompts/logo.png is not a prompt: prompt files end in .prompt, .hbs or .handlebars
    prompt-gallery: notes.txt is not a prompt: prompt files end in .prompt, .hbs or .handlebars; rename it to notes.prompt
    prompt-gallery: prompts/team is a folder: name a prompt in it
    prompt-gallery: unknown prompt `gone.md`: prompt files end in .prompt, .hbs or .handlebars
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
        // Names that exist only in a subfolder.
        ("other/x.prompt", "x"),
        ("up.prompt", "---\ndescription: X\n---\n{{> ../outside/tone}}"),
    ]);
    let at = |file: &str| here.path().join(file).to_str().unwrap().to_owned();
    #[cfg(unix)]
    {
        // Nothing else in the folder is read or mentioned.
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
