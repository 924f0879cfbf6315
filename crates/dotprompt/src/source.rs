//! The bytes of a file as text.

use std::sync::Arc;

use super::bounds;
use super::problem::{Code, Place, Problem};

/// The problem of a file that is larger than [`bounds::SOURCE`].
#[must_use]
pub fn too_large(key: &str, size: u64) -> Problem {
    let message = format!("the file has {size} bytes; a prompt has at most {}", bounds::SOURCE);
    Problem::of_file(Code::Bound, &Arc::from(key), message)
}

/// The problem of a file that cannot be read; `why` is the reason.
#[must_use]
pub fn unreadable(key: &str, why: &str) -> Problem {
    Problem::of_file(Code::Unreadable, &Arc::from(key), format!("the file cannot be read: {why}"))
}

/// The text of a file.
pub(super) fn text<'a>(file: &Arc<str>, source: &'a [u8]) -> Result<&'a str, Problem> {
    if source.len() as u64 > bounds::SOURCE {
        return Err(too_large(file, source.len() as u64));
    }
    text_of_any_size(file, source)
}

/// The text of a file that is not a prompt.
pub(super) fn text_of_any_size<'a>(file: &Arc<str>, source: &'a [u8]) -> Result<&'a str, Problem> {
    if let Some(what) = other_encoding(source) {
        return Err(Problem::of_file(Code::Encoding, file, what));
    }
    std::str::from_utf8(source).map_err(|e| {
        let before = String::from_utf8_lossy(&source[..e.valid_up_to()]);
        let place = Place::START.after(&before);
        Problem::new(Code::Encoding, file, place, 1, "the file is not UTF-8 text")
    })
}

/// Removes the byte order mark that some editors write.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The encoding of a file that is not UTF-8, from its first bytes, and what to do about it.
fn other_encoding(source: &[u8]) -> Option<&'static str> {
    match source {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            Some("the file is UTF-16: save it as UTF-8")
        }
        [0x1f, 0x8b, ..] => Some("the file is compressed with gzip: unpack it"),
        [b'P', b'K', 3, 4, ..] => Some("the file is a ZIP archive: unpack it"),
        _ => None,
    }
}
