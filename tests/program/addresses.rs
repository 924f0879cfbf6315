//! Addresses of S3: the request that the host receives, for each way to name a bucket.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::hosts::{Asked, Hosts, bucket};

/// `prompt-gallery list` over a proxy that plays every host: exit code, output and the requests.
struct Listed {
    code: Option<i32>,
    said: String,
    asked: Vec<Asked>,
}

impl Listed {
    /// The requests, each in one line.
    #[track_caller]
    fn lines(&self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{}", self.said);
        self.asked.iter().map(Asked::line).collect()
    }
}

fn list(name: &str, args: &[&str], env: &[(&str, &str)]) -> Listed {
    let hosts = Hosts::start(bucket);
    let home = tempfile::tempdir().unwrap();
    list_at(&hosts, &home, name, args, env)
}

fn list_at(hosts: &Hosts, home: &TempDir, name: &str, args: &[&str], env: &[(&str, &str)]) -> Listed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
    command.args(["list", "--bucket", name]).args(args).env_clear();
    command.envs([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    command.env("HOME", home.path()).envs(hosts.env());
    for (key, value) in env {
        command.env(key, value.replace("{http}", &hosts.endpoint()));
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    Listed { code: status.code(), said: said.replace(&hosts.endpoint(), "{http}"), asked: hosts.asked() }
}

const OUTPOST: &str = "arn:aws:s3-outposts:eu-central-1:111122223333:outpost/op-01ac5d28a6a232904/accesspoint/team";
const LIST: &str = "/?list-type=2&encoding-type=url&prefix=prompts%2F";

/// The first request lists; the second reads the index or the prompt.
#[track_caller]
fn assert_sent(name: &str, args: &[&str], env: &[(&str, &str)], url: &str, scope: &str) {
    let listed = list(name, args, env);
    let lines = listed.lines();
    let lists: Vec<_> = listed.asked.iter().filter(|asked| asked.line().contains("list-type")).collect();
    let url = url.trim_end_matches('/');
    assert_eq!(lists[0].uri.to_string(), format!("{url}{LIST}"), "{lines:?}");
    assert_eq!(lists[0].scope().as_deref(), Some(scope), "{lines:?}");
    let read = format!("GET {url}/prompts/hello.prompt?x-id=GetObject");
    assert!(lines.contains(&read), "{read}: {lines:?}");
    assert!(listed.said.contains("hello"), "{}", listed.said);
}

#[test]
fn a_bucket_is_asked_at_its_own_host() {
    let plain = "https://prompts.s3.eu-central-1.amazonaws.com/";
    let ours = "eu-central-1/s3";
    assert_sent("prompts", &[], &[], plain, ours);
    assert_sent("prompts", &[], &[("S3_ADDRESSING_STYLE", "auto")], plain, ours);
    assert_sent("prompts", &[], &[("S3_ADDRESSING_STYLE", "virtual")], plain, ours);
    let path = "https://s3.eu-central-1.amazonaws.com/prompts";
    assert_sent("prompts", &[], &[("S3_ADDRESSING_STYLE", "path")], path, ours);
    // A certificate is for one label.
    assert_sent("my.prompts", &[], &[], "https://s3.eu-central-1.amazonaws.com/my.prompts", ours);
    let fips = "https://prompts.s3-fips.us-east-1.amazonaws.com/";
    assert_sent(
        "prompts",
        &[],
        &[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_REGION", "us-east-1")],
        fips,
        "us-east-1/s3",
    );
    let dual = "https://prompts.s3.dualstack.eu-central-1.amazonaws.com/";
    assert_sent("prompts", &[], &[("AWS_USE_DUALSTACK_ENDPOINT", "TRUE")], dual, ours);
    let both = "https://prompts.s3-fips.dualstack.us-east-1.amazonaws.com/";
    let env = [("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"), ("AWS_REGION", "us-east-1")];
    assert_sent("prompts", &[], &env, both, "us-east-1/s3");
    let china = "https://prompts.s3.cn-north-1.amazonaws.com.cn/";
    assert_sent("prompts", &[], &[("AWS_REGION", "cn-north-1")], china, "cn-north-1/s3");
}

#[test]
fn an_access_point_is_asked_at_its_own_host() {
    let ours = "eu-central-1/s3";
    let url = "https://team-111122223333.s3-accesspoint.eu-central-1.amazonaws.com/";
    for arn in [
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/team",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint:team",
    ] {
        assert_sent(arn, &[], &[], url, ours);
    }
    // Its region is in its name.
    let elsewhere = "https://team-111122223333.s3-accesspoint.us-west-2.amazonaws.com/";
    let arn = "arn:aws:s3:us-west-2:111122223333:accesspoint/team";
    assert_sent(arn, &[], &[], elsewhere, "us-west-2/s3");
    let strict = list(arn, &[], &[("AWS_S3_USE_ARN_REGION", "false")]);
    assert_refused(&strict, "`us-west-2`");
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    for (profile, env, is_refused) in [
        ("s3_use_arn_region = false", &[][..], true),
        ("s3_use_arn_region = FALSE", &[], true),
        ("s3 =\n  use_arn_region = false", &[], true),
        ("s3_use_arn_region = true\ns3 =\n  use_arn_region = false", &[], false),
        ("s3_use_arn_region = true", &[], false),
        ("s3_use_arn_region = true", &[("AWS_S3_USE_ARN_REGION", "false")], true),
        ("s3_use_arn_region = false", &[("AWS_S3_USE_ARN_REGION", "true")], false),
        ("s3_use_arn_region = false", &[("AWS_S3_USE_ARN_REGION", "")], true),
    ] {
        fs::write(home.path().join(".aws/config"), format!("[default]\n{profile}\n")).unwrap();
        let listed = list_at(&Hosts::start(bucket), &home, arn, &[], env);
        match is_refused {
            true => assert_refused(&listed, "`us-west-2`"),
            false => {
                assert_eq!(
                    listed.asked[0].uri.host(),
                    Some("team-111122223333.s3-accesspoint.us-west-2.amazonaws.com")
                );
            }
        }
    }

    let alias = "team-abcdefghijklmnopqrstuvwxyz012345678euc1a-s3alias";
    assert_sent(alias, &[], &[], &format!("https://{alias}.s3.eu-central-1.amazonaws.com/"), ours);
    let dual = "https://team-111122223333.s3-accesspoint.dualstack.eu-central-1.amazonaws.com/";
    let arn = "arn:aws:s3:eu-central-1:111122223333:accesspoint/team";
    assert_sent(arn, &[], &[("AWS_USE_DUALSTACK_ENDPOINT", "true")], dual, ours);
    let url = "https://team-111122223333.op-01ac5d28a6a232904.s3-outposts.eu-central-1.amazonaws.com/";
    assert_sent(OUTPOST, &[], &[], url, "eu-central-1/s3-outposts");
    let lambda = "arn:aws:s3-object-lambda:eu-central-1:111122223333:accesspoint/team";
    let url = "https://team-111122223333.s3-object-lambda.eu-central-1.amazonaws.com/";
    assert_sent(lambda, &[], &[], url, "eu-central-1/s3-object-lambda");
}

#[test]
fn a_directory_bucket_is_asked_within_a_session() {
    let name = "prompts--euc1-az1--x-s3";
    let listed = list(name, &[], &[]);
    let zone = "https://prompts--euc1-az1--x-s3.s3express-euc1-az1.eu-central-1.amazonaws.com";
    assert_eq!(listed.lines()[..2], [format!("GET {zone}/?session"), format!("GET {zone}{LIST}")]);
    let asked = &listed.asked[1];
    assert_eq!(asked.header("x-amz-s3session-token"), Some("session-token"));
    assert_eq!(asked.scope().as_deref(), Some("eu-central-1/s3express"));
    assert!(listed.said.contains("hello"), "{}", listed.said);

    let alone = list(name, &[], &[("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "true")]);
    assert_eq!(alone.lines()[0], format!("GET {zone}{LIST}"));
}

#[test]
fn a_custom_endpoint_keeps_its_path() {
    let ours = "eu-central-1/s3";
    let hosts = Hosts::start(bucket);
    let home = tempfile::tempdir().unwrap();
    for (variable, value, path) in [
        ("AWS_ENDPOINT_URL_S3", "{http}", "/prompts"),
        ("AWS_ENDPOINT_URL_S3", "{http}/", "/prompts"),
        ("AWS_ENDPOINT_URL_S3", "{http}/storage/v1/s3", "/storage/v1/s3/prompts"),
        ("AWS_ENDPOINT_URL_S3", "{http}/storage/v1/s3/", "/storage/v1/s3/prompts"),
        ("AWS_ENDPOINT_URL", "{http}/storage/v1/s3", "/storage/v1/s3/prompts"),
    ] {
        let before = hosts.asked().len();
        let listed = list_at(&hosts, &home, "prompts", &[], &[(variable, value)]);
        let lines = listed.lines();
        let list = format!("GET {}{path}{LIST}", hosts.endpoint());
        let read = format!("GET {}{path}/prompts/hello.prompt?x-id=GetObject", hosts.endpoint());
        assert!(lines[before..].contains(&list) && lines[before..].contains(&read), "{value}: {:?}", &lines[before..]);
    }
    // The host name has the bucket's where that is asked for, and the path stays.
    let far = "https://s3.example.com/storage/v1/s3";
    let virtual_host = [("AWS_ENDPOINT_URL_S3", far), ("S3_ADDRESSING_STYLE", "virtual")];
    assert_sent("prompts", &[], &virtual_host, "https://prompts.s3.example.com/storage/v1/s3/", ours);
    assert_sent("prompts", &[], &[("AWS_ENDPOINT_URL_S3", far)], "https://s3.example.com/storage/v1/s3/prompts", ours);
    let arn = "arn:aws:s3:eu-central-1:111122223333:accesspoint/team";
    let endpoint = [("AWS_ENDPOINT_URL_S3", "https://s3.example.com")];
    assert_sent(arn, &[], &endpoint, "https://team-111122223333.s3.example.com/", ours);

    let ignored = [("AWS_ENDPOINT_URL_S3", far), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    assert_sent("prompts", &[], &ignored, "https://prompts.s3.eu-central-1.amazonaws.com/", ours);
}

#[test]
fn the_profile_says_where_as_the_aws_cli_takes_it() {
    let ours = "eu-central-1/s3";
    let hosts = Hosts::start(bucket);
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let config = |text: &str| fs::write(home.path().join(".aws/config"), text).unwrap();
    let first = |env: &[(&str, &str)]| {
        let before = hosts.asked().len();
        let listed = list_at(&hosts, &home, "prompts", &[], env);
        assert_eq!(listed.code, Some(0), "{}", listed.said);
        let list = listed.asked[before..].iter().find(|asked| asked.line().ends_with(LIST)).unwrap();
        assert_eq!(list.scope().as_deref(), Some(ours));
        list.uri.to_string().strip_suffix(LIST).unwrap().to_owned()
    };
    config("[default]\nendpoint_url = https://all.example.com/s3\n");
    assert_eq!(first(&[]), "https://all.example.com/s3/prompts");
    config("[default]\nservices = local\n[services local]\ns3 =\n  endpoint_url = https://s3.example.com/s3\n");
    assert_eq!(first(&[]), "https://s3.example.com/s3/prompts");
    assert_eq!(first(&[("AWS_ENDPOINT_URL_S3", "https://env.example.com")]), "https://env.example.com/prompts");
    config("[default]\nendpoint_url = https://all.example.com\nignore_configured_endpoint_urls = true\n");
    assert_eq!(first(&[]), "https://prompts.s3.eu-central-1.amazonaws.com");
    config("[default]\nuse_dualstack_endpoint = true\n");
    assert_eq!(first(&[]), "https://prompts.s3.dualstack.eu-central-1.amazonaws.com");
    config("[default]\ns3 =\n  addressing_style = path\n");
    assert_eq!(first(&[]), "https://s3.eu-central-1.amazonaws.com/prompts");
    assert_eq!(first(&[("S3_ADDRESSING_STYLE", "virtual")]), "https://prompts.s3.eu-central-1.amazonaws.com");
    config("[default]\ns3 =\n  use_accelerate_endpoint = true\n");
    assert_eq!(first(&[]), "https://prompts.s3-accelerate.amazonaws.com");
    config("[default]\n[profile far]\nendpoint_url = https://far.example.com\n");
    assert_eq!(first(&[("AWS_PROFILE", "far")]), "https://far.example.com/prompts");

    for (text, says) in [
        (
            "endpoint_url = localhost:9000",
            "profile `default`: endpoint_url=localhost:9000: expected the address of an S3 server",
        ),
        ("s3 =\n  addressing_style = hosted", "s3.addressing_style=hosted: expected auto, path or virtual"),
        ("max_attempts = many", "profile `default`: max_attempts=many: expected a whole number"),
        ("s3_use_arn_region = yes", "s3_use_arn_region=yes: expected true or false"),
        ("s3 =\n  use_arn_region = yes", "s3.use_arn_region=yes: expected true or false"),
        (
            "request_checksum_calculation = never",
            "request_checksum_calculation=never: expected WHEN_SUPPORTED or WHEN_REQUIRED",
        ),
        (
            "response_checksum_validation = never",
            "response_checksum_validation=never: expected WHEN_SUPPORTED or WHEN_REQUIRED",
        ),
        ("retry_mode = legacy", "retry_mode=legacy: expected standard or adaptive"),
        ("use_fips_endpoint = yes", "use_fips_endpoint=yes: expected true or false"),
    ] {
        config(&format!("[default]\n{text}\n"));
        let before = hosts.asked().len();
        let listed = list_at(&hosts, &home, "prompts", &[], &[]);
        assert_eq!(listed.asked.len(), before, "{text}");
        assert_refused(&Listed { asked: Vec::new(), ..listed }, says);
    }
}

#[test]
fn a_requester_pays() {
    for (args, env) in [(&["--request-payer", "requester"][..], &[][..]), (&[], &[("S3_REQUEST_PAYER", "requester")])] {
        let listed = list("b", args, env);
        assert!(listed.lines().len() >= 2, "{:?}", listed.lines());
        for asked in &listed.asked {
            assert_eq!(asked.header("x-amz-request-payer"), Some("requester"), "{}", asked.line());
        }
    }
    assert!(list("b", &[], &[]).asked.iter().all(|asked| asked.header("x-amz-request-payer").is_none()));
}

/// One line, exit code 2, and nothing was sent.
#[track_caller]
fn assert_refused(listed: &Listed, says: &str) {
    assert_eq!((listed.code, listed.said.lines().count()), (Some(2), 1), "{says}: {}", listed.said);
    assert!(listed.said.contains(says), "{says}: {}", listed.said);
    assert!(listed.asked.is_empty(), "{:?}", listed.asked);
}

#[test]
fn what_cannot_work_is_one_line() {
    let arn = "arn:aws:s3:eu-central-1:111122223333:accesspoint/team";
    for (name, args, env, says) in [
        (
            "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap",
            &[][..],
            &[][..],
            "a multi-region access point needs SigV4A",
        ),
        ("mfzwi23gnjvgw.mrap", &[], &[], "a multi-region access point needs SigV4A"),
        ("arn:aws:s3:::prompts", &[], &[], "expected the bucket's name without the rest of its ARN: prompts"),
        ("arn:aws:sns:eu-central-1:111122223333:topic", &[], &[], "expected the ARN of an access point"),
        ("a/b", &[], &[], "expected the name of an S3 bucket or the ARN of an access point"),
        ("b", &["--request-payer", "owner"], &[], "--request-payer=owner: expected requester"),
        ("b", &[], &[("S3_REQUEST_PAYER", "true")], "S3_REQUEST_PAYER=true: expected requester"),
        ("b", &[], &[("S3_ADDRESSING_STYLE", "hosted")], "S3_ADDRESSING_STYLE=hosted: expected auto, path or virtual"),
        ("b", &[], &[("AWS_USE_FIPS_ENDPOINT", "1")], "AWS_USE_FIPS_ENDPOINT=1: expected true or false"),
        ("b", &[], &[("AWS_USE_DUALSTACK_ENDPOINT", "on")], "AWS_USE_DUALSTACK_ENDPOINT=on: expected true or false"),
        ("b", &[], &[("AWS_MAX_ATTEMPTS", "0")], "AWS_MAX_ATTEMPTS=0: expected a whole number from 1 on"),
        ("b", &[], &[("AWS_RETRY_MODE", "legacy")], "AWS_RETRY_MODE=legacy: expected standard or adaptive"),
        ("b", &[], &[("AWS_REGION", "eu central")], "AWS_REGION=eu central: expected a region"),
        ("b", &[], &[("AWS_SECRET_ACCESS_KEY", "")], "AWS_SECRET_ACCESS_KEY=: is needed with AWS_ACCESS_KEY_ID"),
        (
            "b",
            &[],
            &[("AWS_ENDPOINT_URL_S3", "localhost:9000")],
            "AWS_ENDPOINT_URL_S3=localhost:9000: expected the address",
        ),
        (
            "b",
            &[],
            &[("AWS_ENDPOINT_URL", "http://h/?x=1")],
            "AWS_ENDPOINT_URL=http://h/?…: expected an address without a query",
        ),
        (
            "b",
            &[],
            &[("AWS_ENDPOINT_URL", "http://u:p@h")],
            "AWS_ENDPOINT_URL=…: expected an address without user and password",
        ),
        ("b", &[], &[("AWS_ENDPOINT_URL", "http://h"), ("AWS_USE_FIPS_ENDPOINT", "true")], "FIPS"),
        ("b", &[], &[("AWS_ENDPOINT_URL", "http://h"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")], "dual-stack"),
        (arn, &[], &[("S3_ADDRESSING_STYLE", "path")], "Path-style addressing cannot be used with ARN buckets"),
        (OUTPOST, &[], &[("AWS_USE_DUALSTACK_ENDPOINT", "true")], "S3 Outposts does not support Dual-stack"),
    ] {
        assert_refused(&list(name, args, env), says);
    }
}

#[test]
fn a_server_that_cannot_ask_its_bucket_does_not_start() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
    let home = tempfile::tempdir().unwrap();
    command.args(["serve", "--bucket", "b", "--addr", "127.0.0.1:0"]).env_clear().env("HOME", home.path());
    let env = [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    command.envs(env).envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_USE_FIPS_ENDPOINT", "true")]);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert_eq!((status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("FIPS"), "{said}");
}
