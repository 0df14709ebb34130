/**
 * Clauses in one Int32Array: a header of four numbers, then the literals. A clause is named by the offset of its header.
 *
 * The two watched literals of a clause stand first. Each literal's watch list is threaded through the clauses it watches
 * (`nextOfFirst` for the clause's first literal, `nextOfSecond` for its second), so that watching allocates nothing.
 */
export const sizeField = 0
export const tagField = 1
export const nextOfFirstField = 2
export const nextOfSecondField = 3
export const headerLength = 4

/** Offset 0 is never a clause, so 0 can say "no clause" and "no reason". */
export const noClause = 0

export interface ClauseArena {
  data: Int32Array
  length: number
}

export function createArena(): ClauseArena {
  return { data: new Int32Array(1 << 12), length: 1 }
}

/** @returns the offset of the new clause, whose literals are `literals[0..size)` */
export function storeClause(arena: ClauseArena, literals: ArrayLike<number>, size: number, tag: number): number {
  const offset = arena.length
  const end = offset + headerLength + size
  arena.data = grown(arena.data, end)
  const { data } = arena
  data[offset + sizeField] = size
  data[offset + tagField] = tag
  data[offset + nextOfFirstField] = noClause
  data[offset + nextOfSecondField] = noClause
  for (let at = 0; at < size; at++) data[offset + headerLength + at] = literals[at] as number
  arena.length = end
  return offset
}

/** The array itself when it holds `length` numbers, else a copy of at least twice the size. */
export function grown(array: Int32Array, length: number): Int32Array {
  if (length <= array.length) return array
  const larger = new Int32Array(Math.max(length, array.length * 2))
  larger.set(array)
  return larger
}

/** The literal codes of a clause; a view that is good until the next clause is stored. */
export function literalCodesOf(arena: ClauseArena, clause: number): Int32Array {
  const start = clause + headerLength
  return arena.data.subarray(start, start + (arena.data[clause + sizeField] as number))
}

/** Exchanges the first two literals of a clause, and with them the watch lists it is threaded on. */
export function swapWatched(data: Int32Array, clause: number): void {
  const first = clause + headerLength
  const literal = data[first] as number
  data[first] = data[first + 1] as number
  data[first + 1] = literal
  const next = data[clause + nextOfFirstField] as number
  data[clause + nextOfFirstField] = data[clause + nextOfSecondField] as number
  data[clause + nextOfSecondField] = next
}
