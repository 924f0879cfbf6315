//! `prompt-gallery list`: the prompts, as a table, as lines, or as JSON.

mod skills;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use console::Term;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tracing::level_filters::LevelFilter;
use unicode_width::UnicodeWidthStr;

use super::{CONCURRENT_READS, runtime};
use crate::failure::Failure;
use crate::location::Location;
use crate::{open, program};
use dotprompt::{Argument, Problem, Prompt, in_listed_order, unreadable};
use gallery::{Gallery, GalleryError};
use store::Object;

/// List the prompts, or the skills
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct List {
    #[command(flatten)]
    location: Location,
    /// Print an array of objects
    #[arg(long)]
    json: bool,
    /// List the skills instead
    #[arg(long)]
    skills: bool,
}

const AFTER_HELP: &str = "\
On a terminal the output is a table that fits its width. `x?` is an optional argument, versions are shortened, and a
narrow terminal leaves out the last columns. In a pipe or a file each prompt is one line: name, title, arguments, tags,
file and version, in full and separated by tabs.

With --skills each skill has its path, name, number of files, bytes and description. The skills that prompts with `skill: true`
make are among them. With --json those that are left out are listed too, with the reason as `leftOut`.

Examples:
  prompt-gallery list
  prompt-gallery list --bucket my-prompts
  prompt-gallery list | cut -f1
  prompt-gallery list --json
  prompt-gallery list --skills";

/// Characters of a version in a table.
const VERSION_LENGTH: usize = 8;
/// Columns of a terminal in which a text is easy to read. Longer texts wrap.
const COMFORTABLE_WIDTH: usize = 40;
/// Columns of a terminal below which a text is unreadable.
const MIN_WIDTH: usize = 16;
/// Columns of a terminal between two columns of the table.
const COLUMN_GAP: usize = 2;

/// One prompt and its file.
struct Row {
    name: String,
    object: Object,
    prompt: Arc<Prompt>,
}

pub(crate) fn run(args: &List) -> Result<ExitCode, Failure> {
    if args.skills {
        return skills::run(args);
    }
    let config = args.location.config()?;
    let (rows, broken, notes) = runtime::run(LevelFilter::WARN, async {
        let gallery = open::gallery(open::store(&config.source).await?, &config);
        let (rows, broken) = read_rows(&gallery).await?;
        Ok((rows, broken, gallery.notes().await?))
    })?;
    let terminal = io::stdout().is_terminal().then(|| Term::stdout().size().1);
    let text = match (args.json, terminal) {
        (true, _) => as_json(&rows, terminal.is_some()),
        (false, Some(columns)) => table(rows.iter().map(fields).collect(), columns),
        (false, None) => rows.iter().map(|row| fields(row).join("\t") + "\n").collect(),
    };
    let printed = if args.json { program::print_json(&text) } else { program::print(&text) };
    for problem in &broken {
        program::tell(format_args!("left out: {problem}"));
    }
    if !broken.is_empty() {
        program::tell(format_args!("`{}` shows all problems", args.location.command(&["check"])));
    }
    for note in &notes {
        program::tell(format_args!("note: {note}"));
    }
    printed?;
    Ok(ExitCode::SUCCESS)
}

/// All prompts by name, and the first problem of each broken one.
async fn read_rows(gallery: &Gallery) -> Result<(Vec<Row>, Vec<Problem>), Failure> {
    let reads = gallery.files().await?.into_iter().map(|(name, object)| async {
        let prompt = gallery.prompt(&name).await;
        (name, object, prompt)
    });
    let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    for (name, object, prompt) in reads {
        match prompt {
            Ok(prompt) => rows.push(Row { name, object, prompt }),
            Err(GalleryError::Broken { problem, .. }) => broken.push(problem),
            Err(GalleryError::Unreadable { file, cause, .. }) => broken.push(unreadable(&file, &cause.to_string())),
            Err(GalleryError::Changing { .. }) => broken.push(unreadable(&object.key, "it keeps changing")),
            // Deleted since the listing.
            Err(GalleryError::UnknownPrompt { .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok((rows, broken))
}

fn as_json(rows: &[Row], pretty: bool) -> String {
    #[derive(Serialize)]
    struct JsonRow<'a> {
        name: &'a str,
        title: Option<&'a str>,
        description: Option<String>,
        arguments: Vec<&'a Argument>,
        tags: &'a [String],
        file: &'a str,
        version: &'a str,
    }
    fn json_row(Row { name, object, prompt }: &Row) -> JsonRow<'_> {
        JsonRow {
            name,
            title: prompt.title(),
            description: prompt.summary(),
            arguments: in_listed_order(prompt.arguments()),
            tags: prompt.tags(),
            file: &object.key,
            version: object.shown_version(),
        }
    }
    let rows: Vec<_> = rows.iter().map(json_row).collect();
    let json = if pretty { serde_json::to_string_pretty(&rows) } else { serde_json::to_string(&rows) };
    json.expect("a list serialises") + "\n"
}

/// Name, title, arguments, tags, file, version.
fn fields(Row { name, object, prompt }: &Row) -> [String; 6] {
    let argument = |argument: &&Argument| format!("{}{}", argument.name, if argument.required { "" } else { "?" });
    let arguments: Vec<_> = in_listed_order(prompt.arguments()).iter().map(argument).collect();
    [
        name.clone(),
        prompt.title().unwrap_or_default().to_owned(),
        arguments.join(" "),
        prompt.tags().join(" "),
        object.key.clone(),
        object.shown_version().trim_matches('"').to_owned(),
    ]
    .map(printable)
}

/// A field on one line, without characters that steer a terminal.
fn printable(field: impl AsRef<str>) -> String {
    field.as_ref().replace(char::is_control, " ")
}

/// The rows below their titles, in lines of at most `columns` columns of a terminal if possible. Without enough room, the
/// last fields are left out before the others wrap.
fn table(mut rows: Vec<[String; 6]>, columns: u16) -> String {
    let titles = ["NAME", "TITLE", "ARGUMENTS", "TAGS", "FILE", "VERSION"];
    // Users copy these fields, so they never wrap.
    let is_whole = |index: usize| matches!(index, 0 | 4 | 5);
    let (mut widths, mut words) = (titles.map(str::width), titles.map(str::width));
    for row in &mut rows {
        row[5] = row[5].chars().take(VERSION_LENGTH).collect();
        for ((width, word), field) in widths.iter_mut().zip(&mut words).zip(&*row) {
            *width = field.width().max(*width);
            *word = field.split(' ').map(str::width).chain([*word]).max().unwrap_or_default();
        }
    }
    let room = usize::from(columns);
    let least = |index: usize, most: usize| if is_whole(index) { widths[index] } else { widths[index].min(most) };
    let all = |shown: usize, most: usize| (0..shown).map(|index| least(index, most) + COLUMN_GAP).sum::<usize>();
    // Name, title and arguments stay as long as they are readable.
    let shown = (4..=6).rev().find(|shown| all(*shown, COMFORTABLE_WIDTH) <= room);
    let shown = shown.or_else(|| (2..=3).rev().find(|shown| all(*shown, MIN_WIDTH) <= room)).unwrap_or(1);

    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.set_header(&titles[..shown]);
    table.add_rows(rows.iter().map(|row| &row[..shown]));
    for column in table.column_iter_mut() {
        let index = column.index;
        column.set_constraint(if is_whole(index) {
            ColumnConstraint::ContentWidth
        } else {
            let least = words[index].min(MIN_WIDTH) + COLUMN_GAP;
            ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(least).unwrap_or(u16::MAX)))
        });
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<[String; 6]> {
        let rows = [
            [
                "docs_api-reference",
                "API reference",
                "code language? style_guide?",
                "docs api",
                "docs/api-reference.prompt",
            ],
            ["translate", "", "text target_language", "", "translate.prompt"],
        ];
        let row = |[name, title, arguments, tags, file]: [&str; 5]| {
            [name, title, arguments, tags, file, "18ea0b3e30103320-98e0ac-722"].map(str::to_owned)
        };
        rows.map(row).into()
    }

    #[test]
    fn a_table_fits_its_terminal() {
        insta::assert_snapshot!(table(rows(), 60), @"
        NAME                TITLE          ARGUMENTS
        docs_api-reference  API reference  code language?
                                           style_guide?
        translate                          text target_language
        ");
        for columns in [30, 50, 60, 80, 100, 120, 200] {
            let table = table(rows(), columns);
            assert!(table.lines().all(|line| line.width() <= usize::from(columns)), "{columns}: {table}");
            // No word is broken.
            assert!(table.contains(" docs_api-reference"), "{columns}: {table}");
            assert!(columns < 60 || table.contains(" style_guide?"), "{columns}: {table}");
        }
    }

    #[test]
    fn a_narrow_table_leaves_out_its_last_columns() {
        let titles = |columns| table(rows(), columns).lines().next().map(str::to_owned).unwrap_or_default();
        let fields = |columns| titles(columns).split_whitespace().collect::<Vec<_>>().join(" ");
        for (columns, expected) in [
            (111, "NAME TITLE ARGUMENTS TAGS FILE VERSION"),
            (110, "NAME TITLE ARGUMENTS TAGS FILE"),
            (100, "NAME TITLE ARGUMENTS TAGS"),
            (73, "NAME TITLE ARGUMENTS"),
            (53, "NAME TITLE ARGUMENTS"),
            (52, "NAME TITLE"),
            (34, "NAME"),
            (1, "NAME"),
        ] {
            assert_eq!(fields(columns), expected, "{columns}");
        }
        // The left-out columns make room for the others.
        assert_eq!(table(rows(), 64).lines().count(), 3);
    }
}
