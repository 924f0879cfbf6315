//! Flags, variables by name, and the kinds of values that several settings have.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::ConfigError;

/// The flags of the command line. Each wins over its variable.
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

/// Returns the values of variables: those of this process, or those of a test.
pub(super) struct Env<'e>(pub(super) &'e dyn Fn(&str) -> Option<String>);

impl Env<'_> {
    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.get_or_empty(name).filter(|value| !value.is_empty())
    }

    /// A variable that is set, even if it is empty.
    pub(super) fn get_or_empty(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    /// The value of a flag, else of its variable, and the name of the one that was used.
    pub(super) fn flag_or(
        &self,
        (flag, flag_name): (Option<&str>, &'static str),
        name: &'static str,
    ) -> (Option<String>, &'static str) {
        match flag {
            Some(value) => (Some(value.to_owned()), flag_name),
            None => (self.get(name), name),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// Another value, or a number outside of `min` and `max`.
    pub(super) fn number<T>(&self, name: &'static str, min: T, max: T) -> Result<Option<T>, ConfigError>
    where
        T: Copy + Display + FromStr + PartialOrd,
    {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.parse::<T>() {
            Ok(number) if number >= min && number <= max => Ok(Some(number)),
            _ => Err(ConfigError::new(name, value, format!("expected a whole number from {min} to {max}"))),
        }
    }

    /// `true` or `false`, which is the default.
    ///
    /// # Errors
    /// Another value.
    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, ConfigError> {
        match self.get(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(ConfigError::new(name, other, "expected true or false")),
        }
    }

    /// Whether a part of the server is on.
    ///
    /// # Errors
    /// A value other than `on` and `off`.
    pub(super) fn is_on(&self, name: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.get(name).as_deref() {
            None => Ok(default),
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(other) => Err(ConfigError::new(name, other, "expected on or off")),
        }
    }
}
