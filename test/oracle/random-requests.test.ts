import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { describePackage } from '../../src/debian/index.ts'
import { askApt, missingForDepcache } from '../support/apt-depcache.ts'
import { type DifferenceRule, explainDifference } from '../support/explain-difference.ts'
import { campaignSeed, campaignSize, chosenFor, debsNamed, randomRequests } from '../support/random-requests.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { frozenFolder, frozenUniverse } from '../support/real-universe.ts'

/**
 * Where we differ from apt 3, and only in which of two good alternatives comes first: apt 3 keeps open or-groups in a
 * heap that leaves the order of equals to the C++ library, we take them in the order in which their owners came in. Popping our
 * queue as that library's heap would gives 492 instead of 491, with other differences: the rest is the order in which it discovers
 * the versions of a package, which says nothing about Debian.
 */
const decidedInAnotherOrder = new Set([
  'python3-trufont python3-osc-placement',
  'qgis yubikey-manager libalsaplayer0',
  'scram ruby-ssh-data pd-purepd',
  'psautohint',
  'libstdc++6-alpha-cross mediawiki-skin-greystuff task-esperanto-desktop',
  'libpresage-data ziptool pyfai',
  'python3-nototools libspice-server1 python3-smbus2-doc',
  'libgorm-dev libcal3d12-dev binfmtc',
  'libpetsc64-complex3.18-dev ink elpa-bar-cursor',
])

/**
 * The apt that is installed here may be 2.6, whose depcache is greedy: it keeps an alternative that a later choice makes
 * needless, and among equal providers it takes the one that its cache numbered last. The reference is apt 3, which does neither.
 * Of 500 requests 31 tell us and apt 2.6 apart (93.8 % are equal); in 28 of them the recorded answer of apt 3 is ours, so what
 * follows apt 3 cannot be 99 % equal to apt 2.6. Each difference is classified by `explainDifference`; one that is not fails.
 */
const count = campaignSize({ whole: 500, part: 60 })

/** Request → digest of apt 3's answer. */
function recordedAnswers(): ReadonlyMap<string, string> {
  const recorded = readFileSync(new URL('../../fixtures/resolver/apt-3-random-requests.txt', import.meta.url), 'utf8')
  const lines = recorded.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const [, digest = '', ...wanted] = line.split(' ')
      return [wanted.join(' '), digest]
    }),
  )
}

describe.skipIf(skippedForWantOf(missingForRealData() ?? missingForDepcache()))('random requests to bookworm', () => {
  it(`${count} of them (seed ${campaignSeed}) get the set of the installed apt, or one that a rule tells from it`, async () => {
    const universe = await frozenUniverse('amd64')
    const requests = randomRequests(universe, campaignSeed, count)
    const answers = await askApt(frozenFolder(), requests)
    assert.equal(answers.length, count)
    const byRule = new Map<DifferenceRule, number>()
    const unclassified: unknown[] = []
    const recorded = recordedAnswers()
    let identical = 0
    let impossible = 0
    let newerAgrees = 0
    let newerDiffers = 0
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
      const newer = recorded.get(wanted.join(' '))
      if (newer === digestOf(ours)) newerAgrees++
      else if (newer !== undefined) newerDiffers++
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
      `seed ${campaignSeed}: ${identical} of ${count} equal apt's (${impossible} of them impossible); differences: ${rules}; apt 3 is with us in ${newerAgrees} of ${newerAgrees + newerDiffers}\n`,
    )
    assert.deepEqual(unclassified, [])
    assert.ok(newerDiffers <= decidedInAnotherOrder.size, `apt 3 differs from us in ${newerDiffers} of them`)
    // What the rules tell apart is apt 2.6 being older than the reference; more of it than this would be news.
    assert.ok(identical >= 0.9 * count, `${identical} of ${count} are identical`)
  })
})

describe.skipIf(skippedForWantOf(missingForRealData()))('500 recorded requests to bookworm', () => {
  it('get the set of apt 3, but for nine in which it decides or-groups in another order', async () => {
    const universe = await frozenUniverse('amd64')
    const answers = recordedAnswers()
    const differing: string[] = []
    for (const [request, expected] of answers) {
      const chosen = await chosenFor(universe, request.split(' '))
      if (digestOf(chosen?.map(describePackage)) !== expected) differing.push(request)
    }
    process.stdout.write(`${answers.size - differing.length} of ${answers.size} equal apt 3's\n`)
    assert.equal(answers.size, 500)
    assert.deepEqual(
      differing.filter(request => !decidedInAnotherOrder.has(request)),
      [],
    )
  })
})

function digestOf(titles: readonly string[] | undefined): string {
  if (titles === undefined) return '-'.repeat(64)
  const lines = [...titles].sort().map(title => `${title}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex')
}
