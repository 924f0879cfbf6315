//! `resources/list`, `resources/read`, `resources/directory/read`: the files of skills, and the files that prompts embed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::all_skills::{AllSkills, Filling, Form, SkillPage, attempts};
use crate::contents::{EMBEDDED_FILE_URI, embedded_uri};
use crate::cursor::List;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::source::{TEXT, is_source};
use catalogue::Catalogue;
use check::address as media;
use check::skill;
use dotprompt::bounds;
use skills::{Reading, Shelf, address};
use store::{Object, StoreError};

/// The media type of a folder.
const FOLDER: &str = "inode/directory";
const MARKDOWN: &str = "text/markdown";

/// A file that a client reads.
#[derive(Debug)]
pub struct Resource {
    /// Its address as the lists have it.
    pub uri: String,
    /// The media type.
    pub mime_type: String,
    /// The content.
    pub content: Bytes,
}

/// A resource as lists have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRow<'a> {
    uri: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl ResourceRow<'_> {
    fn json(&self) -> Bytes {
        serde_json::to_vec(self).expect("a resource serialises").into()
    }
}

/// The parts of an entry of `skills/list` that its row has.
#[derive(Deserialize)]
struct EntryJson<'a> {
    #[serde(borrow)]
    uri: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    frontmatter: FrontMatterJson<'a>,
    #[serde(borrow)]
    resources: Vec<EntryResource<'a>>,
}

#[derive(Deserialize)]
struct FrontMatterJson<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    description: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct EntryResource<'a> {
    #[serde(borrow)]
    uri: std::borrow::Cow<'a, str>,
    size: u64,
}

/// The row of a `SKILL.md`, from its entry in `skills/list`.
pub(crate) fn skill_md_row(entry: &[u8]) -> Option<Bytes> {
    let EntryJson { uri, frontmatter, resources } = serde_json::from_slice(entry).ok()?;
    let size = resources.iter().find(|resource| resource.uri == uri).map(|resource| resource.size);
    let FrontMatterJson { name, description } = &frontmatter;
    Some(ResourceRow { uri: &uri, name, description: Some(description), mime_type: Some(MARKDOWN), size }.json())
}

/// The row of a file that a prompt embeds.
pub(crate) fn embedded_row(object: &Object) -> Bytes {
    let Object { key, size, .. } = object;
    let (uri, mime_type) = (&*embedded_uri(key), address::mime_type(key));
    ResourceRow { uri, name: last_part(key), description: None, mime_type, size: Some(*size) }.json()
}

impl Gallery {
    /// One page of resources: the `SKILL.md` of every skill, then the files that prompts embed; with source, those of prompts and
    /// partials too.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list_resources(&self, cursor: Option<&str>) -> Result<SkillPage, GalleryError> {
        self.resources(cursor, true).await
    }

    /// The same without the problems of files, for callers that compare lists: problems change with files alone.
    ///
    /// # Errors
    /// As [`Self::list_resources`].
    pub async fn list_resources_unchecked(&self, cursor: Option<&str>) -> Result<SkillPage, GalleryError> {
        self.resources(cursor, false).await
    }

    async fn resources(&self, cursor: Option<&str>, with_problems: bool) -> Result<SkillPage, GalleryError> {
        let after = cursor.map(|cursor| After::of(&List::Resources.last(cursor)?)).transpose()?;
        let page = self
            .in_time(async {
                let all = self.all_skills().await?;
                let (all, mut page) = match &after {
                    Some(After::File(_)) => (all, Filling::default()),
                    Some(After::Skill(path)) => self.fill(all, Some(path), Form::Resource).await?,
                    None => self.fill(all, None, Form::Resource).await?,
                };
                let mut next = page.last.take().map(After::Skill);
                if next.is_none() {
                    let after = if let Some(After::File(key)) = &after { Some(key.as_str()) } else { None };
                    next = self.add_files(&all, after, &mut page, with_problems).await.map(After::File);
                }
                let next_cursor = next.map(|after| List::Resources.cursor(&after.text()));
                Ok(SkillPage { entries: Arc::new(page.rows.end().into()), next_cursor, is_partial: page.is_partial })
            })
            .await?;
        let can_wait = cursor.is_some() && page.next_cursor.is_some();
        self.save_skills(can_wait).await;
        Ok(page)
    }

    /// Adds the files of the prompts' store to a page. Returns what the next page begins after, if more follow.
    async fn add_files(
        &self,
        all: &AllSkills,
        after: Option<&str>,
        page: &mut Filling,
        with_problems: bool,
    ) -> Option<String> {
        let Ok(catalogue) = self.live.current().await else {
            page.is_partial = true;
            return None;
        };
        if self.has_source {
            // Boxed: the state of servers without source would have room for it.
            return Box::pin(self.add_source(all, &catalogue, after, page, with_problems)).await;
        }
        // The first file may be on the next page.
        let mut last = after.unwrap_or_default().to_owned();
        for key in all.prompts.shown.iter().filter(|key| after.is_none_or(|after| key.as_str() > after)) {
            let Ok(object) = media::file(key, &catalogue.objects) else { continue };
            if !page.push(&embedded_row(object), self.page_size) {
                return Some(last);
            }
            last.clone_from(key);
        }
        None
    }

    /// The file of an address, as the store has it now.
    ///
    /// # Errors
    /// [`GalleryError::UnknownResource`], [`GalleryError::Store`].
    pub async fn read_resource(&self, uri: &str) -> Result<Resource, GalleryError> {
        let resource = self
            .in_time(async {
                if let Some(path) = uri.strip_prefix(EMBEDDED_FILE_URI) {
                    return self.read_embedded(uri, path).await;
                }
                let path = address::path(uri).ok_or_else(|| GalleryError::unknown_resource(uri))?;
                if let Some(resource) = self.read_skill_file(uri, &path).await? {
                    return Ok(resource);
                }
                let folder = address::skill_of(&path).unwrap_or_default();
                let all = self.all_skills().await?;
                let skill = all.prompt(folder).ok_or_else(|| all.absent(GalleryError::unknown_resource(uri)))?;
                let text = self.skill_text(&skill.prompt).await?.ok_or_else(|| GalleryError::unknown_resource(uri))?;
                Ok(Resource { uri: address::uri(&path), mime_type: MARKDOWN.to_owned(), content: text.into() })
            })
            .await?;
        self.save_skills(true).await;
        Ok(resource)
    }

    /// The `SKILL.md` of a prompt that is a skill.
    async fn skill_text(&self, name: &str) -> Result<Option<String>, GalleryError> {
        let catalogue = self.live.current().await?;
        let Some(entry) = catalogue.entry(name) else { return Ok(None) };
        let key = catalogue.object(entry).key.clone();
        let prompt = self.find(name).await?;
        Ok(skill::of_prompt(&key, name, &prompt).ok().filter(|_| prompt.skill().is_some()).map(|skill| skill.text))
    }

    /// A file of a skill; `None` if there is no such file.
    async fn read_skill_file(&self, uri: &str, path: &str) -> Result<Option<Resource>, GalleryError> {
        let Some(skills) = self.skills() else { return Ok(None) };
        let mut shelf = skills.current().await?;
        for is_last in attempts() {
            let Some(object) = shelf.file(path).cloned() else { return Ok(None) };
            match self.serves(&shelf, path).await? {
                Served::Yes => {}
                Served::No(why) => return Err(GalleryError::UnknownResource { uri: uri.to_owned(), why }),
                Served::Changed if is_last => break,
                Served::Changed => {
                    shelf = skills.listed_now().await?;
                    continue;
                }
            }
            match skills.content(&object).await {
                Ok(content) => {
                    let mime_type = mime_type(path, &content);
                    return Ok(Some(Resource { uri: address::uri(path), mime_type, content }));
                }
                Err(StoreError::NotFound(_)) if is_last => break,
                Err(StoreError::NotFound(_)) => shelf = skills.listed_now().await?,
                Err(cause @ (StoreError::Refused(_) | StoreError::Denied(_))) => {
                    return Err(GalleryError::UnreadableResource { uri: uri.to_owned(), cause });
                }
                Err(e) => return Err(e.into()),
            }
        }
        Err(GalleryError::SkillChanging { uri: uri.to_owned() })
    }

    /// Whether a file belongs to a skill that is served.
    async fn serves(&self, shelf: &Arc<Shelf>, path: &str) -> Result<Served, GalleryError> {
        let Some(skills) = self.skills() else { return Ok(Served::No(None)) };
        let mut why = None;
        for index in shelf.skills_of(path) {
            match skills.read_front_matter(shelf, index).await {
                Reading::Done => {}
                Reading::Changed => return Ok(Served::Changed),
                Reading::Outage(e) => return Err(e.into()),
            }
            match shelf.validity(index) {
                Ok(()) => return Ok(Served::Yes),
                Err(reason) => why = why.or(reason),
            }
        }
        Ok(Served::No(why))
    }

    /// A file that some prompt embeds; with source, that of a prompt or a partial too.
    async fn read_embedded(&self, uri: &str, path: &str) -> Result<Resource, GalleryError> {
        let unknown = || GalleryError::unknown_resource(uri);
        let path = percent_decode_str(path).decode_utf8().map_err(|_| unknown())?;
        let is_source = self.has_source && is_source(&path);
        if !is_source {
            let prompts = self.prompts_in_part().await?;
            if prompts.shown.binary_search_by(|key| key.as_str().cmp(&path)).is_err() {
                return Err(prompts.missing().map_or_else(unknown, GalleryError::Store));
            }
        }
        let mut catalogue: Arc<Catalogue> = self.live.current().await?;
        for is_last in attempts() {
            let object = match is_source {
                true => catalogue.file(&path).ok_or_else(unknown)?,
                false => media::file(&path, &catalogue.objects).map_err(|_| unknown())?,
            };
            if object.size > bounds::ANSWER as u64 {
                return Err(GalleryError::ResourceTooLarge { uri: uri.to_owned(), size: object.size });
            }
            match self.live.store.get(object).await {
                Ok(content) if is_source => {
                    return Ok(Resource { uri: embedded_uri(&path), mime_type: TEXT.to_owned(), content });
                }
                Ok(content) => {
                    let mime_type = mime_type(&path, &content);
                    return Ok(Resource { uri: embedded_uri(&path), mime_type, content });
                }
                Err(StoreError::NotFound(_)) if !is_last => catalogue = self.live.listed_now().await?,
                Err(cause @ (StoreError::Refused(_) | StoreError::Denied(_))) => {
                    return Err(GalleryError::UnreadableResource { uri: uri.to_owned(), cause });
                }
                Err(e) => return Err(e.into()),
            }
        }
        Err(GalleryError::SkillChanging { uri: uri.to_owned() })
    }

    /// One page of what is directly in a folder of a skill, or in a folder around skills, sorted by name.
    ///
    /// # Errors
    /// [`GalleryError::NotAFolder`], [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn read_directory(&self, uri: &str, cursor: Option<&str>) -> Result<SkillPage, GalleryError> {
        let after = cursor.map(|cursor| List::Directory.last(cursor)).transpose()?;
        let page = self
            .in_time(async {
                let path = address::path(uri).ok_or_else(|| GalleryError::NotAFolder { uri: uri.to_owned() })?;
                let (children, is_partial) = self.children(&path).await?;
                if children.is_empty() {
                    // Something that was not read may be in it.
                    let unread = || StoreError::Unavailable("its skills are not read in time".to_owned()).into();
                    let not_a_folder = || GalleryError::NotAFolder { uri: uri.to_owned() };
                    return Err(if is_partial { unread() } else { not_a_folder() });
                }
                let mut page = Filling::partial(is_partial);
                let (mut last, mut next_cursor) = (None, None);
                for (name, row) in
                    children.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after))
                {
                    if !page.push(&row, self.page_size) {
                        next_cursor = last.map(|last: String| List::Directory.cursor(&last));
                        break;
                    }
                    last = Some(name);
                }
                Ok(SkillPage { entries: Arc::new(page.rows.end().into()), next_cursor, is_partial: page.is_partial })
            })
            .await?;
        self.save_skills(true).await;
        Ok(page)
    }

    /// The rows of what is directly in a folder, by name, and whether some are missing.
    async fn children(&self, folder: &str) -> Result<(BTreeMap<String, Bytes>, bool), GalleryError> {
        let inside = format!("{folder}/");
        let mut children = BTreeMap::new();
        let mut all = self.all_skills().await?;
        if let Some(shelf) = &mut all.shelf {
            let before = Arc::clone(shelf);
            if self.is_in_served_skill(shelf, &inside).await? {
                for object in shelf.files_below(folder) {
                    add_child(&mut children, &object.key, &inside, || file_row(shelf, object));
                }
                return Ok((children, false));
            }
            if !Arc::ptr_eq(&before, shelf) {
                all = all.again();
            }
        }
        // The folder of a prompt that is a skill, or a folder around skills.
        if let Some(prompt) = all.prompt(folder) {
            let row = skill_md_row(&prompt.entry).unwrap_or_default();
            add_child(&mut children, &address::skill_md(folder), &inside, || row);
        }
        let (paths, is_partial) = self.served_below(&all, &inside).await?;
        for path in paths {
            add_child(&mut children, &address::skill_md(&path), &inside, Bytes::new);
        }
        Ok((children, is_partial))
    }

    /// Whether a folder is within a skill that is served. `shelf` is replaced if a file has changed meanwhile.
    async fn is_in_served_skill(&self, shelf: &mut Arc<Shelf>, inside: &str) -> Result<bool, GalleryError> {
        for is_last in attempts() {
            match self.serves(shelf, inside).await? {
                Served::Yes => return Ok(shelf.files_below(inside.trim_end_matches('/')).next().is_some()),
                Served::Changed if !is_last => {
                    if let Some(skills) = self.skills() {
                        *shelf = skills.listed_now().await?;
                    }
                }
                Served::Changed | Served::No(_) => break,
            }
        }
        Ok(false)
    }
}

/// Whether a file belongs to a skill that is served.
enum Served {
    Yes,
    /// And why not, if there is such a skill.
    No(Option<String>),
    /// A file is no longer what was listed.
    Changed,
}

/// What a page of `resources/list` begins after.
enum After {
    /// The skill of this path.
    Skill(String),
    /// The embedded file of this key.
    File(String),
}

impl After {
    fn of(text: &str) -> Result<Self, GalleryError> {
        match text.split_once(' ') {
            Some(("skill", path)) => Ok(Self::Skill(path.to_owned())),
            Some(("file", key)) => Ok(Self::File(key.to_owned())),
            _ => Err(GalleryError::InvalidCursor),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Skill(path) => format!("skill {path}"),
            Self::File(key) => format!("file {key}"),
        }
    }
}

/// Adds what of a file is directly in the folder `inside`: the file itself, or the folder on its way.
fn add_child(children: &mut BTreeMap<String, Bytes>, key: &str, inside: &str, file: impl FnOnce() -> Bytes) {
    let Some(rest) = key.strip_prefix(inside) else { return };
    let (name, is_file) = rest.split_once('/').map_or((rest, true), |(folder, _)| (folder, false));
    children.entry(name.to_owned()).or_insert_with(|| {
        if is_file {
            return file();
        }
        let uri = address::uri(&format!("{inside}{name}"));
        ResourceRow { uri: &uri, name, description: None, mime_type: Some(FOLDER), size: None }.json()
    });
}

/// The row of a file of a skill.
fn file_row(shelf: &Shelf, object: &Object) -> Bytes {
    let key = &object.key;
    let front_matter = address::skill_of(key).and_then(|path| shelf.front_matter(shelf.find(path)?));
    let uri = address::uri(key);
    // The store may keep the content compressed.
    let size = Some(shelf.digest(object).map_or(object.size, |digest| digest.size));
    let read: Option<FrontMatterJson<'_>> =
        front_matter.as_ref().and_then(|json| serde_json::from_str(json.get()).ok());
    match &read {
        Some(FrontMatterJson { name, description }) => {
            ResourceRow { uri: &uri, name, description: Some(description), mime_type: Some(MARKDOWN), size }.json()
        }
        None => {
            let mime_type = address::mime_type(key);
            ResourceRow { uri: &uri, name: last_part(key), description: None, mime_type, size }.json()
        }
    }
}

/// The media type of a content, by the name of its file if that says it.
fn mime_type(path: &str, content: &[u8]) -> String {
    let by_content = || if std::str::from_utf8(content).is_ok() { "text/plain" } else { "application/octet-stream" };
    address::mime_type(path).unwrap_or_else(by_content).to_owned()
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
