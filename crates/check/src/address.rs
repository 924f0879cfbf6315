//! Addresses in `url=` of `{{media}}`: where they lead, and why one is refused. Renderings and `check` share these rules.
//!
//! The errors of [`Address`] do not repeat the address, because it may be a caller's argument, and the log has the errors.

use data_url::DataUrl;
use dotprompt::{bounds, did_you_mean, is_gallery_file, nearest, shorten_to};
use http::Uri;

/// Where a picture, a recording or another file is.
#[derive(Debug)]
pub enum Address<'a> {
    /// In the address itself, a `data:` URL.
    Data {
        /// The content.
        bytes: Vec<u8>,
        /// `image/png`
        mime_type: String,
    },
    /// Where a client may fetch it.
    Link {
        /// The address as it is written.
        url: &'a str,
        /// The parsed address.
        uri: Uri,
    },
    /// A path from the root of the gallery.
    Path(&'a str),
}

/// The kind of content that a client gets.
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
    /// Parses an address of a template.
    ///
    /// # Errors
    /// Why the address is refused.
    pub fn parse(url: &'a str) -> Result<Self, String> {
        let url = url.trim();
        let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("data") => data(url),
            Some("https") => link(url),
            Some(_) => Err("unsupported address: use a file of the gallery, https: or data:".to_owned()),
            None => match url.strip_prefix("./").unwrap_or(url).trim_start_matches('/') {
                "" => Err("the address is empty".to_owned()),
                path => Ok(Self::Path(path)),
            },
        }
    }

    /// The kind of content, and its type if known: `content_type`, else the type that the address implies.
    ///
    /// # Errors
    /// Why content of this type is refused.
    pub fn shape(&self, content_type: Option<&str>) -> Result<(Shape, Option<String>), String> {
        let implied = || match self {
            Self::Data { mime_type, .. } => Some(mime_type.clone()),
            Self::Link { uri, .. } => guess(uri.path()),
            Self::Path(path) => guess(path),
        };
        let mime_type = content_type.map(str::to_owned).or_else(implied);
        let shape = match (self, mime_type.as_deref().and_then(|mime_type| mime_type.split('/').next())) {
            (Self::Link { .. }, _) => Shape::Link,
            (_, Some("image")) => Shape::Image,
            (_, Some("audio")) => Shape::Audio,
            (Self::Data { .. }, _) => return Err("a data: URL must be image/… or audio/…".to_owned()),
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
    let data = DataUrl::process(url).map_err(|_| "invalid data: URL: write data:image/png;base64,…")?;
    let (bytes, _) = data.decode_to_vec().map_err(|_| "invalid base64 in the data: URL")?;
    if bytes.len() as u64 > bounds::MEDIA {
        return Err(format!("the data: URL has {} bytes, more than the limit of {}", bytes.len(), bounds::MEDIA));
    }
    let mime_type = format!("{}/{}", data.mime_type().type_, data.mime_type().subtype);
    Ok(Address::Data { bytes, mime_type })
}

fn link(url: &str) -> Result<Address<'_>, String> {
    // `https:80` is a host and a port to the parser.
    let is_whole = |uri: &Uri| uri.scheme().is_some() && uri.host().is_some_and(|host| !host.is_empty());
    let uri = url.parse().ok().filter(is_whole).ok_or("invalid https: address")?;
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

/// The file that a path leads to. `files` are sorted by key.
///
/// # Errors
/// Why the path is refused.
pub fn file<'f, F: Listed>(path: &str, files: &'f [F]) -> Result<&'f F, String> {
    if path.split('/').any(|part| part == "..") {
        return Err("a path starts at the root of the gallery and cannot contain `..`".to_owned());
    }
    if is_gallery_file(path) {
        return Err(format!("`{}` cannot be shown: it is a prompt or a hidden file", shorten(path)));
    }
    let Ok(index) = files.binary_search_by(|file| file.key().cmp(path)) else {
        let keys = files.iter().map(Listed::key).filter(|key| !is_gallery_file(key));
        let near = nearest(path, keys).map(|near| format!(", {}", did_you_mean(near))).unwrap_or_default();
        return Err(format!("there is no file `{}` in the gallery{near}", shorten(path)));
    };
    let file = &files[index];
    if file.size() > bounds::MEDIA {
        return Err(format!("`{path}` has {} bytes, more than the limit of {}", file.size(), bounds::MEDIA));
    }
    Ok(file)
}

/// The error of a prompt that shows more than [`bounds::MEDIA_PARTS`].
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
    fn upper_and_lower_case_schemes_are_the_same() {
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
            ("secret://secret", "unsupported address"),
            ("https:", "invalid https: address"),
            ("https:80", "invalid https: address"),
            ("https:///secret", "invalid https: address"),
            ("data:secret", "invalid data: URL"),
            ("data:image/png;base64,secret!", "invalid base64"),
            ("data:text/html,secret", "must be image/… or audio/…"),
        ] {
            let error = shape(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
