//! The prompt gallery as an AWS Lambda function behind an API Gateway HTTP API: events become requests to the service that
//! the local server runs too. Environment variables hold all settings.

mod answer;
mod emf;
mod environment;
mod event;
mod handler;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use event::Event;
use gallery::{Gallery, OwnResource, OwnResources};
use lambda_http::{Context, LambdaEvent, lambda_runtime, service_fn};
use serde::{Deserialize, Deserializer, Serialize};
use server::auth::Verifier;
use server::config::{Config, Flags, LogFormat};
use server::http;
use server::logging::{self, milliseconds};
use server::mcp::Mcp;
use server::open::Stores;
use server::tools::{Tool, Tools};
use store::env::process;
use store::s3::client;
use tokio::runtime;

/// How long the first listing waits. An event that arrives earlier and needs no prompts is answered before it.
const LISTING_DELAY: Duration = Duration::from_millis(5);

/// Runs the function with these tools and without resources of its own until the platform ends the process. If it cannot start,
/// writes one line to standard error and returns exit code 2 for an invalid setting, 1 for any other error.
#[doc(hidden)]
#[must_use]
pub fn run(tools: Vec<Tool>) -> ExitCode {
    let (code, why) = match Config::from_env(Flags::default()) {
        _ if std::env::args_os().len() > 1 => (2, "no arguments allowed: set environment variables".to_owned()),
        Err(e) => (2, e.to_string()),
        Ok(config) if !config.on_lambda => {
            (2, "AWS_LAMBDA_RUNTIME_API is not set: this program runs only on AWS Lambda".to_owned())
        }
        Ok(config) => match check_environment().map_err(|why| (2, why)) {
            Ok(()) => match serve(tools, Vec::new(), &config) {
                Ok(()) => return ExitCode::SUCCESS,
                Err(why) => (1, why),
            },
            Err(refusal) => refusal,
        },
    };
    eprintln!("prompt-gallery: {why}");
    ExitCode::from(code)
}

/// Checks the variables that Lambda sets for every function. Comes before [`serve`], which panics without them.
///
/// # Errors
/// What is missing or wrong, in one line.
#[doc(hidden)]
pub fn check_environment() -> Result<(), String> {
    environment::problem(process).map_or(Ok(()), Err)
}

/// Answers events with the settings of `config` until the platform ends the process.
///
/// # Errors
/// Why the function cannot start, in one line.
#[doc(hidden)]
pub fn serve(tools: Vec<Tool>, resources: Vec<OwnResource>, config: &Config) -> Result<(), String> {
    // Each line is written before the answer: the platform may freeze the process after it.
    let lines = match config.log_format {
        LogFormat::Json => emf::lines(std::io::stdout, &process("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default()),
        LogFormat::Text => logging::lines(LogFormat::Text, std::io::stdout, false),
    };
    let _ = logging::init(config.log_filter.clone(), lines);
    let began = Instant::now();
    let gallery = Arc::new(Stores::open(config, client::from_env).map_err(|e| e.to_string())?.gallery(config));
    // Lambda sends one event at a time, and threads take start-up time.
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        tokio::spawn(list_ahead(Arc::clone(&gallery)));
        let app = app(tools, resources, gallery, config)?;
        tracing::debug!(duration_ms = milliseconds(began.elapsed()), "ready for events");
        let answer = |event: LambdaEvent<Event>| handler::answer(app.clone(), event);
        lambda_runtime::run(service_fn(answer)).await.map_err(|e| format!("Lambda: {e}"))
    })
}

/// Answers one event as the function does; `None` for what is no event. For the fuzz targets.
#[doc(hidden)]
pub async fn answer<'e>(app: Router, event: impl Deserializer<'e>) -> Option<impl Serialize> {
    let event = LambdaEvent::new(Event::deserialize(event).ok()?, Context::default());
    let Ok(answer) = handler::answer(app, event).await;
    Some(answer)
}

/// The service over a gallery. API Gateway has verified the tokens.
fn app(
    tools: Vec<Tool>,
    resources: Vec<OwnResource>,
    gallery: Arc<Gallery>,
    config: &Config,
) -> Result<Router, String> {
    let tools = Tools::new(tools).map_err(|e| e.to_string())?;
    let resources = OwnResources::new(resources).map_err(|e| e.to_string())?;
    Ok(http::app(Mcp::new(gallery, tools).with_resources(resources), config, Verifier::Platform))
}

/// Lists the prompts before a request asks for them. A request that needs them meanwhile waits for this listing.
///
/// The listing has its own thread, so that a request without prompts does not wait. The thread stays, because it drives the
/// connections that it opened.
async fn list_ahead(gallery: Arc<Gallery>) {
    tokio::time::sleep(LISTING_DELAY).await;
    let list = async move {
        let began = Instant::now();
        if let Err(e) = gallery.warm_up().await {
            gallery.report_unavailable(&e);
        }
        tracing::debug!(duration_ms = milliseconds(began.elapsed()), "listed ahead");
        std::future::pending::<()>().await;
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let thread = std::thread::Builder::new().name("store".to_owned());
    if let Err(e) = runtime.and_then(|runtime| thread.spawn(move || runtime.block_on(list))) {
        tracing::error!(cause = %e, "no early listing: the first request that needs prompts lists them");
    }
}
