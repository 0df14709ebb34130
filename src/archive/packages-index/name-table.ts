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
