//! The table of clients in `docs/clients.md`.

use std::fmt::Write;

use super::listed;
use super::table::{Cells, FAITHFUL, ROWS, Row, Seen};

/// The tables of clients, as Markdown.
#[must_use]
pub fn clients_document() -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_tables(&mut text);
    text
}

fn write_tables(text: &mut String) -> std::fmt::Result {
    writeln!(text, "| client | version | known from | how to call `haiku` | arguments |\n|---|---|---|---|---|")?;
    for row in &ROWS {
        let Row { name, version, seen, cells: Cells { arguments, .. }, .. } = row;
        let version = if version.is_empty() { "as linked" } else { version };
        writeln!(text, "| {name} | {version} | {} | {} | {arguments} |", known(seen), typed(row))?;
    }
    writeln!(
        text,
        "\n| client | several messages | pictures, files and links | errors | list |\n|---|---|---|---|---|"
    )?;
    for Row { name, cells: Cells { roles, media, errors, list, .. }, .. } in
        ROWS.iter().filter(|row| row.call.is_some())
    {
        writeln!(text, "| {name} | {roles} | {media} | {errors} | {list} |")?;
    }
    let faithful: Vec<String> = FAITHFUL.iter().map(|(name, version)| format!("{name} {version}")).collect();
    writeln!(text, "\nThese run too, and hand over every prompt as it is: {}.", listed(&faithful))?;
    writeln!(text, "\nA prompt with the name of a command that the client has itself is hard to call:\n")?;
    for Row { name, built_in, .. } in ROWS.iter().filter(|row| !row.built_in.is_empty()) {
        let names: Vec<String> = built_in.iter().map(|name| format!("`{name}`")).collect();
        writeln!(text, "- {name}: {}", names.join(", "))?;
    }
    Ok(())
}

fn known(seen: &Seen) -> String {
    match seen {
        Seen::Run(day) => format!("run {day}"),
        Seen::ByHand(day) => format!("run by hand {day}"),
        Seen::Read(day, sources) => {
            let link = |(number, source): (usize, &&str)| format!("[{}]({source})", number + 1);
            let links: Vec<String> = sources.iter().enumerate().map(link).collect();
            format!("read {day}: {}", links.join(" "))
        }
    }
}

fn typed(Row { call, .. }: &Row) -> String {
    match call {
        Some(call) => format!("`{}`", call.typed.replace("NAME", "haiku")),
        None => "no prompts: its model calls the tools `search_prompts` and `get_prompt`".to_owned(),
    }
}
