import type { Solver } from '../solver/index.ts'
import type { Encoding } from './encoding.ts'
import type { PreferenceGuide } from './preference-guide.ts'
import type { Requirement } from './requirements.ts'

/** How much a Recommends leaves open; what leaves less open goes first. */
type Openness = 'settled' | 'opens-choices' | 'is-a-choice'

interface Pending {
  readonly requirement: Requirement
  openness: Openness
}

/**
 * Adds Recommends one by one, each with everything chosen before held fast, so none of them can move a hard choice.
 *
 * In the order in which their owners came in; but first those that one package can fulfil without any further choice,
 * then those that one package can fulfil, then those with alternatives. So a choice is made as late as possible, and
 * an alternative that another Recommends brings anyway is not doubled, or shut out, by an earlier guess.
 *
 * @returns the Recommends that could not be met
 */
export function* followRecommends(
  encoding: Encoding,
  solver: Solver,
  guide: PreferenceGuide,
): Generator<void, Requirement[]> {
  const unmet: Requirement[] = []
  const pending = new Set<Pending>()
  let read = 0
  for (;;) {
    for (const variable of guide.chosen(read)) {
      for (const requirement of encoding.expansionOf(variable).optional) {
        pending.add({ requirement, openness: 'settled' })
      }
    }
    read = solver.trailLength
    const next = leastOpen(pending, solver)
    if (next === undefined) return unmet
    switch (yield* follow(next, solver, guide)) {
      case 'met':
        pending.delete(next)
        break
      case 'impossible':
        pending.delete(next)
        unmet.push(next.requirement)
        break
      case 'postponed':
        next.openness = 'opens-choices'
        break
    }
  }
}

/** Drops what is fulfilled, and finds the first of what is least open. */
function leastOpen(pending: Set<Pending>, solver: Solver): Pending | undefined {
  let best: Pending | undefined
  for (const each of pending) {
    const { alternatives } = each.requirement
    if (alternatives.some(variable => solver.isTrue(variable))) {
      pending.delete(each)
      continue
    }
    const openness = countPossible(alternatives, solver) > 1 ? 'is-a-choice' : each.openness
    if (openness === 'settled') return each
    if (best === undefined || (best.openness === 'is-a-choice' && openness === 'opens-choices')) {
      best = each
      best.openness = openness
    }
  }
  return best
}

function* follow({ requirement, openness }: Pending, solver: Solver, guide: PreferenceGuide) {
  for (const variable of requirement.alternatives) {
    if (solver.isFalse(variable)) continue
    const outcome = yield* solver.search(guide, [variable])
    if (outcome.kind === 'contradiction') continue
    // Level 1 is the attempt itself: what is above it was a choice.
    if (openness === 'settled' && solver.level > 1) {
      solver.withdraw(guide)
      return 'postponed' as const
    }
    guide.commit()
    return 'met' as const
  }
  return 'impossible' as const
}

function countPossible(alternatives: readonly number[], solver: Solver): number {
  let count = 0
  for (let at = 0; at < alternatives.length; at++) if (!solver.isFalse(alternatives[at] as number)) count++
  return count
}
