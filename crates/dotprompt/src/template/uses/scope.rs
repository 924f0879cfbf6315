//! The state of the walk at one place of a template.

use crate::template::Inlines;

/// The state of the walk at one place of a template.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// `this`
    pub(super) context: &'s Context<'s>,
    /// Block parameters, `as |item|`.
    pub(super) names: Option<&'s Names<'s>>,
    /// The loop around.
    pub(super) turn: Option<&'s Turn<'s>>,
    /// Variables that an `{{#if}}` around has tested.
    pub(super) tested: Option<&'s Tested<'s>>,
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

pub(super) struct Turn<'s> {
    pub(super) list: Option<usize>,
    pub(super) around: Option<&'s Self>,
}

pub(super) struct Tested<'s> {
    pub(super) variable: usize,
    pub(super) around: Option<&'s Self>,
}

/// Names at one place of a template with their parts, and those around.
pub(super) struct Names<'s> {
    pub(super) names: Vec<(&'s str, Option<usize>)>,
    pub(super) around: Option<&'s Self>,
}

impl Names<'_> {
    pub(super) fn find(names: Option<&Self>, name: &str) -> Option<Option<usize>> {
        let mut chain = std::iter::successors(names, |names| names.around);
        chain.find_map(|names| names.names.iter().find(|(known, _)| *known == name).map(|(_, part)| *part))
    }

    /// The number of names, including those around.
    pub(super) fn count(names: Option<&Self>) -> usize {
        std::iter::successors(names, |names| names.around).map(|names| names.names.len()).sum()
    }
}

impl Tested<'_> {
    pub(super) fn has(tested: Option<&Self>, variable: usize) -> bool {
        std::iter::successors(tested, |tested| tested.around).any(|tested| tested.variable == variable)
    }
}
