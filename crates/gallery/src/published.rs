//! The skills as Agent Skills discovery 0.2.0 publishes them: an index, and one artifact a skill, its `SKILL.md` or an archive.
//! <https://github.com/cloudflare/agent-skills-discovery-rfc>

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::limits::{CONCURRENT_ARCHIVES, CONCURRENT_MEDIA_READS, DEADLINE};
use skills::address;
use store::{ContentDigest, StoreError};

const SCHEMA: &str = "https://schemas.agentskills.io/discovery/0.2.0/schema.json";
const ARCHIVE: &str = ".tar.gz";

/// The index of the published skills.
#[derive(Debug)]
pub struct PublishedIndex {
    /// The document, JSON.
    pub json: Bytes,
    /// Whether skills are missing that could not be read now.
    pub is_partial: bool,
}

/// What a client downloads.
#[derive(Debug)]
pub struct Artifact {
    /// The media type.
    pub mime_type: &'static str,
    /// The content.
    pub content: Bytes,
}

/// The archives of skills with several files.
pub(crate) struct Archives {
    /// The digests of those that were made, by the SHA-256 of the skill's entry. An archive depends on that alone: it has the digest
    /// of each file.
    known: Mutex<HashMap<[u8; 32], String>>,
    /// Held while one is made, which takes several times the size of the skill.
    making: Semaphore,
}

#[derive(Serialize)]
struct IndexJson {
    #[serde(rename = "$schema")]
    schema: &'static str,
    skills: Vec<PublishedSkill>,
}

#[derive(Serialize)]
struct PublishedSkill {
    name: String,
    r#type: &'static str,
    description: String,
    /// Relative to the address of the index.
    url: String,
    digest: String,
}

/// An entry of `skills/list`.
#[derive(Deserialize)]
struct Entry {
    uri: String,
    frontmatter: FrontMatter,
    resources: Vec<EntryFile>,
}

#[derive(Deserialize)]
struct FrontMatter {
    name: String,
    description: String,
}

#[derive(Deserialize)]
struct EntryFile {
    uri: String,
    digest: String,
}

impl Entry {
    /// The path of the skill.
    fn path(&self) -> Option<String> {
        Some(address::skill_of(&address::path(&self.uri)?)?.to_owned())
    }
}

impl Gallery {
    /// The index of all skills. If several have one name, clients would install one over the other: the first path keeps the name.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn published_index(&self) -> Result<PublishedIndex, GalleryError> {
        self.in_time(self.make_published_index()).await
    }

    async fn make_published_index(&self) -> Result<PublishedIndex, GalleryError> {
        let clock = &self.live.freshness.clock;
        let began = clock.now();
        let (mut skills, mut names, mut is_partial, mut cursor) = (Vec::new(), HashSet::new(), false, None);
        let mut listed = HashSet::new();
        loop {
            let page = self.list_skills(cursor.as_deref()).await?;
            is_partial |= page.is_partial;
            let entries: Vec<&RawValue> = serde_json::from_str(page.entries.get()).unwrap_or_default();
            for json in entries {
                let Ok(entry) = serde_json::from_str::<Entry>(json.get()) else { continue };
                if names.contains(&entry.frontmatter.name) {
                    tracing::debug!(skill.uri = entry.uri, "not published: another skill has its name");
                    continue;
                }
                listed.insert(ContentDigest::of(json.get().as_bytes()).sha256);
                // An archive that is made takes time, one that is known does not.
                let is_late = clock.since(began) > DEADLINE / 2;
                match self.published(&entry, json, is_late).await? {
                    Some(skill) => {
                        names.insert(entry.frontmatter.name);
                        skills.push(skill);
                    }
                    None => is_partial = true,
                }
            }
            cursor.clone_from(&page.next_cursor);
            if cursor.is_none() {
                break;
            }
        }
        self.archives.known().retain(|entry, _| listed.contains(entry));
        let json = serde_json::to_vec(&IndexJson { schema: SCHEMA, skills }).expect("an index serialises");
        Ok(PublishedIndex { json: json.into(), is_partial })
    }

    /// The row of a skill; `None` if its archive cannot be made now.
    async fn published(
        &self,
        entry: &Entry,
        json: &RawValue,
        is_late: bool,
    ) -> Result<Option<PublishedSkill>, GalleryError> {
        let Some(path) = entry.path() else { return Ok(None) };
        let uri = address::uri(&path);
        let uri = uri.strip_prefix(address::SCHEME).unwrap_or(&uri);
        let (kind, url, digest) = if let [only] = &*entry.resources {
            ("skill-md", format!("{uri}/SKILL.md"), only.digest.clone())
        } else {
            let id = ContentDigest::of(json.get().as_bytes()).sha256;
            let known = self.archives.known().get(&id).cloned();
            let digest = match known {
                Some(digest) => digest,
                None if is_late => return Ok(None),
                None => match self.archive(&path, entry).await {
                    Ok(archive) => {
                        let digest = ContentDigest::of(&archive).sha256_text();
                        self.archives.known().insert(id, digest.clone());
                        digest
                    }
                    Err(e) => {
                        tracing::warn!(skill.path = path, cause = %e, "skill not published now");
                        return Ok(None);
                    }
                },
            };
            ("archive", format!("{uri}{ARCHIVE}"), digest)
        };
        let FrontMatter { name, description } = &entry.frontmatter;
        Ok(Some(PublishedSkill { name: name.clone(), r#type: kind, description: description.clone(), url, digest }))
    }

    /// The artifact at an address relative to that of the index: `team/refunds.tar.gz`, `plan/SKILL.md`.
    ///
    /// # Errors
    /// [`GalleryError::UnknownSkill`], [`GalleryError::Store`].
    pub async fn artifact(&self, url: &str) -> Result<Artifact, GalleryError> {
        self.in_time(self.find_artifact(url)).await
    }

    async fn find_artifact(&self, url: &str) -> Result<Artifact, GalleryError> {
        let unknown = || GalleryError::unknown_skill(url, None, std::iter::empty());
        let entry = async |path: &str| {
            let json = self.skill(&address::uri(&address::skill_md(path))).await?;
            serde_json::from_slice::<Entry>(&json).map_err(|_| unknown())
        };
        if let Some(path) = url.strip_suffix(ARCHIVE) {
            let entry = entry(path).await?;
            if entry.resources.len() == 1 {
                return Err(unknown());
            }
            return Ok(Artifact { mime_type: "application/gzip", content: self.archive(path, &entry).await? });
        }
        let path = address::skill_of(url).ok_or_else(unknown)?;
        if entry(path).await?.resources.len() != 1 {
            return Err(unknown());
        }
        let resource = self.read_resource(&address::uri(url)).await?;
        Ok(Artifact { mime_type: "text/markdown; charset=utf-8", content: resource.content })
    }

    /// The archive of a skill. The same files make the same bytes.
    async fn archive(&self, path: &str, entry: &Entry) -> Result<Bytes, GalleryError> {
        let folder = format!("{path}/");
        let files = entry.resources.iter().filter_map(|file| {
            let key = address::path(&file.uri)?;
            Some((key.strip_prefix(&folder)?.to_owned(), file))
        });
        let read = async |(name, file): (String, &EntryFile)| {
            let content = self.read_resource(&file.uri).await?.content;
            if ContentDigest::of(&content).sha256_text() == file.digest {
                return Ok((name, content));
            }
            // Clients compare an archive with the index.
            Err(GalleryError::SkillChanging { uri: file.uri.clone() })
        };
        let reads: Vec<_> = files.map(read).collect();
        let _making = self.archives.making.acquire().await;
        let files = stream::iter(reads).buffered(CONCURRENT_MEDIA_READS).try_collect::<Vec<_>>().await?;
        // In a thread of its own, because large files take a while.
        let packed = tokio::task::spawn_blocking(move || pack(&files)).await;
        let failed = |e: String| GalleryError::Store(StoreError::Unavailable(e));
        packed.map_err(|e| failed(e.to_string()))?.map(Bytes::from).map_err(|e| failed(e.to_string()))
    }
}

impl Default for Archives {
    fn default() -> Self {
        Self { known: Mutex::default(), making: Semaphore::new(CONCURRENT_ARCHIVES) }
    }
}

impl Archives {
    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A `.tar.gz` of files, without anything that differs from one machine or time to another.
fn pack(files: &[(String, Bytes)]) -> io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(gzip);
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // S3 keeps no modes. A file with `#!` is a script.
        header.set_mode(if content.starts_with(b"#!") { 0o755 } else { 0o644 });
        header.set_mtime(0);
        archive.append_data(&mut header, name, &**content)?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_the_files_and_the_same_bytes_each_time() {
        let long = format!("references/{}.md", "x".repeat(200));
        let files: Vec<_> =
            [("SKILL.md", "text"), ("scripts/run.sh", "#!/bin/sh\n"), (&long, "long"), ("größe.md", "")]
                .map(|(name, content)| (name.to_owned(), Bytes::from(content.to_owned())))
                .into();
        let packed = pack(&files).expect("an archive");
        assert_eq!(packed, pack(&files).expect("an archive"));
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*packed));
        let read: Vec<_> = archive
            .entries()
            .expect("entries")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let mut content = String::new();
                io::Read::read_to_string(&mut entry, &mut content).expect("a content");
                (entry.path().expect("a path").display().to_string(), content, entry.header().mode().expect("a mode"))
            })
            .collect();
        let expected = [
            ("SKILL.md", "text", 0o644),
            ("scripts/run.sh", "#!/bin/sh\n", 0o755),
            (&long, "long", 0o644),
            ("größe.md", "", 0o644),
        ];
        assert_eq!(read, expected.map(|(name, content, mode)| (name.to_owned(), content.to_owned(), mode)));
    }
}
