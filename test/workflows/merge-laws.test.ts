import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { mergeRandomBranches } from '../support/merged-branches.ts'

const seed = Number(process.env.APTROOT_SEED ?? 20_261_121)

describe('merges of random branches', () => {
  // `npm run soak -- --only merges` does 200 and more.
  test(`are what one change made on top of the other gives, or true conflicts (from seed ${seed})`, async () => {
    const { sameText, sameDebs, whereOrderMatters, withoutSpare, conflicts } = await mergeRandomBranches(seed, 30)
    assert.equal(sameText + sameDebs + whereOrderMatters + withoutSpare + conflicts, 30)
    assert.ok(
      conflicts > 0 && conflicts + whereOrderMatters < 10,
      `${conflicts} conflicts, ${whereOrderMatters} by order`,
    )
  })
})
