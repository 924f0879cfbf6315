//! Linked lists on the stack, for a walk through a template: the contexts, loops and names around one place.

/// A value, and the values around it.
pub(super) struct Chain<'s, T> {
    pub(super) value: T,
    pub(super) around: Option<&'s Self>,
}

impl<'s, T> Chain<'s, T> {
    /// The values, innermost first.
    pub(super) fn values(innermost: Option<&'s Self>) -> impl Iterator<Item = &'s T> + Clone {
        std::iter::successors(innermost, |chain| chain.around).map(|chain| &chain.value)
    }
}
