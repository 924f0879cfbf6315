//! Compiles what one tag calls: a path, a helper, a block, a partial.

use serde_json::Value;

use super::{Compiler, width};
use crate::bounds;
use crate::message::Role;
use crate::problem::{Cause, Code, Problem};
use crate::reader::{did_you_mean, shorten};
use crate::template::expression::Parsed;
use crate::template::rows::Opened;
use crate::template::tags::{Tag, TagKind};
use crate::template::{
    Block, BlockKind, Call, Expression, Helper, Mark, MarkKind, Node, PartialCall, PartialName, Path, Shown,
};

pub(super) const ONLY_DECORATOR: &str = "the only decorator is {{#*inline \"name\"}} … {{/inline}}";
const ONLY_EACH_AND_WITH: &str = "only each and with allow `as |item|`: {{#each items as |item|}}";

/// Whether a name is a block parameter, `as |name|`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemName {
    Not,
    Known,
    /// Defined outside of the `{{#*inline}}` around the tag, where Handlebars resolves it wrongly.
    OutsideOfInline,
}

impl Compiler<'_> {
    /// `{{x}}`, `{{helper x}}`; `None` for `{{log x}}`.
    pub(super) fn value(&mut self, tag: &Tag<'_>) -> Result<Option<Node>, Problem> {
        let parsed = self.parse(tag)?;
        self.check_no_block_params(tag, &parsed)?;
        let call = parsed.call;
        let is_call = call.has_arguments();
        let helper = match self.helper(tag, &call)? {
            Some(Helper::Block(_)) if is_call => {
                let message = format!("`{0}` is a block: {{{{#{0} …}}}} … {{{{/{0}}}}}", call.name);
                return Err(self.problem(tag, Code::Helper, message));
            }
            Some(helper) if is_call || helper == Helper::Mark(MarkKind::History) => helper,
            _ => return Ok(call.path.map(|path| Node::Value(tag.place, Expression::Path(path)))),
        };
        self.check_call(tag, helper, &call)?;
        Ok(match helper {
            Helper::Log => None,
            Helper::Mark(kind) => {
                let mark = self.mark(tag, kind, call)?;
                self.media.extend(Shown::of(tag.place, &mark));
                Some(Node::Mark(tag.place, Box::new(mark)))
            }
            // Blocks were refused above.
            Helper::Value(_) | Helper::Block(_) => Some(Node::Value(tag.place, Expression::Call(Box::new(call)))),
        })
    }

    /// The helper that a tag calls; `None` for a variable.
    fn helper(&self, tag: &Tag<'_>, call: &Call) -> Result<Option<Helper>, Problem> {
        let is_call = call.has_arguments();
        if call.path.is_none() {
            let name = shorten(&call.name);
            let message = format!("expected a name, found a value; a variable of that name is {{{{[{name}]}}}}");
            return Err(self.problem(tag, Code::Syntax, message));
        }
        let helper = match call.simple_name() {
            Some(name) if self.item_name(name) != ItemName::Not => {
                if !is_call {
                    return Ok(None);
                }
                let message = format!("`{}` is the name of an item here and takes no values", shorten(name));
                return Err(self.problem(tag, Code::Helper, message));
            }
            name => name.and_then(Helper::parse),
        };
        match helper {
            None if is_call => Err(self.unknown_helper(tag, &call.name)),
            helper => Ok(helper),
        }
    }

    fn mark(&self, tag: &Tag<'_>, kind: MarkKind, mut call: Call) -> Result<Mark, Problem> {
        let first = call.params.drain(..).next();
        let wrong = |message| Err(self.problem(tag, Code::Helper, message));
        let takes = Helper::Mark(kind).takes().2;
        match (kind, first) {
            (MarkKind::Role, Some(role)) => {
                let message = match &role {
                    Expression::Literal(role) => Role::parse(role.as_str().unwrap_or_default()).err(),
                    Expression::Path(path) => path.simple_name().and_then(bare_role),
                    Expression::Call(_) => None,
                };
                message.map_or(Ok(Mark::Role(role)), wrong)
            }
            (MarkKind::Section, Some(name)) => match &name {
                Expression::Path(path)
                    if let Some(name) = path.simple_name()
                        && self.item_name(name) == ItemName::Not =>
                {
                    wrong(format!("the name of a section is text: {{{{section \"{}\"}}}}", shorten(name)))
                }
                _ => Ok(Mark::Section(name)),
            },
            (MarkKind::Media, _) => {
                let mut take = |name: &str| {
                    let at = call.hash.iter().position(|(key, _)| key == name)?;
                    Some(call.hash.swap_remove(at).1)
                };
                match (take("url"), take("contentType")) {
                    (Some(url), content_type) => Ok(Mark::Media { url, content_type }),
                    (None, _) => wrong(format!("`media` takes {takes}")),
                }
            }
            (MarkKind::History, _) => Ok(Mark::History),
            (MarkKind::Role | MarkKind::Section, None) => wrong(format!("`{}` takes {takes}", call.name)),
        }
    }

    /// What an opening tag opens.
    pub(super) fn opened(&mut self, tag: &Tag<'_>, parsed: Parsed) -> Result<Opened, Problem> {
        Ok(match tag.kind {
            TagKind::OpenPartial => Opened::Partial(self.partial(tag, parsed, true)?),
            TagKind::OpenInline => Opened::Inline(self.inline(tag, parsed)?),
            _ => Opened::Block(self.block(tag, parsed)?),
        })
    }

    /// `{{#if x}}`, `{{else if x}}`
    pub(super) fn block(&self, tag: &Tag<'_>, parsed: Parsed) -> Result<Block, Problem> {
        let Parsed { mut call, block_params, .. } = parsed;
        let kind = match self.helper(tag, &call)? {
            Some(helper @ Helper::Block(kind)) => {
                self.check_call(tag, helper, &call)?;
                kind
            }
            Some(_) if call.has_arguments() => {
                let message = format!("`{0}` is not a block: {{{{{0} …}}}}", call.name);
                return Err(self.problem(tag, Code::Helper, message));
            }
            _ => {
                call.params.extend(call.path.map(Expression::Path));
                BlockKind::Section
            }
        };
        let most = match kind {
            BlockKind::Each | BlockKind::Section => 2,
            BlockKind::With => 1,
            BlockKind::If | BlockKind::Unless | BlockKind::IfEquals | BlockKind::UnlessEquals => 0,
        };
        let wrong = match block_params.len() {
            0 => None,
            _ if tag.kind == TagKind::OpenInverse => Some("{{^…}} has no items to name: {{#each items as |item|}}"),
            _ if most == 0 => Some(ONLY_EACH_AND_WITH),
            names if names > most => Some("names for the items are written `as |item|` or `as |item index|`"),
            _ => None,
        };
        if let Some(message) = wrong {
            return Err(self.problem(tag, Code::Syntax, message));
        }
        let include_zero = call.hash.into_iter().find(|(key, _)| key == "includeZero").map(|(_, value)| value);
        let (body, otherwise) = Default::default();
        Ok(Block { kind, params: call.params, block_params, include_zero, body, otherwise })
    }

    pub(super) fn partial(
        &mut self,
        tag: &Tag<'_>,
        parsed: Parsed,
        has_fallback: bool,
    ) -> Result<PartialCall, Problem> {
        self.check_no_block_params(tag, &parsed)?;
        self.check_values(tag, &parsed.call)?;
        let Call { name, params, hash, .. } = parsed.call;
        let mut params = params.into_iter();
        let context = params.next();
        if params.next().is_some() {
            return Err(self.problem(tag, Code::Syntax, "a partial takes one context, and key=value"));
        }
        if name != "@partial-block" && !self.partials.iter().any(|partial| partial.name == name) {
            let (name, place, width) = (name.clone(), tag.place, width(tag));
            self.partials.push(PartialName { name, place, width, has_fallback });
        }
        Ok(PartialCall { name, context, hash, block: None, indent: String::new() })
    }

    fn inline(&self, tag: &Tag<'_>, parsed: Parsed) -> Result<String, Problem> {
        let Parsed { call: Call { name, params, hash, .. }, block_params, .. } = parsed;
        match (name.as_str(), params.as_slice()) {
            ("inline", [Expression::Literal(Value::String(name))]) if hash.is_empty() && block_params.is_empty() => {
                Ok(name.clone())
            }
            _ => Err(self.problem(tag, Code::Syntax, ONLY_DECORATOR)),
        }
    }

    /// Whether a name is a block parameter of the blocks around.
    fn item_name(&self, name: &str) -> ItemName {
        let mut found = ItemName::Known;
        // A file that nests deeper is refused, and each of its tags would look at all blocks around it.
        for open in self.open.iter().rev().take(bounds::BLOCK_DEPTH) {
            match &open.opened {
                Some(Opened::Inline(_)) => found = ItemName::OutsideOfInline,
                Some(Opened::Block(block))
                    if open.before_else.is_none() && block.block_params.iter().any(|known| known == name) =>
                {
                    return found;
                }
                _ => {}
            }
        }
        ItemName::Not
    }

    /// Checks the paths of a tag.
    pub(super) fn check_paths(&self, tag: &Tag<'_>, call: &Call) -> Result<(), Problem> {
        let is_test = matches!(call.simple_name(), Some("if" | "unless")) && tag.kind != TagKind::Partial;
        let is_partial = matches!(tag.kind, TagKind::Partial | TagKind::OpenPartial | TagKind::Close);
        if let Some(path) = call.path.as_ref().filter(|_| !is_partial && !call.has_arguments()) {
            self.check_path(tag, path, false)?;
        }
        call.values().try_for_each(|value| match value {
            Expression::Literal(_) => Ok(()),
            Expression::Path(path) => self.check_path(tag, path, is_test),
            Expression::Call(inner) => self.check_paths(tag, inner),
        })
    }

    fn check_path(&self, tag: &Tag<'_>, path: &Path, is_test: bool) -> Result<(), Problem> {
        let is_block = path.is_data && path.segments.first().is_some_and(|name| name == "partial-block");
        if is_block && !(is_test && path.segments.len() == 1) {
            let message = "@partial-block is shown by {{> @partial-block}} and tested by {{#if @partial-block}}";
            return Err(self.problem(tag, Code::Syntax, message));
        }
        match path.param() {
            Some(name) if self.item_name(name) == ItemName::OutsideOfInline => {
                let name = shorten(name);
                let message =
                    format!("an inline partial does not see `{name}` of the block around: call it with {name}={name}");
                Err(self.problem(tag, Code::Syntax, message))
            }
            _ => Ok(()),
        }
    }

    /// Refuses `as |item|` in a tag that opens no block.
    fn check_no_block_params(&self, tag: &Tag<'_>, parsed: &Parsed) -> Result<(), Problem> {
        match parsed.block_params.is_empty() {
            true => Ok(()),
            false => Err(self.problem(tag, Code::Syntax, ONLY_EACH_AND_WITH)),
        }
    }

    /// Checks the parameters and keys that a helper is called with.
    fn check_call(&self, tag: &Tag<'_>, helper: Helper, call: &Call) -> Result<(), Problem> {
        let (count, keys, takes) = helper.takes();
        let name = &call.name;
        if let Some((key, _)) = call.hash.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            let message = format!("`{name}` has no key `{}`: it takes {takes}", shorten(key));
            let cause = Cause::UnknownKey { name: key.clone(), known: keys.to_vec() };
            let problem = self.problem(tag, Code::Helper, message);
            return Err(problem.with_hint(did_you_mean(key, keys)).with_cause(cause));
        }
        if !count.contains(&call.params.len()) {
            return Err(self.problem(tag, Code::Helper, format!("`{name}` takes {takes}")));
        }
        self.check_values(tag, call)
    }

    /// Checks that the sub-expressions are helpers that return a value.
    fn check_values(&self, tag: &Tag<'_>, call: &Call) -> Result<(), Problem> {
        call.values().try_for_each(|value| {
            let Expression::Call(inner) = value else { return Ok(()) };
            let name = inner.simple_name().filter(|name| self.item_name(name) == ItemName::Not);
            match name.and_then(Helper::parse) {
                Some(helper @ Helper::Value(_)) => self.check_call(tag, helper, inner),
                Some(Helper::Block(_) | Helper::Mark(_) | Helper::Log) => {
                    let message = format!("`{}` gives no value: use (lookup …) or (json …)", inner.name);
                    Err(self.problem(tag, Code::Helper, message))
                }
                None => Err(self.unknown_helper(tag, &inner.name)),
            }
        })
    }

    fn unknown_helper(&self, tag: &Tag<'_>, name: &str) -> Problem {
        let known = Helper::ALL.map(|(name, _)| name);
        let message = format!("there is no helper `{}`; there are {}", shorten(name), known.join(", "));
        self.problem(tag, Code::Helper, message).with_hint(did_you_mean(name, &known))
    }
}

/// The message for a role without quotes.
fn bare_role(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "assistant" => Some("a role is written in quotes, and the assistant is {{role \"model\"}}".to_owned()),
        "user" | "model" | "system" => Some(format!("a role is written in quotes: {{{{role \"{name}\"}}}}")),
        "tool" => Role::parse("tool").err(),
        _ => None,
    }
}
