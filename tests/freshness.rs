//! How fresh the gallery is, what that costs in requests to S3, and what it serves while files are broken or S3 is down.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]
#![expect(clippy::needless_pass_by_value, reason = "an assertion takes the result of a call")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_s3::config::retry::RetryConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::join_all;
use md5::{Digest, Md5};
use prompt_gallery::gallery::{Gallery, GalleryError};
use prompt_gallery::mcp::Post;
use prompt_gallery::store::{DirStore, Object, PromptStore, S3Store, StoreError, counting_s3_requests};
use prompt_gallery::{Content, Server};
use serde_json::{Map, Value, json};
use support::s3::{Edit, Fault, Requests, S3Server};
use tempfile::{NamedTempFile, TempDir};

/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);
const PAGE_SIZE: usize = 500;

fn gallery(s3: &S3Server, ttl: Duration) -> Gallery {
    gallery_with_pages(s3, ttl, PAGE_SIZE)
}

fn gallery_with_pages(s3: &S3Server, ttl: Duration, page_size: usize) -> Gallery {
    let store = S3Store::new(s3.client_config(), S3Server::BUCKET, "prompts/");
    Gallery::new(Arc::new(store), ttl, page_size)
}

/// A gallery that has listed its store, as every one has that is not just starting.
async fn listed(gallery: Gallery) -> Gallery {
    gallery.count().await.unwrap();
    gallery
}

/// Without retries, so that a failure is one request.
fn gallery_without_retries(s3: &S3Server, ttl: Duration) -> Gallery {
    let config = s3.client_config().retry_config(RetryConfig::disabled());
    Gallery::new(Arc::new(S3Store::new(config, S3Server::BUCKET, "prompts/")), ttl, PAGE_SIZE)
}

/// A server with `prompts/NAME.prompt` for each name, which say their name.
async fn s3_with(names: &[&str]) -> S3Server {
    let s3 = S3Server::start().await;
    for name in names {
        put(&s3, name, name);
    }
    s3
}

/// A prompt that says `text`, in its description too.
fn prompt(text: &str) -> String {
    format!("---\ndescription: {text}\n---\n{text}")
}

fn put(s3: &S3Server, name: &str, text: &str) {
    s3.put(&key(name), prompt(text));
}

fn key(name: &str) -> String {
    format!("prompts/{name}.prompt")
}

/// The names and descriptions of all pages.
async fn descriptions(gallery: &Gallery) -> Result<BTreeMap<String, String>, GalleryError> {
    let mut all = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = gallery.list(cursor.as_deref()).await?;
        let prompts: Vec<Value> = serde_json::from_str(page.prompts.get()).unwrap();
        for prompt in prompts {
            let text = |key: &str| prompt[key].as_str().unwrap_or_default().to_owned();
            assert_eq!(all.insert(text("name"), text("description")), None, "listed twice");
        }
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

async fn names(gallery: &Gallery) -> Vec<String> {
    descriptions(gallery).await.expect("a list").into_keys().collect()
}

/// One page: the names on it and the next cursor.
async fn page(gallery: &Gallery, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let page = gallery.list(cursor).await.expect("a page");
    let prompts: Vec<Value> = serde_json::from_str(page.prompts.get()).unwrap();
    let names = prompts.iter().map(|prompt| prompt["name"].as_str().unwrap().to_owned()).collect();
    (names, page.next_cursor.clone())
}

/// What a prompt without arguments says.
async fn say(gallery: &Gallery, name: &str) -> Result<String, GalleryError> {
    let rendered = gallery.get(name, &Map::new(), None).await?;
    match rendered.messages.as_slice() {
        [message] => match &message.content {
            Content::Text { text } => Ok(text.clone()),
            other => panic!("not text: {other:?}"),
        },
        other => panic!("not one message: {other:?}"),
    }
}

/// Waits until `is_so`; what never comes fails the test.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lets the snapshot that is served now become older than `SHORT`.
async fn outlive_the_ttl() {
    tokio::time::sleep(SHORT + Duration::from_millis(1)).await;
}

fn lists_and_gets(requests: Requests) -> (usize, usize) {
    assert_eq!(requests.total, requests.list + requests.get, "there are no other requests");
    (requests.list, requests.get)
}

#[track_caller]
fn assert_unknown(result: Result<impl Debug, GalleryError>) {
    assert!(matches!(result, Err(GalleryError::UnknownPrompt { .. })), "{result:?}");
}

#[track_caller]
fn assert_no_store(result: Result<impl Debug, GalleryError>) {
    assert!(matches!(result, Err(GalleryError::Store(StoreError::Unavailable(_)))), "{result:?}");
}

#[tokio::test]
async fn nothing_is_asked_of_s3_before_the_first_request() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!((gallery.ttl(), gallery.location()), (HOUR, "s3://gallery/prompts/".to_owned()));
    assert_eq!(s3.requests(), Requests::default());
}

#[tokio::test]
async fn the_first_list_is_one_list_and_one_get_for_each_prompt() {
    let s3 = s3_with(&["a", "b", "team/c"]).await;
    s3.put("prompts/README.md", "no prompt");
    s3.put("prompts/_partial.prompt", "no prompt");
    s3.put("prompts/folder/", "");
    s3.put("prompts/", "");
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["a", "b", "team_c"]);
    assert_eq!(lists_and_gets(s3.requests()), (1, 3));
}

#[tokio::test]
async fn the_first_get_reads_the_likely_files_beside_the_list() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery(&s3, HOUR);
    let (said, count) = counting_s3_requests(say(&gallery, "b")).await;
    assert_eq!((said.unwrap().as_str(), count), ("b", 3));
    assert_eq!(lists_and_gets(s3.requests()), (1, 2), "b.prompt, and b.hbs in vain");
}

#[tokio::test]
async fn the_get_after_a_list_is_one_get() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = listed(gallery(&s3, HOUR)).await;
    let (said, count) = counting_s3_requests(say(&gallery, "b")).await;
    assert_eq!((said.unwrap().as_str(), count), ("b", 1));
    assert_eq!(lists_and_gets(s3.requests()), (1, 1));
}

#[tokio::test]
async fn a_file_that_is_read_before_it_is_listed_is_served_only_if_it_is_the_listed_one() {
    let s3 = s3_with(&["a", "team/a"]).await;
    // Of two files that claim one name, the one with the better claim has it, whichever is the likely one.
    s3.put("prompts/team/b.hbs", "likely");
    s3.put("prompts/team-b.prompt", "not this name");
    let gallery_of = || gallery(&s3, HOUR);
    assert_eq!(say(&gallery_of(), "team_a").await.unwrap(), "team/a");
    assert_eq!(say(&gallery_of(), "team_b").await.unwrap(), "likely");
    s3.put("prompts/team_b.prompt", "exactly the name");
    assert_eq!(say(&gallery_of(), "team_b").await.unwrap(), "exactly the name");
    let all = names(&gallery_of()).await;
    let other = all.iter().find(|name| name.starts_with("team_b-")).unwrap();
    assert_eq!(say(&gallery_of(), other).await.unwrap(), "likely");
    s3.put("prompts/team/_b.prompt", "a partial");
    assert_unknown(say(&gallery_of(), "team__b").await);
    s3.set_fault(Some(Fault::ReplaceAfterList(key("a"), Bytes::from(prompt("new")))));
    let said = say(&gallery_of(), "a").await.unwrap();
    assert!(["a", "new"].contains(&said.as_str()), "{said}");
    s3.put(&key("broken"), "{{#if}}");
    assert!(broken(&gallery_of(), "broken").await.contains("broken.prompt, line 1"));
}

#[tokio::test]
async fn within_the_ttl_nothing_is_asked_of_s3() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.put(&key("tone"), "---\narguments:\n  - name: tone\n    enum: [formal, friendly]\n---\nBe {{tone}}.");
    s3.put(&key("broken"), "{{#if}");
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["a", "b", "tone"]);
    let before = s3.requests();
    let ((), count) = counting_s3_requests(async {
        for _ in 0..3 {
            assert_eq!(names(&gallery).await, ["a", "b", "tone"]);
            assert_eq!(say(&gallery, "a").await.unwrap(), "a");
            assert_eq!(gallery.complete("tone", "tone", "f").await.unwrap().values, ["formal", "friendly"]);
            assert!(matches!(say(&gallery, "broken").await, Err(GalleryError::Broken { .. })));
            assert_unknown(say(&gallery, "missing").await);
            assert_unknown(gallery.complete("missing", "tone", "").await);
            assert_eq!(gallery.count().await.unwrap(), 4);
        }
    })
    .await;
    assert_eq!(count, 0);
    assert_eq!(s3.requests(), before);
}

#[tokio::test]
async fn within_the_longest_ttl_there_is_nothing_is_asked_of_s3() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, Duration::MAX);
    assert_eq!(names(&gallery).await, ["a"]);
    let before = s3.requests();
    assert_eq!(names(&gallery).await, ["a"]);
    assert_eq!(s3.requests(), before);
}

#[tokio::test]
async fn within_the_ttl_a_prompt_that_was_read_is_served_as_it_was() {
    let s3 = s3_with(&["changed", "deleted"]).await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["changed", "deleted"]);
    put(&s3, "changed", "new");
    put(&s3, "added", "new");
    s3.delete(&key("deleted"));
    assert_eq!(names(&gallery).await, ["changed", "deleted"]);
    assert_eq!(say(&gallery, "changed").await.unwrap(), "changed");
    assert_eq!(say(&gallery, "deleted").await.unwrap(), "deleted");
    assert_unknown(say(&gallery, "added").await);
}

#[tokio::test]
async fn after_the_ttl_one_list_is_made_and_only_what_changed_is_read_again() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery(&s3, SHORT);
    names(&gallery).await;
    assert_eq!(lists_and_gets(s3.requests()), (1, 3));

    outlive_the_ttl().await;
    gallery.list(None).await.unwrap();
    assert_eq!(lists_and_gets(s3.requests()), (2, 3), "nothing changed");

    put(&s3, "b", "new");
    outlive_the_ttl().await;
    let (page, count) = counting_s3_requests(gallery.list(None)).await;
    assert!(page.unwrap().prompts.get().contains("new"));
    assert_eq!(count, 2);
    assert_eq!(lists_and_gets(s3.requests()), (3, 4), "one LIST, one GET");
}

#[tokio::test]
async fn with_a_ttl_of_zero_each_request_makes_one_list() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    gallery.list(None).await.unwrap();
    assert_eq!(lists_and_gets(s3.requests()), (1, 2));
    gallery.list(None).await.unwrap();
    say(&gallery, "a").await.unwrap();
    assert_unknown(say(&gallery, "missing").await);
    gallery.complete("a", "none", "").await.unwrap_err();
    assert_eq!(lists_and_gets(s3.requests()), (5, 2));
}

#[tokio::test]
async fn a_listing_of_many_pages_costs_one_request_for_each() {
    let s3 = s3_with(&["a", "b", "c", "d", "e"]).await;
    s3.set_page_size(2);
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b", "c", "d", "e"]);
    assert_eq!(lists_and_gets(s3.requests()), (3, 5));
    put(&s3, "e", "new");
    assert_eq!(say(&gallery, "e").await.unwrap(), "new");
    assert_eq!(lists_and_gets(s3.requests()), (6, 6));
}

#[tokio::test]
async fn a_new_prompt_is_there_after_the_ttl() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, SHORT);
    assert_eq!(names(&gallery).await, ["a"]);
    put(&s3, "b", "b");
    eventually("b is listed", async || names(&gallery).await == ["a", "b"]).await;
    assert_eq!(say(&gallery, "b").await.unwrap(), "b");
    assert_eq!(s3.requests().get, 2);
}

#[tokio::test]
async fn a_changed_prompt_is_listed_and_rendered_anew_after_the_ttl() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, SHORT);
    names(&gallery).await;
    put(&s3, "a", "new");
    eventually("a is new", async || say(&gallery, "a").await.unwrap() == "new").await;
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "new");
    assert_eq!(s3.requests().get, 3, "each version of each prompt was read once");
}

#[tokio::test]
async fn a_deleted_prompt_is_gone_after_the_ttl() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, SHORT);
    names(&gallery).await;
    s3.delete(&key("a"));
    eventually("a is gone", async || names(&gallery).await == ["b"]).await;
    assert_unknown(say(&gallery, "a").await);
    assert_eq!(s3.requests().get, 2);
}

#[tokio::test]
async fn a_prompt_put_back_as_it_was_is_served_again() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.delete(&key("a"));
    assert_unknown(say(&gallery, "a").await);
    put(&s3, "a", "a");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
}

#[tokio::test]
async fn a_prompt_deleted_between_list_and_get_is_unknown_after_another_list() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::DeleteAfterList(key("a"))));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_unknown(say(&gallery, "a").await);
    assert_eq!(lists_and_gets(s3.requests()), (2, 1));
    assert_eq!(say(&gallery, "b").await.unwrap(), "b");
}

#[tokio::test]
async fn a_prompt_deleted_between_list_and_get_is_left_out_of_the_list() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::DeleteAfterList(key("a"))));
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["b"]);
    assert_eq!(lists_and_gets(s3.requests()), (2, 2));
}

#[tokio::test]
async fn a_prompt_replaced_between_list_and_get_is_rendered_in_its_new_version() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::ReplaceAfterList(key("a"), Bytes::from(prompt("new")))));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "a").await.unwrap(), "new");
    assert_eq!(lists_and_gets(s3.requests()), (2, 2));
}

#[tokio::test]
async fn a_prompt_replaced_between_list_and_get_is_listed_in_its_new_version() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::ReplaceAfterList(key("a"), Bytes::from(prompt("new")))));
    let gallery = gallery(&s3, HOUR);
    let descriptions = descriptions(&gallery).await.unwrap();
    assert_eq!((descriptions["a"].as_str(), descriptions["b"].as_str()), ("new", "b"));
    assert_eq!(lists_and_gets(s3.requests()), (2, 3), "b is not read again");
}

/// However long the TTL: what was not read yet is read as it is now.
#[tokio::test]
async fn a_prompt_that_changed_before_it_was_first_read_is_found_by_another_list() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    put(&s3, "b", "new");
    assert_eq!(say(&gallery, "b").await.unwrap(), "new");
    assert_eq!(lists_and_gets(s3.requests()), (2, 3));
}

#[tokio::test]
async fn a_prompt_replaced_again_is_asked_for_again() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, HOUR);
    gallery.count().await.unwrap();
    put(&s3, "a", "second");
    // The listing that finds the second version is followed by a third.
    s3.set_fault(Some(Fault::ReplaceAfterList(key("a"), Bytes::from(prompt("third")))));
    assert_eq!(say(&gallery, "a").await.unwrap(), "third");
    assert_eq!(lists_and_gets(s3.requests()), (3, 3));
    s3.set_fault(None);
    assert_eq!(say(&gallery, "a").await.unwrap(), "third");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_first_requests_at_once_make_one_list_and_one_get_for_each_prompt() {
    let s3 = s3_with(&["a", "b", "c", "d", "e"]).await;
    let gallery = Arc::new(gallery(&s3, HOUR));
    let requests = (0..200).map(|number| {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move {
            match number % 7 {
                5 => assert_eq!(names(&gallery).await, ["a", "b", "c", "d", "e"]),
                6 => assert_unknown(gallery.complete("missing", "x", "").await),
                index => {
                    let name = ["a", "b", "c", "d", "e"][index];
                    assert_eq!(say(&gallery, name).await.unwrap(), name);
                }
            }
        })
    });
    for request in join_all(requests).await {
        request.expect("a request");
    }
    // The one that came first reads two likely files beside the list, of which another may read one again.
    let (lists, gets) = lists_and_gets(s3.requests());
    assert!(lists == 1 && (5..=7).contains(&gets), "{lists}, {gets}");
}

#[tokio::test]
async fn requests_that_wait_for_one_failing_list_share_its_failure() {
    let s3 = s3_with(&["a"]).await;
    s3.set_fault(Some(Fault::SlowDown));
    let gallery = gallery_without_retries(&s3, HOUR);
    for result in join_all((0..50).map(|_| gallery.list(None))).await {
        assert_no_store(result);
    }
    assert_eq!(lists_and_gets(s3.requests()), (1, 0));
}

#[tokio::test]
async fn a_request_that_is_given_up_holds_up_no_other() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, HOUR);
    s3.set_fault(Some(Fault::Hang));
    let given_up = tokio::time::timeout(Duration::from_millis(20), gallery.list(None)).await;
    assert!(given_up.is_err());
    s3.set_fault(None);
    assert_eq!(names(&gallery).await, ["a"]);

    put(&s3, "a", "new");
    let gallery = self::gallery(&s3, HOUR);
    gallery.count().await.unwrap();
    s3.set_fault(Some(Fault::Hang));
    let given_up = tokio::time::timeout(Duration::from_millis(20), say(&gallery, "a")).await;
    assert!(given_up.is_err());
    s3.set_fault(None);
    assert_eq!(say(&gallery, "a").await.unwrap(), "new");
}

#[tokio::test]
async fn in_an_outage_the_last_good_snapshot_is_served() {
    for fault in [Fault::SlowDown, Fault::Disconnect, Fault::AccessDenied] {
        let s3 = s3_with(&["a", "b"]).await;
        let gallery = gallery(&s3, Duration::ZERO);
        assert_eq!(names(&gallery).await, ["a", "b"]);
        put(&s3, "a", "new");
        s3.delete(&key("b"));
        s3.set_fault(Some(fault.clone()));
        for _ in 0..3 {
            assert_eq!(names(&gallery).await, ["a", "b"], "{fault:?}");
            assert_eq!(say(&gallery, "a").await.unwrap(), "a", "{fault:?}");
            assert_eq!(say(&gallery, "b").await.unwrap(), "b", "{fault:?}");
            assert_unknown(say(&gallery, "missing").await);
        }

        s3.set_fault(None);
        eventually("S3 is asked again", async || names(&gallery).await == ["a"]).await;
        assert_eq!(say(&gallery, "a").await.unwrap(), "new");
    }
}

#[tokio::test]
async fn in_an_outage_s3_is_asked_at_most_once_a_second() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery_without_retries(&s3, Duration::ZERO);
    names(&gallery).await;
    s3.set_fault(Some(Fault::SlowDown));
    let before = s3.requests();
    let began = Instant::now();
    for _ in 0..50 {
        assert_eq!(names(&gallery).await, ["a"]);
    }
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    let asked = s3.requests().list - before.list;
    assert!((1..=seconds + 1).contains(&asked), "{asked} times in {seconds} s");
}

#[tokio::test]
async fn in_an_outage_a_prompt_that_was_never_read_is_a_store_error() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::SlowDown));
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_no_store(say(&gallery, "b").await);
    assert_no_store(gallery.complete("b", "x", "").await);
    assert_no_store(gallery.list(None).await);
    s3.set_fault(None);
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

#[tokio::test]
async fn without_any_snapshot_an_outage_is_a_store_error() {
    for fault in [Fault::SlowDown, Fault::Disconnect] {
        let s3 = s3_with(&["a"]).await;
        let gallery = gallery(&s3, HOUR);
        s3.set_fault(Some(fault));
        assert_no_store(gallery.list(None).await);
        assert_no_store(say(&gallery, "a").await);
        assert_no_store(gallery.complete("a", "x", "").await);
        assert_no_store(gallery.count().await);
        s3.set_fault(None);
        assert_eq!(names(&gallery).await, ["a"], "the next request asks anew");
    }
}

#[tokio::test]
async fn without_permission_to_list_there_is_a_store_error() {
    let s3 = s3_with(&["a"]).await;
    s3.set_fault(Some(Fault::AccessDenied));
    let result = gallery(&s3, HOUR).list(None).await;
    assert!(matches!(result, Err(GalleryError::Store(StoreError::Denied(_)))), "{result:?}");
}

#[tokio::test]
async fn the_text_of_a_store_error_says_nothing_of_the_store() {
    let s3 = s3_with(&["a"]).await;
    s3.set_fault(Some(Fault::SlowDown));
    let error = gallery(&s3, HOUR).list(None).await.unwrap_err();
    assert_eq!(error.to_string(), "prompt store unavailable");
}

#[tokio::test]
async fn a_list_without_a_single_prompt_read_is_a_store_error() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, HOUR);
    s3.set_fault(Some(Fault::SlowDownAfter(1)));
    assert_no_store(gallery.list(None).await);
    s3.set_fault(None);
    assert_eq!(names(&gallery).await, ["a", "b"]);
    assert_eq!(s3.requests().list, 1, "the listing was good");
}

#[tokio::test]
async fn a_changed_prompt_that_cannot_be_read_is_served_in_the_version_before() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    put(&s3, "a", "second");
    put(&s3, "b", "new");
    s3.set_fault(Some(Fault::SlowDownKey(key("a"))));
    for _ in 0..2 {
        let listed = descriptions(&gallery).await.unwrap();
        assert_eq!((listed["a"].as_str(), listed["b"].as_str()), ("a", "new"));
        assert_eq!(say(&gallery, "a").await.unwrap(), "a");
        assert_eq!(say(&gallery, "b").await.unwrap(), "new");
    }
    put(&s3, "a", "third");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a", "the last version that was read");

    s3.set_fault(None);
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "third");
    assert_eq!(say(&gallery, "a").await.unwrap(), "third");
}

#[tokio::test]
async fn a_changed_prompt_that_may_not_be_read_is_served_in_the_version_before() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    put(&s3, "a", "new");
    s3.set_fault(Some(Fault::DenyKey(key("a"))));
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "a");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
}

#[tokio::test]
async fn the_version_before_is_not_listed_any_longer_than_need_be() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    put(&s3, "a", "new");
    s3.set_fault(Some(Fault::SlowDownKey(key("a"))));
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "a");
    s3.set_fault(None);
    // The bucket has not changed since; what was listed must not be kept for it.
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "new");
}

#[tokio::test]
async fn a_new_prompt_that_cannot_be_read_takes_no_other_from_the_list() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b"]);
    put(&s3, "new", "new");
    s3.set_fault(Some(Fault::SlowDownKey(key("new"))));
    assert_eq!(names(&gallery).await, ["a", "b"]);
    assert_no_store(say(&gallery, "new").await);
    put(&s3, "a", "changed");
    assert_eq!(names(&gallery).await, ["a", "b"], "still, when something else has changed");
    s3.set_fault(None);
    assert_eq!(names(&gallery).await, ["a", "b", "new"]);
}

#[tokio::test]
async fn a_prompt_that_may_not_be_read_is_left_out_of_the_list() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery(&s3, HOUR);
    s3.set_fault(Some(Fault::DenyKey(key("b"))));
    assert_eq!(names(&gallery).await, ["a", "c"]);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_eq!(say(&gallery, "c").await.unwrap(), "c");
    assert_eq!(unreadable(say(&gallery, "b").await), "prompt `b` cannot be read: the server may not read b.prompt");
    assert_eq!(s3.requests().list, 2, "the second one tells that the file is still there");
    s3.set_fault(None);
    eventually("it may be read", async || names(&gallery).await == ["a", "b", "c"]).await;
    assert_eq!(s3.requests().list, 2);
}

/// What a client gets to know of a prompt of which a file is refused.
#[track_caller]
fn unreadable(result: Result<impl Debug, GalleryError>) -> String {
    assert!(matches!(result, Err(GalleryError::Unreadable { .. })), "{result:?}");
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_file_that_the_store_refuses_takes_no_other_from_the_list_and_is_told_once() {
    for (status, code, why) in [
        (400, "InvalidRequest", "the prompt store refuses to return b.prompt"),
        (400, "KMS.DisabledException", "the prompt store refuses to return b.prompt"),
        (403, "AccessDenied", "the server may not read b.prompt"),
        (403, "InvalidObjectState", "the prompt store refuses to return b.prompt"),
        (404, "NoSuchKey", "b.prompt is listed in the prompt store, and is not there"),
        (405, "MethodNotAllowed", "the prompt store refuses to return b.prompt"),
    ] {
        let log = NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(log.reopen().unwrap())).finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let logged = || fs::read_to_string(log.path()).unwrap();
        let s3 = s3_with(&["a", "b", "c"]).await;
        let gallery = gallery(&s3, Duration::ZERO);
        s3.set_fault(Some(Fault::RefuseKey(key("b"), status, code)));
        assert_eq!(names(&gallery).await, ["a", "c"], "{code}");
        assert_eq!((gallery.count().await.unwrap(), gallery.broken()), (3, 1), "{code}");
        assert!(gallery.left_out()[0].starts_with("b.prompt: "), "{:?}", gallery.left_out());
        let before = s3.requests();
        for _ in 0..3 {
            assert_eq!(names(&gallery).await, ["a", "c"], "{code}");
            let said = unreadable(say(&gallery, "b").await);
            assert_eq!(said, format!("prompt `b` cannot be read: {why}"));
        }
        assert_eq!(s3.requests().get, before.get, "{code}: it is not asked for at each request");
        assert_eq!(s3.requests().list, before.list + 6, "{code}: nor listed again");
        let lines = || logged().lines().filter(|line| line.contains("b.prompt")).count();
        assert_eq!(lines(), 1, "{code}: {}", logged());
        put(&s3, "b", "new");
        unreadable(say(&gallery, "b").await);
        assert_eq!(lines(), 2, "{code}, of another version: {}", logged());
        s3.set_fault(None);
        put(&s3, "b", "mended");
        assert_eq!(say(&gallery, "b").await.unwrap(), "mended");
        assert_eq!((names(&gallery).await.len(), gallery.broken()), (3, 0), "{code}");
    }
}

#[tokio::test]
async fn a_partial_that_the_store_refuses_leaves_out_its_prompts_alone() {
    let s3 = s3_with_a_partial().await;
    s3.set_fault(Some(Fault::RefuseKey(key("_tone"), 400, "InvalidRequest")));
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["plain"]);
    assert_eq!(gallery.broken(), 2);
    assert_eq!(
        unreadable(say(&gallery, "a").await),
        "prompt `a` cannot be read: the prompt store refuses to return _tone.prompt"
    );
    s3.set_fault(None);
    eventually("it is read", async || names(&gallery).await == ["a", "b", "plain"]).await;
    assert_eq!(gallery.broken(), 0);
}

#[tokio::test]
async fn where_no_file_may_be_read_the_store_is_at_fault() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::DenyObjects));
    let result = gallery(&s3, HOUR).list(None).await;
    assert!(matches!(result, Err(GalleryError::Store(StoreError::Denied(_)))), "{result:?}");
}

#[tokio::test]
async fn where_the_whole_store_denies_access_it_is_no_fault_of_a_file() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::AccessDenied));
    let denied = say(&gallery, "b").await;
    assert!(matches!(denied, Err(GalleryError::Store(StoreError::Denied(_)))), "{denied:?}");
    assert_no_store(gallery.list(None).await);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_eq!(gallery.broken(), 0);
    s3.set_fault(None);
    eventually("it is over", async || gallery.list(None).await.is_ok()).await;
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

/// As S3 says of a key that is not there, where the permission to list is for some prefixes alone.
#[tokio::test]
async fn a_prompt_that_is_gone_is_unknown_also_where_s3_says_that_access_is_denied() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = listed(gallery(&s3, HOUR)).await;
    s3.set_fault(Some(Fault::HideMissing));
    s3.delete(&key("a"));
    assert_unknown(say(&gallery, "a").await);
    assert_eq!(names(&gallery).await, ["b"]);
}

#[tokio::test]
async fn a_prompt_that_changes_twice_within_one_call_is_rendered_as_it_is_then() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.set_fault(Some(Fault::ChangeAfterList(key("a"), 3)));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "a").await.unwrap(), "changed, 1 to go");
    s3.set_fault(Some(Fault::ChangeAfterList(key("a"), 3)));
    let gallery = listed(self::gallery(&s3, HOUR)).await;
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

#[tokio::test]
async fn a_prompt_that_never_stops_changing_is_not_unknown() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery_of = || gallery(&s3, Duration::ZERO);
    let served = gallery_of();
    assert_eq!(say(&served, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::ChangeAfterList(key("a"), usize::MAX)));
    assert_eq!(say(&served, "a").await.unwrap(), "a", "as it was served last");
    let before = s3.requests().list;
    // Without what is read beside the first listing.
    let changing = say(&listed(gallery_of()).await, "a").await;
    assert!(matches!(changing, Err(GalleryError::Changing { .. })), "{changing:?}");
    assert!(s3.requests().list - before <= 6, "there is a bound");
    assert_eq!(names(&served).await, ["a", "b"]);
}

#[tokio::test]
async fn broken_files_are_left_out_and_get_says_what_is_wrong_where() {
    let s3 = s3_with(&["a", "z"]).await;
    let too_large = 256 * 1024 + 1;
    s3.put("prompts/team/large.prompt", vec![b'x'; too_large]);
    s3.put("prompts/latin-1.hbs", &b"fine\nGr\xfc\xdfe"[..]);
    s3.put("prompts/yaml.prompt", "---\ntitle: fine\n  tags: [a\n---\nHello");
    s3.put("prompts/type.prompt", "---\ntitle: fine\ntags: 5\n---\nHello");
    s3.put("prompts/fence.prompt", "---\ntitle: fine\nHello");
    s3.put("prompts/template.prompt", "---\ntitle: fine\n---\n\nHello\n  {{#if x}}{{y}}");
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["a", "z"]);
    assert_eq!(gallery.count().await.unwrap(), 8);
    assert_eq!(say(&gallery, "z").await.unwrap(), "z");

    let broken = [
        ("team_large", "team/large.prompt", (1, 1)),
        ("latin-1", "latin-1.hbs", (2, 3)),
        ("yaml", "yaml.prompt", (3, 7)),
        ("type", "type.prompt", (3, 7)),
        ("fence", "fence.prompt", (1, 1)),
        ("template", "template.prompt", (6, 3)),
    ];
    for (prompt, path, (at_line, at_column)) in broken {
        let got = gallery.get(prompt, &Map::new(), None).await.unwrap_err();
        let completed = gallery.complete(prompt, "x", "").await.unwrap_err();
        let text = format!("prompt `{prompt}` cannot be rendered: {path}, line {at_line}, column {at_column}: ");
        for e in [got, completed] {
            let GalleryError::Broken { name, problem } = &e else { panic!("{e:?}") };
            assert_eq!((name.as_str(), &*problem.file), (prompt, path));
            assert_eq!((problem.place.line, problem.place.column), (at_line, at_column), "{e}");
            assert!(e.to_string().starts_with(&text) && !e.to_string().contains('\n'), "{e}");
        }
    }
    assert_eq!(lists_and_gets(s3.requests()), (1, 7), "each is read once, the large one not at all");
}

#[tokio::test]
async fn a_broken_file_is_logged_once_for_each_version_of_it() {
    let log = NamedTempFile::new().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(log.reopen().unwrap())).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let logged = || fs::read_to_string(log.path()).unwrap().matches("prompt left out").count();
    let s3 = s3_with(&["a"]).await;
    s3.put(&key("broken"), "{{#if");
    s3.put("prompts/_p.prompt", "{{/if}}");
    s3.put(&key("b"), "{{> p}}");
    s3.put(&key("c"), "{{> p}}");
    let gallery = gallery(&s3, Duration::ZERO);
    for name in ["x", "y", "z"] {
        names(&gallery).await;
        assert_eq!(logged(), 2, "the file and the partial, when {name} comes");
        put(&s3, name, name);
    }
    s3.put(&key("broken"), "{{#unless");
    names(&gallery).await;
    assert_eq!(logged(), 3);
}

#[tokio::test]
async fn a_prompt_of_256_kib_is_served() {
    let s3 = S3Server::start().await;
    s3.put(&key("a"), vec![b'x'; 256 * 1024]);
    assert_eq!(say(&gallery(&s3, HOUR), "a").await.unwrap().len(), 256 * 1024);
}

#[tokio::test]
async fn a_prompt_that_breaks_is_broken_and_not_served_in_the_version_before() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b"]);
    s3.put(&key("a"), "{{#each}}");
    assert!(matches!(say(&gallery, "a").await, Err(GalleryError::Broken { .. })));
    assert_eq!(names(&gallery).await, ["b"]);
    put(&s3, "a", "mended");
    assert_eq!(names(&gallery).await, ["a", "b"]);
    assert_eq!(say(&gallery, "a").await.unwrap(), "mended");
}

#[tokio::test]
async fn of_keys_that_claim_one_name_the_best_has_it_and_none_hides_another() {
    let s3 = S3Server::start().await;
    let by_claim = ["team_x.prompt", "team/x.prompt", "team/x.hbs", "téam/x.prompt"];
    for key in by_claim.iter().rev() {
        s3.put(&format!("prompts/{key}"), prompt(key));
    }
    let gallery = gallery(&s3, Duration::ZERO);
    for (gone, served) in by_claim.iter().enumerate() {
        let described = descriptions(&gallery).await.unwrap();
        assert_eq!(say(&gallery, "team_x").await.unwrap(), *served);
        assert_eq!(described["team_x"], *served);
        assert_eq!(described.len(), by_claim.len() - gone, "{described:?}");
        for name in described.keys().filter(|name| *name != "team_x") {
            assert!(name.len() == "team_x-000000".len() && name.starts_with("team_x-"), "{name}");
            assert_eq!(say(&gallery, name).await.unwrap(), described[name]);
        }
        s3.delete(&format!("prompts/{served}"));
    }
    assert_unknown(say(&gallery, "team_x").await);
}

#[tokio::test]
async fn pages_have_every_prompt_once_in_order() {
    let s3 = s3_with(&["a", "b", "c", "d", "e"]).await;
    let gallery = gallery_with_pages(&s3, HOUR, 2);
    let (first, cursor) = page(&gallery, None).await;
    assert_eq!(first, ["a", "b"]);
    assert_eq!(lists_and_gets(s3.requests()), (1, 2), "only the prompts of the page are read");
    let (second, cursor) = page(&gallery, cursor.as_deref()).await;
    assert_eq!(second, ["c", "d"]);
    let (third, cursor) = page(&gallery, cursor.as_deref()).await;
    assert_eq!((third.as_slice(), cursor), (["e".to_owned()].as_slice(), None));
    assert_eq!(lists_and_gets(s3.requests()), (1, 5));
}

#[tokio::test]
async fn a_page_is_made_once_for_as_long_as_the_bucket_stays_as_it_is() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery_with_pages(&s3, Duration::ZERO, 2);
    let first = gallery.list(None).await.unwrap();
    let second = gallery.list(first.next_cursor.as_deref()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &gallery.list(None).await.unwrap()));
    assert!(Arc::ptr_eq(&second, &gallery.list(first.next_cursor.as_deref()).await.unwrap()));
    put(&s3, "c", "new");
    let changed = gallery.list(first.next_cursor.as_deref()).await.unwrap();
    assert!(changed.prompts.get().contains("new"));
}

#[tokio::test]
async fn a_last_page_that_is_full_has_no_cursor() {
    let s3 = s3_with(&["a", "b", "c", "d"]).await;
    let gallery = gallery_with_pages(&s3, HOUR, 2);
    let (_, cursor) = page(&gallery, None).await;
    assert_eq!(page(&gallery, cursor.as_deref()).await, (vec!["c".into(), "d".into()], None));
}

#[tokio::test]
async fn an_empty_bucket_is_one_empty_page() {
    let s3 = S3Server::start().await;
    assert_eq!(page(&gallery(&s3, HOUR), None).await, (vec![], None));
}

#[tokio::test]
async fn broken_prompts_end_no_walk() {
    let s3 = s3_with(&["a", "f"]).await;
    for name in ["b", "c", "d", "e"] {
        s3.put(&key(name), "{{#if");
    }
    assert_eq!(names(&gallery_with_pages(&s3, HOUR, 2)).await, ["a", "f"]);
}

#[tokio::test]
async fn what_comes_and_goes_between_two_pages_neither_repeats_nor_loses_the_others() {
    let s3 = s3_with(&["b", "d", "f", "h", "j"]).await;
    let gallery = gallery_with_pages(&s3, Duration::ZERO, 2);
    let (first, cursor) = page(&gallery, None).await;
    assert_eq!(first, ["b", "d"]);

    // Before the cursor, behind it, and the very prompt that it names.
    put(&s3, "a", "a");
    put(&s3, "c", "c");
    put(&s3, "e", "e");
    s3.delete(&key("d"));
    let (second, cursor) = page(&gallery, cursor.as_deref()).await;
    assert_eq!(second, ["e", "f"]);

    for name in ["a", "b", "c", "e", "h"] {
        s3.delete(&key(name));
    }
    let (third, cursor) = page(&gallery, cursor.as_deref()).await;
    assert_eq!((third.as_slice(), cursor), (["j".to_owned()].as_slice(), None));
    assert_eq!(names(&gallery).await, ["f", "j"]);
}

#[tokio::test]
async fn a_cursor_outlives_all_prompts_behind_it() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery_with_pages(&s3, Duration::ZERO, 2);
    let (_, cursor) = page(&gallery, None).await;
    s3.delete(&key("c"));
    assert_eq!(page(&gallery, cursor.as_deref()).await, (vec![], None));
}

#[tokio::test]
async fn a_cursor_that_no_page_gave_is_invalid_and_asks_nothing_of_s3() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery_with_pages(&s3, HOUR, 2);
    let garbage = ["", "a", "1", "-1", "!!", "Yg==", "Y g", "é", "\0", "YS9i", "__8", "null", "AAAA", "Yh"];
    for cursor in garbage {
        let result = gallery.list(Some(cursor)).await;
        assert!(matches!(result, Err(GalleryError::InvalidCursor)), "{cursor:?}: {result:?}");
    }
    assert_eq!(s3.requests(), Requests::default());
    let (_, cursor) = page(&gallery, None).await;
    let tampered = format!("{}=", cursor.unwrap());
    assert!(matches!(gallery.list(Some(&tampered)).await, Err(GalleryError::InvalidCursor)));
}

/// A gallery over a folder, as `prompt-gallery serve` makes it.
fn gallery_over_a_folder() -> (TempDir, Gallery) {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    (dir, Gallery::new(Arc::new(store), Duration::ZERO, PAGE_SIZE))
}

fn write(dir: &Path, file: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[tokio::test]
async fn an_edit_in_a_folder_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    assert_eq!(names(&gallery).await, [""; 0]);
    write(dir.path(), "team/a.prompt", prompt("one"));
    assert_eq!(names(&gallery).await, ["team_a"]);
    // Many edits of one size within one step of the file system's clock.
    for edit in 10..60 {
        let text = format!("edit {edit}");
        write(dir.path(), "team/a.prompt", prompt(&text));
        assert_eq!(say(&gallery, "team_a").await.unwrap(), text);
        assert_eq!(descriptions(&gallery).await.unwrap()["team_a"], text);
    }
    fs::rename(dir.path().join("team"), dir.path().join("group")).unwrap();
    assert_eq!(names(&gallery).await, ["group_a"]);
    assert_unknown(say(&gallery, "team_a").await);
    fs::remove_file(dir.path().join("group/a.prompt")).unwrap();
    assert_eq!(names(&gallery).await, [""; 0]);
}

/// Counts how often a store is listed.
struct Counted(DirStore, AtomicUsize);

#[async_trait]
impl PromptStore for Counted {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.list().await
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        self.0.get(object).await
    }

    fn revision(&self) -> Option<u64> {
        self.0.revision()
    }

    fn location(&self) -> String {
        self.0.location()
    }
}

#[tokio::test]
async fn a_watched_folder_is_read_anew_only_after_a_change() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "a.prompt", "edit 0");
    let folder = DirStore::open(dir.path()).unwrap();
    assert_eq!(folder.revision(), None);
    folder.watch(prompt_gallery::watch::start).unwrap();
    let store = Arc::new(Counted(folder, AtomicUsize::new(0)));
    let gallery = Gallery::new(Arc::clone(&store) as Arc<dyn PromptStore>, Duration::ZERO, PAGE_SIZE);
    for _ in 0..1000 {
        assert_eq!(say(&gallery, "a").await.unwrap(), "edit 0");
    }
    let listed = store.1.load(Ordering::Relaxed);
    assert!(listed < 100, "{listed} listings for 1000 requests and no change");
    write(dir.path(), "a.prompt", "edit 1");
    eventually("an edit shows", async || say(&gallery, "a").await.unwrap() == "edit 1").await;
    fs::create_dir(dir.path().join("team")).unwrap();
    write(dir.path(), "team/b.prompt", "new");
    eventually("a file in a new folder shows", async || say(&gallery, "team_b").await.is_ok()).await;
    write(dir.path(), "team/b.prompt", "newer");
    eventually("its edit shows", async || say(&gallery, "team_b").await.unwrap() == "newer").await;
    fs::remove_dir_all(dir.path().join("team")).unwrap();
    eventually("its end shows", async || names(&gallery).await == ["a"]).await;
    fs::rename(dir.path().join("a.prompt"), dir.path().join("c.prompt")).unwrap();
    eventually("a new name shows", async || names(&gallery).await == ["c"]).await;
}

#[tokio::test]
async fn a_watched_folder_that_is_replaced_is_read_at_each_request() {
    let parent = TempDir::new().unwrap();
    let [dir, old, new] = ["prompts", "old", "new"].map(|name| parent.path().join(name));
    for (dir, text) in [(&dir, "of the old folder"), (&new, "of the new folder")] {
        fs::create_dir(dir).unwrap();
        write(dir, "a.prompt", text);
    }
    let folder = DirStore::open(&dir).unwrap();
    folder.watch(prompt_gallery::watch::start).unwrap();
    assert!(folder.revision().is_some());
    fs::rename(&dir, &old).unwrap();
    fs::rename(&new, &dir).unwrap();
    eventually("it is watched no more", async || folder.revision().is_none()).await;
    let gallery = Gallery::new(Arc::new(folder), Duration::ZERO, PAGE_SIZE);
    assert_eq!(say(&gallery, "a").await.unwrap(), "of the new folder");
    write(&dir, "a.prompt", "edit");
    assert_eq!(say(&gallery, "a").await.unwrap(), "edit");
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_link_leads_to_outside_of_the_folder_is_not_watched() {
    let (dir, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::create_dir(outside.path().join("deep")).unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
    let folder = DirStore::open(dir.path()).unwrap();
    folder.watch(prompt_gallery::watch::start).unwrap();
    let before = folder.revision();
    write(outside.path(), "deep/a.prompt", "outside");
    write(dir.path(), "b.prompt", "inside");
    eventually("a file in the folder shows", async || folder.revision() != before).await;
    // What else there is to tell of it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let settled = folder.revision();
    write(outside.path(), "deep/c.prompt", "outside again");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(folder.revision(), settled);
}

#[tokio::test]
async fn a_file_that_breaks_and_is_mended_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", "{{name}");
    write(dir.path(), "b.prompt", prompt("b"));
    let broken = say(&gallery, "a").await;
    assert!(matches!(broken, Err(GalleryError::Broken { .. })), "{broken:?}");
    assert_eq!(names(&gallery).await, ["b"]);
    write(dir.path(), "a.prompt", prompt("mended"));
    assert_eq!(say(&gallery, "a").await.unwrap(), "mended");
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

#[tokio::test]
async fn a_folder_that_is_removed_is_served_as_it_was_until_it_is_back() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", prompt("a"));
    assert_eq!(names(&gallery).await, ["a"]);
    for text in ["a", "b", "c"] {
        fs::remove_dir_all(dir.path()).unwrap();
        assert_eq!(names(&gallery).await, ["a"]);
        assert_eq!(say(&gallery, "a").await.unwrap(), if text == "a" { "a" } else { "again" });
        write(dir.path(), "a.prompt", prompt("again"));
        assert_eq!(say(&gallery, "a").await.unwrap(), "again", "at once");
    }
}

/// Two releases and the link to one of them, which is flipped while all prompts are listed and read.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_to_a_release_that_is_flipped_leaves_no_wrong_prompt() {
    const PROMPTS: usize = 300;
    // Within the folder, and the folder itself.
    for inside in [true, false] {
        let dir = TempDir::new().unwrap();
        let link = dir.path().join(if inside { "prompts/current" } else { "current" });
        let releases = dir.path().join(if inside { "prompts/.releases" } else { "releases" });
        for release in ["one", "two"] {
            for number in 0..PROMPTS {
                write(&releases.join(release), &format!("p{number:03}.prompt"), prompt(release));
            }
        }
        let flip = {
            let (link, releases) = (link.clone(), releases.clone());
            move |release: &str| {
                let new = link.with_file_name(".new");
                std::os::unix::fs::symlink(releases.join(release), &new).unwrap();
                fs::rename(&new, &link).unwrap();
            }
        };
        flip("one");
        // Nothing is new any more, or each listing would have new versions.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let folder = DirStore::open(if inside { dir.path().join("prompts") } else { link.clone() }).unwrap();
        folder.watch(prompt_gallery::watch::start).unwrap();
        let gallery = Gallery::new(Arc::new(folder), Duration::ZERO, PAGE_SIZE);
        let flips = std::thread::spawn({
            let flip = flip.clone();
            move || {
                for number in 0..400 {
                    flip(["two", "one"][number % 2]);
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let name = |number: usize| format!("{}p{number:03}", if inside { "current_" } else { "" });
        for number in 0..PROMPTS {
            if let Ok(said) = say(&gallery, &name(number)).await {
                assert!(["one", "two"].contains(&said.as_str()), "{said}");
            }
            if number % 50 == 0 {
                let _ = gallery.list(None).await;
            }
        }
        flips.join().unwrap();
        for release in ["one", "two", "one"] {
            flip(release);
            eventually("the link is followed", async || say(&gallery, &name(0)).await.unwrap() == release).await;
            let listed = descriptions(&gallery).await.unwrap();
            assert!(listed.len() == PROMPTS && listed.values().all(|text| text == release), "{listed:?}");
            for number in 0..PROMPTS {
                assert_eq!(say(&gallery, &name(number)).await.unwrap(), release, "{number}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_takes_no_other_from_the_list() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", prompt("a"));
    fs::create_dir(dir.path().join("folder.prompt")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nothing", dir.path().join("dangling.prompt")).unwrap();
    assert_eq!(names(&gallery).await, ["a"]);
    assert_unknown(say(&gallery, "dangling").await);
}

// --- Partials ---

/// A prompt that describes itself and includes a partial.
fn including(text: &str, partial: &str) -> String {
    format!("---\ndescription: {text}\n---\n{text} {{{{> {partial}}}}}")
}

/// What is wrong with a prompt, which says so again and again.
async fn broken(gallery: &Gallery, name: &str) -> String {
    let said = say(gallery, name).await;
    assert!(matches!(said, Err(GalleryError::Broken { .. })), "{said:?}");
    said.unwrap_err().to_string()
}

/// A server with two prompts that include one partial, and a third that does not.
async fn s3_with_a_partial() -> S3Server {
    let s3 = s3_with(&["plain"]).await;
    s3.put(&key("a"), including("a", "tone"));
    s3.put(&key("b"), including("b", "tone"));
    s3.put(&key("_tone"), "warm");
    s3.put(&key("_unused"), "unused");
    s3
}

#[tokio::test]
async fn a_partial_is_read_once_for_all_prompts_that_use_it_and_not_before() {
    let s3 = s3_with_a_partial().await;
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "plain").await.unwrap(), "plain");
    assert_eq!(lists_and_gets(s3.requests()), (1, 1), "nothing of the partial");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a warm");
    assert_eq!(lists_and_gets(s3.requests()), (1, 3), "the prompt and its partial");
    assert_eq!(say(&gallery, "b").await.unwrap(), "b warm");
    assert_eq!(lists_and_gets(s3.requests()), (1, 4), "the partial is there");
    assert_eq!(names(&gallery).await, ["a", "b", "plain"]);
    assert_eq!(lists_and_gets(s3.requests()), (1, 4), "the one that nobody uses is never read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_first_requests_at_once_read_a_shared_partial_once() {
    let s3 = s3_with_a_partial().await;
    let gallery = Arc::new(listed(gallery(&s3, HOUR)).await);
    let requests = (0..100).map(|number| {
        let gallery = Arc::clone(&gallery);
        let name = ["a", "b"][number % 2];
        tokio::spawn(async move { assert_eq!(say(&gallery, name).await.unwrap(), format!("{name} warm")) })
    });
    for request in join_all(requests).await {
        request.expect("a request");
    }
    assert_eq!(lists_and_gets(s3.requests()), (1, 3));
}

#[tokio::test]
async fn partials_of_partials_are_read_as_far_as_they_are_used() {
    let s3 = s3_with(&[]).await;
    s3.put(&key("a"), including("a", "team/one"));
    s3.put(&key("team/_one"), "one {{> two}}{{#> none}}, no three{{/none}}");
    s3.put(&key("_two"), "two");
    s3.put(&key("_three"), "three");
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "a").await.unwrap(), "a one two, no three");
    assert_eq!(lists_and_gets(s3.requests()), (1, 3));
}

#[tokio::test]
async fn a_changed_partial_shows_after_the_ttl_and_it_alone_is_read_again() {
    let s3 = s3_with_a_partial().await;
    let (hour, zero) = (gallery(&s3, HOUR), gallery(&s3, Duration::ZERO));
    names(&hour).await;
    names(&zero).await;
    s3.put(&key("_tone"), "dry {{#if x}}{{x}}{{/if}}");
    let before = s3.requests();
    assert_eq!(say(&hour, "a").await.unwrap(), "a warm", "within the TTL");
    assert_eq!(s3.requests(), before);
    let (said, count) = counting_s3_requests(say(&zero, "a")).await;
    assert_eq!((said.unwrap().as_str(), count), ("a dry ", 2), "one LIST, one GET");
    let page = zero.list(None).await.unwrap();
    assert_eq!(page.prompts.get().matches(r#""name":"x""#).count(), 2, "what the partial takes both prompts take");
    assert_eq!(say(&zero, "b").await.unwrap(), "b dry ");
    assert_eq!(s3.requests().get, before.get + 1);
}

#[tokio::test]
async fn a_changed_prompt_does_not_read_its_partial_again() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    s3.put(&key("a"), including("new", "tone"));
    let (said, count) = counting_s3_requests(say(&gallery, "a")).await;
    assert_eq!((said.unwrap().as_str(), count), ("new warm", 2), "one LIST, one GET");
}

#[tokio::test]
async fn a_prompt_whose_partial_is_missing_is_left_out_until_it_is_uploaded() {
    let s3 = s3_with_a_partial().await;
    s3.delete(&key("_tone"));
    s3.put(&key("c"), "---\ndescription: c\n---\n{{#> tone}}without{{/tone}}");
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["c", "plain"]);
    assert_eq!(gallery.broken(), 2);
    assert_eq!(
        broken(&gallery, "a").await,
        "prompt `a` cannot be rendered: a.prompt, line 4, column 3: there is no partial `tone`"
    );
    assert_eq!(say(&gallery, "c").await.unwrap(), "without", "a block stands in for it");
    let before = s3.requests();
    s3.put(&key("_tone"), "warm");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a warm");
    assert_eq!(say(&gallery, "c").await.unwrap(), "warm");
    assert_eq!(names(&gallery).await, ["a", "b", "c", "plain"]);
    assert_eq!(gallery.broken(), 0);
    assert_eq!(s3.requests().get, before.get + 1, "only the partial is read");
}

#[tokio::test]
async fn a_partial_that_is_removed_takes_its_prompts_from_the_list() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b", "plain"]);
    let before = s3.requests();
    s3.delete(&key("_tone"));
    assert_eq!(names(&gallery).await, ["plain"]);
    assert!(broken(&gallery, "b").await.ends_with("b.prompt, line 4, column 3: there is no partial `tone`"));
    assert_eq!(s3.requests().get, before.get, "nothing is read");
}

#[tokio::test]
async fn a_partial_that_breaks_breaks_its_prompts_until_it_is_mended() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    for (partial, why) in [
        ("fine\n{{#if x}}", "_tone.prompt, line 2, column 1: `if` is opened here"),
        ("{{> more}}", "_tone.prompt, line 1, column 1: there is no partial `more`"),
        ("x {{> tone}}", "_tone.prompt, line 1, column 3: partials include each other: tone → tone"),
    ] {
        s3.put(&key("_tone"), partial);
        assert_eq!(names(&gallery).await, ["plain"], "{partial}");
        let said = broken(&gallery, "a").await;
        assert!(said.starts_with(&format!("prompt `a` cannot be rendered: {why}")), "{said}");
    }
    let before = s3.requests();
    s3.put(&key("_tone"), "mended");
    assert_eq!(names(&gallery).await, ["a", "b", "plain"]);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a mended");
    assert_eq!(s3.requests().get, before.get + 1);
}

#[tokio::test]
async fn a_partial_over_its_bound_is_not_read() {
    let s3 = s3_with_a_partial().await;
    s3.put(&key("_tone"), vec![b'x'; 256 * 1024 + 1]);
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert!(broken(&gallery, "a").await.contains("_tone.prompt, line 1, column 1: the file has 262145 bytes"));
    assert_eq!(lists_and_gets(s3.requests()), (1, 1));
}

#[tokio::test]
async fn a_changed_partial_that_cannot_be_read_is_used_in_the_version_before() {
    for fault in [Fault::SlowDownKey(key("_tone")), Fault::DenyKey(key("_tone"))] {
        let s3 = s3_with_a_partial().await;
        let gallery = gallery(&s3, Duration::ZERO);
        names(&gallery).await;
        s3.put(&key("_tone"), "dry");
        s3.put(&key("b"), including("new", "tone"));
        s3.set_fault(Some(fault.clone()));
        for _ in 0..2 {
            assert_eq!(say(&gallery, "a").await.unwrap(), "a warm", "{fault:?}");
            assert_eq!(say(&gallery, "b").await.unwrap(), "b warm", "{fault:?}: of one listing");
            assert_eq!(descriptions(&gallery).await.unwrap()["b"], "b", "{fault:?}");
        }
        s3.set_fault(None);
        // The bucket has not changed since: what was served instead must not be kept.
        eventually("it is read", async || say(&gallery, "a").await.unwrap() == "a dry").await;
        assert_eq!(say(&gallery, "b").await.unwrap(), "new dry", "{fault:?}");
    }
}

/// The prompt and two partials of one version.
fn release(version: &str) -> [(String, String); 3] {
    let prompt = format!("---\ndescription: {version}\n---\n{version} {{{{> x}}}} {{{{> y}}}}");
    [(key("a"), prompt), (key("_x"), version.to_owned()), (key("_y"), version.to_owned())]
}

fn put_release(s3: &S3Server, version: &str) {
    let files = release(version);
    s3.put_all(files.iter().map(|(key, body)| (key.as_str(), body.clone())));
}

#[tokio::test]
async fn versions_are_never_mixed() {
    for missing in ["a", "_x", "_y"] {
        let s3 = s3_with(&[]).await;
        put_release(&s3, "one");
        let gallery = gallery_without_retries(&s3, Duration::ZERO);
        assert_eq!(say(&gallery, "a").await.unwrap(), "one one one");
        for version in ["two", "three"] {
            put_release(&s3, version);
            s3.set_fault(Some(Fault::SlowDownKey(key(missing))));
            assert_eq!(say(&gallery, "a").await.unwrap(), "one one one", "{missing} is missing");
            let page = gallery.list(None).await.unwrap();
            let row: Value = serde_json::from_str(page.prompts.get()).unwrap();
            assert_eq!(row[0]["description"], "one", "{missing} is missing");
            let etag = Md5::digest(&release("one")[0].1).iter().map(|b| format!("{b:02x}")).collect::<String>();
            assert_eq!(row[0]["_meta"]["version"], format!("\"{etag}\""), "and it says so");
        }
        s3.set_fault(None);
        assert_eq!(say(&gallery, "a").await.unwrap(), "three three three");
        assert_eq!(descriptions(&gallery).await.unwrap()["a"], "three");
    }
    let s3 = s3_with(&[]).await;
    put_release(&s3, "one");
    s3.set_fault(Some(Fault::SlowDownKey(key("_y"))));
    assert_no_store(say(&gallery_without_retries(&s3, Duration::ZERO), "a").await);
}

/// The picture is of the new listing, the prompt of an old one.
#[tokio::test]
async fn a_prompt_of_an_older_listing_shows_no_file_of_a_newer_one() {
    let s3 = s3_with_a_picture("one").await;
    let gallery = gallery_without_retries(&s3, Duration::ZERO);
    assert_eq!(picture(&gallery, "a").await.unwrap(), b"one");
    s3.put(&key("a"), r#"Two: {{media url="flow.png"}}"#);
    s3.put("prompts/flow.png", "two");
    s3.set_fault(Some(Fault::SlowDownKey(key("a"))));
    assert_no_store(picture(&gallery, "a").await);
    s3.set_fault(None);
    assert_eq!(gallery.get("a", &Map::new(), None).await.unwrap().messages.len(), 2);
}

/// A release is replaced again and again, now and then with a file that cannot be read: what is served is one release.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_served_while_all_changes_is_one_release() {
    let s3 = Arc::new(s3_with(&[]).await);
    put_release(&s3, "0");
    let gallery = Arc::new(gallery(&s3, Duration::ZERO));
    assert_eq!(say(&gallery, "a").await.unwrap(), "0 0 0");
    let writer = {
        let s3 = Arc::clone(&s3);
        tokio::spawn(async move {
            for number in 1..=150 {
                put_release(&s3, &number.to_string());
                let missing = [None, Some("_x"), None, Some("_y"), Some("a")][number % 5];
                s3.set_fault(missing.map(|name| Fault::RefuseKey(key(name), 500, "InternalError")));
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            s3.set_fault(None);
        })
    };
    let readers = (0..4).map(|reader| {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move {
            for _ in 0..50 {
                if reader == 0 {
                    // Nothing but an outage takes the prompt from the list.
                    assert!(descriptions(&gallery).await.map_or(true, |listed| listed.len() == 1));
                    continue;
                }
                match say(&gallery, "a").await {
                    Ok(said) => {
                        let (first, rest) = said.split_once(' ').unwrap();
                        assert_eq!(rest, format!("{first} {first}"));
                    }
                    Err(GalleryError::Store(_) | GalleryError::Changing { .. }) => {}
                    Err(e) => panic!("{e}"),
                }
            }
        })
    });
    for reader in join_all(readers).await {
        reader.unwrap();
    }
    writer.await.unwrap();
    assert_eq!(say(&gallery, "a").await.unwrap(), "150 150 150");
}

/// The body is 60 % of what is listed, with a `Content-Length` that fits: nothing of it stays.
#[tokio::test]
async fn a_body_that_is_too_short_is_not_kept() {
    let s3 = s3_with(&["a"]).await;
    s3.put(&key("long"), prompt(&"long ".repeat(100)));
    let short = || s3.set_fault(Some(Edit::get(|_, body| body.slice(..body.len() * 6 / 10))));
    let gallery_of = || gallery_without_retries(&s3, HOUR);
    for gallery in [gallery_of(), listed(gallery_of()).await] {
        short();
        assert_no_store(say(&gallery, "long").await);
        s3.set_fault(None);
        assert_eq!(say(&gallery, "long").await.unwrap(), "long ".repeat(100).trim_end());
    }
}

/// XML that ends after some objects: the last good snapshot stays.
#[tokio::test]
async fn a_listing_that_is_cut_off_replaces_nothing() {
    let s3 = s3_with(&["a", "b", "c", "d"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b", "c", "d"]);
    s3.set_fault(Some(Edit::list(|xml| xml[..xml.rfind("<Contents>").unwrap()].to_owned())));
    assert_eq!(names(&gallery).await, ["a", "b", "c", "d"]);
    assert_no_store(self::gallery(&s3, HOUR).count().await);
}

#[tokio::test]
async fn a_partial_that_was_never_read_and_cannot_be_is_a_store_error() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery_without_retries(&s3, HOUR);
    s3.set_fault(Some(Fault::SlowDownKey(key("_tone"))));
    assert_no_store(say(&gallery, "a").await);
    assert_no_store(gallery.list(None).await);
    assert_eq!(say(&gallery, "plain").await.unwrap(), "plain");
    s3.set_fault(Some(Fault::DenyKey(key("_tone"))));
    assert_eq!(names(&gallery).await, ["plain"], "who may not be read takes no other from the list");
    let denied = unreadable(say(&gallery, "a").await);
    assert_eq!(denied, "prompt `a` cannot be read: the server may not read _tone.prompt");
    s3.set_fault(None);
    eventually("it may be read", async || names(&gallery).await == ["a", "b", "plain"]).await;
    assert_eq!(s3.requests().list, 2, "the listing was good, and another one told that the partial is still there");
}

/// What was not read yet is read as it is now, and then all of it.
#[tokio::test]
async fn a_prompt_and_its_partial_are_of_one_listing() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a warm");
    s3.put(&key("_tone"), "dry");
    assert_eq!(say(&gallery, "b").await.unwrap(), "b warm", "of the listing that is served");
    s3.put(&key("plain"), including("changed", "tone"));
    // Its version is gone, so that there is another listing, which has the new partial.
    assert_eq!(say(&gallery, "plain").await.unwrap(), "changed dry");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a dry");
    assert_eq!(s3.requests().list, 2);
}

#[tokio::test]
async fn a_partial_replaced_between_list_and_get_is_used_in_its_new_version() {
    let s3 = s3_with_a_partial().await;
    s3.set_fault(Some(Fault::ReplaceAfterList(key("_tone"), Bytes::from("new"))));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert_eq!(say(&gallery, "a").await.unwrap(), "a new");
    assert_eq!(lists_and_gets(s3.requests()), (2, 3), "the prompt is not read again");
}

#[tokio::test]
async fn a_partial_deleted_between_list_and_get_is_missing_after_another_list() {
    let s3 = s3_with_a_partial().await;
    s3.set_fault(Some(Fault::DeleteAfterList(key("_tone"))));
    let gallery = listed(gallery(&s3, HOUR)).await;
    assert!(broken(&gallery, "a").await.ends_with("there is no partial `tone`"));
    assert_eq!(lists_and_gets(s3.requests()), (2, 2));
    assert_eq!(names(&gallery).await, ["plain"]);
}

#[tokio::test]
async fn an_edit_of_a_partial_in_a_folder_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", including("a", "team/tone"));
    assert!(broken(&gallery, "a").await.ends_with("there is no partial `team/tone`"));
    for edit in 10..30 {
        write(dir.path(), "team/_tone.hbs", format!("edit {edit}"));
        assert_eq!(say(&gallery, "a").await.unwrap(), format!("a edit {edit}"));
        assert_eq!(names(&gallery).await, ["a"]);
    }
    fs::remove_file(dir.path().join("team/_tone.hbs")).unwrap();
    assert_eq!(names(&gallery).await, [""; 0]);
    assert!(broken(&gallery, "a").await.ends_with("there is no partial `team/tone`"));
}

#[tokio::test]
async fn the_listed_version_is_the_etag() {
    let s3 = s3_with(&[]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    for text in ["one", "two", "one"] {
        put(&s3, "a", text);
        let page = gallery.list(None).await.unwrap();
        let listed: Value = serde_json::from_str(page.prompts.get()).unwrap();
        let digest = Md5::digest(prompt(text));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(listed[0]["_meta"]["version"], format!("\"{hex}\""), "{listed}");
    }
}

// --- Pictures and other files ---

const MIB: usize = 1024 * 1024;

/// A server with a prompt that shows `flow.png`, and one that shows nothing.
async fn s3_with_a_picture(bytes: impl Into<Bytes>) -> S3Server {
    let s3 = s3_with(&["plain"]).await;
    s3.put(&key("a"), r#"{{media url="flow.png"}}"#);
    s3.put("prompts/flow.png", bytes);
    s3
}

/// The picture of a prompt that shows one.
async fn picture(gallery: &Gallery, name: &str) -> Result<Vec<u8>, GalleryError> {
    let rendered = gallery.get(name, &Map::new(), None).await?;
    match rendered.messages.as_slice() {
        [message] => match &message.content {
            Content::Image { data, mime_type } => {
                assert_eq!(mime_type, "image/png");
                Ok(STANDARD.decode(data).unwrap())
            }
            other => panic!("no picture: {other:?}"),
        },
        other => panic!("not one message: {other:?}"),
    }
}

/// Why a prompt fails on a call.
#[track_caller]
fn failure(result: Result<impl Debug, GalleryError>) -> String {
    assert!(matches!(result, Err(GalleryError::Failed { .. })), "{result:?}");
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_picture_is_read_when_its_prompt_is_asked_for_and_never_for_a_list() {
    let s3 = s3_with_a_picture("one").await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "plain"]);
    assert_eq!(lists_and_gets(s3.requests()), (1, 2), "the prompts alone");
    let (shown, count) = counting_s3_requests(picture(&gallery, "a")).await;
    assert_eq!((shown.unwrap().as_slice(), count), (&b"one"[..], 2), "one LIST, one GET");
    s3.put("prompts/flow.png", "two");
    assert_eq!(picture(&gallery, "a").await.unwrap(), b"two");
    assert_eq!(names(&gallery).await, ["a", "plain"]);
    assert_eq!(s3.requests().get, 4);
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
        "prompt `a` cannot be rendered: a.prompt, line 1, column 1: `flow.png` has 3145729 bytes; at most 3145728 are shown"
    );
    assert_eq!(s3.requests().get, before.get);
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
async fn a_picture_that_cannot_be_read_is_a_store_error_which_says_nothing_of_the_store() {
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
    let mcp = Server::without_tools().protocol(Arc::new(gallery(&s3, HOUR))).unwrap();
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
    let mcp = Server::without_tools().protocol(Arc::new(gallery(&s3, Duration::ZERO))).unwrap();
    let ask = async || {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"twice"}}"#;
        let headers = http::HeaderMap::new();
        let post = Post { headers: &headers, body: body.as_bytes(), request_id: "r-1", claims: None };
        mcp.handle(post).await
    };
    // Four bytes for three, twice, and what is around them.
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

#[tokio::test]
async fn a_picture_in_a_folder_is_shown_as_it_is_now() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", r#"{{media url="img/flow.png"}}"#);
    let said = failure(picture(&gallery, "a").await);
    assert!(said.ends_with("there is no file `img/flow.png` in the gallery"), "{said}");
    for bytes in [b"one", b"two"] {
        write(dir.path(), "img/flow.png", bytes);
        assert_eq!(picture(&gallery, "a").await.unwrap(), bytes);
    }
    #[cfg(unix)]
    {
        // Nothing outside of the folder is shown by way of a link either.
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), "secret").unwrap();
        fs::remove_file(dir.path().join("img/flow.png")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("img/flow.png")).unwrap();
        assert!(failure(picture(&gallery, "a").await).ends_with("there is no file `img/flow.png` in the gallery"));
    }
}
