//! The prompts that the program ships with: each parses, has a description, and renders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dotprompt::Named;
use dotprompt::{Argument, Kind};
use gallery::Gallery;
use gallery::{Content, Role};
use serde_json::{Map, Value};
use store::DirStore;

fn gallery() -> Gallery {
    Gallery::new(Arc::new(DirStore::open("prompts").expect("the folder")), Duration::ZERO, 500)
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// A valid value of the argument, so that a new prompt needs no test of its own.
fn sample(argument: &Argument) -> String {
    match (argument.choices().first(), argument.kind) {
        (Some(choice), _) => choice.clone(),
        (None, Kind::Integer | Kind::Number) => "7".to_owned(),
        (None, _) => format!("<the {} of \"it\" & more>", argument.name),
    }
}

#[tokio::test]
async fn every_prompt_renders_with_all_arguments_and_with_the_required_ones() {
    let root = Path::new("prompts");
    let mut found = Vec::new();
    files(root, &mut found);
    assert!(found.len() >= 12, "a dozen prompts at least, not {}", found.len());
    for path in found {
        let key = path.strip_prefix(root).expect("below").to_str().expect("UTF-8");
        let name = match Named::of(key) {
            Some(Named::Prompt(name)) => name,
            Some(Named::Partial(_)) => continue,
            None => panic!("{key} is no prompt"),
        };
        let gallery = gallery();
        let prompt = gallery.prompt(&name).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(prompt.summary().is_some(), "{name} says what it is for");
        // Some clients give all that is typed to the one required argument, others to the first.
        let required: Vec<_> = prompt.arguments().iter().map(|argument| argument.required).collect();
        assert!(required.iter().skip(1).all(|is_required| !is_required), "{name} requires its first argument at most");
        for only_required in [false, true] {
            let wanted = prompt.arguments().iter().filter(|argument| argument.required || !only_required);
            let given: Map<String, Value> =
                wanted.clone().map(|argument| (argument.name.clone(), sample(argument).into())).collect();
            let rendered = gallery.get(&name, &given, None).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            let [message] = rendered.messages.as_slice() else { panic!("{name}: one message") };
            let (Role::User, Content::Text { text }) = (message.role, &message.content) else { panic!("{name}: text") };
            assert!(!text.contains("{{") && !text.contains("\n\n\n"), "{name}: {text}");
            for argument in wanted.filter(|argument| argument.kind == Kind::String && argument.choices().is_empty()) {
                assert!(text.contains(&sample(argument)), "{name} uses {}", argument.name);
            }
        }
    }
}

#[tokio::test]
async fn the_greeting_of_every_introduction_is_there() {
    let given = Map::from_iter([("name".to_owned(), "Ada".into())]);
    let rendered = gallery().get("greeting-template", &given, None).await.expect("a greeting");
    assert_eq!(rendered.messages[0].content, Content::text("Write a warm, one-sentence greeting for Ada."));
}
