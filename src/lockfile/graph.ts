import { compareBytes, groupBy } from '../kernel/index.ts'
import type { LockedDeb, Lockfile } from './model.ts'
import { compareDebs, debKey } from './sources.ts'

/** The debs of one root and what they need, from the lock alone. */
export interface LockGraph {
  readonly architecture: string
  /** Sorted by name, then architecture. */
  readonly debs: readonly LockedDeb[]
  /** Sorted; a need that the lock does not hold is left out here and reported by `checkLockfile`. */
  needsOf(deb: LockedDeb): readonly LockedDeb[]
  /** Sorted. */
  neededBy(deb: LockedDeb): readonly LockedDeb[]
  /** Debs by `name` or `name:architecture`. */
  named(text: string): readonly LockedDeb[]
}

/** The debs that make up one root, `amd64` or `amd64+i386` as in the request. */
export function debsOfRoot(lock: Lockfile, architecture: string): readonly LockedDeb[] {
  const architectures = ['all', ...architecture.split('+')]
  return lock.debs
    .filter(deb => architectures.includes(deb.architecture) && (deb.roots?.includes(architecture) ?? true))
    .toSorted(compareDebs)
}

export function graphOf(lock: Lockfile, architecture: string): LockGraph {
  const debs = debsOfRoot(lock, architecture)
  const byName = groupBy(debs, deb => deb.name)
  let byKey: ReadonlyMap<string, readonly LockedDeb[]> | undefined
  const named = (text: string): readonly LockedDeb[] => {
    // A name has no colon, and most needs are names.
    if (!text.includes(':')) return byName.get(text) ?? none
    byKey ??= groupBy(debs, debKey)
    return byKey.get(text) ?? none
  }
  const needs = new Map<LockedDeb, readonly LockedDeb[]>()
  // By number: each step of an interpreted `for … of` makes an object, and a lock of 2,000 debs has 20,000 needs.
  for (let at = 0; at < debs.length; at++) {
    const deb = debs[at] as LockedDeb
    const targets: LockedDeb[] = []
    for (let place = 0; place < deb.needs.length; place++) {
      const needed = named(deb.needs[place] as string)
      for (let each = 0; each < needed.length; each++) targets.push(needed[each] as LockedDeb)
    }
    needs.set(deb, targets)
  }
  let parents: ReadonlyMap<LockedDeb, readonly LockedDeb[]> | undefined
  return {
    architecture,
    debs,
    named,
    needsOf: deb => needs.get(deb) ?? none,
    neededBy: deb => {
      parents ??= parentsOf(needs)
      return parents.get(deb) ?? none
    },
  }
}

const none: readonly LockedDeb[] = []

function parentsOf(needs: ReadonlyMap<LockedDeb, readonly LockedDeb[]>): ReadonlyMap<LockedDeb, readonly LockedDeb[]> {
  const parents = new Map<LockedDeb, LockedDeb[]>()
  for (const [deb, targets] of needs) {
    for (const target of targets) {
      const known = parents.get(target)
      if (known === undefined) parents.set(target, [deb])
      else known.push(deb)
    }
  }
  return parents
}

/** A chain from something wanted or of the base set down to the deb that was asked about. */
export type LockPath = readonly [LockedDeb, ...LockedDeb[]]

/**
 * Why a deb is in the root: for each root deb that leads to it, one shortest path. Wanted before base, then shorter,
 * then in byte order.
 */
export function pathsTo(graph: LockGraph, deb: LockedDeb): readonly LockPath[] {
  // Breadth first from the deb upwards: the first path to a root deb is a shortest one.
  const towards = new Map<LockedDeb, LockedDeb | undefined>([[deb, undefined]])
  const queue = [deb]
  for (const current of queue) {
    for (const parent of graph.neededBy(current)) {
      if (towards.has(parent)) continue
      towards.set(parent, current)
      queue.push(parent)
    }
  }
  const paths = queue
    .filter(each => each.root !== undefined)
    .map(start => {
      const path: [LockedDeb, ...LockedDeb[]] = [start]
      for (let next = towards.get(start); next !== undefined; next = towards.get(next)) path.push(next)
      return path
    })
  const rank = (path: LockPath): number => (path[0].root === 'wanted' ? 0 : 1)
  return paths.sort(
    (left, right) =>
      rank(left) - rank(right) || left.length - right.length || compareBytes(left[0].name, right[0].name),
  )
}
