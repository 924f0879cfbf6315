//! How much a request may be and how long it may take. `dotprompt::bounds` has the limits of prompts, arguments and answers,
//! and `config.rs` the bounds of settings.

use std::time::Duration;

/// The body of a request to `/mcp`.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The body of a client's registration.
pub(crate) const MAX_REGISTRATION_BYTES: usize = 16 * 1024;
/// How long the body of a request may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests under way may take once the server is told to stop.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for the store in all: a Lambda function has 15 seconds for its answer.
pub(crate) const STORE_TIMEOUT: Duration = Duration::from_secs(10);

/// A name from a caller in the log and in an error.
pub(crate) const MAX_SHOWN_NAME_CHARS: usize = 100;
/// The value of a header in the log.
pub(crate) const MAX_LOGGED_HEADER_CHARS: usize = 100;

/// A page of `prompts/list` or `tools/list` as Lambda counts it: JSON within a JSON string. Several clients read one page alone, so it has as
/// many prompts or tools as fit.
pub(crate) const MAX_PAGE_BYTES: usize = 4_000_000;
/// The prompts of a page whose rows are prepared together.
pub(crate) const READ_AHEAD: usize = 500;
/// How long the files of one page are read before the page ends with those that were read.
pub(crate) const PAGE_TIMEOUT: Duration = Duration::from_secs(4);
/// The memory for pages of `prompts/list`. Other pages are put together anew for each call.
pub(crate) const KEPT_PAGES_BYTES: usize = 8 * 1024 * 1024;
/// How many pictures and files of one prompt are read at once. Each may be as large as `dotprompt::bounds::MEDIA`.
pub(crate) const CONCURRENT_MEDIA_READS: usize = 4;

/// Suggestions in one answer: MCP's limit.
pub(crate) const MAX_SUGGESTIONS: usize = 100;
/// A text to complete. People do not type more; a longer text matches nothing.
pub(crate) const MAX_TYPED_BYTES: usize = 256;
/// A query of `search_prompts`; the rest of a longer one is ignored.
pub(crate) const MAX_QUERY_CHARS: usize = 1000;
/// The distinct words of a query; further ones are ignored.
pub(crate) const MAX_QUERY_WORDS: usize = 16;
/// A word of a prompt that is searched; a longer one is divided.
pub(crate) const MAX_SEARCHED_WORD_BYTES: usize = 128;
/// Prompts on one page of `search_prompts`.
pub(crate) const MAX_FOUND_PROMPTS: usize = 20;
/// The JSON of these prompts, if there are two or more: a model reads all of it.
pub(crate) const MAX_FOUND_BYTES: usize = 128 * 1024;

/// How long `tools/list` waits for the prompts that are tools. Clients that start wait for the list.
pub(crate) const TOOL_LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// The description of a prompt as a tool. the API of `OpenAI` refuses a request with a tool whose description has more than 1,024
/// characters (getsentry/sentry-mcp#106, modelcontextprotocol/servers#799).
pub(crate) const MAX_TOOL_DESCRIPTION_CHARS: usize = 1024;
/// The JSON Schema in an error that tells a model how to give the arguments. Without it, the model can search for the prompt.
pub(crate) const MAX_SHOWN_SCHEMA_BYTES: usize = 8 * 1024;

/// The request state of a form. It comes back in a body of 1 MiB, beside the arguments and the next answers.
pub(crate) const MAX_STATE_BYTES: usize = 256 * 1024;
