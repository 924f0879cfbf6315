//! What `url=` of `{{media}}` names, and why it may not be shown: the same for a rendering and for `check`.
//!
//! Why an address alone is refused repeats nothing of it, as it may be a caller's and the log has the error.

use data_url::DataUrl;
use dotprompt::{bounds, did_you_mean, is_gallery_file, nearest, shorten_to};
use http::Uri;

/// Where a picture, a recording or another file is.
#[derive(Debug)]
pub enum Address<'a> {
    /// In the address itself.
    Data {
        /// What is there.
        bytes: Vec<u8>,
        /// `image/png`
        mime_type: String,
    },
    /// Where a client may fetch it.
    Link {
        /// As it is written.
        url: &'a str,
        /// The same, read.
        uri: Uri,
    },
    /// In the gallery, from its root.
    Path(&'a str),
}

/// What something that is shown is to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `image/…`
    Image,
    /// `audio/…`
    Audio,
    /// An address that is passed on.
    Link,
    /// Any other file.
    File,
}

impl<'a> Address<'a> {
    /// Reads an address as a template gives it.
    ///
    /// # Errors
    /// Why nothing of it is shown.
    pub fn parse(url: &'a str) -> Result<Self, String> {
        let url = url.trim();
        let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("data") => data(url),
            Some("https") => link(url),
            Some(_) => Err("the address is not shown: a file of the gallery, https: or data: is".to_owned()),
            None => match url.strip_prefix("./").unwrap_or(url).trim_start_matches('/') {
                "" => Err("the address is empty".to_owned()),
                path => Ok(Self::Path(path)),
            },
        }
    }

    /// What it is to a client, and its type if known: `content_type`, else what the address implies.
    ///
    /// # Errors
    /// What it is not shown as.
    pub fn shape(&self, content_type: Option<&str>) -> Result<(Shape, Option<String>), String> {
        let told = || match self {
            Self::Data { mime_type, .. } => Some(mime_type.clone()),
            Self::Link { uri, .. } => guess(uri.path()),
            Self::Path(path) => guess(path),
        };
        let mime_type = content_type.map(str::to_owned).or_else(told);
        let shape = match (self, mime_type.as_deref().and_then(|mime_type| mime_type.split('/').next())) {
            (Self::Link { .. }, _) => Shape::Link,
            (_, Some("image")) => Shape::Image,
            (_, Some("audio")) => Shape::Audio,
            (Self::Data { .. }, _) => return Err("a data: URL is image/… or audio/…, and this is neither".to_owned()),
            (Self::Path(_), _) => Shape::File,
        };
        Ok((shape, mime_type))
    }
}

/// RFC 3986. A drive letter is not a scheme.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn data(url: &str) -> Result<Address<'_>, String> {
    let data = DataUrl::process(url).map_err(|_| "the data: URL is not one: data:image/png;base64,…")?;
    let (bytes, _) = data.decode_to_vec().map_err(|_| "the base64 of the data: URL is not valid")?;
    if bytes.len() as u64 > bounds::MEDIA {
        return Err(format!("the data: URL has {} bytes; at most {} are shown", bytes.len(), bounds::MEDIA));
    }
    let mime_type = format!("{}/{}", data.mime_type().type_, data.mime_type().subtype);
    Ok(Address::Data { bytes, mime_type })
}

fn link(url: &str) -> Result<Address<'_>, String> {
    // `https:80` is a host and a port to the parser.
    let is_whole = |uri: &Uri| uri.scheme().is_some() && uri.host().is_some_and(|host| !host.is_empty());
    let uri = url.parse().ok().filter(is_whole).ok_or("the https: address is not one")?;
    Ok(Address::Link { url, uri })
}

/// The type that a file's name implies.
fn guess(path: &str) -> Option<String> {
    mime_guess::from_path(path).first_raw().map(str::to_owned)
}

/// A file of a gallery, as a listing returns it.
pub trait Listed {
    /// The path from the root of the gallery, `/` between folders.
    fn key(&self) -> &str;
    /// In bytes.
    fn size(&self) -> u64;
}

/// The file that a path leads to, of all in the order of their keys.
///
/// # Errors
/// Why it is not shown.
pub fn file<'f, F: Listed>(path: &str, files: &'f [F]) -> Result<&'f F, String> {
    if path.split('/').any(|part| part == "..") {
        return Err("a path goes down from the root of the gallery, without `..`".to_owned());
    }
    if is_gallery_file(path) {
        return Err(format!("`{}` is a prompt or hidden, not a file to show", shorten(path)));
    }
    let Ok(index) = files.binary_search_by(|file| file.key().cmp(path)) else {
        let keys = files.iter().map(Listed::key).filter(|key| !is_gallery_file(key));
        let near = nearest(path, keys).map(|near| format!(", {}", did_you_mean(near))).unwrap_or_default();
        return Err(format!("there is no file `{}` in the gallery{near}", shorten(path)));
    };
    let file = &files[index];
    if file.size() > bounds::MEDIA {
        return Err(format!("`{path}` has {} bytes; at most {} are shown", file.size(), bounds::MEDIA));
    }
    Ok(file)
}

/// That a prompt shows more than [`bounds::MEDIA_PARTS`].
pub fn too_many() -> String {
    format!("the prompt shows more than {} media", bounds::MEDIA_PARTS)
}

fn shorten(text: &str) -> String {
    shorten_to(100, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(url: &str) -> Result<Shape, String> {
        Address::parse(url)?.shape(None).map(|(shape, _)| shape)
    }

    #[test]
    fn an_address_is_told_by_its_scheme_in_any_case() {
        for (url, expected) in [
            ("https://example.org/a.png", Shape::Link),
            ("HTTPS://example.org/a.png", Shape::Link),
            ("DATA:image/gif;base64,R0lGODlhAQABAAAAACw=", Shape::Image),
            ("data:audio/wav,x", Shape::Audio),
            (" ./img/a.png ", Shape::Image),
            ("/a.mp3", Shape::Audio),
            ("a.pdf", Shape::File),
            ("c:/a.pdf", Shape::File),
        ] {
            assert_eq!(shape(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn an_address_that_is_refused_is_not_repeated() {
        for (url, why) in [
            ("", "is empty"),
            (" ./ ", "is empty"),
            ("secret://secret", "is not shown"),
            ("https:", "is not one"),
            ("https:80", "is not one"),
            ("https:///secret", "is not one"),
            ("data:secret", "is not one"),
            ("data:image/png;base64,secret!", "is not valid"),
            ("data:text/html,secret", "is neither"),
        ] {
            let error = shape(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
