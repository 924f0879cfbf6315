//! The cursor of a list, as text that a client passes back.

use axum::Router;
use gallery::List;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;
use tokio::runtime::Runtime;

use super::service;

const LISTS: [(&str, List); 3] =
    [("prompts/list", List::Prompts), ("tools/list", List::Tools), ("resources/list", List::Resources)];

thread_local! {
    static SERVER: (Runtime, Router) = (service::runtime(), service::open());
}

/// Each list answers with a page, or refuses the cursor; and what a page ends with comes back from its cursor.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for (method, list) in LISTS {
        // The bytes as a cursor, and as that which a cursor is made of.
        assert_eq!(list.last(&list.cursor(&text)).ok().as_deref(), Some(&*text));
        for cursor in [text.as_ref(), &list.cursor(&text)] {
            ask(method, cursor, list.last(cursor).is_ok());
        }
    }
}

fn ask(method: &str, cursor: &str, is_known: bool) {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "cursor": cursor } });
    SERVER.with(|(runtime, app)| {
        let (status, answer) = runtime.block_on(service::post(app, &headers, &body));
        let answer = answer.expect("an answer");
        assert_eq!(status, 200, "{answer}");
        match answer.get("error") {
            None => assert!(is_known, "{answer}"),
            Some(error) => assert_eq!(error["code"], -32602, "{answer}"),
        }
    });
}
