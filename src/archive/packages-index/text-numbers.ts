import { NumberList } from '../../debian-control-parser/index.ts'
import type { NameTable } from './name-table.ts'

/** What `TextNumbers.numberOf` answers for bytes that it does not keep. */
export const notPlain = -1

const firstSlots = 1 << 16

/**
 * Numbers texts, equal ones alike, from 0 in the order in which they are first seen. Texts are ranges of one file: 63,440 stanzas have 900,000 of
 * them, and a string for each would cost more than the scan.
 */
export class TextNumbers {
  readonly #bytes: Uint8Array
  /** Number plus one; 0: free. Open addressing. */
  #slots = new Uint32Array(firstSlots)
  readonly #hashes = new NumberList()
  readonly #starts = new NumberList()
  readonly #ends = new NumberList()

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @returns `notPlain` when the range has a control byte or one beyond ASCII */
  numberOf(start: number, end: number): number {
    const bytes = this.#bytes
    let hash = 0x811c9dc5
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte < 0x20 || byte > 0x7e) return notPlain
      // FNV-1a.
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    hash = (hash ^ (hash >>> 15)) >>> 0
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = this.#slots[slot] ?? 0
      if (known === 0) return this.#add(slot, hash, start, end)
      if (this.#hashes.get(known - 1) === hash && this.#isAt(known - 1, start, end)) return known - 1
    }
  }

  /** All texts, by number. Not sorted: for `nameAt` only. */
  toTable(): NameTable {
    const count = this.#starts.length
    const offsets = new Uint32Array(count + 1)
    for (let number = 0; number < count; number++)
      offsets[number + 1] = (offsets[number] ?? 0) + this.#ends.get(number) - this.#starts.get(number)
    const texts = new Uint8Array(offsets[count] ?? 0)
    for (let number = 0, to = 0; number < count; number++) {
      const end = this.#ends.get(number)
      for (let from = this.#starts.get(number); from < end; from++) texts[to++] = this.#bytes[from] ?? 0
    }
    return { bytes: texts, offsets }
  }

  #add(slot: number, hash: number, start: number, end: number): number {
    this.#hashes.push(hash)
    this.#starts.push(start)
    this.#ends.push(end)
    const count = this.#starts.length
    this.#slots[slot] = count
    if (count * 2 > this.#slots.length) this.#widen()
    return count - 1
  }

  #isAt(number: number, start: number, end: number): boolean {
    const known = this.#starts.get(number)
    if (this.#ends.get(number) - known !== end - start) return false
    for (let at = 0; at < end - start; at++) if (this.#bytes[known + at] !== this.#bytes[start + at]) return false
    return true
  }

  #widen(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < this.#starts.length; number++) {
      let slot = this.#hashes.get(number) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}
