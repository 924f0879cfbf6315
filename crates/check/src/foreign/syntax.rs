//! Tables of foreign syntaxes: a pattern, the language that it belongs to, and what to write here instead.

use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex, RegexSet};

/// Another template language, and how its syntax is written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Other {
    /// Such as `Jinja or Liquid`.
    pub(super) language: &'static str,
    /// Such as `write {{#each files}} … {{/each}}`.
    pub(super) instead: String,
    /// Of a tag: whether it is valid here with another meaning. Of text: whether it is rarely meant as text.
    pub(super) is_certain: bool,
}

impl Other {
    pub(super) fn likely(language: &'static str, instead: &str) -> Self {
        Self { language, instead: instead.to_owned(), is_certain: false }
    }

    pub(super) fn certain(language: &'static str, instead: &str) -> Self {
        Self { is_certain: true, ..Self::likely(language, instead) }
    }
}

/// A row of a [`Table`].
pub(super) struct Syntax {
    /// A regular expression in which `NAME` stands for a name and `.` for any character.
    pattern: &'static str,
    language: &'static str,
    /// The hint, see [`expand`].
    instead: &'static str,
    is_certain: bool,
    compiled: OnceLock<Regex>,
}

/// A syntax that may mean something else too, see [`Other::is_certain`].
pub(super) fn likely(pattern: &'static str, language: &'static str, instead: &'static str) -> Syntax {
    Syntax { pattern, language, instead, is_certain: false, compiled: OnceLock::new() }
}

/// A syntax that hardly means anything else.
pub(super) fn certain(pattern: &'static str, language: &'static str, instead: &'static str) -> Syntax {
    Syntax { is_certain: true, ..likely(pattern, language, instead) }
}

/// A syntax of no language in particular.
pub(super) fn rewrite(pattern: &'static str, instead: &'static str) -> Syntax {
    likely(pattern, "", instead)
}

impl Syntax {
    /// The pattern as a regular expression.
    fn expression(&self) -> String {
        // Ranges in place of `\w`, whose Unicode tables make each pattern large.
        const START: &str = r"A-Za-z_\u{aa}-\u{1fff}\u{3040}-\u{10ffff}";
        let name = format!("(?:[{START}](?:[{START}0-9.]*[{START}0-9])?)");
        format!("(?s){}", self.pattern.replace("NAME", &name))
    }
}

/// Syntaxes; the first that fits counts.
pub(super) struct Table {
    rows: Vec<Syntax>,
    any: RegexSet,
}

impl Table {
    pub(super) fn new(rows: Vec<Syntax>) -> Self {
        let any = RegexSet::new(rows.iter().map(Syntax::expression)).expect("valid patterns");
        Self { rows, any }
    }

    /// The syntax of `text`, and the number of its bytes up to the end of the group `all`, or else of the match.
    pub(super) fn find(&self, text: &str) -> Option<(usize, Other)> {
        let row = &self.rows[self.any.matches(text).iter().next()?];
        let compiled = row.compiled.get_or_init(|| Regex::new(&row.expression()).expect("a valid pattern"));
        let captures = compiled.captures(text)?;
        let end = captures.name("all").or(captures.get(0))?.end();
        let instead = expand(row.instead, &captures);
        Some((end, Other { language: row.language, instead, is_certain: row.is_certain }))
    }

    /// The syntax of a whole tag or statement.
    pub(super) fn of(&self, text: &str) -> Option<Other> {
        self.find(text).map(|(_, other)| other)
    }

    /// The hint for a whole tag or statement.
    pub(super) fn hint(&self, text: &str) -> Option<String> {
        self.of(text).map(|other| other.instead)
    }
}

/// Fills in a hint from a match: `$1` is the first group; `$if` is the group `if` as a condition of Handlebars, such as
/// `ifEquals a b`; `$end` is the helper of that condition.
fn expand(hint: &str, captures: &Captures<'_>) -> String {
    static GROUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$(if|end|[0-9])").expect("a valid pattern"));
    let condition = || {
        let condition = captures.name("if").map_or("…", |group| group.as_str().trim());
        condition_of(condition).unwrap_or_else(|| format!("if {condition}"))
    };
    let group = |placeholder: &Captures<'_>| match &placeholder[1] {
        "if" => condition(),
        "end" => condition().split(' ').next().unwrap_or_default().to_owned(),
        number => {
            let group = number.parse().ok().and_then(|number| captures.get(number));
            group.map_or("", |group| group.as_str().trim()).to_owned()
        }
    };
    GROUP.replace_all(hint, group).into_owned()
}

/// A condition of another language as it follows `#` or `else` here: `ifEquals a b`.
pub(super) fn condition_of(condition: &str) -> Option<String> {
    static CONDITIONS: LazyLock<Table> = LazyLock::new(|| {
        Table::new(vec![
            // `ifCond a "==" b`
            rewrite(r#"^\S+\s+(\S+)\s+["']!==?["']\s+(\S+)$"#, "unlessEquals $1 $2"),
            rewrite(r#"^\S+\s+(\S+)\s+["']===?["']\s+(\S+)$"#, "ifEquals $1 $2"),
            rewrite(r"^(.*?)!==?(.*)$", "unlessEquals $1 $2"),
            rewrite(r"^(.*?)===?(.*)$", "ifEquals $1 $2"),
            rewrite(r"^(?:eq|equals|equal|is|isEqual|ifEq|if_eq|ifeq|eqs)\s+(.+)$", "ifEquals $1"),
            rewrite(r"^(?:ne|neq|notEq|notEquals|isnt|unlessEq)\s+(.+)$", "unlessEquals $1"),
            rewrite(r"^(?:not\s+|!)(.+)$", "unless $1"),
        ])
    });
    let condition = condition.trim().trim_end_matches(':');
    let inner = condition.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(condition);
    CONDITIONS.hint(inner.trim())
}
