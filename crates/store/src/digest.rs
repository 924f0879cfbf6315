//! The digest of a file's content, and how long the content is in an answer.

use std::io;

use sha2::{Digest, Sha256};

/// What a file's content is known by without keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest {
    /// The SHA-256.
    pub sha256: [u8; 32],
    /// The size in bytes. It differs from the listed size if the store keeps the content compressed.
    pub size: u64,
    /// The most bytes that the content takes in an answer of Lambda, as text or as base64: the answer is JSON within a string of
    /// JSON.
    pub answer_bytes: u64,
}

impl ContentDigest {
    /// `sha256:` and the digest in 64 hexadecimal digits.
    #[must_use]
    pub fn sha256_text(&self) -> String {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.sha256, &mut digits).expect("two digits for each byte");
        ["sha256:", std::str::from_utf8(&digits).expect("digits are ASCII")].concat()
    }

    /// The digest of a content that is at hand.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let mut digesting = Digesting::default();
        digesting.update(content);
        digesting.end()
    }
}

/// A digest that is being made.
#[derive(Default)]
pub(crate) struct Digesting {
    sha256: Sha256,
    size: u64,
    text_bytes: u64,
}

impl Digesting {
    /// Adds the next piece of the content.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.sha256.update(piece);
        self.size += piece.len() as u64;
        self.text_bytes += piece.iter().map(|byte| escaped_twice(*byte)).sum::<u64>();
    }

    pub(crate) fn end(self) -> ContentDigest {
        let base64_bytes = self.size.div_ceil(3) * 4;
        let answer_bytes = self.text_bytes.max(base64_bytes);
        ContentDigest { sha256: self.sha256.finalize().into(), size: self.size, answer_bytes }
    }
}

impl io::Write for Digesting {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a character of a text in a string of JSON that is itself in a string of JSON: `"` is `\\\"` there.
fn escaped_twice(byte: u8) -> u64 {
    match byte {
        b'"' | b'\\' => 4,
        b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 3,
        0..0x20 => 7,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ContentDigest;

    #[test]
    fn the_bytes_of_an_answer_are_those_of_json_within_json() {
        let texts = ["plain", "\"quoted\" \\ \n\r\t\u{8}\u{c}\u{1f}\u{7f}", "größe 名前"];
        for text in texts {
            let within = json!(json!(text).to_string()).to_string();
            let as_text = within.len() - json!(json!("").to_string()).to_string().len();
            let as_base64 = text.len().div_ceil(3) * 4;
            assert_eq!(ContentDigest::of(text.as_bytes()).answer_bytes, as_text.max(as_base64) as u64, "{text}");
        }
        let zeros = ContentDigest::of(&[0xff; 300]);
        assert_eq!((zeros.size, zeros.answer_bytes), (300, 400), "base64");
    }
}
