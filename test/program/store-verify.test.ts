import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { readLockfile } from '../../src/lockfile/index.ts'
import { type Envelope, envelopeOf, type ProgramResult } from '../support/aptroot-program.ts'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  files = await buildArchive([{ ...suite, packages: greetingPackages }])
})

interface FilledStore {
  readonly project: LockedProject
  readonly mirror: LoopbackMirror
  /** Of `greeting`, in the store. */
  readonly debPath: string
}

/** A project whose debs are in the store, that of `greeting` with one byte changed. */
async function damagedStore(): Promise<FilledStore> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key)
  await project.succeed('lock update --as-of 2026-01-20')
  await project.succeed('lock install --fetch-only')
  const { debs } = await readLockfile((await project.read('aptroot.lock')).toString(), 'aptroot.lock')
  const sha256 = debs.find(({ name }) => name === 'greeting')?.sha256 ?? ''
  const debPath = blobIn(project, sha256)
  await chmod(debPath, 0o644)
  await writeFile(debPath, 'damaged')
  return { project, mirror, debPath }
}

function blobIn(project: LockedProject, sha256: string): string {
  return join(project.folder, '../store/store-v1/sha256', sha256.slice(0, 2), sha256.slice(2))
}

interface Verified {
  readonly damaged: readonly { readonly path: string; readonly outcome: string }[]
}

function outcomesOf(envelope: Envelope): readonly string[] {
  return (envelope.result as Verified).damaged.map(({ outcome }) => outcome)
}

const debRequests = ({ requests }: LoopbackMirror) => requests.filter(({ path }) => path.endsWith('.deb')).length

async function addNamelessDamage(project: LockedProject): Promise<string> {
  const path = blobIn(project, 'c'.repeat(64))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'x')
  return path
}

describe('store verify', () => {
  test('fetches again the damaged deb that a lock of the folder pins, and is content', async () => {
    const { project, mirror, debPath } = await damagedStore()
    const before = debRequests(mirror)
    const result = await project.succeed('store verify --json')
    assert.deepEqual(outcomesOf(envelopeOf(result)), ['refetched'])
    assert.equal(debRequests(mirror), before + 1, 'the sound one is not fetched')
    assert.ok(existsSync(debPath))
    assert.deepEqual(outcomesOf(envelopeOf(await project.succeed('store verify --json'))), [])
    await project.succeed('lock install --offline')
  })

  test('removes what no lock pins, says so, and ends with exit code 7', async () => {
    const { project } = await damagedStore()
    const nameless = await addNamelessDamage(project)
    const result = await project.run('store verify')
    assert.equal(result.exitCode, 7)
    assert.match(result.output, /^refetched sha256\/.*: has sha256/m)
    assert.match(result.output, /^removed sha256\/cc\/c+: has sha256/m)
    assert.match(result.errorOutput, /1 file in the store had other bytes than expected.*STORE_CORRUPT/)
    assert.equal(existsSync(nameless), false)
  })

  const onlyRemoves = async (run: (project: LockedProject) => Promise<ProgramResult>) => {
    const { project, mirror, debPath } = await damagedStore()
    const before = mirror.requests.length
    const envelope = envelopeOf(await run(project))
    assert.deepEqual([envelope.exitCode, outcomesOf(envelope)], [7, ['removed']])
    assert.equal(existsSync(debPath), false)
    assert.equal(mirror.requests.length, before)
  }

  test('only removes with --no-repair, and without network', async () => {
    await onlyRemoves(project => project.run('store verify --no-repair --json'))
    await onlyRemoves(project => project.run('store verify --offline --json'))
  })

  test('takes the deb from a vendor folder where the network is off limits', async () => {
    const { project, mirror, debPath } = await damagedStore()
    const [name, bytes] = Object.entries(files).find(([path]) => path.includes('/greeting_')) ?? ['', Buffer.of()]
    await project.write(`vendor/${name.slice(name.lastIndexOf('/') + 1)}`, bytes)
    const before = mirror.requests.length
    const result = await project.succeed('store verify --offline --vendor vendor --json')
    assert.deepEqual(outcomesOf(envelopeOf(result)), ['refetched'])
    assert.ok(existsSync(debPath))
    assert.equal(mirror.requests.length, before)
  })

  test('says what could not be fetched again', async () => {
    const { project, mirror } = await damagedStore()
    for (const path of mirror.files.keys()) if (path.includes('/greeting_')) mirror.files.delete(path)
    const envelope = envelopeOf(await project.run('store verify --json'))
    assert.deepEqual([envelope.exitCode, outcomesOf(envelope)], [7, ['removed']])
    const { warnings } = envelope as unknown as { warnings: readonly { message: string }[] }
    assert.match(
      warnings.map(({ message }) => message).join('\n'),
      /not everything that aptroot\.lock pins could be fetched again: .*greeting/,
    )
  })

  test('repairs by the lock that is named, and removes nothing when that one cannot be read', async () => {
    const { project, debPath } = await damagedStore()
    const elsewhere = await project.clone()
    const store = { APTROOT_STORE: join(project.folder, '../store') }
    assert.equal((await elsewhere.run('store verify -f missing.yaml', store)).exitCode, 2)
    assert.ok(existsSync(debPath))
    await elsewhere.write('web.aptroot.yaml', await elsewhere.read('aptroot.yaml'))
    await elsewhere.write('web.aptroot.lock', await elsewhere.read('aptroot.lock'))
    const result = await elsewhere.succeed('store verify -f web.aptroot.yaml --json', store)
    assert.deepEqual(outcomesOf(envelopeOf(result)), ['refetched'])
  })

  test('passes over a lock of the folder that cannot be read, with a warning', async () => {
    const { project } = await damagedStore()
    await project.write('bad.aptroot.yaml', 'manifest: 1\n')
    await project.write('bad.aptroot.lock', 'lock: x\n')
    const result = await project.succeed('store verify')
    assert.match(result.errorOutput, /what bad\.aptroot\.lock pins is not repaired/)
    assert.match(result.output, /^refetched /m)
  })
})

describe('store verify with a layer', () => {
  test('tells its damage and leaves it; an install fetches that deb into the own store', async () => {
    const { project, mirror, debPath } = await damagedStore()
    const layered = { APTROOT_STORE: join(project.folder, '../own'), APTROOT_STORE_LAYERS: '../store' }
    const envelope = envelopeOf(await project.run('store verify --json', layered))
    assert.deepEqual([envelope.exitCode, outcomesOf(envelope)], [7, []])
    const { layers } = envelope.result as { layers: readonly Verified[] }
    assert.deepEqual(
      layers.map(({ damaged }) => damaged.map(({ outcome }) => outcome)),
      [['left']],
    )
    const before = debRequests(mirror)
    const installed = await project.succeed('lock install', layered)
    assert.match(installed.errorOutput, /the store's copy of greeting was damaged and is fetched anew/)
    assert.equal(debRequests(mirror), before + 1)
    assert.equal((await readFile(debPath)).toString(), 'damaged')
    await project.succeed('lock install --offline', layered)
  })

  test('tells a damaged part of an unpacked deb by its file, on each install', async () => {
    const { project } = await damagedStore()
    await project.succeed('store verify')
    await project.succeed('lock install')
    await rm(join(project.folder, 'out'), { recursive: true })
    const packs = join(project.folder, '../store/store-v1/objects/pack')
    for (const each of await readdir(packs, { recursive: true, withFileTypes: true })) {
      if (!each.isFile()) continue
      const path = join(each.parentPath, each.name)
      const bytes = await readFile(path)
      const at = bytes.indexOf('Good day')
      if (at === -1) continue
      bytes.write('Bad', at)
      await chmod(path, 0o644)
      await writeFile(path, bytes)
    }
    const layered = { APTROOT_STORE: join(project.folder, '../own'), APTROOT_STORE_LAYERS: '../store' }
    for (const _ of ['once', 'again']) {
      const refused = envelopeOf(await project.run('lock install --json', layered))
      assert.deepEqual([refused.exitCode, refused.fault?.code], [7, 'STORE_CORRUPT'])
      assert.match(refused.fault?.message ?? '', /store-v1\/objects\/pack\/.* has payload sha256/)
      assert.match(refused.fault?.hint ?? '', /leave that store out of `store-layers`/)
    }
    assert.equal((await project.run('lock install')).exitCode, 7)
    await project.succeed('lock install')
  })
})
