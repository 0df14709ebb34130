import { Fault } from '../kernel/index.ts'

/** Parts in falling weight: the first part in which two costs differ decides, whatever follows. */
export type Cost = readonly number[]

/** Elements of which not all can be had together. */
export type Conflict = readonly number[]

const nodesPerTurn = 4096
/** Conflicts that entangle each other further are given up: hostile input must not run for ever. */
const nodeLimit = 4_000_000

/** Negative when `left` is cheaper. Both have the same number of parts. */
export function compareCosts(left: Cost, right: Cost): number {
  for (const [at, part] of left.entries()) {
    const difference = part - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * The cheapest set that takes at least one element out of every conflict, by branch and bound; conflicts that share no
 * element are settled apart. Of equally cheap sets the one is taken whose elements come first in `order`.
 *
 * @param costs cost of each element that occurs, all with the same number of parts
 * @throws {Fault} `RESOLVE_TOO_HARD` when the conflicts are too entangled
 */
export function* cheapestHittingSet(
  conflicts: readonly Conflict[],
  costs: ReadonlyMap<number, Cost>,
): Generator<void, ReadonlySet<number>> {
  const rank = new Map([...costs.keys()].map((element, at) => [element, at]))
  const inOrder = (left: number, right: number) =>
    compareCosts(costOf(left), costOf(right)) || (rank.get(left) ?? 0) - (rank.get(right) ?? 0)
  const costOf = (element: number): Cost => costs.get(element) ?? []
  let nodes = 0
  const hitting = new Set<number>()
  for (const part of independentParts(conflicts)) {
    let best: { readonly elements: readonly number[]; readonly cost: Cost } | undefined
    // Branch on the smallest open conflict: take its first element, or rule it out and take the second, …
    function* branch(open: readonly Conflict[], taken: readonly number[], cost: Cost): Generator<void, void> {
      nodes++
      if (nodes > nodeLimit) throw tooEntangled()
      if (nodes % nodesPerTurn === 0) yield
      if (best !== undefined && compareCosts(plus(cost, lowerBound(open, costOf)), best.cost) >= 0) return
      const [first] = open
      if (first === undefined) {
        best = { elements: taken, cost }
        return
      }
      const narrowest = open.reduce((least, each) => (each.length < least.length ? each : least), first)
      let left = open
      for (const element of narrowest.toSorted(inOrder)) {
        const rest = left.filter(each => !each.includes(element))
        yield* branch(rest, [...taken, element], plus(cost, costOf(element)))
        left = left.map(each => each.filter(other => other !== element))
        if (left.some(each => each.length === 0)) return
      }
    }
    yield* branch(part, [], [])
    for (const element of best?.elements ?? []) hitting.add(element)
  }
  return hitting
}

/** Conflicts that share no element cost at least the cheapest element of each. */
function lowerBound(open: readonly Conflict[], costOf: (element: number) => Cost): Cost {
  const used = new Set<number>()
  let bound: Cost = []
  for (const conflict of open) {
    if (conflict.some(element => used.has(element))) continue
    for (const element of conflict) used.add(element)
    bound = plus(
      bound,
      conflict.map(costOf).reduce((least, each) => (compareCosts(each, least) < 0 ? each : least)),
    )
  }
  return bound
}

function plus(left: Cost, right: Cost): Cost {
  const [longer, shorter] = left.length < right.length ? [right, left] : [left, right]
  return longer.map((part, at) => part + (shorter[at] ?? 0))
}

/** Groups of conflicts that are connected through elements, without those that another one implies. */
function independentParts(conflicts: readonly Conflict[]): readonly (readonly Conflict[])[] {
  const bySize = conflicts.toSorted((left, right) => left.length - right.length)
  const needed: Conflict[] = []
  for (const conflict of bySize) {
    const elements = new Set(conflict)
    if (!needed.some(each => each.every(element => elements.has(element)))) needed.push(conflict)
  }
  let parts: { readonly elements: Set<number>; readonly members: Conflict[] }[] = []
  for (const conflict of needed) {
    const touched = parts.filter(part => conflict.some(element => part.elements.has(element)))
    const joined = {
      elements: new Set([...touched.flatMap(part => [...part.elements]), ...conflict]),
      members: [...touched.flatMap(part => part.members), conflict],
    }
    parts = [...parts.filter(part => !touched.includes(part)), joined]
  }
  return parts.map(({ members }) => members)
}

function tooEntangled(): Fault {
  return new Fault('RESOLVE_TOO_HARD', {
    message: `no smallest change after ${nodeLimit} attempts: too many packages exclude each other`,
    hint: 'Name fewer packages, or run `aptroot lock update` without names to resolve afresh.',
    context: { attempts: nodeLimit },
  })
}
