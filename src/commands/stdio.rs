//! `prompt-gallery stdio`: serves one client over standard input and output.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use crate::builder::Server;
use crate::failure::Failure;
use crate::live::Watched;
use crate::location::Location;
use crate::log::{self, Log};
use crate::metrics::Metrics;
use crate::stdio::Streams;
use crate::{open, stdio};

/// Serve one AI client over standard input and output
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Stdio {
    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
AI clients start this command themselves; docs/clients.md has the configuration of each. Nobody listens on the network, and a
bucket is read with the AWS profile of the user. The log goes to standard error.

Examples:
  prompt-gallery stdio --dir ~/prompts
  AWS_PROFILE=team prompt-gallery stdio --bucket my-prompts";

/// Serves until the client closes the input.
pub(crate) fn run(args: &Stdio, server: Server) -> Result<ExitCode, Failure> {
    let streams = Streams::take().map_err(Failure::unable)?;
    let started = match Started::new(args, server) {
        Ok(started) => started,
        Err(failure) => return Ok(stdio::refuse(streams, &failure)),
    };
    let Started { runtime, watched, metrics, _log } = started;
    let outcome = runtime.block_on(stdio::serve(watched, streams));
    if let Some(metrics) = metrics {
        runtime.block_on(metrics.stop());
    }
    // A look-up of a host name cannot be stopped, and the client does not wait for it.
    runtime.shutdown_background();
    outcome.map(|()| ExitCode::SUCCESS)
}

/// A server whose settings and credentials are valid.
struct Started {
    runtime: Runtime,
    watched: Watched,
    /// If a collector is named: there is no address to read them from.
    metrics: Option<Arc<Metrics>>,
    _log: Option<Log>,
}

impl Started {
    fn new(args: &Stdio, server: Server) -> Result<Self, Failure> {
        let config = args.location.config()?;
        let log = log::init(&config);
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(Failure::unable)?;
        let (gallery, folders) = runtime.block_on(open::watched(&config))?;
        let mcp = server.mcp(Arc::clone(&gallery)).map_err(Failure::wrong)?.configured(&config).with_live_lists();
        let is_sent = !matches!(config.otlp, Ok(None));
        let metrics = is_sent.then(|| runtime.block_on(async { Metrics::start(&config, Arc::clone(&gallery)) }));
        // The variables may be those of the client, for another collector. It needs its prompts more.
        let metrics = metrics.transpose().unwrap_or_else(|failure| {
            tracing::warn!(cause = failure.message(), "no metrics are sent");
            None
        });
        tracing::info!(store = gallery.location(), version = env!("CARGO_PKG_VERSION"), "started");
        Ok(Self { runtime, watched: Watched { gallery, mcp: Arc::new(mcp), folders }, metrics, _log: log })
    }
}
