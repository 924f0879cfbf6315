use std::fs;

use dotprompt::PromptFile;

use super::Property::{OptionalOnly, SeveralArguments, SeveralMessages, Tested};
use super::table::{FAITHFUL, Seen};
use super::*;

#[test]
fn clients_with_the_same_effect_are_named_together() {
    let sentence = |when, clients: &[Client]| effects(&[when], clients).unwrap_or_default();
    assert_eq!(sentence(SeveralArguments, &[Client::Zed]), "it is not offered in Zed");
    assert_eq!(
        sentence(SeveralMessages, &[]),
        "all become one text in Cline, Continue, Kilo, opencode and VS Code; only the first is used in Gemini CLI and Qwen Code"
    );
    assert_eq!(sentence(SeveralMessages, &[Client::ClaudeCode, Client::VsCode]), "all become one text in VS Code");
    assert_eq!(effects(&[SeveralArguments], &[Client::ClaudeCode, Client::VsCode]), None);
    assert_eq!(sentence(OptionalOnly, &[Client::ClaudeCode]), "no form opens, so each gets one word in Claude Code");
}

#[test]
fn effects_on_nearly_every_prompt_are_told_for_named_clients_alone() {
    assert_eq!(effects(&[Tested], &[]), None);
    assert_eq!(effects(&[SeveralArguments], &[]), None);
    assert_eq!(effects(&[Tested], &[Client::Kilo]).as_deref(), Some("the test is always true in Kilo"));
}

#[test]
fn a_name_that_is_a_command_of_a_client_is_known() {
    let taken = |name: &str| effects_of_name(name, &[]).unwrap_or_default();
    assert_eq!(
        taken("init"),
        "the built-in command runs, and the prompt is /prompt-gallery.init in Gemini CLI; \
         the built-in command runs, and the prompt cannot be called in Qwen Code"
    );
    assert_eq!(taken("review"), "the built-in command runs, and the prompt cannot be called in Qwen Code");
    assert_eq!(taken("haiku"), "");
    assert_eq!(effects_of_name("help", &[Client::ClaudeCode, Client::Opencode]), None);
}

#[test]
fn rows_are_in_the_order_of_the_clients_and_say_how_they_are_known() {
    for (client, row) in Client::ALL.into_iter().zip(&ROWS) {
        assert_eq!(client, row.client);
        match row.seen {
            Seen::Run(day) | Seen::ByHand(day) => assert!(!row.version.is_empty() && day.len() == 10, "{client:?}"),
            Seen::Read(_, sources) => {
                assert!(sources.iter().all(|source| source.starts_with("https://github.com/")), "{client:?}");
                assert!(!sources.is_empty(), "{client:?}");
            }
        }
        assert!(row.built_in.is_sorted(), "{client:?}");
        let has = |property| row.effects.iter().any(|(known, _)| *known == property);
        assert_eq!(row.built_in.is_empty(), !has(Property::BuiltInName), "{client:?}");
        assert!(client.has_prompts() || row.effects.is_empty(), "{client:?}");
    }
}

/// The folder of the clients that run.
const AGENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/agents");

/// The version of a client that is installed there.
fn pinned(folder: &std::path::Path, name: &str) -> String {
    if let Ok(package) = fs::read(folder.join("package.json")) {
        let package: serde_json::Value = serde_json::from_slice(&package).expect("JSON");
        let [(_, version)] = package["dependencies"].as_object().expect("dependencies").iter().collect::<Vec<_>>()[..]
        else {
            panic!("one dependency in {}", folder.display());
        };
        return version.as_str().expect("a version").to_owned();
    }
    let list = fs::read_to_string(folder.join("requirements.txt")).expect("package.json or requirements.txt");
    let packages = [name.to_owned(), format!("{name}-mcp"), format!("{name}-slim")];
    let mut pins = list.lines().filter_map(|line| line.trim_start_matches("# ").split_once("=="));
    let (_, version) = pins.find(|(package, _)| packages.iter().any(|name| name == package)).expect("its package");
    version.split_whitespace().next().expect("a version").to_owned()
}

#[test]
fn versions_are_those_that_run() {
    let runs = |row: &&Row| matches!(row.seen, Seen::Run(_));
    let rows = ROWS.iter().filter(runs).map(|row| (row.word, row.version));
    let mut told: Vec<(String, String)> =
        rows.chain(FAITHFUL).map(|(name, version)| (name.to_owned(), version.to_owned())).collect();
    told.sort();
    let mut installed = Vec::new();
    for entry in fs::read_dir(AGENTS).expect("the clients") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let has_pins = ["package.json", "requirements.txt"].iter().any(|file| folder.join(file).is_file());
        // Not a client: the Node that they run on.
        if name == "node" || !has_pins {
            continue;
        }
        let version = pinned(&folder, &name);
        // The programs of these have editors beside them, which are rows too.
        let is_program = ["cline", "continue", "copilot"].contains(&name.as_str());
        installed.push((if is_program { format!("{name}-cli") } else { name }, version));
    }
    installed.sort();
    assert_eq!(told, installed);
}

/// How a prompt that writes all of these arguments is called in each client.
fn calls(name: &str, schema: &str, clients: &[Client]) -> String {
    calls_of(name, schema, "{{json this}}", clients)
}

fn calls_of(name: &str, schema: &str, template: &str, clients: &[Client]) -> String {
    let source = format!("---\ninput: {{schema: {{{schema}}}}}\n---\n{template}");
    let file = PromptFile::parse("x.prompt", source.as_bytes()).expect("a prompt");
    let prompt = dotprompt::Prompt::link(file.into(), Default::default()).expect("linked");
    let parameters = Parameter::all(&prompt);
    let calls = clients.iter().filter_map(|client| call(*client, name, &parameters));
    calls.collect::<Vec<_>>().join("\n")
}

#[test]
fn calls_say_which_words_reach_which_argument() {
    const FIVE: [Client; 5] =
        [Client::ClaudeCode, Client::GeminiCli, Client::Opencode, Client::QwenCode, Client::Ollmcp];
    insta::assert_snapshot!(calls("haiku", "topic: string", &FIVE), @"
    Claude Code: `/mcp__prompt-gallery__haiku`, then fill in the form; of words typed here, `topic` gets only the first word
    Gemini CLI: `/haiku TOPIC`: `topic` gets all text, in one line and without quotes; the model gets the text as a JSON string
    opencode: `/prompt-gallery:haiku TOPIC`: `topic` gets all text
    Qwen Code: `/haiku TOPIC`: `topic` gets all text
    ollmcp: `/prompt-gallery:haiku`, then it asks for `topic`
    ");
    insta::assert_snapshot!(calls("translate", "text: string, to: string, tone?: string", &FIVE), @r#"
    Claude Code: `/mcp__prompt-gallery__translate`, then fill in the form; of words typed here, `text`, `to` and `tone` get one word each, and the rest is lost
    Gemini CLI: `/translate TEXT TO --tone="TONE"`: one word or "quoted words" each, and the rest is lost; the model gets the text as a JSON string
    opencode: `/prompt-gallery:translate TEXT TO [TONE]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `tone`
    Qwen Code: `/translate TEXT TO [TONE]`: one word or "quoted words" each, and the rest is lost
    ollmcp: `/prompt-gallery:translate`, then it asks for `text` and `to`; `tone` cannot be given
    "#);
    insta::assert_snapshot!(calls("review", "code: string, \"depth?(enum)\": [quick, thorough]", &FIVE), @r#"
    Claude Code: `/mcp__prompt-gallery__review`, then fill in the form; of words typed here, `code` and `depth` get one word each, and the rest is lost
    Gemini CLI: `/review CODE --depth="DEPTH"`: `code` gets all text, in one line and without quotes; the model gets the text as a JSON string
    opencode: `/prompt-gallery:review CODE [DEPTH]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `depth`; types and choices are not checked
    ollmcp: `/prompt-gallery:review`, then it asks for `code`; `depth` cannot be given
    "#);
    insta::assert_snapshot!(calls("standup", "day?: string", &FIVE), @r#"
    Claude Code: `/mcp__prompt-gallery__standup [DAY]`: `day` gets only the first word
    Gemini CLI: `/standup --day="DAY"`: other text is lost; the model gets the text as a JSON string
    opencode: `/prompt-gallery:standup [DAY]`: `day` gets all text
    Qwen Code: `/standup [DAY]`: `day` gets all text
    ollmcp: `/prompt-gallery:standup`: `day` cannot be given
    "#);
    insta::assert_snapshot!(calls("about", "", &FIVE), @"
    Claude Code: `/mcp__prompt-gallery__about`
    Gemini CLI: `/prompt-gallery.about`: the model gets the text as a JSON string
    opencode: `/prompt-gallery:about`
    Qwen Code: `/about`
    ollmcp: `/prompt-gallery:about`
    ");
}

#[test]
fn words_for_an_argument_that_is_only_tested_go_to_the_one_before() {
    let call =
        |template: &str| calls_of("test", "code: string, max?: integer, all?: boolean", template, &[Client::Kilo]);
    insta::assert_snapshot!(call("{{code}} {{max}}{{#if all}} and all{{/if}}"), @r#"Kilo: `/prompt-gallery:test CODE [MAX] [ALL]`: type every argument in "quotes", in this order; one that is left out is empty text; further words, and those for `all`, go to `max`; types and choices are not checked"#);
    insta::assert_snapshot!(call("{{#if code}}{{code}}{{#if max}}!{{/if}}{{#if all}}{{all}}{{/if}}{{/if}}"), @r#"Kilo: `/prompt-gallery:test CODE [MAX] [ALL]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `all`; types and choices are not checked"#);
    insta::assert_snapshot!(call("{{#if all}}All{{/if}}"), @"Kilo: `/prompt-gallery:test CODE [MAX] [ALL]`: all that is typed follows the text; types and choices are not checked");
}

#[test]
fn calls_of_other_clients() {
    let others: Vec<Client> = Client::ALL.into_iter().collect();
    insta::assert_snapshot!(calls("haiku", "topic: string, form?: string", &others), @r#"
    Claude Code: `/mcp__prompt-gallery__haiku`, then fill in the form; of words typed here, `topic` and `form` get one word each, and the rest is lost
    Cline: `/mcp:prompt-gallery:haiku`
    Continue: `/haiku`
    fast-agent: `/prompt haiku`, then it asks for `topic` and `form`
    Gemini CLI: `/haiku TOPIC --form="FORM"`: `topic` gets all text, in one line and without quotes; the model gets the text as a JSON string
    Goose: `/prompt haiku topic=TOPIC form=FORM`: one word each
    Kilo: `/prompt-gallery:haiku TOPIC [FORM]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `form`
    langchain-mcp-adapters: `client.get_prompt("prompt-gallery", "haiku", arguments={…})`
    ollmcp: `/prompt-gallery:haiku`, then it asks for `topic`; `form` cannot be given
    opencode: `/prompt-gallery:haiku TOPIC [FORM]`: type every argument in "quotes", in this order; one that is left out is empty text; further words go to `form`
    Qwen Code: `/haiku TOPIC [FORM]`: one word or "quoted words" each, and the rest is lost
    VS Code: `/mcp.prompt-gallery.haiku`, then it asks for `topic` and `form`
    "#);
}
