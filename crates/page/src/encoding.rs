//! The compressed form of an answer: which one the client takes (RFC 9110, section 12.5.3).

use std::io::{self, Read};

use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// The form of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    /// Not compressed.
    Identity,
}

impl Encoding {
    /// The value of `Content-Encoding`.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The form that a client prefers; the smallest one if it prefers none. A client that takes none of them gets the content
    /// as it is.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
        let codings: Vec<(&str, f32)> = values.flat_map(|value| value.split(',')).map(weighted).collect();
        let weight = |names: &[&str]| {
            let is_one = |coding: &str| names.iter().any(|name| coding.eq_ignore_ascii_case(name));
            codings.iter().find(|(coding, _)| is_one(coding)).map(|(_, weight)| *weight)
        };
        let any = weight(&["*"]);
        let of = |names| weight(names).or(any).unwrap_or(0.0);
        let (brotli, gzip) = (of(&["br"]), of(&["gzip", "x-gzip"]));
        // A client that does not name it takes it after all others.
        let identity = weight(&["identity"]).unwrap_or(0.0);
        let (best, form) = if brotli >= gzip { (brotli, Self::Brotli) } else { (gzip, Self::Gzip) };
        if best > 0.0 && best >= identity { form } else { Self::Identity }
    }
}

/// A coding and its weight: `gzip;q=0.5`. A weight that is no number is none.
fn weighted(coding: &str) -> (&str, f32) {
    let (name, parameter) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let weight = parameter.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    (name.trim(), weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(0.0))
}

/// The content of a gzip file.
///
/// # Errors
/// Another file.
pub(crate) fn unpack(gzip: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(values: &[&str]) -> Encoding {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, value.parse().expect("a header"));
        }
        Encoding::accepted(&headers)
    }

    #[test]
    fn a_client_gets_the_form_that_it_prefers() {
        for (values, expected) in [
            (&["gzip, deflate, br, zstd"][..], Encoding::Brotli),
            (&["gzip", "br"], Encoding::Brotli),
            (&["br;q=0.5, gzip;q=0.8"], Encoding::Gzip),
            (&["br;q=0, gzip"], Encoding::Gzip),
            (&["br;q=0,*"], Encoding::Gzip),
            (&["*"], Encoding::Brotli),
            (&["*;q=0"], Encoding::Identity),
            (&["X-GZIP"], Encoding::Gzip),
            (&["GZIP ; Q = 0.3"], Encoding::Gzip),
            (&["identity, gzip;q=0.5"], Encoding::Identity),
            (&["identity;q=0.5, gzip;q=0.5"], Encoding::Gzip),
            (&["deflate"], Encoding::Identity),
            (&["gzip;q=x"], Encoding::Identity),
            (&["identity;q=0"], Encoding::Identity),
            (&[""], Encoding::Identity),
            (&[], Encoding::Identity),
        ] {
            assert_eq!(accepted(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        assert!(unpack(crate::files::APP_GZIP).expect("the app").starts_with(b"<!"));
        assert!(unpack(b"no gzip").is_err());
    }
}
