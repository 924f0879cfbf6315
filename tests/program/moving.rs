//! `export` and `import`: files of other programs, never over another file and never outside of their folder.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::{Ran, folder, name, printed, run, run_with};

const GREET: &str = "---\ntitle: Greet\ndescription: \"Greet: someone\"\ntags: [a]\narguments:\n  - name: who\n    description: \
                     Whom to greet\n    required: true\n  - name: tone\n    default: warm\n---\nGreet {{who}} in a {{tone}} tone.\n";

/// What a command printed, with the folders named.
fn shown(Ran { out, err, .. }: &Ran, folders: &[(&Path, &str)]) -> String {
    let text = format!("{out}{err}");
    folders.iter().fold(text, |text, (folder, instead)| text.replace(name(folder), instead))
}

fn files(dir: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|file| file.file_type().is_file());
    files.map(|file| file.path().strip_prefix(dir).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_target_gets_the_prompts_and_import_takes_them_back() {
    let prompts = folder(&[("team/greet.prompt", GREET)]);
    for (target, file) in [
        ("claude", "team/greet.md"),
        ("cursor", "team_greet.md"),
        ("vscode", "team_greet.prompt.md"),
        ("gemini", "team/greet.toml"),
        ("opencode", "team/greet.md"),
    ] {
        let (out, back) = (folder(&[]), folder(&[]));
        let text = printed(&["export", "--to", target, name(out.path()), "--dir", name(prompts.path())]);
        assert!(text.ends_with("1 prompt: 1 written, 0 unchanged, 0 refused\n"), "{text}");
        assert!(text.contains("; fixed: tone=warm"), "{text}");
        assert_eq!(files(out.path()), [file]);
        let read = printed(&["import", "--from", target, name(out.path()), "--dir", name(back.path())]);
        assert!(read.ends_with(&format!("1 prompt from {target}: 1 written, 0 unchanged, 0 refused\n")), "{read}");
        let render = |dir| printed(&["render", "team_greet", "who=Ada $1 !`id`", "--dir", dir]);
        assert_eq!(render(name(back.path())), render(name(prompts.path())));
        assert!(run(&["check", name(back.path())]).code == Some(0));
    }
}

#[test]
fn skills_go_into_the_folder_of_skills() {
    let (prompts, out, back) = (folder(&[("team/greet.prompt", GREET)]), folder(&[]), folder(&[]));
    printed(&["export", "--to", "skills", name(out.path()), "--dir", name(prompts.path())]);
    assert_eq!(files(out.path()), ["team-greet/SKILL.md"]);
    fs::write(out.path().join("team-greet/notes.md"), "notes").unwrap();
    let text = printed(&["import", name(out.path()), "--skills-dir", name(back.path())]);
    assert!(text.ends_with("2 files of skills: 2 written, 0 unchanged, 0 refused\n"), "{text}");
    assert_eq!(files(back.path()), ["team-greet/SKILL.md", "team-greet/notes.md"]);
    let env = folder(&[]);
    for path in ["team-greet", "team-greet/SKILL.md"] {
        let ran = run_with(&["import", name(&out.path().join(path))], &[("SKILLS_DIR", name(env.path()))], "");
        assert_eq!((ran.code, files(env.path())), (Some(0), files(back.path())), "{}", ran.err);
    }
}

#[test]
fn what_cannot_go_out_is_refused_by_name_and_the_rest_is_written() {
    let prompts = folder(&[
        ("a.prompt", "---\ndescription: d\n---\nRun !`git status`."),
        ("b.prompt", "---\ndescription: d\n---\n{{@auth.email}}"),
        ("broken.prompt", "---\ndescription: d\n---\n{{#if}}"),
        ("good.prompt", "---\ndescription: d\n---\nGood."),
        ("Good.prompt", "---\ndescription: d\n---\nAlso good."),
    ]);
    let out = folder(&[]);
    let ran = run(&["export", "--to", "claude", name(out.path()), "--dir", name(prompts.path())]);
    assert_eq!(ran.code, Some(1));
    assert_snapshot!(shown(&ran, &[(out.path(), "OUT"), (prompts.path(), "PROMPTS")]));
    assert_eq!(files(out.path()).len(), 1);
}

#[test]
fn files_that_exist_are_kept_without_force() {
    let (prompts, out) = (folder(&[("a.prompt", GREET), ("b.prompt", GREET)]), folder(&[("a.md", "mine")]));
    let export = |more: &[&str]| {
        let words = [&["export", "--to", "claude", name(out.path()), "--dir", name(prompts.path())], more].concat();
        run(&words)
    };
    let ran = export(&[]);
    assert_eq!(ran.code, Some(1));
    assert_snapshot!(shown(&ran, &[(out.path(), "OUT")]), @r"
    a: refused: OUT/a.md exists and is different; --force overwrites it
    b: written to OUT/b.md; fixed: tone=warm
    2 prompts: 1 written, 0 unchanged, 1 refused
    ");
    assert_eq!(fs::read_to_string(out.path().join("a.md")).unwrap(), "mine");
    let ran = export(&["--force"]);
    assert_snapshot!(shown(&ran, &[(out.path(), "OUT")]), @r"
    a: overwritten: OUT/a.md; fixed: tone=warm
    b: unchanged: OUT/b.md; fixed: tone=warm
    2 prompts: 1 written, 1 unchanged, 0 refused
    ");
    assert_eq!(ran.code, Some(0));
    // Nothing half-written is left.
    assert_eq!(files(out.path()), ["a.md", "b.md"]);
    let back = folder(&[("a.prompt", "mine")]);
    let ran = run(&["import", "--from", "claude", name(out.path()), "--dir", name(back.path())]);
    assert_eq!((ran.code, fs::read_to_string(back.path().join("a.prompt")).unwrap()), (Some(1), "mine".to_owned()));
}

#[cfg(unix)]
#[test]
fn nothing_is_written_where_a_link_leads_out_of_the_folder() {
    let (prompts, out, elsewhere) = (folder(&[("team/a.prompt", GREET)]), folder(&[]), folder(&[]));
    std::os::unix::fs::symlink(elsewhere.path(), out.path().join("team")).unwrap();
    let Ran { code, out: text, .. } =
        run(&["export", "--to", "claude", name(out.path()), "--dir", name(prompts.path())]);
    assert!(code == Some(1) && text.contains("through a link, outside"), "{text}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn the_document_shows_what_the_command_prints() {
    let document = fs::read_to_string("docs/moving.md").unwrap();
    let (prompts, out) =
        (folder(&[("release.prompt", "---\ndescription: d\n---\nNotes.\n\nRun !`git log`.")]), folder(&[]));
    for (prompt, dir) in [("code-review", "prompts"), ("release", name(prompts.path()))] {
        let ran = run(&["export", "--to", "claude", name(out.path()), "--dir", dir, "--prompt", prompt]);
        let line = shown(&ran, &[(out.path(), ".claude/commands")]);
        let line = line.lines().next().unwrap();
        assert!(document.contains(&format!("```text\n{line}\n```")), "{line}");
    }
}

#[test]
fn one_prompt_can_be_chosen() {
    let (prompts, out) = (folder(&[("a.prompt", GREET), ("b.prompt", GREET)]), folder(&[]));
    let words = ["export", "--to", "claude", name(out.path()), "--dir", name(prompts.path()), "--prompt"];
    let out_line = printed(&[&words[..], &["b", "--all-arguments"]].concat());
    assert!(out_line.starts_with("b: written to ") && out_line.contains("; required there: `tone`\n"), "{out_line}");
    assert_eq!(files(out.path()), ["b.md"]);
    assert!(fs::read_to_string(out.path().join("b.md")).unwrap().ends_with("\nGreet $who in a $tone tone.\n"));
    let Ran { code, err, .. } = run(&[&words[..], &["c"]].concat());
    assert!(code == Some(1) && err.contains("unknown prompt `c`"), "{err}");
}

#[test]
fn the_source_is_found_from_the_files() {
    for (path, text, source) in [
        ("prompts.csv", "act,prompt\nA,b", "prompts.chat"),
        ("export.json", "[{\"name\": \"a\", \"prompt\": \"b\"}]", "langfuse"),
        ("a.toml", "prompt = \"b\"", "gemini"),
        ("a.prompt.md", "b", "vscode"),
        (".claude/commands/a.md", "b", "claude"),
        (".cursor/commands/a.md", "b", "cursor"),
        (".opencode/commands/a.md", "b", "opencode"),
        ("commands/a.md", "---\nargument-hint: [x]\n---\nb $1", "claude"),
        ("a/SKILL.md", "---\nname: a\ndescription: d\n---\nb", "skills"),
    ] {
        let (from, dir, skills) = (folder(&[(path, text)]), folder(&[]), folder(&[]));
        let inside =
            from.path().join(path.rsplit_once('/').filter(|_| source != "skills").map_or("", |(folder, _)| folder));
        let out = printed(&["import", name(&inside), "--dir", name(dir.path()), "--skills-dir", name(skills.path())]);
        let count = if source == "skills" { "1 file of a skill".to_owned() } else { format!("1 prompt from {source}") };
        assert!(out.contains(&format!("{count}: 1 written, 0 unchanged, 0 refused\n")), "{path}: {out}");
    }
    let from = folder(&[("a.md", "text")]);
    let ran = run(&["import", name(from.path())]);
    assert_eq!(ran.code, Some(2));
    assert_snapshot!(shown(&ran, &[(from.path(), "FROM")]), @"prompt-gallery: FROM: cannot tell which program these files are of; pass --from langfuse|prompts.chat|claude|cursor|vscode|gemini|opencode|skills");
    let Ran { code, err, .. } = run(&["import", "--from", "gemini", name(from.path())]);
    assert!(code == Some(2) && err.contains("there are no files of the source `gemini`"), "{err}");
    assert_eq!(run(&["import", "--from", "claude-code", name(from.path()), "--dir", name(from.path())]).code, Some(0));
    let Ran { code, err, .. } = run(&["import", "--from", "word", "x"]);
    assert!(code == Some(2) && err.contains("[possible values: langfuse, prompts.chat, claude, cursor"), "{err}");
    let Ran { code, err, .. } = run(&["import", "no/such"]);
    assert!(code == Some(2) && err.starts_with("prompt-gallery: no/such: "), "{err}");
    let Ran { code, err, .. } = run(&["import", name(from.path()), "--from", "claude", "--bucket", "b"]);
    assert!(code == Some(2) && err.contains("aws s3 cp"), "{err}");
}

#[test]
fn a_name_that_another_file_has_is_refused_and_hidden_files_are_named() {
    let from = folder(&[("a.md", "text"), (".git/config", "x"), ("b/.env", "x")]);
    let dir = folder(&[("a.hbs", "mine")]);
    let ran = run(&["import", "--from", "claude", name(from.path()), "--dir", name(dir.path()), "--force"]);
    assert_eq!(ran.code, Some(1));
    assert_snapshot!(shown(&ran, &[(dir.path(), "DIR")]), @r"
    a.md: refused: DIR/a.hbs already has the name `a`
    1 prompt from claude: 0 written, 0 unchanged, 1 refused
    note: hidden files are left out: .git, b/.env
    ");
    assert_eq!(files(dir.path()), ["a.hbs"]);
}

// Other systems have no such names.
#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_not_text_is_left_out_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let from = folder(&[("plan/SKILL.md", "---\nname: plan\ndescription: D\n---\nText.\n")]);
    std::fs::write(from.path().join("plan").join(std::ffi::OsStr::from_bytes(b"a\xff.md")), "x").unwrap();
    let out = folder(&[]);
    let ran = run(&["import", "--from", "skills", name(from.path()), "--skills-dir", name(out.path())]);
    assert!(ran.err.contains("warning: names that are not UTF-8 are left out: plan/a\u{fffd}.md"), "{}", ran.err);
    assert_eq!(files(out.path()), ["plan/SKILL.md"]);
}

#[test]
fn a_path_in_a_source_stays_in_the_folder() {
    let from = folder(&[(
        "e.json",
        r#"[{"name": "../../etc/x", "prompt": "a"}, {"name": "/abs", "prompt": "b"}, {"name": "_p/.h", "prompt": "c"}]"#,
    )]);
    let dir = folder(&[]);
    printed(&["import", name(&from.path().join("e.json")), "--dir", name(&dir.path().join("in"))]);
    assert_eq!(files(dir.path()), ["in/abs.prompt", "in/etc/x.prompt", "in/p/h.prompt"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_source_is_left_out_by_name() {
    let private = folder(&[("key", "secret")]);
    let source = folder(&[("ok/SKILL.md", "---\nname: ok\ndescription: D\n---\nText.\n"), ("ok/rules.md", "Rules.")]);
    std::os::unix::fs::symlink(private.path().join("key"), source.path().join("ok/key")).unwrap();
    std::os::unix::fs::symlink("rules.md", source.path().join("ok/same.md")).unwrap();
    let out = folder(&[]);
    let args = ["import", "--from", "skills", name(source.path()), "--skills-dir", name(out.path())];
    let ran = run(&args);
    assert!(
        ran.err.contains("links that lead out of the folder, or to a folder, are left out: ok/key\n"),
        "{}",
        ran.err
    );
    assert_eq!(files(out.path()), ["ok/SKILL.md", "ok/rules.md", "ok/same.md"]);
}
