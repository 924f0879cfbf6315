//! The `prompt-gallery` program: the library's server with its own two tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    prompt_gallery::Server::new().run()
}
