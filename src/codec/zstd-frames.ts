import { corrupt, cutOff, unsupported } from './byte-decoder.ts'

/** A piece of one frame: whole header, whole blocks or checksum, never bytes of two frames. */
export interface FramePiece {
  readonly bytes: Uint8Array
  readonly position: 'first' | 'middle' | 'last' | 'only'
}

type Stage = 'magic' | 'header' | 'block' | 'checksum' | 'skippable'

const frameMagic = 0xfd2fb528

/**
 * Walks the frames of zstd data without decompressing (RFC 8878, 3.1): finds what decoders leave to their caller: a
 * cut-off or foreign end, windows that would cost too much memory, dictionaries, and how much work hostile blocks ask for.
 */
export class ZstdFrameWalker {
  readonly #maximumWindowBytes: number
  /** What to do about a larger one, for the message. */
  readonly #alternative: string
  #held: Uint8Array = new Uint8Array(0)
  #stage: Stage = 'magic'
  #skip = 0
  #hasChecksum = false
  #frames = 0
  /** Blocks of all frames so far. */
  blocks = 0

  constructor(options: { readonly maximumWindowBytes: number; readonly alternative: string }) {
    this.#maximumWindowBytes = options.maximumWindowBytes
    this.#alternative = options.alternative
  }

  /**
   * @returns the frames' pieces that the chunk completes, skippable frames left out
   * @throws {CompressionProblem}
   */
  push(chunk: Uint8Array): readonly FramePiece[] {
    const input = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const pieces: FramePiece[] = []
    // Where the part of the current frame begins that was not handed out yet.
    let start = 0
    let startsFrame = this.#stage === 'magic' || this.#stage === 'header'
    let at = 0
    for (;;) {
      const step = this.#step(input, at)
      if (step === undefined) break
      at += step.bytes
      if (step.kind === 'skipped') start = at
      else if (step.kind === 'frame-end') {
        pieces.push({ bytes: input.subarray(start, at), position: startsFrame ? 'only' : 'last' })
        start = at
        startsFrame = true
      }
    }
    if (at > start && this.#stage !== 'magic') {
      pieces.push({ bytes: input.subarray(start, at), position: startsFrame ? 'first' : 'middle' })
      start = at
    }
    this.#held = Uint8Array.from(input.subarray(at))
    return pieces
  }

  /** @throws {CompressionProblem} when the last frame is not complete */
  finish(): void {
    if (this.#stage !== 'magic' || this.#held.length > 0 || this.#frames === 0) throw corrupt(cutOff)
  }

  /** @returns what lies at `at`, or undefined when more input is needed */
  #step(
    input: Uint8Array,
    at: number,
  ): { readonly kind: 'inside' | 'frame-end' | 'skipped'; readonly bytes: number } | undefined {
    const rest = input.length - at
    const byte = (offset: number) => input[at + offset] ?? 0
    switch (this.#stage) {
      case 'magic': {
        if (rest < 4) return undefined
        const magic = (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0
        if (magic >>> 4 === 0x184d2a5) {
          if (rest < 8) return undefined
          this.#skip = (byte(4) | (byte(5) << 8) | (byte(6) << 16) | (byte(7) << 24)) >>> 0
          this.#frames++
          if (this.#skip > 0) this.#stage = 'skippable'
          return { kind: 'skipped', bytes: 8 }
        }
        if (magic !== frameMagic)
          throw corrupt(this.#frames === 0 ? 'it is no zstd stream' : 'something follows its end')
        this.#stage = 'header'
        return { kind: 'inside', bytes: 0 }
      }
      case 'skippable': {
        if (rest === 0) return undefined
        const bytes = Math.min(rest, this.#skip)
        this.#skip -= bytes
        if (this.#skip === 0) this.#stage = 'magic'
        return { kind: 'skipped', bytes }
      }
      case 'header': {
        const bytes = this.#headerBytes(input.subarray(at))
        if (bytes === undefined) return undefined
        this.#frames++
        this.#stage = 'block'
        return { kind: 'inside', bytes }
      }
      case 'block': {
        if (rest < 3) return undefined
        const header = byte(0) | (byte(1) << 8) | (byte(2) << 16)
        const type = (header >> 1) & 3
        const size = header >> 3
        if (type === 3 || size > 131072) throw corrupt('a block is malformed')
        const bytes = 3 + (type === 1 ? 1 : size)
        if (rest < bytes) return undefined
        this.blocks++
        if ((header & 1) === 0) return { kind: 'inside', bytes }
        this.#stage = this.#hasChecksum ? 'checksum' : 'magic'
        return { kind: this.#hasChecksum ? 'inside' : 'frame-end', bytes }
      }
      case 'checksum':
        if (rest < 4) return undefined
        this.#stage = 'magic'
        return { kind: 'frame-end', bytes: 4 }
      default:
        return this.#stage satisfies never
    }
  }

  /** Magic included; undefined when the header is not complete. */
  #headerBytes(frame: Uint8Array): number | undefined {
    const descriptor = frame[4]
    if (descriptor === undefined) return undefined
    const isSingleSegment = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >> 6
    const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
    const windowAt = 5
    const dictionaryAt = windowAt + (isSingleSegment ? 0 : 1)
    const sizeAt = dictionaryAt + dictionaryBytes
    const length = sizeAt + sizeBytes
    if (frame.length < length) return undefined
    if ((descriptor & 0x08) !== 0) throw corrupt('a frame header has a reserved bit set')
    if (littleEndian(frame, dictionaryAt, dictionaryBytes) !== 0) throw unsupported('it needs a dictionary')
    const windowBytes = isSingleSegment
      ? littleEndian(frame, sizeAt, sizeBytes) + (sizeFlag === 1 ? 256 : 0)
      : windowSize(frame[windowAt] ?? 0)
    if (windowBytes > this.#maximumWindowBytes)
      throw unsupported(
        `it needs a window of ${windowBytes} bytes, more than ${this.#maximumWindowBytes} (${this.#alternative})`,
      )
    this.#hasChecksum = (descriptor & 0x04) !== 0
    return length
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function littleEndian(bytes: Uint8Array, start: number, length: number): number {
  let value = 0
  for (let at = length - 1; at >= 0; at--) value = value * 256 + (bytes[start + at] ?? 0)
  return value
}
