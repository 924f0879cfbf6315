//! The pages of a list and the cursors between them.

use std::sync::Arc;
use std::time::Duration;

use gallery::{Gallery, GalleryError};
use serde_json::Value;

use crate::s3::{Requests, S3Server};
use crate::{HOUR, gallery, gallery_with_pages, key, lists_and_gets, names, put, s3_with};

/// One page: the names on it and the next cursor.
async fn page(gallery: &Gallery, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let page = gallery.list(cursor).await.expect("a page");
    let prompts: Vec<Value> = serde_json::from_str(page.prompts.get()).unwrap();
    let names = prompts.iter().map(|prompt| prompt["name"].as_str().unwrap().to_owned()).collect();
    (names, page.next_cursor.clone())
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
async fn prompts_that_come_and_go_between_two_pages_neither_repeat_nor_lose_others() {
    let s3 = s3_with(&["b", "d", "f", "h", "j"]).await;
    let gallery = gallery_with_pages(&s3, Duration::ZERO, 2);
    let (first, cursor) = page(&gallery, None).await;
    assert_eq!(first, ["b", "d"]);

    // Before the cursor, after it, and the prompt that it names.
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
