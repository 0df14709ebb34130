import { parseBinaryRebuild } from '../debian/index.ts'
import { compareBytes, groupBy, sortedByBytes } from '../kernel/index.ts'
import { type MergeCandidate, mergeDebs } from './merge-debs.ts'
import { mergeRequests, namesOfWanted } from './merge-requests.ts'
import { blocksOf, type MergeSide, mergeSideOf, slotsOf } from './merge-side.ts'
import { type LockedDeb, type Lockfile, lockFormat } from './model.ts'
import { compareDebs, debKey } from './sources.ts'
import { mergeValue, type Preference, type Three } from './three-way.ts'

export interface MergeDecisions {
  /** Whose word counts where both branches changed the same thing in different ways. */
  readonly prefer: Preference
  /** Source packages that are taken from the preferred branch as a whole, whoever changed them. */
  readonly undivided: ReadonlySet<string>
}

/**
 * Both branches' changes in one lock: version by version, mark by mark, and nothing that nothing leads to any more. Where the branches
 * disagree, the preferred one decides: the merges that prefer ours and theirs are equal unless there is a true disagreement. Debs of one
 * source package are not mixed from builds that neither branch had together.
 */
export function mergeLockfiles(locks: Three<Lockfile>, decisions: MergeDecisions): Lockfile {
  const slotOf = slotsOf([locks.ours, locks.theirs, ...(locks.base === undefined ? [] : [locks.base])])
  const sides: Three<MergeSide> = {
    base: locks.base === undefined ? undefined : mergeSideOf(locks.base, slotOf),
    ours: mergeSideOf(locks.ours, slotOf),
    theirs: mergeSideOf(locks.theirs, slotOf),
  }
  const { prefer } = decisions
  const request = mergeRequests(
    { base: locks.base?.request, ours: locks.ours.request, theirs: locks.theirs.request },
    prefer,
  )
  const namesWanted = new Set(request.wanted.flatMap(namesOfWanted))
  const undivided = new Set(decisions.undivided)
  let debs: readonly LockedDeb[]
  for (;;) {
    const candidates = mergeDebs({ sides, namesWanted, prefer, undivided })
    debs = lockedDebs(reachedIn(request.architectures, candidates), request.architectures)
    const mixed = mixedSources(debs, [locks.ours, locks.theirs]).filter(source => !undivided.has(source))
    if (mixed.length === 0) break
    for (const source of mixed) undivided.add(source)
  }
  return {
    format: lockFormat,
    request,
    keys: mergeKeys(sides, debs, prefer),
    debs,
    unknown: mergeUnknown(sides, debs, prefer),
  }
}

/** What each root holds: everything that starts there and what that needs. */
type RootHolds = ReadonlyMap<string, ReadonlyMap<MergeCandidate, true>>

function reachedIn(roots: readonly string[], candidates: ReadonlyMap<string, MergeCandidate>): RootHolds {
  const byKey = groupBy([...candidates.values()], ({ deb }) => debKey(deb))
  return new Map(
    roots.map(root => {
      const reached = new Map<MergeCandidate, true>()
      for (const each of candidates.values()) if (each.startsIn.includes(root)) reached.set(each, true)
      for (const each of reached.keys())
        for (const need of each.needs)
          for (const next of byKey.get(need) ?? []) if (next.holders.includes(root)) reached.set(next, true)
      return [root, reached]
    }),
  )
}

function lockedDebs(holds: RootHolds, roots: readonly string[]): readonly LockedDeb[] {
  const keysIn = new Map(
    [...holds].map(
      ([root, reached]) =>
        [
          root,
          groupBy(
            [...reached.keys()].map(({ deb }) => debKey(deb)),
            nameOfKey,
          ),
        ] as const,
    ),
  )
  const all = new Set([...holds.values()].flatMap(reached => [...reached.keys()]))
  return [...all]
    .map((candidate): LockedDeb => {
      const { deb } = candidate
      const holders = roots.filter(root => holds.get(root)?.has(candidate))
      const possible = roots.filter(root => deb.architecture === 'all' || root.split('+').includes(deb.architecture))
      const architectures = new Set(['all', ...holders.flatMap(root => root.split('+'))])
      const needs = candidate.needs
        // A root that is gone, or no longer holds this deb, takes what was needed there along.
        .filter(need => !need.includes(':') || architectures.has(need.slice(need.lastIndexOf(':') + 1)))
        .flatMap(need => {
          const places = holders.map((root): readonly string[] => keysIn.get(root)?.get(nameOfKey(need)) ?? [])
          const found = places.filter(keys => keys.includes(need))
          if (found.length === 0) return [nameOfKey(need)]
          return found.map(keys => (new Set(keys).size > 1 ? need : nameOfKey(need)))
        })
      return {
        ...deb,
        needs: sortedByBytes(new Set(needs)),
        roots: possible.every(root => holders.includes(root)) ? undefined : sortedByBytes(holders),
      }
    })
    .sort(compareDebs)
}

function nameOfKey(key: string): string {
  return key.split(':', 1)[0] ?? key
}

/** Sources whose debs come from builds that neither branch had together: such debs ask for each other's exact versions. */
function mixedSources(debs: readonly LockedDeb[], branches: readonly Lockfile[]): readonly string[] {
  const merged = buildsBySource(debs)
  const had = branches.map(({ debs: each }) => buildsBySource(each))
  const mixed = [...merged].filter(
    ([what, builds]) => !had.some(of => [...builds].every(build => of.get(what)?.has(build))),
  )
  return [...new Set(mixed.map(([what]) => nameOfBuilds(what)))]
}

/** Of each source its versions, and of each of its architectures the binary rebuilds: `glibc:amd64` → `2.36-9 b1`. */
function buildsBySource(debs: readonly LockedDeb[]): ReadonlyMap<string, ReadonlySet<string>> {
  const builds = new Map<string, Set<string>>()
  const add = (what: string, build: string): void => {
    builds.set(what, (builds.get(what) ?? new Set()).add(build))
  }
  for (const { sourceName, sourceVersion, architecture, version } of debs) {
    add(sourceName, sourceVersion)
    if (architecture !== 'all')
      add(`${sourceName}:${architecture}`, `${sourceVersion} b${parseBinaryRebuild(version)?.rebuild ?? ''}`)
  }
  return builds
}

function nameOfBuilds(what: string): string {
  return what.split(':', 1)[0] ?? what
}

function mergeKeys(sides: Three<MergeSide>, debs: readonly LockedDeb[], prefer: Preference): Lockfile['keys'] {
  const used = sortedByBytes(new Set(debs.map(({ from }) => from.split('/', 1)[0] ?? from)))
  return new Map(
    used.flatMap(archive => {
      const of = (side: MergeSide | undefined) => (side === undefined ? undefined : keysOf(side, archive))
      const fingerprints = mergeWhereThere(
        { base: of(sides.base), ours: of(sides.ours), theirs: of(sides.theirs) },
        prefer,
      )
      return fingerprints === undefined ? [] : [[archive, fingerprints] as const]
    }),
  )
}

/** Plain keys that this version does not know stay with blocks that stay. */
function mergeUnknown(sides: Three<MergeSide>, debs: readonly LockedDeb[], prefer: Preference): Lockfile['unknown'] {
  const blocks = [...blocksOf(debs)]
  return new Map(
    blocks.flatMap(block => {
      const of = (side: MergeSide | undefined) =>
        side?.blocks.has(block) ? (side.lock.unknown.get(block) ?? []) : undefined
      const lines = mergeWhereThere({ base: of(sides.base), ours: of(sides.ours), theirs: of(sides.theirs) }, prefer)
      return lines === undefined || lines.length === 0 ? [] : [[block, lines] as const]
    }),
  )
}

function keysOf({ lock }: MergeSide, archive: string): readonly string[] | undefined {
  return lock.keys.get(archive)?.toSorted(compareBytes)
}

/** A branch without the thing has no opinion about what is in it. */
function mergeWhereThere<Value>(
  { base, ours, theirs }: Three<Value | undefined>,
  prefer: Preference,
): Value | undefined {
  return ours === undefined || theirs === undefined
    ? (ours ?? theirs)
    : mergeValue<Value>({ base, ours, theirs }, prefer)
}
