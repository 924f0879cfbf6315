//! Files that are broken or too large, and files that claim one name.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use gallery::GalleryError;
use serde_json::Map;
use tempfile::NamedTempFile;

use crate::s3::S3Server;
use crate::{HOUR, assert_unknown, descriptions, gallery, key, lists_and_gets, names, prompt, put, s3_with, say};

#[tokio::test]
async fn broken_files_are_left_out_and_get_says_what_is_wrong_where() {
    let s3 = s3_with(&["a", "z"]).await;
    let too_large = 256 * 1024 + 1;
    s3.put("prompts/team/large.prompt", vec![b'x'; too_large]);
    s3.put("prompts/latin-1.hbs", &b"fine\nGr\xfc\xdfe"[..]);
    s3.put("prompts/yaml.prompt", "---\ntitle: fine\n  tags: [a\n---\nHello");
    s3.put("prompts/type.prompt", "---\ntitle: fine\ntags: 5\n---\nHello");
    s3.put("prompts/fence.prompt", "---\ntitle: fine\nHello");
    s3.put("prompts/template.prompt", "---\ntitle: fine\n---\n\nHello\n  {{#if x}}{{y}}");
    let gallery = gallery(&s3, HOUR);
    assert_eq!(names(&gallery).await, ["a", "z"]);
    assert_eq!(gallery.count().await.unwrap(), 8);
    assert_eq!(say(&gallery, "z").await.unwrap(), "z");

    let broken = [
        ("team_large", "team/large.prompt", (1, 1)),
        ("latin-1", "latin-1.hbs", (2, 3)),
        ("yaml", "yaml.prompt", (3, 7)),
        ("type", "type.prompt", (3, 7)),
        ("fence", "fence.prompt", (1, 1)),
        ("template", "template.prompt", (6, 3)),
    ];
    for (prompt, path, (at_line, at_column)) in broken {
        let got = gallery.get(prompt, &Map::new(), None).await.unwrap_err();
        let completed = gallery.complete(prompt, "x", "").await.unwrap_err();
        let text = format!("prompt `{prompt}` cannot be rendered: {path}, line {at_line}, column {at_column}: ");
        for e in [got, completed] {
            let GalleryError::Broken { name, problem } = &e else { panic!("{e:?}") };
            assert_eq!((name.as_str(), &*problem.file), (prompt, path));
            assert_eq!((problem.place.line, problem.place.column), (at_line, at_column), "{e}");
            assert!(e.to_string().starts_with(&text) && !e.to_string().contains('\n'), "{e}");
        }
    }
    assert_eq!(lists_and_gets(s3.requests()), (1, 7), "each is read once, the large one not at all");
}

#[tokio::test]
async fn a_broken_file_is_logged_once_for_each_version_of_it() {
    let log = NamedTempFile::new().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(log.reopen().unwrap())).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let logged = || fs::read_to_string(log.path()).unwrap().matches("prompt left out").count();
    let s3 = s3_with(&["a"]).await;
    s3.put(&key("broken"), "{{#if");
    s3.put("prompts/_p.prompt", "{{/if}}");
    s3.put(&key("b"), "{{> p}}");
    s3.put(&key("c"), "{{> p}}");
    let gallery = gallery(&s3, Duration::ZERO);
    for name in ["x", "y", "z"] {
        names(&gallery).await;
        assert_eq!(logged(), 2, "the file and the partial, when {name} comes");
        put(&s3, name, name);
    }
    s3.put(&key("broken"), "{{#unless");
    names(&gallery).await;
    assert_eq!(logged(), 3);
}

#[tokio::test]
async fn a_prompt_of_256_kib_is_served() {
    let s3 = S3Server::start().await;
    s3.put(&key("a"), vec![b'x'; 256 * 1024]);
    assert_eq!(say(&gallery(&s3, HOUR), "a").await.unwrap().len(), 256 * 1024);
}

#[tokio::test]
async fn a_prompt_that_breaks_is_broken_and_not_served_in_the_version_before() {
    let s3 = s3_with(&["a", "b"]).await;
    let gallery = gallery(&s3, Duration::ZERO);
    assert_eq!(names(&gallery).await, ["a", "b"]);
    s3.put(&key("a"), "{{#each}}");
    assert!(matches!(say(&gallery, "a").await, Err(GalleryError::Broken { .. })));
    assert_eq!(names(&gallery).await, ["b"]);
    put(&s3, "a", "mended");
    assert_eq!(names(&gallery).await, ["a", "b"]);
    assert_eq!(say(&gallery, "a").await.unwrap(), "mended");
}

#[tokio::test]
async fn of_keys_that_claim_one_name_the_best_has_it_and_none_hides_another() {
    let s3 = S3Server::start().await;
    let by_claim = ["team_x.prompt", "team/x.prompt", "team/x.hbs", "téam/x.prompt"];
    for key in by_claim.iter().rev() {
        s3.put(&format!("prompts/{key}"), prompt(key));
    }
    let gallery = gallery(&s3, Duration::ZERO);
    for (gone, served) in by_claim.iter().enumerate() {
        let described = descriptions(&gallery).await.unwrap();
        assert_eq!(say(&gallery, "team_x").await.unwrap(), *served);
        assert_eq!(described["team_x"], *served);
        assert_eq!(described.len(), by_claim.len() - gone, "{described:?}");
        for name in described.keys().filter(|name| *name != "team_x") {
            assert!(name.len() == "team_x-000000".len() && name.starts_with("team_x-"), "{name}");
            assert_eq!(say(&gallery, name).await.unwrap(), described[name]);
        }
        s3.delete(&format!("prompts/{served}"));
    }
    assert_unknown(say(&gallery, "team_x").await);
}
