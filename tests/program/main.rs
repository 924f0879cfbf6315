//! The program as people run it: each command, a local server, and what it says on a terminal.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]

#[path = "../support/hosts.rs"]
mod hosts;
#[path = "../support/issuer.rs"]
mod issuer;
#[path = "../support/s3/mod.rs"]
mod s3;
#[path = "../support/waiting.rs"]
mod waiting;

mod addresses;
mod check;
mod check_paths;
mod check_watch;
mod command_line;
mod completions;
mod credentials;
mod list;
mod moving;
mod new;
mod paths;
mod readme;
mod render;
mod serve;
mod skills;
mod stdio;
mod terminal;
mod tls;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use s3::S3Server;
use serde_json::Value;
use tempfile::TempDir;

const BROKEN: &str = "tests/data/broken";

/// The outcome of one run.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    run_with(args, &[], "")
}

/// The program under the name of an installed one.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut program, "prompt-gallery");
    program.env_clear();
    program
}

fn run_with(args: &[&str], env: &[(&str, &str)], stdin: &str) -> Ran {
    let mut child = program()
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Some commands do not read standard input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a command that must succeed: its standard output.
fn printed(args: &[&str]) -> String {
    let Ran { code, out, err } = run(args);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?}");
    out
}

fn codes(args: &[&str]) -> BTreeSet<String> {
    let problems: Value = serde_json::from_str(&run(args).out).unwrap();
    problems.as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap().to_owned()).collect()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (key, text) in files {
        let path = dir.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// The standard settings for an S3 server of a test.
fn s3_env(endpoint: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
    ]
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

const TALK: &str = "---\ndescription: A talk\ninput:\n  schema:\n    who: string, Whom to greet\n    \
                    loud?: boolean\n---\nHello {{who}}{{#if loud}}!{{/if}}\n";
