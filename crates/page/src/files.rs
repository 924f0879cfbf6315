//! The built files.

/// A file of the page.
pub(crate) struct File {
    /// The path below the page.
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    /// Differs from version to version.
    pub(crate) tag: &'static str,
    pub(crate) br: &'static [u8],
    pub(crate) gzip: &'static [u8],
}

/// The file of this path.
pub(crate) fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));
