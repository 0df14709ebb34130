#!/usr/bin/env node
import { readFileSync } from 'node:fs'

// Answered before oclif loads: 23 ms instead of 76.
if (process.argv.length === 3 && process.argv[2] === '--version') {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`aptroot/${version}\n`)
} else {
  // A command lives for less than a second: compiling functions again, optimised, costs more than it gains until they are
  // really hot. `lock update` of kde-full with Recommends: 1.1 s of processor time instead of 1.7; cold, with its decompression, the same 1.8.
  // Measured with the V8 of Node 20; other versions keep their own budgets.
  if (process.versions.v8.startsWith('11.3.')) {
    const { setFlagsFromString } = await import('node:v8')
    setFlagsFromString('--interrupt-budget=700000')
    // Nearly all that is built lives until the end. A young generation that grows at once copies it less often: `lock update` of gnome
    // takes 0.77 s of processor time instead of 0.80.
    setFlagsFromString('--semi-space-growth-factor=16')
  }
  const { main } = await import('../dist/main.js')
  await main(import.meta.url)
}
