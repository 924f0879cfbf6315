//! Dotprompt files become messages for a model.
//!
//! For programs that keep prompts as files, in the format of [Dotprompt](https://google.github.io/dotprompt): Handlebars
//! templates with optional YAML front matter. The crate reads the text of files and returns messages, or [`Problem`]s with
//! line and column. It does no I/O: the caller reads files, calls models and shows media.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Arc;
//!
//! use dotprompt::{Part, Prompt, PromptFile, Role};
//! use serde_json::json;
//!
//! let source = r#"---
//! description: Greets someone
//! input:
//!   schema:
//!     name: string, who is greeted
//! ---
//! {{role "system"}}Answer in one sentence.
//! {{role "user"}}Greet {{name}}."#;
//!
//! let file = PromptFile::parse("greet.prompt", source.as_bytes())?;
//! // The second argument has the partials that `file.partials()` names.
//! let prompt = Prompt::link(Arc::new(file), HashMap::new())?;
//! assert_eq!(prompt.arguments()[0].name, "name");
//!
//! let given = json!({ "name": "Ada" });
//! let data = prompt.resolve(given.as_object().unwrap()).expect("valid arguments");
//! let messages = prompt.render(&data)?;
//! assert_eq!(messages[1].role, Role::User);
//! assert_eq!(messages[1].content, [Part::Text { text: "Greet Ada.".to_owned() }]);
//! # Ok::<(), dotprompt::Problem>(())
//! ```
//!
//! - [`PromptFile::parse`] and [`Partial::parse`] read one file; [`PromptFile::read`] also returns warnings.
//! - [`Prompt::link`] combines a file and its partials; [`Prompt::arguments`] lists the arguments.
//! - [`Prompt::resolve`] checks a caller's arguments; [`Prompt::render`] returns messages.
//! - [`Named::of`] and [`prompt_name`] turn paths into the names of prompts and partials.
//!
//! Arguments are data: they are never compiled as a template, and they never start a message or show a file. [`bounds`]
//! has the limits of files, arguments and renderings.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a file's path becomes a prompt's name | `names.rs` |
//! | a file is read, and a prompt is linked and rendered | `file.rs`, `prompt.rs`; the variables of its partials: `link.rs` |
//! | a key of front matter is read | `front_matter.rs`; any keys of another file: `front_matter/any.rs`; types and errors of its nodes: `reader.rs`, `yaml.rs` |
//! | an argument is declared | `arguments/items.rs`, `arguments/properties.rs`, `picoschema.rs`; inferred: `template/uses/walk.rs` |
//! | a caller's argument is read | `arguments/resolve.rs`, `arguments/text.rs` |
//! | a keyword of JSON Schema is added | `schema/keywords.rs`; the cost of a check: `schema/cost.rs` |
//! | a schema is made readable for other programs | `schema/portable.rs`, `schema/definitions.rs`, `schema/pattern.rs` |
//! | a tag is parsed | `template/tags.rs`, `template/expression.rs`, `template/compile.rs` |
//! | a helper is added | `enum Helper` in `template.rs`; the compiler names the other places: `template/compile/calls.rs`, `template/uses/walk.rs`, `render.rs`, `render/evaluate.rs` |
//! | output becomes messages | `render/output.rs`, `message.rs` |
//! | a problem's code and level are added | `problem.rs` |
//! | a limit is set | `bounds.rs` |

mod arguments;
pub mod bounds;
mod chain;
mod file;
mod front_matter;
mod icon;
mod link;
mod message;
mod names;
mod nearest;
mod picoschema;
mod problem;
mod prompt;
mod reader;
mod render;
mod schema;
mod shape;
mod source;
mod template;
mod yaml;

#[doc(hidden)]
pub use arguments::in_listed_order;
pub use arguments::{Argument, ArgumentProblem, Arguments, Kind};
#[doc(hidden)]
pub use file::is_usable;
pub use file::{Partial, PromptFile};
pub use icon::{Icon, Theme};
pub use message::{Media, Message, Origin, Part, Role};
#[doc(hidden)]
pub use names::{EXTENSIONS, MAX_LENGTH, distinct, is_cut, is_gallery_file, is_name, likely_keys, partial_comes_first};
pub use names::{Named, prompt_name};
#[doc(hidden)]
pub use nearest::{did_you_mean, nearest};
pub use picoschema::Schemas;
pub use problem::{Cause, Code, Level, Place, Problem};
pub use prompt::Prompt;
#[doc(hidden)]
pub use reader::{shorten, shorten_to};
pub use render::Data;
#[doc(hidden)]
pub use source::{too_large, unreadable};
#[doc(hidden)]
pub use template::{ContentType, Shown};

/// For the check of a gallery: the tags, nodes and variables of a template, and the pieces of messages.
#[doc(hidden)]
pub mod tree {
    pub use crate::front_matter::any::{Entry, Markdown, Scalar};
    pub use crate::front_matter::template_of;
    pub use crate::message::{Piece, messages};
    pub use crate::shape::Shape;
    pub use crate::template::{
        Block, BlockKind, Expression, Inlines, LOOP_DATA, Mark, Node, PartialCall, Program, Tag, Template, Token,
        UnknownData, Usage, Variable, Visitor, tokens,
    };
}

#[cfg(test)]
mod tests;
