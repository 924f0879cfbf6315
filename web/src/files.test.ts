import { expect, test } from 'vitest'

import { isPartial, makesName } from './files'

test('files make names as the server has them', () => {
  const pairs = [
    ['hello.prompt', 'hello'],
    ['team/code/review.prompt', 'team_code_review'],
    ['my folder/What now?.hbs', 'my-folder_What-now-'],
    ['a.short.prompt', 'a--short'],
    ['v1.2/a.b.c.handlebars', 'v1-2_a--b-c'],
    ['équipe/crème.prompt', 'equipe_creme'],
    ['a.prompt', 'a-0f3a9c'],
    [`${'x'.repeat(70)}.prompt`, `${'x'.repeat(57)}-0f3a9c`],
  ] as const
  for (const [path, name] of pairs) expect(makesName(path, name), path).toBe(true)
  for (const [path, name] of [
    ['a.prompt', 'b'],
    ['a.prompt', 'a-other'],
    ['a/_b.prompt', 'a__b'],
    ['README.md', 'README'],
  ] as const) {
    expect(makesName(path, name), path).toBe(false)
  }
})

test('partials', () => {
  expect(['_a.prompt', 'b/_a.hbs', 'a.prompt', '_b/a.prompt'].map(isPartial)).toEqual([true, true, false, false])
})
