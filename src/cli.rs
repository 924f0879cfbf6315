//! The command line.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, StyledStr, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use clap_complete::engine::ArgValueCompleter;

use check::Client;
use dotprompt::{Code, Level};
use gallery::config::{Config, Flags};

use crate::commands;
use crate::commands::report::Format;
use crate::failure::Failure;
use crate::program;
use crate::server::Server;

/// Serves a team's prompts, Handlebars files in a folder or an S3 bucket, to AI clients over MCP.
#[derive(Parser)]
#[command(name = "prompt-gallery", version, after_help = AFTER_HELP)]
pub(crate) struct CommandLine {
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
  prompt-gallery new team/review          write prompts/team/review.prompt to start from
  prompt-gallery check                    find what is wrong with the prompts";

#[derive(Subcommand)]
enum Command {
    /// Serve the prompts (what happens without a command)
    #[command(after_help = AFTER_SERVE)]
    Serve(Serve),
    /// Find everything that is wrong with the prompts, and what AI clients will do with them
    #[command(after_help = AFTER_CHECK)]
    Check(Check),
    /// Show a prompt as a client would get it
    #[command(after_help = AFTER_RENDER)]
    Render(Render),
    /// List the prompts
    #[command(after_help = AFTER_LIST)]
    List(List),
    /// Write a new prompt to start from
    #[command(after_help = AFTER_NEW)]
    New(New),
    /// Print the script with which a shell completes commands, options, prompts and their arguments
    #[command(after_help = AFTER_COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where the prompts are; before or after the command.
#[derive(Args, Clone)]
pub(crate) struct Location {
    #[arg(long, global = true, help = "Folder of prompts [env: PROMPT_DIR] [default: prompts]", value_name = "DIR", conflicts_with_all = ["bucket", "prefix"])]
    pub(crate) dir: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        help = "S3 bucket of prompts, instead of a folder [env: BUCKET_NAME]",
        value_name = "NAME"
    )]
    pub(crate) bucket: Option<String>,
    #[arg(
        long,
        global = true,
        help = "Key prefix in the bucket, / for its root [env: PROMPT_PREFIX] [default: prompts/]",
        value_name = "PREFIX"
    )]
    pub(crate) prefix: Option<String>,
    #[arg(
        long,
        global = true,
        help = "`requester`: this account pays for its requests to a requester-pays bucket [env: S3_REQUEST_PAYER]",
        value_name = "PAYER",
        hide_short_help = true
    )]
    pub(crate) request_payer: Option<String>,
}

impl Location {
    /// The command line that does this with the same prompts, to be pasted into a shell: `prompt-gallery check --dir x`.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let Self { dir, bucket, prefix, request_payer } = self;
        let flags = [
            ("--dir", dir.as_ref().map(|dir| dir.as_os_str())),
            ("--bucket", bucket.as_ref().map(OsStr::new)),
            ("--prefix", prefix.as_ref().map(OsStr::new)),
            ("--request-payer", request_payer.as_ref().map(OsStr::new)),
        ];
        let flags = flags.into_iter().filter_map(|(flag, value)| {
            let value = value?;
            // It would be a flag of its own.
            let between = if value.as_encoded_bytes().starts_with(b"-") { "=" } else { " " };
            Some(format!("{flag}{between}{}", program::quoted(value)))
        });
        let (command, rest) = words.split_at(1);
        let rest = rest.iter().map(program::quoted);
        let called = [program::called(), command[0]].map(str::to_owned);
        called.into_iter().chain(flags).chain(rest).collect::<Vec<_>>().join(" ")
    }
}

impl From<Location> for Flags {
    fn from(Location { dir, bucket, prefix, request_payer }: Location) -> Self {
        Self { dir, bucket, prefix, request_payer, addr: None }
    }
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    location: Location,
    #[arg(long, help = "Address to listen on [env: PORT] [default: 127.0.0.1:8080]", value_name = "HOST:PORT")]
    addr: Option<String>,
}

const AFTER_SERVE: &str = "\
Other settings are variables: RUST_LOG=warn filters the log and LOG_FORMAT=json writes it as JSON, ALLOWED_HOSTS and
ALLOWED_ORIGINS name who may call, OAUTH_ISSUER makes callers sign in. The README lists all.

Examples:
  prompt-gallery serve --dir ~/prompts
  prompt-gallery serve --bucket my-prompts --prefix team/
  prompt-gallery serve --addr 127.0.0.1:9000
  LOG_FORMAT=json prompt-gallery serve --bucket my-prompts";

#[derive(Args)]
pub(crate) struct Check {
    #[arg(help = "Folders, files, s3://BUCKET/PREFIX [default: what would be served]", value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with_all = ["bucket", "prefix"])]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) location: Location,
    /// How problems are printed
    #[arg(long, default_value = "human")]
    pub(crate) format: Format,
    /// Also fail on this level
    #[arg(long, value_name = "LEVEL")]
    pub(crate) deny: Option<Denied>,
    /// Suppress this warning or note (repeatable)
    #[arg(long, value_name = "CODE", value_parser = allowed())]
    pub(crate) allow: Vec<Code>,
    /// Clients that your team uses: what they do is a warning then, and what others do is not shown
    #[arg(long, value_name = "CLIENT", value_delimiter = ',', value_parser = client())]
    pub(crate) client: Vec<Client>,
    /// Check again after each change of the files, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Human, Self::Json, Self::Github]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Human => ("human", "With the line of each problem"),
            Self::Json => ("json", "One array of objects"),
            Self::Github => ("github", "Commands that GitHub Actions shows in a pull request"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Denied {
    Warnings,
}

const AFTER_CHECK: &str = "\
Errors make a prompt unusable; warnings and notes do not. What a client does with a prompt is a note, or a warning with
--client. Exit code: 0 without errors, 1 with some (with warnings too under --deny warnings), 2 if the files could not
be checked; with --watch that of the last check. What clients do with more than three files is shown once for all of
them, and of each with --format json or github.

Examples:
  prompt-gallery check                                     what would be served
  prompt-gallery check prompts/team/review.prompt          one file and its partials
  prompt-gallery check prompts/a.prompt more-prompts/      several files and folders
  prompt-gallery check s3://my-prompts/prompts/            with the standard AWS settings
  prompt-gallery check --deny warnings --client claude-code,vscode
  prompt-gallery check --watch                             again after each change
  prompt-gallery check --format github                     in a workflow of GitHub Actions";

/// Reads the code of a warning or a note.
fn allowed() -> impl TypedValueParser<Value = Code> {
    let codes = || Code::ALL.iter().copied().filter(|code| code.level() != Level::Error);
    PossibleValuesParser::new(codes().map(Code::as_str))
        .map(move |word| codes().find(|code| code.as_str() == word).expect("one of the possible values"))
}

/// Reads the name of a client.
fn client() -> impl TypedValueParser<Value = Client> {
    PossibleValuesParser::new(Client::ALL.map(Client::word))
        .map(|word| Client::ALL.into_iter().find(|client| client.word() == word).expect("one of the possible values"))
}

#[derive(Args)]
pub(crate) struct Render {
    /// The prompt as clients know it, or its file
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(commands::complete::Prompts))]
    pub(crate) name: String,
    /// An argument; KEY=@FILE takes it from a file, KEY=@- from standard input, KEY=@@… begins with an @
    #[arg(value_name = "KEY=VALUE", value_parser = Given::parse, add = ArgValueCompleter::new(commands::complete::Arguments))]
    pub(crate) arguments: Vec<(String, Given)>,
    #[command(flatten)]
    pub(crate) location: Location,
    /// Print the result of `prompts/get` as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl Given {
    fn parse(argument: &str) -> Result<(String, Self), String> {
        let Some((name, value)) = argument.split_once('=') else {
            return Err("an argument is KEY=VALUE".to_owned());
        };
        if name.is_empty() {
            return Err("an argument's name stands before the =, as in KEY=VALUE".to_owned());
        }
        let value = match value.strip_prefix('@') {
            None => Self::Text(value.to_owned()),
            Some("-") => Self::Stdin,
            Some(literal) if literal.starts_with('@') => Self::Text(literal.to_owned()),
            Some("") => return Err("a file's name follows the @; a text that begins with one is KEY=@@…".to_owned()),
            Some(path) => Self::File(path.into()),
        };
        Ok((name.to_owned(), value))
    }
}

const AFTER_RENDER: &str = "\
A text alone is printed as it is; of several messages, and of pictures and files, each has a heading with its role.
What is missing is asked for on a terminal, where Ctrl-D gives up.

Examples:
  prompt-gallery render greeting-template name=Ada
  prompt-gallery render prompts/code-review.prompt code=@src/main.rs focus=security
  git diff | prompt-gallery render code-review code=@- | llm
  prompt-gallery render greeting-template name=@@ada --json";

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) location: Location,
    /// Print an array of objects
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER_LIST: &str = "\
On a terminal, a table that fits it, in which `x?` is an optional argument and versions are shortened; where it is
narrow, the last columns are left out. Into a pipe or a file, one line a prompt with tabs between name, title,
arguments, tags, file and version, all in full.

Examples:
  prompt-gallery list
  prompt-gallery list --bucket my-prompts
  prompt-gallery list | cut -f1
  prompt-gallery list --json";

#[derive(Args)]
pub(crate) struct New {
    /// The prompt or the path of its file; / divides folders
    #[arg(value_name = "NAME", value_hint = ValueHint::DirPath)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) location: Location,
}

const AFTER_NEW: &str = "\
Folders that are missing are made. Nothing is ever overwritten.

Examples:
  prompt-gallery new review                     prompts/review.prompt
  prompt-gallery new review.hbs                 prompts/review.hbs
  prompt-gallery new team/review                prompts/team/review.prompt, which clients know as team_review
  prompt-gallery new prompts/team/review.hbs    the path of the file
  prompt-gallery new review --dir ~/prompts     in another folder";

const AFTER_COMPLETIONS: &str = "\
Examples:
  source <(prompt-gallery completions bash)       in ~/.bashrc
  source <(prompt-gallery completions zsh)        in ~/.zshrc, after compinit
  prompt-gallery completions fish | source        in ~/.config/fish/config.fish";

/// Runs what the command line says.
pub(crate) fn run(server: Server) -> Result<ExitCode, Failure> {
    commands::complete::answer();
    let CommandLine { command, serve } = match parse() {
        Ok(command_line) => command_line,
        Err(e) if e.use_stderr() => e.exit(),
        // Help, or the version.
        Err(e) => {
            return Ok(program::written(e.print().and_then(|()| io::stdout().flush())).map(|_| ExitCode::SUCCESS)?);
        }
    };
    match command.unwrap_or(Command::Serve(Serve { location: serve.location, addr: None })) {
        Command::Serve(Serve { location, addr }) => {
            let list = location.command(&["list"]);
            let flags = Flags { addr: addr.or(serve.addr), ..location.into() };
            server.serve(&Config::from_env(flags).map_err(Failure::unable)?, &list)
        }
        Command::Check(args) => commands::check::run(&args),
        Command::Render(args) => commands::render::run(&args),
        Command::List(args) => commands::list::run(&args),
        Command::New(args) => commands::new::run(&args),
        Command::Completions { shell } => {
            let script = commands::complete::script(&shell.to_string())?;
            program::print(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads the command line, of which clap checks each command's part alone.
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

/// Says how what is not known is written here.
fn with_tip(mut e: clap::Error) -> clap::Error {
    let invalid = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg].map(|kind| e.get(kind));
    let Some(ContextValue::String(word)) = invalid.into_iter().flatten().next() else { return e };
    let is_render = std::env::args().any(|word| word == "render");
    let tip = match word.strip_prefix("--") {
        None if Path::new(word).is_dir() => format!("to use the folder, pass `--dir {}`", program::quoted(word)),
        None if Path::new(word).is_file() => {
            format!("to look at the file, use `{} check {}`", program::called(), program::quoted(word))
        }
        Some("port") => "to choose a port, pass '--addr 127.0.0.1:PORT' or set PORT".to_owned(),
        Some(name)
            if is_render && e.kind() == ErrorKind::UnknownArgument && e.get(ContextKind::SuggestedArg).is_none() =>
        {
            format!("to pass an argument of the prompt, write '{name}=VALUE'")
        }
        _ => return e,
    };
    e.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    e
}

/// The command line, whose help says how the program was called.
fn command() -> clap::Command {
    let called = |help: Option<&StyledStr>| {
        help.map(|help| help.to_string().replace("prompt-gallery ", &format!("{} ", program::called())))
    };
    let command = CommandLine::command().bin_name(program::called());
    let examples = called(command.get_after_help()).unwrap_or_default();
    command.after_help(examples).mut_subcommands(|command| {
        let examples = called(command.get_after_help()).unwrap_or_default();
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

    #[test]
    fn a_place_is_said_before_or_after_every_command() {
        let place = Location::augment_args(clap::Command::new("any"));
        let alone: Vec<_> = place.get_arguments().filter(|arg| !arg.is_global_set()).map(clap::Arg::get_id).collect();
        assert!(alone.is_empty(), "{alone:?}");
    }

    #[test]
    fn a_hint_repeats_what_was_said_of_the_place() {
        let location = |words: &[&str]| {
            let words = [&["prompt-gallery", "list"], words].concat();
            let Some(Command::List(List { location, .. })) = CommandLine::parse_from(words).command else {
                unreachable!("it is `list`")
            };
            let command = location.command(&["check", "a b"]);
            command.strip_prefix(program::called()).expect("the program").to_owned()
        };
        assert_eq!(location(&[]), " check 'a b'");
        assert_eq!(location(&["--dir=-x y"]), " check --dir='-x y' 'a b'");
        assert_eq!(
            location(&["--bucket", "b", "--prefix", "it's/", "--request-payer", "requester"]),
            " check --bucket b --prefix \"it's/\" --request-payer requester 'a b'"
        );
    }

    #[test]
    fn an_argument_is_a_text_a_file_or_what_is_piped_in() {
        let text = |text: &str| Given::Text(text.to_owned());
        for (argument, expected) in [
            ("a=b=c", text("b=c")),
            ("a=", text("")),
            ("a=@@x", text("@x")),
            ("a=@@", text("@")),
            ("a=x@y", text("x@y")),
            ("a=@f/x.txt", Given::File("f/x.txt".into())),
            ("a=@-", Given::Stdin),
        ] {
            assert_eq!(Given::parse(argument), Ok(("a".to_owned(), expected)), "{argument}");
        }
        for wrong in ["a", "a=@", "=", "=x"] {
            assert!(Given::parse(wrong).is_err(), "{wrong}");
        }
    }
}
