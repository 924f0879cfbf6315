//! The template of a file: text, values, blocks and partials, ready to render.
//!
//! Blocks and white space follow Handlebars (<https://handlebarsjs.com/guide/>), the helpers Dotprompt
//! (<https://google.github.io/dotprompt/reference/template/>).

mod compile;
mod expression;
mod lexer;
mod rows;
mod tags;
mod uses;

use std::collections::HashMap;
use std::sync::Arc;

pub(super) use compile::compile;
pub use expression::Expression;
pub(super) use expression::{Base, Call, Path};
pub(super) use lexer::is_space;
pub use tags::{Tag, Token, tokens};
pub(super) use uses::usage;
pub use uses::{LOOP_DATA, UnknownData, Usage, Variable};

use super::bounds;
use super::problem::Place;
use super::shown::Shown;

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    /// The key of its file.
    pub(super) file: Arc<str>,
    /// Its nodes.
    pub program: Program,
    /// The partials that it names, in the order of their first use.
    pub(super) partials: Vec<PartialName>,
    /// The names of the partials that it defines itself, wherever they hold.
    pub inlines: Vec<String>,
    /// The pictures and other files that it shows, in order.
    pub(super) media: Vec<Shown>,
    /// How long its source is, in bytes.
    pub(super) length: usize,
}

impl Template {
    /// What it uses as a partial whose own partials are not known; nothing if that takes too many steps.
    pub(super) fn usage(&self) -> Option<Usage> {
        usage(&self.program, true, &HashMap::new(), &mut { bounds::USE_STEPS })
    }
}

/// A partial that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartialName {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) width: usize,
    /// Whether a block stands in for it.
    pub(super) has_fallback: bool,
}

/// Nodes in a row.
#[derive(Debug, Default)]
pub struct Program {
    /// In order.
    pub nodes: Vec<Node>,
    /// `{{#*inline "name"}}`: partials that hold in this row alone.
    pub inlines: Vec<(String, Self)>,
}

/// A piece of a compiled template, with the place of its tag.
#[derive(Debug)]
pub enum Node {
    /// Text as it is.
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

/// What divides the output into messages and parts.
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
        /// Where the picture or file is.
        url: Expression,
        /// Its type.
        content_type: Option<Expression>,
    },
}

/// `{{#if x}} … {{else}} … {{/if}}`
#[derive(Debug)]
pub struct Block {
    /// Which block it is.
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
    /// `{{#x}}`: each item of a list, or once with a value.
    Section,
}

/// `{{> name}}`
#[derive(Debug)]
pub struct PartialCall {
    /// As the template writes it.
    pub name: String,
    pub(super) context: Option<Expression>,
    pub(super) hash: Vec<(String, Expression)>,
    /// The content of a block: `{{> @partial-block}}` renders it, and it stands in for a missing partial.
    pub block: Option<Program>,
    /// What each line begins with.
    pub(super) indent: String,
}

/// The partials that a template defines around one of its places.
pub struct Inlines<'s, 'p> {
    /// The innermost program around the place.
    pub program: &'p Program,
    /// Those around that program.
    pub around: Option<&'s Self>,
}

impl<'p> Inlines<'_, 'p> {
    /// The partial of this name; the innermost wins.
    pub fn find(inlines: Option<&Self>, name: &str) -> Option<&'p Program> {
        let mut next = inlines;
        while let Some(Inlines { program, around }) = next {
            if let Some((_, program)) = program.inlines.iter().rfind(|(known, _)| known == name) {
                return Some(program);
            }
            next = *around;
        }
        None
    }
}

/// A walk through a template, with one method for each kind of node.
///
/// Rendering, the search for variables and the survey of `check` are such walks.
pub trait Visitor<'a> {
    /// What a node is visited with: the context, partials around it and the like.
    type Scope<'s>
    where
        'a: 's;
    /// Why a walk ends early.
    type Stop;

    /// Visits text.
    ///
    /// # Errors
    /// To end the walk, as for the other methods.
    fn text(&mut self, text: &'a str, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Comes to a tag; its node is visited next.
    fn tag(&mut self, place: Place) -> Result<(), Self::Stop>;
    /// Visits `{{x}}`.
    fn value(&mut self, value: &'a Expression, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits `{{role "user"}}` and the like.
    fn mark(&mut self, mark: &'a Mark, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits a block; its programs are the visitor's to walk.
    fn block(&mut self, block: &'a Block, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;
    /// Visits the call of a partial; what it calls is the visitor's to find and to walk.
    fn partial(&mut self, call: &'a PartialCall, scope: &Self::Scope<'_>) -> Result<(), Self::Stop>;

    /// Visits nodes in order.
    fn nodes(&mut self, nodes: &'a [Node], scope: &Self::Scope<'_>) -> Result<(), Self::Stop> {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text, scope)?,
                Node::Value(place, value) => {
                    self.tag(*place)?;
                    self.value(value, scope)?;
                }
                Node::Mark(place, mark) => {
                    self.tag(*place)?;
                    self.mark(mark, scope)?;
                }
                Node::Block(place, block) => {
                    self.tag(*place)?;
                    self.block(block, scope)?;
                }
                Node::Partial(place, call) => {
                    self.tag(*place)?;
                    self.partial(call, scope)?;
                }
            }
        }
        Ok(())
    }
}

/// What a helper is for, and so where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    Block(BlockKind),
    Lookup,
    Json,
    Log,
    Role,
    History,
    Section,
    Media,
}

impl Helper {
    /// The helpers of Handlebars and Dotprompt.
    pub(super) const ALL: [(&'static str, Self); 13] = [
        ("each", Self::Block(BlockKind::Each)),
        ("history", Self::History),
        ("if", Self::Block(BlockKind::If)),
        ("ifEquals", Self::Block(BlockKind::IfEquals)),
        ("json", Self::Json),
        ("log", Self::Log),
        ("lookup", Self::Lookup),
        ("media", Self::Media),
        ("role", Self::Role),
        ("section", Self::Section),
        ("unless", Self::Block(BlockKind::Unless)),
        ("unlessEquals", Self::Block(BlockKind::UnlessEquals)),
        ("with", Self::Block(BlockKind::With)),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, helper)| *helper)
    }

    /// How many parameters it takes, the keys it takes, and what an error says it takes.
    fn takes(self) -> (std::ops::RangeInclusive<usize>, &'static [&'static str], &'static str) {
        match self {
            Self::Block(BlockKind::IfEquals | BlockKind::UnlessEquals) => (2..=2, &[], "two values to compare"),
            Self::Block(BlockKind::If | BlockKind::Unless) => (1..=1, &["includeZero"], "one value"),
            Self::Block(_) => (1..=1, &[], "one value"),
            Self::Lookup => (2..=2, &[], "a list or an object, and which item"),
            Self::Json => (1..=1, &["indent"], "one value, and indent=2 if it shall have lines"),
            Self::Log => (0..=usize::MAX, &["level"], "anything"),
            Self::Role => (1..=1, &[], "one role: user, model or system"),
            Self::History => (0..=0, &[], "nothing"),
            Self::Section => (1..=1, &[], "one name"),
            Self::Media => (0..=0, &["url", "contentType"], "url=… and, if known, contentType=…"),
        }
    }
}

/// Whether Handlebars or Dotprompt has a helper of this name.
#[must_use]
pub fn is_helper(name: &str) -> bool {
    Helper::parse(name).is_some()
}

#[cfg(test)]
mod tests;
