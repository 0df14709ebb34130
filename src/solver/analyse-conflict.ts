import { literalCodesOf } from './clause-arena.ts'
import type { ProofRecord } from './proof.ts'

export interface Lesson {
  /** Codes of the learned clause; the first is the negation of the first unique implication point. */
  readonly codes: number[]
  /** Clauses it was resolved from, and (negated) the variables whose certain value was used. */
  readonly ancestry: number[]
}

/**
 * Resolves the false clause `conflict` backwards along the trail with the reasons of its literals, until one literal
 * of the current level is left: the first unique implication point.
 *
 * @param level the highest level among the literals of `conflict`, at least 1, and the current one
 * @param seen a zero for every variable; zeros again on return
 */
export function analyseConflict(record: ProofRecord, conflict: number, level: number, seen: Uint8Array): Lesson {
  const { values, levels, reasons, trail, trailLength } = record.assignment
  const codes: number[] = [0]
  const ancestry: number[] = []
  const touched: number[] = []
  let openAtLevel = 0
  let clause = conflict
  let position = trailLength
  for (;;) {
    ancestry.push(clause)
    for (const code of literalCodesOf(record.arena, clause)) {
      const variable = code >> 1
      // The one true literal of a reason is the literal that was just resolved away.
      if (seen[variable] === 1 || values[code] === 1) continue
      seen[variable] = 1
      touched.push(variable)
      const literalLevel = levels[variable] as number
      if (literalLevel === 0) ancestry.push(-variable)
      else if (literalLevel === level) openAtLevel++
      else codes.push(code)
    }
    let pivot: number
    do {
      position--
      pivot = trail[position] as number
    } while (seen[pivot >> 1] === 0 || levels[pivot >> 1] !== level)
    openAtLevel--
    if (openAtLevel === 0) {
      codes[0] = pivot ^ 1
      break
    }
    clause = reasons[pivot >> 1] as number
  }
  for (const variable of touched) seen[variable] = 0
  return { codes, ancestry }
}
