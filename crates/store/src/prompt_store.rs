//! What a store is: a listing of objects with their versions, the content of each, and the errors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use bytes::Bytes;

use crate::digest::ContentDigest;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// The key below the store's prefix, `/` between folders.
    pub key: String,
    /// Changes whenever the content does. An empty version stands for any version.
    ///
    /// The first line is for people: S3's `ETag` if it has one. The other lines are for comparison. A last line that begins
    /// with `?` differs in each listing: it marks a file that may change while the rest of its version stays the same.
    pub version: String,
    /// In bytes.
    pub size: u64,
}

impl Object {
    /// The version for people: its first line.
    #[must_use]
    pub fn shown_version(&self) -> &str {
        self.version.lines().next().unwrap_or_default()
    }

    /// The version without the part that differs in each listing.
    #[doc(hidden)]
    #[must_use]
    pub fn lasting_version(&self) -> &str {
        lasting(&self.version)
    }
}

/// Whether a version stays the same while the file does.
#[must_use]
pub fn is_lasting(version: &str) -> bool {
    lasting(version).len() == version.len()
}

fn lasting(version: &str) -> &str {
    version.split("\n?").next().unwrap_or_default()
}

impl check::address::Listed for Object {
    fn key(&self) -> &str {
        &self.key
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// A time in the form of RFC 3339, in whole seconds of UTC; of the first second of 1970 if it is earlier.
#[doc(hidden)]
#[must_use]
pub fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = DateTime::from_secs(seconds.try_into().unwrap_or(i64::MAX));
    // A year of five digits has no such form.
    time.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// A place that holds prompt files.
#[async_trait]
pub trait PromptStore: Send + Sync + 'static {
    /// Every file once, sorted by the bytes of the key.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is listed in part.
    async fn list(&self) -> Result<Vec<Object>, StoreError>;

    /// As [`list`](Self::list), but a listing that has failed on its way may be continued.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn list_or_continue(&self) -> Result<Listed, StoreError> {
        Ok(Listed { objects: self.list().await?, age: Duration::ZERO, is_in_parts: false })
    }

    /// Asks whether `object`, which [`list`](Self::list) returned, is still what the store has under its key.
    ///
    /// # Errors
    /// When the store does not say so.
    async fn revalidate(&self, object: &Object) -> Result<Revalidated, StoreError> {
        let _ = object;
        Ok(Revalidated::Unknown)
    }

    /// The content of `object`, which [`list`](Self::list) returned.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the file is gone, or is no longer the listed version.
    async fn get(&self, object: &Object) -> Result<Bytes, StoreError>;

    /// The digest of the content of `object`, which is read in pieces.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    async fn digest(&self, object: &Object) -> Result<ContentDigest, StoreError> {
        Ok(ContentDigest::of(&self.get(object).await?))
    }

    /// Reads a key that no listing has returned yet, as it is now, for callers that cannot wait for a listing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a file of more than `max_bytes`, and in a store that lists at once.
    async fn get_newest(&self, key: &str, max_bytes: u64) -> Result<(Object, Bytes), StoreError> {
        let _ = max_bytes;
        Err(StoreError::NotFound(key.to_owned()))
    }

    /// Reads the settings of the store now, and waits for credentials, up to a minute, if a program provides them.
    ///
    /// # Errors
    /// [`StoreError::Settings`], which says what to do.
    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// When a listed file was last changed, if its version says so.
    fn modified(&self, object: &Object) -> Option<SystemTime> {
        let _ = object;
        None
    }

    /// A number that differs after every change, if the store watches for changes. A listing stays valid until then.
    fn revision(&self) -> Option<u64> {
        None
    }

    /// How long after a refused file the store is not asked for it again. After failed listings, the pause grows to three times
    /// this.
    fn retry_after(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Where the index of the prompts is kept, if the store keeps one.
    fn index(&self) -> Option<&dyn IndexStore> {
        None
    }

    /// The files that the last listing had to leave out, such as a link that leads nowhere: the path of each, and why.
    fn left_out(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// For people: a folder's path, or `s3://bucket/prefix`.
    fn location(&self) -> String;
}

/// What a listing has returned, and how.
#[derive(Debug)]
pub struct Listed {
    /// Every file once, sorted by the bytes of the key.
    pub objects: Vec<Object>,
    /// How long ago the listing began: every change before that is in it.
    pub age: Duration,
    /// Whether the files were listed in parts, one after the other: a change of several files may be in it with some of them.
    pub is_in_parts: bool,
}

/// What a store says of a version of a file.
#[derive(Debug)]
pub enum Revalidated {
    /// The file has not changed.
    Unchanged,
    /// The file is another one now. If it is not too large, what it is now.
    Changed(Option<(Object, Bytes)>),
    /// Only a listing tells.
    Unknown,
}

/// The one object that the server itself writes.
#[async_trait]
pub trait IndexStore: Send + Sync {
    /// The object and its version, if there is one. An object of more than `max_bytes` is returned empty.
    ///
    /// # Errors
    /// [`StoreError::Refused`], [`StoreError::Settings`], [`StoreError::Unavailable`].
    async fn read(&self, max_bytes: usize) -> Result<Option<(Bytes, String)>, StoreError>;

    /// Writes the object on condition that the stored one has the version `replaces`, or does not exist.
    ///
    /// # Errors
    /// Any [`StoreError`].
    async fn write(&self, object: Bytes, replaces: Option<&str>) -> Result<Written, StoreError>;

    /// The prefix of the prompts that the index is of.
    fn prefix(&self) -> &str;

    /// For people: `s3://bucket/key`.
    fn location(&self) -> String;
}

/// The outcome of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The object is stored, with this version.
    As(String),
    /// The store says that the condition does not hold.
    Refused,
    /// Another server is writing now, or the store does not say which version it wrote.
    Unclear,
}

/// Why a store did not answer. The text is for the log, never for a client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No such object, version or bucket.
    #[error("not found: {0}")]
    NotFound(String),
    /// This file cannot be read, and asking again does not help: it is archived, or encrypted with a key that the server
    /// does not have.
    #[error("refused: {0}")]
    Refused(String),
    /// The credentials do not allow it.
    #[error("access denied: {0}")]
    Denied(String),
    /// A setting of this process is wrong or missing.
    #[error("{0}")]
    Settings(String),
    /// Unreachable, throttled, timed out, or broken.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_whole_seconds() {
        let after = |time: Duration| timestamp(UNIX_EPOCH + time);
        assert_eq!(after(Duration::from_millis(1_796_025_600_999)), "2026-11-30T08:00:00Z");
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(9)), "1970-01-01T00:00:00Z");
    }
}
