//! Dotprompt's language-neutral conformance cases (google/dotprompt, `spec/`).
//!
//! `DOTPROMPT_SPEC_DIR` names the folder that holds them; without it there is nothing to run here. Every field that a
//! case expects is compared.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use dotprompt::{Data, Message, Partial, Prompt, PromptFile};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use walkdir::WalkDir;

/// How many there are in `spec/` of google/dotprompt.
const CASES: usize = 117;

#[derive(Deserialize)]
struct Suite {
    name: String,
    template: String,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    schemas: HashMap<String, Value>,
    #[serde(default, rename = "resolverSchemas")]
    resolver_schemas: HashMap<String, Value>,
    #[serde(default)]
    partials: HashMap<String, String>,
    #[serde(default, rename = "resolverPartials")]
    resolver_partials: HashMap<String, String>,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    desc: String,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    options: Map<String, Value>,
    expect: Map<String, Value>,
}

#[test]
fn dotprompt_conformance() {
    // The environment is read in config.rs, and by this test, which is told where the cases are.
    #[expect(clippy::disallowed_methods, reason = "not a setting of the program")]
    let Some(folder) = std::env::var_os("DOTPROMPT_SPEC_DIR") else {
        println!("DOTPROMPT_SPEC_DIR is not set: no cases were run");
        return;
    };
    // A relative path begins at the root of the repository, where cargo is called, not in this crate.
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(folder);
    let (mut passed, mut failures) = (0, Vec::new());
    for file in WalkDir::new(&folder).sort_by_file_name() {
        let file = file.unwrap();
        if file.path().extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let suites: Vec<Suite> = serde_saphyr::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
        for suite in &suites {
            for case in &suite.tests {
                match run(suite, case) {
                    Ok(()) => passed += 1,
                    Err(why) => {
                        let file = file.path().display();
                        failures.push(format!("{file}: {}: {}: {why}", suite.name, case.desc));
                    }
                }
            }
        }
    }
    println!("{passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let folder = folder.display();
    assert_eq!(passed, CASES, "{folder} has not the {CASES} cases that are known: read all of spec/, or count anew");
}

fn run(suite: &Suite, case: &Case) -> Result<(), String> {
    let schemas = |name: &str| suite.schemas.get(name).or_else(|| suite.resolver_schemas.get(name)).cloned();
    let (file, problems) = PromptFile::read("case.prompt", suite.template.as_bytes(), &schemas);
    let file = Arc::new(file.ok_or_else(|| format!("{problems:?}"))?);
    let partials = suite.partials.iter().chain(&suite.resolver_partials).map(|(name, source)| {
        let partial = Partial::parse(name, source.as_bytes()).map_err(|e| e.to_string())?;
        Ok((name.clone(), Arc::new(partial)))
    });
    let prompt =
        Prompt::link(Arc::clone(&file), partials.collect::<Result<_, String>>()?).map_err(|e| e.to_string())?;

    let mut data = suite.data.clone();
    data.extend(case.data.clone());
    let object = |name: &str| data.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let metadata = file.metadata(&case.options);
    // What the caller leaves out comes from the defaults.
    let mut variables =
        metadata.get("input").and_then(|input| input["default"].as_object()).cloned().unwrap_or_default();
    variables.extend(object("input"));
    let messages: Vec<Message> = match data.get("messages") {
        Some(messages) => serde_json::from_value(messages.clone()).map_err(|e| e.to_string())?,
        None => Vec::new(),
    };
    let data = Data { variables, context: object("context"), messages, ..Data::default() };
    let rendered = prompt.render(&data).map_err(|e| e.to_string())?;

    for (field, expected) in &case.expect {
        let actual = match field.as_str() {
            "messages" => json!(rendered),
            "ext" | "config" | "metadata" => metadata.get(field).cloned().unwrap_or_else(|| json!({})),
            _ => metadata.get(field).cloned().unwrap_or_default(),
        };
        if actual != *expected {
            return Err(format!("{field}: expected {expected}, got {actual}"));
        }
    }
    Ok(())
}
