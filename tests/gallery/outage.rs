//! Answers while S3 is down, refuses a file, or changes faster than it is read.

use std::fmt::Debug;
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use gallery::{GalleryError, STALE_OK};
use serde_json::Map;
use store::{StoreError, observing};
use tempfile::NamedTempFile;

use crate::s3::{Edit, Fault, S3Server};
use crate::{
    HOUR, assert_no_store, assert_unknown, descriptions, eventually, gallery, gallery_with_a_clock,
    gallery_without_retries, key, listed, lists_and_gets, names, picture, prompt, put, s3_with, s3_with_a_picture, say,
    unreadable,
};

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

/// Begins a request, and drops it once S3 is asked.
async fn give_up<T: Debug>(request: impl Future<Output = T>, s3: &S3Server) {
    let asked = s3.requests().total + 1;
    tokio::select! {
        answer = request => panic!("S3 has not answered: {answer:?}"),
        () = s3.received(asked) => {}
    }
}

#[tokio::test]
async fn an_abandoned_request_does_not_delay_others() {
    let s3 = s3_with(&["a"]).await;
    let gallery = gallery(&s3, HOUR);
    s3.set_fault(Some(Fault::Hang));
    give_up(gallery.list(None), &s3).await;
    s3.set_fault(None);
    assert_eq!(names(&gallery).await, ["a"]);

    put(&s3, "a", "new");
    let gallery = self::gallery(&s3, HOUR);
    gallery.count().await.unwrap();
    s3.set_fault(Some(Fault::Hang));
    give_up(say(&gallery, "a"), &s3).await;
    s3.set_fault(None);
    assert_eq!(say(&gallery, "a").await.unwrap(), "new");
}

#[tokio::test]
async fn in_an_outage_the_last_good_snapshot_is_served() {
    // All at once: each has to wait until S3 is asked again.
    join_all([Fault::SlowDown, Fault::Disconnect, Fault::AccessDenied].map(async |fault| {
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
    }))
    .await;
}

#[tokio::test]
async fn readiness_is_that_of_the_last_good_listing() {
    let s3 = s3_with(&["a", "b"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, Duration::from_secs(30), Duration::from_secs(60));
    assert_eq!(gallery.readiness(), None);
    names(&gallery).await;
    s3.set_fault(Some(Fault::Disconnect));
    clock.advance(Duration::from_secs(90));
    let readiness = gallery.readiness().unwrap();
    assert_eq!((readiness.age, readiness.prompts, readiness.broken), (Duration::from_secs(90), 2, 0));
}

#[tokio::test]
async fn in_an_outage_the_pauses_between_listings_grow_to_fifteen_seconds() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, Duration::ZERO, STALE_OK);
    names(&gallery).await;
    s3.set_fault(Some(Fault::SlowDown));
    for longest in [1, 2, 4, 8, 15, 15] {
        let before = s3.requests().list;
        for _ in 0..10 {
            clock.advance(Duration::from_millis(1));
            assert_eq!(names(&gallery).await, ["a"]);
        }
        assert_eq!(s3.requests().list - before, 1);
        // The pauses are at least half as long.
        clock.advance(Duration::from_millis(longest * 500 - 20));
        names(&gallery).await;
        assert_eq!(s3.requests().list - before, 1, "of {longest} s");
        clock.advance(Duration::from_millis(longest * 500 + 20));
    }
}

#[tokio::test]
async fn in_an_outage_a_prompt_that_was_never_read_is_a_store_error_and_missing_in_the_list() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, HOUR);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::SlowDown));
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_no_store(say(&gallery, "b").await);
    assert_no_store(gallery.complete("b", "x", "").await);
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed, observed.unread), (vec!["a".to_owned()], 1));
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
async fn the_text_of_a_store_error_does_not_describe_the_store() {
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
    // The bucket has not changed since. The old version must not stay in the list for that.
    assert_eq!(descriptions(&gallery).await.unwrap()["a"], "new");
}

#[tokio::test]
async fn a_new_prompt_that_cannot_be_read_is_left_out_alone() {
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

#[tokio::test]
async fn a_file_that_the_store_refuses_is_left_out_alone_and_logged_once() {
    for (status, code, why) in [
        (400, "InvalidRequest", "the prompt store refuses to return b.prompt"),
        (400, "KMS.DisabledException", "the prompt store refuses to return b.prompt"),
        (403, "AccessDenied", "the server may not read b.prompt"),
        (403, "InvalidObjectState", "the prompt store refuses to return b.prompt"),
        (404, "NoSuchKey", "the prompt store lists b.prompt, but does not have it"),
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
    assert_eq!(names(&gallery).await, ["a"], "the list is incomplete");
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_eq!(gallery.broken(), 0);
    s3.set_fault(None);
    eventually("it is over", async || gallery.list(None).await.is_ok()).await;
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

/// S3 says so of a missing key where the permission to list covers only some prefixes.
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
    // After the first listing, so nothing is read beside it.
    let changing = say(&listed(gallery_of()).await, "a").await;
    assert!(matches!(changing, Err(GalleryError::Changing { .. })), "{changing:?}");
    assert!(s3.requests().list - before <= 6, "there is a bound");
    assert_eq!(names(&served).await, ["a", "b"]);
}

/// The picture is in the new listing, the prompt is served from an old one.
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

/// The body has 60 % of the listed size, and a `Content-Length` that fits it.
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

/// The XML ends after some objects; the last good snapshot stays.
#[tokio::test]
async fn a_listing_that_is_cut_off_replaces_nothing() {
    let s3 = s3_with(&["a", "b", "c", "d"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b", "c", "d"]);
    s3.set_fault(Some(Edit::list(|xml| xml[..xml.rfind("<Contents>").unwrap()].to_owned())));
    assert_eq!(names(&gallery).await, ["a", "b", "c", "d"]);
    assert_no_store(self::gallery(&s3, HOUR).count().await);
}
