//! What every store keeps to, for a folder and for an S3 bucket behind a real S3 protocol server, and what each of them
//! does on its own.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]
#![expect(clippy::needless_pass_by_value, reason = "an assertion takes the result of a call")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{Builder, Credentials, Region};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use prompt_gallery::store::{DirStore, Object, PromptStore, S3Store, StoreError, counting_s3_requests};
use support::s3::{Edit, Fault, S3Server};
use tempfile::{NamedTempFile, TempDir};
use tracing::subscriber::DefaultGuard;

const PREFIX: &str = "prompts/";

/// A store and the means to change what it holds.
trait Fixture: Sync {
    fn store(&self) -> &dyn PromptStore;
    /// Writes a file, in place of any that has this key.
    fn put(&self, key: &str, content: &[u8]);
    fn delete(&self, key: &str);
}

/// Each rule becomes a test of a folder and a test of a bucket.
macro_rules! contract {
    ($($rule:ident,)*) => {
        mod in_a_folder {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(&super::Folder::new()).await;
            })*
        }

        mod in_a_bucket {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(&super::Bucket::start().await).await;
            })*
        }
    };
}

contract! {
    an_empty_store_lists_nothing,
    the_list_has_every_file_and_its_size_in_the_order_of_key_bytes,
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

/// A folder that is deleted with the fixture.
struct Folder {
    dir: TempDir,
    store: DirStore,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = DirStore::open(dir.path()).unwrap();
        Self { dir, store }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.path().join(key)
    }
}

impl Fixture for Folder {
    fn store(&self) -> &dyn PromptStore {
        &self.store
    }

    fn put(&self, key: &str, content: &[u8]) {
        write(&self.path(key), content);
    }

    fn delete(&self, key: &str) {
        fs::remove_file(self.path(key)).unwrap();
    }
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

mod a_folder {
    use std::io::ErrorKind;

    use super::*;

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
        // And is listed again once it is back.
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
    async fn gives_out_nothing_above_it() {
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

    /// On a file system with a slow clock, a second edit might leave no trace but the content.
    #[tokio::test]
    async fn takes_a_file_that_was_just_written_for_changed_each_time() {
        let folder = Folder::new();
        let began = Instant::now();
        loop {
            folder.put("a.prompt", b"a");
            if list(&folder.store).await != list(&folder.store).await {
                break;
            }
            // Unless this test was held up for so long that the file was no longer new.
            assert!(began.elapsed() < Duration::from_secs(20), "never");
        }
    }

    /// As `cp -p`, `rsync -a` and unpacking an archive do it.
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

    /// An archive from a machine whose clock is ahead.
    #[cfg(unix)]
    #[tokio::test]
    async fn knows_a_file_from_the_future_again() {
        let folder = Folder::new();
        folder.put("a.prompt", b"a");
        let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
        fs::File::options().append(true).open(folder.path("a.prompt")).unwrap().set_modified(tomorrow).unwrap();
        settled(&folder.store).await;
    }
}

#[cfg(unix)]
mod a_folder_on_unix {
    use std::ffi::OsStr;
    use std::fs::Permissions;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

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

        // Nor one that takes the place of a listed file.
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

    /// A name that begins alike is not inside.
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

    /// So a mounted Kubernetes `ConfigMap` is laid out; the link changes and the files do not.
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

    /// Permissions stop everyone but root, who reads on.
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
}

/// A store below [`PREFIX`] of the server's bucket.
struct Bucket {
    s3: S3Server,
    store: S3Store,
}

impl Bucket {
    async fn start() -> Self {
        let s3 = S3Server::start().await;
        let store = S3Store::new(s3.client_config(), S3Server::BUCKET, PREFIX);
        Self { s3, store }
    }
}

impl Fixture for Bucket {
    fn store(&self) -> &dyn PromptStore {
        &self.store
    }

    fn put(&self, key: &str, content: &[u8]) {
        self.s3.put(&format!("{PREFIX}{key}"), content.to_vec());
    }

    fn delete(&self, key: &str) {
        self.s3.delete(&format!("{PREFIX}{key}"));
    }
}

mod a_bucket {
    use super::*;

    #[tokio::test]
    async fn is_listed_over_all_pages_in_order() {
        let bucket = Bucket::start().await;
        let mut sorted: Vec<String> = (0..7).map(|number| format!("folder-{}/{number}.prompt", number % 3)).collect();
        for key in &sorted {
            bucket.put(key, key.as_bytes());
        }
        sorted.sort_unstable();
        bucket.s3.set_page_size(3);
        assert_eq!(keys(&bucket.store).await, sorted);
        assert_eq!(bucket.s3.requests().list, 3);
    }

    #[tokio::test]
    async fn of_more_than_a_thousand_objects_is_listed_whole() {
        let bucket = Bucket::start().await;
        for number in 0..2001 {
            bucket.put(&format!("{number:04}.prompt"), b"x");
        }
        let keys = keys(&bucket.store).await;
        assert_eq!(keys, (0..2001).map(|number| format!("{number:04}.prompt")).collect::<Vec<_>>());
        assert_eq!(bucket.s3.requests().list, 3);
    }

    /// As a server over a file system lists it: `code/` before `code-review`.
    #[tokio::test]
    async fn that_is_listed_in_the_order_of_folders_is_listed_whole_and_sorted() {
        let bucket = Bucket::start().await;
        let mut sorted: Vec<String> = Vec::new();
        for number in 0..1200 {
            let folder = ["code", "code-review", "code.review", "code/deep", "z"][number % 5];
            sorted.push(format!("{folder}/{number:04}.prompt"));
            bucket.put(&sorted[number], b"x");
        }
        sorted.sort_unstable();
        bucket.s3.set_fault(Some(Fault::FolderOrder));
        for _ in 0..2 {
            assert_eq!(keys(&bucket.store).await, sorted);
        }
        assert_eq!(bucket.s3.requests().list, 4);
    }

    #[tokio::test]
    async fn in_which_a_key_is_listed_twice_has_it_once() {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_fault(Some(Edit::list(|xml| {
            let (first, second) = (xml.find("<Contents>").unwrap(), xml.find("</Contents>").unwrap());
            let again = xml[first..second].to_owned() + "</Contents>";
            xml.replace("</ListBucketResult>", &(again + "</ListBucketResult>"))
        })));
        let listed = list(&bucket.store).await;
        assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        bucket.s3.set_fault(None);
        assert_eq!(listed, list(&bucket.store).await);
    }

    /// With status 200 and a `Content-Length` that fits, as from a server or a proxy that was stopped.
    #[tokio::test]
    async fn whose_listing_is_not_whole_is_unavailable() {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c", "d", "e", "f"] {
            bucket.put(key, b"x");
        }
        let listed = list(&bucket.store).await;
        type Change = fn(String) -> String;
        let edits: [(&str, Change); 10] = [
            ("cut after an object", |xml| xml[..xml.rfind("<Contents>").unwrap()].to_owned()),
            ("cut in a key", |xml| xml[..xml.find("<Key>").unwrap() + "<Key>prompts/".len()].to_owned()),
            ("cut in a tag", |xml| xml[..xml.find("<Contents>").unwrap() + 3].to_owned()),
            ("without its last character", |xml| xml[..xml.len() - 1].to_owned()),
            ("without the end of the root", |xml| xml.replace("</ListBucketResult>", "")),
            ("empty", |_| String::new()),
            ("an error page", |_| "<html><body>Bad gateway</body></html>".to_owned()),
            ("an error", |_| "<Error><Code>Odd</Code><Message>An error.</Message></Error>".to_owned()),
            ("another element", |xml| xml.replace("ListBucketResult", "ListAllMyBucketsResult")),
            ("going on, to nowhere", |xml| xml.replace("<IsTruncated>false", "<IsTruncated>true")),
        ];
        for (what, edit) in edits {
            bucket.s3.set_fault(Some(Edit::list(edit)));
            let before = bucket.s3.requests().list;
            let result = bucket.store.list().await;
            assert!(matches!(result, Err(StoreError::Unavailable(_))), "{what}: {result:?}");
            assert_eq!(bucket.s3.requests().list - before, 2, "{what}: it is asked for once more");
        }
        bucket.s3.set_page_size(2);
        bucket.s3.set_fault(Some(Edit::list(|xml| match xml.contains("<ContinuationToken>") {
            true => xml[..xml.rfind("<Contents>").unwrap()].to_owned(),
            false => xml,
        })));
        assert_unavailable(bucket.store.list().await);
        bucket.s3.set_fault(None);
        assert_eq!(list(&bucket.store).await, listed);
    }

    #[tokio::test]
    async fn that_counts_more_keys_than_it_lists_is_asked_once_more_and_then_believed() {
        for (edit, asked) in [
            ((|xml| xml.replace("<KeyCount>3", "<KeyCount>4")) as fn(String) -> String, 2),
            (|xml| xml.replace("<KeyCount>3", "<KeyCount>2"), 1),
            (|xml| xml.replace("<KeyCount>3", "<KeyCount>1001"), 1),
            (|xml| xml.replace("<KeyCount>3</KeyCount>", ""), 1),
        ] {
            let bucket = Bucket::start().await;
            for key in ["a", "b", "c"] {
                bucket.put(key, b"x");
            }
            bucket.s3.set_fault(Some(Edit::list(edit)));
            let log = Log::capture();
            for round in 0..3 {
                let before = bucket.s3.requests().list;
                assert_eq!(keys(&bucket.store).await, ["a", "b", "c"]);
                assert_eq!(bucket.s3.requests().list - before, asked, "round {round}");
            }
            let warnings = if asked == 2 { 1 } else { 0 };
            assert_eq!(log.count("the store counts more keys than it lists"), warnings);
        }
    }

    /// 60 % of an object, with its `ETag` and a `Content-Length` that fits.
    #[tokio::test]
    async fn that_sends_less_than_it_lists_is_unavailable() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"more than half of this is no prompt");
        let a = list(&bucket.store).await.remove(0);
        bucket.s3.set_fault(Some(Edit::get(|_, body| body.slice(..body.len() * 6 / 10))));
        assert_unavailable(bucket.store.get(&a).await);
        let (newest, _) = bucket.store.get_newest("a.prompt", 1000).await.unwrap();
        assert_ne!(newest, a, "what is read before it is listed is not taken for what is listed then");
        bucket.s3.set_fault(None);
        assert_eq!(bucket.store.get_newest("a.prompt", 1000).await.unwrap().0, a);
    }

    #[tokio::test]
    async fn that_sends_no_length_is_read_up_to_what_it_lists() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"as long as this");
        let a = list(&bucket.store).await.remove(0);
        bucket.s3.set_fault(Some(Fault::NoLength));
        assert_eq!(bucket.store.get(&a).await.unwrap(), "as long as this");
        assert_eq!(bucket.store.get_newest("a.prompt", 1000).await.unwrap().0, a);
        bucket.put("a.prompt", &vec![b'x'; 1024 * 1024]);
        assert_not_found(bucket.store.get(&a).await);
        assert_not_found(bucket.store.get_newest("a.prompt", 1000).await);
        bucket.s3.set_fault(None);
        assert_not_found(bucket.store.get(&a).await);
    }

    #[tokio::test]
    async fn whose_object_has_another_checksum_is_unavailable() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"Hello world");
        let a = list(&bucket.store).await.remove(0);
        fn with_checksum(headers: &mut http::HeaderMap) {
            headers.insert("x-amz-checksum-crc32", http::HeaderValue::from_static("i9aeUg=="));
        }
        bucket.s3.set_fault(Some(Edit::get(|headers, body| {
            with_checksum(headers);
            body
        })));
        assert_eq!(bucket.store.get(&a).await.unwrap(), "Hello world");
        bucket.s3.set_fault(Some(Edit::get(|headers, _| {
            with_checksum(headers);
            Bytes::from("Hello_world")
        })));
        assert_unavailable(bucket.store.get(&a).await);
    }

    /// Without an `ETag`, with an empty one, and with one that is always the same.
    #[tokio::test]
    async fn whose_etags_say_nothing_tells_versions_apart_by_time_and_size() {
        fn with_etag(xml: &str, etag: &str) -> String {
            let mut edited = String::new();
            for part in xml.split_inclusive("</ETag>") {
                match part.find("<ETag>") {
                    Some(at) => edited += &format!("{}{etag}", &part[..at]),
                    None => edited += part,
                }
            }
            edited
        }
        fn get(headers: &mut http::HeaderMap, body: Bytes, etag: Option<&'static str>) -> Bytes {
            match etag {
                Some(etag) => drop(headers.insert("etag", http::HeaderValue::from_static(etag))),
                None => drop(headers.remove("etag")),
            }
            body
        }
        const SAME: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";
        let edits = [
            Edit { list: |xml| with_etag(&xml, ""), get: |headers, body| get(headers, body, None) },
            Edit { list: |xml| with_etag(&xml, "<ETag></ETag>"), get: |headers, body| get(headers, body, None) },
            Edit { list: |xml| with_etag(&xml, "<ETag/>"), get: |headers, body| get(headers, body, Some("\"\"")) },
            Edit { list: |xml| with_etag(&xml, ""), get: |_, body| body },
            Edit { list: |xml| with_etag(&xml, "<ETag>0</ETag>"), get: |headers, body| get(headers, body, Some("0")) },
            Edit {
                list: |xml| with_etag(&xml, &format!("<ETag>{SAME}</ETag>")),
                get: |headers, body| get(headers, body, Some(SAME)),
            },
        ];
        for edit in edits {
            let bucket = Bucket::start().await;
            bucket.put("a.prompt", b"one");
            bucket.put("b.prompt", b"longer");
            bucket.s3.set_fault(Some(Fault::Edit(edit)));
            let before = list(&bucket.store).await;
            assert_eq!(bucket.store.get(&before[0]).await.unwrap(), "one", "{edit:?}");
            // In the same second and of the same size.
            bucket.put("a.prompt", b"two");
            let after = list(&bucket.store).await;
            assert_ne!(before[0].version, after[0].version, "{edit:?}");
            assert_eq!(bucket.store.get(&after[0]).await.unwrap(), "two", "{edit:?}");
            // Of another size.
            bucket.put("a.prompt", b"three");
            assert_not_found(bucket.store.get(&after[0]).await);
            assert_eq!(read(&bucket.store, "a.prompt").await.unwrap(), "three");
        }
    }

    #[tokio::test]
    async fn that_says_nothing_of_versions_is_read_anew_each_time() {
        fn without_marks(xml: String) -> String {
            let mut edited = String::new();
            for part in xml.split_inclusive("</Contents>") {
                let [key, size] = ["Key", "Size"].map(|tag| {
                    let (start, end) = (part.find(&format!("<{tag}>")), part.find(&format!("</{tag}>")));
                    start.zip(end).map(|(start, end)| format!("{}</{tag}>", &part[start..end])).unwrap_or_default()
                });
                match part.split_once("<Contents>") {
                    Some((before, _)) => edited += &format!("{before}<Contents>{key}{size}</Contents>"),
                    None => edited += part,
                }
            }
            edited
        }
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"one");
        bucket.s3.set_fault(Some(Fault::Edit(Edit {
            list: without_marks,
            get: |headers, body| {
                headers.remove("etag");
                headers.remove("last-modified");
                body
            },
        })));
        let [first, second] = [list(&bucket.store).await, list(&bucket.store).await];
        assert_ne!(first[0].version, second[0].version);
        assert_eq!((first[0].lasting_version(), first[0].is_lasting()), (second[0].lasting_version(), false));
        assert_eq!(bucket.store.get(&second[0]).await.unwrap(), "one");
        bucket.put("a.prompt", b"two");
        assert_eq!(bucket.store.get(&second[0]).await.unwrap(), "two", "there is no way to know");
    }

    #[tokio::test]
    async fn whose_versions_cannot_be_told_is_warned_of_once() {
        fn without(xml: &str, tag: &str) -> String {
            let (start, end) = (format!("<{tag}>"), format!("</{tag}>"));
            let pieces = xml.split(&*start).map(|piece| piece.split_once(&*end).map_or(piece, |(_, rest)| rest));
            pieces.collect()
        }
        fn same_etag(xml: String) -> String {
            without(&xml, "ETag").replace("</Key>", "</Key><ETag>&quot;0&quot;</ETag>")
        }
        fn without_marks(xml: String) -> String {
            without(&without(&xml, "ETag"), "LastModified")
        }
        const SHARED: &str = "objects of different size have one ETag";
        const NONE: &str = "neither ETags nor times are listed";
        for (list_as, warnings) in [
            ((|xml| xml) as fn(String) -> String, [0, 0]),
            (same_etag, [1, 0]),
            (without_marks, [0, 1]),
            (|xml| without(&xml, "ETag"), [0, 0]),
        ] {
            let bucket = Bucket::start().await;
            bucket.put("a.prompt", b"one");
            bucket.put("b.prompt", b"longer");
            bucket.s3.set_fault(Some(Edit::list(list_as)));
            let log = Log::capture();
            for _ in 0..3 {
                assert_eq!(keys(&bucket.store).await, ["a.prompt", "b.prompt"]);
            }
            assert_eq!([SHARED, NONE].map(|warning| log.count(warning)), warnings);
        }
    }

    /// Such as one that is encrypted with a key that is not at hand, or archived; other requests go well.
    #[tokio::test]
    async fn that_refuses_one_object_says_so() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        let a = list(&bucket.store).await.remove(0);
        for (status, code) in [
            (400, "InvalidRequest"),
            (400, "KMS.DisabledException"),
            (403, "InvalidObjectState"),
            (405, "MethodNotAllowed"),
            (501, "NotImplemented"),
        ] {
            bucket.s3.set_fault(Some(Fault::RefuseKey("prompts/a.prompt".into(), status, code)));
            let refused = bucket.store.get(&a).await;
            assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains(code)), "{refused:?}");
        }
        for (status, code) in [(400, "RequestTimeout"), (429, "TooManyRequests"), (500, "InternalError")] {
            bucket.s3.set_fault(Some(Fault::RefuseKey("prompts/a.prompt".into(), status, code)));
            assert_unavailable(bucket.store.get(&a).await);
        }
    }

    #[tokio::test]
    async fn whose_listing_never_ends_is_unavailable() {
        fn endless(xml: String) -> String {
            let start = xml.find("<NextContinuationToken>").unwrap();
            let end = xml.find("</NextContinuationToken>").unwrap();
            xml.replace(&xml[start..end], "<NextContinuationToken>61")
        }
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_page_size(1);
        bucket.s3.set_fault(Some(Edit::list(endless)));
        assert_unavailable(bucket.store.list().await);
        assert!(bucket.s3.requests().list < 10, "{:?}", bucket.s3.requests());
    }

    #[tokio::test]
    async fn is_not_listed_in_part_when_a_later_page_fails() {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_page_size(1);
        bucket.s3.set_fault(Some(Fault::SlowDownAfter(2)));
        assert_unavailable(bucket.store.list().await);
        assert_eq!(bucket.s3.requests().list, 2 + 3, "two pages and three attempts at the third");
    }

    #[tokio::test]
    async fn shows_what_is_below_the_prefix_alone() {
        let bucket = Bucket::start().await;
        let others = ["a.prompt", "prompts", "prompts-old/b.prompt", "prompts.prompt", "x/prompts/c.prompt"];
        for key in others {
            bucket.s3.put(key, "outside");
        }
        bucket.put("d.prompt", b"inside");
        bucket.put("prompts/e.prompt", b"inside");
        bucket.s3.set_page_size(2);
        assert_eq!(keys(&bucket.store).await, ["d.prompt", "prompts/e.prompt"]);
        assert_eq!(bucket.s3.requests().list, 1, "S3 leaves out the others");
        assert_eq!(read(&bucket.store, "d.prompt").await.unwrap(), "inside");
        assert_eq!(read(&bucket.store, "prompts/e.prompt").await.unwrap(), "inside");
    }

    #[tokio::test]
    async fn is_shown_whole_without_a_prefix() {
        let bucket = Bucket::start().await;
        bucket.put("b.prompt", b"b");
        bucket.s3.put("a.prompt", "a");
        let store = S3Store::new(bucket.s3.client_config(), S3Server::BUCKET, "");
        assert_eq!(keys(&store).await, ["a.prompt", "prompts/b.prompt"]);
        assert_eq!(read(&store, "prompts/b.prompt").await.unwrap(), "b");
    }

    #[tokio::test]
    async fn may_have_a_prefix_of_any_characters() {
        let s3 = S3Server::start().await;
        for prefix in ["a b+c%d/é–✓/", "no-slash"] {
            s3.put(&format!("{prefix}x.prompt"), "x");
            let store = S3Store::new(s3.client_config(), S3Server::BUCKET, prefix);
            assert_eq!(keys(&store).await, ["x.prompt"], "{prefix}");
            assert_eq!(read(&store, "x.prompt").await.unwrap(), "x", "{prefix}");
        }
    }

    /// Objects have keys, not paths.
    #[tokio::test]
    async fn may_have_keys_that_would_be_other_paths() {
        let bucket = Bucket::start().await;
        let sorted = ["../up.prompt", "./here.prompt", "/slash.prompt", "a/../b.prompt", "a//b.prompt"];
        for key in sorted {
            bucket.put(key, key.as_bytes());
        }
        assert_eq!(keys(&bucket.store).await, sorted);
        for key in sorted {
            assert_eq!(read(&bucket.store, key).await.unwrap(), key);
        }
    }

    #[tokio::test]
    async fn may_have_control_characters_in_its_keys() {
        let bucket = Bucket::start().await;
        let sorted = ["\u{1}\u{b}.prompt", "a\tb\r\n.prompt", "a b+c%2B%.prompt", "z\u{7f}\u{fffe}.prompt"];
        for key in sorted {
            bucket.put(key, key.as_bytes());
        }
        for fault in [None, Some(Fault::PlainKeys)] {
            bucket.s3.set_fault(fault.clone());
            assert_eq!(keys(&bucket.store).await, sorted, "{fault:?}");
            for key in sorted {
                assert_eq!(read(&bucket.store, key).await.unwrap(), key, "{fault:?}");
            }
        }
    }

    #[tokio::test]
    async fn has_its_objects_inflated() {
        let bucket = Bucket::start().await;
        let put = |key: &str, content: &[u8], encoding: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            bucket.s3.put_encoded(&format!("{PREFIX}{key}"), encoder.finish().unwrap(), encoding);
        };
        put("a.prompt", b"Hello {{name}}", "gzip");
        put("bomb.prompt", &vec![b'x'; 8 * 1024 * 1024], "gzip");
        put("c.prompt", b"packed otherwise", "br");
        let listed = list(&bucket.store).await;
        assert_ne!(listed[0].size, 14, "its size is that of what is stored");
        assert_eq!(bucket.store.get(&listed[0]).await.unwrap(), "Hello {{name}}");
        for (object, says) in [(&listed[1], "inflates to more than"), (&listed[2], "Content-Encoding: br")] {
            let refused = bucket.store.get(object).await.unwrap_err().to_string();
            assert!(refused.contains(says) && refused.contains(&object.key), "{refused}");
        }
    }

    #[tokio::test]
    async fn does_not_find_an_object_replaced_after_it_was_listed() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"old");
        let listed = list(&bucket.store).await;
        bucket.put("a.prompt", b"new");
        assert_not_found(bucket.store.get(&listed[0]).await);
    }

    #[test]
    fn is_called_by_its_address() {
        let config = Builder::new().behavior_version_latest().region(Region::new("eu-central-1"));
        assert_eq!(S3Store::new(config, "team", "prompts/").location(), "s3://team/prompts/");
    }

    #[tokio::test]
    async fn that_does_not_exist_is_not_found() {
        let s3 = S3Server::start().await;
        let store = S3Store::new(s3.client_config(), "another-bucket", PREFIX);
        assert_not_found(store.list().await);
        assert_not_found(store.get(&object("a.prompt", "\"0\"")).await);
    }

    #[tokio::test]
    async fn is_denied_with_a_wrong_secret_or_an_unknown_key() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        let a = list(&bucket.store).await.remove(0);
        for (id, secret) in [(S3Server::ACCESS_KEY, "wrong"), ("AKIDSOMEONEELSE", S3Server::SECRET_KEY)] {
            let wrong = Credentials::new(id, secret, None, None, "tests");
            let store = S3Store::new(bucket.s3.client_config().credentials_provider(wrong), S3Server::BUCKET, PREFIX);
            assert_denied(store.list().await);
            assert_denied(store.get(&a).await);
        }
    }

    #[tokio::test]
    async fn that_denies_access_is_denied_and_not_asked_twice() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        bucket.put("b.prompt", b"b");
        let listed = list(&bucket.store).await;

        bucket.s3.set_fault(Some(Fault::DenyKey("prompts/a.prompt".into())));
        assert_denied(bucket.store.get(&listed[0]).await);
        assert_eq!(bucket.store.get(&listed[1]).await.unwrap(), "b");

        bucket.s3.set_fault(Some(Fault::AccessDenied));
        let before = bucket.s3.requests();
        assert_denied(bucket.store.list().await);
        assert_denied(bucket.store.get(&listed[1]).await);
        assert_eq!(bucket.s3.requests().total, before.total + 2);
    }

    #[tokio::test]
    async fn that_is_throttled_is_unavailable_after_three_attempts() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        let a = list(&bucket.store).await.remove(0);
        bucket.s3.set_fault(Some(Fault::SlowDown));
        let before = bucket.s3.requests();
        assert_unavailable(bucket.store.list().await);
        assert_unavailable(bucket.store.get(&a).await);
        let after = bucket.s3.requests();
        assert_eq!((after.list, after.get), (before.list + 3, before.get + 3));
    }

    #[tokio::test]
    async fn with_a_passing_error_is_asked_again() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        bucket.s3.set_fault(Some(Fault::InternalErrorTimes(1)));
        let listed = list(&bucket.store).await;
        assert_eq!(listed.len(), 1);
        bucket.s3.set_fault(Some(Fault::InternalErrorTimes(1)));
        assert_eq!(bucket.store.get(&listed[0]).await.unwrap(), "a");
        assert_eq!(bucket.s3.requests().total, 4);
    }

    #[tokio::test]
    async fn that_disconnects_is_unavailable() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"a");
        let a = list(&bucket.store).await.remove(0);
        bucket.s3.set_fault(Some(Fault::Disconnect));
        assert_unavailable(bucket.store.list().await);
        assert_unavailable(bucket.store.get(&a).await);
        bucket.s3.set_fault(None);
        assert_eq!(list(&bucket.store).await, [a], "and is there again when it is over");
    }

    #[tokio::test]
    async fn that_is_nowhere_is_unavailable() {
        let bucket = Bucket::start().await;
        let Bucket { s3, store } = bucket;
        drop(s3);
        assert_unavailable(store.list().await);
        assert_unavailable(store.get(&object("a.prompt", "\"0\"")).await);
    }

    #[tokio::test]
    async fn that_breaks_off_in_the_middle_of_an_object_is_unavailable() {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"half of this is no prompt");
        let a = list(&bucket.store).await.remove(0);
        bucket.s3.set_fault(Some(Fault::CutBody));
        assert_unavailable(bucket.store.get(&a).await);
    }

    /// A function has 15 seconds; this test takes the 6 that a file has.
    #[tokio::test]
    async fn that_does_not_answer_is_unavailable_in_time() {
        let (silent, stalled) = (Bucket::start().await, Bucket::start().await);
        stalled.put("a.prompt", b"half of this is no prompt");
        let a = list(&stalled.store).await.remove(0);
        silent.s3.set_fault(Some(Fault::Hang));
        stalled.s3.set_fault(Some(Fault::StallBody));
        let answers = async {
            tokio::join!(
                silent.store.list(),
                silent.store.get(&a), // it hangs all the same
                stalled.store.get(&a),
            )
        };
        let (list, get, half) =
            tokio::time::timeout(Duration::from_secs(15), answers).await.expect("an answer in time");
        assert_unavailable(list);
        assert_unavailable(get);
        assert_unavailable(half);
    }
}

mod the_counter {
    use super::*;

    #[tokio::test]
    async fn counts_pages_reads_and_retries() {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c", "d", "e"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_page_size(2);
        let (listed, count) = counting_s3_requests(bucket.store.list()).await;
        let objects = listed.unwrap();
        assert_eq!(count, 3, "three pages");

        let (read, count) = counting_s3_requests(bucket.store.get(&objects[0])).await;
        assert_eq!((read.unwrap().as_ref(), count), (b"x".as_slice(), 1), "one object");

        bucket.s3.set_fault(Some(Fault::InternalErrorTimes(2)));
        let (listed, count) = counting_s3_requests(bucket.store.list()).await;
        assert_eq!((listed.unwrap().len(), count), (5, 5), "three pages and two retries");

        bucket.s3.set_fault(Some(Fault::SlowDown));
        let (read, count) = counting_s3_requests(bucket.store.get(&objects[0])).await;
        assert!(read.is_err());
        assert_eq!(count, 3, "three attempts");
        assert_eq!(bucket.s3.requests().total, 3 + 1 + 5 + 3, "nothing goes uncounted");
    }

    #[tokio::test]
    async fn counts_attempts_that_nobody_receives() {
        let Bucket { s3, store } = Bucket::start().await;
        drop(s3);
        let (listed, count) = counting_s3_requests(store.list()).await;
        assert!(listed.is_err());
        assert_eq!(count, 3);
    }

    #[tokio::test]
    async fn tells_requests_apart_that_run_at_once() {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_page_size(1);
        let store = &bucket.store;
        let twice = async { (store.list().await, store.list().await) };
        let ((_, one), (_, two), ((), none)) = tokio::join!(
            counting_s3_requests(store.list()),
            counting_s3_requests(twice),
            counting_s3_requests(async {})
        );
        assert_eq!((one, two, none), (3, 6, 0));
    }

    #[tokio::test]
    async fn counts_nothing_for_a_folder() {
        let folder = Folder::new();
        folder.put("a.prompt", b"a");
        assert_eq!(counting_s3_requests(folder.store.list()).await.1, 0);
    }
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"half of this is no prompt");
    let a = list(&bucket.store).await.remove(0);
    let mut errors = Vec::new();
    for fault in [Fault::SlowDown, Fault::AccessDenied, Fault::InternalErrorTimes(usize::MAX), Fault::Disconnect] {
        bucket.s3.set_fault(Some(fault));
        errors.push(bucket.store.list().await.unwrap_err());
        errors.push(bucket.store.get(&a).await.unwrap_err());
    }
    bucket.s3.set_fault(Some(Fault::CutBody));
    errors.push(bucket.store.get(&a).await.unwrap_err());
    bucket.s3.set_fault(None);
    for (id, name) in [(S3Server::ACCESS_KEY, "another-bucket"), ("AKIDSOMEONEELSE", S3Server::BUCKET)] {
        let credentials = Credentials::new(id, S3Server::SECRET_KEY, Some("session-token".into()), None, "tests");
        let store = S3Store::new(bucket.s3.client_config().credentials_provider(credentials), name, PREFIX);
        errors.push(store.list().await.unwrap_err());
        errors.push(store.get(&a).await.unwrap_err());
    }
    let credentials =
        Credentials::new(S3Server::ACCESS_KEY, S3Server::SECRET_KEY, Some("session-token".into()), None, "tests");
    let expired = S3Store::new(bucket.s3.client_config().credentials_provider(credentials), S3Server::BUCKET, PREFIX);
    bucket.s3.set_fault(Some(Fault::ExpiredToken));
    let error = expired.list().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Denied(text) if text.contains("ExpiredToken: The provided token has")),
        "{error}"
    );
    errors.push(error);
    errors.push(expired.get(&a).await.unwrap_err());
    drop(bucket.s3);
    errors.push(bucket.store.list().await.unwrap_err());

    for error in errors {
        let text = format!("{error}\n{error:?}");
        assert!(text.contains("s3://"), "it says what was asked for: {text}");
        for secret in [S3Server::SECRET_KEY, "session-token", "AWS4-HMAC-SHA256"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

/// What this thread logs, until it is dropped.
struct Log {
    file: NamedTempFile,
    _guard: DefaultGuard,
}

impl Log {
    fn capture() -> Self {
        let file = NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(file.reopen().unwrap())).finish();
        Self { file, _guard: tracing::subscriber::set_default(subscriber) }
    }

    fn count(&self, words: &str) -> usize {
        fs::read_to_string(self.file.path()).unwrap().matches(words).count()
    }
}

async fn list(store: &dyn PromptStore) -> Vec<Object> {
    store.list().await.expect("a listing")
}

async fn keys(store: &dyn PromptStore) -> Vec<String> {
    list(store).await.into_iter().map(|object| object.key).collect()
}

/// The listing once it does not change any more: a file that was changed a moment ago has a new version each time.
async fn settled(store: &dyn PromptStore) -> Vec<Object> {
    let began = Instant::now();
    let mut before = list(store).await;
    loop {
        let after = list(store).await;
        if before == after {
            return after;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "still changing: {before:?}, {after:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        before = after;
    }
}

/// The content of the file as it is listed now.
async fn read(store: &dyn PromptStore, key: &str) -> Result<Bytes, StoreError> {
    let listed: BTreeMap<_, _> = list(store).await.into_iter().map(|object| (object.key.clone(), object)).collect();
    store.get(&listed[key]).await
}

fn object(key: &str, version: &str) -> Object {
    Object { key: key.to_owned(), version: version.to_owned(), size: 1 }
}

#[track_caller]
fn assert_not_found(result: Result<impl Debug, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound(_))), "{result:?}");
}

#[track_caller]
fn assert_denied(result: Result<impl Debug, StoreError>) {
    assert!(matches!(result, Err(StoreError::Denied(_))), "{result:?}");
}

#[track_caller]
fn assert_unavailable(result: Result<impl Debug, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}
