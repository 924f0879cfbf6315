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
        let weights = Weights::of(headers);
        let (brotli, gzip) = (weights.coding(BROTLI), weights.coding(GZIP));
        let (best, form) = if brotli >= gzip { (brotli, Self::Brotli) } else { (gzip, Self::Gzip) };
        if weights.prefer(best) { form } else { Self::Identity }
    }
}

/// Whether a client takes gzip, and does not prefer content that is not compressed.
#[must_use]
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let weights = Weights::of(headers);
    weights.prefer(weights.coding(GZIP))
}

const BROTLI: &[&str] = &["br"];
const GZIP: &[&str] = &["gzip", "x-gzip"];

/// The codings that a client names, each with its weight.
struct Weights<'h>(Vec<(&'h str, f32)>);

impl<'h> Weights<'h> {
    fn of(headers: &'h HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
        Self(values.flat_map(|value| value.split(',')).map(weighted).collect())
    }

    fn named(&self, names: &[&str]) -> Option<f32> {
        let is_one = |coding: &str| names.iter().any(|name| coding.eq_ignore_ascii_case(name));
        self.0.iter().find(|(coding, _)| is_one(coding)).map(|(_, weight)| *weight)
    }

    /// The weight of a coding with these names: its own, or that of all others.
    fn coding(&self, names: &[&str]) -> f32 {
        self.named(names).or_else(|| self.named(&["*"])).unwrap_or(0.0)
    }

    /// Whether a coding of this weight is taken rather than none. A client that does not name `identity` takes it after all others.
    fn prefer(&self, weight: f32) -> bool {
        weight > 0.0 && weight >= self.named(&["identity"]).unwrap_or(0.0)
    }
}

/// A coding and its weight: `gzip;q=0.5`. A weight that is not from 0 to 1 is 0.
fn weighted(coding: &str) -> (&str, f32) {
    let (name, parameter) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let weight = parameter.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    let weight = weight.and_then(|weight| weight.trim().parse().ok()).filter(|weight| (0.0..=1.0).contains(weight));
    (name.trim(), weight.unwrap_or(0.0))
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
    fn a_client_takes_gzip_if_it_says_so_and_does_not_prefer_none() {
        for (value, expected) in [
            ("gzip", true),
            ("br, zstd, gzip;q=0.1", true),
            ("*", true),
            ("*;q=0.1", true),
            ("identity;q=0, *", true),
            ("identity;q=0.5, gzip", true),
            ("br;q=1, *;q=0.001", true),
            ("X-Gzip;q=1.000", true),
            ("br, zstd, deflate", false),
            ("gzip;q=0", false),
            ("gzip;q=0.0, *", false),
            ("identity, gzip;q=0.9", false),
            ("*;q=0", false),
            ("identity", false),
            ("gzip;q=NaN", false),
            ("gzip;q=inf", false),
            ("gzip;q=-1", false),
            ("gzip;q=2", false),
            ("gzipped", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().expect("a header"))]);
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        assert!(unpack(crate::files::APP_GZIP).expect("the app").starts_with(b"<!"));
        assert!(unpack(b"no gzip").is_err());
    }
}
