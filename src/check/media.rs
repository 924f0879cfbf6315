//! Pictures and other files that templates name: whether they are there, and what they are to clients.

use super::clients::When;
use super::{File, at, shorten};
use crate::gallery::Named;
use crate::nearest::nearest;
use crate::prompt::{Code, Problem, Shown, bounds};

/// The width of `{{media`, at which the reader looks.
const WIDTH: usize = 7;

/// What is wrong with the addresses that a file writes out; a rendering tells the same of those that it computes.
pub(super) fn check(key: &str, shown: &[Shown], files: &[File]) -> Vec<Problem> {
    let problem = |shown: &Shown| {
        let (message, hint) = wrong(shown.url.as_deref()?.trim(), files)?;
        Some(at(key, shown.place, WIDTH, Code::Media, message, hint))
    };
    shown.iter().filter_map(problem).collect()
}

/// What is wrong with an address, and what to do about it.
fn wrong(url: &str, files: &[File]) -> Option<(String, Option<String>)> {
    match scheme(url) {
        Some("https" | "data") => return None,
        Some(other) => {
            let hint = "a file of the gallery, https: or data: is".to_owned();
            return Some((format!("`{}:` addresses are not shown", shorten(other)), Some(hint)));
        }
        None => {}
    }
    let path = path(url);
    if Named::of(path).is_some() || path.split('/').any(|part| part.starts_with('.')) {
        return Some((format!("`{}` is a prompt or hidden, not a file to show", shorten(path)), None));
    }
    let Ok(index) = files.binary_search_by(|file| file.object.key.as_str().cmp(path)) else {
        let keys = files.iter().map(|file| file.object.key.as_str()).filter(|key| Named::of(key).is_none());
        let hint = nearest(path, keys).map(|near| format!("did you mean `{near}`?"));
        let hint = hint.or_else(|| Some("paths begin at the gallery's root".to_owned()));
        return Some((format!("there is no file `{}` in the gallery", shorten(path)), hint));
    };
    let size = files[index].object.size;
    (size > bounds::MEDIA).then(|| (format!("`{path}` has {size} bytes; at most {} are shown", bounds::MEDIA), None))
}

/// What a client gets to see; `None` where the template computes it.
pub(super) fn kind(shown: &Shown) -> Option<When> {
    let url = shown.url.as_deref()?.trim();
    let guessed = match scheme(url) {
        Some("https") => return Some(When::Link),
        Some(_) => url.split_once(':').and_then(|(_, rest)| rest.split([';', ',']).next()).map(str::to_owned),
        None => mime_guess::from_path(path(url)).first_raw().map(str::to_owned),
    };
    let mime_type = shown.content_type.clone().or(guessed).unwrap_or_default();
    Some(match mime_type.split('/').next() {
        Some("image") => When::Image,
        Some("audio") => When::Audio,
        _ => When::File,
    })
}

/// RFC 3986; a drive letter is none.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_plain))
        .then_some(scheme)
}

fn path(url: &str) -> &str {
    url.strip_prefix("./").unwrap_or(url).trim_start_matches('/')
}
