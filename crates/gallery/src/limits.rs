//! How long a caller waits for the store, and how much a page or a search has. `dotprompt::bounds` has the limits of prompts,
//! arguments and answers.

use std::time::Duration;

/// How long a caller waits for the store in all, so that the answer comes within 8 seconds. A Lambda function has 15 seconds for its
/// answer, and a server that stops waits longer than this for its callers.
pub const DEADLINE: Duration = Duration::from_secs(7);

/// A name from a caller in the log and in an error.
pub(crate) const MAX_SHOWN_NAME_CHARS: usize = 100;

/// A page of `prompts/list` or `tools/list` as [`escaped_len`] counts it. Several clients read one page alone, so it has as many
/// prompts or tools as fit.
pub const MAX_PAGE_BYTES: usize = 4_000_000;
/// The prompts of a page whose rows are prepared together.
pub(crate) const READ_AHEAD: usize = 500;
/// The skills whose files are read before a page checks the time.
pub(crate) const SKILLS_READ_AHEAD: usize = 64;
/// How many listings of the skills one call makes because files were replaced.
pub(crate) const MAX_SHELF_LISTINGS: usize = 4;
/// How long the files of one page are read before the page ends with those that were read.
pub(crate) const PAGE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long after that the page waits for files that are being read. Then it is answered without them.
pub(crate) const PAGE_GRACE: Duration = Duration::from_secs(1);
/// How long after its request a page reads files at most: the grace and the answer come before [`DEADLINE`].
pub(crate) const READ_WITHIN: Duration = Duration::from_millis(5500);
/// The pause before files that a list lacks are read again. It doubles each time.
pub(crate) const FIRST_READ_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before they are read again.
pub(crate) const MAX_READ_PAUSE: Duration = Duration::from_secs(30);
/// How many of these files are read at once: callers come first.
pub(crate) const READ_ON_AT_ONCE: usize = 8;
/// How long a caller waits in all, the index that it saves included.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// The memory for pages of `prompts/list`, without their compressed form. Other pages are put together anew for each call.
pub(crate) const KEPT_PAGES_BYTES: usize = 8 * 1024 * 1024;
/// How many pictures and files of one prompt are read at once. Each may be as large as `dotprompt::bounds::MEDIA`.
pub(crate) const CONCURRENT_MEDIA_READS: usize = 4;
/// How many files of prompts are checked together at most, to be listed with their problems.
pub(crate) const CHECKED_TOGETHER: usize = 2000;
/// Their bytes.
pub(crate) const CHECKED_TOGETHER_BYTES: u64 = 16 * 1024 * 1024;
/// How many archives of skills are made at once. A skill may have 16 MiB.
pub(crate) const CONCURRENT_ARCHIVES: usize = 2;

/// Suggestions in one answer: MCP's limit.
pub(crate) const MAX_SUGGESTIONS: usize = 100;
/// A text to complete. People do not type more; a longer text matches nothing.
pub(crate) const MAX_TYPED_BYTES: usize = 256;
/// The query of a search; the rest of a longer one is ignored.
pub(crate) const MAX_QUERY_CHARS: usize = 1000;
/// The distinct words of a query; further ones are ignored.
pub(crate) const MAX_QUERY_WORDS: usize = 16;
/// A word of a prompt that is searched; a longer one is divided.
pub(crate) const MAX_SEARCHED_WORD_BYTES: usize = 128;
/// Prompts on one page of a search.
pub const MAX_FOUND_PROMPTS: usize = 20;
/// The JSON of these prompts, if there are two or more: a model reads all of it.
pub(crate) const MAX_FOUND_BYTES: usize = 128 * 1024;

/// The description of a prompt as a tool. The API of `OpenAI` refuses a request with a tool whose description has more than 1,024
/// characters (getsentry/sentry-mcp#106, modelcontextprotocol/servers#799).
pub(crate) const MAX_TOOL_DESCRIPTION_CHARS: usize = 1024;

/// The bytes of a JSON text within a JSON string: Lambda sends answers so, and limits their size. JSON has escaped control characters
/// already, so that this is one fast count of two characters.
#[must_use]
pub fn escaped_len(json: &[u8]) -> usize {
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_text_is_counted_as_it_is_written() {
        let every_character: String = ('\0'..='\u{ff}').chain(['\u{2028}', '🦀']).collect();
        for text in ["", "plain", r#"{"a":"\"\\\u0001"}"#, &every_character] {
            let json = serde_json::to_string(text).expect("a text");
            let written = serde_json::to_string(&json).expect("a text");
            assert_eq!(escaped_len(json.as_bytes()), written.len() - 2, "{text:?}");
        }
    }
}
