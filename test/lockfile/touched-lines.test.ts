import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type LockedDeb, writeLockfile } from '../../src/lockfile/index.ts'
import { lineDifference } from '../../src/review/index.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'

const origin = { from: 'debian/bookworm/main', directory: 'pool/main/o/openssl', at: '20260101T000000Z' }
const fixOrigin = { from: 'debian-security/bookworm-security/main', directory: 'pool/updates/main/o/openssl' }
const names = ['libssl3', 'libssl-dev', 'openssl']

const debs = (sourceVersion: string, digit: string, parts: Partial<LockedDeb> = {}): LockedDeb[] =>
  names.map(name =>
    lockedDeb(`${name}:amd64=${sourceVersion}`, {
      sourceName: 'openssl',
      sourceVersion,
      ...origin,
      sha256: digit.repeat(64),
      sizeBytes: 1000 + Number(digit),
      ...parts,
    }),
  )

/** Lines that go and come. */
function touched(before: readonly LockedDeb[], after: readonly LockedDeb[]): readonly [number, number] {
  const lines = lineDifference(writeLockfile(lockWith(before)), writeLockfile(lockWith(after)))
  return [lines.filter(each => each.startsWith('-')).length, lines.filter(each => each.startsWith('+')).length]
}

const later = { at: '20260201T000000Z' }
const rebuilt = (list: readonly LockedDeb[], suffix: string): LockedDeb[] =>
  list.map(deb => ({ ...deb, version: `${deb.version}${suffix}` }))

describe('an update touches so many lines on each side (decisions/0016)', () => {
  const old = debs('3.0.14-1', '1')
  const fix = debs('3.0.15-1', '2', later)

  test('a fix: two of the source and two of each deb', () => {
    assert.deepEqual(touched(old, fix), [2 + 2 * 3, 2 + 2 * 3])
    assert.deepEqual(touched(old.slice(0, 1), fix.slice(0, 1)), [2 + 2, 2 + 2])
  })

  test('a fix from another archive: two more', () => {
    const moved = fix.map(deb => ({ ...deb, ...fixOrigin }))
    assert.deepEqual(touched(old, moved), [2 + 2 * 3 + 2, 2 + 2 * 3 + 2])
  })

  test('a first rebuild: one more of each deb where its version comes, one less of the source', () => {
    const first = rebuilt(debs('3.0.14-1', '3', later), '+b1')
    assert.deepEqual(touched(old.slice(0, 1), first.slice(0, 1)), [3, 4])
    assert.deepEqual(touched(old, first), [1 + 2 * 3, 1 + 3 * 3])
  })

  test('a next rebuild: the same on both sides', () => {
    const [first, second] = [rebuilt(debs('3.0.14-1', '3'), '+b1'), rebuilt(debs('3.0.14-1', '4', later), '+b2')]
    assert.deepEqual(touched(first.slice(0, 1), second.slice(0, 1)), [4, 4])
    assert.deepEqual(touched(first, second), [1 + 3 * 3, 1 + 3 * 3])
  })
})
