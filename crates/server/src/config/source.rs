//! Where the prompts are: a folder or a bucket.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use dotprompt::Named;
use store::env::process;
use store::s3::{Connect, S3Options};
use store::{DirStore, PromptStore, S3Store};

use super::env::{Env, Flags};
use super::error::ConfigError;
use super::s3;

pub(super) const DEFAULT_DIR: &str = "prompts";
const DEFAULT_PREFIX: &str = "prompts/";
const DEFAULT_INDEX_KEY: &str = ".gallery/index.json";
/// S3's bound on a key.
const MAX_KEY_BYTES: usize = 1024;

/// Where the prompts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder on this machine.
    Dir(PathBuf),
    /// Objects in S3.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What the keys start with: empty, or ending in `/`.
        prefix: String,
        /// The key of the index; `None` turns the index off.
        index_key: Option<String>,
        /// How requests are made.
        options: S3Options,
    },
}

impl Source {
    /// Reads the settings of this process. The folder need not exist.
    ///
    /// # Errors
    /// A setting with a wrong value.
    pub fn from_env(flags: &Flags) -> Result<Self, ConfigError> {
        Self::read(flags, &Env(&process))
    }

    pub(super) fn read(flags: &Flags, env: &Env<'_>) -> Result<Self, ConfigError> {
        let (bucket, name) = match flags {
            // `--dir` wins over `BUCKET_NAME`.
            Flags { bucket: None, dir: Some(_), .. } => (None, ""),
            _ => env.flag_or((flags.bucket.as_deref(), "--bucket"), "BUCKET_NAME"),
        };
        let Some(bucket) = bucket else {
            if let Some(prefix) = &flags.prefix {
                return Err(ConfigError::new("--prefix", prefix, "also needs --bucket NAME or BUCKET_NAME"));
            }
            let dir = flags.dir.clone().or_else(|| env.get("PROMPT_DIR").map(PathBuf::from));
            return Ok(Self::Dir(dir.unwrap_or_else(|| DEFAULT_DIR.into())));
        };
        s3::check_bucket(name, &bucket)?;
        let prefix = prefix(flags, env)?;
        let index_key = index_key(env, &prefix)?;
        let options = s3::options(flags.request_payer.as_deref(), env)?;
        Ok(Self::S3 { bucket, prefix, index_key, options })
    }

    /// Opens the store. `connect` makes the client of a bucket, which is not contacted yet.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(&self, connect: Connect) -> io::Result<Arc<dyn PromptStore>> {
        Ok(match self {
            Self::Dir(dir) => Arc::new(DirStore::open(dir)?),
            Self::S3 { bucket, prefix, index_key, options } => {
                let store = S3Store::connecting(bucket, prefix, *options, connect);
                Arc::new(if let Some(key) = index_key { store.with_index(key) } else { store })
            }
        })
    }

    /// Checks that a folder exists.
    pub(super) fn check_dir(&self, flags: &Flags, env: &Env<'_>, on_lambda: bool) -> Result<(), ConfigError> {
        let Self::Dir(dir) = self else { return Ok(()) };
        if dir.is_dir() {
            return Ok(());
        }
        let name = match (&flags.dir, env.get("PROMPT_DIR")) {
            (Some(_), _) => "--dir",
            (None, Some(_)) => "PROMPT_DIR",
            // The default.
            (None, None) => "",
        };
        let what = match (dir.exists(), name) {
            (true, "") => format!("`{}` is not a folder", dir.display()),
            (false, "") => format!("no folder `{}` here", dir.display()),
            (true, _) => "not a folder".to_owned(),
            (false, _) => "no such folder".to_owned(),
        };
        let instead = match (on_lambda, name) {
            (true, _) => "set BUCKET_NAME to the bucket's name",
            (false, "") => "pass --dir DIR or --bucket NAME",
            (false, _) => "for an S3 bucket, pass --bucket NAME",
        };
        Err(ConfigError::new(name, dir.to_string_lossy(), format!("{what}; {instead}")))
    }
}

/// The prefix of the prompts: empty, or ending in `/`.
fn prefix(flags: &Flags, env: &Env<'_>) -> Result<String, ConfigError> {
    let (prefix, name) = env.flag_or((flags.prefix.as_deref(), "--prefix"), "PROMPT_PREFIX");
    let prefix = prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
    checked_prefix(name, &prefix, DEFAULT_PREFIX)
}

/// A prefix of keys that is empty or ends in `/`. `example` is one, for the error.
pub(super) fn checked_prefix(name: &'static str, prefix: &str, example: &str) -> Result<String, ConfigError> {
    match prefix {
        "" | "/" => Ok(String::new()),
        absolute if absolute.starts_with('/') => {
            let expected = format!(
                "expected a key prefix without a leading slash, such as {example}, or / for the root of the bucket"
            );
            Err(ConfigError::new(name, absolute, expected))
        }
        folder if folder.ends_with('/') => Ok(prefix.to_owned()),
        folder => Ok(format!("{folder}/")),
    }
}

/// The key of the index; `None` if `INDEX_KEY` is empty.
fn index_key(env: &Env<'_>, prefix: &str) -> Result<Option<String>, ConfigError> {
    let key = env.get_or_empty("INDEX_KEY").unwrap_or_else(|| DEFAULT_INDEX_KEY.to_owned());
    let refused = |what: &str| Err(ConfigError::new("INDEX_KEY", key.as_str(), format!("expected {what}")));
    if key.starts_with('/') || key.ends_with('/') {
        return refused("the key of an object, such as .gallery/index.json; empty turns the index off");
    }
    // Some S3 clients remove these parts from an address.
    if key.split('/').any(|part| matches!(part, "." | "..")) {
        return refused("a key without `.` and `..` as parts, such as .gallery/index.json");
    }
    if key.len() > MAX_KEY_BYTES {
        return refused(&format!("a key of at most {MAX_KEY_BYTES} bytes"));
    }
    if !prefix.is_empty() && key.starts_with(prefix) {
        return refused(&format!("a key outside of the prompts' prefix {prefix}"));
    }
    if Named::of(&key).is_some() {
        return refused("a key that is not a prompt's, such as .gallery/index.json");
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}
