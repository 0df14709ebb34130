import { Fault, groupBy } from '../kernel/index.ts'

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
    const [only] = part
    if (part.length === 1 && only !== undefined) {
      hitting.add(only.reduce((least, each) => (inOrder(each, least) < 0 ? each : least)))
      continue
    }
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
  const needed = withoutImplied(conflicts)
  /** The first conflict of the group that a conflict, or an element, was found to belong to. */
  const leaders = needed.map((_, at) => at)
  const seenAt = new Map<number, number>()
  const leaderOf = (at: number): number => {
    let leader = at
    for (let next = leaders[leader] ?? leader; next !== leader; next = leaders[leader] ?? leader) leader = next
    leaders[at] = leader
    return leader
  }
  for (const [at, conflict] of needed.entries())
    for (const element of conflict) {
      const earlier = seenAt.get(element)
      if (earlier === undefined) seenAt.set(element, at)
      else leaders[leaderOf(at)] = leaderOf(earlier)
    }
  return [...groupBy(needed.entries(), ([at]) => String(leaderOf(at))).values()].map(group =>
    group.map(([, conflict]) => conflict),
  )
}

/** A conflict that contains another one is settled with it. */
function withoutImplied(conflicts: readonly Conflict[]): readonly Conflict[] {
  const needed: Conflict[] = []
  /** Needed conflicts by their first element: one that is contained shows up under an element of the other. */
  const byFirst = new Map<number, Conflict[]>()
  for (const conflict of conflicts.toSorted((left, right) => left.length - right.length)) {
    const elements = new Set(conflict)
    const smaller = conflict.flatMap(element => byFirst.get(element) ?? [])
    if (smaller.some(each => each.every(element => elements.has(element)))) continue
    needed.push(conflict)
    const [first] = conflict
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), conflict])
  }
  return needed
}

function tooEntangled(): Fault {
  return new Fault('RESOLVE_TOO_HARD', {
    message: `no smallest change after ${nodeLimit} attempts: too many packages exclude each other`,
    hint: 'Name fewer packages, or run `aptroot lock update` without names to resolve afresh.',
    context: { attempts: nodeLimit },
  })
}
