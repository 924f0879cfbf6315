//! The server: tools and settings in, a running gallery out.

use std::io;
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use axum::Router;
use gallery::auth::Verifier;
use gallery::config::{Config, S3Options, Source};
use gallery::gallery::Gallery;
use gallery::http;
use gallery::mcp::Mcp;
use gallery::store::{DirStore, PromptStore, S3Store, StoreError};
use gallery::tools::{InvalidTool, Tool, Tools, calculator};
use tokio::runtime;

use crate::failure::Failure;
use crate::tokens::Tokens;
use crate::{aws, log, serve, watch};

/// A prompt gallery with its tools: `add`, `multiply` and whatever else is registered.
///
/// ```no_run
/// # use prompt_gallery::{Server, Tool, ToolCall, ToolError, ToolReply};
/// # use serde_json::json;
/// # async fn answer(_: ToolCall) -> Result<ToolReply, ToolError> {
/// #     Ok(ToolReply::Complete { content: Vec::new(), structured: None })
/// # }
/// fn main() -> std::process::ExitCode {
///     let tool = Tool::with_reply("nothing", "Does nothing.", json!({ "type": "object" }), answer);
///     Server::new().tool(tool).run()
/// }
/// ```
#[derive(Debug)]
pub struct Server {
    tools: Vec<Tool>,
}

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder of prompts cannot be opened.
    #[error("cannot open the folder {dir}: {source}")]
    Dir {
        /// The folder.
        dir: String,
        /// Why.
        source: io::Error,
    },
    /// The bucket cannot be asked with the settings of this process.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tool cannot be registered.
    #[error(transparent)]
    Tool(#[from] InvalidTool),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}; --addr HOST:PORT or PORT picks another")]
    Listen {
        /// The address.
        addr: String,
        /// Why.
        source: io::Error,
    },
    /// The greeting cannot be written.
    #[error("{0}")]
    Output(String),
    /// The operating system gave up.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The Lambda function gave up.
    #[error("{0}")]
    Lambda(String),
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server with the tools `add` and `multiply`.
    #[must_use]
    pub fn new() -> Self {
        Self { tools: vec![calculator::add(), calculator::multiply()] }
    }

    /// A server without tools, to register one's own alone.
    #[must_use]
    pub fn without_tools() -> Self {
        Self { tools: Vec::new() }
    }

    /// Registers a tool, listed behind those before it.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Runs the command line of `prompt-gallery` with this server's tools: as the Lambda function there, as a local
    /// server elsewhere. Returns when the server is told to stop.
    #[must_use]
    pub fn run(self) -> ExitCode {
        crate::cli::run(self).unwrap_or_else(Failure::exit)
    }

    /// The HTTP service over the store that `config` names, to be served by other means.
    ///
    /// # Errors
    /// A folder that cannot be opened, a tool that cannot be registered.
    pub fn app(self, config: &Config) -> Result<Router, ServerError> {
        let store = open(&config.source)?;
        self.app_over(store, config)
    }

    /// The HTTP service over a store of one's own; `config` says all but where the prompts are.
    ///
    /// # Errors
    /// A tool that cannot be registered.
    pub fn app_over(self, store: Arc<dyn PromptStore>, config: &Config) -> Result<Router, ServerError> {
        let gallery = Arc::new(Gallery::new(store, config.cache_ttl, config.page_size));
        self.app_of(gallery, config)
    }

    /// The protocol alone, over any store: a function from headers and bytes to a reply.
    ///
    /// # Errors
    /// A tool that cannot be registered.
    pub fn protocol(self, gallery: Arc<Gallery>) -> Result<Mcp, ServerError> {
        Ok(Mcp::new(gallery, Tools::new(self.tools)?))
    }

    /// The service over a gallery.
    fn app_of(self, gallery: Arc<Gallery>, config: &Config) -> Result<Router, ServerError> {
        let verifier = match &config.sign_in {
            _ if config.on_lambda => Verifier::Platform,
            Some(sign_in) => Verifier::Tokens(Box::new(Tokens::new(sign_in)?)),
            None => Verifier::None,
        };
        Ok(http::app(self.protocol(gallery)?, config, verifier))
    }

    /// Serves as `config` says, until the process is told to stop. `list` is the command that lists the prompts.
    pub(crate) fn serve(self, config: &Config, list: &str) -> Result<ExitCode, Failure> {
        let served = if config.on_lambda {
            function::serve(self.tools, config).map_err(ServerError::Lambda)
        } else {
            let _log = log::init(config);
            self.serve_locally(config, list)
        };
        served.map_err(|e| match e {
            ServerError::Store(e) => Failure::unable(e),
            e => Failure::wrong(e),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn serve_locally(self, config: &Config, list: &str) -> Result<(), ServerError> {
        let mut builder = runtime::Builder::new_multi_thread();
        // Who calls from the same machine needs the other half of the cores.
        if config.addr.ip().is_loopback() {
            let cores = thread::available_parallelism().map_or(1, NonZero::get);
            builder.worker_threads((cores / 2).max(1));
        }
        builder.enable_all().build()?.block_on(async {
            let (store, folder) = open_to_serve(config).await?;
            let gallery = Arc::new(Gallery::new(store, config.cache_ttl, config.page_size));
            let app = self.app_of(Arc::clone(&gallery), config)?;
            serve::serve(app, &gallery, folder, config, list).await
        })
    }
}

/// The store that the settings name, for a server that runs for a while; also as a folder, if it is one that is watched.
async fn open_to_serve(config: &Config) -> Result<(Arc<dyn PromptStore>, Option<DirStore>), ServerError> {
    let Source::Dir(dir) = &config.source else {
        return Ok((open_ready(&config.source).await?, None));
    };
    let store = open_dir(dir)?;
    let watched = store.watch(watch::start).inspect_err(|e| {
        tracing::info!(cause = %e, "the folder is not watched, and read at each request instead");
    });
    Ok((Arc::new(store.clone()), watched.is_ok().then_some(store)))
}

pub(crate) fn open_dir(dir: &Path) -> Result<DirStore, ServerError> {
    DirStore::open(dir).map_err(|source| ServerError::Dir { dir: dir.display().to_string(), source })
}

/// The store that the settings name.
pub(crate) fn open(source: &Source) -> Result<Arc<dyn PromptStore>, ServerError> {
    Ok(match source {
        Source::Dir(dir) => Arc::new(open_dir(dir)?),
        Source::S3 { bucket, prefix, index_key, options } => {
            Arc::new(s3(bucket, prefix, index_key.as_deref(), *options))
        }
    })
}

/// The same, and its settings are known to be of use: credentials are waited for.
pub(crate) async fn open_ready(source: &Source) -> Result<Arc<dyn PromptStore>, ServerError> {
    let Source::S3 { bucket, prefix, index_key, options } = source else { return open(source) };
    let store = s3(bucket, prefix, index_key.as_deref(), *options);
    store.ready().await?;
    Ok(Arc::new(store))
}

fn s3(bucket: &str, prefix: &str, index_key: Option<&str>, options: S3Options) -> S3Store {
    let store = aws::store(bucket, prefix, options);
    match index_key {
        Some(key) => store.with_index(key),
        None => store,
    }
}
