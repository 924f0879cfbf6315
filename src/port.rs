//! The HTTP service on a port of this machine, with a bound on everything that a client may take.
//!
//! | to see where | read |
//! |---|---|
//! | a limit is set, and `MAX_CONNECTIONS` read | `port/limits.rs` |
//! | connections are accepted, refused and drained at the stop | this file |
//! | a request gets from the socket to the service | `port/connection.rs` |
//! | a client takes too long | `port/socket.rs`, by what `port/exchange.rs` knows of the request |
//! | the bytes of requests and of answers are counted | `port/memory.rs` |
//! | a request is answered that no route sees | `port/refusal.rs` |

mod connection;
mod exchange;
mod limits;
mod memory;
mod refusal;
mod socket;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use connection::Shared;
use limits::{ACCEPT_PAUSE, MAX_REFUSALS, MAX_WAITING};
pub(crate) use limits::{DRAIN_TIMEOUT, Limits, max_connections};
use refusal::{Refusal, linger, read_head};

/// Serves `app` on a port until `stop` is ready, then answers the requests under way.
pub(crate) async fn serve(
    app: Router,
    listener: TcpListener,
    limits: Limits,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (stopping, is_stopping) = watch::channel(false);
    let limits = Arc::new(limits);
    let shared = Shared::new(app, Arc::clone(&limits), is_stopping);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX).min(MAX_PERMITS);
    let rooms =
        Rooms { connections: Arc::new(Semaphore::new(all as usize)), refusals: Arc::new(Semaphore::new(MAX_REFUSALS)) };
    let mut stop = pin!(stop);
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener, &mut is_failing) => rooms.take(stream, &shared),
        }
    }
    // Some clients have sent a request before the stop. From the system: Tokio may not know of them yet.
    if let Ok(listener) = listener.into_std() {
        for _ in 0..MAX_WAITING {
            let Ok((stream, _)) = listener.accept() else { break };
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            stream.into_iter().for_each(|stream| rooms.take(stream, &shared));
        }
    }
    stopping.send_replace(true);
    if timeout(limits.drain, rooms.connections.acquire_many(all)).await.is_err() {
        let open = all as usize - rooms.connections.available_permits();
        tracing::warn!(connections = open, "connections closed before their requests were answered");
    }
}

/// Answers the requests of one client, as [`serve`] does for each. For the fuzz targets.
#[doc(hidden)]
pub async fn answer(stream: TcpStream, app: Router) {
    let (_stopping, is_stopping) = watch::channel(false);
    connection::serve(stream, Shared::new(app, Arc::new(Limits::new(1)), is_stopping)).await;
}

/// The most permits that can be taken at once.
const MAX_PERMITS: u32 = 1 << 20;

/// Accepts the next connection. Goes on after an error: the files of the process or the system may be exhausted, and some are free later.
async fn accept(listener: &TcpListener, is_failing: &mut bool) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if std::mem::take(is_failing) {
                    tracing::info!("connections are accepted again");
                }
                return stream;
            }
            Err(e) if is_of_the_client(&e) => {}
            Err(e) => {
                if !std::mem::replace(is_failing, true) {
                    tracing::error!(cause = %e, "no connection is accepted for now");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether a client has gone away before it was accepted.
fn is_of_the_client(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted)
}

/// Room for connections.
struct Rooms {
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Rooms {
    /// Serves a connection, or refuses it if there is no room.
    fn take(&self, stream: TcpStream, shared: &Shared) {
        if let Ok(room) = Arc::clone(&self.connections).try_acquire_owned() {
            let shared = shared.clone();
            tokio::spawn(async move {
                connection::serve(stream, shared).await;
                drop(room);
            });
            return;
        }
        Refusal::TOO_MANY_CONNECTIONS.log();
        let Ok(room) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return Refusal::TOO_MANY_CONNECTIONS.write_at_once(stream);
        };
        let time = shared.limits.short_linger;
        tokio::spawn(async move {
            let mut stream = stream;
            read_head(&mut stream, time).await;
            Refusal::TOO_MANY_CONNECTIONS.write(&mut stream, time).await;
            linger(stream, time).await;
            drop(room);
        });
    }
}

#[cfg(test)]
mod tests;
