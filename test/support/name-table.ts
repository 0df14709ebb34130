import type { NameTable } from '../../src/archive/packages-index/name-table.ts'

/** Of byte strings. */
export function nameTableOf(names: readonly string[]): NameTable {
  const offsets = new Uint32Array(names.length + 1)
  for (const [at, name] of names.entries()) offsets[at + 1] = (offsets[at] ?? 0) + name.length
  return { bytes: Buffer.from(names.join(''), 'latin1'), offsets }
}
