//! `skills/list` and `skills/get`: the skills of a store, and those that are made of prompts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use futures_util::future;
use once_cell::sync::OnceCell;
use tokio::time::Instant;

use crate::all_prompts::AllPrompts;
use crate::cursor::List;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::limits::{KEPT_PAGES_BYTES, MAX_PAGE_BYTES, MAX_SHELF_LISTINGS, SKILLS_READ_AHEAD, escaped_len};
use crate::listing::JsonArray;
use crate::shared_json::SharedJson;
use check::skill::{Generated, Offered};
use skills::{Reading, Shelf, Skill, Skills, address};
use store::{StoreError, note_store_failure, note_unread};

/// One page of `skills/list` or `resources/list`.
#[derive(Debug)]
pub struct SkillPage {
    /// The entries as a JSON array, made once.
    pub entries: Arc<SharedJson>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// Whether something is missing that could not be read now: the client is to ask again.
    pub is_partial: bool,
}

/// A prompt that is offered as a skill.
#[derive(Debug, Clone)]
pub(crate) struct PromptSkill {
    /// The path of the skill.
    pub(crate) path: String,
    /// The name of the prompt.
    pub(crate) prompt: String,
    /// Its JSON in `skills/list`.
    pub(crate) entry: Bytes,
}

impl PromptSkill {
    /// The JSON of a generated skill in `skills/list`.
    pub(crate) fn entry(Generated { path, frontmatter, text }: &Generated) -> Bytes {
        let digest = store::ContentDigest::of(text.as_bytes());
        skills::entry_json(path, frontmatter, [(address::skill_md(path).as_str(), digest)])
    }
}

/// The skills of both kinds at one time.
pub(crate) struct AllSkills {
    /// Those of the store, if one is set up.
    pub(crate) shelf: Option<Arc<Shelf>>,
    /// The prompts, some of which are skills.
    pub(crate) prompts: Arc<AllPrompts>,
    items: OnceCell<Vec<Item>>,
    /// Why some are missing.
    missing: Option<StoreError>,
}

/// A skill by its index.
#[derive(Debug, Clone, Copy)]
enum Item {
    Folder(usize),
    Prompt(usize),
}

/// The form of the rows of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An entry of `skills/list`.
    Skill,
    /// The `SKILL.md` in `resources/list`.
    Resource,
}

/// The pages of `skills/list` that are kept, of one listing.
#[derive(Default)]
pub(crate) struct KeptSkillPages(Mutex<PagesOfSkills>);

#[derive(Default)]
struct PagesOfSkills {
    shelf: Weak<Shelf>,
    prompts: Weak<AllPrompts>,
    /// By the cursor.
    pages: HashMap<Option<String>, Arc<SkillPage>>,
}

impl KeptSkillPages {
    fn get(&self, all: &AllSkills, cursor: Option<&str>) -> Option<Arc<SkillPage>> {
        let kept = self.lock();
        let page = kept.pages.get(&cursor.map(str::to_owned))?;
        kept.are_of(all).then(|| Arc::clone(page))
    }

    /// Keeps a page of a walk from the start, if there is room.
    fn keep(&self, all: &AllSkills, cursor: Option<&str>, page: &Arc<SkillPage>) {
        let mut kept = self.lock();
        if !kept.are_of(all) {
            let shelf = all.shelf.as_ref().map(Arc::downgrade).unwrap_or_default();
            *kept = PagesOfSkills { shelf, prompts: Arc::downgrade(&all.prompts), pages: HashMap::new() };
        }
        let bytes: usize = kept.pages.values().map(|page| page.entries.get().len()).sum();
        let follows =
            cursor.is_none_or(|cursor| kept.pages.values().any(|page| page.next_cursor.as_deref() == Some(cursor)));
        if follows && bytes + page.entries.get().len() <= KEPT_PAGES_BYTES {
            kept.pages.insert(cursor.map(str::to_owned), Arc::clone(page));
        }
    }

    fn lock(&self) -> MutexGuard<'_, PagesOfSkills> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PagesOfSkills {
    fn are_of(&self, all: &AllSkills) -> bool {
        let shelf = all.shelf.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
        let kept = if all.shelf.is_some() { self.shelf.as_ptr() } else { std::ptr::null() };
        kept == shelf && self.prompts.as_ptr() == Arc::as_ptr(&all.prompts)
    }
}

impl AllSkills {
    fn new(shelf: Option<Arc<Shelf>>, prompts: Arc<AllPrompts>, missing: Option<StoreError>) -> Self {
        Self { shelf, prompts, items: OnceCell::new(), missing }
    }

    /// The error of an address where nothing is found. While some skills are missing, it may be that of one of them.
    pub(crate) fn absent(&self, unknown: GalleryError) -> GalleryError {
        self.missing.clone().map_or(unknown, GalleryError::Store)
    }

    /// Both kinds, sorted by path. A page that is kept does not need them.
    fn items(&self) -> &[Item] {
        self.items.get_or_init(|| {
            let folders: Vec<&str> = self.folder_paths().collect();
            let mut offered = Offered::new(&folders);
            let skills = self.prompts.skills.iter().enumerate();
            let offers = skills.map(|(index, skill)| (index, offered.offer(&skill.path, &skill.prompt)));
            let offers: Vec<_> = offers.collect();
            self.prompts.taken_skills.call_once(|| {
                for (index, cause) in offers.iter().filter_map(|(index, offer)| Some((index, offer.as_ref().err()?))) {
                    let prompt = &*self.prompts.skills[*index].prompt;
                    tracing::warn!(prompt.name = prompt, cause, "not offered as a skill");
                }
            });
            let free = offers.into_iter().filter(|(_, offer)| offer.is_ok()).map(|(index, _)| Item::Prompt(index));
            let mut items: Vec<Item> = (0..folders.len()).map(Item::Folder).chain(free).collect();
            // Both parts are sorted.
            items.sort_by(|a, b| self.path(*a).cmp(self.path(*b)));
            items
        })
    }

    fn path(&self, item: Item) -> &str {
        match item {
            Item::Folder(index) => self.shelf.as_ref().map_or("", |shelf| &shelf.entries()[index].path),
            Item::Prompt(index) => &self.prompts.skills[index].path,
        }
    }

    /// The prompt that is the skill of this path.
    pub(crate) fn prompt(&self, path: &str) -> Option<&PromptSkill> {
        let index = self.items().binary_search_by(|item| self.path(*item).cmp(path)).ok()?;
        match self.items()[index] {
            Item::Prompt(index) => Some(&self.prompts.skills[index]),
            Item::Folder(_) => None,
        }
    }

    /// The same after the shelf was replaced.
    pub(crate) fn again(self) -> Self {
        Self::new(self.shelf, self.prompts, self.missing)
    }

    /// The skills whose paths begin so.
    fn beginning_with(&self, inside: &str) -> &[Item] {
        let items = self.items();
        let start = items.partition_point(|item| self.path(*item) < inside);
        let count = items[start..].partition_point(|item| self.path(*item).starts_with(inside));
        &items[start..start + count]
    }

    /// The paths of the skills that are folders.
    pub(crate) fn folder_paths(&self) -> impl Iterator<Item = &str> {
        self.shelf.iter().flat_map(|shelf| shelf.entries()).map(|entry| &*entry.path)
    }

    /// The paths of the skills, except for those that are known to be left out.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let is_served = |item: &&Item| match (*item, &self.shelf) {
            (Item::Folder(index), Some(shelf)) => !matches!(shelf.validity(*index), Err(Some(_))),
            _ => true,
        };
        self.items().iter().filter(is_served).map(|item| self.path(*item))
    }
}

/// A page that is being filled.
#[derive(Default)]
pub(crate) struct Filling {
    pub(crate) rows: JsonArray,
    bytes: usize,
    /// The path of the last skill of the page, if more follow.
    pub(crate) last: Option<String>,
    /// Whether something is missing that could not be read now.
    pub(crate) is_partial: bool,
    /// How many skills are missing for that.
    unread: usize,
    /// Whether a skill is left out that may be served later.
    has_refused: bool,
    outage: Option<StoreError>,
}

impl Filling {
    /// An empty page.
    pub(crate) fn partial(is_partial: bool) -> Self {
        Self { is_partial, ..Self::default() }
    }

    /// Adds a row if a page of at most `page_size` rows has room for it, as it has for the first one. Returns whether it had.
    pub(crate) fn push(&mut self, row: &[u8], page_size: usize) -> bool {
        let bytes = self.bytes + escaped_len(row) + 1;
        if self.rows.len() > 0 && (bytes > MAX_PAGE_BYTES || self.rows.len() >= page_size) {
            return false;
        }
        self.bytes = bytes;
        self.rows.push(row);
        true
    }
}

impl Gallery {
    /// One page of skills, sorted by path; those that break a rule are left out.
    ///
    /// # Errors
    /// [`GalleryError::InvalidCursor`], [`GalleryError::Store`].
    pub async fn list_skills(&self, cursor: Option<&str>) -> Result<Arc<SkillPage>, GalleryError> {
        let after = cursor.map(|cursor| List::Skills.last(cursor)).transpose()?;
        let page = self
            .in_time(async {
                let all = self.all_skills().await?;
                if let Some(page) = self.skill_pages.get(&all, cursor) {
                    return Ok(page);
                }
                let (all, filled) = self.fill(all, after.as_deref(), Form::Skill).await?;
                let Filling { rows, last, is_partial, has_refused, .. } = filled;
                let next_cursor = last.map(|last| List::Skills.cursor(&last));
                let page = Arc::new(SkillPage { entries: Arc::new(rows.end().into()), next_cursor, is_partial });
                if !is_partial && !has_refused {
                    self.skill_pages.keep(&all, cursor, &page);
                }
                Ok(page)
            })
            .await?;
        let can_wait = cursor.is_some() && page.next_cursor.is_some();
        self.save_skills(can_wait).await;
        Ok(page)
    }

    /// The entry of the skill whose `SKILL.md` has this address, as JSON.
    ///
    /// # Errors
    /// [`GalleryError::UnknownSkill`], [`GalleryError::Store`].
    pub async fn skill(&self, uri: &str) -> Result<Bytes, GalleryError> {
        let path = address::path(uri).ok_or_else(|| GalleryError::unknown_skill(uri, None, std::iter::empty()))?;
        let folder = address::skill_of(&path).unwrap_or_default();
        let entry = self
            .in_time(async {
                if let (Some(skills), Some(mut shelf)) = (&self.skills, self.shelf().await?) {
                    for is_last in attempts() {
                        let Some(index) = shelf.find(folder) else { break };
                        match skills.read(&shelf, index..index + 1, self.page_timeout).await {
                            Reading::Changed if !is_last => {
                                shelf = skills.listed_now().await?;
                                continue;
                            }
                            Reading::Outage(e) => return Err(e.into()),
                            Reading::Changed | Reading::Done => {}
                        }
                        return match skills.skill(&shelf, index) {
                            Skill::Served(entry) => Ok(entry),
                            Skill::LeftOut(why) | Skill::Refused(why) => {
                                Err(GalleryError::unknown_skill(uri, Some(why), std::iter::empty()))
                            }
                            Skill::Unread => {
                                Err(StoreError::Unavailable("its files are not read in time".to_owned()).into())
                            }
                        };
                    }
                }
                let all = self.all_skills().await?;
                let prompt = all.prompt(folder).map(|prompt| prompt.entry.clone());
                prompt.ok_or_else(|| all.absent(GalleryError::unknown_skill(uri, None, all.paths())))
            })
            .await?;
        self.save_skills(true).await;
        Ok(entry)
    }

    /// The skills of both kinds.
    pub(crate) async fn all_skills(&self) -> Result<AllSkills, GalleryError> {
        let (shelf, prompts) = future::join(self.shelf(), self.prompts_in_part()).await;
        let shelf = shelf?;
        let (prompts, missing) = match prompts {
            Ok(prompts) => {
                let missing = prompts.missing();
                (prompts, missing)
            }
            // The skills of the store can be listed all the same.
            Err(GalleryError::Store(e)) if shelf.is_some() => {
                tracing::warn!(cause = %e, "no prompts for skills/list");
                note_store_failure(e.to_string());
                (Arc::new(AllPrompts::new(Vec::new(), 0, true)), Some(e))
            }
            Err(e) => return Err(e),
        };
        Ok(AllSkills::new(shelf, prompts, missing))
    }

    async fn shelf(&self) -> Result<Option<Arc<Shelf>>, GalleryError> {
        match &self.skills {
            Some(skills) => Ok(Some(skills.current().await?)),
            None => Ok(None),
        }
    }

    /// Reads the skills after a path, as many as fit one page. Lists the store again if a file has changed meanwhile.
    pub(crate) async fn fill(
        &self,
        mut all: AllSkills,
        after: Option<&str>,
        form: Form,
    ) -> Result<(AllSkills, Filling), GalleryError> {
        for is_last in attempts() {
            let Some(filled) = self.try_fill(&all, after, form, is_last).await else {
                let shelf = match &self.skills {
                    Some(skills) => Some(skills.listed_now().await?),
                    None => None,
                };
                all = AllSkills::new(shelf, all.prompts, all.missing);
                continue;
            };
            note_unread(filled.unread);
            return match filled.outage {
                Some(e) if filled.rows.len() == 0 => Err(e.into()),
                _ => Ok((all, filled)),
            };
        }
        unreachable!("the last attempt has a page")
    }

    /// `None` if a file has changed since it was listed, unless this `is_last`.
    async fn try_fill(&self, all: &AllSkills, after: Option<&str>, form: Form, is_last: bool) -> Option<Filling> {
        let began = Instant::now();
        let mut page = Filling::partial(all.missing.is_some());
        let all_items = all.items();
        let start = after.map_or(0, |after| all_items.partition_point(|item| all.path(*item) <= after));
        let mut last: Option<Item> = None;
        for items in all_items[start..].chunks(SKILLS_READ_AHEAD) {
            let late = last.filter(|_| began.elapsed() > self.page_timeout);
            if let Some(last) = late {
                (page.last, page.is_partial) = (Some(all.path(last).to_owned()), true);
                return Some(page);
            }
            match self.read_items(all, items, began).await {
                Reading::Changed if !is_last => return None,
                Reading::Outage(e) => page.outage = Some(e),
                Reading::Changed | Reading::Done => {}
            }
            for item in items {
                if let Some(row) = self.row_of(all, *item, form, &mut page)
                    && !page.push(&row, self.page_size)
                {
                    page.last = last.map(|last| all.path(last).to_owned());
                    return Some(page);
                }
                last = Some(*item);
            }
        }
        Some(page)
    }

    /// Reads the files of some skills that were not read yet.
    async fn read_items(&self, all: &AllSkills, items: &[Item], began: Instant) -> Reading {
        let time = self.page_timeout.saturating_sub(began.elapsed());
        let mut folders =
            items.iter().filter_map(|item| if let Item::Folder(index) = item { Some(*index) } else { None });
        match (&self.skills, &all.shelf, folders.next()) {
            // The folders of neighbours are neighbours.
            (Some(skills), Some(shelf), Some(first)) => {
                skills.read(shelf, first..folders.next_back().unwrap_or(first) + 1, time).await
            }
            _ => Reading::Done,
        }
    }

    /// The row of a skill; `None` if it is left out, or is not read.
    fn row_of(&self, all: &AllSkills, item: Item, form: Form, page: &mut Filling) -> Option<Bytes> {
        let entry = match (item, &self.skills, &all.shelf) {
            (Item::Prompt(index), ..) => all.prompts.skills[index].entry.clone(),
            (Item::Folder(index), Some(skills), Some(shelf)) => match skills.skill(shelf, index) {
                Skill::Served(entry) => entry,
                Skill::LeftOut(_) => return None,
                Skill::Refused(_) => {
                    page.has_refused = true;
                    return None;
                }
                Skill::Unread => {
                    page.is_partial = true;
                    page.unread += 1;
                    return None;
                }
            },
            _ => return None,
        };
        match form {
            Form::Skill => Some(entry),
            Form::Resource => crate::resources::skill_md_row(&entry),
        }
    }

    /// The paths of the skills below a folder that are served, and whether some could not be read in time.
    pub(crate) async fn served_below(
        &self,
        all: &AllSkills,
        inside: &str,
    ) -> Result<(Vec<String>, bool), GalleryError> {
        let began = Instant::now();
        let (mut page, mut paths, mut outage) = (Filling::partial(all.missing.is_some()), Vec::new(), None);
        for items in all.beginning_with(inside).chunks(SKILLS_READ_AHEAD) {
            if began.elapsed() > self.page_timeout {
                page.is_partial = true;
                break;
            }
            match self.read_items(all, items, began).await {
                Reading::Outage(e) => outage = Some(e),
                Reading::Changed => page.is_partial = true,
                Reading::Done => {}
            }
            let served = items.iter().filter(|item| self.row_of(all, **item, Form::Skill, &mut page).is_some());
            paths.extend(served.map(|item| all.path(*item).to_owned()));
        }
        match outage {
            Some(e) if paths.is_empty() => Err(e.into()),
            _ => {
                note_unread(page.unread);
                Ok((paths, page.is_partial))
            }
        }
    }

    /// Saves what was read of skills. If it `can_wait`, more files are about to be read.
    pub(crate) async fn save_skills(&self, can_wait: bool) {
        if let Some(skills) = &self.skills {
            skills.save_index(can_wait).await;
        }
    }

    /// The store of the skills, if one is set up.
    pub(crate) fn skills(&self) -> Option<&Arc<Skills>> {
        self.skills.as_ref()
    }
}

/// Whether an attempt is the last one.
pub(crate) fn attempts() -> impl Iterator<Item = bool> {
    (1..=MAX_SHELF_LISTINGS).map(|attempt| attempt == MAX_SHELF_LISTINGS)
}
