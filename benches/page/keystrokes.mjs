// Types into the search field and waits for the frame that shows the result.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../../tests/browser/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const SIZES = [100, 10_000]
const LIMIT_MS = 50
const LIMIT_RATIO = 5
const ROUNDS = 5
/** Each is typed key by key. A mistyped word costs most, because what has no exact hit is searched for again, with mistakes forgiven. */
const WORDS = {
  'right words': ['review', 'summary of a meeting', 'test plan'],
  'mistyped words': ['reveiw', 'sumary', 'translaet', 'incdient'],
}

const SUBJECTS = ['review', 'summary', 'translation', 'release notes', 'test plan', 'meeting minutes', 'incident report']
const TEAMS = ['backend', 'frontend', 'support', 'sales', 'legal', 'operations', 'research']

function gallery(count) {
  const folder = mkdtempSync(join(tmpdir(), 'prompt-gallery-'))
  for (const team of TEAMS) mkdirSync(join(folder, team))
  for (let number = 0; number < count; number++) {
    const [subject, team] = [SUBJECTS[number % SUBJECTS.length], TEAMS[number % TEAMS.length]]
    const text = `---
title: ${subject} ${number}
description: Write the ${subject} that the ${team} team asks for in case ${number}.
tags: [${team}, ${subject.split(' ')[0]}]
---
Write the ${subject} of {{text}}.
`
    writeFileSync(join(folder, team, `${subject.replaceAll(' ', '-')}-${number}.prompt`), text)
  }
  return folder
}

async function serve(folder) {
  const child = spawn(process.env.PROGRAM, ['--addr', '127.0.0.1:0', '--dir', folder], {
    env: { ...process.env, RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = / at http:\/\/127\.0\.0\.1:(\d+)\/mcp/.exec(line)
      if (found) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`the server ended: ${code}`)))
  })
  return { child, origin: `http://127.0.0.1:${port}` }
}

/** Runs in the page: remembers the time of each key and of the first frame after the last change that it caused. */
function watch() {
  let pressed = 0
  let painted = 0
  const paint = () =>
    requestAnimationFrame(() => {
      // A message that is sent in a frame arrives when the frame is painted.
      const channel = new MessageChannel()
      channel.port1.onmessage = () => (painted = performance.now())
      channel.port2.postMessage(0)
    })
  addEventListener('keydown', () => (pressed = performance.now()), { capture: true })
  new MutationObserver(paint).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })
  window.lastKey = () => ({ took: painted - pressed, quiet: performance.now() - Math.max(painted, pressed) })
}

async function measure(page, origin, count) {
  await page.goto(`${origin}/`)
  await page.getByRole('status').filter({ hasText: count.toLocaleString('en') }).waitFor({ timeout: 60_000 })
  await page.evaluate(watch)
  const times = {}
  for (const [kind, words] of Object.entries(WORDS)) times[kind] = await type(page, words)
  return times
}

async function type(page, words) {
  const times = []
  const field = page.getByRole('searchbox')
  const press = async (key) => {
    await page.keyboard.press(key)
    // Nothing has changed for a quarter of a second: what the key caused is painted.
    await page.waitForFunction(() => window.lastKey().quiet > 250)
    const { took } = await page.evaluate(() => window.lastKey())
    // A key that changes no result, such as a space, is not counted.
    if (took > 0) times.push(took)
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const word of words) {
      await field.focus()
      for (const key of word) await press(key === ' ' ? 'Space' : key)
      await field.fill('')
      await page.waitForFunction(() => window.lastKey().quiet > 250)
    }
  }
  const typed = ROUNDS * words.join('').length
  if (times.length < typed / 2) throw new Error(`${times.length} of ${typed} keys changed the page`)
  return times.sort((a, b) => a - b)
}

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
/** Of each kind of words, one for each size of gallery. */
const figures = Object.fromEntries(Object.keys(WORDS).map((kind) => [kind, []]))
const busy = loadavg()[0].toFixed(1)
console.log('| typed | prompts | keys | median ms | p95 ms | slowest ms |\n|---|---|---|---|---|---|')
try {
  for (const count of SIZES) {
    const folder = gallery(count)
    const { child, origin } = await serve(folder)
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      for (const [kind, times] of Object.entries(await measure(page, origin, count))) {
        const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))]
        figures[kind].push({ median: at(0.5), p95: at(0.95) })
        const cells = [kind, count.toLocaleString('en'), times.length, ...[0.5, 0.95, 1].map((part) => at(part).toFixed(1))]
        console.log(`| ${cells.join(' | ')} |`)
      }
      await page.close()
    } finally {
      child.kill()
      rmSync(folder, { recursive: true })
    }
  }
} finally {
  await browser.close()
}

console.log(`\n| typed | of 10,000 | ms | limit | times that of 100 | limit | |\n|---|---|---|---|---|---|---|`)
for (const [kind, [few, many]] of Object.entries(figures)) {
  for (const part of ['median', 'p95']) {
    const ratio = many[part] / few[part]
    const isOver = many[part] > LIMIT_MS || ratio > LIMIT_RATIO
    if (isOver) process.exitCode = 1
    console.log(`| ${kind} | ${part} | ${many[part].toFixed(1)} | ${LIMIT_MS} | ${ratio.toFixed(2)} | ${LIMIT_RATIO} | ${isOver ? 'over' : 'ok'} |`)
  }
}
console.log(`\nLoad average: ${busy} at the start, ${loadavg()[0].toFixed(1)} at the end, of ${cpus().length} processors.`)
