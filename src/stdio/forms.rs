//! Requests to a client of a handshake revision: where the server needs input, it asks, and handles the message again with the
//! answers, as a 2026-07-28 client does by itself.

use serde_json::{Map, Value, json};

use super::connection::Shared;
use super::head::Id;
use server::mcp::InputRequests;

/// What the ids of the server's requests begin with.
const ID_PREFIX: &str = "gallery-";

/// Sends the requests and waits for all answers. The message with the answers, as a 2026-07-28 client would send it; `None`
/// where the client does not answer.
pub(super) async fn ask(shared: &Shared, asked: InputRequests, message: &[u8]) -> Option<Vec<u8>> {
    let mut waiting = Vec::new();
    for (key, request) in asked.requests {
        let (number, answer) = shared.asks()?;
        let (method, params) = (&request["method"], &request["params"]);
        let request =
            json!({ "jsonrpc": "2.0", "id": format!("{ID_PREFIX}{number}"), "method": method, "params": params });
        shared.send(request.to_string().into()).await;
        waiting.push((key, answer));
    }
    let mut responses = Map::new();
    for (key, answer) in waiting {
        responses.insert(key, answer.await.ok()?);
    }
    let mut message: Value = serde_json::from_slice(message).ok()?;
    let params = message.get_mut("params")?.as_object_mut()?;
    params.insert("inputResponses".to_owned(), responses.into());
    match asked.state {
        Some(state) => params.insert("requestState".to_owned(), state.into()),
        None => params.shift_remove("requestState"),
    };
    serde_json::to_vec(&message).ok()
}

/// The number of the server's request with this id.
pub(super) fn number(id: &Id) -> Option<u64> {
    id.text()?.strip_prefix(ID_PREFIX)?.parse().ok()
}
