//! A folder of prompt files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use uuid::Uuid;
use walkdir::{DirEntry, WalkDir};

use super::watch::{StartWatcher, Watch};
use super::{Object, PromptStore, StoreError};

/// File systems stamp times in steps of up to some ten milliseconds: two edits within one step look the same.
const TIMESTAMP_STEP: Duration = Duration::from_millis(100);
/// How often a folder that is waited for is looked at, as it may have been replaced.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// A folder, read anew at every call; [`watch`](Self::watch) tells when that is of use.
///
/// Hidden files and the backup files of editors are not part of it, nor is what a symbolic link names outside of it.
/// A file whose name is not UTF-8 is left out and reported once.
#[derive(Clone)]
pub struct DirStore(Arc<Inner>);

impl fmt::Debug for DirStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirStore").field(&self.0.dir).finish()
    }
}

/// Paths below the folder, and why they are left out.
type LeftOut = BTreeMap<PathBuf, String>;

struct Inner {
    /// As it was given, for people.
    dir: PathBuf,
    /// The same from the root of the file system on; a link in it may be set to another folder at any time.
    path: PathBuf,
    /// What the last listing left out; it has been reported.
    left_out: Mutex<LeftOut>,
    watch: OnceLock<Watch>,
    /// Something has changed, as the watch tells.
    changed: Arc<Notify>,
}

impl DirStore {
    /// Opens a folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        if !dir.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder"));
        }
        let path = std::path::absolute(&dir)?;
        let (left_out, watch, changed) = Default::default();
        Ok(Self(Arc::new(Inner { dir, path, left_out, watch, changed })))
    }

    /// Has the system tell of changes from now on by what `start` begins, so that the folder need not be read anew where there are none.
    ///
    /// # Errors
    /// When the system cannot; the folder is read anew at every call as before.
    pub fn watch(&self, start: StartWatcher) -> io::Result<()> {
        let watch = Watch::start(&self.0.path, start, Arc::clone(&self.0.changed))?;
        // A second one is not needed.
        let _ = self.0.watch.set(watch);
        Ok(())
    }

    /// Lists the files of some folders alone, given relative to this one; a folder that is not there or leads out has none.
    ///
    /// # Errors
    /// As [`PromptStore::list`].
    pub async fn list_in(&self, folders: BTreeSet<PathBuf>) -> Result<Vec<Object>, StoreError> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.list(Some(&folders))).await
    }

    /// Waits until something has changed since the last time; for ever where the folder is not watched.
    ///
    /// Another folder in its place, which no event tells of, is watched from then on.
    pub async fn changed(&self) {
        while timeout(FOLLOW_EVERY, self.0.changed.notified()).await.is_err() {
            let inner = Arc::clone(&self.0);
            // The next turn hears of what it finds.
            let _ = spawn_blocking(move || inner.watch.get().map(Watch::follow)).await;
        }
    }
}

#[async_trait]
impl PromptStore for DirStore {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.list(None)).await
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || inner.read(&object)).await
    }

    fn revision(&self) -> Option<u64> {
        self.0.watch.get().and_then(Watch::revision)
    }

    /// A folder that is back is seen at once.
    fn retry_after(&self) -> Duration {
        Duration::ZERO
    }

    fn left_out(&self) -> Vec<(String, String)> {
        let left_out = self.0.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        left_out.iter().map(|(path, why)| (path.to_string_lossy().into_owned(), why.clone())).collect()
    }

    fn location(&self) -> String {
        self.0.dir.display().to_string()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
}

impl Inner {
    /// All files, or those of some folders.
    fn list(&self, only: Option<&BTreeSet<PathBuf>>) -> Result<Vec<Object>, StoreError> {
        let now = SystemTime::now();
        // Without symbolic links, to tell what leaves the folder.
        let root = self.path.canonicalize().map_err(|e| store_error(&self.dir, &e))?;
        let mut objects = Vec::new();
        let left_out = RefCell::<LeftOut>::default();
        let leave_out = |path: &Path, why: &str| {
            let below = path.strip_prefix(&root).unwrap_or(path);
            left_out.borrow_mut().insert(below.to_owned(), why.to_owned());
        };
        let belongs = &|entry: &DirEntry| {
            if is_hidden_or_backup(entry.file_name().as_encoded_bytes()) {
                return false;
            }
            let is_outside = entry.path_is_symlink() && !is_below(entry.path(), &root);
            if is_outside {
                leave_out(entry.path(), "the link leaves the folder");
            }
            !is_outside
        };
        let walk = |folder: &Path| WalkDir::new(folder).follow_links(true).min_depth(1);
        let walks: Vec<WalkDir> = match only {
            None => vec![walk(&root)],
            Some(folders) => {
                let is_visible =
                    |folder: &&PathBuf| !folder.iter().any(|part| is_hidden_or_backup(part.as_encoded_bytes()));
                let paths = folders.iter().filter(is_visible).map(|folder| root.join(folder));
                let is_there = |path: &PathBuf| *path == root || (path.is_dir() && is_below(path, &root));
                paths.filter(is_there).map(|path| walk(&path).max_depth(1)).collect()
            }
        };
        for entry in walks.into_iter().flat_map(|walk| walk.into_iter().filter_entry(belongs)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) if e.depth() == 0 => return Err(self.unreadable(&e)),
                Err(e) => {
                    // A loop of links, a link to nothing, a folder without permission: the rest is served.
                    let why = e.io_error().map_or_else(|| e.to_string(), ToString::to_string);
                    leave_out(e.path().unwrap_or(&root), &why);
                    continue;
                }
            };
            if !entry.file_type().is_file() {
                continue;
            }
            let Some(key) = entry.path().strip_prefix(&root).ok().and_then(key_of) else {
                leave_out(entry.path(), "the name is not UTF-8");
                continue;
            };
            match entry.metadata() {
                Ok(metadata) => objects.push(Object { key, version: version(&metadata, now), size: metadata.len() }),
                Err(e) => leave_out(entry.path(), &e.to_string()),
            }
        }
        self.report(left_out.take(), &root);
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// The content of a file, if it is what was listed: a link may have been set to another folder, or the file been
    /// replaced.
    fn read(&self, object: &Object) -> Result<Bytes, StoreError> {
        let path = self.path.join(&object.key);
        let gone = || StoreError::NotFound(format!("{}: it is no longer what was listed", path.display()));
        let failed = |e| store_error(&path, &e);
        let is_listed = |metadata: &Metadata| {
            let is_version = object.version.is_empty() || marks(metadata).0 == object.lasting_version();
            metadata.is_file() && is_version
        };
        // Before it is opened, as opening a pipe would wait for its writer.
        if !is_listed(&path.metadata().map_err(failed)?) {
            return Err(gone());
        }
        // A version has the number of the file, where the system has one: then it is none of outside.
        if (object.version.is_empty() || !cfg!(unix)) && !self.contains(&path) {
            return Err(gone());
        }
        let file = File::open(&path).map_err(failed)?;
        let opened = file.metadata().map_err(failed)?;
        if !is_listed(&opened) {
            return Err(gone());
        }
        // Room for one byte more, which tells that the file has grown.
        let most = opened.len().saturating_add(1);
        let mut content = Vec::with_capacity(most.try_into().unwrap_or_default());
        (&file).take(most).read_to_end(&mut content).map_err(failed)?;
        let after = file.metadata().map_err(failed)?;
        let is_whole = is_listed(&after) && after.len() == content.len() as u64;
        if is_whole { Ok(content.into()) } else { Err(gone()) }
    }

    /// Whether the file that `path` names, links followed, is in the folder.
    fn contains(&self, path: &Path) -> bool {
        self.path.canonicalize().is_ok_and(|root| is_below(path, &root))
    }

    /// Keeps what a listing leaves out, and warns of what the one before did not.
    fn report(&self, left_out: LeftOut, root: &Path) {
        let mut before = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, why) in left_out.iter().filter(|(path, _)| !before.contains_key(*path)) {
            // A name may have characters that a terminal obeys.
            let file = root.join(path).display().to_string().replace(char::is_control, "\u{fffd}");
            tracing::warn!(%file, %why, "file left out");
        }
        *before = left_out;
    }

    fn unreadable(&self, e: &walkdir::Error) -> StoreError {
        match e.io_error() {
            Some(io) => store_error(&self.dir, io),
            None => StoreError::Unavailable(e.to_string()),
        }
    }
}

/// Whether the file that `path` names, links followed, is below `root`.
fn is_below(path: &Path, root: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(root))
}

/// The path with `/` between folders.
fn key_of(path: &Path) -> Option<String> {
    let parts = path.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
    Some(parts.join("/"))
}

/// `.x`, `x~`, `#x#` (Emacs) and what Vim and merge tools leave behind.
fn is_hidden_or_backup(name: &[u8]) -> bool {
    const BACKUPS: [&[u8]; 7] = [b"~", b"#", b".bak", b".orig", b".swp", b".swo", b".tmp"];
    name.starts_with(b".") || name.starts_with(b"#") || BACKUPS.iter().any(|end| name.ends_with(end))
}

/// A file changed shortly before `now` gets a version of its own each time it is listed, as a second change might leave all
/// marks the same.
fn version(metadata: &Metadata, now: SystemTime) -> String {
    let (version, changed) = marks(metadata);
    let settled = now.duration_since(changed).is_ok_and(|age| age > TIMESTAMP_STEP);
    if settled { version } else { format!("{version}\n?{}", Uuid::new_v4().simple()) }
}

/// Times of the last change, size and the file's number; also the time of the last change alone.
fn marks(metadata: &Metadata) -> (String, SystemTime) {
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    let (changed, number) = identity(metadata, modified);
    let nanos = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    (format!("{:x}-{:x}-{number:x}-{:x}", nanos(modified), nanos(changed), metadata.len()), changed)
}

/// When the file was last changed, and its number. Programs that copy or unpack files set the time of the last
/// modification back to the original's; this one they cannot set.
#[cfg(unix)]
fn identity(metadata: &Metadata, _modified: SystemTime) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::from_secs(metadata.ctime().try_into().unwrap_or_default());
    let nanos = Duration::from_nanos(metadata.ctime_nsec().try_into().unwrap_or_default());
    (UNIX_EPOCH + seconds + nanos, metadata.ino())
}

/// The time of the last modification has to do.
#[cfg(not(unix))]
fn identity(_: &Metadata, modified: SystemTime) -> (SystemTime, u64) {
    (modified, 0)
}

fn store_error(path: &Path, e: &io::Error) -> StoreError {
    let text = format!("{}: {e}", path.display());
    match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::NotFound(text),
        io::ErrorKind::PermissionDenied => StoreError::Denied(text),
        _ => StoreError::Unavailable(text),
    }
}
