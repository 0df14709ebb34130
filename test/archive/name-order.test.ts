import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { sortNames } from '../../src/archive/packages-index/name-order.ts'
import { namesOf } from '../../src/archive/packages-index/name-table.ts'
import { nameTableOf } from '../support/name-table.ts'

/** Of byte strings. */
function sorted(names: readonly string[]): readonly string[] {
  const { names: table, order } = sortNames(nameTableOf(names))
  assert.deepEqual(
    Array.from(order, place => names[place]),
    namesOf(table),
  )
  return namesOf(table)
}

describe('the order of names', () => {
  it('is that of their bytes, a name before those that go on after it', () => {
    const part = fc.constantFrom('lib', 'python3-', '', 'a', '\u00e9', '\u0000', '+', 'zz', 'x'.repeat(20))
    const name = fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 120 }), names => {
        assert.deepEqual(sorted(names), names.toSorted())
      }),
      { seed: 64, numRuns: 300 },
    )
  })

  it('is found for hostile names too, which are alike in a hundred thousand bytes', () => {
    const names = Array.from({ length: 40 }, (_, at) => 'a'.repeat(100_000) + String.fromCharCode(90 - at))
    assert.deepEqual(sorted(names), names.toReversed())
  })
})
