//! Partials: read as far as they are used, and of one listing with their prompts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use gallery::GalleryError;
use md5::{Digest, Md5};
use serde_json::Value;
use store::counting_requests;
use tokio::sync::mpsc;

use crate::s3::{Fault, S3Server};
use crate::{
    HOUR, assert_no_store, broken, descriptions, eventually, gallery, gallery_without_retries, including, key, listed,
    lists_and_gets, names, s3_with, s3_with_a_partial, say, unreadable,
};

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
    let (said, count) = counting_requests(say(&zero, "a")).await;
    assert_eq!(
        (said.unwrap().as_str(), count),
        ("a dry ", 3),
        "one GET for each file, and one LIST as one has changed"
    );
    let page = zero.list(None).await.unwrap();
    assert_eq!(page.prompts.get().matches(r#""name":"x""#).count(), 2, "what the partial takes both prompts take");
    assert_eq!(s3.requests().get, before.get + 2, "none is read twice");
    assert_eq!(say(&zero, "b").await.unwrap(), "b dry ");
}

#[tokio::test]
async fn a_changed_prompt_does_not_read_its_partial_again() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery(&s3, Duration::ZERO);
    names(&gallery).await;
    s3.put(&key("a"), including("new", "tone"));
    let (said, count) = counting_requests(say(&gallery, "a")).await;
    assert_eq!(
        (said.unwrap().as_str(), count),
        ("new warm", 3),
        "one GET for each file, and one LIST as one has changed"
    );
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
    assert_eq!(s3.requests().get, before.get + 1);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a mended");
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
    // Both at once: each has to wait until the partial is asked for again.
    join_all([Fault::SlowDownKey(key("_tone")), Fault::DenyKey(key("_tone"))].map(async |fault| {
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
        // The bucket has not changed since. The old version must not stay for that.
        eventually("it is read", async || say(&gallery, "a").await.unwrap() == "a dry").await;
        assert_eq!(say(&gallery, "b").await.unwrap(), "new dry", "{fault:?}");
    }))
    .await;
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

/// Releases follow each other, some with a file that cannot be read. Each answer is of one release.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_answer_has_the_files_of_one_listing_while_all_files_change() {
    let s3 = Arc::new(s3_with(&[]).await);
    put_release(&s3, "0");
    let gallery = Arc::new(gallery(&s3, Duration::ZERO));
    assert_eq!(say(&gallery, "a").await.unwrap(), "0 0 0");
    // Each request lets the next release be written while it is answered.
    let (asking, mut requests) = mpsc::unbounded_channel();
    let writer = {
        let s3 = Arc::clone(&s3);
        tokio::spawn(async move {
            for number in 1..=150 {
                put_release(&s3, &number.to_string());
                let missing = [None, Some("_x"), None, Some("_y"), Some("a")][number % 5];
                s3.set_fault(missing.map(|name| Fault::RefuseKey(key(name), 500, "InternalError")));
                requests.recv().await;
            }
            s3.set_fault(None);
        })
    };
    let readers = (0..4).map(|reader| {
        let (gallery, asking) = (Arc::clone(&gallery), asking.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                // An error means that all releases are written.
                let _ = asking.send(());
                if reader == 0 {
                    // Only an outage removes the prompt from the list.
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

#[tokio::test]
async fn a_partial_that_was_never_read_and_cannot_be_is_a_store_error() {
    let s3 = s3_with_a_partial().await;
    let gallery = gallery_without_retries(&s3, HOUR);
    s3.set_fault(Some(Fault::SlowDownKey(key("_tone"))));
    assert_no_store(say(&gallery, "a").await);
    assert_eq!(names(&gallery).await, ["plain"], "the list is incomplete");
    assert_eq!(say(&gallery, "plain").await.unwrap(), "plain");
    s3.set_fault(Some(Fault::DenyKey(key("_tone"))));
    assert_eq!(names(&gallery).await, ["plain"], "who may not be read takes no other from the list");
    let denied = unreadable(say(&gallery, "a").await);
    assert_eq!(denied, "prompt `a` cannot be read: the server may not read _tone.prompt");
    s3.set_fault(None);
    eventually("it may be read", async || names(&gallery).await == ["a", "b", "plain"]).await;
    assert_eq!(s3.requests().list, 2, "the listing was good, and another one told that the partial is still there");
}

/// A file that was not read yet is read in its current version, and then all files are of that listing.
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
