import fc from 'fast-check'
import { type Guide, type Outcome, Solver } from '../../src/solver/index.ts'

/** Clauses over the variables 1..variables; the tag of a clause is its position. */
export interface Formula {
  readonly variables: number
  readonly clauses: readonly (readonly number[])[]
}

/** Random formulas near the threshold where half of them are contradictory. */
export const formulas: fc.Arbitrary<Formula> = fc.integer({ min: 1, max: 8 }).chain(variables => {
  const literal = fc.tuple(fc.integer({ min: 1, max: variables }), fc.boolean()).map(([v, sign]) => (sign ? v : -v))
  const clause = fc.array(literal, { minLength: 1, maxLength: 4 })
  return fc.array(clause, { maxLength: 40 }).map(clauses => ({ variables, clauses }))
})

/** Tries all assignments. */
export function isSatisfiable({ variables, clauses }: Formula): boolean {
  for (let bits = 0; bits < 2 ** variables; bits++) {
    const holds = (literal: number) => ((bits >> (Math.abs(literal) - 1)) & 1) === (literal > 0 ? 1 : 0)
    if (clauses.every(clause => clause.some(holds))) return true
  }
  return false
}

/** Satisfies the first open clause by its first literal that is not false; reads unassigned variables as false. */
export function firstOpenClause(solver: Solver, { clauses }: Formula): Guide {
  const holds = (literal: number) => (literal > 0 ? solver.isTrue(literal) : !solver.isTrue(-literal))
  return {
    expand: () => undefined,
    decide: () => clauses.find(clause => !clause.some(holds))?.find(literal => !solver.isFalse(literal)),
    rewind: () => undefined,
  }
}

/** Adds a clause only when one of the variables that it negates becomes true, at whatever level that happens. */
export function lateClauses(solver: Solver, formula: Formula): Guide {
  return {
    ...firstOpenClause(solver, formula),
    expand: variable => {
      for (const [tag, clause] of formula.clauses.entries()) {
        if (clause.find(literal => literal < 0) === -variable) solver.addClause(clause, tag)
      }
    },
  }
}

export function withVariables(count: number): Solver {
  const solver = new Solver()
  for (let made = 0; made < count; made++) solver.newVariable()
  return solver
}

export function finish(steps: Generator<void, Outcome>): Outcome {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
