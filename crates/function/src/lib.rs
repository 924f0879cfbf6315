//! The prompt gallery as an AWS Lambda function behind an API Gateway HTTP API: events become the requests that the local
//! server gets too. The environment has all settings.

mod event;

use std::future;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use gallery::auth::Verifier;
use gallery::config::{Config, Flags, Source};
use gallery::gallery::Gallery;
use gallery::http;
use gallery::logging::{self, milliseconds};
use gallery::mcp::Mcp;
use gallery::store::{DirStore, PromptStore, S3Store};
use gallery::tools::{Tool, Tools};
use tokio::runtime;

/// How long the first listing waits: a first event that needs no prompts is answered before, and any other lists at once.
const LISTING_DELAY: Duration = Duration::from_millis(5);

/// Runs the function with these tools until the platform ends the process. What keeps it from starting is told on standard
/// error, in one line, and is the exit code: 2 for a setting, 1 for anything else.
#[must_use]
pub fn run(tools: Vec<Tool>) -> ExitCode {
    let failed = |code: u8, why: String| {
        eprintln!("prompt-gallery: {why}");
        ExitCode::from(code)
    };
    if std::env::args_os().len() > 1 {
        return failed(2, "the function has no command line: its environment has all settings".to_owned());
    }
    let config = match Config::from_env(Flags::default()) {
        Ok(config) => config,
        Err(e) => return failed(2, e.to_string()),
    };
    if !config.on_lambda {
        return failed(2, "AWS_LAMBDA_RUNTIME_API is not set: this program runs on AWS Lambda alone".to_owned());
    }
    match serve(tools, &config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(1, e),
    }
}

/// Serves events as `config` says, until the platform ends the process.
///
/// # Errors
/// What keeps it from starting, in one line.
pub fn serve(tools: Vec<Tool>, config: &Config) -> Result<(), String> {
    // Each line is written before the answer: a function may be frozen when it has answered.
    let _ = logging::init(config.log_filter.clone(), logging::lines(config.log_format, io::stdout, false));
    let began = Instant::now();
    let gallery = Arc::new(Gallery::new(open(&config.source)?, config.cache_ttl, config.page_size));
    // Lambda hands out one event at a time, and threads cost start-up time.
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listed = Arc::clone(&gallery);
        tokio::spawn(async move {
            tokio::time::sleep(LISTING_DELAY).await;
            if let Err(e) = begin_listing(listed) {
                tracing::error!(cause = %e, "the first listing waits for the first request that needs it");
            }
        });
        let app = app(tools, gallery, config)?;
        tracing::debug!(ms = milliseconds(began.elapsed()), "ready for events");
        // An event that is no HTTP request is one failed invocation, and the next one is answered. That holds for a panic
        // too, which is what `lambda_http` makes of a body that is not base64 and of a host or a query string that no URL
        // can have.
        lambda_http::run(event::service(app)).await.map_err(|e| format!("Lambda: {e}"))
    })
}

/// The service over a gallery. API Gateway has checked the tokens.
fn app(tools: Vec<Tool>, gallery: Arc<Gallery>, config: &Config) -> Result<Router, String> {
    let tools = Tools::new(tools).map_err(|e| e.to_string())?;
    Ok(http::app(Mcp::new(gallery, tools), config, Verifier::Platform))
}

fn open(source: &Source) -> Result<Arc<dyn PromptStore>, String> {
    Ok(match source {
        Source::Dir(dir) => {
            Arc::new(DirStore::open(dir).map_err(|e| format!("cannot open the folder {}: {e}", dir.display()))?)
        }
        Source::S3 { bucket, prefix, index_key, options } => {
            let store = S3Store::from_env(bucket, prefix, *options);
            match index_key {
                Some(key) => Arc::new(store.with_index(key)),
                None => Arc::new(store),
            }
        }
    })
}

/// Reads what prompts need before a request asks for it; a request that needs it meanwhile joins it.
///
/// It has a thread of its own, so that a request that needs no prompts waits for nothing of it. The thread stays, for the
/// connections that it has opened.
fn begin_listing(gallery: Arc<Gallery>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let begin = async move {
        let began = Instant::now();
        if let Err(e) = gallery.warm_up().await {
            gallery.report_unavailable(&e);
        }
        tracing::debug!(ms = milliseconds(began.elapsed()), "first listing");
        future::pending::<()>().await;
    };
    thread::Builder::new().name("store".to_owned()).spawn(move || runtime.block_on(begin)).map(drop)
}
