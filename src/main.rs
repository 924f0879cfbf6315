//! The `prompt-gallery` program: a server with two tools. `Server::run`, in `cli.rs`, parses the command line and runs the
//! command; programs with tools of their own call it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    prompt_gallery::Server::new().run()
}
