//! Completions: what shells offer.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{TALK, folder, name, printed};

/// The completions that bash offers for the last word of a command line, in the folder `here`, for the program at this
/// path.
#[cfg(unix)]
fn completed(program: &str, words: &[&str], here: &Path) -> Vec<String> {
    let bin = Path::new(env!("CARGO_BIN_EXE_prompt-gallery")).parent().unwrap();
    let ask = r#"source <("$PROGRAM" completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_prompt_gallery prompt-gallery "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = Command::new("bash")
        .args(["-c", ask, "bash", "prompt-gallery"])
        .args(words)
        .env_clear()
        .env("PATH", path)
        .env("PROGRAM", program)
        .current_dir(here)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{words:?}");
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().filter(|word| !word.starts_with("--") && !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn shells_complete_prompts_and_their_arguments() {
    let trip = "---\ninput:\n  schema:\n    city: string\n    pace(enum): [slow, fast]\n---\n{{pace}} {{city}}";
    let here = folder(&[
        ("prompts/team/standup.prompt", "standup"),
        ("prompts/trip.prompt", trip),
        ("prompts/broken.prompt", "{{#if x}}"),
        ("prompts/notes.txt", ""),
        ("other/talk.prompt", TALK),
    ]);
    std::os::unix::fs::symlink("/etc/hostname", here.path().join("prompts/away.prompt")).unwrap();
    for (words, offered) in [
        (&["render", ""][..], &["broken", "team_standup", "trip"][..]),
        (&["render", "t"], &["team_standup", "trip"]),
        (&["render", "x"], &[]),
        (&["render", "prompts/t"], &["prompts/team/", "prompts/trip.prompt"]),
        (&["render", "--dir", "other", ""], &["talk"]),
        (&["--dir", "other", "render", ""], &["talk"]),
        (&["--dir", "no/such", "render", ""], &[]),
        (&["render", "trip", ""], &["city=", "pace="]),
        (&["render", "trip", "city=Oslo", ""], &["pace="]),
        (&["render", "trip", "pace=s"], &["pace=slow"]),
        // The words as bash splits them.
        (&["render", "trip", "pace", "=", "s"], &["slow"]),
        (&["render", "trip", "pace", ""], &["slow", "fast"]),
        (&["render", "trip", "city=Oslo", "pace", "=", "f"], &["fast"]),
        (&["render", "broken", ""], &[]),
        (&["render", "trip", "city=@prompts/n"], &["city=@prompts/notes.txt"]),
        (&["render", "trip", "city", "=@", "prompts/n"], &["prompts/notes.txt"]),
        (&["check", "prompts/tr"], &["prompts/trip.prompt"]),
        (&["new", "prompts/t"], &["prompts/team/"]),
        (&["check", "--format", ""], &["human", "json", "github"]),
        (&["che"], &["check"]),
        (&["export", "--to", "c"], &["claude", "cursor"]),
        (&["export", "--to", "claude", "--prompt", "t"], &["team_standup", "trip"]),
        (&["import", "--from", "g"], &["gemini"]),
        (&["import", "prompts/n"], &["prompts/notes.txt"]),
    ] {
        assert_eq!(completed("prompt-gallery", words, here.path()), offered, "{words:?}");
    }
    let tools = here.path().join("my tools");
    fs::create_dir(&tools).unwrap();
    let program = tools.join("prompt-gallery");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_prompt-gallery"), &program).unwrap();
    assert_eq!(completed(name(&program), &["render", "trip", ""], here.path()), ["city=", "pace="]);
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("prompt-gallery") && script.contains("PROMPT_GALLERY_COMPLETE"), "{shell}: {script}");
    }
}
