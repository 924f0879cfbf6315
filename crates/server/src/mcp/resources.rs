//! `resources/list`, `resources/read`, and `resources/directory/read` of the extension for skills.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::app;
use super::error::{Error, ErrorKind, note_failure};
use super::version::Era;
use super::{Answer, Call, Record, raw};
use gallery::{GalleryError, Resource, shortened};
use store::store_failure;

#[derive(Deserialize)]
struct ListResourcesParams {
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct ReadResourceParams {
    uri: String,
}

#[derive(Deserialize)]
struct ReadDirectoryParams {
    uri: String,
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourcesResult<'a> {
    resources: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
struct ReadResourceResult<'a> {
    contents: [ResourceContents<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceContents<'a> {
    uri: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Plain(&'a str),
    /// A JSON string.
    Json(&'a RawValue),
}

impl Call<'_> {
    pub(super) async fn list_resources(&self, record: &mut Record) -> Answer {
        let ListResourcesParams { cursor } = self.params()?;
        // The program's own come first, as its tools do.
        let mut first: Vec<&RawValue> = Vec::new();
        if cursor.is_none() {
            first.extend(self.mcp.resources.rows.iter().map(|row| &**row));
            first.extend(self.mcp.has_app.then(|| &**app::ROW));
        }
        let page = match self.mcp.gallery.list_resources(cursor.as_deref()).await {
            Ok(page) => page,
            Err(e @ GalleryError::Store(_)) if !first.is_empty() => {
                note_failure(record, e);
                // The client is to ask again.
                return self.answer_page(&ResourcesResult { resources: &raw(&first), next_cursor: None }, 0, true);
            }
            Err(e) => return Err(e.into()),
        };
        record.cause = store_failure();
        let all = (!first.is_empty()).then(|| before(&first, page.entries.json()));
        let resources = all.as_deref().unwrap_or(page.entries.json());
        let result = ResourcesResult { resources, next_cursor: page.next_cursor.as_deref() };
        self.answer_page(&result, resources.get().len(), page.is_partial)
    }

    pub(super) fn list_resource_templates(&self) -> Answer {
        self.answer_cacheable(&json!({ "resourceTemplates": self.mcp.resources.template_rows }), 0)
    }

    pub(super) async fn read_resource(&self, record: &mut Record) -> Answer {
        let ReadResourceParams { uri } = self.params()?;
        record.name = Some(shortened(&uri));
        if self.mcp.has_app && uri == app::URI {
            return self.read_app();
        }
        let Resource { uri, mime_type, content } = match self.mcp.resources.read(&uri).await {
            Some(own) => own,
            None => self.mcp.gallery.read_resource(&uri).await.map_err(|e| self.resource_error(e))?,
        };
        let text = std::str::from_utf8(&content).ok().map(Text::Plain);
        let blob = text.is_none().then(|| STANDARD.encode(&content));
        let size = blob.as_ref().map_or(content.len(), String::len);
        let contents = ResourceContents { uri: &uri, mime_type: &mime_type, text, blob, meta: None };
        let answer = self.answer_cacheable(&ReadResourceResult { contents: [contents] }, size)?;
        match self.mcp.size_over_limit(&answer.bytes) {
            Some(size) => Err(GalleryError::ResourceTooLarge { uri, size: size as u64 }.into()),
            None => Ok(answer),
        }
    }

    fn read_app(&self) -> Answer {
        let text = app::text().map_err(|e| Error::internal(e.to_string()))?;
        let (uri, mime_type, meta) = (app::URI, app::HTML, Some(&*app::META));
        let contents = ResourceContents { uri, mime_type, text: Some(Text::Json(text.json())), blob: None, meta };
        self.answer_cacheable(&ReadResourceResult { contents: [contents] }, &text)
    }

    pub(super) async fn read_directory(&self, record: &mut Record) -> Answer {
        let ReadDirectoryParams { uri, cursor } = self.params()?;
        record.name = Some(shortened(&uri));
        let page = self.mcp.gallery.read_directory(&uri, cursor.as_deref()).await?;
        record.cause = store_failure();
        let result = ResourcesResult { resources: page.entries.json(), next_cursor: page.next_cursor.as_deref() };
        self.answer_page(&result, &page.entries, page.is_partial)
    }

    /// The error of a file that cannot be read. Before 2026-07-28, an unknown resource has a code of its own.
    fn resource_error(&self, e: GalleryError) -> Error {
        let unknown =
            if let GalleryError::UnknownResource { uri, .. } = &e { Some(json!({ "uri": uri })) } else { None };
        let error = Error::from(e);
        let Some(data) = unknown else { return error };
        let error = error.with_data(data);
        if self.era == Era::Handshake { error.with_kind(ErrorKind::UnknownResource) } else { error }
    }
}

/// A JSON array with more rows at its beginning.
fn before(rows: &[&RawValue], array: &RawValue) -> Box<RawValue> {
    let first: Vec<_> = rows.iter().map(|row| row.get()).collect();
    let rest = array.get().trim_start_matches('[');
    let comma = if rest.starts_with(']') { "" } else { "," };
    RawValue::from_string(format!("[{}{comma}{rest}", first.join(","))).expect("rows are JSON")
}
