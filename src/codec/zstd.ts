import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import { type ByteDecoder, CompressionProblem, corrupt, unsupported } from './byte-decoder.ts'
import { throughZlib } from './zlib-stream.ts'
import { ZstdFrameWalker } from './zstd-frames.ts'

/** `zstd -d` refuses larger windows too, unless told otherwise. */
const nativeWindowBytes = 128 * 1024 * 1024
/**
 * fzstd moves its whole window for each block, so a large one with tiny blocks is a way to burn hours. 8 MiB is what
 * `dpkg-deb` (level 19) needs and RFC 8878 recommends as the least to support.
 */
const scriptWindowBytes = 8 * 1024 * 1024

/** `ZSTD_d_windowLogMax` of zstd.h. */
const ZSTD_d_windowLogMax = 100

/** Only Node 22.15 and later have it; the types of Node 20 do not know it. */
const createNative = (zlib as { readonly createZstdDecompress?: (options: object) => zlib.Gunzip }).createZstdDecompress

/** zstd by `node:zlib` where it has it, with the frames' checksums verified. */
export const nativeZstd =
  createNative === undefined
    ? undefined
    : (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
        throughZlib(
          walked(
            source,
            new ZstdFrameWalker({ maximumWindowBytes: nativeWindowBytes, alternative: 'no more is read' }),
          ),
          createNative({ params: { [ZSTD_d_windowLogMax]: 27 } }),
        )

async function* walked(source: AsyncIterable<Uint8Array>, walker: ZstdFrameWalker): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) for (const piece of walker.push(chunk)) yield piece.bytes
  walker.finish()
}

/** zstd by `fzstd`, for Node without its own: windows up to 8 MiB, checksums of frames not verified. */
export function createZstdDecoder(): ByteDecoder {
  return new ZstdDecoder()
}

class ZstdDecoder implements ByteDecoder {
  readonly #walker = new ZstdFrameWalker({
    maximumWindowBytes: scriptWindowBytes,
    alternative: 'Node 22.15 and later read up to 128 MiB',
  })
  readonly #output: Uint8Array[] = []
  #frame = this.#newFrame()
  #produced = 0;

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (const { bytes, position } of this.#walker.push(chunk)) {
      // One decoder for each frame: on its own, fzstd recurses once for each frame and overflows the stack.
      if (position === 'first' || position === 'only') this.#frame = this.#newFrame()
      this.#decode(bytes, position === 'last' || position === 'only' ? 'ends' : 'continues')
      for (const piece of this.#output.splice(0)) {
        this.#produced += piece.length
        yield piece
      }
      if (this.#walker.blocks > 10_000 + this.#produced / 4096)
        throw unsupported(`its ${this.#walker.blocks} blocks hold only ${this.#produced} bytes`)
    }
  }

  finish(): readonly Uint8Array[] {
    this.#walker.finish()
    return []
  }

  #newFrame(): Decompress {
    return new Decompress(piece => {
      if (piece.length > 0) this.#output.push(piece)
    })
  }

  #decode(bytes: Uint8Array, frame: 'ends' | 'continues'): void {
    try {
      this.#frame.push(bytes, frame === 'ends')
    } catch (error) {
      if (error instanceof CompressionProblem) throw error
      throw corrupt(error instanceof Error ? error.message : String(error))
    }
  }
}
