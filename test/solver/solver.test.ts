import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isFault, silentJournal } from '../../src/kernel/index.ts'
import { type Literal, runSearch, Solver } from '../../src/solver/index.ts'
import {
  type Formula,
  finish,
  firstOpenClause,
  formulas,
  isSatisfiable,
  lateClauses,
  withVariables,
} from './formula.ts'

const runs = { numRuns: 4000, seed: 20_261_120 }

function solve(formula: Formula, assumptions: readonly Literal[] = []) {
  const solver = withVariables(formula.variables)
  for (const [tag, clause] of formula.clauses.entries()) solver.addClause(clause, tag)
  return { solver, outcome: finish(solver.search(firstOpenClause(solver, formula), assumptions)) }
}

function solveLate(formula: Formula) {
  const solver = withVariables(formula.variables)
  for (const [tag, clause] of formula.clauses.entries()) {
    if (clause.every(literal => literal > 0)) solver.addClause(clause, tag)
  }
  return { solver, outcome: finish(solver.search(lateClauses(solver, formula))) }
}

function assertHolds(solver: Solver, { clauses }: Formula): void {
  const holds = (literal: number) => (literal > 0 ? solver.isTrue(literal) : !solver.isTrue(-literal))
  for (const clause of clauses) assert.ok(clause.some(holds), `${clause} does not hold`)
}

/** n + 1 pigeons in n holes: every proof by resolution is exponentially long. */
function pigeons(holes: number): Formula {
  const at = (pigeon: number, hole: number) => pigeon * holes + hole + 1
  const clauses: number[][] = []
  for (let pigeon = 0; pigeon <= holes; pigeon++) {
    clauses.push(Array.from({ length: holes }, (_, hole) => at(pigeon, hole)))
    for (let other = 0; other < pigeon; other++) {
      for (let hole = 0; hole < holes; hole++) clauses.push([-at(pigeon, hole), -at(other, hole)])
    }
  }
  return { variables: (holes + 1) * holes, clauses }
}

describe('a search', () => {
  it('agrees with trying all assignments', () => {
    fc.assert(
      fc.property(formulas, formula => {
        const { solver, outcome } = solve(formula)
        assert.equal(outcome.kind === 'satisfied', isSatisfiable(formula))
        if (outcome.kind === 'satisfied') assertHolds(solver, formula)
      }),
      runs,
    )
  })

  it('agrees with trying all assignments when clauses arrive only as variables become true', () => {
    fc.assert(
      fc.property(formulas, formula => {
        const { solver, outcome } = solveLate(formula)
        assert.equal(outcome.kind === 'satisfied', isSatisfiable(formula))
        if (outcome.kind === 'satisfied') assertHolds(solver, formula)
      }),
      runs,
    )
  })

  it('names a core that is contradictory by itself', () => {
    fc.assert(
      fc.property(formulas, formula => {
        for (const { outcome } of [solve(formula), solveLate(formula)]) {
          if (outcome.kind === 'satisfied') continue
          const clauses = outcome.core.tags.map(tag => formula.clauses[tag] ?? assert.fail(`tag ${tag} is unknown`))
          assert.ok(!isSatisfiable({ ...formula, clauses }), `${JSON.stringify(clauses)} can hold`)
        }
      }),
      runs,
    )
  })

  it('names a core of clauses and assumptions when the assumptions are to blame', () => {
    fc.assert(
      fc.property(formulas, fc.array(fc.integer({ min: 1, max: 16 }), { maxLength: 4 }), (formula, picks) => {
        const assumptions = [...new Set(picks.map(pick => 1 + (pick % formula.variables)))].map((v, at) =>
          (picks[at] ?? 0) > 8 ? v : -v,
        )
        const { solver, outcome } = solve(formula, assumptions)
        const asClauses = assumptions.map(literal => [literal])
        const expected = isSatisfiable({ ...formula, clauses: [...formula.clauses, ...asClauses] })
        assert.equal(outcome.kind === 'satisfied', expected)
        if (outcome.kind === 'satisfied') return assertHolds(solver, formula)
        assert.ok(outcome.core.assumptions.every(literal => assumptions.includes(literal)))
        const clauses = [
          ...outcome.core.tags.map(tag => formula.clauses[tag] ?? []),
          ...outcome.core.assumptions.map(literal => [literal]),
        ]
        assert.ok(!isSatisfiable({ ...formula, clauses }))
      }),
      runs,
    )
  })

  it('can go on under other assumptions, and then gives the answers of a fresh search', () => {
    fc.assert(
      fc.property(formulas, formula => {
        const solver = withVariables(formula.variables)
        for (const [tag, clause] of formula.clauses.entries()) solver.addClause(clause, tag)
        const guide = firstOpenClause(solver, formula)
        for (let variable = 1; variable <= formula.variables; variable++) {
          for (const literal of [variable, -variable]) {
            const expected = isSatisfiable({ ...formula, clauses: [...formula.clauses, [literal]] })
            assert.equal(finish(solver.search(guide, [literal])).kind === 'satisfied', expected)
          }
        }
      }),
      { ...runs, numRuns: 300 },
    )
  })

  it('proves that seven pigeons do not fit in six holes', () => {
    const { outcome } = solve(pigeons(6))
    assert.equal(outcome.kind, 'contradiction')
  })

  it('finds all six pigeons a hole when one stays away', () => {
    const formula = pigeons(6)
    const clauses = formula.clauses.filter((_, tag) => tag !== 0)
    const { solver, outcome } = solve({ ...formula, clauses })
    assert.equal(outcome.kind, 'satisfied')
    assertHolds(solver, { ...formula, clauses })
  })

  it('takes the first solution in the order of the decisions', () => {
    // (1 or 2), (3 or 4), and 1 excludes both 3 and 4: the first choice gives way only because nothing later can.
    const clauses = [
      [1, 2],
      [3, 4],
      [-1, -3],
      [-1, -4],
    ]
    const { solver } = solve({ variables: 4, clauses })
    assert.deepEqual(
      [1, 2, 3, 4].filter(variable => solver.isTrue(variable)),
      [2, 3],
    )
  })

  it('forgets none of several clauses that are false on arrival', () => {
    // Trying 1 brings (not 1 or 2) and, with 2, both (not 2 or not 1) and (not 2): 2 can never hold.
    const clauses = [[1, 4], [-1, 2], [-2, -1], [-2], [-4, 2, 5]]
    const { solver, outcome } = solveLate({ variables: 5, clauses })
    assert.equal(outcome.kind, 'satisfied')
    assert.deepEqual(
      [1, 2, 3, 4, 5].filter(variable => solver.isTrue(variable)),
      [4, 5],
    )
    assert.ok(solver.isCertain(-2))
  })

  it('is over at once when a clause without literals was added', () => {
    const { outcome } = solve({ variables: 1, clauses: [[1], []] })
    assert.deepEqual(outcome, { kind: 'contradiction', core: { tags: [1], assumptions: [] } })
  })

  it('keeps what was committed', () => {
    const formula = { variables: 2, clauses: [[1, 2]] }
    const { solver } = solve(formula)
    solver.commit()
    assert.ok(solver.isCertain(1))
    assert.equal(finish(solver.search(firstOpenClause(solver, formula), [-1])).kind, 'contradiction')
    assert.equal(finish(solver.search(firstOpenClause(solver, formula), [2])).kind, 'satisfied')
  })

  it('gives up with RESOLVE_TOO_HARD when it needs more conflicts than it may have', () => {
    const formula = pigeons(6)
    const solver = new Solver(100)
    for (let made = 0; made < formula.variables; made++) solver.newVariable()
    for (const [tag, clause] of formula.clauses.entries()) solver.addClause(clause, tag)
    assert.throws(
      () => finish(solver.search(firstOpenClause(solver, formula))),
      error => isFault(error, 'RESOLVE_TOO_HARD'),
    )
  })

  it('stops when its session is aborted, after at most 256 further conflicts', async () => {
    const formula = pigeons(8)
    const solver = withVariables(formula.variables)
    for (const [tag, clause] of formula.clauses.entries()) solver.addClause(clause, tag)
    const abort = new AbortController()
    setImmediate(() => abort.abort(new Error('enough')))
    const session = { signal: abort.signal, journal: silentJournal }
    await assert.rejects(runSearch(solver.search(firstOpenClause(solver, formula)), session), /enough/)
    assert.ok(solver.conflicts <= 512, `${solver.conflicts} conflicts`)
  })
})
