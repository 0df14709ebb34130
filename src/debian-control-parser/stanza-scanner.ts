import { asBuffer, carriageReturn, colon, hash, hyphen, newline, space, tab } from './bytes.ts'
import type { CommentPolicy } from './scan.ts'

/** 12 bits of a hash of a field's name: no two of the 60 names in bookworm's indexes share them. */
const nameSlots = 1 << 12
const nobody = -1

/**
 * Finds the stanzas of a control file one after the other, and in each the values of a few fields, in one pass over the bytes; these may
 * still be arriving. Field names match in any case; of a field that is given twice the first counts.
 *
 * The fields of this object speak of the stanza that was found last.
 */
export class StanzaScanner {
  start = 0
  /** After its last line. */
  end = 0
  /**
   * True when `viewStanza` surely accepts it, since each line is a field with a name of its own, or continues one; false when only
   * `viewStanza` can tell.
   */
  isPlain = false
  /** By wanted name: the first byte of the value, leading blanks skipped; 0 when the stanza lacks the field. */
  readonly valueStarts: Uint32Array
  /** By wanted name: after the last byte of the value, continuation lines included, trailing blanks and newline not; 0 when absent. */
  readonly valueEnds: Uint32Array

  readonly #comments: CommentPolicy
  readonly #wanted: readonly Uint8Array[]
  /** By hash of a name: the first wanted name that has it. */
  readonly #wantedBySlot = new Int16Array(nameSlots).fill(nobody)
  /** The next wanted name with the same hash. */
  readonly #wantedAfter: Int16Array
  readonly #buffer: Buffer
  /** The part that has arrived: a search does not go beyond. */
  #arrived: Buffer
  #at = 0
  /** By hash of a name: the last look at a stanza that saw it. A name that comes twice always shows; so may another one. */
  readonly #lastLook = new Uint32Array(nameSlots)
  #look = 0
  /** Where the next CR and the next NUL stand, or, when none has arrived, how far was searched. */
  #nextReturn = 0
  #nextZero = 0

  /** @param bytes of the whole file */
  constructor(bytes: Uint8Array, names: readonly string[], comments: CommentPolicy = 'refused') {
    this.#comments = comments
    this.#buffer = asBuffer(bytes)
    this.#arrived = this.#buffer.subarray(0, 0)
    this.#wanted = names.map(name => Uint8Array.from(name.toLowerCase(), each => each.charCodeAt(0)))
    this.#wantedAfter = new Int16Array(names.length).fill(nobody)
    this.valueStarts = new Uint32Array(names.length)
    this.valueEnds = new Uint32Array(names.length)
    for (const [index, name] of this.#wanted.entries()) {
      let slot = 0
      for (const byte of name) slot = nextSlot(slot, byte)
      this.#wantedAfter[index] = this.#wantedBySlot[slot] ?? nobody
      this.#wantedBySlot[slot] = index
    }
  }

  /**
   * Says how many of the bytes have arrived; it never becomes less.
   *
   * @throws {RangeError} when they are 4 GiB or more
   */
  arrived(sizeBytes: number): void {
    if (sizeBytes >= 2 ** 32) throw new RangeError(`a control file of ${sizeBytes} bytes is too large to index`)
    this.#arrived = this.#buffer.subarray(0, sizeBytes)
  }

  /**
   * Goes on to the next stanza.
   *
   * @param after `the end`: nothing comes after what has arrived; `more`: a stanza whose end has not arrived waits for it
   * @returns false when there is none
   */
  next(after: 'the end' | 'more'): boolean {
    const isLast = after === 'the end'
    const found = this.#skipToField(isLast)
    if (found && this.#readStanza(isLast)) return true
    if (isLast) this.#at = this.#arrived.length
    return false
  }

  /** To the first line that is neither empty nor a comment. */
  #skipToField(isLast: boolean): boolean {
    const bytes = this.#arrived
    for (;;) {
      const first = bytes[this.#at]
      if (first === undefined) return false
      if (first === newline) this.#at += 1
      else if (first === carriageReturn) {
        if (this.#at + 1 === bytes.length) return isLast
        if (bytes[this.#at + 1] !== newline) return true
        this.#at += 2
      } else if (first === hash && this.#comments === 'allowed') {
        const lineEnd = bytes.indexOf(newline, this.#at)
        if (lineEnd === -1) return false
        this.#at = lineEnd + 1
      } else return true
    }
  }

  /** From the first line of a field; goes nowhere when the end has not arrived. */
  #readStanza(isLast: boolean): boolean {
    const bytes = this.#arrived
    const { valueStarts, valueEnds } = this
    const start = this.#at
    valueStarts.fill(0)
    valueEnds.fill(0)
    this.#look++
    let isPlain = true
    let fields = 0
    // The wanted field that continuation lines belong to.
    let open = nobody
    let at = start
    for (;;) {
      if (at >= bytes.length && !isLast) return false
      const first = bytes[at]
      if (first === undefined || first === newline) break
      // The native search: 18 ms for the 1,168,875 lines of bookworm, where a loop over the bytes takes 54.
      const found = bytes.indexOf(newline, at)
      if (found === -1 && !isLast) return false
      const lineEnd = found === -1 ? bytes.length : found
      if (first === carriageReturn && lineEnd === at + 1 && found !== -1) break
      const lineStart = at
      at = found === -1 ? lineEnd : lineEnd + 1
      if (first === hash && this.#comments === 'allowed') continue
      if (first === space || first === tab) {
        const last = bytes[lineEnd - 1]
        if (fields === 0 || last === space || last === tab) isPlain = false
        if (open !== nobody) valueEnds[open] = withoutTrailingBlanks(bytes, lineStart, lineEnd)
        continue
      }
      fields++
      open = nobody
      const slot = this.#slotOfName(lineStart, lineEnd)
      if (slot === nobody || first === hyphen || first === hash || this.#lastLook[slot] === this.#look) isPlain = false
      if (slot === nobody) continue
      this.#lastLook[slot] = this.#look
      for (let each = this.#wantedBySlot[slot] as number; each !== nobody; each = this.#wantedAfter[each] as number) {
        const name = this.#wanted[each] as Uint8Array
        if (valueStarts[each] !== 0 || !startsWithName(bytes, lineStart, name)) continue
        const valueStart = skipBlanks(bytes, lineStart + name.length + 1, lineEnd)
        open = each
        valueStarts[each] = valueStart
        valueEnds[each] = withoutTrailingBlanks(bytes, valueStart, lineEnd)
      }
    }
    this.start = start
    this.end = at
    this.#at = at
    this.isPlain = isPlain && !this.#hasControlBytes(start, at)
    return true
  }

  /** `nobody` when the line does not begin with a name and a colon. */
  #slotOfName(start: number, end: number): number {
    const bytes = this.#arrived
    let slot = 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (byte === colon) return at === start ? nobody : slot
      if (byte <= space || byte >= 0x7f) return nobody
      slot = nextSlot(slot, byte)
    }
    return nobody
  }

  /** Where CR or NUL occurs, only a view can tell what it does. */
  #hasControlBytes(start: number, end: number): boolean {
    if (this.#nextReturn < end) this.#nextReturn = this.#search(carriageReturn, Math.max(this.#nextReturn, start))
    if (this.#nextZero < end) this.#nextZero = this.#search(0, Math.max(this.#nextZero, start))
    return this.#nextReturn < end || this.#nextZero < end
  }

  #search(byte: number, from: number): number {
    const found = this.#arrived.indexOf(byte, from)
    return found === -1 ? this.#arrived.length : found
  }
}

function nextSlot(slot: number, byte: number): number {
  return (slot * 31 + lowerCase(byte)) & (nameSlots - 1)
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] === space || bytes[at] === tab)) at++
  return at
}

function withoutTrailingBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start) {
    const byte = bytes[at - 1]
    if (byte !== space && byte !== tab && byte !== carriageReturn) break
    at--
  }
  return at
}

/** @param name in lower case */
function startsWithName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  if (bytes[start + name.length] !== colon) return false
  for (let at = 0; at < name.length; at++) {
    if (lowerCase(bytes[start + at] as number) !== name[at]) return false
  }
  return true
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
