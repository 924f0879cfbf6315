//! `prompt-gallery render`: prints a prompt as a client would get it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use clap::Args;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;

use super::limited_folder::LimitedFolder;
use super::path::{self, Placed};
use super::runtime;
use crate::failure::Failure;
use crate::location::Location;
use crate::{open, program, terminal};
use check::strays;
use dotprompt::{ArgumentProblem, EXTENSIONS, Named, Prompt, bounds};
use gallery::{Content, PromptMessage, Role};
use gallery::{Gallery, GalleryError, Rendered};
use server::config::{Config, Source};
use store::PromptStore;

/// Show a prompt as a client would get it
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Render {
    /// The prompt as clients know it, or its file
    #[arg(value_name = "NAME")]
    name: String,
    /// An argument; KEY=@FILE reads it from a file, KEY=@- from standard input, KEY=@@… starts with an @
    #[arg(value_name = "KEY=VALUE", value_parser = ValueSource::parse)]
    arguments: Vec<(String, ValueSource)>,
    #[command(flatten)]
    location: Location,
    /// Print the result of `prompts/get` as JSON
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A prompt of one text message is printed as it is. Otherwise each message, picture and file has a heading with its role.
On a terminal, missing arguments are asked for; Ctrl-D gives up. Control characters are shown as signs there; a pipe gets them.

Examples:
  prompt-gallery render greeting-template name=Ada
  prompt-gallery render prompts/code-review.prompt code=@src/main.rs focus=security
  git diff | prompt-gallery render code-review code=@- | llm
  prompt-gallery render greeting-template name=@@ada --json";

const HEADING: Style = Style::new().bold();
/// Bytes of a line that a terminal on Linux accepts. It drops the rest.
const MAX_TERMINAL_LINE: usize = 4095;

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ValueSource {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl ValueSource {
    /// Parses `KEY=VALUE`.
    fn parse(argument: &str) -> Result<(String, Self), String> {
        let Some((name, value)) = argument.split_once('=') else {
            return Err("expected KEY=VALUE".to_owned());
        };
        if name.is_empty() {
            return Err("expected a name before the =, as in KEY=VALUE".to_owned());
        }
        let value = match value.strip_prefix('@') {
            None => Self::Text(value.to_owned()),
            Some("-") => Self::Stdin,
            Some(literal) if literal.starts_with('@') => Self::Text(literal.to_owned()),
            Some("") => {
                return Err("expected a file name after the @; write KEY=@@… for a text that starts with @".to_owned());
            }
            Some(path) => Self::File(path.into()),
        };
        Ok((name.to_owned(), value))
    }

    /// Reads the value.
    ///
    /// # Errors
    /// A file that cannot be read, a value that is too long or not UTF-8.
    fn read(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => File::open(path)
                .map_err(|e| e.to_string())
                .and_then(read_text)
                .map_err(|e| format!("{}: {e}", path.display())),
            Self::Stdin => read_text(io::stdin()).map_err(|e| format!("standard input: {e}")),
        }
    }
}

/// Reads a text of at most [`bounds::ARGUMENT`] bytes: some files have no end.
fn read_text(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let most = bounds::ARGUMENT;
    from.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() > most {
        return Err(format!("an argument has at most {most} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())
}

pub(crate) fn run(args: &Render) -> Result<ExitCode, Failure> {
    let target = Target::new(args)?;
    // Warnings about other files are not shown if the folder is not served.
    let level = if target.is_outside() { LevelFilter::ERROR } else { LevelFilter::WARN };
    let rendered = runtime::run(level, render(args, &target))?;
    let is_styled = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    let heading = if is_styled { HEADING } else { Style::new() };
    match args.json {
        true => program::print_json(&as_json(&rendered))?,
        false => program::print_styled(&as_text(&rendered.messages, heading, terminal::for_stdout))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The gallery to render from.
struct Target {
    config: Config,
    /// The file, if a file was named.
    placed: Option<Placed>,
}

impl Target {
    fn new(Render { name, location, .. }: &Render) -> Result<Self, Failure> {
        // In a bucket, a path is a key.
        let is_path = path::is_path(name) && location.bucket.is_none();
        if let Some(file) = path::file(name).filter(|_| is_path) {
            let placed = Placed::new(&file, location)?;
            return Ok(Self { config: placed.config()?, placed: Some(placed) });
        }
        if let Some(why) = path::why_not_a_prompt(name).filter(|_| is_path) {
            return Err(Failure::wrong(why));
        }
        let config = location.config().map_err(|e| match path::is_anchored(name) && location.dir.is_none() {
            true => Failure::wrong(format!("{name}: no such file")),
            false => e,
        })?;
        Ok(Self { config, placed: None })
    }

    /// Whether a file outside the served folder was named.
    fn is_outside(&self) -> bool {
        self.placed.as_ref().is_some_and(|placed| !placed.is_served)
    }

    async fn store(&self) -> Result<Arc<dyn PromptStore>, Failure> {
        match &self.placed {
            Some(Placed { root, key, is_served: false }) => {
                let folder = LimitedFolder::open(root, BTreeSet::from([key.clone()]));
                Ok(Arc::new(folder.map_err(Failure::unable)?))
            }
            _ => open::store(&self.config.source).await,
        }
    }
}

async fn render(args: &Render, target: &Target) -> Result<Rendered, Failure> {
    let gallery = open::gallery(target.store().await?, &target.config);
    let name = prompt_name(&args.name, target, &gallery).await?;
    let failure = |e: GalleryError| match e {
        GalleryError::Broken { .. } => {
            let words = ["check", &args.name];
            let words = if target.placed.is_some() { &words[..] } else { &words[..1] };
            Failure::wrong(format!("{e}; `{}` shows all problems", args.location.command(words)))
        }
        GalleryError::UnknownPrompt { .. } => {
            unknown_prompt(&args.name, &e, matches!(target.config.source, Source::S3 { .. }))
        }
        e => e.into(),
    };
    let prompt = gallery.prompt(&name).await.map_err(failure)?;
    let mut values = values(&args.arguments)?;
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        ask_for_missing(&prompt, &mut values)?;
    }
    gallery.get(&name, &values, None).await.map_err(failure)
}

/// The error for a prompt that does not exist, or for a path without a file.
fn unknown_prompt(given: &str, e: &GalleryError, is_bucket: bool) -> Failure {
    let has_ending = EXTENSIONS.iter().any(|extension| given.ends_with(extension));
    let is_foreign = !has_ending && given.rsplit_once('.').is_some_and(|(_, ending)| strays::is_foreign(ending));
    Failure::wrong(match e {
        GalleryError::UnknownPrompt { nearest: None, .. } if is_foreign => format!("{e}: {}", strays::ENDINGS),
        GalleryError::UnknownPrompt { nearest: None, .. } if path::is_path(given) && !is_bucket => {
            format!("{given}: no such file, and no prompt has this name")
        }
        e => e.to_string(),
    })
}

/// The name of the prompt that the command line names by its name, its file or its key.
async fn prompt_name(given: &str, target: &Target, gallery: &Gallery) -> Result<String, Failure> {
    if !path::is_path(given) {
        return Ok(given.to_owned());
    }
    let files = gallery.files().await?;
    if let Some(Placed { key, .. }) = &target.placed {
        return match (path::name_of(key, &files), Named::of(key)) {
            (Some(name), _) => Ok(name.to_owned()),
            (None, Some(Named::Partial(name))) => {
                Err(Failure::wrong(format!("{given} is the partial `{name}`: render a prompt that uses it")))
            }
            (None, _) => Err(Failure::wrong(format!("{given} is not served from {}", gallery.location()))),
        };
    }
    let below = match &target.config.source {
        Source::Dir(dir) => path::key_below(dir, given).ok().flatten(),
        Source::S3 { bucket, prefix, .. } => {
            let key = given.strip_prefix(&format!("s3://{bucket}/")).unwrap_or(given);
            key.strip_prefix(prefix.as_str()).map(str::to_owned)
        }
    };
    let is_key = !path::is_anchored(given);
    let mut keys = below.as_deref().into_iter().chain(is_key.then_some(given));
    // For an unknown name the gallery suggests another.
    let name = keys.clone().find_map(|key| path::name_of(key, &files)).or_else(|| keys.next());
    Ok(name.unwrap_or(given).to_owned())
}

fn values(arguments: &[(String, ValueSource)]) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for (name, source) in arguments {
        let value = source.read().map_err(|e| Failure::wrong(format!("argument `{name}`: {e}")))?;
        if values.insert(name.clone(), value.into()).is_some() {
            return Err(Failure::unable(format!("argument `{name}` is given twice")));
        }
    }
    Ok(values)
}

/// Asks for missing arguments, unless something else is wrong too.
fn ask_for_missing(prompt: &Prompt, values: &mut Map<String, Value>) -> Result<(), Failure> {
    let Err(problems) = prompt.resolve(values) else { return Ok(()) };
    let missing = problems.iter().map(|problem| match problem {
        ArgumentProblem::Missing { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let Some(missing) = missing.collect::<Option<Vec<_>>>() else { return Ok(()) };
    for argument in prompt.arguments().iter().filter(|argument| missing.contains(&&*argument.name)) {
        let title = argument.title.as_ref().unwrap_or(&argument.name);
        let about = argument.listed_description.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
        // To the person at the terminal; standard output is for the rendered prompt.
        program::tell(format_args!("{title}{about}"));
        loop {
            values.insert(argument.name.clone(), read_answer(&argument.name)?.into());
            match objection(prompt, &argument.name, values) {
                Some(why) => program::tell(why),
                None => break,
            }
        }
    }
    Ok(())
}

/// Reads the value of an argument from the terminal.
fn read_answer(name: &str) -> Result<String, Failure> {
    program::ask("> ");
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    if read.map_err(|e| Failure::unable(format!("argument `{name}`: {e}")))? == 0 {
        program::tell("");
        return Err(Failure::unable(format!("argument `{name}`: the input ended without an answer")));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Why the value of `name` is refused. Other arguments may still be missing.
fn objection(prompt: &Prompt, name: &str, values: &Map<String, Value>) -> Option<String> {
    if values[name].as_str().is_some_and(|text| text.len() >= MAX_TERMINAL_LINE) {
        return Some(format!("the terminal cuts lines of this length; {name}=@FILE reads the value from a file"));
    }
    prompt.resolve(values).err()?.iter().find_map(|problem| match problem {
        ArgumentProblem::Missing { name: missing, .. } if missing == name => {
            Some(format!("argument `{name}` is required"))
        }
        ArgumentProblem::Missing { .. } => None,
        problem => Some(problem.to_string()),
    })
}

fn as_json(rendered: &Rendered) -> String {
    let is_terminal = io::stdout().is_terminal();
    let json = if is_terminal { serde_json::to_string_pretty(rendered) } else { serde_json::to_string(rendered) };
    json.expect("a rendering serialises") + "\n"
}

/// A single text as it is, ready to be piped; several messages with headings. `shown` makes it harmless for a terminal.
fn as_text(messages: &[PromptMessage], heading: Style, shown: fn(&str) -> Cow<'_, str>) -> String {
    if let [PromptMessage { content: Content::Text { text }, .. }] = messages {
        return with_line_end(&shown(text));
    }
    let message = |message: &PromptMessage| {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        format!("{heading}── {role} ──{heading:#}\n{}", with_line_end(&shown(&content_text(&message.content))))
    };
    messages.iter().map(message).collect::<Vec<_>>().join("\n")
}

fn with_line_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn content_text(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Image { data, mime_type } => format!("[image {mime_type}, {}]", size(data)),
        Content::Audio { data, mime_type } => format!("[audio {mime_type}, {}]", size(data)),
        Content::ResourceLink { uri, mime_type, .. } => match mime_type {
            Some(mime_type) => format!("[link {uri}, {mime_type}]"),
            None => format!("[link {uri}]"),
        },
        Content::Resource { resource } => {
            let field = |name: &str| resource[name].as_str().unwrap_or_default();
            let (uri, mime_type) = (field("uri"), field("mimeType"));
            match resource["text"].as_str() {
                Some(text) => format!("[file {uri}, {mime_type}]\n{text}"),
                None => format!("[file {uri}, {mime_type}, {}]", size(field("blob"))),
            }
        }
        _ => "[content of another kind]".to_owned(),
    }
}

/// The size of the bytes that base64 encodes, for people.
fn size(base64: &str) -> String {
    let bytes = base64.trim_end_matches('=').len() * 3 / 4;
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KB", bytes.div_ceil(1024)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(role: Role, content: Content) -> PromptMessage {
        PromptMessage { role, content }
    }

    fn as_plain_text(messages: &[PromptMessage]) -> String {
        as_text(messages, Style::new(), |text| Cow::Borrowed(text))
    }

    #[test]
    fn an_argument_is_a_text_a_file_or_standard_input() {
        let text = |text: &str| ValueSource::Text(text.to_owned());
        for (argument, expected) in [
            ("a=b=c", text("b=c")),
            ("a=", text("")),
            ("a=@@x", text("@x")),
            ("a=@@", text("@")),
            ("a=x@y", text("x@y")),
            ("a=@f/x.txt", ValueSource::File("f/x.txt".into())),
            ("a=@-", ValueSource::Stdin),
        ] {
            assert_eq!(ValueSource::parse(argument), Ok(("a".to_owned(), expected)), "{argument}");
        }
        for wrong in ["a", "a=@", "=", "=x"] {
            assert!(ValueSource::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_alone_is_printed_as_it_is() {
        assert_eq!(as_plain_text(&[message(Role::User, Content::text("a\nb"))]), "a\nb\n");
        assert_eq!(as_plain_text(&[message(Role::Assistant, Content::text("a\n"))]), "a\n");
    }

    #[test]
    fn several_messages_have_headings_and_no_base64() {
        let image = Content::Image { data: "A".repeat(16_000), mime_type: "image/png".to_owned() };
        let link = Content::ResourceLink { uri: "https://x/y".to_owned(), name: "y".to_owned(), mime_type: None };
        let text = json!({ "uri": "gallery:///a.md", "mimeType": "text/markdown", "text": "# A\n" });
        let blob = json!({ "uri": "gallery:///a.pdf", "mimeType": "application/pdf", "blob": "QUJD" });
        let shown = as_plain_text(&[
            message(Role::User, Content::text("Look:")),
            message(Role::User, image),
            message(Role::Assistant, link),
            message(Role::User, Content::Resource { resource: text }),
            message(Role::User, Content::Resource { resource: blob }),
        ]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&shown).to_string(), @r"
        ── user ──
        Look:

        ── user ──
        [image image/png, 12 KB]

        ── assistant ──
        [link https://x/y]

        ── user ──
        [file gallery:///a.md, text/markdown]
        # A

        ── user ──
        [file gallery:///a.pdf, application/pdf, 3 bytes]
        ");
    }
}
