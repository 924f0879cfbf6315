//! Icons of prompts.

use serde::Serialize;

use super::problem::Code;
use super::reader::{Reader, shorten};
use super::yaml::Node;

/// An icon of a prompt, serialised as in MCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// An `https:` or `data:` address.
    pub src: String,
    /// The type, such as `image/png`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Sizes such as `48x48`, or `any` for a vector graphic.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// The background, if the icon is not for all backgrounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
}

/// The background of an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// A light background.
    Light,
    /// A dark background.
    Dark,
}

/// Reads `icons` of the front matter.
pub(super) fn read_icons(node: &Node, reader: &mut Reader<'_>) -> Vec<Icon> {
    let items = reader.list(Code::FrontMatter, "`icons`", "`- src: https://…`", node);
    items.iter().filter_map(|item| icon(item, reader)).collect()
}

fn icon(node: &Node, reader: &mut Reader<'_>) -> Option<Icon> {
    const CODE: Code = Code::FrontMatter;
    let [src, mime_type, sizes, theme] = reader.fields(CODE, "an icon", ["src", "mimeType", "sizes", "theme"], node)?;
    let Some(src_node) = src else {
        reader.note(CODE, node.span, "an icon needs a `src`");
        return None;
    };
    let src = reader.text(CODE, "`src`", src_node)?;
    // MCP clients must reject unsafe schemes such as `file:` and `javascript:`.
    if !["https:", "data:"].iter().any(|scheme| has_prefix(&src, scheme)) {
        let message = format!("`src` must be an https: or data: address, not {}", shorten(&src));
        reader.note(CODE, src_node.span, message);
        return None;
    }
    let theme = theme.and_then(|node| match reader.text(CODE, "`theme`", node)?.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        other => {
            reader.note(CODE, node.span, format!("`theme` must be light or dark, not {}", shorten(other)));
            None
        }
    });
    Some(Icon {
        src,
        mime_type: mime_type.and_then(|node| reader.text(CODE, "`mimeType`", node)),
        sizes: sizes.map(|node| reader.texts(CODE, "`sizes`", "[48x48]", node)).unwrap_or_default(),
        theme,
    })
}

/// Whether an address has a scheme, regardless of case.
fn has_prefix(address: &str, scheme: &str) -> bool {
    address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
