//! One row for each client: what it did when it ran, or what its source says.

use super::Client;
use super::Property::{
    self, AnyArgument, AssistantMessage, BeginsWithoutText, BuiltInName, Command, Compared, Data, Defaults, DottedName,
    FailsForPlaceholders, FileReference, List, NotAlternating, OddName, OptionalOnly, Pages, Placeholder,
    SeveralArguments, SeveralMessages, Shows, Tested,
};
use super::built_in::{GEMINI_CLI, QWEN_CODE};
use super::call::{Call, Style};
use super::sources::{
    CLINE, CONTINUE, CONTINUE_CONNECTION, GOOSE_COMMAND, GOOSE_EXTENSIONS, GOOSE_MESSAGE, VS_CODE, VS_CODE_MCP,
    ZED_21944, ZED_AGENT, ZED_REGISTRY, ZED_TYPES,
};
use crate::address::Shape::{Audio, File, Image, Link};

/// What is known of a client.
pub(super) struct Row {
    pub(super) client: Client,
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Its name on the command line.
    pub(super) word: &'static str,
    /// The version that ran, or `""` for the commits of the sources.
    pub(super) version: &'static str,
    pub(super) seen: Seen,
    /// How a prompt is called; `None` if it offers no prompts.
    pub(super) call: Option<Call>,
    /// Names of commands that it has itself.
    pub(super) built_in: &'static [&'static str],
    /// A property of a prompt, and the effect, read as "EFFECT in CLIENT".
    pub(super) effects: &'static [(Property, &'static str)],
    /// The cells in `docs/clients.md`.
    pub(super) cells: Cells,
}

/// How a row is known.
pub(super) enum Seen {
    /// The client runs in `tests/clients/agents`, with a model that records what reaches it; last on this day.
    Run(&'static str),
    /// It ran on this day, with the same model, by hand.
    ByHand(&'static str),
    /// Its source was read on this day.
    Read(&'static str, &'static [&'static str]),
}

/// What `docs/clients.md` says of a client beside its call.
pub(super) struct Cells {
    pub(super) arguments: &'static str,
    pub(super) roles: &'static str,
    pub(super) media: &'static str,
    pub(super) errors: &'static str,
    pub(super) list: &'static str,
}

const SEEN: Seen = Seen::Run("2026-11-29");
const BY_HAND: Seen = Seen::ByHand("2026-11-29");

const DROPPED: &str = "it is dropped";
const TYPE_ALONE: &str = "only its type arrives";
const JOINED: &str = "all become one text";
const FIRST_MESSAGE: &str = "only the first is used";
const NOT_TEXT_FIRST: &str = "the prompt fails because it does not begin with text";
const FIRST_PAGE: &str = "only the first page is read";
const FAILS: &str = "the prompt fails";
const UNTYPABLE: &str = "a name with other characters cannot be typed";

/// It fetches each prompt with `$1`, `$2` … as values, and later replaces these texts by what is typed.
const OPENCODE: &[(Property, &str)] = &[
    (Tested, "the test is always true"),
    (Defaults, "empty text replaces it if the argument is left out"),
    (Compared, "no value is equal"),
    (List, "all that is typed becomes one item"),
    (Data, "it arrives as text, so its fields are empty"),
    (FailsForPlaceholders, "the typed words are sent instead of the prompt, without an error"),
    (SeveralMessages, JOINED),
    (Shows(Image), DROPPED),
    (Shows(Audio), DROPPED),
    (Shows(Link), DROPPED),
    (Shows(File), DROPPED),
    (DottedName, "a dot becomes _"),
    (OddName, "each becomes _"),
    (Placeholder, "an argument or nothing replaces it"),
    (Command, "the user's shell runs it"),
    (FileReference, "the user's file is sent along"),
];
const OPENCODE_CALL: Option<Call> = Some(Call { typed: "/prompt-gallery:NAME", taken: None, style: Style::Positions });
const OPENCODE_CELLS: Cells = Cells {
    arguments: "by position: **type every argument**, each in quotes. One that is left out is empty text, without its \
                default, and the text for it stays; the last one in the text takes the rest. Every prompt is fetched with \
                the values `$1`, `$2` … when the commands are listed, so each test of an argument is true, no comparison \
                is, a list or an object is one text, and a prompt that these values make fail does not arrive",
    roles: "one text",
    media: "dropped",
    errors: "nobody is told: an empty message, or the words alone, are sent",
    list: "all pages; commands again after a restart",
};

/// A client that calls tools and has no prompts.
const fn tools_alone(client: Client, name: &'static str, word: &'static str, version: &'static str) -> Row {
    Row {
        client,
        name,
        word,
        version,
        seen: SEEN,
        call: None,
        built_in: &[],
        effects: &[],
        cells: Cells { arguments: "–", roles: "–", media: "–", errors: "–", list: "–" },
    }
}

/// Libraries and programs that run in `tests/clients/agents` as well, and their versions. They hand over every prompt as it is, so
/// that there is nothing to tell.
pub(super) const FAITHFUL: [(&str, &str); 3] =
    [("mcp-remote", "0.15.1"), ("openai-agents", "0.24.0"), ("pydantic-ai", "2.68.0")];

/// In the order of [`Client::ALL`].
pub(super) const ROWS: [Row; Client::ALL.len()] = [
    Row {
        client: Client::ClaudeCode,
        name: "Claude Code",
        word: "claude-code",
        version: "2.1.332",
        seen: SEEN,
        call: Some(Call { typed: "/mcp__prompt-gallery__NAME", taken: None, style: Style::FormOrWords }),
        built_in: &[],
        effects: &[(OptionalOnly, "no form opens, so each gets one word"), (AssistantMessage, "all become the user's")],
        cells: Cells {
            arguments: "without words, a form asks for required ones; typed words go one to each argument, quotes stay, \
                        and the rest is lost",
            roles: "all become the user's",
            media: "arrive; a picture with the path of its copy, a file with its address",
            errors: "shown",
            list: "all pages; new prompts at once, from a gallery on AWS after a restart",
        },
    },
    Row {
        client: Client::Cline,
        name: "Cline",
        word: "cline",
        version: "",
        seen: Seen::Read("2026-11-21", &[CLINE]),
        call: Some(Call { typed: "/mcp:prompt-gallery:NAME", taken: None, style: Style::Nothing }),
        built_in: &[],
        effects: &[
            (AnyArgument, "none is sent, so required ones are missing"),
            (SeveralMessages, JOINED),
            (Shows(Image), TYPE_ALONE),
            (Shows(Audio), TYPE_ALONE),
            (Shows(Link), DROPPED),
            (OddName, UNTYPABLE),
        ],
        cells: Cells {
            arguments: "none is sent",
            roles: "one text",
            media: "pictures and recordings: only their type; links are dropped",
            errors: "not known",
            list: "not known",
        },
    },
    tools_alone(Client::ClineCli, "Cline CLI", "cline-cli", "3.0.65"),
    tools_alone(Client::Codex, "Codex", "codex", "0.171.0"),
    Row {
        client: Client::Continue,
        name: "Continue",
        word: "continue",
        version: "",
        seen: Seen::Read("2026-11-21", &[CONTINUE, CONTINUE_CONNECTION]),
        call: Some(Call { typed: "/NAME", taken: None, style: Style::Nothing }),
        built_in: &[],
        effects: &[
            (AnyArgument, "each is sent as empty text, so required ones are missing"),
            (SeveralMessages, JOINED),
            (Shows(Image), DROPPED),
            (Shows(Audio), DROPPED),
            (Shows(Link), DROPPED),
            (Shows(File), DROPPED),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "each is sent as empty text",
            roles: "one text",
            media: "dropped",
            errors: "not known",
            list: "first page",
        },
    },
    tools_alone(Client::ContinueCli, "Continue CLI", "continue-cli", "1.5.47"),
    tools_alone(Client::CopilotCli, "Copilot CLI", "copilot-cli", "1.0.102"),
    Row {
        client: Client::FastAgent,
        name: "fast-agent",
        word: "fast-agent",
        version: "0.10.48",
        seen: SEEN,
        call: Some(Call { typed: "/prompt NAME", taken: None, style: Style::Asks { for_optional: true } }),
        built_in: &["load"],
        effects: &[
            (BuiltInName, "the word is a subcommand, and the prompt is reached by its number"),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "asks for each; a form for missing and wrong ones",
            roles: "kept",
            media: "kept, if the model sees pictures",
            errors: "those of a prompt file are hidden",
            list: "first page",
        },
    },
    Row {
        client: Client::GeminiCli,
        name: "Gemini CLI",
        word: "gemini-cli",
        version: "0.61.0",
        seen: SEEN,
        call: Some(Call {
            typed: "/NAME",
            taken: Some("/prompt-gallery.NAME"),
            style: Style::Options { by_position: false },
        }),
        built_in: GEMINI_CLI,
        effects: &[
            (BuiltInName, "the built-in command runs, and the prompt is /prompt-gallery.NAME"),
            (OptionalOnly, "text after the command is dropped unless it is --name=\"value\""),
            (SeveralMessages, FIRST_MESSAGE),
            (BeginsWithoutText, NOT_TEXT_FIRST),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "one required argument takes all text, without quotes and line breaks (without text it gets `\"\"`); \
                        several go by position; optional ones only as `--name=\"value\"`. Text that begins with `help` shows \
                        the prompt's help instead",
            roles: "only the first message, as a JSON string with `\\n` for line breaks",
            media: "lost; a prompt that begins with one fails",
            errors: "shown; with `-p`, an error of the arguments is hidden",
            list: "first page; new prompts after `/mcp refresh`",
        },
    },
    Row {
        client: Client::Goose,
        name: "Goose",
        word: "goose",
        version: "",
        seen: Seen::Read("2026-11-21", &[GOOSE_COMMAND, GOOSE_MESSAGE, GOOSE_EXTENSIONS]),
        call: Some(Call { typed: "/prompt NAME", taken: None, style: Style::Pairs }),
        built_in: &[],
        effects: &[
            (NotAlternating, "the prompt is refused"),
            (Shows(Link), "it becomes the words [Resource link]"),
            (Shows(File), "it arrives as base64 unless it is a text file"),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "`name=value`, one word for each",
            roles: "kept, if user and assistant take turns; refused otherwise",
            media: "pictures kept; links become words, files that are not text base64",
            errors: "shown",
            list: "first page",
        },
    },
    Row {
        client: Client::Kilo,
        name: "Kilo",
        word: "kilo",
        version: "7.7.9",
        seen: BY_HAND,
        call: OPENCODE_CALL,
        built_in: &[],
        effects: OPENCODE,
        cells: Cells { arguments: "as opencode", ..OPENCODE_CELLS },
    },
    Row {
        client: Client::LangchainMcpAdapters,
        name: "langchain-mcp-adapters",
        word: "langchain-mcp-adapters",
        version: "0.3.2",
        seen: SEEN,
        call: Some(Call {
            typed: "client.get_prompt(\"prompt-gallery\", \"NAME\", arguments={…})",
            taken: None,
            style: Style::Code,
        }),
        built_in: &[],
        effects: &[(Shows(Image), FAILS), (Shows(Audio), FAILS), (Shows(Link), FAILS), (Shows(File), FAILS)],
        cells: Cells {
            arguments: "as the program gives them",
            roles: "kept",
            media: "`ValueError`",
            errors: "raised",
            list: "–",
        },
    },
    Row {
        client: Client::Ollmcp,
        name: "ollmcp",
        word: "ollmcp",
        version: "0.35.1",
        seen: BY_HAND,
        call: Some(Call { typed: "/prompt-gallery:NAME", taken: None, style: Style::Asks { for_optional: false } }),
        built_in: &[],
        effects: &[
            (Shows(Image), DROPPED),
            (Shows(Audio), DROPPED),
            (Shows(Link), DROPPED),
            (Shows(File), DROPPED),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "asks for required ones",
            roles: "kept",
            media: "dropped",
            errors: "shown",
            list: "first page",
        },
    },
    Row {
        client: Client::Opencode,
        name: "opencode",
        word: "opencode",
        version: "1.18.33",
        seen: SEEN,
        call: OPENCODE_CALL,
        built_in: &[],
        effects: OPENCODE,
        cells: Cells {
            list: "all pages; commands again after a restart, prompts that are tools at once (from AWS after a restart)",
            ..OPENCODE_CELLS
        },
    },
    Row {
        client: Client::QwenCode,
        name: "Qwen Code",
        word: "qwen-code",
        version: "0.24.4",
        seen: SEEN,
        call: Some(Call { typed: "/NAME", taken: None, style: Style::Options { by_position: true } }),
        built_in: QWEN_CODE,
        effects: &[
            (BuiltInName, "the built-in command runs, and the prompt cannot be called"),
            (SeveralMessages, FIRST_MESSAGE),
            (BeginsWithoutText, NOT_TEXT_FIRST),
            (Pages, FIRST_PAGE),
        ],
        cells: Cells {
            arguments: "by position, also optional ones, quotes keep words together; a single argument takes all text; or \
                        `--name=\"value\"`. Text that begins with `help` shows the prompt's help instead",
            roles: "only the first message, as a JSON string",
            media: "lost; a prompt that begins with one fails",
            errors: "shown",
            list: "first page",
        },
    },
    Row {
        client: Client::VsCode,
        name: "VS Code",
        word: "vscode",
        version: "",
        seen: Seen::Read("2026-11-21", &[VS_CODE, VS_CODE_MCP]),
        call: Some(Call { typed: "/mcp.prompt-gallery.NAME", taken: None, style: Style::Asks { for_optional: true } }),
        built_in: &[],
        // A dot stays.
        effects: &[
            (SeveralMessages, JOINED),
            (Shows(Audio), DROPPED),
            (Shows(Link), DROPPED),
            (OddName, "each becomes _"),
        ],
        cells: Cells {
            arguments: "asks for each",
            roles: "one text",
            media: "pictures kept; recordings and links are dropped",
            errors: "not known",
            list: "all pages",
        },
    },
    Row {
        client: Client::Zed,
        name: "Zed",
        word: "zed",
        version: "",
        seen: Seen::Read("2026-11-21", &[ZED_AGENT, ZED_TYPES, ZED_REGISTRY, ZED_21944]),
        call: Some(Call { typed: "/NAME", taken: None, style: Style::OneText }),
        built_in: &[],
        effects: &[
            (SeveralArguments, "it is not offered"),
            (Shows(File), "only its address arrives"),
            (Pages, FIRST_PAGE),
            (DottedName, "the part before a dot is taken for the server's name"),
            (OddName, UNTYPABLE),
        ],
        cells: Cells {
            arguments: "the only one takes all text; prompts with more are not offered",
            roles: "kept",
            media: "pictures kept; of a file only its address",
            errors: "not known",
            list: "first page",
        },
    },
];
