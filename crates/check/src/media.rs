//! Pictures and other files that templates show: whether they can be shown, and as which kind of content.

use super::file::File;
use super::problems::{ROOT_HINT, at};
use crate::address::{self, Address, Shape};
use dotprompt::{Code, ContentType, Problem, Shown};

/// The marked width of a tag: `{{media`.
const TAG_CHARACTERS: usize = 7;

/// Reports the addresses of a template that are wrong. A rendering reports computed addresses.
pub(super) fn check(key: &str, shown: &[Shown], files: &[File]) -> Vec<Problem> {
    let problem = |shown: &Shown| {
        let (message, hint) = wrong(shown, files)?;
        Some(at(key, shown.place, TAG_CHARACTERS, Code::Media, message, hint))
    };
    shown.iter().filter_map(problem).collect()
}

/// The problem of an address, and a hint.
fn wrong(shown: &Shown, files: &[File]) -> Option<(String, Option<String>)> {
    if let Err(message) = kind(shown) {
        return Some((message, None));
    }
    let Ok(Address::Path(path)) = Address::parse(shown.url.as_deref()?) else { return None };
    let message = address::file(path, files).err()?;
    let is_there = files.iter().any(|file| file.key == path);
    Some((message, (!is_there).then(|| ROOT_HINT.to_owned())))
}

/// The kind of content that a client gets; `None` if the template computes it.
///
/// # Errors
/// Why the address is refused.
pub(super) fn kind(shown: &Shown) -> Result<Option<Shape>, String> {
    let Some(url) = &shown.url else { return Ok(None) };
    let address = Address::parse(url)?;
    let (shape, _) = match &shown.content_type {
        ContentType::Computed if !matches!(address, Address::Link { .. }) => return Ok(None),
        ContentType::Computed | ContentType::Untold => address.shape(None)?,
        ContentType::Written(content_type) => address.shape(Some(content_type))?,
    };
    Ok(Some(shape))
}
