//! A folder: an edit shows at the next request, and a watched folder is read only after a change.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gallery::{Gallery, GalleryError};
use store::{DirStore, FolderEvent, Object, PromptStore, StoreError};
use tempfile::TempDir;

use crate::waiting::PATIENCE;
use crate::{
    PAGE_SIZE, assert_unknown, broken, descriptions, eventually, failure, gallery_over_a_folder, including, names,
    picture, prompt, say, write,
};

#[tokio::test]
async fn an_edit_in_a_folder_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    assert_eq!(names(&gallery).await, [""; 0]);
    write(dir.path(), "team/a.prompt", prompt("one"));
    assert_eq!(names(&gallery).await, ["team_a"]);
    // Many edits of one size within one step of the file system's clock.
    for edit in 10..60 {
        let text = format!("edit {edit}");
        write(dir.path(), "team/a.prompt", prompt(&text));
        assert_eq!(say(&gallery, "team_a").await.unwrap(), text);
        assert_eq!(descriptions(&gallery).await.unwrap()["team_a"], text);
    }
    fs::rename(dir.path().join("team"), dir.path().join("group")).unwrap();
    assert_eq!(names(&gallery).await, ["group_a"]);
    assert_unknown(say(&gallery, "team_a").await);
    fs::remove_file(dir.path().join("group/a.prompt")).unwrap();
    assert_eq!(names(&gallery).await, [""; 0]);
}

/// Counts how often a store is listed.
struct Counted(DirStore, AtomicUsize);

#[async_trait]
impl PromptStore for Counted {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.list().await
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        self.0.get(object).await
    }

    fn revision(&self) -> Option<u64> {
        self.0.revision()
    }

    fn location(&self) -> String {
        self.0.location()
    }
}

#[tokio::test]
async fn a_watched_folder_is_read_anew_only_after_a_change() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "a.prompt", "edit 0");
    let folder = DirStore::open(dir.path()).unwrap();
    assert_eq!(folder.revision(), None);
    folder.watch(prompt_gallery::watch::start).unwrap();
    let store = Arc::new(Counted(folder, AtomicUsize::new(0)));
    let gallery = Gallery::new(Arc::clone(&store) as Arc<dyn PromptStore>, Duration::ZERO, PAGE_SIZE);
    for _ in 0..1000 {
        assert_eq!(say(&gallery, "a").await.unwrap(), "edit 0");
    }
    let listed = store.1.load(Ordering::Relaxed);
    assert!(listed < 100, "{listed} listings for 1000 requests and no change");
    write(dir.path(), "a.prompt", "edit 1");
    eventually("an edit shows", async || say(&gallery, "a").await.unwrap() == "edit 1").await;
    fs::create_dir(dir.path().join("team")).unwrap();
    write(dir.path(), "team/b.prompt", "new");
    eventually("a file in a new folder shows", async || say(&gallery, "team_b").await.is_ok()).await;
    write(dir.path(), "team/b.prompt", "newer");
    eventually("its edit shows", async || say(&gallery, "team_b").await.unwrap() == "newer").await;
    fs::remove_dir_all(dir.path().join("team")).unwrap();
    eventually("its end shows", async || names(&gallery).await == ["a"]).await;
    fs::rename(dir.path().join("a.prompt"), dir.path().join("c.prompt")).unwrap();
    eventually("a new name shows", async || names(&gallery).await == ["c"]).await;
}

#[tokio::test]
async fn a_watched_folder_that_is_replaced_is_read_at_each_request() {
    let parent = TempDir::new().unwrap();
    let [dir, old, new] = ["prompts", "old", "new"].map(|name| parent.path().join(name));
    for (dir, text) in [(&dir, "of the old folder"), (&new, "of the new folder")] {
        fs::create_dir(dir).unwrap();
        write(dir, "a.prompt", text);
    }
    let folder = DirStore::open(&dir).unwrap();
    folder.watch(prompt_gallery::watch::start).unwrap();
    assert!(folder.revision().is_some());
    fs::rename(&dir, &old).unwrap();
    fs::rename(&new, &dir).unwrap();
    eventually("it is watched no more", async || folder.revision().is_none()).await;
    let gallery = Gallery::new(Arc::new(folder), Duration::ZERO, PAGE_SIZE);
    assert_eq!(say(&gallery, "a").await.unwrap(), "of the new folder");
    write(&dir, "a.prompt", "edit");
    assert_eq!(say(&gallery, "a").await.unwrap(), "edit");
}

#[cfg(unix)]
#[test]
fn a_folder_outside_that_a_link_leads_to_is_not_watched() {
    let (parent, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let dir = parent.path().canonicalize().unwrap().join("prompts");
    fs::create_dir(&dir).unwrap();
    fs::create_dir(outside.path().join("deep")).unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.join("link")).unwrap();
    let watch = || {
        let (tell, events) = channel();
        let tell = move |event| {
            let _ = tell.send(event);
        };
        (prompt_gallery::watch::start(&dir, Box::new(tell)).unwrap(), events)
    };
    let (_watcher, events) = watch();
    write(outside.path(), "deep/a.prompt", "outside");
    // Events come in order: an event of the file outside would come before this one.
    fs::rename(&dir, parent.path().join("old")).unwrap();
    assert_eq!(events.recv_timeout(PATIENCE), Ok(FolderEvent::Gone));

    fs::rename(parent.path().join("old"), &dir).unwrap();
    let (_watcher, events) = watch();
    write(&dir, "b.prompt", "inside");
    assert_eq!(events.recv_timeout(PATIENCE), Ok(FolderEvent::Changed));
}

#[tokio::test]
async fn a_file_that_breaks_and_is_mended_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", "{{name}");
    write(dir.path(), "b.prompt", prompt("b"));
    let broken = say(&gallery, "a").await;
    assert!(matches!(broken, Err(GalleryError::Broken { .. })), "{broken:?}");
    assert_eq!(names(&gallery).await, ["b"]);
    write(dir.path(), "a.prompt", prompt("mended"));
    assert_eq!(say(&gallery, "a").await.unwrap(), "mended");
    assert_eq!(names(&gallery).await, ["a", "b"]);
}

#[tokio::test]
async fn a_folder_that_is_removed_is_served_as_it_was_until_it_is_back() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", prompt("a"));
    assert_eq!(names(&gallery).await, ["a"]);
    for text in ["a", "b", "c"] {
        fs::remove_dir_all(dir.path()).unwrap();
        assert_eq!(names(&gallery).await, ["a"]);
        assert_eq!(say(&gallery, "a").await.unwrap(), if text == "a" { "a" } else { "again" });
        write(dir.path(), "a.prompt", prompt("again"));
        assert_eq!(say(&gallery, "a").await.unwrap(), "again", "at once");
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_no_empty_gallery() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", prompt("a"));
    assert_eq!(names(&gallery).await, ["a"]);
    fs::remove_dir_all(dir.path()).unwrap();
    fs::write(dir.path(), "no folder").unwrap();
    assert_eq!(names(&gallery).await, ["a"]);
    fs::remove_file(dir.path()).unwrap();
}

/// Two releases, and a link that is flipped between them while all prompts are listed and read.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_to_a_release_that_is_flipped_leaves_no_wrong_prompt() {
    const PROMPTS: usize = 300;
    // Within the folder, and the folder itself.
    for inside in [true, false] {
        let dir = TempDir::new().unwrap();
        let link = dir.path().join(if inside { "prompts/current" } else { "current" });
        let releases = dir.path().join(if inside { "prompts/.releases" } else { "releases" });
        for release in ["one", "two"] {
            for number in 0..PROMPTS {
                write(&releases.join(release), &format!("p{number:03}.prompt"), prompt(release));
            }
        }
        let flip = {
            let (link, releases) = (link.clone(), releases.clone());
            move |release: &str| {
                let new = link.with_file_name(".new");
                std::os::unix::fs::symlink(releases.join(release), &new).unwrap();
                fs::rename(&new, &link).unwrap();
            }
        };
        flip("one");
        let folder = DirStore::open(if inside { dir.path().join("prompts") } else { link.clone() }).unwrap();
        // A file that was just written has a new version in each listing.
        eventually("the folder is settled", async || folder.list().await.unwrap() == folder.list().await.unwrap())
            .await;
        folder.watch(prompt_gallery::watch::start).unwrap();
        let gallery = Gallery::new(Arc::new(folder), Duration::ZERO, PAGE_SIZE);
        // Each request lets the link be flipped while it is answered.
        let (asking, requests) = channel();
        let flips = std::thread::spawn({
            let flip = flip.clone();
            move || requests.iter().zip(["two", "one"].iter().cycle()).for_each(|((), release)| flip(release))
        });
        let name = |number: usize| format!("{}p{number:03}", if inside { "current_" } else { "" });
        for number in 0..PROMPTS {
            asking.send(()).unwrap();
            if let Ok(said) = say(&gallery, &name(number)).await {
                assert!(["one", "two"].contains(&said.as_str()), "{said}");
            }
            if number % 50 == 0 {
                let _ = gallery.list(None).await;
            }
        }
        drop(asking);
        flips.join().unwrap();
        for release in ["one", "two", "one"] {
            flip(release);
            eventually("the link is followed", async || say(&gallery, &name(0)).await.unwrap() == release).await;
            let listed = descriptions(&gallery).await.unwrap();
            assert!(listed.len() == PROMPTS && listed.values().all(|text| text == release), "{listed:?}");
            for number in 0..PROMPTS {
                assert_eq!(say(&gallery, &name(number)).await.unwrap(), release, "{number}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_left_out_alone() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", prompt("a"));
    fs::create_dir(dir.path().join("folder.prompt")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nothing", dir.path().join("dangling.prompt")).unwrap();
    assert_eq!(names(&gallery).await, ["a"]);
    assert_unknown(say(&gallery, "dangling").await);
}

#[tokio::test]
async fn an_edit_of_a_partial_in_a_folder_shows_at_the_next_request() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", including("a", "team/tone"));
    assert!(broken(&gallery, "a").await.ends_with("there is no partial `team/tone`"));
    for edit in 10..30 {
        write(dir.path(), "team/_tone.hbs", format!("edit {edit}"));
        assert_eq!(say(&gallery, "a").await.unwrap(), format!("a edit {edit}"));
        assert_eq!(names(&gallery).await, ["a"]);
    }
    fs::remove_file(dir.path().join("team/_tone.hbs")).unwrap();
    assert_eq!(names(&gallery).await, [""; 0]);
    assert!(broken(&gallery, "a").await.ends_with("there is no partial `team/tone`"));
}

#[tokio::test]
async fn a_picture_in_a_folder_is_shown_as_it_is_now() {
    let (dir, gallery) = gallery_over_a_folder();
    write(dir.path(), "a.prompt", r#"{{media url="img/flow.png"}}"#);
    let said = failure(picture(&gallery, "a").await);
    assert!(said.ends_with("there is no file `img/flow.png` in the gallery"), "{said}");
    for bytes in [b"one", b"two"] {
        write(dir.path(), "img/flow.png", bytes);
        assert_eq!(picture(&gallery, "a").await.unwrap(), bytes);
    }
    #[cfg(unix)]
    {
        // A link shows nothing outside of the folder either.
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), "secret").unwrap();
        fs::remove_file(dir.path().join("img/flow.png")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("img/flow.png")).unwrap();
        assert!(failure(picture(&gallery, "a").await).ends_with("there is no file `img/flow.png` in the gallery"));
    }
}
