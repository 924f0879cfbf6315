//! The command line: parses it, adds errors and tips that clap does not have, and runs the command.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::builder::Server;
use crate::commands::check::{self, Check};
use crate::commands::completions::{self, Completions};
use crate::commands::export::{self, Export};
use crate::commands::import::{self, Import};
use crate::commands::list::{self, List};
use crate::commands::new::{self, New};
use crate::commands::render::{self, Render};
use crate::commands::serve::{self, Serve};
use crate::commands::stdio::{self, Stdio};
use crate::commands::usage::{self, Usage};
use crate::failure::Failure;
use crate::{program, terminal};
use server::Tool;

/// Serves a team's prompts, Handlebars files in a folder or an S3 bucket, to AI clients over MCP.
#[derive(Parser)]
#[command(name = "prompt-gallery", version, after_help = AFTER_HELP)]
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
  prompt-gallery --bucket my-prompts      serve s3://my-prompts/prompts/
  prompt-gallery stdio --dir ~/prompts    serve one client that starts the program itself
  prompt-gallery new team/review          create prompts/team/review.prompt
  prompt-gallery check                    find problems in the prompts
  prompt-gallery usage                    show which prompts of the running server are used";

#[derive(Subcommand)]
enum Command {
    Serve(Serve),
    Stdio(Stdio),
    Check(Check),
    Render(Render),
    List(List),
    Usage(Usage),
    New(New),
    Export(Export),
    Import(Import),
    Completions(Completions),
}

impl Server {
    /// Runs the command line of `prompt-gallery` with this server's tools: as the function on Lambda, as a local server
    /// elsewhere. Returns when the server is told to stop, or the command ends.
    #[must_use]
    pub fn run(self) -> ExitCode {
        run(self).unwrap_or_else(Failure::exit)
    }
}

fn run(server: Server) -> Result<ExitCode, Failure> {
    completions::answer_shell(CommandLine::command);
    let CommandLine { command, serve } = match parse() {
        Ok(command_line) => command_line,
        Err(e) if e.use_stderr() => shown(e).exit(),
        // Help, or the version.
        Err(e) => {
            return Ok(program::has_reader(e.print().and_then(|()| io::stdout().flush())).map(|_| ExitCode::SUCCESS)?);
        }
    };
    match command {
        None => serve::run(serve, server),
        // The address may also be given before the command.
        Some(Command::Serve(args)) => serve::run(Serve { addr: args.addr.or(serve.addr), ..args }, server),
        Some(Command::Stdio(args)) => stdio::run(&args, server),
        Some(Command::Check(args)) => {
            let tools: Vec<&str> = server.tools.iter().map(Tool::name).collect();
            check::run(&args, &tools)
        }
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Usage(args)) => usage::run(&args),
        Some(Command::New(args)) => new::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Import(args)) => import::run(&args),
        Some(Command::Completions(args)) => completions::run(&args),
    }
}

/// Parses the command line. clap checks the options before and after the command separately; here they are checked
/// together.
fn parse() -> clap::error::Result<CommandLine> {
    let mut clap = command();
    let matches = clap.try_get_matches_from_mut(std::env::args_os()).map_err(with_tip)?;
    let command_line = CommandLine::from_arg_matches(&matches)?;
    let CommandLine { command, serve: Serve { location, addr } } = &command_line;
    let mut conflict = |one: &str, other: &str| {
        Err(clap.error(ErrorKind::ArgumentConflict, format!("the argument '{one}' cannot be used with '{other}'")))
    };
    if location.dir.is_some() {
        for (is_set, flag) in [(location.bucket.is_some(), "--bucket"), (location.prefix.is_some(), "--prefix")] {
            if is_set {
                return conflict("--dir", flag);
            }
        }
    }
    match command {
        Some(Command::Check(Check { paths, .. })) if !paths.is_empty() && location.bucket.is_some() => {
            conflict("--bucket", "PATH")
        }
        Some(Command::Serve(_)) | None => Ok(command_line),
        Some(_) if addr.is_some() => conflict("--addr", "a command other than serve"),
        Some(_) => Ok(command_line),
    }
}

/// The error with the words of the command line as standard error may get them.
fn shown(mut e: clap::Error) -> clap::Error {
    let word = |word: &String| terminal::for_stderr(word).into_owned();
    let words: Vec<_> = e
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(one) => Some((kind, ContextValue::String(word(one)))),
            ContextValue::Strings(all) => Some((kind, ContextValue::Strings(all.iter().map(word).collect()))),
            _ => None,
        })
        .collect();
    for (kind, value) in words {
        e.insert(kind, value);
    }
    e
}

/// Adds a tip to the error of an unknown word or option, where the user's intention can be guessed.
fn with_tip(mut e: clap::Error) -> clap::Error {
    let invalid = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg].map(|kind| e.get(kind));
    let Some(ContextValue::String(word)) = invalid.into_iter().flatten().next() else { return e };
    let is_render = std::env::args().any(|word| word == "render");
    let tip = match word.strip_prefix("--") {
        None if Path::new(word).is_dir() => format!("to use the folder, pass `--dir {}`", program::quoted(word)),
        None if Path::new(word).is_file() => {
            format!("to look at the file, use `{} check {}`", program::invocation(), program::quoted(word))
        }
        Some("port") => "to choose a port, pass '--addr 127.0.0.1:PORT' or set PORT".to_owned(),
        Some(name)
            if is_render && e.kind() == ErrorKind::UnknownArgument && e.get(ContextKind::SuggestedArg).is_none() =>
        {
            format!("to pass an argument of the prompt, write '{name}=VALUE'")
        }
        _ => return e,
    };
    let tip = terminal::for_stderr(&tip).into_owned();
    e.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    e
}

/// The parser. Its help texts call the program as the user did.
fn command() -> clap::Command {
    let as_called = |help: Option<&StyledStr>| {
        let help = help.map(ToString::to_string).unwrap_or_default();
        help.replace("prompt-gallery ", &format!("{} ", program::invocation()))
    };
    let command = CommandLine::command().bin_name(program::invocation());
    let examples = as_called(command.get_after_help());
    command.after_help(examples).mut_subcommands(|command| {
        let examples = as_called(command.get_after_help());
        command.after_help(examples)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
