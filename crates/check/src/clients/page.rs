//! The table of clients for the page: `web/src/clients.json`.

use serde_json::{Map, Value, json};

use super::call::{Call, Style};
use super::table::{ROWS, Row, Seen};

/// What the page shows of each client, as JSON.
#[must_use]
pub fn clients_json() -> String {
    let rows: Vec<Value> = ROWS.iter().map(client).collect();
    format!("{:#}\n", Value::Array(rows))
}

fn client(Row { name, version, seen, call, built_in, cells, .. }: &Row) -> Value {
    let (Seen::Run(day) | Seen::ByHand(day) | Seen::Read(day, _)) = seen;
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(name));
    fields.insert("version".to_owned(), json!(version));
    fields.insert("seen".to_owned(), json!(day));
    if let Some(call) = call {
        fields.insert("call".to_owned(), typed(call));
    }
    fields.insert("builtIn".to_owned(), json!(built_in));
    fields.insert("arguments".to_owned(), json!(cells.arguments));
    fields.insert("messages".to_owned(), json!(cells.roles));
    fields.insert("media".to_owned(), json!(cells.media));
    Value::Object(fields)
}

fn typed(Call { typed, taken, style }: &Call) -> Value {
    let mut fields = Map::new();
    fields.insert("typed".to_owned(), json!(typed));
    if let Some(taken) = taken {
        fields.insert("taken".to_owned(), json!(taken));
    }
    fields.insert("style".to_owned(), json!(name_of(*style)));
    Value::Object(fields)
}

/// As in `web/src/take/clients.ts`.
fn name_of(style: Style) -> &'static str {
    match style {
        Style::FormOrWords => "formOrWords",
        Style::Options { by_position: true } => "optionsAndWords",
        Style::Options { by_position: false } => "options",
        Style::Positions => "positions",
        Style::Asks { for_optional: true } => "asksForAll",
        Style::Asks { for_optional: false } => "asksForRequired",
        Style::Pairs => "pairs",
        Style::OneText => "oneText",
        Style::Code => "code",
        Style::Nothing => "nothing",
    }
}
