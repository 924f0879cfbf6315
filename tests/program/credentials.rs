//! Credentials, and the one line that says what is wrong with them and what to do.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use http::{Response, StatusCode};
use tempfile::TempDir;

use crate::hosts::{Asked, Hosts, bucket, xml};
use crate::s3::{Fault, S3Server};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG";

/// A home folder with the files of the AWS CLI, and a proxy that plays every host.
struct Laptop {
    hosts: Hosts,
    home: TempDir,
}

impl Laptop {
    fn new(config: &str) -> Self {
        Self::answering(config, bucket)
    }

    fn answering(config: &str, answer: impl Fn(&Asked) -> Response<String> + Send + Sync + 'static) -> Self {
        let laptop = Self { hosts: Hosts::start(answer), home: tempfile::tempdir().unwrap() };
        laptop.write(".aws/config", config);
        laptop
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.home.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn command(&self, args: &[&str], env: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
        command.args(args).args(["--bucket", "prompts"]).env_clear().env("HOME", self.home.path());
        command.envs([("PATH", "/usr/bin:/bin"), ("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_MAX_ATTEMPTS", "1")]);
        command.envs(self.hosts.env()).envs(env.iter().copied());
        command
    }

    /// `prompt-gallery list`: exit code and what it says.
    fn list(&self, env: &[(&str, &str)]) -> (Option<i32>, String) {
        ran(&mut self.command(&["list"], env))
    }

    /// The one line of a refusal. It must hold no secret and no debug output.
    #[track_caller]
    fn refusal(&self, env: &[(&str, &str)]) -> String {
        let (code, said) = self.list(env);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(
            ![SECRET, "session-secret", " { ", "ProviderError", "Some("].iter().any(|word| said.contains(word)),
            "{said}"
        );
        said.trim_end().strip_prefix("prompt-gallery: ").unwrap().to_owned()
    }
}

fn ran(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

const AT: &str = "s3://prompts/prompts/: ";

#[test]
fn a_profile_that_does_not_exist_is_told_with_those_that_do() {
    let laptop = Laptop::new("[default]\nregion = eu-central-1\n[profile team]\n[profile work-admin]\n");
    laptop.write(".aws/credentials", "[keys]\naws_access_key_id = AKID\naws_secret_access_key = x\n");
    let refusal = laptop.refusal(&[("AWS_PROFILE", "work")]);
    let there = "no profile `work` in ~/.aws/config; there are default, keys, team, work-admin";
    assert_eq!(refusal, format!("{AT}{there}; did you mean `work-admin`?"));
    // As the AWS CLI does, also where keys are set.
    let keys = [("AWS_PROFILE", "zzz"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    assert!(laptop.refusal(&keys).contains("no profile `zzz` in ~/.aws/config; there are default, keys"));
    let elsewhere = laptop.path("other");
    let file = elsewhere.to_str().unwrap();
    let env = [("AWS_PROFILE", "zzz"), ("AWS_CONFIG_FILE", file), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")];
    assert_eq!(laptop.refusal(&env), format!("{AT}no profile `zzz` in {file}; there are none"));
    assert!(laptop.hosts.asked().is_empty());
}

#[test]
fn a_profile_that_cannot_give_credentials_says_why() {
    let laptop = Laptop::new(
        "[profile mfa]\nregion = eu-central-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = keys\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/ada\n\
         [profile keys]\naws_access_key_id = AKID\naws_secret_access_key = x\n\
         [profile alone]\nregion = eu-central-1\nrole_arn = arn:aws:iam::111122223333:role/R\n\
         [profile both]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = keys\ncredential_source = Environment\n\
         [profile lost]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = kyes\n\
         [profile loop]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = pool\n\
         [profile pool]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = loop\n\
         [profile hollow]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = nothing\n[profile nothing]\nregion = x\n\
         [profile odd]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Vault\n\
         [profile half]\nregion = eu-central-1\naws_access_key_id = AKID\n\
         [profile session]\nsso_session = team\nsso_account_id = 1\nsso_role_name = R\n\
         [profile token]\nsso_session = there\n[sso-session there]\nsso_region = eu-central-1\nsso_start_url = https://x\n\
         [profile far]\naws_access_key_id = AKID\naws_secret_access_key = x\n",
    );
    for (profile, says) in [
        (
            "mfa",
            "profile `mfa` needs an MFA code (mfa_serial), which cannot be entered here: first run eval \"$(aws configure \
             export-credentials --profile mfa --format env)\"",
        ),
        (
            "alone",
            "profile `alone` has role_arn without source_profile or credential_source, which say whose credentials assume \
             the role",
        ),
        ("both", "profile `both` has both source_profile and credential_source: role_arn needs one of them"),
        (
            "lost",
            "profile `lost`: source_profile: no profile `kyes` in ~/.aws/config; there are alone, both, far, half, hollow, \
             keys, loop, lost, mfa, nothing, odd, pool and 2 more; did you mean `keys`?",
        ),
        ("loop", "profile `pool`: source_profile leads back to `loop`"),
        ("hollow", "profile `nothing` is the source of a role and has no credentials"),
        ("odd", "profile `odd`: credential_source=Vault: expected Environment, Ec2InstanceMetadata or EcsContainer"),
        ("half", "profile `half` has aws_access_key_id without aws_secret_access_key"),
        ("session", "profile `session`: no section [sso-session team]"),
        ("token", "profile `token` has SSO settings without sso_account_id: run aws configure sso --profile token"),
        ("far", "no region: set AWS_REGION or the profile's `region` to the bucket's"),
    ] {
        assert_eq!(laptop.refusal(&[("AWS_PROFILE", profile)]), format!("{AT}{says}"), "{profile}");
    }
    assert!(laptop.hosts.asked().is_empty());
    // Keys in the environment win over what the profile lacks.
    let keys = [("AWS_PROFILE", "mfa"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let (code, said) = laptop.list(&keys);
    assert_eq!(code, Some(0), "{said}");
}

const SSO: &str = "[profile dev]\nregion = eu-central-1\nsso_session = team\nsso_account_id = 111122223333\n\
                   sso_role_name = Reader\n[sso-session team]\nsso_region = eu-central-1\n\
                   sso_start_url = https://team.awsapps.com/start\n\
                   [profile old]\nregion = eu-central-1\nsso_start_url = https://team.awsapps.com/start\n\
                   sso_region = eu-central-1\nsso_account_id = 111122223333\nsso_role_name = Reader\n\
                   [profile role]\nregion = eu-central-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = dev\n";

#[test]
fn who_is_not_signed_in_is_told_the_command() {
    let laptop = Laptop::new(SSO);
    for (profile, signs_in) in [("dev", "dev"), ("old", "old"), ("role", "dev")] {
        let says = format!(
            "{AT}profile `{signs_in}` is not signed in, or its session has ended: run aws sso login --profile {signs_in}"
        );
        assert_eq!(laptop.refusal(&[("AWS_PROFILE", profile)]), says, "{profile}");
    }
    assert!(laptop.hosts.asked().is_empty());
}

#[test]
fn who_signed_in_with_aws_login_is_told_the_command() {
    let laptop =
        Laptop::new("[profile me]\nregion = eu-central-1\nlogin_session = arn:aws:iam::111122223333:user/ada\n");
    let says = "profile `me` is not signed in, or its session has ended: run aws login --profile me";
    assert_eq!(laptop.refusal(&[("AWS_PROFILE", "me")]), format!("{AT}{says}"));
}

#[test]
fn a_machine_without_any_credentials_is_told_where_they_were_looked_for() {
    let says = |profile: &str, of: &str| {
        format!(
            "{AT}no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in profile `{profile}` or from a role of \
             this machine: run aws configure{of}, or set AWS_PROFILE to a profile that has some (aws sso login signs in to \
             it)"
        )
    };
    let region = ("AWS_REGION", "eu-central-1");
    let no_metadata = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        // No listener, a listener that never answers, and a server that is not a metadata service.
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://192.0.2.1"),
    ];
    let laptop = Laptop::new("[profile empty]\nregion = eu-central-1\n");
    for metadata in no_metadata {
        let enabled =
            if metadata.0 == "AWS_EC2_METADATA_DISABLED" { metadata } else { ("AWS_EC2_METADATA_DISABLED", "false") };
        assert_eq!(laptop.refusal(&[region, enabled, metadata]), says("default", ""), "{metadata:?}");
    }
    assert_eq!(laptop.refusal(&[("AWS_PROFILE", "empty")]), says("empty", " --profile empty"));
    let role = "role_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Ec2InstanceMetadata\n";
    let laptop = Laptop::new(&format!("[profile r]\nregion = eu-central-1\n{role}"));
    let refusal = laptop.refusal(&[("AWS_PROFILE", "r"), ("AWS_EC2_METADATA_DISABLED", "false"), no_metadata[1]]);
    let says = "cannot assume the role arn:aws:iam::111122223333:role/R: the credential_source of its profile has no \
                credentials here";
    assert_eq!(refusal, format!("{AT}{says}"));
}

#[test]
fn a_server_without_credentials_does_not_start_and_says_one_line() {
    let laptop = Laptop::new(SSO);
    let (code, said) = ran(&mut laptop.command(&["serve", "--addr", "127.0.0.1:0"], &[("AWS_PROFILE", "dev")]));
    assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.ends_with("run aws sso login --profile dev\n"), "{said}");
}

/// A profile with this shell script as its `credential_process`.
fn process(script: &str) -> Laptop {
    let laptop = Laptop::new("");
    let path = laptop.path("credentials.sh");
    laptop.write("credentials.sh", script);
    let config = format!("[profile p]\nregion = eu-central-1\ncredential_process = sh {}\n", path.display());
    laptop.write(".aws/config", &config);
    laptop
}

fn count(file: &Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}

#[test]
fn a_slow_credential_process_is_waited_for_and_run_once() {
    let printed =
        r#"{"Version": 1, "AccessKeyId": "AKIDSLOW", "SecretAccessKey": "x", "Expiration": "2099-01-01T00:00:00Z"}"#;
    // A request to S3 gives up after 5 seconds; credentials may take longer.
    let laptop = process(&format!("echo run >> $HOME/runs; sleep 6; echo '{printed}'"));
    let (code, said) = laptop.list(&[("AWS_PROFILE", "p")]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(count(&laptop.path("runs")), 1);
    let asked = laptop.hosts.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|asked| asked.header("authorization").unwrap().contains("AKIDSLOW")));
}

#[test]
fn a_credential_process_that_fails_is_told() {
    let takes = r#"expected {"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "…"}"#;
    for (script, says) in [
        (
            &*format!("echo 'vault is sealed' >&2; echo {SECRET} >&2; exit 3"),
            "failed: exit status: 3; run the command yourself to see what it says".to_owned(),
        ),
        (
            "echo session-secret >&2; exit 1",
            "failed: exit status: 1; run the command yourself to see what it says".to_owned(),
        ),
        (&format!("echo {SECRET}"), format!("did not print credentials as JSON; {takes}")),
        (
            &format!("echo '{{\"Version\": 1, \"SecretAccessKey\": \"{SECRET}\"}}'"),
            format!("printed incomplete JSON: Expected field `AccessKeyId` in response but it was missing; {takes}"),
        ),
        ("printf '\\377'", format!("did not print credentials as JSON; {takes}")),
        ("true", format!("did not print credentials as JSON; {takes}")),
    ] {
        let refusal = process(script).refusal(&[("AWS_PROFILE", "p")]);
        assert_eq!(refusal, format!("{AT}credential_process of profile `p` {says}"), "{script}");
    }
}

/// Not even at the level `trace`.
#[test]
fn no_log_has_what_a_credential_process_says() {
    let laptop = process(&format!("echo {SECRET}; echo session-secret >&2; exit 3"));
    for format in ["text", "json"] {
        let env = [("AWS_PROFILE", "p"), ("RUST_LOG", "trace"), ("LOG_FORMAT", format)];
        let (code, said) = ran(&mut laptop.command(&["serve", "--addr", "127.0.0.1:0"], &env));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("credential_process of profile `p` failed: exit status: 3;"), "{said}");
        assert!(!said.contains(SECRET) && !said.contains("session-secret"), "{said}");
    }
}

#[test]
fn no_message_has_a_secret_of_an_address() {
    let secrets = "http://ada:session-secret@127.0.0.1:1";
    let services = |service: &str, url: &str| {
        format!("[default]\nregion = eu-central-1\nservices = x\n[services x]\n{service} =\n  endpoint_url = {url}\n")
    };
    let password =
        "expected an address without user and password: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead";
    let query = "expected an address without a query, such as http://localhost:9000";
    let address = "expected the address of an S3 server, such as http://localhost:9000";
    let token = "http://127.0.0.1:1/s3?token=session-secret";
    for (url, shown, takes) in [
        (secrets, "…", password),
        ("ada:session-secret@127.0.0.1:1", "…", address),
        ("http://ada:session-secret@", "…", address),
        (token, "http://127.0.0.1:1/s3?…", query),
        ("localhost:9000?token=session-secret", "localhost:9000?…", address),
    ] {
        let refusal = Laptop::new(&services("s3", url)).refusal(&[]);
        assert_eq!(refusal, format!("{AT}endpoint_url={shown}: {takes}"));
        let all = Laptop::new(&format!("[default]\nregion = eu-central-1\nendpoint_url = {url}\n"));
        assert_eq!(all.refusal(&[]), format!("{AT}profile `default`: endpoint_url={shown}: {takes}"));
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            assert_eq!(Laptop::new("").refusal(&[(name, url)]), format!("{name}={shown}: {takes}"));
        }
    }
    // Other servers that are asked for credentials.
    let role = "role_arn = arn:aws:iam::111122223333:role/R\nsource_profile = k\n";
    let keys = "[profile k]\naws_access_key_id = AKID\naws_secret_access_key = x\n";
    for (url, says) in [
        (secrets, "Connection refused"),
        (token, "Connection refused"),
        ("ada:session-secret@127.0.0.1:1", "an endpoint_url is not an address"),
    ] {
        let config = services("sts", url).replace("services = x\n", &format!("services = x\n{role}")) + keys;
        let refusal = Laptop::new(&config).refusal(&[]);
        assert!(refusal.contains(says), "{refusal}");
    }
    let region = ("AWS_REGION", "eu-central-1");
    for (url, shown) in [
        ("http://ada:session-secret@192.0.2.1/", "…"),
        ("http://192.0.2.1/?token=session-secret", "http://192.0.2.1/?…"),
    ] {
        let refusal = Laptop::new("").refusal(&[region, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]);
        assert!(refusal.contains(shown), "{refusal}");
    }
    for name in ["HTTPS_PROXY", "ALL_PROXY"] {
        for url in [secrets, "ada:session-secret@127.0.0.1:1"] {
            let keys = [region, ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
            let laptop = Laptop::new("");
            let mut command = laptop.command(&["list"], &keys);
            let (_, said) = ran(command.env_remove("HTTPS_PROXY").env(name, url));
            assert!(said.contains("through the proxy of HTTPS_PROXY or ALL_PROXY"), "{said}");
            assert!(!said.contains("session-secret") && !said.contains(SECRET), "{said}");
        }
    }
}

#[test]
fn a_role_that_may_not_be_assumed_says_which() {
    let denied = |asked: &Asked| match asked.uri.host() {
        Some(host) if host.starts_with("sts.") => xml(
            StatusCode::FORBIDDEN,
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: ada is not authorized to \
             perform: sts:AssumeRole</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        ),
        _ => bucket(asked),
    };
    let config = format!(
        "[profile r]\nregion = eu-central-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = k\n\
         [profile k]\naws_access_key_id = AKID\naws_secret_access_key = {SECRET}\n"
    );
    let refusal = Laptop::answering(&config, denied).refusal(&[("AWS_PROFILE", "r")]);
    let says = "cannot assume the role arn:aws:iam::111122223333:role/R: AccessDenied: User: ada is not authorized to perform: \
                sts:AssumeRole";
    assert_eq!(refusal, format!("{AT}{says}"));
}

#[test]
fn a_refusal_of_s3_says_what_to_do() {
    let keys = [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    for (status, region, body, says) in [
        (
            301,
            Some("us-west-2"),
            "<Error><Code>PermanentRedirect</Code><Message>Use the specified endpoint.</Message></Error>",
            "the bucket is in us-west-2, and AWS_REGION or the profile's `region` says eu-central-1",
        ),
        (
            400,
            None,
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'eu-central-1' is wrong; expecting \
             'us-west-2'</Message><Region>us-west-2</Region></Error>",
            "the bucket is in us-west-2, and AWS_REGION or the profile's `region` says eu-central-1",
        ),
        (
            301,
            None,
            "<Error><Code>PermanentRedirect</Code><Message>Use the specified endpoint.</Message></Error>",
            "the bucket is in another region than AWS_REGION or the profile's `region` says",
        ),
        (
            403,
            None,
            "<Error><Code>InvalidAccessKeyId</Code><Message>It does not exist.</Message></Error>",
            "this S3 server does not know the key in AWS_ACCESS_KEY_ID or the profile",
        ),
        (
            403,
            None,
            "<Error><Code>SignatureDoesNotMatch</Code><Message>Check\nyour key.</Message></Error>",
            "Check your key.: AWS_SECRET_ACCESS_KEY or the profile's secret does not belong to its key",
        ),
        (
            400,
            None,
            "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
            "the session has ended: sign in again, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew",
        ),
        (
            403,
            None,
            "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>",
            "the clock of this machine is wrong",
        ),
    ] {
        let laptop = Laptop::answering("", move |_| {
            let mut response = xml(StatusCode::from_u16(status).unwrap(), body);
            if let Some(region) = region {
                response.headers_mut().insert("x-amz-bucket-region", region.parse().unwrap());
            }
            response
        });
        let refusal = laptop.refusal(&keys);
        assert!(refusal.ends_with(&format!(": {says}")), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_says_the_same() {
    let s3 = S3Server::start().await;
    s3.put("prompts/hello.prompt", "Hello!");
    let list = |id: &str, secret: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
        command.args(["list", "--bucket", S3Server::BUCKET]).env_clear().env("AWS_ENDPOINT_URL_S3", s3.endpoint());
        command.envs([("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)]);
        let (code, said) = ran(&mut command);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        said
    };
    assert!(list("AKIDSOMEONEELSE", SECRET).contains(": this S3 server does not know the key in AWS_ACCESS_KEY_ID"));
    assert!(
        list(S3Server::ACCESS_KEY, SECRET).contains(": AWS_SECRET_ACCESS_KEY or the profile's secret does not belong")
    );
    s3.set_fault(Some(Fault::ExpiredToken));
    assert!(list(S3Server::ACCESS_KEY, S3Server::SECRET_KEY).contains(": the session has ended: sign in again"));
}
