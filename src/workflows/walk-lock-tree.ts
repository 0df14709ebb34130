import type { LockedDeb, LockGraph } from '../lockfile/index.ts'
import { absentFault, graphsOf } from './explain-package.ts'
import type { Project } from './project.ts'
import { readProjectLock } from './read-project.ts'

export interface TreeRequest {
  readonly project: Project
  /** Start here instead of at what was wanted and the base set. */
  readonly name: string | undefined
  /** Downwards to what is needed, or upwards to what needs it. */
  readonly direction: 'needs' | 'needed-by'
  /** Levels below the start; undefined: all. */
  readonly depth: number | undefined
}

/** One line of the tree, in the order of printing. */
export interface TreeRow {
  readonly deb: LockedDeb
  /** 0 for a start. */
  readonly depth: number
  /** Whether it is the last child of its parent; draws the corner. */
  readonly isLast: boolean
  /** `elsewhere`: its children stand where it is nearest to a start; `cut`: deeper than asked for. */
  readonly children: 'below' | 'none' | 'elsewhere' | 'cut'
}

export interface LockTree {
  readonly root: string
  readonly rows: readonly TreeRow[]
}

/** Chains of real packages stay below 30; a longer one comes from a lockfile made to fill memory with indentation. */
const deepest = 200

/** @throws {Fault} `LOCK_PACKAGE_ABSENT` */
export async function walkLockTree(request: TreeRequest): Promise<readonly LockTree[]> {
  const { lock } = await readProjectLock(request.project)
  const trees = graphsOf(lock).flatMap(graph => {
    const starts = request.name === undefined ? startsOf(graph, request.direction) : graph.named(request.name)
    return starts.length === 0 ? [] : [{ root: graph.architecture, rows: rowsOf(graph, starts, request) }]
  })
  if (trees.length === 0 && request.name !== undefined) throw absentFault(request.name, lock, request.project)
  return trees
}

/** Downwards from what was wanted, then the base set; upwards from what needs nothing. */
function startsOf(graph: LockGraph, direction: TreeRequest['direction']): readonly LockedDeb[] {
  if (direction === 'needed-by') return graph.debs.filter(deb => graph.needsOf(deb).length === 0)
  const rank = (deb: LockedDeb) => (deb.root === 'wanted' ? 0 : 1)
  return graph.debs.filter(deb => deb.root !== undefined).toSorted((left, right) => rank(left) - rank(right))
}

function rowsOf(graph: LockGraph, starts: readonly LockedDeb[], request: TreeRequest): readonly TreeRow[] {
  const childrenOf = request.direction === 'needs' ? graph.needsOf : graph.neededBy
  const home = homesOf(starts, childrenOf)
  const limit = Math.min(request.depth ?? deepest, deepest)
  const rows: TreeRow[] = []
  const pending: Pending[] = []
  stack(pending, starts, 0, undefined)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { deb, depth, isLast, parent } = next
    const below = childrenOf(deb)
    const isHome = home.get(deb) === parent
    const children = below.length === 0 ? 'none' : !isHome ? 'elsewhere' : depth >= limit ? 'cut' : 'below'
    rows.push({ deb, depth, isLast, children })
    if (children === 'below') stack(pending, below, depth + 1, deb)
  }
  return rows
}

interface Pending {
  readonly deb: LockedDeb
  readonly depth: number
  readonly isLast: boolean
  readonly parent: LockedDeb | undefined
}

/** Reversed, since the last one is taken first. */
function stack(pending: Pending[], debs: readonly LockedDeb[], depth: number, parent: LockedDeb | undefined): void {
  debs.toReversed().forEach((deb, at) => {
    pending.push({ deb, depth, isLast: at === 0, parent })
  })
}

/** Each deb is spelled out once, below the parent through which it is nearest to a start; cycles end by that. */
function homesOf(
  starts: readonly LockedDeb[],
  childrenOf: (deb: LockedDeb) => readonly LockedDeb[],
): ReadonlyMap<LockedDeb, LockedDeb | undefined> {
  const home = new Map<LockedDeb, LockedDeb | undefined>(starts.map(deb => [deb, undefined]))
  // A map is walked in the order of insertion, including what is inserted meanwhile: breadth first.
  for (const deb of home.keys()) for (const child of childrenOf(deb)) if (!home.has(child)) home.set(child, deb)
  return home
}
