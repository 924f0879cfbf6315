//! An error with what it came from, for the log.

use std::borrow::Cow;
use std::error::Error;
use std::iter;

use aws_sdk_s3::error::ErrorMetadata;

use crate::config::shown;

/// The error and what it came from, each in its own words, in one line. Addresses in them are without what may be secret.
pub fn chain(e: &(dyn Error + 'static)) -> String {
    let words = causes(e).map(own_words).collect::<Vec<_>>().join(": ");
    let safe = |word| if str::contains(word, "://") { shown(word) } else { Cow::Borrowed(word) };
    words.split_whitespace().map(safe).collect::<Vec<_>>().join(" ")
}

fn own_words(e: &(dyn Error + 'static)) -> String {
    match e.downcast_ref::<ErrorMetadata>() {
        // Its own words are those of a debugger.
        Some(e) => [e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
        None => match e.to_string() {
            // The SDK's words go on with the address and the whole request.
            words if words.starts_with("failed to apply endpoint ") => "an endpoint_url is no address".to_owned(),
            words => words,
        },
    }
}

/// The error, what it came from, what that came from, and so on.
pub fn causes<'a>(e: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(e), |e| (*e).source())
}
