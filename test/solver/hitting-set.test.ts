import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Conflict, type Cost, cheapestHittingSet, compareCosts } from '../../src/solver/index.ts'

function run(conflicts: readonly Conflict[], costs: ReadonlyMap<number, Cost>): number[] {
  const steps = cheapestHittingSet(conflicts, costs)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return [...step.value].sort((left, right) => left - right)
  }
}

const equal = new Map<number, Cost>([1, 2, 3, 4].map(element => [element, [1, 0]]))

describe('the cheapest hitting set', () => {
  it('of no conflict is empty', () => {
    assert.deepEqual(run([], equal), [])
  })

  it('takes the element that two conflicts share', () => {
    const conflicts = [
      [1, 2],
      [2, 3],
    ]
    assert.deepEqual(run(conflicts, equal), [2])
  })

  it('takes what comes first among equals', () => {
    assert.deepEqual(run([[3, 2]], equal), [2])
  })

  it('takes any number of lesser costs before one greater', () => {
    const costs = new Map<number, Cost>([
      [1, [1, 0]],
      [2, [0, 5]],
      [3, [0, 7]],
    ])
    const conflicts = [
      [1, 2],
      [1, 3],
    ]
    assert.deepEqual(run(conflicts, costs), [2, 3])
  })

  it('is as cheap as the cheapest of all sets', () => {
    const elements = [1, 2, 3, 4, 5, 6, 7]
    const subsets = Array.from({ length: 2 ** elements.length }, (_, bits) =>
      elements.filter((_element, at) => (bits >> at) & 1),
    )
    const cost = fc.tuple(fc.nat(2), fc.nat(3), fc.nat(1))
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.constantFrom(...elements), { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        fc.array(cost, { minLength: elements.length, maxLength: elements.length }),
        (conflicts, values) => {
          const costs = new Map<number, Cost>(elements.map((element, at) => [element, values[at] ?? [0, 0, 0]]))
          const total = (set: readonly number[]) =>
            [0, 1, 2].map(part => set.reduce((sum, element) => sum + (costs.get(element)?.[part] ?? 0), 0))
          const hits = (set: readonly number[]) => conflicts.every(each => each.some(element => set.includes(element)))
          const found = run(conflicts, costs)
          assert.ok(hits(found))
          assert.ok(subsets.filter(hits).every(other => compareCosts(total(found), total(other)) <= 0))
        },
      ),
      { numRuns: 1000, seed: 11 },
    )
  })
})
