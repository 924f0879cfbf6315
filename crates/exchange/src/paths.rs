//! Names and paths of files, of any characters that file systems take.

use dotprompt::prompt_name;

/// Characters of a part that become one name.
const MAX_CHUNK: usize = 40;

/// The path of a prompt without its extension, of plain characters: `team/code-review`. Falls back to the name, which no other prompt
/// has, if the path does not lead to that name.
pub(crate) fn of_prompt(key: &str, name: &str) -> String {
    let path = plain(key.rsplit_once('.').map_or(key, |(path, _)| path));
    if prompt_name(&format!("{path}.prompt")).as_deref() == Some(name) { path } else { name.to_owned() }
}

/// A path of plain characters. Each part is what it would be in the name of a prompt; none is hidden or the name of a partial.
pub(crate) fn plain(path: &str) -> String {
    let parts = path.split('/').map(part).filter(|part| !part.is_empty());
    let path = parts.collect::<Vec<_>>().join("/");
    if path.is_empty() { "prompt".to_owned() } else { path }
}

fn part(part: &str) -> String {
    let part = part.trim().trim_start_matches(['.', '_', '-', ' ']).trim_end_matches(['.', ' ']);
    if part.is_empty() {
        return String::new();
    }
    // A part may be longer than a name.
    let chars: Vec<char> = part.chars().collect();
    let chunks = chars.chunks(MAX_CHUNK).map(|chunk| {
        let chunk: String = chunk.iter().collect();
        prompt_name(&format!("x{chunk}.prompt")).map(|name| name[1..].to_owned()).unwrap_or_default()
    });
    chunks.collect::<String>().trim_start_matches(['-', '_']).to_owned()
}
