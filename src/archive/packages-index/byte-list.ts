/** Growing bytes: what a scan gathers before it knows how much there is. */
export class ByteList {
  #bytes: Uint8Array
  length = 0

  /** @param room for so many without growing; memory that is not written to costs nothing */
  constructor(room = 4096) {
    this.#bytes = new Uint8Array(Math.max(16, room))
  }

  /** Room for so many more, zeros; to be filled where the answer begins, before the next call. */
  extend(count: number): Uint8Array {
    const wanted = this.length + count
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.length = wanted
    return this.#bytes
  }

  /** Appends a range of other bytes. */
  append(from: Uint8Array, start: number, end: number): void {
    let to = this.length
    const bytes = this.extend(end - start)
    // Byte by byte: the ranges have some twenty bytes, and a view of each would cost more.
    for (let at = start; at < end; at++) bytes[to++] = from[at] as number
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** A view, for when the list is finished. A Buffer, so that those who want texts of it need not make one for each. */
  toArray(): Buffer {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.length)
  }
}
