//! gzip (RFC 1952), also around a part that is compressed already.
//!
//! A response repeats the id of its request, so no response can be kept compressed as a whole. Its large part can: DEFLATE (RFC 1951)
//! is a sequence of blocks, and the few bytes before and after that part are blocks that are stored as they are. The result is one
//! member, which every decoder reads.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// The level for a text that is compressed for one answer.
const ONE_ANSWER_LEVEL: Compression = Compression::new(1);
/// The level for a text that is kept.
const KEPT_TEXT_LEVEL: Compression = Compression::new(4);

/// The header of a gzip member without a name and a time, from an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const MAX_STORED_BYTES: usize = 0xffff;

/// A text as gzip.
#[must_use]
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4 + 64), ONE_ANSWER_LEVEL);
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory takes all bytes")
}

/// DEFLATE blocks that end at a byte and refer to nothing before them.
#[derive(Debug)]
pub struct Deflated {
    blocks: Vec<u8>,
    crc: Crc,
}

impl Deflated {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(text);
        let mut encoder = DeflateEncoder::new(Vec::with_capacity(text.len() / 8), KEPT_TEXT_LEVEL);
        // Flushed, not finished: the last block is followed by others.
        encoder.write_all(text).and_then(|()| encoder.flush()).expect("memory takes all bytes");
        let mut blocks = std::mem::take(encoder.get_mut());
        blocks.shrink_to_fit();
        Self { blocks, crc }
    }

    /// `before`, this text and `after` as gzip.
    #[must_use]
    pub fn gzip(&self, before: &[u8], after: &[u8]) -> Vec<u8> {
        let mut gzip = Vec::with_capacity(before.len() + self.blocks.len() + after.len() + 64);
        gzip.extend(HEADER);
        store(&mut gzip, before, false);
        gzip.extend(&self.blocks);
        store(&mut gzip, after, true);
        let mut crc = Crc::new();
        crc.update(before);
        crc.combine(&self.crc);
        crc.update(after);
        gzip.extend(crc.sum().to_le_bytes());
        gzip.extend(crc.amount().to_le_bytes());
        gzip
    }
}

/// Adds blocks that are not compressed; the last one may end the stream.
fn store(gzip: &mut Vec<u8>, text: &[u8], is_end: bool) {
    let mut blocks = text.chunks(MAX_STORED_BYTES).peekable();
    if text.is_empty() && is_end {
        gzip.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a chunk has 65,535 bytes at most");
        gzip.push(u8::from(is_end && blocks.peek().is_none()));
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(block);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn unpacked(gzip: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        // Reads one member, and checks its sum.
        let mut decoder = GzDecoder::new(gzip);
        decoder.read_to_end(&mut text).expect("gzip");
        assert!(decoder.into_inner().is_empty(), "nothing follows the first member");
        text
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        for text in [&b""[..], b"x", &b"[1,2]".repeat(100_000)] {
            assert_eq!(unpacked(&gzip(text)), text);
        }
    }

    #[test]
    fn a_kept_part_is_one_member_with_what_surrounds_it() {
        let large = b"0123456789".repeat(20_000);
        let rows: String = (0..5000).map(|number| format!("{{\"name\":\"p-{number:05}\"}},")).collect();
        for kept in [&b""[..], b"[]", rows.as_bytes()] {
            let deflated = Deflated::of(kept);
            for before in [&b""[..], b"{\"id\":1,", &large] {
                for after in [&b""[..], b"}", &large] {
                    assert_eq!(unpacked(&deflated.gzip(before, after)), [before, kept, after].concat());
                }
            }
        }
    }

    #[test]
    fn a_kept_part_of_like_rows_is_a_tenth() {
        let rows: String =
            (0..5000).map(|number| format!("{{\"name\":\"p-{number:05}\",\"title\":\"A prompt\"}},")).collect();
        assert!(Deflated::of(rows.as_bytes()).gzip(b"[", b"]").len() * 10 < rows.len());
    }
}
