//! Cursors: where the next page of a list begins, as text that clients pass back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::GalleryError;

/// A list with cursors. The cursor of another list is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `prompts/list`
    Prompts,
    /// `tools/list`
    Tools,
    /// `skills/list`
    Skills,
    /// `resources/list`
    Resources,
    /// `resources/directory/read`
    Directory,
    /// `search_prompts`
    Found,
}

impl List {
    fn prefix(self) -> &'static str {
        match self {
            // A name has no blank, so nothing else can look like it.
            Self::Prompts => "",
            Self::Tools => "tool ",
            Self::Skills => "skill ",
            Self::Resources => "resource ",
            Self::Directory => "entry ",
            Self::Found => "match ",
        }
    }

    /// The cursor of the page that begins after `last`.
    #[must_use]
    pub fn cursor(self, last: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{last}", self.prefix()))
    }

    /// What the page of a cursor begins after.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`].
    pub fn last(self, cursor: &str) -> Result<String, GalleryError> {
        let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.and_then(|text| Some(text.strip_prefix(self.prefix())?.to_owned())).ok_or(GalleryError::InvalidCursor)
    }
}
