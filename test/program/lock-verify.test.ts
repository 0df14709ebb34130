import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import type { LockVerification } from '../../src/workflows/verify-lock.ts'
import { type Envelope, envelopeOf, type ProgramResult } from '../support/aptroot-program.ts'
import { type ArchiveSuite, buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

let key: PrivateKey
let suite: ArchiveSuite
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  suite = {
    ...{ suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] },
    packages: greetingPackages,
  }
  files = await buildArchive([suite])
})

async function locked(): Promise<{ readonly project: LockedProject; readonly mirror: LoopbackMirror }> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key)
  await project.succeed('lock update --as-of 2026-01-20')
  return { project, mirror }
}

interface Verification extends Envelope {
  readonly lock: LockVerification
  readonly warnings: readonly { readonly message: string }[]
}

function verification(result: ProgramResult): Verification {
  const envelope = envelopeOf(result) as Verification
  const [lock] = (envelope.result as { locks: LockVerification[] }).locks
  assert.ok(lock !== undefined, result.output)
  return { ...envelope, lock }
}

/** Takes the mirror's own archive away: what is left is what was kept. */
function forget(mirror: LoopbackMirror): void {
  for (const path of [...mirror.files.keys()]) mirror.files.delete(path)
}

describe('the relations of a lock', () => {
  test('are proven with the debs in the store, and nobody is asked', async () => {
    const { project, mirror } = await locked()
    await project.succeed('lock install --fetch-only')
    const asked = mirror.requests.length
    const { lock } = verification(await project.succeed('lock verify --json'))
    assert.equal(lock.relations.verdict, 'proven')
    assert.equal(mirror.requests.length, asked)
  })

  test('are proven with the index that `lock update` kept, where no deb is at hand', async () => {
    const { project, mirror } = await locked()
    forget(mirror)
    const { lock } = verification(await project.succeed('lock verify --offline --json'))
    assert.equal(lock.relations.verdict, 'proven')
  })

  test('are not proven on a fresh clone without network, and the debs are named', async () => {
    const { project } = await locked()
    const clone = await project.clone()
    const { lock, fault, exitCode } = verification(await clone.run('lock verify --offline --json'))
    assert.equal(exitCode, 1)
    assert.equal(fault?.code, 'LOCK_NOT_PROVEN')
    assert.deepEqual(lock.relations.unknown, ['greeting:all=1.0', 'hello:amd64=1:1.0-1'])
  })

  test('are refuted when somebody took a needed deb out of the lock', async () => {
    const { project } = await locked()
    const text = (await project.read('aptroot.lock')).toString()
    const start = text.indexOf('  "greeting":')
    const edited = text.slice(0, start) + text.slice(text.indexOf('  "hello":'))
    await project.write('aptroot.lock', edited.replace('        needs: ["greeting"]\n', ''))
    await project.succeed('lock check')
    const { lock, fault, exitCode } = verification(await project.run('lock verify --json'))
    assert.equal(exitCode, 1)
    assert.equal(fault?.code, 'LOCK_INCONSISTENT')
    assert.deepEqual(lock.relations.problems, ['hello:amd64=1:1.0-1 lacks greeting (>= 1)'])
  })
})

describe('the origin of what is locked', () => {
  test('is proven by the Release that the store kept, years later and without network', async () => {
    const { project, mirror } = await locked()
    forget(mirror)
    const { lock } = verification(await project.succeed('lock verify --origin --offline --json'))
    assert.deepEqual(lock.origin, {
      verdict: 'proven',
      unproven: [],
      sources: { 'the store (20260115T100000Z)': 2 },
    })
  })

  test('is proven on a fresh clone by the archive as it is now', async () => {
    const { project } = await locked()
    const { lock } = verification(await (await project.clone()).succeed('lock verify --origin --json'))
    assert.deepEqual(lock.origin?.sources, { 'the archive': 2 })
  })

  test('is proven on a fresh clone by a vendor folder', async () => {
    const { project, mirror } = await locked()
    await project.succeed('lock vendor vendor')
    forget(mirror)
    const clone = await project.clone()
    const folder = join(project.folder, 'vendor')
    const { lock } = verification(await clone.succeed(`lock verify --origin --offline --vendor ${folder} --json`))
    assert.deepEqual(lock.origin?.sources, { [folder]: 2 })
  })

  test('is proven on a fresh clone by the snapshot, when the archive has moved on', async () => {
    const { project, mirror } = await locked()
    forget(mirror)
    const old = Object.entries(files).map(([path, bytes]) => [`archive/test/20260115T160000Z/${path}`, bytes])
    const service = await startMirror({ files: Object.fromEntries(old) })
    const clone = await project.clone()
    const snapshots = { APTROOT_SNAPSHOTS: `test=${service.url}/archive/test/{timestamp}` }
    const { lock } = verification(await clone.succeed('lock verify --origin --json', snapshots))
    assert.deepEqual(lock.origin?.sources, { 'the snapshot 20260115T160000Z': 2 })
  })

  test('is not proven on a fresh clone with none of these, never "passed"', async () => {
    const { project, mirror } = await locked()
    forget(mirror)
    const result = await (await project.clone()).run('lock verify --origin')
    assert.equal(result.exitCode, 1)
    assert.match(result.output, /the origin of 2 debs is not proven\./)
    assert.match(result.output, /\? hello:amd64=1:1\.0-1/)
  })

  test('is not proven for a deb whose hash somebody changed in the lock', async () => {
    const { project } = await locked()
    const text = (await project.read('aptroot.lock')).toString()
    await project.write(
      'aptroot.lock',
      text.replace(/(greeting:all":\n\s+sha256: ")[0-9a-f]{64}/, `$1${'0'.repeat(64)}`),
    )
    const { lock, exitCode } = verification(await project.run('lock verify --origin --json'))
    assert.equal(exitCode, 1)
    assert.deepEqual(lock.origin?.unproven, ['greeting:all=1.0'])
  })

  test("is not proven by another key than the manifest's", async () => {
    const { project, mirror } = await locked()
    await rm(join(project.folder, '../store'), { recursive: true })
    const thief = await makeTestKey({ name: 'Thief' })
    for (const [path, bytes] of Object.entries(await buildArchive([{ ...suite, keys: [thief] }])))
      mirror.files.set(path, bytes)
    const { lock, exitCode } = verification(await project.run('lock verify --origin --json'))
    assert.equal(exitCode, 1)
    assert.equal(lock.origin?.unproven.length, 2)
  })

  test('may be proven although a vendor folder is forged, which is told once', async () => {
    const { project } = await locked()
    await project.succeed('lock vendor vendor')
    const thief = await makeTestKey({ name: 'Thief' })
    const forged = await buildArchive([{ ...suite, keys: [thief] }])
    const inRelease = forged['dists/stable/InRelease'] ?? new Uint8Array()
    await project.write('vendor/test/dists/stable/InRelease', inRelease)
    const clone = await project.clone()
    const folder = join(project.folder, 'vendor')
    const { lock, warnings } = verification(await clone.succeed(`lock verify --origin --vendor ${folder} --json`))
    assert.deepEqual(lock.origin?.sources, { 'the archive': 2 })
    assert.equal(warnings.length, 1, JSON.stringify(warnings))
    assert.match(warnings[0]?.message ?? '', /vendor proves nothing: .*InRelease is signed by key/)
  })
})

describe('whether a lock can be fetched', () => {
  test('is asked with HEAD, so that no deb is read', async () => {
    const { project, mirror } = await locked()
    const before = mirror.requests.length
    const { lock } = verification(await project.succeed('lock verify --fetchable --json'))
    assert.equal(lock.fetchable?.verdict, 'fetchable')
    const asked = mirror.requests.slice(before).filter(each => each.path.endsWith('.deb'))
    assert.deepEqual(
      asked.map(each => each.method),
      ['HEAD', 'HEAD'],
    )
  })

  test('is yes with a warning when only a snapshot has a file, and no when none has', async () => {
    const { project, mirror } = await locked()
    const hello = Object.keys(files).find(path => path.includes('/hello_')) ?? ''
    const service = await startMirror({
      files: { [`archive/test/20260115T160000Z/${hello}`]: files[hello] ?? Buffer.from('') },
    })
    mirror.files.delete(hello)
    const snapshots = { APTROOT_SNAPSHOTS: `test=${service.url}/archive/test/{timestamp}` }
    const result = await project.succeed('lock verify --fetchable', snapshots)
    assert.match(result.errorOutput, /only a snapshot still has 1 deb of aptroot\.lock: hello:amd64=1:1\.0-1/)
    const gone = envelopeOf(await project.run('lock verify --fetchable --json', { APTROOT_SNAPSHOTS: 'test=none' }))
    assert.equal(gone.exitCode, 5)
    assert.equal(gone.fault?.code, 'FETCH_GONE')
    assert.match(gone.fault?.message ?? '', /no provider has hello:amd64=1:1\.0-1/)
  })

  test('is not known when a place is silent, and that is exit code 4', async () => {
    const { project, mirror } = await locked()
    await project.succeed('lock install --fetch-only')
    await mirror.close()
    const result = envelopeOf(await project.run('lock verify --fetchable --json'))
    assert.equal(result.exitCode, 4)
  })
})
