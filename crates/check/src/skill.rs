//! The rules of skills: those of [Agent Skills](https://agentskills.io/specification), and of their binding to MCP, the
//! extension `io.modelcontextprotocol/skills`.
//!
//! A skill is a folder with a `SKILL.md`. [`read`] checks that file, [`find`] finds the skills of a listing, [`limits`] checks the
//! files of one, and [`of_prompt`] makes a skill of a prompt. Serving and the command `check` follow the same rules.
//!
//! The name of a skill has only `a-z`, digits and hyphens, as the specification says. The reference validator, `skills-ref`,
//! also takes letters of other scripts.

mod fields;
mod files;
mod generated;
mod survey;
mod yaml;

use serde_json::{Map, Value};

use super::problems::of_file;
use dotprompt::tree::Markdown;
use dotprompt::{Code, Problem};

pub use files::{Found, MAX_BYTES, MAX_FILES, files_of, find, is_file_of_a_skill, limits};
pub use generated::{Generated, Offered, is_skill_name, name_rule, of_prompt, path_of_prompt, taken};
pub use survey::check;
pub use yaml::quoted;

/// The file that makes a folder a skill.
pub const FILE: &str = "SKILL.md";

/// Reads a `SKILL.md`. Returns its front matter as JSON exactly if no problem is an error, and all problems.
///
/// `key` is the path of the file from the root of the skills, such as `team/refunds/SKILL.md`.
#[must_use]
pub fn read(key: &str, source: &[u8]) -> (Option<Map<String, Value>>, Vec<Problem>) {
    let file = match Markdown::read(key, source) {
        Ok(file) => file,
        Err(problem) => return (None, vec![problem]),
    };
    if !source.starts_with(b"---") || file.entries.is_none() {
        let message = match source.starts_with("\u{feff}".as_bytes()) {
            true => "a skill begins with a line of `---`, without a byte order mark before it",
            false => "a skill begins with a line of `---` and its front matter",
        };
        let hint = "save it as UTF-8 without a byte order mark; the front matter needs `name` and `description`";
        return (None, vec![of_file(key, Code::Skill, message, Some(hint))]);
    }
    let mut problems = fields::check(key, &file);
    if file.body.is_empty() {
        let hint = "write what the model is to do after the front matter";
        problems.push(of_file(key, Code::Empty, "the skill has no instructions", Some(hint)));
    }
    problems.sort_by_key(|problem| problem.place);
    let is_usable = dotprompt::is_usable(&problems);
    (is_usable.then(|| file.to_json()), problems)
}

/// The name that a skill of this key must have: the name of its folder. `None` for a `SKILL.md` without a folder.
fn folder_of(key: &str) -> Option<&str> {
    let (folders, _) = key.rsplit_once('/')?;
    folders.rsplit('/').next()
}

#[cfg(test)]
mod tests;
