//! The commands on a terminal, as a person sees them.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tempfile::TempDir;

use crate::waiting::PATIENCE;

const END_OF_INPUT: &str = "\x04";

/// The program on a terminal of its own, ended when dropped.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Shown, and not yet waited for.
    shown: String,
}

impl Terminal {
    fn start(args: &[&str], columns: u16) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let path = ptsname(&terminal, Vec::new()).unwrap();
        let end = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&end, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
            .args(args)
            .env_clear()
            .stdin(end.try_clone().unwrap())
            .stdout(end.try_clone().unwrap())
            .stderr(end)
            .spawn()
            .unwrap();
        let (to, screen) = channel();
        let mut from = File::from(terminal.try_clone().unwrap());
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            // An error means that the program has ended.
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let _ = to.send(bytes[..count].to_vec());
            }
        });
        Self { child, keyboard: terminal.into(), screen, shown: String::new() }
    }

    /// Types on the keyboard.
    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until `text` is shown: all that was shown up to it.
    fn shows(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let bytes = self.screen.recv_timeout(PATIENCE);
            let bytes = bytes.unwrap_or_else(|_| panic!("{text:?} does not come after {:?}", self.shown));
            self.shown += &String::from_utf8(bytes).unwrap().replace('\r', "");
        }
    }

    /// Waits for the end: the exit code, and what was shown until then.
    fn ends(mut self) -> (Option<i32>, String) {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.shown += &String::from_utf8(bytes).unwrap().replace('\r', "");
        }
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const TRIP: &str = "---\ninput:\n  schema:\n    city: string, Where to go\n    days: integer, For how long\n    \
                    pace(enum, How fast): [slow, fast]\n    who?: string\n---\n\
                    {{days}} {{pace}} days in {{city}}{{#if who}} for {{who}}{{/if}}\n";

fn render(arguments: &[&str]) -> (TempDir, Terminal) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("trip.prompt"), TRIP).unwrap();
    let args = [&["render", "trip", "--dir", dir.path().to_str().unwrap()], arguments].concat();
    let terminal = Terminal::start(&args, 80);
    (dir, terminal)
}

#[test]
fn what_is_missing_is_asked_for_until_it_fits() {
    let (_dir, mut terminal) = render(&["who=Ada"]);
    assert_eq!(terminal.shows("> "), "city: Where to go\n> ");
    terminal.types("Oslo\n");
    assert_eq!(terminal.shows("> "), "Oslo\ndays: For how long (a whole number)\n> ");
    terminal.types("some\n");
    assert_eq!(terminal.shows("> "), "some\nargument `days` must be a whole number such as 42, not \"some\"\n> ");
    terminal.types("\n");
    assert_eq!(terminal.shows("> "), "\nargument `days` is required\n> ");
    terminal.types("3\n");
    assert_eq!(terminal.shows("> "), "3\npace: How fast (one of slow, fast)\n> ");
    terminal.types("medium\n");
    assert_eq!(terminal.shows("> "), "medium\nargument `pace` must be one of slow, fast, not \"medium\"\n> ");
    terminal.types("slow\n");
    assert_eq!(terminal.ends(), (Some(0), "slow\n3 slow days in Oslo for Ada\n".to_owned()));
}

#[test]
fn what_is_given_empty_is_asked_for() {
    let (_dir, mut terminal) = render(&["city= ", "days=", "pace=slow"]);
    assert_eq!(terminal.shows("> "), "city: Where to go\n> ");
    terminal.types("  \n");
    assert_eq!(terminal.shows("> "), "  \nargument `city` is required\n> ");
    terminal.types("Oslo\n");
    assert_eq!(terminal.shows("> "), "Oslo\ndays: For how long (a whole number)\n> ");
    terminal.types("3\n");
    assert_eq!(terminal.ends(), (Some(0), "3\n3 slow days in Oslo\n".to_owned()));
}

#[test]
fn the_end_of_input_is_no_answer() {
    let (_dir, mut terminal) = render(&["city=Oslo"]);
    terminal.shows("> ");
    terminal.types(END_OF_INPUT);
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(2));
    assert_eq!(shown, "\nprompt-gallery: argument `days`: the input ended without an answer\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_that_the_terminal_cuts_off_is_no_answer() {
    let (_dir, mut terminal) = render(&["days=3", "pace=slow"]);
    terminal.shows("> ");
    terminal.types(&("x".repeat(4500) + "\n"));
    terminal.shows("city=@FILE reads the value from a file\n> ");
    terminal.types("Oslo\n");
    terminal.shows("3 slow days in Oslo\n");
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn nothing_is_asked_where_something_is_wrong() {
    let (_dir, terminal) = render(&["days=some"]);
    let (code, shown) = terminal.ends();
    assert_eq!((code, shown.lines().count()), (Some(1), 1), "{shown}");
    assert!(shown.contains("argument `days` must be a whole number"), "{shown}");
}

#[test]
fn a_file_that_would_be_no_prompt_is_asked_about() {
    for (answer, code) in [("\n", 0), ("y\n", 0), ("n\n", 1), (END_OF_INPUT, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let mut terminal = Terminal::start(&["new", "team/foo.prompt.md", "--dir", path], 80);
        terminal.shows(&format!("Write {path}/team/foo.prompt instead? [Y/n] "));
        terminal.types(answer);
        let (ended, shown) = terminal.ends();
        assert_eq!(ended, Some(code), "{answer}: {shown}");
        assert_eq!(dir.path().join("team/foo.prompt").exists(), code == 0, "{answer}: {shown}");
    }
}

#[test]
fn list_is_a_table_that_fits() {
    for (columns, last) in [(60, "TITLE"), (90, "ARGUMENTS"), (500, "VERSION")] {
        let (code, shown) = Terminal::start(&["list", "--dir", "prompts"], columns).ends();
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= usize::from(columns)), "{shown}");
        assert!(shown.lines().next().unwrap().ends_with(last), "{shown}");
    }
}
