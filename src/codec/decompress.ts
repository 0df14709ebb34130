import { Fault, nextTurn } from '../kernel/index.ts'
import { type ByteDecoder, CompressionProblem, type PieceOwner } from './byte-decoder.ts'
import type { CompressionKind } from './compression-kind.ts'

export interface DecompressionLimits {
  /** What messages call the data. */
  readonly name: string
  /** Of the output: a few kilobytes can hold terabytes of zeros. */
  readonly maximumBytes: number
  /** Default: `receiver`. */
  readonly pieces?: PieceOwner
}

/**
 * Decompresses a stream. Concatenated streams (gzip members, xz streams, zstd frames, bzip2 streams) give their contents one
 * after the other; anything else after the end, but xz's own stream padding, is refused.
 *
 * Checksums are verified where the format has them, except those of zstd on a Node without its own zstd; `.lzma` has none.
 *
 * @throws {Fault} `COMPRESSION_CORRUPT` damaged, cut off or foreign data; `COMPRESSION_UNSUPPORTED` a dictionary, window, filter or
 *   check that is not supported; `COMPRESSION_LIMIT` more output than allowed; and whatever the source throws
 */
export async function* decompress(
  kind: CompressionKind,
  source: AsyncIterable<Uint8Array>,
  limits: DecompressionLimits,
): AsyncGenerator<Uint8Array> {
  let produced = 0
  try {
    for await (const piece of decoded(kind, source, limits.pieces)) {
      produced += piece.length
      if (produced > limits.maximumBytes) throw tooLarge(kind, limits)
      yield piece
    }
  } catch (error) {
    throw explained(error, kind, limits)
  }
}

export interface BufferLimits extends DecompressionLimits {
  /** When the size is known beforehand, the output is allocated once; a wrong value costs speed only. */
  readonly expectedBytes?: number
}

/**
 * Decompresses a whole buffer into one array, for what is wanted whole anyway, such as Packages files. Lets other work run
 * about every 15 ms.
 *
 * @throws {Fault} as `decompress`
 */
export async function decompressBytes(
  kind: CompressionKind,
  bytes: Uint8Array,
  limits: BufferLimits,
): Promise<Uint8Array> {
  return await gatherBytes(decompressBuffer(kind, bytes, limits), { expectedBytes: bytes.length * 4, ...limits })
}

/**
 * Decompresses a whole buffer piece by piece, each the decoder's own: it changes when the next one is asked for. Lets other work run
 * about every 15 ms.
 *
 * @throws {Fault} as `decompress`
 */
export function decompressBuffer(
  kind: CompressionKind,
  bytes: Uint8Array,
  limits: DecompressionLimits,
): AsyncGenerator<Uint8Array> {
  return decompress(kind, slices(bytes), { ...limits, pieces: 'decoder' })
}

/** What `gatherBytes` says of each piece: the array that it fills, and how much of it is filled. */
export type BytesObserver = (bytes: Uint8Array, filledBytes: number) => void

/**
 * Puts pieces one after the other into one array; each is copied before the next one is asked for.
 *
 * @param observe is told of each piece as long as the array is the one that is returned in the end: not where `expectedBytes` is too little
 */
export async function gatherBytes(
  pieces: AsyncIterable<Uint8Array>,
  { expectedBytes, maximumBytes }: Required<Pick<BufferLimits, 'expectedBytes' | 'maximumBytes'>>,
  observe?: BytesObserver,
): Promise<Uint8Array> {
  const wholeBytes = Math.min(expectedBytes, maximumBytes, 2 ** 30)
  let output = new Uint8Array(Math.max(wholeBytes, 1024))
  let filled = 0
  for await (const piece of pieces) {
    if (filled + piece.length > output.length) {
      const larger = new Uint8Array(Math.max(filled + piece.length, output.length * 2))
      larger.set(output.subarray(0, filled))
      output = larger
    }
    output.set(piece, filled)
    filled += piece.length
    if (output.length === wholeBytes && wholeBytes === maximumBytes) observe?.(output, filled)
  }
  return filled === output.length ? output : output.subarray(0, filled)
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  // 128 KiB of a Packages.xz are about 0.7 MB of text, 10 to 15 ms of work.
  const sliceBytes = 128 * 1024
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    yield bytes.subarray(at, at + sliceBytes)
    await nextTurn()
  }
}

/** Decoders are loaded when they are needed: what has read all its indexes before needs none, and all of them take 5 ms. */
async function* decoded(
  kind: CompressionKind,
  source: AsyncIterable<Uint8Array>,
  pieces?: PieceOwner,
): AsyncGenerator<Uint8Array> {
  switch (kind) {
    case 'none':
      yield* source
      return
    case 'gz': {
      const { gunzip } = await import('./gunzip.ts')
      yield* gunzip(source)
      return
    }
    case 'zst': {
      const { createZstdDecoder, nativeZstd } = await import('./zstd.ts')
      if (nativeZstd !== undefined) yield* nativeZstd(source)
      else yield* throughDecoder(source, createZstdDecoder())
      return
    }
    case 'bz2': {
      const { createBzip2Decoder } = await import('./bzip2.ts')
      yield* throughDecoder(source, createBzip2Decoder())
      return
    }
    case 'lzma': {
      const { createLzmaDecoder } = await import('./lzma.ts')
      yield* throughDecoder(source, createLzmaDecoder())
      return
    }
    case 'xz': {
      const { createXzDecoder } = await import('./xz.ts')
      const decoder = await createXzDecoder(pieces)
      try {
        yield* throughDecoder(source, decoder)
      } finally {
        decoder.close()
      }
      return
    }
    default:
      return kind satisfies never
  }
}

async function* throughDecoder(source: AsyncIterable<Uint8Array>, decoder: ByteDecoder): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield* decoder.push(chunk)
  yield* decoder.finish()
}

function explained(error: unknown, kind: CompressionKind, { name }: DecompressionLimits): unknown {
  if (!(error instanceof CompressionProblem)) return error
  if (error.kind === 'unsupported') {
    return new Fault('COMPRESSION_UNSUPPORTED', {
      message: `${name} cannot be decompressed as ${kind}: ${error.message}`,
      hint: 'Compress it again with the usual settings of xz, zstd or gzip.',
      context: { name, compression: kind },
      cause: error,
    })
  }
  return new Fault('COMPRESSION_CORRUPT', {
    message: `${name} is not sound ${kind} data: ${error.message}`,
    hint: 'The file is damaged or incomplete: fetch it again.',
    context: { name, compression: kind },
    cause: error,
  })
}

function tooLarge(kind: CompressionKind, { name, maximumBytes }: DecompressionLimits): Fault {
  return new Fault('COMPRESSION_LIMIT', {
    message: `${name} holds more than the ${maximumBytes} bytes that are allowed for it`,
    hint: 'Its origin promises less than it delivers, or it is a decompression bomb.',
    context: { name, compression: kind, maximumBytes },
  })
}
