//! What AI clients do with prompts that are more than one text with one argument.
//!
//! The sources are the clients' own code and documentation, at the commits named below. The text of a behaviour that is
//! known only from a report names the version. Clients change: check the table before a release.
//!
//! Effects on nearly every prompt are left out, because a warning would not help: Cline passes no arguments to prompts,
//! Continue sends each as an empty text, Gemini CLI sends the text as a JSON string. Goose keeps all messages, in their
//! order, if they alternate.

/// An AI client whose behaviour is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Cline.
    Cline,
    /// Continue.
    Continue,
    /// Gemini CLI.
    GeminiCli,
    /// Goose.
    Goose,
    /// opencode.
    Opencode,
    /// VS Code.
    VsCode,
    /// Zed.
    Zed,
}

use crate::address::Shape::{self, Audio, File, Image, Link};

use Client::{ClaudeCode, Cline, Continue, GeminiCli, Goose, Opencode, VsCode, Zed};

impl Client {
    /// Every client, in the order of their names.
    pub const ALL: [Self; 8] = [ClaudeCode, Cline, Continue, GeminiCli, Goose, Opencode, VsCode, Zed];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            ClaudeCode => ("Claude Code", "claude-code"),
            Cline => ("Cline", "cline"),
            Continue => ("Continue", "continue"),
            GeminiCli => ("Gemini CLI", "gemini-cli"),
            Goose => ("Goose", "goose"),
            Opencode => ("opencode", "opencode"),
            VsCode => ("VS Code", "vscode"),
            Zed => ("Zed", "zed"),
        }
    }
}

/// A property of a prompt that some clients handle differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// More than one argument.
    SeveralArguments,
    /// Arguments, none of them required.
    OptionalOnly,
    /// An argument that does not accept every text.
    TypedArgument,
    SeveralMessages,
    /// Messages other than user, assistant, user …
    NotAlternating,
    /// The first message is not text.
    BeginsWithoutText,
    /// It shows content of this kind.
    Shows(Shape),
    /// More prompts than one page.
    Pages,
    /// A name with other characters than letters, digits, `_` and `-`.
    OddName,
    /// A name with a dot.
    DottedName,
    /// `$1`
    Placeholder,
    /// `` !`command` ``
    Command,
}

use Property::{
    BeginsWithoutText, Command, DottedName, NotAlternating, OddName, OptionalOnly, Pages, Placeholder,
    SeveralArguments, SeveralMessages, Shows, TypedArgument,
};

/// Client, condition, effect (read as "EFFECT in CLIENT"), sources.
const CLIENTS: &[(Client, Property, &str, &[&str])] = &[
    (Zed, SeveralArguments, "it is not offered", &[ZED_AGENT, ZED_21944]),
    // Only required arguments get the text that is typed after the command.
    (GeminiCli, OptionalOnly, "text after the command is dropped unless it is --name=\"value\"", &[GEMINI_LOADER]),
    // Known from a report of this version.
    (ClaudeCode, OptionalOnly, "nothing happens until a character is typed (reported for 1.0.73)", &[CLAUDE_5597]),
    // It fetches the prompt with $1, $2 … as values, and puts the real values into the answer.
    (Opencode, TypedArgument, "the text $1 is sent instead and refused", &[OPENCODE_COMMAND]),
    (GeminiCli, SeveralMessages, "only the first is used", &[GEMINI_LOADER, GEMINI_15850]),
    (Cline, SeveralMessages, JOINED, &[CLINE]),
    (Continue, SeveralMessages, JOINED, &[CONTINUE]),
    (Opencode, SeveralMessages, JOINED, &[OPENCODE_COMMAND]),
    (VsCode, SeveralMessages, JOINED, &[VS_CODE]),
    (Goose, NotAlternating, "the prompt is refused", &[GOOSE_COMMAND]),
    (
        GeminiCli,
        BeginsWithoutText,
        "the prompt fails because it does not begin with text",
        &[GEMINI_LOADER, GEMINI_15851],
    ),
    (Cline, Shows(Image), TYPE_ALONE, &[CLINE]),
    (Continue, Shows(Image), DROPPED, &[CONTINUE]),
    (Opencode, Shows(Image), DROPPED, &[OPENCODE_COMMAND]),
    (Cline, Shows(Audio), TYPE_ALONE, &[CLINE]),
    (Continue, Shows(Audio), DROPPED, &[CONTINUE]),
    (Opencode, Shows(Audio), DROPPED, &[OPENCODE_COMMAND]),
    (VsCode, Shows(Audio), DROPPED, &[VS_CODE]),
    (Cline, Shows(Link), DROPPED, &[CLINE]),
    (Continue, Shows(Link), DROPPED, &[CONTINUE]),
    (Opencode, Shows(Link), DROPPED, &[OPENCODE_COMMAND]),
    (VsCode, Shows(Link), DROPPED, &[VS_CODE]),
    (Goose, Shows(Link), "it becomes the words [Resource link]", &[GOOSE_MESSAGE]),
    (Continue, Shows(File), DROPPED, &[CONTINUE]),
    (Opencode, Shows(File), DROPPED, &[OPENCODE_COMMAND]),
    (Zed, Shows(File), "only its address arrives", &[ZED_TYPES, ZED_AGENT]),
    (Goose, Shows(File), "it arrives as base64 unless it is a text file", &[GOOSE_MESSAGE]),
    (Continue, Pages, FIRST_PAGE, &[CONTINUE_CONNECTION]),
    (GeminiCli, Pages, FIRST_PAGE, &[GEMINI_CLIENT]),
    (Goose, Pages, FIRST_PAGE, &[GOOSE_EXTENSIONS]),
    (Zed, Pages, FIRST_PAGE, &[ZED_REGISTRY]),
    (Zed, DottedName, "the part before a dot is taken for the server's name", &[ZED_AGENT]),
    (Opencode, DottedName, "a dot becomes _", &[OPENCODE_MCP]),
    (Zed, OddName, "a name with other characters cannot be typed", &[ZED_AGENT]),
    (Cline, OddName, "a name with other characters cannot be typed", &[CLINE]),
    (Opencode, OddName, "each becomes _", &[OPENCODE_MCP]),
    // A dot aside.
    (VsCode, OddName, "each becomes _", &[VS_CODE_MCP]),
    (Opencode, Placeholder, "an argument or nothing replaces it", &[OPENCODE_PROMPT]),
    (Opencode, Command, "the user's shell runs it", &[OPENCODE_PROMPT]),
];

const DROPPED: &str = "it is dropped";
const TYPE_ALONE: &str = "only its type arrives";
const JOINED: &str = "all become one text";
const FIRST_PAGE: &str = "only the first page is read";

macro_rules! source {
    ($repository:literal, $commit:literal, $path:literal) => {
        concat!("https://github.com/", $repository, "/blob/", $commit, "/", $path)
    };
}

const CLAUDE_5597: &str = "https://github.com/anthropics/claude-code/issues/5597";
const GEMINI_15850: &str = "https://github.com/google-gemini/gemini-cli/issues/15850";
const GEMINI_15851: &str = "https://github.com/google-gemini/gemini-cli/issues/15851";
const ZED_21944: &str = "https://github.com/zed-industries/zed/issues/21944";
const ZED_AGENT: &str = source!("zed-industries/zed", "48bab10f", "crates/agent/src/agent.rs");
const ZED_TYPES: &str = source!("zed-industries/zed", "3991ce85", "crates/context_server/src/types.rs");
const ZED_REGISTRY: &str =
    source!("zed-industries/zed", "00400088", "crates/agent/src/tools/context_server_registry.rs");
const GEMINI_LOADER: &str =
    source!("google-gemini/gemini-cli", "0164b796", "packages/cli/src/services/McpPromptLoader.ts");
const GEMINI_CLIENT: &str = source!("google-gemini/gemini-cli", "72d23f47", "packages/core/src/tools/mcp-client.ts");
const GOOSE_COMMAND: &str = source!("block/goose", "8a2bbf70", "crates/goose/src/agents/execute_commands.rs");
const GOOSE_MESSAGE: &str = source!("block/goose", "6416fe74", "crates/goose/src/conversation/message.rs");
const GOOSE_EXTENSIONS: &str = source!("block/goose", "2554e58d", "crates/goose/src/agents/extension_manager.rs");
const VS_CODE: &str = source!(
    "microsoft/vscode",
    "cfcfe97c",
    "src/vs/workbench/contrib/chat/browser/widget/input/editor/chatInputCompletions.ts"
);
const OPENCODE_COMMAND: &str = source!("anomalyco/opencode", "01793dfe", "packages/opencode/src/command/index.ts");
const OPENCODE_PROMPT: &str = source!("anomalyco/opencode", "00078e84", "packages/opencode/src/session/prompt.ts");
const OPENCODE_MCP: &str = source!("anomalyco/opencode", "30ee5e7d", "packages/opencode/src/mcp/index.ts");
const VS_CODE_MCP: &str = source!("microsoft/vscode", "c7ab6499", "src/vs/workbench/contrib/mcp/common/mcpTypes.ts");
const CLINE: &str = source!("cline/cline", "107007ea", "apps/vscode/src/core/slash-commands/index.ts");
const CONTINUE: &str =
    source!("continuedev/continue", "11fa0e26", "gui/src/components/mainInput/TipTapEditor/utils/renderMcpPrompt.ts");
const CONTINUE_CONNECTION: &str = source!("continuedev/continue", "9df9f64f", "core/context/mcp/MCPConnection.ts");

/// The effects of some properties, in one sentence: "it is dropped in Continue and opencode; …". Of `clients` alone, if it is
/// not empty.
pub(super) fn effects(properties: &[Property], clients: &[Client]) -> Option<String> {
    let mut effects: Vec<(&str, Vec<&str>)> = Vec::new();
    let is_used = |client: &Client| clients.is_empty() || clients.contains(client);
    for (client, _, effect, _) in CLIENTS.iter().filter(|(client, on, ..)| properties.contains(on) && is_used(client)) {
        match effects.iter_mut().find(|(known, _)| known == effect) {
            Some((_, clients)) => clients.push(client.name()),
            None => effects.push((effect, vec![client.name()])),
        }
    }
    let sentence = |(effect, clients): &(&str, Vec<&str>)| format!("{effect} in {}", listed(clients));
    let sentences: Vec<String> = effects.iter().map(sentence).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_with_the_same_effect_are_named_together() {
        let sentence = |when, clients: &[Client]| effects(&[when], clients).unwrap_or_default();
        assert_eq!(sentence(SeveralArguments, &[]), "it is not offered in Zed");
        assert_eq!(
            sentence(SeveralMessages, &[]),
            "only the first is used in Gemini CLI; all become one text in Cline, Continue, opencode and VS Code"
        );
        assert_eq!(sentence(SeveralMessages, &[ClaudeCode, VsCode]), "all become one text in VS Code");
        assert_eq!(effects(&[SeveralArguments], &[ClaudeCode, VsCode]), None);
    }

    #[test]
    fn every_behaviour_has_a_source() {
        for (client, when, _, sources) in CLIENTS {
            assert!(!sources.is_empty(), "{client:?} {when:?}");
            assert!(sources.iter().all(|source| source.starts_with("https://github.com/")), "{client:?} {when:?}");
        }
    }
}
