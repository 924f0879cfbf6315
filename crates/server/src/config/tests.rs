//! `Config::new` with settings from a table.

use super::*;

fn config(flags: Flags, env: &[(&str, &str)]) -> Result<Config, String> {
    // Cargo runs tests in the folder of their crate; `prompts` is in the repository's.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).expect("the repository");
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::new(flags, env).map_err(|e| e.to_string())
}

fn of(env: &[(&str, &str)]) -> Config {
    config(Flags::default(), env).expect("settings")
}

#[test]
fn without_settings_the_folder_prompts_is_served_on_port_8080() {
    let config = of(&[]);
    assert_eq!(config.source, Source::Dir("prompts".into()));
    assert_eq!(config.addr.to_string(), "127.0.0.1:8080");
    assert_eq!((config.cache_ttl, config.page_size, config.on_lambda), (Duration::ZERO, usize::MAX, false));
    assert_eq!(config.allowed_origins, Allowed::LoopbackAnd(Vec::new()));
}

#[test]
fn a_bucket_is_served_instead_of_a_folder() {
    let s3 = |prefix: &str| Source::S3 {
        bucket: "b".to_owned(),
        prefix: prefix.to_owned(),
        index_key: Some(".gallery/index.json".to_owned()),
        options: S3Options::default(),
    };
    assert_eq!(of(&[("BUCKET_NAME", "b")]).source, s3("prompts/"));
    assert_eq!(of(&[("BUCKET_NAME", "b")]).cache_ttl, Duration::from_secs(30));
    assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "team/x")]).source, s3("team/x/"));
    assert_eq!(of(&[("BUCKET_NAME", "b"), ("CACHE_TTL_SECONDS", "0")]).cache_ttl, Duration::ZERO);
    assert_eq!(of(&[]).stale_ok, Duration::from_secs(86_400));
    assert_eq!(of(&[("STALE_OK_SECONDS", "0")]).stale_ok, Duration::ZERO);
    let source = of(&[("BUCKET_NAME", "b"), ("INDEX_KEY", "")]).source;
    assert!(matches!(source, Source::S3 { index_key: None, .. }), "nothing turns it off: {source:?}");
    assert_eq!(of(&[("BUCKET_NAME", ""), ("PORT", "")]).source, Source::Dir("prompts".into()));
    for root in ["/", ""] {
        let flags = Flags { bucket: Some("b".to_owned()), prefix: Some(root.to_owned()), ..Flags::default() };
        assert_eq!(config(flags, &[]).expect("settings").source, s3(""), "{root}");
    }
    assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "/")]).source, s3(""));
    assert_eq!(of(&[("BUCKET_NAME", "b"), ("PROMPT_PREFIX", "")]).source, s3("prompts/"));
    let whole = Flags { bucket: Some("b".to_owned()), prefix: Some(String::new()), ..Flags::default() };
    assert_eq!(config(whole, &[("BUCKET_NAME", "other")]).expect("settings").source, s3(""));
    let folder = Flags { dir: Some("src".into()), ..Flags::default() };
    assert_eq!(config(folder, &[("BUCKET_NAME", "b")]).expect("settings").source, Source::Dir("src".into()));
}

#[test]
fn skills_are_in_a_folder_or_below_a_prefix_of_the_same_bucket() {
    let dir = |dir: &str| Some(SkillsSource::Dir(dir.into()));
    assert_eq!(of(&[]).skills, dir("skills"), "the default, which this repository has");
    assert_eq!(of(&[("SKILLS_DIR", "docs")]).skills, dir("docs"));
    assert_eq!(of(&[("PROMPT_DIR", "src")]).skills, None, "those of another folder are not meant");
    assert_eq!(of(&[("PROMPT_DIR", "src"), ("SKILLS_DIR", "docs")]).skills, dir("docs"));
    assert_eq!(of(&[("SKILLS_DIR", "docs"), ("SKILLS_PREFIX", "x")]).skills, dir("docs"), "a folder has no prefix");
    let error = |env: &[(&str, &str)]| config(Flags::default(), env).expect_err("refused");
    assert_eq!(error(&[("SKILLS_DIR", "none")]), "SKILLS_DIR=none: no such folder; expected a folder of skills");
    assert_eq!(
        error(&[("SKILLS_DIR", "Cargo.toml")]),
        "SKILLS_DIR=Cargo.toml: not a folder; expected a folder of skills"
    );
    let prefix = |prefix: &str, index_key: Option<&str>| {
        Some(SkillsSource::Prefix { prefix: prefix.to_owned(), index_key: index_key.map(str::to_owned) })
    };
    let in_bucket = |env: &[(&str, &str)]| of(&[&[("BUCKET_NAME", "b")], env].concat()).skills;
    let index = Some(".gallery/index.json.skills");
    assert_eq!(in_bucket(&[]), prefix("skills/", index));
    assert_eq!(in_bucket(&[("SKILLS_PREFIX", "team/x"), ("SKILLS_DIR", "none")]), prefix("team/x/", index));
    assert_eq!(in_bucket(&[("SKILLS_PREFIX", "/")]), prefix("", index));
    assert_eq!(in_bucket(&[("INDEX_KEY", "")]), prefix("skills/", None));
    assert_eq!(in_bucket(&[("INDEX_KEY", "i/x")]), prefix("skills/", Some("i/x.skills")));
    assert_eq!(
        error(&[("BUCKET_NAME", "b"), ("SKILLS_PREFIX", "/x")]),
        "SKILLS_PREFIX=/x: expected a key prefix without a leading slash, such as skills/, or / for the root of the bucket"
    );
    assert_eq!(
        error(&[("BUCKET_NAME", "b"), ("INDEX_KEY", "skills/index.json")]),
        "INDEX_KEY=skills/index.json: expected a key outside of the skills' prefix skills/"
    );
}

#[test]
fn others_than_this_machine_need_to_sign_in() {
    let everywhere = || Flags { addr: Some("0.0.0.0:80".to_owned()), ..Flags::default() };
    let error = config(everywhere(), &[]).expect_err("an open door");
    assert_eq!(
        error,
        "--addr=0.0.0.0:80: other machines could call it: set OAUTH_ISSUER to make callers sign in, or \
         ALLOW_ANONYMOUS=true to let everyone in"
    );
    assert!(config(everywhere(), &[("ALLOW_ANONYMOUS", "true")]).expect("settings").allow_anonymous);
    assert!(config(everywhere(), &[("ALLOW_ANONYMOUS", "false")]).is_err());
    let error = config(everywhere(), &[("ALLOW_ANONYMOUS", "yes")]).expect_err("a word");
    assert_eq!(error, "ALLOW_ANONYMOUS=yes: expected true or false");
    let url = "https://prompts.example.com/mcp";
    let sign_in = [("OAUTH_ISSUER", "https://id.example.com"), ("OAUTH_AUDIENCE", url), ("PUBLIC_URL", url)];
    let config = config(everywhere(), &sign_in).expect("settings");
    assert!(config.sign_in.is_some());
    assert!(config.allowed_hosts.permits_host("prompts.example.com"), "clients are told that address");
    assert!(!config.allowed_hosts.permits_host("evil.example.com"));
}

#[test]
fn the_host_of_the_public_url_is_answered_without_sign_in_too() {
    let config = of(&[("PUBLIC_URL", "https://Prompts.example.com:443/mcp")]);
    assert_eq!(config.public_url.as_deref(), Some("https://Prompts.example.com:443/mcp"));
    for host in ["prompts.example.com", "prompts.example.com:443", "localhost:8080"] {
        assert!(config.allowed_hosts.permits_host(host), "{host}");
    }
    assert!(!config.allowed_hosts.permits_host("evil.example.com"));
}

#[test]
fn port_alone_keeps_the_host() {
    assert_eq!(of(&[("PORT", "9000")]).addr.to_string(), "127.0.0.1:9000");
    for (addr, expected) in [
        ("127.0.0.5:1", "127.0.0.5:1"),
        ("[::1]:2", "[::1]:2"),
        ("localhost:3", "127.0.0.1:3"),
        ("LocalHost:3", "127.0.0.1:3"),
    ] {
        let flags = Flags { addr: Some(addr.to_owned()), ..Flags::default() };
        assert_eq!(config(flags.clone(), &[("PORT", "9000")]).expect("settings").addr.to_string(), expected);
        assert!(config(flags, &[("PORT", "of call")]).is_ok(), "the flag wins");
    }
}

#[test]
fn a_wrong_value_names_the_variable_and_what_is_expected() {
    let refused = |name: &str, value: &str| {
        config(Flags::default(), &[("BUCKET_NAME", "b"), (name, value)]).expect_err("refused")
    };
    assert_eq!(refused("CACHE_TTL_SECONDS", "abc"), "CACHE_TTL_SECONDS=abc: expected a whole number from 0 to 86400");
    assert_eq!(refused("CACHE_TTL_SECONDS", "-1"), "CACHE_TTL_SECONDS=-1: expected a whole number from 0 to 86400");
    assert_eq!(refused("STALE_OK_SECONDS", "1d"), "STALE_OK_SECONDS=1d: expected a whole number from 0 to 2592000");
    assert_eq!(refused("PROMPT_TOOLS", "false"), "PROMPT_TOOLS=false: expected on or off");
    assert_eq!(refused("PAGE_SOURCE", "yes"), "PAGE_SOURCE=yes: expected on or off");
    assert_eq!(refused("GALLERY_PAGE", "no"), "GALLERY_PAGE=no: expected on or off");
    assert_eq!(refused("PAGE_SIZE", "0"), "PAGE_SIZE=0: expected a whole number from 1 to 10000");
    assert_eq!(refused("MAX_CONNECTIONS", "0"), "MAX_CONNECTIONS=0: expected a whole number from 1 to 65535");
    assert_eq!(refused("MAX_CONNECTIONS", "many"), "MAX_CONNECTIONS=many: expected a whole number from 1 to 65535");
    assert_eq!(refused("PORT", "65536"), "PORT=65536: expected a whole number from 0 to 65535");
    assert_eq!(
        refused("PROMPT_PREFIX", "/x"),
        "PROMPT_PREFIX=/x: expected a key prefix without a leading slash, such as prompts/, or / for the root of the bucket"
    );
    assert_eq!(
        refused("INDEX_KEY", "prompts/index.json"),
        "INDEX_KEY=prompts/index.json: expected a key outside of the prompts' prefix prompts/"
    );
    assert_eq!(
        refused("INDEX_KEY", "index/"),
        "INDEX_KEY=index/: expected the key of an object, such as .gallery/index.json; empty turns the index off"
    );
    assert!(refused("INDEX_KEY", "a/../index.json").contains("expected a key without `.` and `..` as parts"));
    assert!(refused("INDEX_KEY", &"x".repeat(1025)).ends_with("expected a key of at most 1024 bytes"));
    assert!(
        refused("INDEX_KEY", "other/a.prompt")
            .ends_with("expected a key that is not a prompt's, such as .gallery/index.json")
    );
    assert_eq!(refused("LOG_FORMAT", "JSON"), "LOG_FORMAT=JSON: expected text or json");
    for filter in ["prompt_gallery=loud", "inof", "warn,debugg", "a=b=c", "verbose", "3"] {
        let refusal = refused("RUST_LOG", filter);
        assert!(refusal.starts_with(&format!("RUST_LOG={filter}: expected off, error")), "{refusal}");
    }
    for filter in ["info", "WARN", "prompt_gallery", "warn,prompt_gallery=debug,hyper", "off"] {
        assert!(config(Flags::default(), &[("RUST_LOG", filter)]).is_ok(), "{filter}");
    }
    let bucket = config(Flags::default(), &[("BUCKET_NAME", "s3://b")]).expect_err("refused");
    assert_eq!(bucket, "BUCKET_NAME=s3://b: expected the name of an S3 bucket, such as my-prompts");
    let folder = config(Flags::default(), &[("PROMPT_DIR", "no/such")]).expect_err("refused");
    let bucket = "for an S3 bucket, pass --bucket NAME";
    assert_eq!(folder, format!("PROMPT_DIR=no/such: no such folder; {bucket}"));
    let file = config(Flags { dir: Some("Cargo.toml".into()), ..Flags::default() }, &[]).expect_err("refused");
    assert_eq!(file, format!("--dir=Cargo.toml: not a folder; {bucket}"));
    let prefix = config(Flags { prefix: Some("x/".to_owned()), ..Flags::default() }, &[]).expect_err("refused");
    assert_eq!(prefix, "--prefix=x/: also needs --bucket NAME or BUCKET_NAME");
    for addr in ["8080", "localhost", "localhost:", ":8080", "::1:8080", "127.0.0.1:99999", "example.com:80"] {
        let refusal = config(Flags { addr: Some(addr.to_owned()), ..Flags::default() }, &[]).expect_err("refused");
        let expected = "expected HOST:PORT with an IP address or localhost, such as 127.0.0.1:8080 or [::1]:8080";
        assert_eq!(refusal, format!("--addr={addr}: {expected}"));
    }
}

#[test]
fn a_list_names_hosts_and_origins_in_full() {
    let refused = |name: &str, value: &str| config(Flags::default(), &[(name, value)]).expect_err("refused");
    let origins = "expected a comma list of origins, each in full, such as https://app.example.com, or * alone for all";
    let hosts = "expected a comma list of hosts, each in full, such as prompts.example.com, or * alone for all";
    for (name, expected, value, why) in [
        ("ALLOWED_ORIGINS", origins, "https://*.example.com", "`https://*.example.com` is a pattern; "),
        ("ALLOWED_ORIGINS", origins, "https://a, *", "`*` is a pattern; "),
        ("ALLOWED_ORIGINS", origins, "http://localhost:*", "`http://localhost:*` is a pattern; "),
        ("ALLOWED_ORIGINS", origins, "https://a, b", "`b` is not a valid origin; "),
        ("ALLOWED_ORIGINS", origins, "https://a,", "`` is not a valid origin; "),
        ("ALLOWED_ORIGINS", origins, "app.example.com", ""),
        ("ALLOWED_ORIGINS", origins, "https://a/b", ""),
        ("ALLOWED_HOSTS", hosts, "*.example.com", "`*.example.com` is a pattern; "),
        ("ALLOWED_HOSTS", hosts, "a, .example.com", "`.example.com` is not a valid host; "),
        ("ALLOWED_HOSTS", hosts, "https://a", ""),
        ("ALLOWED_HOSTS", hosts, ":80", ""),
        ("ALLOWED_HOSTS", hosts, "10.0.0.0/8", ""),
    ] {
        assert_eq!(refused(name, value), format!("{name}={value}: {why}{expected}"));
    }
    let listed = [("ALLOWED_ORIGINS", "https://a:443,http://b:80"), ("ALLOWED_HOSTS", "c:443, d:81")];
    let config = of(&listed);
    for origin in ["https://a", "http://b"] {
        assert!(config.allowed_origins.permits_origin(origin), "{origin}");
    }
    for host in ["c", "c:443", "d:81"] {
        assert!(config.allowed_hosts.permits_host(host), "{host}");
    }
    assert!(!config.allowed_hosts.permits_host("d"));
}

#[test]
fn log_lines_are_json_where_programs_read_them() {
    let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    for (env, expected) in [
        (&[][..], LogFormat::Text),
        (&[("LOG_FORMAT", "json")], LogFormat::Json),
        (&[("LOG_FORMAT", "")], LogFormat::Text),
        (&[lambda], LogFormat::Json),
        (&[lambda, ("LOG_FORMAT", "text")], LogFormat::Text),
    ] {
        assert_eq!(of(env).log_format, expected, "{env:?}");
    }
}

#[test]
fn the_files_of_prompts_are_shown_where_callers_are_their_authors() {
    let (lambda, bucket) = (("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), ("BUCKET_NAME", "b"));
    assert!(of(&[]).page_source);
    assert!(!of(&[("PAGE_SOURCE", "off")]).page_source);
    assert!(!of(&[lambda]).page_source);
    let in_a_bucket = |env: &[(&str, &str)]| config(Flags::default(), env).expect("settings").page_source;
    assert!(!in_a_bucket(&[bucket]));
    assert!(in_a_bucket(&[bucket, ("PAGE_SOURCE", "on")]));
}

#[test]
fn on_lambda_the_lists_are_all_there_is() {
    let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    assert_eq!(of(&[lambda]).allowed_origins, Allowed::Any);
    let listed = of(&[lambda, ("ALLOWED_ORIGINS", "https://App.example.com/ ,http://b:1")]).allowed_origins;
    assert_eq!(listed, Allowed::Only(vec!["https://app.example.com".to_owned(), "http://b:1".to_owned()]));
    assert!(!listed.permits_origin("http://localhost"));
    // The page calls from there.
    let url = ("PUBLIC_URL", "https://p.example.com/mcp");
    let own = of(&[lambda, url, ("ALLOWED_ORIGINS", "http://b:1")]).allowed_origins;
    assert_eq!(own, Allowed::Only(vec!["http://b:1".to_owned(), "https://p.example.com".to_owned()]));
    assert_eq!(of(&[("ALLOWED_HOSTS", "*")]).allowed_hosts, Allowed::Any);
}

#[test]
fn metrics_are_sent_where_a_collector_is_named() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
    assert_eq!(of(&[]).otlp, Ok(None));
    assert_eq!(of(&[endpoint, ("OTEL_SDK_DISABLED", "true")]).otlp, Ok(None));
    assert_eq!(of(&[endpoint, ("OTEL_METRICS_EXPORTER", "none")]).otlp, Ok(None));
    assert_eq!(of(&[endpoint, ("AWS_LAMBDA_RUNTIME_API", "x"), ("BUCKET_NAME", "b")]).otlp, Ok(None));
    let otlp = of(&[endpoint, ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"), ("OTEL_SERVICE_NAME", "x")]).otlp;
    assert_eq!(otlp, Ok(Some(Otlp { timeout: Duration::from_millis(500), service_name: Some("x".to_owned()) })));
    let only_metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://collector.example/v1/metrics");
    let otlp = of(&[only_metrics, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]).otlp;
    assert_eq!(
        otlp,
        Ok(Some(Otlp { timeout: Duration::from_secs(10), service_name: Some("prompt-gallery".to_owned()) }))
    );
    let named = |more: (&str, &str)| of(&[endpoint, ("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=y"), more]).otlp;
    let name = |more| named(more).unwrap().unwrap().service_name;
    assert_eq!(name(("OTEL_SERVICE_NAME", "x")).as_deref(), Some("x"), "it wins over the attribute");
    assert_eq!(name(("OTEL_METRIC_EXPORT_INTERVAL", "100")), None);
    // Commands that send nothing have settings all the same.
    let refused = |more: (&str, &str)| of(&[endpoint, more]).otlp.expect_err("refused").to_string();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "ten"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
    ] {
        let error = refused((name, value));
        assert!(error.starts_with(&format!("{name}={value}: expected ")), "{error}");
    }
}
