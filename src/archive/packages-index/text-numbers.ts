import { NumberList } from '../../debian-control-parser/index.ts'
import { ByteList } from './byte-list.ts'
import type { NameTable } from './name-table.ts'

/** What `TextNumbers.numberOfPlain` answers for bytes that it does not keep. */
export const notPlain = -1

/**
 * Numbers texts, equal ones alike, from 0 in the order in which they are first seen. Texts are ranges of a file: 63,440 stanzas have 900,000 of
 * them, and a string for each would cost more than the scan.
 */
export class TextNumbers {
  /** Pairs of a hash and a number plus one; 0: free. Open addressing; in pairs, since each look goes to memory that no cache holds. */
  #slots: Uint32Array
  readonly #texts: ByteList
  /** Where each text begins, and where the next one will. */
  readonly #offsets: NumberList
  #isPlain = true

  /** @param expected about how many different texts there will be; a wrong value costs speed only */
  constructor(expected: number) {
    this.#slots = new Uint32Array(2 * slotsFor(expected))
    this.#texts = new ByteList(expected * 24)
    this.#offsets = new NumberList(expected)
    this.#offsets.push(0)
  }

  get count(): number {
    return this.#offsets.length - 1
  }

  numberOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#find(this.#hashOf(bytes, start, end), bytes, start, end)
  }

  /** @returns `notPlain` when the range has a control byte or one beyond ASCII */
  numberOfPlain(bytes: Uint8Array, start: number, end: number): number {
    const hash = this.#hashOf(bytes, start, end)
    return this.#isPlain ? this.#find(hash, bytes, start, end) : notPlain
  }

  /** All texts, by number. Not sorted: for `nameAt` only. */
  toTable(): NameTable {
    return { bytes: this.#texts.toArray(), offsets: this.#offsets.toArray() }
  }

  /** Also says whether all bytes are printable ASCII. */
  #hashOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = end - start
    let strange = 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      // Beyond 94 when it is below the space or above the tilde.
      strange |= 0x5e - ((byte - 0x20) & 0xff)
      // FNV-1a.
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    this.#isPlain = strange >= 0
    return (hash ^ (hash >>> 15)) >>> 0
  }

  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = slots[2 * slot + 1] as number
      if (known === 0) return this.#add(slot, hash, bytes, start, end)
      if (slots[2 * slot] === hash && this.#isAt(known - 1, bytes, start, end)) return known - 1
    }
  }

  #add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    this.#texts.append(bytes, start, end)
    const number = this.count
    this.#offsets.push(this.#texts.length)
    this.#slots[2 * slot] = hash
    this.#slots[2 * slot + 1] = number + 1
    if (this.count * 4 > this.#slots.length) this.#widen()
    return number
  }

  #isAt(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.#offsets.get(number)
    if (this.#offsets.get(number + 1) - known !== end - start) return false
    const texts = this.#texts.bytes
    for (let at = 0; at < end - start; at++) if (texts[known + at] !== bytes[start + at]) return false
    return true
  }

  #widen(): void {
    const old = this.#slots
    const slots = new Uint32Array(old.length * 2)
    const mask = slots.length / 2 - 1
    for (let at = 0; at < old.length; at += 2) {
      const number = old[at + 1] as number
      if (number === 0) continue
      let slot = (old[at] as number) & mask
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
      slots[2 * slot] = old[at] as number
      slots[2 * slot + 1] = number
    }
    this.#slots = slots
  }
}

/** A power of two, and room for half as many again. More than that is not believed beforehand. */
function slotsFor(expected: number): number {
  let slots = 1 << 10
  while (slots < expected * 1.5 && slots < 1 << 22) slots *= 2
  return slots
}
