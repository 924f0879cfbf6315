//! `prompt-gallery serve`: the Lambda function on Lambda, a local HTTP server elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures_util::FutureExt;
use futures_util::future::{self, Either};
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use dotprompt::shorten_to;
use gallery::{Gallery, ShelfSummary};
use server::auth::Verifier;
use server::config::{Allowed, Config, Flags};
use server::http;

use crate::builder::{Server, verifier};
use crate::failure::Failure;
use crate::live::{Lists, Watched};
use crate::location::Location;
use crate::metrics::Metrics;
use crate::port::{Limits, max_connections};
use crate::sse::Streams;
use crate::{log, open, port, program};

/// Serve the prompts (the default command)
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) location: Location,
    #[arg(long, help = "Address to listen on [env: PORT] [default: 127.0.0.1:8080]", value_name = "HOST:PORT")]
    pub(crate) addr: Option<String>,
}

const AFTER_HELP: &str = "\
Environment variables hold the other settings: RUST_LOG=warn filters the log, LOG_FORMAT=json writes it as JSON,
ALLOWED_HOSTS and ALLOWED_ORIGINS restrict who may call, OAUTH_ISSUER requires sign-in, MAX_CONNECTIONS limits how many call at once.
docs/configuration.md lists them all.

Examples:
  prompt-gallery serve --dir ~/prompts
  prompt-gallery serve --bucket my-prompts --prefix team/
  prompt-gallery serve --addr 127.0.0.1:9000
  LOG_FORMAT=json prompt-gallery serve --bucket my-prompts";

/// The greeting shows this many left-out files and notes.
const MAX_SHOWN: usize = 5;
/// Characters of such a line.
const MAX_LINE_LENGTH: usize = 300;

/// Serves until the process is told to stop.
pub(crate) fn run(args: Serve, server: Server) -> Result<ExitCode, Failure> {
    let list = args.location.command(&["list"]);
    let flags = Flags { addr: args.addr, ..args.location.into() };
    let config = Config::from_env(flags).map_err(Failure::unable)?;
    if config.on_lambda {
        function::check_environment().map_err(Failure::unable)?;
        function::serve(server.tools, server.resources, &config).map_err(Failure::wrong)?;
    } else {
        let _log = log::init(&config);
        let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::unable)?;
        let served = runtime.block_on(serve(server, &config, &list));
        // A look-up of a host name, or a file of a network folder, cannot be stopped.
        runtime.shutdown_background();
        served?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves on a local address. `list` is the command that lists the prompts.
async fn serve(server: Server, config: &Config, list: &str) -> Result<(), Failure> {
    let (gallery, folders) = open::watched(config).await?;
    let mcp = server.mcp(Arc::clone(&gallery)).map_err(Failure::wrong)?.configured(config).with_live_lists();
    let verifier = verifier(config).map_err(Failure::wrong)?;
    listen(Watched { gallery, mcp: Arc::new(mcp), folders }, verifier, config, list).await
}

async fn listen(watched: Watched, verifier: Verifier, config: &Config, list: &str) -> Result<(), Failure> {
    let limits = Limits::new(max_connections(config.max_connections).map_err(Failure::unable)?);
    let lists = Arc::new(Lists::default());
    let streams = Streams::new(Arc::clone(&watched.mcp), Arc::clone(&lists), limits.connections);
    let gallery = Arc::clone(&watched.gallery);
    let metrics = Metrics::start(config, Arc::clone(&gallery))?;
    let text = Arc::clone(&metrics);
    let app = http::with_metrics(
        streams.app(config, verifier.clone()),
        Arc::new(move |is_by_prompt| text.text(is_by_prompt)),
        config,
        verifier,
    );
    let addr = config.addr;
    let cannot_listen =
        |e| Failure::wrong(format!("cannot listen on {addr}: {e}; --addr HOST:PORT or PORT picks another"));
    let listener = TcpListener::bind(addr).await.map_err(cannot_listen)?;
    let addr = listener.local_addr().map_err(Failure::wrong)?;
    tracing::info!(address = %addr, store = gallery.location(), version = env!("CARGO_PKG_VERSION"), "started");
    let (stopping, is_stopping) = oneshot::channel();
    let stop = async move {
        let signal = program::stop_signal().await;
        let next = program::stop_signal().boxed().shared();
        // Signals count from the first poll on.
        let _ = next.clone().now_or_never();
        tracing::info!(signal, "stopping");
        streams.stop();
        let _ = stopping.send(next);
    };
    // Requests or the collector may keep it waiting. One more signal ends the process at once.
    let signalled_again = async {
        match is_stopping.await {
            Ok(next) => next.await,
            Err(_) => future::pending().await,
        }
    };
    let served = async {
        tokio::select! {
            () = async {
                port::serve(app, listener, limits, stop).await;
                metrics.stop().await;
            } => {}
            signal = signalled_again => tracing::warn!(signal, "connections closed before their requests were answered"),
        }
    };
    let greet_and_watch = async {
        // Later versions than these are changes.
        let seen = if watched.folders.prompts.is_some() { gallery.read_changed(None).await } else { None };
        let greet = async { program::print_aside(greeting(&gallery, addr, config, list).await).await };
        let (never, ()) = future::try_join(watched.report(&lists, seen).map(Ok), greet).await?;
        Ok(never)
    };
    // Both run at once: requests that need no prompts are answered while the store is slow.
    match future::select(pin!(served), pin!(greet_and_watch)).await {
        Either::Left(((), _)) => tracing::info!("stopped"),
        Either::Right((Err(e), _)) => return Err(e),
        Either::Right((Ok(never), _)) => match never {},
    }
    Ok(())
}

/// What a person sees when the server starts: what is served, what is left out, and how to use it. `list` is the command
/// that lists the prompts.
async fn greeting(gallery: &Gallery, addr: SocketAddr, config: &Config, list: &str) -> String {
    let prompts = read_prompts(gallery).await;
    let (skills, skills_left_out) = read_skills(gallery).await;
    let (left_out, location) = (gallery.left_out(), gallery.location());
    let (url, listening) = match &config.public_url {
        Some(url) => (url.clone(), format!(", listening on {addr}")),
        None => (format!("http://{}/mcp", callable(addr)), String::new()),
    };
    let skipped = if left_out.is_empty() { String::new() } else { format!(" ({} left out)", left_out.len()) };
    let mut text = format!("Serving {prompts}{skipped} from {location}{skills} at {url}{listening}\n\n");
    push_lines(&mut text, "Left out:", &[left_out, skills_left_out].concat(), "see the log");
    push_lines(&mut text, "Note:", &gallery.notes().await.unwrap_or_default(), &format!("see `{list}`"));
    if !addr.ip().is_loopback() && answers_loopback_only(&config.allowed_hosts, addr) {
        text += "Hosts:       requests from other machines get 403; set ALLOWED_HOSTS to the hosts that they call,\n             \
                 as in ALLOWED_HOSTS=prompts.example.com\n\n";
    }
    let page = match url.strip_suffix("mcp") {
        Some(page) if config.gallery_page => format!("Page:        {page}\n"),
        _ => String::new(),
    };
    // Some shells expand brackets.
    let url = if url.contains('[') { format!("'{url}'") } else { url };
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#;
    let signs_in = config.sign_in.is_some() && !config.allow_anonymous;
    let token = if signs_in { " -H 'Authorization: Bearer TOKEN'" } else { "" };
    text += &format!(
        "{page}Try it:      curl -s {url}{token} -H 'Content-Type: application/json' -d '{request}'\n\
         Claude Code: claude mcp add --transport http prompt-gallery {url}\n\n\
         Ctrl-C stops it.\n"
    );
    text
}

/// Lists the prompts and reads the first page, so that problems show before a client asks. Returns such as `3 prompts`.
async fn read_prompts(gallery: &Gallery) -> String {
    let count = gallery.count().await;
    let _ = gallery.list(None).await;
    match count {
        Ok(count) => {
            let count = count.saturating_sub(gallery.broken());
            tracing::info!(prompts.count = count, prompts.left_out = gallery.left_out().len(), "first listing");
            if count == 1 { "1 prompt".to_owned() } else { format!("{count} prompts") }
        }
        Err(e) => {
            gallery.report_unavailable(&e);
            "no prompts for now".to_owned()
        }
    }
}

/// Reads the first page of skills, so that problems show before a client asks. Returns such as ` and 3 skills from skills`, or nothing
/// if there are none, and the skills that are left out.
async fn read_skills(gallery: &Gallery) -> (String, Vec<String>) {
    gallery.read_skills().await;
    let Some(ShelfSummary { location, served, left_out }) = gallery.shelf_summary() else {
        return (String::new(), Vec::new());
    };
    let text = match served {
        0 if left_out.is_empty() => String::new(),
        1 => format!(" and 1 skill from {location}"),
        count => format!(" and {count} skills from {location}"),
    };
    (text, left_out)
}

/// An address that a client can call: the unspecified address is the loopback address then.
fn callable(addr: SocketAddr) -> SocketAddr {
    let ip = if addr.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { addr.ip() };
    SocketAddr::new(ip, addr.port())
}

/// Adds a paragraph with the first lines, and where to find the others.
fn push_lines(text: &mut String, title: &str, lines: &[String], others: &str) {
    for (index, line) in lines.iter().take(MAX_SHOWN).enumerate() {
        let title = if index == 0 { title } else { "" };
        *text += &format!("{title:12} {}\n", shorten_to(MAX_LINE_LENGTH, line));
    }
    if lines.len() > MAX_SHOWN {
        *text += &format!("{:12} and {} more, {others}\n", "", lines.len() - MAX_SHOWN);
    }
    if !lines.is_empty() {
        text.push('\n');
    }
}

/// Whether only this machine's own host names are accepted.
fn answers_loopback_only(hosts: &Allowed, addr: SocketAddr) -> bool {
    match hosts {
        Allowed::LoopbackAnd(hosts) => {
            hosts.iter().all(|host| SocketAddr::new(addr.ip(), 0).to_string() == format!("{host}:0"))
        }
        Allowed::Any | Allowed::Only(_) => false,
    }
}
