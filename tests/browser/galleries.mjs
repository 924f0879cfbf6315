// The prompts of the tests.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const hello = {
  'hello.prompt': `---
title: Hello
description: Greets somebody.
tags: [example]
input:
  schema:
    name: string, Who is greeted
---
Say hello to {{name}}.
`,
}

/** Two folders, four tags, a prompt without front matter, and a file that is no prompt. */
export const team = {
  ...hello,
  'code/review.prompt': `---
title: Code review
description: Lists the problems of a change, worst first.
tags: [code, quality]
arguments:
  - {name: code, title: Code or diff, required: true}
  - {name: focus, title: Focus, enum: [everything, security, speed], default: everything}
---
Review this code for {{focus}}:

{{code}}
`,
  'code/tests.prompt': `---
title: Test cases
description: Derives test cases from a requirement.
tags: [code, quality]
arguments:
  - {name: subject, title: Requirement, required: true}
---
Which tests does this need? {{subject}}
`,
  'writing/translate.prompt': `---
title: Translate
description: Translates a text and keeps its markup.
tags: [writing]
arguments:
  - {name: text, title: Text, required: true}
  - {name: language, title: Language, default: English}
---
Translate into {{language}}: {{text}}
`,
  'writing/plain.hbs': 'Say this in plain words: {{text}}\n',
  'writing/broken.prompt': `---
title: Broken
---
Hello
{{#if name}}
`,
}

/** An argument of every kind. */
export const kinds = {
  'kinds.prompt': `---
title: All kinds
arguments:
  - {name: text, title: Text, description: Any text., required: true}
  - {name: colour, title: Colour, enum: [red, green, blue], default: green}
  - {name: city, title: City, enum: [Amsterdam, Berlin, Copenhagen, Dublin, Edinburgh, Florence]}
  - {name: count, title: Count, type: integer}
  - {name: share, title: Share, type: number}
  - {name: polite, title: Polite, type: boolean}
  - {name: items, title: Items, type: array}
  - {name: person, title: Person, type: object}
---
text={{text}} colour={{colour}} city={{city}} count={{count}} share={{share}} polite={{#if polite}}yes{{else}}no{{/if}}
items={{#each items}}[{{this}}]{{/each}} person={{person.name}}
`,
}

/** A conversation with Markdown, and a picture of one pixel. */
export const conversation = {
  'talk.prompt': `---
title: Talk
arguments:
  - {name: topic, title: Topic, default: bees}
---
{{role "user"}}
# About {{topic}}

Some **bold** words, and a list:

- one
- two

{{role "model"}}
Gladly: \`{{topic}}\`.

{{role "user"}}
What is this? {{media url="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="}}
`,
}

/** Markup that runs a script, asks another host or leaves the page, if a browser takes it as markup. */
export const markup = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '<svg onload=alert(1)></svg>',
  '<iframe src="https://evil.example/frame"></iframe>',
  '<a href="javascript:alert(1)">link</a>',
  '[link](javascript:alert(1))',
  '[data](data:text/html,<script>alert(1)</script>)',
  '![picture](https://evil.example/picture.png)',
  '<style>*{display:none}</style>',
  '<form action="https://evil.example/"><button>Send</button></form>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '"><b id=root onmouseover=alert(1)>',
]

/** Every text of a prompt is markup. */
export const hostile = {
  '<img src=x onerror=alert(1)>.prompt': promptOf(markup[0]),
  '<b onmouseover=alert(1)>/<svg onload=alert(1)>.prompt': promptOf(markup[2]),
  'hostile.prompt': promptOf(markup.join('\n')),
  '<i>broken</i>.prompt': '---\ntitle: <img src=x onerror=alert(1)>\n---\n{{#if <script>alert(1)</script>}}\n',
}

function promptOf(text) {
  const front = {
    title: `Hostile ${text}`,
    description: text,
    tags: markup,
    icons: [{ src: 'https://evil.example/icon.png' }],
    arguments: [
      { name: 'text', title: `Text ${text}`, description: text, required: true, default: text },
      { name: 'choice', title: `Choice ${text}`, enum: markup, default: markup[1] },
    ],
  }
  // JSON is YAML.
  return `---\n${JSON.stringify(front)}\n---\n${text}\n\n{{text}}\n\n{{choice}}\n`
}

/** Prompts of about 1 KB. */
export function many(count) {
  const filler = 'Say what is right, what is wrong and what is missing, one point a line, worst first. '.repeat(8)
  const prompt = (i) => `---
title: Review request ${i}
description: Asks for a review of change ${i}.
tags: [tag-${i % 7}]
arguments:
  - {name: topic, title: Topic, required: true}
---
Please review {{topic}}. ${filler}
`
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`folder-${i % 20}/request-${i}.prompt`, prompt(i)]))
}

/** The files of a folder, `{path: text}`. */
export function filesOf(folder) {
  const paths = readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile())
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}
