/** A growing Uint32Array: plain arrays of 100,000 numbers cost the garbage collector more than the scan that fills them. */
export class NumberList {
  #values = new Uint32Array(4096)
  length = 0

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

  toArray(): Uint32Array {
    return this.#values.slice(0, this.length)
  }
}
