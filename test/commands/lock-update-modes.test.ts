import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { packagesFile, type StanzaFields } from '../support/packages-file.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

let folder = ''
let key: PrivateKey
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-modes-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

type Stanzas = Readonly<Record<string, StanzaFields>>

const update = (...commandLine: string[]) =>
  runAptroot(['lock', 'update', '--as-of', '2026-01-20', ...commandLine], { folder })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

/** Signed archives below `archive/`: the main one, and one for security updates. */
async function publish(main: Stanzas, security: Stanzas = {}, mainOfArm64 = main): Promise<void> {
  for (const [place, amd64, arm64] of [
    ['archive', main, mainOfArm64],
    ['security', security, security],
  ] as const) {
    const indexes = { 'main/binary-amd64': indexOf(amd64), 'main/binary-arm64': indexOf(arm64) }
    for (const [path, bytes] of Object.entries(await signedSuite({ indexes, fields: {}, keys: [key] })))
      write(`${place}/${path}`, bytes)
  }
}

function indexOf(stanzas: Stanzas): string {
  const debs = Object.entries(stanzas).map(([title, fields]) => [title, { Architecture: 'all', ...fields }] as const)
  return packagesFile(Object.fromEntries(debs))
}

function want(packages: string, architectures = 'amd64'): void {
  write('keys/test.asc', key.toPublic().armor())
  const archive = (id: string, place: string, more: string) =>
    `  - {id: ${id}, uri: "file://${folder}/${place}", suites: [stable], components: [main], signed-by: keys/test.asc${more}}\n`
  write(
    'aptroot.yaml',
    `manifest: 1\narchitectures: [${architectures}]\narchives:\n${archive('test', 'archive', '')}${archive('fixes', 'security', ', security: true')}base: none\npackages: [${packages}]\nimage: {configure: none}\n`,
  )
}

const before = {
  'nginx 1': { Depends: 'nginx-common (= 1)' },
  'nginx-common 1': { Source: 'nginx' },
  'curl 1': {},
  'openssl 1': {},
}
const after = {
  ...before,
  'nginx 2': { Depends: 'nginx-common (= 2)' },
  'nginx-common 2': { Source: 'nginx' },
  'curl 2': {},
  'openssl 2': {},
}

async function lockBefore(packages = 'nginx, curl, openssl', architectures = 'amd64'): Promise<void> {
  await publish(before)
  want(packages, architectures)
  const first = await update()
  assert.equal(first.exitCode, 0, first.errorOutput)
}

/** `name version` of every locked deb. */
async function locked(): Promise<string[]> {
  const shown = await runAptroot(['lock', 'show', '--json'], { folder })
  const { debs } = envelopeOf(shown).result as { debs: { name: string; version: string }[] }
  return debs.map(({ name, version }) => `${name} ${version}`)
}

describe('lock update NAME', () => {
  test('moves that package, names what it forced and why, and leaves the rest of the lock alone', async () => {
    await lockBefore()
    await publish(after)
    const result = await update('nginx')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.match(result.output, /^forced\n {2}nginx-common:all 1 → 2: nginx 2 needs nginx-common \(= 2\)\n$/m)
    assert.deepEqual(await locked(), ['curl 1', 'nginx 2', 'nginx-common 2', 'openssl 1'])
    const check = await runAptroot(['lock', 'check'], { folder })
    assert.equal(check.exitCode, 0, check.output)
  })

  test('says the same as data', async () => {
    await lockBefore()
    await publish(after)
    const { locks } = envelopeOf(await update('nginx', '--dry-run', '--json')).result as {
      locks: { forced: unknown[]; heldBack: unknown[]; outcome: string }[]
    }
    assert.deepEqual(locks[0]?.forced, [
      {
        kind: 'changed',
        name: 'nginx-common',
        architecture: 'all',
        before: '1',
        after: '2',
        reason: 'nginx 2 needs nginx-common (= 2)',
        root: 'amd64',
      },
    ])
    assert.deepEqual([locks[0]?.heldBack, locks[0]?.outcome], [[], 'updated'])
    assert.deepEqual(await locked(), ['curl 1', 'nginx 1', 'nginx-common 1', 'openssl 1'])
  })

  test('of a virtual package that is wanted moves what provides it', async () => {
    const provider = { Provides: 'mail-transport-agent' }
    await publish({ ...before, 'exim4 1': provider })
    want('curl, mail-transport-agent')
    await update()
    await publish({ ...after, 'exim4 2': provider, 'postfix 1': provider })
    const result = await update('mail-transport-agent')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.deepEqual(await locked(), ['curl 1', 'exim4 2'])
  })

  test('names the package that moves instead of another', async () => {
    await lockBefore()
    await publish({ ...after, 'curl 2': { Breaks: 'openssl (>= 2)' } })
    const held = await update('openssl', 'curl')
    assert.match(held.output, /^held back\n {2}openssl:all stays at 1: 2 does not go with curl 2\n$/m)
  })

  test('of an architecture that no root has is a wrong name, wanted or not', async () => {
    await lockBefore()
    const { fault } = envelopeOf(await update('nginx:i386', '--json'))
    assert.deepEqual([fault?.code, fault?.message], ['LOCK_PACKAGE_ABSENT', 'nginx:i386 is not in aptroot.lock'])
  })

  test('of a package that is at its candidate changes no byte', async () => {
    await lockBefore()
    await publish({ ...after, 'curl 2': { Depends: 'gone' } })
    const lock = read('aptroot.lock')
    const held = await update('curl')
    assert.equal(held.exitCode, 0, held.errorOutput)
    assert.match(held.output, /^held back\n {2}curl:all stays at 1: nothing that satisfies the manifest has 2\n$/m)
    assert.equal(read('aptroot.lock'), lock)
  })

  test('works on every root of the lock', async () => {
    await lockBefore('nginx, curl, openssl', 'amd64, arm64')
    await publish(after)
    const result = await update('nginx', '--exit-code')
    assert.equal(result.exitCode, 1, result.errorOutput)
    assert.match(result.output, /nginx-common:all \(arm64\) 1 → 2/)
    assert.deepEqual(await locked(), ['curl 1', 'nginx 2', 'nginx-common 2', 'openssl 1'])
  })

  test('goes no further than all roots can follow, where the manifest asks for one version', async () => {
    await lockBefore('nginx, curl, openssl', 'amd64, arm64')
    write('aptroot.yaml', `${read('aptroot.yaml')}same-version: [curl]\n`)
    await publish({ ...before, 'curl 2': {}, 'curl 3': {} }, {}, { ...before, 'curl 2': {} })
    const result = await update('curl')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.deepEqual(await locked(), ['curl 2', 'nginx 1', 'nginx-common 1', 'openssl 1'])
  })

  test('that is neither locked nor wanted is refused with the names that are near', async () => {
    await lockBefore()
    const unknown = await update('ngnix')
    assert.equal(unknown.exitCode, 1)
    assert.match(
      unknown.errorOutput,
      /ngnix is not in aptroot\.lock \[LOCK_PACKAGE_ABSENT\]\nhint: Did you mean nginx\?/,
    )
    const source = await update('--source', 'nginx-common')
    assert.match(source.errorOutput, /The binary package nginx-common is built from the source package nginx\./)
  })

  test('needs a lock to start from', async () => {
    await publish(before)
    want('nginx')
    for (const commandLine of [['nginx'], ['--keep'], ['--security-only'], ['--precise', 'nginx=1']]) {
      const result = await update(...commandLine)
      assert.equal(result.exitCode, 2)
      assert.match(result.errorOutput, /\[LOCK_MISSING\]\nhint: .*aptroot lock update/)
    }
  })
})

describe('lock update --source', () => {
  test('moves every locked deb of that source package', async () => {
    await lockBefore()
    await publish(after)
    const result = await update('--source', 'nginx')
    assert.doesNotMatch(result.output, /^forced$/m)
    assert.deepEqual(await locked(), ['curl 1', 'nginx 2', 'nginx-common 2', 'openssl 1'])
  })
})

describe('lock update --precise', () => {
  test('moves to that version, and back', async () => {
    await lockBefore()
    const lock = read('aptroot.lock')
    await publish({ ...after, 'curl 3': {} })
    await update('--precise', 'curl=2', 'openssl')
    assert.deepEqual(await locked(), ['curl 2', 'nginx 1', 'nginx-common 1', 'openssl 2'])
    await update('--precise', 'curl=1', '--precise', 'openssl=1')
    assert.equal(read('aptroot.lock'), lock)
  })

  test('of a version that no archive has names those that there are', async () => {
    await lockBefore()
    await publish(after)
    const result = await update('--precise', 'nginx=3', '--json')
    const { fault } = envelopeOf(result)
    assert.deepEqual([result.exitCode, fault?.code], [3, 'RESOLVE_VERSION_ABSENT'])
    assert.match(fault?.hint ?? '', /^There are 2, 1\./)
  })

  test('of a version that does not go with the manifest has no solution, and the lock stays', async () => {
    await publish(before)
    want('nginx=1, curl')
    await update()
    const lock = read('aptroot.lock')
    await publish(after)
    const result = await update('--precise', 'nginx-common=2')
    assert.equal(result.exitCode, 3)
    assert.match(result.output, /nginx-common/)
    assert.equal(read('aptroot.lock'), lock)
  })
})

describe('lock update --security-only', () => {
  test('moves what the security archive fixes, and nothing else', async () => {
    await lockBefore()
    await publish(after, { 'openssl 1+fix': {} })
    const result = await update('--security-only')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.deepEqual(await locked(), ['curl 1', 'nginx 1', 'nginx-common 1', 'openssl 1+fix'])
  })

  test('needs an archive that is marked as one', async () => {
    await lockBefore()
    write('aptroot.yaml', read('aptroot.yaml').replace(', security: true', ''))
    const result = await update('--security-only', '--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'USAGE_INVALID'])
  })
})

describe('lock update --keep', () => {
  test('changes nothing but what a changed manifest asks for', async () => {
    await lockBefore('nginx')
    await publish(after)
    const lock = read('aptroot.lock')
    await update('--keep')
    assert.equal(read('aptroot.lock'), lock)
    want('nginx, curl')
    const result = await update('--keep')
    assert.match(result.output, /^ {2}curl:all added 2: the manifest wants curl$/m)
    assert.deepEqual(await locked(), ['curl 2', 'nginx 1', 'nginx-common 1'])
  })

  test('says which version left the archive', async () => {
    await lockBefore()
    const { 'curl 1': _gone, ...rest } = after
    await publish(rest)
    const result = await update('--keep')
    assert.match(result.output, /^ {2}curl:all 1 → 2: no archive lists curl:all=1 any more$/m)
    assert.deepEqual(await locked(), ['curl 2', 'nginx 1', 'nginx-common 1', 'openssl 1'])
  })

  test('keeps the suite in which unchanged bytes were first locked', async () => {
    await lockBefore()
    const lock = read('aptroot.lock')
    await publish(after, { 'curl 1': {} })
    await update('--keep')
    assert.equal(read('aptroot.lock'), lock)
  })
})

describe('modes that contradict each other', () => {
  test('are refused as wrong usage', async () => {
    await lockBefore()
    for (const commandLine of [
      ['--keep', 'nginx'],
      ['--security-only', 'nginx'],
      ['--keep', '--security-only'],
      ['--keep', '--source', 'nginx'],
      ['--precise', 'nginx'],
      ['--precise', 'nginx=-'],
      ['nginx=2'],
      ['../etc'],
    ]) {
      const result = await update(...commandLine, '--json')
      assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'USAGE_INVALID'], commandLine.join(' '))
    }
  })
})
