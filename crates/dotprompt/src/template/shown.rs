//! The pictures and other files that a template shows.

use serde_json::Value;

use super::{Expression, Mark};
use crate::problem::Place;
use crate::schema::plain;

/// A picture or another file that a template shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The tag.
    pub place: Place,
    /// The address, if it is a literal.
    pub url: Option<String>,
    /// The type.
    pub content_type: ContentType,
}

/// The `contentType` of a picture or another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentType {
    /// Missing: the type depends on the address.
    Untold,
    /// A literal.
    Written(String),
    /// A variable or another expression.
    Computed,
}

impl Shown {
    /// The file of a `{{media}}`; `None` for other marks.
    #[must_use]
    pub fn of(place: Place, mark: &Mark) -> Option<Self> {
        let Mark::Media { url, content_type } = mark else { return None };
        let written = |value: &Expression| match value {
            Expression::Literal(Value::Null) => Some(String::new()),
            Expression::Literal(value) => Some(plain(value).into_owned()),
            Expression::Path(_) | Expression::Call(_) => None,
        };
        let content_type = match content_type.as_ref().map(written) {
            Some(Some(text)) if !text.is_empty() => ContentType::Written(text),
            Some(None) => ContentType::Computed,
            Some(Some(_)) | None => ContentType::Untold,
        };
        Some(Self { place, url: written(url), content_type })
    }
}
