import { corrupt, maximumDictionaryBytes, outputPieceBytes, unsupported } from './byte-decoder.ts'

const topValue = 2 ** 24
const initialProbability = 1024
const endMarker = 0xffff_ffff

/** The names are the specification's, spelled out; `rep` is one of the last four distances. */
export class LzmaCore {
  ended = false
  readonly #dictionaryBytes: number
  /** Circular; never smaller than what may wait to be taken. */
  readonly #window: Uint8Array
  /** Undefined: an end marker must come. */
  readonly #sizeBytes: number | undefined
  #position = 0
  #taken = 0
  #produced = 0

  #input: Uint8Array = new Uint8Array(0)
  #at = 0
  #range = 0xffff_ffff
  #code: number

  readonly #literalContextBits: number
  readonly #literalPositionMask: number
  readonly #positionMask: number
  #state = 0
  #rep0 = 0
  #rep1 = 0
  #rep2 = 0
  #rep3 = 0

  readonly #isMatch = probabilities(12 << 4)
  readonly #isRep = probabilities(12)
  readonly #isRepG0 = probabilities(12)
  readonly #isRepG1 = probabilities(12)
  readonly #isRepG2 = probabilities(12)
  readonly #isRep0Long = probabilities(12 << 4)
  readonly #literals: Uint16Array
  readonly #distanceSlots = probabilities(4 << 6)
  readonly #distanceBits = probabilities(128)
  readonly #alignBits = probabilities(16)
  readonly #matchLengths = new LengthProbabilities()
  readonly #repLengths = new LengthProbabilities()

  /** @param start 13 bytes of header and the first 5 of the data */
  constructor(start: Uint8Array) {
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
    const properties = view.getUint8(0)
    if (properties >= 225) throw corrupt('it is no lzma stream')
    const literalPositionBits = Math.trunc(properties / 9) % 5
    this.#literalContextBits = properties % 9
    this.#literalPositionMask = (1 << literalPositionBits) - 1
    this.#positionMask = (1 << Math.trunc(properties / 45)) - 1
    if (view.getUint8(13) !== 0) throw corrupt('it is no lzma stream')
    if (this.#literalContextBits + literalPositionBits > 4)
      throw unsupported(`it needs ${this.#literalContextBits} + ${literalPositionBits} literal bits, more than 4`)
    this.#literals = probabilities(0x300 << (this.#literalContextBits + literalPositionBits))

    this.#dictionaryBytes = Math.max(view.getUint32(1, true), 4096)
    if (this.#dictionaryBytes > maximumDictionaryBytes)
      throw unsupported(`its dictionary of ${this.#dictionaryBytes} bytes is larger than 64 MiB`)
    this.#window = new Uint8Array(Math.max(this.#dictionaryBytes, 4 * outputPieceBytes))

    const size = view.getBigUint64(5, true)
    this.#sizeBytes = size === 0xffff_ffff_ffff_ffffn ? undefined : Number(size)
    this.#code = view.getUint32(14)
    if (this.#sizeBytes === 0 && this.#code === 0) this.ended = true
  }

  /**
   * Decodes symbols that begin at or before `lastStart` until some output waits.
   *
   * @returns where the next symbol begins
   */
  decode(input: Uint8Array, at: number, lastStart: number): number {
    this.#input = input
    this.#at = at
    const enough = this.#produced + outputPieceBytes
    while (!this.ended && this.#at <= lastStart && this.#produced < enough) {
      this.#decodeSymbol()
      // The size is known and the coder is at rest: there is no end marker.
      if (this.#produced === this.#sizeBytes && this.#code === 0) this.ended = true
    }
    return this.#at
  }

  *takeOutput(): Generator<Uint8Array> {
    while (this.#taken !== this.#position) {
      const end = this.#taken < this.#position ? this.#position : this.#window.length
      const piece = this.#window.slice(this.#taken, end)
      this.#taken = end === this.#window.length ? 0 : end
      yield piece
    }
  }

  #decodeSymbol(): void {
    const positionState = this.#produced & this.#positionMask
    const state = this.#state
    if (this.#bit(this.#isMatch, (state << 4) + positionState) === 0) {
      this.#decodeLiteral()
      return
    }
    let length: number
    if (this.#bit(this.#isRep, state) === 0) {
      this.#rep3 = this.#rep2
      this.#rep2 = this.#rep1
      this.#rep1 = this.#rep0
      length = this.#length(this.#matchLengths, positionState)
      this.#state = state < 7 ? 7 : 10
      this.#rep0 = this.#distance(length)
      if (this.#rep0 === endMarker) {
        this.#end()
        return
      }
    } else {
      if (this.#bit(this.#isRepG0, state) === 0) {
        if (this.#bit(this.#isRep0Long, (state << 4) + positionState) === 0) {
          this.#state = state < 7 ? 9 : 11
          this.#copy(this.#rep0, 1)
          return
        }
      } else {
        this.#rotateDistances(state)
      }
      length = this.#length(this.#repLengths, positionState)
      this.#state = state < 7 ? 8 : 11
    }
    this.#copy(this.#rep0, length + 2)
  }

  #end(): void {
    if (this.#code !== 0) throw corrupt('it does not end cleanly')
    if (this.#sizeBytes !== undefined && this.#produced !== this.#sizeBytes)
      throw corrupt(`it ends after ${this.#produced} of ${this.#sizeBytes} bytes`)
    this.ended = true
  }

  #rotateDistances(state: number): void {
    let distance: number
    if (this.#bit(this.#isRepG1, state) === 0) {
      distance = this.#rep1
    } else {
      if (this.#bit(this.#isRepG2, state) === 0) {
        distance = this.#rep2
      } else {
        distance = this.#rep3
        this.#rep3 = this.#rep2
      }
      this.#rep2 = this.#rep1
    }
    this.#rep1 = this.#rep0
    this.#rep0 = distance
  }

  #decodeLiteral(): void {
    const previous = this.#produced === 0 ? 0 : this.#byteBack(0)
    const context =
      ((this.#produced & this.#literalPositionMask) << this.#literalContextBits) +
      (previous >> (8 - this.#literalContextBits))
    const base = 0x300 * context
    let symbol = 1
    if (this.#state >= 7) {
      let matchByte = this.#byteBack(this.#rep0)
      while (symbol < 0x100) {
        const matchBit = (matchByte >> 7) & 1
        matchByte <<= 1
        const bit = this.#bit(this.#literals, base + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (matchBit !== bit) break
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literals, base + symbol)
    const state = this.#state
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
    this.#put(symbol & 0xff)
  }

  #length(lengths: LengthProbabilities, positionState: number): number {
    if (this.#bit(lengths.choice, 0) === 0) return this.#tree(lengths.low, positionState << 3, 3)
    if (this.#bit(lengths.choice, 1) === 0) return 8 + this.#tree(lengths.middle, positionState << 3, 3)
    return 16 + this.#tree(lengths.high, 0, 8)
  }

  #distance(length: number): number {
    const slot = this.#tree(this.#distanceSlots, Math.min(length, 3) << 6, 6)
    if (slot < 4) return slot
    const directBits = (slot >> 1) - 1
    const distance = ((2 | (slot & 1)) << directBits) >>> 0
    if (slot < 14) return distance + this.#reverseTree(this.#distanceBits, distance - slot, directBits)
    return distance + this.#directBits(directBits - 4) * 16 + this.#reverseTree(this.#alignBits, 0, 4)
  }

  #copy(distance: number, length: number): void {
    if (distance >= this.#produced || distance >= this.#dictionaryBytes)
      throw corrupt('it refers to data before its start')
    if (this.#sizeBytes !== undefined && this.#produced + length > this.#sizeBytes)
      throw corrupt(`it holds more than the ${this.#sizeBytes} bytes that it promises`)
    for (let count = 0; count < length; count++) this.#put(this.#byteBack(distance))
  }

  #byteBack(distance: number): number {
    const index = this.#position - distance - 1
    return this.#window[index < 0 ? index + this.#window.length : index] ?? 0
  }

  #put(byte: number): void {
    if (this.#produced === this.#sizeBytes)
      throw corrupt(`it holds more than the ${this.#sizeBytes} bytes that it promises`)
    this.#window[this.#position++] = byte
    if (this.#position === this.#window.length) this.#position = 0
    this.#produced++
  }

  #tree(table: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    for (let count = 0; count < bits; count++) symbol = (symbol << 1) | this.#bit(table, base + symbol)
    return symbol - (1 << bits)
  }

  #reverseTree(table: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    let value = 0
    for (let count = 0; count < bits; count++) {
      const bit = this.#bit(table, base + symbol)
      symbol = (symbol << 1) | bit
      value |= bit << count
    }
    return value
  }

  #directBits(bits: number): number {
    let value = 0
    for (let count = 0; count < bits; count++) {
      this.#range >>>= 1
      const isOne = this.#code >= this.#range
      if (isOne) this.#code -= this.#range
      value = value * 2 + (isOne ? 1 : 0)
      this.#normalize()
    }
    return value
  }

  #bit(table: Uint16Array, index: number): 0 | 1 {
    const probability = table[index] ?? 0
    const bound = (this.#range >>> 11) * probability
    if (this.#code < bound) {
      this.#range = bound
      table[index] = probability + ((2048 - probability) >> 5)
      this.#normalize()
      return 0
    }
    this.#range -= bound
    this.#code -= bound
    table[index] = probability - (probability >> 5)
    this.#normalize()
    return 1
  }

  #normalize(): void {
    if (this.#range >= topValue) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | (this.#input[this.#at++] ?? 0)) >>> 0
  }
}

class LengthProbabilities {
  readonly choice = probabilities(2)
  readonly low = probabilities(16 << 3)
  readonly middle = probabilities(16 << 3)
  readonly high = probabilities(256)
}

function probabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(initialProbability)
}
