import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { describePackage } from '../../src/debian/index.ts'
import { askApt, missingForDepcache } from '../support/apt-depcache.ts'
import { type DifferenceRule, explainDifference } from '../support/explain-difference.ts'
import { campaignSeed, campaignSize, chosenFor, debsNamed, randomRequests } from '../support/random-requests.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { frozenFolder, frozenUniverse } from '../support/real-universe.ts'

const count = campaignSize({ whole: 500, part: 60 })

describe.skipIf(skippedForWantOf(missingForRealData() ?? missingForDepcache()))('random requests to bookworm', () => {
  it(`${count} of them (seed ${campaignSeed}) get the set of the installed apt, or one that a rule tells from it`, async () => {
    const universe = await frozenUniverse('amd64')
    const requests = randomRequests(universe, campaignSeed, count)
    const answers = await askApt(frozenFolder(), requests)
    assert.equal(answers.length, count)
    const byRule = new Map<DifferenceRule, number>()
    const unclassified: unknown[] = []
    let identical = 0
    let impossible = 0
    for (const [at, wanted] of requests.entries()) {
      const chosen = await chosenFor(universe, wanted)
      const ours = chosen?.map(describePackage).sort()
      const answer = answers[at]
      const apts = answer === undefined ? undefined : [...answer].sort()
      if (JSON.stringify(ours) === JSON.stringify(apts)) {
        identical++
        if (ours === undefined) impossible++
        continue
      }
      const rules =
        chosen !== undefined && apts !== undefined
          ? explainDifference(universe, chosen, debsNamed(universe, apts))
          : undefined
      for (const rule of rules ?? []) byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
      if (rules === undefined)
        unclassified.push({
          wanted,
          onlyOurs: ours?.filter(each => apts?.includes(each) !== true) ?? 'no solution',
          onlyApts: apts?.filter(each => ours?.includes(each) !== true) ?? 'no solution',
        })
    }
    const rules = [...byRule].map(([rule, times]) => `${rule} ${times}`).join(', ')
    process.stdout.write(
      `seed ${campaignSeed}: ${identical} of ${count} equal apt's (${impossible} of them impossible); differences: ${rules}\n`,
    )
    assert.deepEqual(unclassified, [])
    // What the rules tell apart is apt 2.6 being older than the reference; more of it than this would be news.
    assert.ok(identical >= 0.9 * count, `${identical} of ${count} are identical`)
  })
})
