//! The gallery over an S3 server and over a folder: what it serves, how fresh that is, and what it costs.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]
#![expect(clippy::needless_pass_by_value, reason = "an assertion takes the result of a call")]

#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/s3/mod.rs"]
mod s3;
#[path = "../support/waiting.rs"]
mod waiting;

mod broken;
mod folder;
mod freshness;
mod index;
mod media;
mod outage;
mod pages;
mod partials;
mod shipped_prompts;
mod shipped_skills;
mod skills;
mod source;
mod trouble;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clock::MovedClock;
use gallery::{Freshness, Gallery, GalleryError};
use prompt_gallery::Content;
use s3::{Requests, S3Server};
use serde_json::{Map, Value};
use store::{DirStore, S3Store, StoreError};
use tempfile::TempDir;
use waiting::{PATIENCE, eventually};

/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3600);
/// A time to live that is over soon.
const SHORT: Duration = Duration::from_millis(50);
const PAGE_SIZE: usize = 500;

fn gallery(s3: &S3Server, ttl: Duration) -> Gallery {
    gallery_with_pages(s3, ttl, PAGE_SIZE)
}

fn gallery_with_pages(s3: &S3Server, ttl: Duration, page_size: usize) -> Gallery {
    let store = S3Store::new(s3.client_config(), S3Server::BUCKET, "prompts/");
    patient(Gallery::new(Arc::new(store), ttl, page_size))
}

/// A gallery that reads its files however busy the machine is.
fn patient(gallery: Gallery) -> Gallery {
    gallery.with_page_timeout(PATIENCE)
}

/// A gallery without retries, so that a failure is one request, and the clock that it goes by.
fn gallery_with_a_clock(s3: &S3Server, ttl: Duration, stale_ok: Duration) -> (MovedClock, Gallery) {
    let clock = MovedClock::new();
    let freshness = Freshness { stale_ok, clock: Arc::new(clock.clone()), ..ttl.into() };
    (clock, gallery_without_retries(s3, freshness))
}

/// A gallery after its first listing.
async fn listed(gallery: Gallery) -> Gallery {
    gallery.count().await.unwrap();
    gallery
}

/// Without retries, so that a failure is one request.
fn gallery_without_retries(s3: &S3Server, freshness: impl Into<Freshness>) -> Gallery {
    let config = s3.client_config().retry_config(RetryConfig::disabled());
    Gallery::new(Arc::new(S3Store::new(config, S3Server::BUCKET, "prompts/")), freshness, PAGE_SIZE)
}

/// A server with `prompts/NAME.prompt` for each name; each prompt says its name.
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

/// The text of a prompt without arguments.
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

/// The error of a prompt when the store refuses one of its files.
#[track_caller]
fn unreadable(result: Result<impl Debug, GalleryError>) -> String {
    assert!(matches!(result, Err(GalleryError::Unreadable { .. })), "{result:?}");
    result.unwrap_err().to_string()
}

/// A gallery over a folder, as `prompt-gallery serve` makes it.
fn gallery_over_a_folder() -> (TempDir, Gallery) {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    (dir, patient(Gallery::new(Arc::new(store), Duration::ZERO, PAGE_SIZE)))
}

fn write(dir: &Path, file: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A prompt that describes itself and includes a partial.
fn including(text: &str, partial: &str) -> String {
    format!("---\ndescription: {text}\n---\n{text} {{{{> {partial}}}}}")
}

/// The error of a broken prompt.
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
