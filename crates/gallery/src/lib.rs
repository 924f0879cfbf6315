//! What a prompt gallery is, for any protocol: the prompts of a store are listed page by page, searched, and rendered.
//!
//! The server above this crate answers requests. Nothing here knows JSON-RPC, HTTP, settings, or how callers sign in. The rows
//! of lists and the messages of rendered prompts have MCP's form.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a gallery is made, and described for people | `gallery.rs`; for monitors: `readiness.rs` |
//! | a list is divided into pages | `listing.rs`; pages are kept: `pages.rs`, with their compressed form: `shared_json.rs`, `gzip.rs` |
//! | a prompt gets its row in `prompts/list`, another one for clients with forms | `row.rs` |
//! | files that a list lacks are read later | `reading_on.rs` |
//! | a prompt is found by name and rendered | `rendering.rs` |
//! | messages get MCP's form, with pictures and files | `contents.rs`; the form itself: `content.rs` |
//! | a form asks for missing arguments | `form.rs` |
//! | values of an argument are suggested | `completion.rs` |
//! | prompts are searched and ranked | `search.rs` |
//! | skills are listed, those of prompts too | `all_skills.rs` |
//! | the files of skills, and those that prompts embed, are read | `resources.rs` |
//! | the files of prompts and partials are resources, with their problems | `source.rs` |
//! | a program's own resources are registered | `own_resources.rs` |
//! | skills are published for other programs | `published.rs` |
//! | a cursor is written and read | `cursor.rs` |
//! | prompts become tools | `all_prompts.rs`, `annotations.rs` |
//! | an error gets its words | `error.rs` |
//! | a limit or a timeout is set | `limits.rs` |

mod all_prompts;
mod all_skills;
mod annotations;
mod completion;
mod content;
mod contents;
mod cursor;
mod error;
mod form;
mod gallery;
mod gzip;
mod limits;
mod listing;
mod own_resources;
mod pages;
mod published;
mod readiness;
mod reading_on;
mod rendering;
mod resources;
mod row;
mod search;
mod shared_json;
mod source;

pub use annotations::Annotations;
pub use content::{Content, PromptMessage, Role};
pub use own_resources::{InvalidResource, OwnResource, Variables};
#[doc(hidden)]
pub use {
    all_prompts::{AllPrompts, FoundPage, PromptTool, Search},
    all_skills::SkillPage,
    catalogue::{Clock, Freshness, STALE_OK, Seen, SystemClock},
    completion::Completion,
    content::Rendered,
    cursor::List,
    error::{GalleryError, did_you_mean, shortened},
    form::Form,
    gallery::{Gallery, ShelfSummary},
    gzip::{Deflated, gzip},
    limits::{ANSWER_WITHIN, DEADLINE, MAX_FOUND_PROMPTS, MAX_PAGE_BYTES, escaped_len},
    own_resources::OwnResources,
    pages::Page,
    published::{Artifact, PublishedIndex},
    readiness::Readiness,
    resources::Resource,
    row::Audience,
    search::UnknownTag,
    shared_json::SharedJson,
};
