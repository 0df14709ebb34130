import { type Assignment, assign } from './assignment.ts'
import {
  type ClauseArena,
  headerLength,
  nextOfFirstField,
  nextOfSecondField,
  noClause,
  sizeField,
  swapWatched,
} from './clause-arena.ts'

/** By literal code: the first clause that watches it; the list goes on inside the clauses. */
export type WatchLists = Int32Array

/** Starts watching the first two literals of a clause. */
export function watchClause({ data }: ClauseArena, watches: WatchLists, clause: number): void {
  const first = data[clause + headerLength] as number
  const second = data[clause + headerLength + 1] as number
  data[clause + nextOfFirstField] = watches[first] as number
  watches[first] = clause
  data[clause + nextOfSecondField] = watches[second] as number
  watches[second] = clause
}

/**
 * `falseCode` just became false: every clause that watches it finds another literal to watch, or follows, or fails.
 *
 * @returns a clause that is false, or `noClause`
 */
export function visitWatches(
  { data }: ClauseArena,
  watches: WatchLists,
  assignment: Assignment,
  falseCode: number,
  level: number,
): number {
  const { values } = assignment
  let clause = watches[falseCode] as number
  watches[falseCode] = noClause
  while (clause !== noClause) {
    const firstAt = clause + headerLength
    if (data[firstAt] === falseCode) swapWatched(data, clause)
    const next = data[clause + nextOfSecondField] as number
    const first = data[firstAt] as number
    const replacement = values[first] === 1 ? 0 : replacementIn(data, values, clause)
    if (replacement !== 0) {
      const code = data[replacement] as number
      data[replacement] = falseCode
      data[firstAt + 1] = code
      data[clause + nextOfSecondField] = watches[code] as number
      watches[code] = clause
    } else {
      data[clause + nextOfSecondField] = watches[falseCode] as number
      watches[falseCode] = clause
      if (values[first] === -1) {
        putBack(data, watches, falseCode, next)
        return clause
      }
      if (values[first] === 0) assign(assignment, first, clause, level)
    }
    clause = next
  }
  return noClause
}

/** The position of a literal beyond the watched ones that is not false, or 0. */
function replacementIn(data: Int32Array, values: Int8Array, clause: number): number {
  const end = clause + headerLength + (data[clause + sizeField] as number)
  for (let at = clause + headerLength + 2; at < end; at++) {
    if (values[data[at] as number] !== -1) return at
  }
  return 0
}

/** Puts the unvisited rest of a watch list back. */
function putBack(data: Int32Array, watches: WatchLists, falseCode: number, rest: number): void {
  let clause = rest
  while (clause !== noClause) {
    if (data[clause + headerLength] === falseCode) swapWatched(data, clause)
    const next = data[clause + nextOfSecondField] as number
    data[clause + nextOfSecondField] = watches[falseCode] as number
    watches[falseCode] = clause
    clause = next
  }
}
