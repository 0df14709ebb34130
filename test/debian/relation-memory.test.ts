import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { parseOrGroups, parseRelations, relationMemory } from '../../src/debian/index.ts'

const pieces = [
  'a',
  'libc6',
  ' ',
  ',',
  ', ',
  '|',
  ' | ',
  '(>= 1)',
  ' (= 2:1-1)',
  '(',
  ')',
  ':any',
  '\n',
  '\u00a0',
  '[x]',
  '(<< 1,2)',
]

/** Single relations: what the quick reading of the usual form takes, and what it must leave to the parser. */
const relation = [
  fc.constantFrom('a', 'libc6', 'A', '-x', 'a_b', 'a+', ''),
  fc.constantFrom('', ':any', ':amd64', ':-', ':', ':any:any', ':Any'),
  fc.constantFrom(
    '',
    ' (= 1)',
    ' (>= 2:1.0-1)',
    '(= 1)',
    ' (=1)',
    ' (= 1_0)',
    ' (= :1)',
    ' (= a:1)',
    ' (= 1-)',
    ' (> 1)',
  ),
] as const

function outcome(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return String(error)
  }
}

describe('relations that are remembered', () => {
  it('are those that are parsed afresh, as are the faults', () => {
    const memory = relationMemory()
    const field = fc
      .oneof(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), fc.tuple(...relation))
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(field, text => {
        assert.deepEqual(
          outcome(() => memory.orGroups(text)),
          outcome(() => parseOrGroups(text)),
        )
        assert.deepEqual(
          outcome(() => memory.relations(text)),
          outcome(() => parseRelations(text)),
        )
      }),
      { seed: 20261120, numRuns: 2000 },
    )
  })

  it('are one object wherever they are written alike', () => {
    const memory = relationMemory()
    const [, first] = memory.orGroups('a, libc6 (>= 2.34)')
    const [, second] = memory.orGroups('b, libc6 (>= 2.34), c')
    assert.ok(first !== undefined && first === second)
  })
})
