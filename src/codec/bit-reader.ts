import { corrupt, cutOff } from './byte-decoder.ts'

/** Bits of a byte array, most significant first. Beyond the end it reads zeros; `refuseOverrun` says so afterwards. */
export class BitReader {
  readonly #bytes: Uint8Array
  #next: number
  #held = 0
  #heldBits = 0

  /** @param offset in bits */
  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes
    this.#next = Math.floor(offset / 8)
    if (offset % 8 > 0) this.read(offset % 8)
  }

  /** In bits. */
  get offset(): number {
    return this.#next * 8 - this.#heldBits
  }

  /** @param count 1 to 24 */
  read(count: number): number {
    const value = this.peek(count)
    this.#heldBits -= count
    return value
  }

  /** @param count 1 to 24 */
  peek(count: number): number {
    while (this.#heldBits < count) {
      // 24 held bits and 8 new ones are the 32 that shifts work on; older ones fall out at the top.
      this.#held = (this.#held << 8) | (this.#bytes[this.#next++] ?? 0)
      this.#heldBits += 8
    }
    return (this.#held >>> (this.#heldBits - count)) & ((1 << count) - 1)
  }

  /** @param count at most what was peeked */
  skip(count: number): void {
    this.#heldBits -= count
  }

  alignToByte(): void {
    this.#heldBits -= this.#heldBits % 8
  }

  /** @throws {CompressionProblem} when bits beyond the end were used */
  refuseOverrun(): void {
    if (this.offset > this.#bytes.length * 8) throw corrupt(cutOff)
  }
}
