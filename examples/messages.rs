//! Renders prompts of several folders in Dotprompt's own terms, to be compared with other readers of the format.
//!
//! Standard input is a list of `{"name", "dir", "ask", "input"}`; standard output an object with, by `name`, the messages
//! or an error.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::DirStore;

#[derive(Deserialize)]
struct Case {
    name: String,
    dir: String,
    /// The prompt as Dotprompt names it: `team/review.strict`.
    ask: String,
    input: Map<String, Value>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases: Vec<Case> = serde_json::from_reader(io::stdin())?;
    let mut answers = Map::new();
    for case in cases {
        let answer = messages(&case).await;
        answers.insert(case.name, answer.unwrap_or_else(|error| json!({ "error": error })));
    }
    serde_json::to_writer(io::stdout(), &answers)?;
    Ok(())
}

async fn messages(case: &Case) -> Result<Value, String> {
    let store = DirStore::open(Path::new(&case.dir)).map_err(|e| e.to_string())?;
    let gallery = Gallery::new(Arc::new(store), Duration::ZERO, 500);
    let name = case.ask.replace('/', "_").replace('.', "--");
    let prompt = gallery.prompt(&name).await.map_err(|e| e.to_string())?;
    // A client of MCP sends text.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let given = case.input.iter().map(|(name, value)| (name.clone(), text(value).into())).collect();
    let data =
        prompt.resolve(&given).map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let messages = prompt.render(&data).map_err(|e| e.to_string())?;
    Ok(json!({ "messages": messages }))
}
