//! The HTTP service on a port of this machine.

use std::future::Future;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::program::DRAIN_TIMEOUT;

/// Serves `app` on a port until `stop` is ready, then answers the requests under way.
pub(crate) async fn serve(app: Router, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
    let (stopping, is_stopping) = oneshot::channel();
    let stop = async {
        stop.await;
        let _ = stopping.send(());
    };
    // Otherwise a small answer waits for the client's acknowledgement of the one before.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop).into_future();
    // A client that never ends its request must not keep the server from stopping.
    let deadline = async {
        let _ = is_stopping.await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        _ = serving => {}
        () = deadline => {}
    }
}
