//! Tags as other template languages have them, and how their meaning is written here.

use super::scan::Other;

/// `tag` from its braces to its braces, where this is another language's or is likely to be.
pub(super) fn of_tag(tag: &str) -> Option<Other> {
    let inside = tag.strip_prefix("{{")?;
    let inside = inside.strip_suffix("}}").unwrap_or(inside);
    // Go's `{{- x -}}` trims as `{{~x~}}` does.
    let trims = inside.starts_with("- ") || inside.ends_with(" -");
    let inside = inside.trim_matches(['~', '{', '}']).trim();
    let inside = if trims { inside.trim_matches('-').trim() } else { inside };
    if inside.starts_with('>') || inside.starts_with("#>") {
        return delimiters(tag, inside);
    }
    // A comment says what it likes.
    if inside.starts_with("!--") {
        return None;
    }
    if matches!(inside, "#user" | "/user") && tag.contains('~') {
        return Some(Other::new("Guidance", "write {{role \"user\"}}, without an end").certain());
    }
    let found = delimiters(tag, inside)
        .or_else(|| go(inside))
        .or_else(|| statement(inside))
        .or_else(|| comparison(inside))
        .or_else(|| value(inside))
        .or_else(|| operator(inside))
        .or_else(|| object(inside))
        .or_else(|| helper(inside));
    found.or_else(|| trims.then(|| Other::new("Go's template language", "write {{~x~}} to trim white space")))
}

const GO: &str = "Go's template language";
const JINJA: &str = "Jinja or Liquid";
const OPERATOR: &str = "an operator, which Handlebars does not have";

fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

pub(super) fn change_of_delimiters() -> Other {
    Other::new("Mustache's change of delimiters", "leave it out, and write every tag as {{x}}")
}

/// Signs with a space before them, and signs of other languages.
fn delimiters(tag: &str, inside: &str) -> Option<Other> {
    if inside.starts_with('=') {
        return Some(change_of_delimiters());
    }
    if let Some(name) = inside.strip_prefix('#').and_then(|name| name.strip_suffix('#')) {
        let name = name.rsplit('.').next().unwrap_or(name);
        return Some(Other::new("Dify", format!("write {{{{{name}}}}}")).certain());
    }
    if inside.starts_with("/*") {
        return Some(Other::new(GO, "write a comment as {{! … }}"));
    }
    let is_spaced = |rest: &str| rest.starts_with(char::is_whitespace) && inside.starts_with(['#', '/', '>', '^', '!']);
    if tag.strip_prefix("{{").map(|rest| rest.trim_start_matches('~')).is_some_and(is_spaced) {
        let sigil = &inside[..1];
        let (name, rest) = first_word(inside[1..].trim_start());
        let space = if rest.is_empty() { "" } else { " " };
        let instead = format!("write {{{{{sigil}{name}{space}{rest}}}}}: no space before the {sigil}");
        return Some(Other::new("a tag with a space before its sign", instead));
    }
    None
}

/// `.Name` as a path is written here.
fn from_go(value: &str) -> String {
    let value = value.trim();
    let name = value.trim_start_matches('$').trim_start_matches('.');
    if name.is_empty() { "this".to_owned() } else { name.to_owned() }
}

fn go(inside: &str) -> Option<Other> {
    let (word, rest) = first_word(inside);
    let is_dotted = |text: &str| text.strip_prefix('.').is_some_and(|name| name.starts_with(char::is_alphabetic));
    let is_gos = |text: &str| is_dotted(text) || text.starts_with('$') || text == ".";
    // `{{range .Items}}` is a path to Handlebars.
    let go = |instead: String| Some(Other::new(GO, instead).certain());
    if word == "else" && first_word(rest).1.split_whitespace().any(is_gos) {
        let (word, value) = first_word(rest);
        return go(format!("write {{{{else {word} {}}}}}", from_go(value)));
    }
    match word {
        "end" if rest.is_empty() => {
            return Some(Other::new(GO, "write the end of a block with its name: {{/each}}, {{/if}}").certain());
        }
        "range" if !rest.is_empty() => {
            let value = rest.rsplit_once(":=").map_or(rest, |(_, value)| value);
            return go(format!("write {{{{#each {}}}}} … {{{{/each}}}}", from_go(value)));
        }
        "if" | "with" if rest.split_whitespace().any(is_gos) => {
            let (op, values) = first_word(rest);
            return match (op, values.split_whitespace().collect::<Vec<_>>().as_slice()) {
                ("eq", [a, b]) => {
                    go(format!("write {{{{#ifEquals {} {}}}}} … {{{{/ifEquals}}}}", from_go(a), from_go(b)))
                }
                ("ne", [a, b]) => {
                    go(format!("write {{{{#unlessEquals {} {}}}}} … {{{{/unlessEquals}}}}", from_go(a), from_go(b)))
                }
                ("not", [a]) => go(format!("write {{{{#unless {}}}}} … {{{{/unless}}}}", from_go(a))),
                _ => go(format!("write {{{{#{word} {}}}}} … {{{{/{word}}}}}", from_go(rest))),
            };
        }
        "template" | "include" | "block" if rest.starts_with('"') => {
            let name = rest[1..].split('"').next().unwrap_or_default();
            return go(format!("write {{{{> {name}}}}}, and name its file _{name}.prompt"));
        }
        "define" if rest.starts_with('"') => {
            let name = rest[1..].split('"').next().unwrap_or_default();
            return go(format!("write {{{{#*inline \"{name}\"}}}} … {{{{/inline}}}}"));
        }
        "len" if is_gos(rest) => return go(format!("write {{{{{}.length}}}}", from_go(rest))),
        "index" if rest.split_whitespace().next().is_some_and(is_gos) => {
            return go(format!("write {{{{lookup {}}}}}", from_go(rest)));
        }
        "printf" | "print" | "println" | "html" | "js" | "urlquery" if !rest.is_empty() => {
            return go("write the text and {{values}} as they are: there is no formatting".to_owned());
        }
        _ => {}
    }
    if inside.contains(":=") {
        return go("write {{#with value as |name|}} … {{/with}}: there are no assignments".to_owned());
    }
    if is_dotted(word) {
        let name = from_go(word);
        return Some(Other::new(GO, format!("write {{{{{name}}}}}")).certain());
    }
    if let Some(name) = word.strip_prefix("$.") {
        return Some(Other::new(GO, format!("write {{{{@root.{name}}}}}")).certain());
    }
    None
}

/// What begins with a word that is a statement elsewhere.
fn statement(inside: &str) -> Option<Other> {
    let bare = inside.trim_start_matches(['#', '/']).trim();
    let (word, rest) = first_word(bare);
    let lower = word.to_ascii_lowercase();
    let is_block = inside.starts_with(['#', '/']);
    match lower.as_str() {
        "elseif" | "elsif" | "elif" | "else-if" | "elsif:" => {
            let condition = if_condition(rest).unwrap_or_else(|| format!("if {}", or_dots(rest)));
            Some(Other::new("another spelling of else if", format!("write {{{{else {condition}}}}}")).certain())
        }
        "else:" | "otherwise" | "else" if rest.is_empty() && bare != "else" => {
            Some(Other::new("another spelling of else", "write {{else}}").certain())
        }
        "else" if is_block && rest.is_empty() => {
            Some(Other::new("else written as a block", "write {{else}}, without # and without an end").certain())
        }
        "else" if is_block => {
            Some(Other::new("else written as a block", format!("write {{{{else {rest}}}}}, without #")))
        }
        "endif" | "fi" if rest.is_empty() => Some(Other::new(JINJA, "write {{/if}}").certain()),
        "endfor" | "endforeach" | "endeach" if rest.is_empty() => Some(Other::new(JINJA, "write {{/each}}").certain()),
        "endunless" if rest.is_empty() => Some(Other::new("Liquid", "write {{/unless}}").certain()),
        "endraw" | "endverbatim" | "endblock" | "endmacro" if rest.is_empty() => {
            Some(Other::new(JINJA, "write a literal {{ as \\{{").certain())
        }
        "for" | "foreach" if !rest.is_empty() => Some(Other::new(JINJA, each(rest))),
        "set" | "assign" | "let" | "var" | "const" if rest.contains('=') || rest.contains(' ') => {
            Some(Other::new(JINJA, "write {{#with value as |name|}} … {{/with}}: there are no assignments"))
        }
        "case" | "switch" | "when" if !rest.is_empty() => {
            Some(Other::new("another helper", "write {{#ifEquals a b}} … {{else ifEquals a c}} … {{/ifEquals}}"))
        }
        "include" | "import" | "extends" | "partial" | "render" if rest.starts_with(['"', '\'']) => {
            let name = rest.trim_matches(['"', '\'', ' ']);
            Some(Other::new(JINJA, format!("write {{{{> {name}}}}}")))
        }
        // `{{#user}}` may as well be the fields of a user.
        "system" | "assistant" if is_block && rest.is_empty() => {
            let role = if lower == "assistant" { "model" } else { &lower };
            Some(Other::new("Guidance", format!("write {{{{role \"{role}\"}}}}, without an end")).certain())
        }
        "gen" | "select" if rest.starts_with(['"', '\'']) => {
            Some(Other::new("Guidance", "a prompt ends where the model answers: leave it out"))
        }
        _ => None,
    }
}

fn or_dots(text: &str) -> &str {
    if text.is_empty() { "…" } else { text }
}

/// `x in xs` as a block.
pub(super) fn each(rest: &str) -> String {
    let rest = rest.trim_matches(['(', ')', ' ']);
    match rest.split_once(" in ").or_else(|| rest.split_once(" of ")) {
        Some((item, list)) => {
            let list = list.split(['|', ' ', ':']).find(|word| !word.is_empty()).unwrap_or("items");
            let item = item.trim().trim_start_matches("const ").trim_start_matches("let ").replace(',', " ");
            format!("write {{{{#each {list} as |{item}|}}}} … {{{{/each}}}}")
        }
        None => format!("write {{{{#each {}}}}} … {{{{/each}}}}", first_word(rest).0),
    }
}

/// A condition of other languages as it follows `#` or `else`: `ifEquals a b`.
pub(super) fn if_condition(condition: &str) -> Option<String> {
    let condition = condition.trim().trim_end_matches(':');
    let inner = condition.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(condition).trim();
    // `ifCond a "==" b`
    let words: Vec<&str> = inner.split_whitespace().collect();
    if let [_, a, sign, b] = words.as_slice()
        && let Some(sign) = sign.strip_prefix(['"', '\'']).and_then(|sign| sign.strip_suffix(['"', '\'']))
    {
        match sign {
            "==" | "===" => return Some(format!("ifEquals {a} {b}")),
            "!=" | "!==" => return Some(format!("unlessEquals {a} {b}")),
            _ => {}
        }
    }
    for (sign, helper) in [("===", "ifEquals"), ("!==", "unlessEquals"), ("==", "ifEquals"), ("!=", "unlessEquals")] {
        if let Some((a, b)) = inner.split_once(sign) {
            return Some(format!("{helper} {} {}", a.trim(), b.trim()));
        }
    }
    let (word, rest) = first_word(inner);
    match word {
        "eq" | "equals" | "equal" | "is" | "isEqual" | "ifEq" | "if_eq" | "ifeq" | "eqs" => {
            Some(format!("ifEquals {rest}"))
        }
        "ne" | "neq" | "notEq" | "notEquals" | "isnt" | "unlessEq" => Some(format!("unlessEquals {rest}")),
        "not" => Some(format!("unless {rest}")),
        _ => inner.strip_prefix('!').map(|name| format!("unless {}", name.trim())),
    }
}

/// Helpers that compare, in a tag, as a block, or within another.
fn comparison(inside: &str) -> Option<Other> {
    let whole = inside.trim_start_matches(['#', '^']).trim();
    let (word, rest) = first_word(whole);
    let (outer, condition) = match word {
        "else" => match first_word(rest) {
            (outer @ ("if" | "unless"), condition) => (outer, condition),
            _ => return None,
        },
        outer @ ("if" | "unless") => (outer, rest),
        _ => ("", whole),
    };
    let is_call =
        outer.is_empty() || condition.starts_with('(') || condition.contains(' ') || condition.starts_with('!');
    let helper = if_condition(condition).filter(|_| is_call);
    let combined = || {
        let (word, _) = first_word(condition.trim_start_matches('('));
        match word {
            "and" => Some("nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}"),
            "or" => Some("write {{#if a}} … {{else if b}} … {{/if}}"),
            "gt" | "gte" | "lt" | "lte" | "ge" | "le" | "compare" | "ifCond" | "contains" | "includes" | "in"
            | "inArray" => Some("compare with {{#ifEquals a b}}, or take an argument that says which it is"),
            _ => None,
        }
    };
    let Some(helper) = helper else {
        let first = condition.trim_start_matches('(');
        return combined().filter(|_| is_call && first.contains(' ')).map(Other::helper);
    };
    let (helper, values) = first_word(&helper);
    let helper = match (outer, helper) {
        ("unless", "ifEquals") => "unlessEquals",
        ("unless", "unlessEquals") => "ifEquals",
        ("unless", "unless") => "if",
        (_, helper) => helper,
    };
    let instead = if word == "else" {
        format!("write {{{{else {helper} {values}}}}}")
    } else {
        format!("write {{{{#{helper} {values}}}}} … {{{{/{helper}}}}}")
    };
    Some(match condition.contains("==") || condition.contains("!=") {
        true => Other::new(OPERATOR, instead),
        false => Other::helper(instead),
    })
}

/// Values with filters, calls, and variables that other languages define.
fn value(inside: &str) -> Option<Other> {
    let (word, rest) = first_word(inside);
    if let Some(name) = inside.strip_prefix('$').filter(|name| is_name(first_word(name).0)) {
        let name = first_word(name).0;
        let name = name.strip_prefix("json.").unwrap_or(name);
        return Some(Other::new("Semantic Kernel, n8n or Postman", format!("write {{{{{name}}}}}")).certain());
    }
    for variable in ["loop.", "forloop."] {
        if let Some(field) = word.strip_prefix(variable).filter(|_| rest.is_empty()) {
            let instead = match field {
                "index0" => "@index",
                "first" => "@first",
                "last" => "@last",
                "length" => return Some(Other::new(JINJA, "write {{items.length}}").certain()),
                "index" => return Some(Other::new(JINJA, "write {{@index}}, which counts from 0").certain()),
                _ => continue,
            };
            return Some(Other::new(JINJA, format!("write {{{{{instead}}}}}")).certain());
        }
    }
    let value = inside.trim_start_matches(['#', '^', '/']);
    if let Some((value, condition)) = value.split_once(" if ")
        && let Some((condition, otherwise)) = condition.split_once(" else ")
    {
        let condition = if_condition(condition).unwrap_or_else(|| format!("if {condition}"));
        let end = first_word(&condition).0.to_owned();
        let instead = format!("write {{{{#{condition}}}}}{value}{{{{else}}}}{otherwise}{{{{/{end}}}}}");
        return Some(Other::new(JINJA, instead));
    }
    let is_operator = inside.contains("||") || inside.ends_with('|');
    if let Some((name, filter)) = inside.split_once('|').filter(|_| !is_operator) {
        let name = name.trim().trim_start_matches('#');
        return Some(Other::new("a filter of Jinja, Liquid or Angular", filtered(name, filter.trim())));
    }
    let is_function = |word: &str| word.split_once('(').is_some_and(|(name, _)| is_name(name));
    if is_function(inside) && inside.contains(')') {
        return Some(Other::new("a call of a function", "name a variable: a value is computed before it is sent"));
    }
    None
}

/// What to write for a filter.
fn filtered(name: &str, filter: &str) -> String {
    let name = if is_name(name) { name } else { "x" };
    let word = filter.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    match word {
        "default" | "d" | "ifEmpty" => {
            format!("write {{{{#if {name}}}}}{{{{{name}}}}}{{{{else}}}}…{{{{/if}}}}, or give the argument a default")
        }
        "tojson" | "json" | "to_json" | "dump" => format!("write {{{{json {name}}}}}"),
        "length" | "size" | "count" => format!("write {{{{{name}.length}}}}"),
        "join" => format!("write {{{{#each {name}}}}}{{{{this}}}}{{{{#unless @last}}}}, {{{{/unless}}}}{{{{/each}}}}"),
        "safe" | "e" | "escape" | "raw" => format!("write {{{{{name}}}}}: nothing is escaped"),
        "trim" | "strip" => format!("write {{{{{name}}}}}: there are no filters"),
        _ => format!("write {{{{{name}}}}}, and say in the text what to do with it: there are no filters"),
    }
}

fn operator(inside: &str) -> Option<Other> {
    let value = inside.trim_start_matches(['#', '^']).trim();
    if value.contains(" ? ") && value.contains(':') {
        let condition = value.split(" ? ").next().unwrap_or_default();
        let condition = if_condition(condition).unwrap_or_else(|| format!("if {}", condition.trim()));
        let end = first_word(&condition).0.to_owned();
        return Some(Other::new("JavaScript", format!("write {{{{#{condition}}}}}…{{{{else}}}}…{{{{/{end}}}}}")));
    }
    for (sign, helper) in [("===", "ifEquals"), ("!==", "unlessEquals"), ("==", "ifEquals"), ("!=", "unlessEquals")] {
        if value.contains(sign) {
            return Some(Other::new(OPERATOR, format!("write {{{{#{helper} a b}}}} … {{{{/{helper}}}}}")));
        }
    }
    if let Some((name, instead)) = value.split_once("||").map(|(name, instead)| (name.trim(), instead.trim()))
        && is_name(name)
    {
        let instead = instead.trim_matches(['"', '\'']);
        let instead = format!("write {{{{#if {name}}}}}{{{{{name}}}}}{{{{else}}}}{instead}{{{{/if}}}}");
        return Some(Other::new(OPERATOR, instead));
    }
    for (sign, instead) in [
        ("&&", "nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}"),
        (" and ", "nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}"),
        ("||", "write {{#if a}} … {{else if b}} … {{/if}}"),
        (" or ", "write {{#if a}} … {{else if b}} … {{/if}}"),
        ("??", "write {{#if a}}{{a}}{{else}} … {{/if}}"),
        (" > ", "take an argument that says which it is"),
        (" < ", "take an argument that says which it is"),
        (">=", "take an argument that says which it is"),
        ("<=", "take an argument that says which it is"),
        (" + ", "send the value that is to stand here"),
        (" ~ ", "write {{a}}{{b}}"),
    ] {
        if value.contains(sign) {
            return Some(Other::new(OPERATOR, instead));
        }
    }
    None
}

/// Braces that belong to code in the text.
fn object(inside: &str) -> Option<Other> {
    const LITERAL: &str = "write a literal {{ as \\{{, or put a space between the braces";
    let key = inside.trim_start_matches(['"', '\'']);
    let name = key.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '$')).next().unwrap_or_default();
    let behind = key[name.len()..].trim_start_matches(['"', '\'']).trim_start();
    let is_object = behind.starts_with(':') && !name.is_empty() || inside.starts_with("...") || inside.contains("=>");
    is_object.then(|| {
        let language =
            if inside.starts_with('"') { "JSON, JSX, or Python's {{ for {" } else { "JSX, Vue or JavaScript" };
        Other::new(language, LITERAL)
    })
}

/// Helpers of other programs, which Handlebars does not have by itself.
fn helper(inside: &str) -> Option<Other> {
    let (word, rest) = first_word(inside.trim_start_matches(['#', '/', '^']).trim_start_matches('('));
    let instead = match word.to_ascii_lowercase().as_str() {
        "upper" | "uppercase" | "touppercase" | "lower" | "lowercase" | "tolowercase" | "capitalize" | "titlecase"
        | "truncate" | "trim" | "replace" | "concat" | "join" | "split" | "substring" | "formatdate" | "dateformat"
        | "date" | "now" | "moment" | "add" | "subtract" | "multiply" | "divide" | "inc" | "increment" | "math"
        | "sum" | "round" | "random" | "uuid" => "send the value that is to stand here: no helper computes",
        "tojson" | "jsonstringify" | "stringify" | "to_json" | "dump" => "write {{json x}}",
        "length" | "size" | "count" | "len" => "write {{items.length}}",
        "default" | "coalesce" | "fallback" => "write {{#if x}}{{x}}{{else}} … {{/if}}, or give the argument a default",
        "repeat" | "times" | "loop" | "eachindex" | "foreach" | "list" => "write {{#each items}} … {{/each}}",
        "get" | "getitem" | "pluck" => "write {{lookup object key}}",
        "image" | "img" | "attach" | "picture" => "write {{media url=…}}",
        "raw" | "verbatim" | "noop" => "write a literal {{ as \\{{",
        "include" | "partial" | "render" => "write {{> name}}",
        "comment" => "write {{! … }}",
        _ => return None,
    };
    (!rest.is_empty()).then(|| Other::helper(instead))
}
