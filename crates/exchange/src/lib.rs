//! Prompts as the files of other programs, and the files of other programs as prompts.
//!
//! This crate reads no files and writes none: prompts come in and texts go out ([`export`]), texts come in and prompts go out
//! ([`import`]). Its whole API is for the commands `export` and `import`.
//!
//! An export never makes text live that was not: before a text goes out, it is read as the target would read it, and the prompt is
//! refused if the target would find anything but the placeholders of its arguments. The same scan finds the placeholders of a text
//! that comes in.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a prompt becomes a text with placeholders, or is refused | `plan.rs` |
//! | a format is written, read and scanned | `formats/NAME.rs`; formats that only come in: `langfuse.rs`, `prompts_chat.rs`, `skills.rs` |
//! | arguments are written in words | `words.rs` |
//! | a text is held to what a program finds in it | `live.rs` |
//! | text becomes a Handlebars template | `template.rs` |
//! | a prompt file is written | `draft.rs` |

mod draft;
mod export;
mod formats;
mod import;
mod langfuse;
mod live;
mod markdown;
mod parameter;
mod paths;
mod pieces;
mod plan;
mod prompts_chat;
mod skills;
mod template;
mod words;
mod yaml;

pub use export::{Exported, Target, export};
pub use import::{Imported, InputFile, NewFile, Source, detect, import};

#[cfg(test)]
mod tests;
