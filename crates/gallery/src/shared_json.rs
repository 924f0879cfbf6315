//! JSON that many answers contain.

use std::sync::OnceLock;

use serde_json::value::RawValue;

use crate::gzip::Deflated;

/// JSON that many answers contain: written once, and compressed once, when a client first asks for that.
#[derive(Debug)]
pub struct SharedJson {
    json: Box<RawValue>,
    deflated: OnceLock<Deflated>,
}

impl SharedJson {
    /// The text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.json.get()
    }

    /// The text, to be written into other JSON.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// Its compressed form.
    #[must_use]
    pub fn deflated(&self) -> &Deflated {
        self.deflated.get_or_init(|| Deflated::of(self.get().as_bytes()))
    }
}

impl From<Box<RawValue>> for SharedJson {
    fn from(json: Box<RawValue>) -> Self {
        Self { json, deflated: OnceLock::new() }
    }
}
