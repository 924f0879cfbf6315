//! `prompt-gallery list`: what prompts there are.

use std::collections::BTreeMap;
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
use crate::gallery::{Gallery, GalleryError, Named};
use crate::prompt::{Argument, Problem, Prompt, in_listed_order, unreadable};
use crate::store::{Object, StoreError};

const CONCURRENT_READS: usize = 64;
/// Of a version, in a table.
const SHORT: usize = 8;
/// In columns; a table of narrower ones is no table.
const NARROWEST: usize = 8;

/// A prompt and where it is kept.
struct Listed {
    name: String,
    object: Object,
    prompt: Arc<Prompt>,
}

pub(crate) fn run(args: &List) -> Result<ExitCode, Failure> {
    let config = config(&args.location)?;
    let (listed, broken) = super::run(async {
        let store = store(&config).await?;
        let objects = store.list().await.map_err(Failure::unable)?;
        prompts(&gallery(store, &config), objects).await
    })?;
    let terminal = io::stdout().is_terminal().then(|| Term::stdout().size().1);
    let text = match (args.json, terminal) {
        (true, _) => as_json(&listed, terminal.is_some()),
        (false, Some(columns)) => table(listed.iter().map(fields).collect(), columns),
        (false, None) => listed.iter().map(line).collect(),
    };
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(text.as_bytes());
    for problem in &broken {
        let _ = writeln!(io::stderr(), "left out: {problem}");
    }
    if !broken.is_empty() {
        let _ = writeln!(io::stderr(), "`prompt-gallery check` tells all that is wrong");
    }
    Ok(ExitCode::SUCCESS)
}

/// All prompts by name, and what is wrong with those that are broken.
async fn prompts(gallery: &Gallery, objects: Vec<Object>) -> Result<(Vec<Listed>, Vec<Problem>), Failure> {
    let mut names: BTreeMap<String, Object> = BTreeMap::new();
    for object in objects {
        if let Some(Named::Prompt(name)) = Named::of(&object.key) {
            // Of two files with one name the first is served.
            names.entry(name).or_insert(object);
        }
    }
    let reads = names.into_iter().map(|(name, object)| async {
        let prompt = gallery.prompt(&name).await;
        (name, object, prompt)
    });
    let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let (mut listed, mut broken) = (Vec::new(), Vec::new());
    for (name, object, prompt) in reads {
        match prompt {
            Ok(prompt) => listed.push(Listed { name, object, prompt }),
            Err(GalleryError::Broken { problem, .. }) => broken.push(problem),
            Err(GalleryError::Store(StoreError::Denied(_))) => broken.push(unreadable(&object.key)),
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
            version: &object.version,
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
        object.version.trim_matches('"').to_owned(),
    ]
    .map(|field| field.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

fn line(listed: &Listed) -> String {
    fields(listed).join("\t") + "\n"
}

/// The rows with their titles, in lines of at most so many columns where that is possible.
fn table(rows: Vec<[String; 6]>, columns: u16) -> String {
    let titles = ["NAME", "TITLE", "ARGUMENTS", "TAGS", "FILE", "VERSION"];
    let mut words = titles.map(str::width);
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.set_header(titles);
    for mut row in rows {
        row[5] = row[5].chars().take(SHORT).collect();
        for (widest, field) in words.iter_mut().zip(&row) {
            *widest = field.split(' ').map(str::width).chain([*widest]).max().unwrap_or_default();
        }
        table.add_row(row);
    }
    // What names and versions leave, to each of the four others; all have a space on both sides.
    let rest = usize::from(columns).saturating_sub(words[0] + words[5] + 4);
    let share = (rest / 4).saturating_sub(2).max(NARROWEST);
    for (column, word) in table.column_iter_mut().zip(words) {
        column.set_constraint(match column.index {
            // To be copied in one piece.
            0 | 5 => ColumnConstraint::ContentWidth,
            _ => ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(word.min(share) + 2).unwrap_or(u16::MAX))),
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
        insta::assert_snapshot!(table(rows(), 80), @r"
        NAME                TITLE      ARGUMENTS   TAGS      FILE        VERSION
        docs_api-reference  API        code        docs api  docs/api-r  18ea0b3e
                            reference  language?             eference.p
                                       style_guid            rompt
                                       e?
        translate                      text targe            translate.  18ea0b3e
                                       t_language            prompt
        ");
        for columns in [75, 80, 100, 200] {
            let table = table(rows(), columns);
            assert!(table.lines().all(|line| line.width() <= usize::from(columns)), "{table}");
            assert!(table.contains(" docs_api-reference "), "{table}");
        }
        assert_eq!(table(rows(), 200).lines().count(), 3);
    }
}
