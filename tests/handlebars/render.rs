//! Renders cases for the comparison with the reference (`tests/handlebars/run`). Each line of standard input is a case,
//! `{"template": …, "partials": {…}, "data": {…}}`; each line of standard output is its result, `{"text": …}` or
//! `{"error": …}`.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use dotprompt::{Data, Part, Partial, Problem, Prompt, PromptFile};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Case {
    template: String,
    partials: HashMap<String, String>,
    data: Map<String, Value>,
}

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let answer = match render(case) {
            Ok(text) => json!({ "text": text }),
            Err(problem) => json!({ "error": problem.message }),
        };
        writeln!(output, "{answer}")?;
    }
    Ok(())
}

fn render(case: Case) -> Result<String, Problem> {
    let file = PromptFile::parse("case.prompt", case.template.as_bytes())?;
    let partials = case.partials.iter().map(|(name, source)| {
        let partial = Partial::parse(&format!("_{name}.prompt"), source.as_bytes())?;
        Ok((name.clone(), Arc::new(partial)))
    });
    let prompt = Prompt::link(Arc::new(file), partials.collect::<Result<_, Problem>>()?)?;
    let messages = prompt.render(&Data { variables: case.data, ..Data::default() })?;
    let text = |part: &Part| match part {
        Part::Text { text } => text.clone(),
        part => panic!("the cases have text alone: {part:?}"),
    };
    Ok(messages.iter().flat_map(|message| &message.content).map(text).collect())
}
