//! A client's socket: its reads and writes end when the client takes too long.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::exchange::{Exchange, Wait};

/// A socket for hyper. Its stream goes to [`Returned`] when hyper drops it.
pub(super) struct Socket {
    /// There until the socket is dropped.
    stream: Option<TcpStream>,
    returned: Returned,
    exchange: Arc<Exchange>,
    limits: Arc<Limits>,
    timer: Timer,
    /// While writes wait for the client.
    reading: Option<Reading>,
}

/// A client that reads an answer more slowly than it is written.
struct Reading {
    since: Instant,
    /// What it has read since then, apart from what the system holds.
    bytes: usize,
}

/// Where a stream is once its [`Socket`] is dropped.
#[derive(Debug, Default, Clone)]
pub(super) struct Returned(Arc<Mutex<Option<TcpStream>>>);

impl Returned {
    pub(super) fn take(&self) -> Option<TcpStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, exchange: Arc<Exchange>, limits: Arc<Limits>) -> (Self, Returned) {
        let returned = Returned::default();
        let (timer, reading) = Default::default();
        (Self { stream: Some(stream), returned: returned.clone(), exchange, limits, timer, reading }, returned)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Whether the system has bytes of the client.
    fn has_unread(&self) -> bool {
        let byte = &mut [MaybeUninit::uninit()];
        self.stream.as_ref().is_some_and(|stream| SockRef::from(stream).peek(byte).is_ok_and(|read| read > 0))
    }

    /// The outcome of a write, or of waiting for too long.
    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(written)), Some(reading)) = (&outcome, &mut self.reading) {
            reading.bytes += written;
        }
        if outcome.is_ready() {
            return outcome;
        }
        let reading = self.reading.get_or_insert_with(|| Reading { since: Instant::now(), bytes: 0 });
        let earned = Duration::from_secs_f64(reading.bytes as f64 / f64::from(self.limits.reading_rate));
        ready!(self.timer.poll(cx, reading.since + self.limits.reading + earned));
        Poll::Ready(Err(self.exchange.not_read()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        *self.returned.0.lock().unwrap_or_else(PoisonError::into_inner) = self.stream.take();
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        let before = buf.filled().len();
        match socket.stream()?.poll_read(cx, buf) {
            Poll::Ready(Ok(())) => Poll::Ready(socket.exchange.received(&buf.filled()[before..])),
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Pending => match socket.exchange.wait(&socket.limits) {
                Wait::Forever => Poll::Pending,
                // Tokio may not know yet what the system has, and wakes this task for it.
                Wait::No if socket.has_unread() => Poll::Pending,
                // As if the client had closed its side.
                Wait::No => Poll::Ready(Ok(())),
                Wait::Until(time) => {
                    ready!(socket.timer.poll(cx, time));
                    Poll::Ready(socket.exchange.late())
                }
            },
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let outcome = socket.stream()?.poll_write(cx, bytes);
        socket.written(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let outcome = socket.stream()?.poll_write_vectored(cx, bytes);
        socket.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// hyper calls this after each write of all that it has. A TCP stream has nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        socket.reading = None;
        socket.exchange.flushed();
        match socket.exchange.wait(&socket.limits) {
            Wait::Forever => {}
            // hyper may be waiting for the client already, and then reads again only when it is woken.
            Wait::No => cx.waker().wake_by_ref(),
            Wait::Until(time) => socket.timer.wake_by(cx, time),
        }
        Poll::Ready(Ok(()))
    }

    /// The connection closes the stream, which it gets back.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A timer for several times. It may wake a task too early, so that most requests need not set it anew.
#[derive(Debug, Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Waits for this time.
    fn poll(&mut self, cx: &mut Context<'_>, time: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(time)));
        if sleep.deadline() > time {
            sleep.as_mut().reset(time);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= time {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(time);
        }
    }

    /// Wakes the task at this time or earlier.
    fn wake_by(&mut self, cx: &mut Context<'_>, time: Instant) {
        if self.poll(cx, time).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
