//! A folder of prompt files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use check::strays::is_hidden_or_backup;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use uuid::Uuid;
use walkdir::{DirEntry, WalkDir};

use crate::digest::{ContentDigest, Digesting};
use crate::limits::FOLLOW_INTERVAL;
use crate::prompt_store::{Object, PromptStore, StoreError};
use crate::watch::{StartWatcher, Watch};

/// The largest step of file times on common file systems, with reserve. Two edits within one step look the same.
const TIMESTAMP_STEP: Duration = Duration::from_millis(100);

/// A folder, read at every call.
///
/// It leaves out hidden files, the backup files of editors and symbolic links that lead out of it. A file whose name is not
/// UTF-8 is left out and reported once.
#[derive(Clone)]
pub struct DirStore(Arc<Inner>);

impl fmt::Debug for DirStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirStore").field(&self.0.dir).finish()
    }
}

/// Paths below the folder, and why each is left out.
type Reasons = BTreeMap<PathBuf, String>;

struct Inner {
    /// As it was given, for people.
    dir: PathBuf,
    /// The absolute path; a link in it may change to another folder at any time.
    path: PathBuf,
    /// What the last listing left out and reported.
    left_out: Mutex<Reasons>,
    watch: OnceLock<Watch>,
    /// The watch notifies it of each change.
    changed: Arc<Notify>,
}

impl DirStore {
    /// Opens a folder.
    ///
    /// # Errors
    /// When there is no such folder; names it.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        let path = dir.metadata().and_then(|metadata| match metadata.is_dir() {
            true => std::path::absolute(&dir),
            false => Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder")),
        });
        let cannot = |e: io::Error| io::Error::new(e.kind(), format!("cannot open the folder {}: {e}", dir.display()));
        let path = path.map_err(cannot)?;
        let (left_out, watch, changed) = Default::default();
        Ok(Self(Arc::new(Inner { dir, path, left_out, watch, changed })))
    }

    /// Watches the folder from now on by `start`, so that an unchanged folder need not be read again.
    ///
    /// # Errors
    /// When the system cannot watch it. The folder is then read at every call, as before.
    #[doc(hidden)]
    pub fn watch(&self, start: StartWatcher) -> io::Result<()> {
        let watch = Watch::start(&self.0.path, start, Arc::clone(&self.0.changed))?;
        // A second watch is not needed.
        let _ = self.0.watch.set(watch);
        Ok(())
    }

    /// Lists only the files of some folders, given relative to this one. A folder that is missing or outside has no files.
    ///
    /// # Errors
    /// As [`PromptStore::list`].
    #[doc(hidden)]
    pub async fn list_in(&self, folders: BTreeSet<PathBuf>) -> Result<Vec<Object>, StoreError> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.list(Some(&folders))).await
    }

    /// Waits until something has changed since the last call; forever if the folder is not watched.
    ///
    /// If another folder takes its place, which no event reports, that folder is watched from then on.
    #[doc(hidden)]
    pub async fn changed(&self) {
        while timeout(FOLLOW_INTERVAL, self.0.changed.notified()).await.is_err() {
            let inner = Arc::clone(&self.0);
            // If it finds a change, the next turn of the loop is notified.
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
        let read = move || {
            let mut content = Vec::with_capacity(object.size.saturating_add(1).try_into().unwrap_or_default());
            inner.read(&object, &mut content)?;
            Ok(content.into())
        };
        blocking(read).await
    }

    async fn digest(&self, object: &Object) -> Result<ContentDigest, StoreError> {
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        let read = move || {
            let mut digesting = Digesting::default();
            inner.read(&object, &mut digesting)?;
            Ok(digesting.end())
        };
        blocking(read).await
    }

    fn modified(&self, object: &Object) -> Option<SystemTime> {
        modified(&object.version)
    }

    fn revision(&self) -> Option<u64> {
        self.0.watch.get().and_then(Watch::revision)
    }

    /// A folder that comes back is read at once.
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
        // Without symbolic links, to recognise links that leave the folder.
        let root = self.path.canonicalize().map_err(|e| store_error(&self.dir, &e))?;
        if !root.is_dir() {
            return Err(store_error(&self.dir, &io::Error::new(io::ErrorKind::NotADirectory, "not a folder")));
        }
        let left_out = LeftOut { root: &root, reasons: RefCell::default() };
        let belongs = &|entry: &DirEntry| left_out.belongs(entry);
        let mut objects = Vec::new();
        for entry in walks(&root, only).into_iter().flat_map(|walk| walk.into_iter().filter_entry(belongs)) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => objects.extend(left_out.object(&entry, now)),
                Ok(_) => {}
                Err(e) if e.depth() == 0 => return Err(self.unreadable(&e)),
                // It was removed or renamed meanwhile.
                Err(e) if e.path().is_some_and(|path| path.symlink_metadata().is_err_and(|e| is_gone(&e))) => {}
                // A loop of links, a link to nothing, or a folder without permission: the rest is served.
                Err(e) => {
                    let why = e.io_error().map_or_else(|| e.to_string(), ToString::to_string);
                    left_out.add(e.path().unwrap_or(&root), &why);
                }
            }
        }
        self.report(left_out.reasons.take(), &root);
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// Writes the content of a file to `content`, if it is the listed version: a link may lead to another folder by now, or the
    /// file may have been replaced.
    fn read(&self, object: &Object, content: &mut impl Write) -> Result<(), StoreError> {
        let path = self.path.join(&object.key);
        let gone = || StoreError::NotFound(format!("{}: it is no longer what was listed", path.display()));
        let failed = |e| store_error(&path, &e);
        let is_listed = |metadata: &Metadata| {
            let is_version = object.version.is_empty() || marks(metadata).0 == object.lasting_version();
            metadata.is_file() && is_version
        };
        // Before it is opened, because opening a pipe would wait for its writer.
        if !is_listed(&path.metadata().map_err(failed)?) {
            return Err(gone());
        }
        // On Unix a version has the file's number, so a listed version is a file inside of the folder.
        let is_inside = || self.path.canonicalize().is_ok_and(|root| is_below(&path, &root));
        if (object.version.is_empty() || !cfg!(unix)) && !is_inside() {
            return Err(gone());
        }
        let file = File::open(&path).map_err(failed)?;
        let opened = file.metadata().map_err(failed)?;
        if !is_listed(&opened) {
            return Err(gone());
        }
        // One byte more shows that the file has grown.
        let max_bytes = opened.len().saturating_add(1);
        let size = io::copy(&mut (&file).take(max_bytes), content).map_err(failed)?;
        let after = file.metadata().map_err(failed)?;
        let is_whole = is_listed(&after) && after.len() == size;
        if is_whole { Ok(()) } else { Err(gone()) }
    }

    /// Keeps the files that a listing leaves out, and warns about new ones.
    fn report(&self, left_out: Reasons, root: &Path) {
        let mut before = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, why) in left_out.iter().filter(|(path, _)| !before.contains_key(*path)) {
            // A name may have control characters that steer a terminal.
            let file = root.join(path).display().to_string().replace(char::is_control, "\u{fffd}");
            tracing::warn!(%file, cause = %why, "file left out");
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

fn is_gone(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::NotFound
}

/// The files that a listing leaves out.
struct LeftOut<'r> {
    root: &'r Path,
    reasons: RefCell<Reasons>,
}

impl LeftOut<'_> {
    fn add(&self, path: &Path, why: &str) {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        self.reasons.borrow_mut().insert(below.to_owned(), why.to_owned());
    }

    /// Whether a file or folder is part of the listing.
    fn belongs(&self, entry: &DirEntry) -> bool {
        if is_hidden_or_backup(entry.file_name().as_encoded_bytes()) {
            return false;
        }
        let is_outside = entry.path_is_symlink() && !is_below(entry.path(), self.root);
        if is_outside {
            self.add(entry.path(), "the link leaves the folder");
        }
        !is_outside
    }

    /// A file as it is listed.
    fn object(&self, entry: &DirEntry, now: SystemTime) -> Option<Object> {
        let Some(key) = entry.path().strip_prefix(self.root).ok().and_then(key_of) else {
            self.add(entry.path(), "the name is not UTF-8");
            return None;
        };
        match entry.metadata() {
            Ok(metadata) => Some(Object { key, version: version(&metadata, now), size: metadata.len() }),
            Err(e) => {
                self.add(entry.path(), &e.to_string());
                None
            }
        }
    }
}

/// The walk over all of the folder, or one over each of some folders in it.
fn walks(root: &Path, only: Option<&BTreeSet<PathBuf>>) -> Vec<WalkDir> {
    let walk = |folder: &Path| WalkDir::new(folder).follow_links(true).min_depth(1);
    let Some(folders) = only else { return vec![walk(root)] };
    let is_visible = |folder: &&PathBuf| !folder.iter().any(|part| is_hidden_or_backup(part.as_encoded_bytes()));
    let paths = folders.iter().filter(is_visible).map(|folder| root.join(folder));
    let is_there = |path: &PathBuf| path == root || (path.is_dir() && is_below(path, root));
    paths.filter(is_there).map(|path| walk(&path).max_depth(1)).collect()
}

/// Whether the file that `path` names, links followed, is below `root`.
fn is_below(path: &Path, root: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(root))
}

/// The path with `/` between folders; `None` if it is not UTF-8.
fn key_of(path: &Path) -> Option<String> {
    let parts = path.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
    Some(parts.join("/"))
}

/// The version of a file. A file that changed shortly before `now` gets another version in each listing, because a second
/// change might not show.
fn version(metadata: &Metadata, now: SystemTime) -> String {
    let (version, changed) = marks(metadata);
    let settled = now.duration_since(changed).is_ok_and(|age| age > TIMESTAMP_STEP);
    if settled { version } else { format!("{version}\n?{}", Uuid::new_v4().simple()) }
}

/// The marks of a version: times of the last changes, size and the file's number. Also the time of the last change.
fn marks(metadata: &Metadata) -> (String, SystemTime) {
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    let (changed, number) = identity(metadata, modified);
    let nanos = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    (format!("{:x}-{:x}-{number:x}-{:x}", nanos(modified), nanos(changed), metadata.len()), changed)
}

/// The time of the last change of the content in a version.
fn modified(version: &str) -> Option<SystemTime> {
    let (nanos, _) = version.split_once('-')?;
    let nanos = u64::from_str_radix(nanos, 16).ok().filter(|nanos| *nanos > 0)?;
    Some(UNIX_EPOCH + Duration::from_nanos(nanos))
}

/// When the file was last changed, and its number. Programs that copy or unpack files set the modification time back to
/// the original's; they cannot set the change time.
#[cfg(unix)]
fn identity(metadata: &Metadata, _modified: SystemTime) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::from_secs(metadata.ctime().try_into().unwrap_or_default());
    let nanos = Duration::from_nanos(metadata.ctime_nsec().try_into().unwrap_or_default());
    (UNIX_EPOCH + seconds + nanos, metadata.ino())
}

/// Other systems have only the modification time.
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
