//! `list --skills`: the skills, those made of prompts too, and those that are left out.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};
use console::Term;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use unicode_width::UnicodeWidthStr;

use super::{COLUMN_GAP, List, MIN_WIDTH, printable, read_rows};
use crate::commands::{CONCURRENT_READS, runtime};
use crate::failure::Failure;
use crate::{open, program};
use check::skill::{self, FILE};
use dotprompt::{Code, Level, Problem, unreadable};
use gallery::Gallery;
use server::config::Config;
use store::{Object, PromptStore, StoreError};

/// One skill, served or left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    path: String,
    name: String,
    description: Option<String>,
    files: usize,
    bytes: u64,
    /// Its `SKILL.md`, or the prompt that it is made of.
    file: String,
    /// Why it is not served.
    left_out: Option<String>,
}

impl Row {
    fn new(path: &str, file: String) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        Self { path: path.to_owned(), name, description: None, files: 0, bytes: 0, file, left_out: None }
    }

    /// Path, name, files, bytes, description.
    fn fields(&self) -> [String; 5] {
        let description = self.description.clone().unwrap_or_default();
        [self.path.clone(), self.name.clone(), self.files.to_string(), self.bytes.to_string(), description]
            .map(printable)
    }
}

pub(super) fn run(args: &List) -> Result<ExitCode, Failure> {
    let config = args.location.config()?;
    let (rows, notes) = runtime::run(LevelFilter::WARN, read(&config))?;
    let terminal = io::stdout().is_terminal().then(|| Term::stdout().size().1);
    let served = || rows.iter().filter(|row| row.left_out.is_none());
    let text = match (args.json, terminal) {
        (true, Some(_)) => serde_json::to_string_pretty(&rows).expect("a list serialises") + "\n",
        (true, None) => serde_json::to_string(&rows).expect("a list serialises") + "\n",
        (false, Some(columns)) => table(&served().map(Row::fields).collect::<Vec<_>>(), columns),
        (false, None) => served().map(|row| row.fields().join("\t") + "\n").collect(),
    };
    let printed = if args.json { program::print_json(&text) } else { program::print(&text) };
    for why in rows.iter().filter_map(|row| row.left_out.as_ref()) {
        program::tell(format_args!("left out: {why}"));
    }
    if served().count() < rows.len() {
        program::tell(format_args!("`{}` shows all problems", args.location.command(&["check"])));
    }
    for note in &notes {
        program::tell(format_args!("note: {note}"));
    }
    printed?;
    Ok(ExitCode::SUCCESS)
}

/// All skills by path, and notes.
async fn read(config: &Config) -> Result<(Vec<Row>, Vec<String>), Failure> {
    let gallery = open::gallery(open::store(&config.source).await?, config);
    let (mut rows, mut notes) = match &config.skills {
        Some(skills) => read_folders(&*open::store(&skills.in_store_of(&config.source)).await?).await?,
        None => (Vec::new(), vec!["there are no skills: SKILLS_DIR names the folder of skills".to_owned()]),
    };
    let made = of_prompts(&gallery, &rows).await?;
    rows.extend(made);
    if rows.is_empty() && notes.is_empty() {
        notes.push("there are no skills: a skill is a folder with a SKILL.md".to_owned());
    }
    rows.sort_by(|a, b| (&a.path, &a.file).cmp(&(&b.path, &b.file)));
    Ok((rows, notes))
}

/// The skills that are folders.
async fn read_folders(store: &dyn PromptStore) -> Result<(Vec<Row>, Vec<String>), Failure> {
    let mut objects = store.list().await.map_err(Failure::unable)?;
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    let found = skill::find(objects.iter().map(|object| object.key.as_str()));
    let notes = found.problems.iter().map(|problem| format!("{}: {}", problem.file, problem.message)).collect();
    let reads = found.paths.iter().map(|path| read_folder(store, path, &objects)).collect::<Vec<_>>();
    let rows: Vec<Row> = stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await?;
    Ok((rows, notes))
}

async fn read_folder(store: &dyn PromptStore, path: &str, objects: &[Object]) -> Result<Row, Failure> {
    let key = format!("{path}/{FILE}");
    let files: Vec<_> = skill::files_of(path, objects, |object| &object.key).collect();
    let (count, bytes) = (files.len(), files.iter().map(|object| object.size).sum());
    let row = Row { files: count, bytes, ..Row::new(path, key.clone()) };
    let left_out = |problem: &Problem| Row { left_out: Some(problem.to_string()), ..Row::new(path, key.clone()) };
    if let Some(why) = skill::limits(files.iter().map(|object| (&object.key[path.len() + 1..], object.size))) {
        return Ok(Row { files: count, bytes, ..left_out(&Problem::of_file(Code::Skill, &key.as_str().into(), why)) });
    }
    let Some(object) = files.into_iter().find(|object| object.key == key) else { return Ok(row) };
    let source = match store.get(object).await {
        Ok(source) => source,
        Err(StoreError::Unavailable(why)) => return Err(Failure::unable(why)),
        Err(e) => return Ok(left_out(&unreadable(&key, &e.to_string()))),
    };
    Ok(match skill::read(&key, &source) {
        (Some(front_matter), _) => Row { description: text(&front_matter, "description"), ..row },
        (None, problems) => {
            let error = problems.iter().find(|problem| problem.code.level() == Level::Error);
            Row { files: count, bytes, ..error.map(left_out).unwrap_or(row) }
        }
    })
}

fn text(front_matter: &Map<String, Value>, field: &str) -> Option<String> {
    front_matter.get(field)?.as_str().map(str::to_owned)
}

/// The skills that are made of prompts with `skill: true`, beside those of `folders`.
async fn of_prompts(gallery: &Gallery, folders: &[Row]) -> Result<Vec<Row>, Failure> {
    let (prompts, _) = read_rows(gallery).await?;
    let mut rows = Vec::new();
    let mut made = Vec::new();
    for prompt in prompts.iter().filter(|row| row.prompt.is_skill()) {
        let key = &prompt.object.key;
        match skill::of_prompt(key, &prompt.name, &prompt.prompt) {
            Ok(skill) => made.push((key, prompt.prompt.skill().unwrap_or_default(), skill)),
            Err(problem) => {
                let path = skill::path_of_prompt(key);
                rows.push(Row { left_out: Some(problem.to_string()), ..Row::new(path, key.clone()) });
            }
        }
    }
    let paths: Vec<_> = made.iter().map(|(key, place, skill)| (key.as_str(), *place, skill.path.as_str())).collect();
    let mut folders: Vec<&str> = folders.iter().map(|row| row.path.as_str()).collect();
    folders.sort_unstable();
    let taken = skill::taken(&paths, &folders);
    rows.extend(made.iter().map(|(key, _, skill)| {
        let problem = taken.iter().find(|problem| *problem.file == *key.as_str());
        let (description, bytes) = (text(&skill.frontmatter, "description"), skill.text.len() as u64);
        let left_out = problem.map(ToString::to_string);
        Row { description, files: 1, bytes, left_out, ..Row::new(&skill.path, (*key).clone()) }
    }));
    Ok(rows)
}

/// The rows below their titles. Without enough room the last columns are left out; the description wraps.
fn table(rows: &[[String; 5]], columns: u16) -> String {
    let titles = ["PATH", "NAME", "FILES", "BYTES", "DESCRIPTION"];
    let widest = |index: usize| rows.iter().map(|row| row[index].width()).chain([titles[index].width()]).max();
    let least = |index: usize| widest(index).unwrap_or_default().min(if index == 4 { MIN_WIDTH } else { usize::MAX });
    let needed = |shown: usize| (0..shown).map(|index| least(index) + COLUMN_GAP).sum::<usize>();
    let shown = (2..=5).rev().find(|shown| needed(*shown) <= usize::from(columns)).unwrap_or(1);
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.set_header(&titles[..shown]);
    table.add_rows(rows.iter().map(|row| &row[..shown]));
    for column in table.column_iter_mut() {
        if column.index < 4 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if matches!(column.index, 2 | 3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_terminal() {
        let row = |path: &str, bytes: &str, description: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            [path, name, "3", bytes, description].map(str::to_owned)
        };
        let rows = [
            row("change-review", "8123", "Review a branch as a team member would, from the reason to the rollout."),
            row("operations/incident-response", "12", "Coordinate"),
        ];
        insta::assert_snapshot!(table(&rows, 100), @"
        PATH                          NAME               FILES  BYTES  DESCRIPTION
        change-review                 change-review          3   8123  Review a branch as a team member
                                                                       would, from the reason to the
                                                                       rollout.
        operations/incident-response  incident-response      3     12  Coordinate
        ");
        for columns in [10, 40, 60, 80, 100, 200] {
            let table = table(&rows, columns);
            let needed = if columns < 30 { 30 } else { usize::from(columns) };
            assert!(table.lines().all(|line| line.width() <= needed), "{columns}: {table}");
        }
    }
}
