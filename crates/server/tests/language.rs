//! The language of prompt files, case by case: each file in `tests/language` is a small gallery, what a caller says,
//! and what `prompts/get` answers.
//!
//! A case is text in sections, each under a line of `===`:
//!
//! - `=== prompt`: the file that is asked for. Text before the first section says what the case is about.
//! - `=== file PATH`: another file of the gallery; `=== file PATH base64` for one that is not text.
//! - `=== arguments`: what the caller says, a JSON object.
//! - `=== claims`: what is known of the caller, a JSON object.
//! - `=== result`: the answer as JSON: the result, or `{"error": …}`.
//!
//! An empty line at the end of a section is not part of it. `LANGUAGE_UPDATE=1 cargo test --test language` writes the
//! results anew, to be read before they are committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gallery::Gallery;
use http::HeaderMap;
use prompt_gallery_server::mcp::{Mcp, Post};
use prompt_gallery_server::tools::Tools;
use serde_json::{Map, Value, json};
use store::DirStore;

const CASES: &str = "../../tests/language";
/// The name of the prompt that is asked for, and its file.
const NAME: &str = "case";
const FILE: &str = "case.prompt";

/// One case as its file has it.
#[derive(Debug, Default)]
struct Case {
    files: Vec<(String, Vec<u8>)>,
    arguments: Map<String, Value>,
    claims: Option<Map<String, Value>>,
    result: Option<Value>,
    /// All that comes before the result.
    before: String,
}

#[tokio::test]
async fn every_case_answers_what_it_says() {
    // The environment is read in config.rs, and by this test, which is told to write.
    #[expect(clippy::disallowed_methods, reason = "not a setting of the program")]
    let is_update = std::env::var_os("LANGUAGE_UPDATE").is_some_and(|value| value == "1");
    let cases = cases();
    assert!(!cases.is_empty(), "there are no cases in {CASES}");
    let (mut failures, mut updated) = (Vec::new(), 0);
    for path in &cases {
        match check(path, is_update).await {
            Ok(is_updated) => updated += usize::from(is_updated),
            Err(why) => failures.push(format!("{}: {why}", path.display())),
        }
    }
    println!("{} cases, {updated} of them updated, {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{} of {} cases failed:\n\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(CASES).expect("the folder of cases").map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "case")).collect();
    cases.sort();
    cases
}

/// Runs one case: true if its file was written anew.
async fn check(path: &Path, is_update: bool) -> Result<bool, String> {
    let source = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let case = read(&source)?;
    let answer = answer(&case).await?;
    match &case.result {
        // As text, so that the order of keys is compared too.
        Some(result) if pretty(result) == pretty(&answer) => Ok(false),
        _ if is_update => {
            let updated = format!("{}=== result\n{}\n", case.before, pretty(&answer));
            fs::write(path, updated).map_err(|e| e.to_string())?;
            println!("updated {}", path.display());
            Ok(true)
        }
        Some(result) => Err(format!("expected {}\nanswered {}", pretty(result), pretty(&answer))),
        None => Err("there is no `=== result`: LANGUAGE_UPDATE=1 cargo test --test language writes it".to_owned()),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value serialises")
}

fn read(source: &str) -> Result<Case, String> {
    let mut case = Case::default();
    let mut sections = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        if let Some(title) = line.strip_prefix("=== ") {
            sections.push((title.trim(), at, at + line.len()));
        }
        at += line.len();
    }
    case.before = source.to_owned();
    for (index, (title, start, body)) in sections.iter().enumerate() {
        let end = sections.get(index + 1).map_or(source.len(), |(_, start, _)| *start);
        let text = &source[*body..end];
        let text = text.strip_suffix('\n').unwrap_or(text);
        let words: Vec<&str> = title.split_whitespace().collect();
        match words.as_slice() {
            ["prompt"] => case.files.push((FILE.to_owned(), text.into())),
            ["file", path] => case.files.push(((*path).to_owned(), text.into())),
            ["file", path, "base64"] => {
                let bytes = STANDARD.decode(text.trim()).map_err(|e| format!("=== {title}: {e}"))?;
                case.files.push(((*path).to_owned(), bytes));
            }
            ["arguments"] => case.arguments = object(title, text)?,
            ["claims"] => case.claims = Some(object(title, text)?),
            ["result"] => {
                case.before = source[..*start].to_owned();
                case.result = Some(serde_json::from_str(text).map_err(|e| format!("=== {title}: {e}"))?);
                if index + 1 < sections.len() {
                    return Err("`=== result` is the last section".to_owned());
                }
            }
            _ => return Err(format!("there is no section `=== {title}`")),
        }
    }
    if !case.files.iter().any(|(path, _)| path == FILE) {
        return Err("there is no `=== prompt`".to_owned());
    }
    Ok(case)
}

fn object(title: &str, text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|e| format!("=== {title}: {e}"))
}

/// The answer of `prompts/get` over a folder with the case's files: the result, or `{"error": …}`.
async fn answer(case: &Case) -> Result<Value, String> {
    let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
    for (path, content) in &case.files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).map_err(|e| e.to_string())?;
        fs::write(path, content).map_err(|e| e.to_string())?;
    }
    let store = DirStore::open(dir.path()).map_err(|e| e.to_string())?;
    let gallery = Gallery::new(Arc::new(store), Duration::ZERO, 500);
    let mcp = Mcp::new(Arc::new(gallery), Tools::new(Vec::new()).map_err(|e| e.to_string())?);
    let headers = HeaderMap::from_iter([(
        "mcp-protocol-version".parse().expect("a header"),
        "2025-11-25".parse().expect("a version"),
    )]);
    let params = json!({ "name": NAME, "arguments": case.arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": params }).to_string();
    let post = Post { headers: &headers, body: body.as_bytes(), request_id: "case", claims: case.claims.as_ref() };
    let reply = mcp.handle(post).await;
    let mut reply: Map<String, Value> = serde_json::from_slice(&reply.body).map_err(|e| e.to_string())?;
    match (reply.remove("result"), reply.remove("error")) {
        (Some(result), None) => Ok(result),
        (None, Some(mut error)) => {
            // It has the id of the request.
            error.as_object_mut().map(|error| error.remove("data"));
            Ok(json!({ "error": error }))
        }
        other => Err(format!("neither a result nor an error: {other:?}")),
    }
}

#[test]
fn a_case_that_is_none_is_refused() {
    for (source, why) in [
        ("", "there is no `=== prompt`"),
        ("=== prompt\nx\n=== answer\n{}", "there is no section `=== answer`"),
        ("=== prompt\nx\n=== arguments\n[1]", "=== arguments: "),
        ("=== prompt\nx\n=== file a.png base64\n%", "=== file a.png base64: "),
        ("=== prompt\nx\n=== result\n{", "=== result: "),
        ("=== prompt\nx\n=== result\n{}\n=== claims\n{}", "`=== result` is the last section"),
    ] {
        let error = read(source).expect_err(source);
        assert!(error.starts_with(why), "{source}: {error}");
    }
}

#[tokio::test]
async fn a_case_with_another_answer_or_none_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.case");
    let right = r#"{ "messages": [{ "role": "user", "content": { "type": "text", "text": "Hi Ada" } }] }"#;
    let source = "=== prompt\nHi {{name}}\n=== arguments\n{ \"name\": \"Ada\" }\n";
    for (result, fails_with) in [
        (String::new(), Some("LANGUAGE_UPDATE=1")),
        (format!("=== result\n{}", right.replace("Ada", "Bob")), Some("expected")),
        (format!("=== result\n{right}"), None),
    ] {
        fs::write(&path, format!("{source}{result}")).expect("a file");
        let checked = check(&path, false).await;
        assert_eq!(checked.is_err(), fails_with.is_some(), "{checked:?}");
        assert!(fails_with.is_none_or(|why| checked.is_err_and(|e| e.contains(why))), "{result}");
    }
    fs::write(&path, source).expect("a file");
    assert_eq!(check(&path, true).await, Ok(true));
    assert_eq!(check(&path, false).await, Ok(false), "what was written holds");
    assert!(fs::read_to_string(&path).expect("a file").starts_with(source));
}
