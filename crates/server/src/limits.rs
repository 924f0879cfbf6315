//! How much a request may be and how long it may take. `dotprompt::bounds` has the limits of prompts, arguments and answers,
//! `limits.rs` of `gallery` those of pages and searches, and `config.rs` the bounds of settings.

use std::time::Duration;

/// The body of a request to `/mcp`.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The body of a client's registration.
pub(crate) const MAX_REGISTRATION_BYTES: usize = 16 * 1024;
/// How long the body of a request may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// When a client may come again whose body found no room beside those of others.
pub(crate) const BODY_RETRY_SECONDS: u16 = 5;

/// A body that is compressed for a client that takes it so. A smaller one may as well be sent as it is.
pub(crate) const MIN_COMPRESSED_BYTES: usize = 1024;

/// How long `/ready` waits for a first listing.
pub(crate) const READY_PATIENCE: Duration = Duration::from_millis(300);
/// How often `/ready` may begin one, and when a caller may come again.
pub(crate) const READY_RETRY: Duration = Duration::from_secs(1);

/// The value of a header in the log.
pub(crate) const MAX_LOGGED_HEADER_CHARS: usize = 100;
/// The `clientInfo` that is kept as it was sent until the log line is written.
pub(crate) const MAX_KEPT_CLIENT_INFO_BYTES: usize = 1024;
/// A client's name, and its version, in the log.
pub(crate) const MAX_LOGGED_CLIENT_CHARS: usize = 64;

/// How long `tools/list` waits for the prompts that are tools. Clients that start wait for the list.
pub(crate) const TOOL_LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// The JSON Schema in an error that tells a model how to give the arguments. Without it, the model can search for the prompt.
pub(crate) const MAX_SHOWN_SCHEMA_BYTES: usize = 8 * 1024;

/// The request state of a form. It comes back in a body of 1 MiB, beside the arguments and the next answers.
pub(crate) const MAX_STATE_BYTES: usize = 256 * 1024;

/// Prompts that are dimensions of a metric, where metrics are counted by prompt. Each is paid for on its own on AWS.
pub(crate) const MAX_PROMPT_DIMENSIONS: usize = 200;
