import { groupBy, sortedByBytes } from '../kernel/index.ts'
import { graphOf } from './graph.ts'
import { blockOf, type LockedDeb, type Lockfile } from './model.ts'
import { debKey, pinnedBy, sourceBlocks } from './sources.ts'

/** A deb as one branch has it, with what the rest of that lock says about it spelled out. */
export interface SideDeb {
  readonly deb: LockedDeb
  /** Every root that holds it. */
  readonly holders: readonly string[]
  /** `needs` as keys of debs (`libc6:amd64`), whatever names are ambiguous; a name that the lock does not hold stays a name. */
  readonly needs: readonly string[]
}

/** A lock taken apart for merging. */
export interface MergeSide {
  readonly lock: Lockfile
  /** By slot: what takes the place of each other from lock to lock. */
  readonly debs: ReadonlyMap<string, SideDeb>
  /** Of all its debs (`libc6:amd64`). */
  readonly keys: ReadonlySet<string>
  /** The blocks it has, as `blockOf` names them. */
  readonly blocks: ReadonlySet<string>
}

/**
 * Debs take each other's place by name and architecture. Where a lock holds two of that name and architecture, in different roots, the
 * version tells them apart.
 */
export function slotsOf(locks: readonly Lockfile[]): (deb: LockedDeb) => string {
  const repeated = new Set(
    locks.flatMap(lock => [...groupBy(lock.debs, debKey)].filter(([, debs]) => debs.length > 1).map(([key]) => key)),
  )
  return deb => (repeated.has(debKey(deb)) ? `${debKey(deb)}=${deb.version} ${pinnedBy(deb)}` : debKey(deb))
}

export function mergeSideOf(lock: Lockfile, slotOf: (deb: LockedDeb) => string): MergeSide {
  const holders = new Map<LockedDeb, string[]>()
  const needs = new Map<LockedDeb, Set<string>>()
  for (const architecture of lock.request.architectures) {
    const graph = graphOf(lock, architecture)
    for (const deb of graph.debs) {
      holders.set(deb, [...(holders.get(deb) ?? []), architecture])
      const keys = needs.get(deb) ?? new Set()
      for (const need of deb.needs) for (const each of graph.named(need)) keys.add(debKey(each))
      needs.set(deb, keys)
    }
  }
  return {
    lock,
    debs: new Map(
      lock.debs.map(deb => {
        const known = [...(needs.get(deb) ?? [])]
        const names = new Set(known.flatMap(key => [key, key.slice(0, key.lastIndexOf(':'))]))
        const unmet = deb.needs.filter(need => !names.has(need))
        return [slotOf(deb), { deb, holders: holders.get(deb) ?? [], needs: sortedByBytes([...known, ...unmet]) }]
      }),
    ),
    keys: new Set(lock.debs.map(debKey)),
    blocks: blocksOf(lock.debs),
  }
}

/** Every block that a lock with these debs has. */
export function blocksOf(debs: readonly LockedDeb[]): ReadonlySet<string> {
  return new Set([
    blockOf({ kind: 'file' }),
    blockOf({ kind: 'request' }),
    ...sourceBlocks(debs).flatMap(({ key: sourceKey, debs: members }) => [
      blockOf({ kind: 'source', sourceKey }),
      ...members.map(deb => blockOf({ kind: 'deb', sourceKey, debKey: debKey(deb) })),
    ]),
  ])
}
