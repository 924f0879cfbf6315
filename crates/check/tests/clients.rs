//! The tables in `docs/clients.md` are those of this crate.
//!
//! `CLIENTS_UPDATE=1 cargo test -p prompt-gallery-check --test clients` writes them anew, to be read before they are committed.

use std::fs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clients.md");
const START: &str = "<!-- From crates/check/src/clients/table.rs. -->\n";
const END: &str = "<!-- End of the tables. -->\n";

#[test]
fn the_document_has_the_tables_of_clients() {
    #[expect(clippy::disallowed_methods, reason = "not a setting of the program")]
    let is_update = std::env::var_os("CLIENTS_UPDATE").is_some_and(|value| value == "1");
    let text = fs::read_to_string(FILE).expect("docs/clients.md");
    let (before, rest) = text.split_once(START).expect("the mark before the tables");
    let (tables, after) = rest.split_once(END).expect("the mark after the tables");
    let expected = format!("\n{}\n", check::clients_document());
    if is_update {
        fs::write(FILE, format!("{before}{START}{expected}{END}{after}")).expect("docs/clients.md is written");
        return;
    }
    let differs = expected.lines().find(|line| !tables.lines().any(|known| known == *line));
    assert!(tables == expected, "CLIENTS_UPDATE=1 writes docs/clients.md anew; it does not have {differs:?}");
}
