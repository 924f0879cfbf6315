//! The state of the walk at one place of a template.

use crate::chain::Chain;
use crate::template::Inlines;

/// The state of the walk at one place of a template.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// `this`
    pub(super) context: &'s Context<'s>,
    /// Block parameters, `as |item|`.
    pub(super) names: Option<&'s Names<'s>>,
    /// The lists of the loops around.
    pub(super) lists: Option<&'s Chain<'s, Option<usize>>>,
    /// Variables that an `{{#if}}` around has tested.
    pub(super) tested: Option<&'s Chain<'s, usize>>,
    pub(super) inlines: Option<&'s Inlines<'s, 'a>>,
    /// Whether a rendering may skip this place.
    pub(super) is_optional: bool,
    /// Whether there may be unknown loops around.
    pub(super) is_open: bool,
    /// Whether it is in an inline partial or in the block of a partial, which are rendered somewhere else.
    pub(super) is_called: bool,
}

pub(super) struct Context<'s> {
    /// `None` for a value that is not a part of a variable.
    pub(super) part: Option<usize>,
    /// The `key=value` of partials.
    pub(super) given: Option<&'s Names<'s>>,
    /// The context of `../`.
    pub(super) up: Option<&'s Self>,
}

/// Names with their parts.
pub(super) type Names<'s> = Chain<'s, Vec<(&'s str, Option<usize>)>>;

impl<'s> Names<'s> {
    pub(super) fn find(names: Option<&'s Self>, name: &str) -> Option<Option<usize>> {
        Self::values(names).flatten().find(|(known, _)| *known == name).map(|(_, part)| *part)
    }

    /// The number of names, including those around.
    pub(super) fn count(names: Option<&'s Self>) -> usize {
        Self::values(names).map(Vec::len).sum()
    }
}
