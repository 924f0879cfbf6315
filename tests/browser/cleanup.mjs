// node:test runs the hooks of a test first to last. What was opened last is to be closed first.
const stacks = new WeakMap()

/** Runs an action after the test, before those that were given earlier. All of them run, and the first error is the test's. */
export function cleanup(t, action) {
  if (!stacks.has(t)) {
    const actions = []
    stacks.set(t, actions)
    t.after(() => undo(actions))
  }
  stacks.get(t).push(action)
}

async function undo(actions) {
  const errors = []
  for (const action of actions.reverse()) {
    try {
      await action()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
