//! How this crate makes a [`Problem`].

use dotprompt::{Code, Place, Problem};

/// The key of problems of the gallery as a whole.
pub const WHOLE: &str = "";

/// The hint for a missing file: the checked folder may be a folder inside a gallery.
pub(super) const ROOT_HINT: &str = "paths start at the root of the checked folder; for a single file, --dir sets it";

/// A problem of a file as a whole.
pub(super) fn of_file(key: &str, code: Code, message: impl Into<String>, hint: Option<&str>) -> Problem {
    at(key, Place::START, 1, code, message, hint.map(str::to_owned))
}

/// A problem at a place, `width` characters wide.
pub(super) fn at(
    key: &str,
    place: Place,
    width: usize,
    code: Code,
    message: impl Into<String>,
    hint: Option<String>,
) -> Problem {
    Problem::new(code, &key.into(), place, width, message).with_hint(hint)
}
