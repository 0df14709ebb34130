#!/usr/bin/env node
// The newer Node releases that users have: quick start and tests under each of them, one after the other. The releases come from npm into
// a temporary folder. Exit code 1 when something fails under one of them; the others are run all the same.
//
// node scripts/other-nodes.mjs [--quickstart-only] [VERSION...]     (npm run test:nodes builds the program before)
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values, positionals } = parseArgs({
  options: { 'quickstart-only': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const jobs = [
  { name: 'quick start', words: ['scripts/quickstart.mjs'] },
  ...(values['quickstart-only'] ? [] : [{ name: 'tests', words: ['node_modules/vitest/vitest.mjs', 'run'] }]),
]
// A Ctrl-C ends the running job; nothing is started after it, and the releases are removed.
class Interrupted extends Error {}
process.on('SIGINT', () => undefined)

const results = []
const folder = await mkdtemp(join(tmpdir(), 'aptroot-nodes-'))
try {
  for (const version of positionals.length > 0 ? positionals : ['22', '24']) results.push(...runUnder(version))
} catch (error) {
  if (!(error instanceof Interrupted)) throw error
  results.push({ version: '', name: '', outcome: 'interrupted' })
} finally {
  await rm(folder, { recursive: true, force: true })
}
for (const { version, name, outcome } of results) console.log(`${version.padEnd(10)} ${name.padEnd(12)} ${outcome}`)
if (results.some(({ outcome }) => outcome !== 'passed')) process.exitCode = 1

/** Runs the jobs under one release and says how each went. */
function runUnder(wanted) {
  const node = fetchNode(wanted)
  if (node === undefined) return [{ version: wanted, name: 'fetching', outcome: 'failed' }]
  const { version, binaries } = node
  return jobs.map(({ name, words }) => {
    console.log(`\n# Node ${version}: ${name}`)
    // The tests start `node` by its name as well, and have to get the same one.
    const { status, signal } = spawnSync(join(binaries, 'node'), words, {
      cwd: root,
      env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` },
      stdio: 'inherit',
    })
    // 130 is how a shell says that a program ended itself on Ctrl-C.
    if (signal === 'SIGINT' || status === 130) throw new Interrupted()
    return { version, name, outcome: status === 0 ? 'passed' : `failed (${signal ?? `exit code ${status}`})` }
  })
}

/**
 * Installs a release from the packages that npm's `node` consists of: one per platform, with nothing but the files of the release. `node`
 * itself would run an install script to choose among them.
 */
function fetchNode(wanted) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const prefix = join(folder, wanted)
  const installed = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--prefix', prefix, `${name}@${wanted}`],
    { cwd: folder, stdio: 'inherit' },
  )
  if (installed.status !== 0) {
    console.error(`other nodes: npm could not install ${name}@${wanted}`)
    return undefined
  }
  const binaries = join(prefix, 'node_modules', name, 'bin')
  const asked = spawnSync(join(binaries, 'node'), ['--version'], { encoding: 'utf8' })
  const version = asked.stdout?.trim() ?? ''
  if (asked.status === 0 && version.startsWith(`v${wanted}`)) return { version, binaries }
  console.error(`other nodes: ${name}@${wanted} says it is "${version}"`)
  return undefined
}
