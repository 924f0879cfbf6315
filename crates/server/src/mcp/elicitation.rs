//! Asks a client for the arguments that a prompt lacks, and reads its answers (2026-07-28).
//!
//! The server stores nothing between two requests: the client repeats its request with the answers and the request state.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr>

use serde_json::{Map, Value, json};

use super::error::Error;
use crate::limits::MAX_STATE_BYTES;
use gallery::Form;

/// The key of the one request to the client.
const REQUEST_KEY: &str = "arguments";

/// What a client has answered so far.
#[derive(Default)]
pub(super) struct Answers {
    /// The answers as text, by argument.
    pub(super) given: Map<String, Value>,
    /// Why there are no answers, if the last form was not filled in.
    pub(super) refusal: Option<&'static str>,
}

impl Answers {
    /// The answers of all rounds: `state` has those of the earlier ones, `responses` that of the last.
    ///
    /// # Errors
    /// Invalid parameters, for answers of another form than requested. Keys that were not requested are ignored.
    pub(super) fn of_all_rounds(responses: Option<&Map<String, Value>>, state: Option<&str>) -> Result<Self, Error> {
        let given = match state {
            Some(state) => unpack(state).ok_or_else(|| malformed("requestState: not what this server gave out"))?,
            None => Map::new(),
        };
        let mut answers = Self { given, refusal: None };
        let Some(response) = responses.and_then(|responses| responses.get(REQUEST_KEY)) else { return Ok(answers) };
        match response["action"].as_str() {
            Some("accept") => answers.accept(&response["content"])?,
            Some("decline") => answers.refusal = Some("the form was declined"),
            // A client without a person in front of it cancels the form by itself.
            Some("cancel") => answers.refusal = Some("the form was cancelled, or not shown"),
            _ => return Err(in_response("action", "must be \"accept\", \"decline\" or \"cancel\"")),
        }
        Ok(answers)
    }

    fn accept(&mut self, content: &Value) -> Result<(), Error> {
        let content = match content {
            Value::Object(content) => content,
            // Nothing was filled in.
            Value::Null => return Ok(()),
            _ => return Err(in_response("content", "must be an object")),
        };
        for (name, value) in content {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Object(_) => {
                    return Err(in_response("content", "values must be text, numbers, booleans or lists"));
                }
                other => other.to_string(),
            };
            self.given.insert(name.clone(), text.into());
        }
        Ok(())
    }

    /// The request state: the answers that are not asked for again.
    ///
    /// They are arguments like all others, and each request checks them again. A client may change them, as it may send other
    /// arguments: so the state needs no signature and does not expire.
    ///
    /// # Errors
    /// Invalid parameters, if the answers are too long to be sent again.
    pub(super) fn state(mut self, form: &Form) -> Result<Option<String>, Error> {
        self.given.retain(|name, _| !form.properties.contains_key(name));
        if self.given.is_empty() {
            return Ok(None);
        }
        let state = Value::Object(self.given).to_string();
        if state.len() > MAX_STATE_BYTES {
            return Err(Error::invalid_params(format!(
                "the answers are too long to be sent back and forth (at most {MAX_STATE_BYTES} bytes): send them as arguments"
            )));
        }
        Ok(Some(state))
    }
}

fn unpack(state: &str) -> Option<Map<String, Value>> {
    let answers: Map<String, Value> = serde_json::from_str(state).ok()?;
    (state.len() <= MAX_STATE_BYTES && answers.values().all(Value::is_string)).then_some(answers)
}

fn malformed(problem: &str) -> Error {
    Error::invalid_params(format!("params.{problem}"))
}

fn in_response(field: &str, problem: &str) -> Error {
    malformed(&format!("inputResponses.{REQUEST_KEY}.{field}: {problem}"))
}

/// The `inputRequests` that show `form`.
pub(super) fn requests(form: &Form) -> Map<String, Value> {
    let required: Vec<_> = form.properties.keys().collect();
    let schema = json!({ "type": "object", "properties": form.properties, "required": required });
    let params = json!({ "mode": "form", "message": form.message, "requestedSchema": schema });
    Map::from_iter([(REQUEST_KEY.to_owned(), json!({ "method": "elicitation/create", "params": params }))])
}

/// Whether forms of this revision have such fields.
pub(super) fn fits(form: &Form, version: &str) -> bool {
    match version {
        "2025-03-26" => false,
        "2025-06-18" => form.properties.values().all(|property| property["type"] != "array"),
        _ => true,
    }
}

/// Whether a client with these capabilities can show a form. An empty `elicitation` means forms; `url` alone does not.
pub(super) fn takes_forms(capabilities: &Map<String, Value>) -> bool {
    let modes = capabilities.get("elicitation").and_then(Value::as_object);
    modes.is_some_and(|modes| modes.is_empty() || modes.get("form").is_some_and(Value::is_object))
}
