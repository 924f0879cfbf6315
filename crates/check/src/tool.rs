//! The names that a prompt and its arguments may have if the prompt is a tool.
//!
//! A client sends the tools of all its servers to a model in one request. The APIs of models refuse the whole request for one
//! wrong name, so that the client answers nothing until its user removes the server. MCP itself allows more: 1 to 128
//! characters, also dots (specification 2026-07-28, server/tools, "Tool Names").
//!
//! | rule | API, and who saw its error |
//! |---|---|
//! | a name has 1 to 64 of A-Z, a-z, 0-9, `_` and `-` | `OpenAI`, `danny-avila/LibreChat#7435`; Bedrock, `aws/aws-sdk-js-v3#7287`; Anthropic takes 128, `anthropics/claude-code#96152` |
//! | it begins with a letter or `_` | Gemini, `google-gemini/gemini-cli#9535` |
//! | the name of an argument has 1 to 64 of A-Z, a-z, 0-9, `_`, `.` and `-` | Anthropic, `twilio-labs/mcp#58` and `ComposioHQ/composio#3500` |
//!
//! The last rule is for the keys of `inputSchema.properties`. Keys further inside are not checked
//! (`aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws#709`). Arguments have no dots here.

use dotprompt::{Argument, Code, Place, Problem, shorten};

use super::problems::at;
use super::warnings::width;

/// The longest name that these APIs take.
const MAX_API_NAME: usize = 64;
/// What clients put before the name of a tool, in its longest form: that of Claude Code.
const PREFIX: &str = "mcp__prompt-gallery__";
/// The longest name of a prompt that is a tool.
const MAX_TOOL_NAME: usize = MAX_API_NAME - PREFIX.len();

/// Whether a prompt of this name and with these arguments can be a tool.
#[must_use]
pub fn can_be_tool(name: &str, arguments: &[Argument]) -> bool {
    wrong_name(name).is_none() && arguments.iter().all(|argument| is_argument_name(&argument.name))
}

/// What a name must be, if a tool cannot have it. A prompt's name has no other characters than A-Z, a-z, 0-9, `_` and `-`.
fn wrong_name(name: &str) -> Option<String> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if name.len() > MAX_TOOL_NAME {
        let length = name.len();
        return Some(format!(
            "has at most {MAX_TOOL_NAME} characters, because clients put up to {} before it, and `{name}` has {length}",
            PREFIX.len()
        ));
    }
    (!begins_well).then(|| format!("begins with a letter or _, and this one is `{name}`"))
}

fn is_argument_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=MAX_API_NAME).contains(&name.len()) && name.chars().all(is_allowed)
}

/// The error of a prompt that cannot be a tool because of its name. `place` is that of `tool: true`.
pub(super) fn of_name(key: &str, name: &str, place: Place) -> Option<Problem> {
    let message = format!("the name of a tool {}: this prompt is not offered as a tool", wrong_name(name)?);
    let hint = Some("rename the file, or leave `tool` out".to_owned());
    Some(at(key, place, "tool".len(), Code::ToolName, message, hint))
}

/// The errors of a prompt that cannot be a tool because of the names of its arguments. `text` is its file.
pub(super) fn of_arguments(key: &str, arguments: &[Argument], place: Place, text: &str) -> Vec<Problem> {
    let wrong = arguments.iter().filter(|argument| !is_argument_name(&argument.name));
    let problem = |Argument { name, place: declared, .. }: &Argument| {
        let message = format!(
            "the argument of a tool cannot have the name `{}`: use at most {MAX_API_NAME} of A-Z, a-z, 0-9, _ and -; this prompt \
             is not offered as a tool",
            shorten(name)
        );
        let place = declared.unwrap_or(place);
        let hint = Some("rename the argument, or leave `tool` out".to_owned());
        at(key, place, width(text, place), Code::ToolName, message, hint)
    };
    wrong.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_room_for_the_prefixes_of_clients_and_begins_with_a_letter() {
        for name in ["a", "_a", "docs_adr", "code-review--strict", "Dai-Ma-Shen-Cha", &"x".repeat(43)] {
            assert_eq!(wrong_name(name), None);
        }
        for name in ["3d-model", "-x", &"x".repeat(44), &"x".repeat(64)] {
            assert!(wrong_name(name).is_some(), "{name}");
        }
        assert_eq!(format!("{PREFIX}{}", "x".repeat(MAX_TOOL_NAME)).len(), 64);
    }

    #[test]
    fn the_name_of_an_argument_is_one_that_anthropic_takes() {
        for name in ["a", "A_b-c", "0", &"x".repeat(64)] {
            assert!(is_argument_name(name), "{name}");
        }
        for name in ["", "größe", "名前", "x²", "a b", "filter[id]", "$top", "@type", "a/b", &"x".repeat(65)] {
            assert!(!is_argument_name(name), "{name}");
        }
    }
}
