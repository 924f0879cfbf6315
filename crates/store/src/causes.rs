//! An error and its causes, in one line for the log.

use std::borrow::Cow;
use std::error::Error;
use std::iter;

use aws_sdk_s3::error::ErrorMetadata;

/// The error and its causes in one line. Addresses are printed by [`shown`], without secrets.
pub fn chain(e: &(dyn Error + 'static)) -> String {
    let words = causes(e).map(own_words).collect::<Vec<_>>().join(": ");
    let safe = |word| if str::contains(word, "://") { shown(word) } else { Cow::Borrowed(word) };
    words.split_whitespace().map(safe).collect::<Vec<_>>().join(" ")
}

fn own_words(e: &(dyn Error + 'static)) -> String {
    match e.downcast_ref::<ErrorMetadata>() {
        // Its `Display` prints debug output.
        Some(e) => [e.code(), e.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
        None => match e.to_string() {
            // The SDK appends the address and the whole request.
            words if words.starts_with("failed to apply endpoint ") => "an endpoint_url is not an address".to_owned(),
            words => words,
        },
    }
}

/// The error, its source, the source of that, and so on.
pub fn causes<'a>(e: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(e), |e| (*e).source())
}

/// An address for messages, without possible secrets: user, password and query.
pub fn shown(address: &str) -> Cow<'_, str> {
    if address.contains('@') {
        return "…".into();
    }
    match address.find(['?', '#']) {
        Some(end) => format!("{}…", &address[..=end]).into(),
        None => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (address, is) in [
            ("http://h:1/path", "http://h:1/path"),
            ("http://ada:hunter2@h", "…"),
            ("ada:hunter2@h", "…"),
            ("http://h/s3?token=hunter2", "http://h/s3?…"),
            ("h#hunter2", "h#…"),
            ("", ""),
        ] {
            assert_eq!(shown(address), is);
        }
    }
}
