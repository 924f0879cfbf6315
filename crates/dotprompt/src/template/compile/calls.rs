//! Compiles what one tag calls: a path, a helper, a block, a partial.

use serde_json::Value;

use super::{Compiler, width};
use crate::message::Role;
use crate::problem::{Cause, Code, Problem};
use crate::reader::{did_you_mean, shorten};
use crate::shown::Shown;
use crate::template::expression::Parsed;
use crate::template::rows::Opened;
use crate::template::tags::{Tag, TagKind};
use crate::template::{Base, Block, BlockKind, Call, Expression, Helper, Mark, Node, PartialCall, PartialName, Path};

/// What a name in a tag says of a block around, `as |name|`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemName {
    Not,
    Known,
    /// Outside of the `{{#*inline}}` around, where the reference loses count of such names.
    OutsideOfInline,
}

impl Compiler<'_> {
    /// `{{x}}`, `{{helper x}}`
    pub(super) fn value(&mut self, tag: &Tag<'_>) -> Option<Node> {
        let Parsed { call, .. } = self.parse(tag).filter(|parsed| self.has_no_names(tag, parsed))?;
        let is_call = call.has_arguments();
        let helper = match self.helper(tag, &call)? {
            Some(Helper::Block(_)) if is_call => {
                let message = format!("`{0}` is a block: {{{{#{0} …}}}} … {{{{/{0}}}}}", call.name);
                self.problem(tag, Code::Helper, message);
                return None;
            }
            Some(helper) if is_call || helper == Helper::History => helper,
            _ => return Some(Node::Value(tag.place, Expression::Path(call.path?))),
        };
        if !self.check_call(tag, helper, &call) {
            return None;
        }
        match helper {
            Helper::Log => None,
            Helper::Role | Helper::History | Helper::Section | Helper::Media => {
                let mark = self.mark(tag, helper, call)?;
                self.media.extend(Shown::of(tag.place, &mark));
                Some(Node::Mark(tag.place, Box::new(mark)))
            }
            _ => Some(Node::Value(tag.place, Expression::Call(Box::new(call)))),
        }
    }

    /// The helper that a tag calls, if it calls one; nothing if it cannot be called so.
    fn helper(&mut self, tag: &Tag<'_>, call: &Call) -> Option<Option<Helper>> {
        if call.path.is_none() {
            let name = shorten(&call.name);
            self.problem(
                tag,
                Code::Syntax,
                format!("a name must stand here, not a value; a variable of that name is {{{{[{name}]}}}}"),
            );
            return None;
        }
        let is_call = call.has_arguments();
        match call.simple_name() {
            Some(name) if self.item_name(name) != ItemName::Not => {
                if is_call {
                    let message = format!("`{}` is the name of an item here and takes nothing", shorten(name));
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Some(None)
            }
            Some(name) => match Helper::parse(name) {
                None if is_call => {
                    self.unknown_helper(tag, name);
                    None
                }
                helper => Some(helper),
            },
            None if is_call => {
                self.unknown_helper(tag, &call.name);
                None
            }
            None => Some(None),
        }
    }

    fn mark(&mut self, tag: &Tag<'_>, helper: Helper, mut call: Call) -> Option<Mark> {
        let first = call.params.drain(..).next();
        Some(match (helper, first) {
            (Helper::Role, Some(role)) => {
                let wrong = match &role {
                    Expression::Literal(role) => Role::parse(role.as_str().unwrap_or_default()).err(),
                    Expression::Path(path) => path.simple_name().and_then(bare_role),
                    Expression::Call(_) => None,
                };
                if let Some(message) = wrong {
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Mark::Role(role)
            }
            (Helper::Section, Some(name)) => {
                if let Expression::Path(path) = &name
                    && let Some(name) = path.simple_name()
                    && self.item_name(name) == ItemName::Not
                {
                    let message = format!("the name of a section is text: {{{{section \"{}\"}}}}", shorten(name));
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Mark::Section(name)
            }
            (Helper::Media, _) => {
                let mut take = |name: &str| {
                    let at = call.hash.iter().position(|(key, _)| key == name)?;
                    Some(call.hash.swap_remove(at).1)
                };
                let Some(url) = take("url") else {
                    self.problem(tag, Code::Helper, "`media` takes url=… and, if known, contentType=…");
                    return None;
                };
                Mark::Media { url, content_type: take("contentType") }
            }
            _ => Mark::History,
        })
    }

    /// What `{{#…}}` or `{{else …}}` opens.
    pub(super) fn block(&mut self, tag: &Tag<'_>, parsed: Parsed) -> Option<Block> {
        let Parsed { mut call, block_params, .. } = parsed;
        let kind = match self.helper(tag, &call)? {
            Some(helper @ Helper::Block(kind)) => {
                if !self.check_call(tag, helper, &call) {
                    return None;
                }
                kind
            }
            Some(_) if call.has_arguments() => {
                self.problem(tag, Code::Helper, format!("`{0}` is not a block: {{{{{0} …}}}}", call.name));
                return None;
            }
            _ => {
                call.params.extend(call.path.map(Expression::Path));
                BlockKind::Section
            }
        };
        let most = match kind {
            BlockKind::Each | BlockKind::Section => 2,
            BlockKind::With => 1,
            _ => 0,
        };
        let wrong = match block_params.len() {
            0 => None,
            _ if tag.kind == TagKind::OpenInverse => Some("{{^…}} has no items to name: {{#each items as |item|}}"),
            _ if most == 0 => Some("only each and with name what they show: {{#each items as |item|}}"),
            names if names > most => Some("names for the items are written `as |item|` or `as |item index|`"),
            _ => None,
        };
        if let Some(message) = wrong {
            self.problem(tag, Code::Syntax, message);
            return None;
        }
        let include_zero = call.hash.into_iter().find(|(key, _)| key == "includeZero").map(|(_, value)| value);
        let (body, otherwise) = Default::default();
        Some(Block { kind, params: call.params, block_params, include_zero, body, otherwise })
    }

    pub(super) fn partial(&mut self, tag: &Tag<'_>, parsed: Parsed, has_fallback: bool) -> Option<PartialCall> {
        if !self.has_no_names(tag, &parsed) || !self.check_values(tag, &parsed.call) {
            return None;
        }
        let Call { name, params, hash, .. } = parsed.call;
        let mut params = params.into_iter();
        let context = params.next();
        if params.next().is_some() {
            self.problem(tag, Code::Syntax, "a partial takes one context, and key=value");
            return None;
        }
        if name != "@partial-block" && !self.partials.iter().any(|partial| partial.name == name) {
            let (name, place, width) = (name.clone(), tag.place, width(tag));
            self.partials.push(PartialName { name, place, width, has_fallback });
        }
        Some(PartialCall { name, context, hash, block: None, indent: String::new() })
    }

    pub(super) fn inline(&mut self, tag: &Tag<'_>, parsed: Parsed) -> Option<String> {
        let Parsed { call: Call { name, params, hash, .. }, block_params, .. } = parsed;
        match (name.as_str(), params.as_slice()) {
            ("inline", [Expression::Literal(Value::String(name))]) if hash.is_empty() && block_params.is_empty() => {
                Some(name.clone())
            }
            _ => {
                self.problem(tag, Code::Syntax, "the only decorator is {{#*inline \"name\"}} … {{/inline}}");
                None
            }
        }
    }

    /// What a name stands for in blocks around.
    fn item_name(&self, name: &str) -> ItemName {
        let mut found = ItemName::Known;
        for open in self.open.iter().rev() {
            match &open.what {
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

    /// Whether the paths of a tag mean something here.
    pub(super) fn check_paths(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let is_test = matches!(call.simple_name(), Some("if" | "unless")) && tag.kind != TagKind::Partial;
        let is_partial = matches!(tag.kind, TagKind::Partial | TagKind::OpenPartial | TagKind::Close);
        let own = call.path.as_ref().filter(|_| !is_partial && !call.has_arguments());
        if own.is_some_and(|path| !self.check_path(tag, path, false)) {
            return false;
        }
        let values = call.params.iter().chain(call.hash.iter().map(|(_, value)| value));
        values.into_iter().all(|value| match value {
            Expression::Literal(_) => true,
            Expression::Path(path) => self.check_path(tag, path, is_test),
            Expression::Call(inner) => self.check_paths(tag, inner),
        })
    }

    fn check_path(&mut self, tag: &Tag<'_>, path: &Path, is_test: bool) -> bool {
        let is_block =
            matches!(path.base, Base::Data { .. }) && path.segments.first().is_some_and(|s| s == "partial-block");
        if is_block && !(is_test && path.segments.len() == 1) {
            let message = "@partial-block is shown by {{> @partial-block}} and tested by {{#if @partial-block}}";
            self.problem(tag, Code::Syntax, message);
            return false;
        }
        if let Some(name) = path.param()
            && self.item_name(name) == ItemName::OutsideOfInline
        {
            let name = shorten(name);
            let message =
                format!("an inline partial does not see `{name}` of the block around: call it with {name}={name}");
            self.problem(tag, Code::Syntax, message);
            return false;
        }
        true
    }

    /// Whether a tag that opens no block names no items.
    pub(super) fn has_no_names(&mut self, tag: &Tag<'_>, parsed: &Parsed) -> bool {
        if !parsed.block_params.is_empty() {
            self.problem(tag, Code::Syntax, "only each and with name what they show: {{#each items as |item|}}");
        }
        parsed.block_params.is_empty()
    }

    /// Whether a helper that exists is called as it can be.
    fn check_call(&mut self, tag: &Tag<'_>, helper: Helper, call: &Call) -> bool {
        let (count, keys, takes) = helper.takes();
        let name = &call.name;
        if let Some((key, _)) = call.hash.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            let message = format!("`{name}` has no key `{}`: it takes {takes}", shorten(key));
            let cause = Cause::UnknownKey { name: key.clone(), known: keys.to_vec() };
            let problem = Problem::new(Code::Helper, self.file, tag.place, width(tag), message);
            self.report(problem.with_hint(did_you_mean(key, keys)).with_cause(cause));
            return false;
        }
        if !count.contains(&call.params.len()) {
            self.problem(tag, Code::Helper, format!("`{name}` takes {takes}"));
            return false;
        }
        self.check_values(tag, call)
    }

    /// Whether the sub-expressions are helpers that give a value.
    fn check_values(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let values = call.params.iter().chain(call.hash.iter().map(|(_, value)| value));
        for value in values {
            let Expression::Call(inner) = value else { continue };
            let name = inner.simple_name().filter(|name| self.item_name(name) == ItemName::Not);
            let fits = match name.and_then(Helper::parse) {
                Some(helper @ (Helper::Lookup | Helper::Json)) => self.check_call(tag, helper, inner),
                Some(_) => {
                    let message = format!("`{}` gives no value: (lookup …) and (json …) do", inner.name);
                    self.problem(tag, Code::Helper, message);
                    false
                }
                None => {
                    self.unknown_helper(tag, &inner.name);
                    false
                }
            };
            if !fits {
                return false;
            }
        }
        true
    }

    fn unknown_helper(&mut self, tag: &Tag<'_>, name: &str) {
        let known = Helper::ALL.map(|(name, _)| name);
        let message = format!("there is no helper `{}`; there are {}", shorten(name), known.join(", "));
        self.problem_with_hint(tag, Code::Helper, message, did_you_mean(name, &known));
    }
}

/// What is wrong with a role that is written without quotes: these words are no variables of anyone's.
fn bare_role(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "assistant" => Some("a role is written in quotes, and the assistant is {{role \"model\"}}".to_owned()),
        "user" | "model" | "system" => Some(format!("a role is written in quotes: {{{{role \"{name}\"}}}}")),
        "tool" => Role::parse("tool").err(),
        _ => None,
    }
}
