//! What a prompt says, in MCP's terms: one content a message, two roles, pictures and files read from the store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_url::DataUrl;
use http::Uri;
use serde_json::json;

use super::catalogue::{Catalogue, is_gallery_file};
use crate::content::{Content, PromptMessage, Role};
use crate::nearest::nearest;
use crate::prompt::{self, Code, Media, Message, Part, Place, Problem, bounds};
use crate::store::{PromptStore, StoreError};

/// Why a rendering has no contents.
#[derive(Debug)]
pub(super) enum ContentsError {
    /// A picture or file cannot be shown.
    Media(Problem),
    /// The store did not answer.
    Store(StoreError),
}

/// The messages as MCP has them. It knows the user and the assistant alone: what the system says first is put before
/// what the user says first, what it says later is the user's.
///
/// Where marks divide the text, the blank lines around them are not part of it.
pub(super) async fn contents(
    messages: Vec<Message>,
    catalogue: &Catalogue,
    store: &dyn PromptStore,
) -> Result<Vec<PromptMessage>, ContentsError> {
    let parts = || messages.iter().flat_map(|message| &message.content);
    let is_divided = parts().nth(1).is_some();
    let mut media = parts().filter_map(|part| if let Part::Media { media } = part { Some(media) } else { None });
    if let Some(media) = media.nth(bounds::MEDIA_PARTS) {
        let message = format!("the prompt shows more than {} media", bounds::MEDIA_PARTS);
        return Err(failed(media, Code::Bound, message));
    }
    let mut contents = Vec::with_capacity(messages.len());
    for Message { role, content, .. } in system_first(messages) {
        let role = if role == prompt::Role::Model { Role::Assistant } else { Role::User };
        for part in content {
            let content = match part {
                Part::Text { text } if is_divided => Content::text(without_blank_lines(&text)),
                Part::Text { text } => Content::text(text),
                Part::Media { media } => show(&media, catalogue, store).await?,
                _ => continue,
            };
            contents.push(PromptMessage { role, content });
        }
    }
    Ok(contents)
}

/// Joins texts that only a section divides, and moves what the system says first to the user.
fn system_first(messages: Vec<Message>) -> Vec<Message> {
    let (mut system, mut rest) = (Vec::new(), Vec::new());
    for message in messages {
        let Message { role, content, metadata } = message;
        let content = joined(content, |before, text| before.push_str(text));
        if role == prompt::Role::System && rest.is_empty() {
            system.extend(content);
        } else {
            rest.push(Message { role, content, metadata });
        }
    }
    if system.is_empty() {
        return rest;
    }
    let user = rest.iter().position(|message| message.role == prompt::Role::User).unwrap_or_else(|| {
        rest.insert(0, Message { role: prompt::Role::User, content: Vec::new(), metadata: None });
        0
    });
    system.append(&mut rest[user].content);
    rest[user].content = joined(system, |before, text| {
        before.truncate(before.trim_end().len());
        before.push_str("\n\n");
        before.push_str(without_blank_lines(text));
    });
    rest
}

/// Makes one text of texts in a row.
fn joined(parts: Vec<Part>, join: impl Fn(&mut String, &str)) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (_, Part::Pending { .. }) => {}
            (Some(Part::Text { text: before }), Part::Text { text }) => join(before, &text),
            (_, part) => joined.push(part),
        }
    }
    joined
}

/// Without the blank lines before and behind; the first line keeps what it is indented by.
fn without_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let first = text.len() - text.trim_start().len();
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    &text[line..]
}

/// One picture or file. What a caller may have said is not repeated in an error, which goes to the log.
async fn show(media: &Media, catalogue: &Catalogue, store: &dyn PromptStore) -> Result<Content, ContentsError> {
    let refuse = |message: String| Err(failed(media, Code::Media, message));
    let url = media.url.trim();
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        Some("data") => from_data_url(media, url),
        Some("https") => link(media, url),
        Some(_) => refuse("the address is not shown: a file of the gallery, https: or data: is".to_owned()),
        None if media.origin.by_caller => {
            refuse("the caller names what to show, which may be https: or data: but no file of the gallery".to_owned())
        }
        None => file(media, url, catalogue, store).await,
    }
}

/// RFC 3986; a drive letter is none.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn from_data_url(media: &Media, url: &str) -> Result<Content, ContentsError> {
    let refuse = |message: &str| Err(failed(media, Code::Media, message.to_owned()));
    let Ok(data) = DataUrl::process(url) else {
        return refuse("the data: URL is not one: data:image/png;base64,…");
    };
    let Ok((bytes, _)) = data.decode_to_vec() else { return refuse("the base64 of the data: URL is not valid") };
    if bytes.len() as u64 > bounds::MEDIA {
        return refuse(&format!("the data: URL has {} bytes; at most {} are shown", bytes.len(), bounds::MEDIA));
    }
    let mime_type = match &media.content_type {
        Some(mime_type) => mime_type.clone(),
        None => format!("{}/{}", data.mime_type().type_, data.mime_type().subtype),
    };
    match picture_or_sound(&bytes, &mime_type) {
        Some(content) => Ok(content),
        None => refuse("a data: URL is image/… or audio/…, and this is neither"),
    }
}

/// `None` for what is neither.
fn picture_or_sound(bytes: &[u8], mime_type: &str) -> Option<Content> {
    let encoded = || STANDARD.encode(bytes);
    match mime_type.split('/').next() {
        Some("image") => Some(Content::Image { data: encoded(), mime_type: mime_type.to_owned() }),
        Some("audio") => Some(Content::Audio { data: encoded(), mime_type: mime_type.to_owned() }),
        _ => None,
    }
}

fn link(media: &Media, url: &str) -> Result<Content, ContentsError> {
    let parsed = url.parse::<Uri>().ok().filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    let Some(uri) = parsed else {
        return Err(failed(media, Code::Media, "the https: address is not one".to_owned()));
    };
    let last = uri.path().rsplit('/').find(|segment| !segment.is_empty());
    let name = last.or(uri.host()).unwrap_or_default().to_owned();
    let mime_type = media.content_type.clone().or_else(|| guess(uri.path()));
    Ok(Content::ResourceLink { uri: url.to_owned(), name, mime_type })
}

/// A file beside the prompts.
async fn file(
    media: &Media,
    path: &str,
    catalogue: &Catalogue,
    store: &dyn PromptStore,
) -> Result<Content, ContentsError> {
    let refuse = |message: String| Err(failed(media, Code::Media, message));
    let path = path.strip_prefix("./").unwrap_or(path).trim_start_matches('/');
    if path.split('/').any(|part| part == "..") {
        return refuse("a path goes down from the root of the gallery, without `..`".to_owned());
    }
    if is_gallery_file(path) {
        return refuse(format!("`{}` is a prompt or hidden, not a file to show", shorten(path)));
    }
    let Some(object) = catalogue.object(path) else {
        let keys = catalogue.objects.iter().map(|object| object.key.as_str()).filter(|key| !is_gallery_file(key));
        let near = nearest(path, keys).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        return refuse(format!("there is no file `{}` in the gallery{near}", shorten(path)));
    };
    if object.size > bounds::MEDIA {
        return refuse(format!("`{path}` has {} bytes; at most {} are shown", object.size, bounds::MEDIA));
    }
    let bytes = store.get(object).await.map_err(ContentsError::Store)?;
    let mime_type = media.content_type.clone().or_else(|| guess(path));
    let mime_type = mime_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    if let Some(content) = picture_or_sound(&bytes, &mime_type) {
        return Ok(content);
    }
    let uri = format!("{URI}{}", escaped(path));
    let resource = match String::from_utf8(bytes.to_vec()) {
        Ok(text) => json!({ "uri": uri, "mimeType": mime_type, "text": text }),
        Err(e) => json!({ "uri": uri, "mimeType": mime_type, "blob": STANDARD.encode(e.into_bytes()) }),
    };
    Ok(Content::Resource { resource })
}

/// What the address of an embedded file begins with. It is a name: nothing can be read there.
const URI: &str = "gallery:///";

/// The path with what a URI does not take as `%XX`.
fn escaped(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&byte);
    path.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The type that a file's name tells.
fn guess(path: &str) -> Option<String> {
    mime_guess::from_path(path).first_raw().map(str::to_owned)
}

fn failed(media: &Media, code: Code, message: String) -> ContentsError {
    let place = media.origin.place.unwrap_or(Place::START);
    ContentsError::Media(Problem { code, file: media.origin.file.clone(), place, width: 2, message, hint: None })
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}
