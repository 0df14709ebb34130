import { byteText } from './ascii.ts'

/**
 * Names in byte order without one object each: the bytes of all names in a row, and where each begins. Names are
 * byte strings (latin1-decoded), so that `<` is byte order.
 */
export interface NameTable {
  readonly bytes: Uint8Array
  /** One more than there are names. */
  readonly offsets: Uint32Array
}

export function nameCount(table: NameTable): number {
  return table.offsets.length - 1
}

export function nameAt({ bytes, offsets }: NameTable, index: number): string {
  const start = offsets[index] ?? 0
  const end = offsets[index + 1] ?? start
  return byteText(bytes, start, end)
}

export function namesOf(table: NameTable): string[] {
  return Array.from({ length: nameCount(table) }, (_, index) => nameAt(table, index))
}

/** By bisection: 16 comparisons among bookworm's 63,440 names. @returns -1 when there is no such name */
export function findName(table: NameTable, name: string): number {
  let low = 0
  let high = nameCount(table) - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compareWithName(table, middle, name)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

function compareWithName({ bytes, offsets }: NameTable, index: number, name: string): number {
  const start = offsets[index] ?? 0
  const length = (offsets[index + 1] ?? start) - start
  const shared = Math.min(length, name.length)
  for (let at = 0; at < shared; at++) {
    const difference = (bytes[start + at] ?? 0) - name.charCodeAt(at)
    if (difference !== 0) return difference
  }
  return length - name.length
}
