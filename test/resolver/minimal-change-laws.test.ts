import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { type BinaryPackage, describePackage, type PackageUniverse } from '../../src/debian/index.ts'
import { verifyResolution } from '../../src/resolver/index.ts'
import { relationTargets } from '../../src/resolver/relation-targets.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { archive, request, resolution, type StanzaFields, type Stanzas, titleOf } from '../support/universe.ts'
import { change, moving, previousOf } from '../support/updates.ts'

const campaignSeed = Number(process.env.APTROOT_SEED ?? 20261121)
const runs = 1200
const surroundings = { native: 'amd64', foreign: ['i386'] }

function compareCosts(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((part, index) => part !== right[index])
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}

/** A small archive, and an earlier state of it that a lock was made from. */
function randomArchive(random: SeededRandom): { readonly now: Stanzas; readonly before: Stanzas } {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(0, 4 + random.below(5))
  const relation = () =>
    `${random.pick([...names, 'v'])}${random.pick(['', '', '', ' (>= 2)', ' (<< 2)', ' (= 1)', ' (= 2)', ':i386'])}`
  const list = (most: number, item: () => string, separator: string) =>
    Array.from({ length: random.below(most + 1) }, item).join(separator)
  const group = () => Array.from({ length: 1 + random.below(2) }, relation).join(' | ')
  const fields = (): StanzaFields => ({
    depends: list(2, group, ', '),
    conflicts: random.below(4) === 0 ? relation() : '',
    breaks: random.below(6) === 0 ? relation() : '',
    provides: random.pick(['', '', '', 'v', 'v (= 2)']),
    multiArch: random.pick(['no', 'no', 'same', 'foreign'] as const),
  })
  const now: Record<string, StanzaFields> = {}
  const before: Record<string, StanzaFields> = {}
  for (const name of names)
    for (const version of ['1', '2', '3'].slice(0, 1 + random.below(3))) {
      if (Object.keys(now).length >= 11) break
      const title = `${name}${random.pick(['', '', '', ':amd64', ':i386'])} ${version}`
      const stanza = fields()
      if (random.below(8) > 0) now[title] = stanza
      if (version === '1' || random.below(3) === 0) before[title] = stanza
    }
  return { now, before }
}

/** Every selection with at most one deb of each name and architecture that fulfils the hard rules. */
function validSelections(universe: PackageUniverse, texts: readonly string[]): readonly ReadonlySet<BinaryPackage>[] {
  const slots = new Map<string, BinaryPackage[]>()
  for (const deb of universe.names().flatMap(name => universe.packagesNamed(name)))
    slots.set(slotOf(deb), [...(slots.get(slotOf(deb)) ?? []), deb])
  let selections: (readonly BinaryPackage[])[] = [[]]
  for (const debs of slots.values()) selections = selections.flatMap(each => [each, ...debs.map(deb => [...each, deb])])
  const asked = request(universe, texts)
  const asWanted = (deb: BinaryPackage) => ({ package: deb, root: 'wanted', needs: [] }) as const
  return selections.filter(debs => verifyResolution(asked, debs.map(asWanted)).length === 0).map(debs => new Set(debs))
}

function slotOf({ name, architecture }: BinaryPackage): string {
  return `${name}:${architecture === 'all' ? 'amd64' : architecture}`
}

function isSubset(part: ReadonlySet<BinaryPackage>, whole: ReadonlySet<BinaryPackage>): boolean {
  return [...part].every(deb => whole.has(deb))
}

describe('an update of named packages', () => {
  it(`changes the fewest debs, and adds the fewest, of all selections (brute force, seed ${campaignSeed})`, async () => {
    const amounts = { judged: 0, moved: 0, forced: 0, heldBack: 0, left: 0, keptAlternatives: 0 }
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(campaignSeed * 1000 + run)
      const { now, before } = randomArchive(random)
      const wanted = [...new Set([random.pick(['a', 'b', 'c', 'd']), random.pick(['a', 'b', 'c', 'd', 'v'])])]
      const locked = await resolution(archive(before, surroundings), wanted)
      if (locked.kind === 'unsolvable') continue
      const universe = archive(now, surroundings)
      const selections = validSelections(universe, wanted)
      const previous = previousOf(locked)
      const moves = random.below(4) === 0 || previous.length === 0 ? [] : [moving(random.pick(previous), 'candidate')]
      const found = await change(universe, wanted, { previous, moves })
      const label = `seed ${campaignSeed * 1000 + run}: ${JSON.stringify({ now, wanted, previous: previous.map(each => `${each.name}:${each.architecture} ${each.version}`), moves })}`
      assert.equal(found.kind === 'solved', selections.length > 0, label)
      if (found.kind === 'unsolvable') continue

      const chosen = new Set(found.packages.map(each => each.package))
      const all = universe.names().flatMap(name => universe.packagesNamed(name))
      const target = all.filter(deb =>
        moves.some(({ name, architecture }) => slotOf(deb) === `${name}:${architecture}`),
      )[0]
      const isAttainable = target !== undefined && selections.some(each => each.has(candidateOf(target)))
      const isMoved = target !== undefined && found.heldBack.length === 0
      if (target !== undefined)
        assert.equal(isMoved, isAttainable, `${label}: held back ${JSON.stringify(found.heldBack)}`)

      const targets = relationTargets(universe)
      const answersOf = (owner: BinaryPackage) =>
        [...owner.preDepends, ...owner.depends]
          .map(group => group.flatMap(relation => targets.satisfying(relation, slotOf(owner).split(':')[1] ?? '')))
          // What a package satisfies itself it needs from nobody.
          .filter(answers => !answers.includes(owner))
      const lockedSlots = new Set(
        previous.map(({ name, architecture }) => `${name}:${architecture === 'all' ? 'amd64' : architecture}`),
      )
      for (const { package: deb } of found.packages.filter(({ root }) => root === undefined)) {
        const isNamed = [...chosen].some(owner => owner !== deb && answersOf(owner).flat().includes(deb))
        assert.ok(isNamed, `${label}: nothing in the answer names ${titleOf(deb)}`)
        if (!selections.some(each => each.size === chosen.size - 1 && !each.has(deb) && isSubset(each, chosen)))
          continue
        // Two alternatives of one or-group: neither is taken away as long as the lock has it, as with apt's autoremove.
        assert.ok(lockedSlots.has(slotOf(deb)), `${label}: ${titleOf(deb)} was added, and could be left out`)
        amounts.keptAlternatives++
      }

      const left = found.forced.filter(each => each.reason === 'nothing needs it any more')
      for (const each of left) {
        assert.equal(each.kind, 'removed', label)
        const goal = isMoved && target !== undefined && target.name === each.name ? candidateOf(target) : undefined
        const isMeant = (deb: BinaryPackage) =>
          goal === undefined
            ? describePackage(deb) === `${each.name}:${each.architecture}=${each.before}`
            : deb === goal
        const uses = [...chosen].filter(owner => answersOf(owner).flat().some(isMeant))
        assert.deepEqual(uses.map(titleOf), [], `${label}: ${each.name} left`)
      }
      assert.deepEqual(
        found.forced.filter(each => each.reason === 'the other changes leave no room for it'),
        [],
        label,
      )
      const weighed = previous.filter(
        ({ name, architecture }) => !left.some(each => each.name === name && each.architecture === architecture),
      )
      const costOf = (selection: ReadonlySet<BinaryPackage>): readonly [number, number, number] => {
        const isGoal = (slot: string) => isMoved && target !== undefined && slotOf(target) === slot
        const missing = weighed.filter(({ name, architecture, version }) => {
          const slot = `${name}:${architecture === 'all' ? 'amd64' : architecture}`
          const goal = isGoal(slot) && target !== undefined ? candidateOf(target) : undefined
          return ![...selection].some(deb =>
            goal === undefined
              ? deb.name === name && deb.architecture === architecture && deb.version === version
              : deb === goal,
          )
        })
        const asked = missing.filter(({ name, architecture }) =>
          isGoal(`${name}:${architecture === 'all' ? 'amd64' : architecture}`),
        )
        // What may leave free of charge is changed all the same where another version of it comes in its place.
        const replaced = [...selection].filter(deb =>
          left.some(
            each =>
              slotOf(deb) === `${each.name}:${each.architecture === 'all' ? 'amd64' : each.architecture}` &&
              deb.version !== each.before,
          ),
        )
        const added = [...selection].filter(deb => !lockedSlots.has(slotOf(deb)))
        return [asked.length, missing.length - asked.length + replaced.length, added.length]
      }
      const allowed = selections.filter(
        each =>
          !isMoved ||
          target === undefined ||
          ![...each].some(deb => slotOf(deb) === slotOf(target) && deb !== candidateOf(target)),
      )
      const ours = costOf(chosen)
      for (const other of allowed) {
        const theirs = costOf(other)
        assert.ok(
          compareCosts(ours, theirs) <= 0,
          `${label}\nours ${ours}: ${[...chosen].map(titleOf)}\nbetter ${theirs}: ${[...other].map(titleOf)}`,
        )
      }
      amounts.judged++
      if (isMoved) amounts.moved++
      if (found.heldBack.length > 0) amounts.heldBack++
      amounts.forced += found.forced.length
      amounts.left += left.length

      function candidateOf(deb: BinaryPackage): BinaryPackage {
        const rivals = all.filter(each => slotOf(each) === slotOf(deb))
        const best = rivals.filter(each => each.version === rivals[0]?.version)
        return best.find(each => each.architecture === 'all') ?? (best[0] as BinaryPackage)
      }
    }
    process.stdout.write(`${JSON.stringify(amounts)}\n`)
    assert.ok(amounts.judged > 100 && amounts.moved > 50 && amounts.forced > 50 && amounts.heldBack > 0)
  }, 240_000)
})
