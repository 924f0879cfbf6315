//! JSON from callers, with errors that name the field.

use serde::de::DeserializeOwned;

/// Reads JSON as `T`.
///
/// # Errors
/// The path of the field that does not fit (`None` for the whole), and the problem in words.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, (Option<String>, String)> {
    serde_json::from_str(json).or_else(|_| {
        // Reads again to learn the path. Tracking it at first would cost more than the read itself.
        let deserializer = &mut serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(deserializer).map_err(|e| {
            let path = e.path().to_string();
            (Some(path).filter(|path| path != "."), without_place(e.inner()))
        })
    })
}

/// The error's text without line and column, which count from the start of a part of the client's text.
pub(crate) fn without_place(e: &serde_json::Error) -> String {
    let text = e.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
