//! The error of a setting.

use store::causes::shown;

/// A wrong value of a setting.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{}{expected}", setting(.name, .value))]
pub struct ConfigError {
    /// The variable or flag; empty if the default is wrong.
    pub name: &'static str,
    /// Its value, without user, password and query if it is an address.
    pub value: String,
    /// What is expected instead.
    pub expected: String,
}

fn setting(name: &str, value: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}={value}: ") }
}

impl ConfigError {
    pub(super) fn new(name: &'static str, value: impl Into<String>, expected: impl Into<String>) -> Self {
        let value = value.into();
        // A part of an address may be secret.
        let value = if value.contains("://") { shown(&value).into_owned() } else { value };
        Self { name, value, expected: expected.into() }
    }
}
