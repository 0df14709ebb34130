/** Reads a stream of chunks of any size in pieces of wanted sizes. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** Exactly `length` bytes, or fewer when the source ends before. */
  async read(length: number): Promise<Uint8Array> {
    await this.#fill()
    if (this.#chunk.length >= length) return this.#take(length)
    const whole = new Uint8Array(length)
    let filled = 0
    while (filled < length && (await this.#fill())) {
      const piece = this.#take(length - filled)
      whole.set(piece, filled)
      filled += piece.length
    }
    return whole.subarray(0, filled)
  }

  /** The next piece, of at most `length` bytes; undefined at the end of the source. */
  async readSome(length: number): Promise<Uint8Array | undefined> {
    return (await this.#fill()) ? this.#take(length) : undefined
  }

  /** Lets the source release what it holds. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#chunks.return?.()
  }

  /** @returns false at the end of the source */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const next = await this.#chunks.next()
      if (next.done === true) this.#ended = true
      else this.#chunk = next.value
    }
    return this.#chunk.length > 0
  }

  #take(length: number): Uint8Array {
    const piece = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(piece.length)
    return piece
  }
}
