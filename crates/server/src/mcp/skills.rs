//! `skills/list`, `skills/get`: the extension `io.modelcontextprotocol/skills`.
//! <https://github.com/modelcontextprotocol/ext-skills/blob/main/specification/stable/skills.mdx>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::Error;
use super::{Answer, Call, Record};
use gallery::shortened;
use store::store_failure;

/// The name of the extension among the capabilities.
pub(super) const EXTENSION: &str = "io.modelcontextprotocol/skills";

#[derive(Deserialize)]
struct ListSkillsParams {
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListSkillsResult<'a> {
    skills: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Deserialize)]
struct GetSkillParams {
    uri: String,
}

#[derive(Serialize)]
struct GetSkillResult<'a> {
    skill: &'a RawValue,
}

impl Call<'_> {
    pub(super) async fn list_skills(&self, record: &mut Record) -> Answer {
        let ListSkillsParams { cursor } = self.params()?;
        let page = self.mcp.gallery.list_skills(cursor.as_deref()).await?;
        record.cause = store_failure();
        let result = ListSkillsResult { skills: page.entries.json(), next_cursor: page.next_cursor.as_deref() };
        self.answer_page(&result, &page.entries, page.is_partial)
    }

    pub(super) async fn get_skill(&self, record: &mut Record) -> Answer {
        let GetSkillParams { uri } = self.params()?;
        record.name = Some(shortened(&uri));
        let entry = self.mcp.gallery.skill(&uri).await?;
        let skill = serde_json::from_slice(&entry).map_err(|e| Error::internal(e.to_string()))?;
        self.answer_cacheable(&GetSkillResult { skill }, entry.len())
    }
}
