import type { Guide, Solver } from '../solver/index.ts'
import type { Encoding, Expansion } from './encoding.ts'
import type { EncodedClause, Requirement } from './requirements.ts'

/** What an attempt leaves out of the problem, or adds to it. */
export interface Restriction {
  /** Whether this clause is part of the attempt. */
  states(clause: EncodedClause): boolean
  /** Whether this variable may be true. */
  permits(variable: number): boolean
}

/** How far the guide has read and done. */
interface Bookmark {
  readonly trailRead: number
  readonly queued: number
  readonly next: number
}

/** Tag of "this variable is not permitted": never that of an encoded clause. */
export const restrictionTag = 0x7fff_ffff

/**
 * Leads the solver through a problem in apt 3's order: what follows by itself is taken first; then the open choices, in
 * the order in which the packages that ask came in (first the manifest's, sorted), each by its first alternative that is
 * still possible. A choice that something else fulfilled meanwhile is skipped, so no needless alternative is added.
 */
export class PreferenceGuide implements Guide {
  readonly #solver: Solver
  readonly #encoding: Encoding
  readonly #restriction: Restriction
  /** By variable. */
  readonly #judged: boolean[] = []
  readonly #queue: Requirement[] = []
  #trailRead = 0
  #next = 0
  /** By level: the state when the decision that opened the next level was made. */
  readonly #bookmarks: (Bookmark | undefined)[] = []
  /** Where level 0 begins. */
  #start: Bookmark

  constructor(solver: Solver, encoding: Encoding, restriction: Restriction) {
    this.#solver = solver
    this.#encoding = encoding
    this.#restriction = restriction
    this.#stateExpansion(encoding.roots)
    this.#queue.push(...encoding.roots.choices)
    this.#start = this.#bookmark()
  }

  /** Brings debs into the problem that no requirement named yet; what rules them out is stated with them. */
  admit(variables: readonly number[]): void {
    this.#judge(variables)
    this.#state([])
  }

  expand(variable: number): void {
    this.#stateExpansion(this.#encoding.expansionOf(variable))
  }

  decide(): number | undefined {
    this.#readTrail()
    for (; this.#next < this.#queue.length; this.#next++) {
      const { alternatives } = this.#queue[this.#next] as Requirement
      if (alternatives.some(variable => this.#solver.isTrue(variable))) continue
      const possible = alternatives.find(variable => !this.#solver.isFalse(variable))
      // Without a possible alternative its clause is not part of the attempt, or it would be violated.
      if (possible === undefined) continue
      this.#bookmarks[this.#solver.level] = this.#bookmark()
      return possible
    }
    return undefined
  }

  rewind(level: number): void {
    const { trailRead, queued, next } = this.#bookmarks[level] ?? this.#start
    this.#trailRead = trailRead
    this.#queue.length = queued
    this.#next = next
    this.#bookmarks.length = Math.min(this.#bookmarks.length, level)
  }

  /** Everything chosen so far stays chosen. */
  commit(): void {
    this.#solver.commit()
    this.#bookmarks.length = 0
    this.#start = this.#bookmark()
  }

  /** Chosen variables, in the order they came in, beginning with number `from` of what is known. */
  *chosen(from = 0): Generator<number, void> {
    for (let at = from; at < this.#solver.trailLength; at++) {
      const literal = this.#solver.trailAt(at)
      if (literal > 0) yield literal
    }
  }

  #bookmark(): Bookmark {
    return { trailRead: this.#trailRead, queued: this.#queue.length, next: this.#next }
  }

  #readTrail(): void {
    for (; this.#trailRead < this.#solver.trailLength; this.#trailRead++) {
      const literal = this.#solver.trailAt(this.#trailRead)
      if (literal > 0) this.#queue.push(...this.#encoding.expansionOf(literal).choices)
    }
  }

  #stateExpansion({ requirements, clauses, optional }: Expansion): void {
    // Verdicts first: a requirement with one possible alternative is then followed at once instead of tried.
    for (let at = 0; at < requirements.length; at++) this.#judge((requirements[at] as Requirement).alternatives)
    for (let at = 0; at < optional.length; at++) this.#judge((optional[at] as Requirement).alternatives)
    this.#state(clauses)
  }

  #judge(variables: readonly number[]): void {
    for (let at = 0; at < variables.length; at++) {
      const variable = variables[at] as number
      if (this.#judged[variable] === true) continue
      while (this.#judged.length <= variable) this.#judged.push(false)
      this.#judged[variable] = true
      const verdicts = this.#encoding.verdictsOn(variable)
      const isPermitted = this.#restriction.permits(variable)
      if (verdicts.length > 0 || !isPermitted) this.#state(verdicts)
      if (!isPermitted) this.#solver.addClause([-variable], restrictionTag)
    }
  }

  #state(clauses: readonly EncodedClause[]): void {
    while (this.#solver.variableCount < this.#encoding.variableCount) this.#solver.newVariable()
    for (let at = 0; at < clauses.length; at++) {
      const clause = clauses[at] as EncodedClause
      if (this.#restriction.states(clause)) this.#solver.addClause(clause.literals, clause.tag)
    }
  }
}
