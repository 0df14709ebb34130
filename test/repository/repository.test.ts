import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, it } from 'vitest'
import { readStanzas } from '../../src/debian-control-parser/index.ts'
import type { ReleaseSigner } from '../../src/kernel/index.ts'
import { readKeyring, verifyClearSigned, verifyDetached } from '../../src/openpgp/index.ts'
import { describeDeb, type OfferedDeb, type PublishRequest, type Repository } from '../../src/repository/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { readFolder } from '../support/folder-entries.ts'
import { offeredDeb, repositoryAt, testSigner } from '../support/repository-place.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts'

const day = 24 * 60 * 60 * 1000

let signer: ReleaseSigner
let hello: OfferedDeb
let library: OfferedDeb
let newer: OfferedDeb

beforeAll(async () => {
  signer = await testSigner()
  const files = [{ kind: 'file', path: '/usr/bin/hello', content: 'hello' }] as const
  hello = await offeredDeb({ Package: 'hello', Version: '1:2.10-3', Depends: 'libhello1' }, files)
  newer = await offeredDeb({ Package: 'hello', Version: '1:2.10-10' }, files)
  library = await offeredDeb({ Package: 'libhello1', Version: '2.10-3', Source: 'hello', Architecture: 'all' })
})

interface Place {
  readonly folder: string
  readonly clock: VirtualClock
  readonly repository: Repository
}

async function newPlace(): Promise<Place> {
  const folder = await scratchFolder()
  const clock = virtualClock()
  return { folder, clock, repository: repositoryAt(folder, clock) }
}

async function publish({ repository }: Place, debs: readonly OfferedDeb[], changes: Partial<PublishRequest> = {}) {
  const request = {
    suite: 'bookworm',
    component: 'main',
    architectures: [],
    description: {},
    sources: [],
    signer,
    ...changes,
  }
  return repository.publish({ debs, ...request }, quietSession())
}

async function packagesOf({ folder }: Place, suite = 'bookworm', architecture = 'amd64'): Promise<readonly string[]> {
  const bytes = await readFile(join(folder, `dists/${suite}/main/binary-${architecture}/Packages`))
  return [...readStanzas(bytes)].map(each => `${each.field('Package')} ${each.field('Version')}`)
}

async function releaseOf({ folder, clock }: Place, suite = 'bookworm'): Promise<string> {
  const keyring = await readKeyring(Buffer.from(signer.publicKey), 'test')
  const bytes = await readFile(join(folder, `dists/${suite}/InRelease`))
  return (await verifyClearSigned(bytes, keyring, { at: clock.now(), name: 'InRelease' })).text
}

const pathsOf = ({ folder }: Place) => [...readFolder(folder).keys()]

describe('publishing', () => {
  it('puts debs in the pool and lists those for all architectures in each', async () => {
    const place = await newPlace()
    const outcome = await publish(place, [hello, library], { architectures: ['arm64'] })
    assert.deepEqual(outcome, { suite: 'bookworm', kind: 'published', debs: 2, sources: 0 })
    assert.deepEqual(await packagesOf(place), ['hello 1:2.10-3', 'libhello1 2.10-3'])
    assert.deepEqual(await packagesOf(place, 'bookworm', 'arm64'), ['libhello1 2.10-3'])
    assert.deepEqual(
      pathsOf(place).filter(path => path.endsWith('.deb')),
      ['pool/h/hello/epoch-1/hello_2.10-3_amd64.deb', 'pool/h/hello/libhello1_2.10-3_all.deb'],
    )
  })

  it('says in Contents which debs have which path, debs for all architectures with them', async () => {
    const place = await newPlace()
    const data = { kind: 'file', path: '/usr/share/hello/words', content: 'hello' } as const
    const files = [{ kind: 'directory', path: '/usr/share/hello' }, data] as const
    const words = await offeredDeb({ Package: 'hello-words', Version: '1', Architecture: 'all' }, files)
    const twin = await offeredDeb({ Package: 'hello-twin', Version: '1' }, [data])
    await publish(place, [hello, words, twin])
    const bytes = await readFile(join(place.folder, 'dists/bookworm/main/Contents-amd64.gz'))
    assert.equal(gunzipSync(bytes).toString(), 'usr/bin/hello hello\nusr/share/hello/words hello-twin,hello-words\n')
  })

  it('signs a Release that lists every index, each there under its hash too', async () => {
    const place = await newPlace()
    await publish(place, [hello], { description: { origin: 'Example', validForSeconds: 86400 } })
    const release = await releaseOf(place)
    assert.match(release, /^Origin: Example$/m)
    assert.match(release, /^Valid-Until: Sat, 21 Nov 2026 00:00:00 UTC$/m)
    const listed = [...release.matchAll(/^ ([0-9a-f]{64}) +(\d+) (.*)$/gm)]
    assert.deepEqual(
      listed.map(each => each[3]),
      ['main/Contents-amd64.gz', 'main/binary-amd64/Packages', 'main/binary-amd64/Packages.gz'],
    )
    for (const [, sha256, , path = ''] of listed) {
      const folder = path.slice(0, path.lastIndexOf('/'))
      assert.ok(pathsOf(place).includes(`dists/bookworm/${folder}/by-hash/SHA256/${sha256}`), path)
    }
    const keyring = await readKeyring(Buffer.from(signer.publicKey), 'test')
    const [text, signature] = await Promise.all(
      ['Release', 'Release.gpg'].map(name => readFile(join(place.folder, 'dists/bookworm', name))),
    )
    await verifyDetached(text ?? Buffer.of(), signature ?? Buffer.of(), keyring, {
      at: place.clock.now(),
      name: 'Release',
    })
  })

  it('writes nothing when nothing is new, and a Release that is half expired anew', async () => {
    const place = await newPlace()
    await publish(place, [hello], { description: { validForSeconds: 10 * 86400 } })
    const before = await releaseOf(place)
    place.clock.advance(day)
    assert.equal((await publish(place, [hello])).kind, 'unchanged')
    assert.equal(await releaseOf(place), before)
    place.clock.advance(5 * day)
    assert.equal((await publish(place, [hello])).kind, 'published')
    assert.notEqual(await releaseOf(place), before)
  })

  it('gives the same bytes whatever the order and the number of publications', async () => {
    const [left, right] = [await newPlace(), await newPlace()]
    await publish(left, [hello, newer, library])
    for (const deb of [newer, library, hello]) await publish(right, [deb])
    const indexes = (place: Place) =>
      [...readFolder(join(place.folder, 'dists'))].filter(([path]) =>
        /(Packages(\.gz)?|Contents-.*|Release)$/.test(path),
      )
    const contentOf = (place: Place) =>
      indexes(place).map(([path, entry]) => [path, 'content' in entry && entry.content])
    assert.deepEqual(contentOf(left), contentOf(right))
    assert.deepEqual(await packagesOf(left), ['hello 1:2.10-3', 'hello 1:2.10-10', 'libhello1 2.10-3'])
  })

  it('keeps indexes of an earlier Release for a day, for readers that have just read it', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    const hashed = () => pathsOf(place).filter(path => path.includes('by-hash/SHA256/')).length
    const first = hashed()
    place.clock.advance(30 * day)
    await publish(place, [newer])
    assert.ok(hashed() > first)
    place.clock.advance(2 * day)
    await publish(place, [library])
    place.clock.advance(2 * day)
    await publish(place, [library], { architectures: [], description: { label: 'x' } })
    assert.equal(hashed(), first)
  })

  it('never dates a Release before the one that it follows', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    place.clock.advance(-3600_000)
    await publish(place, [newer])
    assert.match(await releaseOf({ ...place, clock: virtualClock() }), /^Date: Fri, 20 Nov 2026 00:00:00 UTC$/m)
  })

  it('asks for architectures when all debs are for all of them', async () => {
    const place = await newPlace()
    await assertFault(publish(place, [library]), 'USAGE_INVALID', /no architecture is known/)
    await publish(place, [library], { architectures: ['riscv64'] })
    assert.deepEqual(await packagesOf(place, 'bookworm', 'riscv64'), ['libhello1 2.10-3'])
  })
})

describe('a version that was published', () => {
  it('is refused with other bytes, with both digests and the next free version, and nothing is published', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    const before = await releaseOf(place)
    const other = await offeredDeb({ Package: 'hello', Version: '1:2.10-3', Description: 'built again' })
    const fault = await assertFault(publish(place, [newer, other]), 'REPOSITORY_REBINDING')
    assert.ok(fault.message.includes(hello.deb.sha256) && fault.message.includes(other.deb.sha256))
    assert.match(fault.hint ?? '', /1:2\.10-3\+r1/)
    assert.equal(await releaseOf(place), before)
    await publish(place, [await offeredDeb({ Package: 'hello', Version: '1:2.10-3+r9' })])
    const again = await assertFault(publish(place, [other]), 'REPOSITORY_REBINDING')
    assert.match(again.hint ?? '', /1:2\.10-3\+r10/)
  })

  it('stays bound after it was removed and its file pruned, and comes back with the same bytes only', async () => {
    const place = await newPlace()
    await publish(place, [hello, library])
    await place.repository.remove(
      { suite: 'bookworm', signer, keys: new Set(['hello_1:2.10-3_amd64']) },
      quietSession(),
    )
    assert.deepEqual(await packagesOf(place), ['libhello1 2.10-3'])
    const request = { unusedForMilliseconds: day, keptDigests: new Set<string>() }
    assert.equal((await place.repository.prune(request, quietSession())).removedFiles, 0)
    place.clock.advance(2 * day)
    assert.equal((await place.repository.prune(request, quietSession())).removedFiles, 1)
    const other = await offeredDeb({ Package: 'hello', Version: '1:2.10-3', Description: 'built again' })
    await assertFault(publish(place, [other]), 'REPOSITORY_REBINDING')
    await publish(place, [hello])
    assert.deepEqual(await packagesOf(place), ['hello 1:2.10-3', 'libhello1 2.10-3'])
    assert.ok(pathsOf(place).includes(hello.deb.path))
  })

  it('is kept by prune while a lock pins its digest', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    await place.repository.remove(
      { suite: 'bookworm', signer, keys: new Set(['hello_1:2.10-3_amd64']) },
      quietSession(),
    )
    place.clock.advance(9 * day)
    const request = { unusedForMilliseconds: 0, keptDigests: new Set([hello.deb.sha256]) }
    assert.equal((await place.repository.prune(request, quietSession())).removedFiles, 0)
  })
})

describe('a deb whose place somebody else chose', () => {
  it.each([
    'dists/bookworm/InRelease.deb',
    'aptroot/debs/x.deb',
    '../x.deb',
    '/x.deb',
    'pool/.x.deb',
    'pool/InRelease',
  ])('never lies at %s', async path => {
    await assertFault(describeDeb({ name: 'x', path, content: hello.content }), 'DEB_MALFORMED', /it cannot lie there/)
  })

  it('is refused where another deb lies, which stays', async () => {
    const place = await newPlace()
    const at = async (offered: OfferedDeb) =>
      describeDeb({ name: 'x', path: 'pool/main/x.deb', content: offered.content })
    await publish(place, [await at(hello)])
    await assertFault(publish(place, [await at(newer)]), 'REPOSITORY_REBINDING', /where repository has another file/)
    await publish(place, [await at(hello), newer])
    assert.equal((await readFile(join(place.folder, 'pool/main/x.deb'))).length, hello.deb.sizeBytes)
  })
})

describe('suites', () => {
  it('are copied, whole or by name', async () => {
    const place = await newPlace()
    await publish(place, [hello, library])
    const copy = (to: string, keys: ReadonlySet<string> | 'all') =>
      place.repository.copy({ suite: to, from: 'bookworm', keys, signer }, quietSession())
    await copy('stable', 'all')
    assert.deepEqual(await packagesOf(place, 'stable'), ['hello 1:2.10-3', 'libhello1 2.10-3'])
    await copy('canary', new Set(['libhello1_2.10-3_all']))
    assert.deepEqual(await packagesOf(place, 'canary'), ['libhello1 2.10-3'])
    assert.match(await releaseOf(place, 'canary'), /^Codename: canary$/m)
  })

  it('become numbered releases that never change', async () => {
    const place = await newPlace()
    await publish(place, [hello], { description: { validForSeconds: 86400 } })
    const release = () =>
      place.repository.release({ suite: 'bookworm-2026.11.3', from: 'bookworm', signer }, quietSession())
    assert.equal((await release()).kind, 'published')
    assert.equal((await release()).kind, 'unchanged')
    assert.doesNotMatch(await releaseOf(place, 'bookworm-2026.11.3'), /Valid-Until/)
    await publish(place, [newer])
    await assertFault(release(), 'REPOSITORY_RELEASE_FIXED')
    await assertFault(publish(place, [newer], { suite: 'bookworm-2026.11.3' }), 'REPOSITORY_RELEASE_FIXED')
    assert.deepEqual(await packagesOf(place, 'bookworm-2026.11.3'), ['hello 1:2.10-3'])
  })

  it('that are not there are said to be unknown', async () => {
    const { repository } = await newPlace()
    await assertFault(repository.debsOf('sid'), 'REPOSITORY_SUITE_UNKNOWN', /no suite "sid"/)
  })
})

describe('a publisher that was killed', () => {
  it('after it recorded its debs has them published by the next one', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    const failing = { ...signer, clearSign: () => Promise.reject(new Error('killed')) }
    await assert.rejects(publish(place, [newer], { signer: failing }), /killed/)
    assert.deepEqual(await packagesOf(place), ['hello 1:2.10-3'])
    await publish(place, [library])
    assert.deepEqual(await packagesOf(place), ['hello 1:2.10-3', 'hello 1:2.10-10', 'libhello1 2.10-3'])
  })

  it('leaves a damaged record as a fault that names it', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    await writeFile(join(place.folder, 'aptroot/suites/bookworm.json'), '{"format":1,')
    await assertFault(publish(place, [newer]), 'REPOSITORY_CORRUPT', /suite bookworm/)
  })
})

describe('a signature that readers would refuse', () => {
  it('replaces none that they accept', async () => {
    const place = await newPlace()
    await publish(place, [hello])
    const before = await releaseOf(place)
    const other = await testSigner('Other')
    const mixed = { ...other, publicKey: signer.publicKey }
    await assertFault(publish(place, [newer], { signer: mixed }), 'SIGNING_KEY_UNUSABLE')
    assert.equal(await releaseOf(place), before)
  })
})
