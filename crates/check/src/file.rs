//! The files that are checked.

use bytes::Bytes;

use super::address;

/// A file of a gallery.
#[derive(Debug, Clone)]
pub struct File {
    /// The path from the root of the gallery, `/` between folders.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// The text, or why there is none.
    pub source: Source,
}

impl File {
    /// Whether the file is to be checked.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        !matches!(self.source, Source::Unread)
    }
}

impl address::Listed for File {
    fn key(&self) -> &str {
        &self.key
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// The text of a file, or why there is none.
#[derive(Debug, Clone)]
pub enum Source {
    /// The text.
    Read(Bytes),
    /// It is longer than [`dotprompt::bounds::SOURCE`].
    TooLarge,
    /// The store does not return it, and why.
    Refused(String),
    /// The store leaves it out, and why.
    LeftOut(String),
    /// The file is not to be checked, or is neither prompt nor partial. Prompts may still refer to it.
    Unread,
}
