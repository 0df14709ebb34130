import { grown } from './clause-arena.ts'

/**
 * Which literals hold, since when and why. Literals are codes: even positive, odd negative, `code ^ 1` the negation.
 */
export interface Assignment {
  /** By literal code: 1 true, -1 false, 0 unassigned. */
  values: Int8Array
  /** By variable: the decision level at which its value holds. */
  levels: Int32Array
  /** By variable: the clause that its value follows from, or `noClause` for a decision. */
  reasons: Int32Array
  /** Literal codes in the order they became true. */
  trail: Int32Array
  trailLength: number
}

export function createAssignment(): Assignment {
  return {
    values: new Int8Array(64),
    levels: new Int32Array(32),
    reasons: new Int32Array(32),
    trail: new Int32Array(32),
    trailLength: 0,
  }
}

/** Makes room for twice the variables. */
export function growAssignment(assignment: Assignment): void {
  const capacity = assignment.levels.length * 2
  const values = new Int8Array(capacity * 2)
  values.set(assignment.values)
  assignment.values = values
  assignment.levels = grown(assignment.levels, capacity)
  assignment.reasons = grown(assignment.reasons, capacity)
  assignment.trail = grown(assignment.trail, capacity)
}

/** Makes a literal of an unassigned variable true. */
export function assign(assignment: Assignment, code: number, reason: number, level: number): void {
  const variable = code >> 1
  assignment.values[code] = 1
  assignment.values[code ^ 1] = -1
  assignment.levels[variable] = level
  assignment.reasons[variable] = reason
  assignment.trail[assignment.trailLength++] = code
}

/** A literal that a clause of one literal states holds at level 0, whatever the current level is. */
export function makeCertain(assignment: Assignment, code: number, clause: number): void {
  const variable = code >> 1
  if (assignment.values[code] === 0) {
    assign(assignment, code, clause, 0)
  } else if (assignment.levels[variable] !== 0) {
    assignment.levels[variable] = 0
    assignment.reasons[variable] = clause
  }
}

/** Unassigns what stands on the trail at `start` or later, except what holds at `level` or below. */
export function withdrawFrom(assignment: Assignment, start: number, level: number): void {
  const { trail, values, levels } = assignment
  let kept = start
  for (let at = start; at < assignment.trailLength; at++) {
    const code = trail[at] as number
    if ((levels[code >> 1] as number) <= level) {
      trail[kept++] = code
    } else {
      values[code] = 0
      values[code ^ 1] = 0
    }
  }
  assignment.trailLength = kept
}
