//! The README and the documents show what the program does.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_prompt-gallery");

fn document(path: &str) -> String {
    fs::read_to_string(path).expect(path)
}

/// The blocks of `language` in the section of `heading`.
fn blocks<'a>(document: &'a str, heading: &str, language: &str) -> Vec<&'a str> {
    let section = &document[document.find(heading).expect("the heading")..];
    let section = section.split("\n## ").next().unwrap_or_default();
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|rest| &rest[..rest.find("\n```").expect("its end")]).collect()
}

/// A server that ends with this value.
struct Server(Child);

impl Server {
    /// Serves `dir`/prompts on a port of its own. Returns what it prints at its start, and its host and port.
    fn start(dir: &Path) -> (Self, String, String) {
        let mut server = Command::new(PROGRAM)
            .args(["--addr", "127.0.0.1:0"])
            .env_clear()
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(server.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut greeting = Vec::new();
        for line in lines {
            let is_last = line.starts_with("Ctrl-C");
            greeting.push(line);
            if is_last {
                break;
            }
        }
        let greeting = greeting.join("\n");
        let (_, rest) = greeting.split_once("http://").expect("an address");
        let host = rest.split('/').next().expect("a host").to_owned();
        (Self(server), greeting, host)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the server at `host` answers to the `curl` command of a document.
fn answer(host: &str, curl: &str) -> String {
    let (_, body) = curl.split_once("-d '").expect("a body");
    let body = body.trim_end_matches('\'');
    let mut connection = TcpStream::connect(host).expect("the server listens");
    let length = body.len();
    write!(
        connection,
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .expect("the server reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("UTF-8");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

#[cfg(unix)]
#[test]
fn the_first_prompt_renders_to_what_is_shown() {
    let readme = document("README.md");
    let heading = "## Write a prompt";
    let dir = tempfile::tempdir().expect("a folder");
    let bin = Path::new(PROGRAM).parent().expect("a folder").display();
    let output = Command::new("/bin/sh")
        .args(["-e", "-c", blocks(&readme, heading, "sh")[0]])
        .env_clear()
        .env("PATH", format!("{bin}:/usr/bin:/bin"))
        .current_dir(&dir)
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8").trim_end(), blocks(&readme, heading, "text")[0]);
}

#[test]
fn the_example_is_the_file_and_renders_to_what_is_shown() {
    let started = document("docs/getting-started.md");
    let heading = "## A prompt with every feature";
    let file = document("docs/example/architecture-review.prompt");
    assert_eq!(blocks(&started, heading, "handlebars")[0], file.trim_end());
    let rendered = Command::new(PROGRAM)
        .args(["render", "architecture-review", "--dir", "docs/example", "goals=availability, low cost"])
        .args(["design=One service writes, three read.", "limits={\"latency_ms\":200}", "reviewers=true"])
        .output()
        .expect("the program runs");
    assert!(rendered.status.success());
    let rendered = String::from_utf8(rendered.stdout).expect("UTF-8");
    assert_eq!(rendered.trim_end(), blocks(&started, heading, "text")[0]);
}

#[test]
fn the_prompts_of_the_repository_are_served_as_shown() {
    let (_server, printed, host) = Server::start(Path::new("."));
    for (path, heading) in [("README.md", "## From a clone to a prompt"), ("docs/getting-started.md", "## Run it")] {
        let document = document(path);
        assert_eq!(printed.replace(&host, "127.0.0.1:8080"), blocks(&document, heading, "text")[0], "{path}");
        let answered = answer(&host, blocks(&document, heading, "sh")[1]);
        assert_eq!(answered, blocks(&document, heading, "json")[0], "{path}");
    }
}

/// The names in the first column of the table of settings.
fn settings<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let rows =
        lines.skip_while(|line| !line.starts_with("| variable |")).skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect()
}

#[test]
fn every_setting_is_described() {
    let configuration = document("docs/configuration.md");
    let config = document("crates/server/src/config.rs");
    let documented = settings(configuration.lines());
    let known = settings(config.lines().map(|line| line.trim_start_matches("//! ")));
    assert!(known.contains("LOG_FORMAT"), "{known:?}");
    assert_eq!(documented, known);
}

/// GitHub's anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
}

#[test]
fn every_link_to_a_file_or_heading_leads_there() {
    let files = ["", "docs"].map(|folder| fs::read_dir(Path::new(".").join(folder)).expect("a folder"));
    let documents = files.into_iter().flatten().map(|entry| entry.expect("an entry").path());
    for path in documents.filter(|path| path.extension() == Some("md".as_ref())) {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = ["src=\"", "srcset=\""].into_iter().flat_map(|mark| text.split(mark).skip(1));
        let links = links.chain(pictures.filter_map(|rest| rest.split('"').next()));
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name("").join(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            if !heading.is_empty() {
                let target = fs::read_to_string(target).expect("UTF-8");
                let mut headings = target.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(headings.any(|known| known == heading), "{}: {link}", path.display());
            }
        }
    }
}
