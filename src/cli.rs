//! The command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Flags};
use crate::server::{self, Server};

/// A setting or an argument that cannot be used.
const USAGE: u8 = 2;

/// Serves a team's prompts, Handlebars files in a folder or an S3 bucket, to AI clients over MCP.
#[derive(Parser)]
#[command(name = "prompt-gallery", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

const AFTER_HELP: &str = "\
Examples:
  prompt-gallery                          serve ./prompts on http://127.0.0.1:8080/mcp
  prompt-gallery --dir ~/prompts          serve another folder
  prompt-gallery --bucket my-prompts      serve s3://my-prompts/prompts/";

#[derive(Subcommand)]
enum Command {
    /// Serve the prompts (what happens without a command)
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    #[arg(long, help = "Folder of prompts [env: PROMPT_DIR] [default: prompts]", value_name = "DIR", conflicts_with_all = ["bucket", "prefix"])]
    dir: Option<PathBuf>,
    #[arg(long, help = "S3 bucket of prompts, instead of a folder [env: BUCKET_NAME]", value_name = "NAME")]
    bucket: Option<String>,
    #[arg(long, help = "Key prefix in the bucket [env: PROMPT_PREFIX] [default: prompts/]", value_name = "PREFIX")]
    prefix: Option<String>,
    #[arg(long, help = "Address to listen on [env: PORT] [default: 127.0.0.1:8080]", value_name = "HOST:PORT")]
    addr: Option<String>,
}

/// Runs what the command line says.
pub(crate) fn run(server: Server) -> ExitCode {
    let CommandLine { command, serve } = CommandLine::parse();
    let Serve { dir, bucket, prefix, addr } = match command {
        Some(Command::Serve(serve)) => serve,
        None => serve,
    };
    let config = match Config::from_env(Flags { dir, bucket, prefix, addr }) {
        Ok(config) => config,
        Err(e) => return fail(&e, USAGE),
    };
    server::log(&config);
    match server.serve(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&e, 1),
    }
}

fn fail(e: &dyn std::error::Error, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "prompt-gallery: {e}");
    ExitCode::from(code)
}

/// Tells a person how to use the server that has just started.
pub(crate) fn greet(url: &str, count: &str, location: &str) {
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#;
    let text = format!(
        "Serving {count} from {location} at {url}\n\n\
         Try it:      curl -s {url} -H 'Content-Type: application/json' -d '{list}'\n\
         Claude Code: claude mcp add --transport http prompt-gallery {url}\n\n\
         Ctrl-C stops it.\n"
    );
    // A closed standard output is no reason not to serve.
    let _ = io::stdout().write_all(text.as_bytes());
}
