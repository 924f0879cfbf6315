//! A start that fails: on standard error, and in the answer to the client, which would else see a closed connection.

use std::fs;

use serde_json::{Value, json};

use super::{Gallery, initialize, modern, request};
use crate::s3::S3Server;

#[test]
fn a_missing_folder_is_told_to_the_client() {
    let mut gallery = Gallery::start(&["--dir", "no/such/folder"]);
    // A client that speaks both eras falls back to the handshake.
    let probe = gallery.ask(&modern("d", "server/discover", json!({})));
    let refused = gallery.ask(&initialize("2025-11-25", json!({})));
    for (answer, id) in [(probe, json!("d")), (refused, json!(0))] {
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(-32603)));
        assert!(message.starts_with("cannot start: --dir=no/such/folder"), "{message}");
    }
    let (code, messages, log) = gallery.ended();
    assert_eq!((code, messages), (Some(2), vec![]));
    assert!(log.starts_with("prompt-gallery: --dir=no/such/folder"), "{log}");
}

#[test]
fn without_a_client_a_failed_start_ends_at_once() {
    let ran = crate::run(&["stdio", "--dir", "no/such/folder"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(2), "", 1), "{}", ran.err);
}

#[test]
fn missing_credentials_are_told_to_the_client() {
    let home = tempfile::tempdir().unwrap();
    let env = [
        ("HOME", crate::name(home.path())),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_PROFILE", "team"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let mut gallery = Gallery::start_with(&["--bucket", "my-prompts"], &env);
    let answer: Value = gallery.ask(&initialize("2025-11-25", json!({})));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("cannot start: ") && message.contains("team"), "{message}");
    let (code, _, log) = gallery.ended();
    assert!(code == Some(2) && log.contains("team"), "{code:?}: {log}");
}

#[tokio::test]
async fn a_credential_process_reads_no_messages() {
    let s3 = S3Server::start().await;
    s3.put("prompts/talk.prompt", crate::TALK);
    let home = tempfile::tempdir().unwrap();
    let (id, secret) = (S3Server::ACCESS_KEY, S3Server::SECRET_KEY);
    let credentials = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret }).to_string();
    fs::write(home.path().join("credentials.json"), credentials).unwrap();
    // It reads its input to the end, as one does that asks for a code.
    let process = format!("cat >/dev/null; cat {}/credentials.json", crate::name(home.path()));
    let config = home.path().join("config");
    fs::write(&config, format!("[profile team]\nregion = eu-central-1\ncredential_process = {process}\n")).unwrap();
    let endpoint = s3.endpoint();
    let env = [
        ("HOME", crate::name(home.path())),
        ("PATH", "/usr/bin:/bin"),
        ("AWS_CONFIG_FILE", crate::name(&config)),
        ("AWS_PROFILE", "team"),
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
    ];
    let mut gallery = Gallery::start_with(&["--bucket", S3Server::BUCKET], &env);
    gallery.send(&initialize("2025-11-25", json!({})));
    let list = gallery.ask(&request(1, "prompts/list", json!({})));
    assert_eq!(list["id"], 0, "{list}");
    assert_eq!(super::names(&gallery.next()), ["talk"]);
}
