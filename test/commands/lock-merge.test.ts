import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import { readLockfile, writeLockfile } from '../../src/lockfile/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { type GitCheckout, gitCheckout } from '../support/git-checkout.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'
import { packagesFile, type StanzaFields } from '../support/packages-file.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

let folder = ''
let key: PrivateKey
let checkout: GitCheckout
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-merge-'))
  checkout = gitCheckout(folder)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (line: string) => runAptroot(line.split(' '), { folder })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

async function publish(stanzas: Readonly<Record<string, StanzaFields>>): Promise<void> {
  const debs = Object.entries(stanzas).map(([title, fields]) => [title, { Architecture: 'all', ...fields }] as const)
  const indexes = { 'main/binary-amd64': packagesFile(Object.fromEntries(debs)) }
  for (const [path, bytes] of Object.entries(await signedSuite({ indexes, fields: {}, keys: [key] })))
    write(`archive/${path}`, bytes)
}

/** Each package on a line of its own, as `aptroot add` writes them. */
function want(...packages: string[]): void {
  write('keys/test.asc', key.toPublic().armor())
  write(
    'aptroot.yaml',
    `manifest: 1\narchitectures: [amd64]\narchives:\n  - {id: test, uri: "file://${folder}/archive", suites: [stable], components: [main], signed-by: keys/test.asc}\nbase: none\npackages:\n${packages.map(each => `  - ${each}\n`).join('')}image: {configure: none}\n`,
  )
}

async function update(line = ''): Promise<void> {
  const result = await run(`lock update --as-of 2026-01-20${line}`)
  assert.equal(result.exitCode, 0, result.errorOutput)
}

/** A commit of this state on a branch that starts at main. */
async function branch(name: string, change: () => Promise<void>): Promise<void> {
  checkout.succeed('checkout', '--quiet', '-B', name, 'main')
  await change()
  checkout.succeed('commit', '--quiet', '-am', name)
}

const universe = {
  'bash 1': {},
  'exim 1': { Provides: 'mta', Conflicts: 'postfix' },
  'jq 1': {},
  'postfix 1': { Provides: 'mta', Conflicts: 'exim' },
}
const newer = { ...universe, 'jq 2': {} }

/** main has a lock of these packages; then newer versions appear. */
async function start(...packages: string[]): Promise<void> {
  await publish(universe)
  want(...packages)
  await update()
  write('.gitignore', 'archive\n.local\n.cache\n.config\n')
  write('.gitattributes', '*aptroot.lock merge=aptroot diff=aptroot\n')
  checkout.succeed('add', '.')
  checkout.succeed('commit', '--quiet', '-m', 'base')
  await publish(newer)
}

function useDriver(): void {
  const program = `"${process.execPath}" "${join(process.cwd(), 'bin/aptroot.js')}"`
  checkout.succeed('config', 'merge.aptroot.driver', `${program} lock merge %O %A %B --path %P`)
  checkout.succeed('config', 'diff.aptroot.textconv', `${program} lock show --or-text`)
}

async function locked(): Promise<string[]> {
  const { debs } = await readLockfile(read('aptroot.lock'), 'aptroot.lock')
  return debs.map(({ name, version }) => `${name} ${version}`)
}

describe('git with the merge driver', () => {
  test('merges what goes together and proves it, leaves in conflict what does not, and compares deb by deb', {
    timeout: 60_000,
  }, async () => {
    await start('bash', 'jq')
    useDriver()
    await branch('bump', () => update(' jq'))
    await branch('exim', async () => {
      want('exim', 'bash', 'jq')
      await update(' --keep')
    })
    await branch('postfix', async () => {
      want('bash', 'jq', 'postfix')
      await update(' --keep')
    })
    const merged = checkout.git('merge', 'bump', '-m', 'merge')
    assert.equal(merged.exitCode, 0, merged.output)
    assert.match(merged.output, /Merged aptroot\.lock: 3 debs, and all relations hold\./)
    assert.deepEqual(await locked(), ['bash 1', 'jq 2', 'postfix 1'])
    assert.equal((await run('lock check')).exitCode, 0)
    assert.match(
      checkout.succeed('diff', 'main'),
      /^-jq:all 1 test\/stable\/main [0-9a-f]{64}\n\+jq:all 2 test\/stable\/main/m,
    )

    const { exitCode, output } = checkout.git('merge', 'exim')
    assert.equal(exitCode, 1)
    assert.match(output, /exim:all=1 excludes postfix, which postfix:all=1 is/)
    assert.match(output, /^CONFLICT \(content\): Merge conflict in aptroot\.lock$/m)
    assert.match(checkout.succeed('diff'), /^\+\+<{7} ours$/m)
    assert.match(read('aptroot.lock'), /<{7} ours\n {2}"postfix":\n.*={7}\n.*>{7} theirs\n/s)
  })
})

const deb = (title: string) => lockedDeb(title, { root: 'wanted' })
const textOf = (...titles: string[]): string =>
  writeLockfile(
    lockWith(titles.map(deb), { request: requestWith({ wanted: titles.map(title => title.replace(/:.*/, '')) }) }),
  )
const base = textOf('bash:all=1', 'jq:all=1', 'zsh:all=1')

/** main has this lock, and two branches that are about to be merged have these; git merges them as text. */
function mergeAsText(ours: string, theirs: string, style: 'merge' | 'diff3' = 'merge'): number {
  const commit = (name: string, text: string) => {
    write('aptroot.lock', text)
    checkout.succeed('add', '.')
    checkout.succeed('commit', '--quiet', '-m', name)
  }
  commit('base', base)
  checkout.succeed('checkout', '--quiet', '-b', 'topic')
  commit('theirs', theirs)
  checkout.succeed('checkout', '--quiet', 'main')
  commit('ours', ours)
  return checkout.git('-c', `merge.conflictStyle=${style}`, 'merge', 'topic', '-m', 'merge').exitCode
}

describe('git without the merge driver', () => {
  test('merges updates of neighbouring packages as text', () => {
    const [ours, theirs] = [
      textOf('bash:all=2', 'jq:all=1', 'zsh:all=1'),
      textOf('bash:all=1', 'jq:all=2', 'zsh:all=1'),
    ]
    assert.equal(mergeAsText(ours, theirs), 0)
    assert.equal(read('aptroot.lock'), textOf('bash:all=2', 'jq:all=2', 'zsh:all=1'))
  })
})

describe('lock merge', () => {
  const sides = (ours: string, theirs: string) => {
    for (const [name, text] of Object.entries({ base, ours, theirs })) write(name, text)
  }

  test('says under --json what was merged, and warns where nothing proves it', async () => {
    sides(textOf('bash:all=2', 'jq:all=1', 'zsh:all=1'), textOf('bash:all=1', 'jq:all=2', 'zsh:all=1'))
    const envelope = envelopeOf(await run('lock merge base ours theirs --json'))
    assert.deepEqual(envelope.result, { kind: 'merged', lockName: 'aptroot.lock', debs: 3, relations: 'not-proven' })
    assert.match(JSON.stringify(envelope), /the store has no indexes to prove/)
    assert.equal(read('ours'), textOf('bash:all=2', 'jq:all=2', 'zsh:all=1'))
  })

  test('leaves the file as it is when a side is no lockfile', async () => {
    sides('ours\n', base)
    const { exitCode, fault } = envelopeOf(await run('lock merge base ours theirs --json'))
    assert.deepEqual([exitCode, fault?.code], [2, 'LOCK_MALFORMED'])
    assert.equal(read('ours'), 'ours\n')
  })
})

describe('lock resolve', () => {
  const ours = textOf('bash:all=2', 'jq:all=1', 'kmod:all=1', 'zsh:all=1')
  const theirs = textOf('bash:all=1', 'jq:all=2', 'lz4:all=1')
  const both = textOf('bash:all=2', 'jq:all=2', 'kmod:all=1', 'lz4:all=1')

  test('merges a file with conflict markers from what git has of both branches', async () => {
    assert.equal(mergeAsText(ours, theirs), 1)
    const { output, exitCode } = await run('lock resolve')
    assert.equal(exitCode, 0)
    assert.equal(output, 'Merged aptroot.lock: 4 debs.\nNext: resolve aptroot.yaml, then aptroot lock check\n')
    assert.equal(read('aptroot.lock'), both)
  })

  test('merges from the markers alone where there is no git', async () => {
    assert.equal(mergeAsText(ours, theirs, 'diff3'), 1)
    rmSync(join(folder, '.git'), { recursive: true })
    const { result } = envelopeOf(await run('lock resolve --json')) as { result: { from: string; kind: string } }
    assert.deepEqual([result.from, result.kind], ['markers', 'merged'])
    assert.equal(read('aptroot.lock'), both)
  })

  test('leaves what is disputed in conflict until a side is named, and then says how to go on', async () => {
    assert.equal(mergeAsText(textOf('bash:all=2', 'jq:all=1'), textOf('bash:all=3', 'jq:all=1')), 1)
    write('aptroot.yaml', 'manifest: 1\n')
    const { exitCode, fault } = envelopeOf(await run('lock resolve --json'))
    assert.deepEqual([exitCode, fault?.code], [1, 'LOCK_MERGE_CONFLICT'])
    assert.match(fault?.message ?? '', /bash: ours 2, theirs 3/)
    const taken = await run('lock resolve --take theirs')
    assert.equal(taken.exitCode, 0, taken.errorOutput)
    assert.match(taken.output, /^Next: aptroot lock update --keep$/m)
    assert.equal(read('aptroot.lock'), textOf('bash:all=3', 'jq:all=1'))
    assert.match((await run('lock resolve')).output, /has no conflict markers/)
  })
})
