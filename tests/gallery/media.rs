//! Pictures and other files that prompts show.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gallery::GalleryError;
use prompt_gallery::Content;
use serde_json::{Map, Value, json};
use server::mcp::{Mcp, Post};
use server::tools::Tools;
use store::counting_requests;

use crate::s3::Fault;
use crate::{
    HOUR, assert_no_store, failure, gallery, gallery_without_retries, key, listed, lists_and_gets, names, picture,
    s3_with, s3_with_a_picture, say, unreadable,
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_picture_is_read_when_its_prompt_is_asked_for_and_never_for_a_list() {
    let s3 = s3_with_a_picture("one").await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "plain"]);
    assert_eq!(lists_and_gets(s3.requests()), (1, 2), "the prompts alone");
    let (shown, count) = counting_requests(picture(&gallery, "a")).await;
    assert_eq!(
        (shown.unwrap().as_slice(), count),
        (&b"one"[..], 2),
        "the prompt has not changed, and the picture is read"
    );
    s3.put("prompts/flow.png", "two");
    let (shown, count) = counting_requests(picture(&gallery, "a")).await;
    assert_eq!(
        (shown.unwrap().as_slice(), count),
        (&b"two"[..], 4),
        "the picture has changed, so that there is a listing"
    );
    assert_eq!(names(&gallery).await, ["a", "plain"]);
    assert_eq!(s3.requests().get, 7);
}

#[tokio::test]
async fn a_picture_over_3_mib_is_refused_without_being_read() {
    let s3 = s3_with_a_picture(vec![7; 3 * MIB]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(picture(&gallery, "a").await.unwrap().len(), 3 * MIB);
    let before = s3.requests();
    s3.put("prompts/flow.png", vec![7; 3 * MIB + 1]);
    assert_eq!(
        failure(picture(&gallery, "a").await),
        "prompt `a` cannot be rendered: a.prompt, line 1, column 1: `flow.png` has 3145729 bytes, more than the limit of 3145728"
    );
    assert_eq!(s3.requests().get, before.get + 2, "the prompt has not changed, and the picture has");
    assert_eq!(names(&gallery).await, ["a", "plain"], "the prompt itself is fine");
}

#[tokio::test]
async fn a_picture_that_vanishes_between_list_and_get_is_missing_after_another_list() {
    let s3 = s3_with_a_picture("one").await;
    s3.set_fault(Some(Fault::DeleteAfterList("prompts/flow.png".into())));
    let gallery = listed(gallery(&s3, HOUR)).await;
    let said = failure(picture(&gallery, "a").await);
    assert!(said.ends_with("a.prompt, line 1, column 1: there is no file `flow.png` in the gallery"), "{said}");
    assert_eq!(lists_and_gets(s3.requests()), (2, 2), "the prompt once, the picture once in vain");
}

#[tokio::test]
async fn a_picture_replaced_between_list_and_get_is_shown_in_its_new_version() {
    let s3 = s3_with_a_picture("one").await;
    s3.set_fault(Some(Fault::ReplaceAfterList("prompts/flow.png".into(), Bytes::from("two"))));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(picture(&gallery, "a").await.unwrap(), b"two");
    assert_eq!(lists_and_gets(s3.requests()), (2, 3));
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_is_a_store_error_that_does_not_describe_the_store() {
    let s3 = s3_with_a_picture("one").await;
    let gallery = gallery_without_retries(&s3, HOUR);
    names(&gallery).await;
    for fault in [Fault::SlowDown, Fault::Disconnect, Fault::SlowDownKey("prompts/flow.png".into())] {
        s3.set_fault(Some(fault));
        let result = picture(&gallery, "a").await;
        assert_eq!(result.as_ref().unwrap_err().to_string(), "prompt store unavailable");
        assert_no_store(result);
        assert_eq!(say(&gallery, "plain").await.unwrap(), "plain");
    }
    s3.set_fault(Some(Fault::DenyKey("prompts/flow.png".into())));
    let denied = unreadable(picture(&gallery, "a").await);
    assert_eq!(denied, "prompt `a` cannot be read: the server may not read flow.png");
    s3.set_fault(None);
    assert_eq!(picture(&gallery, "a").await.unwrap(), b"one");
}

#[tokio::test]
async fn at_most_twenty_media_are_shown() {
    let s3 = s3_with(&[]).await;
    for (name, count) in [("twenty", 20), ("more", 21)] {
        s3.put(&key(name), r#"{{media url="https://example.org/a.png"}}"#.repeat(count));
    }
    let gallery = gallery(&s3, HOUR);
    assert_eq!(gallery.get("twenty", &Map::new(), None).await.unwrap().messages.len(), 20);
    let said = failure(gallery.get("more", &Map::new(), None).await);
    assert!(said.ends_with("the prompt shows more than 20 media"), "{said}");
}

#[tokio::test]
async fn a_picture_that_a_caller_may_not_name_is_no_internal_error() {
    let s3 = s3_with(&[]).await;
    s3.put(&key("any"), "{{media url=picture}}");
    let mcp = Mcp::new(Arc::new(gallery(&s3, HOUR)), Tools::new(Vec::new()).unwrap());
    for picture in ["any.prompt", "../x", "ftp://secret", "data:secret", " "] {
        let params = json!({ "name": "any", "arguments": { "picture": picture } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": params }).to_string();
        let headers = http::HeaderMap::new();
        let post = Post { headers: &headers, body: body.as_bytes(), request_id: "r-1", claims: None };
        let reply = mcp.handle(post).await;
        assert_eq!((reply.record.error, &reply.record.cause), (Some(-32602), &None), "{picture}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("secret"), "{picture}");
    }
}

#[tokio::test]
async fn an_answer_over_5_5_mb_is_refused() {
    let s3 = s3_with_a_picture(vec![7; 2_062_000]).await;
    s3.put(&key("twice"), r#"{{media url="flow.png"}} {{media url="flow.png"}}"#);
    let mcp = Mcp::new(Arc::new(gallery(&s3, Duration::ZERO)), Tools::new(Vec::new()).unwrap());
    let ask = async || {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"twice"}}"#;
        let headers = http::HeaderMap::new();
        let post = Post { headers: &headers, body: body.as_bytes(), request_id: "r-1", claims: None };
        mcp.handle(post).await
    };
    // Base64 has four bytes for three, twice; the rest is the envelope.
    let reply = ask().await;
    assert!((5_498_672..=5_500_000).contains(&reply.body.len()), "{}", reply.body.len());
    s3.put("prompts/flow.png", vec![7; 2_063_000]);
    let reply = ask().await;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["error"]["code"], -32603);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("prompt `twice` cannot be rendered: 55"), "{message}");
    assert!(message.ends_with(" bytes of answer; at most 5500000"), "{message}");
}

#[tokio::test]
async fn a_picture_that_is_shown_twice_is_read_once_and_stands_where_it_should() {
    let s3 = s3_with_a_picture("flow").await;
    s3.put("prompts/plan.png", "plan");
    let plan = r#"{{media url="plan.png"}}"#;
    s3.put(&key("twice"), format!(r#"{plan}{{{{media url="flow.png"}}}}{{{{media url="./plan.png"}}}}"#));
    let gallery = gallery(&s3, HOUR);
    names(&gallery).await;
    let before = s3.requests();
    let rendered = gallery.get("twice", &Map::new(), None).await.unwrap();
    let shown = rendered.messages.iter().map(|message| match &message.content {
        Content::Image { data, .. } => STANDARD.decode(data).unwrap(),
        other => panic!("no picture: {other:?}"),
    });
    assert_eq!(shown.collect::<Vec<_>>(), [b"plan", b"flow", b"plan"]);
    assert_eq!(s3.requests().get - before.get, 2);
}

#[tokio::test]
async fn pictures_that_are_too_much_for_an_answer_are_refused_without_being_read() {
    let s3 = s3_with(&[]).await;
    for name in ["a.png", "b.png", "a.txt", "b.txt"] {
        s3.put(&format!("prompts/{name}"), vec![b'x'; 2_100_000]);
    }
    s3.put(&key("pictures"), r#"{{media url="a.png"}}{{media url="b.png"}}"#);
    s3.put(&key("texts"), r#"{{media url="a.txt"}}{{media url="b.txt"}}"#);
    let gallery = gallery(&s3, HOUR);
    names(&gallery).await;
    let before = s3.requests();
    let refused = gallery.get("pictures", &Map::new(), None).await;
    assert!(matches!(refused, Err(GalleryError::TooLong { size: 5_600_000, .. })), "{refused:?}");
    assert_eq!(s3.requests().get, before.get);
    // Text is not made longer by base64.
    assert_eq!(gallery.get("texts", &Map::new(), None).await.unwrap().messages.len(), 2);
}
