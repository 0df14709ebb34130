import { Fault } from '../kernel/index.ts'
import { analyseConflict } from './analyse-conflict.ts'
import { type Assignment, assign, createAssignment, growAssignment, makeCertain, withdrawFrom } from './assignment.ts'
import { type ClauseArena, createArena, grown, literalCodesOf, noClause, storeClause } from './clause-arena.ts'
import { codeOf, codesWithoutRepetition, type Literal, literalOf } from './literal.ts'
import { implicationOf, type ProofRecord, tagsBehind } from './proof.ts'
import { visitWatches, type WatchLists, watchClause } from './watched-literals.ts'

/** 1, 2, 3, …: as `newVariable` handed them out. */
export type Variable = number
/** The caller's name for a clause, zero or more; several clauses may share one. It comes back in a core. */
export type Tag = number

/** Clauses and assumptions that cannot all hold, not necessarily minimal; both sorted. */
export interface Core {
  readonly tags: readonly Tag[]
  readonly assumptions: readonly Literal[]
}

export type Outcome =
  /** Every clause holds when unassigned variables are read as false. */
  | { readonly kind: 'satisfied' }
  /** Contradictory; under the assumptions when the core names any. */
  | { readonly kind: 'contradiction'; readonly core: Core }

/**
 * The caller's half of the search: which clauses exist, and what to try first.
 *
 * The solver asks in a fixed order and keeps no time, so the outcome is a pure function of what the guide answers.
 */
export interface Guide {
  /**
   * Called once per variable, when it first becomes true: the moment to add the clauses that it brings
   * (clauses that hold whenever the variable is false). So a problem is only built as far as the search goes.
   */
  expand(variable: Variable): void
  /**
   * Called when nothing follows any more: the next literal to try (of an unassigned variable), or undefined when
   * all clauses hold with every unassigned variable false.
   */
  decide(): Literal | undefined
  /** All decisions above `level` were withdrawn; the guide returns to what it knew when it made decision `level` + 1. */
  rewind(level: number): void
}

/** A search that needs more conflicts is given up: hostile input must not run for ever. */
const defaultConflictLimit = 2_000_000
const conflictsPerTurn = 256
const learnedTag = -1

/**
 * Conflict-driven clause learning (Marques-Silva and Sakallah; Eén and Sörensson, "An Extensible SAT-solver"): two
 * watched literals, first-UIP learning, backjumping. There are no restarts and no activity scores: the guide's order is
 * the meaning of the answer, not a heuristic. With decisions in that order, learning makes the answer the
 * lexicographically first one in it.
 *
 * Clauses may be added at any moment, also during the search. A literal that a late clause proves at a lower level than
 * the current one keeps that level, and stays on the trail when the levels above it are withdrawn.
 */
export class Solver {
  readonly #arena: ClauseArena = createArena()
  #variables = 0
  readonly #assignment: Assignment = createAssignment()
  #watches: WatchLists = new Int32Array(64)
  /** By variable: scratch of the conflict analysis. */
  #seen = new Uint8Array(32)
  /** By variable: 1 when the guide has been told that it is true. */
  #expanded = new Uint8Array(32)
  #propagated = 0
  /** Trail length when each decision was made; its length is the current level. */
  readonly #decisionStarts: number[] = []
  /** Clauses that were false when they were added. */
  readonly #violated: number[] = []
  /** A clause that is false without any decision: nothing can be satisfied any more. */
  #refutation = noClause
  #conflicts = 0
  readonly #conflictLimit: number
  /** What a learned clause was derived from: clauses, and variables whose value was certain (negated). */
  readonly #ancestry = new Map<number, readonly number[]>()

  constructor(conflictLimit: number = defaultConflictLimit) {
    this.#conflictLimit = conflictLimit
  }

  get level(): number {
    return this.#decisionStarts.length
  }

  get conflicts(): number {
    return this.#conflicts
  }

  get variableCount(): number {
    return this.#variables
  }

  get trailLength(): number {
    return this.#assignment.trailLength
  }

  /** The literal that became true as number `position` of those that are true now. */
  trailAt(position: number): Literal {
    return literalOf(this.#assignment.trail[position] as number)
  }

  newVariable(): Variable {
    this.#variables++
    const variable = this.#variables
    if (variable >= this.#assignment.levels.length) this.#growVariables()
    return variable
  }

  isTrue(literal: Literal): boolean {
    return this.#assignment.values[codeOf(literal)] === 1
  }

  isFalse(literal: Literal): boolean {
    return this.#assignment.values[codeOf(literal)] === -1
  }

  /** True without any decision: it holds in every solution. */
  isCertain(literal: Literal): boolean {
    return this.isTrue(literal) && this.#assignment.levels[Math.abs(literal)] === 0
  }

  /** Adds `literals[0] ∨ literals[1] ∨ …`. */
  addClause(literals: readonly Literal[], tag: Tag): void {
    const codes = codesWithoutRepetition(literals)
    if (codes === undefined) return
    const size = codes.length
    this.#watchFirst(codes, 0)
    this.#watchFirst(codes, 1)
    const offset = storeClause(this.#arena, codes, size, tag)
    if (size === 0) {
      this.#refutation = offset
      return
    }
    if (size > 1) watchClause(this.#arena, this.#watches, offset)
    const first = codes[0] as number
    const second = codes[1]
    if (this.#assignment.values[first] === -1) this.#violated.push(offset)
    else if (second === undefined) makeCertain(this.#assignment, first, offset)
    // The rest is false: `second` has the highest level among it.
    else if (this.#assignment.values[first] === 0 && this.#assignment.values[second] === -1) {
      assign(this.#assignment, first, offset, this.#assignment.levels[second >> 1] as number)
    }
  }

  /**
   * Makes everything that holds now certain: later searches only add to it.
   * After this a core may miss clauses; it is for the optional part of a problem, whose refusal needs no proof.
   */
  commit(): void {
    for (let at = 0; at < this.#assignment.trailLength; at++)
      this.#assignment.levels[(this.#assignment.trail[at] as number) >> 1] = 0
    this.#decisionStarts.length = 0
  }

  /** Takes back all decisions; what is certain stays. */
  withdraw(guide: Guide): void {
    this.#backtrack(0, guide)
  }

  /**
   * Looks for values under which all clauses hold, taking the assumptions as the first decisions.
   *
   * Yields every 256 conflicts. On `satisfied` the values stay readable; on `contradiction` only certain ones do.
   *
   * @throws {Fault} `RESOLVE_TOO_HARD` when more conflicts than the limit were needed
   */
  *search(guide: Guide, assumptions: readonly Literal[] = []): Generator<void, Outcome> {
    this.#backtrack(0, guide)
    for (;;) {
      if (this.#refutation !== noClause) return this.#contradiction(this.#refutation)
      const conflict = this.#propagate(guide)
      if (conflict !== noClause) {
        const conflictLevel = this.#highestLevelOf(conflict)
        if (conflictLevel === 0) return this.#contradiction(conflict)
        this.#conflicts++
        if (this.#conflicts > this.#conflictLimit) throw tooHard(this.#conflictLimit)
        this.#backtrack(conflictLevel, guide)
        this.#learnFrom(conflict, guide)
        if (this.#conflicts % conflictsPerTurn === 0) yield
        continue
      }
      const decision = this.#nextDecision(guide, assumptions)
      if (decision.kind === 'done') return { kind: 'satisfied' }
      if (decision.kind === 'refused') {
        const refusal = this.#refusal(decision.assumption)
        this.#backtrack(0, guide)
        return refusal
      }
      this.#decisionStarts.push(this.#assignment.trailLength)
      if (decision.literal !== undefined) assign(this.#assignment, codeOf(decision.literal), noClause, this.level)
    }
  }

  #nextDecision(guide: Guide, assumptions: readonly Literal[]) {
    const assumption = assumptions[this.level]
    if (assumption !== undefined) {
      if (this.isFalse(assumption)) return { kind: 'refused', assumption } as const
      // A level without a literal keeps "level n decides assumption n" true.
      return { kind: 'try', literal: this.isTrue(assumption) ? undefined : assumption } as const
    }
    const literal = guide.decide()
    return literal === undefined ? ({ kind: 'done' } as const) : ({ kind: 'try', literal } as const)
  }

  /** @returns a clause that is false, or `noClause` when nothing follows any more */
  #propagate(guide: Guide): number {
    for (;;) {
      const violated = this.#firstViolated()
      if (violated !== noClause) return violated
      if (this.#propagated >= this.#assignment.trailLength) return noClause
      const code = this.#assignment.trail[this.#propagated] as number
      this.#propagated++
      const conflict = visitWatches(this.#arena, this.#watches, this.#assignment, code ^ 1, this.level)
      if (conflict !== noClause) return conflict
      const variable = code >> 1
      if ((code & 1) === 0 && this.#expanded[variable] === 0) {
        this.#expanded[variable] = 1
        guide.expand(variable)
      }
    }
  }

  /** Learns from a false clause, and jumps back to where the lesson first says something new. */
  #learnFrom(conflict: number, guide: Guide): void {
    const { codes, ancestry } = analyseConflict(this.#proofRecord(), conflict, this.level, this.#seen)
    this.#watchFirst(codes, 1)
    const second = codes[1]
    const jump = second === undefined ? 0 : (this.#assignment.levels[second >> 1] as number)
    this.#backtrack(jump, guide)
    const offset = storeClause(this.#arena, codes, codes.length, learnedTag)
    this.#ancestry.set(offset, ancestry)
    if (codes.length > 1) watchClause(this.#arena, this.#watches, offset)
    assign(this.#assignment, codes[0] as number, offset, jump)
  }

  /** Withdraws all decisions above `level`. What was proved at `level` or below stays true. */
  #backtrack(level: number, guide: Guide): void {
    if (level >= this.level) return
    const start = this.#decisionStarts[level] as number
    withdrawFrom(this.#assignment, start, level)
    this.#propagated = Math.min(this.#propagated, start)
    this.#decisionStarts.length = level
    guide.rewind(level)
  }

  /** A clause that was false when added and still is. A clause of one literal is followed as soon as it can be. */
  #firstViolated(): number {
    for (let clause = this.#violated.at(-1); clause !== undefined; clause = this.#violated.at(-1)) {
      const codes = literalCodesOf(this.#arena, clause)
      if (codes.every(code => this.#assignment.values[code] === -1)) return clause
      this.#violated.pop()
      if (codes.length === 1) makeCertain(this.#assignment, codes[0] as number, clause)
    }
    return noClause
  }

  #highestLevelOf(clause: number): number {
    let highest = 0
    for (const code of literalCodesOf(this.#arena, clause)) {
      highest = Math.max(highest, this.#assignment.levels[code >> 1] as number)
    }
    return highest
  }

  /** Moves the best literal of `codes[position…]` to `position`: not false before false, then the highest level. */
  #watchFirst(codes: number[], position: number): void {
    let best = position
    for (let at = position + 1; at < codes.length; at++) {
      if (this.#watchRank(codes[at] as number) > this.#watchRank(codes[best] as number)) best = at
    }
    if (best === position) return
    const code = codes[best] as number
    codes[best] = codes[position] as number
    codes[position] = code
  }

  #watchRank(code: number): number {
    const value = this.#assignment.values[code]
    if (value === 1) return Number.MAX_SAFE_INTEGER
    return value === 0 ? Number.MAX_SAFE_INTEGER - 1 : (this.#assignment.levels[code >> 1] as number)
  }

  #contradiction(conflict: number): Outcome {
    this.#refutation = conflict
    return { kind: 'contradiction', core: { tags: tagsBehind(this.#proofRecord(), [conflict], []), assumptions: [] } }
  }

  #refusal(assumption: Literal): Outcome {
    const record = this.#proofRecord()
    const { decisions, clauses, certain } = implicationOf(record, Math.abs(assumption))
    const assumptions = [assumption, ...decisions.map(literalOf)].sort((a, b) => a - b)
    return { kind: 'contradiction', core: { tags: tagsBehind(record, clauses, certain), assumptions } }
  }

  #proofRecord(): ProofRecord {
    return { arena: this.#arena, ancestry: this.#ancestry, assignment: this.#assignment }
  }

  #growVariables(): void {
    growAssignment(this.#assignment)
    const capacity = this.#assignment.levels.length
    this.#watches = grown(this.#watches, capacity * 2)
    this.#seen = widened(this.#seen, capacity)
    this.#expanded = widened(this.#expanded, capacity)
  }
}

function widened(from: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(length)
  into.set(from)
  return into
}

function tooHard(conflictLimit: number): Fault {
  return new Fault('RESOLVE_TOO_HARD', {
    message: `no answer after ${conflictLimit} conflicts: the relations are too entangled, found no solution and no proof that there is none`,
    hint: 'Narrow the request: name versions or suites, or exclude packages.',
    context: { conflicts: conflictLimit },
  })
}
