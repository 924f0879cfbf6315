//! The messages of a prompt in MCP's form: one content a message, two roles, pictures and files read from the store.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::json;

use crate::content::{Content, PromptMessage, Role};
use crate::limits::CONCURRENT_MEDIA_READS;
use catalogue::Unread;
use check::address::{self, Address, Shape};
use check::roles::{system_first, without_blank_lines};
use dotprompt::{Code, Media, Message, Part, Place, Problem, bounds};
use store::{Object, PromptStore};

/// Why messages cannot be put into MCP's form.
#[derive(Debug)]
pub(crate) enum ContentsError {
    /// A picture or file cannot be shown.
    Media(Problem),
    /// The same, and the caller named it.
    MediaOfCaller(Problem),
    /// The answer would have at least this number of bytes.
    TooLong(u64),
    /// A file of the store could not be read as it was listed.
    Unread(Unread),
    /// A file of the store is shown, and the prompt is of an older catalogue.
    Outdated,
}

/// The messages in MCP's form. MCP has only the roles user and assistant, so system text at the start goes before the first
/// user message, and later system text becomes the user's.
///
/// If there is more than one part in all, the blank lines around each are removed. `objects` are all files of the store, sorted by
/// key; `None` for a prompt of an older catalogue.
pub(crate) async fn contents(
    messages: Vec<Message>,
    objects: Option<&[Object]>,
    store: &dyn PromptStore,
) -> Result<Vec<PromptMessage>, ContentsError> {
    let parts = || messages.iter().flat_map(|message| &message.content);
    let is_divided = parts().nth(1).is_some();
    let mut media = parts().filter_map(|part| if let Part::Media { media } = part { Some(media) } else { None });
    if let Some(media) = media.nth(bounds::MEDIA_PARTS) {
        return Err(ContentsError::Media(problem(media, Code::Bound, address::too_many())));
    }
    let mut blocks = Vec::new();
    for Message { role, content, .. } in system_first(messages) {
        let role = if role == dotprompt::Role::Model { Role::Assistant } else { Role::User };
        for part in content {
            let part = match part {
                Part::Text { text } if is_divided => Block::Content(Content::text(without_blank_lines(&text))),
                Part::Text { text } => Block::Content(Content::text(text)),
                Part::Media { media } => Block::of(&media, objects)?,
                _ => continue,
            };
            blocks.push((role, part));
        }
    }
    let min_bytes = blocks.iter().map(|(_, part)| part.min_bytes()).sum();
    if min_bytes > bounds::ANSWER as u64 {
        return Err(ContentsError::TooLong(min_bytes));
    }
    let read = read_files(blocks.iter().filter_map(|(_, part)| part.object()), store).await?;
    Ok(blocks.into_iter().map(|(role, part)| PromptMessage { role, content: part.content(&read) }).collect())
}

/// One part of the answer, before files are read.
enum Block<'o> {
    Content(Content),
    File { object: &'o Object, shape: Shape, mime_type: String },
}

impl<'o> Block<'o> {
    fn of(media: &Media, objects: Option<&'o [Object]>) -> Result<Self, ContentsError> {
        // An argument that the caller leaves out is empty. The template should test for that.
        let by_caller = media.origin.by_caller && !media.url.is_empty();
        let refused = |message: String| match (by_caller, problem(media, Code::Media, message)) {
            (true, problem) => ContentsError::MediaOfCaller(problem),
            (false, problem) => ContentsError::Media(problem),
        };
        let address = Address::parse(&media.url).map_err(refused)?;
        let (shape, mime_type) = address.shape(media.content_type.as_deref()).map_err(refused)?;
        let any_type = || "application/octet-stream".to_owned();
        Ok(match address {
            Address::Data { bytes, .. } => {
                Self::Content(content(shape, "", &bytes, mime_type.unwrap_or_else(any_type)))
            }
            Address::Link { url, uri } => {
                let last = uri.path().rsplit('/').find(|segment| !segment.is_empty());
                let name = last.or(uri.host()).unwrap_or_default().to_owned();
                Self::Content(Content::ResourceLink { uri: url.to_owned(), name, mime_type })
            }
            Address::Path(_) if by_caller => {
                let message =
                    "the caller chooses what to show here: https: and data: are allowed, files of the gallery are not";
                return Err(refused(message.to_owned()));
            }
            Address::Path(path) => {
                let objects = objects.ok_or(ContentsError::Outdated)?;
                let object = address::file(path, objects).map_err(refused)?;
                Self::File { object, shape, mime_type: mime_type.unwrap_or_else(any_type) }
            }
        })
    }

    fn object(&self) -> Option<&'o Object> {
        match self {
            Self::File { object, .. } => Some(object),
            Self::Content(_) => None,
        }
    }

    /// How many bytes of the answer a file takes at least: its size if it may be text, else that of its base64.
    fn min_bytes(&self) -> u64 {
        match self {
            Self::File { object, shape: Shape::File, .. } => object.size,
            Self::File { object, .. } => object.size.div_ceil(3) * 4,
            Self::Content(_) => 0,
        }
    }

    fn content(self, read: &HashMap<&str, Bytes>) -> Content {
        match self {
            Self::Content(content) => content,
            Self::File { object, shape, mime_type } => {
                content(shape, &object.key, &read[object.key.as_str()], mime_type)
            }
        }
    }
}

/// The content of files, by key. Each is read once.
async fn read_files<'o>(
    objects: impl Iterator<Item = &'o Object>,
    store: &dyn PromptStore,
) -> Result<HashMap<&'o str, Bytes>, ContentsError> {
    let mut seen = HashSet::new();
    let objects = objects.filter(|object| seen.insert(object.key.as_str()));
    let read = |object: &'o Object| async move {
        let unread = |error| ContentsError::Unread(Unread { object: object.clone(), error });
        Ok((object.key.as_str(), store.get(object).await.map_err(unread)?))
    };
    let reads: Vec<_> = objects.map(read).collect();
    if reads.is_empty() {
        return Ok(HashMap::new());
    }
    stream::iter(reads).buffered(CONCURRENT_MEDIA_READS).try_collect().await
}

/// The content block of some bytes. `path` is the path of their file, if they have one.
fn content(shape: Shape, path: &str, bytes: &[u8], mime_type: String) -> Content {
    let encoded = || STANDARD.encode(bytes);
    match shape {
        Shape::Image => Content::Image { data: encoded(), mime_type },
        Shape::Audio => Content::Audio { data: encoded(), mime_type },
        Shape::Link | Shape::File => {
            let uri = embedded_uri(path);
            let resource = match std::str::from_utf8(bytes) {
                Ok(text) => json!({ "uri": uri, "mimeType": mime_type, "text": text }),
                Err(_) => json!({ "uri": uri, "mimeType": mime_type, "blob": encoded() }),
            };
            Content::Resource { resource }
        }
    }
}

/// The start of the URI of an embedded file. `resources/read` returns the file too.
pub(crate) const EMBEDDED_FILE_URI: &str = "gallery:///";

/// The URI of an embedded file.
pub(crate) fn embedded_uri(path: &str) -> String {
    format!("{EMBEDDED_FILE_URI}{}", utf8_percent_encode(path, ESCAPED))
}

/// The characters that are escaped in the path of a URI: fewer than in the address of a skill, which begins like a host name.
const ESCAPED: &AsciiSet = &skills::address::ESCAPED.remove(b':').remove(b'@');

fn problem(media: &Media, code: Code, message: String) -> Problem {
    let place = media.origin.place.unwrap_or(Place::START);
    Problem::new(code, &media.origin.file, place, 2, message)
}
