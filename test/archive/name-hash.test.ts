import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { findName, hashOfName, slotsOf } from '../../src/archive/packages-index/name-hash.ts'
import { nameTableOf } from '../support/name-table.ts'

function placesOf(names: readonly string[]) {
  const table = nameTableOf(names)
  const slots = slotsOf(table)
  return (name: string) => findName(table, slots, name, hashOfName(name))
}

describe('a name of a table', () => {
  it('is found at its place, and one that is not there nowhere', () => {
    const part = fc.constantFrom('lib', 'python3-', '', 'a', '\u00e9', '\u0000', '+', 'zz', 'x'.repeat(20))
    const name = fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 120 }), fc.array(name), (names, others) => {
        const placeOf = placesOf(names)
        assert.deepEqual(names.map(placeOf), [...names.keys()])
        for (const other of others) assert.equal(placeOf(other), names.indexOf(other))
      }),
      { seed: 65, numRuns: 300 },
    )
  })

  it('is known from another one of the same hash', () => {
    const [left, right] = ['python3-i9ej6t-dev', 'python3-4n6074-dev'] as const
    assert.equal(hashOfName(left), hashOfName(right))
    assert.deepEqual([left, right].map(placesOf([right, left])), [1, 0])
    assert.equal(placesOf([right])(left), -1)
  })

  it('is not found by a character beyond bytes whose lower byte is the same', () => {
    assert.equal(placesOf(['a'])('\u0161'), -1)
  })
})
