//! The requests of one connection, one after the other: where the current one stands, and what the client still sends.
//!
//! The socket tells what it reads and when it has written everything, the service when a head is complete and when its answer is.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use super::memory::{HeldBytes, Memory};

/// The requests of one connection. All calls come from the task of the connection.
#[derive(Debug)]
pub(super) struct Exchange {
    state: Mutex<State>,
    memory: Arc<Memory>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The requests so far.
    count: u64,
    request: Received,
    /// What the request holds, until its answer begins. The request itself has it too.
    held: Option<Arc<HeldBytes>>,
    /// What a long answer holds, until it is written.
    unsent: Option<Arc<HeldBytes>>,
    /// The rest of a body that nobody reads; `None` if its length is unknown.
    unread: Option<u64>,
    is_stopping: bool,
    is_closed_by_client: bool,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No byte of a request is there.
    Idle { since: Instant },
    /// The head of a request arrives.
    Head { since: Instant },
    /// The request is answered.
    Answering,
    /// The answer is complete, and is written.
    Answered,
}

/// Why this side ends the connection in the middle of a request or an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// No request came.
    Idle,
    /// The head of a request is not complete in time.
    SlowHead,
    /// There is no room for the head of a request.
    NoRoom,
    /// The client does not read the answer.
    NotRead,
}

/// What a read that finds nothing waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The client, however long it takes.
    Forever,
    /// The client, until this time.
    Until(Instant),
    /// Nothing: the server stops, and no request is under way.
    No,
}

impl Exchange {
    pub(super) fn new(memory: Arc<Memory>) -> Arc<Self> {
        let state = State {
            phase: Phase::Idle { since: Instant::now() },
            count: 0,
            request: Received::default(),
            held: None,
            unsent: None,
            unread: Some(0),
            is_stopping: false,
            is_closed_by_client: false,
            end: None,
        };
        Arc::new(Self { state: Mutex::new(state), memory })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket has read these bytes; none means that the client has closed its side.
    ///
    /// # Errors
    /// [`ErrorKind::QuotaExceeded`]: there is no room for them.
    pub(super) fn received(&self, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.state();
        if bytes.is_empty() {
            state.is_closed_by_client = true;
            return Ok(());
        }
        let mut bytes = bytes;
        if let Phase::Idle { .. } = state.phase {
            if let Some(unread) = &mut state.unread {
                let skipped = usize::try_from(*unread).unwrap_or(usize::MAX).min(bytes.len());
                *unread -= skipped as u64;
                bytes = &bytes[skipped..];
                if bytes.is_empty() {
                    return Ok(());
                }
            }
            state.phase = Phase::Head { since: Instant::now() };
            state.request = Received::default();
        }
        let is_head = matches!(state.phase, Phase::Head { .. });
        let held = state.request.add(bytes, is_head);
        let memory = &self.memory;
        if state.held.get_or_insert_with(|| HeldBytes::new(memory)).add(held).is_err() {
            if is_head {
                state.end = Some(End::NoRoom);
            }
            return Err(ErrorKind::QuotaExceeded.into());
        }
        Ok(())
    }

    /// A head is complete, and a body of this length follows; `None` if the length is unknown.
    pub(super) fn begin(self: &Arc<Self>, body_length: Option<u64>) -> (Answering, Arc<HeldBytes>) {
        let state = &mut *self.state();
        if !matches!(state.phase, Phase::Head { .. }) {
            // Its head arrived with the request before.
            state.request = Received::unknown();
        }
        state.request.body = body_length;
        state.phase = Phase::Answering;
        state.count += 1;
        let held = Arc::clone(state.held.get_or_insert_with(|| HeldBytes::new(&self.memory)));
        (Answering { exchange: Arc::clone(self), number: state.count }, held)
    }

    /// Everything is written.
    pub(super) fn flushed(&self) {
        let state = &mut *self.state();
        if !matches!(state.phase, Phase::Answered) {
            return;
        }
        state.unsent = None;
        let since = Instant::now();
        let (phase, unread) = match state.request.unread() {
            // The next head has begun to arrive.
            Some(unread) if unread < 0 => (Phase::Head { since }, Some(0)),
            unread => (Phase::Idle { since }, unread.map(i64::unsigned_abs)),
        };
        (state.phase, state.unread, state.request) = (phase, unread, Received::unknown());
    }

    /// What a read that finds nothing waits for.
    pub(super) fn wait(&self, limits: &Limits) -> Wait {
        let state = self.state();
        let until = |since: Instant, time: Duration| match state.is_stopping {
            true => Wait::No,
            false => Wait::Until(since + time),
        };
        match state.phase {
            Phase::Idle { since } => until(since, limits.idle),
            Phase::Head { since } => until(since, limits.head),
            Phase::Answering | Phase::Answered => Wait::Forever,
        }
    }

    /// The time of a read is over. Returns its outcome: nothing more comes, or an error in the middle of a head.
    pub(super) fn late(&self) -> io::Result<()> {
        let state = &mut *self.state();
        if let Phase::Head { .. } = state.phase {
            state.end = Some(End::SlowHead);
            return Err(ErrorKind::TimedOut.into());
        }
        state.end = Some(End::Idle);
        Ok(())
    }

    /// The client does not read its answer.
    pub(super) fn not_read(&self) -> io::Error {
        self.state().end = Some(End::NotRead);
        ErrorKind::TimedOut.into()
    }

    /// The server stops.
    pub(super) fn stop(&self) {
        self.state().is_stopping = true;
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    /// Whether the connection may end with the current answer: no further request has begun to arrive.
    pub(super) fn is_last(&self) -> bool {
        self.state().request.unread().is_some_and(|unread| unread >= 0)
    }

    /// The length of the current request's head, if it is known.
    pub(super) fn head_length(&self) -> Option<u64> {
        self.state().request.head
    }

    pub(super) fn end(&self) -> Option<End> {
        self.state().end
    }

    /// Whether the client may be sending something that is not read. It would see a reset then, and might not see the answer.
    pub(super) fn may_be_sending(&self) -> bool {
        let state = self.state();
        let unread = match state.phase {
            Phase::Idle { .. } | Phase::Head { .. } => state.unread,
            Phase::Answering | Phase::Answered => state.request.unread().map(|unread| unread.max(0).unsigned_abs()),
        };
        !state.is_closed_by_client && unread != Some(0)
    }

    pub(super) fn is_closed_by_client(&self) -> bool {
        self.state().is_closed_by_client
    }
}

/// A request that is answered, until the body of the answer is complete.
#[derive(Debug)]
pub(super) struct Answering {
    exchange: Arc<Exchange>,
    number: u64,
}

impl Answering {
    /// The answer begins: the request is no longer held by this connection. `unsent` is what the answer holds. The one before is
    /// written by now: hyper begins no answer earlier.
    pub(super) fn has_begun(&self, unsent: Option<Arc<HeldBytes>>) {
        let state = &mut *self.exchange.state();
        (state.held, state.unsent) = (None, unsent);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let state = &mut *self.exchange.state();
        if state.count == self.number {
            state.phase = Phase::Answered;
        }
    }
}

/// How much of a request has been read.
#[derive(Debug, Default)]
struct Received {
    bytes: u64,
    line: Line,
    /// The length of the head, once its end was read.
    head: Option<u64>,
    body: Option<u64>,
    is_unknown: bool,
}

impl Received {
    /// A request whose beginning is not known.
    fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    /// Adds bytes. Returns how many of them belong to this request.
    fn add(&mut self, bytes: &[u8], is_head: bool) -> usize {
        if is_head && self.head.is_none() && !self.is_unknown {
            self.head = self.line.find_end(bytes).map(|end| self.bytes + end as u64);
        }
        let before = self.bytes;
        self.bytes += bytes.len() as u64;
        match self.length() {
            Some(length) if !is_head => {
                usize::try_from(length.saturating_sub(before)).map_or(bytes.len(), |rest| rest.min(bytes.len()))
            }
            _ => bytes.len(),
        }
    }

    /// Head and body.
    fn length(&self) -> Option<u64> {
        Some(self.head? + self.body?)
    }

    /// How much of it has not been read. Less than nothing if more has been read; `None` if it is not known.
    fn unread(&self) -> Option<i64> {
        i64::try_from(self.length()?).ok()?.checked_sub(i64::try_from(self.bytes).ok()?)
    }
}

/// The current line of a head.
#[derive(Debug, Default)]
pub(super) struct Line {
    length: usize,
    /// Whether the head has begun. Empty lines before it do not count.
    has_begun: bool,
}

impl Line {
    /// The end of the head: that of its empty line.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.length == 0 && self.has_begun => return Some(at + 1),
                b'\n' => self.length = 0,
                b'\r' => {}
                _ => (self.length, self.has_begun) = (self.length + 1, true),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"POST /mcp HTTP/1.1\r\nHost: h\r\n\r\n";

    fn exchange(max_bytes: usize) -> Arc<Exchange> {
        Exchange::new(Arc::new(Memory::new(max_bytes)))
    }

    fn waits(exchange: &Exchange) -> Wait {
        exchange.wait(&Limits::new(1))
    }

    /// The time that the client has from now on.
    fn has(exchange: &Exchange) -> Duration {
        let Wait::Until(time) = waits(exchange) else { panic!("no limit: {exchange:?}") };
        time - Instant::now()
    }

    fn is_head(exchange: &Exchange) -> bool {
        let limits = Limits::new(1);
        has(exchange) <= limits.head && limits.head < limits.idle
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_is_divided() {
        for head in
            ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\nHost: h\n\n", "\r\n\r\nGET / HTTP/1.1\r\n\r\n"]
        {
            for at in 0..=head.len() {
                let text = format!("{head}{{}}\r\n\r\n");
                let (first, second) = text.as_bytes().split_at(at);
                let mut line = Line::default();
                let end = line.find_end(first).or_else(|| line.find_end(second).map(|end| at + end));
                assert_eq!(end, Some(head.len()), "{head:?} divided at {at}");
            }
        }
        assert_eq!(Line::default().find_end(b"GET / HTTP/1.1\r\nHost: h\r\n"), None);
    }

    #[test]
    fn a_client_has_some_time_for_a_head_from_its_first_byte_and_more_without_a_request() {
        let exchange = exchange(1000);
        assert!(!is_head(&exchange));
        exchange.received(b"PO").expect("room");
        assert!(is_head(&exchange));
        exchange.received(&HEAD[2..]).expect("room");
        let (answering, _) = exchange.begin(Some(5));
        assert_eq!(waits(&exchange), Wait::Forever);
        exchange.received(b"12345").expect("room");
        answering.has_begun(None);
        drop(answering);
        assert_eq!(waits(&exchange), Wait::Forever, "the answer is not written");
        exchange.flushed();
        assert!(!is_head(&exchange) && !exchange.may_be_sending());
    }

    #[test]
    fn a_head_that_arrived_with_the_request_before_has_no_more_time() {
        let exchange = exchange(1000);
        exchange.received(&[HEAD, b"12345POST /m"].concat()).expect("room");
        let (answering, _) = exchange.begin(Some(5));
        assert!(!exchange.is_last());
        drop(answering);
        exchange.flushed();
        assert!(is_head(&exchange));
        drop(exchange.begin(Some(0)));
        exchange.flushed();
        assert!(!is_head(&exchange) && exchange.may_be_sending(), "its length is not known");
    }

    #[test]
    fn the_rest_of_a_body_that_nobody_read_is_no_head() {
        let exchange = exchange(1000);
        exchange.received(&[HEAD, b"12"].concat()).expect("room");
        drop(exchange.begin(Some(5)));
        exchange.flushed();
        assert!(exchange.may_be_sending());
        exchange.received(b"345").expect("room");
        assert!(!is_head(&exchange) && !exchange.may_be_sending());
        exchange.received(b"P").expect("room");
        assert!(is_head(&exchange));
    }

    #[test]
    fn a_stop_ends_what_is_not_answered() {
        let exchange = exchange(1000);
        exchange.received(HEAD).expect("room");
        exchange.stop();
        assert_eq!(waits(&exchange), Wait::No, "a head of which nothing more is there");
        let (answering, _) = exchange.begin(Some(0));
        assert!(exchange.is_last());
        drop(answering);
        assert_eq!(waits(&exchange), Wait::Forever);
        exchange.flushed();
        assert_eq!(waits(&exchange), Wait::No);
    }

    #[test]
    fn a_request_holds_its_bytes_as_long_as_it_is_there() {
        let exchange = exchange(HEAD.len() + 5);
        exchange.received(HEAD).expect("room");
        let (answering, held) = exchange.begin(Some(5));
        // The bytes of the second request do not count for the first one.
        exchange.received(&[b"12345", HEAD].concat()).expect("room");
        answering.has_begun(None);
        let other = Exchange::new(Arc::clone(&exchange.memory));
        assert_eq!(other.received(b"P").expect_err("no room").kind(), ErrorKind::QuotaExceeded);
        assert_eq!(other.end(), Some(End::NoRoom));
        drop(held);
        other.received(b"P").expect("room");
    }
}
