//! Tags of other template languages, and how they are written here.

use std::sync::LazyLock;

use regex::Regex;

use super::syntax::{Other, Syntax, Table, certain, condition_of, likely, rewrite};

const GO: &str = "Go's template language";
const JINJA: &str = "Jinja or Liquid";
const GUIDANCE: &str = "Guidance";
const OPERATOR: &str = "an operator, which Handlebars does not have";
const FILTER: &str = "a filter of Jinja, Liquid or Angular";
const ELSE_BLOCK: &str = "else written as a block";
/// The language of calls of unknown helpers. The error of such a call names the helper.
pub(super) const HELPER: &str = "a helper that Handlebars does not have by itself";

const NO_ASSIGNMENTS: &str = "write {{#with value as |name|}} … {{/with}}: there are no assignments";
const LITERAL: &str = "write a literal {{ as \\{{";
const OBJECT: &str = "write a literal {{ as \\{{, or put a space between the braces";
const NEST: &str = "nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}";
const ELSE_IF: &str = "write {{#if a}} … {{else if b}} … {{/if}}";
const NO_COMPARISON: &str = "pass the result as an argument";

/// The language of a tag, from its braces to its braces, if it is or may be of another.
pub(super) fn of_tag(tag: &str) -> Option<Other> {
    let inside = tag.strip_prefix("{{")?;
    let inside = inside.strip_suffix("}}").unwrap_or(inside);
    // Go's `{{- x -}}` trims as `{{~x~}}` does.
    let trims = inside.starts_with("- ") || inside.ends_with(" -");
    let inside = inside.trim_matches(['~', '{', '}']).trim();
    let inside = if trims { inside.trim_matches('-').trim() } else { inside };
    // A comment may contain anything.
    if inside.starts_with("!--") {
        return None;
    }
    let has_sign = !tag[2..].starts_with(|c: char| c.is_alphanumeric());
    let found = match inside.starts_with('=') {
        true => Some(change_of_delimiters()),
        false => has_sign.then(|| SIGNS.of(tag)).flatten(),
    };
    if inside.starts_with('>') || inside.starts_with("#>") {
        return found;
    }
    let is_path = inside.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '#' | '@'));
    let values = || if is_path { None } else { VALUES.of(inside) };
    let found = found.or_else(|| TAGS.of(inside)).or_else(|| go(inside)).or_else(|| comparison(inside)).or_else(values);
    found.or_else(|| trims.then(|| Other::likely(GO, "write {{~x~}} to trim white space")))
}

pub(super) fn change_of_delimiters() -> Other {
    Other::likely("Mustache's change of delimiters", "remove it, and write every tag as {{x}}")
}

/// Tags that differ in their signs, with their braces.
static SIGNS: LazyLock<Table> = LazyLock::new(|| {
    let spaced = "a tag with a space before its sign";
    Table::new(vec![
        certain(r"^\{\{~?\s*#(?:[^{}#]*\.)?([^{}#.]*)#~?\s*\}\}$", "Dify", "write {{$1}}"),
        likely(r"^\{\{~?\s*/\*", GO, "write a comment as {{! … }}"),
        likely(r"^\{\{~*\s+([#/>^!])\s*(.*?)[\s~]*(?:\}\})?$", spaced, "write {{$1$2}}: no space before the $1"),
        certain(
            r"^\{\{(?:~\s*[#/]user\s*~?|\s*[#/]user\s*~)\}\}$",
            GUIDANCE,
            "write {{role \"user\"}}, without an end",
        ),
    ])
});

/// Tags of Go whose values begin with a dot or a dollar.
fn go(inside: &str) -> Option<Other> {
    static WITH_VALUES: LazyLock<Table> = LazyLock::new(|| {
        Table::new(vec![
            certain(r"^else\s+if\s+(?<if>.+)$", GO, "write {{else $if}}"),
            certain(r"^if\s+(?<if>.+)$", GO, "write {{#$if}} … {{/$end}}"),
            certain(r"^else\s+with\s+(.+)$", GO, "write {{else with $1}}"),
            certain(r"^with\s+(.+)$", GO, "write {{#with $1}} … {{/with}}"),
            certain(r"^len\s+(\S+)$", GO, "write {{$1.length}}"),
            certain(r"^index\s+(.+)$", GO, "write {{lookup $1}}"),
        ])
    });
    /// `.Name`, `$name` or `$.Name`.
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"([\s(])(?:\$\.|[$.])([\p{Alphabetic}_])").expect("a valid pattern"));
    let plain = VALUE.replace_all(inside, "$1$2").replace(" .", " this");
    if plain == inside { None } else { WITH_VALUES.of(&plain) }
}

/// Tags of Go, and tags that begin with a word that is a statement elsewhere.
static TAGS: LazyLock<Table> = LazyLock::new(|| {
    let text = "write the text and {{values}} directly: there is no formatting";
    let mut rows = vec![
        certain(r"^end$", GO, "write the end of a block with its name: {{/each}}, {{/if}}"),
        certain(r"^range\s+(?:.*:=\s*)?[$.]$", GO, "write {{#each this}} … {{/each}}"),
        certain(r"^range\s+(?:.*:=\s*)?[$.]*(.+)$", GO, "write {{#each $1}} … {{/each}}"),
        certain(r#"^(?:template|include|block)\s+"([^"]*)"#, GO, "write {{> $1}}, and name its file _$1.prompt"),
        certain(r#"^define\s+"([^"]*)"#, GO, "write {{#*inline \"$1\"}} … {{/inline}}"),
        certain(r"^(?:printf|print|println|html|js|urlquery)\s+\S", GO, text),
        certain(r":=", GO, NO_ASSIGNMENTS),
        certain(r"^\.(NAME)", GO, "write {{$1}}"),
        certain(r"^\$\.(NAME)", GO, "write {{@root.$1}}"),
        certain(r"^(?:for)?loop\.index0$", JINJA, "write {{@index}}"),
        certain(r"^(?:for)?loop\.index$", JINJA, "write {{@index}}, which counts from 0"),
        certain(r"^(?:for)?loop\.(first|last)$", JINJA, "write {{@$1}}"),
        certain(r"^(?:for)?loop\.length$", JINJA, "write {{items.length}}"),
    ];
    rows.extend(statements());
    rows.push(likely(r"^[#^/]*\s*(?<if>[^?]+?) \? .*:", "JavaScript", "write {{#$if}}…{{else}}…{{/$end}}"));
    Table::new(rows)
});

/// Statements of tags, and of text between `{%` and `%}`.
fn statements() -> Vec<Syntax> {
    let (else_if, other_else) = ("another spelling of else if", "another spelling of else");
    let (leave_out, helper) = ("remove it: a prompt ends where the model answers", "another helper");
    vec![
        certain(r"^[#/]*\s*(?i:elseif|elsif|elif|else-if):?(?:\s+(?<if>.+))?$", else_if, "write {{else $if}}"),
        certain(r"^[#/]*\s*(?:(?i:else:|otherwise)|Else|ELSE)$", other_else, "write {{else}}"),
        certain(r"^[#/]\s*else$", ELSE_BLOCK, "write {{else}}, without # and without an end"),
        likely(r"^[#/]\s*else\s+(.+)$", ELSE_BLOCK, "write {{else $1}}, without #"),
        certain(r"^[#/]*\s*(?i:endif|fi)$", JINJA, "write {{/if}}"),
        certain(r"^[#/]*\s*(?i:endfor|endforeach|endeach)$", JINJA, "write {{/each}}"),
        certain(r"^[#/]*\s*endunless$", "Liquid", "write {{/unless}}"),
        certain(r"^[#/]*\s*(?:endraw|endverbatim)$", JINJA, LITERAL),
        certain(r"^[#/]*\s*(?:endmacro|endblock)$", JINJA, "write {{#*inline \"name\"}} … {{/inline}}"),
        likely(
            r"^[#/]*\s*(?i:for|foreach)[\s(]+(?:const |let )?(NAME)\s*,\s*(NAME)\s+(?:in|of)\s+([^\s|:()]+)",
            JINJA,
            "write {{#each $3 as |$1 $2|}} … {{/each}}",
        ),
        likely(
            r"^[#/]*\s*(?i:for|foreach)[\s(]+(?:const |let )?(NAME)\s+(?:in|of)\s+([^\s|:()]+)",
            JINJA,
            "write {{#each $2 as |$1|}} … {{/each}}",
        ),
        likely(r"^[#/]*\s*(?i:for|foreach)[\s(]+([^\s)]+)", JINJA, "write {{#each $1}} … {{/each}}"),
        likely(r"^[#/]*\s*(?i:set|assign|let|var|const)\s+\S.*[=\s]", JINJA, NO_ASSIGNMENTS),
        likely(
            r"^[#/]*\s*(?i:case|switch|when)\s+\S",
            helper,
            "write {{#ifEquals a b}} … {{else ifEquals a c}} … {{/ifEquals}}",
        ),
        likely(
            r#"^[#/]*\s*(?:include|import|from|extends|partial|render)\s+["']([^"'.]+)"#,
            JINJA,
            "write {{> $1}}, and name its file _$1.prompt",
        ),
        certain(r"^[#/]\s*system$", GUIDANCE, "write {{role \"system\"}}, without an end"),
        certain(r"^[#/]\s*assistant$", GUIDANCE, "write {{role \"model\"}}, without an end"),
        likely(r#"^[#/]*\s*(?:gen|select)\s+["']"#, GUIDANCE, leave_out),
    ]
}

/// Helpers and operators that compare, in a tag, as a block, or within another.
fn comparison(inside: &str) -> Option<Other> {
    static OTHERS: LazyLock<Table> = LazyLock::new(|| {
        Table::new(vec![
            likely(r"^\(?and\s", HELPER, NEST),
            likely(r"^\(?or\s", HELPER, ELSE_IF),
            likely(
                r"^\(?(?:gt|gte|lt|lte|ge|le|compare|ifCond|contains|includes|in|inArray)\s",
                HELPER,
                "compare with {{#ifEquals a b}}, or pass the result as an argument",
            ),
        ])
    });
    let tag = inside.trim_start_matches(['#', '^']).trim();
    let (start, tag) = tag.strip_prefix("else ").map_or(("#", tag), |rest| ("else ", rest.trim()));
    let (outer, condition) = match tag.split_once(char::is_whitespace) {
        Some((outer @ ("if" | "unless"), condition)) => (outer, condition.trim()),
        _ if start == "else " => return None,
        _ => ("", tag),
    };
    // Handlebars has a value there.
    if !condition.contains(['(', ' ', '!', '=']) {
        return None;
    }
    let Some(positive) = condition_of(condition) else { return OTHERS.of(condition) };
    let (helper, values) = positive.split_once(' ').unwrap_or((&positive, ""));
    let helper = match (outer, helper) {
        ("unless", "ifEquals") => "unlessEquals",
        ("unless", "unlessEquals") => "ifEquals",
        ("unless", "unless") => "if",
        (_, helper) => helper,
    };
    let end = if start == "#" { format!(" … {{{{/{helper}}}}}") } else { String::new() };
    let language = if condition.contains("==") || condition.contains("!=") { OPERATOR } else { HELPER };
    Some(Other::likely(language, &format!("write {{{{{start}{helper} {values}}}}}{end}")))
}

/// Values with variables, filters, calls and operators that other languages define, helpers of other programs, and code.
static VALUES: LazyLock<Table> = LazyLock::new(|| {
    let (call, computed) = ("a call of a function", "use a variable: values are computed before they are passed");
    let dollar = "Semantic Kernel, n8n or Postman";
    let unfiltered = "write {{$1}}, and say in the text how to change it: there are no filters";
    let value = "pass the value as an argument";
    Table::new(vec![
        certain(r"^\$(?:json\.)?(NAME)(?:\s|$)", dollar, "write {{$1}}"),
        likely(r"^[#^/]*(.+?) if (?<if>.+?) else (.+)$", JINJA, "write {{#$if}}$1{{else}}$3{{/$end}}"),
        likely(
            r"^#?\s*(NAME)\s*\|\s*(?:default|d|ifEmpty)(?-u:\b)",
            FILTER,
            "write {{#if $1}}{{$1}}{{else}}…{{/if}}, or give the argument a default",
        ),
        likely(r"^#?\s*(NAME)\s*\|\s*(?:tojson|json|to_json|dump)(?-u:\b)", FILTER, "write {{json $1}}"),
        likely(r"^#?\s*(NAME)\s*\|\s*(?:length|size|count)(?-u:\b)", FILTER, "write {{$1.length}}"),
        likely(
            r"^#?\s*(NAME)\s*\|\s*join(?-u:\b)",
            FILTER,
            "write {{#each $1}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}",
        ),
        likely(r"^#?\s*(NAME)\s*\|\s*(?:safe|e|escape|raw)(?-u:\b)", FILTER, "write {{$1}}: nothing is escaped"),
        likely(r"^#?\s*(NAME)\s*\|\s*(?:trim|strip)(?-u:\b)", FILTER, "write {{$1}}: there are no filters"),
        likely(r"^#?\s*(NAME)\s*\|[^|](?:.*[^|])?$", FILTER, unfiltered),
        likely(
            r"^[^|]*\|[^|](?:.*[^|])?$",
            FILTER,
            "write {{x}}, and say in the text how to change it: there are no filters",
        ),
        likely(r"^NAME\(.*\)", call, computed),
        likely(r#"^[#^]*\s*(NAME)\s*\|\|\s*["']?(.*?)["']?$"#, OPERATOR, "write {{#if $1}}{{$1}}{{else}}$2{{/if}}"),
        likely(r"&&| and ", OPERATOR, NEST),
        likely(r"\|\|| or ", OPERATOR, ELSE_IF),
        likely(r"\?\?", OPERATOR, "write {{#if a}}{{a}}{{else}} … {{/if}}"),
        likely(r" [<>] |[<>]=", OPERATOR, NO_COMPARISON),
        likely(r" \+ ", OPERATOR, value),
        likely(r" ~ ", OPERATOR, "write {{a}}{{b}}"),
        likely(r#"^"[^":]+"\s*:"#, "JSON, JSX, or Python's {{ for {", OBJECT),
        likely(r#"^'?[^\s:'"]+'?\s*:|^\.\.\.|=>"#, "JSX, Vue or JavaScript", OBJECT),
        likely(
            "^[#/^(]*(?i:upper|uppercase|touppercase|lower|lowercase|tolowercase|capitalize|titlecase|truncate|trim|\
             replace|concat|join|split|substring|formatdate|dateformat|date|now|moment|add|subtract|multiply|divide|inc|\
             increment|math|sum|round|random|uuid)\\s+\\S",
            HELPER,
            "pass the value as an argument: no helper computes",
        ),
        likely(r"^[#/^(]*(?i:tojson|jsonstringify|stringify|to_json|dump)\s+\S", HELPER, "write {{json x}}"),
        likely(r"^[#/^(]*(?i:length|size|count|len)\s+\S", HELPER, "write {{items.length}}"),
        likely(
            r"^[#/^(]*(?i:default|coalesce|fallback)\s+\S",
            HELPER,
            "write {{#if x}}{{x}}{{else}} … {{/if}}, or give the argument a default",
        ),
        likely(
            r"^[#/^(]*(?i:repeat|times|loop|eachindex|foreach|list)\s+\S",
            HELPER,
            "write {{#each items}} … {{/each}}",
        ),
        likely(r"^[#/^(]*(?i:get|getitem|pluck)\s+\S", HELPER, "write {{lookup object key}}"),
        likely(r"^[#/^(]*(?i:image|img|attach|picture)\s+\S", HELPER, "write {{media url=…}}"),
        likely(r"^[#/^(]*(?i:raw|verbatim|noop)\s+\S", HELPER, LITERAL),
        likely(r"^[#/^(]*(?i:include|partial|render)\s+\S", HELPER, "write {{> name}}"),
        likely(r"^[#/^(]*(?i:comment)\s+\S", HELPER, "write {{! … }}"),
    ])
});

/// Statements between `{%` and `%}`.
static BLOCKS: LazyLock<Table> = LazyLock::new(|| {
    let mut rows = statements();
    rows.extend([
        certain(r"^if\s+(?<if>.+)$", JINJA, "write {{#$if}} … {{/$end}}"),
        certain(r"^else$", JINJA, "write {{else}}"),
        certain(r"^unless\s+(.+)$", JINJA, "write {{#unless $1}} … {{/unless}}"),
        certain(
            r"^(?:include|import|from|extends|render)\s+([^\s.]+)",
            JINJA,
            "write {{> $1}}, and name its file _$1.prompt",
        ),
        certain(r"^(?:set|assign|capture|with)(?-u:\b)", JINJA, NO_ASSIGNMENTS),
        certain(r"^(?:raw|verbatim)(?-u:\b)", JINJA, LITERAL),
        certain(r"^(?:end)?comment(?-u:\b)", JINJA, "write a comment as {{! … }}"),
        certain(
            r"^(?:case|when|endcase|switch)(?-u:\b)",
            JINJA,
            "write {{#ifEquals a b}} … {{else ifEquals a c}} … {{/ifEquals}}",
        ),
        certain(r"^(?:macro|block)(?-u:\b)", JINJA, "write {{#*inline \"name\"}} … {{/inline}}"),
        certain(r"^(?:end)?chat(?-u:\b)", JINJA, "write {{role \"user\"}}"),
        certain("", JINJA, "write it as Handlebars: {{#if}}, {{#each}}, {{> partial}}"),
    ]);
    Table::new(rows)
});

/// The language of a statement between `{%` and `%}`.
pub(super) fn of_statement(inside: &str) -> Option<Other> {
    BLOCKS.of(inside).map(|found| Other { language: JINJA, is_certain: true, ..found })
}

/// The language of a tag between `<%` and `%>`.
pub(super) fn of_erb(inside: &str) -> Option<Other> {
    static TAGS: LazyLock<Table> = LazyLock::new(|| {
        let erb = "ERB or EJS";
        Table::new(vec![
            certain(r"^#", erb, "write a comment as {{! … }}"),
            certain(r"^(if|unless)\s+[({\s]*(.*?)[)}{\s]*$", erb, "write {{#$1 $2}} … {{/$1}}"),
            certain(r"^else$", erb, "write {{else}}"),
            certain(r"^(?:end|\})$", erb, "write the end of a block with its name: {{/each}}, {{/if}}"),
            certain(r"^@?(NAME)$", erb, "write {{$1}}"),
            certain("", erb, "write it as Handlebars: {{name}}, {{#if}}, {{#each}}"),
        ])
    });
    TAGS.of(inside)
}

/// The hint for a tag whose text is not an expression.
pub(super) fn hint(inside: &str) -> Option<String> {
    static HINTS: LazyLock<Table> = LazyLock::new(|| {
        let literal = "a literal {{ is written \\{{";
        Table::new(vec![
            rewrite(r#"^(NAME)\[["']?([0-9]+)["']?\]$"#, "write {{$1.[$2]}}"),
            rewrite(r#"^(NAME)\[["']?(NAME)["']?\]$"#, "write {{$1.$2}}"),
            rewrite(r#"^(NAME)\[["']?([^\]]*?)["']?\]$"#, "write {{$1.[$2]}}"),
            rewrite(r"^(NAME)->(NAME)$", "write {{$1.$2}}"),
            rewrite(r"^<(NAME)>$", "write {{$1}}"),
            rewrite(
                r"^(each|history|if|ifEquals|json|log|lookup|media|role|section|unless|unlessEquals|with) = (.+)$",
                "write {{$1 $2}}",
            ),
            rewrite(r"^(.*?)(?: as)?\s*\|\s*(NAME)\s*\|$", "write {{#$1 as |$2|}}"),
            rewrite(r"^(.*?)(?: as)?\s*\|\s*(NAME)[\s,]+(NAME)\s*\|$", "write {{#$1 as |$2 $3|}}"),
            rewrite(r"==|!=", "Handlebars compares with {{#ifEquals a b}} … {{/ifEquals}}"),
            rewrite(r"&&|\|\|| and | or |!| \? |[<>]", "Handlebars has no operators: nest {{#if}} and {{#unless}}"),
            rewrite(r"\|", "Handlebars has no filters"),
            rewrite(r"^$", "name a variable between the braces; a literal {{ is written \\{{"),
            rewrite("", literal),
        ])
    });
    HINTS.hint(inside.trim())
}
