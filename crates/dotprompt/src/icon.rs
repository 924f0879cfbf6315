//! Pictures that a client may show beside a prompt.

use serde::Serialize;

use super::problem::Code;
use super::reader::{Reader, shorten};
use super::yaml::Node;

/// A picture beside a prompt; serialised as MCP lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// An `https:` or `data:` address.
    pub src: String,
    /// The picture's type, such as `image/png`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Such as `48x48`, or `any` of a drawing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// The background it is for, if not any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
}

/// A background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

/// The front matter's `icons`.
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
    // A client fetches it from where it is, so not from a disk or an open line, and never runs it.
    if !["https:", "data:"].iter().any(|scheme| has_prefix(&src, scheme)) {
        let message = format!("`src` takes an https: or data: address, not {}", shorten(&src));
        reader.note(CODE, src_node.span, message);
        return None;
    }
    let theme = theme.and_then(|node| match reader.text(CODE, "`theme`", node)?.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        other => {
            reader.note(CODE, node.span, format!("`theme` takes light or dark, not {}", shorten(other)));
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

/// Whether an address has a scheme, in upper or lower case.
fn has_prefix(address: &str, scheme: &str) -> bool {
    address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
