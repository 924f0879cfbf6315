//! Skills in a bucket: each version of a file is read once, and what cannot be served is left out.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use gallery::{Gallery, GalleryError};
use serde_json::Value;
use store::{S3Store, observing};

use crate::s3::{Fault, S3Server};
use crate::{HOUR, SHORT, eventually};

const INDEX: &str = ".gallery/index.json.skills";

/// A new server with an index. An answer has at most `max_answer_bytes`.
fn server_with(s3: &S3Server, ttl: Duration, max_answer_bytes: Option<u64>) -> Gallery {
    let config = s3.client_config().retry_config(RetryConfig::disabled());
    let prompts = S3Store::new(config, S3Server::BUCKET, "prompts/");
    let skills = prompts.sibling("skills/", Some(INDEX));
    Gallery::new(Arc::new(prompts), ttl, 500).with_skills(Arc::new(skills), max_answer_bytes)
}

fn server(s3: &S3Server, ttl: Duration) -> Gallery {
    server_with(s3, ttl, None)
}

fn skill(name: &str) -> String {
    format!("---\nname: {name}\ndescription: What {name} is for\n---\nDo {name}.\n")
}

/// A bucket with skills that have one more file each.
async fn bucket(names: &[&str]) -> S3Server {
    let s3 = S3Server::start().await;
    for name in names {
        let last = name.rsplit('/').next().unwrap();
        s3.put(&format!("skills/{name}/SKILL.md"), skill(last));
        s3.put(&format!("skills/{name}/data.bin"), format!("data of {name}"));
    }
    s3
}

/// The skills of all pages, and whether some are missing.
async fn list(gallery: &Gallery) -> Result<(Vec<Value>, bool), GalleryError> {
    let (mut skills, mut cursor, mut is_partial) = (Vec::new(), None, false);
    loop {
        let page = gallery.list_skills(cursor.as_deref()).await?;
        skills.extend(serde_json::from_str::<Vec<Value>>(page.entries.get()).unwrap());
        is_partial |= page.is_partial;
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return Ok((skills, is_partial));
        }
    }
}

fn uris(skills: &[Value]) -> Vec<&str> {
    skills.iter().map(|skill| skill["uri"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_version_of_a_file_is_read_once_and_the_index_keeps_its_digest() {
    let s3 = bucket(&["a", "team/b", "team/c"]).await;
    let running = server(&s3, SHORT);
    let (first, is_partial) = list(&running).await.unwrap();
    assert_eq!(
        (uris(&first), is_partial),
        (vec!["skill://a/SKILL.md", "skill://team/b/SKILL.md", "skill://team/c/SKILL.md"], false)
    );
    let before = s3.requests();
    assert_eq!((before.get, before.put), (6 + 1, 1), "six files, and no index");
    let started = server(&s3, HOUR);
    assert_eq!(list(&started).await.unwrap(), (first.clone(), false));
    let after = s3.requests();
    assert_eq!((after.get - before.get, after.put), (1, 1), "the index alone");
    s3.put("skills/team/b/data.bin", "changed");
    eventually("the change shows", async || list(&running).await.unwrap().0 != first).await;
    let changed = s3.requests();
    assert_eq!((changed.get - after.get, changed.put), (1, 2), "the changed file alone");
    let (again, _) = list(&server(&s3, HOUR)).await.unwrap();
    assert_eq!(again, list(&running).await.unwrap().0);
}

#[tokio::test]
async fn a_damaged_or_foreign_index_changes_no_answer() {
    let s3 = bucket(&["a", "b"]).await;
    let (expected, _) = list(&server(&s3, HOUR)).await.unwrap();
    let index = String::from_utf8(s3.object(INDEX).unwrap().to_vec()).unwrap();
    for damaged in
        ["", "{", "null", &index.replace("What a is for", "What x is for"), &index.replace("skills/", "other/")]
    {
        s3.put(INDEX, damaged.to_owned());
        assert_eq!(list(&server(&s3, HOUR)).await.unwrap(), (expected.clone(), false), "{damaged}");
    }
}

#[tokio::test]
async fn the_index_keeps_what_is_wrong_with_a_skill() {
    let s3 = bucket(&["a", "b"]).await;
    s3.put("skills/b/SKILL.md", "---\nname: b\n---\nDo b.\n");
    let why = async |gallery: &Gallery| {
        assert_eq!(uris(&list(gallery).await.unwrap().0), ["skill://a/SKILL.md"]);
        gallery.skill("skill://b/SKILL.md").await.unwrap_err().to_string()
    };
    let first = why(&server(&s3, HOUR)).await;
    assert!(first.contains("description"), "{first}");
    let before = s3.requests();
    assert_eq!(why(&server(&s3, HOUR)).await, first);
    let after = s3.requests();
    assert_eq!((after.get - before.get, after.put - before.put), (1, 0), "the index alone is read");
    s3.put("skills/b/SKILL.md", skill("b"));
    assert_eq!(list(&server(&s3, HOUR)).await.unwrap().0.len(), 2);
}

#[tokio::test]
async fn whatever_reads_files_saves_the_index() {
    let s3 = bucket(&["a"]).await;
    server(&s3, HOUR).list_resources(None).await.unwrap();
    assert_eq!(s3.requests().put, 1);
    s3.put("skills/a/SKILL.md", skill("a") + "More.");
    s3.delete("skills/a/data.bin");
    server(&s3, HOUR).read_directory("skill://a", None).await.unwrap();
    assert_eq!(s3.requests().put, 2);
    s3.put("skills/a/SKILL.md", skill("a"));
    server(&s3, HOUR).read_resource("skill://a/SKILL.md").await.unwrap();
    assert_eq!(s3.requests().put, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_once_count_each_saved_file_once() {
    let names: Vec<String> = (0..100).map(|number| format!("s-{number:03}")).collect();
    let s3 = bucket(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for _ in 0..8 {
        s3.delete(INDEX);
        let gallery = Arc::new(server(&s3, HOUR));
        let calls = (0..8).map(|_| {
            let gallery = Arc::clone(&gallery);
            tokio::spawn(async move { gallery.list_skills(None).await.unwrap().is_partial })
        });
        for call in futures_util::future::join_all(calls).await {
            assert!(!call.unwrap());
        }
        // Saves a file that was counted after the others.
        gallery.list_skills(None).await.unwrap();
        let saved = s3.requests().put;
        gallery.list_skills(None).await.unwrap();
        assert_eq!(s3.requests().put, saved, "nothing is left to save");
    }
}

#[tokio::test]
async fn a_read_that_outlives_its_caller_counts() {
    let s3 = bucket(&["a", "b"]).await;
    let gallery = server(&s3, HOUR).with_page_timeout(Duration::ZERO);
    let page = gallery.list_skills(None).await.unwrap();
    assert_eq!((page.entries.get(), page.is_partial), ("[]", true));
    eventually("all is read", async || !gallery.list_skills(None).await.unwrap().is_partial).await;
    assert_eq!(s3.requests().get, 4 + 1, "each file once, and the index");
}

#[tokio::test]
async fn a_read_file_is_that_of_the_listing_or_of_a_newer_one() {
    let s3 = bucket(&["a"]).await;
    let running = server(&s3, HOUR);
    let before = running.skill("skill://a/SKILL.md").await.unwrap();
    s3.put("skills/a/data.bin", "changed");
    let read = running.read_resource("skill://a/data.bin").await.unwrap();
    assert_eq!(read.content, "changed", "it is listed again");
    let after = running.skill("skill://a/SKILL.md").await.unwrap();
    assert_ne!(before, after, "with the digest of the new content");
    s3.delete("skills/a/data.bin");
    let gone = running.read_resource("skill://a/data.bin").await.unwrap_err();
    assert!(matches!(gone, GalleryError::UnknownResource { .. }), "{gone}");
    assert!(!String::from_utf8_lossy(&running.skill("skill://a/SKILL.md").await.unwrap()).contains("data.bin"));
}

#[tokio::test]
async fn a_skill_over_a_limit_is_left_out_in_words() {
    let s3 = bucket(&["good", "large", "many"]).await;
    s3.put("skills/large/asset", vec![b'x'; 16 * 1024 * 1024]);
    for number in 0..511 {
        s3.put(&format!("skills/many/{number}"), "x");
    }
    s3.put("skills/good/a//b", "x");
    let gallery = server(&s3, HOUR);
    assert_eq!(list(&gallery).await.unwrap().0, Vec::<Value>::new());
    let why = async |name: &str| gallery.skill(&format!("skill://{name}/SKILL.md")).await.unwrap_err().to_string();
    assert!(why("large").await.contains("at most 16777216"), "{}", why("large").await);
    assert!(why("many").await.contains("513 files: at most 512"), "{}", why("many").await);
    assert!(why("good").await.contains("cannot have an address"), "{}", why("good").await);
    assert_eq!(s3.requests().get, 1, "none of them is read: the index alone");
}

#[tokio::test]
async fn a_file_that_no_answer_of_lambda_can_carry_leaves_its_skill_out_there() {
    let s3 = bucket(&["a", "b"]).await;
    s3.put("skills/a/quotes", "\"".repeat(400));
    s3.put("skills/b/plain", "x".repeat(400));
    let lambda = server_with(&s3, HOUR, Some(1000));
    let (skills, is_partial) = list(&lambda).await.unwrap();
    assert_eq!((uris(&skills), is_partial), (vec!["skill://b/SKILL.md"], false));
    let why = lambda.skill("skill://a/SKILL.md").await.unwrap_err().to_string();
    assert!(why.contains("a/quotes needs 1600 bytes of an answer, and an answer of Lambda has at most 1000"), "{why}");
    let read = lambda.read_resource("skill://a/SKILL.md").await.unwrap_err().to_string();
    assert!(read.contains("a/quotes needs 1600 bytes"), "its other files are not served either: {read}");
    assert_eq!(uris(&list(&server(&s3, HOUR)).await.unwrap().0).len(), 2, "elsewhere it is served");
}

#[tokio::test]
async fn a_file_that_the_store_refuses_leaves_its_skill_out_and_is_asked_for_again_later() {
    let s3 = bucket(&["a", "b"]).await;
    let gallery = server(&s3, SHORT);
    s3.set_fault(Some(Fault::DenyKey("skills/a/data.bin".to_owned())));
    let (skills, is_partial) = list(&gallery).await.unwrap();
    assert_eq!((uris(&skills), is_partial), (vec!["skill://b/SKILL.md"], false));
    let asked = s3.requests().get;
    list(&gallery).await.unwrap();
    assert_eq!(s3.requests().get, asked, "it is not asked for at each request");
    let why = gallery.skill("skill://a/SKILL.md").await.unwrap_err().to_string();
    assert!(why.contains("a/data.bin: the server may not read it"), "{why}");
    s3.set_fault(None);
    eventually("it is served again", async || list(&gallery).await.unwrap().0.len() == 2).await;
}

#[tokio::test]
async fn while_the_store_fails_the_list_is_partial_or_the_last_one() {
    let s3 = bucket(&["a", "b"]).await;
    let gallery = server(&s3, SHORT);
    s3.set_fault(Some(Fault::SlowDownKey("skills/a/data.bin".to_owned())));
    let (skills, is_partial) = list(&gallery).await.unwrap();
    assert_eq!((uris(&skills), is_partial), (vec!["skill://b/SKILL.md"], true), "the client is to ask again");
    s3.set_fault(None);
    let (all, is_partial) = list(&gallery).await.unwrap();
    assert_eq!((all.len(), is_partial), (2, false));
    s3.set_fault(Some(Fault::SlowDown));
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(list(&gallery).await.unwrap().0, all, "the last good one");
    let down = list(&server(&s3, HOUR)).await.unwrap_err();
    assert!(matches!(down, GalleryError::Store(_)), "{down}");
}

#[tokio::test]
async fn a_compressed_file_has_the_digest_and_the_size_of_its_content() {
    use std::io::Write;
    let s3 = bucket(&["a"]).await;
    let content = "long ".repeat(1000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(content.as_bytes()).unwrap();
    s3.put_encoded("skills/a/data.bin", gzip.finish().unwrap(), "gzip");
    let gallery = server(&s3, HOUR);
    let (skills, _) = list(&gallery).await.unwrap();
    let file =
        skills[0]["resources"].as_array().unwrap().iter().find(|file| file["uri"] == "skill://a/data.bin").unwrap();
    let read = gallery.read_resource("skill://a/data.bin").await.unwrap();
    assert_eq!((read.content.len(), &file["size"]), (5000, &Value::from(5000)));
}

#[tokio::test]
async fn calls_at_the_same_time_share_each_read() {
    let s3 = bucket(&["a", "b", "c"]).await;
    let gallery = Arc::new(server(&s3, HOUR));
    let calls = (0..8).map(|_| {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move { list(&gallery).await.unwrap() })
    });
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap().0.len(), 3);
    }
    assert_eq!(s3.requests().get, 6 + 1);
}

#[tokio::test]
async fn a_listing_that_takes_too_long_is_partial_and_goes_on_where_it_was() {
    let names: Vec<String> = (0..100).map(|number| format!("s-{number:03}")).collect();
    let s3 = bucket(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let gallery = server(&s3, HOUR).with_page_timeout(Duration::ZERO);
    let page = gallery.list_skills(None).await.unwrap();
    assert!(page.is_partial && page.next_cursor.is_some(), "the client is to ask again, and may go on");
    let gallery = server(&s3, HOUR);
    assert_eq!(list(&gallery).await.unwrap().0.len(), 100);
}

#[tokio::test]
async fn a_few_of_many_skills_are_known_by_their_address_alone() {
    let names: Vec<String> = (0..100).map(|number| format!("s-{number:03}")).collect();
    let s3 = bucket(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let gallery = server(&s3, HOUR);
    gallery.skill("skill://s-042/SKILL.md").await.unwrap();
    gallery.read_resource("skill://s-042/data.bin").await.unwrap();
    gallery.read_resource("skill://s-043/data.bin").await.unwrap();
    assert_eq!(
        s3.requests().get,
        2 + 1 + 1 + 2,
        "two files of one skill, the index, a file, and a file with its SKILL.md"
    );
}

#[tokio::test]
async fn while_prompts_are_missing_an_unknown_address_may_be_that_of_one() {
    let (prompts, skills) = (S3Server::start().await, bucket(&["team/a"]).await);
    prompts.put("prompts/plan.prompt", "---\nskill: true\ndescription: Plans\n---\nPlan.\n");
    prompts.put("prompts/sheet.prompt", "{{media url=\"sheet.csv\"}} Sum it up.\n");
    prompts.put("prompts/sheet.csv", "a,b\n");
    let store = |s3: &S3Server, prefix: &str| {
        let config = s3.client_config().retry_config(RetryConfig::disabled());
        S3Store::new(config, S3Server::BUCKET, prefix)
    };
    for fault in [Fault::SlowDown, Fault::SlowDownKey("prompts/plan.prompt".to_owned())] {
        let gallery = Gallery::new(Arc::new(store(&prompts, "prompts/")), SHORT, 500)
            .with_skills(Arc::new(store(&skills, "skills/")), None);
        prompts.set_fault(Some(fault));
        let (listed, is_partial) = list(&gallery).await.unwrap();
        assert_eq!((uris(&listed), is_partial), (vec!["skill://team/a/SKILL.md"], true));
        let errors = async || {
            let errors = [
                gallery.skill("skill://plan/SKILL.md").await.unwrap_err(),
                gallery.read_resource("skill://plan/SKILL.md").await.unwrap_err(),
                gallery.read_resource("gallery:///other.csv").await.unwrap_err(),
                gallery.read_directory("skill://other", None).await.unwrap_err(),
            ];
            errors.map(|e| matches!(e, GalleryError::Store(_)))
        };
        assert_eq!(errors().await, [true; 4]);
        assert!(gallery.skill("skill://team/a/SKILL.md").await.is_ok(), "that of a folder is known");
        prompts.set_fault(None);
        eventually("the prompt is read", async || gallery.skill("skill://plan/SKILL.md").await.is_ok()).await;
        assert!(gallery.read_resource("gallery:///sheet.csv").await.is_ok());
        gallery.read_resource("gallery:///other.csv").await.map(|_| ()).expect_err("unknown");
    }
}

#[tokio::test]
async fn one_skill_that_cannot_be_read_keeps_no_other_from_its_folder() {
    let s3 = bucket(&["team/a", "team/b"]).await;
    s3.set_fault(Some(Fault::RefuseKey("skills/team/b/SKILL.md".to_owned(), 500, "InternalError")));
    let gallery = server(&s3, HOUR);
    let (page, observed) = observing(gallery.read_directory("skill://team", None)).await;
    let page = page.unwrap();
    let entries: Vec<Value> = serde_json::from_str(page.entries.json().get()).unwrap();
    assert_eq!((entries.len(), page.is_partial, observed.unread), (1, true, 1));
    assert_eq!(entries[0]["uri"], "skill://team/a");
    s3.set_fault(Some(Fault::SlowDown));
    assert!(matches!(server(&s3, HOUR).read_directory("skill://team", None).await, Err(GalleryError::Store(_))));
}
