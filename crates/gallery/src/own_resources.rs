//! Resources of the program itself, beside the files of the gallery: registered by those who build on this server.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::resources::Resource;

/// Addresses that belong to the gallery.
const OWN_SCHEMES: [&str; 3] = ["skill:", "gallery:", "ui:"];

/// The values of a template's variables, by name.
pub type Variables = BTreeMap<String, String>;

type Content = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;
type Read = Box<dyn Fn(Variables) -> Content + Send + Sync>;

/// A resource that clients can read, or a template of the addresses of many.
///
/// Text is sent as text, anything else in base64.
///
/// ```
/// use prompt_gallery_gallery::OwnResource;
///
/// let fixed = OwnResource::new("docs://style", "Style guide", "text/markdown", "# Style").description("How we write.");
/// let many = OwnResource::template("docs://pages/{page}", "Page", "text/plain", |variables| async move {
///     let page = variables.get("page")?.parse::<u32>().ok()?;
///     Some(format!("This is page {page}."))
/// });
/// ```
pub struct OwnResource {
    uri: String,
    name: String,
    mime_type: String,
    description: Option<String>,
    is_template: bool,
    read: Read,
}

/// Why a resource cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("resource `{uri}`: {problem}")]
pub struct InvalidResource {
    /// The resource's address.
    pub uri: String,
    /// The reason.
    pub problem: String,
}

/// A resource as lists have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_template: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    mime_type: &'a str,
}

impl OwnResource {
    /// A resource with a fixed content.
    pub fn new(
        uri: impl Into<String>,
        name: impl Into<String>,
        mime_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let content = content.into();
        let read: Read = Box::new(move |_| Box::pin(std::future::ready(Some(content.clone()))));
        let (uri, name, mime_type) = (uri.into(), name.into(), mime_type.into());
        Self { uri, name, mime_type, description: None, is_template: false, read }
    }

    /// Resources whose addresses fit a template: a variable in braces, as in `docs://pages/{page}`, is a part of the path
    /// without `/`. `read` returns the content, or `None` if there is no such resource.
    pub fn template<F, Fut, C>(
        uri_template: impl Into<String>,
        name: impl Into<String>,
        mime_type: impl Into<String>,
        read: F,
    ) -> Self
    where
        F: Fn(Variables) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<C>> + Send + 'static,
        C: Into<Bytes>,
    {
        let read: Read = Box::new(move |variables| {
            let content = read(variables);
            Box::pin(async move { content.await.map(Into::into) })
        });
        let (uri, name, mime_type) = (uri_template.into(), name.into(), mime_type.into());
        Self { uri, name, mime_type, description: None, is_template: true, read }
    }

    /// A description for people and models.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    fn row(&self) -> Box<RawValue> {
        let uri = Some(self.uri.as_str());
        let (uri, uri_template) = if self.is_template { (None, uri) } else { (uri, None) };
        let (name, mime_type, description) = (&self.name, &self.mime_type, self.description.as_deref());
        to_raw_value(&Row { uri, uri_template, name, description, mime_type }).expect("a row serialises")
    }

    fn check(&self) -> Result<(), InvalidResource> {
        let invalid = |problem: &str| Err(InvalidResource { uri: self.uri.clone(), problem: problem.to_owned() });
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        };
        if !self.uri.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty()) {
            return invalid("an address begins with a scheme, as in docs://style");
        }
        if OWN_SCHEMES.iter().any(|scheme| self.uri.to_ascii_lowercase().starts_with(scheme)) {
            return invalid("skill:, gallery: and ui: are the gallery's own: use another scheme");
        }
        if self.is_template && parts(&self.uri).is_none() {
            return invalid("a template has variables such as {page}, with a `/` or other text between them");
        }
        Ok(())
    }

    /// The values of the template's variables, if the address fits.
    fn variables(&self, uri: &str) -> Option<Variables> {
        if !self.is_template {
            return (self.uri == uri).then(Variables::new);
        }
        let (first, variables) = parts(&self.uri)?;
        let (mut rest, mut values) = (uri.strip_prefix(first)?, Variables::new());
        for (index, (name, after)) in variables.iter().enumerate() {
            let is_last = index + 1 == variables.len();
            let end = if after.is_empty() && is_last { rest.len() } else { rest.find(after)? };
            let (value, others) = (&rest[..end], &rest[end + after.len()..]);
            if value.is_empty() || value.contains('/') {
                return None;
            }
            let value = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
            values.insert((*name).to_owned(), value.into_owned());
            rest = others;
        }
        rest.is_empty().then_some(values)
    }
}

/// The text before the first variable; then each variable with the text after it. `None` if they could not be told apart.
fn parts(template: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let (first, mut rest) = template.split_once('{')?;
    let mut variables = Vec::new();
    loop {
        let (name, after) = rest.split_once('}')?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let (text, next) = after.split_once('{').map_or((after, None), |(text, next)| (text, Some(next)));
        if !is_name || text.contains('}') || (text.is_empty() && next.is_some()) {
            return None;
        }
        variables.push((name, text));
        match next {
            Some(next) => rest = next,
            None => return Some((first, variables)),
        }
    }
}

impl fmt::Debug for OwnResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnResource").field("uri", &self.uri).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The resources of a program, in the order in which they were registered.
#[derive(Debug, Default)]
pub struct OwnResources {
    resources: Vec<OwnResource>,
    /// The rows of `resources/list`.
    pub rows: Vec<Box<RawValue>>,
    /// The rows of `resources/templates/list`.
    pub template_rows: Vec<Box<RawValue>>,
}

impl OwnResources {
    /// Registers resources, in this order.
    ///
    /// # Errors
    /// An address that is invalid, the gallery's own, or registered twice.
    pub fn new(resources: Vec<OwnResource>) -> Result<Self, InvalidResource> {
        let mut uris = HashSet::new();
        for resource in &resources {
            resource.check()?;
            if !uris.insert(resource.uri.as_str()) {
                return Err(InvalidResource { uri: resource.uri.clone(), problem: "registered twice".to_owned() });
            }
        }
        let of_kind = |is_template: bool| {
            resources.iter().filter(|known| known.is_template == is_template).map(OwnResource::row).collect()
        };
        let (rows, template_rows) = (of_kind(false), of_kind(true));
        Ok(Self { resources, rows, template_rows })
    }

    /// The resource of an address, if it is one of these.
    pub async fn read(&self, uri: &str) -> Option<Resource> {
        for resource in &self.resources {
            if let Some(variables) = resource.variables(uri)
                && let Some(content) = (resource.read)(variables).await
            {
                return Some(Resource { uri: uri.to_owned(), mime_type: resource.mime_type.clone(), content });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn template(uri: &str) -> OwnResource {
        OwnResource::template(uri, "Any", "text/plain", |variables| async move { Some(format!("{variables:?}")) })
    }

    #[test]
    fn the_variables_of_a_template_are_parts_of_a_path() {
        for (uri, expected) in [
            ("docs://a/123/data", Some("123")),
            ("docs://a/x%20y/data", Some("x y")),
            ("docs://a//data", None),
            ("docs://a/1/2/data", None),
            ("docs://a/1/data/more", None),
            ("docs://a/%ff/data", None),
            ("docs://b/1/data", None),
        ] {
            let found = template("docs://a/{id}/data").variables(uri);
            assert_eq!(found.as_ref().map(|found| found["id"].as_str()), expected, "{uri}");
        }
        let two = template("docs://{a}-{b}").variables("docs://1-2-3").expect("it fits");
        assert_eq!((two["a"].as_str(), two["b"].as_str()), ("1", "2-3"));
    }

    #[test]
    fn a_resource_that_clients_could_not_read_is_refused() {
        let refused = |resource: OwnResource| OwnResources::new(vec![resource]).expect_err("refused").problem;
        let fixed = |uri: &str| OwnResource::new(uri, "Any", "text/plain", "Text");
        for uri in ["style", "docs:", "1a://style", ":style"] {
            assert!(refused(fixed(uri)).starts_with("an address begins with a scheme"), "{uri}");
        }
        for uri in ["skill://a/SKILL.md", "GALLERY:///a"] {
            assert!(refused(fixed(uri)).contains("the gallery's own"), "{uri}");
        }
        for uri in ["docs://a", "docs://{}", "docs://{a}{b}", "docs://{a", "docs://{a b}", "docs://{a}}"] {
            assert!(refused(template(uri)).starts_with("a template has variables"), "{uri}");
        }
        let twice = OwnResources::new(vec![fixed("docs://a"), fixed("docs://a")]).expect_err("refused");
        assert_eq!(twice.to_string(), "resource `docs://a`: registered twice");
    }

    #[test]
    fn a_fixed_resource_is_listed_and_read_and_a_template_is_listed_apart() {
        let fixed = OwnResource::new("docs://style", "Style", "text/markdown", "# Style").description("How we write.");
        let own = OwnResources::new(vec![fixed, template("docs://{page}")]).expect("resources");
        let row = r#"{"uri":"docs://style","name":"Style","description":"How we write.","mimeType":"text/markdown"}"#;
        assert_eq!(own.rows[0].get(), row);
        assert_eq!(
            own.template_rows[0].get(),
            r#"{"uriTemplate":"docs://{page}","name":"Any","mimeType":"text/plain"}"#
        );
        let read = |uri: &str| own.read(uri).now_or_never().expect("at once");
        let style = read("docs://style").expect("a resource");
        assert_eq!((style.mime_type.as_str(), &style.content[..]), ("text/markdown", &b"# Style"[..]));
        assert!(read("docs://other").is_some_and(|other| other.content.ends_with(b"\"other\"}")));
        assert!(read("docs://a/b").is_none());
    }
}
