use dotprompt::Place;
use dotprompt::tree::tokens;

use super::scan::{self, Foreign};
use super::tag;

fn scan(source: &str) -> Vec<(Place, Foreign<'_>)> {
    scan::scan(source, Place::START, &tokens(source, Place::START))
}

fn all(source: &str) -> Vec<(u32, u32, Foreign<'_>)> {
    scan(source).into_iter().map(|(place, what)| (place.line, place.column, what)).collect()
}

/// What is found in the text, and what is written instead.
fn instead(source: &str) -> Option<String> {
    scan(source).into_iter().find_map(|(_, what)| match what {
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
        let texts = scan(source).into_iter().filter_map(|(place, what)| match what {
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
        "{e.g.}",
        "{…}",
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
    "a shell command of Gemini CLI: prompts run no commands: pass the output as an argument, {{name}}";
const NO_FILE: &str = "a file reference of Gemini CLI: prompts read no local files: pass the text as an argument, {{name}}; \
                       {{media url=\"…\"}} shows a file of the gallery";
const MENTION: &str = "a file reference of Claude Code, Gemini CLI or opencode: prompts read no local files: pass the \
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
        ("${input:topic:What about?}", "VS Code: write {{topic}}, described as \"What about?\" in the front matter"),
        ("${selection}", "VS Code: write {{selection}}: clients fill in nothing on their own"),
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
        ("{{=<% %>=}}", "Mustache's change of delimiters: remove it, and write every tag as {{x}}"),
        ("{{color: \"red\"}}", "JSX, Vue or JavaScript: write a literal {{ as \\{{, or put a space between the braces"),
        (
            "{{\"a\": 1}}",
            "JSON, JSX, or Python's {{ for {: write a literal {{ as \\{{, or put a space between the braces",
        ),
        ("{{elseif x}}", "another spelling of else if: write {{else if x}}"),
        ("{{elsif a == b}}", "another spelling of else if: write {{else ifEquals a b}}"),
        ("{{#else}}", "else written as a block: write {{else}}, without # and without an end"),
        ("{{endif}}", "Jinja or Liquid: write {{/if}}"),
        ("{{ # if x }}", "a tag with a space before its sign: write {{#if x}}: no space before the #"),
        ("{{ #if x }}", "a tag with a space before its sign: write {{#if x}}: no space before the #"),
        ("{{ /if }}", "a tag with a space before its sign: write {{/if}}: no space before the /"),
        ("{{ > tone }}", "a tag with a space before its sign: write {{>tone}}: no space before the >"),
        (
            "{{ x | upper }}",
            "a filter of Jinja, Liquid or Angular: write {{x}}, and say in the text how to change it: there are no filters",
        ),
        (
            "{{ x | default('y') }}",
            "a filter of Jinja, Liquid or Angular: write {{#if x}}{{x}}{{else}}…{{/if}}, or give the argument a default",
        ),
        ("{{ x | tojson }}", "a filter of Jinja, Liquid or Angular: write {{json x}}"),
        ("{{ a if b else c }}", "Jinja or Liquid: write {{#if b}}a{{else}}c{{/if}}"),
        ("{{ loop.index }}", "Jinja or Liquid: write {{@index}}, which counts from 0"),
        ("{{ ok ? 'a' : 'b' }}", "JavaScript: write {{#if ok}}…{{else}}…{{/if}}"),
        ("{{ x.toUpperCase() }}", "a call of a function: use a variable: values are computed before they are passed"),
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
        ("{{else if eq a \"b\"}}", "a helper that Handlebars does not have by itself: write {{else ifEquals a \"b\"}}"),
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
            "a helper that Handlebars does not have by itself: pass the value as an argument: no helper computes",
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

#[test]
fn a_tag_of_another_language_is_rewritten() {
    for (inside, expected) in [
        ("#if a == b", "Handlebars compares with {{#ifEquals a b}} … {{/ifEquals}}"),
        ("a || b", "Handlebars has no operators: nest {{#if}} and {{#unless}}"),
        ("items[0]", "write {{items.[0]}}"),
        ("user[\"name\"]", "write {{user.name}}"),
        ("user->name", "write {{user.name}}"),
        ("<topic>", "write {{topic}}"),
        ("role = \"user\"", "write {{role \"user\"}}"),
        ("each xs as |x, i|", "write {{#each xs as |x i|}}"),
        ("each xs |x|", "write {{#each xs as |x|}}"),
    ] {
        assert_eq!(tag::hint(inside).as_deref(), Some(expected), "{inside}");
    }
}
