import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { chooseIndexes } from '../../src/archive/index-choice.ts'
import { parseRelease, type Release, releaseTrustedByManifest } from '../../src/archive/release.ts'
import { checkRelease, type ReleaseExpectation } from '../../src/archive/release-check.ts'
import type { FaultCode } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { recordedSession } from '../support/scratch.ts'
import { releaseText } from '../support/signed-suite.ts'

type Fields = Readonly<Record<string, string | undefined>>

function releaseOf(
  fields: Fields,
  files: Readonly<Record<string, string>> = { 'main/binary-amd64/Packages': 'x' },
): Release {
  const listed = Object.entries(files).map(([path, text]): [string, Uint8Array] => [
    path,
    new TextEncoder().encode(text),
  ])
  return parseRelease(releaseTrustedByManifest(releaseText({ fields }, listed), 'a test'), 'InRelease')
}

const expectation: ReleaseExpectation = {
  archive: 'debian',
  suite: 'bookworm',
  asOf: new Date('2026-01-20T00:00:00Z'),
  maxAgeSeconds: undefined,
  name: 'http://mirror.example.org/debian/dists/bookworm/InRelease',
}

describe('a Release is the one that was asked for', () => {
  const names: readonly [string, Fields, FaultCode | 'accepted', string][] = [
    [
      'bookworm',
      { Suite: 'oldstable', Codename: 'bookworm' },
      'accepted',
      'by its Codename, though its Suite moved on',
    ],
    ['oldstable', { Suite: 'oldstable', Codename: 'bookworm' }, 'accepted', 'by its Suite'],
    ['bookworm-security', { Suite: 'oldstable-security', Codename: 'bookworm-security' }, 'accepted', 'security'],
    ['buster/updates', { Suite: 'oldoldstable', Codename: 'buster' }, 'accepted', 'security before bullseye'],
    ['./', { Suite: 'whatever', Codename: undefined }, 'accepted', 'a flat repository has no name'],
    ['bookworm', { Suite: 'stable', Codename: 'trixie' }, 'RELEASE_MISMATCH', 'the mirror serves another release'],
    ['bookworm-security', { Suite: 'oldstable', Codename: 'bookworm' }, 'RELEASE_MISMATCH', 'not the security suite'],
    ['bookworm', { Suite: 'bookworm/updates', Codename: 'x' }, 'RELEASE_MISMATCH', 'a name within a name is no name'],
  ]
  for (const [suite, fields, verdict, why] of names)
    test(`${suite} is ${verdict}: ${why}`, async () => {
      const check = () => checkRelease(releaseOf(fields), { ...expectation, suite }, recordedSession())
      if (verdict === 'accepted') check()
      else await assertFault(check, verdict, new RegExp(`"${suite}"`))
    })

  test('or says that nothing proves it, when it names neither', () => {
    const session = recordedSession()
    checkRelease(releaseOf({ Suite: undefined, Codename: undefined }), expectation, session)
    assert.deepEqual(
      session.events.map(each => each.kind),
      ['warned'],
    )
  })
})

describe('a Release is of today', () => {
  const named = { Suite: 'bookworm' }
  const days: readonly [string, Fields, FaultCode | 'accepted', string][] = [
    [
      '2026-01-20T00:00:00Z',
      { 'Valid-Until': 'Tue, 20 Jan 2026 00:00:00 UTC' },
      'accepted',
      'valid to the last second',
    ],
    ['2026-01-20T00:00:01Z', { 'Valid-Until': 'Tue, 20 Jan 2026 00:00:00 UTC' }, 'RELEASE_EXPIRED', 'and no longer'],
    ['2030-01-01T00:00:00Z', {}, 'accepted', 'without Valid-Until it does not expire, as bookworm itself'],
    ['2026-01-15T09:30:00Z', {}, 'accepted', 'a clock may be half an hour slow'],
    ['2026-01-15T08:59:59Z', {}, 'RELEASE_FUTURE', 'but not more than an hour'],
  ]
  for (const [asOf, fields, verdict, why] of days)
    test(`${asOf}: ${verdict}, ${why}`, async () => {
      const expected = { ...expectation, asOf: new Date(asOf) }
      const check = () => checkRelease(releaseOf({ ...named, ...fields }), expected, recordedSession())
      if (verdict === 'accepted') return check()
      const fault = await assertFault(check, verdict, /2026-01-/)
      assert.match(fault.hint ?? '', /--as-of/)
    })

  test('or older than its max-age, which is a warning', () => {
    const session = recordedSession()
    checkRelease(releaseOf(named), { ...expectation, maxAgeSeconds: 3 * 86_400 }, session)
    assert.match(JSON.stringify(session.events), /4 days old, older than the archive's max-age of 3 days/)
  })
})

describe('the indexes of a manifest', () => {
  const wish = { name: 'InRelease', archive: 'debian', components: ['main'], architectures: ['amd64'] }
  const pathsOf = (release: Release, changes: Partial<typeof wish> = {}) =>
    chooseIndexes(release, { ...wish, ...changes }).map(each => each.path)

  test('lie in main where the Release speaks of updates/main, as in bookworm-security', () => {
    const release = releaseOf({ Components: 'updates/main updates/contrib' })
    assert.deepEqual(pathsOf(release), ['main/binary-amd64/Packages'])
    assert.deepEqual(pathsOf(release, { components: ['updates/main'] }), ['main/binary-amd64/Packages'])
  })

  test('lie in updates/main where they lie there, as before bullseye', () => {
    const release = releaseOf({ Components: 'updates/main' }, { 'updates/main/binary-amd64/Packages': 'x' })
    assert.deepEqual(pathsOf(release), ['updates/main/binary-amd64/Packages'])
  })

  test('of all are read beside those of the architecture where they are separate', () => {
    const files = { 'main/binary-amd64/Packages': 'x', 'main/binary-all/Packages': 'y' }
    assert.deepEqual(pathsOf(releaseOf({ Architectures: 'all amd64' }, files)), Object.keys(files))
    const merged = releaseOf({ Architectures: 'all amd64', 'No-Support-for-Architecture-all': 'Packages' }, files)
    assert.deepEqual(pathsOf(merged), ['main/binary-amd64/Packages'])
  })

  test('of all are enough in an archive that has nothing else', () => {
    const release = releaseOf({ Architectures: 'all' }, { 'main/binary-all/Packages': 'x' })
    assert.deepEqual(pathsOf(release, { architectures: ['amd64', 'arm64'] }), ['main/binary-all/Packages'])
  })

  test('of a flat repository are one for every architecture', () => {
    const release = releaseOf({ Components: undefined, Architectures: undefined }, { './Packages': 'x' })
    assert.deepEqual(pathsOf(release, { components: [], architectures: ['amd64', 'arm64'] }), ['Packages'])
  })

  test('are taken in the smallest form, the plain one last, since mirrors do not have it', () => {
    const files = {
      'main/binary-amd64/Packages': 'x',
      'main/binary-amd64/Packages.gz': 'xxxxxxx',
      'main/binary-amd64/Packages.xz': 'xxxxx',
      'main/binary-amd64/Packages.bz2': 'xxxxx',
    }
    const [index] = chooseIndexes(releaseOf({}, files), wish)
    assert.deepEqual(
      index?.forms.map(form => form.compression),
      ['xz', 'bz2', 'gz', 'none'],
    )
    assert.equal(index?.plain?.sizeBytes, 1)
  })

  const absent: readonly [Partial<typeof wish>, Fields, RegExp, string][] = [
    [{ components: ['universe'] }, {}, /component "universe"; it has main/, 'a component that is not there'],
    [{ components: ['ain'] }, {}, /component "ain"/, 'the end of a name is no suffix of a path'],
    [
      { architectures: ['riscv64'] },
      {},
      /architecture "riscv64"; it has amd64, arm64/,
      'an architecture that is not there',
    ],
    [{ architectures: ['arm64'] }, {}, /binary-arm64/, 'an architecture that is announced and not listed'],
    [{ components: [] }, {}, /flat repository/, 'no index at the top'],
  ]
  for (const [changes, fields, message, why] of absent)
    test(`are not silently none: ${why}`, async () => {
      await assertFault(() => pathsOf(releaseOf(fields), changes), 'INDEX_NOT_LISTED', message)
    })
})
