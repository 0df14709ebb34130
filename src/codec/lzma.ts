import { type ByteDecoder, corrupt, cutOff } from './byte-decoder.ts'
import { LzmaCore } from './lzma-core.ts'

/** 13 bytes of header and the 5 that the range decoder starts with. */
const startBytes = 18
/** No symbol consumes more (liblzma counts 20), so the loop never has to wait inside one. */
const symbolBytes = 24

/**
 * The old `.lzma` format: 13 bytes of header, raw LZMA, an end marker or a known size. There is no checksum in it. What follows
 * the end is refused, and so are dictionaries above 64 MiB.
 *
 * @see lzma-specification.txt of the LZMA SDK (public domain)
 */
export function createLzmaDecoder(): ByteDecoder {
  return new LzmaDecoder()
}

class LzmaDecoder implements ByteDecoder {
  #input: Uint8Array = new Uint8Array(0)
  #at = 0
  #core: LzmaCore | undefined;

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#append(chunk)
    if (this.#core === undefined && this.#input.length < startBytes) return
    yield* this.#run(this.#input.length - symbolBytes)
    if (this.#core?.ended === true && this.#at < this.#input.length) throw corrupt('something follows its end')
  }

  *finish(): Generator<Uint8Array> {
    const end = this.#input.length
    if (this.#core === undefined && end < startBytes) throw corrupt(cutOff)
    // Zeros stand in for bytes that are not there: a symbol that used one was cut off.
    this.#append(new Uint8Array(symbolBytes))
    yield* this.#run(this.#input.length - symbolBytes)
    if (this.#core?.ended !== true || this.#input.length - this.#at < symbolBytes) throw corrupt(cutOff)
    if (this.#input.length - this.#at > symbolBytes) throw corrupt('something follows its end')
  }

  /** Decodes the symbols that begin at or before `lastStart`. */
  *#run(lastStart: number): Generator<Uint8Array> {
    if (this.#core === undefined) {
      this.#core = new LzmaCore(this.#input.subarray(0, startBytes))
      this.#at = startBytes
    }
    while (!this.#core.ended && this.#at <= lastStart) {
      this.#at = this.#core.decode(this.#input, this.#at, lastStart)
      yield* this.#core.takeOutput()
    }
  }

  #append(chunk: Uint8Array): void {
    const rest = this.#input.subarray(this.#at)
    const joined = new Uint8Array(rest.length + chunk.length)
    joined.set(rest)
    joined.set(chunk, rest.length)
    this.#input = joined
    this.#at = 0
  }
}
