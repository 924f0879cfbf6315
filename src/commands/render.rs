//! `prompt-gallery render`: a prompt as a client would get it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;

use super::around::Around;
use super::check::Placed;
use super::{Failure, config, gallery, path, store};
use crate::cli::{Given, Render};
use crate::program;
use crate::server;
use check::strays;
use dotprompt::{ArgumentProblem, Prompt, bounds};
use dotprompt::{EXTENSIONS, Named};
use gallery::config::{Config, Source};
use gallery::gallery::{Gallery, GalleryError, Rendered};
use gallery::store::PromptStore;
use gallery::{Content, PromptMessage, Role};

const HEADING: Style = Style::new().bold();
/// The bytes of a line that a terminal on Linux keeps; it drops what is typed or pasted behind them.
const LONGEST_LINE: usize = 4095;

pub(crate) fn run(args: &Render) -> Result<ExitCode, Failure> {
    let location = &args.location;
    // In a bucket, a path is a key.
    let file = if path::is_path(&args.name) && location.bucket.is_none() {
        path::file_of(&args.name, location)?
    } else {
        None
    };
    let is_found = file.is_some();
    let (config, placed) = match file {
        Some((config, placed)) => (config, Some(placed)),
        None => {
            // In a bucket, nothing here is meant.
            if path::is_path(&args.name)
                && location.bucket.is_none()
                && let Some(why) = path::no_prompt(&args.name)
            {
                return Err(Failure::wrong(why));
            }
            let no_file = |e| match path::is_anchored(&args.name) && location.dir.is_none() {
                true => Failure::wrong(format!("{}: no such file", args.name)),
                false => e,
            };
            (config(location).map_err(no_file)?, None)
        }
    };
    let is_around = placed.as_ref().is_some_and(|placed| !placed.is_served);
    // What else there is beside a file is no matter of the file's.
    let level = if is_around { LevelFilter::ERROR } else { LevelFilter::WARN };
    let rendered = super::run_telling(level, async {
        let store: Arc<dyn PromptStore> = match &placed {
            Some(Placed { root, key, is_served: false }) => {
                let folder = server::open_dir(root).map_err(Failure::unable)?;
                Arc::new(Around::new(folder, root.clone(), BTreeSet::from([key.clone()])))
            }
            _ => store(&config).await?,
        };
        let gallery = gallery(store, &config);
        let key = placed.as_ref().map(|placed| &*placed.key);
        let name = name(&args.name, key, &gallery, &config).await?;
        let told = |e: GalleryError| match e {
            GalleryError::Broken { .. } => Failure::wrong(format!("{e}; `{}` tells all", check(args, is_found))),
            GalleryError::UnknownPrompt { .. } => unknown(&args.name, &e, matches!(config.source, Source::S3 { .. })),
            e => e.into(),
        };
        let prompt = gallery.prompt(&name).await.map_err(told)?;
        let mut given = values(&args.arguments)?;
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            ask(&prompt, &mut given)?;
        }
        gallery.get(&name, &given, None).await.map_err(told)
    })?;
    let is_styled = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    let heading = if is_styled { HEADING } else { Style::new() };
    let text = if args.json { as_json(&rendered) } else { as_text(&rendered.messages, heading) };
    program::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// That there is no such prompt, and what is wrong with a path that leads nowhere.
fn unknown(given: &str, e: &GalleryError, is_bucket: bool) -> Failure {
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

/// The command that looks at the prompt's file, if that is what was named, or at its gallery.
fn check(Render { name, location, .. }: &Render, is_file: bool) -> String {
    match is_file {
        true => location.command(&["check", name]),
        false => location.command(&["check"]),
    }
}

/// The name of the prompt that is asked for by its name, by its file (which has this key), or by its key.
async fn name(given: &str, key: Option<&str>, gallery: &Gallery, config: &Config) -> Result<String, Failure> {
    if !path::is_path(given) {
        return Ok(given.to_owned());
    }
    let files = gallery.files().await?;
    if let Some(key) = key {
        return match (path::name_of(key, &files), Named::of(key)) {
            (Some(name), _) => Ok(name.to_owned()),
            (None, Some(Named::Partial(name))) => {
                Err(Failure::wrong(format!("{given} is the partial `{name}`: render a prompt that uses it")))
            }
            (None, _) => Err(Failure::wrong(format!("{given} is not served from {}", gallery.location()))),
        };
    }
    let below = match &config.source {
        Source::Dir(dir) => path::key_below(dir, given).ok().flatten(),
        Source::S3 { bucket, prefix, .. } => {
            let key = given.strip_prefix(&format!("s3://{bucket}/")).unwrap_or(given);
            key.strip_prefix(prefix.as_str()).map(str::to_owned)
        }
    };
    let is_key = !path::is_anchored(given);
    let mut keys = below.as_deref().into_iter().chain(is_key.then_some(given));
    // The gallery says what was probably meant.
    let name = keys.clone().find_map(|key| path::name_of(key, &files)).or_else(|| keys.next());
    Ok(name.unwrap_or(given).to_owned())
}

fn values(arguments: &[(String, Given)]) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for (name, given) in arguments {
        let value = match given {
            Given::Text(text) => Ok(text.clone()),
            Given::File(path) => File::open(path)
                .map_err(|e| e.to_string())
                .and_then(read)
                .map_err(|e| format!("{}: {e}", path.display())),
            Given::Stdin => read(io::stdin()).map_err(|e| format!("standard input: {e}")),
        };
        let value = value.map_err(|e| Failure::wrong(format!("argument `{name}`: {e}")))?;
        if values.insert(name.clone(), value.into()).is_some() {
            return Err(Failure::unable(format!("argument `{name}` is given twice")));
        }
    }
    Ok(values)
}

/// Reads no more than an argument may have: some files have no end.
fn read(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let most = bounds::ARGUMENT;
    from.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() > most {
        return Err(format!("an argument has at most {most} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "this is not UTF-8 text".to_owned())
}

/// Asks for what is missing, unless something else is wrong too.
fn ask(prompt: &Prompt, given: &mut Map<String, Value>) -> Result<(), Failure> {
    let Err(problems) = prompt.resolve(given) else { return Ok(()) };
    if !problems.iter().all(|problem| matches!(problem, ArgumentProblem::Missing { .. })) {
        return Ok(());
    }
    let is_missing = |name: &str| {
        problems
            .iter()
            .any(|problem| matches!(problem, ArgumentProblem::Missing { name: missing, .. } if missing == name))
    };
    for argument in prompt.arguments().iter().filter(|argument| is_missing(&argument.name)) {
        let title = argument.title.as_ref().unwrap_or(&argument.name);
        let about = argument.listed_description.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
        tell(&format!("{title}{about}\n"));
        loop {
            given.insert(argument.name.clone(), answer(&argument.name)?.into());
            match objection(prompt, &argument.name, given) {
                Some(why) => tell(&format!("{why}\n")),
                None => break,
            }
        }
    }
    Ok(())
}

/// Speaks to whoever is asked; standard output is for what is rendered.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Reads an answer from the terminal.
fn answer(name: &str) -> Result<String, Failure> {
    tell("> ");
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    if read.map_err(|e| Failure::unable(format!("argument `{name}`: {e}")))? == 0 {
        tell("\n");
        return Err(Failure::unable(format!("argument `{name}`: the input ended without an answer")));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Why what is given for `name` cannot be; others may still be missing.
fn objection(prompt: &Prompt, name: &str, given: &Map<String, Value>) -> Option<String> {
    if given[name].as_str().is_some_and(|text| text.len() >= LONGEST_LINE) {
        return Some(format!("a terminal takes no line as long; {name}=@FILE takes it from a file"));
    }
    prompt.resolve(given).err()?.iter().find_map(|problem| match problem {
        ArgumentProblem::Missing { name: missing, .. } if missing == name => {
            Some(format!("argument `{name}` is required"))
        }
        ArgumentProblem::Missing { .. } => None,
        problem => Some(problem.to_string()),
    })
}

fn as_json(rendered: &Rendered) -> String {
    let is_read = io::stdout().is_terminal();
    let json = if is_read { serde_json::to_string_pretty(rendered) } else { serde_json::to_string(rendered) };
    json.expect("a rendering serialises") + "\n"
}

/// One text as it is, so that it can be piped on; more with headings.
fn as_text(messages: &[PromptMessage], heading: Style) -> String {
    if let [PromptMessage { content: Content::Text { text }, .. }] = messages {
        return with_line_end(text);
    }
    let message = |message: &PromptMessage| {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        format!("{heading}── {role} ──{heading:#}\n{}", with_line_end(&shown(&message.content)))
    };
    messages.iter().map(message).collect::<Vec<_>>().join("\n")
}

fn with_line_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn shown(content: &Content) -> String {
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

/// How much base64 stands for.
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
        as_text(messages, Style::new())
    }

    #[test]
    fn a_text_alone_is_printed_as_it_is() {
        assert_eq!(as_plain_text(&[message(Role::User, Content::text("a\nb"))]), "a\nb\n");
        assert_eq!(as_plain_text(&[message(Role::Assistant, Content::text("a\n"))]), "a\n");
    }

    #[test]
    fn what_is_more_has_headings_and_no_base64() {
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
