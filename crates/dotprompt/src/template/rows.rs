//! A template as it is read, before the white space around its tags is taken away: what
//! `lib/handlebars/compiler/whitespace-control.js` of the reference does, step by step.

use super::lexer::is_space;
use super::tags::Strip;
use super::{Block, Node, PartialCall, Place, Program};

/// What stands in a row between two tags of a block.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    items: Vec<Item<'a>>,
    /// Whether it is the one block that `{{else if}}` begins.
    is_chained: bool,
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

/// A tag that is no block.
#[derive(Debug)]
struct Tag {
    /// `None` for a tag that renders nothing.
    node: Option<Node>,
    strip: Strip,
    /// Whether it takes its line if it is alone there: a partial or a comment.
    takes_line: bool,
}

/// A block, and what its tags take.
#[derive(Debug)]
pub(super) struct Nested<'a> {
    pub(super) place: Place,
    /// `None` for one that is wrong.
    pub(super) what: Option<Opened>,
    pub(super) program: Option<Row<'a>>,
    pub(super) inverse: Option<Row<'a>>,
    pub(super) open: Strip,
    /// Of `{{else}}`.
    pub(super) middle: Strip,
    pub(super) close: Strip,
}

#[derive(Debug)]
pub(super) enum Opened {
    Block(Block),
    Partial(PartialCall),
    Inline(String),
}

/// How a block may take the lines of its tags.
struct Lines {
    open: bool,
    close: bool,
}

impl<'a> Row<'a> {
    pub(super) fn chained() -> Self {
        Self { is_chained: true, ..Self::default() }
    }

    pub(super) fn text(&mut self, text: &'a str) {
        self.items.push(Item::Text(Text { original: text, value: text, left_stripped: false, right_stripped: false }));
    }

    pub(super) fn tag(&mut self, node: Option<Node>, strip: Strip, takes_line: bool) {
        self.items.push(Item::Tag(Tag { node, strip, takes_line }));
    }

    pub(super) fn nested(&mut self, nested: Nested<'a>) {
        self.items.push(Item::Nested(Box::new(nested)));
    }

    /// The row of a whole file, without the white space that its tags take.
    pub(super) fn into_program(mut self) -> Program {
        self.trim(true);
        self.finish()
    }

    fn trim(&mut self, is_root: bool) {
        for at in 0..self.items.len() {
            let (strip, lines) = match &mut self.items[at] {
                Item::Text(_) => continue,
                Item::Tag(tag) => (tag.strip, Lines { open: false, close: false }),
                Item::Nested(nested) => {
                    let lines = nested.trim();
                    (Strip { before: nested.open.before, after: nested.close.after }, lines)
                }
            };
            let takes_line = matches!(&self.items[at], Item::Tag(Tag { takes_line: true, .. }));
            let is_first = self.is_blank_before(at, is_root);
            let is_last = self.is_blank_after(Some(at), is_root);
            if strip.after {
                self.omit_right(Some(at), true);
            }
            if strip.before {
                self.omit_left(at, true);
            }
            if takes_line && is_first && is_last {
                self.omit_right(Some(at), false);
                if self.omit_left(at, false) {
                    self.indent(at);
                }
            }
            if lines.open && is_first {
                if let Item::Nested(nested) = &mut self.items[at]
                    && let Some(row) = nested.program.as_mut().or(nested.inverse.as_mut())
                {
                    row.omit_right(None, false);
                }
                self.omit_left(at, false);
            }
            if lines.close && is_last {
                self.omit_right(Some(at), false);
                if let Item::Nested(nested) = &mut self.items[at]
                    && let Some(row) = nested.inverse.as_mut().or(nested.program.as_mut())
                {
                    row.omit_left(row.items.len(), false);
                }
            }
        }
    }

    /// Gives a partial the white space before it on its line.
    fn indent(&mut self, at: usize) {
        let (before, rest) = self.items.split_at_mut(at);
        if let (Some(Item::Text(text)), Some(Item::Tag(Tag { node: Some(Node::Partial(_, call)), .. }))) =
            (before.last(), rest.first_mut())
        {
            let line = text.original.trim_end_matches([' ', '\t']);
            call.indent = text.original[line.len()..].to_owned();
        }
    }

    /// Whether only white space, and a line break or the beginning of the file, stands before an item.
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

    /// The same after an item, or at the start of the row.
    fn is_blank_after(&self, at: Option<usize>, is_root: bool) -> bool {
        let next = at.map_or(0, |at| at + 1);
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

    /// Removes white space after an item, or at the start of the row: all of it, or up to the end of the line.
    fn omit_right(&mut self, at: Option<usize>, is_multiple: bool) {
        let Some(Item::Text(text)) = self.items.get_mut(at.map_or(0, |at| at + 1)) else { return };
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
        let Self { program, inverse, open, middle, close, .. } = self;
        for row in [program.as_mut(), inverse.as_mut()].into_iter().flatten() {
            row.trim(false);
        }
        let (Some(program), inverse) = (match program {
            Some(program) => (Some(program), inverse.as_mut()),
            None => (inverse.as_mut(), None),
        }) else {
            return Lines { open: false, close: false };
        };
        let end = program.items.len();
        let Some(inverse) = inverse else {
            let lines = Lines { open: program.is_blank_after(None, false), close: program.is_blank_before(end, false) };
            if open.after {
                program.omit_right(None, true);
            }
            if close.before {
                program.omit_left(end, true);
            }
            return lines;
        };
        let first = inverse.first_in_chain();
        let lines =
            Lines { open: program.is_blank_after(None, false), close: first.is_blank_before(first.items.len(), false) };
        if open.after {
            program.omit_right(None, true);
        }
        if middle.before {
            program.omit_left(end, true);
        }
        if middle.after {
            inverse.first_in_chain().omit_right(None, true);
        }
        if close.before {
            // In a chain this is the first block's row, too.
            let first = inverse.first_in_chain();
            first.omit_left(first.items.len(), true);
        }
        let first = inverse.first_in_chain();
        if program.is_blank_before(end, false) && first.is_blank_after(None, false) {
            program.omit_left(end, false);
            first.omit_right(None, false);
        }
        lines
    }

    fn finish(self, program: &mut Program) {
        let body = self.program.map(Row::finish).unwrap_or_default();
        match self.what {
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
    /// What `{{else if}}` shows, if the row is of one.
    fn first_in_chain(&mut self) -> &mut Self {
        // It has no block if that nests too deep.
        let is_one =
            self.is_chained && matches!(self.items.as_slice(), [Item::Nested(nested)] if nested.program.is_some());
        if !is_one {
            return self;
        }
        match self.items.first_mut() {
            Some(Item::Nested(nested)) => nested.program.as_mut().expect("looked at above"),
            _ => unreachable!("looked at above"),
        }
    }
}
