//! The prompts of prompts.chat: `prompts.csv` with the columns `act` and `prompt`. `${Name:default}` is a variable.

use std::sync::LazyLock;

use regex::Regex;

use crate::draft::Draft;
use crate::import::{InputFile, Read};
use crate::parameter::{Names, Parameter};
use crate::paths;
use crate::pieces::Piece;

/// Whether a file has the columns.
pub(crate) fn is_one(file: &InputFile) -> bool {
    file.path.ends_with(".csv") && columns(&mut reader(file)).is_ok()
}

fn reader(file: &InputFile) -> csv::Reader<&[u8]> {
    let bytes = file.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&file.bytes);
    csv::ReaderBuilder::new().flexible(true).from_reader(bytes)
}

/// The indexes of the columns `act` and `prompt`.
fn columns(reader: &mut csv::Reader<&[u8]>) -> Result<(usize, usize), String> {
    let headers = reader.headers().map_err(|e| format!("the file is not CSV: {e}"))?;
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    column("act").zip(column("prompt")).ok_or_else(|| "the file has no columns `act` and `prompt`".to_owned())
}

/// Reads all prompts of a file.
pub(crate) fn read(file: &InputFile) -> Vec<Read> {
    let mut reader = reader(file);
    let (act, prompt) = match columns(&mut reader) {
        Ok(columns) => columns,
        Err(e) => return vec![Read { from: file.path.clone(), draft: Err(e) }],
    };
    let read = |(row, record): (usize, csv::Result<csv::StringRecord>)| {
        let record = match record {
            Ok(record) => record,
            Err(e) => return Read { from: format!("row {}", row + 1), draft: Err(e.to_string()) },
        };
        let act = record.get(act).unwrap_or_default().trim();
        let from = if act.is_empty() { format!("row {}", row + 1) } else { act.to_owned() };
        Read { draft: Ok(draft(&from, record.get(prompt).unwrap_or_default())), from }
    };
    reader.records().enumerate().map(read).collect()
}

fn draft(act: &str, prompt: &str) -> Draft {
    // With another sign after the colon, it is a shell's.
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\$\{([A-Za-z_][A-Za-z0-9_ -]*)(?::([^-=+?}\n][^}\n]*)?)?\}").expect("a valid pattern")
    });
    let (mut pieces, mut at) = (Vec::new(), 0);
    let (mut parameters, mut names): (Vec<Parameter>, Names) = Default::default();
    for variable in VARIABLE.captures_iter(prompt) {
        let (range, title) = (variable.get_match().range(), variable[1].trim());
        let name = names.of(title, &title.to_lowercase());
        pieces.push(Piece::Text(prompt[at..range.start].to_owned()));
        pieces.push(Piece::Argument(name.clone()));
        at = range.end;
        let default = variable.get(2).map(|default| default.as_str().trim().to_owned()).filter(|text| !text.is_empty());
        match parameters.iter_mut().find(|parameter| parameter.name == name) {
            Some(known) => known.default = known.default.take().or(default),
            None => parameters.push(Parameter { title: Some(title.to_owned()), default, ..Parameter::required(name) }),
        }
    }
    for parameter in &mut parameters {
        parameter.required = parameter.default.is_none();
    }
    pieces.push(Piece::Text(prompt[at..].to_owned()));
    let path = paths::plain(&act.to_lowercase().replace('/', "-"));
    Draft { title: Some(act.to_owned()), description: Some(act.to_owned()), parameters, ..Draft::of_text(path, pieces) }
}
