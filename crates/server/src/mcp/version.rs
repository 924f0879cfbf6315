//! The versions of the protocol, in two eras.

/// The revision without a handshake.
pub const MODERN: &str = "2026-07-28";
/// The revisions with `initialize`, newest first.
pub const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// All of them, newest first.
pub(crate) const SUPPORTED: [&str; 4] = [MODERN, HANDSHAKE[0], HANDSHAKE[1], HANDSHAKE[2]];

/// The two kinds of revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// Each request names its version.
    Modern,
    /// `initialize` agrees on a version.
    Handshake,
}

/// The handshake revision of this name.
pub(super) fn handshake(version: &str) -> Option<&'static str> {
    HANDSHAKE.into_iter().find(|known| *known == version)
}
