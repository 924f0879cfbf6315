//! Opens the store that the settings name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gallery::config::{Config, S3Options, Source};
use gallery::gallery::Gallery;
use gallery::store::{DirStore, PromptStore, S3Store};

use crate::aws;
use crate::failure::{Failure, ServerError};

/// A folder as a store.
///
/// # Errors
/// [`ServerError::Dir`].
pub(crate) fn folder(dir: &Path) -> Result<DirStore, ServerError> {
    DirStore::open(dir).map_err(|source| ServerError::Dir { dir: dir.display().to_string(), source })
}

/// The store of `source`. A bucket is not contacted yet.
///
/// # Errors
/// [`ServerError::Dir`].
pub(crate) fn store(source: &Source) -> Result<Arc<dyn PromptStore>, ServerError> {
    Ok(match source {
        Source::Dir(dir) => Arc::new(folder(dir)?),
        Source::S3 { bucket, prefix, index_key, options } => {
            Arc::new(self::bucket(bucket, prefix, index_key.as_deref(), *options))
        }
    })
}

/// The store of `source`, once the credentials of a bucket are there.
///
/// # Errors
/// A folder that cannot be opened; AWS settings or credentials that do not work.
pub(crate) async fn ready_store(source: &Source) -> Result<Arc<dyn PromptStore>, Failure> {
    let Source::S3 { bucket, prefix, index_key, options } = source else {
        return store(source).map_err(Failure::unable);
    };
    let store = self::bucket(bucket, prefix, index_key.as_deref(), *options);
    store.ready().await.map_err(Failure::unable)?;
    Ok(Arc::new(store))
}

fn bucket(name: &str, prefix: &str, index_key: Option<&str>, options: S3Options) -> S3Store {
    let store = aws::store(name, prefix, options);
    match index_key {
        Some(key) => store.with_index(key),
        None => store,
    }
}

/// A gallery that lists its store once: all that a command prints is of one moment.
pub(crate) fn gallery(store: Arc<dyn PromptStore>, config: &Config) -> Gallery {
    Gallery::new(store, Duration::MAX, config.page_size)
}
