//! `check --watch`: a change is checked at once, until the program is told to stop.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::{fs, thread};

use crate::waiting::PATIENCE;
use crate::{Ran, folder, name, program, run};

/// A `check --watch` that runs, ended when dropped.
struct Watching {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Watching {
    fn start(path: &Path) -> Self {
        fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
            let (to, lines) = channel();
            thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| to.send(line.unwrap())));
            lines
        }
        let mut program = program();
        let program = program.args(["check", "--watch", name(path)]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, err }
    }

    /// Waits for a line with this start on standard output. Other lines may come first: a check may run amid several
    /// changes.
    fn prints(&self, start: &str) {
        wait_for(&self.out, start);
    }

    /// The same on standard error.
    fn says(&self, start: &str) {
        wait_for(&self.err, start);
    }
}

fn wait_for(lines: &Receiver<String>, start: &str) {
    let mut before = Vec::new();
    loop {
        let line = lines.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("{start:?} does not follow: {before:#?}"));
        if line.starts_with(start) {
            return;
        }
        before.push(line);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const GOOD: &str = "---\ndescription: A\n---\ngood";
const BAD: &str = "---\ndescription: A\n---\n{{#if";

#[test]
fn check_watches_and_checks_again_until_it_is_told_to_stop() {
    let dir = folder(&[("a.prompt", BAD)]);
    let mut watching = Watching::start(dir.path());
    watching.prints("1 file, 1 error");
    watching.says("Watching ");
    fs::write(dir.path().join("a.prompt"), GOOD).unwrap();
    watching.prints("1 file, no problems");
    watching.says("Watching ");
    assert!(Command::new("kill").args(["-INT", &watching.child.id().to_string()]).status().unwrap().success());
    assert_eq!(watching.child.wait().unwrap().code(), Some(0), "of the last check");
    let Ran { code, err, .. } = run(&["check", "--watch", "s3://bucket/prompts/"]);
    assert!(code == Some(2) && err.contains("--watch needs files or folders"), "{err}");
}

#[test]
fn check_watches_the_folder_that_is_in_the_place_of_another() {
    use std::os::unix::fs::symlink;
    let parent = folder(&[("prompts/a.prompt", GOOD), ("one/a.prompt", GOOD), ("two/a.prompt", GOOD)]);
    let at = |path: &str| parent.path().join(path);
    let watching = Watching::start(&at("prompts"));
    watching.prints("1 file, no problems");
    fs::remove_dir_all(at("prompts")).unwrap();
    watching.says("prompt-gallery: ");
    fs::create_dir(at("prompts")).unwrap();
    fs::write(at("prompts/a.prompt"), BAD).unwrap();
    watching.prints("1 file, 1 error");
    // A second change in the new folder is seen too.
    fs::write(at("prompts/b.prompt"), GOOD).unwrap();
    watching.prints("2 files, 1 error");

    symlink(at("one"), at("current")).unwrap();
    let watching = Watching::start(&at("current"));
    watching.prints("1 file, no problems");
    watching.says("Watching ");
    fs::write(at("two/b.prompt"), GOOD).unwrap();
    symlink(at("two"), at("new")).unwrap();
    fs::rename(at("new"), at("current")).unwrap();
    watching.prints("2 files, no problems");
    fs::write(at("two/b.prompt"), BAD).unwrap();
    watching.prints("2 files, 1 error");
}

#[test]
fn a_watching_check_forgets_what_was_left_out_before() {
    let (dir, outside) = (folder(&[("a.prompt", GOOD)]), folder(&[("b.prompt", GOOD)]));
    let link = dir.path().join("b.prompt");
    std::os::unix::fs::symlink(outside.path().join("b.prompt"), &link).unwrap();
    let watching = Watching::start(dir.path());
    watching.prints("2 files, 1 error");
    fs::remove_file(&link).unwrap();
    fs::write(&link, GOOD).unwrap();
    watching.prints("2 files, no problems");
}

#[test]
fn a_watching_check_ends_when_nobody_reads_what_it_prints() {
    let dir = folder(&[("a.prompt", GOOD)]);
    let mut program = program();
    let program = program.args(["check", "--watch", name(dir.path())]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut line = String::new();
    // The pipe is closed after the first line.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "1 file, no problems\n");
    assert_eq!(child.wait().unwrap().code(), Some(0), "of the last check");
}

#[test]
fn a_skill_is_watched_too() {
    let skill = |name: &str| format!("---\nname: {name}\ndescription: A\n---\nDo it.");
    let dir = folder(&[("skills/a/SKILL.md", &skill("b")), ("skills/a/x.txt", "x")]);
    let watching = Watching::start(&dir.path().join("skills/a"));
    watching.prints("1 file, 1 error");
    watching.says("Watching ");
    fs::write(dir.path().join("skills/a/SKILL.md"), skill("a")).unwrap();
    watching.prints("1 file, no problems");
}
