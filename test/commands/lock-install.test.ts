import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PrivateKey } from 'openpgp'
import { afterEach, beforeAll, beforeEach, describe, test, vi } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { type ArchivedPackage, buildArchive } from '../support/archive-builder.ts'
import { greetingManifest } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')
const packages: readonly ArchivedPackage[] = [
  {
    control: { Package: 'hello', Depends: 'greeting' },
    files: [{ kind: 'file', path: '/usr/bin/hello', content: 'hello\n', mode: 0o755 }],
  },
  {
    control: { Package: 'greeting', Architecture: 'all' },
    files: [{ kind: 'file', path: '/etc/greeting', content: 'Good day\n' }],
    conffiles: ['/etc/greeting'],
  },
]

let folder = ''
let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  files = await buildArchive([
    {
      suite: 'stable',
      codename: 'trusty',
      date: new Date('2026-01-15T10:00:00Z'),
      label: 'Test',
      architectures: ['amd64'],
      packages,
      keys: [key],
    },
  ])
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-install-'))
  for (const [path, bytes] of Object.entries(files)) write(`archive/${path}`, bytes)
  write('keys/test.asc', key.toPublic().armor())
  manifest(`file://${folder}/archive`)
  const locked = await run('lock', 'update', '--as-of', '2026-01-20')
  assert.equal(locked.exitCode, 0, locked.errorOutput)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (...commandLine: string[]) => runAptroot(commandLine, { folder })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

function manifest(uri: string, more = ''): void {
  write('aptroot.yaml', greetingManifest(uri, more))
}

function debPath(name: string): string {
  const path = Object.keys(files).find(each => each.includes(`/${name}_`))
  assert.ok(path !== undefined)
  return path
}

describe('lock install', () => {
  test('keeps the log of an earlier run where no script runs, and says so', async () => {
    write('scripts.log', 'Setting up hello (1.0) ...\n')
    const { exitCode, errorOutput } = await run('lock', 'install', '--digest', '--log', 'scripts.log')
    assert.equal(exitCode, 0, errorOutput)
    assert.match(errorOutput, /^warning: no script printed anything: `--log` has nothing of this run/m)
    assert.equal(read('scripts.log'), 'Setting up hello (1.0) ...\n')
  })

  test('writes the outputs of the manifest, and says which tree it made', async () => {
    const first = await run('lock', 'install')
    assert.equal(first.exitCode, 0, first.errorOutput)
    const digest = /^amd64: 2 debs, tree sha256:([0-9a-f]{64})$/m.exec(first.output)?.[1]
    assert.ok(digest !== undefined, first.output)
    assert.match(first.output, /^aptroot\.lock: 2 debs fetched \(.*\), 0 from the store\.$/m)
    const tar = readFileSync(join(folder, 'out/rootfs.tar'))

    const second = await run('lock', 'install', '--json')
    const { locks } = envelopeOf(second).result as { locks: { fetchedDebs: number; roots: { digest: string }[] }[] }
    assert.deepEqual([locks[0]?.fetchedDebs, locks[0]?.roots[0]?.digest], [0, digest])
    assert.deepEqual(readFileSync(join(folder, 'out/rootfs.tar')), tar)
  })

  test('writes a folder elsewhere with --output', async () => {
    const result = await run('lock', 'install', '--output', 'root')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.equal(read('root/etc/greeting'), 'Good day\n')
    assert.equal(existsSync(join(folder, 'out')), false)
  })

  test('prints only the digest, and refuses another one before anything is written', async () => {
    const digest = /sha256:([0-9a-f]{64})/.exec((await run('lock', 'install', '--digest')).output)?.[1] ?? ''
    assert.equal(existsSync(join(folder, 'out')), false)
    const other = await run('lock', 'install', '--expect', '0'.repeat(64), '--json')
    assert.deepEqual([other.exitCode, envelopeOf(other).fault?.code], [1, 'LOCK_DIFFERS'])
    assert.equal(existsSync(join(folder, 'out')), false)
    assert.equal((await run('lock', 'install', '--expect', digest)).exitCode, 0)
    assert.equal((await run('lock', 'install', '--expect', 'abc')).exitCode, 2)
  })

  test('fetches first and assembles without network later', async () => {
    const early = await run('lock', 'install', '--offline', '--json')
    assert.deepEqual([early.exitCode, envelopeOf(early).fault?.code], [4, 'FETCH_OFFLINE'])
    const fetched = await run('lock', 'install', '--fetch-only')
    assert.match(fetched.output, /^aptroot\.lock: 2 debs fetched/)
    rmSync(join(folder, 'archive'), { recursive: true })
    const offline = await run('lock', 'install', '--offline')
    assert.equal(offline.exitCode, 0, offline.errorOutput)
  })

  test('takes debs from a vendor folder before any mirror', async () => {
    for (const name of ['hello', 'greeting']) {
      const path = debPath(name)
      write(`vendor/${path.split('/').at(-1)}`, files[path] ?? '')
    }
    rmSync(join(folder, 'archive'), { recursive: true })
    const result = await run('lock', 'install', '--vendor', 'vendor')
    assert.equal(result.exitCode, 0, result.errorOutput)
  })

  test('refuses a lock that does not answer the manifest, with exit code 1', async () => {
    manifest(`file://${folder}/archive`, 'exclude: [nano]\n')
    const result = await run('lock', 'install', '--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [1, 'LOCK_STALE'])
  })

  test('names a deb that is gone (5) or has other bytes (6), and writes nothing', async () => {
    const path = debPath('hello')
    write(`archive/${path}`, Buffer.from(files[path] ?? []).fill(0, 100, 110))
    const wrong = await run('lock', 'install', '--json')
    assert.deepEqual([wrong.exitCode, envelopeOf(wrong).fault?.code], [6, 'FETCH_INTEGRITY'])
    rmSync(join(folder, 'archive', path))
    const gone = await run('lock', 'install', '--json')
    assert.deepEqual([gone.exitCode, envelopeOf(gone).fault?.code], [5, 'FETCH_GONE'])
    assert.equal(existsSync(join(folder, 'out')), false)
  })

  test('refuses a root and flags that do not fit', async () => {
    for (const words of [
      ['--architecture', 'arm64'],
      ['--format', 'tar'],
      ['--output', 'x', '--fetch-only'],
      ['--output', 'x', '--all'],
      ['--parallelism', '0'],
    ])
      assert.equal((await run('lock', 'install', ...words)).exitCode, 2, words.join(' '))
  })

  test('stops within a second of Ctrl-C while a mirror is silent, and leaves nothing half-written', async () => {
    const mirror = await startMirror({ files: { ...files } })
    for (const name of ['hello', 'greeting']) mirror.always(debPath(name), { kind: 'stall', afterBytes: 100 })
    const child = spawn(
      process.execPath,
      [program, 'lock', 'install', '--mirror', `test=${mirror.url}`, '--store', 'store'],
      { cwd: folder, env: { PATH: '', HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let errorOutput = ''
    child.stderr.on('data', chunk => {
      errorOutput += String(chunk)
    })
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    await vi.waitUntil(() => mirror.requests.some(each => each.path === debPath('hello')), { timeout: 15_000 })
    const sent = performance.now()
    child.kill('SIGINT')
    assert.equal(await ended, 130, errorOutput)
    assert.ok(performance.now() - sent < 2000)
    assert.match(errorOutput, /^error: interrupted by SIGINT \[INTERRUPTED\]$/m)
    assert.equal(existsSync(join(folder, 'out')), false)
    const temporary = join(folder, 'store/store-v1/temporary')
    assert.deepEqual(existsSync(temporary) ? readdirSync(temporary) : [], [])
  })
})
