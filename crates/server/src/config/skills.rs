//! Where the skills are: a folder, or below another prefix of the bucket.

use std::path::{Path, PathBuf};

use super::env::Env;
use super::error::ConfigError;
use super::source::{self, Source};

const DEFAULT_DIR: &str = "skills";
/// What the key of the skills' index has after that of the prompts' index.
const INDEX_SUFFIX: &str = ".skills";
const DEFAULT_PREFIX: &str = "skills/";

/// Where the skills are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkillsSource {
    /// A folder on this machine.
    Dir(PathBuf),
    /// Objects in the bucket of the prompts.
    Prefix {
        /// What the keys start with: empty, or ending in `/`.
        prefix: String,
        /// The key of the index of the skills; `None` if the index is off.
        index_key: Option<String>,
    },
}

impl SkillsSource {
    /// Reads the settings of this process. `None` for prompts in a folder if there are no skills.
    ///
    /// # Errors
    /// A setting with a wrong value.
    pub fn from_env(source: &Source) -> Result<Option<Self>, ConfigError> {
        Self::read(source, &Env(&store::env::process))
    }

    /// The source of the skills alone: a folder, or their prefix of the bucket of `prompts`.
    #[doc(hidden)]
    #[must_use]
    pub fn in_store_of(&self, prompts: &Source) -> Source {
        match (self, prompts) {
            (Self::Dir(dir), _) => Source::Dir(dir.clone()),
            (Self::Prefix { prefix, index_key }, Source::S3 { bucket, options, .. }) => Source::S3 {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                index_key: index_key.clone(),
                options: *options,
            },
            // Only a bucket has prefixes.
            (Self::Prefix { .. }, Source::Dir(dir)) => Source::Dir(dir.clone()),
        }
    }

    pub(super) fn read(source: &Source, env: &Env<'_>) -> Result<Option<Self>, ConfigError> {
        match source {
            Source::Dir(prompts) => Ok(match env.get("SKILLS_DIR") {
                Some(dir) if Path::new(&dir).is_dir() => Some(Self::Dir(dir.into())),
                Some(dir) => {
                    let what = if Path::new(&dir).exists() { "not a folder" } else { "no such folder" };
                    return Err(ConfigError::new("SKILLS_DIR", dir, format!("{what}; expected a folder of skills")));
                }
                // The current folder of a client that starts the program may have skills of another purpose.
                None if prompts != Path::new(source::DEFAULT_DIR) => None,
                None => Some(PathBuf::from(DEFAULT_DIR)).filter(|dir| dir.is_dir()).map(Self::Dir),
            }),
            Source::S3 { index_key, .. } => {
                let prefix = env.get("SKILLS_PREFIX").unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
                let prefix = source::checked_prefix("SKILLS_PREFIX", &prefix, DEFAULT_PREFIX)?;
                if let Some(key) = index_key.as_deref().filter(|key| !prefix.is_empty() && key.starts_with(&prefix)) {
                    let expected = format!("expected a key outside of the skills' prefix {prefix}");
                    return Err(ConfigError::new("INDEX_KEY", key, expected));
                }
                let index_key = index_key.as_deref().map(|key| format!("{key}{INDEX_SUFFIX}"));
                Ok(Some(Self::Prefix { prefix, index_key }))
            }
        }
    }
}
