import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { didYouMean, nearestNames } from '../../src/kernel/index.ts'

describe('a misspelt name', () => {
  const rows = [
    ['ngnix', ['nginx', 'apache2'], ['nginx'], 'two swapped letters are one slip'],
    ['NGINX', ['nginx'], ['nginx'], 'case is not a difference'],
    ['bash', ['dash', 'bash-completion', 'zsh'], ['dash'], 'one letter of four may differ'],
    ['chekc', ['check', 'tree', 'show'], ['check'], 'the nearest command'],
    ['curl', ['wget'], [], 'nothing near is no suggestion'],
    ['', ['a', 'abc'], ['a'], 'an empty name is one letter from a letter'],
    ['pkg4', ['pkg3', 'pkg2', 'pkg1', 'pkg0'], ['pkg0', 'pkg1', 'pkg2'], 'ties come in byte order, at most three'],
  ] as const
  for (const [name, candidates, expected, why] of rows) {
    test(`${name} of ${candidates.join(', ')}: ${why}`, () => {
      assert.deepEqual(nearestNames(name, candidates), expected)
      assert.deepEqual(nearestNames(name, [...candidates].reverse()), expected)
    })
  }

  test('is answered in a sentence', () => {
    assert.equal(didYouMean('ngnix', ['nginx']), 'Did you mean nginx?')
    assert.equal(didYouMean('pkg4', ['pkg1', 'pkg2', 'pkg3']), 'Did you mean pkg1, pkg2 or pkg3?')
    assert.equal(didYouMean('curl', ['nginx']), undefined)
  })
})
