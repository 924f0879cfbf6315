//! The gallery as an MCP App: the extension `io.modelcontextprotocol/ui` (SEP-1865).
//!
//! A client that hosts apps shows the page of the tool's `_meta` when its model calls the tool `open_gallery`. A server without
//! sessions cannot know who does, so the tool answers what `search_prompts` answers: other clients have that.

use std::io;
use std::sync::{Arc, LazyLock, OnceLock};

use gallery::{FoundPage, GalleryError, Search, SharedJson};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::prompt_tools::{Failure, GET, SEARCH, read_definition, unknown_prompt};
use super::{Call, raw};
use crate::identity::TITLE;
use crate::tools::{Definition, read_arguments};

pub(super) const OPEN: &str = check::PROMPT_TOOLS[2];

/// The name of the extension among the capabilities.
pub(super) const EXTENSION: &str = "io.modelcontextprotocol/ui";
pub(super) const URI: &str = "ui://prompt-gallery/gallery.html";
pub(super) const HTML: &str = "text/html;profile=mcp-app";

/// `open_gallery` as `tools/list` has it. Made when it is first needed, as the others here.
///
/// The key `ui/resourceUri` is deprecated. `registerAppTool` of ext-apps 2.0.4 writes both, for older hosts. There is no output schema,
/// which would be that of `search_prompts` again in each list.
pub(super) static DEFINITION: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    let described = |description| json!({ "type": "string", "description": description });
    let definition = read_definition(
        OPEN,
        "Open the gallery",
        format!(
            "Shows the user the prompts of the team, to look around, fill one in and send it: for a user who wants to see or choose \
             prompts. Answers what {SEARCH} answers too. To use a prompt without the user, call {GET}."
        ),
        json!({
            "type": "object",
            "properties": {
                "query": described("Words to look for."),
                "name": described("The name of one prompt, to show its form."),
            },
            "additionalProperties": false,
        }),
    );
    let meta = json!({ "ui": { "resourceUri": URI }, "ui/resourceUri": URI });
    raw(&Definition { meta: Some(meta), ..definition })
});

/// The page as `resources/list` has it.
pub(super) static ROW: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    let description = "The prompts of the team as an app in a chat.";
    raw(&json!({ "uri": URI, "name": TITLE, "description": description, "mimeType": HTML, "_meta": *META }))
});

/// How a host shows the page, which calls no other server. In the row and beside the content, where it counts.
pub(super) static META: LazyLock<Value> = LazyLock::new(
    || json!({ "ui": { "csp": { "connectDomains": [], "resourceDomains": [] }, "prefersBorder": true } }),
);

/// The settings of the extension.
pub(super) fn settings() -> Value {
    json!({ "mimeTypes": [HTML] })
}

/// The page as a JSON string, made when it is first read.
///
/// # Errors
/// A damaged binary.
pub(super) fn text() -> io::Result<Arc<SharedJson>> {
    static TEXT: OnceLock<Arc<SharedJson>> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(Arc::clone(text));
    }
    let html = String::from_utf8(page::app_html()?).map_err(io::Error::other)?;
    Ok(Arc::clone(TEXT.get_or_init(|| Arc::new(raw(&html).into()))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenArguments {
    query: Option<String>,
    name: Option<String>,
}

impl Call<'_> {
    pub(super) async fn open_gallery(&self, arguments: &str) -> Result<FoundPage, Failure> {
        let OpenArguments { query, name } = read_arguments(arguments)?;
        let gallery = &self.mcp.gallery;
        // Some models send an empty text for what they leave out.
        let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
            let query = query.unwrap_or_default();
            return Ok(gallery.search(Search { query: &query, ..Search::default() }).await?);
        };
        gallery.found(&name).await.map_err(|e| match e {
            GalleryError::UnknownPrompt { .. } => unknown_prompt(&e),
            e => e.into(),
        })
    }
}
