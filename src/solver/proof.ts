import type { Assignment } from './assignment.ts'
import { type ClauseArena, literalCodesOf, noClause, tagField } from './clause-arena.ts'

/** What a proof is read from: the clauses, what learned ones came from, and why each value is what it is. */
export interface ProofRecord {
  readonly arena: ClauseArena
  /** Learned clause → the clauses it was resolved from, and (negated) the variables whose certain value was used. */
  readonly ancestry: ReadonlyMap<number, readonly number[]>
  readonly assignment: Assignment
}

/**
 * The tags of all given clauses from which `clauses` and the certain values of `certain` were derived, sorted.
 * A superset of what is needed is possible, a gap is not.
 */
export function tagsBehind(record: ProofRecord, clauses: readonly number[], certain: readonly number[]): number[] {
  const { arena, ancestry } = record
  const { levels, reasons, values } = record.assignment
  const tags = new Set<number>()
  const visited = new Set<number>()
  const pending: number[] = [...clauses, ...certain.map(variable => -variable)]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (visited.has(item)) continue
    visited.add(item)
    if (item < 0) {
      const reason = reasons[-item] as number
      if (reason !== noClause) pending.push(reason)
      continue
    }
    const parents = ancestry.get(item)
    if (parents === undefined) tags.add(arena.data[item + tagField] as number)
    else for (const parent of parents) pending.push(parent)
    for (const code of literalCodesOf(arena, item)) {
      if (values[code] !== 0 && levels[code >> 1] === 0) pending.push(-(code >> 1))
    }
  }
  return [...tags].sort((a, b) => a - b)
}

/** The decisions, as literal codes, and the clauses and certain values through which they imply the value of `variable`. */
export function implicationOf(record: ProofRecord, variable: number) {
  const { levels, reasons, values } = record.assignment
  const decisions: number[] = []
  const clauses: number[] = []
  const certain: number[] = []
  const pending = [variable]
  const visited = new Set<number>()
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (visited.has(item)) continue
    visited.add(item)
    const reason = reasons[item] as number
    if (levels[item] === 0) certain.push(item)
    else if (reason === noClause) decisions.push(values[item << 1] === 1 ? item << 1 : (item << 1) | 1)
    else {
      clauses.push(reason)
      for (const code of literalCodesOf(record.arena, reason)) pending.push(code >> 1)
    }
  }
  return { decisions, clauses, certain }
}
