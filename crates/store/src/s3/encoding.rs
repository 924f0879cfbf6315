//! Decodes the keys and contents of S3's answers.

use std::borrow::Cow;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use percent_encoding::percent_decode_str;

use crate::limits::MAX_INFLATED_BYTES;

/// The first bytes of a gzip stream.
const GZIP: &[u8] = b"\x1f\x8b";

/// Decodes a key of a listing with `encoding-type=url`: it is percent-encoded, and a space is `+`.
///
/// Some servers name that encoding but do not use it. A key that cannot be decoded is returned unchanged.
pub(super) fn decoded_key(key: &str) -> String {
    let hex = |pair: &[u8]| pair.len() >= 2 && pair[..2].iter().all(u8::is_ascii_hexdigit);
    let is_encoded = key.split('%').skip(1).all(|rest| hex(rest.as_bytes()));
    let spaced: Cow<'_, str> = if key.contains('+') { key.replace('+', " ").into() } else { key.into() };
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) if is_encoded => decoded.into_owned(),
        _ => key.to_owned(),
    }
}

/// An object's content without its `Content-Encoding`.
///
/// # Errors
/// An encoding that is not supported, or a stream that is broken or inflates to too much.
pub(super) fn decoded_content(content: Bytes, encoding: Option<&str>) -> Result<Bytes, String> {
    let mut content = content;
    // The header names them in the order in which they were applied.
    for encoding in encoding.unwrap_or_default().split(',').rev().map(str::trim) {
        content = match encoding.to_ascii_lowercase().as_str() {
            // A charset in the wrong header is a frequent mistake. It does not change the bytes.
            "" | "identity" | "utf-8" | "utf8" => content,
            // The file was uploaded without being compressed.
            "gzip" | "x-gzip" if !content.starts_with(GZIP) => content,
            "gzip" | "x-gzip" => inflated(&content)?,
            // S3 removes the chunks of an upload and this word; other servers remove only the chunks.
            "aws-chunked" if !is_in_chunks(&content) => content,
            "aws-chunked" => {
                return Err("the object was stored with the chunks of its upload (Content-Encoding: aws-chunked): \
                            the server does not take them apart"
                    .to_owned());
            }
            _ => {
                return Err(format!("the object has Content-Encoding: {encoding}; upload it as it is, or with gzip"));
            }
        };
    }
    Ok(content)
}

fn inflated(content: &[u8]) -> Result<Bytes, String> {
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(content).take(MAX_INFLATED_BYTES + 1).read_to_end(&mut inflated);
    read.map_err(|e| format!("the object has Content-Encoding: gzip, and cannot be inflated: {e}"))?;
    if inflated.len() as u64 > MAX_INFLATED_BYTES {
        return Err(format!("the object inflates to more than {MAX_INFLATED_BYTES} bytes"));
    }
    Ok(inflated.into())
}

/// Whether the content begins with the size of a chunk: `1f4;chunk-signature=…` or `1f4` on a line.
fn is_in_chunks(content: &[u8]) -> bool {
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(line) = line.strip_suffix(b"\r").filter(|line| line.len() < 120) else { return false };
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits > 0 && (digits == line.len() || line[digits..].starts_with(b";chunk-signature="))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_key_is_decoded_where_it_is_encoded() {
        for (listed, key) in [
            ("a.prompt", "a.prompt"),
            ("a+b%2Bc%25.prompt", "a b+c%.prompt"),
            ("tab%09and%01/%C3%A9.prompt", "tab\tand\u{1}/é.prompt"),
            ("100%.prompt", "100%.prompt"),
            ("%zz+a.prompt", "%zz+a.prompt"),
            ("%ff.prompt", "%ff.prompt"),
            ("a%2.prompt", "a%2.prompt"),
        ] {
            assert_eq!(decoded_key(listed), key);
        }
    }

    #[test]
    fn gzip_is_inflated_and_no_more_than_a_bound() {
        let two = [gzip(b"Hello "), gzip(b"{{name}}")].concat();
        for (content, encoding, is) in [
            (gzip(b"Hello"), Some("gzip"), &b"Hello"[..]),
            (gzip(b"Hello"), Some("X-GZip"), b"Hello"),
            (gzip(b""), Some("gzip"), b""),
            (two.into(), Some("gzip"), b"Hello {{name}}"),
            (gzip(&gzip(b"Hello")), Some("gzip, gzip"), b"Hello"),
            (gzip(b"Hello"), Some("gzip,aws-chunked"), b"Hello"),
            (Bytes::from_static(b"plain"), Some("gzip"), b"plain"),
            (Bytes::from_static(b"plain"), Some("utf-8"), b"plain"),
            (Bytes::from_static(b"plain"), Some("aws-chunked"), b"plain"),
            (Bytes::from_static(b"cafe\r\n"), None, b"cafe\r\n"),
        ] {
            assert_eq!(decoded_content(content, encoding).as_deref(), Ok(is), "{encoding:?}");
        }
        let most = usize::try_from(MAX_INFLATED_BYTES).unwrap();
        assert_eq!(decoded_content(gzip(&vec![b'x'; most]), Some("gzip")).map(|content| content.len()), Ok(most));
        let bomb = decoded_content(gzip(&vec![b'x'; most + 1]), Some("gzip"));
        assert_eq!(bomb, Err("the object inflates to more than 3145728 bytes".to_owned()));
    }

    #[test]
    fn an_unsupported_encoding_is_named() {
        let cut = gzip(b"Hello, hello, hello").slice(..20);
        let uploads = "upload it as it is, or with gzip";
        let chunks = "the object was stored with the chunks of its upload (Content-Encoding: aws-chunked): the server does \
                      not take them apart";
        for (content, encoding, says) in [
            (
                cut,
                "gzip",
                "the object has Content-Encoding: gzip, and cannot be inflated: incomplete deflate stream".to_owned(),
            ),
            (Bytes::from_static(b"x"), "br", format!("the object has Content-Encoding: br; {uploads}")),
            (Bytes::from_static(b"x"), "deflate", format!("the object has Content-Encoding: deflate; {uploads}")),
            (gzip(b"x"), "zstd, gzip", format!("the object has Content-Encoding: zstd; {uploads}")),
            (Bytes::from_static(b"5;chunk-signature=ab\r\nHello\r\n"), "aws-chunked", chunks.to_owned()),
            (Bytes::from_static(b"5\r\nHello\r\n0\r\n"), "aws-chunked", chunks.to_owned()),
        ] {
            assert_eq!(decoded_content(content, Some(encoding)), Err(says), "{encoding}");
        }
    }
}
