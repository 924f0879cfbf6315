//! The state at one place of a rendering: contexts, loops, names and partials around it.

use std::sync::Arc;

use super::value::Val;
use crate::chain::Chain;
use crate::template::Program;

/// The state at one place of a rendering.
#[derive(Clone)]
pub(super) struct Scope<'a, 's> {
    /// `this`
    pub(super) context: Val<'a>,
    /// The contexts of `../`.
    pub(super) depths: Option<&'s Depths<'a, 's>>,
    /// The values of `@name`.
    pub(super) frame: Option<&'s Frame<'a, 's>>,
    /// `as |item|`
    pub(super) params: Option<&'s Params<'a, 's>>,
    pub(super) inlines: Option<&'s Inlines<'a, 's>>,
}

/// The contexts of the blocks around. A block with the same context as the block around adds none.
pub(super) type Depths<'a, 's> = Chain<'s, Val<'a>>;

/// The `@name` values of a loop or of a partial's block. `@../name` is the value in the frame around.
pub(super) type Frame<'a, 's> = Chain<'s, Adds<'a, 's>>;

pub(super) enum Adds<'a, 's> {
    Turn(Turn<'a>),
    /// The block that `{{> @partial-block}}` renders.
    Block(Option<&'s PartialBlock<'a, 's>>),
}

pub(super) struct Turn<'a> {
    pub(super) index: usize,
    pub(super) key: Val<'a>,
    pub(super) is_last: bool,
}

/// Block parameters, `as |item|`.
pub(super) type Params<'a, 's> = Chain<'s, Vec<(&'a str, Val<'a>)>>;

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

/// The block of the innermost frame that has one.
pub(super) fn block_of<'a: 's, 's>(
    mut frames: impl Iterator<Item = &'s Adds<'a, 's>>,
) -> Option<&'s PartialBlock<'a, 's>> {
    frames.find_map(|adds| if let Adds::Block(block) = adds { Some(*block) } else { None })?
}

impl<'a, 's> Scope<'a, 's> {
    /// The context of `../`, `up` times.
    pub(super) fn above(&self, up: usize) -> Val<'a> {
        Chain::values(self.depths).nth(up).map_or(Val::missing(), Val::clone)
    }

    pub(super) fn partial_block(&self) -> Option<&'s PartialBlock<'a, 's>> {
        block_of(Chain::values(self.frame))
    }
}
