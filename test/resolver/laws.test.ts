import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { BinaryPackage } from '../../src/debian/index.ts'
import { verifyResolution } from '../../src/resolver/index.ts'
import {
  archive,
  debOf,
  request,
  resolution,
  type StanzaFields,
  type Stanzas,
  titlesOf,
  universeOf,
} from '../support/universe.ts'

const surroundings = { native: 'amd64', foreign: ['i386'] }
const names = ['a', 'b', 'c', 'd', 'e']
const virtuals = ['v', 'w']

const relation = fc
  .tuple(
    fc.constantFrom(...names, ...virtuals),
    fc.constantFrom('', '', '', ':any', ':i386'),
    fc.constantFrom('', '', '', ' (>= 2)', ' (<< 2)', ' (= 1)'),
  )
  .map(parts => parts.join(''))
const orGroup = fc.array(relation, { minLength: 1, maxLength: 3 }).map(parts => parts.join(' | '))
const listOf = (item: fc.Arbitrary<string>, most: number) =>
  fc.array(item, { maxLength: most }).map(parts => parts.join(', '))
const provided = fc
  .tuple(fc.constantFrom(...virtuals), fc.constantFrom('', ' (= 1)', ' (= 2)'))
  .map(parts => parts.join(''))

const fields: fc.Arbitrary<StanzaFields> = fc.record({
  depends: listOf(orGroup, 2),
  conflicts: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: listOf(relation, 1) }),
  recommends: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: listOf(orGroup, 2) }),
  provides: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: listOf(provided, 1) }),
  multiArch: fc.constantFrom('no', 'same', 'foreign', 'allowed'),
})

/** Up to nine debs over five names, two versions, two architectures: few enough to try every subset. */
const stanzas: fc.Arbitrary<Stanzas> = fc
  .uniqueArray(
    fc
      .tuple(fc.constantFrom(...names), fc.constantFrom('', ':amd64', ':i386'), fc.constantFrom('1', '2'))
      .map(([name, architecture, version]) => `${name}${architecture} ${version}`),
    { minLength: 1, maxLength: 9 },
  )
  .chain(titles => fc.tuple(...titles.map(title => fields.map(each => [title, each] as const))))
  .map(entries => Object.fromEntries(entries))

const wantedTexts = fc.uniqueArray(fc.constantFrom(...names, ...virtuals, 'a=1', 'b:i386'), {
  minLength: 1,
  maxLength: 3,
})
const policy = fc
  .constantFrom('skip', 'follow')
  .map(kind => ({ recommends: { kind } as { kind: 'skip' } | { kind: 'follow' } }))

function subsets(debs: readonly BinaryPackage[]): BinaryPackage[][] {
  return Array.from({ length: 2 ** debs.length }, (_, bits) => debs.filter((_deb, at) => (bits >> at) & 1))
}

describe('every resolution', () => {
  it('exists exactly when some set of debs fulfils all relations', async () => {
    await fc.assert(
      fc.asyncProperty(stanzas, wantedTexts, policy, async (universeStanzas, texts, details) => {
        const universe = archive(universeStanzas, surroundings)
        const debs = universe.names().flatMap(name => universe.packagesNamed(name))
        const asked = request(universe, texts)
        const isPossible = subsets(debs).some(
          set =>
            verifyResolution(
              asked,
              set.map(deb => ({ package: deb, root: 'wanted', needs: [] })),
            ).length === 0,
        )
        const found = await resolution(universe, texts, details)
        assert.equal(found.kind === 'solved', isPossible)
        if (found.kind === 'solved') assert.deepEqual(verifyResolution(asked, found.packages), [])
      }),
      { numRuns: 400, seed: 3 },
    )
  })

  it('is the same for permuted stanzas and wanted items', async () => {
    await fc.assert(
      fc.asyncProperty(
        stanzas,
        wantedTexts,
        policy,
        fc.infiniteStream(fc.nat(1000)),
        async (universeStanzas, texts, details, chance) => {
          const shuffled = <Item>(items: readonly Item[]) =>
            items
              .map(item => [chance.next().value as number, item] as const)
              .sort(([left], [right]) => left - right)
              .map(([, item]) => item)
          const debs = Object.entries(universeStanzas).map(([title, each]) => debOf(title, each))
          const straight = await resolution(universeOf(debs, surroundings), texts, details)
          const permuted = await resolution(universeOf(shuffled(debs), surroundings), shuffled(texts), details)
          if (straight.kind === 'unsolvable') return assert.deepEqual(permuted, straight)
          assert.deepEqual(titlesOf(permuted), titlesOf(straight))
          assert.deepEqual(permuted.kind === 'solved' && permuted.notes, straight.notes)
        },
      ),
      { numRuns: 400, seed: 4 },
    )
  })

  it('with Recommends contains the one without', async () => {
    await fc.assert(
      fc.asyncProperty(stanzas, wantedTexts, async (universeStanzas, texts) => {
        const universe = archive(universeStanzas, surroundings)
        const hard = await resolution(universe, texts)
        const soft = await resolution(universe, texts, { recommends: { kind: 'follow' } })
        assert.equal(soft.kind, hard.kind)
        if (hard.kind === 'unsolvable') return
        const chosen = titlesOf(soft)
        assert.ok(
          titlesOf(hard).every(title => chosen.includes(title)),
          `${titlesOf(hard)} in ${chosen}`,
        )
      }),
      { numRuns: 400, seed: 5 },
    )
  })

  it('uses no version beside the candidate that could be taken back alone', async () => {
    await fc.assert(
      fc.asyncProperty(stanzas, wantedTexts, async (universeStanzas, texts) => {
        const universe = archive(universeStanzas, surroundings)
        const found = await resolution(universe, texts)
        if (found.kind === 'unsolvable') return
        const older = found.packages.filter(each => isOlder(each.package))
        for (const { package: deb } of older) {
          // Without this version, and with no other older one than those in use, nothing works.
          const allowed = universe
            .names()
            .flatMap(name => universe.packagesNamed(name))
            .filter(each => each !== deb && (!isOlder(each) || older.some(other => other.package === each)))
          const asked = request(
            universe,
            texts.filter(text => text !== 'a=1'),
          )
          if (texts.includes('a=1')) return
          const without = subsets(allowed).some(
            set =>
              verifyResolution(
                asked,
                set.map(each => ({ package: each, root: 'wanted', needs: [] })),
              ).length === 0,
          )
          assert.ok(!without, `${deb.name} ${deb.version} was not needed`)
        }

        function isOlder(deb: BinaryPackage): boolean {
          const slot = (each: BinaryPackage) => (each.architecture === 'all' ? 'amd64' : each.architecture)
          const rivals = universe.packagesNamed(deb.name).filter(each => slot(each) === slot(deb))
          // packagesNamed sorts by version; of equal versions the byte-smallest architecture, `all`, is the candidate.
          const best = rivals.filter(each => each.version === rivals[0]?.version)
          return (best.find(each => each.architecture === 'all') ?? best[0]) !== deb
        }
      }),
      { numRuns: 400, seed: 6 },
    )
  })
})
