import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { BinaryPackage } from '../../src/debian/index.ts'
import {
  buildLockfile,
  checkLockfile,
  type DebChange,
  diffLockfiles,
  isEmptyDifference,
  type Lockfile,
  type ResolvedRoot,
  readLockfile,
  writeLockfile,
} from '../../src/lockfile/index.ts'
import { requestWith } from '../support/lock-values.ts'
import { archive } from '../support/universe.ts'

const seeded = { seed: 20_261_120, numRuns: 150 }

/** One package of a drawn root: which version of it, which suites list it, which others it needs. */
interface Drawn {
  readonly version: string
  readonly suites: readonly string[]
  readonly source: string
  readonly isWanted: boolean
  readonly needs: readonly string[]
  readonly isLeftOut: boolean
}

const names = ['apt', 'bash', 'libc6', 'perl', 'zlib1g'] as const
const suites = ['bookworm', 'bookworm-security', 'bookworm-updates']

const drawn: fc.Arbitrary<Drawn> = fc.record({
  version: fc.constantFrom('1-1', '1-1+b1', '1:0-1', '2~rc1-1'),
  suites: fc.subarray(suites, { minLength: 1 }),
  source: fc.constantFrom('one', 'two (1-1)', 'two (2)'),
  isWanted: fc.boolean(),
  needs: fc.subarray([...names]),
  isLeftOut: fc.boolean(),
})
const selection = fc.tuple(drawn, drawn, drawn, drawn, drawn)
const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 })

/** A root of what was drawn; `positions` is the order in which a resolver may happen to list it. */
function rootOf(architecture: string, all: readonly Drawn[], positions: readonly number[]): ResolvedRoot {
  const chosen = names.flatMap((name, at) => {
    const one = all[at]
    // `apt` is `all`, so that both roots hold the same deb.
    const title = `${name}${name === 'apt' ? '' : `:${architecture}`} ${one?.version}`
    const fields = { suites: one?.suites ?? [], source: one?.source ?? '' }
    const universe = archive({ [title]: fields }, { native: architecture })
    const deb = universe.packagesNamed(name)[0]
    return one === undefined || one.isLeftOut || deb === undefined ? [] : [{ name, one, deb, at }]
  })
  const debs = new Map<string, BinaryPackage>(chosen.map(each => [each.name, each.deb]))
  const packages = chosen
    .toSorted((left, right) => positions.indexOf(left.at) - positions.indexOf(right.at))
    .map(({ one, deb }) => ({
      package: deb,
      root: one.isWanted ? ('wanted' as const) : ('base' as const),
      needs: positions.flatMap(at => {
        const need = names[at]
        const needed = need === undefined || !one.needs.includes(need) ? undefined : debs.get(need)
        return needed === undefined ? [] : [needed]
      }),
    }))
  return { architecture, packages }
}

function lockOf(roots: readonly ResolvedRoot[], previous?: Lockfile): Lockfile {
  const request = requestWith({
    architectures: roots.map(root => root.architecture),
    archives: suites.map(suite => `debian ${suite} main`),
  })
  return buildLockfile({ request, keys: new Map([['debian', ['A'.repeat(40)]]]), roots, previous })
}

const straight = [0, 1, 2, 3, 4]
const twoRoots = (all: readonly Drawn[]): ResolvedRoot[] => [
  rootOf('amd64', all, straight),
  rootOf('arm64', all, straight),
]

describe('a lockfile', () => {
  test('has the same bytes whatever the order of roots, packages and needs', () => {
    fc.assert(
      fc.property(selection, order, (all, positions) => {
        const turned = [rootOf('arm64', all, positions), rootOf('amd64', all, positions)]
        assert.equal(writeLockfile(lockOf(turned)), writeLockfile(lockOf(twoRoots(all))))
      }),
      seeded,
    )
  })

  test('stays as it is when the same debs are locked again, also where more suites list them', () => {
    fc.assert(
      fc.property(selection, all => {
        const first = lockOf(twoRoots(all))
        const everywhere = all.map(one => ({ ...one, suites }))
        assert.equal(writeLockfile(lockOf(twoRoots(all), first)), writeLockfile(first))
        assert.equal(writeLockfile(lockOf(twoRoots(everywhere), first)), writeLockfile(first))
      }),
      seeded,
    )
  })

  test('is sound by its own check, and is read back to what was built', async () => {
    await fc.assert(
      fc.asyncProperty(selection, async all => {
        const lock = lockOf(twoRoots(all))
        const text = writeLockfile(lock)
        assert.deepEqual(checkLockfile(lock, text, new Map()), [])
        const read = await readLockfile(text, 'aptroot.lock')
        assert.deepEqual(read.debs, lock.debs)
        assert.ok(isEmptyDifference(diffLockfiles(read, lock)))
      }),
      seeded,
    )
  })
})

describe('the difference of two lockfiles', () => {
  const mirrored: Readonly<Record<DebChange['kind'], readonly DebChange['kind'][]>> = {
    added: ['removed'],
    removed: ['added'],
    upgraded: ['downgraded'],
    rebuilt: ['downgraded'],
    downgraded: ['upgraded', 'rebuilt'],
    replaced: ['replaced'],
    moved: ['moved'],
    remarked: ['remarked'],
  }
  const keyOf = (change: DebChange): string => {
    const deb = change.kind === 'removed' ? change.before : change.after
    return `${deb.name}:${deb.architecture}`
  }

  test('is empty for a lockfile and itself, and mirrors itself when the two change places', () => {
    fc.assert(
      fc.property(selection, selection, (one, other) => {
        const before = lockOf(twoRoots(one))
        const after = lockOf(twoRoots(other))
        assert.ok(isEmptyDifference(diffLockfiles(before, before)))
        const changesOf = (from: Lockfile, to: Lockfile): DebChange[] =>
          diffLockfiles(from, to)
            .sources.flatMap(source => source.debs)
            .toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
        const forward = changesOf(before, after)
        const back = changesOf(after, before)
        assert.deepEqual(forward.map(keyOf), back.map(keyOf))
        for (const [at, change] of forward.entries()) {
          const kind = back[at]?.kind
          assert.ok(kind !== undefined && mirrored[change.kind].includes(kind), `${change.kind} and back ${kind}`)
        }
      }),
      seeded,
    )
  })
})
