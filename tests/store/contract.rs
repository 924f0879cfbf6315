//! The contract of every store. Each rule is tested on a folder and on a bucket.

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;

use crate::{Fixture, assert_not_found, keys, list, object, read, settled};

/// Makes each rule a test of a folder and a test of a bucket.
macro_rules! contract {
    ($($rule:ident,)*) => {
        mod in_a_folder {
            $(#[tokio::test]
            async fn $rule() {
                crate::contract::$rule(&crate::Folder::new()).await;
            })*
        }

        mod in_a_bucket {
            $(#[tokio::test]
            async fn $rule() {
                crate::contract::$rule(&crate::Bucket::start().await).await;
            })*
        }
    };
}

contract! {
    an_empty_store_lists_nothing,
    the_list_has_every_file_and_its_size_in_the_order_of_key_bytes,
    the_time_of_the_last_change_is_known,
    a_version_changes_when_the_content_does,
    two_edits_at_once_that_keep_the_size_are_two_versions,
    a_version_stays_while_the_content_does,
    a_new_file_is_listed_and_a_deleted_one_is_not,
    get_returns_the_exact_bytes,
    many_files_can_be_read_at_once,
    any_character_may_be_in_a_key,
    a_listed_file_that_was_deleted_is_not_found,
    a_listed_file_that_was_replaced_is_not_found_or_read_anew,
    a_file_that_was_never_there_is_not_found,
}

async fn an_empty_store_lists_nothing(fixture: &dyn Fixture) {
    assert_eq!(list(fixture.store()).await, []);
}

async fn the_list_has_every_file_and_its_size_in_the_order_of_key_bytes(fixture: &dyn Fixture) {
    // `-` and `.` sort before `/`, `_` and capitals before small letters, and these before `é`.
    let sorted =
        ["Z.hbs", "_x.prompt", "a-b.prompt", "a.prompt", "a/b.prompt", "a/b/c/d.txt", "a0.md", "z", "é.prompt"];
    for (size, key) in sorted.iter().enumerate().rev() {
        fixture.put(key, &vec![b'x'; size]);
    }
    let listed = list(fixture.store()).await;
    let listed: Vec<_> = listed.iter().map(|object| (object.key.as_str(), object.size)).collect();
    assert_eq!(listed, sorted.iter().copied().zip(0..).collect::<Vec<_>>());
}

async fn the_time_of_the_last_change_is_known(fixture: &dyn Fixture) {
    let before = SystemTime::now();
    fixture.put("a.prompt", b"one");
    let listed = list(fixture.store()).await;
    let modified = fixture.store().modified(&listed[0]).unwrap();
    // S3's times have whole seconds, and those of a file system come from a coarser clock.
    let off_by = before.duration_since(modified).unwrap_or_else(|later| later.duration());
    assert!(off_by < Duration::from_secs(60), "{modified:?} and not {before:?}");
    assert_eq!(fixture.store().modified(&object("a.prompt", "")), None);
}

async fn a_version_changes_when_the_content_does(fixture: &dyn Fixture) {
    fixture.put("a.prompt", b"one");
    fixture.put("b.prompt", b"one");
    let before = settled(fixture.store()).await;
    fixture.put("a.prompt", b"another");
    let after = settled(fixture.store()).await;
    assert_ne!(before[0].version, after[0].version);
    assert_eq!(before[1], after[1], "the other file is as it was");
}

async fn two_edits_at_once_that_keep_the_size_are_two_versions(fixture: &dyn Fixture) {
    let mut before = None;
    for edit in 0..50 {
        fixture.put("a.prompt", format!("edit {edit:02}").as_bytes());
        let after = list(fixture.store()).await;
        assert_ne!(before.as_ref(), Some(&after), "edit {edit}");
        before = Some(after);
    }
}

async fn a_version_stays_while_the_content_does(fixture: &dyn Fixture) {
    fixture.put("a.prompt", b"one");
    fixture.put("folder/b.prompt", b"two");
    let before = settled(fixture.store()).await;
    fixture.store().get(&before[0]).await.expect("a file");
    for _ in 0..3 {
        assert_eq!(list(fixture.store()).await, before);
    }
}

async fn a_new_file_is_listed_and_a_deleted_one_is_not(fixture: &dyn Fixture) {
    fixture.put("a.prompt", b"a");
    fixture.put("folder/b.prompt", b"b");
    assert_eq!(keys(fixture.store()).await, ["a.prompt", "folder/b.prompt"]);
    fixture.put("folder/deep/c.prompt", b"c");
    fixture.delete("a.prompt");
    assert_eq!(keys(fixture.store()).await, ["folder/b.prompt", "folder/deep/c.prompt"]);
    fixture.put("a.prompt", b"again");
    assert_eq!(keys(fixture.store()).await, ["a.prompt", "folder/b.prompt", "folder/deep/c.prompt"]);
    assert_eq!(read(fixture.store(), "a.prompt").await.unwrap(), "again");
}

async fn get_returns_the_exact_bytes(fixture: &dyn Fixture) {
    let contents: [&[u8]; 6] = [
        b"",
        b"\n",
        "\u{feff}Grüße –\r\n\ttrailing space \r\n✓ 🎉\n\n".as_bytes(),
        &(0..=255).collect::<Vec<u8>>(),
        b"no UTF-8: \xff\xfe\x00\xc3\x28",
        &(0..256 * 1024).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>(),
    ];
    for (number, content) in contents.iter().enumerate() {
        fixture.put(&format!("{number}.prompt"), content);
    }
    let listed = list(fixture.store()).await;
    assert_eq!(listed.len(), contents.len());
    for (object, content) in listed.iter().zip(contents) {
        assert_eq!(object.size, content.len() as u64, "{}", object.key);
        assert!(fixture.store().get(object).await.unwrap() == content, "{} is not as it was put", object.key);
    }
}

async fn many_files_can_be_read_at_once(fixture: &dyn Fixture) {
    for number in 0..100 {
        fixture.put(&format!("{number:02}.prompt"), format!("number {number}").as_bytes());
    }
    let listed = list(fixture.store()).await;
    let read = join_all(listed.iter().map(|object| fixture.store().get(object))).await;
    assert_eq!(read.len(), 100);
    for (number, content) in read.into_iter().enumerate() {
        assert_eq!(content.unwrap(), format!("number {number}"));
    }
}

async fn any_character_may_be_in_a_key(fixture: &dyn Fixture) {
    let mut sorted = vec![
        "a b+c%d/é–✓.prompt",
        " two  spaces .prompt",
        "%2F%20.prompt",
        "&<>\"'`.prompt",
        "?q=1&x#y;z.prompt",
        "[{(,:!$*^|@)}].prompt",
        "a..b/c...prompt",
        "back\\slash.prompt",
        "decomposed e\u{301}.prompt",
        "line\nbreak\ttab.prompt",
        "👩‍💻/日本語.prompt",
    ];
    for key in &sorted {
        fixture.put(key, key.as_bytes());
    }
    sorted.sort_unstable();
    let listed = list(fixture.store()).await;
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), sorted);
    for object in &listed {
        assert_eq!(fixture.store().get(object).await.unwrap(), object.key);
    }
}

async fn a_listed_file_that_was_deleted_is_not_found(fixture: &dyn Fixture) {
    fixture.put("folder/a.prompt", b"a");
    let listed = list(fixture.store()).await;
    fixture.delete("folder/a.prompt");
    assert_not_found(fixture.store().get(&listed[0]).await);
}

async fn a_listed_file_that_was_replaced_is_not_found_or_read_anew(fixture: &dyn Fixture) {
    fixture.put("a.prompt", b"old");
    let listed = list(fixture.store()).await;
    fixture.put("a.prompt", b"new");
    match fixture.store().get(&listed[0]).await {
        Ok(content) => assert_eq!(content, "new"),
        gone => assert_not_found(gone),
    }
    assert_eq!(read(fixture.store(), "a.prompt").await.unwrap(), "new");
}

async fn a_file_that_was_never_there_is_not_found(fixture: &dyn Fixture) {
    assert_not_found(fixture.store().get(&object("folder/a.prompt", "\"0\"")).await);
}
