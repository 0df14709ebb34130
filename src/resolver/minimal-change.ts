import type { BinaryPackage } from '../debian/index.ts'
import { compareVersions } from '../debian/index.ts'
import { compareBytes, Fault } from '../kernel/index.ts'
import { type Conflict, type Cost, cheapestHittingSet, type Literal, Solver } from '../solver/index.ts'
import type { Encoding } from './encoding.ts'
import { followRecommends } from './follow-recommends.ts'
import type { AskedMove, ChangeRequest, PreviousDeb } from './model.ts'
import { PreferenceGuide, type Restriction, restrictionTag } from './preference-guide.ts'
import { reachedPackages } from './reached-packages.ts'
import type { EncodedClause, Requirement } from './requirements.ts'

/** A move as a deb of the universe. */
export interface Target {
  readonly move: AskedMove
  readonly deb: BinaryPackage
}

/** A wish that was not met. */
export interface RefusedTarget extends Target {
  /** What was asked before it and moves, with all of which it does not go; empty: the manifest alone is enough to refuse it. */
  readonly notWith: readonly Target[]
}

export type ChangeSelection =
  | {
      readonly kind: 'selected'
      /** Variables, in the order they came in. */
      readonly chosen: readonly number[]
      /** Recommends that could not be met beside what was chosen before. */
      readonly unmet: readonly Requirement[]
      /** What was asked and is chosen, or no longer needed. */
      readonly moved: readonly Target[]
      readonly heldBack: readonly RefusedTarget[]
    }
  /** The hard rules contradict each other. */
  | { readonly kind: 'impossible'; readonly core: readonly EncodedClause[] }
  /** The hard rules do not, but a demanded version does not go with them. */
  | { readonly kind: 'refused'; readonly demands: readonly Target[] }

/**
 * Packages that were asked to move and are missing; displaced (changed or removed) debs of the previous lock; added
 * packages; chosen versions that are not candidates.
 */
const free: Cost = [0, 0, 0, 0]

/**
 * Chooses debs by what is weighed in this order, each part exactly:
 *
 * 1. the hard rules;
 * 2. what was asked reaches its target, or leaves because nothing needs it; a wish that does not go with the earlier
 *    ones (in byte order) is held back;
 * 3. the fewest debs of the previous lock are changed or removed;
 * 4. the fewest packages are added;
 * 5. the fewest versions are chosen that are not candidates; then apt's order.
 *
 * A package of the previous lock that nothing in the answer can use leaves, and that does not count: it has no say in 3.
 * Recommends come last and move nothing.
 *
 * 3 to 5 are solved by implicit hitting sets: the solver assumes that everything stays; its refusals name sets of which
 * one must give; the cheapest set that takes something out of each is given up; and once the solver agrees, nothing
 * cheaper can work.
 */
export function* selectMinimalChange(encoding: Encoding, request: ChangeRequest): Generator<void, ChangeSelection> {
  const previous = previousSlots(encoding, request.previous)
  const targets = request.moves.flatMap(move => targetOf(move, encoding, previous)).sort(byName)
  const isDemand = ({ move }: Target) => typeof move.target === 'object'
  const stage = { recommends: false }
  const solver = new Solver()
  const guide = new PreferenceGuide(solver, encoding, restrictionFor(encoding, stage))
  const variables = (debs: readonly Target[]) => debs.map(({ deb }) => encoding.variableOf(deb))
  guide.admit(variables(targets))

  const plain = yield* solver.search(guide)
  if (plain.kind === 'contradiction')
    return { kind: 'impossible', core: plain.core.tags.filter(tag => tag !== restrictionTag).map(encoding.clauseOf) }
  const demands = targets.filter(isDemand)
  const demanded = yield* solver.search(guide, variables(demands))
  if (demanded.kind === 'contradiction') return { kind: 'refused', demands }
  const { moved, heldBack } = yield* attainable(solver, guide, {
    demands,
    wishes: targets.filter(each => !isDemand(each)),
    variableOf: encoding.variableOf,
  })
  solver.withdraw(guide)
  for (const { deb } of moved) {
    const rivals = encoding.candidates.ranked(deb.name, encoding.slotOf(deb)).filter(each => each !== deb)
    guide.admit(rivals.map(encoding.variableOf))
    for (const rival of rivals) solver.addClause([-encoding.variableOf(rival)], restrictionTag)
  }

  yield* settle({ encoding, solver, guide, previous, moved })
  guide.commit()
  stage.recommends = true
  forbidOtherVersions(encoding, solver)
  const unmet = yield* followRecommends(encoding, solver, guide)
  return {
    kind: 'selected',
    chosen: [...guide.chosen()],
    unmet,
    moved,
    heldBack,
  }
}

/** Where a package stands: its name and the architecture of the root that it takes. */
export function slotKey(encoding: Encoding, deb: BinaryPackage): string {
  return `${deb.name}:${encoding.slotOf(deb)}`
}

export interface PreviousSlot {
  readonly locked: PreviousDeb
  /** The same bytes in the universe; undefined when no archive lists them any more. */
  readonly deb: BinaryPackage | undefined
}

/** The previous lock by slot, in byte order. */
export function previousSlots(encoding: Encoding, previous: readonly PreviousDeb[]): ReadonlyMap<string, PreviousSlot> {
  const { nativeArchitecture } = encoding.universe
  const slots = previous.map((locked): [string, PreviousSlot] => {
    const deb = encoding.universe.packagesNamed(locked.name).find(
      each =>
        each.architecture === locked.architecture &&
        each.version === locked.version &&
        // An own deb that is locked by its relations has no bytes to compare.
        (each.sha256 === locked.sha256 || locked.sha256 === ''),
    )
    const architecture = locked.architecture === 'all' ? nativeArchitecture : locked.architecture
    return [`${locked.name}:${architecture}`, { locked, deb }]
  })
  return new Map(slots.sort(([left], [right]) => compareBytes(left, right)))
}

/** Other versions are allowed while changes are weighed; a Recommends is no reason for one. */
function restrictionFor(encoding: Encoding, stage: { readonly recommends: boolean }): Restriction {
  return {
    states: ({ origin }) => origin.kind !== 'not-candidate',
    permits: variable => !stage.recommends || !isOtherVersion(encoding, variable),
  }
}

function isOtherVersion(encoding: Encoding, variable: number): boolean {
  return encoding.verdictsOn(variable).some(({ origin }) => origin.kind === 'not-candidate')
}

function forbidOtherVersions(encoding: Encoding, solver: Solver): void {
  for (let variable = 1; variable <= solver.variableCount; variable++)
    if (!solver.isTrue(variable) && isOtherVersion(encoding, variable)) solver.addClause([-variable], restrictionTag)
}

function targetOf(
  move: AskedMove,
  { candidates }: Encoding,
  previous: ReadonlyMap<string, PreviousSlot>,
): readonly Target[] {
  const { name, architecture, target } = move
  const ranked = candidates.ranked(name, architecture)
  const found = ranked.filter(deb => {
    if (target === 'candidate') return candidates.isCandidate(deb)
    if (target !== 'security') return compareVersions(deb.version, target.version) === 0
    const locked = previous.get(`${name}:${architecture}`)?.locked
    return (
      locked !== undefined &&
      compareVersions(deb.version, locked.version) > 0 &&
      deb.listings.some(listing => listing.security) &&
      !candidates.isForbidden(deb) &&
      !candidates.isOutOfStep(deb)
    )
  })
  return found.slice(0, 1).map(deb => ({ move, deb }))
}

function byName(left: Target, right: Target): number {
  return compareBytes(left.move.name, right.move.name) || compareBytes(left.move.architecture, right.move.architecture)
}

interface Asked {
  readonly demands: readonly Target[]
  readonly wishes: readonly Target[]
  variableOf(deb: BinaryPackage): number
}

/** The demands, and each wish that goes with them and the wishes before it; and the wishes that do not. */
function* attainable(
  solver: Solver,
  guide: PreferenceGuide,
  { demands, wishes, variableOf }: Asked,
): Generator<void, { readonly moved: readonly Target[]; readonly heldBack: readonly RefusedTarget[] }> {
  const variables = (targets: readonly Target[]) => targets.map(({ deb }) => variableOf(deb))
  const all = [...demands, ...wishes]
  if ((yield* solver.search(guide, variables(all))).kind === 'satisfied') return { moved: all, heldBack: [] }
  let moved = demands
  const heldBack: RefusedTarget[] = []
  for (const wish of wishes) {
    const outcome = yield* solver.search(guide, variables([...moved, wish]))
    if (outcome.kind === 'satisfied') {
      moved = [...moved, wish]
      continue
    }
    const blamed = new Set(outcome.core.assumptions)
    let notWith = moved.filter(({ deb }) => blamed.has(variableOf(deb)))
    for (const each of notWith) {
      const fewer = notWith.filter(other => other !== each)
      if ((yield* solver.search(guide, variables([...fewer, wish]))).kind === 'contradiction') notWith = fewer
    }
    heldBack.push({ ...wish, notWith })
  }
  return { moved, heldBack }
}

interface Settling {
  readonly encoding: Encoding
  readonly solver: Solver
  readonly guide: PreferenceGuide
  readonly previous: ReadonlyMap<string, PreviousSlot>
  readonly moved: readonly Target[]
}

/** Leaves the solver with the cheapest change. */
function* settle({ encoding, solver, guide, previous, moved }: Settling): Generator<void, void> {
  const keeps = keptVariables(encoding, previous, moved)
  guide.admit(keeps)
  /** Literals that would rather hold, and what it costs when one does not. */
  const asked = new Set(moved.map(({ deb }) => encoding.variableOf(deb)))
  const costs = new Map<Literal, Cost>(
    keeps.map(variable => [variable, asked.has(variable) ? [1, 0, 0, 0] : [0, 1, 0, 0]]),
  )
  const conflicts: Conflict[] = []
  const idleSlots = new Set<string>()
  const costOf = (variable: number) => costOfChoosing(encoding, variable, previous, idleSlots)
  for (;;) {
    yield* cheapestChange({ solver, guide, costOf }, costs, conflicts)
    const reached = new Set(reachedPackages(encoding, guide.chosen(), 'usable').map(each => each.package))
    const idle = keeps.filter(variable => {
      const isIdle = solver.isTrue(variable) && !reached.has(encoding.debOf(variable))
      return isIdle && costs.get(variable) !== free
    })
    if (idle.length === 0) return
    for (const variable of idle) {
      costs.set(variable, free)
      idleSlots.add(slotKey(encoding, encoding.debOf(variable)))
    }
    for (const literal of costs.keys()) if (literal < 0) costs.set(literal, costOf(-literal))
    const remaining = conflicts.filter(conflict => !conflict.some(literal => costs.get(literal) === free))
    conflicts.splice(0, conflicts.length, ...remaining)
  }
}

/** What should be there afterwards: of each previous slot the target that was asked, else the deb that was locked. */
function keptVariables(
  encoding: Encoding,
  previous: ReadonlyMap<string, PreviousSlot>,
  moved: readonly Target[],
): readonly number[] {
  const goals = new Map(moved.map(({ deb }) => [slotKey(encoding, deb), deb]))
  return [...previous].flatMap(([slot, { deb }]) => {
    const goal = goals.get(slot) ?? deb
    return goal === undefined ? [] : [encoding.variableOf(goal)]
  })
}

function* cheapestChange(
  { solver, guide, costOf }: Pick<Settling, 'solver' | 'guide'> & { costOf(variable: number): Cost },
  costs: Map<Literal, Cost>,
  conflicts: Conflict[],
): Generator<void, void> {
  for (;;) {
    const given = new Set(yield* cheapestHittingSet(conflicts, costs))
    const known = conflicts.length
    // Refusals that have nothing in common are collected in one go.
    for (;;) {
      for (const literal of costs.keys()) {
        if (given.has(literal) || costs.get(literal) === free || !solver.isCertain(-literal)) continue
        conflicts.push([literal])
        given.add(literal)
      }
      const assumed = [...costs.keys()].filter(literal => !given.has(literal) && costs.get(literal) !== free)
      const outcome = yield* solver.search(guide, assumed)
      if (outcome.kind === 'satisfied') break
      const refused = outcome.core.assumptions
      if (refused.length === 0) throw new Fault('INTERNAL', { message: 'a selection that exists is refused' })
      conflicts.push(refused)
      for (const literal of refused) given.add(literal)
    }
    let additions = 0
    for (const variable of guide.chosen()) {
      const cost = costOf(variable)
      if (costs.has(-variable) || costs.has(variable) || cost === free) continue
      costs.set(-variable, cost)
      additions++
    }
    if (conflicts.length === known && additions === 0) return
  }
}

/**
 * Free: a deb of the previous lock, and the candidate in the place of one; that costs what the one costs which gives way.
 *
 * @param idleSlots of what may leave free of charge: to have another version of it there is a change all the same
 */
function costOfChoosing(
  encoding: Encoding,
  variable: number,
  previous: ReadonlyMap<string, PreviousSlot>,
  idleSlots: ReadonlySet<string>,
): Cost {
  const deb = encoding.debOf(variable)
  const key = slotKey(encoding, deb)
  const slot = previous.get(key)
  if (slot?.deb === deb) return free
  const displaced = idleSlots.has(key) ? 1 : 0
  const added = slot === undefined ? 1 : 0
  const other = isOtherVersion(encoding, variable) ? 1 : 0
  return displaced + added + other === 0 ? free : [0, displaced, added, other]
}
