//! The local server: a port, a greeting, log lines from its start to its end, and an eye on its folder.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use futures_util::future::{self, Either};
use tokio::net::TcpListener;
use tokio::time::timeout;

use dotprompt::shorten_to;
use gallery::config::{Allowed, Config};
use gallery::gallery::{Gallery, Seen};
use gallery::http;
use gallery::store::DirStore;

use crate::program;
use crate::server::ServerError;

/// How many files the greeting names that are left out, and the longest line of one, in characters.
const NAMED: usize = 5;
const LINE: usize = 300;

/// How long a folder must be quiet before it is read: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long a folder that is never quiet is waited for.
const RESTLESS: Duration = Duration::from_secs(2);

/// Serves on the address of the settings until the process is told to stop. `folder` is the store, if it is watched, and
/// `list` the command that lists the prompts.
pub(crate) async fn serve(
    app: Router,
    gallery: &Gallery,
    folder: Option<DirStore>,
    config: &Config,
    list: &str,
) -> Result<(), ServerError> {
    let cannot_listen = |source| ServerError::Listen { addr: config.addr.to_string(), source };
    let listener = TcpListener::bind(config.addr).await.map_err(cannot_listen)?;
    let addr = listener.local_addr()?;
    tracing::info!(address = %addr, store = gallery.location(), version = env!("CARGO_PKG_VERSION"), "started");
    let stop = async {
        let signal = told_to_stop().await;
        tracing::info!(signal, "stopping");
    };
    let beside = async {
        // What changes from now on is a change.
        let seen = if folder.is_some() { gallery.read_changed(None).await } else { None };
        greet(gallery, addr, config, list).await?;
        match folder {
            Some(folder) => tell_changes(gallery, &folder, seen).await,
            None => future::pending().await,
        }
    };
    // A store that does not answer keeps nobody waiting who needs no prompts.
    match future::select(pin!(http::serve(app, listener, stop)), pin!(beside)).await {
        Either::Left(((), _)) => tracing::info!("stopped"),
        Either::Right((Err(e), _)) => return Err(e),
        Either::Right((Ok(never), _)) => match never {},
    }
    Ok(())
}

/// Tells a person what is served, what is not, and how to use it.
async fn greet(gallery: &Gallery, addr: SocketAddr, config: &Config, list: &str) -> Result<(), ServerError> {
    let count = gallery.count().await;
    // Reads the first page, so that what is wrong is told before someone asks for it.
    let _ = gallery.list(None).await;
    let left_out = gallery.left_out();
    let prompts = match count {
        Ok(count) => {
            let count = count.saturating_sub(gallery.broken());
            tracing::info!(prompts.count = count, prompts.left_out = left_out.len(), "first listing");
            if count == 1 { "1 prompt".to_owned() } else { format!("{count} prompts") }
        }
        Err(e) => {
            gallery.report_unavailable(&e);
            "no prompts for now".to_owned()
        }
    };
    let notes = gallery.notes().await.unwrap_or_default();
    program::print(&greeting(&prompts, &left_out, &notes, list, &gallery.location(), addr, config))
        .map_err(|e| ServerError::Output(e.to_string()))
}

fn greeting(
    prompts: &str,
    left_out: &[String],
    notes: &[String],
    list: &str,
    location: &str,
    addr: SocketAddr,
    config: &Config,
) -> String {
    // An address that stands for all of them is none to call.
    let host = if addr.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { addr.ip() };
    let (url, listening) = match &config.public_url {
        Some(url) => (url.clone(), format!(", listening on {addr}")),
        None => (format!("http://{}/mcp", SocketAddr::new(host, addr.port())), String::new()),
    };
    let skipped = if left_out.is_empty() { String::new() } else { format!(" ({} left out)", left_out.len()) };
    let mut text = format!("Serving {prompts}{skipped} from {location} at {url}{listening}\n\n");
    let list = format!("`{list}` has them");
    for (title, lines, elsewhere) in [("Left out:", left_out, "see the log"), ("Note:", notes, &list)] {
        for (index, line) in lines.iter().take(NAMED).enumerate() {
            let title = if index == 0 { title } else { "" };
            text += &format!("{title:12} {}\n", shorten_to(LINE, line));
        }
        match lines.len() {
            0 => {}
            1..=NAMED => text += "\n",
            all => text += &format!("{:12} and {} more, {elsewhere}\n\n", "", all - NAMED),
        }
    }
    if !addr.ip().is_loopback() && answers_loopback_alone(&config.allowed_hosts, addr) {
        text += "Hosts:       others than this machine are refused (403) unless ALLOWED_HOSTS names the hosts that they call,\n             \
                 as in ALLOWED_HOSTS=prompts.example.com\n\n";
    }
    // Some shells take brackets for a pattern.
    let url = if url.contains('[') { format!("'{url}'") } else { url };
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#;
    let signs_in = config.sign_in.is_some() && !config.allow_anonymous;
    let token = if signs_in { " -H 'Authorization: Bearer TOKEN'" } else { "" };
    text += &format!(
        "Try it:      curl -s {url}{token} -H 'Content-Type: application/json' -d '{list}'\n\
         Claude Code: claude mcp add --transport http prompt-gallery {url}\n\n\
         Ctrl-C stops it.\n"
    );
    text
}

/// Whether no host is answered but this machine's own.
fn answers_loopback_alone(hosts: &Allowed, addr: SocketAddr) -> bool {
    match hosts {
        Allowed::LoopbackAnd(hosts) => {
            hosts.iter().all(|host| SocketAddr::new(addr.ip(), 0).to_string() == format!("{host}:0"))
        }
        Allowed::Any | Allowed::Only(_) => false,
    }
}

/// Reads files that are saved, so that the log tells at once what is wrong with them.
async fn tell_changes(gallery: &Gallery, folder: &DirStore, mut seen: Option<Seen>) -> Result<Infallible, ServerError> {
    loop {
        changed(folder).await;
        seen = gallery.read_changed(seen).await;
    }
}

/// Waits until something has changed in a folder that is watched, and until it is quiet again.
pub(crate) async fn changed(folder: &DirStore) {
    folder.changed().await;
    let quiet = async { while timeout(QUIET, folder.changed()).await.is_ok() {} };
    let _ = timeout(RESTLESS, quiet).await;
}

/// Waits for a signal to stop: its name.
pub(crate) async fn told_to_stop() -> &'static str {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = interrupt => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            };
        }
    }
    drop(interrupt.await);
    "SIGINT"
}
