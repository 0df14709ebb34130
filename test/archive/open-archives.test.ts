import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, test } from 'vitest'
import { type ArchivesRequest, openArchives } from '../../src/archive/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import {
  archivesRequestOf,
  bash,
  archiveKey as key,
  newerBash,
  onlyRelease,
  pathsOf,
  suiteOf,
  versionsOf,
} from '../support/opened-archives.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { archiveOf } from '../support/signed-suite.ts'

describe('an archive', () => {
  test('gives its packages under a verified Release, and says who signed', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
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
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
    assert.match(pathsOf(mirror)[1] ?? '', /main\/binary-amd64\/by-hash\/SHA256\/[0-9a-f]{64}$/)
  })

  test('is asked by name when the mirror does not have it by hash', async () => {
    const mirror = await startMirror({ files: await suiteOf({ served: 'by-name' }) })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
  })

  test('is asked by name alone when the Release does not promise by-hash', async () => {
    const files = await suiteOf({ served: 'by-name', fields: { 'Acquire-By-Hash': undefined } })
    const mirror = await startMirror({ files })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
    assert.deepEqual(pathsOf(mirror), ['dists/stable/InRelease', 'dists/stable/main/binary-amd64/Packages.gz'])
  })

  for (const hashes of [['SHA512'], ['SHA256', 'SHA512']] as const)
    test(`may list ${hashes.join(' and ')}`, async () => {
      const mirror = await startMirror({ files: await suiteOf({ hashes }) })
      assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
      assert.match(pathsOf(mirror)[1] ?? '', /by-hash\/SHA512\//)
    })

  test('may have Release with Release.gpg instead of InRelease', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'detached' }) })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), ['bash 5.2'])
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
      assert.deepEqual(await versionsOf(await archivesRequestOf([archive])), ['bash 5.2'])
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
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(pathToFileURL(copy).href, key)])), [
      'bash 5.2',
    ])
  })

  test('is found on the second mirror when the first is away', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const empty = await startMirror()
    const archive = archiveOf(empty.url, key, { uris: ['http://127.0.0.1:9/debian', empty.url, mirror.url] })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archive])), ['bash 5.2'])
  })

  test('is found where the settings say, and its host stays that of the manifest', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const archive = archiveOf('http://mirror.example.org/debian', key)
    const request = await archivesRequestOf([archive], { urisOf: () => [mirror.url] })
    const { releases, close } = await openArchives(request, quietSession())
    await close()
    assert.equal(releases[0]?.facts.host, 'mirror.example.org')
  })

  test('is found in the snapshot archive at the wanted time', async () => {
    const files = await suiteOf({ folder: '20260115T120000Z/dists/stable' })
    const mirror = await startMirror({ files })
    const archive = archiveOf('http://mirror.example.org/debian', key, { snapshot: `${mirror.url}/{timestamp}` })
    const request = await archivesRequestOf([archive], { snapshot: '20260115T120000Z' })
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
  })

  test('is not there in the past when its snapshot service is away or has no such state, and no mirror is proposed', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const answers = [
      [
        'http://127.0.0.1:9',
        'NETWORK_UNREACHABLE',
        /^Mirrors are not asked for a past state: .*APTROOT_SNAPSHOTS=ID=URI/,
      ],
      [mirror.url, 'SUITE_ABSENT', /^The snapshot service has no state of 20260115T120000Z with it: correct the time/],
    ] as const
    for (const [service, code, hint] of answers) {
      const archive = archiveOf(mirror.url, key, { snapshot: `${service}/{timestamp}` })
      const request = await archivesRequestOf([archive], { snapshot: '20260115T120000Z' })
      const fault = await assertFault(openArchives(request, quietSession()), code, '/20260115T120000Z')
      assert.match(fault.hint ?? '', hint)
    }
  })

  test('without a snapshot address has no past', async () => {
    const request = await archivesRequestOf([archiveOf('http://mirror.example.org', key)], {
      snapshot: '20260115T120000Z',
    })
    await assertFault(openArchives(request, quietSession()), 'USAGE_INVALID', /no `snapshot:`/)
  })

  test('restricted to other architectures is left alone', async () => {
    const archive = archiveOf('http://127.0.0.1:9', key, { architectures: ['arm64'] })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archive])), [])
  })

  test('with an empty index needs no download of nothing', async () => {
    const mirror = await startMirror({ files: await suiteOf({ indexes: { 'main/binary-amd64': '' } }) })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)])), [])
    assert.deepEqual(pathsOf(mirror), ['dists/stable/InRelease'])
  })
})

describe('the next update', () => {
  test('fetches the InRelease alone when nothing changed', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const before = mirror.requests.length
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    assert.deepEqual(pathsOf(mirror).slice(before), ['dists/stable/InRelease'])
  })

  test('opens what the Release lists now, whatever was opened last', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const newer = await suiteOf({ indexes: { 'main/binary-amd64': newerBash } })
    for (const [path, bytes] of Object.entries(newer)) mirror.files.set(path, bytes)
    assert.deepEqual(await versionsOf(request), ['bash 5.3'])
    assert.deepEqual(await versionsOf(request), ['bash 5.3'])
  })

  test('offline uses what the store has', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const before = mirror.requests.length
    assert.deepEqual(await versionsOf({ ...request, mode: 'offline' }), ['bash 5.2'])
    assert.equal(mirror.requests.length, before)
  })

  test('offline judges expiry all the same', async () => {
    const fields = { 'Valid-Until': 'Sun, 25 Jan 2026 00:00:00 UTC' }
    const mirror = await startMirror({ files: await suiteOf({ fields }) })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const later: ArchivesRequest = { ...request, mode: 'offline', asOf: new Date('2026-02-01T00:00:00Z') }
    await assertFault(openArchives(later, quietSession()), 'RELEASE_EXPIRED')
  })

  test('offline with an empty store says what is missing', async () => {
    const request = await archivesRequestOf([archiveOf('http://mirror.example.org', key)], { mode: 'offline' })
    await assertFault(openArchives(request, quietSession()), 'FETCH_OFFLINE', /no Release of test stable/)
  })

  test('offline does not take what an archive without signatures left for one with them', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const unsigned = await archivesRequestOf([archiveOf(mirror.url, undefined)])
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
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, key)]), session), ['bash 5.3'])
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
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    const fault = await assertFault(openArchives(request, quietSession()), 'INDEX_INTEGRITY', /Packages/)
    assert.match(fault.hint ?? '', /--mirror/)
    assert.equal(pathsOf(mirror).filter(path => path.endsWith('InRelease')).length, 2)
  })

  test('with an index that is listed and not there is a fault of the network', async () => {
    const files = await suiteOf()
    const mirror = await startMirror({ files: onlyRelease(files) })
    await assertFault(
      openArchives(await archivesRequestOf([archiveOf(mirror.url, key)]), quietSession()),
      'NETWORK_STATUS',
      /404/,
    )
  })

  test('is passed by for an index that the next mirror has', async () => {
    const files = await suiteOf()
    const [half, whole] = [await startMirror({ files: onlyRelease(files) }), await startMirror({ files })]
    const archive = archiveOf(half.url, key, { uris: [half.url, whole.url] })
    assert.deepEqual(await versionsOf(await archivesRequestOf([archive])), ['bash 5.2'])
  })
})
