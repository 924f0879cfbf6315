//! What stands in a template that other programs take for something of theirs, or that is written for other template
//! languages.

mod tag;
mod text;

use super::Place;
use super::tags::{TagKind, Token, tokens};

/// Text of a template that is more than text to another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign<'a> {
    /// `${{ … }}` of GitHub Actions and its like; what stands in the braces.
    Expression(&'a str),
    /// `$1`
    Placeholder(&'a str),
    /// `` !`command` ``
    Command(&'a str),
    /// A tag of another template language.
    Tag(&'a str, Other),
    /// Text that another template language fills in.
    Text(&'a str, Other),
}

/// Another template language, and how its writing is written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Such as `Jinja or Liquid`.
    pub language: &'static str,
    /// Such as `write {{#each files}} … {{/each}}`.
    pub instead: String,
    /// Of a tag: whether it means something else here, where others are errors. Of text: whether it hardly means itself.
    pub is_certain: bool,
}

impl Other {
    fn new(language: &'static str, instead: impl Into<String>) -> Self {
        Self { language, instead: instead.into(), is_certain: false }
    }

    fn certain(self) -> Self {
        Self { is_certain: true, ..self }
    }

    /// Of a tag that is no error here.
    fn silent(self) -> Self {
        self.certain()
    }
}

/// All of it in `source`, which begins at `start` of its file, in order.
pub fn foreign(source: &str, start: Place) -> Vec<(Place, Foreign<'_>)> {
    let mut found = Vec::new();
    let mut place = start;
    let mut text_before = None;
    let code = text::code(source);
    let tokens = tokens(source, start);
    let mut delimiters = None;
    for token in &tokens {
        match token {
            Token::Text(text) => {
                // The backslash before a literal `{{` is in no text.
                if text.starts_with("{{") {
                    place.column += 1;
                }
                let at = text.as_ptr() as usize - source.as_ptr() as usize;
                let is_code = |offset: usize| code.iter().any(|range| range.contains(&(at + offset)));
                in_mustache(text, place, &is_code, &mut delimiters, &mut found);
                place = place.behind(text);
                text_before = Some(*text);
            }
            Token::Tag(tag) => {
                let is_tag = !matches!(tag.kind, TagKind::Comment | TagKind::Raw);
                // `<%={{ }}=%>`
                let sets_back = |(open, _)| text_before.and_then(|text| text.strip_suffix('=')?.strip_suffix(open));
                if delimiters.and_then(sets_back).is_some() {
                    delimiters = None;
                    found.push((tag.place, Foreign::Tag(tag.whole, tag::change_of_delimiters())));
                } else if is_tag && text_before.is_some_and(|text| text.ends_with('$')) {
                    let dollar = Place { column: tag.place.column.saturating_sub(1), ..tag.place };
                    found.push((dollar, Foreign::Expression(tag.inside)));
                } else if let Some(other) = text_before.filter(|_| is_tag).and_then(|text| latex(text, tag.whole)) {
                    found.push((tag.place, Foreign::Tag(tag.whole, other)));
                } else if let Some(other) = tag::of_tag(tag.whole).filter(|_| is_tag) {
                    found.push((tag.place, Foreign::Tag(tag.whole, other)));
                }
                delimiters = new_delimiters(tag.inside).or(delimiters);
                place = tag.place.behind(tag.whole);
                text_before = None;
            }
        }
    }
    found
}

/// A value where LaTeX has an argument, `\frac{{a}}{{b}}`.
fn latex(before: &str, tag: &str) -> Option<Other> {
    const COMMANDS: [&str; 28] = [
        "author",
        "bar",
        "begin",
        "boxed",
        "caption",
        "chapter",
        "cite",
        "date",
        "emph",
        "end",
        "footnote",
        "frac",
        "hat",
        "label",
        "mathbf",
        "mathrm",
        "operatorname",
        "overline",
        "paragraph",
        "ref",
        "section",
        "sqrt",
        "subsection",
        "text",
        "textbf",
        "textit",
        "title",
        "vec",
    ];
    let (_, command) = before.rsplit_once('\\')?;
    let command = command.split(['*', '[']).next().unwrap_or_default();
    let name = tag.trim_matches(['{', '}', ' ']);
    COMMANDS.contains(&command).then(|| {
        let instead = format!(
            "write \\{command}{{{name}}} for LaTeX's own braces, \\{command}{{ {{{{{name}}}}} }} for a value in them"
        );
        Other::new("LaTeX, or Python's {{ for {", instead).silent()
    })
}

/// The delimiters that Mustache's `=<% %>=` sets.
fn new_delimiters(inside: &str) -> Option<(&str, &str)> {
    let (open, close) = inside.trim().strip_prefix('=')?.strip_suffix('=')?.trim().split_once(char::is_whitespace)?;
    let close = close.trim_start();
    (!open.contains('=') && !close.contains(['=', ' '])).then_some((open, close))
}

/// Looks through text that may have tags between the delimiters of Mustache that hold there.
fn in_mustache<'a>(
    text: &'a str,
    start: Place,
    is_code: &impl Fn(usize) -> bool,
    delimiters: &mut Option<(&'a str, &'a str)>,
    found: &mut Vec<(Place, Foreign<'a>)>,
) {
    let (mut at, mut place) = (0, start);
    while let Some((open, close)) = *delimiters
        && let Some(begin) = text[at..].find(open).map(|begin| at + begin)
        && let Some(length) = text[begin + open.len()..].find(close)
    {
        let inside = &text[begin + open.len()..][..length];
        let whole = &text[begin..begin + open.len() + length + close.len()];
        in_text(&text[at..begin], place, |offset| is_code(at + offset), found);
        place = place.behind(&text[at..begin]);
        let instead = if let Some(new) = new_delimiters(inside) {
            *delimiters = Some(new);
            "leave it out".to_owned()
        } else {
            format!("write {{{{{}}}}}", inside.trim())
        };
        if !is_code(begin) {
            found.push((place, Foreign::Text(whole, Other::new("Mustache", instead).certain())));
        }
        place = place.behind(whole);
        at = begin + whole.len();
    }
    in_text(&text[at..], place, |offset| is_code(at + offset), found);
}

fn in_text<'a>(text: &'a str, start: Place, is_code: impl Fn(usize) -> bool, found: &mut Vec<(Place, Foreign<'a>)>) {
    let (mut at, mut place) = (0, start);
    let mut others = text::next(text, 0);
    while let Some(next) = text[at..].find(['{', '$', '!', '<', '@', '%', '#']) {
        let begin = at + next;
        while let Some((range, _)) = &others
            && range.start < begin
        {
            others = text::next(text, begin);
        }
        place = place.behind(&text[at..begin]);
        let rest = &text[begin + 1..];
        let (length, what) = match &others {
            Some((range, other)) if range.start == begin => {
                let whole = &text[range.clone()];
                (whole.len(), (!is_code(begin)).then(|| Foreign::Text(whole, other.clone())))
            }
            _ => {
                // As opencode reads a text: <https://github.com/anomalyco/opencode>, `SessionPrompt.command`.
                let is_placeholder = text[begin..].starts_with('$');
                let length = match &text[begin..=begin] {
                    "$" => rest.bytes().take_while(u8::is_ascii_digit).count(),
                    "!" => command(rest).unwrap_or_default(),
                    _ => 0,
                };
                let whole = &text[begin..=begin + length];
                let what = if is_placeholder { Foreign::Placeholder(whole) } else { Foreign::Command(whole) };
                (whole.len(), (length > 0).then_some(what))
            }
        };
        found.extend(what.map(|what| (place, what)));
        place = place.behind(&text[begin..begin + length]);
        at = begin + length;
    }
}

/// How long what follows a `!` is, if it stands in backticks.
fn command(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('`')?;
    inside.find('`').filter(|length| *length > 0).map(|length| length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &str) -> Vec<(u32, u32, Foreign<'_>)> {
        foreign(source, Place::START).into_iter().map(|(place, what)| (place.line, place.column, what)).collect()
    }

    /// What is found in the text, and what is written instead.
    fn instead(source: &str) -> Option<String> {
        foreign(source, Place::START).into_iter().find_map(|(_, what)| match what {
            Foreign::Tag(_, other) | Foreign::Text(_, other) => Some(format!("{}: {}", other.language, other.instead)),
            _ => None,
        })
    }

    #[test]
    fn what_other_programs_take_for_theirs_is_found_where_it_stands() {
        let found = all("é ${{ github.ref }} $12,\n$ARGUMENTS !`git log`");
        assert_eq!(found[0], (1, 3, Foreign::Expression("github.ref")));
        assert_eq!(found[1], (1, 21, Foreign::Placeholder("$12")));
        assert!(matches!(found[2], (2, 1, Foreign::Text("$ARGUMENTS", _))), "{found:?}");
        assert_eq!(found[3], (2, 12, Foreign::Command("!`git log`")));
        assert_eq!(all("a $\\{{ x }} $1"), [(1, 13, Foreign::Placeholder("$1"))]);
    }

    #[test]
    fn tags_between_other_delimiters_are_mustaches() {
        let found = |source: &str| {
            let texts = foreign(source, Place::START).into_iter().filter_map(|(place, what)| match what {
                Foreign::Text(text, other) => {
                    Some(format!("{}:{} {text} {}: {}", place.line, place.column, other.language, other.instead))
                }
                _ => None,
            });
            texts.collect::<Vec<_>>()
        };
        assert_eq!(
            found("<% x %>{{=<% %>=}}\n<% y %> `<% z %>` <%#a%>"),
            [
                "1:1 <% x %> ERB or EJS: write {{x}}",
                "2:1 <% y %> Mustache: write {{y}}",
                "2:19 <%#a%> Mustache: write {{#a}}",
            ]
        );
        assert_eq!(
            found("{{= | | =}}|x| {y}\n|=< >=|<z>"),
            [
                "1:12 |x| Mustache: write {{x}}",
                "1:16 {y} Python's format, f-strings or LangChain: write {{y}}",
                "2:1 |=< >=| Mustache: leave it out",
                "2:8 <z> Mustache: write {{z}}",
            ]
        );
        assert_eq!(
            found("{{=<% %>=}}<%x%>\n<%={{ }}=%> {{x}} <% y %>"),
            ["1:12 <%x%> Mustache: write {{x}}", "2:19 <% y %> ERB or EJS: write {{y}}"]
        );
        assert_eq!(found("{{==}} {{= =}} {{=a=}} a"), [""; 0]);
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for source in [
            "Use {#}, {%} and <%> here",
            "$ 1",
            "$x",
            "! `a`",
            "!``",
            "!`a",
            "{{! $1 !`a` }}",
            "{{x}}$",
            "$",
            "${{! x }}",
            "$\\{{x}}",
            // JSON, addresses, LaTeX, a shell, Markdown, mathematics.
            r#"{"name": "x"}"#,
            "{ \"a\": 1 }",
            "GET /users/{id}",
            "\\frac{a}{b}",
            "x^{n} a_{i}",
            "${NAME:-x}",
            "{}",
            "{1, 2}",
            "{a, b}",
            "{a b}",
            "{{x}} and {{y}}",
            "# Heading {#anchor}",
            "50% (of it)",
            "a <b> c",
            "@someone",
            "write to ann@example.md, @types/node, @example.com, `@src/main.rs` or @media",
            "HEAD@{1} and @{u}",
            "\\begin{tabular}{@{}l@{}}",
            "@{ Name = 'x.y' }",
            "Stop!{}",
            "`!{ls}` and `@{docs/x.md}`",
            "{x",
            // Code is shown, not meant.
            "`{name}`",
            "```\n{% if x %} ${name} {name}\n```",
            "``{% x %}``",
            "~~~\n$ARGUMENTS\n~~~",
            // Handlebars.
            "{{#if x}}{{else if y}}{{else}}{{/if}}",
            "{{#each xs as |x i|}}{{@index}}{{/each}}",
            "{{> card user title=\"a | b\"}}",
            "{{#ifEquals a \"b\"}}{{/ifEquals}}",
            "{{json x indent=2}}",
            "{{~x~}}",
            "{{{x}}}",
            "{{&x}}",
            "{{^x}}{{/x}}",
            "{{this.x}}",
            "{{.}}",
            "{{./x}}",
            "{{../x}}",
            "{{[a b]}}",
            "{{#unless x}}{{else}}{{/unless}}",
            "{{lookup a (lookup b 1)}}",
            "{{ x }}",
            "{{#with a}}{{/with}}",
            "{{media url=x}}",
            "{{role \"user\"}}",
            "{{!-- {% x %} --}}",
            "{{size}}",
            "{{date}}",
            "{{user}}",
            "{{#user}}{{name}}{{/user}}",
            "{{!-- never closed }}",
        ] {
            assert_eq!(all(source), [], "{source}");
        }
    }

    const NO_COMMAND: &str =
        "a shell command of Gemini CLI: a prompt runs no commands: take the output as an argument, {{name}}";
    const NO_FILE: &str = "a file reference of Gemini CLI: a prompt reads no files of its user: take the text as an argument, {{name}}; \
                           {{media url=\"…\"}} shows a file of the gallery";
    const MENTION: &str = "a file reference of Claude Code, Gemini CLI or opencode: a prompt reads no files of its user: take the \
                           text as an argument, {{name}}; {{media url=\"…\"}} shows a file of the gallery";

    #[test]
    fn another_language_is_named_with_what_to_write_here() {
        let cases = [
            ("{% for f in files %}", "Jinja or Liquid: write {{#each files as |f|}} … {{/each}}"),
            ("{%- if a == \"b\" -%}", "Jinja or Liquid: write {{#ifEquals a \"b\"}} … {{/ifEquals}}"),
            ("{% if x %}", "Jinja or Liquid: write {{#if x}} … {{/if}}"),
            ("{% if not x %}", "Jinja or Liquid: write {{#unless x}} … {{/unless}}"),
            ("{% elif y %}", "Jinja or Liquid: write {{else if y}}"),
            ("{% include 'tone.txt' %}", "Jinja or Liquid: write {{> tone}}, and name its file _tone.prompt"),
            ("{# note #}", "Jinja or Liquid: write a comment as {{! … }}"),
            ("Hello {name}.", "Python's format, f-strings or LangChain: write {{name}}"),
            ("{user.name}", "Python's format, f-strings or LangChain: write {{user.name}}"),
            ("{price:.2f}", "Python's format, f-strings or LangChain: write {{price}}"),
            ("{0}", "Python's format, f-strings or LangChain: write {{name}}, with a name of its own"),
            ("%(name)s", "Python's % formatting: write {{name}}"),
            ("a ${audience} b", "JavaScript, a shell or prompts.chat: write {{audience}}"),
            ("${role:tutor}", "prompts.chat: write {{role}}, and give it `default: tutor` in the front matter"),
            ("${input:topic}", "VS Code: write {{topic}}"),
            (
                "${input:topic:What about?}",
                "VS Code: write {{topic}}, described as \"What about?\" in the front matter",
            ),
            ("${selection}", "VS Code: write {{selection}}: clients fill in nothing by themselves"),
            ("$ARGUMENTS", "Claude Code: write {{arguments}}, or a name for each of them"),
            ("<%= name %>", "ERB or EJS: write {{name}}"),
            ("<% if x %>", "ERB or EJS: write {{#if x}} … {{/if}}"),
            ("#{name}", "Ruby: write {{name}}"),
            (
                "@@@langfusePrompt:name=tone|label=production@@@",
                "Langfuse: write {{> tone}}, and name its file _tone.prompt",
            ),
            ("<|im_start|>system", "a chat model's markup: write {{role \"system\"}}, {{role \"user\"}}"),
            ("{argument name=\"tone\"}", "Raycast: write {{tone}}"),
            ("!{ls}", NO_COMMAND),
            ("Diff:\n!{git diff | awk '{print $1}'}.", NO_COMMAND),
            ("!{grep -r {{pattern}} .}", NO_COMMAND),
            ("See @{docs/style.md}.", NO_FILE),
            ("@{src/{{name}}.rs}", NO_FILE),
            ("See @src/main.rs.", MENTION),
            ("(@CLAUDE.md)", MENTION),
            ("{{else:}}", "another spelling of else: write {{else}}"),
            ("{{Else}}", "another spelling of else: write {{else}}"),
            ("{{otherwise}}", "another spelling of else: write {{else}}"),
            ("{{#else}}", "else written as a block: write {{else}}, without # and without an end"),
            ("{{#user~}}", "Guidance: write {{role \"user\"}}, without an end"),
            (
                "{{#ifCond a \"==\" b}}",
                "an operator, which Handlebars does not have: write {{#ifEquals a b}} … {{/ifEquals}}",
            ),
            (
                "{{name || \"x\"}}",
                "an operator, which Handlebars does not have: write {{#if name}}{{name}}{{else}}x{{/if}}",
            ),
            ("{{.Name}}", "Go's template language: write {{Name}}"),
            ("{{- .Name -}}", "Go's template language: write {{Name}}"),
            ("{{range .Items}}", "Go's template language: write {{#each Items}} … {{/each}}"),
            ("{{range $i, $x := .Items}}", "Go's template language: write {{#each Items}} … {{/each}}"),
            ("{{if .Ok}}", "Go's template language: write {{#if Ok}} … {{/if}}"),
            ("{{if eq .A \"b\"}}", "Go's template language: write {{#ifEquals A \"b\"}} … {{/ifEquals}}"),
            ("{{else if .Ok}}", "Go's template language: write {{else if Ok}}"),
            ("{{end}}", "Go's template language: write the end of a block with its name: {{/each}}, {{/if}}"),
            ("{{len .Items}}", "Go's template language: write {{Items.length}}"),
            ("{{template \"tone\" .}}", "Go's template language: write {{> tone}}, and name its file _tone.prompt"),
            ("{{/* note */}}", "Go's template language: write a comment as {{! … }}"),
            (
                "{{$x := .Y}}",
                "Go's template language: write {{#with value as |name|}} … {{/with}}: there are no assignments",
            ),
            ("{{=<% %>=}}", "Mustache's change of delimiters: leave it out, and write every tag as {{x}}"),
            (
                "{{color: \"red\"}}",
                "JSX, Vue or JavaScript: write a literal {{ as \\{{, or put a space between the braces",
            ),
            (
                "{{\"a\": 1}}",
                "JSON, JSX, or Python's {{ for {: write a literal {{ as \\{{, or put a space between the braces",
            ),
            ("{{elseif x}}", "another spelling of else if: write {{else if x}}"),
            ("{{elsif a == b}}", "another spelling of else if: write {{else ifEquals a b}}"),
            ("{{#else}}", "else written as a block: write {{else}}, without # and without an end"),
            ("{{endif}}", "Jinja or Liquid: write {{/if}}"),
            ("{{ # if x }}", "a tag with a space before its sign: write {{#if x}}: no space stands before the #"),
            ("{{ #if x }}", "a tag with a space before its sign: write {{#if x}}: no space stands before the #"),
            ("{{ /if }}", "a tag with a space before its sign: write {{/if}}: no space stands before the /"),
            ("{{ > tone }}", "a tag with a space before its sign: write {{>tone}}: no space stands before the >"),
            (
                "{{ x | upper }}",
                "a filter of Jinja, Liquid or Angular: write {{x}}, and say in the text what to do with it: there are no filters",
            ),
            (
                "{{ x | default('y') }}",
                "a filter of Jinja, Liquid or Angular: write {{#if x}}{{x}}{{else}}…{{/if}}, or give the argument a default",
            ),
            ("{{ x | tojson }}", "a filter of Jinja, Liquid or Angular: write {{json x}}"),
            ("{{ a if b else c }}", "Jinja or Liquid: write {{#if b}}a{{else}}c{{/if}}"),
            ("{{ loop.index }}", "Jinja or Liquid: write {{@index}}, which counts from 0"),
            ("{{ ok ? 'a' : 'b' }}", "JavaScript: write {{#if ok}}…{{else}}…{{/if}}"),
            ("{{ x.toUpperCase() }}", "a call of a function: name a variable: a value is computed before it is sent"),
            ("{{$input}}", "Semantic Kernel, n8n or Postman: write {{input}}"),
            ("{{#sys.query#}}", "Dify: write {{query}}"),
            (
                "{{eq a \"b\"}}",
                "a helper that Handlebars does not have by itself: write {{#ifEquals a \"b\"}} … {{/ifEquals}}",
            ),
            (
                "{{#eq a \"b\"}}",
                "a helper that Handlebars does not have by itself: write {{#ifEquals a \"b\"}} … {{/ifEquals}}",
            ),
            (
                "{{#if (eq a \"b\")}}",
                "a helper that Handlebars does not have by itself: write {{#ifEquals a \"b\"}} … {{/ifEquals}}",
            ),
            (
                "{{#unless (eq a \"b\")}}",
                "a helper that Handlebars does not have by itself: write {{#unlessEquals a \"b\"}} … {{/unlessEquals}}",
            ),
            (
                "{{else if eq a \"b\"}}",
                "a helper that Handlebars does not have by itself: write {{else ifEquals a \"b\"}}",
            ),
            ("{{#if (not a)}}", "a helper that Handlebars does not have by itself: write {{#unless a}} … {{/unless}}"),
            (
                "{{#if (or a b)}}",
                "a helper that Handlebars does not have by itself: write {{#if a}} … {{else if b}} … {{/if}}",
            ),
            (
                "{{#and a b}}",
                "a helper that Handlebars does not have by itself: nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}",
            ),
            ("{{#if a == b}}", "an operator, which Handlebars does not have: write {{#ifEquals a b}} … {{/ifEquals}}"),
            (
                "{{#if a && b}}",
                "an operator, which Handlebars does not have: nest the conditions: {{#if a}}{{#if b}} … {{/if}}{{/if}}",
            ),
            ("{{#for x in xs}}", "Jinja or Liquid: write {{#each xs as |x|}} … {{/each}}"),
            (
                "{{upper x}}",
                "a helper that Handlebars does not have by itself: send the value that is to stand here: no helper computes",
            ),
            (
                "\\frac{{a}}{{b}}",
                "LaTeX, or Python's {{ for {: write \\frac{a} for LaTeX's own braces, \\frac{ {{a}} } for a value in them",
            ),
        ];
        for (source, expected) in cases {
            assert_eq!(instead(source).as_deref(), Some(expected), "{source}");
        }
    }
}
