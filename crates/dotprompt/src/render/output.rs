//! The output of a rendering: text and marks. Lines are indented as partials require.

use super::super::bounds;
use super::super::message::Piece;

pub(super) struct Output {
    pieces: Vec<Piece>,
    text: String,
    /// Bytes of all texts so far.
    length: usize,
    marks: usize,
    /// The white space before each line.
    indent: String,
    at_line_start: bool,
}

impl Output {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let (pieces, indent) = Default::default();
        Self { pieces, text: String::with_capacity(bytes), length: 0, marks: 0, indent, at_line_start: true }
    }

    /// Writes text.
    ///
    /// # Errors
    /// The output is longer than [`bounds::OUTPUT`].
    pub(super) fn text(&mut self, text: &str) -> Result<(), String> {
        if self.indent.is_empty() {
            return self.push(text);
        }
        for line in text.split_inclusive('\n') {
            self.begin_line()?;
            self.push(line)?;
            self.at_line_start = line.ends_with('\n');
        }
        Ok(())
    }

    /// Writes a mark.
    ///
    /// # Errors
    /// There are more than [`bounds::MARKS`].
    pub(super) fn mark(&mut self, piece: Piece) -> Result<(), String> {
        self.begin_line()?;
        self.marks += 1;
        if self.marks > bounds::MARKS {
            return Err(format!("the prompt has more than {} roles, sections and media", bounds::MARKS));
        }
        self.end_text();
        self.pieces.push(piece);
        Ok(())
    }

    /// Adds the indentation of a partial. Returns the length of the indentation around it, for `outdent`.
    pub(super) fn indent(&mut self, indent: &str) -> usize {
        let around = self.indent.len();
        if !indent.is_empty() {
            self.at_line_start = true;
            self.indent.push_str(indent);
        }
        around
    }

    pub(super) fn outdent(&mut self, around: usize) {
        self.indent.truncate(around);
    }

    pub(super) fn into_pieces(mut self) -> Vec<Piece> {
        self.end_text();
        self.pieces
    }

    fn begin_line(&mut self) -> Result<(), String> {
        if self.at_line_start && !self.indent.is_empty() {
            self.at_line_start = false;
            let indent = std::mem::take(&mut self.indent);
            let written = self.push(&indent);
            self.indent = indent;
            return written;
        }
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), String> {
        self.length += text.len();
        if self.length > bounds::OUTPUT {
            return Err(format!("the prompt renders to more than {} bytes", bounds::OUTPUT));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }
}
