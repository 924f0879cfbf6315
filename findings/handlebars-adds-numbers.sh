#!/usr/bin/env bash
# With the option noEscape, which Dotprompt and Genkit set, handlebars.js adds two numbers that stand side by side: the
# template `{{a}}{{b}}` of 1 and 2 renders `3`. With escaping it is `12`.
# Fails if that changes. Needs Node and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund handlebars@4.7.10 dotprompt@1.1.2 >/dev/null
cat >show.mjs <<'SHOW'
import Handlebars from 'handlebars'
import { Dotprompt } from 'dotprompt'
const data = { a: 1, b: 2 }
const escaped = Handlebars.compile('{{a}}{{b}}')(data)
const plain = Handlebars.compile('{{a}}{{b}}', { noEscape: true })(data)
const { messages } = await new Dotprompt().render('{{a}}{{b}}', { input: data })
console.log(`handlebars ${Handlebars.VERSION}: escaped ${escaped}, noEscape ${plain}; dotprompt: ${messages[0].content[0].text}`)
process.exitCode = escaped === '12' && plain === '3' && messages[0].content[0].text === '3' ? 0 : 1
SHOW
node show.mjs
