//! A store that is slow, hangs, or fails for some files: callers get what is at hand, and learn how old or incomplete it is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use gallery::{Freshness, Gallery, STALE_OK};
use store::{Object, Observed, PromptStore, StoreError, observing};
use tokio::task::JoinHandle;

use crate::clock::MovedClock;
use crate::s3::Fault;
use crate::{
    HOUR, assert_no_store, assert_unknown, eventually, gallery, gallery_with_a_clock, gallery_without_retries, key,
    listed, lists_and_gets, names, put, s3_with, say, unreadable,
};

/// The TTL of these galleries.
const TTL: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

#[tokio::test]
async fn while_the_store_hangs_callers_wait_two_seconds_at_first_and_then_300_ms() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, STALE_OK);
    let gallery = Arc::new(gallery);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::Hang));
    clock.advance(TTL + STEP);
    let ask = || {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move { observing(say(&gallery, "a")).await })
    };
    let lists = s3.requests().list;
    let first = ask();
    eventually("the store is asked", async || s3.requests().list > lists).await;
    clock.advance(Duration::from_millis(1900));
    assert!(!first.is_finished(), "the store may answer yet");
    clock.advance(Duration::from_millis(100));
    let (said, observed) = first.await.unwrap();
    assert_eq!((said.unwrap().as_str(), observed.stale_seconds), ("a", Some(32)));

    // As many as there are, and none asks the store again.
    let callers: Vec<_> = (0..20).map(|_| ask()).collect();
    let began = tokio::time::Instant::now();
    while began.elapsed() < Duration::from_millis(50) {
        tokio::task::yield_now().await;
    }
    assert!(callers.iter().all(|caller| !caller.is_finished()));
    clock.advance(Duration::from_millis(300));
    for caller in join_all(callers).await {
        assert_eq!(caller.unwrap().0.unwrap(), "a");
    }
    assert_eq!(s3.requests().list, lists + 1);
}

#[tokio::test]
async fn a_listing_is_taken_in_when_its_callers_have_gone() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, STALE_OK);
    assert_eq!(names(&gallery).await, ["a"]);
    put(&s3, "b", "b");
    clock.advance(TTL + STEP);
    let lists = s3.requests().list;
    {
        // It hangs up at once.
        let asking = gallery.count();
        assert!(futures_util::future::poll_immediate(Box::pin(asking)).await.is_none());
    }
    eventually("the store is asked", async || s3.requests().list > lists).await;
    eventually("the listing is taken in", async || gallery.count().await.unwrap() == 2).await;
    assert_eq!(s3.requests().list, lists + 1, "once");
}

#[tokio::test]
async fn a_listing_longer_than_the_deadline_is_taken_in_for_later_callers() {
    let s3 = s3_with(&["a", "b", "c", "d"]).await;
    s3.set_page_size(1);
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, STALE_OK);
    let gallery = Arc::new(gallery);
    s3.set_fault(Some(Fault::Hold));
    let first = {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move { say(&gallery, "a").await })
    };
    s3.received(1).await;
    clock.advance(Duration::from_secs(8));
    assert_no_store(first.await.unwrap());
    s3.set_fault(None);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_eq!(s3.requests().list, 4, "one for each page");
}

#[tokio::test]
async fn the_pages_of_a_listing_that_failed_are_kept_for_the_next_one() {
    let s3 = s3_with(&["a", "b", "c", "d"]).await;
    s3.set_page_size(1);
    let gallery = gallery_without_retries(&s3, HOUR);
    s3.set_fault(Some(Fault::SlowDownAfter(2)));
    assert_no_store(gallery.count().await);
    assert_eq!(lists_and_gets(s3.requests()), (3, 0));
    assert_no_store(gallery.count().await);
    assert_eq!(lists_and_gets(s3.requests()), (4, 0), "the third page");
    s3.set_fault(None);
    assert_eq!(gallery.count().await.unwrap(), 4);
    assert_eq!(lists_and_gets(s3.requests()), (6, 0), "the last two pages");
}

#[tokio::test]
async fn files_that_change_together_are_served_together_also_if_a_listing_has_several_pages() {
    let s3 = s3_with(&[]).await;
    s3.set_page_size(1);
    let step = |step| {
        let partial = ("prompts/_part.prompt", format!("part {step}"));
        s3.put_all([partial, ("prompts/a.prompt", format!("{{{{>part}}}} of step {step}"))]);
    };
    step(1);
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, STALE_OK);
    assert_eq!(say(&gallery, "a").await.unwrap(), "part 1 of step 1");
    // A listing has one page of before the change, and the next one goes on with the second page.
    s3.set_fault(Some(Fault::SlowDownAfter(1)));
    clock.advance(TTL + STEP);
    assert_eq!(say(&gallery, "a").await.unwrap(), "part 1 of step 1");
    step(2);
    s3.set_fault(None);
    clock.advance(TTL);
    let lists = s3.requests().list;
    assert_eq!(say(&gallery, "a").await.unwrap(), "part 2 of step 2");
    assert_eq!(s3.requests().list - lists, 1 + 2, "the second page, and a whole listing");
}

#[tokio::test]
async fn in_a_process_that_stands_still_between_calls_old_trouble_does_not_count() {
    let s3 = s3_with(&["a"]).await;
    let clock = MovedClock::new();
    let freshness = Freshness { is_frozen_between_calls: true, clock: Arc::new(clock.clone()), ..TTL.into() };
    let gallery = Arc::new(gallery_without_retries(&s3, freshness));
    let ask = || {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move { say(&gallery, "a").await.unwrap() })
    };
    let is_waited_for = async |asking: &JoinHandle<String>, lists| {
        eventually("the store is asked", async || s3.requests().list > lists).await;
        clock.advance(Duration::from_millis(1900));
        assert!(!asking.is_finished(), "the store may answer yet");
    };
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::SlowDown));
    clock.advance(TTL + STEP);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");

    // The last listing has failed, long ago.
    put(&s3, "a", "new");
    s3.set_fault(Some(Fault::Hold));
    clock.advance(HOUR);
    let (lists, asking) = (s3.requests().list, ask());
    is_waited_for(&asking, lists).await;
    s3.set_fault(None);
    assert_eq!(asking.await.unwrap(), "new");

    // The last listing was left behind, and fails now.
    put(&s3, "a", "newer");
    s3.set_fault(Some(Fault::Hold));
    clock.advance(HOUR);
    let (lists, asking) = (s3.requests().list, ask());
    is_waited_for(&asking, lists).await;
    clock.advance(Duration::from_millis(100));
    assert_eq!(asking.await.unwrap(), "new");
    clock.advance(HOUR);
    let (lists, asking) = (s3.requests().list, ask());
    s3.set_fault(Some(Fault::InternalErrorTimes(1)));
    assert_eq!(asking.await.unwrap(), "newer");
    assert_eq!(s3.requests().list, lists + 1);
}

#[tokio::test]
async fn the_last_good_state_is_served_as_long_as_the_setting_says_and_says_its_age() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, Duration::from_secs(90));
    assert_eq!(observing(say(&gallery, "a")).await.1.stale_seconds, None);
    s3.set_fault(Some(Fault::SlowDown));
    clock.advance(TTL);
    assert_eq!(observing(say(&gallery, "a")).await.1, Observed::default(), "within the TTL");
    clock.advance(STEP);
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed, observed.stale_seconds), (vec!["a".to_owned()], Some(30)));
    clock.advance(Duration::from_secs(59));
    assert_eq!(observing(say(&gallery, "a")).await.1.stale_seconds, Some(89));
    clock.advance(Duration::from_secs(1));
    assert_no_store(say(&gallery, "a").await);
    assert_no_store(gallery.list(None).await);
    s3.set_fault(None);
    assert_eq!(observing(say(&gallery, "a")).await.1.stale_seconds, None, "asked at once where nothing can be served");
}

#[tokio::test]
async fn without_any_staleness_nothing_older_than_the_ttl_is_served() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, Duration::ZERO);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    s3.set_fault(Some(Fault::SlowDown));
    clock.advance(TTL);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    clock.advance(STEP);
    assert_no_store(say(&gallery, "a").await);
    s3.set_fault(None);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
}

#[tokio::test]
async fn one_object_that_always_fails_keeps_no_other_from_the_list() {
    let all: Vec<String> = (0..30).map(|n| format!("p{n:02}")).collect();
    let s3 = s3_with(&all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let gallery = gallery_without_retries(&s3, HOUR);
    s3.set_fault(Some(Fault::RefuseKey(key("p07"), 500, "InternalError")));
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed.len(), observed.unread), (29, 1));
    assert!(!listed.contains(&"p07".to_owned()));
    assert_no_store(say(&gallery, "p07").await);
    let prompts = gallery.all_prompts().await.unwrap();
    assert_eq!(prompts.unread, 1);
    s3.set_fault(None);
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed, observed.unread), (all, 0));
}

#[tokio::test]
async fn what_a_list_lacks_is_read_after_the_answer() {
    let s3 = s3_with(&["a", "b"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, HOUR, STALE_OK);
    s3.set_fault(Some(Fault::RefuseKey(key("b"), 500, "InternalError")));
    assert_eq!(names(&gallery).await, ["a"]);
    s3.set_fault(None);
    eventually("b is read", async || {
        clock.advance(Duration::from_secs(1));
        // The fault shows whether `b` is kept.
        s3.requests().get >= 3 && {
            s3.set_fault(Some(Fault::DenyObjects));
            let said = say(&gallery, "b").await;
            s3.set_fault(None);
            said.is_ok()
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_that_hangs_keeps_no_other_from_the_list() {
    let s3 = s3_with(&["a", "b", "c"]).await;
    let gallery = gallery_without_retries(&s3, HOUR).with_page_timeout(Duration::from_millis(50));
    s3.set_fault(Some(Fault::HangKey(key("b"))));
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed, observed.unread), (vec!["a".to_owned(), "c".to_owned()], 1));
}

#[tokio::test]
async fn a_file_that_hangs_is_hardly_waited_for_the_second_time() {
    let s3 = s3_with(&["a", "b"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, HOUR, STALE_OK);
    let gallery = Arc::new(gallery);
    s3.set_fault(Some(Fault::HangKey(key("b"))));
    for seconds in [[3, 1].as_slice(), &[1]] {
        let listing = {
            let gallery = Arc::clone(&gallery);
            tokio::spawn(async move { names(&gallery).await })
        };
        let gets = s3.requests().get;
        eventually("the files are asked for", async || listing.is_finished() || s3.requests().get >= gets.max(2)).await;
        for seconds in seconds {
            tokio::time::sleep(Duration::from_millis(20)).await;
            clock.advance(Duration::from_secs(*seconds));
        }
        assert_eq!(listing.await.unwrap(), ["a"]);
    }
}

#[tokio::test]
async fn a_changed_file_that_hangs_is_served_in_the_version_before() {
    let s3 = s3_with(&["a"]).await;
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, STALE_OK);
    let gallery = Arc::new(gallery);
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    put(&s3, "a", "new");
    clock.advance(TTL + STEP);
    s3.set_fault(Some(Fault::HangKey(key("a"))));
    for wait in [Duration::from_secs(2), Duration::from_millis(300), Duration::from_millis(300)] {
        let asking = {
            let gallery = Arc::clone(&gallery);
            tokio::spawn(async move { observing(say(&gallery, "a")).await })
        };
        eventually("the file is asked for", async || s3.requests().get >= 2).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!asking.is_finished());
        clock.advance(wait);
        let (said, observed) = asking.await.unwrap();
        assert_eq!((said.unwrap().as_str(), observed.unread), ("a", 1));
    }
}

#[tokio::test]
async fn an_older_version_says_its_age_and_is_served_as_long_as_the_setting_says() {
    let s3 = s3_with(&["a"]).await;
    s3.put(&key("_tone"), "warm");
    s3.put(&key("c"), "c {{> tone}}");
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, Duration::from_secs(90));
    let age = async |name: &str| {
        let (said, observed) = observing(say(&gallery, name)).await;
        said.map(|_| observed.stale_seconds)
    };
    assert_eq!((age("a").await.unwrap(), age("c").await.unwrap()), (None, None));
    put(&s3, "a", "new");
    s3.put(&key("_tone"), "dry");
    s3.set_fault(Some(Fault::DenyObjects));
    for (seconds, expected) in [(31, 31), (31, 62), (28, 90)] {
        // Versions that were never read do not make the one that is served younger.
        s3.put(&key("_tone"), format!("dry {seconds} {expected}"));
        clock.advance(Duration::from_secs(seconds));
        assert_eq!((age("a").await.unwrap(), age("c").await.unwrap()), (Some(expected), Some(expected)));
        assert_eq!(observing(names(&gallery)).await.1.stale_seconds, Some(expected));
    }
    clock.advance(Duration::from_secs(1));
    unreadable(say(&gallery, "a").await);
    unreadable(say(&gallery, "c").await);
    s3.set_fault(None);
    clock.advance(Duration::from_secs(31));
    assert_eq!((age("a").await.unwrap(), age("c").await.unwrap()), (None, None));
}

#[tokio::test]
async fn a_prompt_whose_new_partial_cannot_be_read_says_its_age_too() {
    let s3 = s3_with(&[]).await;
    s3.put("prompts/_tone.hbs", "warm");
    s3.put(&key("a"), "{{> tone}}");
    let (clock, gallery) = gallery_with_a_clock(&s3, TTL, Duration::from_secs(90));
    assert_eq!(say(&gallery, "a").await.unwrap(), "warm");
    // It takes precedence over the other one.
    s3.put(&key("_tone"), "dry");
    s3.set_fault(Some(Fault::RefuseKey(key("_tone"), 500, "InternalError")));
    clock.advance(Duration::from_secs(60));
    let (said, observed) = observing(say(&gallery, "a")).await;
    assert_eq!((said.unwrap().as_str(), observed.stale_seconds), ("warm", Some(60)));
    clock.advance(Duration::from_secs(31));
    assert_no_store(say(&gallery, "a").await);
}

/// Prompts of which some cannot be read now.
#[derive(Default)]
struct FailingStore {
    failing: Mutex<Vec<&'static str>>,
    /// The keys of the files that were read.
    read: Mutex<Vec<String>>,
}

#[async_trait]
impl PromptStore for FailingStore {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let object = |key: &str| Object { key: key.to_owned(), version: "1".to_owned(), size: 1 };
        Ok(["a.prompt", "b.prompt", "c.prompt", "d.prompt"].map(object).into())
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        if self.failing.lock().unwrap().contains(&object.key.as_str()) {
            return Err(StoreError::Unavailable("500".to_owned()));
        }
        self.read.lock().unwrap().push(object.key.clone());
        Ok(Bytes::from_static(b"x"))
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

#[tokio::test]
async fn what_each_page_lacks_is_read_after_the_answer() {
    let (clock, store) = (MovedClock::new(), Arc::new(FailingStore::default()));
    let freshness = Freshness { clock: Arc::new(clock.clone()), ..HOUR.into() };
    let gallery = Gallery::new(Arc::clone(&store) as Arc<dyn PromptStore>, freshness, 2);
    *store.failing.lock().unwrap() = vec!["b.prompt", "c.prompt"];
    let first = gallery.list(None).await.unwrap();
    gallery.list(first.next_cursor.as_deref()).await.unwrap();
    // One file fails for good, and keeps the reading of the others going.
    *store.failing.lock().unwrap() = vec!["b.prompt"];
    eventually("the file of the second page is read", async || {
        clock.advance(Duration::from_secs(1));
        store.read.lock().unwrap().iter().any(|key| key == "c.prompt")
    })
    .await;
}

#[tokio::test]
async fn a_page_of_files_that_cannot_be_read_does_not_end_the_list() {
    let store = Arc::new(FailingStore::default());
    let gallery = Gallery::new(Arc::clone(&store) as Arc<dyn PromptStore>, HOUR, 1);
    *store.failing.lock().unwrap() = vec!["b.prompt", "d.prompt"];
    let (listed, observed) = observing(names(&gallery)).await;
    assert_eq!((listed, observed.unread), (vec!["a".to_owned(), "c".to_owned()], 1));
    *store.failing.lock().unwrap() = vec!["a.prompt"];
    assert_no_store(Gallery::new(store as Arc<dyn PromptStore>, HOUR, 1).list(None).await);
}

#[tokio::test]
async fn of_files_that_fail_every_second_time_most_are_listed_at_once_and_all_soon() {
    let all: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
    let s3 = s3_with(&all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let gallery = gallery_without_retries(&s3, HOUR);
    s3.set_fault(Some(Fault::EverySecondGet));
    let (listed, observed) = observing(names(&gallery)).await;
    assert!((100..300).contains(&listed.len()), "{}", listed.len());
    assert_eq!(listed.len() + observed.unread as usize, 300);
    s3.set_fault(None);
    eventually("all are read", async || names(&gallery).await.len() == 300).await;
    assert!(s3.requests().get <= 900, "what was read is not read again: {}", s3.requests().get);
}

#[tokio::test]
async fn a_known_prompt_is_revalidated_without_a_listing() {
    let s3 = s3_with(&["a", "b"]).await;
    s3.put(&key("_tone"), "warm");
    s3.put(&key("c"), "c {{> tone}}");
    let (clock, gallery) = gallery_with_a_clock(&s3, Duration::ZERO, STALE_OK);
    for name in ["a", "c"] {
        say(&gallery, name).await.unwrap();
        clock.advance(STEP);
    }
    let before = lists_and_gets(s3.requests());
    assert_eq!(say(&gallery, "a").await.unwrap(), "a");
    assert_eq!(lists_and_gets(s3.requests()), (before.0, before.1 + 1), "one file");
    clock.advance(STEP);
    assert_eq!(say(&gallery, "c").await.unwrap(), "c warm");
    assert_eq!(lists_and_gets(s3.requests()), (before.0, before.1 + 3), "two files");

    clock.advance(STEP);
    s3.put(&key("_tone"), "dry");
    assert_eq!(say(&gallery, "c").await.unwrap(), "c dry");
    assert_eq!(lists_and_gets(s3.requests()), (before.0 + 1, before.1 + 5), "what has changed is read once");
    clock.advance(STEP);
    s3.delete(&key("a"));
    assert_unknown(say(&gallery, "a").await);
    clock.advance(STEP);
    put(&s3, "new", "new");
    assert_eq!(say(&gallery, "new").await.unwrap(), "new", "an unknown name is looked for");
}

#[tokio::test]
async fn twenty_callers_of_one_prompt_ask_the_store_together() {
    let s3 = s3_with(&["a"]).await;
    let gallery = listed(gallery(&s3, Duration::ZERO)).await;
    say(&gallery, "a").await.unwrap();
    let before = lists_and_gets(s3.requests());
    let said = join_all((0..20).map(|_| say(&gallery, "a"))).await;
    assert!(said.into_iter().all(|said| said.unwrap() == "a"));
    let (lists, gets) = lists_and_gets(s3.requests());
    assert_eq!(lists, before.0);
    assert!((1..=2).contains(&(gets - before.1)), "{gets} after {before:?}");

    s3.put(&key("a"), "b");
    let said = join_all((0..20).map(|_| say(&gallery, "a"))).await;
    assert!(said.into_iter().all(|said| said.unwrap() == "b"));
    // Each of the two questions is followed by a listing, which a caller shares if it begins after the question.
    let (lists, gets) = lists_and_gets(s3.requests());
    assert!(lists <= before.0 + 4 && gets <= before.1 + 6, "{lists} and {gets} after {before:?}");
}

#[tokio::test]
async fn a_partial_that_takes_precedence_is_seen_within_thirty_seconds() {
    let s3 = s3_with(&[]).await;
    s3.put("prompts/_tone.hbs", "warm");
    s3.put(&key("a"), "{{> tone}}");
    let (clock, gallery) = gallery_with_a_clock(&s3, Duration::ZERO, STALE_OK);
    assert_eq!(say(&gallery, "a").await.unwrap(), "warm");
    s3.put(&key("_tone"), "dry");
    clock.advance(Duration::from_secs(29));
    assert_eq!(say(&gallery, "a").await.unwrap(), "warm");
    clock.advance(Duration::from_secs(2));
    assert_eq!(say(&gallery, "a").await.unwrap(), "dry");
}
