//! Tests of a folder alone.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use store::{DirStore, PromptStore};

use crate::waiting::eventually;
use crate::{Fixture, Folder, assert_not_found, keys, list, object, settled, write};

#[test]
fn that_does_not_exist_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let error = DirStore::open(dir.path().join("missing")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn that_is_a_file_cannot_be_opened() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(DirStore::open(file.path()).unwrap_err().kind(), ErrorKind::NotADirectory);
}

#[test]
fn is_called_what_it_was_opened_as() {
    assert_eq!(DirStore::open("tests/../tests").unwrap().location(), "tests/../tests");
}

#[tokio::test]
async fn that_is_removed_is_not_found() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    let listed = list(&folder.store).await;
    fs::remove_dir_all(folder.dir.path()).unwrap();
    assert_not_found(folder.store.list().await);
    assert_not_found(folder.store.get(&listed[0]).await);
    // It is listed again when it is back.
    folder.put("b.prompt", b"b");
    assert_eq!(keys(&folder.store).await, ["b.prompt"]);
}

#[tokio::test]
async fn lists_no_hidden_and_no_backup_files() {
    let folder = Folder::new();
    let ignored = [
        ".hidden.prompt",
        ".x.prompt.swp",
        ".x.prompt.swo",
        ".#x.prompt",
        "#x.prompt#",
        "x.prompt~",
        "x.prompt.bak",
        "x.prompt.orig",
        "x.prompt.tmp",
        ".git/config.prompt",
        ".hidden/folder/x.prompt",
        "folder/.hidden/x.prompt",
        "folder/x.prompt~",
        "backup~/x.prompt",
    ];
    for key in ignored {
        folder.put(key, b"not a prompt");
    }
    folder.put("folder/x.prompt", b"x");
    folder.put("x.prompt", b"x");
    assert_eq!(keys(&folder.store).await, ["folder/x.prompt", "x.prompt"]);
}

#[tokio::test]
async fn whose_own_path_is_hidden_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join(".prompts~/x.prompt"), "x");
    let store = DirStore::open(dir.path().join(".prompts~")).unwrap();
    assert_eq!(keys(&store).await, ["x.prompt"]);
}

#[tokio::test]
async fn lists_no_folders() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("empty/folder.prompt")).unwrap();
    folder.put("a.prompt/b.prompt", b"b");
    assert_eq!(keys(&folder.store).await, ["a.prompt/b.prompt"]);
}

#[tokio::test]
async fn does_not_serve_files_above_it() {
    let outer = tempfile::tempdir().unwrap();
    write(&outer.path().join("secret"), "secret");
    write(&outer.path().join("prompts/a.prompt"), "a");
    let store = DirStore::open(outer.path().join("prompts")).unwrap();
    let absolute = outer.path().join("secret");
    for key in ["../secret", "./../secret", "x/../../secret", "..", "", absolute.to_str().unwrap()] {
        assert_not_found(store.get(&object(key, "")).await);
    }
}

#[tokio::test]
async fn does_not_find_a_file_that_became_a_folder_or_whose_folder_became_a_file() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    folder.put("b/b.prompt", b"b");
    let listed = list(&folder.store).await;
    folder.delete("a.prompt");
    fs::create_dir(folder.path("a.prompt")).unwrap();
    fs::remove_dir_all(folder.path("b")).unwrap();
    folder.put("b", b"b");
    for object in &listed {
        assert_not_found(folder.store.get(object).await);
    }
}

/// On a file system with a slow clock, a second edit may change nothing but the content.
#[tokio::test]
async fn takes_a_file_that_was_just_written_for_changed_each_time() {
    let folder = Folder::new();
    // The first time may fail: on a busy machine the file may be no longer new.
    eventually("the listings differ", async || {
        folder.put("a.prompt", b"a");
        list(&folder.store).await != list(&folder.store).await
    })
    .await;
}

/// `cp -p`, `rsync -a` and unpacking an archive do so.
#[cfg(unix)]
#[tokio::test]
async fn sees_a_file_replaced_by_one_of_the_same_size_and_time() {
    let folder = Folder::new();
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    let put = |key: &str, content: &str| {
        folder.put(key, content.as_bytes());
        fs::File::options().append(true).open(folder.path(key)).unwrap().set_modified(long_ago).unwrap();
    };
    put("a.prompt", "one");
    put("b.prompt", "two");
    let before = settled(&folder.store).await;

    fs::rename(folder.path("b.prompt"), folder.path("a.prompt")).unwrap();
    let renamed = settled(&folder.store).await;
    assert_ne!(before[0].version, renamed[0].version, "another file was moved here");

    put("a.prompt", "six");
    let rewritten = settled(&folder.store).await;
    assert_ne!(renamed[0].version, rewritten[0].version, "the file was written and its time set back");
}

/// Such files come from a machine whose clock is ahead.
#[cfg(unix)]
#[tokio::test]
async fn knows_a_file_from_the_future_again() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
    fs::File::options().append(true).open(folder.path("a.prompt")).unwrap().set_modified(tomorrow).unwrap();
    settled(&folder.store).await;
}
