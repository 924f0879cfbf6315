//! The command line: options, tips, help, hints and exit codes.

use std::fs;
use std::process::{Command, Output};

use crate::{BROKEN, Ran, TALK, folder, name, printed, program, run};

#[test]
fn options_stand_before_or_after_the_command() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let path = name(dir.path());
    for args in [["--dir", path, "list"], ["list", "--dir", path]] {
        assert_eq!(printed(&args).lines().count(), 1, "{args:?}");
    }
    assert_eq!(printed(&["--dir", path, "render", "talk", "who=Ada"]), "Hello Ada\n");
    for (command, own) in [("list", &[][..]), ("serve", &["--addr"])] {
        let help = printed(&[command, "--help"]);
        let flags = help.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(" <"));
        let flags: Vec<String> = flags.map(|(flag, _)| format!("--{flag}")).collect();
        assert!(flags.len() >= 4 && own.iter().all(|flag| flags.iter().any(|known| known == flag)), "{help}");
        for flag in &flags {
            // Each flag gets a value that is refused.
            let flags = match flag.as_str() {
                "--dir" => &["--dir", "no/such"][..],
                "--bucket" => &["--bucket", "s3://b"],
                "--prefix" => &["--prefix", "x/"],
                "--request-payer" => &["--request-payer", "bogus", "--bucket", "b"],
                "--addr" => &["--addr", "nowhere"],
                other => panic!("{other} has no value here"),
            };
            let (before, after) = (run(&[flags, &[command]].concat()), run(&[&[command], flags].concat()));
            assert_eq!((before.code, before.out.as_str()), (Some(2), ""), "{flag} {command}");
            assert_eq!((after.code, after.err), (before.code, before.err), "{command} {flag}");
        }
    }
    for (args, why) in [
        (&["--dir", path, "list", "--bucket", "b"][..], "'--dir' cannot be used with '--bucket'"),
        (&["--prefix", "x/", "list", "--dir", path], "'--dir' cannot be used with '--prefix'"),
        (&["--bucket", "b", "check", path], "'--bucket' cannot be used with 'PATH'"),
        (&["--addr", "127.0.0.1:0", "list"], "'--addr' cannot be used with 'a command other than serve'"),
    ] {
        let Ran { code, out, err } = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(why), "{args:?}: {err}");
    }
}

#[test]
fn a_word_that_is_not_known_gets_a_tip() {
    for (args, tip) in [
        (&["prompts"][..], "to use the folder, pass `--dir prompts`"),
        (&["list", "prompts"], "to use the folder, pass `--dir prompts`"),
        (&["prompts/translate.prompt"], "to look at the file, use `prompt-gallery check prompts/translate.prompt`"),
        (&["--port", "8093"], "to choose a port, pass '--addr 127.0.0.1:PORT' or set PORT"),
        (&["render", "translate", "--text", "x"], "to pass an argument of the prompt, write 'text=VALUE'"),
        (&["render", "translate", "--jsn"], "a similar argument exists: '--json'"),
        (&["redner"], "a similar subcommand exists: 'render'"),
    ] {
        let Ran { code, err, .. } = run(args);
        assert_eq!((code, err.matches("tip: ").count()), (Some(2), 1), "{args:?}: {err}");
        assert!(err.contains(tip), "{args:?}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_exit_code_1() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let path = name(dir.path());
    for args in [
        &["list", "--dir", path][..],
        &["list", "--json", "--dir", path],
        &["render", "talk", "who=Ada", "--dir", path],
        &["render", "talk", "who=Ada", "--json", "--dir", path],
        &["check", path],
        &["check", "--format", "json", path],
        &["check", "--format", "github", BROKEN],
        &["check", "--watch", path],
        &["new", "other", "--dir", path],
        &["completions", "bash"],
        &["--help"],
        &["help", "check"],
        &["render", "--help"],
        &["--version"],
        &["serve", "--dir", path, "--addr", "127.0.0.1:0"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let Output { status, stderr, .. } = program().args(args).stdout(full).output().unwrap();
        let err = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}: {err}");
        assert!(err.contains("prompt-gallery: cannot write to standard output: No space left on device"), "{err}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_its_reader_has_closed_is_no_failure() {
    for args in [&["list", "--dir", "prompts"][..], &["check", "prompts"], &["--help"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let Output { status, stderr, .. } = program().args(args).stdout(writer).output().unwrap();
        assert_eq!((status.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(0), ""), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn hints_say_how_the_program_was_called() {
    use std::os::unix::process::CommandExt;
    let called = |arg0: &str, env: &[(&str, &str)], args: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
        let output = program.arg0(arg0).args(args).env_clear().envs(env.iter().copied()).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let dir = folder(&[("broken.prompt", "{{#if x}}")]);
    let path = name(dir.path());
    let cargo = [("CARGO", "cargo"), ("CARGO_PKG_NAME", "prompt-gallery")];
    for (arg0, env, hint) in [
        ("prompt-gallery", &[][..], "prompt-gallery"),
        ("./bin/prompt-gallery", &[], "./bin/prompt-gallery"),
        ("/my tools/prompt-gallery", &[], "'/my tools/prompt-gallery'"),
        ("target/debug/prompt-gallery", &cargo, "cargo run --"),
        ("prompt-gallery", &cargo, "prompt-gallery"),
    ] {
        let check = format!("`{hint} check --dir {path}` shows all problems");
        for args in [&["list", "--dir", path][..], &["--dir", path, "render", "broken"]] {
            let said = called(arg0, env, args);
            assert!(said.contains(&check), "{hint}: {said}");
        }
        let help = called(arg0, env, &["list", "--help"]);
        assert!(help.contains(&format!("Usage: {hint} list")), "{hint}: {help}");
        assert!(help.contains(&format!("  {hint} list --json")), "{hint}: {help}");
        fs::remove_file(dir.path().join("new.prompt")).unwrap_or_default();
        let hint = format!("Try it: {hint} render --dir {path} new text=Hello");
        assert!(called(arg0, env, &["new", "new", "--dir", path]).contains(&hint), "{hint}");
    }
}

#[cfg(unix)]
#[test]
fn a_hint_can_be_followed_as_it_stands() {
    // In a folder that has no prompts of its own.
    let here = folder(&[
        ("my prompts/a'b/broken.prompt", "{{#if x}}"),
        ("my prompts/a'b/fine.prompt", "fine"),
        ("-odd/broken.prompt", "{{#if x}}"),
    ]);
    for args in [
        &["list", "--dir", "my prompts/a'b"][..],
        &["--dir", "my prompts/a'b", "render", "broken"],
        &["render", "my prompts/a'b/broken"],
        &["render", "my prompts/a'b/broken.prompt"],
        &["render", "broken.prompt", "--dir", "my prompts/a'b"],
        &["list", "--dir=-odd"],
    ] {
        let Output { stderr, .. } = program().args(args).current_dir(here.path()).output().unwrap();
        let err = String::from_utf8(stderr).unwrap();
        let hint = err.split('`').find(|quoted| quoted.starts_with("prompt-gallery check")).expect(&err);
        let program = env!("CARGO_BIN_EXE_prompt-gallery");
        let line = hint.replacen("prompt-gallery", program, 1);
        let Output { status, stdout, stderr } =
            Command::new("sh").args(["-c", &line]).current_dir(here.path()).env_clear().output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}: {hint}: {said}");
        assert!(said.contains("is opened here"), "{args:?}: {hint}: {said}");
    }
    let Ran { err, .. } = run(&["new", "a.md", "--dir", "my prompts"]);
    assert!(err.contains("`prompt-gallery new --dir 'my prompts' a` writes"), "{err}");
}

#[test]
fn the_help_of_every_command_has_examples() {
    for command in ["serve", "check", "render", "list", "new", "completions"] {
        let help = printed(&[command, "--help"]);
        let examples = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{help}")).1;
        assert!(examples.contains(&format!("prompt-gallery {command} ")), "{help}");
    }
    assert!(printed(&["--help"]).contains("Examples:\n"));
    assert!(printed(&["serve", "--help"]).contains("LOG_FORMAT=json"));
}
