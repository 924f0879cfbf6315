//! Follows the partials of a prompt and finds the variables that all of them use.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::bounds;
use super::file::Partial;
use super::problem::{Cause, Code, Problem};
use super::reader::shorten;
use super::template::{PartialName, Template, Usage, usage};

/// Follows the partials of a prompt. Returns the usage of the prompt and its partials.
///
/// # Errors
/// [`Code::MissingPartial`], [`Code::PartialCycle`], [`Code::Bound`].
pub(super) fn link(root: &Template, partials: &HashMap<String, Arc<Partial>>) -> Result<Usage, Problem> {
    let templates = partials.iter().map(|(name, partial)| (Some(name.as_str()), &partial.template));
    let inlines = templates
        .chain([(None, root)])
        .flat_map(|(definer, template)| template.inlines.iter().map(move |name| (name.as_str(), definer)));
    let inlines = inlines.collect();
    let (usages, heights, chain) = Default::default();
    let mut linker = Linker { partials, inlines, usages, heights, chain, steps_left: bounds::USE_STEPS };
    linker.follow(root)?;
    linker.usage(root, false)
}

struct Linker<'a> {
    partials: &'a HashMap<String, Arc<Partial>>,
    /// The names of inline partials, each with the partial that defines it; `None` for the root.
    inlines: HashSet<(&'a str, Option<&'a str>)>,
    /// The usage of each followed partial.
    usages: HashMap<&'a str, Usage>,
    /// The length of the longest chain of calls from each followed partial, itself included.
    heights: HashMap<&'a str, usize>,
    /// The partials from the root to the current one.
    chain: Vec<&'a str>,
    /// The rest of [`bounds::USE_STEPS`].
    steps_left: usize,
}

impl<'a> Linker<'a> {
    /// The usage of a template after its partials have been followed.
    fn usage(&mut self, template: &'a Template, is_partial: bool) -> Result<Usage, Problem> {
        usage(&template.program, is_partial, &self.usages, &mut self.steps_left).ok_or_else(|| {
            let limit = bounds::USE_STEPS;
            let message =
                format!("the prompt and its partials use variables in too many places: at most {limit} steps");
            Problem::of_file(Code::Bound, &template.file, message)
        })
    }

    /// Follows the partials of a template. Returns the greatest height.
    fn follow(&mut self, template: &'a Template) -> Result<usize, Problem> {
        let mut deepest = 0;
        for used in &template.partials {
            deepest = deepest.max(self.height(template, used)?);
        }
        Ok(deepest)
    }

    /// Follows a partial that `template` uses. Returns its height.
    fn height(&mut self, template: &'a Template, used: &'a PartialName) -> Result<usize, Problem> {
        let name = used.name.as_str();
        let problem = |code, message| Problem::new(code, &template.file, used.place, used.width, message);
        if let Some(height) = self.heights.get(name).copied() {
            return match self.chain.len() + height > bounds::PARTIAL_DEPTH {
                true => Err(problem(Code::Bound, too_deep(self.chain.iter().chain([&name])))),
                false => Ok(height),
            };
        }
        if let Some(at) = self.chain.iter().position(|other| *other == name) {
            let cycle = arrows(self.chain[at..].iter().chain([&name]));
            return Err(problem(Code::PartialCycle, format!("partials include each other: {cycle}")));
        }
        let Some(partial) = self.partials.get(name) else {
            let mut definers = self.chain.iter().copied().map(Some).chain([None]);
            if used.has_fallback || definers.any(|definer| self.inlines.contains(&(name, definer))) {
                return Ok(0);
            }
            let way = match self.chain.as_slice() {
                [] => String::new(),
                chain => format!(" ({})", arrows(chain.iter().chain([&name]))),
            };
            let message = format!("there is no partial `{}`{way}", shorten(name));
            let cause = Cause::MissingPartial { name: name.to_owned() };
            return Err(problem(Code::MissingPartial, message).with_cause(cause));
        };
        if self.chain.len() == bounds::PARTIAL_DEPTH {
            return Err(problem(Code::Bound, too_deep(self.chain.iter())));
        }
        self.chain.push(name);
        let height = 1 + self.follow(&partial.template)?;
        self.chain.pop();
        self.heights.insert(name, height);
        let usage = self.usage(&partial.template, true)?;
        self.usages.insert(name, usage);
        Ok(height)
    }
}

/// `a → b → c`
pub(super) fn arrows<'n>(names: impl Iterator<Item = &'n &'n str>) -> String {
    names.map(|name| shorten(name)).collect::<Vec<_>>().join(" → ")
}

/// The message for a chain of partials that is too long.
pub(super) fn too_deep<'n>(names: impl Iterator<Item = &'n &'n str>) -> String {
    format!("partials call partials more than {} deep: {}", bounds::PARTIAL_DEPTH, arrows(names))
}
