//! Whether a template reads a `@name`.

use super::{Block, Expression, Mark, Node, PartialCall, Path, Program, Template};

impl Template {
    /// Whether a tag of this template reads `@name`, also where no rendering comes.
    pub(crate) fn reads_data(&self, name: &str) -> bool {
        in_program(&self.program, name)
    }
}

fn in_program(program: &Program, name: &str) -> bool {
    let mut programs = program.inlines.iter().map(|(_, inline)| inline);
    program.nodes.iter().any(|node| in_node(node, name)) || programs.any(|inline| in_program(inline, name))
}

fn in_node(node: &Node, name: &str) -> bool {
    let reads = |value: &Expression| in_expression(value, name);
    match node {
        Node::Text(_) => false,
        Node::Value(_, value) => reads(value),
        Node::Mark(_, mark) => match &**mark {
            Mark::Role(value) | Mark::Section(value) => reads(value),
            Mark::History => false,
            Mark::Media { url, content_type } => reads(url) || content_type.as_ref().is_some_and(reads),
        },
        Node::Block(_, block) => {
            let Block { params, include_zero, body, otherwise, .. } = &**block;
            params.iter().chain(include_zero).any(reads) || in_program(body, name) || in_program(otherwise, name)
        }
        Node::Partial(_, call) => {
            let PartialCall { context, hash, block, .. } = &**call;
            let mut values = context.iter().chain(hash.iter().map(|(_, value)| value));
            values.any(reads) || block.as_ref().is_some_and(|block| in_program(block, name))
        }
    }
}

fn in_expression(value: &Expression, name: &str) -> bool {
    let is_it = |path: &Path| path.is_data && path.segments.first().is_some_and(|first| first == name);
    match value {
        Expression::Literal(_) => false,
        Expression::Path(path) => is_it(path),
        Expression::Call(call) => {
            call.path.as_ref().is_some_and(is_it) || call.values().any(|value| in_expression(value, name))
        }
    }
}
