import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { continuityOf } from '../../src/workflows/lock-continuity.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const waiver = { snapshot: undefined }

describe('what a lock holds against an older Release', () => {
  const request = requestWith({
    archives: [
      'debian bookworm contrib',
      'debian bookworm main',
      'debian bookworm-updates main [architectures=amd64,arm64]',
      'local ./ [unsigned]',
      'old buster main',
      'old buster/updates main',
    ],
  })
  const locked = (from: string, at: string) => lockedDeb(`p${from}${at}:amd64=1`, { from, at })
  const lock = lockWith(
    [
      locked('debian/bookworm/main', '20260101T000000Z'),
      locked('debian/bookworm/contrib', '20260301T000000Z'),
      locked('debian/bookworm/main', '20260201T000000Z'),
      locked('debian/bookworm-updates/main', '20260601T000000Z'),
      locked('local/./', '20260401T000000Z'),
      locked('old/buster/updates/main', '20260501T000000Z'),
      locked('old/buster/main', '20190101T000000Z'),
    ],
    { request },
  )
  const { newestLocked } = continuityOf(lock, waiver)
  const rows: readonly [archive: string, suite: string, at: string | undefined, why: string][] = [
    ['debian', 'bookworm', '20260301T000000Z', 'the newest of all its components'],
    ['debian', 'bookworm-updates', '20260601T000000Z', 'also where it is restricted to architectures'],
    ['local', './', '20260401T000000Z', 'also of a flat repository without signatures'],
    ['old', 'buster', '20190101T000000Z', 'a suite with a slash is another one'],
    ['old', 'buster/updates', '20260501T000000Z', 'and has its own'],
    ['debian', 'trixie', undefined, 'nothing is locked from there'],
    ['debian-security', 'bookworm', undefined, 'that is another archive'],
  ]
  for (const [archive, suite, at, why] of rows)
    test(`of ${archive} ${suite} is ${at ?? 'nothing'}: ${why}`, () => assert.equal(newestLocked(archive, suite), at))

  test('is nothing when there is no lock', () => {
    const first = continuityOf(undefined, waiver)
    assert.deepEqual([first.keys.size, first.newestLocked('debian', 'bookworm')], [0, undefined])
  })
})

describe('an older Release', () => {
  test('is refused, unless the user allows it or names a snapshot', () => {
    assert.equal(continuityOf(undefined, waiver).rollback, 'refuse')
    assert.equal(continuityOf(undefined, { ...waiver, rollback: 'allow' }).rollback, 'allow')
    const snapshot = '20260101T000000Z'
    assert.equal(continuityOf(undefined, { snapshot, rollback: 'refuse' }).rollback, 'allow')
  })
})
