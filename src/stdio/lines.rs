//! Lines in and out, each on a thread of its own: a blocking read cannot be cancelled, and would keep the process alive.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

/// The longest line, as long as the longest body over HTTP.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Lines that may wait in each direction.
const MAX_WAITING_LINES: usize = 16;

/// A line of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end.
    Whole(Vec<u8>),
    /// Longer than 1 MiB. It was skipped.
    TooLong,
}

/// Reads lines until the input ends, which closes the channel.
///
/// # Errors
/// The system has no thread left.
pub(super) fn read(input: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<Line>> {
    let (to, lines) = mpsc::channel(MAX_WAITING_LINES);
    let mut input = BufReader::new(input);
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        while let Some(line) = next_line(&mut input).unwrap_or_else(|e| {
            tracing::error!(cause = %e, "cannot read standard input");
            None
        }) {
            if to.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// The next line; `None` at the end of the input.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    // One byte more for the line's end.
    let read = input.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
    if line.pop_if(|last| *last == b'\n').is_some() || line.len() <= MAX_LINE_BYTES {
        return Ok((read > 0).then_some(Line::Whole(line)));
    }
    input.skip_until(b'\n')?;
    Ok(Some(Line::TooLong))
}

/// Writes messages, one a line, until all senders are dropped or nobody reads. The second channel ends then.
///
/// # Errors
/// The system has no thread left.
pub(super) fn write(output: impl Write + Send + 'static) -> io::Result<(mpsc::Sender<Bytes>, oneshot::Receiver<()>)> {
    let (to, mut messages) = mpsc::channel::<Bytes>(MAX_WAITING_LINES);
    let (ending, ended) = oneshot::channel();
    let mut output = BufWriter::new(output);
    thread::Builder::new().name("stdout".to_owned()).spawn(move || {
        let mut write = |message: &[u8]| {
            output.write_all(message)?;
            output.write_all(b"\n")?;
            output.flush()
        };
        while let Some(message) = messages.blocking_recv() {
            if let Err(e) = write(&one_line(message)) {
                tracing::info!(cause = %e, "standard output is closed");
                break;
            }
        }
        drop(ending);
    })?;
    Ok((to, ended))
}

/// Keeps a message on its line: JSON has line breaks only between its tokens.
fn one_line(message: Bytes) -> Bytes {
    if !message.contains(&b'\n') {
        return message;
    }
    message.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| next_line(&mut input).expect("memory is readable")).collect()
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"a\n\r\nb"), [whole("a"), whole("\r"), whole("b")]);
    }

    #[test]
    fn after_a_long_line_the_next_one_is_read() {
        let longest = vec![b'x'; MAX_LINE_BYTES];
        let longer = vec![b'x'; MAX_LINE_BYTES + 1];
        let next = Line::Whole(b"next".to_vec());
        assert_eq!(lines(&[&longest[..], b"\nnext"].concat()), [Line::Whole(longest.clone()), next]);
        let next = Line::Whole(b"next".to_vec());
        assert_eq!(lines(&[&longer[..], b"\nnext\n"].concat()), [Line::TooLong, next]);
        assert_eq!(lines(&longest), [Line::Whole(longest)]);
        assert_eq!(lines(&longer), [Line::TooLong]);
    }

    #[test]
    fn a_message_stays_on_its_line() {
        assert_eq!(one_line(Bytes::from_static(b"{\n}")), "{ }");
        assert_eq!(one_line(Bytes::from_static(b"{}")), "{}");
    }
}
