/** A growing Uint32Array: plain arrays of 100,000 numbers cost the garbage collector more than the scan that fills them. */
export class NumberList {
  #values: Uint32Array
  length = 0

  /** @param room for so many without growing; memory that is not written to costs nothing */
  constructor(room = 4096) {
    this.#values = new Uint32Array(Math.max(16, room))
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.length++] = value
  }

  get(index: number): number {
    return this.#values[index] ?? 0
  }

  set(index: number, value: number): void {
    this.#values[index] = value
  }

  /** A view, for when the list is finished. */
  toArray(): Uint32Array {
    return this.#values.subarray(0, this.length)
  }
}
