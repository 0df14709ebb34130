/**
 * A synchronous decompressor: chunks of any size in, pieces of at most 64 KiB or so out. Pieces must be taken before the
 * next call; each is the receiver's to keep, unless the decoder was made otherwise.
 */
export interface ByteDecoder {
  /** @throws {CompressionProblem} */
  push(chunk: Uint8Array): Iterable<Uint8Array>
  /** @throws {CompressionProblem} also when the data is cut off */
  finish(): Iterable<Uint8Array>
}

/**
 * Whose a piece is. `receiver`: to keep. `decoder`: it changes when the next one is asked for, so that whoever copies it anyway spares
 * memory, of which Node collects only every 64 MB.
 */
export type PieceOwner = 'receiver' | 'decoder'

/** Says what is wrong; the door knows the name and makes a fault of it. */
export class CompressionProblem extends Error {
  readonly kind: 'corrupt' | 'unsupported'

  constructor(kind: 'corrupt' | 'unsupported', message: string) {
    super(message)
    this.name = 'CompressionProblem'
    this.kind = kind
  }
}

export function corrupt(message: string): CompressionProblem {
  return new CompressionProblem('corrupt', message)
}

export function unsupported(message: string): CompressionProblem {
  return new CompressionProblem('unsupported', message)
}

export const cutOff = 'the data is cut off'

/** Dictionaries and windows above this are refused: it is what `xz -9` uses, and no archive uses more. */
export const maximumDictionaryBytes = 64 * 1024 * 1024

export const outputPieceBytes = 65536
