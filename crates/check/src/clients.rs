//! What AI clients do with prompts.
//!
//! [`table`] has one row for each client. Clients change: run them again before a release. `docs/clients.md` is written from
//! the same table, and so is `web/src/clients.json`, which the page shows.

mod built_in;
mod call;
mod document;
mod page;
mod sources;
mod table;

pub(super) use call::{Parameter, call};
pub use document::clients_document;
pub use page::clients_json;

use crate::address::Shape;
use table::{ROWS, Row};

/// An AI client whose behaviour is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Cline, in an editor.
    Cline,
    /// Cline in a terminal.
    ClineCli,
    /// Codex.
    Codex,
    /// Continue, in an editor.
    Continue,
    /// Continue in a terminal.
    ContinueCli,
    /// GitHub Copilot in a terminal.
    CopilotCli,
    /// fast-agent.
    FastAgent,
    /// Gemini CLI.
    GeminiCli,
    /// Goose.
    Goose,
    /// Kilo.
    Kilo,
    /// The Python library.
    LangchainMcpAdapters,
    /// ollmcp.
    Ollmcp,
    /// opencode.
    Opencode,
    /// Qwen Code.
    QwenCode,
    /// VS Code.
    VsCode,
    /// Zed.
    Zed,
}

impl Client {
    /// Every client, in the order of their names.
    pub const ALL: [Self; 17] = [
        Self::ClaudeCode,
        Self::Cline,
        Self::ClineCli,
        Self::Codex,
        Self::Continue,
        Self::ContinueCli,
        Self::CopilotCli,
        Self::FastAgent,
        Self::GeminiCli,
        Self::Goose,
        Self::Kilo,
        Self::LangchainMcpAdapters,
        Self::Ollmcp,
        Self::Opencode,
        Self::QwenCode,
        Self::VsCode,
        Self::Zed,
    ];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// Whether it offers prompts, not tools alone.
    pub(super) fn has_prompts(self) -> bool {
        self.row().call.is_some()
    }

    fn row(self) -> &'static Row {
        // A test compares the two orders.
        &ROWS[self as usize]
    }
}

/// A property of a prompt that some clients handle differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// At least one argument.
    AnyArgument,
    /// More than one argument.
    SeveralArguments,
    /// Arguments, none of them required.
    OptionalOnly,
    /// `{{#if x}}` of an argument that may be missing or false.
    Tested,
    /// An argument with a default.
    Defaults,
    /// `{{#ifEquals x "a"}}`
    Compared,
    /// A list as an argument.
    List,
    /// An argument with fields.
    Data,
    SeveralMessages,
    /// A message of the assistant.
    AssistantMessage,
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
    /// The name of a command of the client.
    BuiltInName,
    /// It cannot be rendered with the values `$1`, `$2` …
    FailsForPlaceholders,
    /// `$1`
    Placeholder,
    /// `` !`command` ``
    Command,
    /// `@src/main.rs`
    FileReference,
}

impl Property {
    /// Whether nearly every prompt has it. Its effects are told only for clients that are named.
    fn is_common(self) -> bool {
        matches!(self, Self::AnyArgument | Self::SeveralArguments | Self::Tested | Self::Defaults)
    }
}

/// The effects of some properties, in one sentence: "it is dropped in Continue and opencode; …". Of `clients` alone, if it is
/// not empty.
pub(super) fn effects(properties: &[Property], clients: &[Client]) -> Option<String> {
    effects_if(properties, clients, |_| true)
}

/// The effects of what a prompt shows, in clients that get the prompt. With `fails`, those do not for which
/// [`Property::FailsForPlaceholders`] has an effect.
pub(super) fn effects_of_shown(properties: &[Property], clients: &[Client], fails: bool) -> Option<String> {
    let is_lost = |row: &Row| row.effects.iter().any(|(property, _)| *property == Property::FailsForPlaceholders);
    effects_if(properties, clients, |row| !(fails && is_lost(row)))
}

/// The effects of the name of a prompt that some clients have as a command of their own.
pub(super) fn effects_of_name(name: &str, clients: &[Client]) -> Option<String> {
    let effects = effects_if(&[Property::BuiltInName], clients, |row| row.built_in.contains(&name));
    effects.map(|effects| effects.replace("NAME", name))
}

fn effects_if(properties: &[Property], clients: &[Client], is_affected: impl Fn(&Row) -> bool) -> Option<String> {
    let mut effects: Vec<(&str, Vec<&str>)> = Vec::new();
    let is_told = |property: &Property| properties.contains(property) && !(clients.is_empty() && property.is_common());
    let is_used = |row: &&Row| clients.is_empty() || clients.contains(&row.client);
    for row in ROWS.iter().filter(is_used).filter(|row| is_affected(row)) {
        for (_, effect) in row.effects.iter().filter(|(property, _)| is_told(property)) {
            match effects.iter_mut().find(|(known, _)| known == effect) {
                Some((_, names)) => names.push(row.name),
                None => effects.push((effect, vec![row.name])),
            }
        }
    }
    let sentence = |(effect, names): &(&str, Vec<&str>)| format!("{effect} in {}", listed(names));
    let sentences: Vec<String> = effects.iter().map(sentence).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

/// `a, b and c`
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &*names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
