//! What the walk through a template knows at one place of it.

use crate::template::Inlines;

/// What the walk knows at one place of the template.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// `this`
    pub(super) context: &'s Context<'s>,
    /// What `as |item|` of the blocks around names.
    pub(super) names: Option<&'s Names<'s>>,
    /// The loop around.
    pub(super) turn: Option<&'s Turn<'s>>,
    /// Variables that an `{{#if}}` around has tested.
    pub(super) tested: Option<&'s Tested<'s>>,
    pub(super) inlines: Option<&'s Inlines<'s, 'a>>,
    /// Whether a rendering may never come here.
    pub(super) is_optional: bool,
    /// Whether loops may be around that are not known here.
    pub(super) is_open: bool,
    /// Whether this is an inline partial or a partial's block, which is rendered where a partial is.
    pub(super) is_called: bool,
}

pub(super) struct Context<'s> {
    /// Which part it is; none for what is no part of a variable.
    pub(super) part: Option<usize>,
    /// The `key=value` of partials over it.
    pub(super) given: Option<&'s Names<'s>>,
    /// Where `../` leads.
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

/// Names that hold at one place of a template with the parts that they stand for, and those around.
pub(super) struct Names<'s> {
    pub(super) names: Vec<(&'s str, Option<usize>)>,
    pub(super) around: Option<&'s Self>,
}

impl Names<'_> {
    pub(super) fn find(names: Option<&Self>, name: &str) -> Option<Option<usize>> {
        let mut chain = std::iter::successors(names, |names| names.around);
        chain.find_map(|names| names.names.iter().find(|(known, _)| *known == name).map(|(_, part)| *part))
    }

    /// How many there are in all.
    pub(super) fn count(names: Option<&Self>) -> usize {
        std::iter::successors(names, |names| names.around).map(|names| names.names.len()).sum()
    }
}

impl Tested<'_> {
    pub(super) fn has(tested: Option<&Self>, variable: usize) -> bool {
        std::iter::successors(tested, |tested| tested.around).any(|tested| tested.variable == variable)
    }
}
