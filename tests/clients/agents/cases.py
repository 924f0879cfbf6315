"""What reaches the model from each client: one table a client, one line a case.

A key is the line that a person types. A value is `reaches(…)`, the user's texts that the model gets, or `told(…)`, a part of
what the person is told while the model is not asked. `form` answers the form that a client opens.
"""

from dataclasses import dataclass


@dataclass
class Case:
    texts: list[str] | None
    told: str = ""
    form: dict | None = None


def reaches(*texts: str, form: dict | None = None) -> Case:
    return Case(list(texts), form=form)


def told(part: str) -> Case:
    return Case(None, told=part)


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)

# What some clients expand, in the text of a prompt and in arguments.
MARKS = "@notes.txt @{notes.txt} $ARGUMENTS !{echo RAN} !`echo RAN`"

# The prompts of the cases, by name. The gallery `g` has them beside its own.
PROMPTS = {
    "none": "---\n---\nPlain words.",
    "single": "---\ninput: {schema: {topic: string}}\n---\nAbout [{{topic}}].",
    "first": "---\ninput: {schema: {topic: string, other?: string}}\n---\n[{{topic}}] [{{other}}]",
    "two": "---\ninput: {schema: {alpha: string, beta: string, gamma?: string}}\n---\n"
    "[{{alpha}}] [{{beta}}] [{{gamma}}]{{#if gamma}} with{{else}} without{{/if}}",
    "optional": "---\ninput: {schema: {alpha?: string, beta?: string}}\n---\n[{{alpha}}] [{{beta}}]",
    "typed": '---\ninput: {schema: {text: string, "depth?(enum)": [quick, thorough]}}\n---\n[{{text}}] [{{depth}}]',
    "list": "---\ninput: {schema: {items(array): string}}\n---\n{{#each items}}- {{this}};{{/each}}",
    "section": "---\ninput: {schema: {text: string, note?: string}}\n---\n"
    "[{{text}}]{{#if note}}\n<note>\n{{note}}\n</note>{{else}}\nNo note.{{/if}}",
    "default": "---\ninput: {schema: {text: string, tone?: string}, default: {tone: neutral}}\n---\n[{{text}}] [{{tone}}]",
    "flag": "---\ninput: {schema: {text: string, draft?: boolean, words?: integer}}\n---\n"
    "[{{text}}]{{#if draft}} as a draft{{/if}} in [{{words}}] words",
    "flag-last": "---\ninput: {schema: {text: string, words?: integer, draft?: boolean}}\n---\n"
    "[{{text}}] in [{{words}}] words{{#if draft}} as a draft{{/if}}",
    "compared": '---\ninput: {schema: {text: string, "depth?(enum)": [quick, thorough]}}\n---\n'
    '[{{text}}] {{#ifEquals depth "quick"}}quickly{{else}}slowly{{/ifEquals}}',
    # A tool of its own.
    "planned": "---\ndescription: Plans a journey.\ntool: true\ninput:\n  schema:\n    city: string, where to go\n"
    "    pace?(enum, how fast): [slow, quick]\n    days?: integer, how long\n  default: {pace: slow}\n---\n"
    "Plan {{days}} days in {{city}} at a {{pace}} pace.",
    "dialog": '{{role "system"}}S\n{{role "user"}}U1\n{{role "model"}}A\n{{role "user"}}U2',
    "picture": f'BEFORE\n{{{{media url="{PIXEL}"}}}}\nAFTER',
    "starts": f'{{{{media url="{PIXEL}"}}}}\nAFTER',
    "file": 'BEFORE\n{{media url="notes.txt"}}\nAFTER',
    "link": 'BEFORE\n{{media url="https://example.com/x.png"}}\nAFTER',
    "lines": "---\n---\nOne\ntwo $1 !`echo RAN`",
    "marks": f"---\ninput: {{schema: {{said: string}}}}\n---\n{MARKS} and {{{{said}}}}",
    "said": "---\ninput: {schema: {said: string}}\n---\nSaid {{said}} here.",
    "photo": "---\ninput: {schema: {photo: string}}\n---\nLook: {{media url=photo}}",
    "fails": '{{media url="no.png"}}',
    "help": "---\n---\nOf the gallery.",
}
FILES = {"notes.txt": "A note.\n"}
# The folder in which a client works has this file. Where it reaches the model, it is `<file>`.
NOTES = "What the user notes."
WORK = {"notes.txt": f"{NOTES}\n"}
# The gallery `pages` has these, one a page.
PAGES = {"page-one": "---\n---\nOn page one.", "page-two": "---\n---\nOn page two."}

CLAUDE_CODE = {
    "/mcp__g__none": reaches("Plain words."),
    "/mcp__g__none more words": reaches("Plain words."),
    # It declares forms. Without a terminal it cancels them, unless a hook answers.
    "/mcp__g__single": told("missing required argument `topic`"),
    "/mcp__g__first": reaches("[It's a \"form\",\n  $1] []", form={"topic": 'It\'s a "form",\r\n  $1'}),
    "/mcp__g__two": reaches("[a\nb] [c\nd] [] without", form={"alpha": "a\rb", "beta": "c\nd"}),
    "/mcp__g__single hello world": reaches("About [hello]."),
    '/mcp__g__single "hello world"': reaches('About ["hello].'),
    "/mcp__g__single one\ntwo": reaches("About [one]."),
    '/mcp__g__single ""': reaches('About [""].'),
    "/mcp__g__single $1": reaches("About [$1]."),
    "/mcp__g__single !`ls`": reaches("About [!`ls`]."),
    "/mcp__g__two a": told("missing required argument `beta`"),
    "/mcp__g__two a b": reaches("[a] [b] [] without"),
    "/mcp__g__two a b c d": reaches("[a] [b] [c] with"),
    "/mcp__g__optional": reaches("[] []"),
    "/mcp__g__optional a b c": reaches("[a] [b]"),
    '/mcp__g__optional --alpha="a b"': reaches('[--alpha="a] [b"]'),
    "/mcp__g__typed x wrong": told("must be one of quick, thorough"),
    "/mcp__g__typed y wrong": reaches("[y] [quick]", form={"depth": "quick"}),
    "/mcp__g__list a": reaches("- a;"),
    "/mcp__g__dialog": reaches("S\n\nU1", "A", "U2"),
    "/mcp__g__picture": reaches("BEFORE", "<image>", "<path>", "AFTER"),
    "/mcp__g__starts": reaches("<image>", "<path>", "AFTER"),
    "/mcp__g__file": reaches("BEFORE", "[Resource from g at gallery:///notes.txt] A note.", "AFTER"),
    "/mcp__g__link": reaches("BEFORE", "[Resource link: x.png] https://example.com/x.png", "AFTER"),
    "/mcp__g__lines": reaches("One\ntwo $1 !`echo RAN`"),
    "/mcp__g__marks": reaches(f"{MARKS} and {MARKS}", form={"said": MARKS}),
    "/mcp__g__said @notes.txt": reaches("Said @notes.txt here."),
    "/mcp__g__said $ARGUMENTS": reaches("Said $ARGUMENTS here."),
    "/mcp__g__said !{echo RAN}": reaches("Said !{echo here."),
    "Read @notes.txt": reaches("<file>", "Read @notes.txt"),
    "/mcp__g__fails": told("there is no file `no.png`"),
    "/mcp__g__help": reaches("Of the gallery."),
    # No such prompt: the line itself.
    "/mcp__g__nothing x": reaches("/mcp__g__nothing x"),
    "/mcp__pages__page-two": reaches("On page two."),
}

# Every text is a JSON string.
GEMINI_CLI = {
    "/none": reaches('"Plain words."'),
    "/none more words": reaches('"Plain words."'),
    "/single": told("missing required argument `topic`"),
    "/single hello world": reaches('"About [hello world]."'),
    '/single It\'s "so"': reaches('"About [It\'s so]."'),
    # White space of any length is one blank.
    "/single one\n  two": reaches('"About [one two]."'),
    '/single --topic="one\n  two"': reaches('"About [one two]."'),
    "/single \\n $1 !`ls`": reaches('"About [n $1 !`ls`]."'),
    "/first a b": reaches('"[a b] []"'),
    # Nobody is told that `beta` is missing; in a terminal it says so.
    "/two a": told("not supported in non-interactive mode"),
    "/two a b c d": reaches('"[a] [b] [] without"'),
    '/two --alpha="a b" --beta="c d" --gamma=e': reaches('"[a b] [c d] [e] with"'),
    "/optional a b": reaches('"[] []"'),
    "/typed x wrong": reaches('"[x wrong] []"'),
    '/typed --text=x --depth="wrong"': told("must be one of quick, thorough"),
    "/dialog": reaches('"S\\n\\nU1"'),
    "/picture": reaches('"BEFORE"'),
    "/starts": told("not supported in non-interactive mode"),
    "/file": reaches('"BEFORE"'),
    "/lines": reaches('"One\\ntwo $1 !`echo RAN`"'),
    "/marks it": reaches(f'"{MARKS} and it"'),
    "/said @notes.txt": reaches('"Said @notes.txt here."'),
    "/said $ARGUMENTS": reaches('"Said $ARGUMENTS here."'),
    "/said !{echo RAN}": reaches('"Said !{echo RAN} here."'),
    "/said !`echo RAN`": reaches('"Said !`echo RAN` here."'),
    "Read @notes.txt": reaches("Read @notes.txt", "<file>"),
    "/fails": told("there is no file `no.png`"),
    # A built-in command of the same name wins, and the line itself is sent.
    "/help": reaches("/help"),
    "/nothing x": reaches("/nothing x"),
    # It reads the first page alone.
    "/page-one": reaches('"On page one."'),
    "/page-two": reaches("/page-two"),
}

# It gets every prompt with `$1`, `$2` … as values, and puts the typed words into the text.
OPENCODE = {
    "/g:none": reaches("Plain words."),
    "/g:none more words": reaches("Plain words.\n\nmore words"),
    "/g:single": reaches("About []."),
    "/g:single hello world": reaches("About [hello world]."),
    '/g:single It\'s "so"': reaches("About [It s so]."),
    '/g:single "It\'s so"': reaches("About [It's so]."),
    "/g:single one\n  two": reaches("About [one two]."),
    '/g:single "one\n  two"': reaches("About [one\n  two]."),
    '/g:first "It\'s "so"" b': reaches("[It's ] [so  b]"),
    "/g:single a $1": reaches("About [a $1]."),
    # All that is typed, also in the middle of an argument.
    "/g:single a $ARGUMENTS": reaches("About [a a $ARGUMENTS]."),
    '/g:first "a $ARGUMENTS" b': reaches('[a "a $ARGUMENTS" b] [b]'),
    "/g:none $ARGUMENTS": reaches("Plain words.\n\n$ARGUMENTS"),
    # A shell of the user runs it.
    "/g:single !`echo RAN`": reaches("About [RAN\n]."),
    "/g:first a b": reaches("[a] [b]"),
    "/g:two a b": reaches("[a] [b] [] with"),
    "/g:two a b c d": reaches("[a] [b] [c d] with"),
    "/g:optional": reaches("[] []"),
    # What is typed for a typed argument is not tested.
    "/g:typed x quick": reaches("[x] [quick]"),
    "/g:typed x wrong": reaches("[x] [wrong]"),
    "/g:list a b": reaches("- a b;"),
    # Without words for the others, their sections and tests are there all the same, and no default.
    "/g:section a": reaches("[a]\n<note>\n\n</note>"),
    "/g:section a b": reaches("[a]\n<note>\nb\n</note>"),
    "/g:default a": reaches("[a] []"),
    "/g:default a formal": reaches("[a] [formal]"),
    "/g:flag a": reaches("[a] as a draft in [] words"),
    "/g:flag a false 5": reaches("[a] as a draft in [5] words"),
    # An argument that is only tested or compared has no place in the text, so the one before takes its word.
    "/g:flag-last a 5 true": reaches("[a] in [5 true] words as a draft"),
    "/g:compared a quick": reaches("[a quick] slowly"),
    "/g:dialog": reaches("S\n\nU1\nA\nU2"),
    "/g:picture": reaches("BEFORE\n\nAFTER"),
    "/g:file": reaches("BEFORE\n\nAFTER"),
    "/g:link": reaches("BEFORE\n\nAFTER"),
    "/g:lines": reaches("One\ntwo  RAN"),
    "/g:marks it": reaches("@notes.txt @{notes.txt} it !{echo RAN} RAN\n and it", "<file>"),
    "/g:said @notes.txt": reaches("Said @notes.txt here.", "<file>"),
    "/g:said $ARGUMENTS": reaches("Said $ARGUMENTS here."),
    "/g:said !{echo RAN}": reaches("Said !{echo RAN} here."),
    "/g:said !`echo RAN`": reaches("Said RAN\n here."),
    # An empty message, and nobody is told.
    "/g:fails": reaches(),
    # The address `$1` is refused when the commands are listed. The words alone are sent.
    "/g:photo https://example.com/x.png": reaches("https://example.com/x.png"),
    "/g:help": reaches("Of the gallery."),
    "/g:nothing x": told("UnknownError"),
    "/pages:page-two": reaches("On page two."),
}

# As Gemini CLI, but arguments by position may be optional, and line breaks stay.
QWEN_CODE = {
    "/none": reaches('"Plain words."'),
    "/none more words": told("unknown argument `input`"),
    "/single": told("Missing required argument(s): --topic"),
    "/single hello world": reaches('"About [hello world]."'),
    '/single ""': told("missing required argument `topic`"),
    '/single It\'s "so"': reaches('"About [It\'s so]."'),
    "/single one\n  two": reaches('"About [one\\n two]."'),
    '/single --topic="one\n  two"': reaches('"About [one\\n  two]."'),
    "/first a b": reaches('"[a] [b]"'),
    "/two a": told("Missing required argument(s): --beta"),
    "/two a b c d": reaches('"[a] [b] [c] with"'),
    "/typed x wrong": told("must be one of quick, thorough"),
    "/dialog": reaches('"S\\n\\nU1"'),
    "/picture": reaches('"BEFORE"'),
    "/starts": told("empty or invalid prompt response"),
    "/file": reaches('"BEFORE"'),
    "/lines": reaches('"One\\ntwo $1 !`echo RAN`"'),
    "/fails": told("there is no file `no.png`"),
    "/help": told("not supported in this mode"),
    "/nothing x": reaches("/nothing x"),
    "/page-one": reaches('"On page one."'),
    "/page-two": reaches("/page-two"),
}

# Libraries: what they hand to the program that uses them.
MESSAGES = {
    'single {"topic": "hello world"}': reaches("About [hello world]."),
    'single {"topic": "one\\r\\n  two $1"}': reaches("About [one\n  two $1]."),
    "single {}": told("missing required argument `topic`"),
    'typed {"text": "x", "depth": "wrong"}': told("must be one of quick, thorough"),
    "dialog {}": reaches("S\n\nU1", "assistant: A", "U2"),
    "picture {}": reaches("BEFORE", "<image>", "AFTER"),
    "file {}": reaches("BEFORE", "<resource>", "AFTER"),
    "link {}": reaches("BEFORE", "<resource_link>", "AFTER"),
    "fails {}": told("there is no file `no.png`"),
    "nothing {}": told("nothing"),
}
LANGCHAIN = MESSAGES | {
    "picture {}": told("Unsupported prompt message content type: image"),
    "file {}": told("Unsupported prompt message content type: resource"),
    "link {}": told("Unsupported prompt message content type: resource_link"),
}
PYDANTIC_AI = MESSAGES | {
    "picture {}": reaches("BEFORE", "<BinaryImage>", "AFTER"),
    "file {}": reaches("BEFORE", "A note.", "AFTER"),
    "link {}": reaches("BEFORE", "<ResourceLink>", "AFTER"),
}
NOT_FOUND = told("could not be found or contains no messages")
# Without a terminal, its forms fail. It takes a model of unknown abilities for one that sees no pictures.
FAST_AGENT = MESSAGES | {
    "single {}": NOT_FOUND,
    'typed {"text": "x", "depth": "wrong"}': NOT_FOUND,
    "picture {}": reaches("BEFORE", "AFTER"),
    "file {}": reaches(
        "BEFORE", '<fastagent:file title="notes.txt" mimetype="text/plain">\nA note.\n\n</fastagent:file>', "AFTER"
    ),
    "link {}": reaches("BEFORE", "AFTER"),
    "fails {}": NOT_FOUND,
    "nothing {}": NOT_FOUND,
}

CASES = {
    "claude-code": CLAUDE_CODE,
    "gemini-cli": GEMINI_CLI,
    "opencode": OPENCODE,
    "qwen-code": QWEN_CODE,
    "fast-agent": FAST_AGENT,
    "langchain-mcp-adapters": LANGCHAIN,
    "mcp-remote": MESSAGES,
    "openai-agents": MESSAGES,
    "pydantic-ai": PYDANTIC_AI,
}

# What the model calls, in every client: a tool with its arguments. What `tools/call` gives is to come back to it.
CALLS = [
    ("add", {"a": 2, "b": 3}),
    # An error.
    ("multiply", {"a": 4_000_000_000, "b": 4_000_000_000}),
    ("search_prompts", {"query": "jorney"}),
    ("get_prompt", {"name": "typed", "arguments": {"text": "It's \"so\"\n $1", "depth": "thorough"}}),
    ("get_prompt", {"name": "list", "arguments": {"items": ["a, b", "c"]}}),
    ("get_prompt", {"name": "dialog"}),
    ("get_prompt", {"name": "picture"}),
    # An error.
    ("get_prompt", {"name": "two", "arguments": {"alpha": "a"}}),
    # A prompt as a tool of its own, with a default and an integer.
    ("planned", {"city": "Oslo", "days": 3}),
]

# --- The gallery's own prompts, in `prompts/` ---

# What a person gives for a text: an apostrophe, and what templates and clients expand.
TYPED = "It's the {{name}} of $2, and `ls`"


def samples(prompt: dict, properties: dict[str, dict], every: bool) -> dict[str, dict[str, str]]:
    """Values for the required arguments of a prompt, as it is listed, or for `every` one; `properties` are their JSON Schemas.

    By the name of the case: that of the prompt, and one more for each flag, which is false there.
    """
    listed = [argument["name"] for argument in prompt.get("arguments", []) if every or argument.get("required")]
    given = {name: value(properties[name], name) for name in listed}
    flags = [name for name in listed if properties[name].get("type") == "boolean"]
    return {prompt["name"]: given} | {f"{prompt['name']}, {flag}=false": given | {flag: "false"} for flag in flags}


def value(schema: dict, name: str) -> str:
    if "enum" in schema:
        return str(schema["enum"][-1])
    return {"integer": "7", "number": "99.5", "boolean": "true"}.get(schema.get("type", ""), f"{TYPED} as {name}")


@dataclass
class Lost:
    """What happens instead: the model is `not asked`, gets `no prompt`, or one that `differs`."""

    how: str
    why: str


ALWAYS = Lost("differs", "opencode fetches the prompt with a placeholder in place of `false`, so the test is true")

# What does not arrive whole, by client and case.
LOST: dict[str, dict[str, Lost]] = {
    "claude-code": {},
    "gemini-cli": {},
    "opencode": {
        "docs_api-reference, include_examples=false": ALWAYS,
        "pull-request-description, include_checklist=false": ALWAYS,
        "test-cases, include_tests=false": ALWAYS,
    },
}
