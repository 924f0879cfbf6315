// One line a test; after a failure also what the test saw; at the end how many passed.
import { basename } from 'node:path'
import { inspect } from 'node:util'

export default async function* report(events) {
  let [passed, failed] = [0, 0]
  for await (const { type, data } of events) {
    if (data?.details?.type === 'suite') continue
    if (type === 'test:pass') {
      passed += 1
      yield `ok      ${title(data)}\n`
    } else if (type === 'test:fail') {
      failed += 1
      const { error } = data.details
      yield `FAILED  ${title(data)}\n${indented(inspect(error.cause ?? error))}\n`
    } else if (type === 'test:stderr') {
      yield indented(data.message)
    }
  }
  yield `${passed} passed, ${failed} failed\n`
}

const title = ({ file, name }) => `${basename(file ?? '', '.test.mjs')}: ${name}`
const indented = (text) => text.replace(/^/gm, '        ')
