//! Every setting: its name, its default, and the error that names what it takes.
//!
//! | variable | flag | default | meaning |
//! |---|---|---|---|
//! | `PROMPT_DIR` | `--dir` | `prompts` | folder of prompts; links that lead out of it are not followed |
//! | `BUCKET_NAME` | `--bucket` | | S3 bucket; when set, prompts come from S3 and not from the folder |
//! | `PROMPT_PREFIX` | `--prefix` | `prompts/` | key prefix in the bucket; `/` is the root |
//! | `S3_ADDRESSING_STYLE` | | `auto` | `virtual`: the bucket's name goes into the host name; `path`: into the path; `auto`: into the path for a custom endpoint |
//! | `S3_REQUEST_PAYER` | `--request-payer` | | `requester`: requests to a requester-pays bucket are paid for by this account |
//! | `INDEX_KEY` | | `.gallery/index.json` | key of the index in the bucket, which the server writes; empty turns it off |
//! | `PORT` | `--addr` | `127.0.0.1:8080` | local listening address; `PORT` alone keeps the host |
//! | `CACHE_TTL_SECONDS` | | `30` | how old the snapshot of the bucket may be; 0 asks S3 every time |
//! | `PAGE_SIZE` | | `500` | prompts per `prompts/list` page |
//! | `ALLOWED_ORIGINS` | | loopback (any on Lambda) | origins of browser pages that may call |
//! | `ALLOWED_HOSTS` | | loopback and `PUBLIC_URL`'s (any on Lambda) | values of `Host` that are answered |
//! | `OAUTH_ISSUER` | | | issuer of the tokens that callers need |
//! | `OAUTH_AUDIENCE` | | | what `aud` (else `client_id`) must be one of; needed with `OAUTH_ISSUER` |
//! | `OAUTH_SCOPE` | | | scope that a token must grant |
//! | `PUBLIC_URL` | | | address of the MCP endpoint as clients type it; needed with `OAUTH_ISSUER` |
//! | `OAUTH_JWKS_URL` | | the issuer's metadata | where the issuer's keys are |
//! | `OAUTH_AUTHORIZE_URL`, `OAUTH_TOKEN_URL`, `OAUTH_REVOKE_URL` | | | addresses that clients are told to sign in at, where the issuer's own metadata does not do |
//! | `OAUTH_CLIENT_ID`, `OAUTH_REDIRECT_URIS` | | | the client that registering clients are given, and where it may lead back to |
//! | `ALLOW_ANONYMOUS` | | `false` | whether callers without a token are answered |
//! | `RUST_LOG` | | `info` | log filter |
//! | `LOG_FORMAT` | | `text` (`json` on Lambda) | how log lines are written |
//!
//! `AWS_LAMBDA_RUNTIME_API`, set by Lambda alone, makes the program run as the function. A flag wins over its variable;
//! `--dir` wins over `BUCKET_NAME` too; a variable that is set but empty counts as unset, but for `INDEX_KEY`. The AWS SDK
//! reads its own settings (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_PROFILE` and so on).

mod s3;
mod sign_in;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use tracing_subscriber::filter::Targets;

use dotprompt::Named;
use dotprompt::nearest;

pub use s3::{AddressingStyle, S3Options};
#[doc(hidden)]
pub use s3::{endpoint, shown};
#[doc(hidden)]
pub use sign_in::is_trustworthy;
pub use sign_in::{AuthorizationServer, PublicClient, SignIn};
use sign_in::{public_url, sign_in};

const DEFAULT_PREFIX: &str = "prompts/";
const DEFAULT_INDEX_KEY: &str = ".gallery/index.json";
const DEFAULT_DIR: &str = "prompts";
const DEFAULT_HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_CACHE_TTL: Duration = Duration::from_secs(30);
const DEFAULT_PAGE_SIZE: usize = 500;
/// A day: more than that is a typing error, not a cache.
const MAX_CACHE_TTL_SECONDS: u64 = 86_400;
const MAX_PAGE_SIZE: usize = 10_000;
/// S3's bound on a key, in bytes.
const MAX_KEY: usize = 1024;

/// What the command line says; each wins over its variable.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--dir`
    pub dir: Option<PathBuf>,
    /// `--bucket`
    pub bucket: Option<String>,
    /// `--prefix`
    pub prefix: Option<String>,
    /// `--request-payer`
    pub request_payer: Option<String>,
    /// `--addr`
    pub addr: Option<String>,
}

/// The settings of one server, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the prompts are.
    pub source: Source,
    /// Where a local server listens; unused on Lambda.
    pub addr: SocketAddr,
    /// How old the snapshot of the bucket may be, and the `ttlMs` that clients get. Always zero for a folder.
    pub cache_ttl: Duration,
    /// Prompts per page of `prompts/list`, at least 1.
    pub page_size: usize,
    /// Which `Origin` headers are accepted.
    pub allowed_origins: Allowed,
    /// Which `Host` headers are accepted.
    pub allowed_hosts: Allowed,
    /// The address of the MCP endpoint as clients type it, where it is not the one that is listened on.
    pub public_url: Option<String>,
    /// Whose tokens callers need.
    pub sign_in: Option<SignIn>,
    /// Whether callers without a token are answered all the same.
    pub allow_anonymous: bool,
    /// What is logged.
    pub log_filter: Targets,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Whether this process is a Lambda function.
    pub on_lambda: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Where the prompts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder on this machine.
    Dir(PathBuf),
    /// Objects in S3.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What the keys start with: empty, or ending in `/`.
        prefix: String,
        /// The key of the index; none is kept without it.
        index_key: Option<String>,
        /// How the bucket is asked.
        options: S3Options,
    },
}

/// Which values of a header are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Every value.
    Any,
    /// `localhost`, 127.0.0.0/8 and `[::1]` on any port, and the values listed (lower case).
    LoopbackAnd(Vec<String>),
    /// The values listed (lower case).
    Only(Vec<String>),
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}{expected}", setting(.name, .value))]
pub struct ConfigError {
    /// The variable or flag; empty where a default cannot be used.
    pub name: &'static str,
    /// Its value; of an address without user, password and query.
    pub value: String,
    /// What it takes.
    pub expected: String,
}

fn setting(name: &str, value: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}={value}: ") }
}

impl ConfigError {
    pub(crate) fn new(name: &'static str, value: impl Into<String>, expected: impl Into<String>) -> Self {
        let value = value.into();
        // Of the address of a server or an issuer too, a part may be secret.
        let value = if value.contains("://") { shown(&value).into_owned() } else { value };
        Self { name, value, expected: expected.into() }
    }
}

impl Config {
    /// Reads the settings of this process.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(flags: Flags) -> Result<Self, ConfigError> {
        Self::new(flags, process)
    }

    /// Reads the settings from `flags` and from what `env` answers for a variable's name.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn new(flags: Flags, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = source(&flags, &env)?;
        let env = |name: &'static str| env(name).filter(|value| !value.is_empty());
        let on_lambda = env("AWS_LAMBDA_RUNTIME_API").is_some();
        if let Source::Dir(dir) = &source {
            check_dir(dir, &flags, &env, on_lambda)?;
        }
        let cache_ttl = match env("CACHE_TTL_SECONDS") {
            Some(value) => Duration::from_secs(number("CACHE_TTL_SECONDS", &value, 0, MAX_CACHE_TTL_SECONDS)?),
            None => DEFAULT_CACHE_TTL,
        };
        let addr = addr(flags.addr, env("PORT"))?;
        let (public_url, sign_in) = (public_url(&env)?, sign_in(&env)?);
        let allow_anonymous = boolean("ALLOW_ANONYMOUS", env("ALLOW_ANONYMOUS").as_deref())?;
        if !on_lambda && !addr.ip().is_loopback() && sign_in.is_none() && !allow_anonymous {
            let expected = "others than this machine could call it: OAUTH_ISSUER makes them sign in, \
                            ALLOW_ANONYMOUS=true lets anyone in";
            return Err(ConfigError::new("--addr", addr.to_string(), expected));
        }
        // A page that rebinds a name cannot send this one.
        let own = (!addr.ip().is_unspecified() && !addr.ip().is_loopback())
            .then(|| SocketAddr::new(addr.ip(), 80).to_string());
        let mut allowed_hosts = allowed("ALLOWED_HOSTS", env("ALLOWED_HOSTS"), on_lambda, parse_host)?;
        if let Allowed::LoopbackAnd(hosts) = &mut allowed_hosts {
            hosts.extend(own.as_deref().and_then(parse_host));
            // The one address that clients are told.
            let url = public_url.as_deref().unwrap_or_default();
            hosts.extend(url.parse::<Uri>().ok().and_then(|url| parse_host(url.authority()?.as_str())));
        }
        Ok(Self {
            // An edited file is to show at the next request.
            cache_ttl: if matches!(source, Source::Dir(_)) { Duration::ZERO } else { cache_ttl },
            source,
            addr,
            page_size: match env("PAGE_SIZE") {
                Some(value) => number("PAGE_SIZE", &value, 1, MAX_PAGE_SIZE)?,
                None => DEFAULT_PAGE_SIZE,
            },
            allowed_origins: allowed("ALLOWED_ORIGINS", env("ALLOWED_ORIGINS"), on_lambda, parse_origin)?,
            allowed_hosts,
            public_url,
            sign_in,
            allow_anonymous,
            log_filter: log_filter(env("RUST_LOG"))?,
            log_format: log_format(env("LOG_FORMAT").as_deref(), on_lambda)?,
            on_lambda,
        })
    }
}

impl Source {
    /// Where the settings of this process say that the prompts are; a folder may be missing.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub fn from_env(flags: &Flags) -> Result<Self, ConfigError> {
        source(flags, process)
    }
}

/// A variable of this process.
#[doc(hidden)]
#[must_use]
pub fn process(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is config.rs")]
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn source(flags: &Flags, variable: impl Fn(&str) -> Option<String>) -> Result<Source, ConfigError> {
    let env = |name| variable(name).filter(|value| !value.is_empty());
    let (bucket, name) = match &flags.bucket {
        Some(bucket) => (Some(bucket.clone()), "--bucket"),
        // A folder asked for by name is meant, whatever the environment says.
        None if flags.dir.is_some() => (None, ""),
        None => (env("BUCKET_NAME"), "BUCKET_NAME"),
    };
    if let Some(bucket) = bucket {
        s3::check_bucket(name, &bucket)?;
        let (prefix, name) = match &flags.prefix {
            Some(prefix) => (Some(prefix.clone()), "--prefix"),
            None => (env("PROMPT_PREFIX"), "PROMPT_PREFIX"),
        };
        let mut prefix = prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
        if prefix == "/" {
            prefix.clear();
        }
        if prefix.starts_with('/') {
            let expected =
                "takes a key prefix without a leading slash, such as prompts/, or / for the root of the bucket";
            return Err(ConfigError::new(name, prefix, expected));
        }
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        let index_key = index_key(variable("INDEX_KEY"), &prefix)?;
        let options = s3::s3_options(flags.request_payer.as_deref(), env)?;
        return Ok(Source::S3 { bucket, prefix, index_key, options });
    }
    if let Some(prefix) = &flags.prefix {
        return Err(ConfigError::new("--prefix", prefix, "also needs --bucket NAME or BUCKET_NAME"));
    }
    let dir = flags.dir.clone().or_else(|| env("PROMPT_DIR").map(PathBuf::from));
    Ok(Source::Dir(dir.unwrap_or_else(|| DEFAULT_DIR.into())))
}

/// Empty is none.
fn index_key(value: Option<String>, prefix: &str) -> Result<Option<String>, ConfigError> {
    let key = value.unwrap_or_else(|| DEFAULT_INDEX_KEY.to_owned());
    let takes = |what: &str| Err(ConfigError::new("INDEX_KEY", key.as_str(), format!("takes {what}")));
    if key.starts_with('/') || key.ends_with('/') {
        return takes("the key of an object, such as .gallery/index.json, or nothing for no index");
    }
    // Some clients of S3 take these out of an address on the way.
    if key.split('/').any(|part| matches!(part, "." | "..")) {
        return takes("a key of which no part is `.` or `..`, such as .gallery/index.json");
    }
    if key.len() > MAX_KEY {
        return takes(&format!("a key of at most {MAX_KEY} bytes"));
    }
    if !prefix.is_empty() && key.starts_with(prefix) {
        return takes(&format!("a key that is not below the prompts' prefix {prefix}"));
    }
    if Named::of(&key).is_some() {
        return takes("a key that is no prompt's, such as .gallery/index.json");
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}

fn check_dir(
    dir: &Path,
    flags: &Flags,
    env: &impl Fn(&'static str) -> Option<String>,
    on_lambda: bool,
) -> Result<(), ConfigError> {
    if dir.is_dir() {
        return Ok(());
    }
    let name = match (&flags.dir, env("PROMPT_DIR")) {
        (Some(_), _) => "--dir",
        (None, Some(_)) => "PROMPT_DIR",
        // Nobody asked for it.
        (None, None) => "",
    };
    let what = match (dir.exists(), name) {
        (true, "") => format!("`{}` is not a folder", dir.display()),
        (false, "") => format!("no folder `{}` here", dir.display()),
        (true, _) => "takes a folder of prompts, and this is a file".to_owned(),
        (false, _) => "takes a folder of prompts, and there is no such folder".to_owned(),
    };
    let instead = match (on_lambda, name) {
        (true, _) => "BUCKET_NAME takes the bucket's name",
        (false, "") => "pass --dir DIR or --bucket NAME",
        (false, _) => "--bucket takes an S3 bucket instead",
    };
    Err(ConfigError::new(name, dir.to_string_lossy(), format!("{what}; {instead}")))
}

fn addr(flag: Option<String>, port: Option<String>) -> Result<SocketAddr, ConfigError> {
    if let Some(value) = flag {
        let named = value.rsplit_once(':').filter(|(host, _)| host.eq_ignore_ascii_case("localhost"));
        let numeric = named.map(|(_, port)| format!("{DEFAULT_HOST}:{port}"));
        return numeric.as_deref().unwrap_or(&value).parse().map_err(|_| {
            let expected = "takes HOST:PORT with an IP address or localhost, such as 127.0.0.1:8080 or [::1]:8080";
            ConfigError::new("--addr", &value, expected)
        });
    }
    let port = match port {
        Some(value) => number("PORT", &value, 0, u16::MAX)?,
        None => DEFAULT_PORT,
    };
    Ok(SocketAddr::new(DEFAULT_HOST, port))
}

fn number<T>(name: &'static str, value: &str, min: T, max: T) -> Result<T, ConfigError>
where
    T: Copy + FromStr + PartialOrd + std::fmt::Display,
{
    match value.parse::<T>() {
        Ok(n) if n >= min && n <= max => Ok(n),
        _ => Err(ConfigError::new(name, value, format!("takes a whole number from {min} to {max}"))),
    }
}

fn boolean(name: &'static str, value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(ConfigError::new(name, other, "takes true or false")),
    }
}

fn allowed(
    name: &'static str,
    value: Option<String>,
    on_lambda: bool,
    parse: impl Fn(&str) -> Option<String>,
) -> Result<Allowed, ConfigError> {
    let Some(value) = value else {
        // In the cloud API Gateway routes by host and the token is the guard; on a laptop the browser is the danger.
        return Ok(if on_lambda { Allowed::Any } else { Allowed::LoopbackAnd(Vec::new()) });
    };
    if value.trim() == "*" {
        return Ok(Allowed::Any);
    }
    let list = value
        .split(',')
        .map(str::trim)
        .map(|item| {
            parse(item).ok_or_else(|| {
                let (one, what, example) = match name {
                    "ALLOWED_HOSTS" => ("a host", "hosts", "prompts.example.com"),
                    _ => ("an origin", "origins", "https://app.example.com"),
                };
                let item = &*shown(item);
                // Browsers and other servers know such patterns.
                let why = match item {
                    item if item.contains('*') => format!("`{item}` is a pattern; "),
                    item if item == value => String::new(),
                    item => format!("`{item}` is not {one}; "),
                };
                let expected =
                    format!("{why}takes a comma list of {what}, each in full, such as {example}, or * alone for all");
                ConfigError::new(name, &value, expected)
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if on_lambda { Allowed::Only(list) } else { Allowed::LoopbackAnd(list) })
}

/// An origin as browsers send it: without the port that its scheme implies.
fn parse_origin(value: &str) -> Option<String> {
    let uri: Uri = value.trim_end_matches('/').parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, host(uri.authority()?.as_str())?);
    let implied = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(implied).unwrap_or(&authority);
    (matches!(uri.path(), "" | "/") && uri.query().is_none())
        .then(|| format!("{}://{authority}", scheme.to_lowercase()))
}

/// A host as clients send it: without the ports that `https:` and `http:` imply.
fn parse_host(value: &str) -> Option<String> {
    let host = host(value)?;
    let implied = [":443", ":80"].iter().find_map(|port| host.strip_suffix(port));
    Some(implied.unwrap_or(&host).to_owned())
}

/// A host and perhaps its port, in lower case; no pattern, and nothing with a user's name.
fn host(value: &str) -> Option<String> {
    let authority: Authority = value.parse().ok()?;
    let is_plain = !value.contains(['@', '*']) && !authority.host().starts_with('.');
    (is_plain && !authority.host().is_empty()).then(|| authority.as_str().to_lowercase())
}

fn log_filter(value: Option<String>) -> Result<Targets, ConfigError> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let value = value.unwrap_or_else(|| "info".to_owned());
    // A word alone may be a level or a target; one that is nearly a level is a typing error, not a target.
    let is_nearly_a_level = |directive: &str| {
        let word = directive.trim().to_lowercase();
        !LEVELS.contains(&word.as_str()) && nearest(&word, LEVELS.into_iter()).is_some()
    };
    // Nor is one that would silence everything: only this crate's name stands alone.
    let is_silent = LEVELS.iter().all(|level| !value.to_lowercase().contains(level))
        && !value.contains('=')
        && !value.starts_with("prompt_gallery");
    let filter = value.parse().ok().filter(|_| !is_silent && !value.split(',').any(is_nearly_a_level));
    filter.ok_or_else(|| {
        let levels = LEVELS.join(", ");
        ConfigError::new("RUST_LOG", &value, format!("takes {levels}, or a list such as warn,prompt_gallery=debug"))
    })
}

fn log_format(value: Option<&str>, on_lambda: bool) -> Result<LogFormat, ConfigError> {
    match value {
        None => Ok(if on_lambda { LogFormat::Json } else { LogFormat::Text }),
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(ConfigError::new("LOG_FORMAT", other, "takes text or json")),
    }
}

impl Allowed {
    /// Whether a request with this `Origin` header is answered.
    #[must_use]
    pub fn permits_origin(&self, origin: &str) -> bool {
        self.permits(origin, |origin| {
            origin.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some_and(is_loopback))
        })
    }

    /// Whether a request with this `Host` header is answered. A listed host without a port stands for every port.
    #[must_use]
    pub fn permits_host(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return matches!(self, Self::Any) };
        self.permits(host, |_| is_loopback(authority.host())) || self.permits(authority.host(), |_| false)
    }

    fn permits(&self, value: &str, loopback: impl Fn(&str) -> bool) -> bool {
        let listed = |list: &[String]| list.iter().any(|item| item.eq_ignore_ascii_case(value));
        match self {
            Self::Any => true,
            Self::LoopbackAnd(list) => loopback(value) || listed(list),
            Self::Only(list) => listed(list),
        }
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: Flags, env: &[(&str, &str)]) -> Result<Config, String> {
        // Cargo runs tests in the folder of their crate; `prompts` is in the repository's.
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).expect("the repository");
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::new(flags, env).map_err(|e| e.to_string())
    }

    fn of(env: &[(&str, &str)]) -> Config {
        config(Flags::default(), env).expect("settings")
    }

    #[test]
    fn without_settings_the_folder_prompts_is_served_on_port_8080() {
        let config = of(&[]);
        assert_eq!(config.source, Source::Dir("prompts".into()));
        assert_eq!(config.addr.to_string(), "127.0.0.1:8080");
        assert_eq!((config.cache_ttl, config.page_size, config.on_lambda), (Duration::ZERO, 500, false));
        assert_eq!(config.allowed_origins, Allowed::LoopbackAnd(Vec::new()));
    }

    #[test]
    fn a_bucket_is_served_instead_of_a_folder() {
        let s3 = |prefix: &str| Source::S3 {
            bucket: "b".to_owned(),
            prefix: prefix.to_owned(),
            index_key: Some(".gallery/index.json".to_owned()),
            options: S3Options::default(),
        };
        assert_eq!(of(&[("BUCKET_NAME", "b")]).source, s3("prompts/"));
        assert_eq!(of(&[("BUCKET_NAME", "b")]).cache_ttl, Duration::from_secs(30));
        assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "team/x")]).source, s3("team/x/"));
        assert_eq!(of(&[("BUCKET_NAME", "b"), ("CACHE_TTL_SECONDS", "0")]).cache_ttl, Duration::ZERO);
        let source = of(&[("BUCKET_NAME", "b"), ("INDEX_KEY", "")]).source;
        assert!(matches!(source, Source::S3 { index_key: None, .. }), "nothing turns it off: {source:?}");
        assert_eq!(of(&[("BUCKET_NAME", ""), ("PORT", "")]).source, Source::Dir("prompts".into()));
        for root in ["/", ""] {
            let flags = Flags { bucket: Some("b".to_owned()), prefix: Some(root.to_owned()), ..Flags::default() };
            assert_eq!(config(flags, &[]).expect("settings").source, s3(""), "{root}");
        }
        assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "/")]).source, s3(""));
        assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "")]).source, s3("prompts/"));
        let whole = Flags { bucket: Some("b".to_owned()), prefix: Some(String::new()), ..Flags::default() };
        assert_eq!(config(whole, &[("BUCKET_NAME", "other")]).expect("settings").source, s3(""));
        let folder = Flags { dir: Some("src".into()), ..Flags::default() };
        assert_eq!(config(folder, &[("BUCKET_NAME", "b")]).expect("settings").source, Source::Dir("src".into()));
    }

    #[test]
    fn others_than_this_machine_need_to_sign_in() {
        let everywhere = || Flags { addr: Some("0.0.0.0:80".to_owned()), ..Flags::default() };
        let error = config(everywhere(), &[]).expect_err("an open door");
        assert_eq!(
            error,
            "--addr=0.0.0.0:80: others than this machine could call it: OAUTH_ISSUER makes them sign in, \
             ALLOW_ANONYMOUS=true lets anyone in"
        );
        assert!(config(everywhere(), &[("ALLOW_ANONYMOUS", "true")]).expect("settings").allow_anonymous);
        assert!(config(everywhere(), &[("ALLOW_ANONYMOUS", "false")]).is_err());
        let error = config(everywhere(), &[("ALLOW_ANONYMOUS", "yes")]).expect_err("a word");
        assert_eq!(error, "ALLOW_ANONYMOUS=yes: takes true or false");
        let url = "https://prompts.example.com/mcp";
        let sign_in = [("OAUTH_ISSUER", "https://id.example.com"), ("OAUTH_AUDIENCE", url), ("PUBLIC_URL", url)];
        let config = config(everywhere(), &sign_in).expect("settings");
        assert!(config.sign_in.is_some());
        assert!(config.allowed_hosts.permits_host("prompts.example.com"), "clients are told that address");
        assert!(!config.allowed_hosts.permits_host("evil.example.com"));
    }

    #[test]
    fn the_host_of_the_public_url_is_answered_without_sign_in_too() {
        let config = of(&[("PUBLIC_URL", "https://Prompts.example.com:443/mcp")]);
        assert_eq!(config.public_url.as_deref(), Some("https://Prompts.example.com:443/mcp"));
        for host in ["prompts.example.com", "prompts.example.com:443", "localhost:8080"] {
            assert!(config.allowed_hosts.permits_host(host), "{host}");
        }
        assert!(!config.allowed_hosts.permits_host("evil.example.com"));
    }

    #[test]
    fn port_alone_keeps_the_host() {
        assert_eq!(of(&[("PORT", "9000")]).addr.to_string(), "127.0.0.1:9000");
        for (addr, expected) in [
            ("127.0.0.5:1", "127.0.0.5:1"),
            ("[::1]:2", "[::1]:2"),
            ("localhost:3", "127.0.0.1:3"),
            ("LocalHost:3", "127.0.0.1:3"),
        ] {
            let flags = Flags { addr: Some(addr.to_owned()), ..Flags::default() };
            assert_eq!(config(flags.clone(), &[("PORT", "9000")]).expect("settings").addr.to_string(), expected);
            assert!(config(flags, &[("PORT", "of call")]).is_ok(), "the flag wins");
        }
    }

    #[test]
    fn a_value_that_cannot_be_used_names_the_variable_and_what_it_takes() {
        let refused = |name: &str, value: &str| {
            config(Flags::default(), &[("BUCKET_NAME", "b"), (name, value)]).expect_err("refused")
        };
        assert_eq!(refused("CACHE_TTL_SECONDS", "abc"), "CACHE_TTL_SECONDS=abc: takes a whole number from 0 to 86400");
        assert_eq!(refused("CACHE_TTL_SECONDS", "-1"), "CACHE_TTL_SECONDS=-1: takes a whole number from 0 to 86400");
        assert_eq!(refused("PAGE_SIZE", "0"), "PAGE_SIZE=0: takes a whole number from 1 to 10000");
        assert_eq!(refused("PORT", "65536"), "PORT=65536: takes a whole number from 0 to 65535");
        assert_eq!(
            refused("PROMPT_PREFIX", "/x"),
            "PROMPT_PREFIX=/x: takes a key prefix without a leading slash, such as prompts/, or / for the root of the bucket"
        );
        assert_eq!(
            refused("INDEX_KEY", "prompts/index.json"),
            "INDEX_KEY=prompts/index.json: takes a key that is not below the prompts' prefix prompts/"
        );
        assert_eq!(
            refused("INDEX_KEY", "index/"),
            "INDEX_KEY=index/: takes the key of an object, such as .gallery/index.json, or nothing for no index"
        );
        assert!(refused("INDEX_KEY", "a/../index.json").contains("takes a key of which no part is `.` or `..`"));
        assert!(refused("INDEX_KEY", &"x".repeat(1025)).ends_with("takes a key of at most 1024 bytes"));
        assert!(
            refused("INDEX_KEY", "other/a.prompt")
                .ends_with("takes a key that is no prompt's, such as .gallery/index.json")
        );
        assert_eq!(refused("LOG_FORMAT", "JSON"), "LOG_FORMAT=JSON: takes text or json");
        for filter in ["prompt_gallery=loud", "inof", "warn,debugg", "a=b=c", "verbose", "3"] {
            let refusal = refused("RUST_LOG", filter);
            assert!(refusal.starts_with(&format!("RUST_LOG={filter}: takes off, error")), "{refusal}");
        }
        for filter in ["info", "WARN", "prompt_gallery", "warn,prompt_gallery=debug,hyper", "off"] {
            assert!(config(Flags::default(), &[("RUST_LOG", filter)]).is_ok(), "{filter}");
        }
        let bucket = config(Flags::default(), &[("BUCKET_NAME", "s3://b")]).expect_err("refused");
        assert_eq!(bucket, "BUCKET_NAME=s3://b: takes the name of an S3 bucket, such as my-prompts");
        let folder = config(Flags::default(), &[("PROMPT_DIR", "no/such")]).expect_err("refused");
        let takes = "takes a folder of prompts, and";
        let bucket = "--bucket takes an S3 bucket instead";
        assert_eq!(folder, format!("PROMPT_DIR=no/such: {takes} there is no such folder; {bucket}"));
        let file = config(Flags { dir: Some("Cargo.toml".into()), ..Flags::default() }, &[]).expect_err("refused");
        assert_eq!(file, format!("--dir=Cargo.toml: {takes} this is a file; {bucket}"));
        let prefix = config(Flags { prefix: Some("x/".to_owned()), ..Flags::default() }, &[]).expect_err("refused");
        assert_eq!(prefix, "--prefix=x/: also needs --bucket NAME or BUCKET_NAME");
        for addr in ["8080", "localhost", "localhost:", ":8080", "::1:8080", "127.0.0.1:99999", "example.com:80"] {
            let refusal = config(Flags { addr: Some(addr.to_owned()), ..Flags::default() }, &[]).expect_err("refused");
            let takes = "takes HOST:PORT with an IP address or localhost, such as 127.0.0.1:8080 or [::1]:8080";
            assert_eq!(refusal, format!("--addr={addr}: {takes}"));
        }
    }

    #[test]
    fn a_list_names_hosts_and_origins_in_full() {
        let refused = |name: &str, value: &str| config(Flags::default(), &[(name, value)]).expect_err("refused");
        let origins =
            "takes a comma list of origins, each in full, such as https://app.example.com, or * alone for all";
        let hosts = "takes a comma list of hosts, each in full, such as prompts.example.com, or * alone for all";
        for (name, takes, value, why) in [
            ("ALLOWED_ORIGINS", origins, "https://*.example.com", "`https://*.example.com` is a pattern; "),
            ("ALLOWED_ORIGINS", origins, "https://a, *", "`*` is a pattern; "),
            ("ALLOWED_ORIGINS", origins, "http://localhost:*", "`http://localhost:*` is a pattern; "),
            ("ALLOWED_ORIGINS", origins, "https://a, b", "`b` is not an origin; "),
            ("ALLOWED_ORIGINS", origins, "https://a,", "`` is not an origin; "),
            ("ALLOWED_ORIGINS", origins, "app.example.com", ""),
            ("ALLOWED_ORIGINS", origins, "https://a/b", ""),
            ("ALLOWED_HOSTS", hosts, "*.example.com", "`*.example.com` is a pattern; "),
            ("ALLOWED_HOSTS", hosts, "a, .example.com", "`.example.com` is not a host; "),
            ("ALLOWED_HOSTS", hosts, "https://a", ""),
            ("ALLOWED_HOSTS", hosts, ":80", ""),
            ("ALLOWED_HOSTS", hosts, "10.0.0.0/8", ""),
        ] {
            assert_eq!(refused(name, value), format!("{name}={value}: {why}{takes}"));
        }
        let listed = [("ALLOWED_ORIGINS", "https://a:443,http://b:80"), ("ALLOWED_HOSTS", "c:443, d:81")];
        let config = of(&listed);
        for origin in ["https://a", "http://b"] {
            assert!(config.allowed_origins.permits_origin(origin), "{origin}");
        }
        for host in ["c", "c:443", "d:81"] {
            assert!(config.allowed_hosts.permits_host(host), "{host}");
        }
        assert!(!config.allowed_hosts.permits_host("d"));
    }

    #[test]
    fn log_lines_are_json_where_programs_read_them() {
        let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
        for (env, expected) in [
            (&[][..], LogFormat::Text),
            (&[("LOG_FORMAT", "json")], LogFormat::Json),
            (&[("LOG_FORMAT", "")], LogFormat::Text),
            (&[lambda], LogFormat::Json),
            (&[lambda, ("LOG_FORMAT", "text")], LogFormat::Text),
        ] {
            assert_eq!(of(env).log_format, expected, "{env:?}");
        }
    }

    #[test]
    fn on_lambda_the_lists_are_all_there_is() {
        let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
        assert_eq!(of(&[lambda]).allowed_origins, Allowed::Any);
        let listed = of(&[lambda, ("ALLOWED_ORIGINS", "https://App.example.com/ ,http://b:1")]).allowed_origins;
        assert_eq!(listed, Allowed::Only(vec!["https://app.example.com".to_owned(), "http://b:1".to_owned()]));
        assert!(!listed.permits_origin("http://localhost"));
        assert_eq!(of(&[("ALLOWED_HOSTS", "*")]).allowed_hosts, Allowed::Any);
    }
}
