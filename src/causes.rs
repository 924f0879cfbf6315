//! An error with what it came from, for the log.

use std::error::Error;
use std::iter;

/// The error and what it came from, each in its own words, in one line.
pub(crate) fn chain(e: &(dyn Error + 'static)) -> String {
    let words = causes(e).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The error, what it came from, what that came from, and so on.
pub(crate) fn causes<'a>(e: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(e), |e| (*e).source())
}
