import { type NameTable, nameCount } from './name-table.ts'

/**
 * Where the names of a table are, by their hash: a slot has a name's number plus one, or 0. A name that is not in its slot is in one of the
 * next, up to the first free one; half of the slots are free, and their number is a power of two. A name of bookworm is looked for in six
 * tables, mostly in vain: by bisection that took a twentieth of a `lock update` of kde-full.
 */
export type NameSlots = Uint32Array

export function slotsOf(table: NameTable): NameSlots {
  const { bytes, offsets } = table
  const count = nameCount(table)
  let length = 2
  while (length < 2 * count) length *= 2
  const slots = new Uint32Array(length)
  for (let name = 0; name < count; name++) {
    let slot = hashOfBytes(bytes, offsets[name] as number, offsets[name + 1] as number) & (length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (length - 1)
    slots[slot] = name + 1
  }
  return slots
}

/** @param hash of the name, by `hashOfName` @returns -1 when there is no such name */
export function findName(table: NameTable, slots: NameSlots, name: string, hash: number): number {
  const mask = slots.length - 1
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const found = (slots[slot] as number) - 1
    if (found === -1 || isNameAt(table, found, name)) return found
  }
}

/** Of a byte string, latin1-decoded, as `hashOfBytes` of its bytes: FNV-1a, its upper bits mixed into the lower ones. */
export function hashOfName(name: string): number {
  let hash = startOfHash
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), factorOfHash)
  return hash ^ (hash >>> 15)
}

function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = startOfHash
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), factorOfHash)
  return hash ^ (hash >>> 15)
}

const startOfHash = 0x811c9dc5 | 0
const factorOfHash = 0x01000193

function isNameAt({ bytes, offsets }: NameTable, index: number, name: string): boolean {
  const start = offsets[index] as number
  const { length } = name
  if ((offsets[index + 1] as number) - start !== length) return false
  for (let at = 0; at < length; at++) if (bytes[start + at] !== name.charCodeAt(at)) return false
  return true
}
