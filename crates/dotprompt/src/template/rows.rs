//! Removes white space around tags, in the same steps as `lib/handlebars/compiler/whitespace-control.js` of Handlebars.

use super::lexer::is_space;
use super::tags::Strip;
use super::{Block, Node, PartialCall, Place, Program};

/// Text and tags in order, before white space is removed: a file, or a part of a block between two of its tags.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    items: Vec<Item<'a>>,
    /// Whether it is the block of an `{{else if}}`.
    pub(super) is_chained: bool,
}

#[derive(Debug)]
enum Item<'a> {
    Text(Text<'a>),
    Tag(Tag),
    Nested(Box<Nested<'a>>),
}

#[derive(Debug)]
struct Text<'a> {
    original: &'a str,
    value: &'a str,
    left_stripped: bool,
    right_stripped: bool,
}

/// A tag other than a block.
#[derive(Debug)]
struct Tag {
    /// `None` for a comment or an invalid tag.
    node: Option<Node>,
    strip: Strip,
    /// Whether a line with nothing else is removed: for a partial or a comment.
    takes_line: bool,
}

/// A block, and the tildes of its tags.
#[derive(Debug)]
pub(super) struct Nested<'a> {
    pub(super) place: Place,
    /// `None` for an invalid block.
    pub(super) opened: Option<Opened>,
    pub(super) program: Option<Row<'a>>,
    pub(super) inverse: Option<Row<'a>>,
    pub(super) open: Strip,
    /// The tildes of `{{else}}`.
    pub(super) middle: Strip,
    pub(super) close: Strip,
}

#[derive(Debug)]
pub(super) enum Opened {
    Block(Block),
    Partial(PartialCall),
    Inline(String),
}

/// Whether the lines of a block's opening and closing tags are removed if they have nothing else.
#[derive(Default)]
struct Lines {
    open: bool,
    close: bool,
}

impl<'a> Row<'a> {
    pub(super) fn text(&mut self, text: &'a str) {
        self.items.push(Item::Text(Text { original: text, value: text, left_stripped: false, right_stripped: false }));
    }

    pub(super) fn tag(&mut self, node: Option<Node>, strip: Strip, takes_line: bool) {
        self.items.push(Item::Tag(Tag { node, strip, takes_line }));
    }

    pub(super) fn nested(&mut self, nested: Nested<'a>) {
        self.items.push(Item::Nested(Box::new(nested)));
    }

    /// Removes white space from the row of a whole file.
    pub(super) fn into_program(mut self) -> Program {
        self.trim(true);
        self.finish()
    }

    fn trim(&mut self, is_root: bool) {
        for at in 0..self.items.len() {
            let (strip, lines) = match &mut self.items[at] {
                Item::Text(_) => continue,
                Item::Tag(tag) => (tag.strip, Lines::default()),
                Item::Nested(nested) => {
                    let lines = nested.trim();
                    (Strip { before: nested.open.before, after: nested.close.after }, lines)
                }
            };
            let takes_line = matches!(&self.items[at], Item::Tag(Tag { takes_line: true, .. }));
            let is_first = self.is_blank_before(at, is_root);
            let is_last = self.is_blank_after(at + 1, is_root);
            if strip.after {
                self.omit_right(at + 1, true);
            }
            if strip.before {
                self.omit_left(at, true);
            }
            if takes_line && is_first && is_last {
                self.omit_right(at + 1, false);
                if self.omit_left(at, false) {
                    self.indent(at);
                }
            }
            if lines.open && is_first {
                if let Item::Nested(nested) = &mut self.items[at]
                    && let Some(row) = nested.program.as_mut().or(nested.inverse.as_mut())
                {
                    row.omit_right(0, false);
                }
                self.omit_left(at, false);
            }
            if lines.close && is_last {
                self.omit_right(at + 1, false);
                if let Item::Nested(nested) = &mut self.items[at]
                    && let Some(row) = nested.inverse.as_mut().or(nested.program.as_mut())
                {
                    row.omit_left(row.items.len(), false);
                }
            }
        }
    }

    /// Moves the white space before a partial on its line into the partial.
    fn indent(&mut self, at: usize) {
        let (before, rest) = self.items.split_at_mut(at);
        if let (Some(Item::Text(text)), Some(Item::Tag(Tag { node: Some(Node::Partial(_, call)), .. }))) =
            (before.last(), rest.first_mut())
        {
            let line = text.original.trim_end_matches([' ', '\t']);
            call.indent = text.original[line.len()..].to_owned();
        }
    }

    /// Whether the line before an item is blank.
    fn is_blank_before(&self, at: usize, is_root: bool) -> bool {
        match at.checked_sub(1).map(|before| &self.items[before]) {
            None => is_root,
            Some(Item::Text(text)) => {
                let line = text.original.trim_end_matches(is_space);
                text.original[line.len()..].contains('\n') || (is_root && at == 1 && line.is_empty())
            }
            Some(_) => false,
        }
    }

    /// Whether the line from an item on is blank.
    fn is_blank_after(&self, next: usize, is_root: bool) -> bool {
        match self.items.get(next) {
            None => is_root,
            Some(Item::Text(text)) => {
                let line = text.original.trim_start_matches(is_space);
                text.original[..text.original.len() - line.len()].contains('\n')
                    || (is_root && next + 1 == self.items.len() && line.is_empty())
            }
            Some(_) => false,
        }
    }

    /// Removes white space at the start of an item: all of it, or up to the end of the line.
    fn omit_right(&mut self, next: usize, is_multiple: bool) {
        let Some(Item::Text(text)) = self.items.get_mut(next) else { return };
        if !is_multiple && text.right_stripped {
            return;
        }
        let value = if is_multiple {
            text.value.trim_start_matches(is_space)
        } else {
            let line = text.value.trim_start_matches([' ', '\t']);
            let line = line.strip_prefix('\r').unwrap_or(line);
            line.strip_prefix('\n').unwrap_or(line)
        };
        text.right_stripped = value.len() != text.value.len();
        text.value = value;
    }

    /// Removes white space before an item: all of it, or that on its line. Returns whether there was any.
    fn omit_left(&mut self, at: usize, is_multiple: bool) -> bool {
        let Some(Item::Text(text)) = at.checked_sub(1).and_then(|before| self.items.get_mut(before)) else {
            return false;
        };
        if !is_multiple && text.left_stripped {
            return false;
        }
        let value =
            if is_multiple { text.value.trim_end_matches(is_space) } else { text.value.trim_end_matches([' ', '\t']) };
        text.left_stripped = value.len() != text.value.len();
        text.value = value;
        text.left_stripped
    }

    fn finish(self) -> Program {
        let mut program = Program::default();
        for item in self.items {
            match item {
                Item::Text(text) if text.value.is_empty() => {}
                Item::Text(text) => program.nodes.push(Node::Text(text.value.into())),
                Item::Tag(tag) => program.nodes.extend(tag.node),
                Item::Nested(nested) => nested.finish(&mut program),
            }
        }
        program
    }
}

impl Nested<'_> {
    fn trim(&mut self) -> Lines {
        let Self { open, middle, close, .. } = *self;
        self.program.iter_mut().chain(&mut self.inverse).for_each(|row| row.trim(false));
        let mut rows = self.program.iter_mut().chain(&mut self.inverse);
        let Some(row) = rows.next() else { return Lines::default() };
        let end = row.items.len();
        // In a chain of `{{else if}}` it is the first one, even for the closing tag.
        let Some(inverse) = rows.next().map(Row::first_in_chain) else {
            let lines = Lines { open: row.is_blank_after(0, false), close: row.is_blank_before(end, false) };
            if open.after {
                row.omit_right(0, true);
            }
            if close.before {
                row.omit_left(end, true);
            }
            return lines;
        };
        let inverse_end = inverse.items.len();
        let lines = Lines { open: row.is_blank_after(0, false), close: inverse.is_blank_before(inverse_end, false) };
        if open.after {
            row.omit_right(0, true);
        }
        if middle.before {
            row.omit_left(end, true);
        }
        if middle.after {
            inverse.omit_right(0, true);
        }
        if close.before {
            inverse.omit_left(inverse_end, true);
        }
        if row.is_blank_before(end, false) && inverse.is_blank_after(0, false) {
            row.omit_left(end, false);
            inverse.omit_right(0, false);
        }
        lines
    }

    fn finish(self, program: &mut Program) {
        let body = self.program.map(Row::finish).unwrap_or_default();
        match self.opened {
            Some(Opened::Block(block)) => {
                let otherwise = self.inverse.map(Row::finish).unwrap_or_default();
                program.nodes.push(Node::Block(self.place, Box::new(Block { body, otherwise, ..block })));
            }
            Some(Opened::Partial(call)) => {
                program.nodes.push(Node::Partial(self.place, Box::new(PartialCall { block: Some(body), ..call })));
            }
            Some(Opened::Inline(name)) => program.inlines.push((name, body)),
            None => {}
        }
    }
}

impl<'a> Row<'a> {
    /// The body of an `{{else if}}`, or the row itself.
    fn first_in_chain(&mut self) -> &mut Self {
        // A block that nests too deep is missing.
        let is_one =
            self.is_chained && matches!(self.items.as_slice(), [Item::Nested(nested)] if nested.program.is_some());
        if !is_one {
            return self;
        }
        match self.items.first_mut() {
            Some(Item::Nested(nested)) => nested.program.as_mut().expect("checked above"),
            _ => unreachable!("checked above"),
        }
    }
}
