//! Stores: a folder, and an S3 bucket on a server that speaks S3's protocol.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]
#![expect(clippy::needless_pass_by_value, reason = "an assertion takes the result of a call")]

#[path = "../support/s3/mod.rs"]
mod s3;
#[path = "../support/waiting.rs"]
mod waiting;

mod a_bucket;
mod a_bucket_with_errors;
mod a_folder;
mod a_folder_on_unix;
mod contract;
mod the_counter;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use s3::S3Server;
use store::{DirStore, Object, PromptStore, S3Store, StoreError};
use tempfile::{NamedTempFile, TempDir};
use tracing::subscriber::DefaultGuard;
use waiting::eventually;

const PREFIX: &str = "prompts/";

/// A store and the means to change what it holds.
trait Fixture: Sync {
    fn store(&self) -> &dyn PromptStore;
    /// Writes a file, in place of any that has this key.
    fn put(&self, key: &str, content: &[u8]);
    fn delete(&self, key: &str);
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

/// The log of this thread, until it is dropped.
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

/// The listing when it no longer changes: a file that was just written has a new version in each listing.
async fn settled(store: &dyn PromptStore) -> Vec<Object> {
    let mut listed = list(store).await;
    eventually("a listing stays as it is", async || {
        let before = std::mem::replace(&mut listed, list(store).await);
        before == listed
    })
    .await;
    listed
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
