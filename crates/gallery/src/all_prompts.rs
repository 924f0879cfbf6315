//! All prompts of one catalogue at once: what is searched, and which prompts are tools.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::OnceCell;

use crate::all_skills::PromptSkill;
use crate::annotations::Annotations;
use crate::cursor::List;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::limits::{ANSWER_WITHIN, DEADLINE, MAX_FOUND_BYTES, MAX_FOUND_PROMPTS, MAX_TOOL_DESCRIPTION_CHARS};
use crate::listing::Usable;
use crate::row::Audience;
use crate::search::{Row, SearchIndex, UnknownTag};
use catalogue::{Catalogue, Entry, Summary};
use check::address as media;
use dotprompt::shorten_to;
use skills::address;
use store::{Object, Observed, StoreError, note_unread, observed};

/// The prompts of one catalogue that can be used, sorted by name.
pub struct AllPrompts {
    summaries: Arc<[Summary]>,
    search: OnceCell<Arc<SearchIndex>>,
    /// The prompts that are tools of their own.
    pub tools: Vec<PromptTool>,
    /// The prompts that are offered as skills, sorted by the path of the skill.
    pub(crate) skills: Vec<PromptSkill>,
    /// The keys of the files that prompts show, sorted.
    pub(crate) shown: Vec<String>,
    /// How many prompts could not be read in time. The next call reads on.
    pub unread: usize,
    /// So that the log names prompts whose tools are not offered once for each catalogue.
    pub not_offered: Once,
    /// The same for prompts that are not offered as skills, because a folder is.
    pub(crate) taken_skills: Once,
}

/// A prompt as a tool of its own name.
pub struct PromptTool {
    /// The name of the prompt and the tool.
    pub name: String,
    /// Its JSON in `tools/list`.
    pub definition: Box<RawValue>,
}

/// What a model searches for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Search<'s> {
    /// Words, with or without typing mistakes; all prompts match a query without words.
    pub query: &'s str,
    /// A tag that the prompts must have.
    pub tag: Option<&'s str>,
    /// The `nextCursor` of the page before.
    pub cursor: Option<&'s str>,
}

/// One page of found prompts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundPage {
    /// The prompts, the best match first.
    pub prompts: Vec<Box<RawValue>>,
    /// How many prompts match in all.
    pub total: usize,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many prompts were not searched, because they could not be read in time.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_searched: usize,
    /// Set if no prompt has the tag.
    #[serde(skip)]
    pub unknown_tag: Option<UnknownTag>,
}

/// A prompt as a search returns it.
#[derive(Serialize)]
struct FoundPrompt<'p> {
    name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'p str>,
    #[serde(skip_serializing_if = "<[Cow<'_, str>]>::is_empty")]
    tags: &'p [Cow<'p, str>],
    /// The JSON Schema.
    arguments: &'p RawValue,
}

/// A prompt as `tools/list` has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolRow<'p> {
    name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'p str>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icons: Option<&'p RawValue>,
    input_schema: &'p RawValue,
    annotations: Annotations,
}

/// The prompts of the last catalogue, once they were needed.
#[derive(Default)]
pub(crate) struct KeptPrompts {
    kept: Mutex<Option<(Weak<Catalogue>, Arc<AllPrompts>)>>,
    /// Held while they are put together, so that callers at the same time share them.
    making: tokio::sync::Mutex<Option<MadeInPart>>,
}

/// Prompts of which some could not be read.
struct MadeInPart {
    at: Instant,
    prompts: Arc<AllPrompts>,
    /// How old and incomplete they are.
    observed: Observed,
}

impl KeptPrompts {
    /// Those of this catalogue, if all of its prompts were read.
    pub(crate) fn get(&self, catalogue: &Arc<Catalogue>) -> Option<Arc<AllPrompts>> {
        let kept = self.lock();
        let (of, prompts) = kept.as_ref()?;
        (of.as_ptr() == Arc::as_ptr(catalogue)).then(|| Arc::clone(prompts))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Weak<Catalogue>, Arc<AllPrompts>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AllPrompts {
    /// `calls_tools` says whether a skill can tell its model to call `get_prompt`.
    pub(crate) fn new(summaries: Vec<Summary>, unread: usize, calls_tools: bool) -> Self {
        let tools = summaries.iter().filter(|summary| summary.is_tool).filter_map(PromptTool::new).collect();
        let mut skills: Vec<_> = summaries
            .iter()
            .filter(|summary| calls_tools || !needs_arguments(summary))
            .filter_map(prompt_skill)
            .collect();
        // Two prompts with one path have the names `review` and `review-1a2b3c`. The first one is the skill.
        skills.sort_by(|a, b| (&a.path, &a.prompt).cmp(&(&b.path, &b.prompt)));
        let mut shown: Vec<_> = summaries.iter().flat_map(|summary| summary.shows.iter().cloned()).collect();
        shown.sort_unstable();
        shown.dedup();
        let (search, not_offered, taken_skills) = (OnceCell::new(), Once::new(), Once::new());
        Self { summaries: summaries.into(), search, tools, skills, shown, unread, not_offered, taken_skills }
    }

    /// Whether a prompt shows this file.
    pub(crate) fn shows(&self, key: &str, objects: &[Object]) -> bool {
        let is_shown = self.shown.binary_search_by(|shown| shown.as_str().cmp(key)).is_ok();
        is_shown && media::file(key, objects).is_ok()
    }

    /// The name of each prompt of a catalogue, and whether it can be used, by the keys of their files.
    pub(crate) fn names_of<'c>(&self, catalogue: &'c Catalogue) -> HashMap<&'c str, (&'c str, bool)> {
        let usable: HashSet<&str> = self.summaries.iter().filter_map(|summary| summary.name()).collect();
        let named = |entry: &'c Entry| (&*entry.name, usable.contains(&*entry.name));
        catalogue.entries.iter().map(|entry| (catalogue.object(entry).key.as_str(), named(entry))).collect()
    }

    /// Why some prompts are missing.
    pub(crate) fn missing(&self) -> Option<StoreError> {
        (self.unread > 0).then(|| StoreError::Unavailable(format!("{} prompts are not read in time", self.unread)))
    }

    /// The search index, made at the first search.
    async fn search(&self) -> Result<Arc<SearchIndex>, GalleryError> {
        let make = || async {
            let summaries = Arc::clone(&self.summaries);
            // In a thread of its own, because many prompts take a while.
            let index = move || Arc::new(SearchIndex::new(summaries.iter().map(|summary| row(&summary.listed))));
            let index = tokio::task::spawn_blocking(index).await;
            index.map_err(|e| GalleryError::Store(StoreError::Unavailable(e.to_string())))
        };
        self.search.get_or_try_init(make).await.cloned()
    }

    /// The prompts at these places in the order of the names, as far as they fit one page.
    fn found(&self, places: &[u32]) -> Vec<Box<RawValue>> {
        let mut found = Vec::new();
        let mut bytes = 0;
        for place in places.iter().take(MAX_FOUND_PROMPTS) {
            let prompt = found_prompt(&self.summaries[*place as usize]);
            bytes += prompt.get().len();
            if bytes > MAX_FOUND_BYTES && !found.is_empty() {
                break;
            }
            found.push(prompt);
        }
        found
    }
}

impl PromptTool {
    fn new(summary: &Summary) -> Option<Self> {
        let Row { name, title, description, icons, .. } = &row(&summary.listed)?;
        let described = description.as_deref().or(title.as_deref());
        // The last character says that it is cut.
        let cut = |described| shorten_to(MAX_TOOL_DESCRIPTION_CHARS - 1, described);
        let description = described.map_or_else(|| format!("The prompt `{name}`."), cut);
        let tool = ToolRow {
            name,
            title: title.as_deref(),
            description,
            icons: *icons,
            input_schema: serde_json::from_slice(&summary.schema).ok()?,
            annotations: Annotations::READ_ONLY,
        };
        Some(Self { name: name.to_string(), definition: to_raw_value(&tool).ok()? })
    }
}

/// Whether a prompt has required arguments.
fn needs_arguments(summary: &Summary) -> bool {
    #[derive(Deserialize)]
    struct Required<'s> {
        #[serde(borrow, default)]
        required: Vec<Cow<'s, str>>,
    }
    serde_json::from_slice(&summary.schema).is_ok_and(|Required { required }| !required.is_empty())
}

/// The skill that a prompt is.
fn prompt_skill(summary: &Summary) -> Option<PromptSkill> {
    #[derive(Deserialize)]
    struct Uri<'e> {
        #[serde(borrow)]
        uri: Cow<'e, str>,
    }
    let entry = summary.skill.clone()?;
    let Uri { uri } = serde_json::from_slice(&entry).ok()?;
    let path = address::skill_of(&address::path(&uri)?)?.to_owned();
    Some(PromptSkill { path, prompt: row(&summary.listed)?.name.to_string(), entry: entry.clone() })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn row(listed: &Bytes) -> Option<Row<'_>> {
    serde_json::from_slice(listed).ok()
}

fn found_prompt(summary: &Summary) -> Box<RawValue> {
    let found = || {
        let Row { name, title, description, meta, .. } = &row(&summary.listed)?;
        let (title, description) = (title.as_deref(), description.as_deref());
        let arguments = serde_json::from_slice(&summary.schema).ok()?;
        to_raw_value(&FoundPrompt { name, title, description, tags: &meta.tags, arguments }).ok()
    };
    found().unwrap_or_else(|| RawValue::NULL.to_owned())
}

impl Gallery {
    /// All prompts as [`Self::all_prompts`] has given them last, if it has read all.
    #[must_use]
    pub fn last_prompts(&self) -> Option<Arc<AllPrompts>> {
        self.all.lock().as_ref().map(|(_, prompts)| Arc::clone(prompts))
    }

    /// All prompts of the current catalogue that can be used, as far as they can be read in time. The next call reads the
    /// others.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn all_prompts(&self) -> Result<Arc<AllPrompts>, GalleryError> {
        self.in_time(self.prompts_in_part()).await
    }

    /// The same for a caller that limits the time itself.
    pub(crate) async fn prompts_in_part(&self) -> Result<Arc<AllPrompts>, GalleryError> {
        let began = self.live.freshness.clock.now();
        let catalogue = self.live.current().await?;
        if let Some(prompts) = self.all.get(&catalogue) {
            return Ok(prompts);
        }
        let asked = Instant::now();
        let mut made_last = self.all.making.lock().await;
        if let Some(prompts) = self.all.get(&catalogue) {
            return Ok(prompts);
        }
        // The store was slow for the caller before, and would be for this one.
        if let Some(made) = made_last.as_ref().filter(|made| made.at >= asked) {
            made.observed.note_again();
            return Ok(Arc::clone(&made.prompts));
        }
        let attempt = |catalogue: Arc<Catalogue>| async move { self.all_rows(began, &catalogue).await };
        let fresh = self.live.with_fresh_catalogue(catalogue, attempt).await;
        let Usable { summaries, unread } = self.usable(&fresh, Audience::AnyClient)?;
        let unread = unread + fresh.catalogue.entries.len() - fresh.value.range().end;
        note_unread(unread);
        let prompts = Arc::new(AllPrompts::new(summaries, unread, self.has_prompt_tools));
        if unread == 0 && fresh.value.are_current() {
            *self.all.lock() = Some((Arc::downgrade(&fresh.catalogue), Arc::clone(&prompts)));
            *made_last = None;
        } else {
            *made_last = Some(MadeInPart { at: Instant::now(), prompts: Arc::clone(&prompts), observed: observed() });
        }
        drop(made_last);
        self.live.save_index(&fresh.catalogue, false, ANSWER_WITHIN - DEADLINE).await;
        Ok(prompts)
    }

    /// One prompt as a search returns it.
    ///
    /// # Errors
    /// [`GalleryError::UnknownPrompt`], [`GalleryError::Broken`], [`GalleryError::Store`].
    pub async fn found(&self, name: &str) -> Result<FoundPage, GalleryError> {
        let prompts = self.in_time(async {
            // For the error of a prompt that cannot be used.
            self.find(name).await?;
            self.prompts_in_part().await
        });
        let prompts = prompts.await?;
        let found = prompts.summaries.binary_search_by(|summary| summary.name().cmp(&Some(name)));
        let found = found.map(|place| found_prompt(&prompts.summaries[place]));
        let prompts = found.into_iter().collect::<Vec<_>>();
        let total = prompts.len();
        Ok(FoundPage { prompts, total, next_cursor: None, not_searched: 0, unknown_tag: None })
    }

    /// Searches the prompts by their names, titles, tags, descriptions and arguments.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn search(&self, Search { query, tag, cursor }: Search<'_>) -> Result<FoundPage, GalleryError> {
        let asked = hash_of(query, tag);
        let start = cursor.map_or(Ok(0), |cursor| decode_offset(cursor, asked))?;
        let prompts = self.all_prompts().await?;
        let index = prompts.search().await?;
        let (found, unknown_tag) = match index.find(query, tag) {
            Ok(found) => (found, None),
            Err(unknown) => (Vec::new(), Some(unknown)),
        };
        let page = prompts.found(found.get(start..).unwrap_or_default());
        let next = start + page.len();
        let next_cursor = (next < found.len()).then(|| encode_offset(next, asked));
        let (total, not_searched) = (found.len(), prompts.unread);
        Ok(FoundPage { prompts: page, total, next_cursor, not_searched, unknown_tag })
    }
}

/// Tells one search from another.
fn hash_of(query: &str, tag: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (query, tag).hash(&mut hasher);
    hasher.finish()
}

/// The cursor of the page of a search that begins with this match.
fn encode_offset(offset: usize, asked: u64) -> String {
    List::Found.cursor(&format!("{offset} {asked:x}"))
}

/// The match at which a page begins. The cursor of another search is invalid: its matches are others.
fn decode_offset(cursor: &str, asked: u64) -> Result<usize, GalleryError> {
    let text = List::Found.last(cursor)?;
    let offset = text.strip_suffix(&format!(" {asked:x}"));
    offset.and_then(|offset| offset.parse().ok()).ok_or(GalleryError::InvalidCursor)
}
