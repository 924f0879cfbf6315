//! What is logged, and how: `RUST_LOG` and `LOG_FORMAT`.

use dotprompt::nearest;
use tracing_subscriber::filter::Targets;

use super::env::Env;
use super::error::ConfigError;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) fn read(env: &Env<'_>, on_lambda: bool) -> Result<Self, ConfigError> {
        match env.get("LOG_FORMAT").as_deref() {
            None => Ok(if on_lambda { Self::Json } else { Self::Text }),
            Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => Err(ConfigError::new("LOG_FORMAT", other, "expected text or json")),
        }
    }
}

pub(super) fn filter(env: &Env<'_>) -> Result<Targets, ConfigError> {
    let value = env.get("RUST_LOG").unwrap_or_else(|| "info".to_owned());
    // A single word may be a level or a target. A word that is nearly a level is a typing error, not a target.
    let is_nearly_a_level = |directive: &str| {
        let word = directive.trim().to_lowercase();
        !LEVELS.contains(&word.as_str()) && nearest(&word, LEVELS.into_iter()).is_some()
    };
    // A target without a level turns everything else off. Only this program's name is accepted alone.
    let is_silent = LEVELS.iter().all(|level| !value.to_lowercase().contains(level))
        && !value.contains('=')
        && !value.starts_with("prompt_gallery");
    let filter = value.parse().ok().filter(|_| !is_silent && !value.split(',').any(is_nearly_a_level));
    filter.ok_or_else(|| {
        let levels = LEVELS.join(", ");
        ConfigError::new("RUST_LOG", &value, format!("expected {levels}, or a list such as warn,prompt_gallery=debug"))
    })
}
