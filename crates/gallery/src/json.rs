//! JSON from callers, and what is wrong with it in words.

use serde::de::DeserializeOwned;

/// Reads JSON as `T`, or says which field does not fit (none when it is the whole) and why.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, (Option<String>, String)> {
    serde_json::from_str(json).or_else(|_| {
        // Once more with the path, which costs too much to keep track of when all is well.
        let deserializer = &mut serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(deserializer).map_err(|e| {
            let path = e.path().to_string();
            (Some(path).filter(|path| path != "."), plain(e.inner()))
        })
    })
}

/// The error's words without its place, which counts from the start of a part that the client never saw as one.
pub(crate) fn plain(e: &serde_json::Error) -> String {
    let text = e.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
