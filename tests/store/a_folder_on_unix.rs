//! Links, permissions and names that are not UTF-8.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use store::{DirStore, PromptStore, StoreError};

use crate::{Fixture, Folder, assert_not_found, keys, list, object, read, settled, write};

#[tokio::test]
async fn neither_lists_nor_reads_a_link_to_a_file_outside() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    write(&secret, "secret");
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    folder.put("b.prompt", b"b");
    symlink(&secret, folder.path("link.prompt")).unwrap();
    let listed = list(&folder.store).await;
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a.prompt", "b.prompt"]);
    assert_not_found(folder.store.get(&object("link.prompt", &listed[0].version)).await);

    // Nor a link in the place of a listed file.
    folder.delete("b.prompt");
    symlink(&secret, folder.path("b.prompt")).unwrap();
    assert_not_found(folder.store.get(&listed[1]).await);
}

#[tokio::test]
async fn neither_lists_nor_reads_through_a_link_to_a_folder_outside() {
    let outside = tempfile::tempdir().unwrap();
    write(&outside.path().join("secret.prompt"), "secret");
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    symlink(outside.path(), folder.path("absolute")).unwrap();
    symlink("../", folder.path("relative")).unwrap();
    assert_eq!(keys(&folder.store).await, ["a.prompt"]);
    assert_not_found(folder.store.get(&object("absolute/secret.prompt", "")).await);
}

/// `prompts-old` begins like `prompts` and is not inside of it.
#[tokio::test]
async fn does_not_follow_a_link_to_a_neighbour() {
    let outer = tempfile::tempdir().unwrap();
    write(&outer.path().join("prompts-old/x.prompt"), "old");
    write(&outer.path().join("prompts/a.prompt"), "a");
    symlink("../prompts-old/x.prompt", outer.path().join("prompts/x.prompt")).unwrap();
    let store = DirStore::open(outer.path().join("prompts")).unwrap();
    assert_eq!(keys(&store).await, ["a.prompt"]);
    assert_not_found(store.get(&object("x.prompt", "")).await);
}

#[tokio::test]
async fn follows_a_link_to_a_file_inside() {
    let folder = Folder::new();
    folder.put("folder/a.prompt", b"four");
    symlink("folder/a.prompt", folder.path("link.prompt")).unwrap();
    let listed = settled(&folder.store).await;
    assert_eq!(
        listed.iter().map(|object| (object.key.as_str(), object.size)).collect::<Vec<_>>(),
        [("folder/a.prompt", 4), ("link.prompt", 4)]
    );
    assert_eq!(folder.store.get(&listed[1]).await.unwrap(), "four");

    folder.put("folder/a.prompt", b"five");
    assert_ne!(settled(&folder.store).await[1].version, listed[1].version, "the version is that of the target");
}

/// A mounted Kubernetes `ConfigMap` has this layout: the link changes and the files do not.
#[tokio::test]
async fn sees_a_link_set_to_another_file() {
    let folder = Folder::new();
    folder.put(".one/a.prompt", b"one");
    folder.put(".two/a.prompt", b"two");
    let time = fs::metadata(folder.path(".one/a.prompt")).unwrap().modified().unwrap();
    let two = fs::File::options().append(true).open(folder.path(".two/a.prompt")).unwrap();
    two.set_modified(time).unwrap();
    symlink(".one", folder.path(".current")).unwrap();
    symlink(".current/a.prompt", folder.path("a.prompt")).unwrap();
    let before = settled(&folder.store).await;
    assert_eq!(folder.store.get(&before[0]).await.unwrap(), "one");

    fs::remove_file(folder.path(".current")).unwrap();
    symlink(".two", folder.path(".current")).unwrap();
    let after = settled(&folder.store).await;
    assert_ne!(before[0].version, after[0].version);
    assert_eq!(folder.store.get(&after[0]).await.unwrap(), "two");
}

#[tokio::test]
async fn follows_a_link_to_a_folder_inside() {
    let folder = Folder::new();
    folder.put("folder/a.prompt", b"a");
    symlink("folder", folder.path("link")).unwrap();
    assert_eq!(keys(&folder.store).await, ["folder/a.prompt", "link/a.prompt"]);
    assert_eq!(read(&folder.store, "link/a.prompt").await.unwrap(), "a");
}

#[tokio::test]
async fn may_itself_be_reached_by_a_link() {
    let folder = Folder::new();
    folder.put("x/a.prompt", b"a");
    let outer = tempfile::tempdir().unwrap();
    let link = outer.path().join("link");
    symlink(folder.dir.path(), &link).unwrap();
    let store = DirStore::open(&link).unwrap();
    assert_eq!(keys(&store).await, ["x/a.prompt"]);
    assert_eq!(read(&store, "x/a.prompt").await.unwrap(), "a");
}

#[tokio::test]
async fn with_links_in_a_circle_is_listed() {
    let folder = Folder::new();
    folder.put("a/a.prompt", b"a");
    folder.put("b/b.prompt", b"b");
    symlink("itself.prompt", folder.path("itself.prompt")).unwrap();
    symlink("there.prompt", folder.path("here.prompt")).unwrap();
    symlink("here.prompt", folder.path("there.prompt")).unwrap();
    symlink(".", folder.path("here")).unwrap();
    symlink("..", folder.path("a/up")).unwrap();
    symlink("../b", folder.path("a/to-b")).unwrap();
    symlink("../a", folder.path("b/to-a")).unwrap();
    let keys = keys(&folder.store).await;
    assert_eq!(keys, ["a/a.prompt", "a/to-b/b.prompt", "b/b.prompt", "b/to-a/a.prompt"]);
}

#[tokio::test]
async fn with_a_link_to_nothing_is_listed_without_it() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    symlink("nothing", folder.path("dangling.prompt")).unwrap();
    symlink("nothing/", folder.path("dangling")).unwrap();
    assert_eq!(keys(&folder.store).await, ["a.prompt"]);
    assert_not_found(folder.store.get(&object("dangling.prompt", "")).await);
}

#[tokio::test]
async fn with_a_name_that_is_not_utf_8_is_listed_without_it() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    let broken = folder.dir.path().join(OsStr::from_bytes(b"br\xf6ken"));
    if fs::create_dir(&broken).is_err() {
        return; // The file system (APFS, say) takes no such names.
    }
    write(&broken.join("x.prompt"), "x");
    write(&folder.dir.path().join(OsStr::from_bytes(b"\xff.prompt")), "x");
    assert_eq!(keys(&folder.store).await, ["a.prompt"]);
}

#[tokio::test]
async fn neither_lists_nor_reads_what_is_not_a_file() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    folder.put("b.prompt", b"b");
    let _socket = UnixListener::bind(folder.path("socket.prompt")).unwrap();
    let listed = list(&folder.store).await;
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a.prompt", "b.prompt"]);
    folder.delete("b.prompt");
    let _socket = UnixListener::bind(folder.path("b.prompt")).unwrap();
    assert_not_found(folder.store.get(&listed[1]).await);
}

/// Root reads everything.
#[tokio::test]
async fn without_permission_for_a_part_is_listed_without_that_part() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    folder.put("locked.prompt", b"locked");
    folder.put("locked/b.prompt", b"b");
    let lock = |mode| {
        for key in ["locked", "locked.prompt"] {
            fs::set_permissions(folder.path(key), Permissions::from_mode(mode)).unwrap();
        }
    };
    lock(0o000);
    let is_root = fs::read_dir(folder.path("locked")).is_ok();
    let listed = folder.store.list().await;
    let read = folder.store.get(&object("locked.prompt", "")).await;
    lock(0o700); // or it could not be deleted

    let keys: Vec<_> = listed.unwrap().into_iter().map(|object| object.key).collect();
    if is_root {
        assert_eq!(keys, ["a.prompt", "locked.prompt", "locked/b.prompt"]);
        assert_eq!(read.unwrap(), "locked");
    } else {
        assert_eq!(keys, ["a.prompt", "locked.prompt"]);
        assert!(matches!(read, Err(StoreError::Denied(_))), "{read:?}");
    }
}
