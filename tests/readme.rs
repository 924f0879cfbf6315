//! What the README shows is what there is.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The text of the first block of `language` behind `heading`.
fn block<'a>(readme: &'a str, heading: &str, language: &str) -> &'a str {
    let section = &readme[readme.find(heading).expect("the heading")..];
    let fence = format!("```{language}\n");
    let text = &section[section.find(&fence).expect("the block") + fence.len()..];
    &text[..text.find("\n```").expect("its end")]
}

#[test]
fn the_example_is_the_file_and_renders_to_what_is_shown() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let file = fs::read_to_string("docs/example/architecture-review.prompt").expect("the example");
    assert_eq!(block(&readme, "## Write a prompt", "handlebars"), file.trim_end());
    let rendered = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["render", "architecture-review", "--dir", "docs/example", "goals=availability, low cost"])
        .args(["design=One service writes, three read.", "limits={\"latency_ms\":200}", "reviewers=true"])
        .output()
        .expect("the program runs");
    assert!(rendered.status.success());
    let rendered = String::from_utf8(rendered.stdout).expect("UTF-8");
    assert_eq!(rendered.trim_end(), block(&readme, "## Write a prompt", "text"));
}

#[test]
fn the_greeting_is_the_one_that_is_shown() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let mut server = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["--addr", "127.0.0.1:0"])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let lines = BufReader::new(server.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut greeting = Vec::new();
    for line in lines {
        let is_last = line.starts_with("Ctrl-C");
        greeting.push(line);
        if is_last {
            break;
        }
    }
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let greeting = greeting.join("\n");
    let (_, rest) = greeting.split_once("http://").expect("an address");
    let host = rest.split('/').next().expect("a host");
    assert_eq!(greeting.replace(host, "127.0.0.1:8080"), block(&readme, "## Run it", "text"));
}

/// The names in the first column of the table of settings.
fn settings<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let rows =
        lines.skip_while(|line| !line.starts_with("| variable |")).skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect()
}

#[test]
fn every_setting_is_described() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let config = fs::read_to_string("crates/gallery/src/config.rs").expect("the settings");
    let documented = settings(readme.lines());
    let known = settings(config.lines().map(|line| line.trim_start_matches("//! ")));
    assert!(known.contains("LOG_FORMAT"), "{known:?}");
    assert_eq!(documented, known);
}
