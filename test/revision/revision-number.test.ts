import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { compareVersions } from '../../src/debian/index.ts'
import { compareBytes } from '../../src/kernel/index.ts'
import {
  compareRevisions,
  isRevision,
  nextRevision,
  type Revision,
  revisionOfSortable,
  sortableOf,
} from '../../src/revision/revision-number.ts'

const anyRevision: fc.Arbitrary<Revision> = fc
  .tuple(
    fc.array(fc.oneof(fc.nat(12), fc.nat(9_999_999_999)), { maxLength: 3 }),
    fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9_999_999_999 })),
  )
  .map(([numbers, last]) => [...numbers, last].join('.'))

describe('a revision', () => {
  it('is counted, so that 10 follows 9 and is later for Debian too', () => {
    assert.equal(nextRevision(1, '9', undefined), '10')
    assert.ok(compareVersions('1.0+r9', '1.0+r10') < 0)
    assert.ok(compareVersions('1.0+r4.9', '1.0+r4.10') < 0)
    assert.ok(compareVersions('1.0+r99', '1.0+r100') < 0)
  })

  it('has the order that Debian gives it, and that a database gives its sortable text', () => {
    fc.assert(
      fc.property(anyRevision, anyRevision, (left, right) => {
        const order = Math.sign(compareRevisions(left, right))
        assert.equal(Math.sign(compareVersions(`1.0+r${left}`, `1.0+r${right}`)), order)
        assert.equal(Math.sign(compareBytes(sortableOf(left), sortableOf(right))), order)
        assert.equal(revisionOfSortable(sortableOf(left)), left)
      }),
      { numRuns: 500 },
    )
  })

  for (const text of ['', '0', '4.', '.4', '04', '4.0', '4.01', '-1', '4,1', '1e3', '12345678901', '1.1.1.1.1.1.1.1.1'])
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(isRevision(text), false))
})

describe('the next revision', () => {
  const rows: readonly [
    depth: number,
    newest: string | undefined,
    upstream: string | undefined,
    next: string,
    why: string,
  ][] = [
    [1, undefined, undefined, '1', 'the first is 1'],
    [1, '4', undefined, '5', 'numbers are counted up'],
    [2, undefined, '4', '4.1', 'a service that extends another begins after its newest'],
    [2, '4.1', '4', '4.2', 'and counts on'],
    [2, '4.9', '4', '4.10', 'as numbers, not as digits'],
    [2, '4.2', '5', '5.1', 'after the other has moved on, from there'],
    [2, '5', '5', '5.1', 'an adopted revision is extended'],
    [2, '5.1', '4', '5.2', 'an answer that was fetched earlier and arrives later moves nothing back'],
    [2, '7', '5', '7.1', 'nor does it while something newer was adopted'],
    [2, undefined, undefined, '0.1', 'before the other has any, before its first'],
    [3, undefined, '4.2', '4.2.1', 'an extended extension is extended'],
    [
      3,
      '4.2.1',
      '5',
      '5.0.1',
      'a zero stands for what the service between has not given: it may give 5.1 itself later',
    ],
    [3, '5.0.1', '5.1', '5.1.1', 'and then that is later'],
    [3, undefined, undefined, '0.0.1', 'before anything, at its own depth'],
  ]
  for (const [depth, newest, upstream, next, why] of rows)
    it(`after ${newest ?? 'nothing'}, of ${upstream ?? 'none'}, is ${next}: ${why}`, () => {
      assert.equal(nextRevision(depth, newest, upstream), next)
      if (newest !== undefined) assert.ok(compareVersions(`1+r${newest}`, `1+r${next}`) < 0)
      if (upstream !== undefined) assert.ok(compareVersions(`1+r${upstream}`, `1+r${next}`) < 0)
    })
})
