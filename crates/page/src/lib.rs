//! The page of a prompt gallery: the files of `web/dist`, and the routes that serve them.
//!
//! The binary has the compressed forms alone, made when the page is built. Nothing is done before the first request for the
//! page. Its whole API is for this workspace.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | files become part of the binary | `build.rs` |
//! | the compressed form of an answer is chosen | `encoding.rs` |
//! | routes, headers and `settings.json` are made | `routes.rs` |

mod encoding;
mod files;
mod routes;

use std::io;

pub use encoding::takes_gzip;
pub use routes::{PageSettings, PageSignIn, routes};

/// The page as one file, for hosts of MCP Apps.
///
/// # Errors
/// When the binary is damaged.
pub fn app_html() -> io::Result<Vec<u8>> {
    encoding::unpack(files::APP_GZIP)
}
