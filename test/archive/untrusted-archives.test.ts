import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { openArchives } from '../../src/archive/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { archivesRequestOf, archiveKey as key, newerBash, suiteOf, versionsOf } from '../support/opened-archives.ts'
import { quietSession, recordedSession } from '../support/scratch.ts'
import { archiveOf, releaseText } from '../support/signed-suite.ts'
import { clearSign, makeTestKey } from '../support/signing.ts'

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
      openArchives(await archivesRequestOf([archiveOf(mirror.url, key)]), quietSession()),
      'INDEX_INTEGRITY',
      /has sha256 [0-9a-f]{64}, but .* lists/,
    )
  })

  test('an index that unpacks to a thousand times its length is refused, though a key signed it', async () => {
    const files = await suiteOf({ indexes: { 'main/binary-amd64': '\n'.repeat(90_000_000) }, forms: ['gz'] })
    const mirror = await startMirror({ files })
    await assertFault(
      openArchives(await archivesRequestOf([archiveOf(mirror.url, key)]), quietSession()),
      'COMPRESSION_LIMIT',
    )
  })

  test('a suite that is not there names the suite and where releases go when they are old', async () => {
    const mirror = await startMirror()
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    const fault = await assertFault(openArchives(request, quietSession()), 'SUITE_ABSENT', /no suite stable/)
    assert.match(fault.hint ?? '', /archive\.debian\.org/)
    assert.equal(fault.exitCode, 2)
  })

  test('a release that moved to the archive of old releases names the address it has now', async () => {
    const mirror = await startMirror()
    const archive = archiveOf(`${mirror.url}/debian`, key, { suites: ['buster'] })
    const fault = await assertFault(
      openArchives(await archivesRequestOf([archive]), quietSession()),
      'SUITE_ABSENT',
      /buster/,
    )
    assert.match(fault.hint ?? '', /`--mirror test=http:\/\/archive\.debian\.org\/debian`/)
  })

  test('a suite that one mirror lacks and another cannot be asked for may well exist', async () => {
    const mirror = await startMirror()
    const archive = archiveOf(mirror.url, key, { uris: [mirror.url, 'http://127.0.0.1:9/debian'] })
    await assertFault(openArchives(await archivesRequestOf([archive]), quietSession()), 'NETWORK_UNREACHABLE')
  })

  test('a Release without InRelease and Release.gpg is unsigned', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await assertFault(openArchives(request, quietSession()), 'RELEASE_UNSIGNED', /neither InRelease nor Release\.gpg/)
  })

  test('an unsigned archive is trusted when the manifest gives a reason, which is said', async () => {
    const mirror = await startMirror({ files: await suiteOf({ signature: 'none' }) })
    const session = recordedSession()
    assert.deepEqual(await versionsOf(await archivesRequestOf([archiveOf(mirror.url, undefined)]), session), [
      'bash 5.2',
    ])
    assert.match(JSON.stringify(session.events), /trusted without a signature \(a test\)/)
  })

  test('another suite signed by the same key is refused', async () => {
    const mirror = await startMirror({ files: await suiteOf({ fields: { Suite: 'old', Codename: 'rusty' } }) })
    await assertFault(
      openArchives(await archivesRequestOf([archiveOf(mirror.url, key)]), quietSession()),
      'RELEASE_MISMATCH',
      /"stable".*"old".*"rusty"/,
    )
  })

  test('a key that the manifest does not name is refused', async () => {
    const stranger = await makeTestKey({ name: 'Stranger' })
    const mirror = await startMirror({ files: await suiteOf({ keys: [stranger] }) })
    await assertFault(
      openArchives(await archivesRequestOf([archiveOf(mirror.url, key)]), quietSession()),
      'RELEASE_KEY_UNKNOWN',
    )
  })

  test('a bad InRelease is not passed by for another mirror: somebody tampered with it', async () => {
    const files = await suiteOf()
    const bad = await startMirror({ files: { ...files, 'dists/stable/InRelease': 'Suite: stable\n' } })
    const good = await startMirror({ files })
    const archive = archiveOf(bad.url, key, { uris: [bad.url, good.url] })
    await assertFault(openArchives(await archivesRequestOf([archive]), quietSession()), 'RELEASE_UNSIGNED')
  })

  test('a key ring that aptroot does not have is a fault in the manifest', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const trust = { kind: 'signed-by', signedBy: { kind: 'named', name: 'nobody' } } as const
    const request = await archivesRequestOf([archiveOf(mirror.url, key, { trust })])
    await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID', /"nobody"/)
  })

  for (const suite of ['../../other', 'a//b', 'stable\\..', ''])
    test(`a suite ${JSON.stringify(suite)} leads nowhere`, async () => {
      const mirror = await startMirror({ files: await suiteOf() })
      const request = await archivesRequestOf([archiveOf(mirror.url, key, { suites: [suite] })])
      await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID')
      assert.deepEqual(mirror.requests, [])
    })

  test('a flat repository with components is a fault in the manifest', async () => {
    const request = await archivesRequestOf([archiveOf('http://mirror.example.org', key, { suites: ['./'] })])
    await assertFault(openArchives(request, quietSession()), 'MANIFEST_INVALID', /flat repository/)
  })
})

describe('a Release that was verified before', () => {
  test('is not taken for verified when the manifest trusts another key', async () => {
    const mirror = await startMirror({ files: await suiteOf() })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    const stranger = await makeTestKey({ name: 'Stranger' })
    await assertFault(versionsOf({ ...request, archives: [archiveOf(mirror.url, stranger)] }), 'RELEASE_KEY_UNKNOWN')
  })

  test('is not taken for verified after its key expired', async () => {
    const mortal = await makeTestKey({ name: 'Mortal', expiresAfterSeconds: 365 * 86_400 })
    const mirror = await startMirror({ files: await suiteOf({ keys: [mortal] }) })
    const request = await archivesRequestOf([archiveOf(mirror.url, mortal)])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    assert.deepEqual(await versionsOf(request), ['bash 5.2'])
    await assertFault(versionsOf({ ...request, asOf: new Date('2026-06-02T00:00:00Z') }), 'RELEASE_KEY_UNUSABLE')
  })

  test('is refused when a byte of it changed', async () => {
    const files = await suiteOf()
    const mirror = await startMirror({ files })
    const request = await archivesRequestOf([archiveOf(mirror.url, key)])
    await versionsOf(request)
    const changed = new TextDecoder().decode(files['dists/stable/InRelease']).replace('Suite: stable', 'Suite: stablf')
    const other = await startMirror({ files: { ...files, 'dists/stable/InRelease': changed } })
    await assertFault(versionsOf({ ...request, archives: [archiveOf(other.url, key)] }), 'RELEASE_SIGNATURE_BAD')
  })
})
