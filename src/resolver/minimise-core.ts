import { type Guide, type Outcome, Solver } from '../solver/index.ts'
import type { EncodedClause } from './requirements.ts'

/**
 * A part of a contradictory set of clauses that is contradictory itself and no longer when any one clause is left out.
 * Every step is proved by solving again.
 */
export function* minimiseCore(clauses: readonly EncodedClause[]): Generator<void, readonly EncodedClause[]> {
  let core = clauses
  // From the end: later clauses lie deeper, and the explanation should keep what is near the manifest.
  for (const candidate of [...clauses].reverse()) {
    if (!core.includes(candidate)) continue
    const outcome = yield* solveClauses(core.filter(clause => clause !== candidate))
    if (outcome.kind === 'satisfied') continue
    const blamed = new Set(outcome.core.tags)
    core = core.filter(({ tag }) => blamed.has(tag) && tag !== candidate.tag)
  }
  return core
}

export function* solveClauses(clauses: readonly EncodedClause[]): Generator<void, Outcome> {
  const solver = new Solver()
  const numbers = new Map<number, number>()
  const renumbered = clauses.map(({ tag, literals }) => ({
    tag,
    literals: literals.map(literal => {
      const variable = Math.abs(literal)
      const number = numbers.get(variable) ?? solver.newVariable()
      numbers.set(variable, number)
      return literal > 0 ? number : -number
    }),
  }))
  for (const { tag, literals } of renumbered) solver.addClause(literals, tag)
  const holds = (literal: number) => (literal > 0 ? solver.isTrue(literal) : !solver.isTrue(-literal))
  const guide: Guide = {
    expand: () => undefined,
    decide: () =>
      renumbered
        .find(({ literals }) => !literals.some(holds))
        ?.literals.find(literal => literal > 0 && !solver.isFalse(literal)),
    rewind: () => undefined,
  }
  return yield* solver.search(guide)
}
