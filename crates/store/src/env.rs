//! The environment of this process. All other code reads it through these functions.

/// A variable; characters that are not UTF-8 are replaced.
#[must_use]
pub fn process(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is env.rs")]
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// A variable that is set and not empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    process(name).filter(|value| !value.is_empty())
}
