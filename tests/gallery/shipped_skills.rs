//! The skills that the program ships with: each follows the rules, its links lead to files, and its scripts work.

use std::fs;
use std::path::Path;

use check::skill::{Found, files_of, find, limits, of_prompt, read};
use dotprompt::Code;
use store::{DirStore, Object, PromptStore};

async fn shipped() -> Vec<Object> {
    DirStore::open("skills").unwrap().list().await.unwrap()
}

#[tokio::test]
async fn every_skill_follows_the_rules() {
    let objects = shipped().await;
    let Found { paths, problems } = find(objects.iter().map(|object| object.key.as_str()));
    assert_eq!(problems, []);
    assert_eq!(paths, ["change-review", "dependency-upgrade", "operations/incident-response"]);
    for path in paths {
        let key = format!("{path}/SKILL.md");
        let source = fs::read(Path::new("skills").join(&key)).unwrap();
        let (front_matter, problems) = read(&key, &source);
        assert_eq!(problems, [], "{path}");
        assert!(front_matter.is_some(), "{path}");
        let files = files_of(path, &objects, |object| &object.key);
        assert_eq!(limits(files.map(|object| (&object.key[path.len() + 1..], object.size))), None, "{path}");
        // Clients load the whole file when they use the skill.
        let text = String::from_utf8(source).unwrap();
        assert!(text.lines().count() < 500, "{path}");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        let links: Vec<_> = links.collect();
        assert!(!links.is_empty(), "{path} has files of its own");
        for link in links {
            assert!(Path::new("skills").join(path).join(link).is_file(), "{path}: {link}");
        }
        for (before, name) in text.match_indices("prompt `").map(|(at, start)| (at, &text[at + start.len()..])) {
            let name = &name[..name.find('`').unwrap()];
            let files = ["prompt", "hbs"].map(|end| format!("prompts/{}.{end}", name.replacen('_', "/", 1)));
            assert!(files.iter().any(|file| Path::new(file).is_file()), "{path}, byte {before}: the prompt {name}");
        }
    }
}

#[tokio::test]
async fn a_shipped_prompt_is_a_skill_too() {
    let dir = DirStore::open("prompts").unwrap();
    let gallery = gallery::Gallery::new(std::sync::Arc::new(dir), std::time::Duration::ZERO, 500);
    let prompt = gallery.prompt("pull-request-description").await.unwrap();
    assert!(prompt.is_skill());
    let skill = of_prompt("pull-request-description.prompt", "pull-request-description", &prompt).unwrap();
    assert!(skill.text.contains("git diff main...HEAD"), "{}", skill.text);
    assert!(read("pull-request-description/SKILL.md", skill.text.as_bytes()).1.iter().all(|p| p.code != Code::Skill));
}

#[cfg(unix)]
mod scripts {
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Output};

    fn run(dir: &Path, program: &str, args: &[&str]) -> Output {
        // The settings of the person who runs the test do not matter.
        let command = Command::new(program).args(args).current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
        command.unwrap_or_else(|e| panic!("{program}: {e}"))
    }

    fn script(path: &str) -> String {
        fs::canonicalize(Path::new("skills").join(path)).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn the_summary_shows_the_shape_of_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
            let output = run(dir.path(), "git", &[&identity, args].concat());
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        fs::write(dir.path().join("a b.txt"), "one\n").unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "First"]);
        git(&["switch", "--quiet", "--create", "change"]);
        fs::write(dir.path().join("a b.txt"), "one\ntwo\nthree\n").unwrap();
        fs::create_dir(dir.path().join("tests")).unwrap();
        fs::write(dir.path().join("tests/grüße.rs"), "test\n").unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "Second"]);
        let output = run(dir.path(), &script("change-review/scripts/change-summary.sh"), &["main"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].ends_with(" Second") && lines[2].is_empty(), "{text}");
        for line in ["+2 -0\ta b.txt", "1\ta b.txt", "0\ttests/grüße.rs", "1 changed files look like tests"] {
            assert!(lines.contains(&line), "{line}: {text}");
        }
        let output = run(dir.path(), &script("change-review/scripts/change-summary.sh"), &["no-such-branch"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("no common commit of no-such-branch and HEAD"));
    }

    #[test]
    fn the_timeline_has_all_notes_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let notes = "Chat\n- 2026-03-01 15:05:30+01:00 deploy | started\n  by the pipeline\n2026-03-01T14:00Z alert\n";
        fs::write(dir.path().join("chat.txt"), notes).unwrap();
        fs::write(dir.path().join("log.txt"), "[2026-03-01T14:40:10.123Z] rolled back\n").unwrap();
        let script = script("operations/incident-response/scripts/timeline.py");
        let output = run(dir.path(), "python3", &[&script, "chat.txt", "log.txt"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
        | Time (UTC) | Event | Source |
        |---|---|---|
        | 2026-03-01 14:00:00 | alert | chat.txt |
        | 2026-03-01 14:05:30 | deploy \| started by the pipeline | chat.txt |
        | | *nothing recorded for 34 minutes* | |
        | 2026-03-01 14:40:10 | rolled back | log.txt |
        "#);
        fs::write(dir.path().join("local.txt"), "2026-03-01 14:00 seen\n").unwrap();
        let output = run(dir.path(), "python3", &[&script, "local.txt"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error, "timeline.py: local.txt:1: the time has no zone; pass --zone, such as --zone +01:00\n");
        assert_eq!(output.status.code(), Some(1));
    }
}
