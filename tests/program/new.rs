//! `new`: a first version of a prompt, never over another file.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::{Ran, folder, name, printed, run};

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
        ("out/a", "through a link, outside"),
        ("out/x/a", "through a link, outside"),
        ("b", "b.prompt exists already"),
        ("gone/a", "gone exists and is not a folder"),
    ] {
        let Ran { code, out, err } = run(&["new", prompt, "--dir", name(dir.path())]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{prompt}: {err}");
        assert!(err.contains(why), "{prompt}: {err}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    // A link that stays inside is followed.
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
