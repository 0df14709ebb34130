import { graphOf, type LockedDeb, type Lockfile, type LockGraph } from '../lockfile/index.ts'

/** By deb, one root after the other: names from something wanted, or of the base set, down to it. */
export interface WantedPaths {
  /** Of the first root that holds the deb; empty where nothing leads to it. */
  pathTo(deb: LockedDeb): readonly string[]
}

/**
 * A shortest path to every deb at once, from what was wanted before from the base set: one walk for each root, where a walk for each
 * deb would take seconds in a first lock of 2,000.
 */
export function wantedPaths(lock: Lockfile): WantedPaths {
  const parents = lock.request.architectures.map(root => parentsOf(graphOf(lock, root)))
  return {
    pathTo(deb) {
      const parentOf = parents.find(each => each.has(deb))
      if (parentOf === undefined) return []
      const names: string[] = []
      for (let at: LockedDeb | undefined = deb; at !== undefined; at = parentOf.get(at)) names.unshift(at.name)
      return names
    },
  }
}

/** Breadth first; a deb without parent is where a path begins. */
function parentsOf(graph: LockGraph): ReadonlyMap<LockedDeb, LockedDeb | undefined> {
  const parents = new Map<LockedDeb, LockedDeb | undefined>()
  for (const root of ['wanted', 'base'] as const) {
    const queue = graph.debs.filter(deb => deb.root === root && !parents.has(deb))
    for (const deb of queue) parents.set(deb, undefined)
    for (const deb of queue) {
      for (const needed of graph.needsOf(deb)) {
        if (parents.has(needed)) continue
        parents.set(needed, deb)
        queue.push(needed)
      }
    }
  }
  return parents
}

/** Why a deb of `before` is no longer in `after`, a phrase for each reason. */
export interface RemovalReasons {
  reasonsOf(deb: LockedDeb): readonly string[]
}

/** So many of those who needed it are named. */
const parentsNamed = 3

export function removalReasons(before: Lockfile, after: Lockfile): RemovalReasons {
  const graphs = before.request.architectures.map(root => graphOf(before, root))
  const isIn = new Set(after.debs.map(deb => `${deb.name}:${deb.architecture}`))
  return {
    reasonsOf(deb) {
      const parents = new Set(graphs.flatMap(graph => graph.neededBy(deb)))
      const named = [...parents].map(({ name, architecture }) =>
        isIn.has(`${name}:${architecture}`) ? `${name} no longer needs it` : `${name} is gone`,
      )
      const phrases = [...new Set(named)]
      const hidden = phrases.length - parentsNamed
      if (deb.root === undefined && phrases.length === 0) return ['nothing needed it']
      return [
        ...(deb.root === 'wanted' ? ['no longer wanted'] : []),
        ...(deb.root === 'base' ? ['no longer in the base set'] : []),
        ...phrases.slice(0, parentsNamed),
        ...(hidden > 0 ? [`and ${hidden} more that needed it`] : []),
      ]
    },
  }
}
