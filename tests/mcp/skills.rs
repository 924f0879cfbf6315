//! `skills/list`, `skills/get`, `resources/list`, `resources/read`, `resources/directory/read`.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;

use prompt_gallery::Server;
use tempfile::TempDir;

use crate::wire::Wire;
use crate::{GALLERY, HANDSHAKE};

const REFUNDS: &str =
    "---\nname: refunds\ndescription: Handle refunds\nmetadata:\n  version: \"1.0\"\n---\n# Refunds\n";
const NESTED: &str = "---\nname: partial\ndescription: In part\n---\nHalf.\n";

/// A server over these prompts and skills.
async fn server_with(prompts: &[(&str, &str)], skills: &[(&str, &[u8])], env: &[(&str, &str)]) -> (Wire, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let prompts = prompts.iter().map(|(name, text)| (format!("prompts/{name}"), text.as_bytes()));
    let skills = skills.iter().map(|(name, content)| (format!("skills/{name}"), *content));
    for folder in ["prompts", "skills"] {
        fs::create_dir_all(dir.path().join(folder)).expect("a folder");
    }
    for (name, content) in prompts.chain(skills) {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    let at = |folder: &str| dir.path().join(folder).to_str().expect("UTF-8").to_owned();
    let skills_dir = at("skills");
    // Files of prompts and the app are resources too otherwise.
    let env = [&[("SKILLS_DIR", skills_dir.as_str()), ("PAGE_SOURCE", "off"), ("GALLERY_PAGE", "off")], env].concat();
    (Wire::new(Server::new(), &at("prompts"), &env).await, dir)
}

/// Two skills, one in the other, and some that cannot be served.
async fn team() -> (Wire, TempDir) {
    let invalid = b"---\nname: other\ndescription: x\n---\nx\n";
    server_with(
        &[],
        &[
            ("team/refunds/SKILL.md", REFUNDS.as_bytes()),
            ("team/refunds/references/rules (1).md", b"# Rules\n"),
            ("team/refunds/logo.png", b"\x89PNG\xff"),
            ("team/refunds/cases/partial/SKILL.md", NESTED.as_bytes()),
            ("team/refunds/.hidden", b"x"),
            ("team/Invalid/SKILL.md", invalid),
            ("notes.txt", b"x"),
        ],
        &[],
    )
    .await
}

async fn result(wire: &Wire, method: &str, params: Value) -> Value {
    let answer = wire.modern(method, params).await;
    let mut json = answer.json();
    assert_eq!(answer.status, 200, "{answer}");
    json["result"].take()
}

/// Code and message of an error.
async fn error(wire: &Wire, method: &str, params: Value) -> String {
    let answer = wire.modern(method, params).await;
    let error = &answer.json()["error"];
    format!("{} {} {}", answer.status.as_u16(), error["code"], error["message"].as_str().unwrap_or_default())
}

fn uris(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["uri"].as_str().expect("an address")).collect()
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[tokio::test]
async fn the_extension_is_declared_for_2026_07_28_alone() {
    let (wire, _dir) = team().await;
    let discovered = result(&wire, "server/discover", json!({})).await;
    let extension = json!({ "io.modelcontextprotocol/skills": { "directoryRead": true } });
    assert_eq!(discovered["capabilities"]["extensions"], extension);
    assert_eq!(discovered["capabilities"]["resources"], json!({}));
    for version in HANDSHAKE {
        let params =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let initialized = wire.handshake(version, "initialize", params).await.json();
        assert_eq!(initialized["result"]["capabilities"]["resources"], json!({}));
        assert_eq!(initialized["result"]["capabilities"].get("extensions"), None);
        for method in ["skills/list", "skills/get", "resources/directory/read"] {
            let refused = wire.handshake(version, method, json!({ "uri": "skill://team/refunds" })).await;
            assert_eq!(refused.json()["error"]["code"], -32601, "{method}: {refused}");
        }
        let listed = wire.handshake(version, "resources/list", json!({})).await.json();
        assert_eq!(uris(&listed["result"]["resources"]).len(), 2, "{listed}");
        let read = wire.handshake(version, "resources/read", json!({ "uri": "skill://team/refunds/SKILL.md" })).await;
        assert_eq!(read.json()["result"]["contents"][0]["text"], REFUNDS);
        let unknown = wire.handshake(version, "resources/read", json!({ "uri": "skill://team/x/SKILL.md" })).await;
        assert_eq!(unknown.json()["error"]["code"], -32002, "the code of these revisions");
    }
}

#[tokio::test]
async fn an_entry_has_the_front_matter_and_every_file_with_digest_and_size() {
    let (wire, _dir) = team().await;
    let listed = result(&wire, "skills/list", json!({})).await;
    assert_eq!(
        (&listed["resultType"], &listed["ttlMs"], &listed["cacheScope"]),
        (&json!("complete"), &json!(0), &json!("private"))
    );
    let expected = json!([
        {
            "uri": "skill://team/refunds/SKILL.md",
            "frontmatter": { "name": "refunds", "description": "Handle refunds", "metadata": { "version": "1.0" } },
            "resources": [
                { "uri": "skill://team/refunds/SKILL.md", "digest": digest(REFUNDS.as_bytes()), "size": REFUNDS.len() },
                { "uri": "skill://team/refunds/cases/partial/SKILL.md", "digest": digest(NESTED.as_bytes()), "size": NESTED.len() },
                { "uri": "skill://team/refunds/logo.png", "digest": digest(b"\x89PNG\xff"), "size": 5 },
                { "uri": "skill://team/refunds/references/rules%20(1).md", "digest": digest(b"# Rules\n"), "size": 8 },
            ],
        },
        {
            "uri": "skill://team/refunds/cases/partial/SKILL.md",
            "frontmatter": { "name": "partial", "description": "In part" },
            "resources": [
                { "uri": "skill://team/refunds/cases/partial/SKILL.md", "digest": digest(NESTED.as_bytes()), "size": NESTED.len() },
            ],
        },
    ]);
    assert_eq!(listed["skills"], expected);
    assert_eq!(listed.get("nextCursor"), None);
    for entry in expected.as_array().expect("a list") {
        let got = result(&wire, "skills/get", json!({ "uri": entry["uri"] })).await;
        assert_eq!(got["skill"], *entry);
        assert_eq!((&got["ttlMs"], &got["cacheScope"]), (&json!(0), &json!("private")));
        for file in entry["resources"].as_array().expect("a list") {
            let read = result(&wire, "resources/read", json!({ "uri": file["uri"] })).await;
            let content = &read["contents"][0];
            assert_eq!(content["uri"], file["uri"]);
            let bytes =
                content["text"].as_str().map_or_else(|| base64(&content["blob"]), |text| text.as_bytes().to_vec());
            assert_eq!((json!(digest(&bytes)), json!(bytes.len())), (file["digest"].clone(), file["size"].clone()));
        }
    }
}

fn base64(blob: &Value) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(blob.as_str().expect("base64")).expect("base64")
}

#[tokio::test]
async fn what_is_not_served_is_an_error_that_says_why() {
    let (wire, _dir) = team().await;
    let get = async |uri: &str| error(&wire, "skills/get", json!({ "uri": uri })).await;
    assert_snapshot!(get("skill://team/refund/SKILL.md").await, @"200 -32602 no skill is served at `skill://team/refund/SKILL.md`, did you mean `skill://team/refunds/SKILL.md`?");
    assert_snapshot!(get("skill://team/refunds").await, @r#"200 -32602 no skill is served at `skill://team/refunds`, did you mean `skill://team/refunds/SKILL.md`?"#);
    assert_snapshot!(get("skill://team/refunds/logo.png").await, @r#"200 -32602 no skill is served at `skill://team/refunds/logo.png`, did you mean `skill://team/refunds/SKILL.md`?"#);
    assert_snapshot!(get("https://example.org/SKILL.md").await, @"200 -32602 no skill is served at `https://example.org/SKILL.md`");
    let invalid = get("skill://team/Invalid/SKILL.md").await;
    assert!(invalid.starts_with(
        "200 -32602 no skill is served at `skill://team/Invalid/SKILL.md`: team/Invalid/SKILL.md, line 2"
    ));
    let read = async |uri: &str| error(&wire, "resources/read", json!({ "uri": uri })).await;
    assert_snapshot!(read("skill://team/refunds/none.md").await, @"200 -32602 no resource is served at `skill://team/refunds/none.md`");
    for uri in [
        "skill://team/refunds",
        "skill://team/refunds/.hidden",
        "skill://notes.txt",
        "skill://team/refunds/../refunds/SKILL.md",
        "x://y",
        "skill://",
    ] {
        assert!(read(uri).await.starts_with("200 -32602 no resource is served at"), "{uri}");
    }
    assert!(read("skill://team/Invalid/SKILL.md").await.contains("team/Invalid/SKILL.md, line 2"));
    let directory = async |uri: &str| error(&wire, "resources/directory/read", json!({ "uri": uri })).await;
    for uri in [
        "skill://team/refunds/SKILL.md",
        "skill://team/refunds/",
        "skill://team/Invalid",
        "skill://none",
        "skill://",
        "x://y",
    ] {
        assert!(directory(uri).await.starts_with(&format!("200 -32602 no folder is served at `{uri}`")), "{uri}");
    }
    for method in ["skills/list", "resources/list"] {
        assert!(error(&wire, method, json!({ "cursor": "c2tpbGw" })).await.starts_with("200 -32602 invalid cursor"));
    }
    for method in ["skills/get", "resources/read", "resources/directory/read"] {
        assert!(
            error(&wire, method, json!({})).await.starts_with("200 -32602 params: missing field `uri`"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_folder_lists_its_direct_children() {
    let (wire, _dir) = team().await;
    let children = async |uri: &str| {
        let read = result(&wire, "resources/directory/read", json!({ "uri": uri })).await;
        let rows = read["resources"].as_array().expect("a list").iter();
        rows.map(|row| format!("{} {}", row["uri"].as_str().unwrap_or_default(), row["mimeType"])).collect::<Vec<_>>()
    };
    let folder = r#""inode/directory""#;
    assert_eq!(children("skill://team").await, [format!("skill://team/refunds {folder}")]);
    assert_eq!(
        children("skill://team/refunds").await,
        [
            r#"skill://team/refunds/SKILL.md "text/markdown""#.to_owned(),
            format!("skill://team/refunds/cases {folder}"),
            r#"skill://team/refunds/logo.png "image/png""#.to_owned(),
            format!("skill://team/refunds/references {folder}"),
        ]
    );
    assert_eq!(children("skill://team/refunds/cases").await, [format!("skill://team/refunds/cases/partial {folder}")]);
    let (wire, _dir) = server_with(
        &[],
        &[("a/SKILL.md", &b"---\nname: a\ndescription: A\n---\nx\n"[..]), ("a/1", b""), ("a/2", b"")],
        &[("PAGE_SIZE", "2")],
    )
    .await;
    let first = result(&wire, "resources/directory/read", json!({ "uri": "skill://a" })).await;
    assert_eq!(uris(&first["resources"]), ["skill://a/1", "skill://a/2"]);
    let second =
        result(&wire, "resources/directory/read", json!({ "uri": "skill://a", "cursor": first["nextCursor"] })).await;
    assert_eq!((uris(&second["resources"]), second.get("nextCursor")), (vec!["skill://a/SKILL.md"], None));
}

#[tokio::test]
async fn pages_have_every_skill_once_whatever_its_kind() {
    let prompts = [
        ("b.prompt", "---\ndescription: B\nskill: true\n---\nB."),
        ("d/x.prompt", "---\ndescription: X\nskill: true\n---\nX."),
        ("e.prompt", "---\ndescription: E\n---\nE, {{media url=\"notes.md\"}}"),
        ("notes.md", "Notes."),
    ];
    let skill = |name: &str| format!("---\nname: {name}\ndescription: D\n---\nx\n");
    let (a, c, x) = (skill("a"), skill("c"), skill("x"));
    let skills = [
        ("a/SKILL.md", a.as_bytes()),
        ("c/SKILL.md", c.as_bytes()),
        ("d/x/SKILL.md", x.as_bytes()),
        ("C/SKILL.md", c.as_bytes()),
    ];
    for size in ["1", "2", "3", "100"] {
        let (wire, _dir) = server_with(&prompts, &skills, &[("PAGE_SIZE", size)]).await;
        for (method, key, more) in
            [("skills/list", "skills", None), ("resources/list", "resources", Some("gallery:///notes.md"))]
        {
            let (mut all, mut params) = (Vec::new(), json!({}));
            loop {
                let page = result(&wire, method, params).await;
                let rows = uris(&page[key]);
                assert!(rows.len() <= size.parse().expect("a number"));
                all.extend(rows.into_iter().map(str::to_owned));
                params = json!({ "cursor": page["nextCursor"] });
                if page.get("nextCursor").is_none() {
                    break;
                }
            }
            let mut expected =
                vec!["skill://a/SKILL.md", "skill://b/SKILL.md", "skill://c/SKILL.md", "skill://d/x/SKILL.md"];
            expected.extend(more);
            assert_eq!(all, expected, "{method}, pages of {size}");
        }
    }
}

#[tokio::test]
async fn a_prompt_is_a_skill_with_its_defaults_or_with_the_way_to_get_it() {
    let (wire, _dir) = server_with(
        &[
            ("_rules.prompt", "Be {{tone}}."),
            ("plan.prompt", "---\ndescription: Plan it\nskill: true\nlicense: MIT\ninput:\n  default: {tone: kind}\n---\n{{> rules}} Plan."),
            ("team/review.prompt", "---\ndescription: Review\nskill: true\ninput:\n  schema:\n    code: string, the code\n---\nReview {{code}}"),
            ("who.prompt", "---\ndescription: Who\nskill: true\n---\n{{@auth.sub}}"),
            ("roles.prompt", "---\ndescription: R\nskill: true\n---\nA{{role \"model\"}}B"),
            ("Upper.prompt", "---\ndescription: U\nskill: true\n---\nU"),
        ],
        &[],
        &[],
    )
    .await;
    let listed = result(&wire, "skills/list", json!({})).await;
    assert_eq!(uris(&listed["skills"]), ["skill://plan/SKILL.md", "skill://team/review/SKILL.md"]);
    let mut texts = Vec::new();
    for entry in listed["skills"].as_array().expect("a list") {
        let read = result(&wire, "resources/read", json!({ "uri": entry["uri"] })).await;
        let text = read["contents"][0]["text"].as_str().expect("a text").to_owned();
        assert_eq!(
            entry["resources"],
            json!([{ "uri": entry["uri"], "digest": digest(text.as_bytes()), "size": text.len() }])
        );
        assert_eq!(result(&wire, "skills/get", json!({ "uri": entry["uri"] })).await["skill"], *entry);
        texts.push(text);
    }
    assert_snapshot!(texts[0], @r#"
    ---
    name: "plan"
    description: "Plan it"
    license: "MIT"
    ---

    Be kind. Plan.
    "#);
    assert!(
        texts[1].contains("`get_prompt`")
            && texts[1].contains("`team_review`")
            && texts[1].contains("- `code` (required): the code")
    );
}

#[tokio::test]
async fn without_get_prompt_a_prompt_that_needs_arguments_is_no_skill() {
    let prompts = [
        ("plan.prompt", "---\ndescription: P\nskill: true\n---\nPlan."),
        ("review.prompt", "---\ndescription: R\nskill: true\ninput: {schema: {code: string}}\n---\nReview {{code}}"),
    ];
    for (tools, expected) in
        [("on", vec!["skill://plan/SKILL.md", "skill://review/SKILL.md"]), ("off", vec!["skill://plan/SKILL.md"])]
    {
        let (wire, _dir) = server_with(&prompts, &[], &[("PROMPT_TOOLS", tools)]).await;
        assert_eq!(uris(&result(&wire, "skills/list", json!({})).await["skills"]), expected);
    }
}

#[tokio::test]
async fn a_prompt_is_no_skill_at_the_path_of_another_nor_around_or_inside_of_one() {
    let skill = "---\ndescription: D\nskill: true\n---\nText.";
    let prompts = ["a.prompt", "a.hbs", "a/b.prompt", "outer.prompt", "team/x.prompt"].map(|name| (name, skill));
    let folders = [("outer/inner", "inner"), ("team", "team")]
        .map(|(path, name)| (format!("{path}/SKILL.md"), format!("---\nname: {name}\ndescription: D\n---\nx\n")));
    let folders = folders.each_ref().map(|(path, text)| (path.as_str(), text.as_bytes()));
    let (wire, _dir) = server_with(&prompts, &folders, &[]).await;
    let listed = result(&wire, "skills/list", json!({})).await;
    assert_eq!(
        uris(&listed["skills"]),
        ["skill://a/SKILL.md", "skill://outer/inner/SKILL.md", "skill://team/SKILL.md"]
    );
    for left_out in ["a/b", "outer", "team/x"] {
        for method in ["skills/get", "resources/read"] {
            let refused = error(&wire, method, json!({ "uri": format!("skill://{left_out}/SKILL.md") })).await;
            assert!(refused.starts_with("200 -32602"), "{left_out}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_change_shows_in_the_digest_that_of_a_partial_too() {
    let plan = "---\ndescription: Plan it\nskill: true\n---\n{{> rules}} Plan.";
    let (wire, dir) = server_with(
        &[("_rules.prompt", "One."), ("plan.prompt", plan)],
        &[("a/SKILL.md", &b"---\nname: a\ndescription: A\n---\nx\n"[..]), ("a/f", b"1")],
        &[],
    )
    .await;
    for (uri, file, content) in
        [("skill://plan/SKILL.md", "prompts/_rules.prompt", "Two."), ("skill://a/SKILL.md", "skills/a/f", "2")]
    {
        let before = result(&wire, "skills/get", json!({ "uri": uri })).await;
        fs::write(dir.path().join(file), content).expect("a file");
        let after = result(&wire, "skills/get", json!({ "uri": uri })).await;
        assert_ne!(before["skill"]["resources"], after["skill"]["resources"], "{uri}");
        let listed = result(&wire, "skills/list", json!({})).await;
        assert!(listed["skills"].as_array().expect("a list").contains(&after["skill"]), "{uri}");
    }
    fs::remove_file(dir.path().join("skills/a/f")).expect("a file");
    assert!(error(&wire, "resources/read", json!({ "uri": "skill://a/f" })).await.starts_with("200 -32602"));
    let after = result(&wire, "skills/get", json!({ "uri": "skill://a/SKILL.md" })).await;
    assert_eq!(uris(&after["skill"]["resources"]), ["skill://a/SKILL.md"]);
}

#[tokio::test]
async fn a_file_that_a_prompt_embeds_can_be_read_and_no_other() {
    let shows = "---\ndescription: S\n---\nBy {{media url=\"docs/style guide.md\"}}";
    let files = [
        ("shows.prompt", shows),
        ("docs/style guide.md", "Style."),
        ("docs/secret.md", "Not shown."),
        ("_partial.prompt", "x"),
    ];
    let (wire, _dir) = server_with(&files, &[], &[]).await;
    let rendered = result(&wire, "prompts/get", json!({ "name": "shows" })).await;
    let uri = &rendered["messages"][1]["content"]["resource"]["uri"];
    assert_eq!(uri, "gallery:///docs/style%20guide.md");
    let read = result(&wire, "resources/read", json!({ "uri": uri })).await;
    assert_eq!(read["contents"], json!([{ "uri": uri, "mimeType": "text/markdown", "text": "Style." }]));
    let listed = result(&wire, "resources/list", json!({})).await;
    assert_eq!(
        listed["resources"],
        json!([{ "uri": uri, "name": "style guide.md", "mimeType": "text/markdown", "size": 6 }])
    );
    for other in [
        "gallery:///docs/secret.md",
        "gallery:///shows.prompt",
        "gallery:///_partial.prompt",
        "gallery:///docs",
        "gallery:///../x",
        "gallery:///",
    ] {
        assert!(error(&wire, "resources/read", json!({ "uri": other })).await.starts_with("200 -32602"), "{other}");
    }
}

#[tokio::test]
async fn without_skills_the_lists_are_empty() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PAGE_SOURCE", "off"), ("GALLERY_PAGE", "off")]).await;
    assert_snapshot!(wire.handshake("2025-06-18", "resources/list", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resources":[]}}"#);
    assert_snapshot!(wire.handshake("2025-06-18", "resources/templates/list", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resourceTemplates":[]}}"#);
    assert_eq!(result(&wire, "skills/list", json!({})).await["skills"], json!([]));
}

#[tokio::test]
async fn the_header_mirrors_the_address_of_a_resource() {
    let (wire, _dir) = team().await;
    let params = json!({ "uri": "skill://team/refunds/SKILL.md" });
    let differs = wire.modern_with("resources/read", params.clone(), &[("mcp-name", "skill://x")]).await;
    assert_eq!((differs.status.as_u16(), &differs.json()["error"]["code"]), (400, &json!(-32020)));
    let missing = wire.modern_with("resources/read", params, &[("mcp-name", "")]).await;
    assert_eq!((missing.status.as_u16(), &missing.json()["error"]["code"]), (400, &json!(-32020)));
}

#[tokio::test]
async fn an_open_gallery_publishes_its_skills_for_other_programs() {
    let (wire, _dir) = server_with(
        &[("b.prompt", "---\ndescription: B\nskill: true\n---\nB.")],
        &[
            ("team/refunds/SKILL.md", REFUNDS.as_bytes()),
            ("team/refunds/run.sh", b"#!/bin/sh\n"),
            ("other/refunds/SKILL.md", REFUNDS.as_bytes()),
        ],
        &[],
    )
    .await;
    let get = async |path: &str| wire.send_bytes(Method::GET, &format!("/.well-known/agent-skills/{path}"), &[]).await;
    let (status, index) = get("index.json").await;
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    assert_eq!(
        (status, &index["$schema"]),
        (200, &json!("https://schemas.agentskills.io/discovery/0.2.0/schema.json"))
    );
    let skills = index["skills"].as_array().expect("a list");
    let rows: Vec<_> =
        skills.iter().map(|skill| ["name", "type", "url"].map(|key| skill[key].as_str().expect("a text"))).collect();
    assert_eq!(
        rows,
        [["b", "skill-md", "b/SKILL.md"], ["refunds", "skill-md", "other/refunds/SKILL.md"]],
        "one skill a name"
    );
    for skill in skills {
        let (status, content) = get(skill["url"].as_str().expect("a text")).await;
        assert_eq!((status, &json!(digest(&content))), (200, &skill["digest"]));
    }
    let (status, archive) = get("team/refunds.tar.gz").await;
    assert_eq!((status, &archive[..2]), (200, &b"\x1f\x8b"[..]), "an archive");
    assert_eq!(get("team/refunds.tar.gz").await.1, archive, "the same bytes each time");
    for unknown in ["none/SKILL.md", "none.tar.gz", "b.tar.gz", "team/refunds/SKILL.md", "team/refunds/run.sh", ""] {
        assert_eq!(get(unknown).await.0, 404, "{unknown}");
    }
    let index = "/.well-known/agent-skills/index.json";
    for header in [("origin", "https://example.org"), ("host", "example.org")] {
        assert_eq!(wire.send(Method::GET, index, &[header], "").await.status, 403, "{header:?}");
    }
    let sign_in =
        [("OAUTH_ISSUER", "https://issuer.example"), ("OAUTH_AUDIENCE", "a"), ("PUBLIC_URL", "https://p.example/mcp")];
    let (wire, _dir) = server_with(&[], &[("a/SKILL.md", REFUNDS.as_bytes())], &sign_in).await;
    assert_eq!(wire.send(Method::GET, index, &[("host", "p.example")], "").await.status, 404, "not to anyone");
}
