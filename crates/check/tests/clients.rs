//! The tables in `docs/clients.md` and the data in `web/src/clients.json` are those of this crate.
//!
//! `CLIENTS_UPDATE=1 cargo test -p prompt-gallery-check --test clients` writes them anew, to be read before they are committed.

use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clients.md");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src/clients.json");
const START: &str = "<!-- From crates/check/src/clients/table.rs. -->\n";
const END: &str = "<!-- End of the tables. -->\n";

fn is_update() -> bool {
    #[expect(clippy::disallowed_methods, reason = "not a setting of the program")]
    std::env::var_os("CLIENTS_UPDATE").is_some_and(|value| value == "1")
}

#[test]
fn the_document_has_the_tables_of_clients() {
    let text = fs::read_to_string(DOCUMENT).expect("docs/clients.md");
    let (before, rest) = text.split_once(START).expect("the mark before the tables");
    let (tables, after) = rest.split_once(END).expect("the mark after the tables");
    let expected = format!("\n{}\n", check::clients_document());
    if is_update() {
        fs::write(DOCUMENT, format!("{before}{START}{expected}{END}{after}")).expect("docs/clients.md is written");
        return;
    }
    let differs = expected.lines().find(|line| !tables.lines().any(|known| known == *line));
    assert!(tables == expected, "CLIENTS_UPDATE=1 writes docs/clients.md anew; it does not have {differs:?}");
}

#[test]
fn the_page_has_the_table_of_clients() {
    let expected = check::clients_json();
    if is_update() {
        fs::write(DATA, expected).expect("web/src/clients.json is written");
        return;
    }
    let data = fs::read_to_string(DATA).expect("web/src/clients.json");
    assert!(data == expected, "CLIENTS_UPDATE=1 writes web/src/clients.json anew, which differs from the table");
}
