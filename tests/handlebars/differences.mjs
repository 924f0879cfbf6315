// What differs from the reference on purpose, each with its reason. `docs/prompt-language.md` has the same for authors.
const refused = (message, reason) => ({
  reason,
  is: (_, expected, actual) => 'text' in expected && 'error' in actual && message.test(actual.error),
})
const taken = (error, template, reason) => ({
  reason,
  is: (one, expected, actual) => 'error' in expected && 'text' in actual && error.test(expected.error) && template.test([one.template, ...Object.values(one.partials)].join('\n')),
})

export default [
  refused(/^the variable `.*` has no value$/s, 'a variable that nobody gave is an error'),
  refused(/^expected a name, found a value/, 'a literal in the place of a name'),
  refused(/^`.*` (takes|has no key|gives no value)/s, 'a helper that is called with more or less than it takes'),
  refused(/is never closed by/, 'a text whose only closing quote has a backslash before it'),
  refused(/^the name of a partial is written out/, 'a partial whose name is computed'),
  refused(/^use straight quotes/, 'names that begin or end with a typographic quote'),
  refused(/^(only each and with allow|\{\{\^…\}\} has no items|names for the items|this block names the items)/, 'names for items where there are none, or too many'),
  refused(/^there is no partial/, 'a partial that is missing where no rendering comes'),
  refused(/^the only decorator/, 'an inline partial with more than its name'),
  refused(/^there is no helper/, 'an unknown helper with key=value alone'),
  refused(/is the name of an item here/, 'an item that is called as a helper'),
  taken(/reading '(hash|fn|inverse|lookupProperty)'/, /json|ifEquals|unlessEquals|lookup/, 'a variable of the name of a helper'),
  taken(/got 'CLOSE_(UNESCAPED|RAW_BLOCK)'/, /\}\}\}/, 'a brace behind a tag'),
  taken(/got '(NUMBER|BOOLEAN|NULL|UNDEFINED)'/, /[./]/, 'a segment that is a literal: items.0'),
]
