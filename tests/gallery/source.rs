//! The files of prompts as resources, over a bucket.

use gallery::Gallery;
use serde_json::{Value, json};

use crate::s3::S3Server;
use crate::{HOUR, gallery, put, s3_with};

async fn rows(gallery: &Gallery) -> Vec<Value> {
    let page = gallery.list_resources(None).await.unwrap();
    assert!(!page.is_partial && page.next_cursor.is_none());
    serde_json::from_str(page.entries.get()).unwrap()
}

fn problems<'r>(rows: &'r [Value], name: &str) -> &'r Value {
    &rows.iter().find(|row| row["name"] == name).unwrap()["_meta"]["prompt-gallery/problems"]
}

async fn bucket() -> S3Server {
    let s3 = s3_with(&["a", "b"]).await;
    s3.put("prompts/_broken.prompt", "{{#if a}}");
    s3.put("prompts/bare.prompt", "{{> broken}}");
    s3.put("prompts/broken.prompt", "Hello\n{{/each}}");
    s3
}

#[tokio::test]
async fn each_version_of_a_file_is_read_once() {
    let s3 = bucket().await;
    let gallery = gallery(&s3, HOUR).with_source().with_check();
    let first = rows(&gallery).await;
    let read = s3.requests().get;
    assert_eq!(rows(&gallery).await, first);
    assert_eq!(s3.requests().get, read, "a second list reads nothing");
    assert_eq!(first.len(), 5);
    for row in &first {
        let modified = row["annotations"]["lastModified"].as_str().unwrap();
        assert!(modified.starts_with("20") && modified.ends_with('Z') && modified.len() == 20, "{modified}");
    }
    assert_eq!(problems(&first, "a.prompt"), &json!([]));
    assert_eq!(problems(&first, "_broken.prompt")[0]["line"], 1);
    assert_eq!(problems(&first, "broken.prompt")[0]["line"], 2);
}

/// As the function does.
#[tokio::test]
async fn without_a_check_the_first_error_of_each_prompt_is_told() {
    let s3 = bucket().await;
    let checked = rows(&gallery(&s3, HOUR).with_source().with_check()).await;
    let served = rows(&gallery(&s3, HOUR).with_source()).await;
    let errors = |rows: &[Value], name: &str| {
        let problems = problems(rows, name).as_array().unwrap();
        problems.iter().filter(|problem| problem["level"] == "error").cloned().collect::<Vec<_>>()
    };
    assert_eq!(errors(&served, "broken.prompt"), errors(&checked, "broken.prompt"));
    assert_eq!(problems(&served, "a.prompt"), &json!([]));
    // The prompt has the error of its partial, with its place.
    let of_partial = problems(&checked, "_broken.prompt")[0]["message"].as_str().unwrap().to_owned();
    let message = problems(&served, "bare.prompt")[0]["message"].as_str().unwrap();
    assert_eq!(message, format!("_broken.prompt, line 1, column 1: {of_partial}"));
    // By itself the partial was not looked at, so nothing is said of it.
    assert_eq!(problems(&served, "_broken.prompt"), &Value::Null);
    // Warnings take the check.
    assert_eq!(problems(&served, "bare.prompt").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_gallery_without_source_shows_no_file() {
    let s3 = bucket().await;
    put(&s3, "c", "c");
    let gallery = gallery(&s3, HOUR);
    assert_eq!(rows(&gallery).await, Vec::<Value>::new());
    assert!(gallery.read_resource("gallery:///a.prompt").await.is_err());
}
