//! The compiled template of a file: text, values, blocks and partials.
//!
//! Blocks and white space follow Handlebars (<https://handlebarsjs.com/guide/>), the helpers Dotprompt
//! (<https://google.github.io/dotprompt/reference/template/>).

mod compile;
mod data;
mod expression;
mod lexer;
mod rows;
mod shown;
mod tags;
mod uses;

use std::collections::HashMap;
use std::sync::Arc;

pub(super) use compile::compile;
pub use expression::Expression;
pub(super) use expression::{Call, Path};
pub(super) use lexer::is_space;
pub use shown::{ContentType, Shown};
pub use tags::{Tag, Token, tokens};
pub(super) use uses::usage;
pub use uses::{LOOP_DATA, UnknownData, Usage, Variable};

use super::bounds;
use super::problem::Place;

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    /// The key of the file.
    pub(super) file: Arc<str>,
    /// The nodes.
    pub program: Program,
    /// The partials that it names, in the order of their first use.
    pub(super) partials: Vec<PartialName>,
    /// The names of all its inline partials.
    pub inlines: Vec<String>,
    /// The pictures and other files that it shows, in order.
    pub media: Vec<Shown>,
    /// The length of the source in bytes.
    pub(super) length: usize,
}

impl Template {
    /// The variables of this template, without those of its partials; `None` if finding them takes too many steps.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        usage(&self.program, true, &HashMap::new(), &mut { bounds::USE_STEPS })
    }

    pub(super) fn partial_names(&self) -> impl Iterator<Item = &str> {
        self.partials.iter().map(|partial| partial.name.as_str())
    }
}

/// A partial that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartialName {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) width: usize,
    /// Whether the call has a block, which is rendered if the partial is missing.
    pub(super) has_fallback: bool,
}

/// A sequence of nodes: a template, or a part of a block.
#[derive(Debug, Default)]
pub struct Program {
    /// The nodes in order.
    pub nodes: Vec<Node>,
    /// `{{#*inline "name"}}`: partials that only these nodes can call.
    pub inlines: Vec<(String, Self)>,
}

/// A node of a compiled template, with the place of its tag.
#[derive(Debug)]
pub enum Node {
    /// Text outside of tags.
    Text(Box<str>),
    /// `{{x}}`
    Value(Place, Expression),
    /// `{{role "user"}}`
    Mark(Place, Box<Mark>),
    /// `{{#if x}} … {{/if}}`
    Block(Place, Box<Block>),
    /// `{{> name}}`
    Partial(Place, Box<PartialCall>),
}

/// A tag that divides the output into messages and parts.
#[derive(Debug)]
pub enum Mark {
    /// `{{role "user"}}`
    Role(Expression),
    /// `{{history}}`
    History,
    /// `{{section "name"}}`
    Section(Expression),
    /// `{{media url=x contentType=y}}`
    Media {
        /// The address.
        url: Expression,
        /// The type, such as `image/png`.
        content_type: Option<Expression>,
    },
}

/// `{{#if x}} … {{else}} … {{/if}}`
#[derive(Debug)]
pub struct Block {
    /// The helper.
    pub kind: BlockKind,
    pub(super) params: Vec<Expression>,
    /// `as |item index|`
    pub(super) block_params: Vec<String>,
    /// `includeZero` of `{{#if}}`.
    pub(super) include_zero: Option<Expression>,
    /// Before `{{else}}`.
    pub body: Program,
    /// After `{{else}}`.
    pub otherwise: Program,
}

/// The blocks of Handlebars and Dotprompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `{{#if x}}`
    If,
    /// `{{#unless x}}`
    Unless,
    /// `{{#each x}}`
    Each,
    /// `{{#with x}}`
    With,
    /// `{{#ifEquals x y}}`
    IfEquals,
    /// `{{#unlessEquals x y}}`
    UnlessEquals,
    /// `{{#x}}`: once for each item of a list, or once for another value.
    Section,
}

/// `{{> name}}`
#[derive(Debug)]
pub struct PartialCall {
    /// The name of the partial.
    pub name: String,
    pub(super) context: Option<Expression>,
    pub(super) hash: Vec<(String, Expression)>,
    /// The content of a block. `{{> @partial-block}}` renders it, and it replaces a missing partial.
    pub block: Option<Program>,
    /// The white space before each line.
    pub(super) indent: String,
}

/// The inline partials that can be called at one place of a template.
pub struct Inlines<'s, 'p> {
    /// The innermost program around the place.
    pub program: &'p Program,
    /// The inline partials around that program.
    pub around: Option<&'s Self>,
}

impl<'p> Inlines<'_, 'p> {
    /// The innermost partial of this name.
    pub fn find(inlines: Option<&Self>, name: &str) -> Option<&'p Program> {
        let mut around = std::iter::successors(inlines, |inlines| inlines.around);
        let find = |program: &'p Program| program.inlines.iter().rfind(|(known, _)| known == name);
        around.find_map(|inlines| find(inlines.program)).map(|(_, program)| program)
    }
}

/// A walk through a template, with one method for each kind of node.
///
/// Rendering, the search for variables and the survey of `check` are such walks.
pub trait Visitor<'a> {
    /// The state at one node, such as the context and the partials around it.
    type Scope<'s>
    where
        'a: 's;
    /// The reason to end a walk early.
    type Stop;

    /// Visits text.
    ///
    /// # Errors
    /// To end the walk, as for the other methods.
    fn text(&mut self, text: &'a str, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits the place of a tag, before the node of the tag.
    fn tag(&mut self, place: Place) -> Result<(), Self::Stop>;
    /// Visits `{{x}}`.
    fn value(&mut self, value: &'a Expression, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits `{{role "user"}}`, `{{history}}`, `{{section "name"}}` and `{{media url=x}}`.
    fn mark(&mut self, mark: &'a Mark, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits a block, and walks its programs.
    fn block(&mut self, block: &'a Block, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits the call of a partial, finds the partial and walks it.
    fn partial(&mut self, call: &'a PartialCall, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;

    /// Visits nodes in order.
    fn nodes(&mut self, nodes: &'a [Node], scope: &Self::Scope<'_>) -> Result<(), Self::Stop> {
        nodes.iter().try_for_each(|node| match node {
            Node::Text(text) => self.text(text, scope),
            Node::Value(place, value) => self.tag(*place).and_then(|()| self.value(value, scope)),
            Node::Mark(place, mark) => self.tag(*place).and_then(|()| self.mark(mark, scope)),
            Node::Block(place, block) => self.tag(*place).and_then(|()| self.block(block, scope)),
            Node::Partial(place, call) => self.tag(*place).and_then(|()| self.partial(call, scope)),
        })
    }
}

/// The helpers of Handlebars and Dotprompt. Each `match` names every kind, so that the compiler finds the places of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    Block(BlockKind),
    Mark(MarkKind),
    Value(ValueHelper),
    Log,
}

/// The helpers that make a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Role,
    History,
    Section,
    Media,
}

/// The helpers that return a value, also in `(helper …)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueHelper {
    Lookup,
    Json,
}

impl Helper {
    /// All helpers by name.
    pub(super) const ALL: [(&'static str, Self); 13] = [
        ("each", Self::Block(BlockKind::Each)),
        ("history", Self::Mark(MarkKind::History)),
        ("if", Self::Block(BlockKind::If)),
        ("ifEquals", Self::Block(BlockKind::IfEquals)),
        ("json", Self::Value(ValueHelper::Json)),
        ("log", Self::Log),
        ("lookup", Self::Value(ValueHelper::Lookup)),
        ("media", Self::Mark(MarkKind::Media)),
        ("role", Self::Mark(MarkKind::Role)),
        ("section", Self::Mark(MarkKind::Section)),
        ("unless", Self::Block(BlockKind::Unless)),
        ("unlessEquals", Self::Block(BlockKind::UnlessEquals)),
        ("with", Self::Block(BlockKind::With)),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, helper)| *helper)
    }

    /// The number of parameters, the keys, and both in words for an error.
    fn takes(self) -> (std::ops::RangeInclusive<usize>, &'static [&'static str], &'static str) {
        match self {
            Self::Block(BlockKind::IfEquals | BlockKind::UnlessEquals) => (2..=2, &[], "two values to compare"),
            Self::Block(BlockKind::If | BlockKind::Unless) => (1..=1, &["includeZero"], "one value"),
            Self::Block(BlockKind::Each | BlockKind::With | BlockKind::Section) => (1..=1, &[], "one value"),
            Self::Value(ValueHelper::Lookup) => (2..=2, &[], "a list or an object, and which item"),
            Self::Value(ValueHelper::Json) => (1..=1, &["indent"], "one value, and indent=2 for indented lines"),
            Self::Log => (0..=usize::MAX, &["level"], "any values"),
            Self::Mark(MarkKind::Role) => (1..=1, &[], "one role: user, model or system"),
            Self::Mark(MarkKind::History) => (0..=0, &[], "no values"),
            Self::Mark(MarkKind::Section) => (1..=1, &[], "one name"),
            Self::Mark(MarkKind::Media) => (0..=0, &["url", "contentType"], "url=… and optionally contentType=…"),
        }
    }
}

#[cfg(test)]
mod tests;
