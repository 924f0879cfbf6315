//! The files of prompts as resources, with `PAGE_SOURCE`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wire::Wire;
use crate::{GALLERY, HANDSHAKE, server_of};

const FILES: [(&str, &str); 7] = [
    ("team/review.prompt", "---\ndescription: Reviews\n---\n{{> rules}} {{code}}\n"),
    ("_rules.hbs", "Be kind.\n"),
    ("broken.prompt", "Hello\n{{#if name}}\n"),
    ("lost.prompt", "---\ndescription: Lost\n---\n{{> rulez}}"),
    ("odd.prompt", "---\ndescripton: Typo\n---\nText"),
    ("guide.prompt", "{{media url=\"docs/guide.md\"}}"),
    ("docs/guide.md", "# Guide\n"),
];

async fn rows(wire: &Wire) -> Vec<Value> {
    let listed = wire.modern("resources/list", json!({})).await.json();
    for version in HANDSHAKE {
        let handshake = wire.handshake(version, "resources/list", json!({})).await.json();
        assert_eq!(handshake["result"]["resources"], listed["result"]["resources"], "{version}");
    }
    files(&listed["result"]["resources"])
}

/// The files of a list, without the app.
fn files(list: &Value) -> Vec<Value> {
    let is_file = |row: &&Value| row["uri"].as_str().unwrap().starts_with("gallery:");
    list.as_array().unwrap().iter().filter(is_file).cloned().collect()
}

fn row<'r>(rows: &'r [Value], path: &str) -> &'r Value {
    rows.iter().find(|row| row["uri"] == format!("gallery:///{path}")).unwrap_or_else(|| panic!("{path}: {rows:?}"))
}

fn problems<'r>(rows: &'r [Value], path: &str) -> &'r Value {
    &row(rows, path)["_meta"]["prompt-gallery/problems"]
}

fn paths(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["uri"].as_str().unwrap().strip_prefix("gallery:///").unwrap()).collect()
}

#[tokio::test]
async fn every_file_of_a_prompt_is_a_resource_with_what_check_says() {
    let (wire, dir) = server_of(&FILES).await;
    fs::write(dir.path().join(".hidden.prompt"), "Hidden").unwrap();
    fs::write(dir.path().join("secret.txt"), "Secret").unwrap();
    let rows = rows(&wire).await;
    let sorted = [
        "_rules.hbs",
        "broken.prompt",
        "docs/guide.md",
        "guide.prompt",
        "lost.prompt",
        "odd.prompt",
        "team/review.prompt",
    ];
    assert_eq!(paths(&rows), sorted);
    let mut review = row(&rows, "team/review.prompt").clone();
    let listed = wire.modern("prompts/list", json!({})).await.json();
    let prompts = listed["result"]["prompts"].as_array().unwrap().clone();
    let prompt = prompts.iter().find(|prompt| prompt["name"] == "team_review").unwrap();
    assert_eq!(review["_meta"]["version"].take(), prompt["_meta"]["version"]);
    let modified = fs::metadata(dir.path().join("team/review.prompt")).unwrap().modified().unwrap();
    assert_eq!(review["annotations"]["lastModified"].take(), store::timestamp(modified));
    assert_snapshot!(review, @r#"{"uri":"gallery:///team/review.prompt","name":"team/review.prompt","mimeType":"text/plain","size":50,"annotations":{"lastModified":null},"_meta":{"version":null,"prompt-gallery/prompt":"team_review","prompt-gallery/problems":[]}}"#);
    assert_snapshot!(problems(&rows, "broken.prompt"), @r#"[{"level":"error","message":"`if` is opened here and not closed by {{/if}}","line":2,"column":1}]"#);
    assert_snapshot!(problems(&rows, "lost.prompt"), @r#"[{"level":"error","message":"there is no partial `rulez`","line":4,"column":1,"hint":"did you mean `rules`?"}]"#);
    assert_snapshot!(problems(&rows, "odd.prompt"), @r#"[{"level":"warning","message":"the prompt has no description","line":1,"column":1,"hint":"add `description: …` to the front matter; people choose prompts by it"},{"level":"warning","message":"unknown key `descripton`","line":2,"column":1,"hint":"did you mean `description`?"}]"#);
    // A file that is embedded is as it is without source.
    assert_snapshot!(row(&rows, "docs/guide.md"), @r#"{"uri":"gallery:///docs/guide.md","name":"guide.md","mimeType":"text/markdown","size":8}"#);
    // Prompts that can be used, and no others.
    let named: Vec<_> = rows.iter().filter_map(|row| row["_meta"]["prompt-gallery/prompt"].as_str()).collect();
    let usable: Vec<_> = prompts.iter().map(|prompt| prompt["name"].as_str().unwrap()).collect();
    assert_eq!((named, usable.clone()), (usable, vec!["guide", "odd", "team_review"]));
}

#[tokio::test]
async fn a_file_is_read_as_it_is() {
    let (wire, dir) = server_of(&FILES).await;
    fs::write(dir.path().join("latin.prompt"), b"caf\xe9").unwrap();
    fs::write(dir.path().join("secret.txt"), "Secret").unwrap();
    for (path, text) in FILES.into_iter().filter(|(path, _)| *path != "docs/guide.md") {
        let uri = format!("gallery:///{path}");
        let contents = json!([{ "uri": uri, "mimeType": "text/plain", "text": text }]);
        let modern = wire.modern("resources/read", json!({ "uri": uri })).await.json();
        assert_eq!(modern["result"]["contents"], contents);
        for version in HANDSHAKE {
            let handshake = wire.handshake(version, "resources/read", json!({ "uri": uri })).await.json();
            assert_eq!(handshake["result"]["contents"], contents);
        }
    }
    let read =
        async |path: &str| wire.modern("resources/read", json!({ "uri": format!("gallery:///{path}") })).await.json();
    assert_eq!(read("latin.prompt").await["result"]["contents"][0]["blob"], "Y2Fm6Q==");
    assert_eq!(read("docs/guide.md").await["result"]["contents"][0]["mimeType"], "text/markdown");
    for path in ["secret.txt", "none.prompt", "../a.prompt", "team/../odd.prompt", "/odd.prompt", ".hidden.prompt", ""]
    {
        assert_eq!(read(path).await["error"]["code"], -32602, "{path}");
    }
}

#[tokio::test]
async fn without_source_the_files_of_prompts_are_no_resources() {
    let (_, dir) = server_of(&FILES).await;
    let dir = dir.path().to_str().unwrap();
    let wire = Wire::new(Server::new(), dir, &[("PAGE_SOURCE", "off")]).await;
    assert_eq!(paths(&rows(&wire).await), ["docs/guide.md"]);
    let read = wire.modern("resources/read", json!({ "uri": "gallery:///odd.prompt" })).await.json();
    assert_eq!(read["error"]["code"], -32602);
    let settings = wire.send(http::Method::GET, "/assets/settings.json", &[], "").await.json();
    assert_eq!(settings["source"], false);
}

#[tokio::test]
async fn pages_have_every_file_once() {
    let (_, dir) = server_of(&FILES).await;
    let path = dir.path().to_str().unwrap();
    let all = rows(&Wire::new(Server::new(), path, &[]).await).await;
    for size in ["1", "2", "3", "6", "7"] {
        let wire = Wire::new(Server::new(), path, &[("PAGE_SIZE", size)]).await;
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let params = cursor.map_or(json!({}), |cursor: String| json!({ "cursor": cursor }));
            let page = wire.modern("resources/list", params).await.json()["result"].clone();
            let rows = files(&page["resources"]);
            assert!(rows.len() <= size.parse().unwrap() && !rows.is_empty(), "{page}");
            found.extend(rows);
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, all, "{size}");
    }
}

#[tokio::test]
async fn a_change_shows_with_its_problems() {
    let (wire, dir): (Wire, TempDir) = server_of(&FILES).await;
    let write = |path: &str, text: &str| fs::write(dir.path().join(path), text).unwrap();
    assert_eq!(problems(&rows(&wire).await, "broken.prompt").as_array().unwrap().len(), 1);
    write("broken.prompt", "---\ndescription: Hello\n---\nHello\n");
    let mended = rows(&wire).await;
    assert_eq!(problems(&mended, "broken.prompt"), &json!([]));
    assert_eq!(row(&mended, "broken.prompt")["_meta"]["prompt-gallery/prompt"], "broken");
    // Another file may mend a problem.
    write("_rulez.prompt", "Rules");
    assert_eq!(problems(&rows(&wire).await, "lost.prompt"), &json!([]));
    // A broken partial has the problem, and the prompt cannot be used.
    write("_rules.hbs", "{{/if}}");
    let broken = rows(&wire).await;
    assert_eq!(problems(&broken, "_rules.hbs")[0]["level"], "error");
    let review = &row(&broken, "team/review.prompt")["_meta"];
    assert_eq!(
        (review.get("prompt-gallery/prompt"), &review["prompt-gallery/brokenPrompt"]),
        (None, &json!("team_review"))
    );
    // A partial makes no prompt.
    let partial = &row(&broken, "_rules.hbs")["_meta"];
    assert_eq!((partial.get("prompt-gallery/prompt"), partial.get("prompt-gallery/brokenPrompt")), (None, None));
}

#[tokio::test]
async fn the_problems_are_those_of_check() {
    // The command checks the same files, notes apart.
    for folder in ["tests/data/broken", GALLERY] {
        let found = rows(&Wire::new(Server::new(), folder, &[]).await).await;
        let files = found.iter().filter(|row| row["_meta"].is_object());
        let found: Vec<String> = files
            .flat_map(|row| {
                let name = row["name"].as_str().unwrap().to_owned();
                let problems = row["_meta"]["prompt-gallery/problems"].as_array().unwrap().clone();
                problems.into_iter().map(move |problem| {
                    format!("{name} {} {} {}", problem["line"], problem["column"], problem["message"].as_str().unwrap())
                })
            })
            .collect();
        assert_eq!(found, checked(Path::new(folder)), "{folder}");
    }
}

/// The errors and warnings of the files of a folder.
fn checked(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file())
        .map(|path| {
            let source = fs::read(&path).unwrap();
            let key = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            check::File { key, size: source.len() as u64, source: check::Source::Read(source.into()) }
        })
        .collect();
    files.sort_by(|a, b| a.key.cmp(&b.key));
    let problems = check::check(&files, &check::Options::default(), &|| {});
    let is_shown = |problem: &&prompt_gallery::dotprompt::Problem| {
        problem.code.level() != prompt_gallery::dotprompt::Level::Note && &*problem.file != check::WHOLE
    };
    let shown = problems.iter().filter(is_shown);
    shown
        .map(|problem| format!("{} {} {} {}", problem.file, problem.place.line, problem.place.column, problem.message))
        .collect()
}
