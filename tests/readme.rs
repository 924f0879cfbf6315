//! What the README shows is what there is.

use std::fs;
use std::process::Command;

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
