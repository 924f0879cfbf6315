// Types into the search field and waits for the frame that shows the result.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../../tests/browser/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const SIZES = [100, 10_000]
const LIMIT_MS = 50
const LIMIT_RATIO = 5
const ROUNDS = 5
/** Each is typed key by key, with a mistake in the last one. */
const WORDS = ['review', 'summary of a meeting', 'translaet']

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
  const times = []
  await page.goto(`${origin}/`)
  await page.getByRole('status').filter({ hasText: count.toLocaleString('en') }).waitFor({ timeout: 60_000 })
  await page.evaluate(watch)
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
    for (const word of WORDS) {
      await field.focus()
      for (const key of word) await press(key === ' ' ? 'Space' : key)
      await field.fill('')
      await page.waitForFunction(() => window.lastKey().quiet > 250)
    }
  }
  const typed = ROUNDS * WORDS.join('').length
  if (times.length < typed / 2) throw new Error(`${times.length} of ${typed} keys changed the page`)
  return times.sort((a, b) => a - b)
}

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
const medians = []
console.log('| prompts | keys | median ms | p95 ms | slowest ms |\n|---|---|---|---|---|')
try {
  for (const count of SIZES) {
    const folder = gallery(count)
    const { child, origin } = await serve(folder)
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      const times = await measure(page, origin, count)
      const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))]
      medians.push(at(0.5))
      console.log(`| ${count.toLocaleString('en')} | ${times.length} | ${at(0.5).toFixed(1)} | ${at(0.95).toFixed(1)} | ${at(1).toFixed(1)} |`)
      await page.close()
    } finally {
      child.kill()
      rmSync(folder, { recursive: true })
    }
  }
} finally {
  await browser.close()
}
const [few, many] = medians
const ratio = many / few
console.log(`\n10,000 prompts take ${ratio.toFixed(2)} times as long as 100 (limit ${LIMIT_RATIO}), ${many.toFixed(1)} ms (limit ${LIMIT_MS})`)
if (ratio > LIMIT_RATIO || many > LIMIT_MS) process.exitCode = 1
