//! Every setting: its name, its default, and the error of a wrong value.
//!
//! Each file below reads and checks the settings that belong together; `error.rs` has their one error. Bounds and defaults of
//! numbers are here.
//!
//! | variable | flag | default | meaning |
//! |---|---|---|---|
//! | `PROMPT_DIR` | `--dir` | `prompts` | folder of prompts; links that lead out of it are not followed |
//! | `BUCKET_NAME` | `--bucket` | | S3 bucket; when set, prompts come from S3 and not from the folder |
//! | `PROMPT_PREFIX` | `--prefix` | `prompts/` | key prefix in the bucket; `/` is the root |
//! | `SKILLS_DIR` | | `skills` beside the default `prompts`, if there is one | folder of skills, for prompts in a folder |
//! | `SKILLS_PREFIX` | | `skills/` | key prefix of the skills in the bucket; `/` is the root |
//! | `S3_ADDRESSING_STYLE` | | `auto` | `virtual`: the bucket's name goes into the host name; `path`: into the path; `auto`: into the path for a custom endpoint |
//! | `S3_REQUEST_PAYER` | `--request-payer` | | `requester`: this account pays for its requests to a requester-pays bucket |
//! | `INDEX_KEY` | | `.gallery/index.json` | key of the index in the bucket, which the server writes; that of the skills is `.gallery/index.json.skills` beside it; empty turns both off |
//! | `PORT` | `--addr` | `127.0.0.1:8080` | local listening address; `PORT` alone keeps the host |
//! | `MAX_CONNECTIONS` | | 1024, or 64 less than the process may open files | connections of the local server at once |
//! | `CACHE_TTL_SECONDS` | | `30` | how old the snapshot of the bucket may be; 0 asks S3 every time |
//! | `STALE_OK_SECONDS` | | `86400` | how old the last good state may be that is served while the store fails; 0: nothing older than `CACHE_TTL_SECONDS` |
//! | `PAGE_SIZE` | | as many as fit 4 MB | most prompts of a `prompts/list` page, and most skills or resources of a page; several clients read the first page alone |
//! | `PROMPT_TOOLS` | | `on` | whether prompts are tools too |
//! | `GALLERY_PAGE` | | `on` | whether `GET /` is a page for people, and clients get it as an app |
//! | `PAGE_SOURCE` | | `on` for a folder on this machine, else `off` | whether callers may read the files of prompts, and what is wrong with them |
//! | `ALLOWED_ORIGINS` | | loopback and `PUBLIC_URL`'s (any on Lambda) | origins of browser pages that may call |
//! | `ALLOWED_HOSTS` | | loopback and `PUBLIC_URL`'s (any on Lambda) | values of `Host` that are answered |
//! | `OAUTH_ISSUER` | | | issuer of the tokens that callers need |
//! | `OAUTH_AUDIENCE` | | | what `aud` (else `client_id`) must be one of; needed with `OAUTH_ISSUER` |
//! | `OAUTH_SCOPE` | | | scope that a token must grant |
//! | `PUBLIC_URL` | | | address of the MCP endpoint as clients type it; needed with `OAUTH_ISSUER` |
//! | `OAUTH_JWKS_URL` | | the issuer's metadata | where the issuer's keys are |
//! | `OAUTH_AUTHORIZE_URL`, `OAUTH_TOKEN_URL`, `OAUTH_REVOKE_URL` | | | addresses where clients sign in, if they cannot use the issuer's own metadata |
//! | `OAUTH_CLIENT_ID`, `OAUTH_REDIRECT_URIS` | | | the client that registering clients get, and its redirect addresses |
//! | `PAGE_CLIENT_ID` | | `OAUTH_CLIENT_ID` | the client as which the page signs people in |
//! | `ALLOW_ANONYMOUS` | | `false` | whether callers without a token are answered |
//! | `RUST_LOG` | | `info` | log filter |
//! | `LOG_FORMAT` | | `text` (`json` on Lambda) | how log lines are written |
//! | `METRICS_BY_PROMPT` | | `off` | whether prompts are dimensions of metrics |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | | | where metrics are sent, with OpenTelemetry's other variables; not on Lambda |
//!
//! `AWS_LAMBDA_RUNTIME_API`, which only Lambda sets, makes the program run as the function. A flag wins over its variable;
//! `--dir` wins over `BUCKET_NAME` too. A variable that is set but empty counts as unset, except for `INDEX_KEY`. The AWS SDK
//! reads its own settings (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_PROFILE` and so on).

mod allowed;
mod env;
mod error;
mod log;
mod metrics;
mod s3;
mod sign_in;
mod skills;
mod source;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::Uri;
use tracing_subscriber::filter::Targets;

pub use allowed::Allowed;
pub(crate) use allowed::origin_of;
use allowed::{HOSTS, ORIGINS};
use env::Env;
pub use env::Flags;
pub use error::ConfigError;
use gallery::{Freshness, STALE_OK};
pub use log::LogFormat;
pub use metrics::Otlp;
#[doc(hidden)]
pub use sign_in::is_trustworthy;
pub use sign_in::{AuthorizationServer, PublicClient, SignIn};
pub use skills::SkillsSource;
pub use source::Source;
use store::env::process;
pub use store::s3::{AddressingStyle, S3Options};

const DEFAULT_HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_CACHE_TTL: Duration = Duration::from_secs(30);
/// As many as fit one answer.
const DEFAULT_PAGE_SIZE: usize = usize::MAX;
/// A day: a longer time is a typing error.
const MAX_CACHE_TTL_SECONDS: u64 = 86_400;
/// Thirty days: old prompts are better than none, but not for ever.
const MAX_STALE_OK_SECONDS: u64 = 30 * 86_400;
const MAX_PAGE_SIZE: usize = 10_000;
/// One port has no more connections from one address.
const MAX_CONNECTIONS: usize = 65_535;

/// The settings of one server, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the prompts are.
    pub source: Source,
    /// Where the skills are, if there are any.
    pub skills: Option<SkillsSource>,
    /// Where a local server listens; unused on Lambda.
    pub addr: SocketAddr,
    /// Connections of a local server at once; unused on Lambda. `None` for as many as its limit of open files allows, up to 1024.
    pub max_connections: Option<usize>,
    /// How old the snapshot of the bucket may be, and the `ttlMs` that clients get. Always zero for a folder.
    pub cache_ttl: Duration,
    /// How old the last good state may be that is served while the store fails.
    pub stale_ok: Duration,
    /// Most prompts of a page of `prompts/list`, at least 1. A page also ends where the answer would be too large.
    pub page_size: usize,
    /// Whether prompts are tools too, for clients that offer tools alone.
    pub prompt_tools: bool,
    /// Whether the server has a page for people.
    pub gallery_page: bool,
    /// Whether callers may read the files of prompts, and what is wrong with them.
    pub page_source: bool,
    /// Which `Origin` headers are accepted.
    pub allowed_origins: Allowed,
    /// Which `Host` headers are accepted.
    pub allowed_hosts: Allowed,
    /// The address of the MCP endpoint as clients type it, if it differs from the listening address.
    pub public_url: Option<String>,
    /// The sign-in that callers need.
    pub sign_in: Option<SignIn>,
    /// Whether callers without a token are answered too.
    pub allow_anonymous: bool,
    /// Which lines are logged.
    pub log_filter: Targets,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Whether metrics have a dimension for each of the first 200 prompts.
    pub metrics_by_prompt: bool,
    /// Where metrics are sent, if a collector is named. On Lambda the log has them. An error is that of a command that sends metrics:
    /// the variables are shared with other programs.
    pub otlp: Result<Option<Otlp>, ConfigError>,
    /// Whether this process is a Lambda function.
    pub on_lambda: bool,
}

impl Config {
    /// Reads the settings of this process.
    ///
    /// # Errors
    /// The first setting with a wrong value.
    pub fn from_env(flags: Flags) -> Result<Self, ConfigError> {
        Self::new(flags, process)
    }

    /// Reads the settings from `flags` and from `env`, which returns the value of a variable.
    ///
    /// # Errors
    /// The first setting with a wrong value.
    pub fn new(flags: Flags, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = &Env(&env);
        let source = Source::read(&flags, env)?;
        let on_lambda = env.get("AWS_LAMBDA_RUNTIME_API").is_some();
        source.check_dir(&flags, env, on_lambda)?;
        let ttl_seconds = env.number("CACHE_TTL_SECONDS", 0, MAX_CACHE_TTL_SECONDS)?;
        let stale_ok_seconds = env.number("STALE_OK_SECONDS", 0, MAX_STALE_OK_SECONDS)?;
        let addr = addr(flags.addr, env)?;
        let (public_url, sign_in) = (sign_in::public_url(env)?, SignIn::read(env)?);
        let allow_anonymous = env.boolean("ALLOW_ANONYMOUS")?;
        if !on_lambda && !addr.ip().is_loopback() && sign_in.is_none() && !allow_anonymous {
            let expected = "other machines could call it: set OAUTH_ISSUER to make callers sign in, or \
                            ALLOW_ANONYMOUS=true to let everyone in";
            return Err(ConfigError::new("--addr", addr.to_string(), expected));
        }
        let (mut allowed_origins, mut allowed_hosts) =
            (Allowed::read(&ORIGINS, env, on_lambda)?, Allowed::read(&HOSTS, env, on_lambda)?);
        let gallery_page = env.is_on("GALLERY_PAGE", true)?;
        // A page that rebinds a host name to this machine cannot send an IP address as `Host`.
        if !addr.ip().is_unspecified() && !addr.ip().is_loopback() {
            allowed_hosts.add_host(&SocketAddr::new(addr.ip(), 80).to_string());
        }
        if let Some(url) = &public_url {
            // The page is there for people, also where a proxy sends another `Host`.
            if gallery_page {
                allowed_origins.add_origin_of(url);
            }
            if let Some(authority) = url.parse::<Uri>().ok().and_then(|url| url.into_parts().authority) {
                allowed_hosts.add_host(authority.as_str());
            }
        }
        // The callers of a server on this machine are its authors.
        let page_source = env.is_on("PAGE_SOURCE", matches!(source, Source::Dir(_)) && !on_lambda)?;
        Ok(Self {
            // An edited file shows at the next request.
            cache_ttl: match source {
                Source::Dir(_) => Duration::ZERO,
                Source::S3 { .. } => ttl_seconds.map_or(DEFAULT_CACHE_TTL, Duration::from_secs),
            },
            stale_ok: stale_ok_seconds.map_or(STALE_OK, Duration::from_secs),
            skills: SkillsSource::read(&source, env)?,
            source,
            addr,
            max_connections: env.number("MAX_CONNECTIONS", 1, MAX_CONNECTIONS)?,
            page_size: env.number("PAGE_SIZE", 1, MAX_PAGE_SIZE)?.unwrap_or(DEFAULT_PAGE_SIZE),
            prompt_tools: env.is_on("PROMPT_TOOLS", true)?,
            gallery_page,
            page_source,
            allowed_origins,
            allowed_hosts,
            public_url,
            sign_in,
            allow_anonymous,
            log_filter: log::filter(env)?,
            log_format: LogFormat::read(env, on_lambda)?,
            metrics_by_prompt: env.is_on("METRICS_BY_PROMPT", false)?,
            otlp: if on_lambda { Ok(None) } else { Otlp::read(env) },
            on_lambda,
        })
    }

    /// How old the state of the store may be.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        Freshness { stale_ok: self.stale_ok, is_frozen_between_calls: self.on_lambda, ..self.cache_ttl.into() }
    }
}

fn addr(flag: Option<String>, env: &Env<'_>) -> Result<SocketAddr, ConfigError> {
    let Some(value) = flag else {
        return Ok(SocketAddr::new(DEFAULT_HOST, env.number("PORT", 0, u16::MAX)?.unwrap_or(DEFAULT_PORT)));
    };
    let localhost = value.rsplit_once(':').filter(|(host, _)| host.eq_ignore_ascii_case("localhost"));
    let numeric = localhost.map(|(_, port)| format!("{DEFAULT_HOST}:{port}"));
    numeric.as_deref().unwrap_or(&value).parse().map_err(|_| {
        let expected = "expected HOST:PORT with an IP address or localhost, such as 127.0.0.1:8080 or [::1]:8080";
        ConfigError::new("--addr", value.as_str(), expected)
    })
}

#[cfg(test)]
mod tests;
