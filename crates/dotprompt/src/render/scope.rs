//! What holds at one place of a rendering: contexts, loops, names and partials around it.

use std::sync::Arc;

use super::value::Val;
use crate::template::Program;

/// What holds at one place of a rendering.
#[derive(Clone)]
pub(super) struct Scope<'a, 's> {
    /// `this`
    pub(super) context: Val<'a>,
    /// Where `../` leads: the context is the first unless it equals that.
    pub(super) depths: Option<&'s Depths<'a, 's>>,
    /// Where `@name` leads.
    pub(super) frame: Option<&'s Frame<'a, 's>>,
    /// `as |item|`
    pub(super) params: Option<&'s Params<'a, 's>>,
    pub(super) inlines: Option<&'s Inlines<'a, 's>>,
}

/// The contexts of blocks around. A block whose context is that of the block around has none of its own.
pub(super) struct Depths<'a, 's> {
    pub(super) context: Val<'a>,
    pub(super) around: Option<&'s Self>,
}

/// What a loop and a partial's block add to `@name`; `@../name` is what is seen from the frame around.
pub(super) struct Frame<'a, 's> {
    pub(super) adds: Adds<'a, 's>,
    pub(super) around: Option<&'s Self>,
}

pub(super) enum Adds<'a, 's> {
    Turn(Turn<'a>),
    /// What `{{> @partial-block}}` renders from here on.
    Block(Option<&'s PartialBlock<'a, 's>>),
}

pub(super) struct Turn<'a> {
    pub(super) index: usize,
    pub(super) key: Val<'a>,
    pub(super) is_last: bool,
}

pub(super) struct Params<'a, 's> {
    pub(super) values: Vec<(&'a str, Val<'a>)>,
    pub(super) around: Option<&'s Self>,
}

pub(super) struct PartialBlock<'a, 's> {
    pub(super) program: &'a Program,
    pub(super) file: &'a Arc<str>,
    pub(super) scope: &'s Scope<'a, 's>,
}

pub(super) struct Inlines<'a, 's> {
    pub(super) inlines: &'a [(String, Program)],
    pub(super) file: &'a Arc<str>,
    /// The contexts around the block that defines them.
    pub(super) depths: Option<&'s Depths<'a, 's>>,
    pub(super) around: Option<&'s Self>,
}

/// The block that the innermost of these frames has for `{{> @partial-block}}`.
pub(super) fn block_of<'a: 's, 's>(
    mut frames: impl Iterator<Item = &'s Frame<'a, 's>>,
) -> Option<&'s PartialBlock<'a, 's>> {
    frames.find_map(|frame| match frame.adds {
        Adds::Block(block) => Some(block),
        Adds::Turn(_) => None,
    })?
}

impl<'a, 's> Scope<'a, 's> {
    /// The context that so many `../` lead to.
    pub(super) fn above(&self, up: usize) -> Val<'a> {
        let mut depths = std::iter::successors(self.depths, |depths| depths.around);
        depths.nth(up).map_or(Val::missing(), |depths| depths.context.clone())
    }

    pub(super) fn partial_block(&self) -> Option<&'s PartialBlock<'a, 's>> {
        block_of(std::iter::successors(self.frame, |frame| frame.around))
    }
}
