//! `prompt-gallery list`: what prompts there are.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use console::Term;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{Failure, config, gallery, store};
use crate::cli::List;
use crate::program;
use dotprompt::{Argument, Problem, Prompt, in_listed_order, unreadable};
use gallery::gallery::{Gallery, GalleryError};
use gallery::store::Object;

const CONCURRENT_READS: usize = 64;
/// Of a version, in a table.
const SHORT: usize = 8;
/// What a text takes that is easily read, in columns of a terminal; what is longer goes on below.
const EASY: usize = 40;
/// In narrower columns a text is no longer read.
const NARROWEST: usize = 16;
/// Beside every column.
const SPACE: usize = 2;

/// A prompt and where it is kept.
struct Listed {
    name: String,
    object: Object,
    prompt: Arc<Prompt>,
}

pub(crate) fn run(args: &List) -> Result<ExitCode, Failure> {
    let config = config(&args.location)?;
    let (listed, broken, notes) = super::run(async {
        let gallery = gallery(store(&config).await?, &config);
        let (listed, broken) = prompts(&gallery).await?;
        Ok((listed, broken, gallery.notes().await?))
    })?;
    let terminal = io::stdout().is_terminal().then(|| Term::stdout().size().1);
    let text = match (args.json, terminal) {
        (true, _) => as_json(&listed, terminal.is_some()),
        (false, Some(columns)) => table(listed.iter().map(fields).collect(), columns),
        (false, None) => listed.iter().map(line).collect(),
    };
    let printed = program::print(&text);
    for problem in &broken {
        let _ = writeln!(io::stderr(), "left out: {problem}");
    }
    if !broken.is_empty() {
        let _ = writeln!(io::stderr(), "`{}` tells all that is wrong", args.location.command(&["check"]));
    }
    for note in &notes {
        let _ = writeln!(io::stderr(), "note: {note}");
    }
    printed?;
    Ok(ExitCode::SUCCESS)
}

/// All prompts by name, and what is wrong with those that are broken.
async fn prompts(gallery: &Gallery) -> Result<(Vec<Listed>, Vec<Problem>), Failure> {
    let reads = gallery.files().await?.into_iter().map(|(name, object)| async {
        let prompt = gallery.prompt(&name).await;
        (name, object, prompt)
    });
    let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let (mut listed, mut broken) = (Vec::new(), Vec::new());
    for (name, object, prompt) in reads {
        match prompt {
            Ok(prompt) => listed.push(Listed { name, object, prompt }),
            Err(GalleryError::Broken { problem, .. }) => broken.push(problem),
            Err(GalleryError::Unreadable { file, cause, .. }) => broken.push(unreadable(&file, &cause.to_string())),
            Err(GalleryError::Changing { .. }) => broken.push(unreadable(&object.key, "it keeps changing")),
            // It has gone since it was listed.
            Err(GalleryError::UnknownPrompt { .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok((listed, broken))
}

fn as_json(listed: &[Listed], is_read: bool) -> String {
    #[derive(Serialize)]
    struct Told<'a> {
        name: &'a str,
        title: Option<&'a str>,
        description: Option<String>,
        arguments: Vec<&'a Argument>,
        tags: &'a [String],
        file: &'a str,
        version: &'a str,
    }
    let told = |Listed { name, object, prompt }: &'_ Listed| -> serde_json::Value {
        let told = Told {
            name,
            title: prompt.title(),
            description: prompt.summary(),
            arguments: in_listed_order(prompt.arguments()),
            tags: prompt.tags(),
            file: &object.key,
            version: object.shown_version(),
        };
        serde_json::to_value(told).expect("a prompt serialises")
    };
    let told: Vec<_> = listed.iter().map(told).collect();
    let json = if is_read { serde_json::to_string_pretty(&told) } else { serde_json::to_string(&told) };
    json.expect("a list serialises") + "\n"
}

/// Name, title, arguments, tags, file, version.
fn fields(Listed { name, object, prompt }: &Listed) -> [String; 6] {
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
    .map(|field| field.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

fn line(listed: &Listed) -> String {
    fields(listed).join("\t") + "\n"
}

/// The rows with their titles, in lines of at most so many columns where that is possible. Where there is no room, the
/// last fields are left out before the others are squeezed.
fn table(mut rows: Vec<[String; 6]>, columns: u16) -> String {
    let titles = ["NAME", "TITLE", "ARGUMENTS", "TAGS", "FILE", "VERSION"];
    // To be copied in one piece.
    let is_whole = |index: usize| matches!(index, 0 | 4 | 5);
    let (mut widths, mut words) = (titles.map(str::width), titles.map(str::width));
    for row in &mut rows {
        row[5] = row[5].chars().take(SHORT).collect();
        for ((width, word), field) in widths.iter_mut().zip(&mut words).zip(&*row) {
            *width = field.width().max(*width);
            *word = field.split(' ').map(str::width).chain([*word]).max().unwrap_or_default();
        }
    }
    let room = usize::from(columns);
    let least = |index: usize, most: usize| if is_whole(index) { widths[index] } else { widths[index].min(most) };
    let all = |shown: usize, most: usize| (0..shown).map(|index| least(index, most) + SPACE).sum::<usize>();
    // Name, title and arguments stay for as long as they can be read.
    let shown = (4..=6).rev().find(|shown| all(*shown, EASY) <= room);
    let shown = shown.or_else(|| (2..=3).rev().find(|shown| all(*shown, NARROWEST) <= room)).unwrap_or(1);

    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.set_header(&titles[..shown]);
    table.add_rows(rows.iter().map(|row| &row[..shown]));
    for column in table.column_iter_mut() {
        let index = column.index;
        column.set_constraint(if is_whole(index) {
            ColumnConstraint::ContentWidth
        } else {
            let least = words[index].min(NARROWEST) + SPACE;
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
    fn what_has_no_room_in_a_table_is_left_out_from_its_end() {
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
        // What is left out makes room for the others.
        assert_eq!(table(rows(), 64).lines().count(), 3);
    }
}
