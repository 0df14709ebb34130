import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { type ArchivesRequest, openArchives, openUniverse } from '../../src/archive/index.ts'
import type { ArchiveDefinition } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { packagesFile } from '../support/packages-file.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { archiveOf, releaseText, type SuiteRequest, signedSuite } from '../support/signed-suite.ts'
import { clearSign, makeTestKey } from '../support/signing.ts'
import { transferScene } from '../support/transfer-world.ts'

const bash = packagesFile({ 'bash 5.2': {} })
const newerBash = packagesFile({ 'bash 5.3': {} })

let key: PrivateKey
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
})

const suiteOf = (changes: Partial<SuiteRequest> = {}) =>
  signedSuite({ keys: [key], indexes: { 'main/binary-amd64': bash }, ...changes })

async function requestOf(archives: readonly ArchiveDefinition[], changes: Partial<ArchivesRequest> = {}) {
  const { transfer, store } = await transferScene()
  const request: ArchivesRequest = {
    archives,
    architectures: ['amd64'],
    readKeyFile: path => Promise.reject(new Error(`${path} was read`)),
    asOf: new Date('2026-01-20T00:00:00Z'),
    mode: 'online',
    store,
    transfer,
    ...changes,
  }
  return request
}

/** `bash 5.2` for each version of bash that the archives offer. */
async function versionsOf(request: ArchivesRequest, session = quietSession()): Promise<readonly string[]> {
  const open = await openArchives(request, session)
  try {
    const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: [], indexes: open.indexes })
    return universe.names().flatMap(name => universe.packagesNamed(name).map(each => `${each.name} ${each.version}`))
  } finally {
    await open.close()
  }
}

const pathsOf = (mirror: LoopbackMirror) => mirror.requests.map(each => each.path)

describe('an archive', () => {
  test('gives its packages under a verified Release, and says who signed', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await requestOf([archiveOf(mirror.url, key)])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    const { releases, close } = await openArchives(request, quietSession())
    await close()
    assert.deepEqual(
      releases.map(({ evidence }) => [[...evidence.releaseFiles.keys()], evidence.indexes.length]),
      [[['InRelease'], 1]],
      'and what vouches for them',
    )
    const facts = releases.map(({ evidence: _, ...others }) => others)
    assert.deepEqual(facts, [
      {
        archive: 'test',
        suite: 'stable',
        signers: [key.getFingerprint().toUpperCase()],
        facts: {
          origin: 'Test',
          label: undefined,
          suite: 'stable',
          codename: 'trusty',
          version: undefined,
          notAutomatic: false,
          butAutomaticUpgrades: false,
          host: '127.0.0.1',
          at: '20260115T100000Z',
        },
      },
    ])
  })

  test('is asked for the index by hash first', async () => {
    const mirror = await startMirror({ files: await suiteOf({ served: 'by-hash' }) })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
    assert.match(pathsOf(mirror)[1] ?? '', /main\/binary-amd64\/by-hash\/SHA256\/[0-9a-f]{64}$/)
  })

  test('is asked by name when the mirror does not have it by hash', async () => {
    const mirror = await startMirror({ files: await suiteOf({ served: 'by-name' }) })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
  })

  test('is asked by name alone when the Release does not promise by-hash', async () => {
    const files = await suiteOf({ served: 'by-name', fields: { 'Acquire-By-Hash': undefined } })
    const mirror = await startMirror({ files })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
    assert.deepEqual(pathsOf(mirror), ['dists/stable/InRelease', 'dists/stable/main/binary-amd64/Packages.gz'])
  })

  for (const hashes of [['SHA512'], ['SHA256', 'SHA512']] as const)
    test(`may list ${hashes.join(' and ')}`, async () => {
      const mirror = await startMirror({ files: await suiteOf({ hashes }) })
      assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
      assert.match(pathsOf(mirror)[1] ?? '', /by-hash\/SHA512\//)
    })

  test('may have Release with Release.gpg instead of InRelease', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'detached' }) })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
  })

  test('may be a flat repository', async () => {
    const files = await suiteOf({
      folder: 'flat',
      indexes: { '': bash },
      fields: { Components: undefined, Architectures: undefined },
    })
    const mirror = await startMirror({ files })
    for (const suite of ['flat/', './flat/']) {
      const archive = archiveOf(mirror.url, key, { suites: [suite], components: [] })
      assert.deepEqual(await versionsOf(await requestOf([archive])), ['bash 5.2'])
    }
  })

  test('may be a folder on this machine', async () => {
    const folder = await scratchFolder()
    for (const [path, bytes] of Object.entries(await suiteOf())) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), bytes)
    }
    const copy = `${folder} with spaces`
    await cp(folder, copy, { recursive: true })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(pathToFileURL(copy).href, key)])), ['bash 5.2'])
  })

  test('is found on the second mirror when the first is away', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const empty = await startMirror()
    const archive = archiveOf(empty.url, key, { uris: ['http://127.0.0.1:9/debian', empty.url, mirror.url] })
    assert.deepEqual(await versionsOf(await requestOf([archive])), ['bash 5.2'])
  })

  test('is found where the settings say, and its host stays that of the manifest', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const archive = archiveOf('http://mirror.example.org/debian', key)
    const request = await requestOf([archive], { urisOf: () => [mirror.url] })
    const { releases, close } = await openArchives(request, quietSession())
    await close()
    assert.equal(releases[0]?.facts.host, 'mirror.example.org')
  })

  test('is found in the snapshot archive at the wanted time', async () => {
    const files = await suiteOf({ folder: '20260115T120000Z/dists/stable' })
    const mirror = await startMirror({ files })
    const archive = archiveOf('http://mirror.example.org/debian', key, { snapshot: `${mirror.url}/{timestamp}` })
    const request = await requestOf([archive], { snapshot: '20260115T120000Z' })
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
  })

  test('without a snapshot address has no past', async () => {
    const request = await requestOf([archiveOf('http://mirror.example.org', key)], { snapshot: '20260115T120000Z' })
    await assertFault(openArchives(request, quietSession()), 'USAGE_INVALID', /no `snapshot:`/)
  })

  test('restricted to other architectures is left alone', async () => {
    const archive = archiveOf('http://127.0.0.1:9', key, { architectures: ['arm64'] })
    assert.deepEqual(await versionsOf(await requestOf([archive])), [])
  })

  test('with an empty index needs no download of nothing', async () => {
    const mirror = await startMirror({ files: await suiteOf({ indexes: { 'main/binary-amd64': '' } }) })
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)])), [])
    assert.deepEqual(pathsOf(mirror), ['dists/stable/InRelease'])
  })
})

describe('the next update', () => {
  test('fetches the InRelease alone when nothing changed', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await requestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const before = mirror.requests.length
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    assert.deepEqual(pathsOf(mirror).slice(before), ['dists/stable/InRelease'])
  })

  test('offline uses what the store has', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await requestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const before = mirror.requests.length
    assert.deepEqual(await versionsOf({ ...request, mode: 'offline' }), ['bash 5.2'])
    assert.equal(mirror.requests.length, before)
  })

  test('offline judges expiry all the same', async () => {
    const fields = { 'Valid-Until': 'Sun, 25 Jan 2026 00:00:00 UTC' }
    const mirror = await startMirror({ files: await suiteOf({ fields }) })
    const request = await requestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const later: ArchivesRequest = { ...request, mode: 'offline', asOf: new Date('2026-02-01T00:00:00Z') }
    await assertFault(openArchives(later, quietSession()), 'RELEASE_EXPIRED')
  })

  test('offline with an empty store says what is missing', async () => {
    const request = await requestOf([archiveOf('http://mirror.example.org', key)], { mode: 'offline' })
    await assertFault(openArchives(request, quietSession()), 'FETCH_OFFLINE', /no Release of test stable/)
  })

  test('offline does not take what an archive without signatures left for one with them', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const unsigned = await requestOf([archiveOf(mirror.url, undefined)])
    await versionsOf(unsigned)
    const signed: ArchivesRequest = { ...unsigned, archives: [archiveOf(mirror.url, key)], mode: 'offline' }
    await assertFault(openArchives(signed, quietSession()), 'FETCH_OFFLINE')
  })
})

describe('a mirror that is being synced', () => {
  const unsynced = { served: 'by-name', fields: { 'Acquire-By-Hash': undefined } } as const

  test('is asked once more for the InRelease, which then fits', async () => {
    const before = await suiteOf(unsynced)
    const after = await suiteOf({ ...unsynced, indexes: { 'main/binary-amd64': newerBash } })
    const mirror = await startMirror({ files: after })
    mirror.next('dists/stable/InRelease', {
      kind: 'other-bytes',
      bytes: before['dists/stable/InRelease'] ?? new Uint8Array(),
    })
    const session = recordedSession()
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, key)]), session), ['bash 5.3'])
    assert.match(JSON.stringify(session.events), /asking once more for the Releases/)
    const asked = mirror.requests.filter(each => each.path.endsWith('InRelease'))
    // A cache on the way has the old one.
    assert.deepEqual(
      asked.map(each => each.headers['cache-control']),
      [undefined, 'no-cache'],
    )
  })

  test('with an index that never fits is refused', async () => {
    const files = await suiteOf(unsynced)
    const other = await suiteOf({ ...unsynced, indexes: { 'main/binary-amd64': newerBash } })
    for (const path of Object.keys(files)) if (/Packages/.test(path)) files[path] = other[path] ?? new Uint8Array()
    const mirror = await startMirror({ files })
    const request = await requestOf([archiveOf(mirror.url, key)])
    const fault = await assertFault(openArchives(request, quietSession()), 'INDEX_INTEGRITY', /Packages/)
    assert.match(fault.hint ?? '', /--mirror/)
    assert.equal(pathsOf(mirror).filter(path => path.endsWith('InRelease')).length, 2)
  })

  test('with an index that is listed and not there is a fault of the network', async () => {
    const files = await suiteOf()
    const mirror = await startMirror({ files: onlyRelease(files) })
    await assertFault(
      openArchives(await requestOf([archiveOf(mirror.url, key)]), quietSession()),
      'NETWORK_STATUS',
      /404/,
    )
  })

  test('is passed by for an index that the next mirror has', async () => {
    const files = await suiteOf()
    const [half, whole] = [await startMirror({ files: onlyRelease(files) }), await startMirror({ files })]
    const archive = archiveOf(half.url, key, { uris: [half.url, whole.url] })
    assert.deepEqual(await versionsOf(await requestOf([archive])), ['bash 5.2'])
  })
})

describe('what is no archive to trust', () => {
  test('an index whose decompressed bytes are not the listed ones is refused although its gz is', async () => {
    const good = await suiteOf()
    const path = 'dists/stable/main/binary-amd64/Packages'
    const listed: [string, Uint8Array][] = [
      ['main/binary-amd64/Packages', Buffer.from(newerBash)],
      ['main/binary-amd64/Packages.gz', good[`${path}.gz`] ?? new Uint8Array()],
    ]
    const inRelease = await clearSign(releaseText({}, listed), [key])
    const mirror = await startMirror({ files: { ...good, 'dists/stable/InRelease': inRelease } })
    await assertFault(
      openArchives(await requestOf([archiveOf(mirror.url, key)]), quietSession()),
      'INDEX_INTEGRITY',
      /has sha256 [0-9a-f]{64}, but .* lists/,
    )
  })

  test('an index that unpacks to a thousand times its length is refused, though a key signed it', async () => {
    const files = await suiteOf({ indexes: { 'main/binary-amd64': '\n'.repeat(90_000_000) }, forms: ['gz'] })
    const mirror = await startMirror({ files })
    await assertFault(openArchives(await requestOf([archiveOf(mirror.url, key)]), quietSession()), 'COMPRESSION_LIMIT')
  })

  test('a suite that is not there names the suite and where releases go when they are old', async () => {
    const mirror = await startMirror()
    const request = await requestOf([archiveOf(mirror.url, key)])
    const fault = await assertFault(openArchives(request, quietSession()), 'SUITE_ABSENT', /no suite stable/)
    assert.match(fault.hint ?? '', /archive\.debian\.org/)
    assert.equal(fault.exitCode, 2)
  })

  test('a release that moved to the archive of old releases names the address it has now', async () => {
    const mirror = await startMirror()
    const archive = archiveOf(`${mirror.url}/debian`, key, { suites: ['buster'] })
    const fault = await assertFault(openArchives(await requestOf([archive]), quietSession()), 'SUITE_ABSENT', /buster/)
    assert.match(fault.hint ?? '', /`--mirror test=http:\/\/archive\.debian\.org\/debian`/)
  })

  test('a suite that one mirror lacks and another cannot be asked for may well exist', async () => {
    const mirror = await startMirror()
    const archive = archiveOf(mirror.url, key, { uris: [mirror.url, 'http://127.0.0.1:9/debian'] })
    await assertFault(openArchives(await requestOf([archive]), quietSession()), 'NETWORK_UNREACHABLE')
  })

  test('a Release without InRelease and Release.gpg is unsigned', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const request = await requestOf([archiveOf(mirror.url, key)])
    await assertFault(openArchives(request, quietSession()), 'RELEASE_UNSIGNED', /neither InRelease nor Release\.gpg/)
  })

  test('an unsigned archive is trusted when the manifest gives a reason, which is said', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const session = recordedSession()
    assert.deepEqual(await versionsOf(await requestOf([archiveOf(mirror.url, undefined)]), session), ['bash 5.2'])
    assert.match(JSON.stringify(session.events), /trusted without a signature \(a test\)/)
  })

  test('another suite signed by the same key is refused', async () => {
    const mirror = await startMirror({ files: await suiteOf({ fields: { Suite: 'old', Codename: 'rusty' } }) })
    await assertFault(
      openArchives(await requestOf([archiveOf(mirror.url, key)]), quietSession()),
      'RELEASE_MISMATCH',
      /"stable".*"old".*"rusty"/,
    )
  })

  test('a key that the manifest does not name is refused', async () => {
    const stranger = await makeTestKey({ name: 'Stranger' })
    const mirror = await startMirror({ files: await suiteOf({ keys: [stranger] }) })
    await assertFault(
      openArchives(await requestOf([archiveOf(mirror.url, key)]), quietSession()),
      'RELEASE_KEY_UNKNOWN',
    )
  })

  test('a bad InRelease is not passed by for another mirror: somebody tampered with it', async () => {
    const files = await suiteOf()
    const bad = await startMirror({ files: { ...files, 'dists/stable/InRelease': 'Suite: stable\n' } })
    const good = await startMirror({ files })
    const archive = archiveOf(bad.url, key, { uris: [bad.url, good.url] })
    await assertFault(openArchives(await requestOf([archive]), quietSession()), 'RELEASE_UNSIGNED')
  })

  test('a key ring that aptroot does not have is a fault in the manifest', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const trust = { kind: 'signed-by', signedBy: { kind: 'named', name: 'nobody' } } as const
    const request = await requestOf([archiveOf(mirror.url, key, { trust })])
    await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID', /"nobody"/)
  })

  for (const suite of ['../../other', 'a//b', 'stable\\..', ''])
    test(`a suite ${JSON.stringify(suite)} leads nowhere`, async () => {
      const mirror = await startMirror({ files: await suiteOf() })
      const request = await requestOf([archiveOf(mirror.url, key, { suites: [suite] })])
      await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID')
      assert.deepEqual(mirror.requests, [])
    })

  test('a flat repository with components is a fault in the manifest', async () => {
    const request = await requestOf([archiveOf('http://mirror.example.org', key, { suites: ['./'] })])
    await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID', /flat repository/)
  })
})

function onlyRelease(files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => path.endsWith('Release')))
}

describe('a Release that was verified before', () => {
  test('is not taken for verified when the manifest trusts another key', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await requestOf([archiveOf(mirror.url, key)])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    const stranger = await makeTestKey({ name: 'Stranger' })
    await assertFault(versionsOf({ ...request, archives: [archiveOf(mirror.url, stranger)] }), 'RELEASE_KEY_UNKNOWN')
  })

  test('is not taken for verified after its key expired', async () => {
    const mortal = await makeTestKey({ name: 'Mortal', expiresAfterSeconds: 365 * 86_400 })
    const mirror = await startMirror({ files: await suiteOf({ keys: [mortal] }) })
    const request = await requestOf([archiveOf(mirror.url, mortal)])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    await assertFault(versionsOf({ ...request, asOf: new Date('2026-06-02T00:00:00Z') }), 'RELEASE_KEY_UNUSABLE')
  })

  test('is refused when a byte of it changed', async () => {
    const files = await suiteOf()
    const mirror = await startMirror({ files })
    const request = await requestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const changed = new TextDecoder().decode(files['dists/stable/InRelease']).replace('Suite: stable', 'Suite: stablf')
    const other = await startMirror({ files: { ...files, 'dists/stable/InRelease': changed } })
    await assertFault(versionsOf({ ...request, archives: [archiveOf(other.url, key)] }), 'RELEASE_SIGNATURE_BAD')
  })
})
