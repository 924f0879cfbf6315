//! How fresh answers are, and how many requests to S3 that costs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use gallery::{Gallery, GalleryError};
use md5::{Digest, Md5};
use serde_json::Value;
use store::counting_requests;

use crate::s3::{Fault, Requests};
use crate::{
    HOUR, SHORT, assert_unknown, broken, descriptions, eventually, gallery, key, listed, lists_and_gets, names, prompt,
    put, s3_with, say,
};

/// Lists until the TTL is over and S3 is asked again. Returns the names, and the number of requests.
async fn list_after_the_ttl(gallery: &Gallery) -> (String, u32) {
    let (mut listed, mut asked) = Default::default();
    eventually("S3 is asked again", async || {
        let (page, count) = counting_requests(gallery.list(None)).await;
        (listed, asked) = (page.unwrap().prompts.get().to_owned(), count);
        asked > 0
    })
    .await;
    (listed, asked)
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
    let (said, count) = counting_requests(say(&gallery, "b")).await;
    assert_eq!((said.unwrap().as_str(), count), ("b", 3), "the list, b.prompt, and b.hbs in vain");
    // What is asked in vain is not waited for, so it may be dropped before it arrives.
    let (lists, gets) = lists_and_gets(s3.requests());
    assert!(lists == 1 && (1..=2).contains(&gets), "{lists} and {gets}");
}

#[tokio::test]
async fn versions_that_are_gone_are_not_kept() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    // The version before is kept, in case the new one cannot be read.
    for text in ["1", "2", "3", "1"] {
        put(&s3, "a", text);
        let before = s3.requests().get;
        names(&gallery).await;
        assert_eq!(s3.requests().get - before, 1, "{text}");
    }
}

#[tokio::test]
async fn the_get_after_a_list_is_one_get() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = listed(gallery(&s3, HOUR)).await;
    let (said, count) = counting_requests(say(&gallery, "b")).await;
    assert_eq!((said.unwrap().as_str(), count), ("b", 1));
    assert_eq!(lists_and_gets(s3.requests()), (1, 1));
}

#[tokio::test]
async fn a_file_that_is_read_before_it_is_listed_is_served_only_if_it_is_the_listed_one() {
    let s3 = s3_with(&["a", "team/a"]).await;
    // Of two files that claim one name, the better claim wins, also over the file that is read first.
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
    let ((), count) = counting_requests(async {
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
async fn after_the_ttl_the_bucket_is_listed_once_and_only_changed_files_are_read() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery(&s3, SHORT);
    names(&gallery).await;
    assert_eq!(lists_and_gets(s3.requests()), (1, 3));

    assert_eq!(list_after_the_ttl(&gallery).await.1, 1);
    assert_eq!(lists_and_gets(s3.requests()), (2, 3), "nothing changed");

    put(&s3, "b", "new");
    let (listed, count) = list_after_the_ttl(&gallery).await;
    assert!(listed.contains("new"));
    assert_eq!(count, 2);
    assert_eq!(lists_and_gets(s3.requests()), (3, 4), "one LIST, one GET");
}

#[tokio::test]
async fn with_a_ttl_of_zero_each_list_is_one_list_and_each_known_prompt_one_get() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    gallery.list(None).await.unwrap();
    assert_eq!(lists_and_gets(s3.requests()), (1, 2));
    gallery.list(None).await.unwrap();
    say(&gallery, "a").await.unwrap();
    assert_unknown(say(&gallery, "missing").await);
    gallery.complete("a", "none", "").await.unwrap_err();
    assert_eq!(lists_and_gets(s3.requests()), (3, 4));
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
    assert_eq!(s3.requests().get, 2);
    assert_eq!(say(&gallery, "b").await.unwrap(), "b");
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

/// However long the TTL is, a file is first read in its current version.
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
    // The first request reads two likely files beside the list; another request may read one of them again.
    let (lists, gets) = lists_and_gets(s3.requests());
    assert!(lists == 1 && (5..=7).contains(&gets), "{lists}, {gets}");
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
