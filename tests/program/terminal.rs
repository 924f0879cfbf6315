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

/// Characters that steer a terminal: C0 but line break and tab, DEL, C1.
fn steering() -> String {
    ('\0'..='\u{9f}').filter(|c| c.is_control() && !matches!(c, '\0' | '\n' | '\t')).collect()
}

/// Whether something in an output steers a terminal. Line ends are the terminal's own.
fn steers(shown: &str) -> bool {
    shown.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t'))
}

#[test]
fn what_others_have_written_does_not_steer_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let steering = steering();
    let in_name = "\u{1b}[2J\u{7}\u{7f}\u{9b}31m\r";
    let yaml: String = steering.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let files = [
        (format!("bad{in_name}.prompt"), "{{#if".to_owned()),
        (format!("good{in_name}.prompt"), format!("a{steering}b {{{{text}}}}\n\tc\r\nd")),
        ("body.prompt".to_owned(), format!("a{steering}b {{{{text}}}}\n\tc\r\nd")),
        ("roles.prompt".to_owned(), format!("a{steering}{{{{role \"model\"}}}}b{steering}")),
        ("file.prompt".to_owned(), format!("{{{{media url=\"x/{in_name}.md\"}}}}")),
        (format!("x/{in_name}.md"), steering.clone()),
        (
            "asked.prompt".to_owned(),
            format!(
                "---\ntitle: \"T{yaml}\"\ndescription: \"D{yaml}\"\ntags: [\"G{yaml}\"]\ninput:\n  schema:\n    \"text(enum, \
                     A{yaml})\": [\"x{yaml}\", y]\n---\n{{{{text}}}}"
            ),
        ),
    ];
    for (name, text) in &files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(dir.path().join("skills/odd")).unwrap();
    let skill = format!("---\nname: odd\ndescription: \"D{yaml}\"\n---\n{steering}");
    fs::write(dir.path().join("skills/odd/SKILL.md"), skill).unwrap();
    let (argument, file) = (format!("text={steering}"), format!("text=@{in_name}"));
    let (bad, good) = (dir.path().join(&files[0].0), dir.path().join(&files[1].0));
    let (bad, good) = (bad.to_str().unwrap(), good.to_str().unwrap());
    let out = dir.path().join(format!("out{in_name}"));
    let odd = format!("odd{in_name}");
    let commands: &[&[&str]] = &[
        &["render", "body", &argument],
        &["render", "body", &argument, "--json"],
        &["render", "body", &file],
        &["render", "body", "text=x", &odd],
        &["render", "body", "text=x", &format!("{odd}=x")],
        &["render", "asked", &argument],
        &["render", "roles"],
        &["render", "file"],
        &["render", "file", "--json"],
        &["render", &odd],
        &["render", good, "text=x"],
        &["render", bad],
        &["list"],
        &["list", "--json"],
        &["list", "--skills"],
        &["list", "--skills", "--json"],
        &["check"],
        &["check", "--format", "json"],
        &["check", "--format", "github"],
        &["check", "--client", &odd],
        &["new", &odd],
        &["new", &format!("{odd}/x")],
        &["export", "--to", "gemini", out.to_str().unwrap()],
        &["export", "--to", "claude", out.to_str().unwrap(), "--prompt", &odd],
        &["import", bad],
        &["import", path, "--skills-dir", out.to_str().unwrap()],
        &[&odd],
        &[&format!("--{odd}")],
    ];
    for command in commands {
        let mut args = command.to_vec();
        let takes_a_folder =
            !command[0].contains('\u{1b}') && !matches!(command, ["check", path] if path.contains('/'));
        if takes_a_folder {
            args.extend(["--dir", path]);
        }
        let (code, shown) = Terminal::start(&args, 200).ends();
        assert!(code.is_some_and(|code| code < 3) && !shown.is_empty(), "{args:?}: {code:?} {shown:?}");
        // The styles of clap and of the report are this program's own.
        let shown = ["0m", "1m", "4m", "31m", "32m", "33m", "1;31m", "1;33m", "1;32m", "1;36m", "1;94m", "1;91m"]
            .iter()
            .fold(shown, |shown, style| shown.replace(&format!("\u{1b}[{style}"), ""));
        assert!(!steers(&shown), "{args:?}: {shown:?}");
    }
    let mut terminal = Terminal::start(&["render", "asked", "--dir", path], 200);
    assert!(!steers(&terminal.shows("> ")));
    terminal.types("z\n");
    assert!(!steers(&terminal.shows("> ")));
}
